// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "alerts/engine/window.h"
#include "tests/alerts/engine/window_oracle.h"

#define T0 UINT64_C(1790000000000) // a multiple of 8 s

enum { MINUTE = 60000 };

static const struct {
	enum slot_kind kind;
	enum rule_opcode codes[3];
	unsigned code_count;
} functions[] = {
	{ SLOT_TOTAL, { OP_AVG, OP_SUM, OP_COUNT }, 3 },
	{ SLOT_MIN, { OP_MIN }, 1 },
	{ SLOT_MAX, { OP_MAX }, 1 },
	{ SLOT_DELTA, { OP_DELTA }, 1 },
	{ SLOT_COUNTER, { OP_INCREASE, OP_RATE }, 2 },
	{ SLOT_SLOPE, { OP_DERIV }, 1 },
	{ SLOT_CHANGES, { OP_CHANGES }, 1 },
	{ SLOT_EVENTS, { OP_EVENTS }, 1 },
};

enum { FUNCTIONS = sizeof functions / sizeof *functions, SAMPLES = 400 };

static uint32_t random_state;

static uint32_t next(uint32_t below)
{
	random_state = random_state * 1664525 + 1013904223;
	return (random_state >> 8) % below;
}

// One state per test, aligned as an engine's block is.
union state {
	uint64_t align;
	uint8_t bytes[WINDOW_BYTES_MAX];
};

static void test_sizes_are_whole_words_and_known(void **unused)
{
	(void)unused;
	for (int kind = 0; kind <= SLOT_EVENTS; kind++) {
		assert_int_equal(window_slot_bytes(kind) % 8, 0);
		assert_in_range(window_slot_bytes(kind), 16, WINDOW_BYTES_MAX);
	}
	assert_int_equal(window_slot_bytes(SLOT_EVENTS + 1), 0);
}

// Few samples, known results.
static const struct {
	enum slot_kind kind;
	enum rule_opcode code;
	struct oracle_sample samples[6]; // at_ms from T0; boot 0: no more
	uint64_t now_ms;
	double result;
	const char *why;
} rows[] = {
	{ SLOT_VALUE, OP_VALUE, { { 0 } }, 0, NAN, "never reported" },
	{ SLOT_VALUE, OP_VALUE, { { 0, 1, 7 }, { 5000, 1, 9 } }, 99 * MINUTE, 9, "a last value never grows old" },
	{ SLOT_VALUE, OP_AGE, { { 0, 1, 7 }, { 5000, 1, 9 } }, 12500, 7.5, "seconds" },
	{ SLOT_VALUE, OP_AGE, { { 5000, 1, 9 } }, 0, 0, "never negative" },
	{ SLOT_VALUE, OP_AVG, { { 0, 1, 7 } }, 0, NAN, "a function that the slot has not" },
	{ SLOT_TOTAL, OP_AVG, { { 0, 1, 2 }, { 1000, 1, 4 } }, 1000, 3, "" },
	{ SLOT_TOTAL, OP_AVG, { { 0, 1, 2 } }, 8 * MINUTE, NAN, "out of the window" },
	{ SLOT_TOTAL, OP_COUNT, { { 0, 1, 2 } }, 8 * MINUTE, NAN, "not 0: nothing to count is unknown" },
	{ SLOT_MIN, OP_MIN, { { 0, 1, 2 }, { 4 * MINUTE, 1, 5 } }, 8 * MINUTE, 5, "the least one has left" },
	{ SLOT_DELTA, OP_DELTA, { { 0, 1, 10 } }, 0, NAN, "one sample has no difference" },
	{ SLOT_DELTA, OP_DELTA, { { 0, 1, 10 }, { 1000, 1, 4 } }, 1000, -6, "may fall" },
	{ SLOT_COUNTER, OP_INCREASE, { { 0, 1, 10 }, { 1000, 1, 14 } }, 1000, 4, "" },
	{ SLOT_COUNTER, OP_INCREASE, { { 0, 1, 10 }, { 1000, 1, 3 }, { 2000, 1, 5 } }, 2000, 5, "a drop is a restart at 0" },
	{ SLOT_COUNTER, OP_INCREASE, { { 0, 1, 10 }, { 1000, 2, 12 } }, 1000, 12, "another boot: 12 is all new, not 2" },
	{ SLOT_COUNTER, OP_RATE, { { 0, 1, 10 }, { 4000, 1, 14 } }, 30000, 1, "by the time between the samples, not by the window" },
	{ SLOT_COUNTER, OP_INCREASE, { { 0, 1, 100 }, { 2 * MINUTE, 1, 130 }, { 9 * MINUTE, 1, 131 } }, 9 * MINUTE, 1,
		"the step from 100 to 130 left with the sample before it" },
	{ SLOT_COUNTER, OP_INCREASE, { { 0, 1, 10 }, { 4 * MINUTE, 1, 30 }, { 2 * MINUTE, 1, 14 } }, 8 * MINUTE, 16,
		"a late sample in an empty bucket splits the step" },
	{ SLOT_SLOPE, OP_DERIV, { { 0, 1, 10 }, { 2000, 1, 4 } }, 2000, -3, "a second, not a millisecond" },
	{ SLOT_SLOPE, OP_DERIV, { { 0, 1, 10 }, { 0, 1, 4 } }, 2000, NAN, "no line through one moment" },
	{ SLOT_CHANGES, OP_CHANGES, { { 0, 1, 1 } }, 0, 0, "known, but never changed" },
	{ SLOT_CHANGES, OP_CHANGES, { { 0, 1, 1 }, { 1, 1, 2 }, { 2, 1, 2 }, { 3, 1, 1 } }, 3, 2, "" },
	{ SLOT_EVENTS, OP_EVENTS, { { 0 } }, 0, 0, "no event is known to be none" },
	{ SLOT_EVENTS, OP_EVENTS, { { 0, 1, 3 }, { 1000, 1, 70000 } }, 1000, 65535, "a bucket is full" },
};

