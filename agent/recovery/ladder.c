// SPDX-License-Identifier: Apache-2.0
#include "agent/recovery/ladder.h"
#include "agent/deadline.h"

enum { BUDGET_MAGIC = 0x4d524254 };

// In the actions of a row: MU_DO_RECORD_LINK if there was an outage. Not handed out.
enum { HANDED_OUT = 0xfff, RESTORED = 1 << 12 };

// What a row does to the timer of the link, and to the session's: each has a backoff, a time that it waits for, and a try that may run.
enum step {
	KEEP,
	TRY,      // of the link: give it its time
	TRY_ANEW, // ..., and forget the failures
	ROAM,     // nothing is lost yet: give it its time
	OPEN,     // of the session: give it its time
	SCAN,     // one runs
	PERIOD,   // next scan after it
	LOST,     // what was there; or a try of the link has failed: next one after the backoff
	EASE,     // ... after the longer one
	FAIL,     // a try of the session has failed
	ABORT,    // ... is in vain, if one runs
	DUE,      // may be tried: now, or when the backoff of the loss is over
	UP,       // nothing to wait for
	STEPS
};

#define RECORD MU_DO_RECORD_LINK
#define CLOSE MU_DO_SESSION_CLOSE
#define CONNECT MU_DO_LINK_CONNECT
#define RESTART MU_DO_LINK_RESTART
#define TO_FALLBACK (RESTART | MU_DO_SERVE | CONNECT | RECORD)
#define TO_RECOVERY (MU_DO_SERVE | RECORD)

enum guard {
	ALWAYS,
	LINK_UP,
	OPENING,
	ROAMING,       // and the link is up
	OVERLOAD,
	SLEEPY,        // power save is to blame, and on
	LAST_REFUSAL,  // of the credentials, or the last misfit
	LAST_TRY,
	LAST_FALLBACK,
	KNOWN,
	REFUSED_AGAIN, // ..., and a restart of the radio has not helped
	BUDGET,
	LONG_DOWN,
};

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
	uint8_t state, event, guard, next;
	uint16_t actions;
	uint8_t link, session;
};

