// SPDX-License-Identifier: Apache-2.0
// Records as devices send them, for the tests of fleet/ and http/. Each lives in the struct of the caller, nothing to free.
#ifndef TESTS_COLLECTOR_FLEET_SAMPLE_H
#define TESTS_COLLECTOR_FLEET_SAMPLE_H
#include <stdint.h>
#include "collector/fleet/fleet.h"
#include "muster.pb-c.h"

#define SAMPLE_NOW_MS UINT64_C(1790000000000)

extern const uint8_t sample_sha_new[8], sample_sha_old[8];

struct sample {
	Mu__Record record;
	Mu__Heartbeat heartbeat;
	Mu__Vitals vitals;
	Mu__LinkHealth link_health;
	Mu__Sockets sockets;
	Mu__UplinkHealth uplink;
	Mu__OtaHealth ota_health;
	Mu__Boot boot;
	Mu__UnreportedBoot unreported;
	Mu__UnreportedBoot *unreported_list[1];
	Mu__Link link;
	Mu__Ota ota;
	Mu__CommandResult result;
	Mu__Event event;
};

// A healthy heartbeat with vitals and link; change what the test is about.
void sample_heartbeat(struct sample *sample, uint32_t boot, uint64_t uptime_ms);

// Adds the slow part: two slots, a rollback is ready.
void sample_add_ota(struct sample *sample, const uint8_t running[8], const uint8_t other[8]);

// The report of a boot that is 0 ms old, of the image sample_sha_new.
void sample_boot(struct sample *sample, uint32_t boot, int reset_class);

void sample_link(struct sample *sample, int change);
void sample_event(struct sample *sample, uint32_t boot, const char *name, int64_t value, const char *text);
void sample_result(struct sample *sample, const uint8_t id[16], int outcome);

#endif
