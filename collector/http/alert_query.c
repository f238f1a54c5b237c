// SPDX-License-Identifier: Apache-2.0
#include "collector/http/alert_query.h"
#include "collector/store/store_alerts.h"

int exchange_matchers(struct exchange *exchange, struct matchers *matchers)
{
	struct matcher_problem problem;
	const char *text = query_get(&exchange->query, "match");
	matchers->count = 0;
	if (!text || matchers_parse(matchers, text, &problem) == 0)
		return 0;
	reply_error(exchange, 400, text, "write matchers as in severity=~\"crit.*\",firmware=\"1.4.2\"",
		"parameter match cannot be read: column %u: %s", problem.column, problem.what);
	return -1;
}

static int read_stored(void *context, const struct store_transition *transition)
{
	*(uint64_t *)context = transition->stored_ms;
	return 0;
}

int transition_since(struct store *store, uint64_t since_ms, uint64_t *after)
{
	uint64_t oldest, newest;
	int err = store_transition_bounds(store, &oldest, &newest);
	if (err < 0 || !oldest) {
		*after = 0;
		return err;
	}
	uint64_t low = oldest - 1, high = newest; // the answer is within; numbers rise with the time of storing
	while (low < high) {
		uint64_t middle = low + (high - low) / 2, stored_ms = 0;
		err = store_transition_after(store, middle, 1, read_stored, &stored_ms);
		if (err < 0)
			return err;
		if (err == 0 || stored_ms >= since_ms)
			high = middle;
		else
			low = middle + 1;
	}
	*after = low;
	return 0;
}
