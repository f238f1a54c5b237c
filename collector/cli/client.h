// SPDX-License-Identifier: Apache-2.0
// Asks musterd over HTTP. Answers are JSON; what goes wrong is told on `err` in the server's own words, with the remedy.
//
// The token comes from MUSTER_TOKEN, the file MUSTER_TOKEN_FILE or ~/.config/muster/token, is sent with actions only, and never without
// TLS to another machine. 10 s a request, 64 MiB an answer. Thread: one. Memory: client_free() gives all back; answers are the caller's.
#ifndef COLLECTOR_CLI_CLIENT_H
#define COLLECTOR_CLI_CLIENT_H
#include <jansson.h>
#include <stdio.h>

struct client;

struct client *client_new(const char *server, FILE *err); // server null: from the environment or the default. Null: no memory
void client_free(struct client *client);

const char *client_server(const struct client *client);

// The answer if the status is 2xx, else null and the error has been told on err.
json_t *client_get(struct client *client, const char *path);
json_t *client_post(struct client *client, const char *path, const json_t *body);

// Status of the last answer, 0: there was none.
long client_status(const struct client *client);

// Tells nothing on err from now on (a poll that is tried again, completion).
void client_set_quiet(struct client *client, int quiet);

#endif
