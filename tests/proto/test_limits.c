// SPDX-License-Identifier: Apache-2.0
// Rows are in protobuf's text format, so that they read like the golden files.
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <float.h>
#include <math.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "golden_file.h"
#include "muster.pb-c.h"
#include "proto/limits.h"
#include "proto/metrics.h"

#define HEAD "boot: 1 uptime_ms: 1 "
#define SHA "'\\001\\002\\003\\004\\005\\006\\007\\010'"
#define ID "'0123456789abcdef'"
#define X10 "xxxxxxxxxx"
#define X32 X10 X10 X10 "xx"
#define X128 X32 X32 X32 X32

struct row {
	const char *text;
	int err;
	const char *field;
};

static const struct row records[] = {
	{ HEAD "event { name: 'x' }", 0, 0 },
	{ "boot: 0 uptime_ms: 1 event { name: 'x' }", MU_ERR_RANGE, "boot" },
	{ "boot: 1 uptime_ms: 9007199254740991 event { name: 'x' }", 0, 0 },
	{ "boot: 1 uptime_ms: 9007199254740992 event { name: 'x' }", MU_ERR_RANGE, "uptime_ms" },
	{ "boot: 1 uptime_ms: 18446744073709551615 event { name: 'x' }", MU_ERR_RANGE, "uptime_ms" }, // not negative by a cast
	{ HEAD, MU_ERR_INVALID, "body" },
	{ HEAD "wall_ms: 1795241400123 event { name: 'x' }", MU_ERR_INVALID, "wall_ms" },             // which says nothing of its quality
	{ HEAD "wall_ms: 1577836799999 time_quality: TIME_RTC event { name: 'x' }", MU_ERR_RANGE, "wall_ms" },
	{ HEAD "wall_ms: 1577836800000 time_quality: TIME_RTC event { name: 'x' }", 0, 0 },
	{ HEAD "wall_ms: 4102444800001 time_quality: TIME_RTC event { name: 'x' }", MU_ERR_RANGE, "wall_ms" },
	{ HEAD "event { name: '' }", MU_ERR_SIZE, "event.name" },
	{ HEAD "event { name: '" X32 "' text: '" X128 "' }", 0, 0 },
	{ HEAD "event { name: '" X32 "x' }", MU_ERR_SIZE, "event.name" },
	{ HEAD "event { name: 'Door' }", MU_ERR_INVALID, "event.name" },
	{ HEAD "event { name: 'x' text: '" X128 "x' }", MU_ERR_SIZE, "event.text" },
	{ HEAD "event { name: 'x' text: 'a\\nb' }", MU_ERR_INVALID, "event.text" },
	{ HEAD "event { name: 'x' value: -9223372036854775808 }", 0, 0 },
	{ HEAD "log { level: LOG_INFO text: '" X128 X128 "' }", 0, 0 },
	{ HEAD "log { level: LOG_INFO text: '" X128 X128 "x' }", MU_ERR_SIZE, "log.text" },
	{ HEAD "log { level: LOG_INFO text: '\\033[2J' }", MU_ERR_INVALID, "log.text" },
	{ HEAD "log { level: LOG_INFO tag: '" X10 "xxxxxx' text: '' }", MU_ERR_SIZE, "log.tag" },
	{ HEAD "gap { count: 0 reason: GAP_THINNED }", MU_ERR_RANGE, "gap.count" },
	{ HEAD "gap { count: 4294967296 reason: GAP_THINNED }", 0, 0 },
	{ HEAD "gap { count: 4294967297 reason: GAP_THINNED }", MU_ERR_RANGE, "gap.count" },
	{ HEAD "gap { count: 18446744073709551615 reason: GAP_THINNED }", MU_ERR_RANGE, "gap.count" },
	{ HEAD "link { change: LINK_LOST reason: 65536 }", MU_ERR_RANGE, "link.reason" },
	{ HEAD "link { change: LINK_LOST rssi_dbm: 21 }", MU_ERR_RANGE, "link.rssi_dbm" },
	{ HEAD "ota { state: OTA_IDLE from_sha: '' }", 0, 0 },
	{ HEAD "ota { state: OTA_IDLE from_sha: 'abc' }", MU_ERR_SIZE, "ota.from_sha" },
	{ HEAD "ota { state: OTA_IDLE progress_permille: 1001 }", MU_ERR_RANGE, "ota.progress_permille" },
	{ HEAD "command_result { id: '' outcome: OUTCOME_MALFORMED }", 0, 0 },
	{ HEAD "command_result { id: 'short' outcome: OUTCOME_MALFORMED }", MU_ERR_SIZE, "command_result.id" },
	{ HEAD "boot_report { reset_raw: 1 reset_class: RESET_CRASH elf_sha: 'abc' }", MU_ERR_SIZE, "boot_report.elf_sha" },
	{ HEAD "boot_report { reset_raw: 1 reset_class: RESET_CRASH firmware: '" X32 "' }", MU_ERR_SIZE, "boot_report.firmware" },
	{ HEAD "boot_report { reset_raw: 1 reset_class: RESET_CRASH unreported { first_boot: 0 count: 1 reset_raw: 1 reset_class: RESET_CRASH } }",
		MU_ERR_RANGE, "boot_report.unreported.first_boot" },
	{ HEAD "boot_report { reset_raw: 1 reset_class: RESET_CRASH app_metric_names: 'ok' app_metric_names: '' }", MU_ERR_SIZE,
		"boot_report.app_metric_names" },
	{ HEAD "heartbeat { }", 0, 0 },
	{ HEAD "heartbeat { link { rssi_dbm: 21 } }", MU_ERR_RANGE, "heartbeat.link.rssi_dbm" },
	{ HEAD "heartbeat { ota { running_sha: 'abc' } }", MU_ERR_SIZE, "heartbeat.ota.running_sha" },
	{ HEAD "heartbeat { tasks { stack_min_task: '" X10 "xxxxxx' } }", MU_ERR_SIZE, "heartbeat.tasks.stack_min_task" },
	{ HEAD "heartbeat { tasks { stack_min_task: '\\t' } }", MU_ERR_INVALID, "heartbeat.tasks.stack_min_task" },
	{ HEAD "heartbeat { link { reasons { reason: 65536 count: 1 } } }", MU_ERR_RANGE, "heartbeat.link.reasons.reason" },
	{ HEAD "heartbeat { app { index: 16 integer: 1 } }", MU_ERR_RANGE, "heartbeat.app.index" },
	{ HEAD "heartbeat { app { index: 0 real: 1.5 } }", 0, 0 },
	{ HEAD "heartbeat { app { index: 0 real: nan } }", MU_ERR_INVALID, "heartbeat.app.real" },
	{ HEAD "heartbeat { app { index: 0 real: inf } }", MU_ERR_INVALID, "heartbeat.app.real" },
	{ HEAD "heartbeat { app { index: 0 real: -inf } }", MU_ERR_INVALID, "heartbeat.app.real" },
};

