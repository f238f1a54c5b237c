// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>
#include "alerts/notify/outbox.h"

enum { RESEND_MS = 60000, KEEP_MS = 900000, MANY = 2000, BATCH = 256, BYTES = 1024 * 1024 };

static struct outbox *make(unsigned targets, uint32_t alerts_max, size_t bytes_max)
{
	struct outbox_settings settings = { targets, RESEND_MS, KEEP_MS, alerts_max, bytes_max };
	struct outbox *outbox = outbox_new(&settings, 0);
	assert_non_null(outbox);
	return outbox;
}

static int put(struct outbox *outbox, unsigned number, bool is_firing, uint64_t now_ms)
{
	char labels[32];
	snprintf(labels, sizeof labels, "{\"device\":\"%u\"}", number);
	struct outbox_alert alert = { labels, is_firing ? "fires" : "ended", is_firing, 1000 + number, is_firing ? 0 : 2000 + number };
	return outbox_put(outbox, &alert, now_ms);
}

static unsigned take(struct outbox *outbox, unsigned target, struct outbox_item *items)
{
	return outbox_take(outbox, target, items, BATCH, BYTES);
}

static unsigned take_all(struct outbox *outbox, unsigned target)
{
	struct outbox_item items[BATCH];
	unsigned all = 0, count;
	while ((count = take(outbox, target, items)) > 0)
		all += count;
	return all;
}

static bool is_number(const struct outbox *outbox, const struct outbox_item *item, unsigned number)
{
	struct outbox_alert alert;
	char labels[32];
	snprintf(labels, sizeof labels, "{\"device\":\"%u\"}", number);
	return outbox_look(outbox, item, &alert) && strcmp(alert.labels, labels) == 0;
}

// News go to each target once, in their order, whatever the other targets do.
static void test_each_target_hears_the_news_in_order(void **state)
{
	(void)state;
	struct outbox *outbox = make(2, 100, BYTES);
	struct outbox_item items[BATCH];
	for (unsigned i = 0; i < 3; i++)
		assert_int_equal(put(outbox, i, true, 0), 0);
	for (unsigned target = 0; target < 2; target++) {
		assert_int_equal(outbox_waiting(outbox, target), 3);
		assert_int_equal(take(outbox, target, items), 3);
		for (unsigned i = 0; i < 3; i++)
			assert_true(is_number(outbox, &items[i], i));
		assert_int_equal(take(outbox, target, items), 0);
	}
	outbox_free(outbox);
}

// Put again before it was sent: one entry, the latest news. Labels are what names an alert.
static void test_the_latest_counts(void **state)
{
	(void)state;
	struct outbox *outbox = make(1, 100, BYTES);
	struct outbox_item items[BATCH];
	struct outbox_alert alert;
	put(outbox, 1, true, 0);
	assert_int_equal(outbox_active(outbox), 1);
	put(outbox, 1, false, 5);
	assert_int_equal(outbox_active(outbox), 0);
	assert_int_equal(take(outbox, 0, items), 1);
	assert_true(outbox_look(outbox, &items[0], &alert));
	assert_false(alert.is_firing);
	assert_string_equal(alert.details, "ended");
	assert_int_equal(alert.fired_ms, 1001);
	assert_int_equal(alert.resolved_ms, 2001);
	outbox_free(outbox);
}

// Over each interval every alert has its turn once, and in no twentieth of it more than its share by far.
static void test_repetitions_are_spread(void **state)
{
	(void)state;
	struct outbox *outbox = make(1, 100000, 16 * BYTES);
	for (unsigned i = 0; i < MANY; i++)
		put(outbox, i, true, 0);
	assert_int_equal(take_all(outbox, 0), MANY);
	for (unsigned round = 0; round < 3; round++) {
		unsigned all = 0;
		for (unsigned piece = 1; piece <= 20; piece++) {
			outbox_tick(outbox, (uint64_t)round * RESEND_MS + piece * RESEND_MS / 20);
			unsigned now = take_all(outbox, 0);
			assert_in_range(now, MANY / 20 / 2, MANY / 20 * 2);
			all += now;
		}
		assert_int_equal(all, MANY);
	}
	outbox_free(outbox);
}

// The loop stood still for an hour: everything is due once, not sixty times.
static void test_a_late_tick(void **state)
{
	(void)state;
	struct outbox *outbox = make(1, 100, BYTES);
	put(outbox, 1, true, 0);
	assert_int_equal(take_all(outbox, 0), 1);
	outbox_tick(outbox, 3600 * 1000);
	assert_int_equal(take_all(outbox, 0), 1);
	outbox_free(outbox);
}

