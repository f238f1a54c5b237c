// SPDX-License-Identifier: Apache-2.0
// Acks that are foreign, late, out of order, low, or ask to wait.
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include "agent/uplink/uplink.h"
#include "proto/limits.h"
#include "proto/wire.h"
#include "tests/agent/uplink/uplink_rig.h"

static void test_what_is_no_ack_of_ours_is_ignored_and_counted(void **state)
{
	struct uplink_rig *rig = *state;
	uint64_t last = uplink_rig_add(rig, 1);
	uplink_rig_open_session(rig);
	uplink_rig_flush(rig);
	uplink_rig_add(rig, 1); // known to the spool, but never sent
	static const uint8_t noise[] = { 0xFF, 0xFF, 0xFF };
	static const uint8_t too_long[MU_ACK_BYTES_MAX + 1];
	assert_int_equal(mu_uplink_ack(&rig->uplink, noise, sizeof noise, rig->now_ms, NULL), MU_ERR_INVALID);
	assert_int_equal(mu_uplink_ack(&rig->uplink, noise, 0, rig->now_ms, NULL), MU_ERR_INVALID);
	assert_int_equal(mu_uplink_ack(&rig->uplink, too_long, sizeof too_long, rig->now_ms, NULL), MU_ERR_INVALID);
	assert_int_equal(uplink_rig_ack_full(rig, mu_spool_epoch(&rig->spool) ^ 1, last, 100, NULL), MU_ERR_STATE);
	assert_int_equal(uplink_rig_ack(rig, last + 1), MU_ERR_RANGE);
	const struct mu_uplink_stats *stats = mu_uplink_statistics(&rig->uplink);
	assert_int_equal(stats->acks_invalid, 3);
	assert_int_equal(stats->acks_foreign, 1);
	assert_int_equal(stats->acks_beyond, 1);
	assert_true(stats->last_ack_ms == 0);
	assert_int_equal(mu_spool_depth(&rig->spool), 2);
	assert_int_equal(uplink_rig_steps(rig), 1); // the foreign retry-after holds nothing
}

static void test_retry_after_holds_everything(void **state)
{
	struct uplink_rig *rig = *state;
	uplink_rig_add_batches(rig, 3);
	uplink_rig_open_session(rig);
	assert_int_equal(uplink_rig_steps(rig), 1);
	uplink_rig_puback(rig);
	assert_int_equal(uplink_rig_ack_full(rig, mu_spool_epoch(&rig->spool), uplink_rig_sent(rig, 0).last_seq, 120, NULL), 0);
	rig->now_ms += 60000;
	mu_uplink_session_lost(&rig->uplink); // a new session is no way round it
	uplink_rig_open_session(rig);
	rig->now_ms += 59999;
	assert_int_equal(uplink_rig_steps(rig), 0);
	rig->now_ms += 1;
	assert_int_equal(uplink_rig_steps(rig), 1);
	assert_int_equal(uplink_rig_ack_full(rig, mu_spool_epoch(&rig->spool), uplink_rig_sent(rig, 0).last_seq, 86400, NULL), 0);
	uplink_rig_puback(rig);
	rig->now_ms += MU_UPLINK_RETRY_AFTER_MAX_S * 1000; // a day is taken as an hour
	assert_int_equal(uplink_rig_steps(rig), 1);
}

static void test_progress_starts_the_wait_anew(void **state)
{
	struct uplink_rig *rig = *state;
	uplink_rig_add_batches(rig, 2);
	uplink_rig_open_session(rig);
	assert_int_equal(uplink_rig_flush(rig), 2);
	rig->now_ms += 9000;
	assert_int_equal(uplink_rig_ack(rig, 3), 0); // only a part of the first
	rig->now_ms += 9999;
	assert_int_equal(uplink_rig_steps(rig), 0);
	rig->now_ms += 1;
	assert_int_equal(uplink_rig_steps(rig), 1);
	assert_true(uplink_rig_sent(rig, 0).first_seq == 4);
}

// U1 is lost on its way: the collector answers U2..U4 with its last number, which sends nothing; the timer does.
static void test_a_hole_is_sent_again_by_the_timer_alone(void **state)
{
	struct uplink_rig *rig = *state;
	uplink_rig_add_batches(rig, 5);
	uplink_rig_open_session(rig);
	assert_int_equal(uplink_rig_steps(rig), 1);
	uplink_rig_puback(rig);
	assert_int_equal(uplink_rig_ack(rig, 8), 0);
	assert_int_equal(uplink_rig_flush(rig), 4);
	for (int i = 0; i < 3; i++) {
		rig->now_ms += 1000;
		assert_int_equal(uplink_rig_ack(rig, 8), 0);
		assert_int_equal(uplink_rig_steps(rig), 0);
	}
	rig->now_ms += 7000;
	assert_int_equal(uplink_rig_flush(rig), 1);
	assert_true(uplink_rig_sent(rig, 0).first_seq == 9);
	assert_int_equal(uplink_rig_ack(rig, 40), 0); // it kept what came behind the hole, or had it from before
	assert_int_equal(uplink_rig_flush(rig), 0);
	assert_int_equal(mu_uplink_statistics(&rig->uplink)->retransmits, 1);
}

