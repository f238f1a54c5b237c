// SPDX-License-Identifier: Apache-2.0
#include "collector/http/stream.h"
#include "collector/clock.h"
#include "collector/counters.h"
#include "collector/fleet/fleet.h"
#include "collector/http/alert_json.h"
#include "collector/store/store_alerts.h"
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum { SOCKET_BYTES = 64 * 1024 }; // the kernel would else keep megabytes for a reader that does not read

struct reader {
	struct streams *streams;
	struct reader *next;
	struct evhttp_request *request;
	struct evbuffer *out; // of this turn, not yet given to the connection
	struct matchers matchers;
	bool with_pending;
	uint64_t place;            // transitions up to here are done
	bool is_live;              // it had reached the newest once: what it lacks now came while it did not read
	uint64_t blocked_since_ms; // monotonic; 0: there is room
};

struct streams {
	const struct http_sources *sources;
	struct event *step, *keep_alive;
	struct reader *readers;
	unsigned count;
	uint64_t newest;
};

static const struct timeval at_once = { 0, 0 };

static struct bufferevent *connection_of(const struct reader *reader)
{
	struct evhttp_connection *connection = evhttp_request_get_connection(reader->request);
	return connection ? evhttp_connection_get_bufferevent(connection) : 0;
}

static bool has_room(const struct reader *reader)
{
	struct bufferevent *connection = connection_of(reader);
	size_t waiting = connection ? evbuffer_get_length(bufferevent_get_output(connection)) : STREAM_WAITING_MAX + 1;
	return waiting + evbuffer_get_length(reader->out) <= STREAM_WAITING_MAX;
}

// ---- opening and closing

static void forget(struct reader *reader)
{
	struct streams *streams = reader->streams;
	struct reader **at = &streams->readers;
	while (*at != reader)
		at = &(*at)->next;
	*at = reader->next;
	streams->count--;
	streams->sources->counters->tail_readers = streams->count;
	matchers_free(&reader->matchers);
	evbuffer_free(reader->out);
	free(reader);
}

// Of a request that lost its connection libevent leaves the freeing to us; else it frees it with the connection.
static void on_close(struct evhttp_connection *connection, void *context)
{
	struct reader *reader = context;
	struct evhttp_request *request = reader->request;
	(void)connection;
	forget(reader);
	if (!evhttp_request_get_connection(request))
		evhttp_send_reply_end(request);
}

static void on_drained(struct evhttp_connection *connection, void *context)
{
	struct streams *streams = context;
	(void)connection;
	event_add(streams->step, &at_once);
}

static void flush(struct reader *reader)
{
	if (evbuffer_get_length(reader->out))
		evhttp_send_reply_chunk_with_cb(reader->request, reader->out, on_drained, reader->streams);
}

bool streams_are_full(const struct streams *streams)
{
	return streams->count >= STREAMS_MAX;
}

static uint64_t first_place(struct streams *streams, const struct stream_ask *ask)
{
	uint64_t oldest = 0, newest = 0;
	if (store_transition_bounds(streams->sources->store, &oldest, &newest) == 0 && newest > streams->newest)
		streams->newest = newest;
	if (!ask->has_place || ask->after > streams->newest)
		return streams->newest;
	return ask->after || !oldest ? ask->after : oldest - 1; // from the beginning is from the oldest that there is
}

static void begin_answer(struct reader *reader)
{
	const struct timeval stuck = { STREAM_STUCK_S, 0 };
	const int bytes = SOCKET_BYTES;
	struct evkeyvalq *headers = evhttp_request_get_output_headers(reader->request);
	struct evhttp_connection *connection = evhttp_request_get_connection(reader->request);
	evhttp_add_header(headers, "Content-Type", "text/event-stream; charset=utf-8");
	evhttp_add_header(headers, "Cache-Control", "no-store");
	evhttp_add_header(headers, "X-Content-Type-Options", "nosniff");
	evhttp_connection_set_closecb(connection, on_close, reader);
	bufferevent_set_timeouts(connection_of(reader), 0, &stuck); // nothing is read, so no read can be late
	setsockopt(bufferevent_getfd(connection_of(reader)), SOL_SOCKET, SO_SNDBUF, &bytes, sizeof bytes);
	evhttp_send_reply_start(reader->request, 200, "OK");
	evbuffer_add_printf(reader->out, ": alerts behind %" PRIu64 "\nid: %" PRIu64 "\nretry: 2000\n\n", reader->place, reader->place);
	flush(reader);
}

int streams_open(struct streams *streams, struct evhttp_request *request, const struct stream_ask *ask)
{
	struct reader *reader = calloc(1, sizeof *reader);
	struct evbuffer *out = evbuffer_new();
	if (!reader || !out) {
		free(reader);
		if (out)
			evbuffer_free(out);
		return -1;
	}
	*reader = (struct reader){ .streams = streams,
		.next = streams->readers,
		.request = request,
		.out = out,
		.matchers = *ask->matchers,
		.with_pending = ask->with_pending,
		.place = first_place(streams, ask) };
	ask->matchers->count = 0;
	reader->is_live = reader->place >= streams->newest;
	streams->readers = reader;
	streams->sources->counters->tail_readers = ++streams->count;
	begin_answer(reader);
	event_add(streams->step, &at_once);
	return 0;
}

// ---- what readers get

static void skip_to(struct reader *reader, uint64_t place)
{
	uint64_t skipped = place - reader->place;
	evbuffer_add_printf(reader->out, "id: %" PRIu64 "\nevent: skipped\ndata: {\"skipped\":%" PRIu64 ",\"next\":%" PRIu64 "}\n\n", place,
		skipped, place + 1);
	reader->streams->sources->counters->tail_skipped += skipped;
	reader->place = place;
}

