// SPDX-License-Identifier: Apache-2.0
// A rollback of a whole device (agent, spool, key-value, journals, otadata, bootloader) with the power cut at each of its flash
// operations in turn: every operation from the command to the confirmation, each torn at its start, in its middle and at its end.
// Whatever is cut, something boots, it is the old or the new image, and the same command sent again ends at the new one, once.
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include "agent/agent_state.h"
#include "agent/port/linux/bootloader.h"
#include "agent/port/linux/crypto.h"
#include "agent/port/linux/digest.h"
#include "agent/port/linux/flash_partitions.h"
#include "agent/port/linux/keyvalue.h"
#include "agent/port/linux/virtual_flash.h"
#include "tests/agent/fake_collector.h"

enum { BOOTS_MAX = 12 };

// The fake port comes first: every table gets a pointer to it as context.
struct world {
	struct fake_port fake;
	struct mu_flash_image *flash;
	struct mu_flash_partitions partitions;
	struct mu_keyvalue keyvalue;
	struct mu_boot_result boot;
	struct mu_agent agent;
	struct fake_collector collector;
	unsigned boots, online_seen;
	uint8_t command[1024];
	size_t command_size;
	uint8_t id[16];
};

static struct mu_flash_image *base; // laid out once
static uint8_t shas[2][MU_SHA_BYTES];

static int64_t flash_size(void *context, enum mu_partition part)
{
	return mu_flash_partitions_size(&((struct world *)context)->partitions, part);
}
static int flash_read(void *context, enum mu_partition part, uint32_t offset, void *out, size_t size)
{
	return mu_flash_partitions_read(&((struct world *)context)->partitions, part, offset, out, size);
}
static int flash_erase(void *context, enum mu_partition part, uint32_t offset, size_t size)
{
	return mu_flash_partitions_erase(&((struct world *)context)->partitions, part, offset, size);
}
static int flash_program(void *context, enum mu_partition part, uint32_t offset, const void *data, size_t size)
{
	return mu_flash_partitions_program(&((struct world *)context)->partitions, part, offset, data, size);
}
static int running_slot(void *context)
{
	return ((struct world *)context)->boot.slot;
}
static int keyvalue_get(void *context, const char *key, void *out, size_t size)
{
	return mu_keyvalue_get(&((struct world *)context)->keyvalue, key, out, size);
}
static int keyvalue_set(void *context, const char *key, const void *value, size_t size)
{
	return mu_keyvalue_set(&((struct world *)context)->keyvalue, key, value, size);
}
// Signatures are not what is tested here: good is the digest itself.
static int verify(void *context, const uint8_t point[65], const uint8_t digest[MU_SHA256_BYTES], const uint8_t *signature, size_t size)
{
	(void)context;
	(void)point;
	return size == MU_SHA256_BYTES && !memcmp(signature, digest, size) ? 0 : MU_ERR_AUTH;
}

static const struct mu_flash_port flash_port = { flash_size, flash_read, flash_erase, flash_program, running_slot };
static const struct mu_keyvalue_port keyvalue_port = { keyvalue_get, keyvalue_set };
static const struct mu_crypto_port crypto_port = {
	.sha256_start = mu_crypto_sha256_start,
	.sha256_update = mu_crypto_sha256_update,
	.sha256_finish = mu_crypto_sha256_finish,
	.verify_p256 = verify,
};

static int lay_out_base(void **unused)
{
	(void)unused;
	struct mu_virtual_flash contents = mu_virtual_flash_default();
	struct mu_boot_config config = { .rollback = true, .chip_id = MU_APP_IMAGE_CHIP_ESP32C3 };
	struct mu_boot_result boot;
	contents.keys =
		(struct mu_keyset){ .count = 1, .keys[0] = { .id = "KEY-0001", .role = MU_KEY_OPERATOR, .point = { 4 }, .name = "ana" } };
	assert_int_equal(mu_flash_open(&base, &(struct mu_flash_options){ .size_bytes = 0 }), 0);
	assert_int_equal(mu_virtual_flash_create(base, &contents), 0);
	assert_int_equal(mu_bootloader_run(base, &config, &boot), 0);
	assert_int_equal(boot.slot, 1);
	memcpy(shas[1], boot.desc.app_elf_sha256, MU_SHA_BYTES);
	return 0;
}

static int drop_base(void **unused)
{
	(void)unused;
	mu_flash_close(base);
	return 0;
}

