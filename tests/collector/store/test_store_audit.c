// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include "collector/store/store_audit.h"
#include "tests/collector/store/fixture.h"

static uint64_t last_n;
static size_t detail_length;

static int show(void *context, const struct store_audit *row)
{
	(void)context;
	last_n = row->n;
	detail_length = strlen(row->detail);
	assert_string_equal(row->actor, "ann");
	assert_string_equal(row->action, "command.submit");
	assert_string_equal(row->target, "dev-1");
	assert_string_equal(row->outcome, "ok");
	return 0;
}

static void test_rows_come_back_in_pages(void **unused)
{
	(void)unused;
	char detail[1000];
	memset(detail, 'd', sizeof detail - 1);
	detail[sizeof detail - 1] = 0;
	struct store_audit row = { .at_ms = 5, .actor = "ann", .action = "command.submit", .target = "dev-1", .detail = detail, .outcome = "ok" };
	for (int i = 0; i < 7; i++)
		assert_int_equal(store_audit_add(fixture_store, &row), 0);
	assert_int_equal(store_audit_list(fixture_store, 0, 3, show, 0), 3);
	assert_int_equal(last_n, 5);
	assert_int_equal(detail_length, 512); // cut
	assert_int_equal(store_audit_list(fixture_store, 5, 100, show, 0), 4);
	assert_int_equal(last_n, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test_setup_teardown(test_rows_come_back_in_pages, fixture_make, fixture_clean) };
	return cmocka_run_group_tests(tests, 0, 0);
}
