// SPDX-License-Identifier: Apache-2.0
// Every call of the port fails once, in each position: a whole agent lives through boot, session, commands, an outage, the drain after it, a
// reboot by command and a second boot, while the n-th call of one function fails, for each function and n = 1, 2 ... until that call is no
// longer reached. Whatever it was: no crash, all is well again within ten minutes, no record is lost that was stored, none changes, nothing
// is done twice, and flash that failed is reported.
//
//   test-agent-agent_port_failures        each n up to 50, beyond that a sample of 50 of each function (seconds)
//   test-agent-agent_port_failures all    each n (under a minute)
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "agent/port/linux/crypto.h"
#include "tests/agent/agent_rig.h"
#include "tests/agent/failing_port.h"
#include "tests/agent/ota/board.h"

enum {
	EACH = 50, // the first calls of each function are all tried
	SAMPLE = 50, // and so many of the rest
	RECOVERY_MS = 600000,
	LOST_MAX = 2, // numbers that one failed flash call may cost
};

static bool try_all;
static uint64_t counter;

static const struct mu_agent_config config = { .id = "dev-1", .firmware = "1.1.0", .broker_uri = "mqtt://127.0.0.1", .heartbeat_ms = 2000 };

// ---- the device: a fake port with two real images and a real digest, so that slots verify

static const enum mu_partition copied[] = { MU_PART_OTADATA, MU_PART_SLOT0, MU_PART_SLOT1 };
static struct {
	uint8_t *bytes;
	uint32_t size; // up to the last sector that is not blank
} originals[MU_PART_COUNT];

static uint32_t used_size(const uint8_t *bytes, uint32_t size)
{
	while (size && bytes[size - 1] == 0xFF)
		size--;
	return (size + MU_SECTOR_BYTES - 1) / MU_SECTOR_BYTES * MU_SECTOR_BYTES;
}

static int make_originals(void **unused)
{
	(void)unused;
	struct mu_flash_partitions parts;
	struct mu_flash_image *flash = board_make_flash();
	assert_int_equal(mu_flash_partitions_open(&parts, flash), 0);
	for (size_t i = 0; i < sizeof copied / sizeof *copied; i++) {
		uint32_t size = (uint32_t)mu_flash_partitions_size(&parts, copied[i]);
		uint8_t *bytes = malloc(size);
		assert_int_equal(mu_flash_partitions_read(&parts, copied[i], 0, bytes, size), 0);
		originals[copied[i]].bytes = bytes;
		originals[copied[i]].size = copied[i] == MU_PART_OTADATA ? size : used_size(bytes, size);
	}
	mu_flash_close(flash);
	return 0;
}

static int free_originals(void **unused)
{
	(void)unused;
	for (size_t i = 0; i < MU_PART_COUNT; i++)
		free(originals[i].bytes);
	return 0;
}

static struct mu_crypto_port crypto;

static void open_device(void)
{
	agent_rig_open(6);
	agent_rig_trust_operator();
	for (size_t i = 0; i < sizeof copied / sizeof *copied; i++) {
		fake_port_partition(&fake, copied[i], originals[copied[i]].size / MU_SECTOR_BYTES);
		memcpy(fake.flash[copied[i]], originals[copied[i]].bytes, originals[copied[i]].size);
	}
	fake.running_slot = 1;
	crypto = *fake.port.crypto;
	crypto.sha256_start = mu_crypto_sha256_start;
	crypto.sha256_update = mu_crypto_sha256_update;
	crypto.sha256_finish = mu_crypto_sha256_finish;
	fake.port.crypto = &crypto;
	counter = 0;
}

// ---- commands

static void send_log(uint8_t name)
{
	Mu__SetLog body = MU__SET_LOG__INIT;
	body.level = MU__LOG_LEVEL__LOG_INFO;
	body.for_s = 60;
	agent_rig_command(name, ++counter, MU__COMMAND__BODY_LOG, &body);
}

static void send_rollback(uint8_t name)
{
	uint8_t wrong[8] = { 9 };
	Mu__Rollback body = MU__ROLLBACK__INIT;
	body.running_sha = body.target_sha = (ProtobufCBinaryData){ .len = sizeof wrong, .data = wrong };
	agent_rig_command(name, ++counter, MU__COMMAND__BODY_ROLLBACK, &body);
}

static void send_reboot(uint8_t name, uint64_t number)
{
	Mu__Reboot body = MU__REBOOT__INIT;
	agent_rig_command(name, number, MU__COMMAND__BODY_REBOOT, &body);
}

