// SPDX-License-Identifier: Apache-2.0
// Any record that unpacks becomes JSON that can be written and read back, and folds into a device that keeps its bounds.
#include "collector/fleet/condition.h"
#include "collector/http/device_json.h"
#include "collector/http/record_json.h"
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(int condition)
{
	if (!condition)
		abort();
}

static void check_json(json_t *value)
{
	char *text = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);
	must(text != 0);
	json_t *back = json_loads(text, 0, 0);
	must(back != 0);
	json_decref(back);
	free(text);
	json_decref(value);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	Mu__Record *record = mu__record__unpack(0, size, data);
	if (!record)
		return 0;
	struct fleet *fleet = fleet_new();
	struct device *device = fleet_add(fleet, "edge-7", 1);
	const struct condition_view view = { fleet, UINT64_C(1795000000000), 180000 };
	check_json(message_json(&record->base));
	fleet_fold(fleet, device, record, view.now_ms);
	check_json(device_full_json(device, &view));
	fleet_free(fleet);
	mu__record__free_unpacked(record, 0);
	return 0;
}
