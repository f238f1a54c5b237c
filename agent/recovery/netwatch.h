// SPDX-License-Identifier: Apache-2.0
// End-to-end liveness: is anybody there? Judges by answers, never by what was sent, and says which step of the ladder is due.
//
//   nothing came back (PUBACK, ping answer) for 1.5 keepalives in an open session   DEAD_SESSION
//   nothing came back with the link up for 5 min / 15 min / 60 min and each 60 min  DEAD_LINK / DEAD_RADIO / DEAD_DEVICE (the last repeats)
//   PUBACKs, but no Ack for max(2 heartbeat intervals, 90 s)                        NO_ACK, once until the next Ack
//
// Time without a link does not count, so a long outage of the access point does not end in a restart of the radio as soon as it is back.
// A peer that refuses (CONNACK with an error, TCP reset) proves the path just as well as one that answers: post it as an answer. So an outage
// of the broker behind a living network leaves link and radio alone. A try that the heap gate refused asked nothing: post it as an answer, too.
//
// Pure. Memory: the caller's. Thread: one at a time. Time: monotonic milliseconds.
#ifndef MU_NETWATCH_H
#define MU_NETWATCH_H
#include <stdbool.h>
#include <stdint.h>

enum mu_netwatch_due {
	MU_NETWATCH_FINE,
	MU_NETWATCH_DEAD_SESSION,
	MU_NETWATCH_DEAD_LINK,
	MU_NETWATCH_DEAD_RADIO,
	MU_NETWATCH_DEAD_DEVICE,
	MU_NETWATCH_NO_ACK,
};

enum {
	MU_NETWATCH_LINK_MS = 300000,
	MU_NETWATCH_RADIO_MS = 900000,
	MU_NETWATCH_DEVICE_MS = 3600000,
	MU_NETWATCH_ACK_MS = 90000, // at least
};

struct mu_netwatch {
	uint32_t keepalive_ms, interval_ms;
	uint32_t step;             // next row of the escalation
	bool link_up, session_open;
	bool no_ack_told;
	uint64_t answer_ms;        // of the last answer, or the opening of the session
	uint64_t silent_ms;        // without an answer, summed over the times with a link, up to silent_from_ms
	uint64_t silent_from_ms;
	uint64_t unacked_from_ms;  // UINT64_MAX: nothing waits for an Ack
};

// keepalive_s: 5 .. 300. interval_ms: between two heartbeats.
void mu_netwatch_init(struct mu_netwatch *watch, uint32_t keepalive_s, uint32_t interval_ms);
void mu_netwatch_interval(struct mu_netwatch *watch, uint32_t interval_ms); // it was changed

void mu_netwatch_link(struct mu_netwatch *watch, bool up, uint64_t now_ms);
void mu_netwatch_session(struct mu_netwatch *watch, bool open, uint64_t now_ms); // open counts as an answer
void mu_netwatch_answer(struct mu_netwatch *watch, uint64_t now_ms);             // ping answer, refusal
void mu_netwatch_puback(struct mu_netwatch *watch, uint64_t now_ms);             // of an Uplink: an answer, and an Ack is now due
void mu_netwatch_ack(struct mu_netwatch *watch, uint64_t now_ms);

// What is due, told once each; post it to the ladder, then ask again until FINE. *next_ms: when to ask again at the latest (UINT64_MAX: never by itself).
enum mu_netwatch_due mu_netwatch_step(struct mu_netwatch *watch, uint64_t now_ms, uint64_t *next_ms);

#endif