static void test_rows(void **unused)
{
	(void)unused;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		union state state = { 0 };
		struct rule_slot slot = { .kind = rows[i].kind, .window_ms = rows[i].kind == SLOT_VALUE ? 0 : 8 * MINUTE };
		for (unsigned s = 0; s < 6 && rows[i].samples[s].boot; s++)
			window_add(&slot, state.bytes, T0 + rows[i].samples[s].at_ms, rows[i].samples[s].boot, rows[i].samples[s].value);
		double result = window_read(&slot, state.bytes, rows[i].code, T0 + rows[i].now_ms);
		if (!oracle_is_same(result, rows[i].result))
			fail_msg("row %zu (%s): %g, expected %g", i, rows[i].why, result, rows[i].result);
	}
}

static const uint64_t windows_ms[] = { 1000, 7000, 60000, 3600000, 2592000000 };

// Times go on in steps from nothing to more than a window, so that rings are run through, skipped and emptied. late: one of four samples is
// up to a window older than the newest.
static void make_samples(struct oracle_sample *samples, uint64_t window_ms, bool late, bool resets)
{
	uint64_t t_ms = T0 + next(100000);
	uint32_t boot = 1;
	double counter = 1000;
	for (unsigned i = 0; i < SAMPLES; i++) {
		t_ms += next(20) ? next((uint32_t)(window_ms / 20) + 2) : window_ms + next(1000);
		if (resets && next(10) == 0) {
			boot += next(2);
			counter = next(5);
		}
		counter += next(4);
		samples[i] = (struct oracle_sample){ t_ms, boot, counter };
		if (late && next(4) == 0)
			samples[i].at_ms -= next((uint32_t)window_ms);
	}
}

static void check_series(unsigned function, const struct rule_slot *slot, const struct oracle_sample *samples)
{
	union state state = { 0 };
	uint64_t newest_ms = 0;
	for (unsigned i = 0; i < SAMPLES; i++) {
		window_add(slot, state.bytes, samples[i].at_ms, samples[i].boot, samples[i].value);
		newest_ms = samples[i].at_ms > newest_ms ? samples[i].at_ms : newest_ms;
		uint64_t now_ms = newest_ms + (next(3) ? 0 : next((uint32_t)slot->window_ms));
		uint64_t since_ms = oracle_window_start(slot, now_ms);
		assert_true(now_ms - since_ms <= slot->window_ms); // the window that the header promises
		assert_true(now_ms - since_ms + 2 >= slot->window_ms - slot->window_ms / (slot->kind == SLOT_EVENTS ? 16 : 8));
		for (unsigned c = 0; c < functions[function].code_count; c++) {
			enum rule_opcode code = functions[function].codes[c];
			double is = window_read(slot, state.bytes, code, now_ms);
			double should = oracle_read(samples, i + 1, code, since_ms, now_ms);
			if (!oracle_is_same(is, should))
				fail_msg("kind %d, code %d, window %llu ms, sample %u: %.12g, by brute force %.12g", (int)slot->kind,
					(int)code, (unsigned long long)slot->window_ms, i, is, should);
		}
	}
}

// All functions on series with resets and reboots, samples in order: exactly the samples of the buckets in the window.
static void test_series_in_order_are_as_by_brute_force(void **unused)
{
	(void)unused;
	static struct oracle_sample samples[SAMPLES];
	for (random_state = 1; random_state < 11; random_state++)
		for (unsigned f = 0; f < FUNCTIONS; f++)
			for (size_t w = 0; w < sizeof windows_ms / sizeof *windows_ms; w++) {
				uint32_t seed = random_state;
				struct rule_slot slot = { .kind = functions[f].kind, .window_ms = windows_ms[w] };
				make_samples(samples, slot.window_ms, false, true);
				check_series(f, &slot, samples);
				random_state = seed;
			}
}

