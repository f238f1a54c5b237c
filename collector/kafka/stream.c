// SPDX-License-Identifier: Apache-2.0
#include "collector/kafka/stream.h"

#include "collector/log.h"
#include "collector/store/store.h"

enum { SHRINK = 8, CALM = 64 };

int stream_init(struct stream *stream, const struct stream_source *source, const struct stream_parts *parts)
{
	*stream = (struct stream){ .source = source, .parts = parts, .has_more = true, .limit = source->limit, .limit_max = source->limit };
	int err = store_cursor_get(parts->store, source->cursor, &stream->stored);
	in_flight_reset(&stream->window, stream->stored);
	stream->read = stream->stored;
	return err;
}

const char *stream_topic(const struct stream *stream)
{
	return (const char *)stream->parts->config + stream->source->topic_name;
}

void stream_wake(struct stream *stream)
{
	stream->has_more = true;
}

uint64_t stream_confirmed(const struct stream *stream)
{
	return stream->window.low;
}

bool stream_is_waiting(const struct stream *stream)
{
	return stream->window.waiting > 0 || stream->state != STREAM_FLOWING;
}

void stream_rewind(struct stream *stream)
{
	in_flight_reset(&stream->window, stream->window.low);
	stream->read = stream->window.low;
	stream->has_more = true;
	stream->is_blocked = false;
	if (stream->state == STREAM_CLOSING)
		stream->state = STREAM_FLOWING;
}

// ---- when it does not flow

static void say(struct stream *stream, const char *what, const char *remedy)
{
	if (stream->is_troubled)
		return;
	stream->is_troubled = true;
	log_error("kafka", "Kafka does not take them: they wait in the store and are tried again",
		"log=\"%s\" topic=%s reason=%s remedy=%s", stream->source->name, log_quote(stream_topic(stream)).text, log_quote(what).text,
		log_quote(remedy).text);
}

static void wait(struct stream *stream, uint64_t now_ms)
{
	stream->backoff_ms = stream->backoff_ms ? 2 * stream->backoff_ms : STREAM_BACKOFF_MIN_MS;
	if (stream->backoff_ms > STREAM_BACKOFF_MAX_MS)
		stream->backoff_ms = STREAM_BACKOFF_MAX_MS;
	stream->until_ms = now_ms + stream->backoff_ms;
	stream->state = STREAM_WAITING;
}

static void begin_closing(struct stream *stream, rd_kafka_resp_err_t error)
{
	struct trouble trouble = trouble_of(error);
	stream->state = STREAM_CLOSING;
	stream->error = error;
	if (trouble.kind == TROUBLE_AGAIN)
		say(stream, trouble.what, trouble.remedy);
}

// A batch is at most what is in flight: with fewer rows at a time either it fits, or the row that does not fit is alone in the end.
static void shrink(struct stream *stream, unsigned held)
{
	struct trouble trouble = trouble_of(stream->error);
	log_warn("kafka", "Kafka refuses a batch: fewer messages at a time", "log=\"%s\" reason=%s at_a_time=%u remedy=%s",
		stream->source->name, log_quote(trouble.what).text, held, log_quote(trouble.remedy).text);
	stream->limit_max = held > 2 ? held / 2 : 1;
	stream->limit = held > SHRINK ? held / SHRINK : 1;
	stream->calm = 0;
}

static void grow(struct stream *stream)
{
	if (stream->limit >= stream->limit_max || ++stream->calm < CALM)
		return;
	stream->limit = stream->limit * 2 < stream->limit_max ? stream->limit * 2 : stream->limit_max;
	stream->calm = 0;
}

static void take_failure(struct stream *stream, uint64_t row, rd_kafka_resp_err_t error)
{
	stream->parts->counters->kafka_failed++;
	if (stream->state == STREAM_CLOSING)
		return; // what follows from the first
	begin_closing(stream, error);
	if (trouble_of(error).kind != TROUBLE_SIZE)
		return;
	unsigned held = in_flight_held(&stream->window);
	if (held == 1)
		stream->refused = row;
	else
		shrink(stream, held);
}

// ---- reports

