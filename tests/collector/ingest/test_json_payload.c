// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>
#include "collector/ingest/json_payload.h"

#define TUTORIAL                                                                                                                       \
	"{\"device_id\":\"esp32-kitchen\",\"firmware\":\"1.0.3\",\"uptime\":12345,\"free_heap\":183204,\"rssi\":-61,"                  \
	"\"reset_reason\":\"POWERON\"}"

static struct json_map *tutorial, *rich;
static char reason[JSON_PAYLOAD_REASON_BYTES];

static int load(void **unused)
{
	static struct config_errors errors;
	static const char small[] = "topics:\n- topic: devices/telemetry\n";
	static const char large[] = "topics:\n"
				    "- topic: site/{device}/health\n"
				    "  fields:\n"
				    "    uptime_s: {path: sys.up, unit: ms}\n"
				    "    heap_free_bytes: {path: heap, unit: KiB}\n"
				    "    rssi_dbm: aps.0.rssi\n"
				    "    watchdog_armed: wdt\n"
				    "    hardware: chip\n"
				    "    event: alarm\n"
				    "    reset_reason: why\n"
				    "  reset_reasons: {Deckel auf: external, panic: hang}\n";
	(void)unused;
	tutorial = json_map_parse("small", small, sizeof small - 1, &errors);
	rich = json_map_parse("large", large, sizeof large - 1, &errors);
	return tutorial && rich ? 0 : -1;
}

static int unload(void **unused)
{
	(void)unused;
	json_map_free(tutorial);
	json_map_free(rich);
	return 0;
}

static int read(const struct json_map *map, const char *topic, const char *payload, struct json_reading *reading)
{
	const struct json_topic *mapping = json_map_find(map, topic);
	assert_non_null(mapping);
	reason[0] = 0;
	return json_payload_read(mapping, topic, payload, strlen(payload), reading, reason);
}

static int read_small(const char *payload, struct json_reading *reading)
{
	return read(tutorial, "devices/telemetry", payload, reading);
}

static void test_what_tutorials_publish(void **unused)
{
	(void)unused;
	struct json_reading reading;
	assert_int_equal(read_small(TUTORIAL, &reading), 0);
	assert_string_equal(reading.id, "esp32-kitchen");
	assert_string_equal(reading.firmware, "1.0.3");
	assert_true(reading.has_uptime);
	assert_int_equal(reading.uptime_ms, 12345000);
	assert_int_equal(reading.metric[MU_METRIC_uptime_s], 12345);
	assert_int_equal(reading.metric[MU_METRIC_heap_free_bytes], 183204);
	assert_int_equal(reading.metric[MU_METRIC_rssi_dbm], -61);
	assert_false(reading.has[MU_METRIC_heap_min_bytes]);
	assert_true(reading.has_reset);
	assert_int_equal(reading.reset.raw, 1);
	assert_int_equal(reading.reset.reset_class, MU__RESET_CLASS__RESET_POWER_ON);
	assert_int_equal(reading.count, 5);
}

static void test_a_mapping_of_ones_own(void **unused)
{
	(void)unused;
	struct json_reading reading;
	assert_int_equal(read(rich, "site/kitchen/health",
				 "{\"sys\":{\"up\":61999},\"heap\":12.5,\"aps\":[{\"rssi\":\"-70\"}],\"wdt\":true,\"chip\":\"c3\","
				 "\"alarm\":\"Door open: 7 \\u00b0\",\"why\":\"deckel AUF\",\"more\":[1,2]}",
				 &reading),
		0);
	assert_string_equal(reading.id, "kitchen");
	assert_int_equal(reading.metric[MU_METRIC_uptime_s], 61); // whole seconds that are over
	assert_int_equal(reading.uptime_ms, 61999);
	assert_int_equal(reading.metric[MU_METRIC_heap_free_bytes], 12800);
	assert_int_equal(reading.metric[MU_METRIC_rssi_dbm], -70); // a number in quotes
	assert_int_equal(reading.metric[MU_METRIC_watchdog_armed], 1);
	assert_string_equal(reading.hardware, "c3");
	assert_string_equal(reading.event, "Door open: 7 \xc2\xb0");
	assert_string_equal(reading.event_name, "door_open__7___"); // what rules and pages take for a name
	assert_int_equal(reading.reset.reset_class, MU__RESET_CLASS__RESET_EXTERNAL);
}

