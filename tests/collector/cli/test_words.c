// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "collector/cli/words.h"
#include "muster.pb-c.h"

static const struct {
	uint64_t ms;
	const char *text;
} ages[] = {
	{ 0, "0 s" }, { 999, "0 s" }, { 1000, "1 s" }, { 119999, "119 s" }, { 120000, "2 min" }, { 7199999, "119 min" }, { 7200000, "2 h" },
	{ 172799999, "47 h" }, { 172800000, "2 d" }, { UINT64_MAX, "213503982334 d" },
};

static void test_ages(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof ages / sizeof *ages; i++)
		assert_string_equal(words_age(ages[i].ms).text, ages[i].text);
}

static void test_times_are_local(void **state)
{
	(void)state;
	setenv("TZ", "UTC-1", 1); // one hour east
	tzset();
	assert_string_equal(words_time(0).text, "-");
	assert_string_equal(words_time(UINT64_C(1790000000999)).text, "2026-09-21 15:13:20");
}

static void test_shas_are_cut(void **state)
{
	(void)state;
	assert_string_equal(words_sha("1110020304050607").text, "11100203");
	assert_string_equal(words_sha("12").text, "12");
	assert_string_equal(words_sha("").text, "?");
	assert_string_equal(words_sha(0).text, "?");
}

static void test_severities_have_colours(void **state)
{
	(void)state;
	assert_int_equal(words_severity_colour("critical"), COLOUR_RED);
	assert_int_equal(words_severity_colour("warning"), COLOUR_YELLOW);
	assert_int_equal(words_severity_colour("ok"), COLOUR_GREEN);
	assert_int_equal(words_severity_colour("new to us"), COLOUR_NONE);
}

// Every value of the protocol's enum, but the unset one, has words of its own, and a remedy unless nothing is wrong.
static void check_enum(const ProtobufCEnumDescriptor *names, const struct outcome_words *(*look_up)(const char *), const char *unset,
	const char *good)
{
	const struct outcome_words *unknown = look_up("SOMETHING_NEW");
	assert_true(strlen(unknown->meaning) > 10);
	assert_true(strlen(unknown->remedy) > 10);
	assert_ptr_equal(look_up(""), unknown);
	for (unsigned i = 0; i < names->n_values; i++) {
		const char *name = names->values[i].name;
		const struct outcome_words *words = look_up(name);
		if (strcmp(name, unset) == 0)
			continue;
		if (words == unknown)
			fail_msg("%s has no words", name);
		assert_string_equal(words->outcome, name);
		assert_true(strlen(words->meaning) > 5);
		if (strcmp(name, good) != 0 && strlen(words->remedy) < 5)
			fail_msg("%s has no remedy", name);
	}
}

static void test_every_outcome_has_words_and_a_remedy(void **state)
{
	(void)state;
	check_enum(&mu__command_outcome__descriptor, words_outcome, "OUTCOME_UNKNOWN", "OUTCOME_DONE");
}

static void test_every_block_has_words_and_a_remedy(void **state)
{
	(void)state;
	check_enum(&mu__rollback_block__descriptor, words_block, "", "ROLLBACK_READY");
}

// Every name of the schema has words of its own; one of a later schema is shown as it is.
static void check_names(const ProtobufCEnumDescriptor *descriptor, const char *(*words)(const char *))
{
	for (unsigned i = 0; i < descriptor->n_values; i++)
		assert_string_not_equal(words(descriptor->values[i].name), descriptor->values[i].name);
	assert_string_equal(words("SOMETHING_NEW"), "SOMETHING_NEW");
}

static void test_names_have_words(void **state)
{
	(void)state;
	check_names(&mu__time_quality__descriptor, words_time_quality);
	check_names(&mu__network_state__descriptor, words_network);
}

static void test_members_that_may_be_absent(void **state)
{
	(void)state;
	json_t *object = json_pack("{s:s,s:i,s:n,s:s,s:[]}", "text", "abc", "number", 42, "null", "digits", "18446744073709", "list");
	assert_string_equal(text_of(object, "text"), "abc");
	assert_string_equal(text_of(object, "number"), "");
	assert_string_equal(text_of(object, "absent"), "");
	assert_string_equal(text_of(0, "text"), "");
	assert_int_equal(number_of(object, "number", -1), 42);
	assert_int_equal(number_of(object, "digits", -1), INT64_C(18446744073709)); // 64-bit numbers may come as text
	assert_int_equal(number_of(object, "null", -1), -1);
	assert_int_equal(number_of(object, "list", -1), -1);
	assert_int_equal(number_of(0, "number", 7), 7);
	json_decref(object);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ages),
		cmocka_unit_test(test_times_are_local),
		cmocka_unit_test(test_shas_are_cut),
		cmocka_unit_test(test_severities_have_colours),
		cmocka_unit_test(test_every_outcome_has_words_and_a_remedy),
		cmocka_unit_test(test_every_block_has_words_and_a_remedy),
		cmocka_unit_test(test_names_have_words),
		cmocka_unit_test(test_members_that_may_be_absent),
	};
	return cmocka_run_group_tests(tests, 0, 0);
}
