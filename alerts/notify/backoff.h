// SPDX-License-Identifier: Apache-2.0
// How long to wait before a failed request is tried again: doubling from BACKOFF_FIRST_MS to BACKOFF_MOST_MS, of which a random part of at
// most half is taken off, so that many senders do not come back in step. What the other side asks for (Retry-After) is the least.
// Pure. Memory: the caller's struct, zeroed: nothing has failed.
#ifndef ALERTS_NOTIFY_BACKOFF_H
#define ALERTS_NOTIFY_BACKOFF_H
#include <stdint.h>

enum { BACKOFF_FIRST_MS = 1000, BACKOFF_MOST_MS = 60 * 1000, BACKOFF_ASKED_MOST_MS = 3600 * 1000 };

struct backoff {
	unsigned failures; // in a row
};

// One more failure. random: any number, evenly spread. asked_ms: by the other side, 0: nothing; more than BACKOFF_ASKED_MOST_MS is that.
// Returns how long to wait.
uint32_t backoff_fail(struct backoff *backoff, uint32_t random, uint64_t asked_ms);
void backoff_reset(struct backoff *backoff);

#endif
