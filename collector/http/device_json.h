// SPDX-License-Identifier: Apache-2.0
// A device as JSON: a row of the list, everything, its ledger. New objects; null if there is no memory.
#ifndef COLLECTOR_HTTP_DEVICE_JSON_H
#define COLLECTOR_HTTP_DEVICE_JSON_H
#include <jansson.h>
#include "collector/fleet/condition.h"

json_t *device_row_json(const struct device *device, const struct condition_view *view);
json_t *device_full_json(const struct device *device, const struct condition_view *view);
json_t *device_ledger_json(const struct device *device);

// {running_sha, running_firmware, target_sha, target_firmware, rollback_ready, block}: what a rollback would do.
json_t *device_rollback_json(const struct device *device);

#endif
