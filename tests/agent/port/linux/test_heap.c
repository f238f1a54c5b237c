// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include "agent/port/linux/heap.h"

static void test_a_healthy_heap_never_ends(void **unused)
{
	(void)unused;
	struct mu_virtual_heap heap;
	struct mu_dice dice;
	mu_dice_init(&dice, 1);
	mu_virtual_heap_boot(&heap, MU_HEAP_FREE_BYTES, 0, &dice, 0);
	assert_true(mu_virtual_heap_exhausted_ms(&heap) == UINT64_MAX);
	uint32_t early = mu_virtual_heap_free(&heap, &dice, 0), late = mu_virtual_heap_free(&heap, &dice, 86400000);
	assert_in_range(late, early - 3000, early + 3000);
}

// 1 KiB/s from about 178 KiB: below the gate of 32 KiB after two and a half minutes, empty after three.
static void test_a_leak_ends_when_it_says(void **unused)
{
	(void)unused;
	struct mu_virtual_heap heap;
	struct mu_dice dice;
	mu_dice_init(&dice, 1);
	mu_virtual_heap_boot(&heap, MU_HEAP_FREE_BYTES, 1024, &dice, 5000);
	uint32_t first = mu_virtual_heap_free(&heap, &dice, 5000);
	uint32_t later = mu_virtual_heap_free(&heap, &dice, 65000);
	assert_in_range(first - later, 60 * 1024 - 2048, 60 * 1024 + 2048);
	uint64_t end_ms = mu_virtual_heap_exhausted_ms(&heap);
	assert_in_range(end_ms, 5000 + 170000, 5000 + 184000);
	assert_true(mu_virtual_heap_free(&heap, &dice, end_ms) <= MU_HEAP_LAST_BYTES);
	assert_int_equal(mu_virtual_heap_free(&heap, &dice, end_ms + 3600000), 0); // never wraps
	assert_int_equal(heap.min_bytes, 0);
}

static void test_sockets_bring_the_end_nearer(void **unused)
{
	(void)unused;
	struct mu_virtual_heap heap;
	struct mu_dice dice;
	mu_dice_init(&dice, 1);
	mu_virtual_heap_boot(&heap, MU_HEAP_FREE_BYTES, 1024, &dice, 0);
	uint64_t without_ms = mu_virtual_heap_exhausted_ms(&heap);
	mu_virtual_heap_sockets(&heap, 1, 1);
	assert_int_equal(without_ms - mu_virtual_heap_exhausted_ms(&heap), (MU_HEAP_SOCKET_BYTES + MU_HEAP_TLS_BYTES) * 1000 / 1024);
}

// What is lost with sessions counts like what leaks, and at the end there is none left for the next.
static void test_lost_with_sessions(void **unused)
{
	(void)unused;
	struct mu_virtual_heap heap;
	struct mu_dice dice;
	mu_dice_init(&dice, 1);
	mu_virtual_heap_boot(&heap, MU_HEAP_FREE_BYTES, 0, &dice, 1000);
	uint32_t before = mu_virtual_heap_free(&heap, &dice, 1000);
	for (int i = 0; i < 10; i++)
		mu_virtual_heap_lose(&heap, 1024);
	assert_int_equal(before - mu_virtual_heap_free(&heap, &dice, 1000), 10 * 1024);
	assert_true(mu_virtual_heap_exhausted_ms(&heap) == UINT64_MAX);
	mu_virtual_heap_lose(&heap, UINT32_MAX - 100);
	assert_int_equal(mu_virtual_heap_free(&heap, &dice, 1000), 0);
	assert_int_equal(mu_virtual_heap_exhausted_ms(&heap), 1000);
}

// The free bytes stay, the block goes: 1 KiB/s from about 111 KiB.
static void test_a_heap_that_breaks_up(void **unused)
{
	(void)unused;
	struct mu_virtual_heap heap;
	struct mu_dice dice;
	mu_dice_init(&dice, 1);
	mu_virtual_heap_boot(&heap, MU_HEAP_FREE_BYTES, 0, &dice, 0);
	heap.fragment_bytes_per_s = 1024;
	uint32_t free_bytes = 180 * 1024, whole = mu_virtual_heap_largest(&heap, free_bytes, 0);
	assert_in_range(whole, 111 * 1024, 112 * 1024);
	assert_int_equal(whole - mu_virtual_heap_largest(&heap, free_bytes, 50000), 50 * 1024);
	assert_int_equal(mu_virtual_heap_largest(&heap, free_bytes, 3600000), MU_HEAP_CRUMB_BYTES);
	assert_int_equal(mu_virtual_heap_largest(&heap, 100, 3600000), 62); // never more than there is
	assert_in_range(mu_virtual_heap_free(&heap, &dice, 3600000), 174 * 1024, 184 * 1024);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lost_with_sessions),
		cmocka_unit_test(test_a_heap_that_breaks_up),
		cmocka_unit_test(test_a_healthy_heap_never_ends),
		cmocka_unit_test(test_a_leak_ends_when_it_says),
		cmocka_unit_test(test_sockets_bring_the_end_nearer),
	};
	return cmocka_run_group_tests(tests, 0, 0);
}