// Whether it lacks something and can take it now.
static bool is_ready(struct reader *reader, uint64_t now_ms)
{
	uint64_t newest = reader->streams->newest;
	if (!has_room(reader)) {
		if (!reader->blocked_since_ms)
			reader->blocked_since_ms = now_ms;
		return false;
	}
	bool was_slow = reader->blocked_since_ms && now_ms - reader->blocked_since_ms >= STREAM_SLOW_MS;
	reader->blocked_since_ms = 0;
	if (was_slow && reader->is_live && newest > reader->place + STREAM_BEHIND_MAX)
		skip_to(reader, newest);
	return reader->place < newest;
}

// One batch on its way to those that stand before it. The text of a transition is made once, if anybody wants it.
struct delivery {
	struct streams *streams;
	uint64_t now_ms;
	const struct store_transition *transition;
	char *text;
};

static const char *text_of(struct delivery *delivery)
{
	const struct device *device = fleet_at(delivery->streams->sources->fleet, delivery->transition->dev);
	if (delivery->text)
		return delivery->text;
	json_t *object = transition_json(delivery->transition, device ? device->id : "?");
	delivery->text = json_dumps(object, JSON_COMPACT | JSON_REAL_PRECISION(15));
	json_decref(object);
	return delivery->text;
}

static void offer(struct reader *reader, struct delivery *delivery)
{
	const struct store_transition *transition = delivery->transition;
	if (transition->n > reader->place + 1)
		skip_to(reader, transition->n - 1); // retention took them
	reader->place = transition->n;
	if (!reader->with_pending && !transition_is_news(transition))
		return;
	if (!transition_fits(transition, &reader->matchers))
		return;
	const char *text = text_of(delivery);
	if (text)
		evbuffer_add_printf(reader->out, "id: %" PRIu64 "\nevent: alert\ndata: %s\n\n", transition->n, text);
}

static int deliver(void *context, const struct store_transition *transition)
{
	struct delivery *delivery = context;
	delivery->transition = transition;
	for (struct reader *reader = delivery->streams->readers; reader; reader = reader->next)
		if (reader->place < transition->n && is_ready(reader, delivery->now_ms))
			offer(reader, delivery);
	free(delivery->text);
	delivery->text = 0;
	return 0;
}

// The place of the reader that is furthest behind of those that can take something, or UINT64_MAX.
static uint64_t lowest_place(struct streams *streams, uint64_t now_ms)
{
	uint64_t lowest = UINT64_MAX;
	for (struct reader *reader = streams->readers; reader; reader = reader->next)
		if (is_ready(reader, now_ms) && reader->place < lowest)
			lowest = reader->place;
	return lowest;
}

// Gives what was gathered to the connections. Returns whether somebody could take more.
static bool flush_all(struct streams *streams, uint64_t now_ms)
{
	bool is_more = false;
	for (struct reader *reader = streams->readers, *next; reader; reader = next) {
		next = reader->next;
		reader->is_live |= reader->place >= streams->newest;
		is_more |= is_ready(reader, now_ms);
		flush(reader);
	}
	return is_more;
}

static void on_step(evutil_socket_t none, short what, void *context)
{
	struct streams *streams = context;
	uint64_t now_ms = clock_monotonic_ms();
	uint64_t lowest = lowest_place(streams, now_ms);
	struct delivery delivery = { .streams = streams, .now_ms = now_ms };
	int count = 0;
	(void)none, (void)what;
	if (lowest != UINT64_MAX) {
		count = store_transition_after(streams->sources->store, lowest, STREAM_BATCH, deliver, &delivery);
		if (count == 0)
			streams->newest = lowest; // a number was announced that is not there; the next one comes
	}
	if (flush_all(streams, now_ms) && count > 0) // an error is tried again with the next transition or keep-alive
		event_add(streams->step, &at_once);
}

static void on_keep_alive(evutil_socket_t none, short what, void *context)
{
	struct streams *streams = context;
	(void)none, (void)what;
	for (struct reader *reader = streams->readers, *next; reader; reader = next) {
		next = reader->next;
		if (!has_room(reader))
			continue;
		evbuffer_add_printf(reader->out, ": still here\n\n");
		flush(reader);
	}
	event_add(streams->step, &at_once);
}

void streams_wake(struct streams *streams, uint64_t n)
{
	if (n > streams->newest)
		streams->newest = n;
	if (streams->readers)
		event_add(streams->step, &at_once);
}

// ---- start and stop

struct streams *streams_new(struct event_base *base, const struct http_sources *sources)
{
	const struct timeval period = { STREAM_KEEP_ALIVE_S, 0 };
	struct streams *streams = calloc(1, sizeof *streams);
	if (!streams)
		return 0;
	streams->sources = sources;
	streams->step = evtimer_new(base, on_step, streams);
	streams->keep_alive = event_new(base, -1, EV_PERSIST, on_keep_alive, streams);
	if (!streams->step || !streams->keep_alive || event_add(streams->keep_alive, &period) < 0) {
		streams_free(streams);
		return 0;
	}
	return streams;
}

void streams_free(struct streams *streams)
{
	if (!streams)
		return;
	for (struct reader *reader = streams->readers, *next; reader; reader = next) {
		next = reader->next;
		evhttp_connection_set_closecb(evhttp_request_get_connection(reader->request), 0, 0);
		forget(reader);
	}
	if (streams->step)
		event_free(streams->step);
	if (streams->keep_alive)
		event_free(streams->keep_alive);
	free(streams);
}
