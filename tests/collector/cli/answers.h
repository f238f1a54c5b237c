// SPDX-License-Identifier: Apache-2.0
// A server in a thread of its own that gives prepared answers, for clients that block. The first row that fits answers and is used up, if it
// has a number of times. What was asked is kept for the test to read after answers_stop().
#ifndef TESTS_COLLECTOR_CLI_ANSWERS_H
#define TESTS_COLLECTOR_CLI_ANSWERS_H
#include <stddef.h>

enum { ANSWERS_ASKED_MAX = 32 };

struct answers_row {
	const char *path; // with its query; a piece of it is enough
	int status;
	const char *body;
	int times; // 0: always
};

struct answers_asked {
	char line[400]; // "GET /path?query"
	char token[64]; // what the Authorization header said
	char body[4096];
};

struct answers;

// rows end with a null path; they stay the caller's until answers_stop(). What no row fits is answered with 404 and no JSON.
struct answers *answers_start(struct answers_row *rows);
const char *answers_url(const struct answers *answers); // "http://127.0.0.1:PORT"

// Ends the thread. Gives what was asked, in order, and its count (at most ANSWERS_ASKED_MAX); it lives until answers_free().
const struct answers_asked *answers_stop(struct answers *answers, size_t *count);
void answers_free(struct answers *answers);

#endif
