// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include "collector/ingest/topic_filter.h"

static const struct {
	const char *filter, *topic;
	bool matches;
} pairs[] = {
	{ "devices/telemetry", "devices/telemetry", true },
	{ "devices/telemetry", "devices/telemetry/", false }, // one level more, though it is empty
	{ "devices/telemetry", "devices", false },
	{ "devices/+", "devices/a", true },
	{ "devices/+", "devices/", true }, // an empty level is one
	{ "devices/+", "devices", false },
	{ "devices/+", "devices/a/b", false },
	{ "+/+/up", "a/b/up", true },
	{ "devices/#", "devices", true }, // # is the parent, too
	{ "devices/#", "devices/a/b/c", true },
	{ "devices/#", "device", false },
	{ "#", "anything/at/all", true },
	{ "#", "$SYS/broker/uptime", false }, // a wildcard at the front is not for the broker's own
	{ "+/broker", "$SYS/broker", false },
	{ "a/+", "a/+", true }, // no wildcard in a topic
	{ "a/b", "a/+", false },
	{ "a/b", "a/#", false },
};

static void test_matches(void **unused)
{
	(void)unused;
	for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++)
		assert_int_equal(topic_filter_matches(pairs[i].filter, pairs[i].topic), pairs[i].matches);
}

static const struct {
	const char *one, *other;
	bool overlaps;
} filters[] = {
	{ "a/b", "a/b", true },
	{ "a/b", "a/c", false },
	{ "a/+", "a/c", true },
	{ "a/+", "+/c", true }, // a/c is both
	{ "a/+/x", "a/b/y", false },
	{ "a/#", "a", true },
	{ "a/#", "b/#", false },
	{ "a/+/+", "a/#", true },
	{ "#", "muster/#", true },
	{ "+/v1/x", "muster/#", true },
	{ "musters/v1", "muster/#", false },
	{ "a/b/c", "a/b", false },
};

// A broker sends what matches two subscriptions twice, so the question is asked both ways round.
static void test_overlaps(void **unused)
{
	(void)unused;
	for (size_t i = 0; i < sizeof filters / sizeof *filters; i++) {
		assert_int_equal(topic_filter_overlaps(filters[i].one, filters[i].other), filters[i].overlaps);
		assert_int_equal(topic_filter_overlaps(filters[i].other, filters[i].one), filters[i].overlaps);
	}
}

static const struct {
	const char *filter, *problem; // 0: good
} checked[] = {
	{ "a/b/c", 0 },
	{ "+", 0 },
	{ "#", 0 },
	{ "a/+/b/#", 0 },
	{ "/a", 0 }, // a first level that is empty: odd, but MQTT
	{ "", "is empty" },
	{ "$SYS/#", "begins with $" },
	{ "a/b+/c", "beside other characters" },
	{ "a#", "beside other characters" },
	{ "a/#/b", "not the last level" },
};

static void test_problems(void **unused)
{
	(void)unused;
	for (size_t i = 0; i < sizeof checked / sizeof *checked; i++) {
		const char *problem = topic_filter_problem(checked[i].filter);
		assert_int_equal(problem != 0, checked[i].problem != 0);
		if (problem)
			assert_non_null(strstr(problem, checked[i].problem));
	}
}

static void test_levels(void **unused)
{
	(void)unused;
	size_t length;
	const char *level = topic_level("site/kitchen/health", 1, &length);
	assert_int_equal(length, 7);
	assert_memory_equal(level, "kitchen", 7);
	assert_non_null(topic_level("a//b", 1, &length));
	assert_int_equal(length, 0);
	assert_null(topic_level("a/b", 2, &length));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_matches),
		cmocka_unit_test(test_overlaps),
		cmocka_unit_test(test_problems),
		cmocka_unit_test(test_levels),
	};
	return cmocka_run_group_tests(tests, 0, 0);
}