// Every pair that changes something; all others are no-ops. Of several rows for a pair the first whose guard holds is taken.
// clang-format off
static const struct row table[] = {
	{ S0,  MU_LADDER_BEGIN,         ALWAYS,        RE,   CONNECT,                        TRY,      KEEP },

	{ CO,  MU_LADDER_SESSION_LOST,  ALWAYS,        RE,   RECORD,                         KEEP,     LOST },
	{ CO,  MU_LADDER_LINK_UP,       ALWAYS,        SAME, 0,                              UP,       KEEP },
	{ CO,  MU_LADDER_LINK_DOWN,     ROAMING,       SAME, 0,                              ROAM,     KEEP },
	{ CO,  MU_LADDER_LINK_DOWN,     OVERLOAD,      RE,   CLOSE | RECORD,                 EASE,     LOST },
	{ CO,  MU_LADDER_LINK_DOWN,     SLEEPY,        RE,   CLOSE | RECORD | MU_DO_POWER_SAVE_OFF, LOST,  LOST },
	{ CO,  MU_LADDER_LINK_DOWN,     ALWAYS,        RE,   CLOSE | RECORD,                 LOST,     LOST },
	{ CO,  MU_LADDER_DEAD_SESSION,  ALWAYS,        RE,   CLOSE | RECORD,                 KEEP,     LOST },
	{ CO,  MU_LADDER_NO_ACK,        ALWAYS,        RE,   CLOSE | RECORD,                 KEEP,     LOST },

	{ RE,  MU_LADDER_LINK_UP,       ALWAYS,        SAME, RESTORED,                       UP,       DUE },
	{ RE,  MU_LADDER_LINK_DOWN,     ROAMING,       SAME, 0,                              ROAM,     KEEP },
	{ RE,  MU_LADDER_LINK_DOWN,     LAST_REFUSAL,  RC,   CLOSE | TO_RECOVERY,            PERIOD,   ABORT },
	{ RE,  MU_LADDER_LINK_DOWN,     OVERLOAD,      SAME, CLOSE,                          EASE,     ABORT },
	{ RE,  MU_LADDER_LINK_DOWN,     SLEEPY,        SAME, CLOSE | MU_DO_POWER_SAVE_OFF,   LOST,     ABORT },
	{ RE,  MU_LADDER_LINK_DOWN,     LAST_TRY,      SC,   CLOSE | MU_DO_LINK_SCAN | RECORD, SCAN,   ABORT },
	{ RE,  MU_LADDER_LINK_DOWN,     ALWAYS,        SAME, CLOSE,                          LOST,     ABORT },
	{ RE,  MU_LADDER_LINK_TIMER,    ALWAYS,        SAME, CONNECT,                        TRY,      KEEP },
	{ RE,  MU_LADDER_SESSION_TIMER, OPENING,       SAME, CLOSE,                          KEEP,     FAIL },
	{ RE,  MU_LADDER_SESSION_TIMER, LINK_UP,       SAME, MU_DO_SESSION_OPEN,             KEEP,     OPEN },
	{ RE,  MU_LADDER_SESSION_OPEN,  ALWAYS,        CO,   RESTORED,                       KEEP,     UP },
	{ RE,  MU_LADDER_OPEN_FAILED,   ALWAYS,        SAME, 0,                              KEEP,     FAIL },
	{ RE,  MU_LADDER_SESSION_LOST,  ALWAYS,        SAME, 0,                              KEEP,     FAIL },
	{ RE,  MU_LADDER_DEAD_LINK,     LINK_UP,       SAME, CLOSE | MU_DO_LINK_DISCONNECT | CONNECT | RECORD, TRY, ABORT },
	{ RE,  MU_LADDER_DEAD_RADIO,    LINK_UP,       SAME, CLOSE | RESTART | CONNECT | RECORD, TRY,  ABORT },
	{ RE,  MU_LADDER_DEAD_DEVICE,   BUDGET,        SAME, RECORD | MU_DO_REBOOT,          KEEP,     KEEP },
	{ RE,  MU_LADDER_DEAD_DEVICE,   LINK_UP,       SAME, CLOSE | RESTART | CONNECT | RECORD, TRY,  ABORT },

	{ SC,  MU_LADDER_LINK_UP,       ALWAYS,        RE,   RESTORED,                       UP,       DUE },
	{ SC,  MU_LADDER_SCAN_DONE,     KNOWN,         FB,   TO_FALLBACK,                    TRY_ANEW, KEEP },
	{ SC,  MU_LADDER_SCAN_DONE,     ALWAYS,        RC,   TO_RECOVERY,                    PERIOD,   KEEP },
	{ SC,  MU_LADDER_LINK_TIMER,    ALWAYS,        RC,   TO_RECOVERY,                    PERIOD,   KEEP },

	{ FB,  MU_LADDER_LINK_UP,       ALWAYS,        RE,   RESTORED | MU_DO_SERVE_END,     UP,       DUE },
	{ FB,  MU_LADDER_LINK_DOWN,     LAST_REFUSAL,  RC,   TO_RECOVERY,                    PERIOD,   KEEP },
	{ FB,  MU_LADDER_LINK_DOWN,     OVERLOAD,      SAME, 0,                              EASE,     KEEP },
	{ FB,  MU_LADDER_LINK_DOWN,     SLEEPY,        SAME, MU_DO_POWER_SAVE_OFF,           LOST,     KEEP },
	{ FB,  MU_LADDER_LINK_DOWN,     LAST_FALLBACK, RC,   TO_RECOVERY,                    PERIOD,   KEEP },
	{ FB,  MU_LADDER_LINK_DOWN,     ALWAYS,        SAME, 0,                              LOST,     KEEP },
	{ FB,  MU_LADDER_LINK_TIMER,    ALWAYS,        SAME, CONNECT,                        TRY,      KEEP },

	{ RC,  MU_LADDER_LINK_UP,       ALWAYS,        RE,   RESTORED | MU_DO_SERVE_END,     UP,       DUE },
	{ RC,  MU_LADDER_SCAN_DONE,     REFUSED_AGAIN, FB,   TO_FALLBACK & ~RESTART,         TRY_ANEW, KEEP },
	{ RC,  MU_LADDER_SCAN_DONE,     KNOWN,         FB,   TO_FALLBACK,                    TRY_ANEW, KEEP },
	{ RC,  MU_LADDER_LINK_TIMER,    LONG_DOWN,     SAME, RECORD | MU_DO_REBOOT,          KEEP,     KEEP },
	{ RC,  MU_LADDER_LINK_TIMER,    ALWAYS,        SAME, MU_DO_LINK_SCAN,                PERIOD,   KEEP },

	{ ANY, MU_LADDER_HEAP_STARVED,  BUDGET,        SAME, RECORD | MU_DO_REBOOT,          KEEP,     KEEP },
	{ ANY, MU_LADDER_SLEEP_TIMER,   ALWAYS,        SAME, MU_DO_POWER_SAVE_ON,            KEEP,     KEEP },
};
// clang-format on
enum { ROW_COUNT = sizeof table / sizeof *table };

