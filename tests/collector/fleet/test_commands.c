// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <openssl/sha.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "collector/fleet/commands.h"
#include "collector/log.h"
#include "collector/store/store_commands.h"
#include "collector/store/devices.h"
#include "tests/collector/fleet/sample.h"

#define NOW SAMPLE_NOW_MS

struct world {
	char folder[32], path[64];
	struct store *store;
	struct fleet *fleet;
	struct device *device;
	struct commands *commands;
	int published, refuse; // by the broker
	char last_device[40];
};

static int publish(void *context, const char *device_id, const uint8_t *payload, size_t size)
{
	struct world *world = context;
	Mu__SignedCommand *sign = mu__signed_command__unpack(0, size, payload);
	assert_non_null(sign);
	mu__signed_command__free_unpacked(sign, 0);
	if (world->refuse)
		return -1;
	world->published++;
	snprintf(world->last_device, sizeof world->last_device, "%s", device_id);
	return 0;
}

static void open_world(struct world *world)
{
	struct store_fault fault;
	assert_int_equal(store_open(&world->store, world->path, STORE_OWNER, &fault), 0);
	world->fleet = fleet_new();
	world->device = fleet_add(world->fleet, "edge-7", NOW);
	fleet_add(world->fleet, "edge-8", NOW);
	world->commands = commands_new(world->store, world->fleet, publish, world);
	assert_non_null(world->commands);
}

static void close_world(struct world *world)
{
	commands_free(world->commands);
	fleet_free(world->fleet);
	store_close(world->store);
}

static int set_up(void **state)
{
	struct world *world = calloc(1, sizeof *world);
	snprintf(world->folder, sizeof world->folder, "/tmp/test-commands-XXXXXX");
	assert_non_null(mkdtemp(world->folder));
	snprintf(world->path, sizeof world->path, "%s/muster.db", world->folder);
	log_set_threshold(LOG_AT_ERROR);
	open_world(world);
	assert_int_equal(store_device_add(world->store, 0, "edge-7", NOW), 0);
	assert_int_equal(store_device_add(world->store, 1, "edge-8", NOW), 0);
	*state = world;
	return 0;
}

static int tear_down(void **state)
{
	struct world *world = *state;
	char command[80];
	close_world(world);
	snprintf(command, sizeof command, "rm -rf %s", world->folder);
	free(world);
	return system(command);
}

// A rollback to sample_sha_old with this id; not_after_ms 0: none. Returns its size.
static size_t pack(uint8_t *out, uint8_t id_byte, uint64_t not_after_ms, bool is_rollback)
{
	uint8_t id[16] = { id_byte }, inner[512], zeros[72] = { 0 };
	Mu__Command command = MU__COMMAND__INIT;
	Mu__Rollback rollback = MU__ROLLBACK__INIT;
	Mu__Reboot reboot = MU__REBOOT__INIT;
	Mu__SignedCommand sign = MU__SIGNED_COMMAND__INIT;
	rollback.running_sha = (ProtobufCBinaryData){ 8, (uint8_t *)sample_sha_new };
	rollback.target_sha = (ProtobufCBinaryData){ 8, (uint8_t *)sample_sha_old };
	command.device = (char *)"edge-7";
	command.id = (ProtobufCBinaryData){ 16, id };
	command.counter = 1;
	command.has_not_after_ms = not_after_ms != 0;
	command.not_after_ms = not_after_ms;
	command.body_case = is_rollback ? MU__COMMAND__BODY_ROLLBACK : MU__COMMAND__BODY_REBOOT;
	if (is_rollback)
		command.rollback = &rollback;
	else
		command.reboot = &reboot;
	sign.command = (ProtobufCBinaryData){ mu__command__pack(&command, inner), inner };
	sign.signature = (ProtobufCBinaryData){ sizeof zeros, zeros };
	sign.key_id = (ProtobufCBinaryData){ 8, zeros };
	return mu__signed_command__pack(&sign, out);
}

static int submit(struct world *world, uint8_t id_byte, uint64_t not_after_ms, bool is_rollback)
{
	uint8_t packed[1024], id[16];
	size_t size = pack(packed, id_byte, not_after_ms, is_rollback);
	int err = commands_submit(world->commands, world->device, "alice", packed, size, NOW, id);
	if (err >= 0)
		assert_int_equal(id[0], id_byte);
	return err;
}

static void answer(struct world *world, uint8_t id_byte, int outcome, const char *detail)
{
	struct sample sample;
	const uint8_t id[16] = { id_byte };
	sample_result(&sample, id, outcome);
	sample.result.detail = (char *)detail;
	fleet_fold(world->fleet, world->device, &sample.record, NOW + 5000);
	commands_on_record(world->commands, world->device, &sample.record, NOW + 5000);
}

