// SPDX-License-Identifier: Apache-2.0
#include "collector/http/exchange.h"
#include "collector/counters.h"
#include "collector/http/json_text.h"
#include "collector/store/store_audit.h"
#include <event2/buffer.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const struct {
	int status;
	const char *phrase;
} phrases[] = {
	{ 200, "OK" },           { 202, "Accepted" },           { 400, "Bad Request" },       { 401, "Unauthorized" },
	{ 403, "Forbidden" },    { 404, "Not Found" },          { 405, "Method Not Allowed" }, { 409, "Conflict" },
	{ 429, "Too Many Requests" }, { 500, "Internal Server Error" }, { 503, "Service Unavailable" },
};

static const char *phrase_of(int status)
{
	for (size_t i = 0; i < sizeof phrases / sizeof *phrases; i++)
		if (phrases[i].status == status)
			return phrases[i].phrase;
	return "Unknown";
}

static int append(const char *bytes, size_t size, void *buffer)
{
	return evbuffer_add(buffer, bytes, size);
}

static void send_reply(struct exchange *exchange, int status, const char *type, struct evbuffer *body)
{
	struct evkeyvalq *headers = evhttp_request_get_output_headers(exchange->request);
	evhttp_add_header(headers, "Content-Type", type);
	evhttp_add_header(headers, "Cache-Control", "no-store");
	evhttp_add_header(headers, "X-Content-Type-Options", "nosniff");
	if (status >= 400)
		exchange->sources->counters->http_errors++;
	evhttp_send_reply(exchange->request, status, phrase_of(status), body);
}

void reply_json(struct exchange *exchange, int status, json_t *value)
{
	struct evbuffer *body = evbuffer_new();
	if (!body || !value || json_dump_callback(value, append, body, JSON_COMPACT | JSON_REAL_PRECISION(15)) < 0) {
		evhttp_send_error(exchange->request, 500, "out of memory");
	} else {
		evbuffer_add(body, "\n", 1);
		send_reply(exchange, status, "application/json", body);
	}
	if (body)
		evbuffer_free(body);
	json_decref(value);
}

void reply_text(struct exchange *exchange, int status, const char *type, const char *text, size_t size)
{
	struct evbuffer *body = evbuffer_new();
	if (!body || evbuffer_add(body, text, size) < 0)
		evhttp_send_error(exchange->request, 500, "out of memory");
	else
		send_reply(exchange, status, type, body);
	if (body)
		evbuffer_free(body);
}

void reply_error(struct exchange *exchange, int status, const char *where, const char *remedy, const char *what, ...)
{
	char text[256];
	va_list arguments;
	va_start(arguments, what);
	vsnprintf(text, sizeof text, what, arguments);
	va_end(arguments);
	reply_json(exchange, status,
		json_pack("{s:{s:o,s:o,s:s}}", "error", "what", json_text(text, strlen(text)), "where", json_text(where, strlen(where)),
			"remedy", remedy));
}

struct device *exchange_device(struct exchange *exchange)
{
	const char *id = exchange->parameters.text[0];
	struct device *device = fleet_find(exchange->sources->fleet, id);
	if (!device)
		reply_error(exchange, 404, id, "`muster devices` lists the devices that have reported",
			"no device with this id has ever reported");
	return device;
}

int exchange_number(struct exchange *exchange, const char *name, uint64_t min, uint64_t max, uint64_t *value)
{
	if (query_number(&exchange->query, name, min, max, value) == 0)
		return 0;
	reply_error(exchange, 400, name, "give a whole number within the range", "parameter %s must be a number from %llu to %llu", name,
		(unsigned long long)min, (unsigned long long)max);
	return -1;
}

void exchange_audit(struct exchange *exchange, const char *action, const char *target, const char *detail, const char *outcome)
{
	const struct store_audit row = { .at_ms = exchange->now_ms,
		.actor = exchange->actor,
		.action = action,
		.target = target,
		.detail = detail,
		.outcome = outcome };
	if (store_audit_add(exchange->sources->store, &row) < 0)
		exchange->sources->counters->audit_failed++;
}

void reply_store_error(struct exchange *exchange)
{
	const struct store_fault *fault = store_fault(exchange->sources->store);
	reply_error(exchange, 503, fault->where, fault->remedy, "%s", fault->what);
}

const char *exchange_member(struct exchange *exchange, const char *name)
{
	const char *text = json_string_value(json_object_get(exchange->body, name));
	if (!text)
		reply_error(exchange, 400, name, "see collector/http/README.md for the body of this request",
			"the body must have a text \"%s\"", name);
	return text;
}
