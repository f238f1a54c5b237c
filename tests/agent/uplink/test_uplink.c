// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include "agent/uplink/uplink.h"
#include "proto/limits.h"
#include "proto/wire.h"
#include "tests/agent/fake_port.h"

enum { BATCH = 2200, BOOT = 7 };

struct rig {
	struct fake_port fake;
	struct mu_spool spool;
	struct mu_uplink uplink;
	uint8_t buffer[16384];
	uint64_t now_ms;
};

static int set_up(void **state)
{
	static struct rig rig;
	fake_port_init(&rig.fake, 3);
	fake_port_partition(&rig.fake, MU_PART_SPOOL, 8);
	assert_int_equal(mu_spool_open(&rig.spool, &rig.fake.port), 0);
	assert_int_equal(mu_uplink_init(&rig.uplink, &rig.spool, &rig.fake.port, "dev-1", BOOT, rig.buffer, sizeof rig.buffer, BATCH), 0);
	rig.now_ms = 1000;
	*state = &rig;
	return 0;
}

static int tear_down(void **state)
{
	struct rig *rig = *state;
	fake_port_free(&rig->fake);
	return 0;
}

// ---- what the device does, and what the world answers

// A log record whose text has `size` characters.
static uint64_t add(struct rig *rig, size_t size)
{
	char text[MU_LOG_TEXT_MAX + 1] = { 0 };
	memset(text, 'x', size);
	Mu__Log log = MU__LOG__INIT;
	log.level = MU__LOG_LEVEL__LOG_INFO;
	log.text = text;
	Mu__Record record = MU__RECORD__INIT;
	record.body_case = MU__RECORD__BODY_LOG;
	record.log = &log;
	struct mu_stamp stamp = { .boot = BOOT, .uptime_ms = rig->now_ms };
	uint64_t seq = 0;
	assert_int_equal(mu_record_append(&rig->spool, &stamp, MU_CLASS_LOG, &record, &seq), 0);
	return seq;
}

static void add_batches(struct rig *rig, unsigned batches)
{
	for (unsigned i = 0; i < batches * 8; i++) // eight records of about 270 bytes fill a batch
		add(rig, MU_LOG_TEXT_MAX);
}

static unsigned steps(struct rig *rig)
{
	unsigned before = rig->fake.published;
	mu_uplink_step(&rig->uplink, rig->now_ms);
	return rig->fake.published - before;
}

static void puback(struct rig *rig)
{
	mu_uplink_published(&rig->uplink, fake_port_publish(&rig->fake, 0)->id, rig->now_ms);
}

// Publishes and PUBACKs until nothing more goes out. Returns how many did.
static unsigned flush(struct rig *rig)
{
	unsigned count = 0;
	while (steps(rig)) {
		puback(rig);
		count++;
	}
	return count;
}

static int ack_full(struct rig *rig, uint64_t epoch, uint64_t through, uint32_t retry_after_s, struct mu_ack *out)
{
	uint8_t bytes[MU_ACK_BYTES_MAX];
	Mu__Ack ack = MU__ACK__INIT;
	ack.epoch = epoch;
	ack.through_seq = through;
	ack.has_retry_after_s = retry_after_s != 0;
	ack.retry_after_s = retry_after_s;
	ack.has_server_time_ms = 1;
	ack.server_time_ms = MU_WALL_MS_MIN + 5;
	assert_true(mu__ack__get_packed_size(&ack) <= sizeof bytes);
	return mu_uplink_ack(&rig->uplink, bytes, mu__ack__pack(&ack, bytes), rig->now_ms, out);
}

static int ack(struct rig *rig, uint64_t through)
{
	return ack_full(rig, mu_spool_epoch(&rig->spool), through, 0, NULL);
}

static struct mu_wire_uplink sent(const struct rig *rig, unsigned back)
{
	struct mu_wire_uplink uplink;
	const struct fake_publish *publish = fake_port_publish(&rig->fake, back);
	assert_non_null(publish);
	assert_int_equal(publish->qos, 1);
	assert_string_equal(publish->topic, "muster/v1/dev-1/up");
	assert_int_equal(mu_wire_uplink_split(publish->payload, publish->size, &uplink), 0);
	return uplink;
}