// A boot: the bootloader, then an agent built from nothing. False if the power went meanwhile.
static bool boot(struct world *world)
{
	struct mu_boot_config bootloader = { .rollback = true, .chip_id = MU_APP_IMAGE_CHIP_ESP32C3 };
	int error = mu_bootloader_run(world->flash, &bootloader, &world->boot);
	if (error == MU_ERR_IO && !mu_flash_has_power(world->flash))
		return false;
	assert_int_equal(error, 0); // anything else is a brick
	assert_in_range(world->boot.slot, 0, 1);
	assert_true(++world->boots < BOOTS_MAX);
	assert_int_equal(mu_flash_partitions_open(&world->partitions, world->flash), 0);
	mu_keyvalue_open(&world->keyvalue, world->flash, world->partitions.keyvalue.offset, world->partitions.keyvalue.size);
	memset(&world->agent, 0xA5, sizeof world->agent);
	struct mu_agent_config config = { .id = "dev-1",
		.firmware = world->boot.desc.version,
		.broker_uri = "mqtt://h",
		.heartbeat_ms = 5000 };
	memcpy(config.elf_sha, world->boot.desc.app_elf_sha256, MU_SHA_BYTES);
	world->collector.now_ms = world->collector.ping_ms = 0;
	world->fake.restarts = 0;
	int started = mu_agent_init(&world->agent, &config, &world->fake.port, 0);
	assert_true(started == 0 || !mu_flash_has_power(world->flash));
	return mu_flash_has_power(world->flash);
}

static void start(struct world *world)
{
	memset(world, 0, sizeof *world);
	fake_port_init(&world->fake, 11);
	world->fake.port.context = world;
	world->fake.port.flash = &flash_port;
	world->fake.port.keyvalue = &keyvalue_port;
	world->fake.port.crypto = &crypto_port;
	world->fake.reset_info.reset_raw = 1;
	world->fake.vitals = (struct mu_system_vitals){ .heap_free_bytes = 200000, .heap_min_bytes = 150000, .heap_largest_bytes = 110000 };
	assert_int_equal(mu_flash_open(&world->flash, &(struct mu_flash_options){ .base = base, .size_bytes = mu_flash_size(base) }), 0);
	fake_collector_init(&world->collector, &world->fake, &world->agent);
	assert_true(boot(world));
	fake_collector_run(&world->collector, 12000);
	memcpy(shas[0], mu_slots_other(&world->agent.slots)->elf_sha, MU_SHA_BYTES);
}

static void end(struct world *world)
{
	fake_collector_free(&world->collector);
	mu_flash_close(world->flash);
	fake_port_free(&world->fake);
}

static void make_command(struct world *world, uint64_t counter, const uint8_t *running, const uint8_t *target)
{
	uint8_t bytes[256], digest[MU_SHA256_BYTES];
	Mu__Command command = MU__COMMAND__INIT;
	Mu__Rollback rollback = MU__ROLLBACK__INIT;
	Mu__SignedCommand envelope = MU__SIGNED_COMMAND__INIT;
	memset(world->id, (int)(0x40 + counter), sizeof world->id);
	rollback.running_sha = (ProtobufCBinaryData){ .len = MU_SHA_BYTES, .data = (uint8_t *)running };
	rollback.target_sha = (ProtobufCBinaryData){ .len = MU_SHA_BYTES, .data = (uint8_t *)target };
	command.device = (char *)"dev-1";
	command.id = (ProtobufCBinaryData){ .len = sizeof world->id, .data = world->id };
	command.counter = counter;
	command.body_case = MU__COMMAND__BODY_ROLLBACK;
	command.rollback = &rollback;
	size_t size = mu__command__pack(&command, bytes);
	assert_int_equal(mu_digest_sha256(bytes, size, digest), 0);
	envelope.command = (ProtobufCBinaryData){ .len = size, .data = bytes };
	envelope.signature = (ProtobufCBinaryData){ .len = sizeof digest, .data = digest };
	envelope.key_id = (ProtobufCBinaryData){ .len = 8, .data = (uint8_t *)"KEY-0001" };
	world->command_size = mu__signed_command__pack(&envelope, world->command);
}

static bool is_done(const struct world *world)
{
	const Mu__Record *record = fake_collector_last(&world->collector, MU__RECORD__BODY_COMMAND_RESULT);
	return record && record->command_result->outcome == MU__COMMAND_OUTCOME__OUTCOME_DONE;
}

// Runs until the collector has the result, as musterd would: the command goes out again on each `online`.
static void run_until_done(struct world *world)
{
	for (unsigned spent = 0; !is_done(world); spent++) {
		assert_true(spent < 3000); // 5 min of virtual time
		fake_collector_run(&world->collector, 100);
		if (world->collector.online != world->online_seen) {
			world->online_seen = world->collector.online;
			fake_collector_send(&world->collector, "muster/v1/dev-1/dn", world->command, world->command_size, false);
		}
		if (!mu_flash_has_power(world->flash)) {
			do
				fake_port_power_on(&world->fake), mu_flash_power_on(world->flash);
			while (!boot(world));
			world->fake.reset_info.reset_raw = 1;
		} else if (world->fake.restarts) {
			world->fake.reset_info.reset_raw = 3;
			if (!boot(world))
				continue;
		}
	}
}