// Late samples land in their buckets as if they had come in time. Not among them: a counter (below) and changes (the header says).
static void test_late_samples_are_as_by_brute_force(void **unused)
{
	(void)unused;
	static struct oracle_sample samples[SAMPLES];
	for (random_state = 1; random_state < 11; random_state++)
		for (unsigned f = 0; f < FUNCTIONS; f++)
			for (size_t w = 0; w < sizeof windows_ms / sizeof *windows_ms; w++) {
				uint32_t seed = random_state;
				struct rule_slot slot = { .kind = functions[f].kind, .window_ms = windows_ms[w] };
				make_samples(samples, slot.window_ms, true, true);
				if (slot.kind != SLOT_COUNTER && slot.kind != SLOT_CHANGES)
					check_series(f, &slot, samples);
				random_state = seed;
			}
}

// Neighbours swapped, if they are near: each second sample comes late.
static void swap_neighbours(struct oracle_sample *samples)
{
	for (unsigned i = 1; i < SAMPLES; i += 2) {
		struct oracle_sample swapped = samples[i];
		if (samples[i].at_ms - samples[i - 1].at_ms >= 20000)
			continue;
		samples[i] = samples[i - 1];
		samples[i - 1] = swapped;
	}
}

// Returns how often the bounds are known. The bounds: the exact window, and one that is a bucket shorter.
static unsigned check_late_counter(const struct rule_slot *slot, const struct oracle_sample *samples)
{
	union state state = { 0 };
	uint64_t newest_ms = 0;
	unsigned known = 0;
	for (unsigned i = 0; i < SAMPLES; i++) {
		window_add(slot, state.bytes, samples[i].at_ms, samples[i].boot, samples[i].value);
		newest_ms = samples[i].at_ms > newest_ms ? samples[i].at_ms : newest_ms;
		uint64_t since_ms = oracle_window_start(slot, newest_ms);
		double is = window_read(slot, state.bytes, OP_INCREASE, newest_ms);
		double most = oracle_read(samples, i + 1, OP_INCREASE, since_ms, newest_ms);
		double least = oracle_read(samples, i + 1, OP_INCREASE, since_ms + slot->window_ms / SLOT_BUCKETS, newest_ms);
		if (isnan(most) || isnan(least))
			continue;
		known++;
		if (isnan(is) || is > most || is < least)
			fail_msg("sample %u: %g, must be %g .. %g", i, is, least, most);
	}
	return known;
}

// A counter with late samples, without resets.
static void test_a_late_counter_is_within_a_bucket(void **unused)
{
	(void)unused;
	static struct oracle_sample samples[SAMPLES];
	struct rule_slot slot = { .kind = SLOT_COUNTER, .window_ms = 60000 };
	unsigned known = 0;
	for (uint32_t seed = 1; seed < 40; seed++) {
		random_state = seed;
		make_samples(samples, slot.window_ms, false, false);
		swap_neighbours(samples);
		known += check_late_counter(&slot, samples);
	}
	assert_true(known > 5000);
}

static void test_packed_states_go_on_as_they_were(void **unused)
{
	(void)unused;
	static struct oracle_sample samples[SAMPLES];
	for (unsigned f = 0; f < FUNCTIONS; f++) {
		struct rule_slot slot = { .kind = functions[f].kind, .window_ms = 60000 };
		union state state = { 0 }, again;
		random_state = f;
		make_samples(samples, slot.window_ms, true, true);
		for (unsigned i = 0; i < SAMPLES; i++) {
			uint8_t bytes[WINDOW_BYTES_MAX];
			window_add(&slot, state.bytes, samples[i].at_ms, samples[i].boot, samples[i].value);
			window_pack(slot.kind, state.bytes, bytes);
			memset(&again, 0xA5, sizeof again);
			window_unpack(slot.kind, again.bytes, bytes);
			assert_memory_equal(&state, &again, window_slot_bytes(slot.kind));
		}
	}
}

// The bytes are the format of a checkpoint: a machine of another byte order reads them as well.
static void test_packed_bytes_are_little_endian(void **unused)
{
	(void)unused;
	static const uint8_t value[16] = { 0x08, 0x07, 0x06, 0x05, 0x04, 0x03, 0x02, 0x01, 0, 0, 0, 0, 0, 0, 0xF0, 0x3F }; // and 1.0
	struct rule_slot slot = { .kind = SLOT_VALUE };
	union state state = { 0 };
	uint8_t bytes[WINDOW_BYTES_MAX];
	window_add(&slot, state.bytes, UINT64_C(0x0102030405060708), 1, 1.0);
	window_pack(SLOT_VALUE, state.bytes, bytes);
	assert_memory_equal(bytes, value, sizeof value);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sizes_are_whole_words_and_known),
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_series_in_order_are_as_by_brute_force),
		cmocka_unit_test(test_late_samples_are_as_by_brute_force),
		cmocka_unit_test(test_a_late_counter_is_within_a_bucket),
		cmocka_unit_test(test_packed_states_go_on_as_they_were),
		cmocka_unit_test(test_packed_bytes_are_little_endian),
	};
	return cmocka_run_group_tests(tests, 0, 0);
}