static void open_session(struct rig *rig)
{
	mu_uplink_session_open(&rig->uplink, rig->now_ms);
}

// ---- tests

static void test_init_refuses(void **state)
{
	struct rig *rig = *state;
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
	struct rig *rig = *state;
	uint64_t first = add(rig, 5), last = add(rig, 200);
	assert_int_equal(steps(rig), 0); // no session yet
	open_session(rig);
	assert_int_equal(steps(rig), 1);
	const struct fake_publish *publish = fake_port_publish(&rig->fake, 0);
	Mu__Uplink *uplink = mu__uplink__unpack(NULL, publish->size, publish->payload);
	assert_non_null(uplink);
	assert_true(uplink->epoch == mu_spool_epoch(&rig->spool));
	assert_true(uplink->first_seq == first && uplink->oldest_seq == first);
	assert_int_equal(uplink->n_records, 2);
	assert_int_equal(uplink->records[0]->boot, BOOT);
	assert_int_equal(strlen(uplink->records[0]->log->text), 5);
	assert_int_equal(strlen(uplink->records[1]->log->text), 200);
	mu__uplink__free_unpacked(uplink, NULL);
	assert_true(sent(rig, 0).last_seq == last);
}

static void test_an_ack_tells_what_it_said(void **state)
{
	struct rig *rig = *state;
	struct mu_ack out;
	add(rig, 1);
	uint64_t last = add(rig, 1);
	open_session(rig);
	flush(rig);
	assert_false(mu_uplink_covers(&rig->uplink, last));
	rig->now_ms += 120;
	assert_int_equal(ack_full(rig, mu_spool_epoch(&rig->spool), last, 9, &out), 0);
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
	struct rig *rig = *state;
	add_batches(rig, 6);
	open_session(rig);
	assert_int_equal(steps(rig), 1);
	assert_int_equal(steps(rig), 0); // the first has no PUBACK
	mu_uplink_published(&rig->uplink, 999, rig->now_ms); // somebody else's
	assert_int_equal(steps(rig), 0);
	puback(rig);
	assert_int_equal(flush(rig), 3);
	assert_int_equal(ack(rig, sent(rig, 3).last_seq), 0);
	assert_int_equal(flush(rig), 1);
	assert_int_equal(ack(rig, sent(rig, 1).last_seq), 0); // three of the four
	assert_int_equal(flush(rig), 1); // and that was all there is
	assert_int_equal(mu_uplink_statistics(&rig->uplink)->retransmits, 0);
	for (unsigned back = 0; back < 5; back++)
		assert_true(sent(rig, back).first_seq == sent(rig, back + 1).last_seq + 1);
}

static void test_a_batch_keeps_its_size_but_one_record_always_goes(void **state)
{
	struct rig *rig = *state;
	assert_int_equal(mu_uplink_init(&rig->uplink, &rig->spool, &rig->fake.port, "dev-1", BOOT, rig->buffer, sizeof rig->buffer, 512),
		0);
	uint8_t large[MU_SPOOL_RECORD_MAX] = { 8, 1, 16, 1, 99 }; // only its length matters here
	for (int i = 0; i < 6; i++)
		add(rig, 100);
	assert_int_equal(mu_spool_append(&rig->spool, MU_CLASS_BOOT, large, sizeof large, NULL), 0);
	open_session(rig);
	assert_int_equal(flush(rig), 3);
	assert_in_range(sent(rig, 2).size, 400, 512);
	assert_in_range(sent(rig, 1).size, 200, 512);
	assert_int_equal(sent(rig, 0).record_count, 1);
	assert_true(sent(rig, 0).size > MU_SPOOL_RECORD_MAX);
}

