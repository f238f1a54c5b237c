// SPDX-License-Identifier: Apache-2.0
#include "collector/fleet/command_state.h"
#include "muster.pb-c.h"

static const struct {
	enum command_state state;
	enum command_event event;
	enum command_state next;
} rows[] = {
	{ COMMAND_QUEUED,   COMMAND_ON_PUBLISHED,    COMMAND_SENT },
	{ COMMAND_QUEUED,   COMMAND_ON_ACCEPTED,     COMMAND_ACCEPTED }, // given to the broker just before a restart of musterd
	{ COMMAND_QUEUED,   COMMAND_ON_DONE,         COMMAND_DONE },
	{ COMMAND_QUEUED,   COMMAND_ON_REFUSED,      COMMAND_REFUSED },
	{ COMMAND_QUEUED,   COMMAND_ON_FAILED,       COMMAND_FAILED },
	{ COMMAND_QUEUED,   COMMAND_ON_EXPIRED,      COMMAND_EXPIRED },
	{ COMMAND_SENT,     COMMAND_ON_ACCEPTED,     COMMAND_ACCEPTED },
	{ COMMAND_SENT,     COMMAND_ON_DONE,         COMMAND_DONE },
	{ COMMAND_SENT,     COMMAND_ON_REFUSED,      COMMAND_REFUSED },
	{ COMMAND_SENT,     COMMAND_ON_FAILED,       COMMAND_FAILED },
	{ COMMAND_SENT,     COMMAND_ON_EXPIRED,      COMMAND_EXPIRED },
	{ COMMAND_ACCEPTED, COMMAND_ON_DONE,         COMMAND_DONE },
	{ COMMAND_ACCEPTED, COMMAND_ON_TARGET_RUNS,  COMMAND_CONFIRMED },
	{ COMMAND_ACCEPTED, COMMAND_ON_REFUSED,      COMMAND_REFUSED },
	{ COMMAND_ACCEPTED, COMMAND_ON_FAILED,       COMMAND_FAILED },
	{ COMMAND_ACCEPTED, COMMAND_ON_EXPIRED,      COMMAND_EXPIRED },
	{ COMMAND_DONE,     COMMAND_ON_TARGET_RUNS,  COMMAND_CONFIRMED },
	{ COMMAND_DONE,     COMMAND_ON_FAILED,       COMMAND_FAILED },
	{ COMMAND_DONE,     COMMAND_ON_EXPIRED,      COMMAND_EXPIRED },
	{ COMMAND_EXPIRED,  COMMAND_ON_ACCEPTED,     COMMAND_ACCEPTED },
	{ COMMAND_EXPIRED,  COMMAND_ON_DONE,         COMMAND_DONE },
	{ COMMAND_EXPIRED,  COMMAND_ON_REFUSED,      COMMAND_REFUSED },
	{ COMMAND_EXPIRED,  COMMAND_ON_FAILED,       COMMAND_FAILED },
};

static const char *const names[COMMAND_STATE_COUNT] = { "queued", "sent", "accepted", "done", "confirmed", "refused", "failed", "expired" };

int command_next(enum command_state state, enum command_event event)
{
	for (unsigned i = 0; i < sizeof rows / sizeof *rows; i++)
		if (rows[i].state == state && rows[i].event == event)
			return rows[i].next;
	return -1;
}

bool command_state_is_final(enum command_state state, bool is_rollback)
{
	return state >= COMMAND_CONFIRMED || (state == COMMAND_DONE && !is_rollback);
}

const char *command_state_name(enum command_state state)
{
	return (unsigned)state < COMMAND_STATE_COUNT ? names[state] : "unknown";
}

enum command_event command_event_of(uint32_t outcome)
{
	switch (outcome) {
	case MU__COMMAND_OUTCOME__OUTCOME_ACCEPTED: return COMMAND_ON_ACCEPTED;
	case MU__COMMAND_OUTCOME__OUTCOME_DONE: return COMMAND_ON_DONE;
	case MU__COMMAND_OUTCOME__OUTCOME_FAILED: return COMMAND_ON_FAILED;
	default: return COMMAND_ON_REFUSED;
	}
}
