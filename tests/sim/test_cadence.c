// SPDX-License-Identifier: Apache-2.0
// How often a device tries: each row plants one violation.
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include "tests/sim/planted.h"

static int set_up(void **unused)
{
	(void)unused;
	assert_int_equal(planted_open(0), 0);
	sim_cadence_boot(device);
	return 0;
}

// A fifth refusal in a row, and another try a moment before it has rested.
static void resting_network_tried(void)
{
	const struct mu_event refused = { .type = MU_EVENT_LINK_DOWN, .reason = SIM_REASON_HANDSHAKE };
	for (int refusals = 0; refusals < 5; refusals++) {
		sim_cadence_join(device, "home");
		sim_cadence_link(device, &refused);
	}
	world->now_ms += 900000;
	sim_cadence_join(device, "home");
	assert_false(world->failed); // it has rested
	sim_cadence_link(device, &refused);
	world->now_ms += 890000;
	sim_cadence_join(device, "cellar");
	assert_false(world->failed); // another one
	sim_cadence_join(device, "home");
}

static void broker_hammered(void)
{
	for (int opens = 0; opens <= SIM_CADENCE_OPENS; opens++)
		sim_cadence_open(device);
}

// A session that held is lost, and tried again after so long.
static void lose_session(uint64_t wait_ms)
{
	const struct mu_event open = { .type = MU_EVENT_MQTT_OPEN }, closed = { .type = MU_EVENT_MQTT_CLOSED };
	assert_false(world->failed);
	sim_cadence_told(device, &open);
	world->now_ms += 60000;
	sim_cadence_told(device, &closed);
	world->now_ms += wait_ms;
	sim_cadence_open(device);
}

static void tried_without_jitter(void)
{
	for (int losses = 0; losses < 31; losses++)
		lose_session(15000);
	lose_session(7000); // one in the first half
	for (int losses = 0; losses < 31; losses++)
		lose_session(8000);
	sim_cadence_boot(device); // does not change it
	lose_session(8000);
}

static void tried_late(void)
{
	world->tls = true; // there may be no time yet, to judge certificates by
	lose_session(20000);
	world->tls = false;
	lose_session(17001);
}

static const struct planted rows[] = {
	{ resting_network_tried, "is tried again" },
	{ broker_hammered, "sessions opened" },
	{ tried_without_jitter, "not at random" },
	{ tried_late, "tried again after 17001 ms" },
};

static void test_each_violation_is_seen(void **unused)
{
	(void)unused;
	const char *unseen = planted_unseen(rows, sizeof rows / sizeof *rows, set_up);
	if (unseen)
		fail_msg("%s", unseen);
}

// Not judged: a session that had not held, one that the device has closed, and a link that went meanwhile.
static void test_other_waits_are_none(void **unused)
{
	(void)unused;
	const struct mu_event open = { .type = MU_EVENT_MQTT_OPEN }, closed = { .type = MU_EVENT_MQTT_CLOSED };
	const struct mu_event down = { .type = MU_EVENT_LINK_DOWN };
	world->tls = false;
	for (int kind = 0; kind < 3; kind++) {
		sim_cadence_told(device, &open);
		world->now_ms += kind ? 60000 : 59999;
		if (kind == 1)
			sim_cadence_closes(device);
		sim_cadence_told(device, &closed);
		if (kind == 2)
			sim_cadence_told(device, &down);
		world->now_ms += 100000;
		sim_cadence_open(device);
	}
	assert_string_equal(world->complaint, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_violation_is_seen),
		cmocka_unit_test_setup_teardown(test_other_waits_are_none, set_up, planted_close),
	};
	return cmocka_run_group_tests(tests, 0, 0);
}
