// SPDX-License-Identifier: Apache-2.0
// Names, units and meanings of metrics.def: apart from metrics.c, so that they do not lie in the flash of devices.
#include "proto/metrics.h"

#include <string.h>

const struct mu_metric_words mu_metric_words[MU_METRIC_COUNT] = {
#define METRIC(name, part, field, type, unit, min, max, meaning) { #name, #part, #field, #unit, meaning },
#include "proto/metrics.def"
};

const struct mu_label_words mu_label_words[MU_LABEL_COUNT] = {
#define LABEL(name, part, field, type, max_bytes, meaning) { #name, #part, #field, meaning },
#include "proto/metrics.def"
};

int mu_metric_find(const char *name)
{
	for (int i = 0; i < MU_METRIC_COUNT; i++)
		if (strcmp(mu_metric_words[i].name, name) == 0)
			return i;
	return MU_ERR_NOT_FOUND;
}
