// SPDX-License-Identifier: Apache-2.0
#include "collector/http/api.h"
#include "collector/http/alert_query.h"
#include "collector/http/stream.h"
#include <stdlib.h>
#include <string.h>

// The header that a browser sends when it comes back. 0, or -1: the error has been sent.
static int read_last_id(struct exchange *exchange, struct stream_ask *ask)
{
	const char *text = evhttp_find_header(evhttp_request_get_input_headers(exchange->request), "Last-Event-ID");
	if (!text)
		return 0;
	size_t length = strspn(text, "0123456789");
	if (!length || length > 18 || text[length]) {
		reply_error(exchange, 400, "Last-Event-ID", "send the id of the last event, or leave it out",
			"the header Last-Event-ID must be the number of a transition");
		return -1;
	}
	ask->has_place = true;
	ask->after = strtoull(text, 0, 10);
	return 0;
}

static int read_place(struct exchange *exchange, struct stream_ask *ask)
{
	uint64_t since_ms = 0;
	bool has_after = query_get(&exchange->query, "after"), has_since = query_get(&exchange->query, "since");
	if (exchange_number(exchange, "after", 0, INT64_MAX, &ask->after) < 0 ||
		exchange_number(exchange, "since", 0, INT64_MAX, &since_ms) < 0)
		return -1;
	if (has_after && has_since) {
		reply_error(exchange, 400, "after, since", "give one of the two", "these parameters exclude each other");
		return -1;
	}
	ask->has_place = has_after || has_since;
	if (has_since && transition_since(exchange->sources->store, since_ms, &ask->after) < 0) {
		reply_store_error(exchange);
		return -1;
	}
	return read_last_id(exchange, ask);
}

void api_alert_stream(struct exchange *exchange)
{
	struct matchers matchers;
	struct stream_ask ask = { .matchers = &matchers };
	uint64_t pending = 0;
	if (exchange_number(exchange, "pending", 0, 1, &pending) < 0 || read_place(exchange, &ask) < 0)
		return;
	ask.with_pending = pending;
	if (evhttp_request_get_command(exchange->request) == EVHTTP_REQ_HEAD) {
		reply_text(exchange, 200, "text/event-stream; charset=utf-8", "", 0);
		return;
	}
	if (streams_are_full(exchange->streams)) {
		reply_error(exchange, 503, exchange->path, "end one of them, or read /api/v1/alerts/log now and then",
			"%d streams are open, that is the most", STREAMS_MAX);
		return;
	}
	if (exchange_matchers(exchange, &matchers) < 0)
		return;
	if (streams_open(exchange->streams, exchange->request, &ask) < 0) {
		matchers_free(&matchers);
		reply_error(exchange, 503, exchange->path, "try again", "no memory for a stream");
	}
}
