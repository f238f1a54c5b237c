// SPDX-License-Identifier: Apache-2.0
#include "agent/recovery/ladder.h"

enum { BUDGET_MAGIC = 0x4d524254 };

// What a row does to the ladder itself, beside the actions that it hands out.
enum effect {
	HANDED_OUT = 0xff,
	RESTORED = 1 << 8,         // MU_DO_RECORD_LINK if there was an outage
	LINK_WAIT = 1 << 9,        // a try runs: give it its time
	LINK_RETRY = 1 << 10,      // a try has failed, or the link was lost: next one after the backoff
	LINK_GOOD = 1 << 11,       // up: nothing to wait for
	LINK_AFRESH = 1 << 12,     // forget the failures
	SCAN_WAIT = 1 << 13,       // a scan runs
	SCAN_LATER = 1 << 14,      // next scan after the period
	SESSION_WAIT = 1 << 15,    // an open runs
	SESSION_DUE = 1 << 16,     // may be opened: now, or when the backoff of the loss is over
	SESSION_RETRY = 1 << 17,   // a try has failed
	SESSION_SPREAD = 1 << 18,  // lost
	SESSION_ABORT = 1 << 19,   // an open that runs is in vain
	SESSION_GOOD = 1 << 20,
	SPEND_REBOOT = 1 << 21,
};

#define ANEW (MU_DO_SESSION_CLOSE | MU_DO_LINK_CONNECT | MU_DO_RECORD_LINK | LINK_WAIT | SESSION_ABORT)
#define REBOOT (MU_DO_REBOOT | MU_DO_RECORD_LINK | SPEND_REBOOT)
#define TO_FALLBACK (MU_DO_LINK_RESTART | MU_DO_LINK_CONNECT | MU_DO_RECORD_LINK | LINK_AFRESH | LINK_WAIT)
#define DROP (MU_DO_SESSION_CLOSE | MU_DO_RECORD_LINK | SESSION_SPREAD)

enum guard { ALWAYS, LINK_UP, OPENING, LAST_TRY, LAST_FALLBACK, KNOWN, BUDGET, LONG_DOWN };

enum {
	S0 = MU_LADDER_START,
	CO = MU_LADDER_CONNECTED,
	RE = MU_LADDER_RECONNECTING,
	SC = MU_LADDER_SCANNING,
	FB = MU_LADDER_FALLBACK,
	RC = MU_LADDER_RECOVERY,
	ANY = MU_LADDER_STATES,
	SAME = MU_LADDER_STATES
};

struct row {
	uint8_t state, event, guard;
	uint32_t actions;
	uint8_t next;
};

