// SPDX-License-Identifier: Apache-2.0
#include "collector/ingest/outage.h"

#include <stdio.h>
#include <string.h>

bool outage_due(struct outage *outage, const char *reason, uint64_t now_ms)
{
	bool is_other = strncmp(outage->reason, reason, sizeof outage->reason - 1) != 0;
	if (!outage->said || now_ms - outage->begun_ms >= OUTAGE_SAY_EVERY_MS) {
		outage->begun_ms = now_ms;
		outage->said = 0;
	} else if (!is_other || outage->said >= OUTAGE_REASONS) {
		return false;
	}
	outage->said++;
	outage->is_said_up = false;
	snprintf(outage->reason, sizeof outage->reason, "%s", reason);
	return true;
}

bool outage_over(struct outage *outage)
{
	bool is_news = !outage->is_said_up;
	outage->is_said_up = true;
	return is_news;
}
