// SPDX-License-Identifier: Apache-2.0
// A receiver of posts in this process that answers as it is told: error codes, late, never, half. (The real Alertmanager is in tests/e2e.)
#ifndef TESTS_ALERTS_NOTIFY_PEER_H
#define TESTS_ALERTS_NOTIFY_PEER_H
#include <event2/event.h>
#include <jansson.h>
#include <stdbool.h>

struct evhttp;

enum { PEER_REQUESTS_MAX = 1024, PEER_NEVER = -1, PEER_HALF = -2 }; // statuses that are none: no answer at all, half of one

struct peer_answer {
	int status; // 0: 200
	const char *retry_after;
	const char *body;
};

struct peer_request {
	char *path, *body;
	char type[64], key[64], attempt[16], signature[96];
};

struct peer {
	struct event_base *base;
	struct evhttp *http;
	unsigned port;
	char url[64];
	const struct peer_answer *answers; // one after the other, the last again and again; 0: 200
	unsigned answer_count;
	// If set, decides instead of the answers.
	struct peer_answer (*decide)(void *context, const struct peer_request *request);
	void *context;
	unsigned count;
	struct peer_request requests[PEER_REQUESTS_MAX];
	char said[4096]; // the lines that peer_say() was given
	unsigned warnings;
};

void peer_start(struct peer *peer, struct event_base *base);
void peer_stop(struct peer *peer);  // nothing listens any more
void peer_again(struct peer *peer); // on the same port
void peer_free(struct peer *peer);

// Runs the loop until *count is at least `least`; fails the test after 10 s.
void peer_wait(struct peer *peer, const unsigned *count, unsigned least);
void peer_run(struct peer *peer, unsigned ms); // runs the loop for so long

// The body of a request as JSON; the test fails if it is none. To be released.
json_t *peer_json(const struct peer *peer, unsigned request);

// For the say callbacks: context is the peer.
void peer_say(void *context, bool is_warning, const char *what, const char *where);

#endif