static uint32_t budget_check(const struct mu_ladder_budget *budget)
{
	return (budget->magic ^ budget->reboots) * UINT32_C(2654435761) + 1;
}

// ---- guards, in the order of enum guard

static bool always(const struct mu_ladder *ladder, int32_t value, uint64_t now_ms)
{
	(void)ladder, (void)value, (void)now_ms;
	return true;
}

static bool is_link_up(const struct mu_ladder *ladder, int32_t value, uint64_t now_ms)
{
	(void)value, (void)now_ms;
	return ladder->link_up;
}

static bool is_opening(const struct mu_ladder *ladder, int32_t value, uint64_t now_ms)
{
	(void)value, (void)now_ms;
	return ladder->session_trying;
}

static bool is_roaming(const struct mu_ladder *ladder, int32_t value, uint64_t now_ms)
{
	(void)value, (void)now_ms;
	return ladder->reason_class == MU_REASON_ROAMING && ladder->link_up;
}

static bool is_overload(const struct mu_ladder *ladder, int32_t value, uint64_t now_ms)
{
	(void)value, (void)now_ms;
	return ladder->reason_class == MU_REASON_OVERLOAD;
}

static bool is_sleepy(const struct mu_ladder *ladder, int32_t value, uint64_t now_ms)
{
	(void)value, (void)now_ms;
	return ladder->sleep_losses >= MU_LADDER_SLEEP_LOSSES && ladder->sleep_due_ms == UINT64_MAX &&
		mu_reason_of_power_save(ladder->reason);
}

static uint32_t refusals_max(const struct mu_ladder *ladder)
{
	return ladder->reason_class == MU_REASON_CREDENTIALS ? MU_LADDER_REFUSALS : MU_LADDER_MISFITS;
}

static bool is_last_refusal(const struct mu_ladder *ladder, int32_t value, uint64_t now_ms)
{
	(void)value, (void)now_ms;
	return ladder->refusals >= refusals_max(ladder);
}

static bool is_last_try(const struct mu_ladder *ladder, int32_t value, uint64_t now_ms)
{
	(void)value, (void)now_ms;
	return ladder->link.failures + 1 >= MU_LADDER_LINK_TRIES;
}

static bool is_last_fallback(const struct mu_ladder *ladder, int32_t value, uint64_t now_ms)
{
	(void)value, (void)now_ms;
	return ladder->link.failures + 1 >= MU_LADDER_FALLBACK_TRIES;
}

static bool is_known(const struct mu_ladder *ladder, int32_t value, uint64_t now_ms)
{
	(void)ladder, (void)now_ms;
	return value != 0;
}

static bool budget_allows(const struct mu_ladder *ladder, int32_t value, uint64_t now_ms)
{
	(void)value;
	return ladder->budget->reboots == 0 || now_ms >= MU_LADDER_REBOOT_PERIOD_MS;
}

static bool is_refused_again(const struct mu_ladder *ladder, int32_t value, uint64_t now_ms)
{
	return is_known(ladder, value, now_ms) && ladder->refusals > refusals_max(ladder);
}

// What is refused is refused after a reboot, too.
static bool is_long_down(const struct mu_ladder *ladder, int32_t value, uint64_t now_ms)
{
	return now_ms - ladder->down_from_ms >= MU_LADDER_REBOOT_AFTER_MS && ladder->refusals == 0 && budget_allows(ladder, value, now_ms);
}

static bool (*const guards[])(const struct mu_ladder *, int32_t, uint64_t) = { always, is_link_up, is_opening, is_roaming, is_overload,
	is_sleepy, is_last_refusal, is_last_try, is_last_fallback, is_known, is_refused_again, budget_allows, is_long_down };

static const struct row *find(const struct mu_ladder *ladder, enum mu_ladder_event event, int32_t value, uint64_t now_ms)
{
	for (const struct row *row = table; row < table + ROW_COUNT; row++)
		if ((row->state == ladder->state || row->state == ANY) && row->event == event && guards[row->guard](ladder, value, now_ms))
			return row;
	return 0;
}

static void mark_down(struct mu_ladder *ladder, uint64_t now_ms)
{
	if (ladder->link_up)
		ladder->down_from_ms = now_ms;
	ladder->link_up = false;
}

