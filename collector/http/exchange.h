// SPDX-License-Identifier: Apache-2.0
// One request on its way to its answer: what a handler gets and how it replies. Inside collector/http only.
//
// A handler replies exactly once, with one of the reply_ functions, before it returns, or hands the request over to stream.h. Memory: all of it is
// the server's.
#ifndef COLLECTOR_HTTP_EXCHANGE_H
#define COLLECTOR_HTTP_EXCHANGE_H
#include <event2/http.h>
#include <jansson.h>
#include "collector/fleet/condition.h"
#include "collector/http/loop_lag.h"
#include "collector/http/query.h"
#include "collector/http/route.h"
#include "collector/http/server.h"
#include "collector/store/store_tokens.h"

struct streams;
struct fleet_summary;
struct own_key;

struct exchange {
	struct evhttp_request *request;
	const struct http_sources *sources;
	const struct http_settings *settings;
	const struct loop_lag *lag;
	struct streams *streams;
	struct fleet_summary *summary;
	const struct own_key *key; // null: musterd has none
	const char *path;
	struct route_parameters parameters;
	struct query query;
	json_t *body;  // of a POST, always an object
	char actor[STORE_TOKEN_NAME_BYTES]; // of a route that needs a token
	uint64_t now_ms; // Unix time of the request
	struct condition_view view;
};

typedef void exchange_handler(struct exchange *exchange);

// Takes the value over.
void reply_json(struct exchange *exchange, int status, json_t *value);
void reply_text(struct exchange *exchange, int status, const char *type, const char *text, size_t size);

// {"error": {what, where, remedy}}; where is what the request named, often the path.
void reply_error(struct exchange *exchange, int status, const char *where, const char *remedy, const char *what, ...)
	__attribute__((format(printf, 5, 6)));

void reply_store_error(struct exchange *exchange); // 503 with the last fault of the store

// What commands.h refused (enum commands_error), with its row in the audit log.
void reply_command_error(struct exchange *exchange, const char *device, int err);

// A row of the audit log, under the name of the token.
void exchange_audit(struct exchange *exchange, const char *action, const char *target, const char *detail, const char *outcome);

// The text of a member of the body, or null: the error has been sent.
const char *exchange_member(struct exchange *exchange, const char *name);

// The device named in the path, or null: the error has been sent.
struct device *exchange_device(struct exchange *exchange);

// Numbers of the query. 0, or -1: the error has been sent.
int exchange_number(struct exchange *exchange, const char *name, uint64_t min, uint64_t max, uint64_t *value);

enum { PAGE_DEFAULT = 100, PAGE_MAX = 1000 };

#endif
