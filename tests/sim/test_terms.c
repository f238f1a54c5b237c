// SPDX-License-Identifier: Apache-2.0
// What commands change for a time: it must end, it must hold until then, and what is in doubt is no violation.
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include "tests/sim/planted.h"

enum { S = 1000, FOR_S = 600 };

static int set_up(void **unused)
{
	(void)unused;
	assert_int_equal(planted_open(0), 0);
	world->now_ms = 1000 * S;
	device->on = true;
	device->boot_ms = world->now_ms;
	return 0;
}

static uint64_t uptime_ms(void)
{
	return world->now_ms - device->boot_ms;
}

static void wait(uint64_t ms)
{
	if (!world->failed)
		world->now_ms += ms;
}

static void beat(void)
{
	Mu__Record record = MU__RECORD__INIT;
	record.body_case = MU__RECORD__BODY_HEARTBEAT;
	record.uptime_ms = uptime_ms();
	sim_terms_record(device, &record);
}

// A heartbeat each `ms` until `until_ms` of uptime.
static void beats(uint64_t ms, uint64_t until_ms)
{
	for (; !world->failed && uptime_ms() + ms <= until_ms; beat())
		wait(ms);
}

static void line(int level)
{
	Mu__Record record = MU__RECORD__INIT;
	Mu__Log log = MU__LOG__INIT;
	record.body_case = MU__RECORD__BODY_LOG;
	record.log = &log;
	log.level = (Mu__LogLevel)level;
	sim_terms_record(device, &record);
}

static struct sim_order *order(enum sim_term_kind kind, uint32_t value, uint32_t for_s)
{
	struct sim_order *order = &world->orders[0].order[world->orders[0].count++];
	*order = (struct sim_order){ .change = { .kind = kind, .value = value, .for_s = for_s } };
	sim_terms_told(device, order);
	return order;
}

static void done(enum sim_term_kind kind, uint32_t value, uint32_t for_s)
{
	sim_terms_done(device, order(kind, value, for_s));
}

static void reset(void)
{
	sim_terms_reset(device);
	device->boot_ms = ++world->now_ms;
	device->resets++;
}

// ---- what is planted

static void too_often_by_itself(void)
{
	beats(60 * S, 120 * S);
	beats(10 * S, 130 * S);
}

static void too_rare_by_itself(void)
{
	beats(60 * S, 120 * S);
	beats(63 * S, 200 * S);
}

static void report_never_ends(void)
{
	done(SIM_TERM_REPORT, 10, FOR_S);
	beats(10 * S, (FOR_S + 30) * S);
}

static void report_made_longer_by_a_reset(void)
{
	done(SIM_TERM_REPORT, 10, FOR_S);
	beats(10 * S, FOR_S * S / 2);
	reset();
	beats(10 * S, FOR_S * S / 2 + 30 * S);
}

static void report_does_not_hold(void)
{
	done(SIM_TERM_REPORT, 10, FOR_S);
	beats(60 * S, 120 * S);
}

static void report_too_often(void)
{
	done(SIM_TERM_REPORT, 30, FOR_S);
	beats(10 * S, 120 * S);
}

static void report_ended_by_a_reset(void)
{
	done(SIM_TERM_REPORT, 10, FOR_S);
	beats(10 * S, 120 * S);
	reset();
	beats(60 * S, 120 * S);
}

static void diagnose_does_not_hold(void)
{
	done(SIM_TERM_DIAGNOSE, 0, FOR_S);
	beats(60 * S, 120 * S);
}

static void line_that_nobody_wants(void)
{
	wait(5 * S);
	line(MU__LOG_LEVEL__LOG_WARNING);
	assert_false(world->failed);
	line(MU__LOG_LEVEL__LOG_INFO);
}

static void level_never_ends(void)
{
	done(SIM_TERM_LOG, MU__LOG_LEVEL__LOG_DEBUG, FOR_S);
	wait((FOR_S + 3) * S);
	line(MU__LOG_LEVEL__LOG_INFO);
}

static void level_does_not_hold(void)
{
	done(SIM_TERM_LOG, MU__LOG_LEVEL__LOG_ERROR, FOR_S);
	wait(5 * S);
	line(MU__LOG_LEVEL__LOG_ERROR);
	assert_false(world->failed);
	line(MU__LOG_LEVEL__LOG_WARNING);
}

