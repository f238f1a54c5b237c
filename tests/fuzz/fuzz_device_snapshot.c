// SPDX-License-Identifier: Apache-2.0
// Snapshots of devices: bytes that are none change nothing; those that are one give a state that packs again, to the same state.
#include "collector/fleet/device.h"
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(int condition)
{
	if (!condition)
		abort();
}

static void check_bounds(const struct device *device)
{
	must(device->boot_count <= DEVICE_BOOTS && device->loss_count <= DEVICE_LOSSES && device->app_count <= MU_APP_COUNT_MAX);
	must(device->result_id_size <= sizeof device->result_id && device->presence <= PRESENCE_OFFLINE);
	must(strlen(device->firmware) <= MU_FIRMWARE_TEXT_MAX && strlen(device->result_detail) <= MU_DETAIL_TEXT_MAX);
	for (unsigned i = 0; i < device->boot_count; i++)
		must(device->boots[i].sha_size <= sizeof device->boots[i].sha && strlen(device->boots[i].hung_token) <= MU_NAME_TEXT_MAX);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct device device = { .id = "edge-7", .boot = 4711 }, again = { .id = "edge-7" };
	uint8_t first[DEVICE_SNAPSHOT_MAX], second[DEVICE_SNAPSHOT_MAX];
	if (device_snapshot_unpack(&device, data, size) < 0) {
		must(device.boot == 4711);
		return 0;
	}
	check_bounds(&device);
	size_t first_size = device_snapshot_pack(&device, first, sizeof first);
	must(first_size > 0);
	must(device_snapshot_unpack(&again, first, first_size) == 0);
	must(device_snapshot_pack(&again, second, sizeof second) == first_size && memcmp(first, second, first_size) == 0);
	device_clear(&device);
	device_clear(&again);
	return 0;
}
