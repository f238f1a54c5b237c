// SPDX-License-Identifier: Apache-2.0
// The table of the ladder, cell by cell: every state, event and guard; and that agent/recovery/README.md shows it as it is.
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "agent/recovery/ladder.h"

#define MOST UINT32_MAX
enum { SPREAD_MS = 15000, ROWS_MAX = 64, NOW_MS = 10000000, ALONE_MS = 99999999 };
enum {
	S0 = MU_LADDER_START,
	CO = MU_LADDER_CONNECTED,
	RE = MU_LADDER_RECONNECTING,
	SC = MU_LADDER_SCANNING,
	FB = MU_LADDER_FALLBACK,
	RC = MU_LADDER_RECOVERY
};
enum {
	CLOSE = MU_DO_SESSION_CLOSE,
	DISCONNECT = MU_DO_LINK_DISCONNECT,
	RESTART = MU_DO_LINK_RESTART,
	AWAKE = MU_DO_POWER_SAVE_OFF,
	ASLEEP = MU_DO_POWER_SAVE_ON,
	SERVE = MU_DO_SERVE,
	END = MU_DO_SERVE_END,
	CONNECT = MU_DO_LINK_CONNECT,
	SCAN = MU_DO_LINK_SCAN,
	OPEN = MU_DO_SESSION_OPEN,
	RECORD = MU_DO_RECORD_LINK,
	REBOOT = MU_DO_REBOOT
};

// What the guards look at.
struct setting {
	bool link_up, opening, spent; // spent: the reboot budget
	uint32_t failures;            // of the link, in a row, not counting this one
	int32_t value;                // of the event; of LINK_DOWN: the reason
	uint64_t down_ms;             // how long there is no link
	bool awake;                   // power save is off
	uint8_t sleep_losses;         // not counting this one
	uint8_t was, refusals;        // class of the reason before, how many of it in a row
};

// Reasons of each class.
enum { SLEEPY = 4, FULL = 5, WRONG = 15, GONE = 200, ROAMS = 207, MISFIT = 211 };

// What the next step of the link waits for.
enum { LEFT_ALONE, NONE, ANSWER = MU_LADDER_LINK_TIMEOUT_MS, ROAMING = MU_LADDER_ROAM_TIMEOUT_MS, PERIOD = MU_LADDER_SCAN_PERIOD_MS };
#define BACKOFF(failures) (1000 << (failures))
#define LONG_BACKOFF(failures) (30000 << (failures))
#define UP \
	{ \
		.link_up = true \
	}

