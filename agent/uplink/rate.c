// SPDX-License-Identifier: Apache-2.0
#include "agent/uplink/rate.h"

enum { TOKEN = 60000 }; // a millisecond earns `per_minute` of them

static uint16_t within(uint32_t value)
{
	return value < 1 ? 1 : value > MU_RATE_MAX ? MU_RATE_MAX : (uint16_t)value;
}

void mu_rate_init(struct mu_rate *rate, uint32_t per_minute, uint32_t burst, uint64_t now_ms)
{
	*rate = (struct mu_rate){ .per_minute = within(per_minute), .burst = within(burst), .at_ms = now_ms };
	rate->credit = (uint32_t)rate->burst * TOKEN;
}

static void earn(struct mu_rate *rate, uint64_t now_ms)
{
	if (now_ms <= rate->at_ms)
		return;
	uint64_t passed_ms = now_ms - rate->at_ms, full = (uint64_t)rate->burst * TOKEN;
	// A day fills every bucket; without the bound the product could overflow.
	uint64_t credit = passed_ms > 86400000 ? full : rate->credit + passed_ms * rate->per_minute;
	rate->credit = (uint32_t)(credit < full ? credit : full);
	rate->at_ms = now_ms;
}

bool mu_rate_take(struct mu_rate *rate, uint64_t now_ms)
{
	earn(rate, now_ms);
	if (rate->credit < TOKEN) {
		rate->refused += rate->refused != UINT32_MAX;
		return false;
	}
	rate->credit -= TOKEN;
	return true;
}