static void boot_of(struct world *world, const uint8_t sha[8])
{
	struct sample sample;
	sample_boot(&sample, 2, MU__RESET_CLASS__RESET_SOFTWARE);
	sample.boot.elf_sha.data = (uint8_t *)sha;
	fleet_fold(world->fleet, world->device, &sample.record, NOW + 6000);
	commands_on_record(world->commands, world->device, &sample.record, NOW + 6000);
}

static void heartbeat_of(struct world *world)
{
	struct sample sample;
	sample_heartbeat(&sample, 2, 5000);
	fleet_fold(world->fleet, world->device, &sample.record, NOW + 6500);
	commands_on_record(world->commands, world->device, &sample.record, NOW + 6500);
}

static int copy_row(void *context, const struct store_command *row)
{
	struct store_command *out = context;
	static char detail[200];
	snprintf(detail, sizeof detail, "%s", row->detail ? row->detail : "");
	*out = *row;
	out->detail = detail;
	return 0;
}

// As the store has it.
static struct store_command stored(struct world *world, uint8_t id_byte)
{
	const uint8_t id[16] = { id_byte };
	struct store_command row = { 0 };
	commands_step(world->commands, NOW + 7000);
	assert_true(store_command_read(world->store, id, copy_row, &row) >= 0);
	return row;
}

static void test_a_rollback_from_sent_to_confirmed(void **state)
{
	struct world *world = *state;
	assert_int_equal(submit(world, 1, NOW + 3600000, true), 0);
	assert_int_equal(world->published, 1);
	assert_string_equal(world->last_device, "edge-7");
	assert_int_equal(stored(world, 1).state, COMMAND_SENT);
	answer(world, 1, MU__COMMAND_OUTCOME__OUTCOME_ACCEPTED, 0);
	assert_int_equal(stored(world, 1).state, COMMAND_ACCEPTED);
	boot_of(world, sample_sha_old);
	assert_int_equal(stored(world, 1).state, COMMAND_ACCEPTED);
	heartbeat_of(world);
	struct store_command row = stored(world, 1);
	assert_int_equal(row.state, COMMAND_CONFIRMED);
	assert_int_equal(row.accepted_ms, NOW + 5000);
	assert_int_equal(row.finished_ms, NOW + 6500);
	answer(world, 1, MU__COMMAND_OUTCOME__OUTCOME_DONE, 0); // comes late, changes nothing
	assert_int_equal(stored(world, 1).state, COMMAND_CONFIRMED);
	assert_int_equal(commands_open_count(world->commands), 0);
	assert_int_equal(world->device->open_commands, 0);
}

// The target boots, says so, and crashes before its first heartbeat each time: the device undoes the rollback, and that is the end of it.
static void test_a_target_that_loops_is_not_confirmed(void **state)
{
	struct world *world = *state;
	submit(world, 1, 0, true);
	answer(world, 1, MU__COMMAND_OUTCOME__OUTCOME_ACCEPTED, 0);
	boot_of(world, sample_sha_old);
	boot_of(world, sample_sha_new);
	answer(world, 1, MU__COMMAND_OUTCOME__OUTCOME_FAILED, "see the OTA record");
	assert_int_equal(stored(world, 1).state, COMMAND_FAILED);
}

static void test_done_is_confirmed_by_what_is_known_already(void **state)
{
	struct world *world = *state;
	submit(world, 1, 0, true);
	boot_of(world, sample_sha_old); // before it has answered: proves nothing
	assert_int_equal(stored(world, 1).state, COMMAND_SENT);
	answer(world, 1, MU__COMMAND_OUTCOME__OUTCOME_DONE, 0);
	assert_int_equal(stored(world, 1).state, COMMAND_CONFIRMED);
}

static void test_other_commands_end_when_done(void **state)
{
	struct world *world = *state;
	submit(world, 1, 0, false);
	answer(world, 1, MU__COMMAND_OUTCOME__OUTCOME_DONE, 0);
	assert_int_equal(stored(world, 1).state, COMMAND_DONE);
	assert_int_equal(commands_open_count(world->commands), 0);
}

static void test_a_refusal_keeps_its_reason(void **state)
{
	struct world *world = *state;
	submit(world, 1, 0, true);
	answer(world, 1, MU__COMMAND_OUTCOME__OUTCOME_NOT_READY, "other slot damaged");
	struct store_command row = stored(world, 1);
	assert_int_equal(row.state, COMMAND_REFUSED);
	assert_int_equal(row.outcome, MU__COMMAND_OUTCOME__OUTCOME_NOT_READY);
	assert_string_equal(row.detail, "other slot damaged");
}

