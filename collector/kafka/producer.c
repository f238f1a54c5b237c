// SPDX-License-Identifier: Apache-2.0
#include "collector/kafka/producer.h"

#include <event2/event.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>
#include "collector/clock.h"

enum { TOPIC_BITS = 2, TOPIC_MASK = (1 << TOPIC_BITS) - 1, FLUSH_POLL_MS = 50, MESSAGES_A_LOOK = 256 };
_Static_assert(PRODUCER_TOPICS_MAX <= 1 << TOPIC_BITS && sizeof(void *) == 8, "topic and ticket fit a pointer");

struct producer {
	rd_kafka_t *rk;
	rd_kafka_queue_t *queue;
	rd_kafka_topic_t *topics[PRODUCER_TOPICS_MAX];
	rd_kafka_headers_t *headers[PRODUCER_TOPICS_MAX]; // copied into each message
	unsigned topic_count;
	int wake_fd;
	struct event *wake, *again;
	const struct producer_handlers *handlers;
	void *context;
	pthread_t end;
};

static void *opaque_of(unsigned topic, uint64_t ticket)
{
	return (void *)(uintptr_t)(ticket << TOPIC_BITS | topic); // NOLINT(performance-no-int-to-ptr): librdkafka hands it back as it is
}

static void take_reports(struct producer *producer, rd_kafka_event_t *event)
{
	const rd_kafka_message_t *messages[MESSAGES_A_LOOK];
	size_t count;
	while ((count = rd_kafka_event_message_array(event, messages, MESSAGES_A_LOOK)) > 0)
		for (size_t i = 0; i < count; i++) {
			uintptr_t opaque = (uintptr_t)messages[i]->_private;
			struct producer_report report = { opaque & TOPIC_MASK, opaque >> TOPIC_BITS, messages[i]->len, messages[i]->err };
			producer->handlers->report(producer->context, &report);
		}
}

static void take_error(struct producer *producer, rd_kafka_event_t *event)
{
	rd_kafka_resp_err_t error = rd_kafka_event_error(event);
	char text[256];
	if (!rd_kafka_event_error_is_fatal(event)) {
		producer->handlers->error(producer->context, error, rd_kafka_event_error_string(event));
		return;
	}
	error = rd_kafka_fatal_error(producer->rk, text, sizeof text);
	producer->handlers->fatal(producer->context, error, text);
}

// Returns whether there was an event.
static bool serve_one(struct producer *producer, int wait_ms)
{
	rd_kafka_event_t *event = rd_kafka_queue_poll(producer->queue, wait_ms);
	if (!event)
		return false;
	if (rd_kafka_event_type(event) == RD_KAFKA_EVENT_DR)
		take_reports(producer, event);
	else if (rd_kafka_event_type(event) == RD_KAFKA_EVENT_ERROR)
		take_error(producer, event);
	rd_kafka_event_destroy(event);
	return true;
}

// librdkafka writes to the eventfd only when an event comes into an empty queue: what is left needs another turn, and what came before it knew the
// eventfd would never be heard of. A look each second costs nothing.
static void serve(struct producer *producer)
{
	static const struct timeval at_once, later = { .tv_sec = 1 };
	int served = 0;
	while (served < PRODUCER_EVENTS_A_TURN && serve_one(producer, 0))
		served++;
	event_add(producer->again, served == PRODUCER_EVENTS_A_TURN ? &at_once : &later);
	producer->handlers->served(producer->context);
}

static void on_wake(evutil_socket_t fd, short what, void *context)
{
	uint64_t times;
	(void)what;
	if (read(fd, &times, sizeof times) == sizeof times)
		serve(context);
}

static void on_again(evutil_socket_t fd, short what, void *context)
{
	(void)fd, (void)what;
	serve(context);
}

static int open_queue(struct producer *producer, struct event_base *base)
{
	static const uint64_t one = 1;
	static const struct timeval at_once;
	producer->queue = rd_kafka_queue_get_main(producer->rk);
	producer->wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	producer->wake = producer->wake_fd < 0 ? 0 : event_new(base, producer->wake_fd, EV_READ | EV_PERSIST, on_wake, producer);
	producer->again = evtimer_new(base, on_again, producer);
	if (!producer->wake || !producer->again)
		return -1;
	rd_kafka_queue_io_event_enable(producer->queue, producer->wake_fd, &one, sizeof one);
	event_add(producer->again, &at_once); // a refused connection may be in the queue already
	return event_add(producer->wake, 0);
}