static const struct row acks[] = {
	{ "epoch: 18446744073709551615 through_seq: 0", 0, 0 },
	{ "epoch: 0 through_seq: 1", MU_ERR_RANGE, "epoch" },
	{ "epoch: 1 through_seq: 9007199254740992", MU_ERR_RANGE, "through_seq" },
	{ "epoch: 1 through_seq: 1 server_time_ms: 0", MU_ERR_RANGE, "server_time_ms" },
	{ "epoch: 1 through_seq: 1 retry_after_s: 86401", MU_ERR_RANGE, "retry_after_s" },
};

static const struct row commands[] = {
	{ "device: 'a-B_9' id: " ID " counter: 1 reboot {}", 0, 0 },
	{ "device: 'a b' id: " ID " counter: 1 reboot {}", MU_ERR_INVALID, "device" },
	{ "device: '' id: " ID " counter: 1 reboot {}", MU_ERR_SIZE, "device" },
	{ "device: 'a' id: 'short' counter: 1 reboot {}", MU_ERR_SIZE, "id" },
	{ "device: 'a' id: " ID " counter: 0 reboot {}", MU_ERR_RANGE, "counter" },
	{ "device: 'a' id: " ID " counter: 1", MU_ERR_INVALID, "body" },
	{ "device: 'a' id: " ID " counter: 1 not_after_ms: 1 reboot {}", MU_ERR_RANGE, "not_after_ms" },
	{ "device: 'a' id: " ID " counter: 1 rollback { running_sha: " SHA " target_sha: " SHA " }", 0, 0 },
	{ "device: 'a' id: " ID " counter: 1 rollback { running_sha: " SHA " target_sha: '' }", MU_ERR_SIZE, "rollback.target_sha" },
	{ "device: 'a' id: " ID " counter: 1 update { manifest_url: '' }", MU_ERR_SIZE, "update.manifest_url" },
	{ "device: 'a' id: " ID " counter: 1 report { interval_s: 0 for_s: 1 }", MU_ERR_RANGE, "report.interval_s" },
	{ "device: 'a' id: " ID " counter: 1 log { level: LOG_INFO for_s: 604801 }", MU_ERR_RANGE, "log.for_s" },
	{ "device: 'a' id: " ID " counter: 1 diagnose { for_s: 0 }", MU_ERR_RANGE, "diagnose.for_s" },
};

