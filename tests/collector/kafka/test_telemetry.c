// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include "collector/kafka/telemetry.h"
#include "muster.pb-c.h"

static uint8_t body[256];

// A record with a field that this schema does not know (number 100): it must pass through.
static struct store_record make_record(void)
{
	static const uint8_t unknown[] = { 0xa0, 0x06, 0x2a };
	Mu__Record record = MU__RECORD__INIT;
	Mu__Gap gap = MU__GAP__INIT;
	gap.count = 3;
	gap.reason = MU__GAP_REASON__GAP_OVERWRITTEN;
	record.boot = 2;
	record.uptime_ms = 5000;
	record.body_case = MU__RECORD__BODY_GAP;
	record.gap = &gap;
	size_t size = mu__record__pack(&record, body);
	memcpy(body + size, unknown, sizeof unknown);
	return (struct store_record){ .n = 77,
		.epoch = UINT64_C(0xfedcba9876543210),
		.seq = 300,
		.recv_ms = UINT64_C(1790000000123),
		.body = { body, size + sizeof unknown } };
}

static void test_the_schema_reads_what_is_packed(void **unused)
{
	(void)unused;
	uint8_t value[TELEMETRY_BYTES_MAX];
	struct store_record record = make_record();
	size_t size = telemetry_pack("dev-1", &record, value, sizeof value);
	Mu__Telemetry *telemetry = mu__telemetry__unpack(0, size, value);
	assert_non_null(telemetry);
	assert_string_equal(telemetry->device, "dev-1");
	assert_true(telemetry->epoch == record.epoch);
	assert_int_equal(telemetry->seq, 300);
	assert_true(telemetry->received_ms == record.recv_ms);
	assert_int_equal(telemetry->n, 77);
	assert_int_equal(telemetry->record->gap->count, 3);
	assert_int_equal(telemetry->record->base.n_unknown_fields, 1);
	mu__telemetry__free_unpacked(telemetry, 0);
	assert_memory_equal(value + size - record.body.size, record.body.bytes, record.body.size); // the device's own bytes
}

// Numbers at both ends, the longest id, the largest body: it fits what the header promises, and no byte less will do.
static void test_the_largest_fits(void **unused)
{
	(void)unused;
	static uint8_t large[STORE_RECORD_BYTES_MAX], value[TELEMETRY_BYTES_MAX];
	struct store_record record = { .n = UINT64_MAX,
		.epoch = UINT64_MAX,
		.seq = UINT64_MAX,
		.recv_ms = UINT64_MAX,
		.body = { large, sizeof large } };
	size_t size = telemetry_pack("abcdefghijklmnopqrstuvwxyz012345", &record, value, sizeof value);
	assert_in_range(size, sizeof large + 1, sizeof value);
	assert_int_equal(telemetry_pack("abcdefghijklmnopqrstuvwxyz012345", &record, value, size), size);
	assert_int_equal(telemetry_pack("abcdefghijklmnopqrstuvwxyz012345", &record, value, size - 1), 0);
	record = (struct store_record){ .n = 0 };
	assert_true(telemetry_pack("a", &record, value, sizeof value) > 0);
}

static void test_json(void **unused)
{
	(void)unused;
	struct store_record record = make_record();
	char *text = telemetry_json("dev-1", &record);
	assert_string_equal(text,
		"{\"device\":\"dev-1\",\"epoch\":\"0xfedcba9876543210\",\"seq\":300,\"received_ms\":1790000000123,\"n\":77,"
		"\"record\":{\"boot\":2,\"uptime_ms\":5000,\"gap\":{\"count\":3,\"reason\":\"GAP_OVERWRITTEN\"}}}");
	free(text);
}

static void test_json_of_what_cannot_be_read(void **unused)
{
	(void)unused;
	struct store_record record = { .n = 1, .body = { "\xff\x01", 2 } };
	char *text = telemetry_json("dev-1", &record);
	assert_non_null(strstr(text, "\"record\":{\"undecodable\":\"ff01\"}"));
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_schema_reads_what_is_packed),
		cmocka_unit_test(test_the_largest_fits),
		cmocka_unit_test(test_json),
		cmocka_unit_test(test_json_of_what_cannot_be_read),
	};
	return cmocka_run_group_tests(tests, 0, 0);
}