// Every pair that changes something; all others are no-ops. Of several rows for a pair the first whose guard holds is taken.
// clang-format off
static const struct row table[] = {
	{ S0,  MU_LADDER_BEGIN,         ALWAYS,        MU_DO_LINK_CONNECT | LINK_WAIT,                        RE },

	{ CO,  MU_LADDER_SESSION_LOST,  ALWAYS,        MU_DO_RECORD_LINK | SESSION_SPREAD,                    RE },
	{ CO,  MU_LADDER_LINK_DOWN,     ALWAYS,        DROP | LINK_RETRY,                                     RE },
	{ CO,  MU_LADDER_DEAD_SESSION,  ALWAYS,        DROP,                                                  RE },
	{ CO,  MU_LADDER_NO_ACK,        ALWAYS,        DROP,                                                  RE },

	{ RE,  MU_LADDER_LINK_UP,       ALWAYS,        RESTORED | LINK_GOOD | SESSION_DUE,                    SAME },
	{ RE,  MU_LADDER_LINK_DOWN,     LAST_TRY,      MU_DO_SESSION_CLOSE | MU_DO_LINK_SCAN | MU_DO_RECORD_LINK | SCAN_WAIT | SESSION_ABORT, SC },
	{ RE,  MU_LADDER_LINK_DOWN,     ALWAYS,        MU_DO_SESSION_CLOSE | LINK_RETRY | SESSION_ABORT,      SAME },
	{ RE,  MU_LADDER_LINK_TIMER,    ALWAYS,        MU_DO_LINK_CONNECT | LINK_WAIT,                        SAME },
	{ RE,  MU_LADDER_SESSION_TIMER, OPENING,       MU_DO_SESSION_CLOSE | SESSION_RETRY,                   SAME },
	{ RE,  MU_LADDER_SESSION_TIMER, LINK_UP,       MU_DO_SESSION_OPEN | SESSION_WAIT,                     SAME },
	{ RE,  MU_LADDER_SESSION_OPEN,  ALWAYS,        RESTORED | SESSION_GOOD,                               CO },
	{ RE,  MU_LADDER_OPEN_FAILED,   ALWAYS,        SESSION_RETRY,                                         SAME },
	{ RE,  MU_LADDER_SESSION_LOST,  ALWAYS,        SESSION_RETRY,                                         SAME },
	{ RE,  MU_LADDER_DEAD_LINK,     LINK_UP,       ANEW | MU_DO_LINK_DISCONNECT,                          SAME },
	{ RE,  MU_LADDER_DEAD_RADIO,    LINK_UP,       ANEW | MU_DO_LINK_RESTART,                             SAME },
	{ RE,  MU_LADDER_DEAD_DEVICE,   BUDGET,        REBOOT,                                                SAME },
	{ RE,  MU_LADDER_DEAD_DEVICE,   LINK_UP,       ANEW | MU_DO_LINK_RESTART,                             SAME },

	{ SC,  MU_LADDER_LINK_UP,       ALWAYS,        RESTORED | LINK_GOOD | SESSION_DUE,                    RE },
	{ SC,  MU_LADDER_SCAN_DONE,     KNOWN,         TO_FALLBACK,                                           FB },
	{ SC,  MU_LADDER_SCAN_DONE,     ALWAYS,        MU_DO_RECORD_LINK | SCAN_LATER,                        RC },
	{ SC,  MU_LADDER_LINK_TIMER,    ALWAYS,        MU_DO_RECORD_LINK | SCAN_LATER,                        RC },

	{ FB,  MU_LADDER_LINK_UP,       ALWAYS,        RESTORED | LINK_GOOD | SESSION_DUE,                    RE },
	{ FB,  MU_LADDER_LINK_DOWN,     LAST_FALLBACK, MU_DO_RECORD_LINK | SCAN_LATER,                        RC },
	{ FB,  MU_LADDER_LINK_DOWN,     ALWAYS,        LINK_RETRY,                                            SAME },
	{ FB,  MU_LADDER_LINK_TIMER,    ALWAYS,        MU_DO_LINK_CONNECT | LINK_WAIT,                        SAME },

	{ RC,  MU_LADDER_LINK_UP,       ALWAYS,        RESTORED | LINK_GOOD | SESSION_DUE,                    RE },
	{ RC,  MU_LADDER_SCAN_DONE,     KNOWN,         TO_FALLBACK,                                           FB },
	{ RC,  MU_LADDER_LINK_TIMER,    LONG_DOWN,     REBOOT,                                                SAME },
	{ RC,  MU_LADDER_LINK_TIMER,    ALWAYS,        MU_DO_LINK_SCAN | SCAN_LATER,                          SAME },

	{ ANY, MU_LADDER_HEAP_STARVED,  BUDGET,        REBOOT,                                                SAME },
};
// clang-format on
enum { ROW_COUNT = sizeof table / sizeof *table };

static uint32_t budget_check(const struct mu_ladder_budget *budget)
{
	return (budget->magic ^ budget->reboots) * UINT32_C(2654435761) + 1;
}

static bool budget_allows(const struct mu_ladder *ladder, uint64_t now_ms)
{
	return ladder->budget->reboots == 0 || now_ms >= MU_LADDER_REBOOT_PERIOD_MS;
}

