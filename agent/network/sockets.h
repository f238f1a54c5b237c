// SPDX-License-Identifier: Apache-2.0
// The registry of sockets: who owns which descriptor, whether it still lives, and that none is left behind. Over port->socket.
//
// lwIP has ten descriptors. A peer that vanishes without a FIN keeps one for ever: keep-alive is off unless somebody turns it on, it does
// not fire while data is in flight, and data is sent again for many minutes. After ten such peers every open fails with ENFILE until the
// next reboot. So every descriptor is configured at once (keep-alive, user time-out, non-blocking), has an owner, and is looked at once
// a second:
//
//   the stack says that it is over: reset (GONE), or no answer to keep-alive or data (SILENT)
//   STUCK     the owner has waited 10 s for a byte to move (mu_sockets_wait), or the peer acknowledged nothing for 19 s of what is in flight,
//             or the owner has not closed for 19 s after the peer's end
//   ORPHAN    its owner has let go of it (mu_sockets_release), and 500 ms later it is still open
//
// What is over is shut down and closed at once, and its owner may open another one 500 ms later. A descriptor that a library holds is never
// closed under it: the news asks its owner to close; when he has let go and it stays open, it is an orphan. A descriptor that nobody has
// registered is counted (`unclaimed`), and never closed: it is the application's. Numbers are used again at once, so an orphan is closed only
// while it is provably the same socket (struct mu_socket_look), or dead.
//
// Handles are never given out twice: one that is over is refused with MU_ERR_CLOSED, whatever its place or its number serves for now.
// Never blocks, allocates nothing. Memory: the caller's; owners are kept by reference. Thread: one at a time. Time: monotonic milliseconds.
#ifndef MU_SOCKETS_H
#define MU_SOCKETS_H
#include "agent/health/verdict.h"
#include "agent/port/port.h"
#include <stdbool.h>
#include <stdint.h>

enum {
	MU_SOCKETS_MAX = 12, // registered at a time; more are refused, and stay with their owner
	MU_SOCKETS_PERIOD_MS = 1000, // between two looks
	MU_SOCKETS_IO_MS = 10000,
	MU_SOCKETS_UNACKED_MS = 19000, // the user time-out, also where the stack has none
	MU_SOCKETS_GRACE_MS = 500,
	MU_SOCKETS_KEEP_IDLE_S = 10,
	MU_SOCKETS_KEEP_INTERVAL_S = 3,
	MU_SOCKETS_KEEP_PROBES = 3,
};

enum mu_socket_why { MU_SOCKET_ALIVE, MU_SOCKET_GONE, MU_SOCKET_SILENT, MU_SOCKET_STUCK, MU_SOCKET_ORPHAN, MU_SOCKET_REFUSED };

struct mu_socket {
	const char *owner; // null: a free row
	int handle, descriptor;
	uint32_t identity, progress; // as last seen
	bool library : 1; // not ours to close
	bool waiting : 1, pending : 1;
	bool released : 1; // the owner has let go
	bool told : 1; // a library's that is over: its owner was asked to close
	uint8_t why; // enum mu_socket_why, as found by the last look
	uint64_t due_ms; // waiting: when it is stuck; released: when it is an orphan
	uint64_t pending_ms; // since when nothing was acknowledged
};

struct mu_sockets {
	const struct mu_port *port;
	struct mu_heap_gates gates;
	int generation;
	uint64_t look_ms; // when the next look is due
	const char *last_owner; // of the last one closed here, and when he may open another
	uint64_t retry_ms;
	uint32_t open, limit, high_water; // limit 0: the port cannot tell
	uint32_t unclaimed; // open, and not registered
	uint32_t closed; // by the registry, or at its request: all but refused ones; since init, as all that follow
	uint32_t orphans_closed;
	uint32_t refused; // at the gates, and for want of a row
	const char *refused_owner; // of the last one
	struct mu_socket rows[MU_SOCKETS_MAX];
};

struct mu_socket_news {
	const char *owner;
	enum mu_socket_why why;
	int handle; // as it was
	bool closed; // false: a library holds it; its owner has to close it, then call mu_sockets_release()
};

// gates: the least heap for a socket and for a TLS session; copied.
void mu_sockets_init(struct mu_sockets *sockets, const struct mu_port *port, const struct mu_heap_gates *gates);

// Whether `owner` may open a socket now. reserve: descriptors that have to stay free. system: null if not sampled.
// 0; MU_ERR_NO_MEMORY the heap; MU_ERR_FULL the descriptors (both counted); MU_ERR_BUSY his last one was closed less than 500 ms ago, or is
// still being closed.
int mu_sockets_admit(struct mu_sockets *sockets, const char *owner, bool tls, uint32_t reserve, const struct mu_system_vitals *system,
	uint64_t now_ms);

// Registers and configures. The handle (> 0), the same one for a socket that this owner has already registered; MU_ERR_NOT_FOUND not open;
// MU_ERR_FULL no row (counted); MU_ERR_INVALID no owner. A stack that refuses the options does not hinder: the deadlines here hold all the same.
int mu_sockets_add(struct mu_sockets *sockets, int descriptor, const char *owner, bool library, uint64_t now_ms);

// The owner waits for a byte to move; a wait that already runs goes on. Progress ends it. 0; MU_ERR_CLOSED: it is over, or a library's that
// has to be closed.
int mu_sockets_wait(struct mu_sockets *sockets, int handle, uint64_t now_ms);
int mu_sockets_progress(struct mu_sockets *sockets, int handle);

// The owner lets go: call it before closing, or after a library has closed. 0: his to close, within 500 ms; MU_ERR_CLOSED: already closed
// here, and the number may be another socket by now.
int mu_sockets_release(struct mu_sockets *sockets, int handle, uint64_t now_ms);

// Looks, closes what is over. Returns 1 with one piece of news, to be called again; 0: nothing (more).
int mu_sockets_step(struct mu_sockets *sockets, uint64_t now_ms, struct mu_socket_news *news);
uint64_t mu_sockets_next(const struct mu_sockets *sockets); // when to step at the latest; UINT64_MAX: nothing is registered

void mu_sockets_count(struct mu_sockets *sockets); // brings open, limit, high_water and unclaimed up to date

const char *mu_socket_why_name(enum mu_socket_why why); // "silent"

#endif
