// SPDX-License-Identifier: Apache-2.0
// A day with a link that never comes, by the reason that ends each try: how often the ladder tries, scans, restarts the radio, and reboots.
// build/check/tests/test-agent-recovery-ladder_cadence prints a line for each.
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>

#include "agent/network/link_choice.h"
#include "agent/recovery/ladder.h"

enum { DAY_MS = 86400000, ANSWER_MS = 3000, SCAN_MS = 2200, SEEDS = 10 };

struct count {
	uint32_t least, most;
};

static const struct day {
	const char *name;
	int32_t reason;
	int32_t known; // networks in sight
	struct count connects, scans, restarts, reboots;
} days[] = {
	// Ten tries and three more after each boot, a scan each 5 min; one reboot after half an hour, and then each 6 h.
	{ "missing access point", 201, 0, { 20, 70 }, { 270, 300 }, { 0, 0 }, { 2, 4 } },
	{ "beacons seen, joins fail", 203, 1, { 600, 1000 }, { 200, 300 }, { 200, 300 }, { 2, 4 } },
	{ "port cannot scan", 201, -1, { 600, 1000 }, { 200, 300 }, { 200, 300 }, { 2, 4 } },
	// 5 tries, then one after each rest of 15 min; the radio is restarted before the first of these.
	{ "wrong password", 15, 1, { 95, 101 }, { 0, 0 }, { 1, 1 }, { 0, 0 } },
	{ "wrong password, WPA3", 202, 1, { 95, 101 }, { 0, 0 }, { 1, 1 }, { 0, 0 } },
	// 150 s on average.
	{ "no room at the access point", 5, 1, { 450, 720 }, { 0, 0 }, { 0, 0 }, { 0, 0 } },
	{ "weaker than configured, seen", 211, 1, { 270, 300 }, { 270, 300 }, { 1, 1 }, { 0, 0 } },
	{ "weaker than configured", 211, 0, { 3, 3 }, { 280, 290 }, { 0, 0 }, { 0, 0 } },
	{ "a vendor's own reason", 108, 0, { 20, 70 }, { 270, 300 }, { 0, 0 }, { 2, 4 } },
};

struct life {
	struct mu_ladder ladder;
	struct mu_ladder_budget budget;
	uint64_t now_ms, boot_ms, answer_ms; // answer_ms: of the connect or scan under way; UINT64_MAX: none
	bool scans;
	uint32_t random;
	uint32_t connects, scan_count, restarts, reboots, serves, ends;
	uint64_t rebooted_ms;
	unsigned refusals; // in a row, and until when the network rests for them: network/link's part, for the only network
	uint64_t rest_ms;
};

static uint32_t next_random(uint32_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 17;
	*state ^= *state << 5;
	return *state;
}

static void post(struct life *life, enum mu_ladder_event event, int32_t value);

static void reboot(struct life *life)
{
	assert_true(life->reboots == 0 || life->now_ms - life->rebooted_ms >= MU_LADDER_REBOOT_PERIOD_MS);
	life->reboots++;
	life->rebooted_ms = life->boot_ms = life->now_ms;
	mu_ladder_init(&life->ladder, &life->budget, 15000);
	post(life, MU_LADDER_BEGIN, 0);
}

static void post(struct life *life, enum mu_ladder_event event, int32_t value)
{
	uint32_t actions = mu_ladder_post(&life->ladder, event, value, life->now_ms - life->boot_ms, next_random(&life->random));
	life->restarts += (actions & MU_DO_LINK_RESTART) != 0;
	life->serves += (actions & MU_DO_SERVE) != 0;
	life->ends += (actions & MU_DO_SERVE_END) != 0;
	if ((actions & MU_DO_LINK_SCAN) && life->refusals) {
		post(life, MU_LADDER_SCAN_DONE, life->now_ms < life->rest_ms ? 0 : -1);
		return;
	}
	life->connects += (actions & MU_DO_LINK_CONNECT) != 0;
	life->scan_count += (actions & MU_DO_LINK_SCAN) != 0;
	if (actions & (MU_DO_LINK_CONNECT | MU_DO_LINK_SCAN)) {
		life->scans = (actions & MU_DO_LINK_SCAN) != 0;
		life->answer_ms = life->now_ms + (life->scans ? SCAN_MS : ANSWER_MS);
	}
	if (actions & MU_DO_REBOOT)
		reboot(life);
}

static void begin(struct life *life, uint32_t seed)
{
	*life = (struct life){ .random = seed * 2654435761u + 1, .answer_ms = UINT64_MAX };
	mu_ladder_init(&life->ladder, &life->budget, 15000);
	post(life, MU_LADDER_BEGIN, 0);
}

