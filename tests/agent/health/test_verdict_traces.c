// SPDX-License-Identifier: Apache-2.0
// The verdict over whole lives of a virtual heap, sampled once a second: a leak is told from a heap that breaks up, and in time.
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include "agent/health/heap_trend.h"
#include "agent/health/verdict.h"
#include "agent/port/linux/heap.h"
#include "muster.pb-c.h"

enum {
	LOW = MU__VERDICT_BIT__VERDICT_HEAP_LOW,
	FRAGMENTED = MU__VERDICT_BIT__VERDICT_HEAP_FRAGMENTED,
	LEAK = MU__VERDICT_BIT__VERDICT_HEAP_LEAK,
	NO_OTA = MU__VERDICT_BIT__VERDICT_NO_OTA_ROOM,
	STARVED = MU__VERDICT_BIT__VERDICT_HEAP_STARVED,
	BITS = 5,
};

static const uint32_t bits[BITS] = { LOW, FRAGMENTED, LEAK, NO_OTA, STARVED };

struct life {
	struct mu_virtual_heap heap;
	struct mu_dice dice;
	struct mu_heap_trend trend;
	struct mu_system_vitals system;
	uint32_t verdict, ever; // now; bits that were set at any time
	uint64_t first_s[BITS]; // when each bit was first set
	uint64_t no_tls_s, no_ota_s; // when the gates first refused; UINT64_MAX: never
};

static void begin(struct life *life, uint32_t leak_bytes_per_s, uint32_t fragment_bytes_per_s)
{
	*life = (struct life){ .no_tls_s = UINT64_MAX, .no_ota_s = UINT64_MAX };
	mu_dice_init(&life->dice, 5);
	mu_virtual_heap_boot(&life->heap, MU_HEAP_FREE_BYTES, leak_bytes_per_s, &life->dice, 0);
	mu_virtual_heap_sockets(&life->heap, 1, 1);
	life->heap.fragment_bytes_per_s = fragment_bytes_per_s;
	mu_heap_trend_init(&life->trend);
}

static void second(struct life *life, uint64_t s)
{
	life->system.heap_free_bytes = mu_virtual_heap_free(&life->heap, &life->dice, s * 1000);
	life->system.heap_largest_bytes = mu_virtual_heap_largest(&life->heap, life->system.heap_free_bytes, s * 1000);
	mu_heap_trend_add(&life->trend, life->system.heap_free_bytes, s * 1000);
	const struct mu_verdict_input input = { .system = &life->system, .heap_leaking = mu_heap_trend_leaking(&life->trend) };
	life->verdict = mu_verdict_judge(life->verdict, &input);
	for (int i = 0; i < BITS; i++)
		if ((life->verdict & bits[i]) && !(life->ever & bits[i]))
			life->first_s[i] = s;
	life->ever |= life->verdict;
	if (life->no_tls_s == UINT64_MAX && !mu_heap_allows_tls(&mu_heap_gates_default, &life->system))
		life->no_tls_s = s;
	if (life->no_ota_s == UINT64_MAX && !mu_heap_allows_ota(&mu_heap_gates_default, &life->system))
		life->no_ota_s = s;
}

static uint64_t first(const struct life *life, uint32_t bit)
{
	for (int i = 0; i < BITS; i++)
		if (bits[i] == bit)
			return life->first_s[i];
	return UINT64_MAX;
}

// What goes each second, for how long, which bits come in that time and which are left at its end.
static const struct {
	const char *what;
	uint32_t leak, fragment;
	uint64_t for_s;
	uint32_t ever, last;
} rows[] = {
	{ "a healthy day", 0, 0, 86400, 0, 0 },
	{ "it breaks up: as many bytes as ever, and no room for TLS", 0, 20, 7200, FRAGMENTED, FRAGMENTED },
	{ "it breaks up slowly", 0, 1, 86400, FRAGMENTED, FRAGMENTED },
	{ "it leaks: never called broken up", 64, 0, 2400, LEAK | NO_OTA | LOW | STARVED, LEAK | LOW | STARVED },
	{ "it leaks slowly, and there is room yet", 1, 0, 50000, LEAK, LEAK },
	{ "both: broken up while there are bytes, low when there are none", 32, 32, 4000, LEAK | FRAGMENTED | NO_OTA | LOW | STARVED,
		LEAK | LOW | STARVED },
};

static void test_each_life(void **unused)
{
	(void)unused;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct life life;
		begin(&life, rows[i].leak, rows[i].fragment);
		for (uint64_t s = 0; s < rows[i].for_s; s++)
			second(&life, s);
		if (life.ever != rows[i].ever || life.verdict != rows[i].last)
			fail_msg("%s: ever %u, last %u", rows[i].what, life.ever, life.verdict);
		assert_int_equal(life.no_tls_s != UINT64_MAX, (rows[i].ever & (LOW | FRAGMENTED)) != 0);
		assert_int_equal(life.no_ota_s != UINT64_MAX, (rows[i].ever & (NO_OTA | FRAGMENTED)) != 0);
	}
}

// The bit comes with the sample at which the gate first refuses, from the largest block alone.
static void test_the_verdict_comes_with_the_gate(void **unused)
{
	(void)unused;
	struct life life;
	begin(&life, 0, 20);
	for (uint64_t s = 0; s < 7200; s++)
		second(&life, s);
	assert_int_equal(first(&life, FRAGMENTED), life.no_tls_s);
	assert_int_equal(life.no_ota_s, life.no_tls_s);
	assert_in_range(life.no_tls_s, 3000, 3600); // 62 % of about 137 KiB, 20 bytes a second, down to 20 KiB
	assert_true(life.system.heap_free_bytes > 128 * 1024);
}

// A leak is called long before it hurts, and what can no longer be opened goes in its order.
static void test_a_leak_is_called_before_it_hurts(void **unused)
{
	(void)unused;
	struct life life;
	begin(&life, 64, 0);
	for (uint64_t s = 0; s < 2400; s++)
		second(&life, s);
	assert_true(first(&life, LEAK) < first(&life, NO_OTA) / 2);
	assert_true(first(&life, NO_OTA) < first(&life, LOW));
	assert_true(first(&life, LOW) < first(&life, STARVED));
	assert_int_equal(first(&life, NO_OTA), life.no_ota_s);
	assert_int_equal(first(&life, LOW), life.no_tls_s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_life),
		cmocka_unit_test(test_the_verdict_comes_with_the_gate),
		cmocka_unit_test(test_a_leak_is_called_before_it_hurts),
	};
	return cmocka_run_group_tests(tests, 0, 0);
}
