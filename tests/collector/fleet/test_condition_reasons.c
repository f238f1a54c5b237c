// SPDX-License-Identifier: Apache-2.0
// What a condition says of records that name a culprit (the step that leaks, the reason of a loss) or tell of many boots at once. Which condition
// holds: test_condition.c.
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include "collector/fleet/condition.h"
#include "tests/collector/fleet/sample.h"

#define NOW SAMPLE_NOW_MS

struct world {
	struct fleet *fleet;
	struct device *device;
};

static int set_up(void **state)
{
	static struct world world;
	world.fleet = fleet_new();
	world.device = fleet_add(world.fleet, "edge-7", NOW);
	fleet_set_broker(world.fleet, true, 1);
	*state = &world;
	return 0;
}

static int tear_down(void **state)
{
	fleet_free(((struct world *)*state)->fleet);
	return 0;
}

static void fold(struct world *world, struct sample *sample)
{
	fleet_fold(world->fleet, world->device, &sample->record, NOW);
}

static void leak(struct world *world, uint32_t boot)
{
	struct sample sample;
	sample_heartbeat(&sample, boot, 60000);
	sample.vitals.verdict = MU__VERDICT_BIT__VERDICT_RECONNECT_LEAK;
	fold(world, &sample);
}

static void expect(const struct world *world, enum condition_state state, const char *piece)
{
	const struct condition_view view = { world->fleet, NOW + 1000, 180000 };
	struct condition condition;
	condition_of(world->device, &view, &condition);
	assert_int_equal(condition.state, state);
	if (!strstr(condition.reasons[0].text, piece))
		fail_msg("%s", condition.reasons[0].text);
}

// Crashes of one kind, told of in one go by a device that could reach nobody: those that fit into ten minutes make a loop, the others do not.
static void test_crashes_told_of_at_once(void **state)
{
	static const struct {
		uint32_t count, uptime_s; // of each
		enum condition_state state;
		const char *piece;
	} rows[] = {
		{ 3, 86400, CONDITION_NEW, "no heartbeat yet" },
		{ 100, 360, CONDITION_NEW, "no heartbeat yet" },
		{ 100, 290, CONDITION_CRASH_LOOP, "crashed 3 times in 10 min" },
		{ 100, 20, CONDITION_CRASH_LOOP, "crashed 30 times in 10 min" },
		{ 100, 0, CONDITION_CRASH_LOOP, "crashed 100 times in 10 min" },
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct world *world = *state;
		struct sample sample;
		tear_down(state);
		set_up(state);
		sample_boot(&sample, 10 + rows[i].count, MU__RESET_CLASS__RESET_POWER_ON);
		sample.boot.n_unreported = 1;
		sample.unreported.first_boot = 10;
		sample.unreported.count = rows[i].count;
		sample.unreported.reset_class = MU__RESET_CLASS__RESET_CRASH;
		sample.unreported.has_last_uptime_s = 1;
		sample.unreported.last_uptime_s = rows[i].uptime_s;
		fold(world, &sample);
		expect(world, rows[i].state, rows[i].piece);
	}
}

// The event may come a record behind the verdict, and one of a boot before says nothing of this one.
static void test_the_step_that_leaks_is_named(void **state)
{
	struct world *world = *state;
	struct sample sample;
	leak(world, 1);
	expect(world, CONDITION_HEAP_LEAK, "a step not named yet, 146.5 KiB are left");
	sample_event(&sample, 1, "heap_step", 1536, "tls");
	fold(world, &sample);
	expect(world, CONDITION_HEAP_LEAK, "each reconnect keeps 1.5 KiB of heap at the step tls, 146.5 KiB are left");
	leak(world, 2);
	expect(world, CONDITION_HEAP_LEAK, "not named yet");
}

static void test_the_last_reason_of_a_loss_is_named(void **state)
{
	struct world *world = *state;
	struct sample sample;
	sample_heartbeat(&sample, 1, 60000);
	fold(world, &sample);
	for (uint32_t i = 0; i < 4; i++) {
		sample_link(&sample, MU__LINK_CHANGE__LINK_LOST);
		sample.link.has_reason = 1;
		sample.link.reason = 200 + i;
		fleet_fold(world->fleet, world->device, &sample.record, NOW - 40000 + i * 10000);
	}
	expect(world, CONDITION_FLAPPING, "lost its link 4 times, its session 0 times in 5 min, last by assoc_fail");
	for (int i = 0; i < 4; i++) // the broker's word has no reason
		fleet_set_presence(world->fleet, world->device, i % 2, NOW);
	expect(world, CONDITION_FLAPPING, "last by assoc_fail");
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_crashes_told_of_at_once),
		CASE(test_the_step_that_leaks_is_named),
		CASE(test_the_last_reason_of_a_loss_is_named),
	};
	return cmocka_run_group_tests(tests, 0, 0);
}
