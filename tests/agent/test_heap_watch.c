// SPDX-License-Identifier: Apache-2.0
// A whole agent over the heap of a virtual chip, in virtual time: sessions open in their phases and are lost again, some keep a little of the
// heap each time. What the device says of it, and when.
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>
#include "tests/agent/agent_rig.h"

enum { LEAK_BITS = MU__VERDICT_BIT__VERDICT_RECONNECT_LEAK };

struct world {
	struct mu_virtual_system chip;
	bool tls;
	int leaks; // enum mu_mqtt_phase that keeps leak_bytes each time, also when it fails; -1: none
	uint32_t leak_bytes;
	bool quick; // name and TCP are over before the agent looks
	int fail_one_in; // so many openings fail in a phase at random; 0: none
	unsigned cycles;
	struct mu_mqtt_port mqtt;
};

static struct world world;

// When the agent closes, the heap of the session is free at once.
static void close_session(void *context)
{
	(void)context;
	mu_virtual_system_sockets(&world.chip, 0, 0);
	mu_virtual_system_vitals(&world.chip, collector.now_ms, &fake.vitals);
}

static void start(bool tls, uint64_t seed)
{
	struct mu_agent_config config = agent_rig_plain;
	config.broker_uri = tls ? "mqtts://broker.test:8883" : "mqtt://broker.test:1883";
	config.reconnect_spread_s = 1;
	config.heartbeat_ms = 600000; // the longer, the quicker the test
	memset(&world, 0, sizeof world);
	world.tls = tls;
	world.leaks = -1;
	agent_rig_open(32);
	fake.random_state = seed; // of the pauses between cycles
	mu_virtual_system_init(&world.chip, 0, seed);
	mu_virtual_system_boot(&world.chip, 0, 0);
	mu_virtual_system_vitals(&world.chip, 0, &fake.vitals);
	world.mqtt = *fake.port.mqtt;
	world.mqtt.close = close_session;
	fake.port.mqtt = &world.mqtt;
	collector.opens_itself = true;
	agent_rig_boot(&config, MU_RESET_RAW_POWERON);
}

static void run(uint64_t ms)
{
	while (ms) {
		uint64_t hop_ms = ms < 500 ? ms : 500;
		mu_virtual_system_vitals(&world.chip, collector.now_ms, &fake.vitals);
		fake_collector_run(&collector, hop_ms);
		ms -= hop_ms;
	}
}

static void post(enum mu_event_type type, int32_t value)
{
	mu_virtual_system_vitals(&world.chip, collector.now_ms, &fake.vitals);
	mu_agent_post(agent, &(struct mu_event){ .type = type, .value = value });
	run(20);
}

// A phase of opening; false: it fails.
static bool phase(enum mu_mqtt_phase which, int fails_in)
{
	if (!world.quick || which != MU_MQTT_PHASE_TCP)
		run(which == MU_MQTT_PHASE_TLS ? 1400 : 60);
	if (world.leaks == (int)which)
		mu_virtual_heap_lose(&world.chip.heap, world.leak_bytes);
	if (fails_in == (int)which)
		return false;
	mu_virtual_system_sockets(&world.chip, which >= MU_MQTT_PHASE_TCP, which == MU_MQTT_PHASE_TLS);
	if (world.quick && which == MU_MQTT_PHASE_NAME)
		mu_agent_post(agent, &(struct mu_event){ .type = MU_EVENT_MQTT_PHASE, .value = (int32_t)which });
	else
		post(MU_EVENT_MQTT_PHASE, (int32_t)which);
	return true;
}

static void await_opening(void)
{
	for (int i = 0; collector.opens == fake.mqtt_opens; i++) {
		assert_true(i < 2000); // the agent does want to be connected
		run(100);
	}
	collector.opens = fake.mqtt_opens;
}

// From the agent's wish to open a session until it is lost again, or was refused.
static void cycle(void)
{
	await_opening();
	int last = world.tls ? MU_MQTT_PHASE_TLS : MU_MQTT_PHASE_TCP;
	bool fails = world.fail_one_in && mu_dice_between(&world.chip.dice, 1, world.fail_one_in) == 1;
	int fails_in = fails ? mu_dice_between(&world.chip.dice, 0, last) : -1;
	bool open = true;
	for (int which = 0; which <= last && open; which++)
		open = phase((enum mu_mqtt_phase)which, fails_in);
	if (open) {
		run(50);
		post(MU_EVENT_MQTT_OPEN, 0);
		for (int32_t s = mu_dice_between(&world.chip.dice, 1, 9); s && agent->session.phase == MU_SESSION_OPEN; s--)
			run(1000);
	}
	world.cycles++;
	if (collector.opens != fake.mqtt_opens)
		return; // the agent has closed and opened anew by itself
	mu_virtual_system_sockets(&world.chip, 0, 0);
	post(MU_EVENT_MQTT_CLOSED, MU_ERR_CLOSED);
}