static void take_delivery(struct stream *stream, const struct producer_report *report)
{
	in_flight_done(&stream->window, report->ticket);
	stream->parts->counters->kafka_delivered++;
	stream->parts->counters->kafka_delivered_bytes += report->size;
	if (stream->state == STREAM_CLOSING)
		return;
	grow(stream);
	stream->backoff_ms = 0;
	stream->error = RD_KAFKA_RESP_ERR_NO_ERROR;
	if (!stream->is_troubled)
		return;
	stream->is_troubled = false;
	log_info("kafka", "Kafka takes them again", "log=\"%s\"", stream->source->name);
}

void stream_report(struct stream *stream, const struct producer_report *report)
{
	uint64_t row = in_flight_row(&stream->window, report->ticket);
	stream->is_blocked = false;
	if (!row)
		return; // of a try that was given up
	if (!report->error) {
		take_delivery(stream, report);
		return;
	}
	take_failure(stream, row, report->error);
	in_flight_failed(&stream->window, report->ticket);
}

// ---- rows

int stream_offer(struct stream *stream, uint64_t n, const struct producer_message *message)
{
	if (!message) {
		in_flight_pass(&stream->window, n);
		stream->read = n;
		return 0;
	}
	if (stream->window.waiting >= stream->limit || in_flight_is_full(&stream->window))
		return STREAM_STOP;
	rd_kafka_resp_err_t error = producer_send(stream->producer, stream->source->topic, in_flight_ticket(&stream->window), message);
	if (!error) {
		in_flight_add(&stream->window, n);
		stream->read = n;
		return 0;
	}
	if (error == RD_KAFKA_RESP_ERR__QUEUE_FULL)
		stream->is_blocked = true;
	else if (trouble_of(error).kind == TROUBLE_SIZE)
		stream->refused = n; // by librdkafka, so it is not a matter of the batch
	else
		begin_closing(stream, error);
	return STREAM_STOP;
}

// The row is kept where people find it, and passed over.
static int pass_refused(struct stream *stream)
{
	int err = stream->source->refuse(stream, stream->refused);
	if (err)
		return err;
	log_error("kafka", "Kafka will never take this one: it is passed over",
		"log=\"%s\" n=%llu kept=\"%s\" remedy=\"raise max.message.bytes of the topic\"", stream->source->name,
		(unsigned long long)stream->refused, stream->source->kept);
	stream->parts->counters->kafka_refused++;
	in_flight_pass(&stream->window, stream->refused);
	stream->read = stream->refused;
	stream->refused = 0;
	stream->limit = stream->limit_max = stream->source->limit; // it was the cause
	return 0;
}

// Everything that was handed over is answered.
static void close_down(struct stream *stream, uint64_t now_ms)
{
	bool is_again = trouble_of(stream->error).kind == TROUBLE_AGAIN;
	stream_rewind(stream);
	if (is_again)
		wait(stream, now_ms);
}

static bool is_flowing(struct stream *stream, uint64_t now_ms)
{
	if (stream->state == STREAM_CLOSING && !stream->window.waiting)
		close_down(stream, now_ms);
	if (stream->state == STREAM_WAITING && now_ms >= stream->until_ms)
		stream->state = STREAM_FLOWING;
	return stream->state == STREAM_FLOWING;
}

bool stream_step(struct stream *stream, struct producer *producer, uint64_t now_ms)
{
	if (!is_flowing(stream, now_ms) || stream->is_blocked)
		return false;
	int result = stream->refused ? pass_refused(stream) : 0;
	if (!result && (!stream->has_more || stream->window.waiting >= stream->limit))
		return false;
	stream->producer = producer;
	if (!result)
		result = stream->source->read(stream, stream->read, STREAM_CHUNK);
	stream->producer = 0;
	if (result < 0) {
		say(stream, store_fault(stream->parts->store)->what, store_fault(stream->parts->store)->remedy);
		wait(stream, now_ms);
		return false;
	}
	if (result == STREAM_STOP)
		return stream->refused != 0;
	stream->has_more = result == STREAM_CHUNK;
	return stream->has_more;
}