// Each cell: in this state and setting, this event gives these actions, leads there, and lets the link wait so long at most. Every cell that is
// not here must do nothing.
static const struct cell {
	int state, event;
	struct setting setting;
	uint32_t actions;
	int next;
	int32_t wait_ms;
} cells[] = {
	{ S0, MU_LADDER_BEGIN, { 0 }, CONNECT, RE, ANSWER },

	{ CO, MU_LADDER_SESSION_LOST, UP, RECORD, RE, LEFT_ALONE },
	{ CO, MU_LADDER_LINK_UP, UP, 0, CO, NONE }, // the radio has found its way by itself
	{ CO, MU_LADDER_LINK_DOWN, { .link_up = true, .value = ROAMS }, 0, CO, ROAMING }, // the session stays
	{ CO, MU_LADDER_LINK_DOWN, { .link_up = true, .value = FULL }, CLOSE | RECORD, RE, LONG_BACKOFF(0) },
	{ CO, MU_LADDER_LINK_DOWN, { .link_up = true, .value = SLEEPY, .sleep_losses = 1 }, CLOSE | RECORD, RE, BACKOFF(0) },
	{ CO, MU_LADDER_LINK_DOWN, { .link_up = true, .value = SLEEPY, .sleep_losses = 2 }, CLOSE | RECORD | AWAKE, RE, BACKOFF(0) },
	{ CO, MU_LADDER_LINK_DOWN, { .link_up = true, .value = SLEEPY, .sleep_losses = 2, .awake = true }, CLOSE | RECORD, RE, BACKOFF(0) },
	{ CO, MU_LADDER_LINK_DOWN, { .link_up = true, .value = GONE, .sleep_losses = 3 }, CLOSE | RECORD, RE, BACKOFF(0) },
	{ CO, MU_LADDER_LINK_DOWN, { .link_up = true, .value = WRONG, .was = MU_REASON_CREDENTIALS, .refusals = 9 }, CLOSE | RECORD, RE, BACKOFF(0) },
	{ CO, MU_LADDER_LINK_DOWN, { .link_up = true, .value = MISFIT }, CLOSE | RECORD, RE, BACKOFF(0) },
	{ CO, MU_LADDER_DEAD_SESSION, UP, CLOSE | RECORD, RE, LEFT_ALONE },
	{ CO, MU_LADDER_NO_ACK, UP, CLOSE | RECORD, RE, LEFT_ALONE },

	{ RE, MU_LADDER_LINK_UP, { 0 }, RECORD, RE, NONE },
	{ RE, MU_LADDER_LINK_DOWN, { .link_up = true, .value = ROAMS }, 0, RE, ROAMING },
	{ RE, MU_LADDER_LINK_DOWN, { .link_up = false, .value = ROAMS }, CLOSE, RE, BACKOFF(0) }, // roaming from nowhere: a failed try
	{ RE, MU_LADDER_LINK_DOWN, { .value = WRONG, .was = MU_REASON_CREDENTIALS, .refusals = 3 }, CLOSE, RE, BACKOFF(0) },
	{ RE, MU_LADDER_LINK_DOWN, { .value = WRONG, .was = MU_REASON_CREDENTIALS, .refusals = 4, .failures = 9 },
		CLOSE | SERVE | RECORD, RC, PERIOD }, // the fifth, and that goes before a scan
	{ RE, MU_LADDER_LINK_DOWN, { .value = WRONG, .was = MU_REASON_CONFIGURATION, .refusals = 4 }, CLOSE, RE, BACKOFF(0) }, // not in a row
	{ RE, MU_LADDER_LINK_DOWN, { .value = MISFIT, .was = MU_REASON_CONFIGURATION, .refusals = 1 }, CLOSE, RE, BACKOFF(0) },
	{ RE, MU_LADDER_LINK_DOWN, { .value = MISFIT, .was = MU_REASON_CONFIGURATION, .refusals = 2, .failures = 9 },
		CLOSE | SERVE | RECORD, RC, PERIOD
}
,
	{ RE, MU_LADDER_LINK_DOWN, { .value = FULL, .failures = 2 }, CLOSE, RE, LONG_BACKOFF(2) },
	{ RE, MU_LADDER_LINK_DOWN, { .value = FULL, .failures = 20 }, CLOSE, RE, MU_BACKOFF_EASED_MAX_MS }, // the link is not to blame: no scan
	{ RE, MU_LADDER_LINK_DOWN, { .value = SLEEPY, .sleep_losses = 2 }, CLOSE | AWAKE, RE, BACKOFF(0) },
	{ RE, MU_LADDER_LINK_DOWN, { .value = SLEEPY, .sleep_losses = 2, .awake = true }, CLOSE, RE, BACKOFF(0) },
	{ RE, MU_LADDER_LINK_DOWN, { .value = GONE, .failures = 8 }, CLOSE, RE, MU_BACKOFF_MAX_MS },
	{ RE, MU_LADDER_LINK_DOWN, { .value = GONE, .failures = 9 }, CLOSE | SCAN | RECORD, SC, ANSWER }, // the tenth
	{ RE, MU_LADDER_LINK_DOWN, { .value = WRONG, .failures = 9 }, CLOSE | SCAN | RECORD, SC, ANSWER }, // one refusal among many failures
	{ RE, MU_LADDER_LINK_TIMER, { 0 }, CONNECT, RE, ANSWER },
	{ RE, MU_LADDER_SESSION_TIMER, UP, OPEN, RE, LEFT_ALONE },
	{ RE, MU_LADDER_SESSION_TIMER, { .link_up = true, .opening = true }, CLOSE, RE, LEFT_ALONE }, // the port never answered
	{ RE, MU_LADDER_SESSION_TIMER, { .link_up = false }, 0, RE, LEFT_ALONE },
	{ RE, MU_LADDER_SESSION_OPEN, UP, RECORD, CO, LEFT_ALONE },
	{ RE, MU_LADDER_OPEN_FAILED, UP, 0, RE, LEFT_ALONE },
	{ RE, MU_LADDER_SESSION_LOST, UP, 0, RE, LEFT_ALONE },
	{ RE, MU_LADDER_DEAD_LINK, UP, CLOSE | DISCONNECT | CONNECT | RECORD, RE, ANSWER },
	{ RE, MU_LADDER_DEAD_LINK, { .link_up = false }, 0, RE, LEFT_ALONE }, // there is none to be made anew
	{ RE, MU_LADDER_DEAD_RADIO, UP, CLOSE | RESTART | CONNECT | RECORD, RE, ANSWER },
	{ RE, MU_LADDER_DEAD_RADIO, { .link_up = false }, 0, RE, LEFT_ALONE },
	{ RE, MU_LADDER_DEAD_DEVICE, UP, REBOOT | RECORD, RE, LEFT_ALONE },
	{ RE, MU_LADDER_DEAD_DEVICE, { .link_up = true, .spent = true }, CLOSE | RESTART | CONNECT | RECORD, RE, ANSWER },
	{ RE, MU_LADDER_DEAD_DEVICE, { .link_up = false, .spent = true }, 0, RE, LEFT_ALONE },

	{ SC, MU_LADDER_LINK_UP, { 0 }, RECORD, RE, NONE },
	{ SC, MU_LADDER_SCAN_DONE, { .value = 2 }, RESTART | SERVE | CONNECT | RECORD, FB, ANSWER },
	{ SC, MU_LADDER_SCAN_DONE, { .value = -1 }, RESTART | SERVE | CONNECT | RECORD, FB, ANSWER }, // nobody can tell: try
	{ SC, MU_LADDER_SCAN_DONE, { .value = 0 }, SERVE | RECORD, RC, PERIOD },
	{ SC, MU_LADDER_LINK_TIMER, { 0 }, SERVE | RECORD, RC, PERIOD }, // the scan never answered

	{ FB, MU_LADDER_LINK_UP, { 0 }, RECORD | END, RE, NONE },
	{ FB, MU_LADDER_LINK_DOWN, { .value = WRONG, .was = MU_REASON_CREDENTIALS, .refusals = 200, .failures = 2 }, SERVE | RECORD, RC, PERIOD },
	{ FB, MU_LADDER_LINK_DOWN, { .value = WRONG, .failures = 1 }, 0, FB, BACKOFF(1) }, // the first: as any failure
	{ FB, MU_LADDER_LINK_DOWN, { .value = MISFIT, .was = MU_REASON_CONFIGURATION, .refusals = 200 }, SERVE | RECORD, RC, PERIOD },
	{ FB, MU_LADDER_LINK_DOWN, { .value = MISFIT }, 0, FB, BACKOFF(0) },
	{ FB, MU_LADDER_LINK_DOWN, { .value = FULL, .failures = 2 }, 0, FB, LONG_BACKOFF(2) },
	{ FB, MU_LADDER_LINK_DOWN, { .value = SLEEPY, .sleep_losses = 2, .failures = 1 }, AWAKE, FB, BACKOFF(1) },
	{ FB, MU_LADDER_LINK_DOWN, { .value = GONE, .failures = 1 }, 0, FB, BACKOFF(1) },
	{ FB, MU_LADDER_LINK_DOWN, { .value = GONE, .failures = 2 }, SERVE | RECORD, RC, PERIOD },
	{ FB, MU_LADDER_LINK_TIMER, { 0 }, CONNECT, FB, ANSWER },

	{ RC, MU_LADDER_LINK_UP, { 0 }, RECORD | END, RE, NONE },
	{ RC, MU_LADDER_SCAN_DONE, { .value = 1 }, RESTART | SERVE | CONNECT | RECORD, FB, ANSWER },
	{ RC, MU_LADDER_SCAN_DONE, { .value = 1, .was = MU_REASON_CREDENTIALS, .refusals = 5 }, RESTART | SERVE | CONNECT | RECORD, FB, ANSWER },
	{ RC, MU_LADDER_SCAN_DONE, { .value = 1, .was = MU_REASON_CREDENTIALS, .refusals = 6 }, SERVE | CONNECT | RECORD, FB, ANSWER }, // in vain
	{ RC, MU_LADDER_SCAN_DONE, { .value = -1, .was = MU_REASON_CONFIGURATION, .refusals = 3 }, RESTART | SERVE | CONNECT | RECORD, FB, ANSWER },
	{ RC, MU_LADDER_SCAN_DONE, { .value = -1, .was = MU_REASON_CONFIGURATION, .refusals = 4 }, SERVE | CONNECT | RECORD, FB, ANSWER },
	{ RC, MU_LADDER_SCAN_DONE, { .value = 0, .was = MU_REASON_CREDENTIALS, .refusals = 6 }, 0, RC, LEFT_ALONE },
	{ RC, MU_LADDER_SCAN_DONE, { .value = 0 }, 0, RC, LEFT_ALONE },
	{ RC, MU_LADDER_LINK_TIMER, { .down_ms = MU_LADDER_REBOOT_AFTER_MS - 1 }, SCAN, RC, PERIOD },
	{ RC, MU_LADDER_LINK_TIMER, { .down_ms = MU_LADDER_REBOOT_AFTER_MS }, REBOOT | RECORD, RC, LEFT_ALONE },
	{ RC, MU_LADDER_LINK_TIMER, { .down_ms = MU_LADDER_REBOOT_AFTER_MS, .spent = true }, SCAN, RC, PERIOD },
	{ RC, MU_LADDER_LINK_TIMER, { .down_ms = MU_LADDER_REBOOT_AFTER_MS, .refusals = 1 }, SCAN, RC, PERIOD }, // a reboot would not help

	{ S0, MU_LADDER_HEAP_STARVED, { 0 }, REBOOT | RECORD, S0, LEFT_ALONE },
	{ CO, MU_LADDER_HEAP_STARVED, { 0 }, REBOOT | RECORD, CO, LEFT_ALONE },
	{ RE, MU_LADDER_HEAP_STARVED, { 0 }, REBOOT | RECORD, RE, LEFT_ALONE },
	{ SC, MU_LADDER_HEAP_STARVED, { 0 }, REBOOT | RECORD, SC, LEFT_ALONE },
	{ FB, MU_LADDER_HEAP_STARVED, { 0 }, REBOOT | RECORD, FB, LEFT_ALONE },
	{ RC, MU_LADDER_HEAP_STARVED, { 0 }, REBOOT | RECORD, RC, LEFT_ALONE },
	{ RE, MU_LADDER_HEAP_STARVED, { .spent = true }, 0, RE, LEFT_ALONE },

	{ S0, MU_LADDER_SLEEP_TIMER, { .awake = true }, ASLEEP, S0, LEFT_ALONE },
	{ CO, MU_LADDER_SLEEP_TIMER, { .awake = true }, ASLEEP, CO, LEFT_ALONE },
	{ RE, MU_LADDER_SLEEP_TIMER, { .awake = true }, ASLEEP, RE, LEFT_ALONE },
	{ SC, MU_LADDER_SLEEP_TIMER, { .awake = true }, ASLEEP, SC, LEFT_ALONE },
	{ FB, MU_LADDER_SLEEP_TIMER, { .awake = true }, ASLEEP, FB, LEFT_ALONE },
	{ RC, MU_LADDER_SLEEP_TIMER, { .awake = true }, ASLEEP, RC, LEFT_ALONE },
}
;
enum { CELL_COUNT = sizeof cells / sizeof *cells };