// The last outcome that the collector heard of this command; OUTCOME_UNKNOWN: none.
static Mu__CommandOutcome outcome_of(uint8_t name)
{
	for (unsigned i = collector.count; i--;) {
		const Mu__Record *record = collector.records[i];
		if (record->body_case == MU__RECORD__BODY_COMMAND_RESULT && record->command_result->id.len &&
			*record->command_result->id.data == name)
			return record->command_result->outcome;
	}
	return MU__COMMAND_OUTCOME__OUTCOME_UNKNOWN;
}

// ---- a life

static bool flash_fault_was_told(void)
{
	for (unsigned i = 0; i < collector.count; i++) {
		const Mu__Record *record = collector.records[i];
		if (record->body_case == MU__RECORD__BODY_HEARTBEAT &&
			record->heartbeat->vitals->verdict & MU__VERDICT_BIT__VERDICT_FLASH_FAULT)
			return true;
	}
	return false;
}

static bool too_late_to_tell; // it failed so shortly before a reset that no heartbeat came in between

static void note_end_of_boot(void)
{
	bool is_late = collector.now_ms - failing_port_hit_ms() < 2 * (uint64_t)config.heartbeat_ms + 1000;
	too_late_to_tell |= failing_port_hit() && is_late && !flash_fault_was_told();
}

static void boot(const struct mu_port *port, uint32_t reset_raw)
{
	note_end_of_boot();
	agent_rig_boot_on(port, &config, reset_raw);
}

static bool is_well(void)
{
	return agent->session.phase == MU_SESSION_OPEN && agent->has_spool && mu_spool_depth(&agent->spool) <= 1 && agent->has_slots &&
		agent->slots.check == MU_SLOTS_CHECK_GOOD;
}

static char unwell[160]; // "": all went well again in time

// Until all works: session, spool, slots, and a command of an operator who tries every half minute.
static void recover(uint8_t *probe)
{
	uint64_t end_ms = collector.now_ms + RECOVERY_MS;
	while (collector.now_ms < end_ms) {
		send_log(++*probe);
		for (int i = 0; i < 6; i++) {
			fake_collector_run(&collector, 5000);
			if (is_well() && outcome_of(*probe) == MU__COMMAND_OUTCOME__OUTCOME_DONE)
				return;
		}
	}
	snprintf(unwell, sizeof unwell, "not well after ten minutes: session %d, spool %d with %u, slots %d check %d, keys %u, command %d",
		agent->session.phase, agent->has_spool, mu_spool_depth(&agent->spool), agent->has_slots, agent->slots.check,
		agent->key_count, outcome_of(*probe));
}

static void say_something(void)
{
	mu_agent_event(agent, "valve_open", "by hand", 1, collector.now_ms);
	mu_agent_log_line(agent, MU__LOG_LEVEL__LOG_WARNING, "pump", "runs dry", collector.now_ms);
}

static void live(const struct mu_port *port)
{
	uint8_t probe = 0x40;
	boot(port, MU_RESET_RAW_POWERON);
	fake_collector_run(&collector, 20000);
	send_log(0x11);
	say_something();
	fake_collector_run(&collector, 2000);
	send_rollback(0x12);
	fake_collector_run(&collector, 2000);
	collector.no_broker = true;
	mu_agent_post(agent, &(struct mu_event){ .type = MU_EVENT_MQTT_CLOSED, .reason = MU_ERR_CLOSED });
	fake_collector_run(&collector, 8000);
	mu_agent_post(agent, &(struct mu_event){ .type = MU_EVENT_LINK_DOWN, .reason = 200 });
	say_something();
	fake_collector_run(&collector, 6000);
	collector.no_broker = false;
	recover(&probe);
	uint64_t reboot = ++counter;
	send_reboot(0x13, reboot);
	for (int i = 0; i < 10 && !fake.restarts; i++)
		fake_collector_run(&collector, 1000);
	boot(port, MU_RESET_RAW_SW); // by command, or because somebody has pressed the button
	fake_collector_run(&collector, 20000);
	recover(&probe);
	send_reboot(0x13, reboot); // the broker has it still
	fake_collector_run(&collector, 10000);
	fake_port_power_on(&fake); // retained memory is lost
	boot(port, MU_RESET_RAW_POWERON);
	fake_collector_run(&collector, 20000);
	recover(&probe);
	note_end_of_boot();
}

