// SPDX-License-Identifier: Apache-2.0
#include "lwip_sockets.h"
#include <lwip/api.h>
#include <lwip/errno.h>
#include <lwip/priv/sockets_priv.h>
#include <lwip/sockets.h>
#include <lwip/tcp.h>
#include <lwip/tcpip.h>

static struct netconn *netconn_of(int descriptor)
{
	if (descriptor < LWIP_SOCKET_OFFSET || descriptor >= LWIP_SOCKET_OFFSET + NUM_SOCKETS)
		return 0;
	struct lwip_sock *sock = lwip_socket_dbg_get_socket(descriptor);
	return sock ? sock->conn : 0;
}

static int limit(void *context)
{
	(void)context;
	return NUM_SOCKETS;
}

static int list(void *context, int *out, size_t count)
{
	size_t open = 0;
	(void)context;
	for (int i = 0; i < NUM_SOCKETS; i++)
		if (netconn_of(LWIP_SOCKET_OFFSET + i) && open++ < count)
			out[open - 1] = LWIP_SOCKET_OFFSET + i;
	return (int)open;
}

static int set(int descriptor, int level, int name, uint32_t value)
{
	int number = (int)value;
	return lwip_setsockopt(descriptor, level, name, &number, sizeof number);
}

static int configure(void *context, int descriptor, const struct mu_socket_options *options)
{
	(void)context;
	if (!netconn_of(descriptor))
		return MU_ERR_NOT_FOUND;
	int flags = lwip_fcntl(descriptor, F_GETFL, 0);
	int failed = lwip_fcntl(descriptor, F_SETFL, flags | O_NONBLOCK) < 0;
	failed |= set(descriptor, SOL_SOCKET, SO_KEEPALIVE, options->keep_idle_s > 0);
	if (options->keep_idle_s) {
		failed |= set(descriptor, IPPROTO_TCP, TCP_KEEPIDLE, options->keep_idle_s);
		failed |= set(descriptor, IPPROTO_TCP, TCP_KEEPINTVL, options->keep_interval_s);
		failed |= set(descriptor, IPPROTO_TCP, TCP_KEEPCNT, options->keep_probes);
	}
	return failed ? MU_ERR_IO : 0; // no user time-out: lwIP has none
}

// A connection without a control block was one: lwIP has freed that with the reason kept. Reading it would take it from its owner.
static int check(void *context, int descriptor)
{
	(void)context;
	struct netconn *conn = netconn_of(descriptor);
	if (!conn)
		return MU_ERR_NOT_FOUND;
	if (NETCONNTYPE_GROUP(netconn_type(conn)) != NETCONN_TCP || conn->pcb.tcp)
		return 0;
	return conn->pending_err == ERR_ABRT || conn->pending_err == ERR_TIMEOUT ? MU_ERR_TIMEOUT : MU_ERR_CLOSED;
}

static int look(void *context, int descriptor, struct mu_socket_look *out)
{
	(void)context;
	struct netconn *conn = netconn_of(descriptor);
	*out = (struct mu_socket_look){ 0 };
	if (!conn)
		return MU_ERR_NOT_FOUND;
	if (NETCONNTYPE_GROUP(netconn_type(conn)) != NETCONN_TCP)
		return MU_ERR_UNSUPPORTED;
	LOCK_TCPIP_CORE();
	const struct tcp_pcb *pcb = conn->pcb.tcp;
	if (pcb && pcb->state != LISTEN) {
		bool ended =
			pcb->state == CLOSE_WAIT && lwip_socket_dbg_get_socket(descriptor)->rcvevent <= 1; // the end itself may be unread
		out->identity = pcb->local_port;
		out->pending = pcb->unacked || pcb->unsent || ended;
		out->progress = pcb->lastack;
	}
	UNLOCK_TCPIP_CORE();
	return 0;
}

// lwIP takes a shutdown of both ends for a close, so what is not sent has to be given up before.
static int shut(void *context, int descriptor)
{
	struct linger at_once = { .l_onoff = 1 };
	(void)context;
	if (!netconn_of(descriptor))
		return MU_ERR_NOT_FOUND;
	lwip_setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
	return lwip_shutdown(descriptor, SHUT_RDWR) == 0 ? 0 : MU_ERR_CLOSED;
}

static int close_socket(void *context, int descriptor, bool abort)
{
	struct linger at_once = { .l_onoff = 1 };
	(void)context;
	if (!netconn_of(descriptor))
		return MU_ERR_NOT_FOUND;
	if (abort)
		lwip_setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
	lwip_close(descriptor); // frees the descriptor also when the connection was over
	return netconn_of(descriptor) ? MU_ERR_IO : 0;
}

const struct mu_socket_port lwip_sockets = { limit, list, configure, check, look, shut, close_socket };

unsigned lwip_sockets_open(void)
{
	return (unsigned)list(0, 0, 0);
}

void lwip_sockets_close_all(void)
{
	for (int i = 0; i < NUM_SOCKETS; i++)
		close_socket(0, LWIP_SOCKET_OFFSET + i, true);
}
