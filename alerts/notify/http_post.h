// SPDX-License-Identifier: Apache-2.0
// Posts JSON over HTTP and HTTPS without blocking: libcurl's multi interface on the caller's libevent loop. Certificates are checked against
// the CAs of the system; redirects are not followed; only http and https. Proxies as libcurl reads them from the environment, but never
// for loopback.
//
// Bounded: a request takes at most its timeout, name look-up and connecting included; of an answer HTTP_POST_BODY_BYTES are kept, and one
// longer than HTTP_POST_ANSWER_MAX is broken off as a failure.
// Thread: the loop's; libcurl looks names up in a thread of its own. http_poster_free() gives up what is under way without calling back.
#ifndef ALERTS_NOTIFY_HTTP_POST_H
#define ALERTS_NOTIFY_HTTP_POST_H
#include <stddef.h>
#include <stdint.h>

struct event_base;
struct http_poster;

enum { HTTP_POST_BODY_BYTES = 512, HTTP_POST_ANSWER_MAX = 1024 * 1024, HTTP_POST_HEADERS_MAX = 4 };

struct http_answer {
	long status;             // 0: there was no whole answer
	const char *problem;     // then why; else ""
	uint64_t retry_after_ms; // Retry-After, seconds or date; 0: none
	const char *body;        // its beginning, as text
};

// Called from the loop, never from http_post(). The answer lives until it returns; it may post again.
typedef void http_post_done(void *context, const struct http_answer *answer);

struct http_post {
	const char *url;
	const char *headers[HTTP_POST_HEADERS_MAX]; // `Name: value`, besides Content-Type: application/json; 0 ends them
	const void *body;
	size_t size;
	uint32_t timeout_ms;
	http_post_done *done;
	void *context;
};

struct http_poster *http_poster_new(struct event_base *base); // 0: no memory
void http_poster_free(struct http_poster *poster);            // 0 is allowed

// Copies all of it. 0, or -1: no memory; then done() is not called.
int http_post(struct http_poster *poster, const struct http_post *post);

// Whether text is a URL that can be posted to: http or https, a host, no user and password in it, no query where is_base (something is
// appended then). 0, or the reason.
const char *http_post_url_problem(const char *text, int is_base);

// The URL without its path and query, which may hold a secret: scheme://HOST[:PORT], as the log may name it. place: capacity >= 1 bytes.
void http_post_url_place(const char *text, char *place, size_t capacity);

#endif