static void test_an_answer_without_an_id_is_found_by_digest(void **state)
{
	struct world *world = *state;
	struct sample sample;
	submit(world, 1, 0, true);
	static const uint8_t wrong[4] = { 1, 2, 3, 4 };
	sample_result(&sample, 0, MU__COMMAND_OUTCOME__OUTCOME_MALFORMED);
	sample.result.id.len = 0;
	sample.result.has_digest = 1;
	sample.result.digest = (ProtobufCBinaryData){ 4, (uint8_t *)wrong };
	commands_on_record(world->commands, world->device, &sample.record, NOW);
	assert_int_equal(stored(world, 1).state, COMMAND_SENT); // of some other command

	uint8_t packed[1024], hash[32];
	Mu__SignedCommand *sign = mu__signed_command__unpack(0, pack(packed, 1, 0, true), packed);
	SHA256(sign->command.data, sign->command.len, hash);
	mu__signed_command__free_unpacked(sign, 0);
	sample.result.digest = (ProtobufCBinaryData){ 4, hash };
	commands_on_record(world->commands, world->device, &sample.record, NOW);
	assert_int_equal(stored(world, 1).state, COMMAND_REFUSED);
}

static void test_another_device_cannot_answer(void **state)
{
	struct world *world = *state;
	submit(world, 1, 0, true);
	world->device = fleet_find(world->fleet, "edge-8");
	answer(world, 1, MU__COMMAND_OUTCOME__OUTCOME_DONE, 0);
	assert_int_equal(stored(world, 1).state, COMMAND_SENT);
}

static void test_waits_for_a_device_that_is_away(void **state)
{
	struct world *world = *state;
	fleet_set_presence(world->fleet, world->device, false, NOW);
	submit(world, 1, 0, true);
	assert_int_equal(world->published, 0);
	assert_int_equal(stored(world, 1).state, COMMAND_QUEUED);
	fleet_set_presence(world->fleet, world->device, true, NOW + 1000);
	commands_on_online(world->commands, world->device, NOW + 1000);
	assert_int_equal(world->published, 1);
	commands_on_online(world->commands, world->device, NOW + 2000); // back again, still no answer
	assert_int_equal(world->published, 2);
	assert_int_equal(stored(world, 1).publishes, 2);
	answer(world, 1, MU__COMMAND_OUTCOME__OUTCOME_ACCEPTED, 0);
	commands_on_online(world->commands, world->device, NOW + 3000); // it has answered
	assert_int_equal(world->published, 2);
}

static void test_waits_for_the_broker(void **state)
{
	struct world *world = *state;
	world->refuse = 1;
	submit(world, 1, 0, true);
	commands_step(world->commands, NOW + 1000);
	assert_int_equal(world->published, 0);
	world->refuse = 0;
	commands_step(world->commands, NOW + 2000);
	assert_int_equal(world->published, 1);
	commands_step(world->commands, NOW + 3000);
	assert_int_equal(world->published, 1);
}

static void test_after_a_restart_it_is_published_again(void **state)
{
	struct world *world = *state;
	submit(world, 1, 0, true);
	submit(world, 2, 0, true);
	answer(world, 2, MU__COMMAND_OUTCOME__OUTCOME_BUSY, 0);
	stored(world, 1);
	close_world(world);
	open_world(world);
	assert_int_equal(commands_open_count(world->commands), 1);
	assert_int_equal(world->device->open_commands, 1);
	world->published = 0;
	commands_step(world->commands, NOW + 10000);
	assert_int_equal(world->published, 1);
	answer(world, 1, MU__COMMAND_OUTCOME__OUTCOME_REPLAYED, "counter");
	assert_int_equal(stored(world, 1).state, COMMAND_REFUSED);
}

// The same bytes again are taken quietly; an id with other bytes is not.
static void test_ids_are_used_once(void **state)
{
	struct world *world = *state;
	assert_int_equal(submit(world, 1, 0, true), 0);
	assert_int_equal(submit(world, 1, 0, true), 1);
	assert_int_equal(submit(world, 1, NOW + 5, true), COMMANDS_EDUPLICATE);
	assert_int_equal(commands_open_count(world->commands), 1);
}

static void test_bytes_that_are_no_command(void **state)
{
	struct world *world = *state;
	uint8_t packed[COMMANDS_PAYLOAD_MAX + 1] = { 0 }, id[16];
	size_t size = pack(packed, 1, 0, true);
	for (size_t cut = 0; cut < size; cut++)
		assert_int_equal(commands_submit(world->commands, world->device, "alice", packed, cut, NOW, id), COMMANDS_EMALFORMED);
	assert_int_equal(commands_submit(world->commands, world->device, "alice", packed, sizeof packed, NOW, id), COMMANDS_EMALFORMED);
	assert_int_equal(commands_open_count(world->commands), 0);
}

