// SPDX-License-Identifier: Apache-2.0
// The oracle must be able to complain: each row plants one violation in a life that went well.
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include "tests/sim/oracle.h"
#include "tests/sim/planted.h"

enum { LIFE_MS = 3600000 };

static struct sim_sink sink;

static const uint8_t foreign[] = { 8, 1, 16, 5, 106, 0 }; // boot 1, uptime 5, and a body of a later version

static int set_up(void **unused)
{
	(void)unused;
	assert_int_equal(planted_open(LIFE_MS), 0);
	sim_world_run(world);
	assert_false(world->failed);
	sink = sim_oracle_sink(device);
	return 0;
}

static uint64_t last_number(void)
{
	return device->truth.known;
}

// ---- what is planted

static void other_bytes(void)
{
	Mu__Record record = MU__RECORD__INIT;
	sink.stored(device, device->truth.epoch, last_number(), &record, foreign, sizeof foreign);
}

static void repeated_with_other_bytes(void)
{
	sink.duplicate(device, device->truth.epoch, 1, foreign, sizeof foreign, false);
}

static void foreign_epoch(void)
{
	sink.duplicate(device, device->truth.epoch + 1, 1, foreign, sizeof foreign, false);
}

static void second_epoch(void)
{
	sink.trouble(device, "a new epoch", 1);
}

static void record_in_a_reserved_gap(void)
{
	sink.gap(device, device->truth.epoch, last_number(), 1, MU__GAP_REASON__GAP_RESERVED);
}

static void fresh_record_overwritten(void) // the ring had room for it
{
	sink.gap(device, device->truth.epoch, last_number(), 1, MU__GAP_REASON__GAP_OVERWRITTEN);
}

static void damage_without_a_fault(void)
{
	sink.gap(device, device->truth.epoch, last_number(), 1, MU__GAP_REASON__GAP_DAMAGED);
}

static void number_unexplained(void)
{
	sink.gap(device, device->truth.epoch, last_number(), 1, MU__GAP_REASON__GAP_UNEXPLAINED);
}

static void gap_beyond_the_last_number(void)
{
	sink.gap(device, device->truth.epoch, last_number() + 1, 1, MU__GAP_REASON__GAP_RESERVED);
}

static void dead_letter(void)
{
	sink.trouble(device, "a dead letter", 0);
}

static void record_that_never_arrived(void)
{
	sim_truth_row(&device->truth, 3)->arrived = false;
	sim_oracle_end(device);
}

static void malformed_uplink(void)
{
	sim_oracle_sent(device, "muster/v1/dev-1/up", foreign, sizeof foreign, 1);
}

static void numbers_that_go_back(void)
{
	device->truth.sent = last_number() + 5;
	device->spool_checked = false;
	sim_oracle_step(device);
}

// The spool was opened late, and had stored something by the time that it is looked at.
static void stored_number_given_out_again(void)
{
	sim_truth_row(&device->truth, last_number())->hash++;
	device->spool_checked = false;
	sim_oracle_step(device);
}

static void another_epoch_in_flash(void)
{
	device->truth.epoch++;
	device->spool_checked = false;
	sim_oracle_step(device);
}

static void boot_told_wrongly(void)
{
	sim_truth_boot(&device->truth, 1)->reset_raw = 4; // the agent has said 1
	Mu__Record record = MU__RECORD__INIT;
	Mu__Boot boot = MU__BOOT__INIT;
	uint8_t packed[64];
	record.boot = 1;
	record.body_case = MU__RECORD__BODY_BOOT_REPORT;
	record.boot_report = &boot;
	boot.reset_raw = 1;
	boot.reset_class = MU__RESET_CLASS__RESET_POWER_ON;
	sim_explain_boot(device, 1, packed, mu__record__pack(&record, packed));
}

static void boot_never_told(void)
{
	(void)sim_truth_boot(&device->truth, (uint32_t)device->truth.boot_count + 1);
	sim_oracle_end(device);
}

static void boot_counted_twice(void)
{
	sim_oracle_booted(device);
}

static void restart(int cause, const char *token)
{
	mu_boot_history_cause(&device->agent.boots, cause, token, world->now_ms - device->boot_ms);
	sim_oracle_reset(device);
}

