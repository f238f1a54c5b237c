// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include "agent/health/verdict.h"
#include "muster.pb-c.h"

enum {
	LOW = MU__VERDICT_BIT__VERDICT_HEAP_LOW,
	FRAGMENTED = MU__VERDICT_BIT__VERDICT_HEAP_FRAGMENTED,
	LEAK = MU__VERDICT_BIT__VERDICT_HEAP_LEAK,
	NO_OTA = MU__VERDICT_BIT__VERDICT_NO_OTA_ROOM,
	SOCKETS = MU__VERDICT_BIT__VERDICT_SOCKETS_LOW,
	WEAK = MU__VERDICT_BIT__VERDICT_LINK_WEAK,
	FLAPPING = MU__VERDICT_BIT__VERDICT_LINK_FLAPPING,
	STALE = MU__VERDICT_BIT__VERDICT_TASK_STALE,
	STACK = MU__VERDICT_BIT__VERDICT_STACK_LOW,
	SPOOL = MU__VERDICT_BIT__VERDICT_SPOOL_FILLING,
	FLASH = MU__VERDICT_BIT__VERDICT_FLASH_FAULT,
	RECONNECT = MU__VERDICT_BIT__VERDICT_RECONNECT_LEAK,
	STARVED = MU__VERDICT_BIT__VERDICT_HEAP_STARVED,
	KIB = 1024,
};

static struct mu_system_vitals healthy(void)
{
	return (struct mu_system_vitals){
		.heap_free_bytes = 150 * KIB,
		.heap_largest_bytes = 100 * KIB,
		.has_stack = true,
		.stack_min_bytes = 2048,
		.has_sockets = true,
		.sockets_open = 3,
		.sockets_limit = 10,
	};
}

// From these bits, this heap leads to those. Gates: 32 KiB socket, 48 KiB and a block of 20 KiB for TLS, 20 KiB more for OTA.
static const struct {
	uint32_t before, free_kib, largest_kib, after;
} heaps[] = {
	{ 0, 150, 100, 0 },
	{ 0, 68, 60, 0 },                   // just enough for an OTA beside a session
	{ 0, 67, 60, NO_OTA },
	{ NO_OTA, 70, 60, NO_OTA },         // clears an eighth above the gate, at 76.5
	{ NO_OTA, 77, 60, 0 },
	{ 0, 47, 40, LOW },
	{ LOW, 50, 40, LOW },               // between the limits it stays, and is the one word for it
	{ LOW, 54, 40, NO_OTA },
	{ 0, 150, 19, FRAGMENTED },         // plenty of bytes, no block
	{ FRAGMENTED, 150, 22, FRAGMENTED },
	{ FRAGMENTED, 150, 23, 0 },
	{ FRAGMENTED, 40, 10, LOW },        // few bytes: low, no longer called fragmented
	{ 0, 31, 25, LOW | STARVED },
	{ LOW | STARVED, 35, 25, LOW | STARVED },
	{ LOW | STARVED, 36, 25, LOW },
};

static void test_heap_rows(void **unused)
{
	(void)unused;
	for (size_t i = 0; i < sizeof heaps / sizeof *heaps; i++) {
		struct mu_system_vitals system = healthy();
		system.heap_free_bytes = heaps[i].free_kib * KIB;
		system.heap_largest_bytes = heaps[i].largest_kib * KIB;
		const struct mu_verdict_input input = { .system = &system };
		uint32_t after = mu_verdict_judge(heaps[i].before, &input);
		if (after != heaps[i].after)
			fail_msg("row %zu: %u, not %u", i, after, heaps[i].after);
	}
}

