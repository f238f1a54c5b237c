// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include "alerts/engine/bucket_ring.h"

static const struct bucket_ring ring = { 8000, 8 }; // buckets of 1 s

static unsigned places_at(uint64_t mark, uint64_t now_ms)
{
	uint8_t places[BUCKET_RING_MAX];
	return bucket_ring_places(&ring, mark, now_ms, places);
}

// 1 s in 16 buckets is 62.5 ms each: starts round up, so that no millisecond lies in two buckets or in none.
static void test_buckets_of_half_milliseconds_share_no_time(void **unused)
{
	(void)unused;
	const struct bucket_ring odd = { 1000, 16 };
	for (uint64_t t = 1000000; t < 1002000; t++) {
		uint64_t number = bucket_ring_number(&odd, t);
		assert_true(bucket_ring_start(&odd, number) <= t);
		assert_true(bucket_ring_start(&odd, number + 1) > t);
	}
}

static void test_a_place_is_new_once(void **unused)
{
	(void)unused;
	uint64_t mark = 0;
	bool is_new;
	assert_int_equal(bucket_ring_put(&ring, &mark, 100000, &is_new), 100 % 8);
	assert_true(is_new);
	assert_false(bucket_ring_has_many(mark, 100 % 8));
	assert_int_equal(bucket_ring_put(&ring, &mark, 100999, &is_new), 100 % 8);
	assert_false(is_new);
	assert_true(bucket_ring_has_many(mark, 100 % 8));
	assert_int_equal(bucket_ring_put(&ring, &mark, 108000, &is_new), 108 % 8); // the same place, a round later
	assert_true(is_new);
	assert_false(bucket_ring_has_many(mark, 108 % 8));
	assert_int_equal(bucket_ring_number_at(&ring, mark, 108 % 8), 108);
	assert_int_equal(bucket_ring_number_at(&ring, mark, 107 % 8), 107);
	assert_int_equal(bucket_ring_number_at(&ring, mark, 109 % 8), 101);
}

static void test_late_ones_land_while_their_bucket_is_there(void **unused)
{
	(void)unused;
	uint64_t mark = 0, before;
	bool is_new;
	bucket_ring_put(&ring, &mark, 108000, &is_new);
	assert_int_equal(bucket_ring_put(&ring, &mark, 101000, &is_new), 101 % 8);
	assert_true(is_new);
	before = mark;
	assert_int_equal(bucket_ring_put(&ring, &mark, 100999, &is_new), -1);
	assert_true(mark == before);
	assert_int_equal(places_at(mark, 108000), 2);
}

static void test_places_leave_one_by_one_and_all_at_once(void **unused)
{
	(void)unused;
	uint64_t mark = 0;
	bool is_new;
	uint8_t places[BUCKET_RING_MAX];
	for (uint64_t t = 100000; t < 108000; t += 1000)
		bucket_ring_put(&ring, &mark, t, &is_new);
	for (unsigned gone = 0; gone <= 8; gone++)
		assert_int_equal(places_at(mark, 107999 + gone * 1000), 8 - gone);
	assert_int_equal(places_at(mark, 50000), 8); // a time before the newest bucket reads as that
	assert_int_equal(bucket_ring_places(&ring, mark, 109000, places), 6);
	assert_int_equal(places[0], 102 % 8); // oldest first
	assert_int_equal(places[5], 107 % 8);
	bucket_ring_put(&ring, &mark, 200000, &is_new);
	assert_int_equal(places_at(mark, 200000), 1);
}

// A checkpoint may bring any bits.
static void test_any_mark_is_safe(void **unused)
{
	(void)unused;
	for (uint64_t seed = 1; seed < 20000; seed++) {
		uint64_t mark = seed * UINT64_C(0x9E3779B97F4A7C15);
		bool is_new = false;
		const struct bucket_ring rings[] = { { 1000, 8 }, { 1000, 16 }, { UINT64_C(1) << 34, 16 } };
		for (unsigned r = 0; r < 3; r++) {
			uint8_t places[BUCKET_RING_MAX];
			int place = bucket_ring_put(&rings[r], &mark, seed * 12345, &is_new);
			assert_in_range(place + 1, 0, rings[r].buckets);
			unsigned count = bucket_ring_places(&rings[r], mark, seed * 99999, places);
			assert_in_range(count, 0, rings[r].buckets);
			for (unsigned i = 0; i < count; i++)
				assert_in_range(places[i], 0, rings[r].buckets - 1);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_buckets_of_half_milliseconds_share_no_time),
		cmocka_unit_test(test_a_place_is_new_once),
		cmocka_unit_test(test_late_ones_land_while_their_bucket_is_there),
		cmocka_unit_test(test_places_leave_one_by_one_and_all_at_once),
		cmocka_unit_test(test_any_mark_is_safe),
	};
	return cmocka_run_group_tests(tests, 0, 0);
}
