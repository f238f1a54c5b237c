// SPDX-License-Identifier: Apache-2.0
// How long to wait before the next try. Full jitter: a random time between 0 and the delay, so that a fleet that lost its broker in the same
// second does not come back in the same second.
//
//   a session that held was lost:              at random within `spread`
//   a try failed, or a session did not hold:   at random within 1 s, 2 s, 4 s ... 60 s; since a loss: but never within less than 2 `spread`
//   a try failed because there is no room:     at random within 30 s, 60 s, 120 s ... 300 s
//
// The 2 `spread` keep a fleet of N whose broker is away for longer than a moment below 2 N / spread tries a second: with retries within seconds the
// late ones of the first round would meet all retries of the early ones.
//
// A session held if an Ack came in it, or if it lasted 60 s. One that is accepted and then dropped is a failed try: a broker that takes every
// connection and drops it again would otherwise be called on by the whole fleet without a pause.
//
// Pure: time and random numbers come in. Memory: the caller's. Thread: one at a time. Time: monotonic milliseconds.
#ifndef MU_BACKOFF_H
#define MU_BACKOFF_H
#include <stdbool.h>
#include <stdint.h>

enum {
	MU_BACKOFF_FIRST_MS = 1000,
	MU_BACKOFF_MAX_MS = 60000,
	MU_BACKOFF_HELD_MS = 60000,
	MU_BACKOFF_EASED_FIRST_MS = 30000,
	MU_BACKOFF_EASED_MAX_MS = 300000
};

struct mu_backoff {
	uint32_t spread_ms;
	uint8_t failures;  // in a row, at most 255; decides the next delay
	bool open, held;   // held: an Ack came
	bool lost;         // one that held; and none has since
	uint64_t opened_ms;
};

// spread_ms: 0 .. 3 600 000, larger is cut; 0: the first try after a loss comes at once.
void mu_backoff_init(struct mu_backoff *backoff, uint32_t spread_ms);
void mu_backoff_opened(struct mu_backoff *backoff, uint64_t now_ms);
void mu_backoff_held(struct mu_backoff *backoff);
bool mu_backoff_settle(struct mu_backoff *backoff, uint64_t now_ms); // forgets the failures if what is open has held by now; true if so

// Each: how long to wait from now_ms, in ms. random: 32 random bits. A loss without an open session counts as a failed try.
uint32_t mu_backoff_lost_ms(struct mu_backoff *backoff, uint64_t now_ms, uint32_t random);
uint32_t mu_backoff_failed_ms(struct mu_backoff *backoff, uint32_t random);
uint32_t mu_backoff_eased_ms(struct mu_backoff *backoff, uint32_t random);

#endif