static void test_the_largest_batch(void **state)
{
	struct rig *rig = *state;
	assert_int_equal(mu_uplink_init(&rig->uplink, &rig->spool, &rig->fake.port, "dev-1", BOOT, rig->buffer, 16384, 16384), 0);
	fake_port_partition(&rig->fake, MU_PART_SPOOL, 32);
	assert_int_equal(mu_spool_open(&rig->spool, &rig->fake.port), 0);
	for (int i = 0; i < 1200; i++)
		add(rig, i < 1100 ? 1 : 256); // first many short ones: the count is the limit, then the bytes
	open_session(rig);
	assert_int_equal(flush(rig), 4);
	assert_int_equal(sent(rig, 3).record_count, MU_UPLINK_RECORDS_MAX);
	assert_in_range(sent(rig, 1).size, 16384 - 300, 16384);
}

static void test_no_ack_sends_again_ever_more_slowly(void **state)
{
	struct rig *rig = *state;
	static const uint32_t waits_s[] = { 10, 20, 40, 80, 160, 300, 300, 300 };
	add_batches(rig, 6);
	open_session(rig);
	assert_int_equal(flush(rig), 4);
	for (size_t i = 0; i < sizeof waits_s / sizeof *waits_s; i++) {
		rig->now_ms += waits_s[i] * 1000 - 1;
		assert_int_equal(steps(rig), 0);
		rig->now_ms++;
		assert_int_equal(flush(rig), 1); // one probe, not the whole window
		assert_true(sent(rig, 0).first_seq == 1);
		assert_int_equal(mu_uplink_statistics(&rig->uplink)->retransmits, i + 1);
	}
	assert_int_equal(ack(rig, sent(rig, 0).last_seq), 0);
	assert_int_equal(flush(rig), 4); // the window is open again
	rig->now_ms += 10000;
	assert_int_equal(flush(rig), 1); // and the wait is short again
}

static void test_step_tells_when_it_has_work(void **state)
{
	struct rig *rig = *state;
	assert_true(mu_uplink_step(&rig->uplink, rig->now_ms) == UINT64_MAX);
	open_session(rig);
	assert_true(mu_uplink_step(&rig->uplink, rig->now_ms) == UINT64_MAX); // nothing to send
	add(rig, 1);
	assert_true(mu_uplink_step(&rig->uplink, rig->now_ms) == UINT64_MAX); // awaits its PUBACK
	puback(rig);
	assert_true(mu_uplink_step(&rig->uplink, rig->now_ms) == rig->now_ms + 10000);
	assert_int_equal(ack_full(rig, mu_spool_epoch(&rig->spool), 1, 30, NULL), 0);
	assert_true(mu_uplink_step(&rig->uplink, rig->now_ms) == rig->now_ms + 30000);
}

static void test_a_lost_session_forgets_what_is_in_flight(void **state)
{
	struct rig *rig = *state;
	add_batches(rig, 3);
	open_session(rig);
	assert_int_equal(flush(rig), 3);
	assert_int_equal(ack(rig, sent(rig, 2).last_seq), 0);
	mu_uplink_session_lost(&rig->uplink);
	rig->now_ms += 60000;
	assert_int_equal(steps(rig), 0);
	open_session(rig);
	assert_int_equal(flush(rig), 2);
	assert_true(sent(rig, 1).first_seq == 9);
}

static void test_a_puback_that_never_came_does_not_block_the_next_session(void **state)
{
	struct rig *rig = *state;
	add(rig, 1);
	open_session(rig);
	assert_int_equal(steps(rig), 1);
	mu_uplink_session_lost(&rig->uplink);
	open_session(rig);
	assert_int_equal(steps(rig), 1);
	assert_int_equal(mu_uplink_statistics(&rig->uplink)->retransmits, 1);
}

