// SPDX-License-Identifier: Apache-2.0
// YAML as a tree with places, and what is refused.
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include "alerts/engine/rule_yaml.h"
#include "tests/alerts/engine/written.h"

static struct written written;

static struct rule_yaml_node *read_text(const char *text, bool *is_empty)
{
	written_begin(&written, text);
	return rule_yaml_read(&written.where, is_empty);
}

static void test_a_tree(void **unused)
{
	(void)unused;
	bool is_empty;
	struct rule_yaml_node *root = read_text("a: one\nb:\n- x\n- 'y'\nc:\nd: {e: ~, f: \"~\"}\n", &is_empty);
	assert_non_null(root);
	assert_false(is_empty);
	assert_int_equal(root->kind, RULE_YAML_MAPPING);
	struct rule_yaml_node *a = rule_yaml_find(root, "a"), *b = rule_yaml_find(root, "b"), *c = rule_yaml_find(root, "c");
	assert_string_equal(a->scalar.text, "one");
	assert_int_equal(a->scalar.place.column, 4);
	assert_string_equal(a->key->scalar.text, "a");
	assert_int_equal(b->kind, RULE_YAML_LIST);
	assert_int_equal(b->child->next->scalar.place.line, 4);
	assert_int_equal(b->child->next->scalar.style, SOURCE_SINGLE_QUOTED);
	assert_null(b->child->next->next);
	assert_true(c->is_null);
	assert_string_equal(rule_yaml_kind_name(c), "nothing");
	assert_string_equal(rule_yaml_kind_name(b), "a list");
	struct rule_yaml_node *d = rule_yaml_find(root, "d");
	assert_true(rule_yaml_find(d, "e")->is_null);
	assert_false(rule_yaml_find(d, "f")->is_null); // in quotes it is a text
	assert_null(rule_yaml_find(root, "z"));
	rule_yaml_free(root);
	written_end(&written);
}

static void test_what_is_refused(void **unused)
{
	(void)unused;
	static const struct {
		const char *text, *codes;
		bool is_empty;
	} rows[] = {
		{ "", "", true },
		{ "# comment\n", "", true },
		{ "---\n...\n", "", true },
		{ "a: &x 1", "E104", false },
		{ "a: *x", "E104", false },
		{ "<<: *x", "E104", false },
		{ "a: !!str 1", "E105", false },
		{ "--- 1\n--- 2\n", "E106", false },
		{ "a: [", "E101", false },
		{ "a: \xff", "E101", false },                   // not UTF-8
		{ "a: \"\\0\"", "E108", false },
		{ "[a]: 1", "E108", false },                     // a list as a key
		{ "a: 1\na: 2", "E107", false },
		{ "[[[[[[[[[[[[[1]]]]]]]]]]]]]", "E103", false }, // thirteen deep
		{ "[[[[[[[[[[[[1]]]]]]]]]]]]", "", false },
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		bool is_empty;
		rule_yaml_free(read_text(rows[i].text, &is_empty));
		if (strcmp(written_codes(&written), rows[i].codes) != 0 || is_empty != rows[i].is_empty)
			fail_msg("row %zu: %s", i, written_codes(&written));
		written_end(&written);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_tree),
		cmocka_unit_test(test_what_is_refused),
	};
	return cmocka_run_group_tests(tests, 0, 0);
}