static int open_topic(struct producer *producer, const struct producer_topic *topic)
{
	unsigned i = producer->topic_count++;
	producer->topics[i] = rd_kafka_topic_new(producer->rk, topic->name, 0);
	producer->headers[i] = rd_kafka_headers_new(2);
	if (!producer->topics[i] || !producer->headers[i])
		return -1;
	rd_kafka_header_add(producer->headers[i], "content-type", -1, topic->content_type, -1);
	rd_kafka_header_add(producer->headers[i], "schema", -1, topic->schema, -1);
	return 0;
}

static void free_events(struct producer *producer)
{
	if (producer->wake)
		event_free(producer->wake);
	if (producer->again)
		event_free(producer->again);
}

// May take long: see producer_retire().
static void destroy(struct producer *producer)
{
	for (unsigned i = 0; i < producer->topic_count; i++) {
		if (producer->headers[i])
			rd_kafka_headers_destroy(producer->headers[i]);
		if (producer->topics[i])
			rd_kafka_topic_destroy(producer->topics[i]);
	}
	if (producer->queue)
		rd_kafka_queue_destroy(producer->queue);
	rd_kafka_destroy(producer->rk);
	if (producer->wake_fd >= 0)
		close(producer->wake_fd);
}

struct producer *producer_new(struct event_base *base, rd_kafka_conf_t *conf, const struct producer_topic *topics, unsigned count,
	const struct producer_handlers *handlers, void *context, char *problem, size_t size)
{
	struct producer *producer = calloc(1, sizeof *producer);
	if (producer)
		producer->rk = rd_kafka_new(RD_KAFKA_PRODUCER, conf, problem, size);
	if (!producer || !producer->rk) {
		if (!producer)
			snprintf(problem, size, "no memory");
		rd_kafka_conf_destroy(conf);
		free(producer);
		return 0;
	}
	producer->handlers = handlers;
	producer->context = context;
	producer->wake_fd = -1;
	int err = open_queue(producer, base);
	for (unsigned i = 0; i < count && !err; i++)
		err = open_topic(producer, &topics[i]);
	if (!err)
		return producer;
	snprintf(problem, size, "no memory or no file descriptor is left");
	free_events(producer);
	destroy(producer);
	free(producer);
	return 0;
}

rd_kafka_resp_err_t producer_send(struct producer *producer, unsigned topic, uint64_t ticket, const struct producer_message *message)
{
	rd_kafka_headers_t *headers = rd_kafka_headers_copy(producer->headers[topic]);
	size_t key_size = strlen(message->key);
	rd_kafka_resp_err_t error = rd_kafka_producev(producer->rk, RD_KAFKA_V_RKT(producer->topics[topic]),
		RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_KEY(key_size ? message->key : 0, key_size),
		RD_KAFKA_V_VALUE((void *)(uintptr_t)message->value, message->size), RD_KAFKA_V_TIMESTAMP((int64_t)message->timestamp_ms),
		RD_KAFKA_V_HEADERS(headers), RD_KAFKA_V_OPAQUE(opaque_of(topic, ticket)), RD_KAFKA_V_END);
	if (error)
		rd_kafka_headers_destroy(headers);
	return error;
}

void producer_purge(struct producer *producer)
{
	rd_kafka_purge(producer->rk, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT | RD_KAFKA_PURGE_F_NON_BLOCKING);
}

bool producer_flush(struct producer *producer, unsigned wait_ms)
{
	uint64_t until_ms = clock_monotonic_ms() + wait_ms;
	while (rd_kafka_outq_len(producer->rk) > 0 && clock_monotonic_ms() < until_ms)
		serve_one(producer, FLUSH_POLL_MS);
	return rd_kafka_outq_len(producer->rk) > 0;
}

static void *run_end(void *context)
{
	destroy(context);
	return 0;
}

void producer_retire(struct producer *producer)
{
	rd_kafka_queue_io_event_enable(producer->queue, -1, 0, 0);
	free_events(producer);
	if (pthread_create(&producer->end, 0, run_end, producer) != 0) {
		destroy(producer); // without a thread it has to be here
		producer->rk = 0;
	}
}

bool producer_is_gone(struct producer *retired)
{
	if (retired->rk && pthread_tryjoin_np(retired->end, 0) != 0)
		return false;
	free(retired);
	return true;
}

void producer_wait(struct producer *retired, unsigned wait_ms)
{
	struct timespec until;
	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += (time_t)(wait_ms / 1000);
	if (retired->rk && pthread_timedjoin_np(retired->end, 0, &until) != 0)
		pthread_detach(retired->end);
	else
		free(retired);
}

rd_kafka_t *producer_handle(const struct producer *producer)
{
	return producer->rk;
}
