// SPDX-License-Identifier: Apache-2.0
// Liveness tokens: each code path that must stay alive checks in by name before its deadline, or it is to blame for the reset.
//
// A token is fresh up to and including its deadline. One that rests is not watched until it checks in again (a writer without work).
// Memory: the caller's struct; names are kept by reference and must outlive it. Thread: one at a time; for check-ins from other
// threads the caller holds port->system->lock around every call. Time: monotonic milliseconds in 64 bits, so no 32-bit wrap; a
// check-in later than `now_ms` (another thread was faster) counts as just now.
#ifndef MU_HEALTH_LIVENESS_H
#define MU_HEALTH_LIVENESS_H
#include <stdbool.h>
#include <stdint.h>
#include "agent/image/err.h"

enum {
	MU_LIVENESS_MAX = 16,
	MU_LIVENESS_NONE = -1,
	MU_LIVENESS_DEADLINE_MIN_MS = 100,
	MU_LIVENESS_DEADLINE_MAX_MS = 3600000,
};

struct mu_liveness_token {
	uint64_t last_ms;
	const char *name;
	uint32_t deadline_ms : 24;
	uint32_t resting : 1;
};

struct mu_liveness {
	uint32_t count;
	uint32_t late_ms;  // longest time between two check-ins of any token, since boot; resting does not count
	uint32_t close_calls; // bits of tokens that used more than three quarters of their deadline since the last look
	struct mu_liveness_token token[MU_LIVENESS_MAX];
};

// What one look finds, for a caller that then no longer needs the lock. Tokens are MU_LIVENESS_NONE where there is none.
struct mu_liveness_look {
	uint64_t next_ms; // when the next token goes stale if nobody checks in; UINT64_MAX if none is watched; not after now_ms: one is
	int stale;        // the token that went stale first
	int suspect;      // that has used up the most of its deadline, if that is more than half: if the health loop itself hangs now
	uint32_t close_calls; // bits of those that used more than three quarters since the look before; they may have checked in again
	uint32_t late_ms; // as above
};

void mu_liveness_init(struct mu_liveness *liveness);

// A new token, checked in at now_ms. name: 1..15 printable ASCII characters. Returns the token (0..15), or MU_ERR_FULL,
// MU_ERR_INVALID (name), MU_ERR_RANGE (deadline).
int mu_liveness_add(struct mu_liveness *liveness, const char *name, uint32_t deadline_ms, uint64_t now_ms);

// A token that does not exist is ignored: a caller that got MU_ERR_FULL may go on using the result.
void mu_liveness_check_in(struct mu_liveness *liveness, int token, uint64_t now_ms);
void mu_liveness_rest(struct mu_liveness *liveness, int token);

struct mu_liveness_look mu_liveness_look(struct mu_liveness *liveness, uint64_t now_ms);

// "" for a token that does not exist.
const char *mu_liveness_name(const struct mu_liveness *liveness, int token);

#endif