static const struct planted rows[] = {
	{ too_often_by_itself, "no command asks for less than 60 s" },
	{ too_rare_by_itself, "63000 ms after the one before, and 60 s hold" },
	{ report_never_ends, "no command asks for less than 60 s" },
	{ report_made_longer_by_a_reset, "no command asks for less than 60 s" },
	{ report_does_not_hold, "60000 ms after the one before, and 10 s hold" },
	{ report_too_often, "no command asks for less than 30 s" },
	{ report_ended_by_a_reset, "and 10 s hold" },
	{ diagnose_does_not_hold, "and 11 s hold" },
	{ line_that_nobody_wants, "a log line of level 3" },
	{ level_never_ends, "a log line of level 3" },
	{ level_does_not_hold, "no command asks for more than 1" },
};

static void test_each_violation_is_seen(void **unused)
{
	(void)unused;
	const char *unseen = planted_unseen(rows, sizeof rows / sizeof *rows, set_up);
	if (unseen)
		fail_msg("%s", unseen);
}

// ---- what is none

static void test_what_was_ordered_is_none(void **unused)
{
	(void)unused;
	done(SIM_TERM_REPORT, 10, FOR_S);
	done(SIM_TERM_LOG, MU__LOG_LEVEL__LOG_DEBUG, FOR_S);
	beats(10 * S, 200 * S);
	line(MU__LOG_LEVEL__LOG_DEBUG);
	reset();
	beats(10 * S, 350 * S); // a reset costs 38 s of it
	line(MU__LOG_LEVEL__LOG_DEBUG);
	beats(10 * S, 400 * S);
	beats(60 * S, 1000 * S);
	assert_string_equal(world->complaint, "");
}

static void test_the_first_heartbeats_of_a_boot_are_nearer(void **unused)
{
	(void)unused;
	static const int at_s[] = { 5, 10, 20, 40, 57, 117, 177 };
	for (size_t i = 0; i < sizeof at_s / sizeof *at_s; i++) {
		world->now_ms = device->boot_ms + (uint64_t)at_s[i] * S;
		beat();
	}
	assert_string_equal(world->complaint, "");
}

// Nobody knows whether it was taken, so nothing is sure; not even that the one before still holds.
static void test_an_order_without_a_result_leaves_all_open(void **unused)
{
	(void)unused;
	done(SIM_TERM_REPORT, 10, FOR_S);
	(void)order(SIM_TERM_REPORT, 120, FOR_S);
	beats(60 * S, 180 * S);
	beats(10 * S, 240 * S);
	beats(120 * S, FOR_S * S);
	assert_string_equal(world->complaint, "");
}

// An answer that is only repeated: what was ordered last holds.
static void test_an_order_that_comes_again_replaces_none(void **unused)
{
	(void)unused;
	struct sim_order *first = order(SIM_TERM_REPORT, 120, FOR_S); // done, but its answer is lost
	done(SIM_TERM_REPORT, 10, FOR_S);
	sim_terms_told(device, first);
	sim_terms_done(device, first);
	beats(10 * S, 200 * S);
	assert_string_equal(world->complaint, "");
}

static void test_a_store_that_fails_leaves_what_is_left_open(void **unused)
{
	(void)unused;
	done(SIM_TERM_REPORT, 10, FOR_S);
	beats(10 * S, 100 * S);
	sim_terms_store_failed(device);
	beats(60 * S, 3000 * S);
	reset();
	beats(10 * S, 100 * S);
	assert_string_equal(world->complaint, "");
	done(SIM_TERM_REPORT, 20, FOR_S); // the next one is sure again
	beats(20 * S, 400 * S);
	assert_string_equal(world->complaint, "");
	beats(60 * S, 600 * S);
	assert_string_not_equal(world->complaint, "");
}

// A loop that hangs can write nothing down.
static void test_a_hanging_loop_does_not_run(void **unused)
{
	(void)unused;
	done(SIM_TERM_REPORT, 10, FOR_S);
	beats(10 * S, 100 * S);
	device->frozen = true;
	device->frozen_ms = world->now_ms;
	wait(30 * S);
	reset();
	device->frozen = false;
	beats(10 * S, (FOR_S - 100) * S);
	assert_string_equal(world->complaint, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_violation_is_seen),
		cmocka_unit_test_setup_teardown(test_what_was_ordered_is_none, set_up, planted_close),
		cmocka_unit_test_setup_teardown(test_the_first_heartbeats_of_a_boot_are_nearer, set_up, planted_close),
		cmocka_unit_test_setup_teardown(test_an_order_without_a_result_leaves_all_open, set_up, planted_close),
		cmocka_unit_test_setup_teardown(test_an_order_that_comes_again_replaces_none, set_up, planted_close),
		cmocka_unit_test_setup_teardown(test_a_store_that_fails_leaves_what_is_left_open, set_up, planted_close),
		cmocka_unit_test_setup_teardown(test_a_hanging_loop_does_not_run, set_up, planted_close),
	};
	return cmocka_run_group_tests(tests, 0, 0);
}
