// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include "collector/http/device_json.h"
#include "tests/collector/fleet/sample.h"

#define NOW SAMPLE_NOW_MS

struct world {
	struct fleet *fleet;
	struct device *device;
	struct condition_view view;
};

static int set_up(void **state)
{
	static struct world world;
	world.fleet = fleet_new();
	world.device = fleet_add(world.fleet, "edge-7", NOW);
	world.view = (struct condition_view){ world.fleet, NOW + 3000, 180000 };
	*state = &world;
	return 0;
}

static int tear_down(void **state)
{
	struct world *world = *state;
	fleet_free(world->fleet);
	return 0;
}

// Where the path of names leads in the JSON; names are joined by blanks.
static const json_t *at(const json_t *value, const char *path)
{
	char name[64];
	while (*path) {
		size_t length = strcspn(path, " ");
		memcpy(name, path, length);
		name[length] = 0;
		value = json_object_get(value, name);
		path += length + (path[length] == ' ');
	}
	return value;
}

// What is not known is null, never 0 or "".
static void test_nothing_known(void **state)
{
	static const char *const unknown[] = { "online", "firmware", "last_seen_ms", "last_heartbeat_ms", "uptime_s", "heap_free_bytes",
		"rssi_dbm", "hardware", "ota state", "ota running_sha", "ota other_sha", "ota rollback_ready", "ota block", "last_result" };
	struct world *world = *state;
	json_t *value = device_full_json(world->device, &world->view);
	for (size_t i = 0; i < sizeof unknown / sizeof *unknown; i++)
		if (!json_is_null(at(value, unknown[i])))
			fail_msg("%s", unknown[i]);
	assert_int_equal(json_object_size(at(value, "metrics")), 0);
	assert_string_equal(json_string_value(at(value, "condition state")), "new");
	json_decref(value);
}

static void test_everything_known(void **state)
{
	struct world *world = *state;
	struct sample sample;
	const uint8_t id[16] = { 0xab };
	sample_boot(&sample, 3, MU__RESET_CLASS__RESET_HANG);
	sample.boot.hung_token = (char *)"net\xff";
	fleet_fold(world->fleet, world->device, &sample.record, NOW);
	sample_heartbeat(&sample, 3, 5000);
	sample_add_ota(&sample, sample_sha_new, sample_sha_old);
	sample.ota_health.has_rollback_block = 1;
	sample.ota_health.rollback_block = 99; // not known yet
	fleet_fold(world->fleet, world->device, &sample.record, NOW);
	sample_result(&sample, id, MU__COMMAND_OUTCOME__OUTCOME_BUSY);
	fleet_fold(world->fleet, world->device, &sample.record, NOW);
	sample_event(&sample, 3, "suppressed", 12, "logs=12 events=0");
	fleet_fold(world->fleet, world->device, &sample.record, NOW);
	sample_link(&sample, MU__LINK_CHANGE__LINK_LOST);
	sample.link.has_reason = 1;
	sample.link.reason = 15;
	fleet_fold(world->fleet, world->device, &sample.record, NOW);
	world->device->metric[MU_METRIC_verdict] = MU__VERDICT_BIT__VERDICT_STACK_LOW | MU__VERDICT_BIT__VERDICT_HEAP_LEAK | 1 << 30;
	world->device->reasons[0] = (struct device_reason){ .reason = 201, .count = 7 };
	world->device->reason_count = 1;
	world->device->ledger.epoch = 0xfedcba9876543210;
	world->device->ledger.gaps[MU__GAP_REASON__GAP_OVERWRITTEN] = 5;

	json_t *value = device_full_json(world->device, &world->view);
	assert_true(json_is_true(at(value, "online")));
	assert_string_equal(json_string_value(at(value, "condition state")), "hanging");
	assert_int_equal(json_integer_value(at(value, "metrics rssi_dbm value")), -60);
	assert_int_equal(json_integer_value(at(value, "metrics rssi_dbm age_s")), 3);
	assert_string_equal(json_string_value(at(value, "metrics ota_state text")), "OTA_IDLE");
	assert_int_equal(json_integer_value(at(value, "ota block")), 99);
	assert_string_equal(json_string_value(at(value, "last_result outcome")), "OUTCOME_BUSY");
	assert_string_equal(json_string_value(at(value, "ledger epoch")), "0xfedcba9876543210");
	assert_int_equal(json_integer_value(at(value, "ledger gaps GAP_OVERWRITTEN")), 5);
	const json_t *boot = json_array_get(at(value, "boots"), 0);
	assert_string_equal(json_string_value(at(boot, "class")), "RESET_HANG");
	assert_string_equal(json_string_value(at(boot, "hung_token")), "net?");
	assert_string_equal(json_string_value(at(boot, "text")), "hang, net? hung");
	const json_t *loss = json_array_get(at(value, "losses"), 0);
	assert_string_equal(json_string_value(at(loss, "text")), "lost its link: handshake_4way_timeout (15)");
	assert_string_equal(json_string_value(at(loss, "kind")), "link");
	assert_int_equal(json_integer_value(at(loss, "reason")), 15);
	const json_t *reason = json_array_get(at(value, "link_reasons"), 0);
	assert_int_equal(json_integer_value(at(reason, "reason")), 201);
	assert_int_equal(json_integer_value(at(reason, "count")), 7);
	assert_string_equal(json_string_value(at(reason, "text")), "no_ap_found (201) 7 times");
	assert_string_equal(json_string_value(at(value, "notices suppressed said")), "logs=12 events=0");
	assert_int_equal(json_integer_value(at(value, "notices suppressed value")), 12);
	assert_string_equal(json_string_value(at(value, "metrics verdict text")),
		"HEAP_LEAK STACK_LOW"); // the bit of a later schema is left out
	json_decref(value);
}

static void test_what_a_rollback_would_do(void **state)
{
	struct world *world = *state;
	struct sample sample;
	sample_boot(&sample, 3, MU__RESET_CLASS__RESET_POWER_ON);
	fleet_fold(world->fleet, world->device, &sample.record, NOW);
	sample_heartbeat(&sample, 3, 5000);
	sample_add_ota(&sample, sample_sha_new, sample_sha_old);
	fleet_fold(world->fleet, world->device, &sample.record, NOW);
	json_t *value = device_rollback_json(world->device);
	assert_string_equal(json_string_value(at(value, "running_sha")), "1110020304050607");
	assert_string_equal(json_string_value(at(value, "running_firmware")), "1.1.0");
	assert_string_equal(json_string_value(at(value, "target_sha")), "2220020304050607");
	assert_string_equal(json_string_value(at(value, "target_firmware")), "1.0.0");
	assert_true(json_is_true(at(value, "rollback_ready")));
	json_decref(value);
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_nothing_known),
		CASE(test_everything_known),
		CASE(test_what_a_rollback_would_do),
	};
	return cmocka_run_group_tests(tests, 0, 0);
}
