// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <math.h>
#include <string.h>
#include "alerts/engine/alert.h"

// Every cell of the table, with its reason.
static const struct {
	enum alert_state from;
	enum alert_input input;
	enum alert_state to;
	const char *why;
} cells[] = {
	{ ALERT_OK, ALERT_TRUE, ALERT_PENDING, "" },
	{ ALERT_OK, ALERT_TRUE_LONG, ALERT_FIRING, "no `for`" },
	{ ALERT_OK, ALERT_HELD, ALERT_OK, "`clear` says when firing ends, never when it begins" },
	{ ALERT_OK, ALERT_FALSE, ALERT_OK, "" },
	{ ALERT_OK, ALERT_FALSE_LONG, ALERT_OK, "" },
	{ ALERT_OK, ALERT_UNKNOWN, ALERT_OK, "" },
	{ ALERT_PENDING, ALERT_TRUE, ALERT_PENDING, "" },
	{ ALERT_PENDING, ALERT_TRUE_LONG, ALERT_FIRING, "" },
	{ ALERT_PENDING, ALERT_HELD, ALERT_OK, "it was never firing, so there is nothing to clear" },
	{ ALERT_PENDING, ALERT_FALSE, ALERT_OK, "" },
	{ ALERT_PENDING, ALERT_FALSE_LONG, ALERT_OK, "" },
	{ ALERT_PENDING, ALERT_UNKNOWN, ALERT_PENDING, "a sample that is missing does not start `for` again" },
	{ ALERT_FIRING, ALERT_TRUE, ALERT_FIRING, "" },
	{ ALERT_FIRING, ALERT_TRUE_LONG, ALERT_FIRING, "" },
	{ ALERT_FIRING, ALERT_HELD, ALERT_FIRING, "better, but not clear" },
	{ ALERT_FIRING, ALERT_FALSE, ALERT_RECOVERING, "" },
	{ ALERT_FIRING, ALERT_FALSE_LONG, ALERT_OK, "no `keep_firing_for`" },
	{ ALERT_FIRING, ALERT_UNKNOWN, ALERT_FIRING, "silence never resolves" },
	{ ALERT_RECOVERING, ALERT_TRUE, ALERT_FIRING, "a relapse, the same incident" },
	{ ALERT_RECOVERING, ALERT_TRUE_LONG, ALERT_FIRING, "" },
	{ ALERT_RECOVERING, ALERT_HELD, ALERT_FIRING, "no longer clear" },
	{ ALERT_RECOVERING, ALERT_FALSE, ALERT_RECOVERING, "" },
	{ ALERT_RECOVERING, ALERT_FALSE_LONG, ALERT_OK, "" },
	{ ALERT_RECOVERING, ALERT_UNKNOWN, ALERT_RECOVERING, "" },
};

static void test_every_cell(void **unused)
{
	(void)unused;
	assert_int_equal(sizeof cells / sizeof *cells, 4 * ALERT_INPUTS);
	for (size_t i = 0; i < sizeof cells / sizeof *cells; i++)
		if (alert_next(cells[i].from, cells[i].input) != cells[i].to)
			fail_msg("%s, input %d: %s, expected %s (%s)", alert_state_name(cells[i].from), cells[i].input,
				alert_state_name(alert_next(cells[i].from, cells[i].input)), alert_state_name(cells[i].to), cells[i].why);
}

static void test_names_lead_back(void **unused)
{
	(void)unused;
	for (int i = 0; i < 4; i++)
		assert_int_equal(alert_state_find(alert_state_name(i)), i);
	assert_int_equal(alert_state_find("resolved"), -1);
	assert_string_equal(alert_state_name(4), "");
}

// Nothing of the transition is pointed at: its texts are gone when the callback returns.
static void test_a_new_alert_owns_its_texts(void **unused)
{
	(void)unused;
	char uid[] = "low", name[] = "HeapLow", label[] = "device", text[] = "d1", note[] = "summary", said[] = "low on memory";
	struct alert_text labels[] = { { label, text } }, annotations[] = { { note, said } };
	const struct alert_transition t = {
		.uid = uid,
		.name = name,
		.to = ALERT_FIRING,
		.severity = ALERT_CRITICAL,
		.at_ms = 3,
		.started_ms = 1,
		.fired_ms = 2,
		.incident = 9,
		.value = 5,
		.threshold = NAN,
		.labels = labels,
		.label_count = 1,
		.annotations = annotations,
		.annotation_count = 1,
	};
	struct alert *alert = alert_new(&t, 4);
	assert_non_null(alert);
	memset(uid, 'x', 3);
	memset(text, 'x', 2);
	memset(said, 'x', 3);
	memset(labels, 0, sizeof labels);
	assert_string_equal(alert->uid, "low");
	assert_string_equal(alert->name, "HeapLow");
	assert_string_equal(alert->labels[0].name, "device");
	assert_string_equal(alert->labels[0].text, "d1");
	assert_string_equal(alert->annotations[0].text, "low on memory");
	assert_int_equal(alert->rule, 4);
	assert_int_equal(alert->state, ALERT_FIRING);
	assert_int_equal(alert->severity, ALERT_CRITICAL);
	assert_int_equal(alert->at_ms + 10 * alert->fired_ms + 100 * alert->started_ms + 1000 * alert->incident, 9123);
	assert_true(isnan(alert->threshold));
	alert_free(alert);
}

static void test_lists_keep_the_order_of_rules(void **unused)
{
	(void)unused;
	struct alert alerts[4] = { { .rule = 3 }, { .rule = 1 }, { .rule = ALERT_NO_RULE }, { .rule = 2 } }, *list = 0;
	for (unsigned i = 0; i < 4; i++)
		alert_put(&list, &alerts[i]);
	assert_ptr_equal(list, &alerts[1]);
	assert_ptr_equal(list->next, &alerts[3]);
	assert_ptr_equal(list->next->next, &alerts[0]);
	assert_ptr_equal(list->next->next->next, &alerts[2]);
	assert_ptr_equal(alert_find(list, 2), &alerts[3]);
	assert_null(alert_find(list, 0));
	assert_null(alert_find(list, 7));
	alert_take(&list, &alerts[3]);
	assert_null(alert_find(list, 2));
	alert_take(&list, &alerts[1]);
	assert_ptr_equal(list, &alerts[0]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_cell),
		cmocka_unit_test(test_names_lead_back),
		cmocka_unit_test(test_a_new_alert_owns_its_texts),
		cmocka_unit_test(test_lists_keep_the_order_of_rules),
	};
	return cmocka_run_group_tests(tests, 0, 0);
}
