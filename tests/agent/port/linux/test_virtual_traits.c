// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include "agent/image/err.h"
#include "agent/port/linux/virtual_traits.h"
#include <string.h>

static int parse(const char *text, struct mu_traits *traits, char *problem)
{
	return mu_traits_parse(traits, text, strlen(text), problem);
}

static void test_parse(void **unused)
{
	(void)unused;
	struct mu_traits traits;
	assert_int_equal(parse("panic_after_s=20\nleak_bytes_per_s=1024\nhang_task=net\nhang_after_s=30\nrssi_dbm=-88", &traits, 0), 0);
	assert_int_equal(traits.panic_after_s, 20);
	assert_int_equal(traits.leak_bytes_per_s, 1024);
	assert_int_equal(traits.hang_after_s, 30);
	assert_string_equal(traits.hang_task, "net");
	assert_int_equal(traits.rssi_dbm, -88);
	assert_int_equal(traits.offline_after_s, MU_TRAIT_UNSET);
}

static void test_healthy(void **unused)
{
	(void)unused;
	struct mu_traits traits, none = mu_traits_none();
	assert_int_equal(parse("", &traits, 0), 0);
	assert_memory_equal(&traits, &none, sizeof none);
	assert_int_equal(none.panic_after_s, MU_TRAIT_UNSET);
	assert_string_equal(none.hang_task, "");
}

// A bad image must not pass for a healthy one: each mistake is named with its line.
static void test_mistakes(void **unused)
{
	(void)unused;
	static const struct {
		const char *text, *problem;
	} rows[] = {
		{ "panik_after_s=20", "line 1: panik_after_s is no trait" },
		{ "rssi_dbm=-80\npanic_after_s", "line 2: has no '='" },
		{ "panic_after_s=", "line 1: panic_after_s must be a whole number" },
		{ "panic_after_s=1 ", "line 1: panic_after_s must be a whole number" },
		{ "panic_after_s=0x10", "line 1: panic_after_s must be a whole number" },
		{ "panic_after_s=-1", "line 1: panic_after_s is out of range" },
		{ "panic_after_s=86401", "line 1: panic_after_s is out of range" },
		{ "panic_after_s=99999999999999999999", "line 1: panic_after_s is out of range" },
		{ "rssi_dbm=1", "line 1: rssi_dbm is out of range" },
		{ "leak_bytes_per_s=0", "line 1: leak_bytes_per_s is out of range" },
		{ "panic_after_s=1\npanic_after_s=1", "line 2: panic_after_s is given twice" },
		{ "hang_after_s=1\nhang_task=Net", "line 2: hang_task must be 1 to 15 of a-z, 0-9, _" },
		{ "hang_after_s=1\nhang_task=sixteen_letters_", "line 2: hang_task must be 1 to 15 of a-z, 0-9, _" },
		{ "hang_after_s=1\nhang_task=a\nhang_task=b", "line 3: hang_task is given twice" },
		{ "hang_task=net", "line 1: hang_task needs hang_after_s" },
		{ "\n", "line 1: has no '='" },
		{ "a_line_that_goes_on_and_on_for_more_than_sixty_four_characters_in_all=1", "line 1: is too long or binary" },
	};
	const struct mu_traits none = mu_traits_none();
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct mu_traits traits;
		char problem[MU_TRAITS_PROBLEM_SIZE];
		assert_int_equal(parse(rows[i].text, &traits, problem), MU_ERR_INVALID);
		assert_string_equal(problem, rows[i].problem);
		assert_memory_equal(&traits, &none, sizeof none);
	}
}

static void test_too_long(void **unused)
{
	(void)unused;
	static char text[MU_TRAITS_TEXT_MAX + 1];
	struct mu_traits traits;
	assert_int_equal(mu_traits_parse(&traits, text, sizeof text, 0), MU_ERR_SIZE);
}

static void test_there_and_back(void **unused)
{
	(void)unused;
	struct mu_traits traits, back;
	char block[MU_TRAITS_TEXT_MAX];
	const char *text = "panic_after_s=0\nhang_after_s=1\nleak_bytes_per_s=2\noffline_after_s=3\nrssi_dbm=-4\n"
			   "brownout_after_s=5\nboot_fails=1\nhang_task=net\n";
	assert_int_equal(parse(text, &traits, 0), 0);
	int size = mu_traits_write(&traits, block, sizeof block);
	assert_int_equal(size, 16 + (int)strlen(text) + 4);
	assert_memory_equal(block, "MUSTER-TRAITS 1\n", 16);
	assert_memory_equal(block + 16, text, strlen(text));
	memset(block + size, 0, sizeof block - (size_t)size); // as the padding of a segment
	assert_int_equal(mu_traits_read(&back, block, sizeof block, 0), 0);
	assert_memory_equal(&traits, &back, sizeof back);
	assert_int_equal(mu_traits_write(&traits, block, (size_t)size - 1), MU_ERR_FULL);
	traits.rssi_dbm = 5;
	assert_int_equal(mu_traits_write(&traits, block, sizeof block), MU_ERR_INVALID);
}

static void test_block_refused(void **unused)
{
	(void)unused;
	static const struct {
		const char *block;
		int result;
	} rows[] = {
		{ "", MU_ERR_NOT_FOUND }, { "MUSTER-TRAITS", MU_ERR_NOT_FOUND }, { "\xE9\x02 machine code of a real image", MU_ERR_NOT_FOUND },
		{ "MUSTER-TRAITS 2\nEND\n", MU_ERR_VERSION },
		{ "MUSTER-TRAITS 1\n", MU_ERR_INVALID },                  // no END
		{ "MUSTER-TRAITS 1\nrssi_dbm=-80END\n", MU_ERR_INVALID }, // END is a line of its own
		{ "MUSTER-TRAITS 1\nEND", MU_ERR_INVALID },
		{ "MUSTER-TRAITS 1\nnonsense=1\nEND\n", MU_ERR_INVALID },
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct mu_traits traits;
		char problem[MU_TRAITS_PROBLEM_SIZE] = "";
		assert_int_equal(mu_traits_read(&traits, rows[i].block, strlen(rows[i].block), problem), rows[i].result);
		assert_int_not_equal(problem[0], 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parse),
		cmocka_unit_test(test_healthy),
		cmocka_unit_test(test_mistakes),
		cmocka_unit_test(test_too_long),
		cmocka_unit_test(test_there_and_back),
		cmocka_unit_test(test_block_refused),
	};
	return cmocka_run_group_tests(tests, 0, 0);
}