// ---- what must be true afterwards

static uint64_t numbers_lost(void)
{
	uint64_t lost = 0;
	for (unsigned i = 0; i < collector.count; i++)
		if (collector.records[i]->body_case == MU__RECORD__BODY_GAP)
			lost += collector.records[i]->gap->count;
	return lost;
}

// 1, 2, 3: a boot whose number came before would be taken for old news.
static bool boots_rise(void)
{
	uint32_t last = 0, boots = 0;
	for (unsigned i = 0; i < collector.count; i++) {
		if (collector.records[i]->body_case == MU__RECORD__BODY_GAP)
			continue;
		if (collector.records[i]->boot < last)
			return false;
		boots += collector.records[i]->boot != last;
		last = collector.records[i]->boot;
	}
	return boots == 3;
}

static bool is_flash(enum failing_call call)
{
	return call >= FAILING_flash_size && call <= FAILING_keyvalue_set;
}

static bool lost_nothing(enum failing_call call)
{
	return numbers_lost() <= (is_flash(call) ? LOST_MAX : 0);
}

static bool flash_was_told(enum failing_call call)
{
	return !is_flash(call) || !failing_port_hit() || too_late_to_tell || flash_fault_was_told();
}

// What is wrong with the life that is over, or null.
static const char *judge(enum failing_call call)
{
	const struct {
		bool holds;
		const char *otherwise;
	} rows[] = {
		{ !*unwell, unwell },
		{ collector.epochs == 1, "the spool was begun anew" },
		{ !collector.changed, "a record came again with other contents" },
		{ lost_nothing(call), "records were lost" },
		{ fake.restarts <= 1, "a reboot was done twice" },
		{ outcome_of(0x13) != MU__COMMAND_OUTCOME__OUTCOME_UNKNOWN, "the reboot was never answered" },
		{ !fake.rule_violations, "a program would have set bits in flash" },
		{ !fake.lock_depth, "a lock was kept" },
		{ boots_rise(), "the number of a boot came again" },
		{ flash_was_told(call), "flash failed and nobody said so" },
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		if (!rows[i].holds)
			return rows[i].otherwise;
	return 0;
}

static uint64_t calls_of[FAILING_CALLS];

static unsigned findings;

static void run(enum failing_call call, uint64_t n)
{
	*unwell = 0;
	too_late_to_tell = false;
	open_device();
	const struct mu_port *port = failing_port_init(&fake.port, &collector.now_ms);
	failing_port_arm(call, n);
	live(port);
	const char *wrong = judge(call);
	if (wrong) {
		print_error("%s, call %llu: %s (lost %llu)\n", failing_port_name(call), (unsigned long long)n, wrong,
			(unsigned long long)numbers_lost());
		findings++;
	}
	for (int i = 0; !n && i < FAILING_CALLS; i++)
		calls_of[i] = failing_port_calls((enum failing_call)i);
	agent_rig_close();
}

// Without a failure all of it holds, too, and each row of this test means something: the life reaches what it is to reach.
static void test_a_life_without_failures(void **unused)
{
	(void)unused;
	run(FAILING_flash_read, 0);
	assert_int_equal(findings, 0);
	assert_true(calls_of[FAILING_flash_erase] > 0 && calls_of[FAILING_keyvalue_set] > 10 && calls_of[FAILING_crypto_verify_p256] > 4);
	assert_true(calls_of[FAILING_mqtt_open] > 2 && calls_of[FAILING_system_restart] == 1);
}

static void test_each_call_fails_once(void **unused)
{
	(void)unused;
	unsigned lives = 0;
	findings = 0;
	for (int call = 0; call < FAILING_CALLS; call++) {
		if (!failing_port_can_fail((enum failing_call)call))
			continue;
		uint64_t beyond = calls_of[call] > EACH ? calls_of[call] - EACH : 0,
			 step = try_all || beyond < SAMPLE ? 1 : beyond / SAMPLE;
		for (uint64_t n = 1; n <= calls_of[call]; n += n < EACH ? 1 : step, lives++)
			run((enum failing_call)call, n);
	}
	print_message("%u lives\n", lives);
	assert_true(lives > 100);
	assert_int_equal(findings, 0);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_life_without_failures),
		cmocka_unit_test(test_each_call_fails_once),
	};
	try_all = argc > 1 && strcmp(argv[1], "all") == 0;
	return cmocka_run_group_tests(tests, make_originals, free_originals);
}