// The tick's answer is when to come again: never at once, and often enough that an interval has many pieces.
static void test_when_to_come_again(void **state)
{
	(void)state;
	struct outbox *outbox = make(1, 100, BYTES);
	uint64_t wait_ms = outbox_tick(outbox, 1000) - 1000;
	assert_in_range(wait_ms, 20, RESEND_MS / 20);
	outbox_free(outbox);
}

static void test_resolved_are_repeated_and_forgotten(void **state)
{
	(void)state;
	struct outbox *outbox = make(1, 100, BYTES);
	put(outbox, 1, true, 0);
	put(outbox, 1, false, 0);
	unsigned told = take_all(outbox, 0);
	for (uint64_t now_ms = RESEND_MS; now_ms <= KEEP_MS + 2 * RESEND_MS; now_ms += RESEND_MS) {
		outbox_tick(outbox, now_ms);
		told += take_all(outbox, 0);
	}
	assert_int_equal(told, KEEP_MS / RESEND_MS); // the news, and each minute until the 15th
	outbox_free(outbox);
}

// Urgent ones overtake repetitions.
static void test_news_go_first(void **state)
{
	(void)state;
	struct outbox *outbox = make(1, 100, BYTES);
	struct outbox_item items[BATCH];
	put(outbox, 1, true, 0);
	take_all(outbox, 0);
	outbox_tick(outbox, RESEND_MS);
	put(outbox, 2, true, RESEND_MS);
	assert_int_equal(outbox_urgent(outbox, 0), 1);
	assert_int_equal(outbox_waiting(outbox, 0), 2);
	assert_int_equal(take(outbox, 0, items), 2);
	assert_true(is_number(outbox, &items[0], 2));
	assert_true(is_number(outbox, &items[1], 1));
	outbox_free(outbox);
}

// A batch that failed is first in line again, in its order; of an alert that changed meanwhile there is one entry, not two.
static void test_what_failed_comes_back(void **state)
{
	(void)state;
	struct outbox *outbox = make(1, 100, BYTES);
	struct outbox_item items[BATCH];
	for (unsigned i = 0; i < 4; i++)
		put(outbox, i, true, 0);
	assert_int_equal(outbox_take(outbox, 0, items, 3, BYTES), 3);
	put(outbox, 1, false, 1); // under way, and changed
	outbox_back(outbox, 0, items, 3);
	assert_int_equal(outbox_waiting(outbox, 0), 4);
	assert_int_equal(take(outbox, 0, items), 4);
	assert_true(is_number(outbox, &items[0], 0));
	assert_true(is_number(outbox, &items[1], 2));
	assert_true(is_number(outbox, &items[2], 3));
	assert_true(is_number(outbox, &items[3], 1));
	outbox_free(outbox);
}

// One target refuses an alert: it is not told again until something changes; the other target goes on.
static void test_refused_until_it_changes(void **state)
{
	(void)state;
	struct outbox *outbox = make(2, 100, BYTES);
	struct outbox_item items[BATCH];
	put(outbox, 1, true, 0);
	take_all(outbox, 1);
	assert_int_equal(take(outbox, 0, items), 1);
	outbox_refuse(outbox, 0, &items[0]);
	outbox_tick(outbox, RESEND_MS);
	assert_int_equal(take_all(outbox, 0), 0);
	assert_int_equal(take_all(outbox, 1), 1);
	put(outbox, 1, false, RESEND_MS);
	assert_int_equal(take_all(outbox, 0), 1);
	outbox_free(outbox);
}

// It changed while it was being refused: that was the old one.
static void test_news_overtake_a_refusal(void **state)
{
	(void)state;
	struct outbox *outbox = make(1, 100, BYTES);
	struct outbox_item items[BATCH];
	put(outbox, 1, true, 0);
	take(outbox, 0, items);
	put(outbox, 1, false, 1);
	outbox_refuse(outbox, 0, &items[0]);
	assert_int_equal(take_all(outbox, 0), 1);
	outbox_tick(outbox, RESEND_MS);
	assert_int_equal(take_all(outbox, 0), 1);
	outbox_free(outbox);
}

