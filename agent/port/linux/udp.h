// SPDX-License-Identifier: Apache-2.0
// UDP of one virtual device: one request and its answer at a time, over a real socket on the libevent loop. See struct mu_udp_port.
//
// Names are resolved by resolver.h, which never blocks the loop; of several addresses the first that there is a way to is taken, IPv4
// before IPv6. Addresses need no resolver.
// Only what comes from the address that was asked is taken. The answer's time is measured from the sending, not from the
// question for the name. There is no time-out here: who asked closes.
// A silent link (mu_udp_set_silent) lets nothing through in either direction, and tells nobody.
// Limits: a request of MU_UDP_REQUEST_MAX bytes; of an answer the first MU_UDP_ANSWER_MAX. Memory: the caller's. Thread: the one that runs the loop.
#ifndef MU_PORT_LINUX_UDP_H
#define MU_PORT_LINUX_UDP_H
#include "agent/event.h"
#include "agent/port/linux/resolver.h"
#include <event2/event_struct.h>
#include <stdbool.h>

enum { MU_UDP_REQUEST_MAX = 512, MU_UDP_ANSWER_MAX = MU_EVENT_PAYLOAD_MAX };

struct mu_udp {
	struct event_base *loop;
	struct mu_resolver *resolver; // null: addresses only
	void *context; // of post
	void (*post)(void *context, const struct mu_event *event); // never called from inside mu_udp_request()
	struct event io;
	int fd; // -1: nothing was sent
	struct mu_lookup name; // of the request
	bool silent;
	uint64_t sent_ms;
	size_t size; // of data, until it is sent
	uint8_t data[MU_UDP_REQUEST_MAX];
};

void mu_udp_init(struct mu_udp *udp, struct event_base *loop, struct mu_resolver *resolver, void *context,
	void (*post)(void *context, const struct mu_event *event));

// 0: MU_EVENT_UDP_ANSWER, MU_EVENT_UDP_FAILED (MU_ERR_NOT_FOUND the name, MU_ERR_CLOSED nobody listens, MU_ERR_IO) or nothing follows.
// MU_ERR_SIZE; MU_ERR_NOT_FOUND: the name is known not to resolve, or there is no resolver; MU_ERR_IO: no socket, no way there.
int mu_udp_request(struct mu_udp *udp, const char *host, uint16_t port, const void *data, size_t size);
void mu_udp_close(struct mu_udp *udp); // no event follows
void mu_udp_set_silent(struct mu_udp *udp, bool silent);

#endif
