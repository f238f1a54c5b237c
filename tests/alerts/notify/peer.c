// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include "tests/alerts/notify/peer.h"

#include <event2/buffer.h>
#include <event2/http.h>
#include <event2/keyvalq_struct.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "alerts/notify/time_text.h"

enum { PATIENCE_MS = 10000 };

static void copy_header(struct evhttp_request *request, const char *name, char *to, size_t size)
{
	const char *value = evhttp_find_header(evhttp_request_get_input_headers(request), name);
	snprintf(to, size, "%s", value ? value : "");
}

static struct peer_request *keep(struct peer *peer, struct evhttp_request *request)
{
	struct evbuffer *body = evhttp_request_get_input_buffer(request);
	size_t size = evbuffer_get_length(body);
	struct peer_request *kept = &peer->requests[peer->count];
	assert_true(peer->count < PEER_REQUESTS_MAX);
	assert_int_equal(evhttp_request_get_command(request), EVHTTP_REQ_POST);
	kept->path = strdup(evhttp_request_get_uri(request));
	kept->body = calloc(1, size + 1);
	evbuffer_copyout(body, kept->body, size);
	copy_header(request, "Content-Type", kept->type, sizeof kept->type);
	copy_header(request, "Idempotency-Key", kept->key, sizeof kept->key);
	copy_header(request, "X-Attempt", kept->attempt, sizeof kept->attempt);
	copy_header(request, "X-Signature", kept->signature, sizeof kept->signature);
	return kept;
}

static struct peer_answer answer_to(struct peer *peer, const struct peer_request *request)
{
	if (peer->decide)
		return peer->decide(peer->context, request);
	unsigned last = peer->answer_count ? peer->answer_count - 1 : 0, at = peer->count < last ? peer->count : last;
	return peer->answer_count ? peer->answers[at] : (struct peer_answer){ 0 };
}

static void on_request(struct evhttp_request *request, void *context)
{
	struct peer *peer = context;
	struct peer_answer answer = answer_to(peer, keep(peer, request));
	struct evkeyvalq *headers = evhttp_request_get_output_headers(request);
	peer->count++;
	if (answer.status == PEER_NEVER)
		return;
	struct evbuffer *body = evbuffer_new();
	if (answer.retry_after)
		evhttp_add_header(headers, "Retry-After", answer.retry_after);
	if (answer.status == PEER_HALF) {
		evhttp_add_header(headers, "Content-Length", "1000");
		evhttp_add_header(headers, "Connection", "close");
		answer.status = 200;
	}
	evbuffer_add_printf(body, "%s", answer.body ? answer.body : "");
	evhttp_send_reply(request, answer.status ? answer.status : 200, "as told", body);
	evbuffer_free(body);
}

static void listen_on(struct peer *peer, unsigned short port)
{
	peer->http = evhttp_new(peer->base);
	evhttp_set_gencb(peer->http, on_request, peer);
	struct evhttp_bound_socket *bound = evhttp_bind_socket_with_handle(peer->http, "127.0.0.1", port);
	assert_non_null(bound);
	struct sockaddr_storage address;
	ev_socklen_t size = sizeof address;
	getsockname(evhttp_bound_socket_get_fd(bound), (struct sockaddr *)&address, &size);
	peer->port = ntohs(((const struct sockaddr_in *)&address)->sin_port);
	snprintf(peer->url, sizeof peer->url, "http://127.0.0.1:%u", peer->port);
}

void peer_start(struct peer *peer, struct event_base *base)
{
	memset(peer, 0, sizeof *peer);
	peer->base = base;
	listen_on(peer, 0);
}

void peer_stop(struct peer *peer)
{
	if (peer->http)
		evhttp_free(peer->http);
	peer->http = 0;
}

void peer_again(struct peer *peer)
{
	listen_on(peer, (unsigned short)peer->port);
}

void peer_free(struct peer *peer)
{
	peer_stop(peer);
	for (unsigned i = 0; i < peer->count; i++) {
		free(peer->requests[i].path);
		free(peer->requests[i].body);
	}
}

static void on_time(evutil_socket_t fd, short what, void *context)
{
	(void)fd, (void)what;
	event_base_loopbreak(context);
}

void peer_run(struct peer *peer, unsigned ms)
{
	struct timeval wait = { .tv_sec = ms / 1000, .tv_usec = (suseconds_t)(ms % 1000) * 1000 };
	event_base_once(peer->base, -1, EV_TIMEOUT, on_time, peer->base, &wait);
	event_base_dispatch(peer->base);
}

void peer_wait(struct peer *peer, const unsigned *count, unsigned least)
{
	uint64_t end_ms = time_monotonic_ms() + PATIENCE_MS;
	while (*count < least) {
		if (time_monotonic_ms() >= end_ms)
			fail_msg("only %u of %u after %d ms", *count, least, PATIENCE_MS);
		peer_run(peer, 5);
	}
}

json_t *peer_json(const struct peer *peer, unsigned request)
{
	json_error_t error;
	assert_true(request < peer->count);
	json_t *json = json_loads(peer->requests[request].body, 0, &error);
	if (!json)
		fail_msg("%s in %s", error.text, peer->requests[request].body);
	return json;
}

void peer_say(void *context, bool is_warning, const char *what, const char *where)
{
	struct peer *peer = context;
	size_t length = strlen(peer->said);
	peer->warnings += is_warning;
	snprintf(peer->said + length, sizeof peer->said - length, "%s|%s\n", what, where);
}