static void set_up(struct mu_ladder *ladder, struct mu_ladder_budget *budget, int state, const struct setting *setting)
{
	*budget = (struct mu_ladder_budget){ 0 };
	mu_ladder_init(ladder, budget, SPREAD_MS);
	budget->reboots = setting->spent ? 1 : 0;
	ladder->state = state;
	ladder->outage = true;
	ladder->link_up = setting->link_up;
	ladder->session_trying = setting->opening;
	ladder->link.failures = setting->failures;
	ladder->down_from_ms = NOW_MS - setting->down_ms;
	ladder->sleep_due_ms = setting->awake ? ALONE_MS : UINT64_MAX;
	ladder->sleep_losses = setting->sleep_losses;
	ladder->reason_class = setting->was;
	ladder->refusals = setting->refusals;
	ladder->link_due_ms = ALONE_MS;
	ladder->link.opened_ms = NOW_MS - 1;
}

static uint64_t due_ms(int32_t wait_ms)
{
	return wait_ms == LEFT_ALONE ? ALONE_MS : wait_ms == NONE ? UINT64_MAX : (uint64_t)(NOW_MS + wait_ms);
}

static void test_every_cell(void **unused)
{
	(void)unused;
	for (size_t i = 0; i < CELL_COUNT; i++) {
		struct mu_ladder_budget budget;
		struct mu_ladder ladder;
		set_up(&ladder, &budget, cells[i].state, &cells[i].setting);
		uint32_t actions = mu_ladder_post(&ladder, cells[i].event, cells[i].setting.value, NOW_MS, MOST);
		bool good = actions == cells[i].actions && (int)ladder.state == cells[i].next;
		if (!good || ladder.link_due_ms != due_ms(cells[i].wait_ms))
			fail_msg("cell %zu: %s on %s gave 0x%x, %s, due at %llu", i, mu_ladder_state_name(cells[i].state),
				mu_ladder_event_name(cells[i].event), actions, mu_ladder_state_name(ladder.state),
				(unsigned long long)ladder.link_due_ms);
	}
}

