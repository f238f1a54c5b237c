// SPDX-License-Identifier: Apache-2.0
// The alerts that fire, as transitions tell of them, against what is expected.
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include "alerts/engine/rule_watch.h"
#include "tests/alerts/engine/written.h"

static struct rule_watch watch;

static void tell(uint32_t dev, const char *uid, enum alert_state to, const char *team)
{
	struct alert_text labels[] = { { "alertname", "Low" }, { "team", team } };
	struct alert_text annotations[] = { { "summary", "low" } };
	struct alert_transition transition = { .dev = dev,
		.uid = uid,
		.name = "Low",
		.to = to,
		.labels = labels,
		.label_count = 2,
		.annotations = annotations,
		.annotation_count = 1 };
	uint64_t before = watch.transitions;
	assert_int_equal(rule_watch_transition(&watch, &transition), before + 1); // a number other than 0
}

static bool agrees(const char *expected, char **difference)
{
	struct written written;
	bool is_empty;
	size_t size;
	written_begin(&written, expected);
	struct rule_yaml_node *list = rule_yaml_read(&written.where, &is_empty);
	FILE *out = open_memstream(difference, &size);
	bool result = rule_watch_agrees(&watch, "Low", list, out);
	fclose(out);
	rule_yaml_free(list);
	written_end(&written);
	return result;
}

static void expect(const char *expected, bool wanted)
{
	char *difference;
	if (agrees(expected, &difference) != wanted)
		fail_msg("%s:\n%s", expected, difference);
	assert_true(wanted == !*difference);
	free(difference);
}

static void test_what_fires(void **unused)
{
	(void)unused;
	expect("", true);
	tell(0, "low", ALERT_PENDING, "a");
	expect("", true); // not yet
	assert_false(rule_watch_fires(&watch, "Low", 0));
	tell(0, "low", ALERT_FIRING, "a");
	expect("", false);
	expect("[{}]", true);
	assert_true(rule_watch_fires(&watch, "Low", 0));
	assert_false(rule_watch_fires(&watch, "Low", 1));
	assert_false(rule_watch_fires(&watch, "High", 0));
	tell(0, "low", ALERT_RECOVERING, "a");
	expect("[{}]", true); // it fires until it has recovered
	tell(0, "low", ALERT_OK, "a");
	expect("", true);
	tell(0, "low", ALERT_OK, "a"); // of an alert that is not known
	rule_watch_clear(&watch);
}

static void test_labels_and_annotations_are_a_subset(void **unused)
{
	(void)unused;
	tell(0, "low", ALERT_FIRING, "a");
	expect("[{exp_labels: {team: a}, exp_annotations: {summary: low}}]", true);
	expect("[{exp_labels: {team: b}}]", false);
	expect("[{exp_labels: {colour: red}}]", false);
	expect("[{exp_annotations: {summary: high}}]", false);
	expect("[{exp_labels: {team: [a]}}]", false);
	rule_watch_clear(&watch);
}

// The expected ones are matched so that all find one, whatever their order.
static void test_matching(void **unused)
{
	(void)unused;
	tell(0, "low", ALERT_FIRING, "a");
	tell(1, "low", ALERT_FIRING, "b");
	tell(2, "low", ALERT_FIRING, "b");
	expect("[{}, {}, {}]", true);
	expect("[{}, {}]", false);
	expect("[{}, {}, {}, {}]", false);
	expect("[{}, {exp_labels: {team: b}}, {exp_labels: {team: a}}]", true); // the first must make room
	expect("[{}, {exp_labels: {team: a}}, {exp_labels: {team: a}}]", false);
	rule_watch_clear(&watch);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_fires),
		cmocka_unit_test(test_labels_and_annotations_are_a_subset),
		cmocka_unit_test(test_matching),
	};
	return cmocka_run_group_tests(tests, 0, 0);
}
