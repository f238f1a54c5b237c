// SPDX-License-Identifier: Apache-2.0
// (That each name is the schema's: test_limit_table.c.)
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include "proto/limit_table.h"

static void test_there_is_a_name_for_each_row(void **unused)
{
	(void)unused;
	size_t rows = 0;
	for (size_t t = 0; t < mu_limit_table_count; t++)
		rows += mu_limit_tables[t].count;
	assert_int_equal(rows, mu_limit_name_count);
	assert_string_equal(mu_limit_names[0], "boot");
	assert_string_equal(mu_limit_names[rows - 1], "for_s");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_there_is_a_name_for_each_row),
	};
	return cmocka_run_group_tests(tests, 0, 0);
}
