// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "collector/ingest/json_map.h"

static struct config_errors errors;

static struct json_map *parse(const char *text)
{
	return json_map_parse("map.yaml", text, strlen(text), &errors);
}

static const char *path_of(const struct json_topic *topic, int target)
{
	return topic->fields[target].path;
}

// What tutorials publish needs two lines.
static void test_the_smallest_file(void **unused)
{
	(void)unused;
	struct json_map *map = parse("topics:\n- topic: devices/telemetry\n");
	assert_non_null(map);
	assert_int_equal(errors.count, 0);
	assert_int_equal(map->topic_count, 1);
	const struct json_topic *topic = json_map_find(map, "devices/telemetry");
	assert_ptr_equal(topic, &map->topics[0]);
	assert_int_equal(topic->device_level, -1);
	assert_string_equal(topic->device, "device_id");
	assert_string_equal(path_of(topic, MU_METRIC_heap_free_bytes), "free_heap");
	assert_string_equal(path_of(topic, MU_METRIC_uptime_s), "uptime");
	assert_string_equal(path_of(topic, JSON_FIRMWARE), "firmware");
	assert_string_equal(path_of(topic, JSON_HARDWARE), "");
	assert_null(json_map_find(map, "devices/other"));
	assert_null(json_map_find(0, "devices/telemetry"));
	json_map_free(map);
}

static void test_all_that_can_be_said(void **unused)
{
	(void)unused;
	struct json_map *map = parse("version: 1\n"
				     "topics:\n"
				     "- topic: devices/telemetry\n"
				     "- topic: site/+/{device}/health\n"
				     "  fields:\n"
				     "    uptime_s: {path: sys.uptime, unit: ms}\n"
				     "    heap_free_bytes: {path: heap, unit: KiB}\n"
				     "    temperature_decicelsius: {path: t, scale: 10}\n"
				     "    ack_ms: {path: ack, unit: s}\n"
				     "    rssi_dbm: wifi.0.rssi\n"
				     "    event: alarm\n"
				     "  reset_reasons: {restart by user: software, \"Deckel auf\": external}\n");
	assert_int_equal(errors.count, 0);
	assert_non_null(map);
	const struct json_topic *topic = json_map_find(map, "site/berlin/kitchen/health");
	assert_ptr_equal(topic, &map->topics[1]);
	assert_string_equal(topic->filter, "site/+/+/health"); // what is subscribed to
	assert_int_equal(topic->device_level, 2);
	assert_true(topic->fields[MU_METRIC_uptime_s].scale == 0.001);
	assert_true(topic->fields[MU_METRIC_heap_free_bytes].scale == 1024);
	assert_true(topic->fields[MU_METRIC_temperature_decicelsius].scale == 10);
	assert_true(topic->fields[MU_METRIC_ack_ms].scale == 1000);
	assert_true(topic->fields[MU_METRIC_rssi_dbm].scale == 1);
	assert_string_equal(path_of(topic, MU_METRIC_rssi_dbm), "wifi.0.rssi");
	assert_string_equal(path_of(topic, JSON_EVENT), "alarm");
	assert_string_equal(path_of(topic, JSON_FIRMWARE), ""); // `fields` replaces the built-in ones
	assert_int_equal(topic->reset_count, 2);
	assert_int_equal(topic->resets[1].reset_class, MU__RESET_CLASS__RESET_EXTERNAL);
	json_map_free(map);
}

