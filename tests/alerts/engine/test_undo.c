// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include "alerts/engine/undo.h"

static struct alert *new_alert(const char *uid)
{
	const struct alert_transition t = { .uid = uid, .name = uid, .to = ALERT_FIRING };
	struct alert *alert = alert_new(&t, 0);
	assert_non_null(alert);
	return alert;
}

static void test_blocks_come_back_newest_first(void **unused)
{
	(void)unused;
	struct undo undo = { 0 };
	uint64_t block[100];
	const void *saved;
	uint32_t dev;
	size_t size;
	for (uint32_t i = 0; i < 1000; i++) { // grows more than once
		for (unsigned k = 0; k < 100; k++)
			block[k] = i * 1000 + k;
		assert_int_equal(undo_save_block(&undo, i, block, i % 10 ? i % 100 * 8 : 0), 0);
	}
	for (uint32_t i = 1000; i-- > 0;) {
		assert_true(undo_pop_block(&undo, &dev, &saved, &size));
		assert_int_equal(dev, i);
		assert_int_equal(size, i % 10 ? i % 100 * 8 : 0);
		for (size_t k = 0; k < size / 8; k++)
			assert_int_equal(((const uint64_t *)saved)[k], i * 1000 + k);
	}
	assert_false(undo_pop_block(&undo, &dev, &saved, &size));
	undo_free(&undo);
}

// A commit frees what was replaced, and only that; the sanitizer watches.
static void test_commit_frees_what_was_replaced(void **unused)
{
	(void)unused;
	struct undo undo = { 0 };
	struct undo_alert entry;
	struct alert *now = new_alert("new");
	for (unsigned i = 0; i < 40; i++) {
		assert_int_equal(undo_reserve_alert(&undo), 0);
		undo_add_alert(&undo, (struct undo_alert){ i, i % 2 ? new_alert("old") : 0, i == 39 ? now : 0 });
	}
	undo_commit(&undo);
	assert_false(undo_pop_alert(&undo, &entry));
	assert_string_equal(now->uid, "new");
	alert_free(now);
	undo_free(&undo);
}

static void test_alerts_come_back_newest_first(void **unused)
{
	(void)unused;
	struct undo undo = { 0 };
	struct undo_alert entry;
	struct alert *a = new_alert("a"), *b = new_alert("b");
	assert_int_equal(undo_reserve_alert(&undo), 0);
	undo_add_alert(&undo, (struct undo_alert){ 7, 0, a });
	assert_int_equal(undo_reserve_alert(&undo), 0);
	undo_add_alert(&undo, (struct undo_alert){ 7, a, b });
	assert_true(undo_pop_alert(&undo, &entry));
	assert_ptr_equal(entry.before, a);
	assert_ptr_equal(entry.after, b);
	assert_true(undo_pop_alert(&undo, &entry));
	assert_null(entry.before);
	assert_false(undo_pop_alert(&undo, &entry));
	alert_free(a);
	alert_free(b);
	undo_free(&undo);
}

// One transaction of unusual size must not hold its memory for ever.
static void test_a_large_transaction_gives_its_memory_back(void **unused)
{
	(void)unused;
	struct undo undo = { 0 };
	uint8_t *block = calloc(1, UNDO_KEPT_BYTES / 2);
	assert_non_null(block);
	assert_int_equal(undo_save_block(&undo, 1, block, 1024), 0);
	undo_commit(&undo);
	assert_true(undo.room > 0);
	for (unsigned i = 0; i < 3; i++)
		assert_int_equal(undo_save_block(&undo, i, block, UNDO_KEPT_BYTES / 2), 0);
	undo_commit(&undo);
	assert_true(undo.room == 0);
	free(block);
	undo_free(&undo);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_blocks_come_back_newest_first),
		cmocka_unit_test(test_commit_frees_what_was_replaced),
		cmocka_unit_test(test_alerts_come_back_newest_first),
		cmocka_unit_test(test_a_large_transaction_gives_its_memory_back),
	};
	return cmocka_run_group_tests(tests, 0, 0);
}