static void restart_without_a_cause(void)
{
	restart(MU__RESET_CAUSE__CAUSE_NONE, 0);
}

static void innocent_blamed(void)
{
	restart(MU__RESET_CAUSE__CAUSE_LIVENESS, "net");
}

static void wrong_one_blamed(void)
{
	device->hung = "app";
	restart(MU__RESET_CAUSE__CAUSE_LIVENESS, "net");
}

static void reboot_that_nobody_ordered(void)
{
	restart(MU__RESET_CAUSE__CAUSE_COMMAND, 0);
}

static void reboot_done_twice(void) // though two were ordered
{
	static const uint8_t id[SIM_ORDER_ID] = { 7 };
	struct mu_command_memory *memory = &device->agent.command.memory;
	struct sim_order *order = &world->orders[0].order[world->orders[0].count++];
	memcpy(order->id, id, sizeof id);
	device->truth.reboots_ordered = 2;
	memory->entry[0] = (struct mu_command_entry){ .kind = MU_COMMAND_REBOOT, .outcome = MU__COMMAND_OUTCOME__OUTCOME_ACCEPTED };
	memcpy(memory->entry[0].id, id, sizeof id);
	memory->entry_count = 1;
	restart(MU__RESET_CAUSE__CAUSE_COMMAND, 0);
	assert_false(world->failed);
	restart(MU__RESET_CAUSE__CAUSE_COMMAND, 0);
}

static void two_network_reboots(void)
{
	restart(MU__RESET_CAUSE__CAUSE_NETWORK, 0);
	assert_false(world->failed); // one is allowed
	world->now_ms += UINT64_C(6) * 3600000 - 1;
	restart(MU__RESET_CAUSE__CAUSE_HEAP_STARVED, 0);
}

static void answer(struct sim_order *order, Mu__CommandOutcome outcome)
{
	Mu__CommandResult result = MU__COMMAND_RESULT__INIT;
	result.id = (ProtobufCBinaryData){ SIM_ORDER_ID, order->id };
	result.outcome = outcome;
	sim_operator_result(world, device, &result);
}

static void forgery_obeyed(void)
{
	struct sim_order *order = &world->orders[0].order[world->orders[0].count++];
	order->forged = true;
	order->name = "forgery";
	answer(order, MU__COMMAND_OUTCOME__OUTCOME_DONE);
}

// The operator has given out one counter, the device has answered `outcome`, and a good signature comes with that counter again.
static struct sim_order *counter_of_again(const char *name, Mu__CommandOutcome outcome)
{
	struct sim_orders *orders = &world->orders[0];
	struct sim_order *order = &orders->order[orders->count++];
	*order = (struct sim_order){ .id = { 9 }, .name = name, .counter = ++orders->counter[0], .final = true };
	order->key = SIM_KEY_OPERATOR;
	order->came_early = order->came_late = true;
	order->packet = sim_packet_new(SIM_PUBLISH, "muster/v1/dev-1/dn", foreign, sizeof foreign);
	if (outcome != MU__COMMAND_OUTCOME__OUTCOME_UNKNOWN)
		answer(order, outcome);
	while (orders->count < SIM_ORDERS) { // the dice choose in which way
		unsigned before = orders->count;
		sim_operator_forge(world, device);
		if (orders->count > before && orders->order[before].counter == orders->counter[0])
			return &orders->order[before];
	}
	fail_msg("no counter was used again");
	return 0;
}

static struct sim_order *counter_again(Mu__CommandOutcome outcome)
{
	return counter_of_again("log", outcome);
}

static void rollback_counter_obeyed(void)
{
	answer(counter_of_again("rollback", MU__COMMAND_OUTCOME__OUTCOME_DONE), MU__COMMAND_OUTCOME__OUTCOME_ACCEPTED);
}

static void done_counter_obeyed(void)
{
	answer(counter_again(MU__COMMAND_OUTCOME__OUTCOME_DONE), MU__COMMAND_OUTCOME__OUTCOME_ACCEPTED);
}

static void expired_counter_obeyed(void)
{
	answer(counter_again(MU__COMMAND_OUTCOME__OUTCOME_EXPIRED), MU__COMMAND_OUTCOME__OUTCOME_ACCEPTED);
}