static const struct row signed_commands[] = {
	{ "command: 'x' signature: '0123456789' key_id: '01234567'", 0, 0 },
	{ "command: '' signature: '0123456789' key_id: '01234567'", MU_ERR_SIZE, "command" },
	{ "command: 'x' signature: '0123456' key_id: '01234567'", MU_ERR_SIZE, "signature" },
	{ "command: 'x' signature: '" X32 X32 X10 "' key_id: '01234567'", MU_ERR_SIZE, "signature" },
	{ "command: 'x' signature: '0123456789' key_id: '0123456'", MU_ERR_SIZE, "key_id" },
};

static int check_record(const void *message, struct mu_limits_fault *fault)
{
	return mu_limits_check_record(message, fault);
}
static int check_ack(const void *message, struct mu_limits_fault *fault)
{
	return mu_limits_check_ack(message, fault);
}
static int check_command(const void *message, struct mu_limits_fault *fault)
{
	return mu_limits_check_command(message, fault);
}
static int check_signed(const void *message, struct mu_limits_fault *fault)
{
	return mu_limits_check_signed_command(message, fault);
}

static void run_rows(const struct row *rows, size_t count, const ProtobufCMessageDescriptor *descriptor,
	int (*check)(const void *, struct mu_limits_fault *))
{
	for (size_t i = 0; i < count; i++) {
		uint8_t bytes[GOLDEN_BYTES_MAX];
		struct mu_limits_fault fault = { .field = "", .what = "nothing" };
		size_t size = golden_encode(descriptor->short_name, rows[i].text, bytes);
		ProtobufCMessage *message = protobuf_c_message_unpack(descriptor, 0, size, bytes);
		assert_non_null(message);
		int err = check(message, &fault);
		if (err != rows[i].err || (err && strcmp(fault.field, rows[i].field) != 0))
			fail_msg("%s\n gave %d %s (%s)", rows[i].text, err, fault.field, fault.what);
		assert_int_equal(check(message, 0), err); // without a place for the fault
		protobuf_c_message_free_unpacked(message, 0);
	}
}

#define RUN(rows, message, check) run_rows(rows, sizeof rows / sizeof *rows, &mu__##message##__descriptor, check)

static void test_records(void **unused)
{
	(void)unused;
	RUN(records, record, check_record);
}

static void test_acks_and_commands(void **unused)
{
	(void)unused;
	RUN(acks, ack, check_ack);
	RUN(commands, command, check_command);
	RUN(signed_commands, signed_command, check_signed);
}

static void set_field(Mu__Heartbeat *heartbeat, const struct mu_metric_info *info, int64_t value)
{
	uint8_t *part;
	memcpy(&part, (uint8_t *)heartbeat + info->part_offset, sizeof part);
	memcpy(part + info->field_offset, &(int32_t){ (int32_t)value }, sizeof(int32_t));
}

