// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <math.h>
#include <stdlib.h>
#include "collector/http/record_json.h"
#include "tests/collector/fleet/sample.h"

static void check(const ProtobufCMessage *message, const char *expected)
{
	json_t *value = message_json(message);
	char *text = json_dumps(value, JSON_COMPACT);
	assert_string_equal(text, expected);
	free(text);
	json_decref(value);
}

static void test_a_boot(void **unused)
{
	(void)unused;
	struct sample sample;
	uint32_t backtrace[] = { 0x400d0001, 0x400d0002 };
	sample_boot(&sample, 3, MU__RESET_CLASS__RESET_HANG);
	sample.boot.has_pc = 1;
	sample.boot.pc = 0x400d1234;
	sample.boot.n_backtrace = 2;
	sample.boot.backtrace = backtrace;
	sample.boot.has_cause = 1;
	sample.boot.cause = 77; // not known yet
	sample.boot.firmware = (char *)"\xff"
				       "1";
	sample.boot.n_unreported = 1;
	sample.unreported.first_boot = 1;
	sample.unreported.count = 2;
	check(&sample.record.base,
		"{\"boot\":3,\"uptime_ms\":0,\"time_quality\":\"TIME_SERVER\",\"boot_report\":{\"reset_raw\":0,"
		"\"reset_class\":\"RESET_HANG\",\"firmware\":\"?1\",\"elf_sha\":\"1110020304050607\",\"cause\":77,"
		"\"pc\":\"0x400d1234\",\"backtrace\":[\"0x400d0001\",\"0x400d0002\"],\"unreported\":[{\"first_boot\":1,"
		"\"count\":2,\"reset_raw\":0,\"reset_class\":\"RESET_UNKNOWN\"}]}}");
}

static void test_a_heartbeat(void **unused)
{
	(void)unused;
	struct sample sample;
	Mu__AppMetric points[2] = { MU__APP_METRIC__INIT, MU__APP_METRIC__INIT };
	Mu__AppMetric *list[] = { &points[0], &points[1] };
	sample_heartbeat(&sample, 1, UINT64_MAX);
	sample.heartbeat.link = 0;
	points[0].value_case = MU__APP_METRIC__VALUE_REAL;
	points[0].real = INFINITY; // never from a device that keeps the limits
	points[1].index = 1;
	points[1].value_case = MU__APP_METRIC__VALUE_INTEGER;
	points[1].integer = INT64_MIN;
	sample.heartbeat.n_app = 2;
	sample.heartbeat.app = list;
	check(&sample.record.base,
		"{\"boot\":1,\"uptime_ms\":\"18446744073709551615\",\"time_quality\":\"TIME_SERVER\",\"heartbeat\":{\"vitals\":"
		"{\"heap_free_bytes\":150000,\"uptime_s\":1271310319,\"verdict\":0},\"app\":[{\"index\":0,\"real\":null},"
		"{\"index\":1,\"integer\":\"-9223372036854775808\"}]}}");
}

static void test_fixed64_is_hex(void **unused)
{
	(void)unused;
	Mu__Ack ack = MU__ACK__INIT;
	ack.epoch = 0xfedcba9876543210;
	ack.through_seq = 5;
	check(&ack.base, "{\"epoch\":\"0xfedcba9876543210\",\"through_seq\":5}");
}

static void test_no_body(void **unused)
{
	(void)unused;
	Mu__Record record = MU__RECORD__INIT;
	check(&record.base, "{\"boot\":0,\"uptime_ms\":0}");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_boot),
		cmocka_unit_test(test_a_heartbeat),
		cmocka_unit_test(test_fixed64_is_hex),
		cmocka_unit_test(test_no_body),
	};
	return cmocka_run_group_tests(tests, 0, 0);
}
