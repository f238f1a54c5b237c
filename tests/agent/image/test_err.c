// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include "agent/image/err.h"

// The numbers are reported to the collector: they must never move.
static const struct {
	int err;
	int number;
	const char *name;
} rows[] = {
	{ MU_OK, 0, "ok" }, { MU_ERR_INVALID, -1, "invalid" }, { MU_ERR_RANGE, -2, "range" }, { MU_ERR_IO, -3, "io" },
	{ MU_ERR_CRC, -4, "crc" }, { MU_ERR_FULL, -5, "full" }, { MU_ERR_NOT_FOUND, -6, "not_found" },
	{ MU_ERR_UNSUPPORTED, -7, "unsupported" }, { MU_ERR_BUSY, -8, "busy" }, { MU_ERR_SIZE, -9, "size" },
	{ MU_ERR_STATE, -10, "state" }, { MU_ERR_AUTH, -11, "auth" }, { MU_ERR_NO_MEMORY, -12, "no_memory" },
	{ MU_ERR_TIMEOUT, -13, "timeout" }, { MU_ERR_CLOSED, -14, "closed" }, { MU_ERR_VERSION, -15, "version" },
};

static void test_every_code(void **unused)
{
	(void)unused;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		assert_int_equal(rows[i].err, rows[i].number);
		assert_string_equal(mu_err_name(rows[i].err), rows[i].name);
	}
}

static void test_other_values(void **unused)
{
	(void)unused;
	assert_string_equal(mu_err_name(7), "ok"); // a count
	assert_string_equal(mu_err_name(-16), "unknown");
	assert_string_equal(mu_err_name(INT32_MIN), "unknown");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_code),
		cmocka_unit_test(test_other_values),
	};
	return cmocka_run_group_tests(tests, 0, 0);
}
