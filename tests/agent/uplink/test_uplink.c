// SPDX-License-Identifier: Apache-2.0
// What the uplink sends and when; test_uplink_acks.c is about what it makes of Acks.
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

static void test_init_refuses(void **state)
{
	struct uplink_rig *rig = *state;
	struct mu_uplink uplink;
	static const struct {
		const char *id;
		size_t buffer_bytes;
		uint32_t batch_bytes;
		int result;
	} rows[] = {
		{ "d", 16384, 16384, 0 },
		{ "d", MU_UPLINK_BUFFER_MIN, 512, 0 },
		{ "d", 16384, 511, MU_ERR_RANGE },
		{ "d", 16384, 16385, MU_ERR_RANGE },
		{ "d", 4095, 4096, MU_ERR_RANGE }, // the batch would overrun the buffer
		{ "d", MU_UPLINK_BUFFER_MIN - 1, 512, MU_ERR_RANGE }, // one record would
		{ "", 4096, 4096, MU_ERR_INVALID },
		{ "a/b", 4096, 4096, MU_ERR_INVALID }, // would be another topic
		{ "123456789012345678901234567890123", 4096, 4096, MU_ERR_INVALID },
		{ NULL, 4096, 4096, MU_ERR_INVALID },
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		assert_int_equal(mu_uplink_init(&uplink, &rig->spool, &rig->fake.port, rows[i].id, 1, rig->buffer, rows[i].buffer_bytes,
					 rows[i].batch_bytes),
			rows[i].result);
}

static void test_an_uplink_is_what_the_schema_says(void **state)
{
	struct uplink_rig *rig = *state;
	uint64_t first = uplink_rig_add(rig, 5), last = uplink_rig_add(rig, 200);
	assert_int_equal(uplink_rig_steps(rig), 0); // no session yet
	uplink_rig_open_session(rig);
	assert_int_equal(uplink_rig_steps(rig), 1);
	const struct fake_publish *publish = fake_port_publish(&rig->fake, 0);
	Mu__Uplink *uplink = mu__uplink__unpack(NULL, publish->size, publish->payload);
	assert_non_null(uplink);
	assert_true(uplink->epoch == mu_spool_epoch(&rig->spool));
	assert_true(uplink->first_seq == first && uplink->oldest_seq == first);
	assert_int_equal(uplink->n_records, 2);
	assert_int_equal(uplink->records[0]->boot, UPLINK_RIG_BOOT);
	assert_int_equal(strlen(uplink->records[0]->log->text), 5);
	assert_int_equal(strlen(uplink->records[1]->log->text), 200);
	mu__uplink__free_unpacked(uplink, NULL);
	assert_true(uplink_rig_sent(rig, 0).last_seq == last);
}

static void test_an_ack_tells_what_it_said(void **state)
{
	struct uplink_rig *rig = *state;
	struct mu_ack out;
	uplink_rig_add(rig, 1);
	uint64_t last = uplink_rig_add(rig, 1);
	uplink_rig_open_session(rig);
	uplink_rig_flush(rig);
	assert_false(mu_uplink_covers(&rig->uplink, last));
	rig->now_ms += 120;
	assert_int_equal(uplink_rig_ack_full(rig, mu_spool_epoch(&rig->spool), last, 9, &out), 0);
	assert_true(out.through_seq == last && out.covered == 2 && out.retry_after_s == 9);
	assert_true(out.server_time_ms == MU_WALL_MS_MIN + 5);
	assert_int_equal(mu_uplink_statistics(&rig->uplink)->ack_ms, 120);
	assert_true(mu_uplink_covers(&rig->uplink, last));
	assert_false(mu_uplink_covers(&rig->uplink, last + 1));
	assert_false(mu_uplink_covers(&rig->uplink, 0));
	assert_int_equal(mu_spool_depth(&rig->spool), 0);
}

static void test_one_awaits_its_puback_and_four_their_ack(void **state)
{
	struct uplink_rig *rig = *state;
	uplink_rig_add_batches(rig, 6);
	uplink_rig_open_session(rig);
	assert_int_equal(uplink_rig_steps(rig), 1);
	assert_int_equal(uplink_rig_steps(rig), 0); // the first has no PUBACK
	mu_uplink_published(&rig->uplink, 999, rig->now_ms); // somebody else's
	assert_int_equal(uplink_rig_steps(rig), 0);
	uplink_rig_puback(rig);
	assert_int_equal(uplink_rig_flush(rig), 3);
	assert_int_equal(uplink_rig_ack(rig, uplink_rig_sent(rig, 3).last_seq), 0);
	assert_int_equal(uplink_rig_flush(rig), 1);
	assert_int_equal(uplink_rig_ack(rig, uplink_rig_sent(rig, 1).last_seq), 0); // three of the four
	assert_int_equal(uplink_rig_flush(rig), 1); // and that was all there is
	assert_int_equal(mu_uplink_statistics(&rig->uplink)->retransmits, 0);
	for (unsigned back = 0; back < 5; back++)
		assert_true(uplink_rig_sent(rig, back).first_seq == uplink_rig_sent(rig, back + 1).last_seq + 1);
}

static void test_a_batch_keeps_its_size_but_one_record_always_goes(void **state)
{
	struct uplink_rig *rig = *state;
	assert_int_equal(mu_uplink_init(&rig->uplink, &rig->spool, &rig->fake.port, "dev-1", UPLINK_RIG_BOOT, rig->buffer,
				 sizeof rig->buffer, 512),
		0);
	uint8_t large[MU_SPOOL_RECORD_MAX] = { 8, 1, 16, 1, 99 }; // only its length matters here
	for (int i = 0; i < 6; i++)
		uplink_rig_add(rig, 100);
	assert_int_equal(mu_spool_append(&rig->spool, MU_CLASS_BOOT, large, sizeof large, NULL), 0);
	uplink_rig_open_session(rig);
	assert_int_equal(uplink_rig_flush(rig), 3);
	assert_in_range(uplink_rig_sent(rig, 2).size, 400, 512);
	assert_in_range(uplink_rig_sent(rig, 1).size, 200, 512);
	assert_int_equal(uplink_rig_sent(rig, 0).record_count, 1);
	assert_true(uplink_rig_sent(rig, 0).size > MU_SPOOL_RECORD_MAX);
}

static void test_the_largest_batch(void **state)
{
	struct uplink_rig *rig = *state;
	assert_int_equal(mu_uplink_init(&rig->uplink, &rig->spool, &rig->fake.port, "dev-1", UPLINK_RIG_BOOT, rig->buffer, 16384, 16384),
		0);
	fake_port_partition(&rig->fake, MU_PART_SPOOL, 32);
	assert_int_equal(mu_spool_open(&rig->spool, &rig->fake.port), 0);
	for (int i = 0; i < 1200; i++)
		uplink_rig_add(rig, i < 1100 ? 1 : 256); // first many short ones: the count is the limit, then the bytes
	uplink_rig_open_session(rig);
	assert_int_equal(uplink_rig_flush(rig), 4);
	assert_int_equal(uplink_rig_sent(rig, 3).record_count, MU_UPLINK_RECORDS_MAX);
	assert_in_range(uplink_rig_sent(rig, 1).size, 16384 - 300, 16384);
}

static void test_no_ack_sends_again_ever_more_slowly(void **state)
{
	struct uplink_rig *rig = *state;
	static const uint32_t waits_s[] = { 10, 20, 40, 80, 160, 300, 300, 300 };
	uplink_rig_add_batches(rig, 6);
	uplink_rig_open_session(rig);
	assert_int_equal(uplink_rig_flush(rig), 4);
	for (size_t i = 0; i < sizeof waits_s / sizeof *waits_s; i++) {
		rig->now_ms += waits_s[i] * 1000 - 1;
		assert_int_equal(uplink_rig_steps(rig), 0);
		rig->now_ms++;
		assert_int_equal(uplink_rig_flush(rig), 1); // one probe, not the whole window
		assert_true(uplink_rig_sent(rig, 0).first_seq == 1);
		assert_int_equal(mu_uplink_statistics(&rig->uplink)->retransmits, i + 1);
	}
	assert_int_equal(uplink_rig_ack(rig, uplink_rig_sent(rig, 0).last_seq), 0);
	assert_int_equal(uplink_rig_flush(rig), 4); // the window is open again
	rig->now_ms += 10000;
	assert_int_equal(uplink_rig_flush(rig), 1); // and the wait is short again
}

static void test_step_tells_when_it_has_work(void **state)
{
	struct uplink_rig *rig = *state;
	assert_true(mu_uplink_step(&rig->uplink, rig->now_ms) == UINT64_MAX);
	uplink_rig_open_session(rig);
	assert_true(mu_uplink_step(&rig->uplink, rig->now_ms) == UINT64_MAX); // nothing to send
	uplink_rig_add(rig, 1);
	assert_true(mu_uplink_step(&rig->uplink, rig->now_ms) == UINT64_MAX); // awaits its PUBACK
	uplink_rig_puback(rig);
	assert_true(mu_uplink_step(&rig->uplink, rig->now_ms) == rig->now_ms + 10000);
	assert_int_equal(uplink_rig_ack_full(rig, mu_spool_epoch(&rig->spool), 1, 30, NULL), 0);
	assert_true(mu_uplink_step(&rig->uplink, rig->now_ms) == rig->now_ms + 30000);
}

static void test_a_lost_session_forgets_what_is_in_flight(void **state)
{
	struct uplink_rig *rig = *state;
	uplink_rig_add_batches(rig, 3);
	uplink_rig_open_session(rig);
	assert_int_equal(uplink_rig_flush(rig), 3);
	assert_int_equal(uplink_rig_ack(rig, uplink_rig_sent(rig, 2).last_seq), 0);
	mu_uplink_session_lost(&rig->uplink);
	rig->now_ms += 60000;
	assert_int_equal(uplink_rig_steps(rig), 0);
	uplink_rig_open_session(rig);
	assert_int_equal(uplink_rig_flush(rig), 2);
	assert_true(uplink_rig_sent(rig, 1).first_seq == 9);
}

static void test_a_puback_that_never_came_does_not_block_the_next_session(void **state)
{
	struct uplink_rig *rig = *state;
	uplink_rig_add(rig, 1);
	uplink_rig_open_session(rig);
	assert_int_equal(uplink_rig_steps(rig), 1);
	mu_uplink_session_lost(&rig->uplink);
	uplink_rig_open_session(rig);
	assert_int_equal(uplink_rig_steps(rig), 1);
	assert_int_equal(mu_uplink_statistics(&rig->uplink)->retransmits, 1);
}

static void test_gaps_keep_the_numbers_right(void **state)
{
	struct uplink_rig *rig = *state;
	uint64_t next = 1;
	uplink_rig_add_batches(rig, 12); // more logs than recent holds; they are not archived
	assert_true(mu_spool_dropped(&rig->spool, MU_CLASS_LOG) > 0);
	uplink_rig_open_session(rig);
	while (next < mu_spool_next_seq(&rig->spool)) {
		assert_int_equal(uplink_rig_flush(rig) > 0, 1);
		for (unsigned back = rig->uplink.in_flight; back-- > 0;) {
			assert_true(uplink_rig_sent(rig, back).first_seq == next);
			next = uplink_rig_sent(rig, back).last_seq + 1;
		}
		assert_int_equal(uplink_rig_ack(rig, next - 1), 0);
	}
	assert_int_equal(mu_spool_depth(&rig->spool), 0);
}

static void test_a_gap_record_is_well_formed(void **state)
{
	struct uplink_rig *rig = *state;
	uplink_rig_add_batches(rig, 12);
	uplink_rig_open_session(rig);
	uplink_rig_steps(rig);
	const struct fake_publish *publish = fake_port_publish(&rig->fake, 0);
	Mu__Uplink *uplink = mu__uplink__unpack(NULL, publish->size, publish->payload);
	assert_non_null(uplink);
	Mu__Record *record = uplink->records[0];
	assert_int_equal(record->body_case, MU__RECORD__BODY_GAP);
	assert_int_equal(record->gap->reason, MU__GAP_REASON__GAP_THINNED);
	assert_true(record->gap->count == mu_spool_dropped(&rig->spool, MU_CLASS_LOG));
	assert_int_equal(record->boot, UPLINK_RIG_BOOT);
	assert_int_equal(mu_limits_check_record(record, NULL), 0);
	mu__uplink__free_unpacked(uplink, NULL);
}

static void test_a_port_that_refuses_is_asked_again_after_a_second(void **state)
{
	struct uplink_rig *rig = *state;
	uplink_rig_add(rig, 1);
	uplink_rig_open_session(rig);
	rig->fake.mqtt_result = MU_ERR_FULL;
	assert_true(mu_uplink_step(&rig->uplink, rig->now_ms) == rig->now_ms + MU_UPLINK_RETRY_MS);
	rig->fake.mqtt_result = 0;
	rig->now_ms += MU_UPLINK_RETRY_MS - 1;
	assert_int_equal(uplink_rig_steps(rig), 0);
	rig->now_ms++;
	assert_int_equal(uplink_rig_steps(rig), 1);
	assert_int_equal(mu_uplink_statistics(&rig->uplink)->refused, 1);
	assert_int_equal(mu_uplink_statistics(&rig->uplink)->retransmits, 0);
}

static void test_flash_that_cannot_be_read_sends_nothing_and_spins_not(void **state)
{
	struct uplink_rig *rig = *state;
	uplink_rig_add(rig, 1);
	uplink_rig_open_session(rig);
	fake_port_fail(&rig->fake, FAKE_CALL_READ, 1, UINT64_MAX);
	assert_true(mu_uplink_step(&rig->uplink, rig->now_ms) == rig->now_ms + MU_UPLINK_RETRY_MS);
	assert_int_equal(rig->fake.published, 0);
	rig->fake.fail_at[FAKE_CALL_READ] = 0;
	rig->now_ms += MU_UPLINK_RETRY_MS;
	assert_int_equal(uplink_rig_steps(rig), 1);
}

static void test_without_a_spool_nothing_happens(void **state)
{
	struct uplink_rig *rig = *state;
	struct mu_stamp now = { .boot = UPLINK_RIG_BOOT, .uptime_ms = 5000 };
	memset(&rig->spool, 0, sizeof rig->spool);
	assert_int_equal(mu_uplink_init(&rig->uplink, &rig->spool, &rig->fake.port, "dev-1", UPLINK_RIG_BOOT, rig->buffer,
				 sizeof rig->buffer, UPLINK_RIG_BATCH),
		0);
	uplink_rig_open_session(rig);
	assert_true(mu_uplink_step(&rig->uplink, rig->now_ms) == UINT64_MAX);
	assert_int_equal(uplink_rig_ack_full(rig, 5, 1, 0, NULL), MU_ERR_STATE);
	assert_int_equal(mu_uplink_oldest_age_s(&rig->uplink, &now), 0);
	assert_int_equal(rig->fake.published, 0);
}

static void test_a_new_boot_starts_from_what_is_acked(void **state)
{
	struct uplink_rig *rig = *state;
	uplink_rig_add_batches(rig, 4);
	uplink_rig_open_session(rig);
	uplink_rig_flush(rig);
	assert_int_equal(uplink_rig_ack(rig, 16), 0);
	assert_int_equal(mu_spool_open(&rig->spool, &rig->fake.port), 0);
	assert_int_equal(mu_uplink_init(&rig->uplink, &rig->spool, &rig->fake.port, "dev-1", 8, rig->buffer, sizeof rig->buffer,
				 UPLINK_RIG_BATCH),
		0);
	uplink_rig_open_session(rig);
	assert_int_equal(uplink_rig_ack(rig, 32), 0); // of what the boot before had sent
	assert_int_equal(uplink_rig_flush(rig), 0);
	assert_int_equal(mu_spool_depth(&rig->spool), 0);
}

static void test_oldest_age(void **state)
{
	struct uplink_rig *rig = *state;
	struct mu_stamp now = { .boot = UPLINK_RIG_BOOT, .uptime_ms = 1000 };
	assert_int_equal(mu_uplink_oldest_age_s(&rig->uplink, &now), 0); // nothing there
	uplink_rig_add(rig, 1);
	now.uptime_ms = rig->now_ms + 90500;
	assert_int_equal(mu_uplink_oldest_age_s(&rig->uplink, &now), 90);
	now.boot = UPLINK_RIG_BOOT + 1; // of an older boot and without wall time: at least this boot's age
	now.uptime_ms = 30000;
	assert_int_equal(mu_uplink_oldest_age_s(&rig->uplink, &now), 30);
	uplink_rig_add_batches(rig, 12); // now gaps come first
	assert_int_equal(mu_uplink_oldest_age_s(&rig->uplink, &now), 30);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define ROW(test) cmocka_unit_test_setup_teardown(test, uplink_rig_set_up, uplink_rig_tear_down)
		ROW(test_init_refuses),
		ROW(test_an_uplink_is_what_the_schema_says),
		ROW(test_an_ack_tells_what_it_said),
		ROW(test_one_awaits_its_puback_and_four_their_ack),
		ROW(test_a_batch_keeps_its_size_but_one_record_always_goes),
		ROW(test_the_largest_batch),
		ROW(test_no_ack_sends_again_ever_more_slowly),
		ROW(test_step_tells_when_it_has_work),
		ROW(test_a_lost_session_forgets_what_is_in_flight),
		ROW(test_a_puback_that_never_came_does_not_block_the_next_session),
		ROW(test_gaps_keep_the_numbers_right),
		ROW(test_a_gap_record_is_well_formed),
		ROW(test_a_port_that_refuses_is_asked_again_after_a_second),
		ROW(test_flash_that_cannot_be_read_sends_nothing_and_spins_not),
		ROW(test_without_a_spool_nothing_happens),
		ROW(test_a_new_boot_starts_from_what_is_acked),
		ROW(test_oldest_age),
	};
	return cmocka_run_group_tests(tests, 0, 0);
}
