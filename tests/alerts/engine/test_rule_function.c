// SPDX-License-Identifier: Apache-2.0
// The table of functions, and what is refused by name.
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include "alerts/engine/rule_function.h"

// A name is either a function or refused: both would hide the function.
static void test_no_function_is_refused(void **unused)
{
	(void)unused;
	size_t count = 0;
	const char *name;
	for (; (name = rule_function_name(0, count)); count++) {
		assert_null(rule_function_refused(name));
		assert_ptr_equal(rule_function_find(name), rule_function_find(name));
		assert_memory_equal(rule_function_find(name)->usage, name, strlen(name)); // the hint begins with the name
	}
	assert_int_equal(count, 13);
	assert_null(rule_function_find("abs"));
}

static void test_what_is_refused(void **unused)
{
	(void)unused;
	assert_non_null(strstr(rule_function_refused("absent"), "silent"));
	assert_non_null(rule_function_refused("SUM")); // PromQL takes them in any case
	assert_null(rule_function_refused("heap_free_bytes"));
	assert_null(rule_function_refused(""));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_no_function_is_refused),
		cmocka_unit_test(test_what_is_refused),
	};
	return cmocka_run_group_tests(tests, 0, 0);
}
