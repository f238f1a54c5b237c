// SPDX-License-Identifier: Apache-2.0
// The agent: one device's health loop, its records, its link to the collector, its commands and its two firmware slots.
//
// The caller owns the memory (mu_agent_size() bytes), steps it, and posts what happens. The core never blocks, never
// allocates, never reads a clock. One thread steps; any thread may post. Time: monotonic milliseconds since this boot.
//
//   mu_agent_init(&agent, &config, &port);
//   for (;;) { uint64_t next_ms = mu_agent_step(&agent, now_ms()); wait until next_ms or until something was posted; }
#ifndef MU_AGENT_H
#define MU_AGENT_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "agent/event.h"
#include "agent/network/link.h"
#include "agent/network/sntp.h"
#include "agent/network/time_zone.h"
#include "agent/port/port.h"

#define MU_AGENT_VERSION "0.1.0"

enum { MU_AGENT_BATCH_BYTES = 4096 }; // of the agent's own buffer

struct mu_agent_config {
	const char *id; // [A-Za-z0-9_-]{1,32}; copied
	const char *firmware; // version of the running image; copied, cut at 31 bytes; what may not be there becomes `?`
	uint8_t elf_sha[MU_SHA_BYTES];
	const char *broker_uri; // mqtt://HOST:PORT or mqtts://HOST:PORT; kept, must outlive the agent
	const char *user, *password; // null: none; kept
	const struct mu_link_config *link; // how to get to an address; null: a wire with DHCP; kept, must outlive the agent
	uint32_t heartbeat_ms; // 0: 60 000; 1 000 .. 86 400 000
	uint32_t liveness_ms; // 0: 30 000; deadline of tokens without one of their own; 1 000 .. 3 600 000
	uint32_t reconnect_spread_s; // 0: 15; first try after a lost session is at random within it
	uint32_t keepalive_s; // 0: 30; 5 .. 300
	// The largest Uplink that is built. 0: 4 096. Without a buffer of the caller's 512 .. 4 096, with one 2 112 .. 16 384: its size.
	uint32_t batch_bytes;
	void *batch; // batch_bytes, in which Uplinks are built; kept, must outlive the agent. Null: the agent's own
	uint32_t heap_floor_bytes; // 0: 32 768; no socket is opened below
	bool tls_dynamic_buffers; // of mbedTLS (CONFIG_MBEDTLS_DYNAMIC_BUFFER): TLS wants 24 KiB and a block of 8, not 48 and 20
	const char *ntp_servers[MU_SNTP_SERVERS]; // HOST or HOST:PORT, asked in this order; all null: no SNTP; kept, must outlive the agent
	const struct mu_time_zone *zone; // of mu_agent_local_time(), from mu_time_zone_parse(); null: UTC; kept, must outlive the agent
	uint64_t time_floor_ms; // Unix time of the firmware's build: nobody is believed who says that it is earlier; 0: 2020
};

struct mu_agent;

// 0; MU_ERR_RANGE or MU_ERR_INVALID with the reason in *problem (static text; problem may be null), and nothing was begun; MU_ERR_STATE:
// the boot guard has gone back to the other slot and asked for a restart. Flash that cannot be used is no error here: the agent
// runs without a spool, counts, and reports it. Call once a boot, first thing. The port is kept by reference.
int mu_agent_init(struct mu_agent *agent, const struct mu_agent_config *config, const struct mu_port *port, const char **problem);

// Any thread. Copies the event. 0, or MU_ERR_FULL (counted; an MQTT message is then lost, a state event never is).
int mu_agent_post(struct mu_agent *agent, const struct mu_event *event);

// Does what is due and returns when to be called again at the latest.
uint64_t mu_agent_step(struct mu_agent *agent, uint64_t now_ms);

