// SPDX-License-Identifier: Apache-2.0
#include "collector/kafka/kafka.h"

#include <event2/event.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include "collector/clock.h"
#include "collector/kafka/availability.h"
#include "collector/kafka/backlog.h"
#include "collector/kafka/logs.h"
#include "collector/kafka/producer.h"
#include "collector/kafka/profile.h"
#include "collector/kafka/stream.h"
#include "collector/log.h"
#include "collector/store/records.h"
#include "collector/store/retention.h"

enum { TICK_MS = 100, SECOND_MS = 1000, CLOSING_MS = 2000, BACKOFF_MIN_MS = 1000, BACKOFF_MAX_MS = 30000, END_WAIT_MS = 5000 };

enum kafka_state {
	KAFKA_PRODUCING,
	KAFKA_CLOSING,  // after a fatal error: reports come in still
	KAFKA_RETIRING, // the old producer ends in the background
	KAFKA_WAITING,  // for until_ms, then a new one
};

struct kafka {
	struct kafka_parts parts;
	struct stream_parts stream_parts;
	enum kafka_state state;
	struct producer *producer;
	struct stream streams[LOGS_COUNT];
	struct availability availability;
	struct backlog backlog;
	struct event *step, *tick;
	uint64_t until_ms, backoff_ms, next_second_ms;
};

// ---- cursors

static bool is_cursor_behind(const struct kafka *kafka)
{
	for (int i = 0; i < LOGS_COUNT; i++)
		if (kafka->streams[i].stored != stream_confirmed(&kafka->streams[i]))
			return true;
	return false;
}

static int write_cursors(struct kafka *kafka)
{
	int err = store_begin(kafka->parts.store);
	for (int i = 0; i < LOGS_COUNT && !err; i++) {
		struct stream *stream = &kafka->streams[i];
		if (stream->stored != stream_confirmed(stream))
			err = store_cursor_set(kafka->parts.store, stream->source->cursor, stream_confirmed(stream));
	}
	if (err)
		store_rollback(kafka->parts.store);
	else
		err = store_commit(kafka->parts.store);
	return err;
}

// A store that does not take it is tried again in a second; that it is in trouble is said elsewhere, and all it costs is repetitions.
static void keep_cursors(struct kafka *kafka)
{
	if (!is_cursor_behind(kafka) || write_cursors(kafka) < 0)
		return;
	for (int i = 0; i < LOGS_COUNT; i++)
		kafka->streams[i].stored = stream_confirmed(&kafka->streams[i]);
}

static void keep_cursors_if_far(struct kafka *kafka)
{
	const struct stream *records = &kafka->streams[LOGS_RECORDS];
	if (stream_confirmed(records) - records->stored >= KAFKA_CURSOR_ROWS)
		keep_cursors(kafka);
}

// ---- what is said

static void say_down(struct kafka *kafka)
{
	struct trouble trouble = trouble_of(kafka->availability.error ? kafka->availability.error : RD_KAFKA_RESP_ERR__TIMED_OUT);
	log_warn("kafka", "Kafka takes nothing: the records wait in the store", "brokers=%s reason=%s remedy=%s",
		log_quote(kafka->parts.config->kafka.brokers).text, log_quote(trouble.what).text, log_quote(trouble.remedy).text);
}

static void say_up(struct kafka *kafka, uint64_t now_ms)
{
	log_info("kafka", "Kafka takes messages again", "down_s=%" PRIu64 " backlog=%lld",
		(now_ms - kafka->availability.down_ms) / SECOND_MS, (long long)kafka->parts.counters->kafka_backlog);
}

// ---- the producer's reports