// A heap that goes up and down by less than an eighth of the least gate: whatever its size, each bit settles.
static void test_noise_makes_no_bit_flicker(void **unused)
{
	(void)unused;
	enum { NOISE = 2 * KIB };
	for (uint32_t free_bytes = 24 * KIB; free_bytes < 90 * KIB; free_bytes += 512)
		for (uint32_t largest_bytes = 16 * KIB; largest_bytes < 26 * KIB; largest_bytes += 512) {
			struct mu_system_vitals system = healthy();
			const struct mu_verdict_input input = { .system = &system };
			uint32_t verdict = 0, first = 0;
			for (int i = 0; i < 6; i++) {
				system.heap_free_bytes = free_bytes + (i % 2 ? NOISE : 0);
				system.heap_largest_bytes = largest_bytes + (i % 2 ? 0 : NOISE);
				verdict = mu_verdict_judge(verdict, &input);
				if (i == 3)
					first = verdict;
				if (i > 3 && verdict != first)
					fail_msg("%u free, largest %u: %u and %u take turns", free_bytes, largest_bytes, first, verdict);
			}
		}
}

static void test_dynamic_buffers_need_less(void **unused)
{
	(void)unused;
	struct mu_system_vitals system = healthy();
	system.heap_free_bytes = 46 * KIB;
	system.heap_largest_bytes = 9 * KIB;
	struct mu_verdict_input input = { .system = &system, .gates = &mu_heap_gates_tls_dynamic };
	assert_int_equal(mu_verdict_judge(0, &input), 0);
	system.heap_largest_bytes = 7 * KIB;
	assert_int_equal(mu_verdict_judge(0, &input), FRAGMENTED);
	system.heap_free_bytes = 43 * KIB;
	assert_int_equal(mu_verdict_judge(0, &input), FRAGMENTED | NO_OTA);
}

// What else sets a bit, and what clears it.
static const struct {
	const char *what;
	struct mu_verdict_input input;
	uint32_t before, after;
} rows[] = {
	{ "nothing wrong", { 0 }, 0, 0 },
	{ "leak", { .heap_leaking = true }, 0, LEAK },
	{ "no leak any more", { 0 }, LEAK, 0 },
	{ "a leak a reconnect", { .reconnect_leaking = true }, 0, RECONNECT },
	{ "no such leak any more", { 0 }, RECONNECT, 0 },
	{ "refusals for lack of heap", { .heap_starved = true }, 0, STARVED },
	{ "weak", { .has_rssi = true, .rssi_dbm = -80 }, 0, WEAK },
	{ "not yet weak", { .has_rssi = true, .rssi_dbm = -79 }, 0, 0 },
	{ "still weak", { .has_rssi = true, .rssi_dbm = -78 }, WEAK, WEAK },
	{ "weak no more", { .has_rssi = true, .rssi_dbm = -77 }, WEAK, 0 },
	{ "no RSSI: what was, stands", { 0 }, WEAK, WEAK },
	{ "two losses", { .losses = 2 }, 0, 0 },
	{ "three losses", { .losses = 3 }, 0, FLAPPING },
	{ "two left of three", { .losses = 2 }, FLAPPING, FLAPPING },
	{ "one left", { .losses = 1 }, FLAPPING, 0 },
	{ "nearly stale", { .close_call = true }, 0, STALE },
	{ "fresh again", { 0 }, STALE, 0 },
	{ "spool at 80 %", { .has_spool = true, .spool_used_permille = 800 }, 0, 0 },
	{ "spool above 80 %", { .has_spool = true, .spool_used_permille = 801 }, 0, SPOOL },
	{ "spool at 71 %", { .has_spool = true, .spool_used_permille = 701 }, SPOOL, SPOOL },
	{ "spool at 70 %", { .has_spool = true, .spool_used_permille = 700 }, SPOOL, 0 },
	{ "flash fault", { .flash_faults = 1 }, 0, FLASH },
	{ "flash does not heal", { 0 }, FLASH, FLASH },
	{ "several at once", { .heap_leaking = true, .close_call = true, .losses = 5 }, 0, LEAK | STALE | FLAPPING },
};

static void test_rows(void **unused)
{
	(void)unused;
	struct mu_system_vitals system = healthy();
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct mu_verdict_input input = rows[i].input;
		input.system = &system;
		uint32_t after = mu_verdict_judge(rows[i].before, &input);
		if (after != rows[i].after)
			fail_msg("%s: %u, not %u", rows[i].what, after, rows[i].after);
	}
}

