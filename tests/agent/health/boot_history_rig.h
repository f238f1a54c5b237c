// SPDX-License-Identifier: Apache-2.0
// For tests of the boot history: one device whose boots follow each other, on a fake port.
//
// One device at a time: `boots`. Tests run with boots_set_up and boots_tear_down; nothing has booted yet after the set-up. A reset code is
// one of agent/port/linux/system.h, or any other number.
#ifndef TESTS_AGENT_HEALTH_BOOT_HISTORY_RIG_H
#define TESTS_AGENT_HEALTH_BOOT_HISTORY_RIG_H
#include "agent/health/boot_history.h"
#include "agent/port/linux/system.h"
#include "tests/agent/fake_port.h"
#include <stdint.h>

enum { HOUR_MS = 3600000 };

struct boots {
	struct fake_port fake;
	struct mu_boot_history history;
	Mu__Boot report; // of boots_report()
	struct mu_boot_storage storage; // of the report
	uint8_t sha[MU_SHA_BYTES]; // of the firmware
};
extern struct boots boots;

struct mu_boot_memory *boots_memory(void); // the fake port's

int boots_set_up(void **unused);
int boots_tear_down(void **unused);
void boots_new_device(uint64_t seed); // another one, instead of the set-up's

// The next boot, after a reset with this code; RTC memory and what the reset tells of a crash are as they were. As mu_boot_history_open().
int boots_after(uint32_t reset_raw);
// The next boot, after a loss of power: RTC memory is garbage, nothing is known of a crash.
int boots_after_power_loss(void);
// From now on each reset tells of a crash at this place.
void boots_crash_in(const char *task, uint32_t pc);
// What the running boot reports; it must keep the limits of a record.
void boots_report(void);

#endif