// Acks that were overtaken, in any order and number, cost nothing.
static void test_old_acks_make_no_storm(void **state)
{
	struct uplink_rig *rig = *state;
	uplink_rig_add_batches(rig, 4);
	uplink_rig_open_session(rig);
	assert_int_equal(uplink_rig_flush(rig), 4);
	assert_int_equal(uplink_rig_ack(rig, 24), 0);
	for (int i = 0; i < 1000; i++) {
		rig->now_ms += 9;
		assert_int_equal(uplink_rig_ack(rig, (uint64_t)i % 25), 0);
		assert_int_equal(uplink_rig_steps(rig), 0);
	}
	assert_int_equal(uplink_rig_ack(rig, 32), 0);
	rig->now_ms += 600000;
	assert_int_equal(uplink_rig_steps(rig), 0); // nothing is in flight, nothing goes back
	assert_int_equal(mu_uplink_statistics(&rig->uplink)->rewinds, 0);
	assert_true(mu_uplink_statistics(&rig->uplink)->acks_low >= 900);
}

// The collector was restored from a backup: it has less than it acked.
static void test_a_lower_ack_that_stays_is_a_request(void **state)
{
	struct uplink_rig *rig = *state;
	uplink_rig_add_batches(rig, 4);
	uplink_rig_open_session(rig);
	uplink_rig_flush(rig);
	assert_int_equal(uplink_rig_ack(rig, 32), 0);
	uplink_rig_add(rig, 1);
	assert_int_equal(uplink_rig_flush(rig), 1);
	assert_int_equal(uplink_rig_ack(rig, 16), 0);
	assert_int_equal(uplink_rig_steps(rig), 0);
	rig->now_ms += 10000;
	assert_int_equal(uplink_rig_flush(rig), 1);
	assert_true(uplink_rig_sent(rig, 0).first_seq == 17);
	assert_true(uplink_rig_sent(rig, 0).oldest_seq <= 17);
	assert_int_equal(mu_uplink_statistics(&rig->uplink)->rewinds, 1);
	assert_int_equal(uplink_rig_ack(rig, 24), 0); // below what was acked once, but it is progress
	assert_int_equal(uplink_rig_flush(rig), 2);
	assert_int_equal(uplink_rig_ack(rig, 33), 0);
	assert_int_equal(mu_spool_depth(&rig->spool), 0);
	assert_true(mu_uplink_covers(&rig->uplink, 33));
}

// ... and the device no longer has it: oldest_seq says so, and the next Ack passes the hole.
static void test_a_request_for_what_is_gone_starts_at_the_oldest(void **state)
{
	struct uplink_rig *rig = *state;
	uplink_rig_open_session(rig);
	for (int i = 0; i < 12; i++) {
		uplink_rig_add_batches(rig, 1);
		uplink_rig_flush(rig);
		assert_int_equal(uplink_rig_ack(rig, mu_spool_next_seq(&rig->spool) - 1), 0);
	}
	uint64_t last = uplink_rig_add(rig, 1);
	uplink_rig_flush(rig);
	assert_int_equal(uplink_rig_ack(rig, 2), 0);
	rig->now_ms += 10000;
	assert_int_equal(uplink_rig_flush(rig), 1);
	struct mu_wire_uplink uplink = uplink_rig_sent(rig, 0);
	assert_true(uplink.first_seq > 3 && uplink.first_seq == uplink.oldest_seq);
	assert_true(uplink.oldest_seq == mu_spool_oldest_seq(&rig->spool));
	while (!mu_uplink_covers(&rig->uplink, last)) {
		assert_int_equal(uplink_rig_ack(rig, uplink_rig_sent(rig, 0).last_seq), 0);
		uplink_rig_flush(rig);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define ROW(test) cmocka_unit_test_setup_teardown(test, uplink_rig_set_up, uplink_rig_tear_down)
		ROW(test_what_is_no_ack_of_ours_is_ignored_and_counted),
		ROW(test_retry_after_holds_everything),
		ROW(test_progress_starts_the_wait_anew),
		ROW(test_a_hole_is_sent_again_by_the_timer_alone),
		ROW(test_old_acks_make_no_storm),
		ROW(test_a_lower_ack_that_stays_is_a_request),
		ROW(test_a_request_for_what_is_gone_starts_at_the_oldest),
	};
	return cmocka_run_group_tests(tests, 0, 0);
}
