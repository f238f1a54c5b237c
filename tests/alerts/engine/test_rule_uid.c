// SPDX-License-Identifier: Apache-2.0
// Uids: what is one, and what is made of names.
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include "alerts/engine/rule_uid.h"

static void test_what_is_a_uid(void **unused)
{
	(void)unused;
	static const struct {
		const char *text;
		bool is_valid;
	} rows[] = {
		{ "heap_low", true },
		{ "a", true },
		{ "heap.low-2", true },
		{ "", false },
		{ "Heap", false },
		{ "heap low", false },
		{ ".heap", false }, // what a group without letters would give
		{ "heap.", false },
		{ "a23456789012345678901234567890123456789012345678901234567890123", true },   // 63: the longest
		{ "a234567890123456789012345678901234567890123456789012345678901234", false }, // 64
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		if (rule_uid_is_valid(rows[i].text) != rows[i].is_valid)
			fail_msg("%s", rows[i].text);
}

static void test_names_become_words(void **unused)
{
	(void)unused;
	static const struct {
		const char *name, *uid;
	} rows[] = {
		{ "HeapLow", "heap_low" },
		{ "heap low", "heap_low" },
		{ "Disk full!", "disk_full" }, // nothing is left at the end
		{ "  --x", "x" },
		{ "TLSBlock", "tlsblock" }, // capitals in a row are one word
		{ "OTA stuck", "ota_stuck" },
		{ "V2Rule", "v2_rule" },
		{ "\xc3\xbc", "" },
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		char uid[32] = "";
		rule_uid_add(uid, sizeof uid, rows[i].name);
		assert_string_equal(uid, rows[i].uid);
	}
	char cut[8] = "a.";
	rule_uid_add(cut, sizeof cut, "HeapLow");
	assert_true(strlen(cut) < sizeof cut);
	assert_memory_equal(cut, "a.hea", 5);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_is_a_uid),
		cmocka_unit_test(test_names_become_words),
	};
	return cmocka_run_group_tests(tests, 0, 0);
}
