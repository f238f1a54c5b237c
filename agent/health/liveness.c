// SPDX-License-Identifier: Apache-2.0
#include "agent/health/liveness.h"
#include "agent/port/port.h"
#include <stddef.h>

enum { WHOLE = 256, HALF = WHOLE / 2, THREE_QUARTERS = WHOLE / 4 * 3 }; // of a deadline

void mu_liveness_init(struct mu_liveness *liveness)
{
	*liveness = (struct mu_liveness){ .count = 0 };
}

static bool is_name(const char *name)
{
	int length = 0;
	for (; name[length]; length++)
		if (length == MU_NAME_MAX - 1 || name[length] < ' ' || name[length] > '~')
			return false;
	return length > 0;
}

int mu_liveness_add(struct mu_liveness *liveness, const char *name, uint32_t deadline_ms, uint64_t now_ms)
{
	if (!name || !is_name(name))
		return MU_ERR_INVALID;
	if (deadline_ms < MU_LIVENESS_DEADLINE_MIN_MS || deadline_ms > MU_LIVENESS_DEADLINE_MAX_MS)
		return MU_ERR_RANGE;
	if (liveness->count == MU_LIVENESS_MAX)
		return MU_ERR_FULL;
	liveness->token[liveness->count] = (struct mu_liveness_token){ .name = name, .deadline_ms = deadline_ms, .last_ms = now_ms };
	return (int)liveness->count++;
}

static struct mu_liveness_token *find(const struct mu_liveness *liveness, int token)
{
	return token >= 0 && (uint32_t)token < liveness->count ? (struct mu_liveness_token *)&liveness->token[token] : NULL;
}

// Saturates: 4 hours are more than any deadline.
static uint32_t silent_ms(const struct mu_liveness_token *token, uint64_t now_ms)
{
	uint64_t silent_ms = now_ms > token->last_ms && !token->resting ? now_ms - token->last_ms : 0;
	return silent_ms > UINT32_MAX / WHOLE ? UINT32_MAX / WHOLE : (uint32_t)silent_ms;
}

static uint32_t used(const struct mu_liveness_token *token, uint64_t now_ms)
{
	return silent_ms(token, now_ms) * WHOLE / token->deadline_ms;
}

void mu_liveness_check_in(struct mu_liveness *liveness, int token, uint64_t now_ms)
{
	struct mu_liveness_token *t = find(liveness, token);
	if (!t)
		return;
	uint32_t late_ms = silent_ms(t, now_ms);
	if (late_ms > liveness->late_ms)
		liveness->late_ms = late_ms;
	if (used(t, now_ms) > THREE_QUARTERS)
		liveness->close_calls |= 1u << token;
	t->resting = false;
	// Two threads may hand in their times in the wrong order; a check-in never makes a token older.
	if (now_ms > t->last_ms)
		t->last_ms = now_ms;
}

void mu_liveness_rest(struct mu_liveness *liveness, int token)
{
	struct mu_liveness_token *t = find(liveness, token);
	if (t)
		t->resting = true;
}

struct mu_liveness_look mu_liveness_look(struct mu_liveness *liveness, uint64_t now_ms)
{
	struct mu_liveness_look look = {
		.next_ms = UINT64_MAX,
		.stale = MU_LIVENESS_NONE,
		.suspect = MU_LIVENESS_NONE,
		.close_calls = liveness->close_calls,
		.late_ms = liveness->late_ms,
	};
	uint32_t most = HALF;
	for (uint32_t i = 0; i < liveness->count; i++) {
		const struct mu_liveness_token *t = &liveness->token[i];
		if (t->resting)
			continue;
		uint64_t stale_ms = t->last_ms + t->deadline_ms + 1;
		if (stale_ms < look.next_ms) {
			look.next_ms = stale_ms;
			look.stale = now_ms >= stale_ms ? (int)i : MU_LIVENESS_NONE;
		}
		uint32_t share = used(t, now_ms);
		if (share > most) {
			most = share;
			look.suspect = (int)i;
		}
		if (share > THREE_QUARTERS)
			look.close_calls |= 1u << i;
	}
	liveness->close_calls = 0;
	return look;
}

const char *mu_liveness_name(const struct mu_liveness *liveness, int token)
{
	const struct mu_liveness_token *t = find(liveness, token);
	return t ? t->name : "";
}
