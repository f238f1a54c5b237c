// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "alerts/notify/alertmanager.h"
#include "alerts/notify/time_text.h"
#include "tests/alerts/notify/peer.h"

enum { RESEND_MS = 1000, SLOW_RESEND_MS = 3600 * 1000 };

struct rig {
	struct event_base *base;
	struct peer peer, other;
	struct alertmanager *alertmanager;
};

static int set_up(void **state)
{
	struct rig *rig = calloc(1, sizeof *rig);
	rig->base = event_base_new();
	peer_start(&rig->peer, rig->base);
	peer_start(&rig->other, rig->base);
	*state = rig;
	return 0;
}

static int tear_down(void **state)
{
	struct rig *rig = *state;
	alertmanager_free(rig->alertmanager);
	peer_free(&rig->peer);
	peer_free(&rig->other);
	event_base_free(rig->base);
	free(rig);
	return 0;
}

static void begin(struct rig *rig, const char *urls, uint32_t resend_ms)
{
	char problem[256];
	struct alertmanager_settings settings = { urls, resend_ms, 1500, "http://muster/", peer_say, &rig->peer };
	rig->alertmanager = alertmanager_new(rig->base, &settings, problem);
	if (!rig->alertmanager)
		fail_msg("%s", problem);
}

// Alert number of device NUMBER. severity 0: warning.
static void put_of(struct rig *rig, unsigned number, bool is_firing, const char *severity, const char *was)
{
	char device[16];
	snprintf(device, sizeof device, "d%u", number);
	struct notice_text labels[] = { { "alertname", "HeapLow" }, { "device", device }, { "severity", severity } };
	struct notice notice = { .n = number, .is_firing = is_firing, .labels = labels, .label_count = 3, .was_severity = was };
	notice.fired_ms = time_now_ms() - 10000;
	notice.at_ms = time_now_ms();
	notice.resolved_ms = is_firing ? 0 : notice.at_ms;
	alertmanager_put(rig->alertmanager, &notice);
}

static void put(struct rig *rig, unsigned number, bool is_firing)
{
	put_of(rig, number, is_firing, "warning", 0);
}

static struct notify_counts counts_of(const struct rig *rig)
{
	struct notify_counts counts;
	alertmanager_counts(rig->alertmanager, &counts);
	return counts;
}

static const char *label(const json_t *alert, const char *name)
{
	return json_string_value(json_object_get(json_object_get(alert, "labels"), name));
}

static bool is_over(const json_t *alert)
{
	return strcmp(json_string_value(json_object_get(alert, "endsAt")), time_text(time_now_ms()).text) <= 0;
}

// How many alerts of the requests so far the peer answered with 200 if it refuses what has the label device=poison.
static struct peer_answer refuse_poison(void *context, const struct peer_request *request)
{
	unsigned *taken = context;
	if (strstr(request->body, "poison"))
		return (struct peer_answer){ 400, 0, "\"invalid label set\"" };
	json_t *alerts = json_loads(request->body, 0, 0);
	*taken += (unsigned)json_array_size(alerts);
	json_decref(alerts);
	return (struct peer_answer){ 0 };
}

// What is put in one turn of the loop goes in one request, at once.
static void test_news_go_at_once(void **state)
{
	struct rig *rig = *state;
	begin(rig, rig->peer.url, SLOW_RESEND_MS);
	uint64_t begun_ms = time_monotonic_ms();
	for (unsigned i = 0; i < 3; i++)
		put(rig, i, true);
	peer_wait(&rig->peer, &rig->peer.count, 1);
	assert_true(time_monotonic_ms() - begun_ms < 2000);
	json_t *alerts = peer_json(&rig->peer, 0);
	assert_string_equal(rig->peer.requests[0].path, "/api/v2/alerts");
	assert_string_equal(rig->peer.requests[0].type, "application/json");
	assert_int_equal(json_array_size(alerts), 3);
	assert_string_equal(label(json_array_get(alerts, 1), "device"), "d1");
	assert_false(is_over(json_array_get(alerts, 1)));
	assert_string_equal(json_string_value(json_object_get(json_array_get(alerts, 1), "generatorURL")), "http://muster/");
	json_decref(alerts);
	peer_run(&rig->peer, 50);
	assert_int_equal(rig->peer.count, 1);
	assert_int_equal(counts_of(rig).sent, 3);
	assert_int_equal(counts_of(rig).active, 3);
	assert_int_equal(counts_of(rig).waiting, 0);
	assert_true(counts_of(rig).last_success_ms > 0);
}

static void test_resolved(void **state)
{
	struct rig *rig = *state;
	begin(rig, rig->peer.url, SLOW_RESEND_MS);
	put(rig, 1, true);
	peer_wait(&rig->peer, &rig->peer.count, 1);
	peer_run(&rig->peer, 20);
	put(rig, 1, false);
	peer_wait(&rig->peer, &rig->peer.count, 2);
	json_t *alerts = peer_json(&rig->peer, 1);
	assert_int_equal(json_array_size(alerts), 1);
	assert_true(is_over(json_array_get(alerts, 0)));
	json_decref(alerts);
	assert_int_equal(counts_of(rig).active, 0);
}