// A word of the mapping goes before the built-in one; a code and an unknown word are no faults.
static void test_reset_reasons(void **unused)
{
	(void)unused;
	struct json_reading reading;
	assert_int_equal(read(rich, "site/a/health", "{\"why\":\"PANIC\"}", &reading), 0);
	assert_int_equal(reading.reset.reset_class, MU__RESET_CLASS__RESET_HANG);
	assert_int_equal(read(rich, "site/a/health", "{\"why\":4}", &reading), 0);
	assert_int_equal(reading.reset.reset_class, MU__RESET_CLASS__RESET_CRASH);
	assert_int_equal(read(rich, "site/a/health", "{\"why\":\"gremlins\"}", &reading), 0);
	assert_true(reading.has_reset);
	assert_int_equal(reading.reset.reset_class, MU__RESET_CLASS__RESET_UNKNOWN);
}

static void test_absent_and_null_are_no_faults(void **unused)
{
	(void)unused;
	struct json_reading reading;
	assert_int_equal(read_small("{\"device_id\":\"a\",\"uptime\":null,\"rssi\":-5}", &reading), 0);
	assert_false(reading.has_uptime);
	assert_int_equal(reading.count, 1);
}

// Each row: a payload that is refused, and what is said. The id is known where it could be read.
static const struct {
	const char *payload, *reason, *id;
} refused[] = {
	{ "", "not JSON: ", "" },
	{ "hello", "not JSON: ", "" },
	{ "{\"device_id\":\"a\",\"rssi\":-61", "not JSON: ", "" }, // cut off
	{ "{\"device_id\":\"a\"} x", "not JSON: end of file expected", "" },
	{ "{\"device_id\":\"a\",\"rssi\":1,\"rssi\":2}", "not JSON: duplicate object key", "" },
	{ "{\"device_id\":\"a\",\"rssi\":NaN}", "not JSON: ", "" },
	{ "{\"device_id\":\"a\",\"rssi\":1e999}", "not JSON: real number overflow", "" },
	{ "{\"device_id\":\"a\",\"rssi\":99999999999999999999}", "not JSON: too big integer", "" },
	{ "{\"device_id\":\"\xff\",\"rssi\":1}", "not JSON: unable to decode byte 0xff", "" },
	{ "{\"device_id\":\"a\\u0000b\",\"rssi\":1}", "not JSON: \\u0000 is not allowed", "" },
	{ "[1]", "not a JSON object", "" },
	{ "7", "not a JSON object", "" },
	{ "{\"a\":[[[[[[[[1]]]]]]]]}", "nested deeper than 8 levels", "" },
	{ "{}", "device_id: nothing where the device's id belongs", "" },
	{ "{\"device_id\":7,\"rssi\":1}", "device_id: a number where the device's id belongs", "" },
	{ "{\"device_id\":\"\",\"rssi\":1}", "'' is no device id", "" },
	{ "{\"device_id\":\"A4:CF:12\",\"rssi\":1}", "'A4:CF:12' is no device id: 1 to 32 of A-Z a-z 0-9 _ - (a MAC address: write it", "" },
	{ "{\"device_id\":\"a/../b\",\"rssi\":1}", "is no device id", "" },
	{ "{\"device_id\":\"0123456789012345678901234567890123\",\"rssi\":1}", "is no device id", "" },
	{ "{\"device_id\":\"a\",\"rsi\":-61}", "none of the mapped fields is in it", "a" },
	{ "{\"device_id\":\"a\",\"rssi\":-900}", "rssi: -900 is outside of -128 .. 20 dbm (rssi_dbm)", "a" },
	{ "{\"device_id\":\"a\",\"uptime\":-1}", "uptime: -1 is outside of 0 .. 4294967295 seconds (uptime_s)", "a" },
	{ "{\"device_id\":\"a\",\"free_heap\":5e9}", "free_heap: 5e+09 is outside of 0 .. 4294967295 bytes", "a" },
	{ "{\"device_id\":\"a\",\"free_heap\":{}}", "free_heap: an object where a number belongs (heap_free_bytes)", "a" },
	{ "{\"device_id\":\"a\",\"free_heap\":\"12kB\"}", "free_heap: a text where a number belongs", "a" },
	{ "{\"device_id\":\"a\",\"free_heap\":\"0x10\"}", "free_heap: a text where a number belongs", "a" },
	{ "{\"device_id\":\"a\",\"free_heap\":\"1e999\"}", "free_heap: a text where a number belongs", "a" },
	{ "{\"device_id\":\"a\",\"free_heap\":\"\"}", "free_heap: a text where a number belongs", "a" },
	{ "{\"device_id\":\"a\",\"firmware\":7}", "firmware: a number where a text belongs (firmware)", "a" },
	{ "{\"device_id\":\"a\",\"firmware\":\"01234567890123456789012345678901\"}", "firmware: 32 bytes, at most 31 are taken", "a" },
	{ "{\"device_id\":\"a\",\"firmware\":\"1.0\\u001b[2J\"}", "firmware: not printable (firmware)", "a" },
	{ "{\"device_id\":\"a\",\"reset_reason\":[]}", "reset_reason: a list where a text or a code belongs", "a" },
	{ "{\"device_id\":\"a\",\"reset_reason\":-1}", "reset_reason: a number where a text or a code belongs", "a" },
};

