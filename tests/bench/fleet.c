// SPDX-License-Identifier: Apache-2.0
// bench-fleet [DEVICES]: what a fleet costs in memory, and how long the loop is held up by looking at all of it. Default 100,000 devices,
// each with a boot and two heartbeats.
#include "collector/clock.h"
#include "collector/fleet/condition.h"
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>

#define NOW UINT64_C(1790000000000)

static void fill(struct fleet *fleet, unsigned long count)
{
	uint8_t sha[8] = { 1, 2, 3, 4, 5, 6, 7, 8 };
	Mu__Boot boot = MU__BOOT__INIT;
	Mu__Vitals vitals = MU__VITALS__INIT;
	Mu__LinkHealth link = MU__LINK_HEALTH__INIT;
	Mu__Heartbeat heartbeat = MU__HEARTBEAT__INIT;
	Mu__Record record = MU__RECORD__INIT;
	boot.reset_class = MU__RESET_CLASS__RESET_POWER_ON;
	boot.has_elf_sha = 1;
	boot.elf_sha = (ProtobufCBinaryData){ sizeof sha, sha };
	vitals.has_heap_free_bytes = vitals.has_uptime_s = vitals.has_verdict = 1;
	link.has_rssi_dbm = 1;
	link.rssi_dbm = -60;
	heartbeat.vitals = &vitals;
	heartbeat.link = &link;
	record.has_time_quality = 1;
	record.time_quality = MU__TIME_QUALITY__TIME_SERVER;
	for (unsigned long i = 0; i < count; i++) {
		char id[MU_DEVICE_ID_MAX + 1];
		snprintf(id, sizeof id, "device-%lu", i);
		struct device *device = fleet_add(fleet, id, NOW);
		if (!device)
			exit(1);
		record.body_case = MU__RECORD__BODY_BOOT_REPORT;
		record.boot_report = &boot;
		fleet_fold(fleet, device, &record, NOW);
		record.body_case = MU__RECORD__BODY_HEARTBEAT;
		record.heartbeat = &heartbeat;
		fleet_fold(fleet, device, &record, NOW);
		fleet_fold(fleet, device, &record, NOW);
	}
}

static unsigned long find_all(struct fleet *fleet, unsigned long count)
{
	unsigned long found = 0;
	for (unsigned long i = 0; i < count; i++) {
		char id[MU_DEVICE_ID_MAX + 1];
		snprintf(id, sizeof id, "device-%lu", i * 7919 % count);
		found += fleet_find(fleet, id) != 0;
	}
	return found;
}

static unsigned long judge_all(struct fleet *fleet)
{
	const struct condition_view view = { fleet, NOW + 1000, 180000 };
	unsigned long healthy = 0;
	for (size_t i = 0; i < fleet_count(fleet); i++)
		healthy += condition_state_of(fleet_at(fleet, i), &view) == CONDITION_HEALTHY;
	return healthy;
}

static size_t pack_all(struct fleet *fleet)
{
	uint8_t bytes[DEVICE_SNAPSHOT_MAX];
	size_t sum = 0;
	for (size_t i = 0; i < fleet_count(fleet); i++)
		sum += device_snapshot_pack(fleet_at(fleet, i), bytes, sizeof bytes);
	return sum;
}

static double us_each(uint64_t since_us, unsigned long count)
{
	return (double)(clock_monotonic_us() - since_us) / (double)count;
}

int main(int argc, char **argv)
{
	unsigned long count = argc > 1 ? strtoul(argv[1], 0, 10) : 100000;
	struct fleet *fleet = fleet_new();
	struct rusage usage;
	if (!count || count > FLEET_DEVICES_MAX || !fleet)
		return 2;
	fleet_set_broker(fleet, true, NOW);
	uint64_t at_us = clock_monotonic_us();
	fill(fleet, count);
	printf("fold: %.2f us a record\n", us_each(at_us, 3 * count));
	getrusage(RUSAGE_SELF, &usage);
	printf("memory: %zu bytes a device, %ld MiB resident\n", sizeof(struct device), usage.ru_maxrss / 1024);
	at_us = clock_monotonic_us();
	unsigned long found = find_all(fleet, count);
	printf("find by id: %.2f us, %lu found\n", us_each(at_us, count), found);
	at_us = clock_monotonic_us();
	unsigned long healthy = judge_all(fleet);
	printf("condition: %.2f us a device, %.1f ms for all, %lu healthy\n", us_each(at_us, count), us_each(at_us, 1000), healthy);
	at_us = clock_monotonic_us();
	size_t bytes = pack_all(fleet);
	printf("snapshot: %.2f us and %zu bytes a device\n", us_each(at_us, count), bytes / count);
	fleet_free(fleet);
	return 0;
}
