// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include "collector/ingest/batch.h"

static uint8_t payload[BATCH_PAYLOAD_MAX + 100];

static void test_payloads_are_copied(void **unused)
{
	(void)unused;
	struct batch batch = { 0 };
	struct batch_message message = { .kind = TOPIC_UP, .id = "a", .recv_ms = 5, .bytes = payload, .size = 3 };
	assert_int_equal(batch_init(&batch, 10, 1000), 0);
	memcpy(payload, "abc", 3);
	assert_int_equal(batch_add(&batch, &message), 0);
	memset(payload, 0, 3);
	assert_memory_equal(batch.messages[0].bytes, "abc", 3);
	assert_string_equal(batch.messages[0].id, "a");
	batch_clear(&batch);
	assert_int_equal(batch.count, 0);
	batch_free(&batch);
}

static void test_full_by_count_then_refuses(void **unused)
{
	(void)unused;
	struct batch batch = { 0 };
	struct batch_message message = { .bytes = payload, .size = 1 };
	assert_int_equal(batch_init(&batch, 2, 1000), 0);
	for (int i = 0; i < 2 + BATCH_SLACK_MESSAGES; i++) {
		assert_int_equal(batch_is_full(&batch), i >= 2);
		assert_int_equal(batch_add(&batch, &message), 0);
	}
	assert_int_equal(batch_add(&batch, &message), -1);
	batch_free(&batch);
}

static void test_full_by_bytes_and_oversized_ones_are_cut(void **unused)
{
	(void)unused;
	struct batch batch = { 0 };
	struct batch_message message = { .bytes = payload, .size = sizeof payload };
	assert_int_equal(batch_init(&batch, 1000, 1000), 0);
	assert_int_equal(batch_add(&batch, &message), 0);
	assert_true(batch_is_full(&batch));
	assert_int_equal(batch.messages[0].size, sizeof payload); // its length is still known
	assert_int_equal(batch.used, BATCH_PAYLOAD_MAX);
	int added = 1;
	while (batch_add(&batch, &message) == 0)
		added++;
	assert_int_equal(added, BATCH_SLACK_MESSAGES);
	batch_free(&batch);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_payloads_are_copied),
		cmocka_unit_test(test_full_by_count_then_refuses),
		cmocka_unit_test(test_full_by_bytes_and_oversized_ones_are_cut),
	};
	return cmocka_run_group_tests(tests, 0, 0);
}
