// SPDX-License-Identifier: Apache-2.0
// Parameters: values, names, and overrides of the same type only.
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "alerts/engine/param.h"
#include "tests/alerts/engine/written.h"

static struct rule_params params;
static struct written written;

static const char *codes_of(const char *text,
	void (*take)(struct rule_params *, const struct problem_where *, const struct rule_yaml_node *))
{
	bool is_empty;
	written_begin(&written, text);
	struct rule_yaml_node *mapping = rule_yaml_read(&written.where, &is_empty);
	if (mapping)
		take(&params, &written.where, mapping);
	rule_yaml_free(mapping);
	written_end(&written);
	return written_codes(&written);
}

static void test_values(void **unused)
{
	(void)unused;
	assert_int_equal(rule_params_init(&params), 0);
	assert_string_equal(codes_of("{a: 5, b: {default: 5m}, c: 90%, d: -80, e: trial, f: true, g: \"0.5\"}", rule_params_read), "");
	assert_int_equal(params.count, 7);
	assert_true(rule_params_find(&params, "d")->value.number == -80);
	assert_string_equal(rule_param_type(&rule_params_find(&params, "a")->value), "a number");
	assert_string_equal(rule_param_type(&rule_params_find(&params, "b")->value), "a duration");
	assert_string_equal(rule_param_type(&rule_params_find(&params, "c")->value), "a percentage");
	assert_string_equal(rule_param_type(&rule_params_find(&params, "e")->value), "a text");
	assert_string_equal(rule_param_type(&rule_params_find(&params, "f")->value), "true or false");
	assert_string_equal(rule_params_name(&params, 6), "g");
	assert_null(rule_params_name(&params, 7));
	assert_null(rule_params_find(&params, "z"));
	rule_params_free(&params);
}

static void test_what_is_no_parameter(void **unused)
{
	(void)unused;
	static const char *const rows[][2] = {
		{ "a:", "E118" },
		{ "a: []", "E118" },
		{ "a: {}", "E118" },
		{ "a: {default: 5, overrides: []}", "E110" },
		{ "a: {defualt: 5}", "E110 E118" },
		{ "1a: 5", "E118" },
		{ "a-b: 5", "E118" },
		{ "\"\": 5", "E118" },
		{ "value: 5", "E118" },  // $value is the engine's
		{ "a: \"\"", "E118" },
		{ "a: \"{{ $value }}\"", "E118" },
		{ "a: \"x\\ny\"", "E118" },
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		assert_int_equal(rule_params_init(&params), 0);
		const char *codes = codes_of(rows[i][0], rule_params_read);
		if (strcmp(codes, rows[i][1]) != 0)
			fail_msg("%s: %s", rows[i][0], codes);
		rule_params_free(&params);
	}
}

static void test_overrides(void **unused)
{
	(void)unused;
	assert_int_equal(rule_params_init(&params), 0);
	codes_of("{floor: 5, hold: 5m, wanted: trial}", rule_params_read);
	assert_string_equal(codes_of("{floor: 6, wanted: failed}", rule_params_override), "");
	assert_true(rule_params_find(&params, "floor")->value.number == 6);
	assert_string_equal(rule_params_find(&params, "wanted")->text, "failed");
	assert_string_equal(codes_of("{flor: 6}", rule_params_override), "E119");
	assert_string_equal(codes_of("{hold: 300}", rule_params_override), "E119"); // 300 of what?
	assert_string_equal(codes_of("{hold: [5m]}", rule_params_override), "E119");
	assert_string_equal(codes_of("{hold: }", rule_params_override), "E119");
	assert_true(rule_params_find(&params, "hold")->value.number == 300000);
	rule_params_free(&params);
}

static void test_not_too_many(void **unused)
{
	(void)unused;
	char text[16];
	assert_int_equal(rule_params_init(&params), 0);
	for (unsigned i = 0; i < RULE_PARAMS_MAX; i++) {
		snprintf(text, sizeof text, "p%u: 1", i);
		assert_string_equal(codes_of(text, rule_params_read), "");
	}
	assert_string_equal(codes_of("one_more: 1", rule_params_read), "E116");
	rule_params_free(&params);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_what_is_no_parameter),
		cmocka_unit_test(test_overrides),
		cmocka_unit_test(test_not_too_many),
	};
	return cmocka_run_group_tests(tests, 0, 0);
}
