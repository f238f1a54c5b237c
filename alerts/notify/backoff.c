// SPDX-License-Identifier: Apache-2.0
#include "alerts/notify/backoff.h"

enum { DOUBLINGS = 6 }; // 1 s, 2 s .. 32 s, then the most

uint32_t backoff_fail(struct backoff *backoff, uint32_t random, uint64_t asked_ms)
{
	uint32_t full_ms = backoff->failures < DOUBLINGS ? BACKOFF_FIRST_MS << backoff->failures : BACKOFF_MOST_MS;
	uint32_t wait_ms = full_ms - random % (full_ms / 2 + 1);
	if (backoff->failures < DOUBLINGS)
		backoff->failures++;
	if (asked_ms > BACKOFF_ASKED_MOST_MS)
		asked_ms = BACKOFF_ASKED_MOST_MS;
	return wait_ms > asked_ms ? wait_ms : (uint32_t)asked_ms;
}

void backoff_reset(struct backoff *backoff)
{
	backoff->failures = 0;
}