// Every metric at both ends of its range and one step beyond, where 32 bits can say that.
static void test_every_metric_range(void **unused)
{
	(void)unused;
	struct golden_row row = { .name = "heartbeat_full" };
	uint8_t bytes[GOLDEN_BYTES_MAX];
	size_t size = golden_hex(&row, bytes);

	for (int i = 0; i < MU_METRIC_COUNT; i++) {
		const struct mu_metric_info *info = &mu_metrics[i];
		bool is_signed = info->type == MU_METRIC_SINT || info->type == MU_METRIC_ENUM;
		int64_t top = is_signed ? INT32_MAX : UINT32_MAX, bottom = is_signed ? INT32_MIN : 0;
		Mu__Record *record = mu__record__unpack(0, size, bytes);
		struct mu_limits_fault fault;

		assert_non_null(record);
		if (info->type != MU_METRIC_BOOL) {
			set_field(record->heartbeat, info, info->min);
			assert_int_equal(mu_limits_check_record(record, &fault), 0);
			set_field(record->heartbeat, info, info->max);
			assert_int_equal(mu_limits_check_record(record, &fault), 0);
		}
		if (info->type != MU_METRIC_BOOL && info->max < top) {
			set_field(record->heartbeat, info, info->max + 1);
			assert_int_equal(mu_limits_check_record(record, &fault), MU_ERR_RANGE);
			assert_non_null(strstr(fault.field, mu_metric_words[i].field));
			assert_int_equal(fault.value, info->max + 1);
		}
		if (info->type != MU_METRIC_BOOL && info->min > bottom) {
			set_field(record->heartbeat, info, info->min - 1);
			assert_int_equal(mu_limits_check_record(record, &fault), MU_ERR_RANGE);
		}
		mu__record__free_unpacked(record, 0);
	}
}

// Each row: so many of a repeated field are allowed, one more is not.
static const struct {
	const char *before, *one, *after;
	unsigned most;
	const char *field;
} counts[] = {
	{ HEAD "boot_report { reset_raw: 1 reset_class: RESET_CRASH", " backtrace: 7", "}", 16, "boot_report.backtrace" },
	{ HEAD "boot_report { reset_raw: 1 reset_class: RESET_CRASH", " app_metric_names: 'x'", "}", 16, "boot_report.app_metric_names" },
	{ HEAD "boot_report { reset_raw: 1 reset_class: RESET_CRASH",
		" unreported { first_boot: 1 count: 1 reset_raw: 1 reset_class: RESET_CRASH }", "}", 16, "boot_report.unreported" },
	{ HEAD "heartbeat {", " app { index: 0 integer: 1 }", "}", 16, "heartbeat.app" },
	{ HEAD "heartbeat { link {", " reasons { reason: 1 count: 1 }", "} }", 3, "heartbeat.link.reasons" },
};

static void test_counts(void **unused)
{
	(void)unused;
	for (size_t i = 0; i < sizeof counts / sizeof *counts; i++)
		for (unsigned extra = 0; extra <= 1; extra++) {
			char text[4096];
			size_t used = (size_t)snprintf(text, sizeof text, "%s", counts[i].before);
			for (unsigned n = 0; n < counts[i].most + extra; n++)
				used += (size_t)snprintf(text + used, sizeof text - used, "%s", counts[i].one);
			snprintf(text + used, sizeof text - used, "%s", counts[i].after);
			struct row row = { text, extra ? MU_ERR_SIZE : 0, counts[i].field };
			run_rows(&row, 1, &mu__record__descriptor, check_record);
		}
}

