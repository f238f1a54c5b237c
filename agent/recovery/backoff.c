// SPDX-License-Identifier: Apache-2.0
#include "agent/recovery/backoff.h"

enum { SPREAD_MAX_MS = 3600000 };

void mu_backoff_init(struct mu_backoff *backoff, uint32_t spread_ms)
{
	*backoff = (struct mu_backoff){ .spread_ms = spread_ms < SPREAD_MAX_MS ? spread_ms : SPREAD_MAX_MS };
}

void mu_backoff_opened(struct mu_backoff *backoff, uint64_t now_ms)
{
	backoff->open = true;
	backoff->held = false;
	backoff->opened_ms = now_ms;
}

void mu_backoff_held(struct mu_backoff *backoff)
{
	if (backoff->open)
		backoff->held = true;
}

// 0 .. delay_ms, both included.
static uint32_t jitter(uint32_t delay_ms, uint32_t random)
{
	return (uint32_t)(((uint64_t)delay_ms + 1) * random >> 32);
}

// Counts a failure and returns first_ms, doubled for each one before it, up to max_ms.
static uint32_t fail(struct mu_backoff *backoff, uint32_t first_ms, uint32_t max_ms)
{
	uint32_t delay_ms = first_ms;

	backoff->open = false;
	for (uint32_t i = 0; i < backoff->failures && delay_ms < max_ms; i++)
		delay_ms *= 2;
	if (backoff->failures < UINT8_MAX)
		backoff->failures++;
	return delay_ms < max_ms ? delay_ms : max_ms;
}

uint32_t mu_backoff_failed_ms(struct mu_backoff *backoff, uint32_t random)
{
	uint32_t delay_ms = fail(backoff, MU_BACKOFF_FIRST_MS, MU_BACKOFF_MAX_MS);
	if (backoff->lost && delay_ms < 2 * backoff->spread_ms)
		delay_ms = 2 * backoff->spread_ms;
	return jitter(delay_ms, random);
}

uint32_t mu_backoff_eased_ms(struct mu_backoff *backoff, uint32_t random)
{
	return jitter(fail(backoff, MU_BACKOFF_EASED_FIRST_MS, MU_BACKOFF_EASED_MAX_MS), random);
}

bool mu_backoff_settle(struct mu_backoff *backoff, uint64_t now_ms)
{
	bool held = backoff->open && (backoff->held || now_ms - backoff->opened_ms >= MU_BACKOFF_HELD_MS);
	if (held) {
		backoff->failures = 0;
		backoff->lost = false;
	}
	return held;
}

uint32_t mu_backoff_lost_ms(struct mu_backoff *backoff, uint64_t now_ms, uint32_t random)
{
	if (!mu_backoff_settle(backoff, now_ms))
		return mu_backoff_failed_ms(backoff, random);
	backoff->open = false;
	backoff->lost = true;
	return jitter(backoff->spread_ms, random);
}
