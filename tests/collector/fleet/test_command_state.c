// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include "collector/fleet/command_state.h"
#include "muster.pb-c.h"

enum { QU = COMMAND_QUEUED, SE, AC, DO, CO, RE, FA, EX, __ = -1 };

// The whole machine as a picture: rows are states, columns events; __ changes nothing.
static const int cells[COMMAND_STATE_COUNT][COMMAND_EVENT_COUNT] = {
	//              published accepted done target_runs refused failed expired
	[COMMAND_QUEUED]    = { SE, AC, DO, __, RE, FA, EX },
	[COMMAND_SENT]      = { __, AC, DO, __, RE, FA, EX }, // a target that runs before the device has spoken proves nothing
	[COMMAND_ACCEPTED]  = { __, __, DO, CO, RE, FA, EX },
	[COMMAND_DONE]      = { __, __, __, CO, __, FA, EX },
	[COMMAND_CONFIRMED] = { __, __, __, __, __, __, __ },
	[COMMAND_REFUSED]   = { __, __, __, __, __, __, __ },
	[COMMAND_FAILED]    = { __, __, __, __, __, __, __ },
	[COMMAND_EXPIRED]   = { __, AC, DO, __, RE, FA, __ }, // a late answer is still the truth
};

static void test_every_cell(void **unused)
{
	(void)unused;
	for (int state = 0; state < COMMAND_STATE_COUNT; state++)
		for (int event = 0; event < COMMAND_EVENT_COUNT; event++)
			if (command_next(state, event) != cells[state][event])
				fail_msg("%s, event %d: %d", command_state_name(state), event, command_next(state, event));
}

static void test_done_ends_all_but_a_rollback(void **unused)
{
	(void)unused;
	assert_true(command_state_is_final(COMMAND_DONE, false));
	assert_false(command_state_is_final(COMMAND_DONE, true));
	assert_false(command_state_is_final(COMMAND_ACCEPTED, false));
	for (int state = COMMAND_CONFIRMED; state < COMMAND_STATE_COUNT; state++)
		assert_true(command_state_is_final(state, true));
}

static void test_outcomes(void **unused)
{
	(void)unused;
	assert_int_equal(command_event_of(MU__COMMAND_OUTCOME__OUTCOME_ACCEPTED), COMMAND_ON_ACCEPTED);
	assert_int_equal(command_event_of(MU__COMMAND_OUTCOME__OUTCOME_DONE), COMMAND_ON_DONE);
	assert_int_equal(command_event_of(MU__COMMAND_OUTCOME__OUTCOME_FAILED), COMMAND_ON_FAILED);
	for (uint32_t outcome = 16; outcome < 29; outcome++)
		assert_int_equal(command_event_of(outcome), COMMAND_ON_REFUSED);
	assert_int_equal(command_event_of(999), COMMAND_ON_REFUSED); // not known yet
	assert_string_equal(command_state_name(99), "unknown");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_cell),
		cmocka_unit_test(test_done_ends_all_but_a_rollback),
		cmocka_unit_test(test_outcomes),
	};
	return cmocka_run_group_tests(tests, 0, 0);
}