// ---- for the application; from the stepping thread unless said otherwise
// A code path that must stay alive. name: up to 15 characters, kept by reference. deadline_ms 0: the default.
// Returns the token (0..15), MU_ERR_FULL, MU_ERR_INVALID (name) or MU_ERR_RANGE (deadline: 100 .. 3 600 000); an error may be used as a
// token, and does nothing. A token that is silent for longer resets the device within a second, and its name is reported. Any thread.
int mu_agent_token(struct mu_agent *agent, const char *name, uint32_t deadline_ms, uint64_t now_ms);
void mu_agent_check_in(struct mu_agent *agent, int token, uint64_t now_ms); // any thread
void mu_agent_rest(struct mu_agent *agent, int token); // any thread; no work now: not watched until it checks in again
// A metric of the application's own; at most 16; name: [a-z][a-z0-9_]{0,14}, copied. Returns its index, MU_ERR_FULL or MU_ERR_INVALID.
int mu_agent_metric(struct mu_agent *agent, const char *name);
int mu_agent_metric_integer(struct mu_agent *agent, int metric, int64_t value);
int mu_agent_metric_real(struct mu_agent *agent, int metric, double value); // MU_ERR_RANGE if not finite
// Something that happened. name: [a-z0-9_]{1,32}, not one of proto/events.def, else MU_ERR_INVALID; text: or null; cut at 128 bytes, what
// may not be there becomes `?`. 0; MU_ERR_IO; MU_ERR_BUSY: more than 30 a minute after 30 at once, counted and reported as `suppressed`.
int mu_agent_event(struct mu_agent *agent, const char *name, const char *text, int64_t value, uint64_t now_ms);

// A line of log, to the port's log always, and as a record if its level (LogLevel of muster.proto, LOG_ERROR .. LOG_DEBUG) is on: LOG_WARNING
// and worse, or what a command has asked for. tag: up to 15 characters, null: "app"; text: as above, cut at 256 bytes. 0, also if the level
// is off; MU_ERR_INVALID: no such level, no text; MU_ERR_IO; MU_ERR_BUSY: more than 10 records a minute after 20 at once, counted.
int mu_agent_log_line(struct mu_agent *agent, int level, const char *tag, const char *text, uint64_t now_ms);

// Local time by the configured zone. Returns its quality (enum TimeQuality of muster.proto), or MU_ERR_NOT_FOUND: no wall time is known.
int mu_agent_local_time(const struct mu_agent *agent, uint64_t now_ms, struct mu_local_time *out);

// A socket of the application's, so that no peer that vanishes keeps it for ever (agent/network/sockets.h). Any thread. owner: kept by reference.
//   if (mu_agent_socket_may_open(agent, "web", false, now_ms) == 0) {
//       int descriptor = socket(...);
//       int socket = mu_agent_socket(agent, descriptor, "web", now_ms); // at once: keep-alive, user time-out, non-blocking
//       ... mu_agent_socket_wait() when a byte is awaited or cannot be written, mu_agent_socket_progress() when one has moved ...
//       if (mu_agent_socket_release(agent, socket, now_ms) == 0) close(descriptor);
//   }
// may_open: 0; MU_ERR_NO_MEMORY the heap is too low, for TLS if `tls`; MU_ERR_FULL no descriptor but the session's is left (both counted and
// reported); MU_ERR_BUSY the owner's last one was closed less than 500 ms ago.
int mu_agent_socket_may_open(struct mu_agent *agent, const char *owner, bool tls, uint64_t now_ms);
// The socket (> 0), or MU_ERR_NOT_FOUND not open, MU_ERR_FULL (counted), MU_ERR_INVALID; an error may be used as a socket, and is always over.
int mu_agent_socket(struct mu_agent *agent, int descriptor, const char *owner, uint64_t now_ms);
// One that a library will close: the agent never does so under it. When wait or progress say MU_ERR_CLOSED, end the library's session and release.
int mu_agent_socket_in_library(struct mu_agent *agent, int descriptor, const char *owner, uint64_t now_ms);
// 0; MU_ERR_CLOSED: it is over (the peer is gone or silent, or no byte has moved for 10 s of waiting), and the agent has closed it.
int mu_agent_socket_wait(struct mu_agent *agent, int socket, uint64_t now_ms);
int mu_agent_socket_progress(struct mu_agent *agent, int socket);
// 0: now close it; what is open 500 ms later is closed as an orphan. MU_ERR_CLOSED: the agent has closed it, and the number is not yours any more.
int mu_agent_socket_release(struct mu_agent *agent, int socket, uint64_t now_ms);

// Size in bytes, so that a caller can allocate one without seeing inside; alignment as malloc gives.
size_t mu_agent_size(void);

#endif
