// SPDX-License-Identifier: Apache-2.0
#include "tests/collector/cli/answers.h"
#include <arpa/inet.h>
#include <stdarg.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <event2/buffer.h>
#include <event2/event.h>
#include <event2/http.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

struct answers {
	struct answers_row *rows;
	struct answers_asked asked[ANSWERS_ASKED_MAX];
	size_t count;
	struct event_base *base;
	struct evhttp *http;
	pthread_t thread;
	atomic_bool is_over;
	char url[64];
};

static void keep(struct answers *answers, struct evhttp_request *request)
{
	struct evbuffer *input = evhttp_request_get_input_buffer(request);
	const char *token = evhttp_find_header(evhttp_request_get_input_headers(request), "Authorization");
	if (answers->count == ANSWERS_ASKED_MAX)
		return;
	struct answers_asked *asked = &answers->asked[answers->count++];
	snprintf(asked->line, sizeof asked->line, "%s %s", evhttp_request_get_command(request) == EVHTTP_REQ_POST ? "POST" : "GET",
		evhttp_request_get_uri(request));
	snprintf(asked->token, sizeof asked->token, "%s", token ? token : "");
	evbuffer_copyout(input, asked->body, sizeof asked->body - 1);
}

static void answer(struct evhttp_request *request, void *context)
{
	struct answers *answers = context;
	struct answers_row *row = answers->rows;
	const char *uri = evhttp_request_get_uri(request);
	keep(answers, request);
	while (row->path && (row->times < 0 || !strstr(uri, row->path)))
		row++;
	if (row->times > 0 && --row->times == 0)
		row->times = -1; // used up
	struct evbuffer *body = evbuffer_new();
	evbuffer_add_printf(body, "%s", row->path ? row->body : "nothing here");
	evhttp_send_reply(request, row->path ? row->status : 404, "as prepared", body);
	evbuffer_free(body);
}

static void *serve(void *context)
{
	struct answers *answers = context;
	const struct timeval soon = { 0, 5000 };
	while (!answers->is_over) {
		event_base_loopexit(answers->base, &soon);
		event_base_dispatch(answers->base);
	}
	return 0;
}

struct answers *answers_start(struct answers_row *rows)
{
	struct answers *answers = calloc(1, sizeof *answers);
	answers->rows = rows;
	answers->base = event_base_new();
	answers->http = evhttp_new(answers->base);
	evhttp_set_gencb(answers->http, answer, answers);
	struct evhttp_bound_socket *bound = evhttp_bind_socket_with_handle(answers->http, "127.0.0.1", 0);
	assert_non_null(bound);
	struct sockaddr_in address;
	socklen_t size = sizeof address;
	assert_int_equal(getsockname(evhttp_bound_socket_get_fd(bound), (struct sockaddr *)&address, &size), 0);
	snprintf(answers->url, sizeof answers->url, "http://127.0.0.1:%u", ntohs(address.sin_port));
	assert_int_equal(pthread_create(&answers->thread, 0, serve, answers), 0);
	return answers;
}

const char *answers_url(const struct answers *answers)
{
	return answers->url;
}

const struct answers_asked *answers_stop(struct answers *answers, size_t *count)
{
	answers->is_over = 1;
	pthread_join(answers->thread, 0);
	*count = answers->count;
	return answers->asked;
}

void answers_free(struct answers *answers)
{
	evhttp_free(answers->http);
	event_base_free(answers->base);
	free(answers);
}