static void tell(const char *topic, const uint8_t *payload, size_t size)
{
	sim_oracle_told(device,
		&(struct mu_event){ .type = MU_EVENT_MQTT_MESSAGE, .topic = topic, .payload = payload, .payload_bytes = size });
}

static void tell_ack(uint64_t epoch, uint32_t retry_after_s)
{
	Mu__Ack ack = MU__ACK__INIT;
	uint8_t packed[64];
	ack.epoch = epoch;
	ack.through_seq = device->truth.sent;
	ack.has_server_time_ms = true;
	ack.server_time_ms = sim_wall_ms(world);
	ack.has_retry_after_s = true;
	ack.retry_after_s = retry_after_s;
	tell("muster/v1/dev-1/ack", packed, mu__ack__pack(&ack, packed));
}

static void uplink_in_spite_of_an_ack(void)
{
	Mu__Uplink uplink = MU__UPLINK__INIT;
	uint8_t packed[64];
	uplink.epoch = device->truth.epoch;
	uplink.first_seq = uplink.oldest_seq = device->truth.sent + 1;
	size_t size = mu__uplink__pack(&uplink, packed);
	tell_ack(device->truth.epoch + 1, 10); // of somebody else
	sim_oracle_sent(device, "muster/v1/dev-1/up", packed, size, 1);
	sim_flow_boot(device);
	assert_false(world->failed);
	tell_ack(device->truth.epoch, 10);
	world->now_ms += 9999;
	sim_oracle_sent(device, "muster/v1/dev-1/up", packed, size, 1);
}

static void time_not_taken(void)
{
	Mu__Record record = MU__RECORD__INIT;
	tell_ack(device->truth.epoch, 0);
	world->now_ms++;
	sim_stamps_record(device, &record);
}

// An order is delivered to a device whose own time is trusted or not, so long before its end, and answered.
static void deliver(int quality, int64_t before_ms, Mu__CommandOutcome outcome)
{
	struct sim_order *order = &world->orders[0].order[world->orders[0].count++];
	uint64_t wall_ms = SIM_WALL_MS;
	*order = (struct sim_order){ .id = { 11 }, .name = "log", .not_after_ms = wall_ms + (uint64_t)before_ms };
	order->packet = sim_packet_new(SIM_PUBLISH, "muster/v1/dev-1/dn", foreign, sizeof foreign);
	device->stamps.heard_ms = 0; // not in this millisecond
	device->agent.clock = (struct mu_clock){ .quality = quality, .wall_ms = wall_ms, .at_ms = world->now_ms - device->boot_ms };
	tell("muster/v1/dev-1/dn", foreign, sizeof foreign);
	answer(order, outcome);
}

static void obeyed_after_its_time(void)
{
	deliver(MU__TIME_QUALITY__TIME_SNTP, -1, MU__COMMAND_OUTCOME__OUTCOME_DONE);
}

static void expired_before_its_time(void)
{
	deliver(MU__TIME_QUALITY__TIME_RTC, -1, MU__COMMAND_OUTCOME__OUTCOME_EXPIRED);
}

static const struct planted rows[] = {
	{ other_bytes, "other bytes" },
	{ repeated_with_other_bytes, "repeated with other bytes" },
	{ foreign_epoch, "epoch" },
	{ second_epoch, "epoch" },
	{ record_in_a_reserved_gap, "is lost" },
	{ fresh_record_overwritten, "is lost" },
	{ damage_without_a_fault, "is lost" },
	{ number_unexplained, "is lost" },
	{ gap_beyond_the_last_number, "never given out" },
	{ dead_letter, "dead letter" },
	{ record_that_never_arrived, "never arrived" },
	{ malformed_uplink, "not well formed" },
	{ numbers_that_go_back, "went back" },
	{ stored_number_given_out_again, "given out again" },
	{ another_epoch_in_flash, "another epoch" },
	{ boot_told_wrongly, "reported as" },
	{ boot_never_told, "explained nowhere" },
	{ boot_counted_twice, "is counted as" },
	{ restart_without_a_cause, "without a cause" },
	{ innocent_blamed, "nobody hangs" },
	{ wrong_one_blamed, "is blamed for" },
	{ reboot_that_nobody_ordered, "more often than ordered" },
	{ reboot_done_twice, "a second time" },
	{ two_network_reboots, "two reboots" },
	{ uplink_in_spite_of_an_ack, "before the time is over" },
	{ time_not_taken, "the time was told" },
	{ obeyed_after_its_time, "obeyed after its time" },
	{ expired_before_its_time, "called expired" },
	{ forgery_obeyed, "forged" },
	{ done_counter_obeyed, "forged" },
	{ expired_counter_obeyed, "forged" },
	{ rollback_counter_obeyed, "forged" },
};