static bool guard_holds(const struct mu_ladder *ladder, enum guard guard, int32_t value, uint64_t now_ms)
{
	switch (guard) {
	case ALWAYS: return true;
	case LINK_UP: return ladder->link_up;
	case OPENING: return ladder->session_trying;
	case LAST_TRY: return ladder->link.failures + 1 >= MU_LADDER_LINK_TRIES;
	case LAST_FALLBACK: return ladder->link.failures + 1 >= MU_LADDER_FALLBACK_TRIES;
	case KNOWN: return value != 0;
	case BUDGET: return budget_allows(ladder, now_ms);
	case LONG_DOWN: return now_ms - ladder->down_from_ms >= MU_LADDER_REBOOT_AFTER_MS && budget_allows(ladder, now_ms);
	}
	return false;
}

static const struct row *find(const struct mu_ladder *ladder, enum mu_ladder_event event, int32_t value, uint64_t now_ms)
{
	for (const struct row *row = table; row < table + ROW_COUNT; row++)
		if ((row->state == ladder->state || row->state == ANY) && row->event == event &&
			guard_holds(ladder, row->guard, value, now_ms))
			return row;
	return 0;
}

static void mark_down(struct mu_ladder *ladder, uint64_t now_ms)
{
	if (ladder->link_up)
		ladder->down_from_ms = now_ms;
	ladder->link_up = false;
}

static void affect_link(struct mu_ladder *ladder, uint32_t effects, uint64_t now_ms, uint32_t random)
{
	if (effects & LINK_AFRESH)
		mu_backoff_init(&ladder->link, MU_BACKOFF_FIRST_MS);
	if (effects & LINK_GOOD) {
		ladder->link_due_ms = UINT64_MAX;
		mu_backoff_opened(&ladder->link, now_ms);
	}
	if (effects & LINK_RETRY)
		ladder->link_due_ms = now_ms + mu_backoff_lost_ms(&ladder->link, now_ms, random);
	if (effects & LINK_WAIT) // whatever it was, it is being made anew
		mark_down(ladder, now_ms);
	if (effects & (LINK_WAIT | SCAN_WAIT))
		ladder->link_due_ms = now_ms + MU_LADDER_LINK_TIMEOUT_MS;
	if (effects & SCAN_LATER)
		ladder->link_due_ms = now_ms + MU_LADDER_SCAN_PERIOD_MS;
	if (effects & (LINK_GOOD | LINK_RETRY | LINK_WAIT | SCAN_WAIT | SCAN_LATER))
		ladder->link_trying = (effects & LINK_WAIT) != 0;
}

static void affect_session(struct mu_ladder *ladder, uint32_t effects, uint64_t now_ms, uint32_t random)
{
	bool in_vain = (effects & SESSION_ABORT) && ladder->session_trying;

	if (effects & SESSION_SPREAD)
		ladder->session_due_ms = now_ms + mu_backoff_lost_ms(&ladder->session, now_ms, random);
	if ((effects & SESSION_RETRY) || in_vain)
		ladder->session_due_ms = now_ms + mu_backoff_failed_ms(&ladder->session, random);
	if ((effects & SESSION_DUE) && ladder->session_due_ms == UINT64_MAX)
		ladder->session_due_ms = now_ms;
	if (effects & SESSION_WAIT)
		ladder->session_due_ms = now_ms + MU_LADDER_OPEN_TIMEOUT_MS;
	if (effects & SESSION_GOOD) {
		ladder->session_due_ms = UINT64_MAX;
		mu_backoff_opened(&ladder->session, now_ms);
	}
	if (effects & (SESSION_SPREAD | SESSION_RETRY | SESSION_ABORT | SESSION_WAIT | SESSION_GOOD))
		ladder->session_trying = (effects & SESSION_WAIT) != 0;
}

static void spend_reboot(struct mu_ladder_budget *budget)
{
	budget->reboots++;
	budget->check = budget_check(budget);
}

static uint32_t take(struct mu_ladder *ladder, const struct row *row, uint64_t now_ms, uint32_t random)
{
	uint32_t actions = row->actions & HANDED_OUT;

	affect_link(ladder, row->actions, now_ms, random);
	affect_session(ladder, row->actions, now_ms, random);
	if (row->actions & SPEND_REBOOT)
		spend_reboot(ladder->budget);
	if ((row->actions & RESTORED) && ladder->outage)
		actions |= MU_DO_RECORD_LINK;
	if (row->actions & MU_DO_RECORD_LINK)
		ladder->outage = true;
	if (row->actions & SESSION_GOOD)
		ladder->outage = false;
	if (row->next != SAME)
		ladder->state = row->next;
	return actions;
}