static bool is_listed(int state, int event)
{
	for (size_t i = 0; i < CELL_COUNT; i++)
		if (cells[i].state == state && cells[i].event == event)
			return true;
	return false;
}

static void test_all_other_cells_do_nothing(void **unused)
{
	(void)unused;
	static const struct setting settings[] = { UP, { 0 }, { .failures = 20, .value = 1, .down_ms = NOW_MS } };
	for (int state = 0; state < MU_LADDER_STATES; state++)
		for (int event = 0; event < MU_LADDER_EVENTS; event++)
			for (size_t i = 0; i < sizeof settings / sizeof *settings && !is_listed(state, event); i++) {
				struct mu_ladder_budget budget;
				struct mu_ladder ladder;
				set_up(&ladder, &budget, state, &settings[i]);
				assert_int_equal(mu_ladder_post(&ladder, event, settings[i].value, NOW_MS, MOST), 0);
				assert_int_equal(ladder.state, state);
			}
}

// A row that no cell walks is a row that nobody has looked at.
static void test_every_row_has_a_cell(void **unused)
{
	(void)unused;
	struct mu_ladder_row rows[ROWS_MAX];
	size_t count = mu_ladder_rows(rows, ROWS_MAX);
	for (size_t i = 0; i < count; i++) {
		bool walked = false;
		for (size_t k = 0; k < CELL_COUNT && !walked; k++) {
			int next = rows[i].next == MU_LADDER_STATES ? cells[k].state : (int)rows[i].next;
			walked = (rows[i].state == MU_LADDER_STATES || (int)rows[i].state == cells[k].state) &&
				(int)rows[i].event == cells[k].event && rows[i].actions == cells[k].actions && next == cells[k].next;
		}
		if (!walked)
			fail_msg("%s on %s, %s: no cell", mu_ladder_state_name(rows[i].state), mu_ladder_event_name(rows[i].event),
				rows[i].guard);
	}
}

