// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>
#include "collector/ingest/checkpoint.h"
#include "collector/store/devices.h"
#include "collector/store/records.h"
#include "muster.pb-c.h"
#include "tests/collector/store/scratch.h"

enum { DEVICES = CHECKPOINT_PART + 50, NOW_MS = 1700000000 };

static struct scratch *scratch;
static struct fleet *fleet;
static struct counters counters;
static struct checkpoint checkpoint;
static struct checkpoint_loaded loaded;

static void load(void)
{
	fleet = fleet_new();
	memset(&counters, 0, sizeof counters);
	assert_int_equal(checkpoint_load(&checkpoint, scratch->store, fleet, 0, &counters, &loaded), 0);
	assert_int_equal(checkpoint_replay(&checkpoint, 0, &loaded), 0);
}

static void restart(void)
{
	fleet_free(fleet);
	scratch_close(scratch);
	scratch_open(scratch);
	load();
}

// One more record of each device, as ingest stores and folds it.
static void add_round(uint64_t seq)
{
	uint8_t bytes[64];
	Mu__Record record = MU__RECORD__INIT;
	Mu__Heartbeat heartbeat = MU__HEARTBEAT__INIT;
	record.boot = 1;
	record.uptime_ms = seq * 1000;
	record.body_case = MU__RECORD__BODY_HEARTBEAT;
	record.heartbeat = &heartbeat;
	assert_int_equal(store_begin(scratch->store), 0);
	for (uint32_t dev = 0; dev < DEVICES; dev++) {
		struct device *device = fleet_at(fleet, dev);
		struct store_record row = { .epoch = 7,
			.seq = seq,
			.recv_ms = NOW_MS,
			.prev = device->ledger.last_n,
			.dev = dev,
			.kind = MU__RECORD__BODY_HEARTBEAT,
			.body = { bytes, mu__record__pack(&record, bytes) } };
		struct ledger_entry entry = { seq, 1, 1, record.uptime_ms, -1 };
		uint64_t n;
		assert_int_equal(store_record_append(scratch->store, &row, &n), 0);
		ledger_accept(&device->ledger, 7, &entry, n);
		fleet_fold(fleet, device, &record, NOW_MS);
	}
	assert_int_equal(store_commit(scratch->store), 0);
}

static int make(void **state)
{
	char id[16];
	int err = scratch_setup(state);
	if (err)
		return err;
	scratch = *state;
	load();
	for (uint32_t dev = 0; dev < DEVICES; dev++) {
		snprintf(id, sizeof id, "d%u", dev);
		assert_non_null(fleet_add(fleet, id, NOW_MS));
		assert_int_equal(store_device_add(scratch->store, dev, id, NOW_MS), 0);
	}
	add_round(1);
	return 0;
}

static int clean(void **state)
{
	fleet_free(fleet);
	return scratch_teardown(state);
}

static void assert_all_at(uint64_t through)
{
	assert_int_equal(fleet_count(fleet), DEVICES);
	for (uint32_t dev = 0; dev < DEVICES; dev++) {
		assert_int_equal(ledger_through(&fleet_at(fleet, dev)->ledger), through);
		assert_int_equal(fleet_at(fleet, dev)->ledger.accepted, through);
		assert_int_equal(fleet_at(fleet, dev)->last_heartbeat_ms, NOW_MS);
	}
}

static void test_whole_sweep_leaves_nothing_to_fold(void **unused)
{
	(void)unused;
	checkpoint_begin(&checkpoint);
	assert_int_equal(checkpoint_step(&checkpoint), 1); // more devices than one part
	assert_int_equal(checkpoint_step(&checkpoint), 0);
	assert_int_equal(counters.snapshots, 1);
	checkpoint_begin(&checkpoint);
	assert_int_equal(checkpoint_step(&checkpoint), 0); // nothing new: no sweep
	assert_int_equal(counters.snapshots, 1);
	restart();
	assert_int_equal(loaded.folded_again, 0);
	assert_all_at(1);
}

// Records come in between two parts: half of the snapshots are newer than the number that is noted.
static void test_records_within_a_sweep_are_folded_once(void **unused)
{
	(void)unused;
	checkpoint_begin(&checkpoint);
	assert_int_equal(checkpoint_step(&checkpoint), 1);
	add_round(2);
	assert_int_equal(checkpoint_step(&checkpoint), 0);
	restart();
	assert_int_equal(loaded.folded_again, CHECKPOINT_PART); // those of the first part
	assert_all_at(2);
}

static void test_kill_within_a_sweep(void **unused)
{
	(void)unused;
	checkpoint_begin(&checkpoint);
	assert_int_equal(checkpoint_step(&checkpoint), 1);
	restart();
	assert_int_equal(loaded.folded_again, DEVICES - CHECKPOINT_PART);
	assert_all_at(1);
}

static void test_damaged_snapshot_is_made_anew_from_the_log(void **unused)
{
	(void)unused;
	checkpoint_begin(&checkpoint);
	while (checkpoint_step(&checkpoint) > 0)
		;
	assert_int_equal(store_device_snapshot(scratch->store, 3, (struct store_blob){ "rubbish", 7 }), 0);
	restart();
	assert_int_equal(loaded.damaged, 1);
	assert_int_equal(loaded.folded_again, 1);
	assert_all_at(1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_whole_sweep_leaves_nothing_to_fold, make, clean),
		cmocka_unit_test_setup_teardown(test_records_within_a_sweep_are_folded_once, make, clean),
		cmocka_unit_test_setup_teardown(test_kill_within_a_sweep, make, clean),
		cmocka_unit_test_setup_teardown(test_damaged_snapshot_is_made_anew_from_the_log, make, clean),
	};
	return cmocka_run_group_tests(tests, 0, 0);
}
