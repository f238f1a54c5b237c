// SPDX-License-Identifier: Apache-2.0
// One log, with the reports given by hand: the producer has no broker, so nothing else reports.
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "../store/scratch.h"
#include "collector/kafka/profile.h"
#include "collector/kafka/stream.h"
#include "collector/log.h"

enum { ROWS = 1000, NOW = 50000 };

struct rig {
	void *scratch;
	struct event_base *base;
	struct producer *producer;
	struct config config;
	struct counters counters;
	struct stream_parts parts;
	struct stream stream;
	uint64_t newest;    // the log has rows 1 .. newest
	uint64_t skipped;   // a row that is no message
	uint64_t huge;      // a row that librdkafka itself refuses
	int broken;         // what read() returns instead, if not 0
	uint64_t refused;   // the last row given to refuse()
	int refuse_err;
};

static struct rig *rig;

static int read_rows(struct stream *stream, uint64_t after, unsigned limit)
{
	static char large[1100000];
	int count = 0;
	if (rig->broken)
		return rig->broken;
	for (uint64_t n = after + 1; n <= rig->newest && (unsigned)count < limit; n++, count++) {
		struct producer_message message = { "dev-1", large, n == rig->huge ? sizeof large : 10, 1 };
		int result = stream_offer(stream, n, n == rig->skipped ? 0 : &message);
		if (result)
			return result;
	}
	return count;
}

static int refuse(struct stream *stream, uint64_t n)
{
	(void)stream;
	rig->refused = n;
	return rig->refuse_err;
}

static const struct stream_source source = { .name = "test",
	.kept = "here",
	.topic_name = offsetof(struct config, kafka.telemetry_topic),
	.cursor = CURSOR_KAFKA_RECORDS,
	.limit = 600,
	.read = read_rows,
	.refuse = refuse };

static void on_report(void *context, const struct producer_report *report)
{
	(void)context, (void)report;
	fail_msg("nobody can have reported");
}

static void on_error(void *context, rd_kafka_resp_err_t error, const char *text)
{
	(void)context, (void)error, (void)text;
}

static void on_served(void *context)
{
	(void)context;
}

static int setup(void **state)
{
	static const struct producer_handlers handlers = { on_report, on_error, on_error, on_served };
	static const struct producer_topic topic = { "muster.telemetry", "a", "b" };
	struct config_errors errors;
	char problem[256];
	rig = calloc(1, sizeof *rig);
	assert_int_equal(scratch_setup(&rig->scratch), 0);
	log_set_threshold(LOG_AT_ERROR);
	config_defaults(&rig->config);
	snprintf(rig->config.kafka.brokers, sizeof rig->config.kafka.brokers, "127.0.0.1:1");
	rig->base = event_base_new();
	rig->producer = producer_new(rig->base, profile_new(&rig->config, &errors), &topic, 1, &handlers, 0, problem, sizeof problem);
	assert_non_null(rig->producer);
	rig->parts = (struct stream_parts){ &rig->config, ((struct scratch *)rig->scratch)->store, 0, &rig->counters };
	assert_int_equal(store_cursor_set(rig->parts.store, CURSOR_KAFKA_RECORDS, 100), 0);
	assert_int_equal(stream_init(&rig->stream, &source, &rig->parts), 0);
	*state = rig;
	return 0;
}

static int teardown(void **unused)
{
	(void)unused;
	producer_retire(rig->producer);
	producer_wait(rig->producer, 5000);
	event_base_free(rig->base);
	scratch_teardown(&rig->scratch);
	free(rig);
	return 0;
}

static bool step(uint64_t now_ms)
{
	return stream_step(&rig->stream, rig->producer, now_ms);
}

// Answers the row; it must be in flight.
static void answer(uint64_t row, rd_kafka_resp_err_t error)
{
	for (uint64_t ticket = rig->stream.window.first; ticket < rig->stream.window.next; ticket++)
		if (in_flight_row(&rig->stream.window, ticket) == row) {
			struct producer_report report = { 0, ticket, 10, error };
			stream_report(&rig->stream, &report);
			return;
		}
	fail_msg("row %u is not in flight", (unsigned)row);
}