// Unknown fields and enum values of a later version are no fault, and a body of a later version is a body.
static void test_the_unknown_is_no_fault(void **unused)
{
	(void)unused;
	static const uint8_t unknown_body[] = { 0x08, 0x01, 0x10, 0x01, 0xa2, 0x01, 0x02, 0x08, 0x05 };    // field 20
	static const uint8_t unknown_enum[] = { 0x08, 0x01, 0x10, 0x01, 0x62, 0x04, 0x08, 0x05, 0x10, 0x63 }; // gap reason 99
	Mu__Record *record = mu__record__unpack(0, sizeof unknown_body, unknown_body);
	assert_non_null(record);
	assert_int_equal(mu_limits_check_record(record, 0), 0);
	mu__record__free_unpacked(record, 0);
	record = mu__record__unpack(0, sizeof unknown_enum, unknown_enum);
	assert_non_null(record);
	assert_int_equal(mu_limits_check_record(record, 0), 0);
	assert_int_equal(record->gap->reason, 99);
	mu__record__free_unpacked(record, 0);
}

static const struct {
	uint64_t epoch, first, oldest;
	int err;
} headers[] = {
	{ 1, 1, 1, 0 },
	{ UINT64_MAX, MU_SEQ_MAX, 1, 0 },
	{ 0, 1, 1, MU_ERR_RANGE },
	{ 1, 0, 1, MU_ERR_RANGE },
	{ 1, 1, 0, MU_ERR_RANGE },
	{ 1, MU_SEQ_MAX + 1, 1, MU_ERR_RANGE },
	{ 1, UINT64_MAX, 1, MU_ERR_RANGE },
	{ 1, 5, 6, MU_ERR_INVALID }, // sends what it says it no longer has
};

static void test_headers(void **unused)
{
	(void)unused;
	for (size_t i = 0; i < sizeof headers / sizeof *headers; i++)
		assert_int_equal(mu_limits_check_header(headers[i].epoch, headers[i].first, headers[i].oldest, 0), headers[i].err);
}

static void test_ids(void **unused)
{
	(void)unused;
	assert_true(mu_id_valid("a"));
	assert_true(mu_id_valid("abcdefghijklmnopqrstuvwxyzABCD-_"));
	assert_false(mu_id_valid("abcdefghijklmnopqrstuvwxyzABCD-_9")); // 33
	assert_false(mu_id_valid(""));
	assert_false(mu_id_valid(0));
	assert_false(mu_id_valid("a/b"));
	assert_false(mu_id_valid("+"));
	assert_false(mu_id_valid("t\xc3\xbcr"));
	assert_false(mu_id_valid_bytes("a\0b", 3));
	assert_true(mu_id_valid_bytes("abc/up", 3));
}

// A message that a device builds itself, with a required text left out: no crash, and it says so.
static void test_null_where_text_must_be(void **unused)
{
	(void)unused;
	Mu__Event event = MU__EVENT__INIT;
	Mu__Record record = MU__RECORD__INIT;
	struct mu_limits_fault fault;

	record.boot = 1;
	record.body_case = MU__RECORD__BODY_EVENT;
	record.event = &event;
	event.name = 0;
	assert_int_equal(mu_limits_check_record(&record, &fault), MU_ERR_INVALID);
	assert_string_equal(fault.field, "event.name");
	record.event = 0;
	assert_int_equal(mu_limits_check_record(&record, &fault), MU_ERR_INVALID);
	assert_string_equal(fault.field, "event");
}

// Beside the three that are none: the largest, the least, and those whose bits look odd.
static void test_finite(void **unused)
{
	(void)unused;
	static const double good[] = { 0.0, -0.0, 1.0, DBL_MAX, -DBL_MAX, DBL_MIN, DBL_TRUE_MIN };
	static const double bad[] = { NAN, -NAN, INFINITY, -INFINITY };
	for (size_t i = 0; i < sizeof good / sizeof *good; i++)
		assert_true(mu_limits_finite(good[i]));
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		assert_false(mu_limits_finite(bad[i]));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_finite),
		cmocka_unit_test(test_records),
		cmocka_unit_test(test_acks_and_commands),
		cmocka_unit_test(test_every_metric_range),
		cmocka_unit_test(test_counts),
		cmocka_unit_test(test_the_unknown_is_no_fault),
		cmocka_unit_test(test_headers),
		cmocka_unit_test(test_ids),
		cmocka_unit_test(test_null_where_text_must_be),
	};
	return cmocka_run_group_tests(tests, 0, 0);
}
