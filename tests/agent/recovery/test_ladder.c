// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "agent/recovery/ladder.h"

#define MOST UINT32_MAX
enum { SPREAD_MS = 15000, ROWS_MAX = 64, NOW_MS = 10000000 };
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
	int32_t value;
	uint64_t down_ms;             // how long there is no link
};
#define UP \
	{ \
		.link_up = true \
	}

// Each cell: in this state and setting, this event gives these actions and leads there. Every cell that is not here must do nothing.
static const struct cell {
	int state, event;
	struct setting setting;
	uint32_t actions;
	int next;
} cells[] = {
	{ S0, MU_LADDER_BEGIN, { 0 }, CONNECT, RE },

	{ CO, MU_LADDER_SESSION_LOST, UP, RECORD, RE },
	{ CO, MU_LADDER_LINK_DOWN, UP, CLOSE | RECORD, RE },
	{ CO, MU_LADDER_DEAD_SESSION, UP, CLOSE | RECORD, RE },
	{ CO, MU_LADDER_NO_ACK, UP, CLOSE | RECORD, RE },

	{ RE, MU_LADDER_LINK_UP, { 0 }, RECORD, RE },
	{ RE, MU_LADDER_LINK_DOWN, { .failures = 8 }, CLOSE, RE },
	{ RE, MU_LADDER_LINK_DOWN, { .failures = 9 }, CLOSE | SCAN | RECORD, SC }, // the tenth
	{ RE, MU_LADDER_LINK_TIMER, { 0 }, CONNECT, RE },
	{ RE, MU_LADDER_SESSION_TIMER, UP, OPEN, RE },
	{ RE, MU_LADDER_SESSION_TIMER, { .link_up = true, .opening = true }, CLOSE, RE }, // the port never answered
	{ RE, MU_LADDER_SESSION_TIMER, { .link_up = false }, 0, RE },
	{ RE, MU_LADDER_SESSION_OPEN, UP, RECORD, CO },
	{ RE, MU_LADDER_OPEN_FAILED, UP, 0, RE },
	{ RE, MU_LADDER_SESSION_LOST, UP, 0, RE },
	{ RE, MU_LADDER_DEAD_LINK, UP, CLOSE | DISCONNECT | CONNECT | RECORD, RE },
	{ RE, MU_LADDER_DEAD_LINK, { .link_up = false }, 0, RE }, // there is none to be made anew
	{ RE, MU_LADDER_DEAD_RADIO, UP, CLOSE | RESTART | CONNECT | RECORD, RE },
	{ RE, MU_LADDER_DEAD_RADIO, { .link_up = false }, 0, RE },
	{ RE, MU_LADDER_DEAD_DEVICE, UP, REBOOT | RECORD, RE },
	{ RE, MU_LADDER_DEAD_DEVICE, { .link_up = true, .spent = true }, CLOSE | RESTART | CONNECT | RECORD, RE },
	{ RE, MU_LADDER_DEAD_DEVICE, { .link_up = false, .spent = true }, 0, RE },

	{ SC, MU_LADDER_LINK_UP, { 0 }, RECORD, RE },
	{ SC, MU_LADDER_SCAN_DONE, { .value = 2 }, RESTART | CONNECT | RECORD, FB },
	{ SC, MU_LADDER_SCAN_DONE, { .value = -1 }, RESTART | CONNECT | RECORD, FB }, // nobody can tell: try
	{ SC, MU_LADDER_SCAN_DONE, { .value = 0 }, RECORD, RC },
	{ SC, MU_LADDER_LINK_TIMER, { 0 }, RECORD, RC }, // the scan never answered

	{ FB, MU_LADDER_LINK_UP, { 0 }, RECORD, RE },
	{ FB, MU_LADDER_LINK_DOWN, { .failures = 1 }, 0, FB },
	{ FB, MU_LADDER_LINK_DOWN, { .failures = 2 }, RECORD, RC },
	{ FB, MU_LADDER_LINK_TIMER, { 0 }, CONNECT, FB },

	{ RC, MU_LADDER_LINK_UP, { 0 }, RECORD, RE },
	{ RC, MU_LADDER_SCAN_DONE, { .value = 1 }, RESTART | CONNECT | RECORD, FB },
	{ RC, MU_LADDER_SCAN_DONE, { .value = 0 }, 0, RC },
	{ RC, MU_LADDER_LINK_TIMER, { .down_ms = MU_LADDER_REBOOT_AFTER_MS - 1 }, SCAN, RC },
	{ RC, MU_LADDER_LINK_TIMER, { .down_ms = MU_LADDER_REBOOT_AFTER_MS }, REBOOT | RECORD, RC },
	{ RC, MU_LADDER_LINK_TIMER, { .down_ms = MU_LADDER_REBOOT_AFTER_MS, .spent = true }, SCAN, RC },

	{ S0, MU_LADDER_HEAP_STARVED, { 0 }, REBOOT | RECORD, S0 },
	{ CO, MU_LADDER_HEAP_STARVED, { 0 }, REBOOT | RECORD, CO },
	{ RE, MU_LADDER_HEAP_STARVED, { 0 }, REBOOT | RECORD, RE },
	{ SC, MU_LADDER_HEAP_STARVED, { 0 }, REBOOT | RECORD, SC },
	{ FB, MU_LADDER_HEAP_STARVED, { 0 }, REBOOT | RECORD, FB },
	{ RC, MU_LADDER_HEAP_STARVED, { 0 }, REBOOT | RECORD, RC },
	{ RE, MU_LADDER_HEAP_STARVED, { .spent = true }, 0, RE },
};
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
}

