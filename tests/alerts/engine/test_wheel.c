// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include "alerts/engine/wheel.h"

enum { IDS = 300 };

static uint32_t random_state;

static uint32_t next(uint32_t below)
{
	random_state = random_state * 1664525 + 1013904223;
	return (random_state >> 8) % below;
}

static struct wheel *wheel_at(uint64_t now_ms, uint32_t ids)
{
	uint64_t deadline_ms;
	struct wheel *wheel = wheel_new();
	assert_non_null(wheel);
	assert_int_equal(wheel_reserve(wheel, ids), 0);
	assert_true(wheel_pop(wheel, now_ms, &deadline_ms) == WHEEL_NONE);
	return wheel;
}

static void test_nothing_is_due_without_timers(void **unused)
{
	(void)unused;
	struct wheel *wheel = wheel_at(1790000000000, 4);
	assert_true(wheel_next(wheel) == WHEEL_NEVER);
	assert_true(wheel_deadline(wheel, 2) == WHEEL_NEVER);
	assert_true(wheel_deadline(wheel, 4000) == WHEEL_NEVER);
	wheel_free(wheel);
	wheel_free(0);
}

// Both in one tick: the order is by the millisecond, then by id; and nothing comes early.
static void test_order_within_a_tick(void **unused)
{
	(void)unused;
	uint64_t t = UINT64_C(1790000000000), deadline_ms;
	struct wheel *wheel = wheel_at(t, 8);
	wheel_arm(wheel, 3, t + 1001);
	wheel_arm(wheel, 2, t + 1002);
	wheel_arm(wheel, 1, t + 1001);
	wheel_arm(wheel, 0, t + 1000);
	assert_true(wheel_pop(wheel, t + 999, &deadline_ms) == WHEEL_NONE);
	assert_int_equal(wheel_pop(wheel, t + 5000, &deadline_ms), 0);
	assert_int_equal(wheel_pop(wheel, t + 5000, &deadline_ms), 1);
	assert_int_equal(wheel_pop(wheel, t + 1001, &deadline_ms), 3);
	assert_true(deadline_ms == t + 1001);
	assert_true(wheel_pop(wheel, t + 1001, &deadline_ms) == WHEEL_NONE);
	assert_true(wheel_next(wheel) == t + 1002);
	wheel_free(wheel);
}

static void test_the_past_is_due_at_once(void **unused)
{
	(void)unused;
	uint64_t t = UINT64_C(1790000000000), deadline_ms;
	struct wheel *wheel = wheel_at(t, 2);
	wheel_arm(wheel, 1, 5);
	assert_true(wheel_next(wheel) == 5);
	assert_int_equal(wheel_pop(wheel, t, &deadline_ms), 1);
	assert_true(deadline_ms == 5);
	wheel_arm(wheel, 1, UINT64_MAX - 1); // beyond all time: it is kept, and nothing overflows
	assert_true(wheel_pop(wheel, UINT64_C(1) << 41, &deadline_ms) == WHEEL_NONE);
	wheel_free(wheel);
}

// The timer that the model says is next, or WHEEL_NONE.
static uint32_t model_next(const uint64_t *deadlines, uint64_t now_ms)
{
	uint32_t best = WHEEL_NONE;
	for (uint32_t id = 0; id < IDS; id++)
		if (deadlines[id] <= now_ms && (best == WHEEL_NONE || deadlines[id] < deadlines[best]))
			best = id;
	return best;
}

static uint64_t model_least(const uint64_t *deadlines)
{
	uint64_t least = WHEEL_NEVER;
	for (uint32_t id = 0; id < IDS; id++)
		least = deadlines[id] < least ? deadlines[id] : least;
	return least;
}

// Spans from within a tick to years, so that each level is used; timers are moved, taken away, set again while others are popped.
static uint64_t span(void)
{
	static const uint32_t spans_ms[] = { 1, 100, 5000, 60000, 3600000, 86400000, 2000000000 };
	uint64_t ms = next(spans_ms[next(7)]);
	return next(50) ? ms : ms * 40;
}

static void run_against_model(struct wheel *wheel, uint64_t now_ms)
{
	static uint64_t deadlines[IDS];
	for (uint32_t id = 0; id < IDS; id++)
		deadlines[id] = WHEEL_NEVER;
	for (unsigned step = 0; step < 4000; step++) {
		for (unsigned i = next(6); i > 0; i--) {
			uint32_t id = next(IDS);
			deadlines[id] = next(10) ? now_ms + span() : next(2) ? WHEEL_NEVER : now_ms - next(1000);
			wheel_arm(wheel, id, deadlines[id]);
			assert_true(wheel_deadline(wheel, id) == deadlines[id]);
		}
		assert_true(wheel_next(wheel) <= model_least(deadlines));
		now_ms += span() / 8;
		for (;;) {
			uint64_t deadline_ms = 0;
			uint32_t should = model_next(deadlines, now_ms), is = wheel_pop(wheel, now_ms, &deadline_ms);
			if (is != should)
				fail_msg("step %u: timer %u, expected %u", step, is, should);
			if (is == WHEEL_NONE)
				break;
			assert_true(deadline_ms == deadlines[is]);
			deadlines[is] = next(4) ? WHEEL_NEVER : now_ms + span();
			wheel_arm(wheel, is, deadlines[is]);
		}
	}
}

static void test_as_a_sorted_list(void **unused)
{
	(void)unused;
	for (random_state = 1; random_state < 6; random_state++) {
		uint32_t seed = random_state;
		struct wheel *wheel = wheel_at(seed == 5 ? 0 : UINT64_C(1790000000000), IDS); // 5: a wheel that nobody told the time
		run_against_model(wheel, UINT64_C(1790000000000));
		wheel_free(wheel);
		random_state = seed;
	}
}

// next is at most one slot of its level early, so who sleeps until then wakes up a few times, not all the time.
static void test_next_comes_nearer_in_few_steps(void **unused)
{
	(void)unused;
	uint64_t t = UINT64_C(1790000000000), due = t + UINT64_C(40) * 86400000, deadline_ms;
	struct wheel *wheel = wheel_at(t, 1);
	unsigned wakes = 0;
	wheel_arm(wheel, 0, due);
	for (uint64_t now = t; wheel_pop(wheel, now, &deadline_ms) == WHEEL_NONE; wakes++) {
		assert_true(wheel_next(wheel) > now && wheel_next(wheel) <= due);
		now = wheel_next(wheel);
	}
	assert_true(wakes <= 6);
	wheel_free(wheel);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nothing_is_due_without_timers),
		cmocka_unit_test(test_order_within_a_tick),
		cmocka_unit_test(test_the_past_is_due_at_once),
		cmocka_unit_test(test_as_a_sorted_list),
		cmocka_unit_test(test_next_comes_nearer_in_few_steps),
	};
	return cmocka_run_group_tests(tests, 0, 0);
}
