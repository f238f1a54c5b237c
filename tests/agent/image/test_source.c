// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include "agent/image/err.h"
#include "agent/image/source.h"

// Offsets and sizes at the edge of 8 bytes, and such as would overflow a sum.
static const struct {
	uint32_t offset;
	size_t size;
	int result;
} rows[] = {
	{ 0, 8, 0 }, { 8, 0, 0 }, { 7, 1, 0 },
	{ 0, 9, MU_ERR_RANGE }, { 9, 0, MU_ERR_RANGE }, { 8, 1, MU_ERR_RANGE },
	{ UINT32_MAX, 2, MU_ERR_RANGE }, { 1, SIZE_MAX, MU_ERR_RANGE },
};

static void test_range(void **unused)
{
	(void)unused;
	const struct mu_source source = mu_source_memory("01234567", 8);
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		char buffer[16] = "";
		assert_int_equal(mu_source_read(&source, rows[i].offset, buffer, rows[i].size), rows[i].result);
		if (!rows[i].result && rows[i].size)
			assert_int_equal(buffer[0], '0' + (int)rows[i].offset);
		else
			assert_int_equal(buffer[0], 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_range) };
	return cmocka_run_group_tests(tests, 0, 0);
}
