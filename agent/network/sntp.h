// SPDX-License-Identifier: Apache-2.0
// SNTP client (RFC 4330, with what RFC 5905 says of kisses and timestamps) over port->udp: when to ask whom, and what to believe.
//
//   a round   the servers in their order, each once and for 3 s at most, until one answers: over in 9 s at the latest
//   begins    when the link comes up, unless the last round was within the hour before and had its answer; then each 48 to 60 minutes, so that
//             an answer is never older than an hour and the devices of a fleet do not stay in step
//   failed    when none has answered: the next one after 30 to 60 s, doubling up to 30 to 60 minutes
//   never     a server within 15 s of the last request to it; RATE: not for 2 h, doubling up to 32 h; DENY, RSTR: not again in this boot
//
// An answer counts if it is one: mode 4, version 3 or 4, leap not 3, stratum 1 to 15, the random number that was sent, a transmit time within
// 2020 .. 2099 (seconds below 2^31 are those of the era that begins in 2036) and not below the floor, root distance below 1.5 s. A kiss counts only
// with that number, too. Whose answer does not count has not answered, and the next one is asked.
// Time taken: the server's transmit time plus half of the way there and back, without the time that the server had it.
//
// Not authenticated: who sits on the way can give any time; see clock.h for what that may do.
// Memory: the caller's; server names are kept by reference. Thread: the one that steps the agent. Time: monotonic milliseconds.
#ifndef MU_SNTP_H
#define MU_SNTP_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "agent/event.h"
#include "agent/port/port.h"

enum {
	MU_SNTP_SERVERS = 3,
	MU_SNTP_PORT = 123,
	MU_SNTP_HOST_MAX = 63, // characters of a server's name
	MU_SNTP_PACKET_BYTES = 48,
	MU_SNTP_NONCE_BYTES = 8,
	MU_SNTP_WAIT_MS = 3000, // for one server, its name included
	MU_SNTP_FIRST_MS = 10000, // after the link came up: who waits for the first answer waits no longer
	MU_SNTP_SPACING_MS = 15000,
	MU_SNTP_PERIOD_MS = 3600000,
	MU_SNTP_JITTER_MS = 720000,
	MU_SNTP_RETRY_MS = 60000,
	MU_SNTP_RATE_MS = 3600000,
	MU_SNTP_RATE_DOUBLINGS = 5,
	MU_SNTP_DISTANCE_MS = 1500,
};

enum mu_sntp_verdict { // of one answer
	MU_SNTP_GOOD,
	MU_SNTP_SHORT, // below 48 bytes
	MU_SNTP_NOT_OURS, // another number than was sent: late, or forged
	MU_SNTP_NOT_AN_ANSWER, // mode or version
	MU_SNTP_UNSYNCHRONIZED, // leap 3, stratum above 15, no transmit time, or too far from its own source
	MU_SNTP_MAD, // a time outside of 2020 .. 2099, or below the floor
	MU_SNTP_KISS_RATE,
	MU_SNTP_KISS_DENY, // DENY or RSTR
	MU_SNTP_KISS, // another kiss: no time now
	MU_SNTP_VERDICTS
};

enum mu_sntp_news { // what the caller hears of an event or a step
	MU_SNTP_NOTHING,
	MU_SNTP_TIME, // *wall_ms is the Unix time of now
	MU_SNTP_ROUND_FAILED, // no server has answered
};

struct mu_sntp {
	const struct mu_port *port;
	const char *servers[MU_SNTP_SERVERS]; // HOST or HOST:PORT, without holes
	uint64_t not_before_ms[MU_SNTP_SERVERS]; // UINT64_MAX: not again
	uint8_t rates[MU_SNTP_SERVERS]; // kisses RATE in a row
	uint8_t count, at; // at: the server that is asked, or comes next
	bool link_up, in_round, waiting, answered; // waiting: for a server; answered: in this boot
	uint8_t doublings; // rounds failed in a row, at most 6
	uint8_t nonce[MU_SNTP_NONCE_BYTES];
	uint32_t failures; // servers that did not answer, in a row
	const char *failed, *why; // the last of them; why is static text
	uint64_t floor_ms; // Unix time
	uint64_t due_ms; // waiting: the end of the patience; else the next round or server; UINT64_MAX: none
	uint64_t first_until_ms; // end of the first wait; UINT64_MAX: no link has been up yet
};

// servers: from the first on, null where there is none; all null: no SNTP. floor_ms: Unix time; whoever tells an earlier one has not answered; 0 for
// 2020. 0; MU_ERR_INVALID: a name is empty or too long, or its port is none.
int mu_sntp_init(struct mu_sntp *sntp, const struct mu_port *port, const char *const servers[MU_SNTP_SERVERS], uint64_t floor_ms);

void mu_sntp_link(struct mu_sntp *sntp, bool up, uint64_t now_ms);

// MU_EVENT_UDP_ANSWER and MU_EVENT_UDP_FAILED; others are ignored.
enum mu_sntp_news mu_sntp_event(struct mu_sntp *sntp, const struct mu_event *event, uint64_t now_ms, uint64_t *wall_ms);
// Asks what is to be asked, gives up who is too late. *next_ms: when to call again at the latest. admitted: whether a socket may be opened for
// it (mu_sockets_admit), looked at where mu_sntp_wants() says so; with an error no server is asked, and the round has failed.
enum mu_sntp_news mu_sntp_step(struct mu_sntp *sntp, int admitted, uint64_t now_ms, uint64_t *next_ms);
bool mu_sntp_wants(const struct mu_sntp *sntp, uint64_t now_ms);

// The first answer of this boot can still come in time to be waited for.
bool mu_sntp_first_is_due(const struct mu_sntp *sntp, uint64_t now_ms);

// Judges an answer. round_trip_ms: from sending to arrival. *wall_ms: Unix time of the arrival, set if GOOD. Pure.
enum mu_sntp_verdict mu_sntp_judge(const uint8_t *answer, size_t size, const uint8_t nonce[MU_SNTP_NONCE_BYTES], uint32_t round_trip_ms,
	uint64_t *wall_ms);

const char *mu_sntp_verdict_name(enum mu_sntp_verdict verdict); // "not ours"

#endif
