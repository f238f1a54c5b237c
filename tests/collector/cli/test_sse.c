// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "collector/cli/sse.h"

struct seen {
	char text[4000];
	unsigned count, most; // after so many it has enough; 0: never
};

static int take(void *context, const struct sse_event *event)
{
	struct seen *seen = context;
	size_t used = strlen(seen->text);
	snprintf(seen->text + used, sizeof seen->text - used, "%s/%s/%s;", event->name, event->id, event->data);
	return ++seen->count == seen->most;
}

static const struct {
	const char *bytes, *seen;
} rows[] = {
	{ "data: a\n\n", "message//a;" },
	{ "id: 7\nevent: alert\ndata: {\"n\":7}\n\n", "alert/7/{\"n\":7};" },
	{ "data:a\ndata: b\ndata:  c\n\n", "message//a\nb\n c;" }, // one blank belongs to the colon
	{ ": a comment\n\ndata: a\n\n", "message//a;" },
	{ "id: 9\n\ndata: a\n\n", "message/9/a;" }, // an id alone is no event, and stays
	{ "id: 9\ndata: a\n\nid\ndata: b\n\n", "message/9/a;message//b;" },
	{ "event: skipped\n\ndata: a\n\n", "message//a;" }, // a name without data is forgotten
	{ "data\n\n", "message//;" },
	{ "nonsense: 1\nretry: 5\ndata: a\n\n", "message//a;" },
	{ "data: a\r\n\r\ndata: b\r\rdata: c\n\n", "message//a;message//b;message//c;" }, // all three line ends
	{ "data: a\n", "" }, // not finished
	{ "\n\n\n", "" },
	{ "id: 123456789012345678901234567890123456\ndata: a\n\n", "message//a;" }, // an id that is too long is none
};

// In one piece, and byte by byte.
static void test_events(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		for (int piecewise = 0; piecewise < 2; piecewise++) {
			struct seen seen = { .count = 0 };
			struct sse *sse = sse_new(take, &seen);
			size_t size = strlen(rows[i].bytes), step = piecewise ? 1 : size;
			for (size_t at = 0; at < size; at += step)
				assert_int_equal(sse_feed(sse, rows[i].bytes + at, step), 0);
			if (strcmp(seen.text, rows[i].seen) != 0)
				fail_msg("row %zu: %s", i, seen.text);
			sse_free(sse);
		}
}

static void test_enough_is_enough(void **state)
{
	(void)state;
	struct seen seen = { .most = 2 };
	struct sse *sse = sse_new(take, &seen);
	static const char bytes[] = "data: a\n\ndata: b\n\ndata: c\n\n";
	assert_int_equal(sse_feed(sse, bytes, sizeof bytes - 1), 1);
	assert_string_equal(seen.text, "message//a;message//b;");
	sse_free(sse);
}

// What was half read when the connection broke is sent again by the server.
static void test_a_new_connection(void **state)
{
	(void)state;
	struct seen seen = { .count = 0 };
	struct sse *sse = sse_new(take, &seen);
	static const char before[] = "id: 4\ndata: a\n\nid: 5\nevent: alert\ndata: ha", after[] = "data: b\n\n";
	sse_feed(sse, before, sizeof before - 1);
	assert_string_equal(sse_last_id(sse), "4");
	sse_restart(sse);
	sse_feed(sse, after, sizeof after - 1);
	assert_string_equal(seen.text, "message/4/a;message/4/b;");
	sse_free(sse);
}

static void feed_many(struct sse *sse, char c, size_t count)
{
	for (size_t i = 0; i < count; i++)
		sse_feed(sse, &c, 1);
}

static void test_bounds(void **state)
{
	(void)state;
	struct seen seen = { .count = 0 };
	struct sse *sse = sse_new(take, &seen);
	sse_feed(sse, "data: ", 6);
	feed_many(sse, 'x', SSE_EVENT_MAX); // a line that is too long
	sse_feed(sse, "\n\ndata: a\n\n", 11);
	assert_string_equal(seen.text, "message//a;");
	assert_int_equal(sse_dropped(sse), 1);
	for (int i = 0; i < 3; i++) { // lines that are too many
		sse_feed(sse, "data: ", 6);
		feed_many(sse, 'x', SSE_EVENT_MAX / 2);
		sse_feed(sse, "\n", 1);
	}
	sse_feed(sse, "\ndata: b\n\n", 10);
	assert_string_equal(seen.text, "message//a;message//b;");
	assert_int_equal(sse_dropped(sse), 2);
	sse_free(sse);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_events),
		cmocka_unit_test(test_enough_is_enough),
		cmocka_unit_test(test_a_new_connection),
		cmocka_unit_test(test_bounds),
	};
	return cmocka_run_group_tests(tests, 0, 0);
}
