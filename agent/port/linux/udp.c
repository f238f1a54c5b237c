// SPDX-License-Identifier: Apache-2.0
#include "agent/port/linux/udp.h"
#include "agent/image/err.h"
#include "agent/port/linux/clock.h"
#include <errno.h>
#include <event2/dns.h>
#include <event2/event.h>
#include <event2/util.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

// A question for a name. evdns tells the end of a cancelled one later, when its asker may be gone: so it has a life of its own.
struct mu_udp_name {
	struct mu_udp *udp; // null: nobody waits any more
	struct evdns_getaddrinfo_request *request; // null: not asked yet, or over
	bool asking; // inside of evdns_getaddrinfo()
	int result; // of an answer that came in there
};

struct evdns_base *mu_udp_resolver(struct event_base *loop)
{
	return evdns_base_new(loop, EVDNS_BASE_INITIALIZE_NAMESERVERS | EVDNS_BASE_DISABLE_WHEN_INACTIVE);
}

void mu_udp_init(struct mu_udp *udp, struct event_base *loop, struct evdns_base *resolver, void *context,
	void (*post)(void *context, const struct mu_event *event))
{
	*udp = (struct mu_udp){ .loop = loop, .resolver = resolver, .context = context, .post = post, .fd = -1 };
}

static void end_socket(struct mu_udp *udp)
{
	if (udp->fd < 0)
		return;
	event_del(&udp->io);
	close(udp->fd);
	udp->fd = -1;
}

static void fail(struct mu_udp *udp, int reason)
{
	end_socket(udp);
	udp->post(udp->context, &(struct mu_event){ .type = MU_EVENT_UDP_FAILED, .reason = reason });
}

// ---- the socket

static void on_readable(int fd, short what, void *context)
{
	struct mu_udp *udp = context;
	uint8_t answer[MU_UDP_ANSWER_MAX];
	(void)what;
	ssize_t size = recv(fd, answer, sizeof answer, MSG_DONTWAIT | MSG_TRUNC);
	int error = size < 0 ? errno : 0;
	if (udp->silent || error == EAGAIN || error == EINTR)
		return;
	if (error) {
		fail(udp, error == ECONNREFUSED ? MU_ERR_CLOSED : MU_ERR_IO);
		return;
	}
	uint64_t way_ms = mu_monotonic_ms() - udp->sent_ms;
	end_socket(udp);
	udp->post(udp->context,
		&(struct mu_event){ .type = MU_EVENT_UDP_ANSWER,
			.value = (int32_t)way_ms,
			.payload = answer,
			.payload_bytes = size > MU_UDP_ANSWER_MAX ? MU_UDP_ANSWER_MAX : (size_t)size });
}

static int send_to(struct mu_udp *udp, const struct sockaddr *address, socklen_t address_size)
{
	udp->fd = socket(address->sa_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (udp->fd < 0)
		return MU_ERR_IO;
	event_assign(&udp->io, udp->loop, udp->fd, EV_READ | EV_PERSIST, on_readable, udp);
	bool sent = connect(udp->fd, address, address_size) == 0 && event_add(&udp->io, 0) == 0;
	udp->sent_ms = mu_monotonic_ms();
	if (sent && !udp->silent)
		sent = send(udp->fd, udp->data, udp->size, MSG_NOSIGNAL) == (ssize_t)udp->size;
	if (sent)
		return 0;
	end_socket(udp);
	return MU_ERR_IO;
}

// ---- the name

static const struct evutil_addrinfo *choose(const struct evutil_addrinfo *found)
{
	for (const struct evutil_addrinfo *one = found; one; one = one->ai_next)
		if (one->ai_family == AF_INET)
			return one;
	return found;
}

static void on_name(int result, struct evutil_addrinfo *found, void *context)
{
	struct mu_udp_name *name = context;
	struct mu_udp *udp = name->udp;
	bool asking = name->asking;
	int err = result || !found ? MU_ERR_NOT_FOUND : 0;
	if (udp && !err)
		err = send_to(udp, choose(found)->ai_addr, choose(found)->ai_addrlen);
	if (found)
		evutil_freeaddrinfo(found);
	name->result = err;
	name->request = 0;
	if (asking)
		return; // its asker reads the result
	free(name);
	if (!udp)
		return;
	udp->name = 0;
	if (err < 0)
		fail(udp, err);
}

static int ask_name(struct mu_udp *udp, const char *host, const char *port)
{
	const struct evutil_addrinfo hints = { .ai_family = AF_UNSPEC, .ai_socktype = SOCK_DGRAM, .ai_protocol = IPPROTO_UDP };
	if (!udp->resolver)
		return MU_ERR_NOT_FOUND;
	struct mu_udp_name *name = calloc(1, sizeof *name);
	if (!name)
		return MU_ERR_NO_MEMORY;
	name->udp = udp;
	name->asking = true;
	struct evdns_getaddrinfo_request *request = evdns_getaddrinfo(udp->resolver, host, port, &hints, on_name, name);
	name->asking = false;
	if (!request) { // known at once, from the hosts file, or refused
		int result = name->result;
		free(name);
		return result;
	}
	name->request = request;
	udp->name = name;
	return 0;
}

// 0, or 1: it is no address.
static int send_to_address(struct mu_udp *udp, const char *host, const char *port)
{
	const struct addrinfo hints = { .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV, .ai_socktype = SOCK_DGRAM };
	struct addrinfo *found;
	if (getaddrinfo(host, port, &hints, &found))
		return 1;
	int err = send_to(udp, found->ai_addr, found->ai_addrlen);
	freeaddrinfo(found);
	return err;
}

// ---- calls

int mu_udp_request(struct mu_udp *udp, const char *host, uint16_t port, const void *data, size_t size)
{
	char port_text[8];
	mu_udp_close(udp);
	if (size > sizeof udp->data)
		return MU_ERR_SIZE;
	if (udp->silent)
		return 0; // lost
	memcpy(udp->data, data, size);
	udp->size = size;
	snprintf(port_text, sizeof port_text, "%u", port);
	int result = send_to_address(udp, host, port_text);
	return result == 1 ? ask_name(udp, host, port_text) : result;
}

void mu_udp_close(struct mu_udp *udp)
{
	end_socket(udp);
	if (!udp->name)
		return;
	udp->name->udp = 0;
	evdns_getaddrinfo_cancel(udp->name->request);
	udp->name = 0;
}

void mu_udp_set_silent(struct mu_udp *udp, bool silent)
{
	udp->silent = silent;
}
