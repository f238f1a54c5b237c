// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include "collector/kafka/backlog.h"

// One look a second, in order: retention is held up, rows behind -> is it full then?
static const struct {
	bool is_held;
	uint64_t behind;
	bool is_full;
} looks[] = {
	{ false, 1000000, false }, // much behind, but there is room
	{ true, 0, false },        // a store that is full of something else: not Kafka's fault, stopping would not end
	{ true, BACKLOG_LEAST, false },
	{ true, 50000, true },
	{ true, 40000, true },
	{ false, 30000, true }, // half of it must go first, or it would flutter
	{ false, 25000, false },
	{ true, 25001, true }, // and again
	{ true, 12500, false },
};

static void test_looks(void **unused)
{
	(void)unused;
	struct backlog backlog = { 0 };
	for (size_t i = 0; i < sizeof looks / sizeof *looks; i++) {
		bool was_full = backlog.is_full;
		assert_int_equal(backlog_look(&backlog, looks[i].is_held, looks[i].behind), was_full != looks[i].is_full);
		assert_int_equal(backlog.is_full, looks[i].is_full);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_looks) };
	return cmocka_run_group_tests(tests, 0, 0);
}
