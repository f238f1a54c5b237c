// SPDX-License-Identifier: Apache-2.0
// What a heartbeat says of the device: each row plants one that is not so, or says nothing wrong.
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include "tests/sim/planted.h"

enum { KIB = 1024, UPTIME_MS = 700000 };

static int set_up(void **unused)
{
	(void)unused;
	assert_int_equal(planted_open(0), 0);
	world->now_ms = UPTIME_MS + 1000;
	sim_claims_boot(device);
	return 0;
}

static void beat_with(uint32_t verdict, uint32_t heap, uint32_t block, uint32_t sockets)
{
	Mu__Record record = MU__RECORD__INIT;
	Mu__Heartbeat heartbeat = MU__HEARTBEAT__INIT;
	Mu__Vitals vitals = MU__VITALS__INIT;
	Mu__Sockets some = MU__SOCKETS__INIT;
	vitals.has_verdict = vitals.has_heap_free_bytes = vitals.has_heap_largest_bytes = vitals.has_uptime_s = some.has_open = true;
	vitals.verdict = verdict;
	vitals.heap_free_bytes = heap;
	vitals.heap_largest_bytes = block;
	vitals.uptime_s = UPTIME_MS / 1000;
	some.open = sockets;
	heartbeat.vitals = &vitals;
	heartbeat.sockets = &some;
	record.body_case = MU__RECORD__BODY_HEARTBEAT;
	record.heartbeat = &heartbeat;
	record.uptime_ms = UPTIME_MS;
	sim_claims_record(device, &record);
}

static void beat(uint32_t verdict)
{
	beat_with(verdict, 100 * KIB, 50 * KIB, 1);
}

// ---- heap and sockets, by the numbers beside the verdict

enum {
	LOW = MU__VERDICT_BIT__VERDICT_HEAP_LOW,
	FRAGMENTED = MU__VERDICT_BIT__VERDICT_HEAP_FRAGMENTED,
	NO_ROOM = MU__VERDICT_BIT__VERDICT_NO_OTA_ROOM,
	STARVED = MU__VERDICT_BIT__VERDICT_HEAP_STARVED,
	SOCKETS_LOW = MU__VERDICT_BIT__VERDICT_SOCKETS_LOW,
	FLAPPING = MU__VERDICT_BIT__VERDICT_LINK_FLAPPING,
	STALE = MU__VERDICT_BIT__VERDICT_TASK_STALE,
};

static const struct {
	uint32_t heap, block, sockets, verdict;
	bool open; // a session, for a while
	const char *word; // of the complaint; null: none
} numbers[] = {
	{ 100 * KIB, 50 * KIB, 1, 0, true, 0 },
	{ 48 * KIB - 1, 24 * KIB, 1, LOW, true, 0 },
	{ 48 * KIB - 1, 24 * KIB, 1, 0, true, "does not say VERDICT_HEAP_LOW" },
	{ 50 * KIB, 24 * KIB, 1, LOW, true, 0 }, // not an eighth above it: either
	{ 50 * KIB, 24 * KIB, 1, NO_ROOM, true, 0 },
	{ 50 * KIB, 24 * KIB, 1, LOW | NO_ROOM, true, "says VERDICT_NO_OTA_ROOM" },
	{ 50 * KIB, 24 * KIB, 1, 0, true, "does not say VERDICT_NO_OTA_ROOM" },
	{ 54 * KIB, 27 * KIB, 1, LOW, true, "says VERDICT_HEAP_LOW" },
	{ 54 * KIB, 27 * KIB, 1, 0, true, "does not say VERDICT_NO_OTA_ROOM" },
	{ 77 * KIB, 27 * KIB, 1, NO_ROOM, true, "says VERDICT_NO_OTA_ROOM" },
	{ 40 * KIB, 20 * KIB, 1, LOW | NO_ROOM, true, "says VERDICT_NO_OTA_ROOM" }, // there is not even room for TLS
	{ 100 * KIB, 19 * KIB, 1, 0, true, "does not say VERDICT_HEAP_FRAGMENTED" },
	{ 100 * KIB, 23 * KIB, 1, FRAGMENTED, true, "says VERDICT_HEAP_FRAGMENTED" },
	{ 40 * KIB, 10 * KIB, 1, LOW | FRAGMENTED, true, "says VERDICT_HEAP_FRAGMENTED" }, // low, nothing else
	{ 31 * KIB, 16 * KIB, 1, LOW, true, "does not say VERDICT_HEAP_STARVED" },
	{ 40 * KIB, 20 * KIB, 1, LOW | STARVED, false, 0 }, // a session was refused
	{ 40 * KIB, 20 * KIB, 1, LOW | STARVED, true, "says VERDICT_HEAP_STARVED" },
	{ 100 * KIB, 50 * KIB, 7, 0, true, "does not say VERDICT_SOCKETS_LOW" },
	{ 100 * KIB, 50 * KIB, 6, SOCKETS_LOW, true, 0 },
	{ 100 * KIB, 50 * KIB, 5, SOCKETS_LOW, true, "says VERDICT_SOCKETS_LOW" },
};

