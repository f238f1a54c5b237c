// SPDX-License-Identifier: Apache-2.0
// Plain JSON through the transaction: numbering, dead letters, ids that belong to somebody else, and taking everything back.
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>
#include "collector/ingest/checkpoint.h"
#include "collector/ingest/ingest.h"
#include "collector/ingest/json_record.h"
#include "collector/log.h"
#include "collector/store/database.h"
#include "collector/store/dead_letters.h"
#include "tests/collector/ingest/uplink_maker.h"
#include "tests/collector/store/scratch.h"

#define NOW_MS UINT64_C(1790000000000)
#define TUTORIAL                                                                                                                       \
	"{\"device_id\":\"esp32-kitchen\",\"firmware\":\"1.0.3\",\"uptime\":12345,\"free_heap\":183204,\"rssi\":-61,"                  \
	"\"reset_reason\":\"POWERON\"}"

static struct scratch *scratch;
static struct fleet *fleet;
static struct counters counters;
static struct json_map *json;
static struct ingest *ingest;
static unsigned acks;

static void ask_ack(void *context, const struct device *device, bool is_urgent)
{
	(void)context, (void)device, (void)is_urgent;
	acks++;
}

static int setup(void **state)
{
	static struct config_errors errors;
	static const char map[] = "topics:\n- topic: devices/telemetry\n- topic: site/{device}/health\n";
	log_set_threshold(LOG_AT_ERROR);
	if (scratch_setup(state) < 0)
		return -1;
	scratch = *state;
	memset(&counters, 0, sizeof counters);
	acks = 0;
	fleet = fleet_new();
	json = json_map_parse("map", map, sizeof map - 1, &errors);
	struct ingest_parts parts = { .store = scratch->store, .fleet = fleet, .counters = &counters, .json = json, .ask_ack = ask_ack };
	ingest = ingest_new(&parts, 100, 1 << 20);
	return ingest && json ? 0 : -1;
}

static int teardown(void **state)
{
	ingest_free(ingest);
	json_map_free(json);
	fleet_free(fleet);
	return scratch_teardown(state);
}

static void hear(const char *topic, const char *payload, uint64_t at_s)
{
	assert_int_equal(ingest_add(ingest, topic, payload, strlen(payload), NOW_MS + at_s * 1000), 0);
}

static long long rows(const char *sql)
{
	return scratch_number(scratch->path, sql);
}

static void test_it_becomes_a_device(void **unused)
{
	(void)unused;
	hear("devices/telemetry", TUTORIAL, 0);
	assert_int_equal(ingest_commit(ingest), 0);
	const struct device *device = fleet_find(fleet, "esp32-kitchen");
	assert_non_null(device);
	assert_true(device_is_unacked(device));
	assert_string_equal(device->firmware, "1.0.3");
	assert_int_equal(device->metric[MU_METRIC_heap_free_bytes], 183204);
	assert_int_equal(device->boots[0].reset_class, MU__RESET_CLASS__RESET_POWER_ON);
	assert_int_equal(device->boots[0].at_s, NOW_MS / 1000 - 12345);
	assert_int_equal(device->ledger.next_seq, 3);
	assert_int_equal(rows("SELECT count(*) FROM record"), 2);
	assert_int_equal(counters.json_messages, 1);
	assert_int_equal(acks, 0); // nobody would hear it
}