// For an Alertmanager another severity is another alert: the old one must end, or it would fire on.
static void test_a_severity_that_changes(void **state)
{
	struct rig *rig = *state;
	begin(rig, rig->peer.url, SLOW_RESEND_MS);
	put_of(rig, 1, true, "critical", "warning");
	peer_wait(&rig->peer, &rig->peer.count, 1);
	json_t *alerts = peer_json(&rig->peer, 0);
	assert_int_equal(json_array_size(alerts), 2);
	assert_string_equal(label(json_array_get(alerts, 0), "severity"), "warning");
	assert_true(is_over(json_array_get(alerts, 0)));
	assert_string_equal(label(json_array_get(alerts, 1), "severity"), "critical");
	assert_false(is_over(json_array_get(alerts, 1)));
	json_decref(alerts);
}

// Again and again, resolved ones too: an Alertmanager that was restarted knows nothing.
static void test_repetition(void **state)
{
	struct rig *rig = *state;
	begin(rig, rig->peer.url, RESEND_MS);
	put(rig, 1, true);
	put(rig, 2, false);
	peer_wait(&rig->peer, &rig->peer.count, 1);
	peer_run(&rig->peer, 20);
	uint64_t sent = counts_of(rig).sent, begun_ms = time_monotonic_ms();
	while (counts_of(rig).sent < sent + 6) // three rounds of both
		peer_run(&rig->peer, 10);
	assert_in_range(time_monotonic_ms() - begun_ms, 2 * RESEND_MS - 100, 3 * RESEND_MS + 3000);
}

// A batch of 256 with one that is refused: all others get through, in few requests; the offender is said, counted and left alone.
static void test_one_poisoned_alert(void **state)
{
	struct rig *rig = *state;
	unsigned taken = 0;
	rig->peer.decide = refuse_poison;
	rig->peer.context = &taken;
	begin(rig, rig->peer.url, SLOW_RESEND_MS);
	for (unsigned i = 0; i < 256; i++)
		put_of(rig, i, true, i == 77 ? "poison" : "warning", 0);
	peer_wait(&rig->peer, &taken, 255);
	peer_run(&rig->peer, 300);
	assert_int_equal(taken, 255);
	assert_in_range(rig->peer.count, 9, 17);
	assert_int_equal(counts_of(rig).sent, 255);
	assert_int_equal(counts_of(rig).refused, 1);
	assert_int_equal(counts_of(rig).failed, 0);
	assert_int_equal(counts_of(rig).waiting, 0);
	assert_int_equal(rig->peer.warnings, 1);
	assert_non_null(strstr(rig->peer.said, "refuses an alert"));
	assert_non_null(strstr(rig->peer.said, "\"device\":\"d77\""));
	assert_non_null(strstr(rig->peer.said, "invalid label set"));
}

// 422 means that we sent what is no alert at all: handled alike, but said as our own bug.
static struct peer_answer cannot_read_poison(void *context, const struct peer_request *request)
{
	struct peer_answer answer = refuse_poison(context, request);
	return answer.status ? (struct peer_answer){ 422, 0, "{\"code\":602}" } : answer;
}

static void test_422_is_a_bug(void **state)
{
	struct rig *rig = *state;
	unsigned taken = 0;
	rig->peer.decide = cannot_read_poison;
	rig->peer.context = &taken;
	begin(rig, rig->peer.url, SLOW_RESEND_MS);
	put(rig, 1, true);
	put_of(rig, 2, true, "poison", 0);
	peer_wait(&rig->peer, &taken, 1);
	peer_run(&rig->peer, 100);
	assert_int_equal(counts_of(rig).refused, 1);
	assert_non_null(strstr(rig->peer.said, "a bug of musterd"));
}

// Something that refuses everything is no Alertmanager (or a proxy before one): no alert may be given up for that.
static void test_all_refused_is_not_the_alerts_fault(void **state)
{
	struct rig *rig = *state;
	static const struct peer_answer answers[] = { { 400, 0, "what?" }, { 400, 0, 0 }, { 400, 0, 0 }, { 0 } };
	rig->peer.answers = answers;
	rig->peer.answer_count = 4; // two alerts: the batch and each half
	begin(rig, rig->peer.url, SLOW_RESEND_MS);
	put(rig, 1, true);
	put(rig, 2, true);
	peer_wait(&rig->peer, &rig->peer.count, 4);
	peer_run(&rig->peer, 20);
	assert_int_equal(counts_of(rig).refused, 0);
	assert_int_equal(counts_of(rig).failed, 1);
	assert_int_equal(counts_of(rig).sent, 2);
	assert_non_null(strstr(rig->peer.said, "is this an Alertmanager?"));
}

