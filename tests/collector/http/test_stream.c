// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <arpa/inet.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>
#include "alerts/alerts.h"
#include "collector/clock.h"
#include "collector/fleet/fleet.h"
#include "collector/http/stream.h"
#include "collector/store/store_alerts.h"
#include "tests/collector/http/served.h"

enum { TAP_BYTES = 8 * 1024 * 1024 };

// A reader of a stream, on a bare socket: it reads only when it is told to.
struct tap {
	struct served *served;
	int fd;
	bool is_closed;
	char *text;
	size_t size;
};

static struct tap request_tap(struct served *served, const char *method, const char *path, const char *header)
{
	struct tap tap = { .served = served, .fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), .text = calloc(1, TAP_BYTES) };
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons((uint16_t)http_port(served->server)) };
	const int small = 16 * 1024; // so that not the kernel keeps it all
	char request[400];
	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	setsockopt(tap.fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
	assert_int_equal(connect(tap.fd, (struct sockaddr *)&address, sizeof address), 0);
	int length = snprintf(request, sizeof request, "%s %s HTTP/1.0\r\nHost: 127.0.0.1\r\n%s\r\n", method, path, header);
	assert_int_equal(write(tap.fd, request, (size_t)length), length);
	return tap;
}

static struct tap open_tap(struct served *served, const char *path, const char *header)
{
	return request_tap(served, "GET", path, header);
}

static void read_some(struct tap *tap)
{
	ssize_t got = recv(tap->fd, tap->text + tap->size, TAP_BYTES - 1 - tap->size, MSG_DONTWAIT);
	if (got > 0)
		tap->size += (size_t)got;
	else if (got == 0 || errno != EAGAIN)
		tap->is_closed = true;
	tap->text[tap->size] = 0;
}

// The server's turns, for so long.
static void run_for(struct served *served, uint64_t ms)
{
	const struct timespec pause = { 0, 1000000 };
	for (uint64_t end_ms = clock_monotonic_ms() + ms; clock_monotonic_ms() < end_ms; nanosleep(&pause, 0))
		event_base_loop(served->base, EVLOOP_NONBLOCK);
}

// Reads until the text is there; fails after 10 s.
static void wait_for(struct tap *tap, const char *piece)
{
	for (uint64_t end_ms = clock_monotonic_ms() + 10000; !strstr(tap->text, piece);) {
		event_base_loop(tap->served->base, EVLOOP_NONBLOCK);
		read_some(tap);
		if (tap->is_closed || clock_monotonic_ms() > end_ms)
			fail_msg("no \"%s\" in: %.2000s", piece, tap->text);
	}
}

static void close_tap(struct tap *tap)
{
	close(tap->fd);
	free(tap->text);
}

// The numbers of the events so far, joined.
static const char *numbers(const struct tap *tap, char *text, size_t size)
{
	*text = 0;
	for (const char *at = tap->text; (at = strstr(at, "\n\nid: ")); at++) // the first id is not one of an event
		snprintf(text + strlen(text), size - strlen(text), "%.*s ", (int)strcspn(at + 6, "\n"), at + 6);
	return text;
}

static uint64_t change(struct served *served, const char *device, int from, int to, int severity)
{
	static uint64_t at_ms = 1000;
	at_ms += 1000;
	const struct served_alert alert = { device, "HeapLow", from, to, severity, at_ms, at_ms, 0, 4.25, 5 };
	return served_transition(served, &alert);
}

// An alert's whole life: numbers 1 to 6, and 7 on another device.
static void live(struct served *served)
{
	change(served, "edge-1", ALERT_OK, ALERT_PENDING, ALERT_WARNING);
	change(served, "edge-1", ALERT_PENDING, ALERT_FIRING, ALERT_WARNING);
	change(served, "edge-1", ALERT_FIRING, ALERT_FIRING, ALERT_CRITICAL);
	change(served, "edge-1", ALERT_FIRING, ALERT_RECOVERING, ALERT_CRITICAL);
	change(served, "edge-1", ALERT_RECOVERING, ALERT_FIRING, ALERT_CRITICAL);
	change(served, "edge-1", ALERT_FIRING, ALERT_OK, ALERT_CRITICAL);
	change(served, "edge-2", ALERT_OK, ALERT_FIRING, ALERT_INFO);
}

