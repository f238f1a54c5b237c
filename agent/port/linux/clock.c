// SPDX-License-Identifier: Apache-2.0
#include "agent/port/linux/clock.h"
#include "agent/image/err.h"
#include <time.h>

void mu_virtual_rtc_power_on(struct mu_virtual_rtc *rtc)
{
	*rtc = (struct mu_virtual_rtc){ 0 };
}

int mu_virtual_rtc_read(const struct mu_virtual_rtc *rtc, uint64_t now_ms, uint64_t *wall_ms)
{
	if (!rtc->set)
		return MU_ERR_NOT_FOUND;
	*wall_ms = rtc->wall_ms + (now_ms - rtc->at_ms);
	return 0;
}

void mu_virtual_rtc_write(struct mu_virtual_rtc *rtc, uint64_t now_ms, uint64_t wall_ms)
{
	*rtc = (struct mu_virtual_rtc){ .set = true, .wall_ms = wall_ms, .at_ms = now_ms };
}

uint64_t mu_monotonic_ms(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

uint64_t mu_thread_cpu_us(void)
{
	struct timespec now;
	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}