static uint32_t wait_of(struct mu_backoff *backoff, enum step step, uint64_t now_ms, uint32_t random)
{
	static const uint32_t waits_ms[STEPS] = { // those that are always as long
		[TRY] = MU_LADDER_LINK_TIMEOUT_MS,
		[TRY_ANEW] = MU_LADDER_LINK_TIMEOUT_MS,
		[ROAM] = MU_LADDER_ROAM_TIMEOUT_MS,
		[OPEN] = MU_LADDER_OPEN_TIMEOUT_MS,
		[SCAN] = MU_LADDER_LINK_TIMEOUT_MS,
		[PERIOD] = MU_LADDER_SCAN_PERIOD_MS
	};
	if (step == LOST)
		return mu_backoff_lost_ms(backoff, now_ms, random);
	if (step == EASE)
		return mu_backoff_eased_ms(backoff, random);
	if (step == FAIL || step == ABORT)
		return mu_backoff_failed_ms(backoff, random);
	return waits_ms[step];
}

static void affect(struct mu_ladder *ladder, enum step step, struct mu_backoff *backoff, uint64_t *due_ms, bool *trying, uint64_t now_ms,
	uint32_t random)
{
	if (step == KEEP || (step == DUE && *due_ms != UINT64_MAX) || (step == ABORT && !*trying))
		return;
	*trying = step <= OPEN;
	if (step <= TRY_ANEW) // whatever it was, it is being made anew
		mark_down(ladder, now_ms);
	if (step == TRY_ANEW)
		mu_backoff_init(backoff, MU_BACKOFF_FIRST_MS);
	if (step == UP)
		mu_backoff_opened(backoff, now_ms);
	*due_ms = step == UP ? UINT64_MAX : now_ms + wait_of(backoff, step, now_ms, random);
}

// A day for each time that it was switched off: where it never does, the tries get rare.
static uint64_t sleep_due_ms(const struct mu_ladder *ladder, uint64_t now_ms)
{
	return now_ms + (uint64_t)MU_LADDER_AWAKE_MS * ladder->sleep_offs;
}

static void affect_sleep(struct mu_ladder *ladder, uint32_t effects, uint64_t now_ms)
{
	if (effects & MU_DO_POWER_SAVE_OFF) {
		ladder->sleep_offs += ladder->sleep_offs < UINT8_MAX;
		ladder->sleep_due_ms = sleep_due_ms(ladder, now_ms);
	}
	if (effects & MU_DO_POWER_SAVE_ON) {
		ladder->sleep_due_ms = UINT64_MAX;
		ladder->sleep_losses = 0;
	}
}

static void spend_reboot(struct mu_ladder_budget *budget)
{
	budget->reboots++;
	budget->check = budget_check(budget);
}

static uint32_t take(struct mu_ladder *ladder, const struct row *row, uint64_t now_ms, uint32_t random)
{
	uint32_t actions = row->actions & HANDED_OUT;

	affect(ladder, (enum step)row->link, &ladder->link, &ladder->link_due_ms, &ladder->link_trying, now_ms, random);
	affect(ladder, (enum step)row->session, &ladder->session, &ladder->session_due_ms, &ladder->session_trying, now_ms, random);
	affect_sleep(ladder, actions, now_ms);
	if (actions & MU_DO_REBOOT)
		spend_reboot(ladder->budget);
	if ((row->actions & RESTORED) && ladder->outage)
		actions |= MU_DO_RECORD_LINK;
	if (row->actions & MU_DO_RECORD_LINK)
		ladder->outage = true;
	if (row->session == UP)
		ladder->outage = false;
	if (row->next != SAME)
		ladder->state = row->next;
	return actions;
}

bool mu_ladder_link_overdue(const struct mu_ladder *ladder, uint64_t now_ms)
{
	return ladder->link_trying && now_ms >= ladder->link_due_ms;
}

// A try to connect that did not answer in time is a failed one.
static enum mu_ladder_event split_timer(const struct mu_ladder *ladder, uint64_t now_ms, int32_t *value)
{
	if (mu_ladder_link_overdue(ladder, now_ms)) {
		*value = MU_REASON_NO_ANSWER;
		return MU_LADDER_LINK_DOWN;
	}
	if (now_ms >= ladder->link_due_ms)
		return MU_LADDER_LINK_TIMER;
	if (ladder->link_up && now_ms >= ladder->session_due_ms)
		return MU_LADDER_SESSION_TIMER;
	return now_ms >= ladder->sleep_due_ms ? MU_LADDER_SLEEP_TIMER : MU_LADDER_TIMER; // too early: no row
}

