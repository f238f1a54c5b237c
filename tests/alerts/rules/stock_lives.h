// SPDX-License-Identifier: Apache-2.0
// What happens to a device in the tests of the stock rules: for each rule a life that must fire it, one that looks like it and must not, and how
// long it takes to be ok again once the device is well. A rule without a row fails the test.
#ifndef TESTS_ALERTS_RULES_STOCK_LIVES_H
#define TESTS_ALERTS_RULES_STOCK_LIVES_H
#include <stddef.h>
#include "tests/alerts/rules/stock_world.h"

struct life {
	const char *uid; // of the rule
	void (*fires)(struct world *world);
	enum alert_severity severity; // as what
	void (*stays)(struct world *world);
	unsigned ok_after_s;
};

extern const struct life lives[]; // rows of one rule follow each other
extern const size_t life_count;

void life_healthy(struct world *world, unsigned seconds); // a heartbeat a minute
void life_start_up(struct world *world);                  // the first heartbeats of a boot, as the agent sends them
void life_restart(struct world *world, Mu__ResetClass reset_class, Mu__ResetCause cause);
void life_well_again(struct world *world);

void life_heap_below_20_kib(struct world *world);
void life_crash_loop(struct world *world);
void life_weak_signal(struct world *world);
void life_silent_2_h(struct world *world);
void life_broker_and_access_point_restart(struct world *world);
void life_update_goes_well(struct world *world);

#endif
