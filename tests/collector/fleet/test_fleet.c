// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include "collector/fleet/fleet.h"
#include "tests/collector/fleet/sample.h"

#define NOW SAMPLE_NOW_MS
enum { MANY = 20000 };

static void test_many_are_found_and_keep_their_place(void **unused)
{
	(void)unused;
	struct fleet *fleet = fleet_new();
	char id[40];
	struct device *first = fleet_add(fleet, "first", NOW);
	for (int i = 1; i < MANY; i++) {
		snprintf(id, sizeof id, "dev-%d", i);
		assert_non_null(fleet_add(fleet, id, NOW));
	}
	for (int i = 1; i < MANY; i++) {
		snprintf(id, sizeof id, "dev-%d", i);
		assert_int_equal(fleet_find(fleet, id)->dev, i);
		assert_ptr_equal(fleet_at(fleet, (size_t)i), fleet_find(fleet, id));
	}
	assert_ptr_equal(fleet_find(fleet, "first"), first);
	assert_null(fleet_find(fleet, "dev-0"));
	assert_null(fleet_at(fleet, MANY));
	assert_int_equal(fleet_count(fleet), MANY);
	fleet_free(fleet);
}

static void test_ids_outside_the_alphabet_are_refused(void **unused)
{
	(void)unused;
	static const char *const ids[] = { "", "a/b", "a b", "a+", "#", "\xc3\xa4", "012345678901234567890123456789012" };
	struct fleet *fleet = fleet_new();
	for (size_t i = 0; i < sizeof ids / sizeof *ids; i++)
		assert_null(fleet_add(fleet, ids[i], NOW));
	assert_non_null(fleet_add(fleet, "01234567890123456789012345678901", NOW));
	fleet_free(fleet);
}

static void add_devices(struct fleet *fleet, int count)
{
	for (int i = 0; i < count; i++) {
		char id[40];
		snprintf(id, sizeof id, "dev-%d", i);
		fleet_set_presence(fleet, fleet_add(fleet, id, NOW), true, NOW);
	}
}

// So many of `count` devices lose the session within `apart_ms` of each other: is it common?
static void test_losses_of_many_at_once(void **unused)
{
	(void)unused;
	static const struct {
		int count, lose;
		uint64_t apart_ms;
		bool is_common;
	} rows[] = {
		{ 20, 1, 0, false },
		{ 20, 4, 100, false },  // one in five
		{ 20, 5, 100, true },   // one in four
		{ 20, 20, 500, true },  // all, spread over 10 s
		{ 20, 20, 60000, false }, // all, but over 20 min
		{ 4, 2, 100, false },   // a small fleet: at least three
		{ 4, 3, 100, true },
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct fleet *fleet = fleet_new();
		add_devices(fleet, rows[i].count);
		for (int d = 0; d < rows[i].lose; d++)
			fleet_set_presence(fleet, fleet_at(fleet, (size_t)d), false, NOW + 1000 + (uint64_t)d * rows[i].apart_ms);
		if (fleet_loss_is_common(fleet, NOW + 1000) != rows[i].is_common)
			fail_msg("row %zu", i);
		fleet_free(fleet);
	}
}

static void test_one_that_flaps_alone_is_not_many(void **unused)
{
	(void)unused;
	struct fleet *fleet = fleet_new();
	add_devices(fleet, 4);
	for (int i = 0; i < 20; i++) {
		struct sample sample;
		sample_link(&sample, i % 2 ? MU__LINK_CHANGE__LINK_LOST : MU__LINK_CHANGE__LINK_SESSION_LOST);
		fleet_fold(fleet, fleet_at(fleet, 0), &sample.record, NOW + (uint64_t)i * 5000);
	}
	for (int i = 0; i < 20; i++)
		assert_false(fleet_loss_is_common(fleet, NOW + (uint64_t)i * 5000));
	fleet_free(fleet);
}

static void test_outages_of_the_collector(void **unused)
{
	(void)unused;
	static const struct {
		int64_t at_ms;
		bool is_common;
	} rows[] = {
		{ -120000, false }, { -30000, true }, { 0, true }, { 5000, true }, { 60000, true }, { 120000, false },
	};
	struct fleet *fleet = fleet_new();
	fleet_set_broker(fleet, true, NOW - 600000);
	assert_false(fleet_loss_is_common(fleet, NOW));
	fleet_set_broker(fleet, false, NOW);
	fleet_set_broker(fleet, false, NOW + 100); // said twice
	assert_true(fleet_loss_is_common(fleet, NOW + 999999));
	fleet_set_broker(fleet, true, NOW + 10000);
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		assert_int_equal(fleet_loss_is_common(fleet, (uint64_t)((int64_t)NOW + rows[i].at_ms)), rows[i].is_common);
	assert_int_equal(fleet_broker_since_ms(fleet), NOW + 10000);
	fleet_free(fleet);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_many_are_found_and_keep_their_place),
		cmocka_unit_test(test_ids_outside_the_alphabet_are_refused),
		cmocka_unit_test(test_losses_of_many_at_once),
		cmocka_unit_test(test_one_that_flaps_alone_is_not_many),
		cmocka_unit_test(test_outages_of_the_collector),
	};
	return cmocka_run_group_tests(tests, 0, 0);
}
