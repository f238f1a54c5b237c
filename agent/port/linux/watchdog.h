// SPDX-License-Identifier: Apache-2.0
// The virtual hardware watchdog: once armed it wants to be fed within its time, or the device is reset.
//
// Times in milliseconds, monotonic. Memory: the caller's. Thread: one at a time.
#ifndef MU_PORT_LINUX_WATCHDOG_H
#define MU_PORT_LINUX_WATCHDOG_H
#include <stdbool.h>
#include <stdint.h>

struct mu_virtual_watchdog {
	uint32_t timeout_ms; // 0: not armed
	uint64_t fed_ms;
};

void mu_virtual_watchdog_reset(struct mu_virtual_watchdog *watchdog);                                     // disarmed
int mu_virtual_watchdog_arm(struct mu_virtual_watchdog *watchdog, uint64_t now_ms, uint32_t timeout_ms); // 0, MU_ERR_RANGE for 0
void mu_virtual_watchdog_feed(struct mu_virtual_watchdog *watchdog, uint64_t now_ms);
uint64_t mu_virtual_watchdog_deadline(const struct mu_virtual_watchdog *watchdog); // UINT64_MAX: not armed

#endif