static uint64_t operations(const struct world *world)
{
	return mu_flash_statistics(world->flash).operations;
}

// One device with a cut at operation `at` (0: none). Returns the number of flash operations that the rollback took.
static uint64_t roll_back(struct world *world, uint64_t at, uint32_t bytes_done)
{
	start(world);
	make_command(world, 1, shas[1], shas[0]);
	uint64_t before = operations(world);
	if (at)
		mu_flash_cut_at(world->flash, &(struct mu_flash_cut){ .at_operation = at, .bytes_done = bytes_done });
	world->online_seen = world->collector.online;
	fake_collector_send(&world->collector, "muster/v1/dev-1/dn", world->command, world->command_size, false);
	run_until_done(world);
	uint64_t taken = operations(world) - before;
	assert_int_equal(world->boot.slot, 0);
	assert_memory_equal(world->boot.desc.app_elf_sha256, shas[0], MU_SHA_BYTES);
	const Mu__CommandResult *result = fake_collector_last(&world->collector, MU__RECORD__BODY_COMMAND_RESULT)->command_result;
	assert_memory_equal(result->id.data, world->id, sizeof world->id);
	for (unsigned i = 0; i < world->collector.count; i++) // nothing came twice or out of order
		assert_true(i == 0 || world->collector.seqs[i] > world->collector.seqs[i - 1]);
	unsigned boots = world->boots;
	fake_collector_send(&world->collector, "muster/v1/dev-1/dn", world->command, world->command_size, false);
	fake_collector_run(&world->collector, 10000);
	assert_int_equal(world->fake.restarts, 0); // done once: sent again it changes nothing
	assert_int_equal(world->boots, boots);
	end(world);
	return taken;
}

static void test_each_operation_is_cut(void **unused)
{
	(void)unused;
	struct world *world = malloc(sizeof *world);
	static const uint32_t tears[] = { 0, 5, 4096 }; // before, inside, and after it without the agent knowing
	uint64_t count = roll_back(world, 0, 0);
	assert_true(count > 20); // command memory, journal, otadata, records: none may be missing
	for (uint64_t at = 1; at <= count; at++)
		for (size_t tear = 0; tear < sizeof tears / sizeof *tears; tear++)
			roll_back(world, at, tears[tear]);
	print_message("cut %llu operations, each in %zu ways\n", (unsigned long long)count, sizeof tears / sizeof *tears);
	free(world);
}

// The image that otadata asks for is damaged, the other one runs. After a good minute otadata says so, and the next reset is regular.
static void test_a_rescue_boot_becomes_regular(void **unused)
{
	(void)unused;
	struct world *world = malloc(sizeof *world);
	static const uint8_t zeros[16];
	start(world);
	assert_int_equal(mu_flash_partitions_program(&world->partitions, MU_PART_SLOT1, 0, zeros, sizeof zeros), 0);
	assert_true(boot(world));
	assert_int_equal(world->boot.slot, 0);
	assert_true(world->boot.rescue);
	fake_collector_run(&world->collector, 50000);
	assert_true(world->agent.slots.rescue);
	fake_collector_run(&world->collector, 20000);
	assert_false(world->agent.slots.rescue);
	assert_true(boot(world));
	assert_int_equal(world->boot.slot, 0);
	assert_false(world->boot.rescue);
	end(world);
	free(world);
}

// The operator learns what the device has instead.
static void test_a_mismatch_names_what_is_there(void **unused)
{
	(void)unused;
	static const uint8_t other[MU_SHA_BYTES] = { 1 };
	const struct {
		const uint8_t *running, *target;
		Mu__CommandOutcome outcome;
		const char *detail;
	} rows[] = { { other, shas[0], MU__COMMAND_OUTCOME__OUTCOME_RUNNING_MISMATCH, "it runs 1.1.0" },
		{ shas[1], other, MU__COMMAND_OUTCOME__OUTCOME_TARGET_MISMATCH, "the other slot holds 1.0.0" } };
	struct world *world = malloc(sizeof *world);
	start(world);
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		make_command(world, i + 1, rows[i].running, rows[i].target);
		fake_collector_send(&world->collector, "muster/v1/dev-1/dn", world->command, world->command_size, false);
		fake_collector_run(&world->collector, 2000);
		const Mu__Record *record = fake_collector_last(&world->collector, MU__RECORD__BODY_COMMAND_RESULT);
		assert_int_equal(record->command_result->outcome, rows[i].outcome);
		assert_string_equal(record->command_result->detail, rows[i].detail);
	}
	end(world);
	free(world);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_each_operation_is_cut),
		cmocka_unit_test(test_a_rescue_boot_becomes_regular), cmocka_unit_test(test_a_mismatch_names_what_is_there) };
	return cmocka_run_group_tests(tests, lay_out_base, drop_base);
}