static void count_sleep_losses(struct mu_ladder *ladder, uint64_t now_ms)
{
	bool lasted = ladder->link_up && now_ms - ladder->link.opened_ms >= MU_LADDER_SLEEP_FORGET_MS;
	if (lasted)
		ladder->sleep_losses = 0;
	if (!mu_reason_of_power_save(ladder->reason))
		return;
	ladder->sleep_losses += ladder->sleep_losses < MU_LADDER_SLEEP_LOSSES;
	if (ladder->sleep_due_ms != UINT64_MAX)
		ladder->sleep_due_ms = sleep_due_ms(ladder, now_ms);
}

static void hear_link_down(struct mu_ladder *ladder, int32_t reason, uint64_t now_ms)
{
	uint8_t is = (uint8_t)mu_reason_class(reason);
	bool refuses = is == MU_REASON_CREDENTIALS || is == MU_REASON_CONFIGURATION;

	if (!refuses || is != ladder->reason_class)
		ladder->refusals = 0;
	ladder->refusals += refuses && ladder->refusals < UINT8_MAX;
	ladder->reason = reason;
	ladder->reason_class = is;
	count_sleep_losses(ladder, now_ms);
	if (is == MU_REASON_ROAMING && ladder->link_up)
		return;
	mark_down(ladder, now_ms);
	mu_backoff_settle(&ladder->link, now_ms);
}

uint32_t mu_ladder_post(struct mu_ladder *ladder, enum mu_ladder_event event, int32_t value, uint64_t now_ms, uint32_t random)
{
	if (event == MU_LADDER_TIMER)
		event = split_timer(ladder, now_ms, &value);
	if (event == MU_LADDER_LINK_UP) {
		ladder->link_up = true;
		ladder->refusals = 0;
	}
	if (event == MU_LADDER_BEGIN)
		ladder->down_from_ms = now_ms;
	if (event == MU_LADDER_LINK_DOWN)
		hear_link_down(ladder, value, now_ms);
	const struct row *row = find(ladder, event, value, now_ms);
	return row ? take(ladder, row, now_ms, random) : 0;
}

void mu_ladder_budget_lost(struct mu_ladder_budget *budget)
{
	*budget = (struct mu_ladder_budget){ .magic = BUDGET_MAGIC };
	spend_reboot(budget);
}

void mu_ladder_init(struct mu_ladder *ladder, struct mu_ladder_budget *budget, uint32_t spread_ms)
{
	*ladder = (struct mu_ladder){
		.state = MU_LADDER_START,
		.link_due_ms = UINT64_MAX,
		.session_due_ms = UINT64_MAX,
		.sleep_due_ms = UINT64_MAX,
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
	uint64_t deadline_ms = mu_earlier(ladder->link_due_ms, ladder->sleep_due_ms);
	return ladder->link_up ? mu_earlier(deadline_ms, ladder->session_due_ms) : deadline_ms;
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
		"dead_link", "dead_radio", "dead_device", "no_ack", "heap_starved", "timer", "link_timer", "session_timer", "sleep_timer",
	};
	return (unsigned)event < MU_LADDER_EVENTS ? names[event] : "unknown";
}

size_t mu_ladder_rows(struct mu_ladder_row *out, size_t size)
{
	static const char *const names[] = { "", "link up", "opening", "roaming, link up", "overload", "3rd loss for power save",
		"5th refusal or 3rd misfit", "10th failure", "3rd failure", "known network", "known network, refused again", "reboot allowed",
		"30 min down, not refused, reboot allowed" };

	static const char *const waits[STEPS] = { [KEEP] = "",
		[TRY] = "answer",
		[TRY_ANEW] = "answer",
		[ROAM] = "roaming",
		[SCAN] = "scan",
		[PERIOD] = "scan period",
		[LOST] = "backoff",
		[EASE] = "long backoff",
		[UP] = "none" };

	for (size_t i = 0; i < ROW_COUNT && i < size; i++) {
		out[i] = (struct mu_ladder_row){
			.state = table[i].state,
			.event = table[i].event,
			.guard = names[table[i].guard],
			.actions = table[i].actions & HANDED_OUT,
			.wait = waits[table[i].link],
			.next = table[i].next,
		};
		if (table[i].actions & RESTORED)
			out[i].actions |= MU_DO_RECORD_LINK;
	}
	return ROW_COUNT;
}
