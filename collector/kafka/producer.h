// SPDX-License-Identifier: Apache-2.0
// A producer of librdkafka on the event loop: hand over messages, get a report for each. librdkafka works in threads of its own; they wake the
// loop through an eventfd, and every handler is called from the loop, at most PRODUCER_EVENTS_A_TURN events in a row.
//
// After a fatal error no message goes out any more; the caller retires the producer and makes another. A producer that was retired calls no
// handler; what it still held is gone without a report. Nothing here blocks: the end of librdkafka's threads, which may hang in a name
// lookup, is waited for in a thread.
// Memory: bounded by the profile. Thread: the loop's.
#ifndef COLLECTOR_KAFKA_PRODUCER_H
#define COLLECTOR_KAFKA_PRODUCER_H
#include <librdkafka/rdkafka.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct event_base;
struct producer;

enum { PRODUCER_TOPICS_MAX = 4, PRODUCER_EVENTS_A_TURN = 16 };

struct producer_topic {
	const char *name, *content_type, *schema; // the last two are headers of each message
};

struct producer_message {
	const char *key; // "": none
	const void *value;
	size_t size;
	uint64_t timestamp_ms;
};

struct producer_report {
	unsigned topic;
	uint64_t ticket;
	size_t size;
	rd_kafka_resp_err_t error; // RD_KAFKA_RESP_ERR_NO_ERROR: delivered
};

struct producer_handlers {
	void (*report)(void *context, const struct producer_report *report);
	void (*error)(void *context, rd_kafka_resp_err_t error, const char *text); // a connection, a login; not of a message
	void (*fatal)(void *context, rd_kafka_resp_err_t error, const char *text);
	void (*served)(void *context); // after the handlers of a turn
};

// Takes conf over, also on failure. 0: *problem says why.
struct producer *producer_new(struct event_base *base, rd_kafka_conf_t *conf, const struct producer_topic *topics, unsigned count,
	const struct producer_handlers *handlers, void *context, char *problem, size_t size);

// Copies the message. Returns RD_KAFKA_RESP_ERR_NO_ERROR: a report with this ticket (below 2^61) will come; RD_KAFKA_RESP_ERR__QUEUE_FULL: wait for
// reports; else it will not be sent.
rd_kafka_resp_err_t producer_send(struct producer *producer, unsigned topic, uint64_t ticket, const struct producer_message *message);

// Gives up what has not been answered: reports with an error follow for all of it.
void producer_purge(struct producer *producer);

// Serves events for up to wait_ms, for the clean end. Returns whether anything is still unanswered.
bool producer_flush(struct producer *producer, unsigned wait_ms);

// No handler any more; ends in the background. producer_is_gone() is true once all of it is freed; the pointer is invalid then.
void producer_retire(struct producer *producer);
bool producer_is_gone(struct producer *retired);
// Waits for the end at most so long, then leaves the rest to the end of the process.
void producer_wait(struct producer *retired, unsigned wait_ms);

// For tests that provoke errors.
rd_kafka_t *producer_handle(const struct producer *producer);

#endif