// Whatever comes next, the answer of the radio or the ladder's deadline.
static void go_on(struct life *life, int32_t reason, int32_t known)
{
	uint64_t due_ms = life->boot_ms + mu_ladder_deadline_ms(&life->ladder);
	assert_true(due_ms >= life->boot_ms); // something is always armed
	if (life->answer_ms > due_ms) {
		life->now_ms = due_ms > life->now_ms ? due_ms : life->now_ms;
		post(life, MU_LADDER_TIMER, 0);
		return;
	}
	life->now_ms = life->answer_ms;
	life->answer_ms = UINT64_MAX;
	if (!life->scans && mu_reason_class(reason) == MU_REASON_CREDENTIALS && ++life->refusals >= MU_LINK_REFUSALS)
		life->rest_ms = life->now_ms + MU_LINK_REST_MS;
	post(life, life->scans ? MU_LADDER_SCAN_DONE : MU_LADDER_LINK_DOWN, life->scans ? known : reason);
}

static void expect(const char *what, const struct day *day, uint32_t is, struct count count)
{
	if (is < count.least || is > count.most)
		fail_msg("%s: %u %s", day->name, (unsigned)is, what);
}

static void test_a_day_of_each_reason(void **unused)
{
	(void)unused;
	for (size_t i = 0; i < sizeof days / sizeof *days; i++)
		for (uint32_t seed = 1; seed <= SEEDS; seed++) {
			struct life life;
			begin(&life, seed);
			while (life.now_ms < DAY_MS)
				go_on(&life, days[i].reason, days[i].known);
			if (seed == 1)
				print_message("%-28s reason %3d: %4u connects, %4u scans, %4u restarts of the radio, %u reboots\n",
					days[i].name, (int)days[i].reason, (unsigned)life.connects, (unsigned)life.scan_count,
					(unsigned)life.restarts, (unsigned)life.reboots);
			expect("connects", &days[i], life.connects, days[i].connects);
			expect("scans", &days[i], life.scan_count, days[i].scans);
			expect("restarts", &days[i], life.restarts, days[i].restarts);
			expect("reboots", &days[i], life.reboots, days[i].reboots);
		}
}

// A passphrase that is put right is taken up within its own pause, and the own access point goes.
static void test_a_password_that_is_put_right(void **unused)
{
	(void)unused;
	struct life life;
	begin(&life, 1);
	while (life.now_ms < DAY_MS / 2 || life.ladder.state == MU_LADDER_FALLBACK)
		go_on(&life, 15, 1);
	assert_int_equal(life.ladder.state, MU_LADDER_RECOVERY);
	assert_true(life.serves > 0);
	assert_int_equal(life.ends, 0);
	uint32_t connects = life.connects;
	uint64_t from_ms = life.now_ms;
	while (life.connects == connects || life.answer_ms == UINT64_MAX)
		go_on(&life, 15, 1);
	assert_in_range(life.now_ms, from_ms, from_ms + ANSWER_MS + SCAN_MS + MU_LINK_REST_MS);
	post(&life, MU_LADDER_LINK_UP, 0);
	assert_int_equal(life.ladder.state, MU_LADDER_RECONNECTING);
	assert_int_equal(life.ends, 1);
	assert_int_equal(life.ladder.refusals, 0); // five more before the next pause
}

// Four refusals and a beacon that was missed say less than five refusals: interference looks like a wrong passphrase now and then.
static void test_refusals_count_in_a_row_only(void **unused)
{
	(void)unused;
	struct mu_ladder_budget budget = { 0 };
	struct mu_ladder ladder;
	uint64_t now_ms = 0;
	mu_ladder_init(&ladder, &budget, 15000);
	mu_ladder_post(&ladder, MU_LADDER_BEGIN, 0, 0, 0);
	for (int i = 1; i < MU_LADDER_LINK_TRIES; i++) {
		mu_ladder_post(&ladder, MU_LADDER_LINK_DOWN, i % MU_LADDER_REFUSALS ? 15 : 200, now_ms += 1000, 0);
		assert_int_equal(ladder.state, MU_LADDER_RECONNECTING);
	}
}