// Within one batch as over many: the second message of a boot makes no boot.
static void test_numbers_go_on(void **unused)
{
	(void)unused;
	hear("site/porch/health", "{\"uptime\":10,\"firmware\":\"1.0\",\"reset_reason\":\"POWERON\"}", 0);
	hear("site/porch/health", "{\"uptime\":70,\"firmware\":\"1.0\",\"reset_reason\":\"POWERON\"}", 60);
	hear("site/porch/health", "{\"uptime\":10,\"firmware\":\"1.0\",\"reset_reason\":\"POWERON\"}", 61); // old
	assert_int_equal(ingest_commit(ingest), 0);
	hear("site/porch/health", "{\"uptime\":4,\"firmware\":\"1.0\",\"reset_reason\":\"PANIC\"}", 120);
	hear("site/porch/health", "{\"uptime\":64,\"firmware\":\"1.0\",\"reset_reason\":\"PANIC\"}", 180);
	assert_int_equal(ingest_commit(ingest), 0);
	const struct device *device = fleet_find(fleet, "porch");
	assert_int_equal(device->ledger.next_seq, 1 + 3 + 3);
	assert_int_equal(device->boot, 2);
	assert_int_equal(device->boot_count, 2);
	assert_int_equal(device->boots[0].uptime_s, 70); // that the boot before had reached
	assert_int_equal(counters.records_duplicate, 1);
	assert_int_equal(device->ledger.epoch_changes, 0);
}

// Each row: a message that is refused, and the dead letter that it becomes.
static const struct {
	const char *topic, *payload, *device, *reason;
} refused[] = {
	{ "devices/telemetry", "{\"device_id\":\"a b\",\"rssi\":-1}", "", "%is no device id%" },
	{ "devices/telemetry", "{\"device_id\":\"a\",\"rssi\":-900}", "a", "%outside of -128 .. 20%" },
	{ "devices/telemetry", "not json", "", "not JSON%" },
	{ "site/x/health", "{}", "x", "none of the mapped%" },
};

static void test_refused_messages_are_dead_letters(void **unused)
{
	(void)unused;
	for (size_t i = 0; i < sizeof refused / sizeof *refused; i++)
		hear(refused[i].topic, refused[i].payload, i);
	hear("devices/telemetry", TUTORIAL, 9); // its neighbour is taken
	assert_int_equal(ingest_commit(ingest), 0);
	for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
		char sql[256];
		snprintf(sql, sizeof sql, "SELECT count(*) FROM dead_letter WHERE topic='%s' AND device='%s' AND reason LIKE '%s'",
			refused[i].topic, refused[i].device, refused[i].reason);
		assert_int_equal(rows(sql), 1);
	}
	assert_int_equal(counters.json_messages, 5);
	assert_int_equal(counters.json_refused, 4);
	assert_int_equal(counters.payloads_refused, 4);
	assert_int_equal(counters.dead_letters, 4);
	assert_int_equal(fleet_count(fleet), 1); // a bad payload makes no device
}

static void give_uplink(const char *topic, uint64_t epoch)
{
	uint8_t bytes[512];
	struct uplink_maker maker = { .epoch = epoch, .first_seq = 1, .oldest_seq = 1, .boot = 1, .uptime_ms = 1000, .count = 2 };
	size_t size = uplink_make(&maker, bytes, sizeof bytes);
	assert_int_equal(ingest_add(ingest, topic, bytes, size, NOW_MS), 0);
}

static void test_the_id_of_a_device_with_the_agent_is_taken(void **unused)
{
	(void)unused;
	give_uplink("muster/v1/esp32-kitchen/up", 7);
	hear("devices/telemetry", TUTORIAL, 1);
	assert_int_equal(ingest_commit(ingest), 0);
	const struct device *device = fleet_find(fleet, "esp32-kitchen");
	assert_int_equal(device->ledger.epoch, 7);
	assert_int_equal(device->ledger.next_seq, 3);
	assert_int_equal(rows("SELECT count(*) FROM dead_letter WHERE device='esp32-kitchen' AND reason LIKE '%has this id%'"), 1);
}