static void test_every_cell(void **unused)
{
	(void)unused;
	for (size_t i = 0; i < CELL_COUNT; i++) {
		struct mu_ladder_budget budget;
		struct mu_ladder ladder;
		set_up(&ladder, &budget, cells[i].state, &cells[i].setting);
		uint32_t actions = mu_ladder_post(&ladder, cells[i].event, cells[i].setting.value, NOW_MS, MOST);
		if (actions != cells[i].actions || (int)ladder.state != cells[i].next)
			fail_msg("row %zu: %s on %s gave 0x%x, %s", i, mu_ladder_state_name(cells[i].state),
				mu_ladder_event_name(cells[i].event), actions, mu_ladder_state_name(ladder.state));
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

static void actions_text(char *out, size_t size, uint32_t actions)
{
	static const char *const names[] = { "session_close", "link_disconnect", "link_restart", "link_connect", "link_scan",
		"session_open", "record", "reboot" };
	size_t used = 0;
	out[0] = 0;
	for (unsigned bit = 0; bit < 8; bit++)
		if (actions & 1u << bit)
			used += (size_t)snprintf(out + used, size - used, "%s%s", used ? ", " : "", names[bit]);
}

// The README shows the table; it must be the one that runs.
static void test_the_readme_shows_the_table(void **unused)
{
	(void)unused;
	static char readme[32768];
	struct mu_ladder_row rows[ROWS_MAX];
	FILE *file = fopen(MUSTER_SOURCE_DIR "/agent/recovery/README.md", "r");
	assert_non_null(file);
	readme[fread(readme, 1, sizeof readme - 1, file)] = 0;
	fclose(file);

	size_t count = mu_ladder_rows(rows, ROWS_MAX);
	assert_in_range(count, 1, ROWS_MAX);
	for (size_t i = 0; i < count; i++) {
		char actions[160], line[320];
		actions_text(actions, sizeof actions, rows[i].actions);
		snprintf(line, sizeof line, "| %s | %s | %s | %s | %s |\n", mu_ladder_state_name(rows[i].state),
			mu_ladder_event_name(rows[i].event), rows[i].guard, actions,
			rows[i].next == MU_LADDER_STATES ? "" : mu_ladder_state_name(rows[i].next));
		if (!strstr(readme, line))
			fail_msg("agent/recovery/README.md lacks: %s", line);
	}
	assert_int_equal(mu_ladder_rows(0, 0), count);
}

// Posts the timer when it is due, as the agent does.
static uint32_t wait(struct mu_ladder *ladder, uint64_t *now_ms)
{
	assert_true(mu_ladder_deadline_ms(ladder) != UINT64_MAX);
	if (mu_ladder_deadline_ms(ladder) > *now_ms)
		*now_ms = mu_ladder_deadline_ms(ladder);
	return mu_ladder_post(ladder, MU_LADDER_TIMER, 0, *now_ms, MOST);
}

static void connect_first(struct mu_ladder *ladder, struct mu_ladder_budget *budget, uint64_t now_ms)
{
	*budget = (struct mu_ladder_budget){ 0 };
	mu_ladder_init(ladder, budget, SPREAD_MS);
	assert_int_equal(mu_ladder_post(ladder, MU_LADDER_BEGIN, 0, now_ms, MOST), CONNECT);
	assert_int_equal(mu_ladder_post(ladder, MU_LADDER_LINK_UP, 0, now_ms, MOST), 0); // nothing was lost: nothing to record
	assert_int_equal(mu_ladder_deadline_ms(ladder), now_ms);
	assert_int_equal(mu_ladder_post(ladder, MU_LADDER_TIMER, 0, now_ms, MOST), OPEN);
	assert_int_equal(mu_ladder_post(ladder, MU_LADDER_SESSION_OPEN, 0, now_ms, MOST), 0);
	assert_int_equal(ladder->state, MU_LADDER_CONNECTED);
	assert_int_equal(mu_ladder_deadline_ms(ladder), UINT64_MAX);
}

static void test_lost_session_comes_back_spread_then_doubling(void **unused)
{
	(void)unused;
	static const uint64_t waits_ms[] = { 15000, 1000, 2000, 4000, 8000, 16000, 32000, 60000, 60000 };
	struct mu_ladder_budget budget;
	struct mu_ladder ladder;
	uint64_t now_ms = 1000;

	connect_first(&ladder, &budget, now_ms);
	mu_ladder_acked(&ladder);
	now_ms += 5000;
	mu_ladder_post(&ladder, MU_LADDER_SESSION_LOST, 0, now_ms, MOST);
	for (size_t i = 0; i < sizeof waits_ms / sizeof *waits_ms; i++) {
		uint64_t from_ms = now_ms;
		assert_int_equal(wait(&ladder, &now_ms), OPEN);
		assert_int_equal(now_ms - from_ms, waits_ms[i]);
		assert_int_equal(mu_ladder_post(&ladder, MU_LADDER_OPEN_FAILED, 0, now_ms, MOST), 0);
	}
}

// The access point restarts: all of its devices lose the link at once and get it back at once. The spread of the session must survive that.
static void test_spread_outlives_the_loss_of_the_link(void **unused)
{
	(void)unused;
	struct mu_ladder_budget budget;
	struct mu_ladder ladder;
	uint64_t now_ms = 1000;

	connect_first(&ladder, &budget, now_ms);
	mu_ladder_acked(&ladder);
	mu_ladder_post(&ladder, MU_LADDER_LINK_DOWN, 0, 2000, MOST);
	now_ms = 3000;
	assert_int_equal(wait(&ladder, &now_ms), CONNECT);
	assert_int_equal(mu_ladder_post(&ladder, MU_LADDER_LINK_UP, 0, 4000, MOST), RECORD);
	assert_int_equal(mu_ladder_deadline_ms(&ladder), 2000 + SPREAD_MS);
	now_ms = 4000;
	assert_int_equal(mu_ladder_post(&ladder, MU_LADDER_TIMER, 0, now_ms, MOST), 0); // too early
	assert_int_equal(wait(&ladder, &now_ms), OPEN);
	assert_int_equal(mu_ladder_post(&ladder, MU_LADDER_SESSION_OPEN, 0, now_ms, MOST), RECORD);
}

// A link that never comes: ten tries, a scan, three more, then a scan each 5 min and one reboot after half an hour.
static void test_way_down(void **unused)
{
	(void)unused;
	struct mu_ladder_budget budget = { 0 };
	struct mu_ladder ladder;
	uint64_t now_ms = 0, last_scan_ms = 0;
	unsigned connects = 1, scans = 0, reboots = 0;

	mu_ladder_init(&ladder, &budget, SPREAD_MS);
	mu_ladder_post(&ladder, MU_LADDER_BEGIN, 0, now_ms, MOST);
	while (ladder.state == MU_LADDER_RECONNECTING)
		connects += (wait(&ladder, &now_ms) & CONNECT) != 0;
	assert_int_equal(connects, MU_LADDER_LINK_TRIES);
	assert_int_equal(ladder.state, MU_LADDER_SCANNING);
	assert_true(mu_ladder_post(&ladder, MU_LADDER_SCAN_DONE, 1, now_ms, MOST) & RESTART);
	for (connects = 1; ladder.state == MU_LADDER_FALLBACK;)
		connects += (wait(&ladder, &now_ms) & CONNECT) != 0;
	assert_int_equal(connects, MU_LADDER_FALLBACK_TRIES);
	assert_int_equal(ladder.state, MU_LADDER_RECOVERY);
	last_scan_ms = now_ms;
	while (now_ms < 3600000) {
		uint32_t actions = wait(&ladder, &now_ms);
		reboots += (actions & REBOOT) != 0;
		if (actions & SCAN) {
			assert_int_equal(now_ms - last_scan_ms, MU_LADDER_SCAN_PERIOD_MS);
			last_scan_ms = now_ms;
			scans++;
			mu_ladder_post(&ladder, MU_LADDER_SCAN_DONE, 0, now_ms, MOST);
		}
	}
	assert_int_equal(reboots, 1);
	assert_in_range(scans, 8, 12);
}

// A link that comes and goes every few seconds is a failing link; one that held for a day and is lost is not.
static void test_only_a_link_that_held_forgets_its_failures(void **unused)
{
	(void)unused;
	struct mu_ladder_budget budget = { 0 };
	struct mu_ladder ladder;
	uint64_t now_ms = 0;

	mu_ladder_init(&ladder, &budget, SPREAD_MS);
	mu_ladder_post(&ladder, MU_LADDER_BEGIN, 0, now_ms, MOST);
	for (int i = 0; i < MU_LADDER_LINK_TRIES - 1; i++) {
		mu_ladder_post(&ladder, MU_LADDER_LINK_UP, 0, now_ms, MOST);
		mu_ladder_post(&ladder, MU_LADDER_LINK_DOWN, 0, now_ms += 5000, MOST);
		assert_int_equal(ladder.state, MU_LADDER_RECONNECTING);
		while (!(wait(&ladder, &now_ms) & CONNECT))
			;
	}
	struct mu_ladder flapping = ladder;
	mu_ladder_post(&flapping, MU_LADDER_LINK_UP, 0, now_ms, MOST);
	assert_true(mu_ladder_post(&flapping, MU_LADDER_LINK_DOWN, 0, now_ms + 5000, MOST) & SCAN);
	mu_ladder_post(&ladder, MU_LADDER_LINK_UP, 0, now_ms, MOST);
	assert_false(mu_ladder_post(&ladder, MU_LADDER_LINK_DOWN, 0, now_ms + 86400000, MOST) & SCAN);
}

static void test_budget_outlives_the_reboot(void **unused)
{
	(void)unused;
	struct mu_ladder_budget budget;
	struct mu_ladder ladder;

	memset(&budget, 0xa5, sizeof budget); // what retained memory holds after power-on
	mu_ladder_init(&ladder, &budget, SPREAD_MS);
	assert_true(mu_ladder_post(&ladder, MU_LADDER_HEAP_STARVED, 0, 900000, MOST) & REBOOT);

	struct mu_ladder next; // the boot after it, with the same retained memory
	mu_ladder_init(&next, &budget, SPREAD_MS);
	assert_int_equal(budget.reboots, 1);
	assert_int_equal(mu_ladder_post(&next, MU_LADDER_HEAP_STARVED, 0, MU_LADDER_REBOOT_PERIOD_MS - 1, MOST), 0);
	assert_true(mu_ladder_post(&next, MU_LADDER_HEAP_STARVED, 0, MU_LADDER_REBOOT_PERIOD_MS, MOST) & REBOOT);
	assert_int_equal(budget.reboots, 2);

	budget.reboots = 0; // damaged: made new, as after power-on
	mu_ladder_init(&next, &budget, SPREAD_MS);
	assert_int_equal(budget.reboots, 0);
	assert_true(mu_ladder_post(&next, MU_LADDER_HEAP_STARVED, 0, 1, MOST) & REBOOT);
}

// The link is being made anew under an open that runs: that open is in vain, and the next one waits its time.
static void test_open_in_vain(void **unused)
{
	(void)unused;
	struct mu_ladder_budget budget = { 0 };
	struct mu_ladder ladder;

	mu_ladder_init(&ladder, &budget, SPREAD_MS);
	mu_ladder_post(&ladder, MU_LADDER_BEGIN, 0, 0, MOST);
	mu_ladder_post(&ladder, MU_LADDER_LINK_UP, 0, 0, MOST);
	assert_int_equal(mu_ladder_post(&ladder, MU_LADDER_TIMER, 0, 0, MOST), OPEN);
	mu_ladder_post(&ladder, MU_LADDER_DEAD_LINK, 0, 5000, MOST);
	assert_false(ladder.link_up);
	mu_ladder_post(&ladder, MU_LADDER_LINK_UP, 0, 5100, MOST);
	assert_int_equal(mu_ladder_deadline_ms(&ladder), 5000 + MU_BACKOFF_FIRST_MS);
}

// xorshift: the same sequence each time.
static uint32_t next_random(uint32_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 17;
	*state ^= *state << 5;
	return *state;
}

// A ladder and what an agent that obeys it would know.
struct run {
	struct mu_ladder ladder;
	uint64_t now_ms;
	uint32_t random, reboots;
	bool opening;
};

static enum mu_ladder_event next_event(struct run *run)
{
	uint64_t due_ms = mu_ladder_deadline_ms(&run->ladder);
	if (due_ms == UINT64_MAX || next_random(&run->random) % 2) {
		run->now_ms += next_random(&run->random) % 100000;
		return 1 + next_random(&run->random) % MU_LADDER_HEAP_STARVED;
	}
	if (due_ms > run->now_ms)
		run->now_ms = due_ms;
	return MU_LADDER_TIMER;
}

static bool ends_an_open(enum mu_ladder_event event, uint32_t actions)
{
	return event == MU_LADDER_SESSION_LOST || event == MU_LADDER_OPEN_FAILED || event == MU_LADDER_SESSION_OPEN || (actions & CLOSE);
}

static void take_step(struct run *run)
{
	enum mu_ladder_event event = next_event(run);
	int32_t value = (int32_t)(next_random(&run->random) % 3) - 1;
	uint32_t actions = mu_ladder_post(&run->ladder, event, value, run->now_ms, next_random(&run->random));

	if (ends_an_open(event, actions))
		run->opening = false;
	if (actions & OPEN) {
		assert_false(run->opening);
		assert_true(run->ladder.link_up);
		run->opening = true;
	}
	run->reboots += (actions & REBOOT) != 0;
	assert_true(run->now_ms >= MU_LADDER_REBOOT_PERIOD_MS || run->reboots <= 1);
	if (run->ladder.state != MU_LADDER_CONNECTED && mu_ladder_deadline_ms(&run->ladder) == UINT64_MAX)
		fail_msg("at rest in %s after %s", mu_ladder_state_name(run->ladder.state), mu_ladder_event_name(event));
}

// Whatever happens in whatever order: it never comes to rest without a session (some deadline is always armed), opens only over a link and
// only one at a time, and reboots within its budget.
static void test_any_sequence_of_events(void **unused)
{
	(void)unused;
	for (uint32_t seed = 1; seed <= 200; seed++) {
		struct mu_ladder_budget budget = { 0 };
		struct run run = { .random = seed };

		mu_ladder_init(&run.ladder, &budget, SPREAD_MS);
		mu_ladder_post(&run.ladder, MU_LADDER_BEGIN, 0, 0, seed);
		for (int i = 0; i < 500; i++)
			take_step(&run);
	}
}

static void test_names(void **unused)
{
	(void)unused;
	assert_string_equal(mu_ladder_state_name(MU_LADDER_RECOVERY), "recovery");
	assert_string_equal(mu_ladder_state_name(MU_LADDER_STATES), "any");
	assert_string_equal(mu_ladder_event_name(MU_LADDER_SESSION_TIMER), "session_timer");
	assert_string_equal(mu_ladder_event_name(MU_LADDER_EVENTS), "unknown");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_cell),
		cmocka_unit_test(test_all_other_cells_do_nothing),
		cmocka_unit_test(test_the_readme_shows_the_table),
		cmocka_unit_test(test_lost_session_comes_back_spread_then_doubling),
		cmocka_unit_test(test_spread_outlives_the_loss_of_the_link),
		cmocka_unit_test(test_way_down),
		cmocka_unit_test(test_only_a_link_that_held_forgets_its_failures),
		cmocka_unit_test(test_budget_outlives_the_reboot),
		cmocka_unit_test(test_open_in_vain),
		cmocka_unit_test(test_any_sequence_of_events),
		cmocka_unit_test(test_names),
	};
	return cmocka_run_group_tests(tests, 0, 0);
}
