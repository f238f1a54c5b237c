// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include "collector/cli/words.h"
#include "muster.pb-c.h"

static void test_every_outcome_and_block_has_its_words(void **unused)
{
	(void)unused;
	for (unsigned i = 0; i < mu__command_outcome__descriptor.n_values; i++) {
		const char *name = mu__command_outcome__descriptor.values[i].name;
		if (strcmp(name, "OUTCOME_UNKNOWN") != 0)
			assert_string_equal(words_outcome(name)->outcome, name);
	}
	for (unsigned i = 0; i < mu__rollback_block__descriptor.n_values; i++)
		assert_string_equal(words_block(mu__rollback_block__descriptor.values[i].name)->outcome, mu__rollback_block__descriptor.values[i].name);
	assert_non_null(strstr(words_outcome("OUTCOME_OF_TOMORROW")->meaning, "does not know"));
	assert_non_null(strstr(words_block("")->meaning, "does not know"));
}

static void test_numbers_in_words(void **unused)
{
	(void)unused;
	static const struct { uint64_t ms; const char *text; } ages[] = {
		{ 0, "0 s" }, { 999, "0 s" }, { 119999, "119 s" }, { 120000, "2 min" }, { 7199999, "119 min" }, { 7200000, "2 h" }, { 172800000, "2 d" },
	};
	for (size_t i = 0; i < sizeof ages / sizeof *ages; i++)
		assert_string_equal(words_age(ages[i].ms).text, ages[i].text);
	assert_string_equal(words_bytes(812).text, "812 B");
	assert_string_equal(words_bytes(49357).text, "48.2 KiB");
	assert_string_equal(words_bytes(3 * 1024 * 1024).text, "3.0 MiB");
	assert_string_equal(words_time(0).text, "-");
	assert_string_equal(words_sha("1110020304050607").text, "11100203");
	assert_string_equal(words_sha(0).text, "?");
}

static void test_members(void **unused)
{
	(void)unused;
	json_t *object = json_pack("{s:s,s:i,s:s,s:n}", "text", "a", "number", 5, "large", "9007199254740993", "none");
	assert_string_equal(text_of(object, "text"), "a");
	assert_string_equal(text_of(object, "number"), "");
	assert_int_equal(number_of(object, "number", -1), 5);
	assert_int_equal(number_of(object, "large", -1), 9007199254740993);
	assert_int_equal(number_of(object, "none", -1), -1);
	assert_int_equal(number_of(0, "none", -1), -1);
	json_decref(object);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_outcome_and_block_has_its_words),
		cmocka_unit_test(test_numbers_in_words),
		cmocka_unit_test(test_members),
	};
	return cmocka_run_group_tests(tests, 0, 0);
}