static void test_from_now_on_only_news(void **state)
{
	struct served *served = *state;
	char text[200];
	change(served, "edge-3", ALERT_OK, ALERT_FIRING, ALERT_WARNING); // before it came
	struct tap tap = open_tap(served, "/api/v1/alerts/stream", "");
	wait_for(&tap, "\r\n\r\n: alerts behind 1\nid: 1\n"); // at once
	assert_non_null(strstr(tap.text, "Content-Type: text/event-stream"));
	assert_int_equal(served->counters.tail_readers, 1);
	live(served);
	wait_for(&tap, "\nid: 8\nevent: alert\n");
	assert_string_equal(numbers(&tap, text, sizeof text), "3 4 7 8 ");
	assert_non_null(strstr(tap.text, "id: 3\nevent: alert\ndata: {\"device\":\"edge-1\",\"uid\":\"heaplow\",\"name\":\"HeapLow\","));
	close_tap(&tap);
}

static void test_where_a_stream_begins(void **state)
{
	struct served *served = *state;
	static const struct {
		const char *query, *header, *numbers;
	} rows[] = {
		{ "?after=0&pending=1", "", "1 2 3 4 5 6 7 8 " },
		{ "?after=5&pending=1", "", "6 7 8 " },
		{ "?after=5&pending=1", "Last-Event-ID: 6\r\n", "7 8 " }, // a browser that comes back
		{ "?pending=1", "Last-Event-ID: 6\r\n", "7 8 " },
		{ "?after=99&pending=1", "", "8 " }, // of another database: from now on
		{ "?since=0", "", "2 3 6 7 8 " },
		{ "?match=device%3Dedge-2&after=0", "", "7 8 " },
		{ "?match=severity%3D~%22crit.*%22&after=0&pending=1", "", "3 4 5 6 " },
	};
	live(served);
	struct tap taps[sizeof rows / sizeof *rows];
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		char path[200];
		snprintf(path, sizeof path, "/api/v1/alerts/stream%s", rows[i].query);
		taps[i] = open_tap(served, path, rows[i].header);
		wait_for(&taps[i], ": alerts behind");
	}
	change(served, "edge-2", ALERT_FIRING, ALERT_OK, ALERT_INFO);
	run_for(served, 100);
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		char text[200];
		read_some(&taps[i]);
		if (strcmp(numbers(&taps[i], text, sizeof text), rows[i].numbers) != 0)
			fail_msg("%s %s: %s", rows[i].query, rows[i].header, text);
		close_tap(&taps[i]);
	}
}

static void test_a_reader_that_goes_is_forgotten(void **state)
{
	struct served *served = *state;
	struct tap one = open_tap(served, "/api/v1/alerts/stream", ""), two = open_tap(served, "/api/v1/alerts/stream", "");
	wait_for(&one, ": alerts");
	wait_for(&two, ": alerts");
	assert_int_equal(served->counters.tail_readers, 2);
	close_tap(&one);
	for (int i = 0; i < 100 && served->counters.tail_readers != 1; i++)
		run_for(served, 10);
	assert_int_equal(served->counters.tail_readers, 1);
	change(served, "edge-1", ALERT_OK, ALERT_FIRING, ALERT_WARNING); // the other one goes on
	wait_for(&two, "\nid: 1\nevent: alert\n");
	close_tap(&two);
}

// Many transitions in one commit, as after an outage.
static uint64_t storm(struct served *served, unsigned count)
{
	uint64_t n = 0;
	char annotations[600];
	snprintf(annotations, sizeof annotations, "{\"summary\":\"%0400d\"}", 0);
	assert_int_equal(store_begin(served->store), 0);
	for (unsigned i = 0; i < count; i++) {
		const struct store_transition row = { .uid = "u",
			.name = "Storm",
			.from = i % 2 ? ALERT_FIRING : ALERT_OK,
			.to = i % 2 ? ALERT_OK : ALERT_FIRING,
			.severity = ALERT_WARNING,
			.at_ms = 1,
			.stored_ms = 1,
			.value = NAN,
			.threshold = NAN,
			.labels = "{\"alertname\":\"Storm\"}",
			.annotations = annotations };
		assert_int_equal(store_transition_add(served->store, &row, &n), 0);
	}
	assert_int_equal(store_commit(served->store), 0);
	http_wake(served->server, n);
	return n;
}

