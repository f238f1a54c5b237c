// SPDX-License-Identifier: Apache-2.0
// Reconnect cycles as the agent sees them, over a heap in which a step of choice keeps something.
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include "agent/health/heap_steps.h"
#include "agent/port/linux/dice.h"

enum { KIB = 1024, NEVER = 100000 };

// What each step takes until the close, and what the step `leaks` keeps for good.
struct device {
	struct mu_heap_steps steps;
	struct mu_dice dice;
	int64_t free_bytes; // without the application's noise
	int64_t held_bytes; // by the session that is open
	int32_t noise_bytes;
	bool tls;
	enum mu_heap_step leaks;
	int32_t leak_bytes;
	uint32_t cycles;
};

static const int32_t costs[MU_HEAP_STEP_COUNT] = {
	[MU_HEAP_STEP_TCP] = 3 * KIB,
	[MU_HEAP_STEP_TLS] = 40 * KIB,
	[MU_HEAP_STEP_MQTT] = 2 * KIB,
};

static struct device device;

static int setup(void **unused)
{
	(void)unused;
	device = (struct device){ .free_bytes = 180 * KIB, .tls = true, .leaks = MU_HEAP_STEP_NONE };
	mu_dice_init(&device.dice, 7);
	mu_heap_steps_init(&device.steps);
	return 0;
}

static struct mu_heap_mark look(void)
{
	int64_t free_bytes = device.free_bytes - device.held_bytes;
	if (device.noise_bytes)
		free_bytes += mu_dice_between(&device.dice, -device.noise_bytes, device.noise_bytes);
	assert_true(free_bytes > 0);
	return (struct mu_heap_mark){ .free_bytes = (uint32_t)free_bytes, .low_bytes = (uint32_t)free_bytes / 2 };
}

static void lose(enum mu_heap_step step)
{
	if (step == device.leaks)
		device.free_bytes -= device.leak_bytes;
}

static void do_step(enum mu_heap_step step)
{
	lose(step);
	device.held_bytes += costs[step];
	mu_heap_steps_end(&device.steps, step, look());
}

// One cycle: before it what the radio did, then an opening that comes as far as through `reach`, or fails in it.
static void cycle(bool radio, enum mu_heap_step reach, bool fails)
{
	device.cycles++;
	if (radio) {
		do_step(MU_HEAP_STEP_SCAN);
		do_step(MU_HEAP_STEP_ASSOCIATE);
		do_step(MU_HEAP_STEP_ADDRESS);
	}
	mu_heap_steps_idle(&device.steps, look());
	mu_heap_steps_open(&device.steps, device.tls, look());
	for (int step = MU_HEAP_STEP_NAME; step <= (int)reach; step++) {
		if (step == MU_HEAP_STEP_TLS && !device.tls)
			continue;
		if (step == (int)reach && fails)
			lose((enum mu_heap_step)step); // half of it was done
		else
			do_step((enum mu_heap_step)step);
	}
	device.held_bytes = 0;
	do_step(MU_HEAP_STEP_CLOSE);
}

// A device's life: most cycles are whole, a third begins with the radio, some fail on the way, at random.
static void lively_cycle(void)
{
	int32_t throw = mu_dice_between(&device.dice, 0, 9);
	static const enum mu_heap_step fails_in[] = { MU_HEAP_STEP_NAME, MU_HEAP_STEP_TCP, MU_HEAP_STEP_TLS };
	bool fails = throw < 3 && (device.tls || throw < 2);
	cycle(mu_dice_between(&device.dice, 0, 2) == 0, fails ? fails_in[throw] : MU_HEAP_STEP_MQTT, fails);
}

// After how many cycles the leak is seen, at most `most`.
static uint32_t first_seen(void (*next)(void), uint32_t most)
{
	while (device.cycles < most) {
		next();
		if (mu_heap_steps_leaking(&device.steps))
			return device.cycles;
	}
	return NEVER;
}

static void whole_cycle(void)
{
	cycle(false, MU_HEAP_STEP_MQTT, false);
}

// How soon a leak of so many bytes a cycle is seen, without noise and in noise of +-2 KiB.
static const struct {
	int32_t bytes;
	uint32_t most;
} speeds[] = { { 4096, 13 }, { 1200, 13 }, { 300, 53 }, { 80, 200 } };