static void test_each_violation_is_seen(void **unused)
{
	(void)unused;
	const char *unseen = planted_unseen(rows, sizeof rows / sizeof *rows, set_up);
	if (unseen)
		fail_msg("%s", unseen);
}

// A counter that the device never had, or refused because it could not store it, is no old one: one reboot may come of it, and no second.
static void test_a_counter_that_was_not_taken_may_come_again(void **unused)
{
	(void)unused;
	static const Mu__CommandOutcome outcomes[] = { MU__COMMAND_OUTCOME__OUTCOME_UNKNOWN, MU__COMMAND_OUTCOME__OUTCOME_FAILED,
		MU__COMMAND_OUTCOME__OUTCOME_WRONG_ROLE };
	for (size_t i = 0; i < sizeof outcomes / sizeof *outcomes; i++) {
		set_up(0);
		answer(counter_again(outcomes[i]), MU__COMMAND_OUTCOME__OUTCOME_ACCEPTED);
		restart(MU__RESET_CAUSE__CAUSE_COMMAND, 0);
		assert_false(world->failed);
		restart(MU__RESET_CAUSE__CAUSE_COMMAND, 0);
		assert_true(world->failed);
		planted_close(0);
	}
}

// Over or not is the device's own judgement, by a time that it can trust; what was delivered in time may be answered later.
static void test_a_command_may_be_obeyed_until_it_is_over(void **unused)
{
	(void)unused;
	static const struct {
		int quality;
		int64_t before_ms;
		Mu__CommandOutcome outcome;
	} cases[] = {
		{ MU__TIME_QUALITY__TIME_SERVER, 0, MU__COMMAND_OUTCOME__OUTCOME_DONE },
		{ MU__TIME_QUALITY__TIME_RTC, -1, MU__COMMAND_OUTCOME__OUTCOME_DONE },
		{ MU__TIME_QUALITY__TIME_SERVER, -1, MU__COMMAND_OUTCOME__OUTCOME_EXPIRED },
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		set_up(0);
		deliver(cases[i].quality, cases[i].before_ms, cases[i].outcome);
		assert_string_equal(world->complaint, "");
		planted_close(0);
	}
}

// A rollback is done even where its counter cannot be stored; other commands are not.
static void test_a_rollback_may_be_forgotten_by_a_store_that_fails(void **unused)
{
	(void)unused;
	static const char *const names[] = { "rollback", "log" };
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		set_up(0);
		device->truth.count_may_lie = true;
		answer(counter_of_again(names[i], MU__COMMAND_OUTCOME__OUTCOME_DONE), MU__COMMAND_OUTCOME__OUTCOME_ACCEPTED);
		assert_int_equal(world->failed, i);
		planted_close(0);
	}
}

// The first complaint is the one that counts; what follows from it must not hide it.
static void test_the_first_complaint_stays(void **unused)
{
	(void)unused;
	set_up(0);
	sim_fail(world, device, "one");
	sim_fail(world, device, "two");
	assert_string_equal(world->complaint, "one");
	planted_close(0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_violation_is_seen),
		cmocka_unit_test(test_a_counter_that_was_not_taken_may_come_again),
		cmocka_unit_test(test_a_command_may_be_obeyed_until_it_is_over),
		cmocka_unit_test(test_a_rollback_may_be_forgotten_by_a_store_that_fails),
		cmocka_unit_test(test_the_first_complaint_stays),
	};
	return cmocka_run_group_tests(tests, 0, 0);
}