// Each row: a file, and what is said of it. One error a row: none brings others along.
static const struct {
	const char *text, *error;
} bad[] = {
	{ "", "map.yaml:1:1: no topics" },
	{ "topics: []\n", "map.yaml:1:1: no topics" },
	{ "x: [\n", "map.yaml:2:1: not YAML" },
	{ "just text\n", "map.yaml:1:1: the file: a mapping belongs here" },
	{ "topics: a/b\n", "map.yaml:1:9: topics: a list belongs here" },
	{ "version: 2\ntopics:\n- topic: a\n", "map.yaml:1:10: version '2' is not known" },
	{ "topic:\n- topic: a\n", "map.yaml:1:1: unknown key 'topic' (known: version, topics)" },
	{ "topics:\n- device: id\n", "map.yaml:2:3: an entry without `topic:`" },
	{ "topics:\n- a/b\n", "map.yaml:2:3: a topic: a mapping belongs here" },
	{ "topics:\n- topic: a\n  topc: b\n", "map.yaml:3:3: unknown key 'topc' of a topic" },
	{ "topics:\n- topic: a\n  topic: b\n", "map.yaml:3:3: 'topic' is given twice" },
	{ "topics:\n- topic: [a]\n", "map.yaml:2:10: topic: one value belongs here" },
	{ "topics:\n- topic: \"\"\n", "map.yaml:2:10: topic is empty" },
	{ "topics:\n- topic: a/b+\n", "map.yaml:2:10: topic: 'a/b+' has a wildcard beside other characters" },
	{ "topics:\n- topic: a/{device}/{device}\n", "map.yaml:2:10: topic: 'a/{device}/{device}' has {device} twice" },
	{ "topics:\n- topic: a/x{device}\n", "map.yaml:2:10: topic: 'a/x{device}' has a brace" },
	{ "topics:\n- topic: \"#\"\n", "map.yaml:2:10: topic: '#' overlaps muster/#" },
	{ "topics:\n- topic: $SYS/x\n", "map.yaml:2:10: topic: '$SYS/x' begins with $" },
	{ "topics:\n- topic: a/b\n- topic: a/{device}\n", "map.yaml:3:10: topic: 'a/+' overlaps 'a/b' above" },
	{ "topics:\n- topic: a/{device}\n  device: id\n", "map.yaml:3:11: device: the id comes from the level" },
	{ "topics:\n- topic: a\n  fields: {}\n", "map.yaml:3:11: fields is empty" },
	{ "topics:\n- topic: a\n  fields: {heap: x}\n", "map.yaml:3:12: unknown field 'heap'" },
	{ "topics:\n- topic: a\n  fields: {uptime_s: {unit: s}}\n", "map.yaml:3:22: field uptime_s has no path" },
	{ "topics:\n- topic: a\n  fields: {uptime_s: {path: u, unit: parsec}}\n", "map.yaml:3:38: unknown unit 'parsec'" },
	{ "topics:\n- topic: a\n  fields: {uptime_s: {path: u, unit: KiB}}\n",
		"map.yaml:3:38: unit 'KiB' does not fit uptime_s, which is in seconds" },
	{ "topics:\n- topic: a\n  fields: {firmware: {path: u, unit: s}}\n",
		"map.yaml:3:38: unit 's' does not fit firmware, which is in words" },
	{ "topics:\n- topic: a\n  fields: {uptime_s: {path: u, scale: 0}}\n", "map.yaml:3:39: scale: '0' is no number other than 0" },
	{ "topics:\n- topic: a\n  fields: {uptime_s: {path: u, scale: nan}}\n", "map.yaml:3:39: scale: 'nan' is no number" },
	{ "topics:\n- topic: a\n  fields: {firmware: {path: u, scale: 2}}\n", "map.yaml:3:39: scale does not fit firmware" },
	{ "topics:\n- topic: a\n  fields: {uptime_s: {path: u, scale: 2, unit: s}}\n", "map.yaml:3:39: unit and scale of uptime_s" },
	{ "topics:\n- topic: a\n  fields: {uptime_s: {path: u, factor: 2}}\n", "map.yaml:3:32: unknown key 'factor' of a field" },
	{ "topics:\n- topic: a\n  reset_reasons: {oops: bang}\n", "map.yaml:3:25: unknown class 'bang' (known: unknown, power_on" },
	{ "topics:\n- topic: a\n---\ntopics:\n- topic: b\n", "map.yaml:3:1: a second document" },
};

static void test_every_error(void **unused)
{
	(void)unused;
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		assert_null(parse(bad[i].text));
		if (errors.count != 1 || strncmp(errors.text[0], bad[i].error, strlen(bad[i].error)) != 0)
			print_error("row %zu: %u errors, %s\n", i, errors.count, errors.text[0]);
		assert_int_equal(errors.count, 1);
		assert_memory_equal(errors.text[0], bad[i].error, strlen(bad[i].error));
	}
}

static void test_all_errors_in_one_run(void **unused)
{
	(void)unused;
	assert_null(parse("vers: 1\ntopics:\n- topic: a/#/b\n  fields: {x: y, z: [1]}\n- device: 3\n"));
	assert_int_equal(errors.count, 5);
}

static void test_bounds(void **unused)
{
	(void)unused;
	static char text[JSON_MAP_BYTES_MAX + 2];
	size_t used = (size_t)snprintf(text, sizeof text, "topics:\n");
	for (int i = 0; i <= JSON_MAP_TOPICS_MAX; i++)
		used += (size_t)snprintf(text + used, sizeof text - used, "- topic: t%d\n", i);
	assert_null(parse(text));
	assert_non_null(strstr(errors.text[0], "map.yaml:18:3: more than 16 topics"));

	snprintf(text, sizeof text, "topics:\n- topic: %0*d\n", JSON_MAP_FILTER_BYTES, 1);
	assert_null(parse(text));
	assert_non_null(strstr(errors.text[0], "topic is longer than 127 bytes"));

	used = (size_t)snprintf(text, sizeof text, "topics:\n- topic: a\n  reset_reasons:\n");
	for (int i = 0; i < 300; i++)
		used += (size_t)snprintf(text + used, sizeof text - used, "    r%d: hang\n", i);
	assert_null(parse(text));
	assert_non_null(strstr(errors.text[0], "more than 256 keys"));

	memset(text, ' ', sizeof text - 1);
	assert_null(json_map_parse("map.yaml", text, sizeof text - 1, &errors));
	assert_non_null(strstr(errors.text[0], "more than 65536 bytes"));
}

static void test_a_file_that_is_not_there(void **unused)
{
	(void)unused;
	assert_null(json_map_load("/nowhere/map.yaml", &errors));
	assert_int_equal(errors.count, 1);
	assert_non_null(strstr(errors.text[0], "/nowhere/map.yaml:1:1: cannot be read: No such file"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_smallest_file),
		cmocka_unit_test(test_all_that_can_be_said),
		cmocka_unit_test(test_every_error),
		cmocka_unit_test(test_all_errors_in_one_run),
		cmocka_unit_test(test_bounds),
		cmocka_unit_test(test_a_file_that_is_not_there),
	};
	return cmocka_run_group_tests(tests, 0, 0);
}