// A try to connect that did not answer in time is a failed one.
static enum mu_ladder_event split_timer(const struct mu_ladder *ladder, uint64_t now_ms)
{
	if (now_ms >= ladder->link_due_ms)
		return ladder->link_trying ? MU_LADDER_LINK_DOWN : MU_LADDER_LINK_TIMER;
	if (ladder->link_up && now_ms >= ladder->session_due_ms)
		return MU_LADDER_SESSION_TIMER;
	return MU_LADDER_TIMER; // too early: no row
}

uint32_t mu_ladder_post(struct mu_ladder *ladder, enum mu_ladder_event event, int32_t value, uint64_t now_ms, uint32_t random)
{
	if (event == MU_LADDER_TIMER)
		event = split_timer(ladder, now_ms);
	if (event == MU_LADDER_LINK_UP)
		ladder->link_up = true;
	if (event == MU_LADDER_BEGIN)
		ladder->down_from_ms = now_ms;
	if (event == MU_LADDER_LINK_DOWN) {
		mark_down(ladder, now_ms);
		mu_backoff_settle(&ladder->link, now_ms);
	}
	const struct row *row = find(ladder, event, value, now_ms);
	return row ? take(ladder, row, now_ms, random) : 0;
}

void mu_ladder_init(struct mu_ladder *ladder, struct mu_ladder_budget *budget, uint32_t spread_ms)
{
	*ladder = (struct mu_ladder){
		.state = MU_LADDER_START,
		.link_due_ms = UINT64_MAX,
		.session_due_ms = UINT64_MAX,
		.budget = budget,
	};
	mu_backoff_init(&ladder->session, spread_ms);
	mu_backoff_init(&ladder->link, MU_BACKOFF_FIRST_MS);
	if (budget->magic != BUDGET_MAGIC || budget->check != budget_check(budget)) {
		*budget = (struct mu_ladder_budget){ .magic = BUDGET_MAGIC };
		budget->check = budget_check(budget);
	}
}

uint64_t mu_ladder_deadline_ms(const struct mu_ladder *ladder)
{
	uint64_t deadline_ms = ladder->link_due_ms;
	if (ladder->link_up && ladder->session_due_ms < deadline_ms)
		deadline_ms = ladder->session_due_ms;
	return deadline_ms;
}

void mu_ladder_acked(struct mu_ladder *ladder)
{
	mu_backoff_held(&ladder->session);
}

const char *mu_ladder_state_name(enum mu_ladder_state state)
{
	static const char *const names[MU_LADDER_STATES] = { "start", "connected", "reconnecting", "scanning", "fallback", "recovery" };
	return (unsigned)state < MU_LADDER_STATES ? names[state] : "any";
}

const char *mu_ladder_event_name(enum mu_ladder_event event)
{
	static const char *const names[MU_LADDER_EVENTS] = {
		"begin", "link_up", "link_down", "session_open", "session_lost", "open_failed", "scan_done", "dead_session",
		"dead_link", "dead_radio", "dead_device", "no_ack", "heap_starved", "timer", "link_timer", "session_timer",
	};
	return (unsigned)event < MU_LADDER_EVENTS ? names[event] : "unknown";
}

size_t mu_ladder_rows(struct mu_ladder_row *out, size_t size)
{
	static const char *const guards[] = { "", "link up", "opening", "10th failure", "3rd failure", "known network", "reboot allowed",
		"30 min down, reboot allowed" };

	for (size_t i = 0; i < ROW_COUNT && i < size; i++) {
		out[i] = (struct mu_ladder_row){
			.state = table[i].state,
			.event = table[i].event,
			.guard = guards[table[i].guard],
			.actions = table[i].actions & HANDED_OUT,
			.next = table[i].next,
		};
		if (table[i].actions & RESTORED)
			out[i].actions |= MU_DO_RECORD_LINK;
	}
	return ROW_COUNT;
}
