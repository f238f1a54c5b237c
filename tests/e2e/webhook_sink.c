// SPDX-License-Identifier: Apache-2.0
// Takes HTTP posts on a port of loopback and keeps them, for tests of what is sent out:
//
//   e2e-webhook-sink PORT FOLDER
//
// Each post is one line of FOLDER/log: {"n", "at_ms", "path", "key", "attempt", "signature", "body"}, body as JSON (null if it is none), and
// as it came in FOLDER/N.body. Answers 200, or the number in FOLDER/status if there is one. Runs until a signal ends it.
#include <event2/buffer.h>
#include <event2/event.h>
#include <event2/http.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { PATH_BYTES = 1024, BODY_MAX = 16 * 1024 * 1024, LINE_MAX_BYTES = 4 * 1024 * 1024 };

struct sink {
	const char *folder;
	FILE *log;
	unsigned count;
};

static FILE *open_file(const struct sink *sink, const char *name, const char *mode)
{
	char path[PATH_BYTES];
	snprintf(path, sizeof path, "%s/%s", sink->folder, name);
	return fopen(path, mode);
}

static int status_now(const struct sink *sink)
{
	int status = 200;
	FILE *file = open_file(sink, "status", "r");
	if (file && fscanf(file, "%d", &status) != 1)
		status = 200;
	if (file)
		fclose(file);
	return status;
}

static json_int_t now_ms(void)
{
	struct timespec now;
	clock_gettime(CLOCK_REALTIME, &now);
	return (json_int_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void keep_body(const struct sink *sink, const void *body, size_t size)
{
	char name[32];
	snprintf(name, sizeof name, "%u.body", sink->count);
	FILE *file = open_file(sink, name, "w");
	if (!file || fwrite(body, 1, size, file) != size)
		perror(name);
	if (file)
		fclose(file);
}

static const char *header(struct evhttp_request *request, const char *name)
{
	const char *value = evhttp_find_header(evhttp_request_get_input_headers(request), name);
	return value ? value : "";
}

static void on_request(struct evhttp_request *request, void *context)
{
	struct sink *sink = context;
	struct evbuffer *input = evhttp_request_get_input_buffer(request);
	size_t size = evbuffer_get_length(input);
	const char *body = size ? (const char *)evbuffer_pullup(input, -1) : "";
	json_t *json = json_loadb(body, size, 0, 0);
	int status = status_now(sink);
	sink->count++;
	keep_body(sink, body, size);
	json_t *line = json_pack("{s:i, s:I, s:s, s:i, s:s, s:s, s:s, s:o}", "n", (int)sink->count, "at_ms", now_ms(), "path",
		evhttp_request_get_uri(request), "status", status, "key", header(request, "Idempotency-Key"), "attempt",
		header(request, "X-Attempt"), "signature", header(request, "X-Signature"), "body", json ? json : json_null());
	json_dumpf(line, sink->log, JSON_COMPACT);
	fputc('\n', sink->log);
	fflush(sink->log);
	json_decref(line);
	evhttp_send_reply(request, status, "as told", 0);
}

int main(int argc, char **argv)
{
	if (argc != 3) {
		fprintf(stderr, "usage: e2e-webhook-sink PORT FOLDER\n");
		return 2;
	}
	struct sink sink = { .folder = argv[2] };
	struct event_base *base = event_base_new();
	struct evhttp *http = evhttp_new(base);
	sink.log = open_file(&sink, "log", "a");
	if (!sink.log || evhttp_bind_socket(http, "127.0.0.1", (ev_uint16_t)strtoul(argv[1], 0, 10)) < 0) {
		perror("e2e-webhook-sink");
		return 1;
	}
	setvbuf(sink.log, 0, _IOFBF, LINE_MAX_BYTES); // each line is one write(), so that a kill tears none
	evhttp_set_max_body_size(http, BODY_MAX);
	evhttp_set_gencb(http, on_request, &sink);
	return event_base_dispatch(base) < 0;
}
