// SPDX-License-Identifier: Apache-2.0
#include "agent/port/linux/udp.h"
#include "agent/image/err.h"
#include "agent/port/linux/clock.h"
#include <errno.h>
#include <event2/event.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

void mu_udp_init(struct mu_udp *udp, struct event_base *loop, struct mu_resolver *resolver, void *context,
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

// To the first address that there is a way to.
static int send_out(struct mu_udp *udp)
{
	int err = MU_ERR_IO;
	for (unsigned i = 0; i < udp->name.count && err < 0; i++)
		err = send_to(udp, &udp->name.found[i].any, udp->name.found[i].size);
	return err;
}

static void on_name(void *context, int err)
{
	struct mu_udp *udp = context;
	err = err < 0 ? err : send_out(udp);
	if (err < 0)
		fail(udp, err);
}

// ---- calls

int mu_udp_request(struct mu_udp *udp, const char *host, uint16_t port, const void *data, size_t size)
{
	mu_udp_close(udp);
	if (size > sizeof udp->data)
		return MU_ERR_SIZE;
	if (udp->silent)
		return 0; // lost
	memcpy(udp->data, data, size);
	udp->size = size;
	int result = mu_lookup_start(&udp->name, udp->resolver, host, port, udp, on_name);
	return result > 0 ? send_out(udp) : result;
}

void mu_udp_close(struct mu_udp *udp)
{
	end_socket(udp);
	mu_lookup_cancel(&udp->name);
}

void mu_udp_set_silent(struct mu_udp *udp, bool silent)
{
	udp->silent = silent;
}