static void test_how_soon(void **unused)
{
	(void)unused;
	for (size_t i = 0; i < sizeof speeds / sizeof *speeds; i++)
		for (int32_t noise = 0; noise <= 2048; noise += 2048) {
			setup(0);
			device.noise_bytes = noise;
			device.leaks = MU_HEAP_STEP_TLS;
			device.leak_bytes = speeds[i].bytes;
			uint32_t seen = first_seen(whole_cycle, 500);
			if (seen > speeds[i].most + (noise ? speeds[i].most / 3 + 4 : 0))
				fail_msg("%d bytes a cycle in noise of %d: seen after %u", (int)speeds[i].bytes, (int)noise, seen);
			int32_t bytes = 0;
			mu_heap_steps_culprit(&device.steps, &bytes);
			assert_in_range(bytes, speeds[i].bytes / 2, speeds[i].bytes * 2);
		}
}

// Nothing is called a leak that is none: 20 devices, 1 000 cycles each, in noise of +-4 KiB.
static void test_healthy_cycles_are_no_leak(void **unused)
{
	(void)unused;
	for (uint64_t seed = 0; seed < 20; seed++) {
		setup(0);
		mu_dice_init(&device.dice, seed);
		device.noise_bytes = 4 * KIB;
		assert_int_equal(first_seen(seed % 2 ? lively_cycle : whole_cycle, 1000), NEVER);
	}
}

// A cache that fills once, a buffer that the application takes for good, radio memory that comes and goes.
static void test_growth_that_comes_once_is_no_leak(void **unused)
{
	(void)unused;
	for (uint32_t at = 0; at < 30; at++) {
		setup(0);
		for (uint32_t i = 0; i < 300; i++) {
			if (i == at)
				device.free_bytes -= 30 * KIB;
			if (i == at + 40)
				device.free_bytes += 20 * KIB;
			whole_cycle();
			assert_false(mu_heap_steps_leaking(&device.steps));
		}
	}
}

// Each step in turn keeps 1.5 KiB, in the life of a lively device with noise of +-512 bytes: it is named once the cycles have told enough.
static void test_each_step_is_named(void **unused)
{
	(void)unused;
	static const enum mu_heap_step steps[] = { MU_HEAP_STEP_SCAN, MU_HEAP_STEP_ASSOCIATE, MU_HEAP_STEP_ADDRESS, MU_HEAP_STEP_NAME,
		MU_HEAP_STEP_TCP, MU_HEAP_STEP_TLS };
	for (size_t i = 0; i < sizeof steps / sizeof *steps; i++)
		for (uint64_t seed = 0; seed < 10; seed++) {
			setup(0);
			mu_dice_init(&device.dice, seed);
			device.free_bytes = 400 * KIB;
			device.noise_bytes = 512;
			device.leaks = steps[i];
			device.leak_bytes = 1536;
			for (int n = 0; n < 100; n++)
				lively_cycle();
			assert_true(mu_heap_steps_leaking(&device.steps));
			int32_t bytes = 0;
			enum mu_heap_step culprit = mu_heap_steps_culprit(&device.steps, &bytes);
			if (culprit != steps[i])
				fail_msg("seed %u: %s is named, not %s", (unsigned)seed, mu_heap_step_name(culprit),
					mu_heap_step_name(steps[i]));
		}
}

// With nothing but whole cycles to go by: who takes what is lost, else who takes most.
static void test_whole_cycles_name_the_likeliest(void **unused)
{
	(void)unused;
	static const struct {
		bool tls;
		enum mu_heap_step leaks, named;
	} rows[] = {
		{ true, MU_HEAP_STEP_TLS, MU_HEAP_STEP_TLS },
		{ false, MU_HEAP_STEP_TCP, MU_HEAP_STEP_TCP },
		{ true, MU_HEAP_STEP_NAME, MU_HEAP_STEP_NAME }, // takes nothing otherwise
		{ true, MU_HEAP_STEP_TCP, MU_HEAP_STEP_TLS },   // cannot be told yet: no cycle has ever ended between the two
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		setup(0);
		device.tls = rows[i].tls;
		device.leaks = rows[i].leaks;
		device.leak_bytes = 1536;
		assert_int_equal(first_seen(whole_cycle, 20), 12);
		int32_t bytes = 0;
		assert_int_equal(mu_heap_steps_culprit(&device.steps, &bytes), rows[i].named);
		assert_int_equal(bytes, 1536);
	}
}