static void test_what_is_no_ack_of_ours_is_ignored_and_counted(void **state)
{
	struct rig *rig = *state;
	uint64_t last = add(rig, 1);
	open_session(rig);
	flush(rig);
	add(rig, 1); // known to the spool, but never sent
	static const uint8_t noise[] = { 0xFF, 0xFF, 0xFF };
	static const uint8_t too_long[MU_ACK_BYTES_MAX + 1];
	assert_int_equal(mu_uplink_ack(&rig->uplink, noise, sizeof noise, rig->now_ms, NULL), MU_ERR_INVALID);
	assert_int_equal(mu_uplink_ack(&rig->uplink, noise, 0, rig->now_ms, NULL), MU_ERR_INVALID);
	assert_int_equal(mu_uplink_ack(&rig->uplink, too_long, sizeof too_long, rig->now_ms, NULL), MU_ERR_INVALID);
	assert_int_equal(ack_full(rig, mu_spool_epoch(&rig->spool) ^ 1, last, 100, NULL), MU_ERR_STATE);
	assert_int_equal(ack(rig, last + 1), MU_ERR_RANGE);
	const struct mu_uplink_stats *stats = mu_uplink_statistics(&rig->uplink);
	assert_int_equal(stats->acks_invalid, 3);
	assert_int_equal(stats->acks_foreign, 1);
	assert_int_equal(stats->acks_beyond, 1);
	assert_true(stats->last_ack_ms == 0);
	assert_int_equal(mu_spool_depth(&rig->spool), 2);
	assert_int_equal(steps(rig), 1); // the foreign retry-after holds nothing
}

static void test_retry_after_holds_everything(void **state)
{
	struct rig *rig = *state;
	add_batches(rig, 3);
	open_session(rig);
	assert_int_equal(steps(rig), 1);
	puback(rig);
	assert_int_equal(ack_full(rig, mu_spool_epoch(&rig->spool), sent(rig, 0).last_seq, 120, NULL), 0);
	rig->now_ms += 60000;
	mu_uplink_session_lost(&rig->uplink); // a new session is no way round it
	open_session(rig);
	rig->now_ms += 59999;
	assert_int_equal(steps(rig), 0);
	rig->now_ms += 1;
	assert_int_equal(steps(rig), 1);
	assert_int_equal(ack_full(rig, mu_spool_epoch(&rig->spool), sent(rig, 0).last_seq, 86400, NULL), 0);
	puback(rig);
	rig->now_ms += MU_UPLINK_RETRY_AFTER_MAX_S * 1000; // a day is taken as an hour
	assert_int_equal(steps(rig), 1);
}

// U1 is lost on its way: the collector answers U2..U4 with its last number, which sends nothing; the timer does.
static void test_a_hole_is_sent_again_by_the_timer_alone(void **state)
{
	struct rig *rig = *state;
	add_batches(rig, 5);
	open_session(rig);
	assert_int_equal(steps(rig), 1);
	puback(rig);
	assert_int_equal(ack(rig, 8), 0);
	assert_int_equal(flush(rig), 4);
	for (int i = 0; i < 3; i++) {
		rig->now_ms += 1000;
		assert_int_equal(ack(rig, 8), 0);
		assert_int_equal(steps(rig), 0);
	}
	rig->now_ms += 7000;
	assert_int_equal(flush(rig), 1);
	assert_true(sent(rig, 0).first_seq == 9);
	assert_int_equal(ack(rig, 40), 0); // it kept what came behind the hole, or had it from before
	assert_int_equal(flush(rig), 0);
	assert_int_equal(mu_uplink_statistics(&rig->uplink)->retransmits, 1);
}

// Acks that were overtaken, in any order and number, cost nothing.
static void test_old_acks_make_no_storm(void **state)
{
	struct rig *rig = *state;
	add_batches(rig, 4);
	open_session(rig);
	assert_int_equal(flush(rig), 4);
	assert_int_equal(ack(rig, 24), 0);
	for (int i = 0; i < 1000; i++) {
		rig->now_ms += 9;
		assert_int_equal(ack(rig, (uint64_t)i % 25), 0);
		assert_int_equal(steps(rig), 0);
	}
	assert_int_equal(ack(rig, 32), 0);
	rig->now_ms += 600000;
	assert_int_equal(steps(rig), 0); // nothing is in flight, nothing goes back
	assert_int_equal(mu_uplink_statistics(&rig->uplink)->rewinds, 0);
	assert_true(mu_uplink_statistics(&rig->uplink)->acks_low >= 900);
}

