// SPDX-License-Identifier: Apache-2.0
// One file: its shape, its groups, and what may not stand twice.
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include "alerts/engine/rule_file.h"
#include "tests/alerts/engine/written.h"

static struct rules_problems problems;

// Reads the file into a set of its own; how many rules it has.
static size_t read_text(const char *text)
{
	struct rules_source source = { "test.yml", text, strlen(text) };
	struct rule_file file;
	struct rule_params params;
	struct slot_table slots = { 0 };
	struct rule_set set = { .rules = calloc(RULES_MAX, sizeof *set.rules) };
	memset(&problems, 0, sizeof problems);
	assert_non_null(set.rules);
	assert_int_equal(rule_params_init(&params), 0);
	assert_int_equal(rule_file_open(&file, &source, &problems), 0);
	rule_file_read_params(&file, &params);
	rule_file_read_rules(&file, &params, &slots, &set);
	for (size_t i = 0; i < set.count; i++)
		rule_build_free(&set.rules[i]);
	rule_file_close(&file);
	rule_params_free(&params);
	slot_table_free(&slots);
	free(set.rules);
	return set.count;
}

#define RULE(name) "  - {alert: " name ", expr: uptime_s < 5, annotations: {summary: s}}\n"

static void test_files(void **unused)
{
	(void)unused;
	static const struct {
		const char *text, *code; // 0: none
		size_t rules;
	} rows[] = {
		{ "", 0, 0 },
		{ "groups:\n", 0, 0 },
		{ "groups: []", 0, 0 },
		{ "params: {a: 1}", 0, 0 },
		{ "version: 1\n", "E111", 0 },
		{ "version: 2\ngroups: []\n", "E112", 0 },
		{ "- a\n", "E108", 0 },
		{ "just text\n", "E108", 0 },
		{ "groups:\n- name: g\n", 0, 0 },
		{ "groups:\n- name: g\n  rules:\n" RULE("A") RULE("B"), 0, 2 },
		{ "groups:\n- name: g\n  rules:\n" RULE("A") RULE("A"), "E115", 2 },
		{ "groups:\n- name: g\n  rules:\n" RULE("AbC") RULE("ab_c"), "E114", 2 }, // both become g.ab_c
		{ "groups:\n- name: g\n  rules:\n" RULE("A") "- name: g\n  rules:\n" RULE("B"), "E115", 2 },
		{ "groups:\n- name: g\n  rules:\n" RULE("A") "- name: h\n  rules:\n" RULE("B"), 0, 2 },
		{ "groups:\n- name: g\n  rules:\n" RULE("A") "- name: h\n  rules:\n" RULE("A"), "E115", 2 }, // one name a file
		{ "groups:\n- rules:\n" RULE("A"), "E111", 1 }, // its rules are looked at, too
		{ "groups:\n- 5\n", "E108", 0 },
		{ "groups:\n- name: g\n  rules: [5]\n", "E108", 0 },
		{ "groups:\n- name: g\n  labels: {device: x}\n", "E113", 0 },
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		size_t count = read_text(rows[i].text);
		const char *code = problems.errors ? problems.list[0].code : 0;
		if (count != rows[i].rules || !code != !rows[i].code || (code && strcmp(code, rows[i].code) != 0))
			fail_msg("row %zu: %zu rules, %s", i, count, code ? code : "no problem");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_files),
	};
	return cmocka_run_group_tests(tests, 0, 0);
}