static void test_verdict_by_the_numbers(void **unused)
{
	(void)unused;
	for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
		set_up(0);
		device->client.state = numbers[i].open ? SIM_CLIENT_OPEN : SIM_CLIENT_CLOSED;
		beat_with(numbers[i].verdict, numbers[i].heap, numbers[i].block, numbers[i].sockets);
		if (numbers[i].word ? !strstr(world->complaint, numbers[i].word) : world->failed)
			fail_msg("row %zu: \"%s\"", i, world->complaint);
		planted_close(0);
	}
}

// ---- losses

static void lose(void)
{
	Mu__Record record = MU__RECORD__INIT;
	Mu__Link link = MU__LINK__INIT;
	link.change = MU__LINK_CHANGE__LINK_SESSION_LOST;
	record.body_case = MU__RECORD__BODY_LINK;
	record.link = &link;
	sim_claims_event(device, &(struct mu_event){ .type = MU_EVENT_MQTT_CLOSED });
	sim_claims_record(device, &record);
}

// Losses so many ms apart, and a heartbeat so many ms after the last of them.
static const struct {
	int losses;
	uint64_t apart_ms, later_ms;
	uint32_t verdict;
	const char *word; // of the complaint; null: none
} losses[] = {
	{ 0, 0, 0, 0, 0 },
	{ 0, 0, 0, FLAPPING, "says VERDICT_LINK_FLAPPING" },
	{ 1, 0, 5000, FLAPPING, "says VERDICT_LINK_FLAPPING" },
	{ 2, 100000, 5000, FLAPPING, 0 }, // not yet cleared
	{ 3, 100000, 5000, FLAPPING, 0 },
	{ 3, 100000, 5000, 0, "does not say VERDICT_LINK_FLAPPING" },
	{ 3, 100000, 1000, 0, 0 }, // not yet judged
	{ 3, 1900, 5000, 0, 0 }, // the same
	{ 3, 100000, 500000, 0, 0 },
	{ 20, 10000, 5000, 0, "does not say VERDICT_LINK_FLAPPING" },
	{ 3, 100000, 661000, FLAPPING, "says VERDICT_LINK_FLAPPING" },
};

static void test_flapping(void **unused)
{
	(void)unused;
	for (size_t i = 0; i < sizeof losses / sizeof *losses; i++) {
		set_up(0);
		for (int k = 0; k < losses[i].losses; k++, world->now_ms += losses[i].apart_ms)
			lose();
		world->now_ms += losses[i].later_ms - (losses[i].losses ? losses[i].apart_ms : 0);
		beat(losses[i].verdict);
		if (losses[i].word ? !strstr(world->complaint, losses[i].word) : world->failed)
			fail_msg("row %zu: \"%s\"", i, world->complaint);
		planted_close(0);
	}
}

