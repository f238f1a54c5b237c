// SPDX-License-Identifier: Apache-2.0
#include "agent/health/liveness.h"
#include "agent/port/port.h"

void mu_liveness_init(struct mu_liveness *liveness)
{
	*liveness = (struct mu_liveness){ .late_token = MU_LIVENESS_NONE };
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

static bool exists(const struct mu_liveness *liveness, int token)
{
	return token >= 0 && (uint32_t)token < liveness->count;
}

static uint64_t silent_ms(const struct mu_liveness_token *token, uint64_t now_ms)
{
	return now_ms > token->last_ms ? now_ms - token->last_ms : 0;
}

static void note_lateness(struct mu_liveness *liveness, int token, uint64_t ms)
{
	uint32_t late_ms = ms > UINT32_MAX ? UINT32_MAX : (uint32_t)ms;
	if (late_ms <= liveness->late_ms)
		return;
	liveness->late_ms = late_ms;
	liveness->late_token = token;
}

void mu_liveness_check_in(struct mu_liveness *liveness, int token, uint64_t now_ms)
{
	if (!exists(liveness, token))
		return;
	struct mu_liveness_token *t = &liveness->token[token];
	if (!t->resting)
		note_lateness(liveness, token, silent_ms(t, now_ms));
	t->resting = false;
	// Two threads may hand in their times in the wrong order; a check-in never makes a token older.
	if (now_ms > t->last_ms)
		t->last_ms = now_ms;
}

void mu_liveness_rest(struct mu_liveness *liveness, int token)
{
	if (exists(liveness, token))
		liveness->token[token].resting = true;
}

// Of the watched token whose deadline comes first, or MU_LIVENESS_NONE.
static int first_due(const struct mu_liveness *liveness)
{
	int first = MU_LIVENESS_NONE;
	uint64_t first_ms = UINT64_MAX;
	for (uint32_t i = 0; i < liveness->count; i++) {
		const struct mu_liveness_token *t = &liveness->token[i];
		if (t->resting || t->last_ms + t->deadline_ms >= first_ms)
			continue;
		first = (int)i;
		first_ms = t->last_ms + t->deadline_ms;
	}
	return first;
}

int mu_liveness_stale(const struct mu_liveness *liveness, uint64_t now_ms)
{
	int first = first_due(liveness);
	if (first == MU_LIVENESS_NONE)
		return MU_LIVENESS_NONE;
	const struct mu_liveness_token *t = &liveness->token[first];
	return silent_ms(t, now_ms) > t->deadline_ms ? first : MU_LIVENESS_NONE;
}

int mu_liveness_suspect(const struct mu_liveness *liveness, uint64_t now_ms)
{
	int suspect = MU_LIVENESS_NONE;
	uint64_t most_permille = 500;
	for (uint32_t i = 0; i < liveness->count; i++) {
		const struct mu_liveness_token *t = &liveness->token[i];
		uint64_t permille = t->resting ? 0 : silent_ms(t, now_ms) * 1000 / t->deadline_ms;
		if (permille <= most_permille)
			continue;
		suspect = (int)i;
		most_permille = permille;
	}
	return suspect;
}

uint64_t mu_liveness_next(const struct mu_liveness *liveness)
{
	int first = first_due(liveness);
	if (first == MU_LIVENESS_NONE)
		return UINT64_MAX;
	return liveness->token[first].last_ms + liveness->token[first].deadline_ms + 1;
}

const char *mu_liveness_name(const struct mu_liveness *liveness, int token)
{
	return exists(liveness, token) ? liveness->token[token].name : "";
}
