// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include "alerts/notify/bisect.h"

// Sends count items of which those in `bad` are refused; a range with one of them is refused as a whole. Returns how many requests it took.
static unsigned play(unsigned count, const bool *bad, unsigned *taken, unsigned *refused)
{
	struct bisect bisect;
	struct bisect_range range;
	unsigned requests = 0;
	unsigned char seen[BISECT_ITEMS_MAX] = { 0 };
	*taken = *refused = 0;
	bisect_begin(&bisect, count);
	while (bisect_next(&bisect, &range)) {
		bool is_bad = false;
		unsigned left = bisect_left(&bisect);
		requests++;
		for (unsigned i = range.from; i < range.from + range.count; i++)
			is_bad = is_bad || bad[i];
		if (is_bad && bisect_refused(&bisect)) {
			assert_int_equal(bisect_left(&bisect), left); // halving loses nothing
			continue;
		}
		if (is_bad) {
			assert_int_equal(range.count, 1);
			++*refused;
		} else {
			bisect_done(&bisect);
			*taken += range.count;
		}
		for (unsigned i = range.from; i < range.from + range.count; i++)
			assert_int_equal(seen[i]++, 0); // none twice
		assert_int_equal(bisect_left(&bisect), left - range.count);
	}
	return requests;
}

// One offender, at every place of batches of every size: all others are taken, in few requests.
static void test_one_offender_anywhere(void **state)
{
	(void)state;
	for (unsigned count = 1; count <= BISECT_ITEMS_MAX; count = count < 40 ? count + 1 : count * 2 - count % 3) {
		unsigned log2 = 0;
		while (1U << log2 < count)
			log2++;
		for (unsigned at = 0; at < count; at++) {
			bool bad[BISECT_ITEMS_MAX] = { 0 };
			unsigned taken, refused;
			bad[at] = true;
			unsigned requests = play(count, bad, &taken, &refused);
			assert_int_equal(taken, count - 1);
			assert_int_equal(refused, 1);
			assert_true(requests <= 2 * log2 + 1);
		}
	}
}

// All bad is the worst case: 2n - 1 requests, and the depth suffices.
static void test_all_bad(void **state)
{
	(void)state;
	bool bad[BISECT_ITEMS_MAX];
	unsigned taken, refused;
	memset(bad, 1, sizeof bad);
	assert_int_equal(play(BISECT_ITEMS_MAX, bad, &taken, &refused), 2 * BISECT_ITEMS_MAX - 1);
	assert_int_equal(refused, BISECT_ITEMS_MAX);
}

static void test_none_bad_is_one_request(void **state)
{
	(void)state;
	bool bad[BISECT_ITEMS_MAX] = { 0 };
	unsigned taken, refused;
	assert_int_equal(play(BISECT_ITEMS_MAX, bad, &taken, &refused), 1);
	assert_int_equal(taken, BISECT_ITEMS_MAX);
	assert_int_equal(play(0, bad, &taken, &refused), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_one_offender_anywhere),
		cmocka_unit_test(test_all_bad),
		cmocka_unit_test(test_none_bad_is_one_request),
	};
	return cmocka_run_group_tests(tests, 0, 0);
}