// Handshakes that fail and leak, then ways that end at TCP and do not: the step that was under way is to blame.
static void test_a_step_that_fails_is_blamed(void **unused)
{
	(void)unused;
	device.leaks = MU_HEAP_STEP_TLS;
	device.leak_bytes = 3000;
	for (int i = 0; i < 40; i++)
		cycle(false, i % 4 ? MU_HEAP_STEP_TLS : MU_HEAP_STEP_TCP, true);
	int32_t bytes = 0;
	assert_int_equal(mu_heap_steps_culprit(&device.steps, &bytes), MU_HEAP_STEP_TLS);
}

static void test_a_leak_that_ends_is_taken_back(void **unused)
{
	(void)unused;
	device.leaks = MU_HEAP_STEP_TLS;
	device.leak_bytes = 2048;
	assert_int_equal(first_seen(whole_cycle, 20), 12);
	device.leaks = MU_HEAP_STEP_NONE;
	for (int i = 0; i < 60; i++)
		whole_cycle();
	assert_false(mu_heap_steps_leaking(&device.steps));
	int32_t bytes = 1;
	assert_int_equal(mu_heap_steps_culprit(&device.steps, &bytes), MU_HEAP_STEP_NONE);
	assert_int_equal(bytes, 0);
}

// Before and after each step, free and least; nothing is noted of an opening that is over.
// A port with more than internal RAM to show: nothing overflows, and what is above 1 MiB is all the same.
static void test_a_large_heap_is_no_leak(void **unused)
{
	(void)unused;
	for (uint32_t i = 0; i < 600; i++) {
		const struct mu_heap_mark mark = { .free_bytes = UINT32_MAX - i * 4000000, .low_bytes = UINT32_MAX };
		mu_heap_steps_open(&device.steps, true, mark);
		mu_heap_steps_end(&device.steps, MU_HEAP_STEP_CLOSE, mark);
		assert_false(mu_heap_steps_leaking(&device.steps));
		assert_int_equal(device.steps.loss_bytes, 0);
	}
}

static void test_what_is_noted(void **unused)
{
	(void)unused;
	whole_cycle();
	const struct mu_heap_step_note *note = &device.steps.note[MU_HEAP_STEP_TLS];
	assert_int_equal(note->before_units * MU_HEAP_UNIT_BYTES, 177 * KIB);
	assert_int_equal(note->after_units * MU_HEAP_UNIT_BYTES, 137 * KIB);
	assert_int_equal(note->before_low_units * MU_HEAP_UNIT_BYTES, 177 * KIB / 2);
	assert_int_equal(note->after_low_units * MU_HEAP_UNIT_BYTES, 137 * KIB / 2);
	assert_int_equal(note->taken_bytes, 40 * KIB);
	note = &device.steps.note[MU_HEAP_STEP_CLOSE];
	assert_int_equal(note->taken_bytes, -45 * KIB);
	assert_int_equal(note->after_units * MU_HEAP_UNIT_BYTES, 180 * KIB);
	mu_heap_steps_end(&device.steps, MU_HEAP_STEP_TCP, look()); // of a session that was closed meanwhile
	assert_int_equal(device.steps.note[MU_HEAP_STEP_TCP].seen, 1);
	mu_heap_steps_idle(&device.steps, (struct mu_heap_mark){ .free_bytes = 100 * KIB });
	mu_heap_steps_end(&device.steps, MU_HEAP_STEP_SNTP, look()); // begins where nothing was under way
	assert_int_equal(device.steps.note[MU_HEAP_STEP_SNTP].before_units * MU_HEAP_UNIT_BYTES, 100 * KIB);
	assert_string_equal(mu_heap_step_name(MU_HEAP_STEP_OWN), "own_ap");
	assert_string_equal(mu_heap_step_name(MU_HEAP_STEP_NONE), "none");
}

#define CASE(test) cmocka_unit_test_setup(test, setup)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_how_soon),
		CASE(test_healthy_cycles_are_no_leak),
		CASE(test_growth_that_comes_once_is_no_leak),
		CASE(test_each_step_is_named),
		CASE(test_whole_cycles_name_the_likeliest),
		CASE(test_a_step_that_fails_is_blamed),
		CASE(test_a_leak_that_ends_is_taken_back),
		CASE(test_a_large_heap_is_no_leak),
		CASE(test_what_is_noted),
	};
	return cmocka_run_group_tests(tests, 0, 0);
}
