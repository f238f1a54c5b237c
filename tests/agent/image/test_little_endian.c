// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include "agent/image/little_endian.h"

// Every byte differs, and the top ones have their sign bit: a shift of an int would smear it.
static const uint8_t bytes[] = { 0x55, 0x81, 0x92, 0xA3, 0xB4, 0x66 };

// At an odd address, where a chip without unaligned access would trap on a wide read.
static void test_get(void **unused)
{
	(void)unused;
	assert_int_equal(mu_le16_get(bytes + 1), 0x9281);
	assert_int_equal(mu_le32_get(bytes + 1), 0xB4A39281u);
}

// The bytes beside it stay.
static void test_put(void **unused)
{
	(void)unused;
	uint8_t out[sizeof bytes];
	memset(out, 0, sizeof out);
	out[0] = 0x55;
	out[5] = 0x66;
	mu_le32_put(out + 1, 0xB4A39281u);
	assert_memory_equal(out, bytes, sizeof bytes);
	mu_le16_put(out + 2, 0x0102);
	assert_int_equal(mu_le32_get(out + 1), 0xB4010281u);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_get), cmocka_unit_test(test_put) };
	return cmocka_run_group_tests(tests, 0, 0);
}
