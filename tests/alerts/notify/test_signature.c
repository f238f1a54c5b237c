// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include "alerts/notify/signature.h"

// RFC 4231, case 2, and what `openssl dgst -sha256 -hmac k` says of nothing.
static const struct {
	const char *secret, *body, *text;
} rows[] = {
	{ "Jefe", "what do ya want for nothing?", "sha256=5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843" },
	{ "k", "", "sha256=8bb990c40a7d61cb97597a942125025be50ac8beb74436e3735b98893a7f6620" },
};

static void test_rows(void **state)
{
	(void)state;
	char text[SIGNATURE_BYTES];
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		assert_int_equal(signature_make(rows[i].secret, rows[i].body, strlen(rows[i].body), text), 0);
		assert_string_equal(text, rows[i].text);
	}
}

static void test_each_byte_counts(void **state)
{
	(void)state;
	char one[SIGNATURE_BYTES], other[SIGNATURE_BYTES];
	signature_make("secret", "body", 4, one);
	signature_make("secret", "bodz", 4, other);
	assert_string_not_equal(one, other);
	signature_make("Secret", "body", 4, other);
	assert_string_not_equal(one, other);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_rows), cmocka_unit_test(test_each_byte_counts) };
	return cmocka_run_group_tests(tests, 0, 0);
}