// ---- a slow task

static void test_a_slow_task_is_told_once(void **unused)
{
	(void)unused;
	device->hung = "net";
	beat(0);
	device->hung = 0;
	sim_claims_slow(device);
	beat(STALE);
	world->now_ms += 1999;
	beat(STALE); // not yet judged anew
	assert_false(world->failed);
	world->now_ms++;
	beat(STALE);
	assert_non_null(strstr(world->complaint, "says VERDICT_TASK_STALE"));
}

static void test_a_slow_task_is_told(void **unused)
{
	(void)unused;
	sim_claims_slow(device);
	beat(0);
	assert_non_null(strstr(world->complaint, "does not say VERDICT_TASK_STALE"));
}

static void test_one_that_was_told_while_it_was_slow_need_not_be_told_again(void **unused)
{
	(void)unused;
	device->hung = "net";
	beat(STALE);
	device->hung = 0;
	sim_claims_slow(device);
	beat(0);
	assert_false(world->failed);
}

// ---- counts since boot

static void say(const uint32_t *heap_min, uint32_t disconnects, uint32_t uptime_s)
{
	Mu__Record record = MU__RECORD__INIT;
	Mu__Heartbeat heartbeat = MU__HEARTBEAT__INIT;
	Mu__Vitals vitals = MU__VITALS__INIT;
	Mu__LinkHealth link = MU__LINK_HEALTH__INIT;
	vitals.has_heap_min_bytes = heap_min != 0;
	vitals.heap_min_bytes = heap_min ? *heap_min : 0;
	vitals.has_uptime_s = true;
	vitals.uptime_s = uptime_s;
	link.has_disconnects = true;
	link.disconnects = disconnects;
	heartbeat.vitals = &vitals;
	heartbeat.link = &link;
	record.body_case = MU__RECORD__BODY_HEARTBEAT;
	record.heartbeat = &heartbeat;
	record.uptime_ms = UPTIME_MS;
	sim_claims_record(device, &record);
}

static void test_counts(void **unused)
{
	(void)unused;
	static const uint32_t more = 2000, less = 1000;
	static const struct {
		const uint32_t *heap_min;
		uint32_t disconnects, uptime_s;
		const char *word;
	} second[] = {
		{ &less, 2, UPTIME_MS / 1000, 0 },
		{ 0, 2, UPTIME_MS / 1000, 0 },
		{ &more, 1, UPTIME_MS / 1000, "has grown" },
		{ &less, 0, UPTIME_MS / 1000, "went back" },
		{ &less, 3, UPTIME_MS / 1000, "there were 2" },
		{ &less, 1, UPTIME_MS / 1000 + 1, "of uptime" },
	};
	for (size_t i = 0; i < sizeof second / sizeof *second; i++) {
		set_up(0);
		sim_claims_event(device, &(struct mu_event){ .type = MU_EVENT_LINK_DOWN });
		sim_claims_acts(device);
		say(&less, 1, UPTIME_MS / 1000);
		assert_false(world->failed);
		say(second[i].heap_min, second[i].disconnects, second[i].uptime_s);
		if (second[i].word ? !strstr(world->complaint, second[i].word) : world->failed)
			fail_msg("row %zu: \"%s\"", i, world->complaint);
		planted_close(0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_verdict_by_the_numbers),
		cmocka_unit_test(test_flapping),
		cmocka_unit_test_setup_teardown(test_a_slow_task_is_told_once, set_up, planted_close),
		cmocka_unit_test_setup_teardown(test_a_slow_task_is_told, set_up, planted_close),
		cmocka_unit_test_setup_teardown(test_one_that_was_told_while_it_was_slow_need_not_be_told_again, set_up, planted_close),
		cmocka_unit_test(test_counts),
	};
	return cmocka_run_group_tests(tests, 0, 0);
}
