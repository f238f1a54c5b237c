// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>
#include "agent/health/heap_trend.h"
#include "agent/image/err.h"

enum { HOUR_MS = 3600000, DAY_MS = 86400000 };

static uint64_t random_state;

// splitmix64: seeded, so that a failure repeats.
static uint64_t next_random(void)
{
	uint64_t z = random_state += UINT64_C(0x9E3779B97F4A7C15);
	z = (z ^ z >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
	z = (z ^ z >> 27) * UINT64_C(0x94D049BB133111EB);
	return z ^ z >> 31;
}

static int32_t noise(int32_t range)
{
	return range ? (int32_t)(next_random() % (uint64_t)(2 * range + 1)) - range : 0;
}

// Samples once a step from a heap that starts at 200 KiB and loses so many bytes an hour. Returns when a leak was first called, 0 never.
struct heap {
	uint64_t step_ms;
	int64_t loss_per_h;
	int32_t noise_bytes;
	uint64_t from_ms; // the leak begins
};

static uint64_t first_called(struct mu_heap_trend *trend, const struct heap *heap, uint64_t until_ms)
{
	mu_heap_trend_init(trend);
	for (uint64_t now = 0; now <= until_ms; now += heap->step_ms) {
		uint64_t leaking_ms = now > heap->from_ms ? now - heap->from_ms : 0;
		int64_t free_bytes = 204800 - (int64_t)(leaking_ms * (uint64_t)heap->loss_per_h / HOUR_MS) + noise(heap->noise_bytes);
		mu_heap_trend_add(trend, free_bytes > 0 ? (uint32_t)free_bytes : 0, now);
		if (mu_heap_trend_leaking(trend))
			return now ? now : 1;
	}
	return 0;
}

static const struct {
	const char *what;
	struct heap heap;
	uint64_t by_ms;
} leaks[] = {
	{ "1 KiB/s, the demo's device", { 1000, 1024 * 3600, 0, 0 }, 40000 },
	{ "1 KiB/s in noise of 4 KiB", { 1000, 1024 * 3600, 4096, 0 }, 40000 },
	{ "1 KiB/s sampled every 200 ms", { 200, 1024 * 3600, 0, 0 }, 40000 },
	{ "1 KiB/s sampled a little slower than the window", { 2050, 1024 * 3600, 0, 0 }, 40000 },
	{ "1 KiB/s that begins after three days: age makes it no slower to see", { 1000, 1024 * 3600, 0, 3 * (uint64_t)DAY_MS }, 40000 },
	{ "100 B/s", { 1000, 360000, 1024, 0 }, 400000 },
	{ "1 byte a second", { 1000, 3600, 1024, 0 }, 7 * (uint64_t)HOUR_MS },
	{ "64 KiB an hour", { 1000, 65536, 4096, 0 }, 1 * (uint64_t)HOUR_MS },
	{ "4 KiB an hour in noise", { 1000, 4096, 4096, 0 }, 7 * (uint64_t)HOUR_MS },
	{ "512 bytes an hour", { 1000, 512, 2048, 0 }, 2 * (uint64_t)DAY_MS },
};

static void test_leaks_are_called_in_time(void **unused)
{
	(void)unused;
	for (size_t i = 0; i < sizeof leaks / sizeof *leaks; i++) {
		struct mu_heap_trend trend;
		random_state = i;
		uint64_t deadline_ms = leaks[i].heap.from_ms + leaks[i].by_ms;
		uint64_t called_ms = first_called(&trend, &leaks[i].heap, deadline_ms);
		if (called_ms <= leaks[i].heap.from_ms)
			fail_msg("%s: called at %llu ms, not in (%llu, %llu]", leaks[i].what, (unsigned long long)called_ms,
				(unsigned long long)leaks[i].heap.from_ms, (unsigned long long)deadline_ms);
	}
}

// The same leak with other noise each time: none of 2,000 takes longer than 40 s.
static void test_the_seed_does_not_matter(void **unused)
{
	(void)unused;
	const struct heap heap = { 1000, 1024 * 3600, 4096, 0 };
	uint64_t latest_ms = 0;
	for (uint64_t seed = 0; seed < 2000; seed++) {
		struct mu_heap_trend trend;
		random_state = seed;
		uint64_t called_ms = first_called(&trend, &heap, 100000);
		assert_true(called_ms > 0);
		latest_ms = called_ms > latest_ms ? called_ms : latest_ms;
	}
	assert_in_range(latest_ms, 1, 40000);
}

static void test_noise_is_never_a_leak(void **unused)
{
	(void)unused;
	const struct heap heap = { 500, 0, 4096, 0 };
	for (uint64_t seed = 1; seed <= 4; seed++) {
		struct mu_heap_trend trend;
		random_state = seed;
		assert_int_equal(first_called(&trend, &heap, 5 * (uint64_t)DAY_MS), 0);
	}
}

// The worst order that an 8 KiB range can come in: all high, then all low.
static void test_worst_noise_stays_below_the_limit(void **unused)
{
	(void)unused;
	struct mu_heap_trend trend;
	mu_heap_trend_init(&trend);
	for (uint64_t now = 0; now < 200000; now += 500) {
		mu_heap_trend_add(&trend, now % 48000 < 24000 ? 108192 : 100000, now);
		assert_false(mu_heap_trend_leaking(&trend));
	}
}

// A buffer of 12 KiB that fills evenly in 24 s, is flushed and fills again: steady, but too little to be called.
static void test_a_sawtooth_of_12_kib_is_no_leak(void **unused)
{
	(void)unused;
	for (uint64_t period_ms = 24000; period_ms <= 24000 * 64; period_ms *= 8) {
		struct mu_heap_trend trend;
		mu_heap_trend_init(&trend);
		for (uint64_t now = 0; now < 10 * period_ms; now += 500) {
			mu_heap_trend_add(&trend, 108192 - (uint32_t)(now % period_ms * 12288 / period_ms), now);
			assert_false(mu_heap_trend_leaking(&trend));
		}
	}
}

// A TLS session takes 40 KiB within two seconds and keeps them; ten of them in a day come and go.
static void test_steps_are_no_leak(void **unused)
{
	(void)unused;
	struct mu_heap_trend trend;
	random_state = 5;
	mu_heap_trend_init(&trend);
	for (uint64_t now = 0; now < DAY_MS; now += 500) {
		uint32_t session = now % 8640000 < 4320000 ? 0 : now % 8640000 < 4321000 ? 20480 : 40960;
		mu_heap_trend_add(&trend, (uint32_t)(160000 + noise(1024)) - session, now);
		if (mu_heap_trend_leaking(&trend))
			fail_msg("called at %llu ms", (unsigned long long)now);
	}
}

// Everything allocates at first: 100 KiB in 8 s.
static void test_start_up_is_no_leak(void **unused)
{
	(void)unused;
	struct mu_heap_trend trend;
	random_state = 6;
	mu_heap_trend_init(&trend);
	for (uint64_t now = 0; now < 600000; now += 250) {
		uint32_t taken = now < 8000 ? (uint32_t)(now * 100 / 8) : 100000;
		mu_heap_trend_add(&trend, (uint32_t)(280000 + noise(2048)) - taken, now);
		assert_false(mu_heap_trend_leaking(&trend));
	}
}

static void test_a_leak_that_stops_is_taken_back(void **unused)
{
	(void)unused;
	struct mu_heap_trend trend;
	mu_heap_trend_init(&trend);
	uint64_t now = 0;
	for (; now < 40000; now += 1000)
		mu_heap_trend_add(&trend, 200000 - (uint32_t)now, now);
	assert_true(mu_heap_trend_leaking(&trend));
	for (; now < 70000; now += 1000)
		mu_heap_trend_add(&trend, 160000, now);
	assert_false(mu_heap_trend_leaking(&trend));
}

static void test_slope_is_that_of_the_leak(void **unused)
{
	(void)unused;
	struct mu_heap_trend trend;
	int32_t slope = 1;
	mu_heap_trend_init(&trend);
	assert_int_equal(mu_heap_trend_slope(&trend, &slope), MU_ERR_NOT_FOUND);
	const struct heap heap = { 1000, 1024 * 3600, 0, 0 };
	assert_true(first_called(&trend, &heap, 40000) > 0);
	assert_int_equal(mu_heap_trend_slope(&trend, &slope), 0);
	assert_in_range(-slope, 1024 * 3600 - 2000, 1024 * 3600 + 2000);
}

// 24 s of a quiet heap say nothing about an hour; 104 s give a figure, and in the end it is small.
static void test_slope_of_a_healthy_heap(void **unused)
{
	(void)unused;
	struct mu_heap_trend trend;
	int32_t slope = 0;
	random_state = 9;
	const struct heap heap = { 500, 0, 4096, 0 };
	assert_int_equal(first_called(&trend, &heap, 100000), 0);
	assert_int_equal(mu_heap_trend_slope(&trend, &slope), MU_ERR_NOT_FOUND);
	assert_int_equal(first_called(&trend, &heap, 12 * (uint64_t)HOUR_MS), 0);
	assert_int_equal(mu_heap_trend_slope(&trend, &slope), 0);
	assert_in_range(slope + 2000, 0, 4000);
}

// The steepest that can be told, 1 MiB in 24 s, and heaps beyond what is kept: a MiB and more all read alike.
static void test_the_ends_of_the_range(void **unused)
{
	(void)unused;
	struct mu_heap_trend trend;
	int32_t slope = 0;
	mu_heap_trend_init(&trend);
	for (uint64_t now = 0; now < 36000; now += 1000)
		mu_heap_trend_add(&trend, 1048576 - (uint32_t)now * 29, now);
	assert_true(mu_heap_trend_leaking(&trend));
	assert_int_equal(mu_heap_trend_slope(&trend, &slope), 0);
	assert_in_range(-slope, 100000000, 110000000); // 29 000 bytes a second
	mu_heap_trend_init(&trend);
	for (uint64_t now = 0; now < 36000; now += 1000)
		mu_heap_trend_add(&trend, UINT32_MAX - (uint32_t)now * 100000, now);
	assert_false(mu_heap_trend_leaking(&trend));
	assert_int_equal(mu_heap_units(0), 0);
	assert_int_equal(mu_heap_units(31), 1);
	assert_int_equal(mu_heap_units(UINT32_MAX), UINT16_MAX - 1);
}

// A sampler that slept: what came before and after the hole is not one line.
static void test_a_hole_ends_the_evidence(void **unused)
{
	(void)unused;
	struct mu_heap_trend trend;
	mu_heap_trend_init(&trend);
	uint64_t now = 0;
	for (; now < 30000; now += 1000)
		mu_heap_trend_add(&trend, 200000, now);
	mu_heap_trend_add(&trend, 100000, now + 600000);
	assert_int_equal(trend.level[0].line.count, 0);
	assert_false(mu_heap_trend_leaking(&trend));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_leaks_are_called_in_time),
		cmocka_unit_test(test_the_seed_does_not_matter),
		cmocka_unit_test(test_noise_is_never_a_leak),
		cmocka_unit_test(test_worst_noise_stays_below_the_limit),
		cmocka_unit_test(test_a_sawtooth_of_12_kib_is_no_leak),
		cmocka_unit_test(test_steps_are_no_leak),
		cmocka_unit_test(test_start_up_is_no_leak),
		cmocka_unit_test(test_a_leak_that_stops_is_taken_back),
		cmocka_unit_test(test_slope_is_that_of_the_leak),
		cmocka_unit_test(test_slope_of_a_healthy_heap),
		cmocka_unit_test(test_the_ends_of_the_range),
		cmocka_unit_test(test_a_hole_ends_the_evidence),
	};
	return cmocka_run_group_tests(tests, 0, 0);
}
