// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "alerts/notify/signature.h"
#include "alerts/notify/time_text.h"
#include "alerts/notify/webhook.h"
#include "tests/alerts/notify/peer.h"

struct rig {
	struct event_base *base;
	struct peer peer;
	struct webhook *webhook;
	unsigned transitions; // in the log; each tenth is no notice
	bool is_unreadable;
	unsigned deliveries;
	uint64_t through;
};

static int set_up(void **state)
{
	struct rig *rig = calloc(1, sizeof *rig);
	rig->base = event_base_new();
	peer_start(&rig->peer, rig->base);
	*state = rig;
	return 0;
}

static int tear_down(void **state)
{
	struct rig *rig = *state;
	webhook_free(rig->webhook);
	peer_free(&rig->peer);
	event_base_free(rig->base);
	free(rig);
	return 0;
}

static bool is_notice(uint64_t n)
{
	return n % 10 != 0;
}

static int read_log(void *context, uint64_t after, unsigned most, void (*each)(void *to, const struct notice *notice), void *to,
	uint64_t *through)
{
	struct rig *rig = context;
	unsigned count = 0;
	if (rig->is_unreadable)
		return -1;
	for (uint64_t n = after + 1; n <= rig->transitions && count < most; n++) {
		char device[16];
		snprintf(device, sizeof device, "d%u", (unsigned)n);
		struct notice_text label = { "device", device };
		struct notice notice = { .n = n,
			.incident = n,
			.is_firing = true,
			.fired_ms = 1000 + n,
			.labels = &label,
			.label_count = 1 };
		if (is_notice(n)) {
			each(to, &notice);
			count++;
		}
		*through = n;
	}
	return (int)count;
}

static void on_delivered(void *context, uint64_t through)
{
	struct rig *rig = context;
	assert_true(through > rig->through); // never back
	rig->through = through;
	rig->deliveries++;
}

static void say(void *context, bool is_warning, const char *what, const char *where)
{
	struct rig *rig = context;
	peer_say(&rig->peer, is_warning, what, where);
}

static void begin(struct rig *rig, const char *secret, uint64_t after)
{
	char problem[256], url[128];
	struct webhook_calls calls = { read_log, on_delivered, say, rig };
	snprintf(url, sizeof url, "%s/hook?token=hush", rig->peer.url);
	struct webhook_settings settings = { url, secret, "http://muster/", 1500, after };
	rig->through = after;
	rig->webhook = webhook_new(rig->base, &settings, &calls, problem);
	if (!rig->webhook)
		fail_msg("%s", problem);
}

static struct notify_counts counts_of(const struct rig *rig)
{
	struct notify_counts counts;
	webhook_counts(rig->webhook, &counts);
	return counts;
}

static void wait_through(struct rig *rig, uint64_t through)
{
	uint64_t end_ms = time_monotonic_ms() + 15000;
	while (rig->through < through) {
		if (time_monotonic_ms() > end_ms)
			fail_msg("only through %u", (unsigned)rig->through);
		peer_run(&rig->peer, 5);
	}
}

// The transitions of one request, which must rise; returns the last, 0 if there is none.
static uint64_t check_order(const struct peer *peer, unsigned request, uint64_t before)
{
	json_t *document = peer_json(peer, request), *alerts = json_object_get(document, "alerts"), *alert;
	size_t i;
	json_array_foreach(alerts, i, alert) {
		uint64_t n = (uint64_t)json_integer_value(json_object_get(alert, "transition"));
		assert_true(n > before);
		for (uint64_t skipped = before + 1; skipped < n; skipped++)
			assert_false(is_notice(skipped)); // nothing is left out
		before = n;
	}
	json_decref(document);
	return before;
}

