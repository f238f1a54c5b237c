// SPDX-License-Identifier: Apache-2.0
// A real server in this process with a store and a fleet of its own, and a client that asks it: one thread, both take turns.
#ifndef TESTS_COLLECTOR_HTTP_SERVED_H
#define TESTS_COLLECTOR_HTTP_SERVED_H
#include <event2/event.h>
#include <jansson.h>
#include <stdbool.h>
#include "collector/counters.h"
#include "collector/fleet/commands.h"
#include "collector/http/server.h"
#include "collector/store/store.h"

#define SERVED_TOKEN "0123456789abcdef"

struct served {
	char folder[64], listen[64];
	struct event_base *base;
	struct store *store;
	struct fleet *fleet;
	struct commands *commands;
	struct counters counters;
	struct http_server *server;
	struct http_settings settings;
	const char *not_ready; // words, or null
	int published;
};

struct reply {
	long status;
	json_t *json; // null if the body is not JSON
	char *body;
	size_t size;
	char headers[2048];
};

// A request, its status, and a piece of the answer: of the body, or of what the error says.
struct served_row {
	const char *method, *path, *token, *body;
	long status;
	const char *piece;
};

// Three devices (edge-1 healthy with two slots, edge-2 crashing, edge-3 new), the token SERVED_TOKEN named alice.
int served_set_up(void **state);
int served_tear_down(void **state);

// method: GET, POST, ... path from "/". token, body: null for none. Give the reply back with served_done().
struct reply served_ask(struct served *served, const char *method, const char *path, const char *token, const char *body);
// A GET of any address; a certificate is taken as it is. status 0: no answer.
struct reply served_ask_url(struct served *served, const char *url);
struct reply served_ask_host(struct served *served, const char *path, const char *host_header);

// Asks for each row and fails the test at the first that is answered otherwise; an error must name a place and a remedy, too.
void served_check(struct served *served, const struct served_row *rows, size_t count);

void served_done(struct reply *reply);

// A transition of the alert `name` (uid: in lower case) of a device, stored as the engine's are. Labels are alertname, severity, device, firmware 1.1.0;
// annotations summary, symptom, cause, remedy with the name in them. Returns its number; the server is woken.
struct served_alert {
	const char *device, *name;
	int from, to, severity; // enums of alerts/
	uint64_t at_ms, stored_ms, incident;
	double value, threshold;
};
uint64_t served_transition(struct served *served, const struct served_alert *alert);

#endif