// The collector was restored from a backup: it has less than it acked.
static void test_a_lower_ack_that_stays_is_a_request(void **state)
{
	struct rig *rig = *state;
	add_batches(rig, 4);
	open_session(rig);
	flush(rig);
	assert_int_equal(ack(rig, 32), 0);
	add(rig, 1);
	assert_int_equal(flush(rig), 1);
	assert_int_equal(ack(rig, 16), 0);
	assert_int_equal(steps(rig), 0);
	rig->now_ms += 10000;
	assert_int_equal(flush(rig), 1);
	assert_true(sent(rig, 0).first_seq == 17);
	assert_true(sent(rig, 0).oldest_seq <= 17);
	assert_int_equal(mu_uplink_statistics(&rig->uplink)->rewinds, 1);
	assert_int_equal(ack(rig, 24), 0); // below what was acked once, but it is progress
	assert_int_equal(flush(rig), 2);
	assert_int_equal(ack(rig, 33), 0);
	assert_int_equal(mu_spool_depth(&rig->spool), 0);
	assert_true(mu_uplink_covers(&rig->uplink, 33));
}

// ... and the device no longer has it: oldest_seq says so, and the next Ack passes the hole.
static void test_a_request_for_what_is_gone_starts_at_the_oldest(void **state)
{
	struct rig *rig = *state;
	open_session(rig);
	for (int i = 0; i < 12; i++) {
		add_batches(rig, 1);
		flush(rig);
		assert_int_equal(ack(rig, mu_spool_next_seq(&rig->spool) - 1), 0);
	}
	uint64_t last = add(rig, 1);
	flush(rig);
	assert_int_equal(ack(rig, 2), 0);
	rig->now_ms += 10000;
	assert_int_equal(flush(rig), 1);
	struct mu_wire_uplink uplink = sent(rig, 0);
	assert_true(uplink.first_seq > 3 && uplink.first_seq == uplink.oldest_seq);
	assert_true(uplink.oldest_seq == mu_spool_oldest_seq(&rig->spool));
	while (!mu_uplink_covers(&rig->uplink, last)) {
		assert_int_equal(ack(rig, sent(rig, 0).last_seq), 0);
		flush(rig);
	}
}

static void test_gaps_keep_the_numbers_right(void **state)
{
	struct rig *rig = *state;
	uint64_t next = 1;
	add_batches(rig, 12); // more logs than recent holds; they are not archived
	assert_true(mu_spool_dropped(&rig->spool, MU_CLASS_LOG) > 0);
	open_session(rig);
	while (next < mu_spool_next_seq(&rig->spool)) {
		assert_int_equal(flush(rig) > 0, 1);
		for (unsigned back = rig->uplink.in_flight; back-- > 0;) {
			assert_true(sent(rig, back).first_seq == next);
			next = sent(rig, back).last_seq + 1;
		}
		assert_int_equal(ack(rig, next - 1), 0);
	}
	assert_int_equal(mu_spool_depth(&rig->spool), 0);
}

static void test_a_gap_record_is_well_formed(void **state)
{
	struct rig *rig = *state;
	add_batches(rig, 12);
	open_session(rig);
	steps(rig);
	const struct fake_publish *publish = fake_port_publish(&rig->fake, 0);
	Mu__Uplink *uplink = mu__uplink__unpack(NULL, publish->size, publish->payload);
	assert_non_null(uplink);
	Mu__Record *record = uplink->records[0];
	assert_int_equal(record->body_case, MU__RECORD__BODY_GAP);
	assert_int_equal(record->gap->reason, MU__GAP_REASON__GAP_THINNED);
	assert_true(record->gap->count == mu_spool_dropped(&rig->spool, MU_CLASS_LOG));
	assert_int_equal(record->boot, BOOT);
	assert_int_equal(mu_limits_check_record(record, NULL), 0);
	mu__uplink__free_unpacked(uplink, NULL);
}