// All of the log, in order, in batches of at most 64; the cursor follows, over what is no notice, too.
static void test_all_in_order(void **state)
{
	struct rig *rig = *state;
	uint64_t last = 0;
	rig->transitions = 200;
	begin(rig, "", 0);
	wait_through(rig, 200);
	assert_int_equal(rig->peer.count, 3);
	for (unsigned i = 0; i < 3; i++)
		last = check_order(&rig->peer, i, last);
	assert_int_equal(last, 199);
	assert_string_equal(rig->peer.requests[0].path, "/hook?token=hush");
	assert_string_equal(rig->peer.requests[0].key, "1-71");
	assert_string_equal(rig->peer.requests[0].attempt, "1");
	assert_string_equal(rig->peer.requests[0].signature, "");
	assert_int_equal(counts_of(rig).sent, 180);
}

// It begins behind the cursor, sleeps until there is more, and wakes.
static void test_it_goes_on_where_it_was(void **state)
{
	struct rig *rig = *state;
	rig->transitions = 45;
	begin(rig, "", 42);
	wait_through(rig, 45);
	assert_string_equal(rig->peer.requests[0].key, "43-45");
	peer_run(&rig->peer, 50);
	assert_int_equal(rig->peer.count, 1);
	rig->transitions = 47;
	webhook_wake(rig->webhook);
	webhook_wake(rig->webhook);
	wait_through(rig, 47);
	assert_string_equal(rig->peer.requests[1].key, "46-47");
	assert_int_equal(rig->peer.count, 2);
}

// Nothing but what is no notice: no post, but the cursor moves, so that the log can be deleted behind it.
static void test_the_cursor_passes_what_is_no_notice(void **state)
{
	struct rig *rig = *state;
	rig->transitions = 10;
	begin(rig, "", 9);
	wait_through(rig, 10);
	assert_int_equal(rig->peer.count, 0);
	assert_int_equal(counts_of(rig).sent, 0);
}

static void test_signature(void **state)
{
	struct rig *rig = *state;
	char expected[SIGNATURE_BYTES];
	rig->transitions = 2;
	begin(rig, "top secret", 0);
	wait_through(rig, 2);
	const struct peer_request *request = &rig->peer.requests[0];
	signature_make("top secret", request->body, strlen(request->body), expected);
	assert_string_equal(request->signature, expected);
}

// Each row: an answer that does not take the batch. It is sent again as it was, later; nothing overtakes it.
static const struct peer_answer failures[] = {
	{ 500, 0, 0 },
	{ 429, "1", 0 },
	{ 404, 0, 0 }, // a proxy without its backend: no reason to lose alerts
	{ PEER_HALF, 0, "ok" },
	{ PEER_NEVER, 0, 0 },
};

static void test_failures_are_tried_again(void **state)
{
	struct rig *rig = *state;
	for (size_t i = 0; i < sizeof failures / sizeof *failures; i++) {
		struct peer_answer answers[] = { failures[i], { 0 } };
		peer_free(&rig->peer);
		peer_start(&rig->peer, rig->base);
		rig->peer.answers = answers;
		rig->peer.answer_count = 2;
		rig->transitions = 3;
		begin(rig, "", 0);
		peer_wait(&rig->peer, &rig->peer.count, 1);
		peer_run(&rig->peer, 20);
		assert_int_equal(rig->through, 0);
		rig->transitions = 5; // more comes while it waits
		webhook_wake(rig->webhook);
		wait_through(rig, 5);
		assert_string_equal(rig->peer.requests[1].body, rig->peer.requests[0].body);
		assert_string_equal(rig->peer.requests[1].key, "1-3");
		assert_string_equal(rig->peer.requests[1].attempt, "2");
		assert_string_equal(rig->peer.requests[2].key, "4-5");
		assert_int_equal(counts_of(rig).failed, 1);
		assert_int_equal(counts_of(rig).refused, 0);
		assert_int_equal(rig->peer.warnings, 1);
		assert_non_null(strstr(rig->peer.said, "takes alerts again"));
		assert_null(strstr(rig->peer.said, "hush")); // the log is no place for tokens
		webhook_free(rig->webhook);
		rig->webhook = 0;
	}
}

