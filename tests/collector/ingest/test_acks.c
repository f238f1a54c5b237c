// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdbool.h>
#include <string.h>
#include "collector/ingest/acks.h"

static uint64_t now_ms;
static unsigned sent[3000];
static uint64_t last_ms[3000];
static bool is_down;

static int send_one(void *context, uint32_t dev)
{
	(void)context;
	if (is_down)
		return -1;
	assert_true(!sent[dev] || now_ms - last_ms[dev] >= ACKS_URGENT_MS); // whatever is asked for, and when
	sent[dev]++;
	last_ms[dev] = now_ms;
	return 0;
}

static struct acks *make(void)
{
	memset(sent, 0, sizeof sent);
	memset(last_ms, 0, sizeof last_ms);
	is_down = false;
	now_ms = 1000000;
	struct acks *acks = acks_new(send_one, 0, now_ms);
	assert_non_null(acks);
	return acks;
}

static void pass(struct acks *acks, uint64_t ms)
{
	for (uint64_t end = now_ms + ms; now_ms < end;) {
		now_ms += ACKS_SLOT_MS;
		acks_step(acks, now_ms);
	}
}

static void test_first_at_once_then_one_a_second(void **unused)
{
	(void)unused;
	struct acks *acks = make();
	assert_int_equal(acks_ask(acks, 7, false, now_ms), 0);
	assert_int_equal(sent[7], 1);
	uint64_t first_ms = now_ms;
	for (int i = 0; i < 20; i++) {
		assert_int_equal(acks_ask(acks, 7, false, now_ms), 1);
		pass(acks, 40);
	}
	assert_int_equal(sent[7], 1);
	pass(acks, 400);
	assert_int_equal(sent[7], 2); // all that was asked for in one
	assert_in_range(last_ms[7] - first_ms, ACKS_EVERY_MS, ACKS_EVERY_MS + 2 * ACKS_SLOT_MS);
	pass(acks, 3000);
	assert_int_equal(sent[7], 2); // and none without being asked
	acks_free(acks);
}

static void test_urgent_goes_ahead(void **unused)
{
	(void)unused;
	struct acks *acks = make();
	acks_ask(acks, 1, false, now_ms);
	acks_ask(acks, 1, false, now_ms); // waits for its second
	pass(acks, 200);
	assert_int_equal(acks_ask(acks, 1, true, now_ms), 0);
	assert_int_equal(sent[1], 2);
	assert_int_equal(acks_ask(acks, 1, true, now_ms), 1); // not two within ACKS_URGENT_MS
	pass(acks, 3000);
	assert_int_equal(sent[1], 3); // the waiting one went with the urgent one
	acks_free(acks);
}

// One waits for its second already when the device sends again: the urgent one must not wait along with it.
static void test_urgent_overtakes_the_one_that_waits(void **unused)
{
	(void)unused;
	struct acks *acks = make();
	uint64_t first_ms = now_ms;
	for (uint32_t dev = 4; dev <= 7; dev++) {
		assert_int_equal(acks_ask(acks, dev, false, now_ms), 0);
		assert_int_equal(acks_ask(acks, dev, false, now_ms), 1); // all four wait in one slot
	}
	for (uint32_t dev = 6; dev >= 5; dev--) // two neighbours leave it, those around them stay
		for (int i = 0; i < 2; i++)
			assert_int_equal(acks_ask(acks, dev, true, now_ms + 20), 1);
	pass(acks, 300);
	for (uint32_t dev = 4; dev <= 7; dev++)
		assert_int_equal(sent[dev], dev == 5 || dev == 6 ? 2 : 1);
	assert_in_range(last_ms[5] - first_ms, ACKS_URGENT_MS, ACKS_URGENT_MS + 2 * ACKS_SLOT_MS);
	assert_in_range(last_ms[6] - first_ms, ACKS_URGENT_MS, ACKS_URGENT_MS + 2 * ACKS_SLOT_MS);
	pass(acks, 3000);
	for (uint32_t dev = 4; dev <= 7; dev++)
		assert_int_equal(sent[dev], 2);
	acks_free(acks);
}

// Any mix of askers: never two within the least pause, and nobody who asked waits for more than a second and two slots.
static void test_any_order_keeps_both_promises(void **unused)
{
	(void)unused;
	enum { DEVICES = 40 };
	struct acks *acks = make();
	uint64_t asked_ms[DEVICES] = { 0 }, before_ms[DEVICES] = { 0 };
	uint32_t random = 1;
	for (int i = 0; i < 20000; i++) {
		random = random * 1664525 + 1013904223;
		uint32_t dev = random >> 16 & 0xff;
		if (dev < DEVICES) {
			bool is_urgent = random >> 30 == 3;
			if (!asked_ms[dev])
				asked_ms[dev] = now_ms;
			acks_ask(acks, dev, is_urgent, now_ms);
		}
		if (random >> 24 & 1)
			pass(acks, ACKS_SLOT_MS);
		for (dev = 0; dev < DEVICES; dev++) {
			if (last_ms[dev] != before_ms[dev]) {
				before_ms[dev] = last_ms[dev];
				asked_ms[dev] = 0;
			}
			assert_true(!asked_ms[dev] || now_ms - asked_ms[dev] <= ACKS_EVERY_MS + 2 * ACKS_SLOT_MS);
		}
	}
	acks_free(acks);
}

static void test_downlink_away(void **unused)
{
	(void)unused;
	struct acks *acks = make();
	is_down = true;
	assert_int_equal(acks_ask(acks, 2, false, now_ms), 1);
	pass(acks, 5000);
	assert_int_equal(sent[2], 0);
	is_down = false;
	pass(acks, 1200);
	assert_int_equal(sent[2], 1);
	acks_free(acks);
}

static void test_many_devices_and_a_long_pause(void **unused)
{
	(void)unused;
	struct acks *acks = make();
	for (int round = 0; round < 2; round++)
		for (uint32_t dev = 0; dev < 3000; dev++)
			acks_ask(acks, dev, false, now_ms);
	now_ms += 100000; // the loop stood still
	acks_step(acks, now_ms);
	for (uint32_t dev = 0; dev < 3000; dev++)
		assert_int_equal(sent[dev], 2);
	acks_free(acks);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_first_at_once_then_one_a_second),
		cmocka_unit_test(test_urgent_goes_ahead),
		cmocka_unit_test(test_urgent_overtakes_the_one_that_waits),
		cmocka_unit_test(test_any_order_keeps_both_promises),
		cmocka_unit_test(test_downlink_away),
		cmocka_unit_test(test_many_devices_and_a_long_pause),
	};
	return cmocka_run_group_tests(tests, 0, 0);
}
