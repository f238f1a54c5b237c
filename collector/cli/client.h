// SPDX-License-Identifier: Apache-2.0
// Asks musterd over HTTP. Answers are JSON; what goes wrong is told on `err` in the server's own words, with the remedy.
//
// The token comes from MUSTER_TOKEN, the file MUSTER_TOKEN_FILE or ~/.config/muster/token, is sent with actions only, and never without
// TLS to another machine. 10 s a request, 64 MiB an answer. Thread: one. Memory: client_free() gives all back; answers are the caller's.
#ifndef COLLECTOR_CLI_CLIENT_H
#define COLLECTOR_CLI_CLIENT_H
#include <jansson.h>
#include <signal.h>
#include <stdio.h>

struct client;

struct client *client_new(const char *server, FILE *err); // server null: from the environment or the default. Null: no memory
void client_free(struct client *client);

const char *client_server(const struct client *client);

// The answer if the status is 2xx, else null and the error has been told on err.
json_t *client_get(struct client *client, const char *path);
json_t *client_post(struct client *client, const char *path, const json_t *body);

// Reads an answer without an end, piece by piece.
typedef int client_take(void *context, const char *bytes, size_t size); // other than 0: enough

enum client_end {
	CLIENT_ENOUGH,      // take() had enough, or *stop was set
	CLIENT_LOST,        // the connection was there and ended, or nothing came for 30 s
	CLIENT_UNREACHABLE, // no connection, or a status of 5xx: may be better later; told on err
	CLIENT_REFUSED,     // another status; told on err
};

// stop is looked at about once a second.
enum client_end client_stream(struct client *client, const char *path, client_take *take, void *context, const volatile sig_atomic_t *stop);

// Status of the last answer, 0: there was none.
long client_status(const struct client *client);

// Tells nothing on err from now on (a poll that is tried again, completion).
void client_set_quiet(struct client *client, int quiet);

#endif
