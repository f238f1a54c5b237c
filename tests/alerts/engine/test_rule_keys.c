// SPDX-License-Identifier: Apache-2.0
// Keys of a mapping: known, unknown, refused, of the wrong kind.
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include "alerts/engine/rule_keys.h"
#include "tests/alerts/engine/written.h"

static void test_rows(void **unused)
{
	(void)unused;
	static const struct {
		enum rule_place place;
		const char *text, *codes, *hint;
	} rows[] = {
		{ PLACE_FILE, "{version: 1, params: {}, groups: []}", "", 0 },
		{ PLACE_FILE, "{rules: []}", "E109", "alerts/README.md" },
		{ PLACE_FILE, "{gropus: []}", "E109", "`groups`" },
		{ PLACE_FILE, "{groups: {}}", "E108", "a list" },
		{ PLACE_FILE, "{groups: }", "", 0 }, // nothing is as if it were not there
		{ PLACE_GROUP, "{interval: 30s}", "E110", "at intervals" },
		{ PLACE_RULE, "{alert: x, expr: [1]}", "E108", "a text" },
		{ PLACE_RULE, "{actions: 1, mode: x}", "E110 E110", 0 },
		{ PLACE_RULE, "{recrod: x}", "E109", "README" }, // what is refused is no proposal
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct written written;
		bool is_empty;
		written_begin(&written, rows[i].text);
		struct rule_yaml_node *node = rule_yaml_read(&written.where, &is_empty);
		rule_keys_check(&written.where, node, rows[i].place);
		if (strcmp(written_codes(&written), rows[i].codes) != 0)
			fail_msg("%s: %s", rows[i].text, written_codes(&written));
		if (rows[i].hint && !strstr(written.problems.list[0].hint, rows[i].hint))
			fail_msg("%s: %s", rows[i].text, written.problems.list[0].hint);
		rule_yaml_free(node);
		written_end(&written);
	}
}

static void test_values_of_a_kind(void **unused)
{
	(void)unused;
	struct written written;
	bool is_empty;
	written_begin(&written, "{a: x, b: [], c: }");
	struct rule_yaml_node *node = rule_yaml_read(&written.where, &is_empty);
	assert_string_equal(rule_keys_get(node, "a", RULE_YAML_TEXT)->scalar.text, "x");
	assert_null(rule_keys_get(node, "a", RULE_YAML_LIST));
	assert_null(rule_keys_get(node, "c", RULE_YAML_TEXT));
	assert_null(rule_keys_get(node, "d", RULE_YAML_TEXT));
	rule_yaml_free(node);
	written_end(&written);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_values_of_a_kind),
	};
	return cmocka_run_group_tests(tests, 0, 0);
}
