// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include "agent/topic.h"

static void test_the_topics_of_the_specification(void **unused)
{
	(void)unused;
	static const struct {
		const char *id, *leaf, *topic;
	} rows[] = {
		{ "pump-07", "up", "muster/v1/pump-07/up" },
		{ "a", "ack", "muster/v1/a/ack" },
		{ "abcdefghijklmnopqrstuvwxyzABCD-_", "state", "muster/v1/abcdefghijklmnopqrstuvwxyzABCD-_/state" }, // the longest
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		char topic[MU_TOPIC_MAX];
		mu_topic(topic, rows[i].id, rows[i].leaf);
		assert_string_equal(topic, rows[i].topic);
		assert_true(mu_topic_is(rows[i].topic, rows[i].id, rows[i].leaf));
	}
}

static void test_what_is_none(void **unused)
{
	(void)unused;
	static const char *const others[] = {
		"muster/v1/pump-08/dn",   // of another device
		"muster/v1/pump-07/d",    // only begins so
		"muster/v1/pump-07/dn/x", // goes on
		"muster/v2/pump-07/dn",
		"",
		0,
	};
	for (size_t i = 0; i < sizeof others / sizeof *others; i++)
		assert_false(mu_topic_is(others[i], "pump-07", "dn"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_topics_of_the_specification),
		cmocka_unit_test(test_what_is_none),
	};
	return cmocka_run_group_tests(tests, 0, 0);
}
