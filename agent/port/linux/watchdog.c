// SPDX-License-Identifier: Apache-2.0
#include "agent/port/linux/watchdog.h"
#include "agent/image/err.h"

void mu_virtual_watchdog_reset(struct mu_virtual_watchdog *watchdog)
{
	*watchdog = (struct mu_virtual_watchdog){ 0 };
}

int mu_virtual_watchdog_arm(struct mu_virtual_watchdog *watchdog, uint64_t now_ms, uint32_t timeout_ms)
{
	if (!timeout_ms)
		return MU_ERR_RANGE;
	*watchdog = (struct mu_virtual_watchdog){ .timeout_ms = timeout_ms, .fed_ms = now_ms };
	return 0;
}

void mu_virtual_watchdog_feed(struct mu_virtual_watchdog *watchdog, uint64_t now_ms)
{
	watchdog->fed_ms = now_ms;
}

uint64_t mu_virtual_watchdog_deadline(const struct mu_virtual_watchdog *watchdog)
{
	return watchdog->timeout_ms ? watchdog->fed_ms + watchdog->timeout_ms : UINT64_MAX;
}