static void actions_text(char *out, size_t size, uint32_t actions)
{
	static const char *const names[] = { "session_close", "link_disconnect", "link_restart", "power_save_off", "power_save_on", "serve",
		"serve_end", "link_connect", "link_scan", "session_open", "record", "reboot" };
	size_t used = 0;
	out[0] = 0;
	for (unsigned bit = 0; bit < sizeof names / sizeof *names; bit++)
		if (actions & 1u << bit)
			used += (size_t)snprintf(out + used, size - used, "%s%s", used ? ", " : "", names[bit]);
}

static char readme[32768];

static int read_readme(void **unused)
{
	(void)unused;
	FILE *file = fopen(MUSTER_SOURCE_DIR "/agent/recovery/README.md", "r");
	if (!file)
		return -1;
	readme[fread(readme, 1, sizeof readme - 1, file)] = 0;
	return fclose(file);
}

static void expect_in_readme(const char *line)
{
	if (!strstr(readme, line))
		fail_msg("agent/recovery/README.md lacks: %s", line);
}

// The README shows the table; it must be the one that runs.
static void test_the_readme_shows_the_table(void **unused)
{
	(void)unused;
	struct mu_ladder_row rows[ROWS_MAX];
	size_t count = mu_ladder_rows(rows, ROWS_MAX);
	assert_in_range(count, 1, ROWS_MAX);
	for (size_t i = 0; i < count; i++) {
		char actions[160], line[320];
		actions_text(actions, sizeof actions, rows[i].actions);
		snprintf(line, sizeof line, "| %s | %s | %s | %s | %s | %s |\n", mu_ladder_state_name(rows[i].state),
			mu_ladder_event_name(rows[i].event), rows[i].guard, actions, rows[i].wait,
			rows[i].next == MU_LADDER_STATES ? "" : mu_ladder_state_name(rows[i].next));
		expect_in_readme(line);
	}
	assert_int_equal(mu_ladder_rows(0, 0), count);
}