static void answer_range(uint64_t from, uint64_t to, rd_kafka_resp_err_t error)
{
	for (uint64_t row = from; row <= to; row++)
		answer(row, error);
}

// From the cursor on, a chunk a turn, no more than the limit in flight; then only as many as were answered.
static void test_from_the_cursor_in_bounded_turns(void **unused)
{
	(void)unused;
	rig->newest = ROWS;
	assert_true(step(NOW)); // 101 .. 612
	assert_int_equal(rig->stream.window.waiting, STREAM_CHUNK);
	assert_false(step(NOW)); // .. 700: 600 in flight
	assert_int_equal(rig->stream.window.waiting, 600);
	assert_int_equal(rig->stream.read, 700);
	assert_false(step(NOW));
	answer_range(101, 150, RD_KAFKA_RESP_ERR_NO_ERROR);
	assert_int_equal(stream_confirmed(&rig->stream), 150);
	assert_false(step(NOW));
	assert_int_equal(rig->stream.read, 750);
	assert_int_equal(rig->counters.kafka_delivered, 50);
	assert_int_equal(rig->counters.kafka_delivered_bytes, 500);
	assert_true(stream_is_waiting(&rig->stream));
}

static void test_rows_that_are_no_messages(void **unused)
{
	(void)unused;
	rig->newest = 103;
	rig->skipped = 103;
	assert_false(step(NOW));
	answer_range(101, 102, RD_KAFKA_RESP_ERR_NO_ERROR);
	assert_int_equal(stream_confirmed(&rig->stream), 103);
	assert_false(stream_is_waiting(&rig->stream));
	rig->newest = 104;
	assert_false(step(NOW)); // nobody has said that there is more
	assert_int_equal(rig->stream.window.waiting, 0);
	stream_wake(&rig->stream);
	step(NOW);
	assert_int_equal(rig->stream.window.waiting, 1);
}

// A delivery fails: nothing more goes out, the others are waited for, then a pause that doubles, then again from the first that is missing.
static void test_a_failed_delivery(void **unused)
{
	(void)unused;
	uint64_t now_ms = NOW;
	static const unsigned pauses[] = { 1000, 2000, 4000, 8000, 16000, 30000, 30000 };
	rig->newest = 110;
	for (size_t i = 0; i < sizeof pauses / sizeof *pauses; i++) {
		step(now_ms);
		assert_int_equal(rig->stream.read, 110);
		answer(102, RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED);
		answer_range(103, 110, RD_KAFKA_RESP_ERR_NO_ERROR);
		step(now_ms);
		assert_int_equal(rig->stream.state, STREAM_CLOSING); // 101 is out still
		answer(101, RD_KAFKA_RESP_ERR__PURGE_INFLIGHT);
		step(now_ms);
		assert_int_equal(rig->stream.state, STREAM_WAITING);
		assert_int_equal(rig->stream.read, 100); // everything again
		assert_true(rig->stream.is_troubled);
		step(now_ms + pauses[i] - 1);
		assert_int_equal(rig->stream.window.waiting, 0);
		now_ms += pauses[i];
	}
	step(now_ms);
	answer_range(101, 110, RD_KAFKA_RESP_ERR_NO_ERROR);
	assert_int_equal(stream_confirmed(&rig->stream), 110);
	assert_false(rig->stream.is_troubled);
	assert_int_equal(rig->stream.backoff_ms, 0); // the next trouble begins with a second
	assert_int_equal(rig->stream.error, RD_KAFKA_RESP_ERR_NO_ERROR);
}

// 600, 75, 9, 1 at a time: what is refused alone is the one. Kept and passed over; then at full speed again.
static void test_a_row_that_is_too_large(void **unused)
{
	(void)unused;
	static const unsigned limits[] = { 600, 75, 9, 1 };
	rig->newest = ROWS;
	for (size_t i = 0; i < sizeof limits / sizeof *limits; i++) {
		while (step(NOW))
			;
		assert_int_equal(rig->stream.window.waiting, limits[i]);
		assert_int_equal(rig->refused, 0);
		answer_range(101, 100 + limits[i], RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE);
	}
	rig->refuse_err = -STORE_EFULL; // it cannot be kept: then it is not passed over
	step(NOW);
	assert_int_equal(rig->refused, 101);
	assert_int_equal(stream_confirmed(&rig->stream), 100);
	assert_int_equal(rig->stream.state, STREAM_WAITING);
	rig->refuse_err = 0;
	while (step(NOW + 1000))
		;
	assert_int_equal(stream_confirmed(&rig->stream), 101);
	assert_int_equal(rig->counters.kafka_refused, 1);
	assert_int_equal(rig->stream.window.waiting, 600);
}

