// SPDX-License-Identifier: Apache-2.0
// Units and meanings of metrics.def: apart from metrics.c, so that they do not lie in the flash of devices.
#include "proto/metrics.h"

const struct mu_metric_words mu_metric_words[MU_METRIC_COUNT] = {
#define METRIC(name, part, field, type, unit, min, max, meaning) { #unit, meaning },
#include "proto/metrics.def"
};

const char *const mu_label_meanings[MU_LABEL_COUNT] = {
#define LABEL(name, part, field, type, max_bytes, meaning) meaning,
#include "proto/metrics.def"
};
