// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include "agent/image/crc32.h"
#include <string.h>

static void test_standard_check_value(void **unused)
{
	(void)unused;
	assert_int_equal(mu_crc32_le(0, "123456789", 9), 0xCBF43926);
	assert_int_equal(mu_crc32_le(0, "", 0), 0);
}

// otadata's CRC of the sequence numbers 1 to 5, as real devices have it in flash.
static void test_otadata_vectors(void **unused)
{
	(void)unused;
	static const uint32_t wanted[] = { 0x4743989A, 0x55F63774, 0xED4A5011, 0x709D68A8, 0xC8210FCD };
	for (uint8_t seq = 1; seq <= 5; seq++) {
		const uint8_t bytes[4] = { seq };
		assert_int_equal(mu_crc32_le(UINT32_MAX, bytes, sizeof bytes), wanted[seq - 1]);
	}
}

static void test_pieces_give_the_whole(void **unused)
{
	(void)unused;
	const char text[] = "a torn record must not pass for a whole one";
	for (size_t cut = 0; cut <= strlen(text); cut++) {
		uint32_t crc = mu_crc32_le(0, text, cut);
		assert_int_equal(mu_crc32_le(crc, text + cut, strlen(text) - cut), mu_crc32_le(0, text, strlen(text)));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_standard_check_value),
		cmocka_unit_test(test_otadata_vectors),
		cmocka_unit_test(test_pieces_give_the_whole),
	};
	return cmocka_run_group_tests(tests, 0, 0);
}
