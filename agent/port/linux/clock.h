// SPDX-License-Identifier: Apache-2.0
// The virtual device's clocks: an RTC that runs through resets until the power goes, and the monotonic time of this computer.
//
// Times in milliseconds. Memory: the caller's. Thread: one at a time.
#ifndef MU_PORT_LINUX_CLOCK_H
#define MU_PORT_LINUX_CLOCK_H
#include <stdbool.h>
#include <stdint.h>

struct mu_virtual_rtc {
	bool set;
	uint64_t wall_ms, at_ms; // wall time at monotonic at_ms
};

void mu_virtual_rtc_power_on(struct mu_virtual_rtc *rtc); // forgets the time
int mu_virtual_rtc_read(const struct mu_virtual_rtc *rtc, uint64_t now_ms, uint64_t *wall_ms); // 0 or MU_ERR_NOT_FOUND
void mu_virtual_rtc_write(struct mu_virtual_rtc *rtc, uint64_t now_ms, uint64_t wall_ms);

uint64_t mu_monotonic_ms(void);
uint64_t mu_thread_cpu_us(void);

#endif
