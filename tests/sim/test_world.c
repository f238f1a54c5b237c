// SPDX-License-Identifier: Apache-2.0
// Whole lives: a seed decides everything, and a life without faults shows all that an agent can show.
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include "tests/sim/world.h"

enum { HOUR_MS = 3600000 };

static struct sim_factory factory;

static int set_up(void **unused)
{
	(void)unused;
	return sim_factory_open(&factory);
}

static int tear_down(void **unused)
{
	(void)unused;
	sim_factory_close(&factory);
	return 0;
}

static uint64_t story_of(uint64_t seed, unsigned devices)
{
	struct sim_options options = { .seed = seed, .life_ms = 3 * HOUR_MS, .devices = devices, .faults = SIM_FAULTS_ALL };
	struct sim_world *world = sim_world_open(&factory, &options);
	sim_world_run(world);
	if (world->failed)
		fail_msg("seed %d: %s", (int)seed, world->complaint);
	uint64_t hash = world->story.hash;
	sim_world_close(world);
	return hash;
}

static void test_a_seed_tells_the_same_story_twice(void **unused)
{
	(void)unused;
	for (uint64_t seed = 1; seed <= 8; seed++)
		assert_true(story_of(seed, 1) == story_of(seed, 1));
	assert_true(story_of(1, 1) != story_of(2, 1));
}

static void test_several_devices_share_a_world(void **unused)
{
	(void)unused;
	assert_true(story_of(11, 3) == story_of(11, 3));
}

static void test_nothing_goes_wrong_without_faults(void **unused)
{
	(void)unused;
	struct sim_world *world = sim_world_open(&factory, &(struct sim_options){ .seed = 3, .life_ms = 2 * HOUR_MS });
	sim_world_run(world);
	assert_string_equal(world->complaint, "");
	assert_int_equal(world->counts.boots, 1);
	assert_int_equal(world->counts.gaps, 0);
	assert_int_equal(world->counts.duplicates, 0);
	assert_true(world->counts.records > 115 && world->counts.records < 150); // two hours at 60 s, and the begin
	assert_true(world->converged_ms > world->calm_ms);
	sim_world_close(world);
}

// DESIGN.md, section 3, Heartbeat: each field is filled by a chip with two cores and PSRAM, over some lives with faults.
static void test_every_field_of_a_heartbeat_is_filled(void **unused)
{
	(void)unused;
	uint64_t seen[SIM_HEARTBEAT_PARTS] = { 0 };
	assert_true(sim_fields_missing(seen, 0) > 40); // the count can say no
	for (uint64_t seed = 1; seed <= 12; seed++) {
		struct sim_options options = { .seed = seed, .life_ms = 3 * HOUR_MS, .faults = SIM_FAULTS_ALL };
		struct sim_world *world = sim_world_open(&factory, &options);
		sim_world_run(world);
		for (int part = 0; part < SIM_HEARTBEAT_PARTS; part++)
			seen[part] |= world->counts.fields_seen[part];
		sim_world_close(world);
	}
	assert_int_equal(sim_fields_missing(seen, stderr), 0);
}

static void test_faults_by_name(void **unused)
{
	(void)unused;
	uint64_t bits = 1;
	const char *bad = 0;
	int size = 0;
	assert_int_equal(sim_faults_parse("none", &bits, &bad, &size), 0);
	assert_true(bits == 0);
	assert_int_equal(sim_faults_parse("power-cut,rot", &bits, &bad, &size), 0);
	assert_true(bits == (1u << SIM_FAULT_POWER_CUT | 1u << SIM_FAULT_ROT));
	assert_int_equal(sim_faults_parse("rot,rust", &bits, &bad, &size), -1);
	assert_int_equal(size, 4);
	assert_memory_equal(bad, "rust", 4);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_a_seed_tells_the_same_story_twice, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_several_devices_share_a_world, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_nothing_goes_wrong_without_faults, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_every_field_of_a_heartbeat_is_filled, set_up, tear_down),
		cmocka_unit_test(test_faults_by_name),
	};
	return cmocka_run_group_tests(tests, 0, 0);
}
