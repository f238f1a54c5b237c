// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "alerts/notify/http_post.h"
#include "alerts/notify/time_text.h"
#include "tests/alerts/notify/peer.h"

struct rig {
	struct event_base *base;
	struct peer peer;
	struct http_poster *poster;
	unsigned done;
	long status;
	char problem[256], body[HTTP_POST_BODY_BYTES + 1];
	uint64_t retry_after_ms;
};

static int set_up(void **state)
{
	struct rig *rig = calloc(1, sizeof *rig);
	rig->base = event_base_new();
	peer_start(&rig->peer, rig->base);
	rig->poster = http_poster_new(rig->base);
	*state = rig;
	return rig->poster ? 0 : -1;
}

static int tear_down(void **state)
{
	struct rig *rig = *state;
	http_poster_free(rig->poster);
	peer_free(&rig->peer);
	event_base_free(rig->base);
	free(rig);
	return 0;
}

static void on_done(void *context, const struct http_answer *answer)
{
	struct rig *rig = context;
	rig->done++;
	rig->status = answer->status;
	rig->retry_after_ms = answer->retry_after_ms;
	snprintf(rig->problem, sizeof rig->problem, "%s", answer->problem);
	snprintf(rig->body, sizeof rig->body, "%s", answer->body);
}

static void post(struct rig *rig, const char *url, uint32_t timeout_ms)
{
	char body[] = "{\"a\":1}";
	struct http_post request = { url, { "Idempotency-Key: 1-2", 0 }, body, strlen(body), timeout_ms, on_done, rig };
	assert_int_equal(http_post(rig->poster, &request), 0);
	assert_int_equal(rig->done, 0); // never from within
	memset(body, 'x', sizeof body);  // copied
}

static void test_a_post_arrives_as_it_is(void **state)
{
	struct rig *rig = *state;
	char url[128];
	snprintf(url, sizeof url, "%s/hook?x=1", rig->peer.url);
	post(rig, url, 5000);
	peer_wait(&rig->peer, &rig->done, 1);
	assert_int_equal(rig->status, 200);
	assert_string_equal(rig->problem, "");
	assert_string_equal(rig->peer.requests[0].path, "/hook?x=1");
	assert_string_equal(rig->peer.requests[0].body, "{\"a\":1}");
	assert_string_equal(rig->peer.requests[0].type, "application/json");
	assert_string_equal(rig->peer.requests[0].key, "1-2");
}

// Each row: an answer, and what is made of it.
static const struct {
	struct peer_answer answer;
	long status;
	const char *problem; // a piece of it
	const char *body;
	uint64_t retry_after_ms;
} rows[] = {
	{ { 503, "7", "busy" }, 503, "", "busy", 7000 },
	{ { 429, "soon", 0 }, 429, "", "", 0 },    // neither seconds nor a date
	{ { 429, "-5", 0 }, 429, "", "", 0 },
	{ { 400, 0, "\"bad alert\"" }, 400, "", "\"bad alert\"", 0 },
	{ { 302, 0, 0 }, 302, "", "", 0 },         // not followed
	{ { PEER_HALF, 0, "half" }, 0, "", "half", 0 },
	{ { PEER_NEVER, 0, 0 }, 0, "timed out", "", 0 },
};

static void test_answers(void **state)
{
	struct rig *rig = *state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		rig->peer.answers = &rows[i].answer;
		rig->peer.answer_count = 1;
		rig->done = 0;
		post(rig, rig->peer.url, 1500);
		peer_wait(&rig->peer, &rig->done, 1);
		assert_int_equal(rig->status, rows[i].status);
		assert_int_equal(rig->status == 0, rig->problem[0] != 0);
		assert_non_null(strstr(rig->problem, rows[i].problem));
		assert_string_equal(rig->body, rows[i].body);
		assert_true(rig->retry_after_ms == rows[i].retry_after_ms);
	}
}

// A date in Retry-After, too.
static void test_retry_after_a_date(void **state)
{
	struct rig *rig = *state;
	char date[64];
	struct tm parts;
	time_t later = time(0) + 100;
	strftime(date, sizeof date, "%a, %d %b %Y %H:%M:%S GMT", gmtime_r(&later, &parts));
	struct peer_answer answer = { 503, date, 0 };
	rig->peer.answers = &answer;
	rig->peer.answer_count = 1;
	post(rig, rig->peer.url, 5000);
	peer_wait(&rig->peer, &rig->done, 1);
	assert_in_range(rig->retry_after_ms, 90000, 101000);
}