static void on_report(void *context, const struct producer_report *report)
{
	struct kafka *kafka = context;
	uint64_t now_ms = clock_monotonic_ms();
	if (!report->error) {
		kafka->backoff_ms = 0;
		if (availability_delivered(&kafka->availability, now_ms))
			say_up(kafka, now_ms);
	} else if (trouble_of(report->error).kind == TROUBLE_AGAIN) {
		availability_failed(&kafka->availability, report->error, now_ms); // the stream says it, with its topic
	}
	stream_report(&kafka->streams[report->topic], report);
}

static void on_error(void *context, rd_kafka_resp_err_t error, const char *text)
{
	struct kafka *kafka = context;
	availability_heard(&kafka->availability, error);
	log_debug("kafka", "trouble with a connection", "error=%s text=%s", rd_kafka_err2name(error), log_quote(text).text);
}

static void on_fatal(void *context, rd_kafka_resp_err_t error, const char *text)
{
	struct kafka *kafka = context;
	if (kafka->state != KAFKA_PRODUCING)
		return;
	kafka->parts.counters->kafka_restarts++;
	log_warn("kafka", "the producer came to its end: a new one sends from the cursor on", "error=%s text=%s", rd_kafka_err2name(error),
		log_quote(text).text);
	kafka->state = KAFKA_CLOSING;
	kafka->until_ms = clock_monotonic_ms() + CLOSING_MS;
	producer_purge(kafka->producer);
}

// In the next turn of the loop: event_active() would come before anything else that is ready.
static void ask_step(struct kafka *kafka)
{
	static const struct timeval at_once;
	event_add(kafka->step, &at_once);
}

static void on_served(void *context)
{
	struct kafka *kafka = context;
	keep_cursors_if_far(kafka);
	ask_step(kafka);
}

static const struct producer_handlers handlers = { on_report, on_error, on_fatal, on_served };

// ---- the life of a producer

static int make_producer(struct kafka *kafka, struct config_errors *errors)
{
	struct producer_topic topics[LOGS_COUNT];
	char problem[CONFIG_ERROR_BYTES];
	rd_kafka_conf_t *conf = profile_new(kafka->parts.config, errors);
	if (!conf)
		return -1;
	logs_topics(kafka->parts.config, topics);
	kafka->producer = producer_new(kafka->parts.base, conf, topics, LOGS_COUNT, &handlers, kafka, problem, sizeof problem);
	kafka->state = KAFKA_PRODUCING;
	if (kafka->producer)
		return 0;
	snprintf(errors->text[0], CONFIG_ERROR_BYTES, "kafka: no producer: %.200s (correct kafka.* and kafka.properties_file)", problem);
	errors->count = 1;
	return -1;
}

// With fewer messages at a time it can go on at once.
static bool is_matter_of_size(const struct kafka *kafka)
{
	for (int i = 0; i < LOGS_COUNT; i++)
		if (trouble_of(kafka->streams[i].error).kind == TROUBLE_SIZE)
			return true;
	return false;
}

static void wait(struct kafka *kafka, uint64_t now_ms)
{
	kafka->state = KAFKA_WAITING;
	kafka->until_ms = now_ms;
	if (is_matter_of_size(kafka))
		return;
	kafka->backoff_ms = kafka->backoff_ms ? 2 * kafka->backoff_ms : BACKOFF_MIN_MS;
	if (kafka->backoff_ms > BACKOFF_MAX_MS)
		kafka->backoff_ms = BACKOFF_MAX_MS;
	kafka->until_ms = now_ms + kafka->backoff_ms;
}

static void close_producer(struct kafka *kafka, uint64_t now_ms)
{
	unsigned waiting = 0;
	for (int i = 0; i < LOGS_COUNT; i++)
		waiting += kafka->streams[i].window.waiting;
	if (waiting && now_ms < kafka->until_ms)
		return;
	for (int i = 0; i < LOGS_COUNT; i++)
		stream_rewind(&kafka->streams[i]);
	producer_retire(kafka->producer);
	kafka->state = KAFKA_RETIRING;
}

