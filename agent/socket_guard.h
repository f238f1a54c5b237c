// SPDX-License-Identifier: Apache-2.0
// Ties the registry of sockets (agent/network/sockets.h) to the agent: the session's descriptor, SNTP's, the application's, the heap as
// sampled, and what is reported. The application's calls (agent.h: mu_agent_socket...) are here, too.
//
// The session's socket belongs to the MQTT library. One that is over becomes a session that is closed, as if the library had said so: the
// ladder goes on from there. The socket of a request for the time (owner "sntp") is the port's, too: one that is over is a server that
// failed. Reason: MU_ERR_CLOSED if the peer has ended it, MU_ERR_TIMEOUT if nobody answers (which proves nothing about the path).
// Reported: in each heartbeat, and as events `socket_closed` (at most one a minute; the count loses none) and `sockets_unclaimed`.
// Thread: the one that steps the agent, unless said otherwise in agent.h. Time: monotonic milliseconds.
#ifndef MU_SOCKET_GUARD_H
#define MU_SOCKET_GUARD_H
#include "agent/network/sockets.h"

struct mu_agent;

enum {
	MU_SOCKET_GUARD_TOLD_MS = 60000, // between two events of closed sockets
	MU_SOCKET_GUARD_REFUSED_MS = 900000, // between two events of refused ones
};

struct mu_socket_guard {
	uint32_t heap_free_bytes, heap_largest_bytes; // as last sampled; under the port's lock
	int session, sntp; // handles of the session's socket and of a request for the time; 0: none
	const char *owner; // of the last one closed, if that is still to be told
	enum mu_socket_why why;
	uint64_t tell_ms, refused_ms; // no event before
	uint32_t refused_told, unclaimed_told; // as last told
	struct mu_sockets registry; // under the port's lock
};

void mu_socket_guard_init(struct mu_agent *agent);

// The session: whether it may be opened (mu_sockets_admit), its descriptor is (or may be) there, it has ended.
int mu_socket_guard_admit_session(struct mu_agent *agent, uint64_t now_ms);
void mu_socket_guard_session(struct mu_agent *agent, uint64_t now_ms);
void mu_socket_guard_session_over(struct mu_agent *agent, uint64_t now_ms);

// The same of requests for the time. waiting: one is under way; to be told when that changes, and each second meanwhile.
int mu_socket_guard_admit_sntp(struct mu_agent *agent, uint64_t now_ms);
void mu_socket_guard_sntp(struct mu_agent *agent, bool waiting, uint64_t now_ms);

void mu_socket_guard_sampled(struct mu_agent *agent); // vitals have been sampled: takes the heap, gives the sockets
uint64_t mu_socket_guard_step(struct mu_agent *agent, uint64_t now_ms); // returns when to be called again

#endif