// What leaks, and within how many cycles it is seen and rightly named.
static const struct {
	bool tls;
	int leaks;
	uint32_t bytes;
	unsigned seen_within, named_within;
	const char *name;
	bool quick;
} rows[] = {
	{ true, MU_MQTT_PHASE_TLS, 1536, 16, 16, "tls", false },
	{ true, MU_MQTT_PHASE_TLS, 400, 60, 60, "tls", false },
	{ false, MU_MQTT_PHASE_TCP, 1536, 16, 16, "tcp", false },
	{ true, MU_MQTT_PHASE_NAME, 1536, 16, 16, "name", false },
	{ false, MU_MQTT_PHASE_TCP, 1536, 16, 16, "tcp", true }, // not the name, whose end is seen at the same moment
};

static void test_the_step_that_keeps_heap_is_named(void **unused)
{
	(void)unused;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		start(rows[i].tls, i + 1);
		world.leaks = rows[i].leaks;
		world.leak_bytes = rows[i].bytes;
		world.quick = rows[i].quick;
		while (!mu_heap_steps_leaking(&agent->heap_watch.steps) && world.cycles < 100)
			cycle();
		if (world.cycles > rows[i].seen_within)
			fail_msg("row %zu: seen after %u cycles", i, world.cycles);
		run(2000);
		assert_true(agent->verdict & LEAK_BITS);
		int32_t bytes = 0;
		while (world.cycles < rows[i].named_within)
			cycle();
		assert_string_equal(mu_heap_step_name(mu_heap_steps_culprit(&agent->heap_watch.steps, &bytes)), rows[i].name);
		assert_in_range(bytes, rows[i].bytes / 2, rows[i].bytes * 2);
		run(2000);
		const Mu__Event *event = fake_collector_last_event(&collector, "heap_step");
		for (; strcmp(event->text, rows[i].name) != 0 && world.cycles < 90;
			event = fake_collector_last_event(&collector, "heap_step"))
			cycle(); // another name may be told ten minutes after the first
		assert_string_equal(event->text, rows[i].name);
		assert_in_range(event->value, rows[i].bytes / 2, rows[i].bytes * 2);
		assert_in_range(fake_collector_count_events(&collector, "heap_step"), 1, 3);
		agent_rig_close();
	}
}

// Below TLS only the cycles that fail between the two tell the one from the other, so it takes as many as chance gives: until then TLS is
// named, never another. Of 24 devices with a third of such cycles most know it after 40.
static void test_a_leak_below_tls_is_told_by_failing_cycles(void **unused)
{
	(void)unused;
	unsigned right = 0;
	for (unsigned seed = 1; seed <= 24; seed++) {
		start(true, seed);
		world.leaks = MU_MQTT_PHASE_TCP;
		world.leak_bytes = 1280;
		world.fail_one_in = 3;
		while (world.cycles < 40)
			cycle();
		int32_t bytes = 0;
		const char *name = mu_heap_step_name(mu_heap_steps_culprit(&agent->heap_watch.steps, &bytes));
		right += strcmp(name, "tcp") == 0;
		assert_true(strcmp(name, "tcp") == 0 || strcmp(name, "tls") == 0);
		assert_in_range(bytes, 640, 2560);
		agent_rig_close();
	}
	assert_in_range(right, 18, 24);
}

static void test_a_thousand_healthy_reconnects(void **unused)
{
	(void)unused;
	start(true, 9);
	world.fail_one_in = 5;
	while (world.cycles < 1000) {
		cycle();
		assert_false(agent->verdict & LEAK_BITS);
	}
	assert_null(fake_collector_last_event(&collector, "heap_step"));
	agent_rig_close();
}

