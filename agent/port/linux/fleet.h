// SPDX-License-Identifier: Apache-2.0
// Many virtual devices on one loop. Device i (1..count) is called PREFIX and i in four digits or more: dev-0001.
//
// What is the same for all is there once: the flash that they start from (one for each combination of faults). A device holds the
// sectors that it wrote, in memory alone or also in a file (flash_overlay.h) of a folder, where the next run finds them.
// Thread: the one that runs the loop.
#ifndef MU_PORT_LINUX_FLEET_H
#define MU_PORT_LINUX_FLEET_H
#include "agent/image/keyset.h"
#include "agent/port/linux/device.h"
#include <stdint.h>
#include <stdio.h>

enum { MU_FLEET_MAX = 20000, MU_FLEET_FAULTS_MAX = 64, MU_FLEET_PROBLEM_SIZE = 256 };

struct mu_fleet_config {
	struct mu_device_config device; // for all; flash, world (but the points of its air), seed and agent.id are filled in
	uint32_t count;                 // 1..MU_FLEET_MAX
	const char *prefix;             // of the ids
	uint64_t seed;
	uint32_t spread_ms;             // the devices are powered on at random within it
	const struct mu_keyset *keys;   // public keys for new flashes
	const char *flash_dir;          // null: in memory only; is made if it is missing
	const char *const *faults;      // "NAME[=N]:INDEX[,INDEX...]"; a device may be named several times
	unsigned fault_count;           // at most MU_FLEET_FAULTS_MAX
};

struct mu_fleet_counts {
	uint32_t online;
	uint64_t sent, pubacked, messages, sessions, reconnects, boots, resets;
	uint64_t flash_bytes; // of the devices' own sectors, in memory
};

struct mu_fleet;

// 0, or the error with what and why in problem (MU_FLEET_PROBLEM_SIZE bytes). *fleet is null then. Strings are kept by reference.
int mu_fleet_open(struct mu_fleet **fleet, const struct mu_fleet_config *config, char *problem);
void mu_fleet_close(struct mu_fleet *fleet); // null is allowed

void mu_fleet_power_on(struct mu_fleet *fleet);
struct mu_fleet_counts mu_fleet_counts(const struct mu_fleet *fleet);
const char *mu_fleet_problem(const struct mu_fleet *fleet); // why an agent refused to start; null if none did

// What lies in the spools, device by device, as spool_list.h says; not while the fleet is powered on. 0 or the first error.
int mu_fleet_list_spools(struct mu_fleet *fleet, FILE *out);

#endif