// An alert that is forgotten while it is being sent, and its slot given to another: the item knows.
static void test_a_forgotten_one_is_not_mistaken(void **state)
{
	(void)state;
	struct outbox *outbox = make(1, 1, BYTES);
	struct outbox_item items[BATCH];
	struct outbox_alert alert;
	put(outbox, 1, false, 0);
	assert_int_equal(take(outbox, 0, items), 1);
	assert_int_equal(put(outbox, 2, true, 1), 0); // makes room
	assert_false(outbox_look(outbox, &items[0], &alert));
	outbox_back(outbox, 0, items, 1);
	outbox_refuse(outbox, 0, &items[0]);
	assert_int_equal(take(outbox, 0, items), 1);
	assert_true(is_number(outbox, &items[0], 2));
	outbox_free(outbox);
}

// Full: what fires stays, new ones are refused; a resolved one that everybody knows of makes room, one that is not told yet does not.
static void test_the_bound_on_alerts(void **state)
{
	(void)state;
	struct outbox *outbox = make(2, 3, BYTES);
	for (unsigned i = 0; i < 3; i++)
		assert_int_equal(put(outbox, i, true, 0), 0);
	assert_int_equal(put(outbox, 3, true, 0), -1);
	assert_int_equal(put(outbox, 1, false, 0), 0); // a known one may always change
	assert_int_equal(put(outbox, 3, true, 0), -1);
	take_all(outbox, 0);
	assert_int_equal(put(outbox, 3, true, 0), -1); // target 1 does not know yet
	take_all(outbox, 1);
	assert_int_equal(put(outbox, 3, true, 0), 0);
	assert_int_equal(outbox_active(outbox), 3);
	outbox_free(outbox);
}

static void test_the_bound_on_bytes(void **state)
{
	(void)state;
	struct outbox *outbox = make(1, 100, 60); // two alerts of 23 bytes
	assert_int_equal(put(outbox, 1, true, 0), 0);
	assert_int_equal(put(outbox, 2, true, 0), 0);
	assert_int_equal(put(outbox, 3, true, 0), -1);
	outbox_free(outbox);
}

// A batch is bounded by bytes, but one alert always goes.
static void test_a_batch_in_bytes(void **state)
{
	(void)state;
	struct outbox *outbox = make(1, 100, BYTES);
	struct outbox_item items[BATCH];
	for (unsigned i = 0; i < 5; i++)
		put(outbox, i, true, 0); // 22 bytes each
	assert_int_equal(outbox_take(outbox, 0, items, BATCH, 50), 2);
	assert_int_equal(outbox_take(outbox, 0, items, BATCH, 1), 1);
	outbox_free(outbox);
}

// Thousands that come, change and go: the books stay right while slots are used again and again.
static void test_many(void **state)
{
	(void)state;
	struct outbox *outbox = make(3, MANY, 16 * BYTES);
	uint64_t now_ms = 0;
	for (unsigned round = 0; round < 5; round++) {
		for (unsigned i = 0; i < MANY; i++)
			assert_int_equal(put(outbox, round * MANY + i, true, now_ms), 0);
		assert_int_equal(outbox_active(outbox), MANY);
		for (unsigned i = 0; i < MANY; i++)
			assert_int_equal(put(outbox, round * MANY + i, false, now_ms), 0);
		assert_int_equal(outbox_active(outbox), 0);
		for (unsigned target = 0; target < 3; target++)
			assert_int_equal(take_all(outbox, target), MANY);
		now_ms += KEEP_MS + RESEND_MS;
		outbox_tick(outbox, now_ms); // forgets them all
		for (unsigned target = 0; target < 3; target++)
			assert_int_equal(outbox_waiting(outbox, target), 0);
	}
	outbox_free(outbox);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_target_hears_the_news_in_order),
		cmocka_unit_test(test_the_latest_counts),
		cmocka_unit_test(test_repetitions_are_spread),
		cmocka_unit_test(test_a_late_tick),
		cmocka_unit_test(test_when_to_come_again),
		cmocka_unit_test(test_resolved_are_repeated_and_forgotten),
		cmocka_unit_test(test_news_go_first),
		cmocka_unit_test(test_what_failed_comes_back),
		cmocka_unit_test(test_refused_until_it_changes),
		cmocka_unit_test(test_news_overtake_a_refusal),
		cmocka_unit_test(test_a_forgotten_one_is_not_mistaken),
		cmocka_unit_test(test_the_bound_on_alerts),
		cmocka_unit_test(test_the_bound_on_bytes),
		cmocka_unit_test(test_a_batch_in_bytes),
		cmocka_unit_test(test_many),
	};
	return cmocka_run_group_tests(tests, 0, 0);
}
