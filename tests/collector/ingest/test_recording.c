// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>
#include "collector/ingest/recording.h"

static const struct {
	const char *line;
	uint64_t wall_ms;
	const char *topic, *payload; // as text
} good[] = {
	{ "1790000000.123456789 muster/v1/a/up 6f6e", UINT64_C(1790000000123), "muster/v1/a/up", "on" }, // as mosquitto_sub writes it
	{ "1790000000 t 6F6E", UINT64_C(1790000000000), "t", "on" },
	{ "1790000000.5 t 6f", UINT64_C(1790000000500), "t", "o" },  // a fraction is one of a second, however short
	{ "1.0009 t 6f", 1000, "t", "o" },                            // cut, not rounded: order is kept
	{ "1 a topic with blanks 6f", 1000, "a topic with blanks", "o" },
	{ "1 t ", 1000, "t", "" },
};

static void test_good_lines(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
		char line[128];
		const char *problem = "";
		struct recording_message message;
		snprintf(line, sizeof line, "%s", good[i].line);
		if (recording_parse(line, &message, &problem) < 0)
			fail_msg("%s: %s", good[i].line, problem);
		assert_true(message.wall_ms == good[i].wall_ms);
		assert_string_equal(message.topic, good[i].topic);
		assert_int_equal(message.size, strlen(good[i].payload));
		assert_memory_equal(message.payload, good[i].payload, message.size);
	}
}

static const struct {
	const char *line, *problem;
} bad[] = {
	{ "", "not TIME TOPIC PAYLOAD" },
	{ "1790000000", "not TIME TOPIC PAYLOAD" },
	{ "1790000000 topic", "not TIME TOPIC PAYLOAD" },
	{ "now t 6f", "the time" },
	{ ".5 t 6f", "the time" },
	{ "1.5s t 6f", "the time" },
	{ "-1 t 6f", "the time" },
	{ "1790000000000000 t 6f", "the time" }, // microseconds: would be the year 58,000
	{ "1  6f", "the topic" },
	{ "1 t 6", "the payload" },
	{ "1 t 6g", "the payload" },
	{ "1 t on", "the payload" },
};

static void test_bad_lines(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		char line[128];
		const char *problem = "";
		struct recording_message message;
		snprintf(line, sizeof line, "%s", bad[i].line);
		if (recording_parse(line, &message, &problem) == 0)
			fail_msg("taken: %s", bad[i].line);
		assert_non_null(strstr(problem, bad[i].problem));
	}
}

static void test_a_topic_has_an_end(void **state)
{
	(void)state;
	char line[RECORDING_TOPIC_MAX + 32] = "1 ";
	const char *problem;
	struct recording_message message;
	memset(line + 2, 't', RECORDING_TOPIC_MAX);
	snprintf(line + 2 + RECORDING_TOPIC_MAX, 8, " 6f");
	assert_int_equal(recording_parse(line, &message, &problem), 0);
	memset(line, 't', RECORDING_TOPIC_MAX + 4);
	memcpy(line, "1 ", 2);
	snprintf(line + 2 + RECORDING_TOPIC_MAX + 1, 8, " 6f");
	assert_int_equal(recording_parse(line, &message, &problem), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good_lines),
		cmocka_unit_test(test_bad_lines),
		cmocka_unit_test(test_a_topic_has_an_end),
	};
	return cmocka_run_group_tests(tests, 0, 0);
}