// ... and its waits are the ones that are waited. What they are in real life shows test_ladder_cadence.c.
static void test_the_readme_shows_the_waits(void **unused)
{
	(void)unused;
	static const struct {
		const char *format;
		int32_t first, second;
	} rows[] = {
		{ "| answer | %d s |\n", MU_LADDER_LINK_TIMEOUT_MS, 0 },
		{ "| scan | %d s |\n", MU_LADDER_LINK_TIMEOUT_MS, 0 },
		{ "| roaming | %d s |\n", MU_LADDER_ROAM_TIMEOUT_MS, 0 },
		{ "| backoff | at random within %d s, doubling to %d s |\n", MU_BACKOFF_FIRST_MS, MU_BACKOFF_MAX_MS },
		{ "| long backoff | at random within %d s, doubling to %d s |\n", MU_BACKOFF_EASED_FIRST_MS, MU_BACKOFF_EASED_MAX_MS },
		{ "| scan period | %d s |\n", MU_LADDER_SCAN_PERIOD_MS, 0 },
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		char line[160];
		snprintf(line, sizeof line, rows[i].format, rows[i].first / 1000, rows[i].second / 1000);
		expect_in_readme(line);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_cell),
		cmocka_unit_test(test_all_other_cells_do_nothing),
		cmocka_unit_test(test_every_row_has_a_cell),
		cmocka_unit_test(test_the_readme_shows_the_table),
		cmocka_unit_test(test_the_readme_shows_the_waits),
	};
	return cmocka_run_group_tests(tests, read_readme, 0);
}
