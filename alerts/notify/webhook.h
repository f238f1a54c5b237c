// SPDX-License-Identifier: Apache-2.0
// Posts alerts as JSON in the shape of Alertmanager's webhook (version "4"), so that existing receivers work, to one URL. In the order of
// the transitions, each at least once: the owner's cursor moves only when the receiver said 2xx.
//
// A post has at most WEBHOOK_BATCH notices. Headers: Idempotency-Key (first and last number of its transitions), X-Attempt, and with a secret
// X-Signature: sha256=HMAC-SHA256(secret, body) in hex. Each alert also has `transition` and `incident`, by which a receiver knows what it
// had before. A severity that changes is two alerts: the one with the old label is resolved, the one with the new label fires.
//
// What is refused for its contents (400, 413, 422) is sent again in halves until the offender stands alone, which is refused for good:
// counted, said, passed. Everything else (5xx, 429, other 4xx, no answer in time) holds up the rest and is tried again, doubling from 1 s to
// 60 s with jitter, or later if Retry-After says so.
// Uses libcurl on the caller's event loop, never blocks. Memory: one batch. Thread: the loop's.
#ifndef ALERTS_NOTIFY_WEBHOOK_H
#define ALERTS_NOTIFY_WEBHOOK_H
#include "alerts/notify/notice.h"

struct event_base;
struct webhook;

enum { WEBHOOK_BATCH = 64 };

struct webhook_calls {
	// Calls each() with the notices behind number `after`, in order, at most `most`; a notice lives until each() returns. *through gets the
	// number up to which the log was looked at (transitions that are no notices are passed over). Returns how many, or negative: not now.
	int (*read)(void *context, uint64_t after, unsigned most, void (*each)(void *to, const struct notice *notice), void *to,
		uint64_t *through);
	void (*delivered)(void *context, uint64_t through); // the cursor may move to here
	// A line for the log; may be 0. where may hold bytes from outside.
	void (*say)(void *context, bool is_warning, const char *what, const char *where);
	void *context;
};

struct webhook_settings {
	const char *url;
	const char *secret;       // "": no signature
	const char *external_url; // of musterd's page, "": none
	uint32_t timeout_ms;
	uint64_t after; // where the cursor stands
};

// 0: *problem (256 bytes) says what is wrong with the settings.
struct webhook *webhook_new(struct event_base *base, const struct webhook_settings *settings, const struct webhook_calls *calls,
	char *problem);
void webhook_free(struct webhook *webhook); // 0 is allowed

void webhook_wake(struct webhook *webhook); // there may be more to read
void webhook_counts(const struct webhook *webhook, struct notify_counts *counts);

#endif
