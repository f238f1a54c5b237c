// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include "alerts/engine/nearest.h"

static const char *name_at(const void *names, size_t i)
{
	const char *const *list = names;
	return list[i];
}

static void test_nearest_name(void **unused)
{
	(void)unused;
	static const char *const names[] = { "heap_free_bytes", "heap_min_bytes", "rssi_dbm", "for", 0 };
	static const struct {
		const char *name, *nearest;
	} rows[] = {
		{ "heap_fre_bytes", "heap_free_bytes" },
		{ "heap_mim_bytes", "heap_min_bytes" },
		{ "rssi", "rssi_dbm" },      // the unit is missing
		{ "fro", "for" },
		{ "something_else", 0 },     // a guess would not help
		{ "x", 0 },
		{ "", 0 },
		{ "a_name_that_is_longer_than_any_that_is_compared_letter_by_letter", 0 },
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		const char *nearest = nearest_name(rows[i].name, name_at, names);
		if (!nearest != !rows[i].nearest || (nearest && strcmp(nearest, rows[i].nearest) != 0))
			fail_msg("%s: %s", rows[i].name, nearest ? nearest : "nothing");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nearest_name),
	};
	return cmocka_run_group_tests(tests, 0, 0);
}
