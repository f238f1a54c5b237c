// SPDX-License-Identifier: Apache-2.0
#include "agent/deadline.h"

uint64_t mu_earlier(uint64_t a_ms, uint64_t b_ms)
{
	return a_ms < b_ms ? a_ms : b_ms;
}

bool mu_due(uint64_t *next_ms, uint32_t period_ms, uint64_t now_ms)
{
	if (now_ms < *next_ms)
		return false;
	*next_ms = now_ms + period_ms;
	return true;
}