// The way to the agent: after its first Uplink the device is one with the agent, and its old messages are refused.
static void test_a_device_gets_the_agent(void **unused)
{
	(void)unused;
	hear("devices/telemetry", TUTORIAL, 0);
	assert_int_equal(ingest_commit(ingest), 0);
	give_uplink("muster/v1/esp32-kitchen/up", 7);
	hear("devices/telemetry", TUTORIAL, 2);
	assert_int_equal(ingest_commit(ingest), 0);
	const struct device *device = fleet_find(fleet, "esp32-kitchen");
	assert_false(device_is_unacked(device));
	assert_int_equal(acks, 1);
	assert_int_equal(counters.json_refused, 1);
}

static void test_the_epoch_is_reserved(void **unused)
{
	(void)unused;
	give_uplink("muster/v1/a/up", LEDGER_PLAIN_EPOCH);
	assert_int_equal(ingest_commit(ingest), 0);
	assert_int_equal(rows("SELECT count(*) FROM dead_letter WHERE reason LIKE '%reserved for plain JSON%'"), 1);
	assert_int_equal(rows("SELECT count(*) FROM record"), 0);
}

static void test_a_failed_commit_takes_all_back(void **unused)
{
	(void)unused;
	hear("devices/telemetry", TUTORIAL, 0);
	assert_int_equal(ingest_commit(ingest), 0);
	struct ledger before = fleet_find(fleet, "esp32-kitchen")->ledger;
	assert_int_equal(sqlite3_exec(scratch->store->db, "PRAGMA query_only=1", 0, 0, 0), SQLITE_OK);
	hear("devices/telemetry", TUTORIAL, 60);
	hear("devices/telemetry", "nonsense", 60);
	assert_true(ingest_commit(ingest) < 0);
	const struct ledger *after = &fleet_find(fleet, "esp32-kitchen")->ledger;
	assert_int_equal(after->next_seq, before.next_seq);
	assert_int_equal(after->plain.heard_ms, before.plain.heard_ms);
	assert_int_equal(counters.json_messages, 1);
	assert_int_equal(counters.json_refused, 0);
}

// A restart without a snapshot: the log alone brings the device back, as unacknowledged, and its next message fits on.
static void test_replay_brings_it_back(void **unused)
{
	(void)unused;
	struct checkpoint checkpoint;
	struct checkpoint_loaded loaded;
	hear("devices/telemetry", TUTORIAL, 0);
	assert_int_equal(ingest_commit(ingest), 0);
	ingest_free(ingest);
	fleet_free(fleet);
	fleet = fleet_new();
	assert_int_equal(checkpoint_load(&checkpoint, scratch->store, fleet, 0, &counters, &loaded), 0);
	assert_int_equal(checkpoint_replay(&checkpoint, 0, &loaded), 0);
	struct ingest_parts parts = { .store = scratch->store, .fleet = fleet, .counters = &counters, .json = json, .ask_ack = ask_ack };
	ingest = ingest_new(&parts, 100, 1 << 20);
	const struct device *device = fleet_find(fleet, "esp32-kitchen");
	assert_true(device_is_unacked(device));
	hear("devices/telemetry", TUTORIAL, 0);
	assert_int_equal(ingest_commit(ingest), 0);
	assert_int_equal(device->ledger.next_seq, 4); // one heartbeat more, no boot
	assert_int_equal(device->boot_count, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_it_becomes_a_device, setup, teardown),
		cmocka_unit_test_setup_teardown(test_numbers_go_on, setup, teardown),
		cmocka_unit_test_setup_teardown(test_refused_messages_are_dead_letters, setup, teardown),
		cmocka_unit_test_setup_teardown(test_the_id_of_a_device_with_the_agent_is_taken, setup, teardown),
		cmocka_unit_test_setup_teardown(test_a_device_gets_the_agent, setup, teardown),
		cmocka_unit_test_setup_teardown(test_the_epoch_is_reserved, setup, teardown),
		cmocka_unit_test_setup_teardown(test_a_failed_commit_takes_all_back, setup, teardown),
		cmocka_unit_test_setup_teardown(test_replay_brings_it_back, setup, teardown),
	};
	return cmocka_run_group_tests(tests, 0, 0);
}