static void test_only_so_many_wait(void **state)
{
	struct world *world = *state;
	for (unsigned i = 1; i <= COMMANDS_OPEN_PER_DEVICE_MAX; i++)
		assert_int_equal(submit(world, (uint8_t)i, 0, true), 0);
	assert_int_equal(submit(world, 99, 0, true), COMMANDS_EFULL);
	answer(world, 3, MU__COMMAND_OUTCOME__OUTCOME_BUSY, 0);
	commands_step(world->commands, NOW + 1000);
	assert_int_equal(submit(world, 99, 0, true), 0);
}

// not_after (0: none), when it is looked at, and the state then.
static void test_expiry(void **state)
{
	(void)state;
	static const struct {
		uint64_t not_after_ms, later_ms;
		int accepted;
		enum command_state expected;
	} rows[] = {
		{ 0, COMMANDS_NOT_AFTER_MS, 0, COMMAND_SENT },
		{ 0, COMMANDS_NOT_AFTER_MS + 1, 0, COMMAND_EXPIRED },
		{ NOW + 600000, 600001, 0, COMMAND_EXPIRED },
		{ NOW - 600000, 60000, 0, COMMAND_SENT }, // over already: the device is still asked, and says so
		{ NOW - 600000, COMMANDS_LEAST_MS + 1, 0, COMMAND_EXPIRED },
		{ NOW + 600000, 600001, 1, COMMAND_ACCEPTED },
		{ NOW + 600000, 600001 + COMMANDS_GRACE_MS, 1, COMMAND_EXPIRED },
		{ UINT64_MAX, UINT64_C(31) * 86400000, 0, COMMAND_EXPIRED }, // whatever it says itself
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		void *fresh;
		set_up(&fresh);
		struct world *world = fresh;
		const uint8_t id[16] = { 1 };
		struct store_command row = { 0 };
		submit(world, 1, rows[i].not_after_ms, true);
		if (rows[i].accepted)
			answer(world, 1, MU__COMMAND_OUTCOME__OUTCOME_ACCEPTED, 0);
		commands_step(world->commands, NOW + rows[i].later_ms);
		store_command_read(world->store, id, copy_row, &row);
		if (row.state != rows[i].expected)
			fail_msg("row %zu: %s", i, command_state_name(row.state));
		tear_down(&fresh);
	}
}

static void test_a_late_answer_is_taken(void **state)
{
	struct world *world = *state;
	submit(world, 1, NOW + 1, true);
	commands_step(world->commands, NOW + COMMANDS_LEAST_MS + 1);
	assert_int_equal(commands_open_count(world->commands), 0);
	answer(world, 1, MU__COMMAND_OUTCOME__OUTCOME_EXPIRED, 0);
	struct store_command row = stored(world, 1);
	assert_int_equal(row.state, COMMAND_REFUSED);
	assert_int_equal(row.outcome, MU__COMMAND_OUTCOME__OUTCOME_EXPIRED);
	assert_int_equal(world->device->open_commands, 0);
}

static void test_counters_rise_for_each_device_and_key(void **state)
{
	struct world *world = *state;
	const uint8_t key[8] = { 1 }, other_key[8] = { 2 };
	uint64_t counter = 0;
	for (uint64_t expected = 1; expected <= 3; expected++) {
		assert_int_equal(commands_prepare(world->commands, world->device, key, &counter), 0);
		assert_int_equal(counter, expected);
	}
	commands_prepare(world->commands, world->device, other_key, &counter);
	assert_int_equal(counter, 1);
	commands_prepare(world->commands, fleet_find(world->fleet, "edge-8"), key, &counter);
	assert_int_equal(counter, 1);
	close_world(world);
	open_world(world);
	commands_prepare(world->commands, world->device, key, &counter);
	assert_int_equal(counter, 4); // durable
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_a_rollback_from_sent_to_confirmed),
		CASE(test_a_target_that_loops_is_not_confirmed),
		CASE(test_done_is_confirmed_by_what_is_known_already),
		CASE(test_other_commands_end_when_done),
		CASE(test_a_refusal_keeps_its_reason),
		CASE(test_an_answer_without_an_id_is_found_by_digest),
		CASE(test_another_device_cannot_answer),
		CASE(test_waits_for_a_device_that_is_away),
		CASE(test_waits_for_the_broker),
		CASE(test_after_a_restart_it_is_published_again),
		CASE(test_ids_are_used_once),
		CASE(test_bytes_that_are_no_command),
		CASE(test_only_so_many_wait),
		cmocka_unit_test(test_expiry),
		CASE(test_a_late_answer_is_taken),
		CASE(test_counters_rise_for_each_device_and_key),
	};
	return cmocka_run_group_tests(tests, 0, 0);
}