static void renew_producer(struct kafka *kafka, uint64_t now_ms)
{
	static struct config_errors errors;
	if (now_ms < kafka->until_ms || make_producer(kafka, &errors) == 0)
		return;
	log_error("kafka", "no new producer can be made; tried again", "first=%s", log_quote(errors.text[0]).text);
	wait(kafka, now_ms);
}

static void step_producer(struct kafka *kafka, uint64_t now_ms)
{
	if (kafka->state == KAFKA_CLOSING)
		close_producer(kafka, now_ms);
	if (kafka->state == KAFKA_RETIRING && producer_is_gone(kafka->producer)) {
		kafka->producer = 0;
		wait(kafka, now_ms);
	}
	if (kafka->state == KAFKA_WAITING)
		renew_producer(kafka, now_ms);
}

// ---- turns of the loop

static void on_step(evutil_socket_t fd, short what, void *context)
{
	struct kafka *kafka = context;
	bool has_more = false;
	(void)fd, (void)what;
	if (kafka->state != KAFKA_PRODUCING)
		return;
	uint64_t now_ms = clock_monotonic_ms();
	for (int i = 0; i < LOGS_COUNT; i++)
		has_more |= stream_step(&kafka->streams[i], kafka->producer, now_ms);
	if (has_more)
		ask_step(kafka);
}

static void look_at_backlog(struct kafka *kafka)
{
	uint64_t oldest, newest, confirmed = kafka->streams[LOGS_RECORDS].stored;
	struct retention retention = { .age_ms = UINT64_MAX, .bytes_max = kafka->parts.config->store.retention_bytes };
	int held = retention_is_held(kafka->parts.store, &retention);
	if (held < 0 || store_record_bounds(kafka->parts.store, &oldest, &newest) < 0)
		return;
	uint64_t behind = newest > confirmed ? newest - confirmed : 0;
	kafka->parts.counters->kafka_backlog = (int64_t)behind;
	if (!backlog_look(&kafka->backlog, held > 0, behind))
		return;
	kafka->parts.counters->kafka_backlog_full = kafka->backlog.is_full;
	if (kafka->backlog.is_full)
		log_error("kafka",
			"the store is full of records that Kafka does not have: no more are taken, the broker and the devices keep theirs",
			"backlog=%" PRIu64 " retention_bytes=%" PRIu64 " remedy=\"bring Kafka back, or raise store.retention_bytes\"",
			behind, kafka->parts.config->store.retention_bytes);
	else
		log_info("kafka", "records are taken again", "backlog=%" PRIu64, behind);
	kafka->parts.hold(kafka->parts.context, kafka->backlog.is_full);
}

static void look_at_deliveries(struct kafka *kafka, uint64_t now_ms)
{
	bool is_waiting = kafka->state != KAFKA_PRODUCING, is_troubled = false;
	for (int i = 0; i < LOGS_COUNT; i++) {
		is_waiting |= stream_is_waiting(&kafka->streams[i]);
		is_troubled |= kafka->streams[i].is_troubled;
	}
	if (availability_look(&kafka->availability, is_waiting, now_ms))
		say_down(kafka);
	kafka->parts.counters->kafka_up = !kafka->availability.is_down && !is_troubled;
}

static void on_tick(evutil_socket_t fd, short what, void *context)
{
	struct kafka *kafka = context;
	uint64_t now_ms = clock_monotonic_ms();
	(void)fd, (void)what;
	step_producer(kafka, now_ms);
	ask_step(kafka); // a stream's wait may be over
	if (now_ms < kafka->next_second_ms)
		return;
	kafka->next_second_ms = now_ms + SECOND_MS;
	kafka_wake(kafka); // rows that came by other ways
	keep_cursors(kafka);
	look_at_backlog(kafka);
	look_at_deliveries(kafka, now_ms);
}

// ---- from outside