// Small batches pass: carefully more at a time again, but not up to where it was refused.
static void test_a_batch_that_is_too_large(void **unused)
{
	(void)unused;
	rig->newest = 10000;
	while (step(NOW))
		;
	answer_range(101, 700, RD_KAFKA_RESP_ERR_RECORD_LIST_TOO_LARGE);
	for (int round = 0; round < 6; round++) {
		while (step(NOW))
			;
		assert_in_range(rig->stream.window.waiting, 75, 300);
		uint64_t low = stream_confirmed(&rig->stream), count = rig->stream.window.waiting;
		answer_range(low + 1, low + count, RD_KAFKA_RESP_ERR_NO_ERROR);
	}
	assert_int_equal(rig->stream.limit, 300);
	assert_int_equal(rig->counters.kafka_refused, 0);
}

// Too large for librdkafka itself, with rows in flight before it: these are not touched.
static void test_a_row_that_librdkafka_refuses(void **unused)
{
	(void)unused;
	rig->newest = 105;
	rig->huge = 103;
	while (step(NOW))
		;
	assert_int_equal(rig->refused, 103);
	assert_int_equal(rig->stream.window.waiting, 4);
	answer(104, RD_KAFKA_RESP_ERR_NO_ERROR);
	answer(105, RD_KAFKA_RESP_ERR_NO_ERROR);
	assert_int_equal(stream_confirmed(&rig->stream), 100);
	answer_range(101, 102, RD_KAFKA_RESP_ERR_NO_ERROR);
	assert_int_equal(stream_confirmed(&rig->stream), 105);
	assert_int_equal(rig->counters.kafka_refused, 1);
}

// The producer is gone: reports that come late mean nothing, everything behind the mark goes out again.
static void test_rewind(void **unused)
{
	(void)unused;
	rig->newest = 110;
	step(NOW);
	uint64_t ticket = rig->stream.window.first;
	answer_range(101, 103, RD_KAFKA_RESP_ERR_NO_ERROR);
	answer(107, RD_KAFKA_RESP_ERR__FATAL);
	stream_rewind(&rig->stream);
	assert_int_equal(rig->stream.state, STREAM_FLOWING);
	struct producer_report late = { 0, ticket + 4, 10, RD_KAFKA_RESP_ERR_NO_ERROR };
	stream_report(&rig->stream, &late);
	assert_int_equal(stream_confirmed(&rig->stream), 103);
	step(NOW);
	assert_int_equal(rig->stream.window.waiting, 7);
	answer_range(104, 110, RD_KAFKA_RESP_ERR_NO_ERROR);
	assert_int_equal(stream_confirmed(&rig->stream), 110);
}

static void test_a_store_that_cannot_be_read(void **unused)
{
	(void)unused;
	rig->newest = 105;
	rig->broken = -STORE_EIO;
	assert_false(step(NOW));
	assert_int_equal(rig->stream.state, STREAM_WAITING);
	rig->broken = 0;
	step(NOW + STREAM_BACKOFF_MIN_MS);
	answer_range(101, 105, RD_KAFKA_RESP_ERR_NO_ERROR);
	assert_int_equal(stream_confirmed(&rig->stream), 105);
}

int main(void)
{
#define ROW(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
	const struct CMUnitTest tests[] = {
		ROW(test_from_the_cursor_in_bounded_turns),
		ROW(test_rows_that_are_no_messages),
		ROW(test_a_failed_delivery),
		ROW(test_a_row_that_is_too_large),
		ROW(test_a_batch_that_is_too_large),
		ROW(test_a_row_that_librdkafka_refuses),
		ROW(test_rewind),
		ROW(test_a_store_that_cannot_be_read),
	};
	return cmocka_run_group_tests(tests, 0, 0);
}
