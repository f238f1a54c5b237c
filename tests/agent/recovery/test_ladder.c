// SPDX-License-Identifier: Apache-2.0
// How the ladder goes on over time; its table, cell by cell, is in test_ladder_table.c, the cadence of each class in test_ladder_cadence.c.
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "agent/recovery/ladder.h"

#define MOST UINT32_MAX
enum { SPREAD_MS = 15000 };
enum {
	CLOSE = MU_DO_SESSION_CLOSE,
	RESTART = MU_DO_LINK_RESTART,
	CONNECT = MU_DO_LINK_CONNECT,
	SCAN = MU_DO_LINK_SCAN,
	OPEN = MU_DO_SESSION_OPEN,
	RECORD = MU_DO_RECORD_LINK,
	REBOOT = MU_DO_REBOOT
};

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
	static const uint64_t waits_ms[] = { 15000, 30000, 30000, 30000, 30000, 30000, 32000, 60000, 60000 };
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

	mu_ladder_init(&next, &budget, SPREAD_MS); // and after ten crashes in a row
	for (int i = 0; i < 10; i++)
		mu_ladder_init(&next, &budget, SPREAD_MS);
	assert_int_equal(mu_ladder_post(&next, MU_LADDER_HEAP_STARVED, 0, MU_LADDER_REBOOT_PERIOD_MS - 1, MOST), 0);

	budget.reboots = 0; // damaged: made new, as after power-on
	mu_ladder_init(&next, &budget, SPREAD_MS);
	assert_int_equal(budget.reboots, 0);
	assert_true(mu_ladder_post(&next, MU_LADDER_HEAP_STARVED, 0, 1, MOST) & REBOOT);
}

// A chip without retained memory would pay from a fresh budget after each reboot: one each half hour.
static void test_a_lost_budget_waits_for_six_hours(void **unused)
{
	(void)unused;
	struct mu_ladder_budget budget;
	struct mu_ladder ladder;

	mu_ladder_budget_lost(&budget);
	mu_ladder_init(&ladder, &budget, SPREAD_MS);
	assert_int_equal(mu_ladder_post(&ladder, MU_LADDER_HEAP_STARVED, 0, MU_LADDER_REBOOT_PERIOD_MS - 1, MOST), 0);
	assert_true(mu_ladder_post(&ladder, MU_LADDER_HEAP_STARVED, 0, MU_LADDER_REBOOT_PERIOD_MS, MOST) & REBOOT);
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
	static const int32_t values[] = { -1, 0, 1, 2, 5, 15, 200, 202, 207, 211 }; // networks in sight, or reasons of each class
	int32_t value = values[next_random(&run->random) % (sizeof values / sizeof *values)];
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
		cmocka_unit_test(test_lost_session_comes_back_spread_then_doubling),
		cmocka_unit_test(test_spread_outlives_the_loss_of_the_link),
		cmocka_unit_test(test_way_down),
		cmocka_unit_test(test_only_a_link_that_held_forgets_its_failures),
		cmocka_unit_test(test_budget_outlives_the_reboot),
		cmocka_unit_test(test_a_lost_budget_waits_for_six_hours),
		cmocka_unit_test(test_open_in_vain),
		cmocka_unit_test(test_any_sequence_of_events),
		cmocka_unit_test(test_names),
	};
	return cmocka_run_group_tests(tests, 0, 0);
}