static int open_streams(struct kafka *kafka, struct config_errors *errors)
{
	for (int i = 0; i < LOGS_COUNT; i++) {
		const struct stream_source *source = &logs_sources[i];
		store_cursor_use(kafka->parts.store, source->cursor, true);
		if (stream_init(&kafka->streams[i], source, &kafka->stream_parts) < 0) {
			snprintf(errors->text[0], CONFIG_ERROR_BYTES, "kafka: the cursor cannot be read: %.160s",
				store_fault(kafka->parts.store)->what);
			errors->count = 1;
			return -1;
		}
	}
	return 0;
}

static void say_start(const struct kafka *kafka)
{
	uint64_t oldest = 0, newest = 0, cursor = kafka->streams[LOGS_RECORDS].stored;
	store_record_bounds(kafka->parts.store, &oldest, &newest);
	log_info("kafka", "records go to Kafka", "brokers=%s topic=%s cursor=%" PRIu64 " newest=%" PRIu64 " deleted_before=%" PRIu64,
		log_quote(kafka->parts.config->kafka.brokers).text, log_quote(kafka->parts.config->kafka.telemetry_topic).text, cursor,
		newest, oldest > cursor + 1 ? oldest - cursor - 1 : 0);
}

struct kafka *kafka_new(const struct kafka_parts *parts, struct config_errors *errors)
{
	struct kafka *kafka = calloc(1, sizeof *kafka);
	struct timeval tick = { .tv_usec = TICK_MS * 1000 };
	snprintf(errors->text[0], CONFIG_ERROR_BYTES, "kafka: no memory");
	errors->count = 1;
	if (!kafka)
		return 0;
	kafka->parts = *parts;
	kafka->stream_parts = (struct stream_parts){ parts->config, parts->store, parts->fleet, parts->counters };
	kafka->step = event_new(parts->base, -1, 0, on_step, kafka);
	kafka->tick = event_new(parts->base, -1, EV_PERSIST, on_tick, kafka);
	if (kafka->step && kafka->tick && open_streams(kafka, errors) == 0 && make_producer(kafka, errors) == 0) {
		event_add(kafka->tick, &tick);
		parts->counters->kafka_up = 1;
		say_start(kafka);
		return kafka;
	}
	kafka_free(kafka);
	return 0;
}

void kafka_free(struct kafka *kafka)
{
	if (!kafka)
		return;
	if (kafka->producer && kafka->state != KAFKA_RETIRING)
		producer_retire(kafka->producer);
	if (kafka->producer)
		producer_wait(kafka->producer, END_WAIT_MS);
	if (kafka->step)
		event_free(kafka->step);
	if (kafka->tick)
		event_free(kafka->tick);
	free(kafka);
}

void kafka_wake(struct kafka *kafka)
{
	if (!kafka)
		return;
	for (int i = 0; i < LOGS_COUNT; i++)
		stream_wake(&kafka->streams[i]);
	ask_step(kafka);
}

const char *kafka_not_ready(const struct kafka *kafka)
{
	return kafka && kafka->backlog.is_full ? "the store is full of records that Kafka does not have" : 0;
}

void kafka_drain(struct kafka *kafka, unsigned wait_ms)
{
	if (!kafka)
		return;
	uint64_t until_ms = clock_monotonic_ms() + wait_ms, now_ms;
	bool has_more = kafka->state == KAFKA_PRODUCING && !kafka->availability.is_down;
	while (has_more && (now_ms = clock_monotonic_ms()) < until_ms) {
		has_more = false;
		for (int i = 0; i < LOGS_COUNT; i++)
			has_more |= stream_step(&kafka->streams[i], kafka->producer, now_ms);
		has_more |= producer_flush(kafka->producer, TICK_MS);
		has_more &= kafka->state == KAFKA_PRODUCING;
	}
	keep_cursors(kafka);
}

struct producer *kafka_producer(const struct kafka *kafka)
{
	return kafka->state == KAFKA_PRODUCING ? kafka->producer : 0;
}
