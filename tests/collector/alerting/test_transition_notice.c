// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>
#include "collector/alerting/transition_notice.h"

enum { OK = ALERT_OK, PENDING = ALERT_PENDING, FIRING = ALERT_FIRING, RECOVERING = ALERT_RECOVERING };

// Every change of state, and what people are told of it: nothing, that it fires, that it ended.
static const struct {
	uint32_t from, to;
	char told;
} rows[] = {
	{ OK, PENDING, '-' }, { PENDING, OK, '-' },        // was never firing
	{ OK, FIRING, 'F' }, { PENDING, FIRING, 'F' },
	{ FIRING, RECOVERING, '-' }, { RECOVERING, FIRING, '-' }, // it fired all along
	{ FIRING, OK, 'R' }, { RECOVERING, OK, 'R' },
	{ FIRING, PENDING, 'R' },                           // whatever comes next, it does not fire now
};

static struct store_transition transition_of(uint32_t from, uint32_t to)
{
	return (struct store_transition){ .n = 9,
		.incident = 7,
		.from = from,
		.to = to,
		.severity = ALERT_WARNING,
		.was_severity = ALERT_NO_SEVERITY,
		.at_ms = 3000,
		.started_ms = 1000,
		.fired_ms = 2000,
		.labels = "{}",
		.annotations = "{}" };
}

static void test_which_changes_are_told(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct store_transition transition = transition_of(rows[i].from, rows[i].to);
		assert_int_equal(transition_notice_is(&transition), rows[i].told != '-');
		if (rows[i].told == '-')
			continue;
		struct transition_notice made;
		transition_notice_make(&made, &transition);
		assert_int_equal(made.notice.is_firing, rows[i].told == 'F');
		assert_int_equal(made.notice.resolved_ms, rows[i].told == 'F' ? 0 : 3000);
		assert_int_equal(made.notice.fired_ms, 2000);
		assert_int_equal(made.notice.started_ms, 1000);
		assert_int_equal(made.notice.n, 9);
		assert_int_equal(made.notice.incident, 7);
		assert_null(made.notice.was_severity);
		transition_notice_free(&made);
	}
}

static void test_another_severity_is_told(void **state)
{
	(void)state;
	struct store_transition transition = transition_of(FIRING, FIRING);
	transition.was_severity = transition.severity;
	assert_false(transition_notice_is(&transition));
	transition.severity = ALERT_CRITICAL;
	assert_true(transition_notice_is(&transition));
	struct transition_notice made;
	transition_notice_make(&made, &transition);
	assert_true(made.notice.is_firing);
	assert_string_equal(made.notice.was_severity, "warning");
	transition_notice_free(&made);
}

static void test_an_alert_as_it_stands(void **state)
{
	(void)state;
	struct store_transition recovering = transition_of(FIRING, RECOVERING), pending = transition_of(OK, PENDING);
	assert_true(transition_notice_fires(&recovering));
	assert_false(transition_notice_fires(&pending));
}

static void test_labels(void **state)
{
	(void)state;
	struct store_transition transition = transition_of(OK, FIRING);
	struct transition_notice made;
	transition.labels = "{\"alertname\":\"HeapLow\",\"n\":1,\"device\":\"groß\"}"; // a number is no label
	transition.annotations = "{\"summary\":\"s\"}";
	transition_notice_make(&made, &transition);
	assert_int_equal(made.notice.label_count, 2);
	assert_string_equal(made.notice.labels[0].name, "alertname");
	assert_string_equal(made.notice.labels[1].text, "groß");
	assert_int_equal(made.notice.annotation_count, 1);
	assert_string_equal(made.notice.annotations[0].text, "s");
	transition_notice_free(&made);
}

// A row that was damaged is told without labels rather than not at all; a flood of labels is bounded.
static void test_texts_that_are_none(void **state)
{
	(void)state;
	static char many[8192];
	struct store_transition transition = transition_of(OK, FIRING);
	struct transition_notice made;
	transition.labels = "{\"a\":";
	transition.annotations = 0;
	transition_notice_make(&made, &transition);
	assert_int_equal(made.notice.label_count + made.notice.annotation_count, 0);
	transition_notice_free(&made);
	size_t length = (size_t)snprintf(many, sizeof many, "{\"x\":\"y\"");
	for (unsigned i = 0; i < 200; i++)
		length += (size_t)snprintf(many + length, sizeof many - length, ",\"l%u\":\"v\"", i);
	snprintf(many + length, sizeof many - length, "}");
	transition.labels = many;
	transition_notice_make(&made, &transition);
	assert_int_equal(made.notice.label_count, TRANSITION_NOTICE_TEXTS);
	transition_notice_free(&made);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_which_changes_are_told),
		cmocka_unit_test(test_another_severity_is_told),
		cmocka_unit_test(test_an_alert_as_it_stands),
		cmocka_unit_test(test_labels),
		cmocka_unit_test(test_texts_that_are_none),
	};
	return cmocka_run_group_tests(tests, 0, 0);
}
