// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include "agent/image/err.h"
#include "proto/event_words.h"
#include "proto/limits.h"

static void test_each_is_found_and_keeps_the_limits(void **unused)
{
	(void)unused;
	for (int i = 0; i < MU_OWN_EVENT_COUNT; i++) {
		const struct mu_event_words *words = &mu_event_words[i];
		assert_int_equal(mu_event_find(words->name), i); // so no name is there twice, either
		assert_in_range(strlen(words->name), 1, MU_EVENT_NAME_MAX);
		assert_int_equal(strspn(words->name, "abcdefghijklmnopqrstuvwxyz0123456789_"), strlen(words->name));
		assert_true(strlen(words->meaning) > 10 && words->unit[0]);
	}
	assert_int_equal(mu_event_find("heap_step"), MU_OWN_EVENT_heap_step);
}

static void test_others_are_not_found(void **unused)
{
	(void)unused;
	static const char *const names[] = { "", "pump", "heap_step ", "heap_ste", "HEAP_STEP" };
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		assert_int_equal(mu_event_find(names[i]), MU_ERR_NOT_FOUND);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_is_found_and_keeps_the_limits),
		cmocka_unit_test(test_others_are_not_found),
	};
	return cmocka_run_group_tests(tests, 0, 0);
}