// Two losses of a sleeping radio a day are the air's; three in a row are power save's. Then it is off, and that is told once: until a day is over
// without another one. Where it goes off again, that takes two days the next time.
static void test_power_save_goes_off_once(void **unused)
{
	(void)unused;
	static const int32_t reasons[] = { 8, 4, 2 };
	struct mu_ladder_budget budget = { 0 };
	struct mu_ladder ladder;
	uint64_t now_ms = 0;
	uint32_t off = 0;

	mu_ladder_init(&ladder, &budget, 15000);
	mu_ladder_post(&ladder, MU_LADDER_BEGIN, 0, 0, 0);
	for (int i = 0; i < 20; i++) { // each link lasts for more than an hour
		mu_ladder_post(&ladder, MU_LADDER_LINK_UP, 0, now_ms, 0);
		now_ms += MU_LADDER_SLEEP_FORGET_MS;
		off += (mu_ladder_post(&ladder, MU_LADDER_LINK_DOWN, reasons[i % 3], now_ms, 0) & MU_DO_POWER_SAVE_OFF) != 0;
	}
	assert_int_equal(off, 0);
	for (int i = 0; i < 20; i++) {
		mu_ladder_post(&ladder, MU_LADDER_LINK_UP, 0, now_ms, 0);
		now_ms += 120000;
		off += (mu_ladder_post(&ladder, MU_LADDER_LINK_DOWN, reasons[i % 3], now_ms, 0) & MU_DO_POWER_SAVE_OFF) != 0;
		assert_int_equal(off, i >= 1); // the one before made the first
	}
	for (uint32_t times = 1; times < 4; times++) {
		mu_ladder_post(&ladder, MU_LADDER_LINK_UP, 0, now_ms, 0);
		mu_ladder_post(&ladder, MU_LADDER_TIMER, 0, now_ms, 0); // the session is opened
		mu_ladder_post(&ladder, MU_LADDER_SESSION_OPEN, 0, now_ms, 0);
		uint64_t due_ms = now_ms + (uint64_t)times * MU_LADDER_AWAKE_MS;
		assert_int_equal(mu_ladder_deadline_ms(&ladder), due_ms);
		assert_int_equal(mu_ladder_post(&ladder, MU_LADDER_TIMER, 0, due_ms - 1, 0), 0);
		assert_int_equal(mu_ladder_post(&ladder, MU_LADDER_TIMER, 0, due_ms, 0), MU_DO_POWER_SAVE_ON);
		assert_int_equal(mu_ladder_deadline_ms(&ladder), UINT64_MAX);
		now_ms = due_ms;
		for (int i = 0; i < MU_LADDER_SLEEP_LOSSES; i++) {
			off += (mu_ladder_post(&ladder, MU_LADDER_LINK_DOWN, 8, now_ms += 1000, 0) & MU_DO_POWER_SAVE_OFF) != 0;
			assert_int_equal(off, times + (i == MU_LADDER_SLEEP_LOSSES - 1));
			mu_ladder_post(&ladder, MU_LADDER_LINK_UP, 0, now_ms, 0);
		}
	}
}

// The radio is on its way to another access point: the session is not touched; if it does not arrive, that is a loss as any other.
static void test_roaming(void **unused)
{
	(void)unused;
	struct mu_ladder_budget budget = { 0 };
	struct mu_ladder ladder;
	mu_ladder_init(&ladder, &budget, 15000);
	mu_ladder_post(&ladder, MU_LADDER_BEGIN, 0, 0, 0);
	mu_ladder_post(&ladder, MU_LADDER_LINK_UP, 0, 0, 0);
	mu_ladder_post(&ladder, MU_LADDER_TIMER, 0, 0, 0);
	mu_ladder_post(&ladder, MU_LADDER_SESSION_OPEN, 0, 0, 0);
	assert_int_equal(mu_ladder_post(&ladder, MU_LADDER_LINK_DOWN, 207, 1000, 0), 0);
	assert_int_equal(mu_ladder_deadline_ms(&ladder), 1000 + MU_LADDER_ROAM_TIMEOUT_MS);
	assert_int_equal(mu_ladder_post(&ladder, MU_LADDER_LINK_UP, 0, 2000, 0), 0);
	assert_int_equal(mu_ladder_deadline_ms(&ladder), UINT64_MAX);
	assert_int_equal(ladder.state, MU_LADDER_CONNECTED);

	mu_ladder_post(&ladder, MU_LADDER_LINK_DOWN, 207, 3000, 0);
	assert_false(mu_ladder_link_overdue(&ladder, 3000 + MU_LADDER_ROAM_TIMEOUT_MS - 1));
	assert_true(mu_ladder_link_overdue(&ladder, 3000 + MU_LADDER_ROAM_TIMEOUT_MS));
	uint32_t actions = mu_ladder_post(&ladder, MU_LADDER_TIMER, 0, 3000 + MU_LADDER_ROAM_TIMEOUT_MS, 0);
	assert_int_equal(actions, MU_DO_SESSION_CLOSE | MU_DO_RECORD_LINK);
	assert_int_equal(ladder.reason, MU_REASON_NO_ANSWER);
	assert_int_equal(ladder.state, MU_LADDER_RECONNECTING);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_day_of_each_reason),
		cmocka_unit_test(test_a_password_that_is_put_right),
		cmocka_unit_test(test_refusals_count_in_a_row_only),
		cmocka_unit_test(test_power_save_goes_off_once),
		cmocka_unit_test(test_roaming),
	};
	return cmocka_run_group_tests(tests, 0, 0);
}