static void test_a_slow_reader_skips_and_a_fast_one_does_not(void **state)
{
	struct served *served = *state;
	struct tap slow = open_tap(served, "/api/v1/alerts/stream", ""), fast = open_tap(served, "/api/v1/alerts/stream", "");
	wait_for(&slow, ": alerts");
	wait_for(&fast, ": alerts");
	uint64_t newest = storm(served, 3000);
	wait_for(&fast, "\nid: 3000\nevent: alert\n"); // in one piece, though it came all at once
	assert_null(strstr(fast.text, "skipped"));
	assert_int_equal(served->counters.tail_skipped, 0);
	run_for(served, STREAM_SLOW_MS + 100); // the slow one does not read meanwhile
	assert_int_equal(newest, 3000);
	wait_for(&slow, "event: skipped\n");
	wait_for(&slow, "\"next\":3001}\n\n");
	unsigned skipped = (unsigned)strtoul(strstr(slow.text, "{\"skipped\":") + 11, 0, 10);
	assert_true(skipped > STREAM_BEHIND_MAX && skipped < 3000);
	assert_int_equal(served->counters.tail_skipped, skipped);
	char last[40];
	snprintf(last, sizeof last, "\nid: %u\nevent: alert", 3000 - skipped);
	assert_non_null(strstr(slow.text, last)); // nothing is missing before the gap
	change(served, "edge-1", ALERT_OK, ALERT_FIRING, ALERT_WARNING);
	wait_for(&slow, "\nid: 3001\nevent: alert\n"); // and it goes on
	close_tap(&slow);
	close_tap(&fast);
}

// One that reads up the past at its own pace loses nothing.
static void test_a_reader_of_the_past_is_not_hurried(void **state)
{
	struct served *served = *state;
	storm(served, 2500);
	struct tap tap = open_tap(served, "/api/v1/alerts/stream?after=0", "");
	run_for(served, STREAM_SLOW_MS + 100);
	wait_for(&tap, "\nid: 2500\nevent: alert\n");
	assert_null(strstr(tap.text, "skipped"));
	close_tap(&tap);
}

static void test_what_retention_took_is_told(void **state)
{
	struct served *served = *state;
	live(served);
	assert_int_equal(store_transition_delete(served->store, 4, INT64_MAX, 100), 4);
	struct tap tap = open_tap(served, "/api/v1/alerts/stream?after=2&pending=1", "");
	wait_for(&tap, "id: 4\nevent: skipped\ndata: {\"skipped\":2,\"next\":5}\n\nid: 5\nevent: alert\n");
	close_tap(&tap);
	tap = open_tap(served, "/api/v1/alerts/stream?after=0&pending=1", ""); // all that there is
	wait_for(&tap, "\nid: 7\nevent: alert\n");
	assert_null(strstr(tap.text, "skipped"));
	close_tap(&tap);
}

static void test_the_most_streams(void **state)
{
	struct served *served = *state;
	struct tap taps[STREAMS_MAX];
	for (int i = 0; i < STREAMS_MAX; i++) {
		taps[i] = open_tap(served, "/api/v1/alerts/stream", "");
		wait_for(&taps[i], ": alerts");
	}
	const struct served_row full = { "GET", "/api/v1/alerts/stream", 0, 0, 503, "64 streams are open" };
	served_check(served, &full, 1);
	assert_int_equal(served->counters.tail_readers, STREAMS_MAX);
	change(served, "edge-1", ALERT_OK, ALERT_FIRING, ALERT_WARNING);
	for (int i = 0; i < STREAMS_MAX; i++) {
		wait_for(&taps[i], "\nid: 1\nevent: alert\n");
		if (i % 2) // the others are open when the server ends
			close_tap(&taps[i]);
	}
	http_stop(served->server);
	for (int i = 0; i < STREAMS_MAX; i += 2)
		close_tap(&taps[i]);
	char problem[256];
	const struct http_sources sources = { served->store, served->fleet, served->commands, &served->counters, 0, 0, 0 };
	served->server = http_start(served->base, &served->settings, &sources, problem, sizeof problem);
	assert_non_null(served->server);
}

static void test_a_bad_place_and_a_question_for_the_head(void **state)
{
	struct tap tap = open_tap(*state, "/api/v1/alerts/stream", "Last-Event-ID: 1x\r\n");
	wait_for(&tap, "must be the number of a transition");
	close_tap(&tap);
	tap = request_tap(*state, "HEAD", "/api/v1/alerts/stream", "");
	wait_for(&tap, "200 OK");
	assert_int_equal(((struct served *)*state)->counters.tail_readers, 0);
	close_tap(&tap);
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, served_set_up, served_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_from_now_on_only_news),
		CASE(test_where_a_stream_begins),
		CASE(test_a_reader_that_goes_is_forgotten),
		CASE(test_a_slow_reader_skips_and_a_fast_one_does_not),
		CASE(test_a_reader_of_the_past_is_not_hurried),
		CASE(test_what_retention_took_is_told),
		CASE(test_the_most_streams),
		CASE(test_a_bad_place_and_a_question_for_the_head),
	};
	return cmocka_run_group_tests(tests, 0, 0);
}
