// SPDX-License-Identifier: Apache-2.0
// A token bucket: at most `burst` at once and `per_minute` in the long run; what is refused is counted.
//
// Full at init. Time that goes back (it does not, but a caller may err) gives nothing. Pure. Memory: the caller's struct. Thread: one at a
// time. Time: monotonic milliseconds.
#ifndef MU_UPLINK_RATE_H
#define MU_UPLINK_RATE_H
#include <stdbool.h>
#include <stdint.h>

struct mu_rate {
	uint16_t per_minute, burst;
	uint32_t credit; // in thousandths of a minute's share: one token is 60 000
	uint32_t refused; // since init; stays at its largest value
	uint64_t at_ms; // credit is as of then
};

enum { MU_RATE_MAX = 1000 }; // of per_minute and burst

// per_minute, burst: 1 .. MU_RATE_MAX; others are moved into it.
void mu_rate_init(struct mu_rate *rate, uint32_t per_minute, uint32_t burst, uint64_t now_ms);

// Takes one. False: it must not be done; counted.
bool mu_rate_take(struct mu_rate *rate, uint64_t now_ms);

#endif