static const struct {
	uint32_t open, limit, before, after;
} sockets[] = {
	{ 6, 10, 0, 0 },
	{ 7, 10, 0, SOCKETS },       // 70 %
	{ 6, 10, SOCKETS, SOCKETS }, // 60 %: not yet
	{ 5, 10, SOCKETS, 0 },
	{ 12, 16, 0, SOCKETS },
	{ 9, 0, 0, 0 },              // no limit known: nothing to say
};

static void test_sockets_and_stack(void **unused)
{
	(void)unused;
	struct mu_system_vitals system = healthy();
	const struct mu_verdict_input input = { .system = &system };
	for (size_t i = 0; i < sizeof sockets / sizeof *sockets; i++) {
		system.sockets_open = sockets[i].open;
		system.sockets_limit = sockets[i].limit;
		assert_int_equal(mu_verdict_judge(sockets[i].before, &input), sockets[i].after);
	}
	system = healthy();
	system.stack_min_bytes = 511;
	assert_int_equal(mu_verdict_judge(0, &input), STACK);
	system.stack_min_bytes = 512;
	assert_int_equal(mu_verdict_judge(0, &input), 0);
}

static void test_nothing_sampled_changes_nothing(void **unused)
{
	(void)unused;
	const struct mu_verdict_input input = { 0 };
	uint32_t before = LOW | STARVED | FRAGMENTED | NO_OTA | SOCKETS | STACK;
	assert_int_equal(mu_verdict_judge(before, &input), before);
	assert_int_equal(mu_verdict_judge(0, &input), 0);
}

static void test_gates(void **unused)
{
	(void)unused;
	const struct mu_heap_gates *gates = &mu_heap_gates_default;
	struct mu_system_vitals system = { .heap_free_bytes = 32 * KIB, .heap_largest_bytes = 20 * KIB };
	assert_true(mu_heap_allows_socket(gates, &system));
	assert_false(mu_heap_allows_tls(gates, &system));
	system.heap_free_bytes = 48 * KIB;
	assert_true(mu_heap_allows_tls(gates, &system));
	assert_false(mu_heap_allows_ota(gates, &system));
	system.heap_free_bytes = 68 * KIB;
	assert_true(mu_heap_allows_ota(gates, &system));
	system.heap_largest_bytes = 20 * KIB - 1;
	assert_false(mu_heap_allows_tls(gates, &system));
	assert_false(mu_heap_allows_ota(gates, &system));
	system.heap_free_bytes = 32 * KIB - 1;
	assert_false(mu_heap_allows_socket(gates, &system));
	assert_true(mu_heap_allows_tls(gates, NULL)); // not sampled yet: no reason to refuse
}

static void test_losses_within_ten_minutes(void **unused)
{
	(void)unused;
	struct mu_losses losses = { 0 };
	assert_int_equal(mu_losses_count(&losses, 0), 0);
	mu_losses_add(&losses, 1000);
	mu_losses_add(&losses, 1200); // the session went with its link
	mu_losses_add(&losses, 100000);
	mu_losses_add(&losses, 200000);
	assert_int_equal(mu_losses_count(&losses, 200000), 3);
	assert_int_equal(mu_losses_count(&losses, 600999), 3);
	assert_int_equal(mu_losses_count(&losses, 601000), 2);
	assert_int_equal(mu_losses_count(&losses, 800000), 0);
	for (uint64_t i = 0; i < 50; i++)
		mu_losses_add(&losses, 900000 + i * 3000);
	assert_int_equal(losses.count, 53);
	assert_int_equal(mu_losses_count(&losses, 1050000), MU_LOSSES_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_heap_rows),
		cmocka_unit_test(test_noise_makes_no_bit_flicker),
		cmocka_unit_test(test_dynamic_buffers_need_less),
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_sockets_and_stack),
		cmocka_unit_test(test_nothing_sampled_changes_nothing),
		cmocka_unit_test(test_gates),
		cmocka_unit_test(test_losses_within_ten_minutes),
	};
	return cmocka_run_group_tests(tests, 0, 0);
}