static void test_retry_after_is_honoured(void **state)
{
	struct rig *rig = *state;
	static const struct peer_answer answers[] = { { 503, "3", 0 }, { 0 } };
	rig->peer.answers = answers;
	rig->peer.answer_count = 2;
	rig->transitions = 1;
	begin(rig, "", 0);
	uint64_t begun_ms = time_monotonic_ms();
	wait_through(rig, 1);
	assert_in_range(time_monotonic_ms() - begun_ms, 2900, 5000);
}

static struct peer_answer refuse_two(void *context, const struct peer_request *request)
{
	(void)context;
	bool is_bad = strstr(request->body, "\"d13\"") || strstr(request->body, "\"d41\"");
	return is_bad ? (struct peer_answer){ 400, 0, "no such device" } : (struct peer_answer){ 0 };
}

// Two that the receiver refuses, among others: exactly they are passed, said and counted; the others arrive, in order.
static void test_refused_ones_do_not_stop_the_others(void **state)
{
	struct rig *rig = *state;
	bool has[101] = { false };
	rig->peer.decide = refuse_two;
	rig->transitions = 100;
	begin(rig, "", 0);
	wait_through(rig, 100);
	uint64_t last = 0;
	for (unsigned i = 0; i < rig->peer.count; i++) {
		if (refuse_two(0, &rig->peer.requests[i]).status)
			continue;
		json_t *document = peer_json(&rig->peer, i), *alert;
		size_t k;
		json_array_foreach(json_object_get(document, "alerts"), k, alert) {
			uint64_t n = (uint64_t)json_integer_value(json_object_get(alert, "transition"));
			assert_true(n > last && n <= 100);
			has[n] = true;
			last = n;
		}
		json_decref(document);
	}
	for (unsigned n = 1; n <= 100; n++)
		assert_int_equal(has[n], is_notice(n) && n != 13 && n != 41);
	assert_int_equal(counts_of(rig).refused, 2);
	assert_int_equal(counts_of(rig).sent, 88);
	assert_non_null(strstr(rig->peer.said, "transition 13, status 400, no such device"));
	assert_non_null(strstr(rig->peer.said, "transition 41, "));
}

// The store cannot be read now: asked again, nothing is passed over.
static void test_a_log_that_cannot_be_read(void **state)
{
	struct rig *rig = *state;
	rig->transitions = 1;
	rig->is_unreadable = true;
	begin(rig, "", 0);
	peer_run(&rig->peer, 50);
	assert_int_equal(rig->peer.count + rig->deliveries, 0);
	rig->is_unreadable = false;
	wait_through(rig, 1);
	assert_int_equal(rig->peer.count, 1);
}

static void test_bad_urls(void **state)
{
	struct rig *rig = *state;
	static const char *const urls[] = { "", "host/hook", "http://u:secret@host/hook", "http://host/#x" };
	for (size_t i = 0; i < sizeof urls / sizeof *urls; i++) {
		char problem[256];
		struct webhook_calls calls = { read_log, on_delivered, 0, rig };
		struct webhook_settings settings = { urls[i], "", "", 300, 0 };
		assert_null(webhook_new(rig->base, &settings, &calls, problem));
		assert_non_null(strstr(problem, "the URL of the webhook"));
	}
}

#define WITH_RIG(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_RIG(test_all_in_order),
		WITH_RIG(test_it_goes_on_where_it_was),
		WITH_RIG(test_the_cursor_passes_what_is_no_notice),
		WITH_RIG(test_signature),
		WITH_RIG(test_failures_are_tried_again),
		WITH_RIG(test_retry_after_is_honoured),
		WITH_RIG(test_refused_ones_do_not_stop_the_others),
		WITH_RIG(test_a_log_that_cannot_be_read),
		WITH_RIG(test_bad_urls),
	};
	return cmocka_run_group_tests(tests, 0, 0);
}