static void test_every_refusal(void **unused)
{
	(void)unused;
	for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
		struct json_reading reading;
		int result = read_small(refused[i].payload, &reading);
		if (result != -1 || !strstr(reason, refused[i].reason) || strcmp(reading.id, refused[i].id) != 0)
			print_error("row %zu: %d, id '%s', %s\n", i, result, reading.id, reason);
		assert_int_equal(result, -1);
		assert_non_null(strstr(reason, refused[i].reason));
		assert_string_equal(reading.id, refused[i].id);
	}
}

static void test_an_id_in_the_topic_is_checked_as_well(void **unused)
{
	(void)unused;
	struct json_reading reading;
	assert_int_equal(read(rich, "site/a b/health", "{\"heap\":1}", &reading), -1);
	assert_non_null(strstr(reason, "'a b' is no device id"));
	assert_int_equal(read(rich, "site//health", "{\"heap\":1}", &reading), -1);
}

// Brackets in texts are none; the bound is on the size as it came, also where only a part was kept.
static void test_bounds(void **unused)
{
	(void)unused;
	struct json_reading reading;
	static char large[JSON_PAYLOAD_BYTES_MAX + 2];
	assert_int_equal(read_small("{\"device_id\":\"a\",\"rssi\":-1,\"x\":\"[[[[[[[[[[\\\"[[[\"}", &reading), 0);
	snprintf(large, sizeof large, "{\"device_id\":\"a\",\"rssi\":-1%*s}", JSON_PAYLOAD_BYTES_MAX - 28, "");
	assert_int_equal(strlen(large), JSON_PAYLOAD_BYTES_MAX - 1);
	assert_int_equal(read_small(large, &reading), 0);
	assert_int_equal(json_payload_read(&tutorial->topics[0], "devices/telemetry", large, JSON_PAYLOAD_BYTES_MAX + 1, &reading, reason),
		-1);
	assert_non_null(strstr(reason, "8193 bytes; at most 8192 are taken"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_tutorials_publish),
		cmocka_unit_test(test_a_mapping_of_ones_own),
		cmocka_unit_test(test_reset_reasons),
		cmocka_unit_test(test_absent_and_null_are_no_faults),
		cmocka_unit_test(test_every_refusal),
		cmocka_unit_test(test_an_id_in_the_topic_is_checked_as_well),
		cmocka_unit_test(test_bounds),
	};
	return cmocka_run_group_tests(tests, load, unload);
}