// The costs of TCP and TLS show where they arise, and the close gives them back.
static void test_every_step_is_noted(void **unused)
{
	(void)unused;
	start(true, 3);
	for (int i = 0; i < 4; i++)
		cycle();
	const struct mu_heap_step_note *notes = agent->heap_watch.steps.note;
	static const struct {
		enum mu_heap_step step;
		int32_t taken;
	} takes[] = {
		{ MU_HEAP_STEP_NAME, 0 },
		{ MU_HEAP_STEP_TCP, MU_HEAP_SOCKET_BYTES },
		{ MU_HEAP_STEP_TLS, MU_HEAP_TLS_BYTES },
		{ MU_HEAP_STEP_MQTT, 0 },
		{ MU_HEAP_STEP_CLOSE, -MU_HEAP_SOCKET_BYTES - MU_HEAP_TLS_BYTES },
	};
	for (size_t i = 0; i < sizeof takes / sizeof *takes; i++) {
		const struct mu_heap_step_note *note = &notes[takes[i].step];
		assert_int_equal(note->seen, 4);
		assert_in_range(note->taken_bytes + 100000, takes[i].taken + 100000 - 600, takes[i].taken + 100000 + 600);
		assert_true(note->before_units && note->after_units && note->before_low_units >= note->after_low_units);
	}
	assert_int_equal(notes[MU_HEAP_STEP_ADDRESS].cycles + notes[MU_HEAP_STEP_SCAN].cycles, 0); // the link was never lost
	agent_rig_close();
}

// What an operator at night wants to know: which step holds how much. At once when diagnosing begins, then every ten minutes.
static void test_diagnosing_tells_each_step(void **unused)
{
	(void)unused;
	static const uint8_t id[MU_COMMAND_ID_BYTES] = { 1 };
	start(true, 6);
	for (int i = 0; i < 4; i++)
		cycle();
	assert_int_equal(fake_collector_count_events(&collector, "heap_steps"), 0);
	assert_int_equal(mu_overrides_set(&agent->overrides, MU_OVERRIDE_DIAGNOSE, 0, 1500, id, collector.now_ms), 0);
	while (collector.now_ms < 3600000) // a heartbeat each ten minutes: two or three of them while it holds
		cycle();
	const Mu__Event *event = fake_collector_last_event(&collector, "heap_steps");
	assert_in_range(fake_collector_count_events(&collector, "heap_steps"), 2, 3);
	int name, tcp, tls, mqtt;
	assert_int_equal(sscanf(strstr(event->text, "name="), "name=%d tcp=%d tls=%d mqtt=%d", &name, &tcp, &tls, &mqtt), 4);
	assert_in_range(tcp, MU_HEAP_SOCKET_BYTES - 600, MU_HEAP_SOCKET_BYTES + 600);
	assert_in_range(tls, MU_HEAP_TLS_BYTES - 600, MU_HEAP_TLS_BYTES + 600);
	assert_in_range(event->value, MU_HEAP_SOCKET_BYTES + MU_HEAP_TLS_BYTES - 1200, MU_HEAP_SOCKET_BYTES + MU_HEAP_TLS_BYTES + 1200);
	agent_rig_close();
}

// The heap gate refuses: nothing was opened, so that is no cycle.
static void test_a_refusal_is_no_cycle(void **unused)
{
	(void)unused;
	start(true, 4);
	cycle();
	unsigned cycles = agent->heap_watch.steps.cycles;
	world.chip.heap.lost_bytes = 150 * 1024;
	run(120000);
	assert_true(agent->session.refused_from_ms != UINT64_MAX);
	assert_int_equal(agent->heap_watch.steps.cycles, cycles);
	agent_rig_close();
}

// A port that cannot say how its heap is: nothing is noted, and nothing breaks.
static int no_vitals(void *context, struct mu_system_vitals *out)
{
	(void)context, (void)out;
	return MU_ERR_UNSUPPORTED;
}

static void test_without_vitals(void **unused)
{
	(void)unused;
	start(false, 5);
	struct mu_system_port system = *fake.port.system;
	system.vitals = no_vitals;
	fake.port.system = &system;
	for (int i = 0; i < 5; i++)
		cycle();
	assert_int_equal(agent->heap_watch.steps.note[MU_HEAP_STEP_TCP].seen, 0);
	assert_int_equal(agent->heap_watch.steps.cycles, 0);
	agent_rig_close();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_step_that_keeps_heap_is_named),
		cmocka_unit_test(test_a_leak_below_tls_is_told_by_failing_cycles),
		cmocka_unit_test(test_a_thousand_healthy_reconnects),
		cmocka_unit_test(test_every_step_is_noted),
		cmocka_unit_test(test_diagnosing_tells_each_step),
		cmocka_unit_test(test_a_refusal_is_no_cycle),
		cmocka_unit_test(test_without_vitals),
	};
	return cmocka_run_group_tests(tests, 0, 0);
}