// Each row: an answer that says nothing about the alerts. They are kept, and sent again after about a second.
static const struct peer_answer failures[] = {
	{ 500, 0, "\"oops\"" },
	{ 503, "1", 0 },
	{ 429, 0, 0 },
	{ 401, 0, 0 }, // somebody will put the login right
	{ 404, 0, 0 }, // and the URL
	{ 301, 0, 0 },
	{ PEER_HALF, 0, "{" },
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
		begin(rig, rig->peer.url, SLOW_RESEND_MS);
		put(rig, 1, true);
		peer_wait(&rig->peer, &rig->peer.count, 1);
		peer_wait(&rig->peer, &rig->peer.count, 2);
		peer_run(&rig->peer, 20);
		assert_non_null(strstr(rig->peer.requests[1].body, "\"device\":\"d1\""));
		assert_int_equal(counts_of(rig).failed, 1);
		assert_int_equal(counts_of(rig).sent, 1);
		assert_int_equal(counts_of(rig).refused, 0);
		assert_int_equal(rig->peer.warnings, 1);
		assert_non_null(strstr(rig->peer.said, "takes alerts again"));
		alertmanager_free(rig->alertmanager);
		rig->alertmanager = 0;
	}
}

// One that is away delays nobody; once it is back it has everything, too.
static void test_each_by_itself(void **state)
{
	struct rig *rig = *state;
	char urls[160];
	snprintf(urls, sizeof urls, " %s \t%s/prefix/ ", rig->peer.url, rig->other.url);
	peer_stop(&rig->peer);
	begin(rig, urls, SLOW_RESEND_MS);
	put(rig, 1, true);
	peer_wait(&rig->other, &rig->other.count, 1);
	assert_string_equal(rig->other.requests[0].path, "/prefix/api/v2/alerts");
	put(rig, 2, true);
	peer_wait(&rig->other, &rig->other.count, 2);
	assert_int_equal(counts_of(rig).waiting, 2);
	peer_again(&rig->peer);
	peer_wait(&rig->peer, &rig->peer.count, 1);
	json_t *alerts = peer_json(&rig->peer, 0);
	assert_int_equal(json_array_size(alerts), 2);
	json_decref(alerts);
}

// The clean end: what waits goes out; one that is away is not waited for.
static void test_drain(void **state)
{
	struct rig *rig = *state;
	char urls[160];
	snprintf(urls, sizeof urls, "%s %s", rig->peer.url, rig->other.url);
	peer_stop(&rig->other);
	begin(rig, urls, SLOW_RESEND_MS);
	for (unsigned i = 0; i < 600; i++)
		put(rig, i, true);
	uint64_t begun_ms = time_monotonic_ms();
	alertmanager_drain(rig->alertmanager, 5000);
	assert_true(time_monotonic_ms() - begun_ms < 3000);
	assert_int_equal(counts_of(rig).sent, 600);
	assert_int_equal(rig->peer.count, 3); // at most 256 in each
}

static void test_drain_is_bounded(void **state)
{
	struct rig *rig = *state;
	struct peer_answer never = { .status = PEER_NEVER };
	rig->peer.answers = &never;
	rig->peer.answer_count = 1;
	begin(rig, rig->peer.url, SLOW_RESEND_MS);
	put(rig, 1, true);
	uint64_t begun_ms = time_monotonic_ms();
	alertmanager_drain(rig->alertmanager, 200);
	assert_in_range(time_monotonic_ms() - begun_ms, 150, 2000);
}

// Each row: settings that are refused, and a piece of the reason.
static const struct {
	const char *urls, *page, *problem;
} bad[] = {
	{ "", "", "no Alertmanager" },
	{ "  ", "", "no Alertmanager" },
	{ "localhost:9093", "", "localhost:9093 is not a URL" },
	{ "http://a http://b ftp://c", "", "ftp://c" },
	{ "http://u:p@a", "", "user name" },
	{ "http://a?x=1", "", "query" },
	{ "http://1 http://2 http://3 http://4 http://5 http://6 http://7 http://8 http://9", "", "more than 8" },
	{ "http://a", "muster.local", "page, muster.local" }, // an Alertmanager would refuse each whole batch for it
};

static void test_bad_settings(void **state)
{
	struct rig *rig = *state;
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		char problem[256];
		struct alertmanager_settings settings = { bad[i].urls, 1000, 500, bad[i].page, 0, 0 };
		assert_null(alertmanager_new(rig->base, &settings, problem));
		if (!strstr(problem, bad[i].problem))
			fail_msg("%s: %s", bad[i].urls, problem);
	}
}

#define WITH_RIG(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_RIG(test_news_go_at_once),
		WITH_RIG(test_resolved),
		WITH_RIG(test_a_severity_that_changes),
		WITH_RIG(test_repetition),
		WITH_RIG(test_one_poisoned_alert),
		WITH_RIG(test_422_is_a_bug),
		WITH_RIG(test_all_refused_is_not_the_alerts_fault),
		WITH_RIG(test_failures_are_tried_again),
		WITH_RIG(test_each_by_itself),
		WITH_RIG(test_drain),
		WITH_RIG(test_drain_is_bounded),
		WITH_RIG(test_bad_settings),
	};
	return cmocka_run_group_tests(tests, 0, 0);
}