// A long answer is kept in part, an endless one is broken off.
static void test_long_answers(void **state)
{
	struct rig *rig = *state;
	char *body = malloc(HTTP_POST_ANSWER_MAX + 2);
	memset(body, 'b', HTTP_POST_ANSWER_MAX + 1);
	body[HTTP_POST_ANSWER_MAX + 1] = 0;
	struct peer_answer answer = { 200, 0, body };
	rig->peer.answers = &answer;
	rig->peer.answer_count = 1;
	post(rig, rig->peer.url, 5000);
	peer_wait(&rig->peer, &rig->done, 1);
	assert_int_equal(rig->status, 0);
	assert_int_equal(strlen(rig->body), HTTP_POST_BODY_BYTES);
	body[HTTP_POST_ANSWER_MAX] = rig->done = 0;
	post(rig, rig->peer.url, 5000);
	peer_wait(&rig->peer, &rig->done, 1);
	assert_int_equal(rig->status, 200);
	free(body);
}

// Nobody listens: told soon, with the reason. A name that cannot be resolved does not stop the loop.
static void test_nobody_there(void **state)
{
	struct rig *rig = *state;
	peer_stop(&rig->peer);
	post(rig, rig->peer.url, 5000);
	peer_wait(&rig->peer, &rig->done, 1);
	assert_int_equal(rig->status, 0);
	assert_non_null(strstr(rig->problem, "connect"));
	rig->done = 0;
	post(rig, "http://no-such-host.invalid/", 2000);
	uint64_t begun_ms = time_monotonic_ms();
	peer_run(&rig->peer, 10);
	assert_true(time_monotonic_ms() - begun_ms < 1000);
	peer_wait(&rig->peer, &rig->done, 1);
	assert_int_equal(rig->status, 0);
}

// Freed with requests under way: nobody is called back, nothing is left (the sanitizer looks).
static void test_the_end_with_requests_under_way(void **state)
{
	struct rig *rig = *state;
	struct peer_answer never = { .status = PEER_NEVER };
	rig->peer.answers = &never;
	rig->peer.answer_count = 1;
	post(rig, rig->peer.url, 5000);
	post(rig, rig->peer.url, 5000);
	peer_wait(&rig->peer, &rig->peer.count, 2);
	http_poster_free(rig->poster);
	rig->poster = 0;
	peer_run(&rig->peer, 50);
	assert_int_equal(rig->done, 0);
}

static const struct {
	const char *url;
	int is_base, is_good;
} urls[] = {
	{ "http://127.0.0.1:9093", 1, 1 },
	{ "https://[::1]:9093/prefix/", 1, 1 },
	{ "HTTP://host", 1, 1 },
	{ "http://host/hook?token=1", 0, 1 },
	{ "http://host?x=1", 1, 0 }, // the path is appended
	{ "http://host/#x", 0, 0 },
	{ "http://user:secret@host/", 0, 0 }, // would stand in every log line
	{ "ftp://host/", 0, 0 },
	{ "host:9093", 0, 0 },
	{ "http://", 0, 0 },
	{ "http://host:99999", 0, 0 },
	{ "http://ho st/", 0, 0 },
	{ "", 0, 0 },
};

static void test_urls(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof urls / sizeof *urls; i++)
		if ((http_post_url_problem(urls[i].url, urls[i].is_base) == 0) != urls[i].is_good)
			fail_msg("%s is taken for %s", urls[i].url, urls[i].is_good ? "bad" : "good");
}

// Paths and queries of webhooks hold tokens; the log gets neither.
static void test_the_place_of_a_url(void **state)
{
	(void)state;
	char place[64];
	http_post_url_place("https://host:8443/services/T0/secret?token=1", place, sizeof place);
	assert_string_equal(place, "https://host:8443");
	http_post_url_place("http://host", place, sizeof place);
	assert_string_equal(place, "http://host");
	http_post_url_place("nonsense", place, sizeof place);
	assert_string_equal(place, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_a_post_arrives_as_it_is, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_answers, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_retry_after_a_date, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_long_answers, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_nobody_there, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_the_end_with_requests_under_way, set_up, tear_down),
		cmocka_unit_test(test_urls),
		cmocka_unit_test(test_the_place_of_a_url),
	};
	return cmocka_run_group_tests(tests, 0, 0);
}