static void test_a_port_that_refuses_is_asked_again_after_a_second(void **state)
{
	struct rig *rig = *state;
	add(rig, 1);
	open_session(rig);
	rig->fake.mqtt_result = MU_ERR_FULL;
	assert_true(mu_uplink_step(&rig->uplink, rig->now_ms) == rig->now_ms + MU_UPLINK_RETRY_MS);
	rig->fake.mqtt_result = 0;
	rig->now_ms += MU_UPLINK_RETRY_MS - 1;
	assert_int_equal(steps(rig), 0);
	rig->now_ms++;
	assert_int_equal(steps(rig), 1);
	assert_int_equal(mu_uplink_statistics(&rig->uplink)->refused, 1);
	assert_int_equal(mu_uplink_statistics(&rig->uplink)->retransmits, 0);
}

static void test_flash_that_cannot_be_read_sends_nothing_and_spins_not(void **state)
{
	struct rig *rig = *state;
	add(rig, 1);
	open_session(rig);
	fake_port_fail(&rig->fake, FAKE_CALL_READ, 1, UINT64_MAX);
	assert_true(mu_uplink_step(&rig->uplink, rig->now_ms) == rig->now_ms + MU_UPLINK_RETRY_MS);
	assert_int_equal(rig->fake.published, 0);
	rig->fake.fail_at[FAKE_CALL_READ] = 0;
	rig->now_ms += MU_UPLINK_RETRY_MS;
	assert_int_equal(steps(rig), 1);
}

static void test_without_a_spool_nothing_happens(void **state)
{
	struct rig *rig = *state;
	struct mu_stamp now = { .boot = BOOT, .uptime_ms = 5000 };
	memset(&rig->spool, 0, sizeof rig->spool);
	assert_int_equal(mu_uplink_init(&rig->uplink, &rig->spool, &rig->fake.port, "dev-1", BOOT, rig->buffer, sizeof rig->buffer, BATCH),
		0);
	open_session(rig);
	assert_true(mu_uplink_step(&rig->uplink, rig->now_ms) == UINT64_MAX);
	assert_int_equal(ack_full(rig, 5, 1, 0, NULL), MU_ERR_STATE);
	assert_int_equal(mu_uplink_oldest_age_s(&rig->uplink, &now), 0);
	assert_int_equal(rig->fake.published, 0);
}

static void test_a_new_boot_starts_from_what_is_acked(void **state)
{
	struct rig *rig = *state;
	add_batches(rig, 4);
	open_session(rig);
	flush(rig);
	assert_int_equal(ack(rig, 16), 0);
	assert_int_equal(mu_spool_open(&rig->spool, &rig->fake.port), 0);
	assert_int_equal(mu_uplink_init(&rig->uplink, &rig->spool, &rig->fake.port, "dev-1", 8, rig->buffer, sizeof rig->buffer, BATCH), 0);
	open_session(rig);
	assert_int_equal(ack(rig, 32), 0); // of what the boot before had sent
	assert_int_equal(flush(rig), 0);
	assert_int_equal(mu_spool_depth(&rig->spool), 0);
}

static void test_oldest_age(void **state)
{
	struct rig *rig = *state;
	struct mu_stamp now = { .boot = BOOT, .uptime_ms = 1000 };
	assert_int_equal(mu_uplink_oldest_age_s(&rig->uplink, &now), 0); // nothing there
	add(rig, 1);
	now.uptime_ms = rig->now_ms + 90500;
	assert_int_equal(mu_uplink_oldest_age_s(&rig->uplink, &now), 90);
	now.boot = BOOT + 1; // of an older boot and without wall time: at least this boot's age
	now.uptime_ms = 30000;
	assert_int_equal(mu_uplink_oldest_age_s(&rig->uplink, &now), 30);
	add_batches(rig, 12); // now gaps come first
	assert_int_equal(mu_uplink_oldest_age_s(&rig->uplink, &now), 30);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define ROW(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
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
		ROW(test_what_is_no_ack_of_ours_is_ignored_and_counted),
		ROW(test_retry_after_holds_everything),
		ROW(test_a_hole_is_sent_again_by_the_timer_alone),
		ROW(test_old_acks_make_no_storm),
		ROW(test_a_lower_ack_that_stays_is_a_request),
		ROW(test_a_request_for_what_is_gone_starts_at_the_oldest),
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
