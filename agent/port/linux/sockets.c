// SPDX-License-Identifier: Apache-2.0
#include "agent/port/linux/sockets.h"
#include <errno.h>
#include <fcntl.h>
#include <linux/tcp.h> // the C library's own has an older struct tcp_info
#include <netinet/in.h>
#include <poll.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

// TCP_ESTABLISHED and the others are in a header that cannot be included beside <linux/tcp.h>.
enum { STATE_CLOSED = 7, STATE_CLOSE_WAIT = 8 };

static uint32_t inode_of(int descriptor)
{
	struct stat status;
	return descriptor >= 0 && fstat(descriptor, &status) == 0 && S_ISSOCK(status.st_mode) ? (uint32_t)status.st_ino : 0;
}

// False for a socket that is not TCP.
static bool tcp_info(int descriptor, struct tcp_info *info)
{
	socklen_t size = sizeof *info;
	memset(info, 0, sizeof *info);
	return getsockopt(descriptor, IPPROTO_TCP, TCP_INFO, info, &size) == 0;
}

// Rows of sockets that are no longer open, or whose number belongs to another one by now.
static void forget_closed(struct mu_virtual_sockets *sockets)
{
	for (unsigned i = 0; i < MU_SOCKETS_LIMIT; i++)
		if (sockets->rows[i].inode && inode_of(sockets->rows[i].descriptor) != sockets->rows[i].inode)
			sockets->rows[i].inode = 0;
}

static int note(struct mu_virtual_sockets *sockets, int descriptor, uint32_t inode)
{
	int place = -1;
	forget_closed(sockets);
	for (int i = 0; i < MU_SOCKETS_LIMIT; i++) {
		if (sockets->rows[i].inode == inode)
			return 0;
		if (!sockets->rows[i].inode)
			place = i;
	}
	if (place < 0)
		return MU_ERR_FULL;
	sockets->rows[place].inode = inode;
	sockets->rows[place].descriptor = descriptor;
	return 0;
}

static int set_option(int descriptor, int level, int name, uint32_t value)
{
	int number = (int)value;
	return setsockopt(descriptor, level, name, &number, sizeof number) == 0 ? 0 : MU_ERR_IO;
}

static int set_tcp_options(int descriptor, const struct mu_socket_options *options)
{
	const struct {
		int level, name;
		uint32_t value;
	} rows[] = {
		{ IPPROTO_TCP, TCP_KEEPIDLE, options->keep_idle_s },
		{ IPPROTO_TCP, TCP_KEEPINTVL, options->keep_interval_s },
		{ IPPROTO_TCP, TCP_KEEPCNT, options->keep_probes },
		{ SOL_SOCKET, SO_KEEPALIVE, 1 },
	};
	int err = set_option(descriptor, IPPROTO_TCP, TCP_USER_TIMEOUT, options->user_timeout_ms);
	if (!options->keep_idle_s)
		return err < 0 ? err : set_option(descriptor, SOL_SOCKET, SO_KEEPALIVE, 0);
	for (size_t i = 0; i < sizeof rows / sizeof *rows && !err; i++)
		err = set_option(descriptor, rows[i].level, rows[i].name, rows[i].value);
	return err;
}

int mu_virtual_sockets_configure(struct mu_virtual_sockets *sockets, int descriptor, const struct mu_socket_options *options)
{
	struct tcp_info info;
	uint32_t inode = inode_of(descriptor);
	if (!inode)
		return MU_ERR_NOT_FOUND;
	int err = note(sockets, descriptor, inode);
	if (err < 0)
		return err;
	int flags = fcntl(descriptor, F_GETFL);
	if (flags < 0 || fcntl(descriptor, F_SETFL, flags | O_NONBLOCK) < 0)
		return MU_ERR_IO;
	return tcp_info(descriptor, &info) ? set_tcp_options(descriptor, options) : 0;
}

int mu_virtual_sockets_list(struct mu_virtual_sockets *sockets, int *out, size_t count)
{
	size_t open = 0;
	forget_closed(sockets);
	for (unsigned i = 0; i < MU_SOCKETS_LIMIT; i++)
		if (sockets->rows[i].inode && open++ < count)
			out[open - 1] = sockets->rows[i].descriptor;
	return (int)open;
}

// The error is taken only from a socket that is over: its owner would have read it next.
static int why_over(int descriptor)
{
	int error = 0;
	socklen_t size = sizeof error;
	if (getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &error, &size) < 0)
		return MU_ERR_NOT_FOUND;
	return error == ETIMEDOUT || error == EHOSTUNREACH ? MU_ERR_TIMEOUT : MU_ERR_CLOSED;
}

int mu_virtual_sockets_check(int descriptor)
{
	struct pollfd wanted = { .fd = descriptor };
	struct tcp_info info;
	if (!inode_of(descriptor) || poll(&wanted, 1, 0) < 0)
		return MU_ERR_NOT_FOUND;
	if (!(wanted.revents & (POLLERR | POLLHUP)))
		return 0;
	if (!(wanted.revents & POLLERR) && tcp_info(descriptor, &info) && info.tcpi_state == STATE_CLOSED && !info.tcpi_segs_out)
		return 0; // not yet connected
	return why_over(descriptor);
}

int mu_virtual_sockets_look(int descriptor, struct mu_socket_look *out)
{
	struct tcp_info info;
	int unread = 0;
	*out = (struct mu_socket_look){ .identity = inode_of(descriptor) };
	if (!out->identity)
		return MU_ERR_NOT_FOUND;
	if (!tcp_info(descriptor, &info))
		return 0;
	bool ended = info.tcpi_state == STATE_CLOSE_WAIT && ioctl(descriptor, FIONREAD, &unread) == 0 && unread == 0;
	out->pending = info.tcpi_unacked || info.tcpi_notsent_bytes || ended;
	out->progress = (uint32_t)info.tcpi_bytes_acked;
	return 0;
}

int mu_virtual_sockets_shutdown(int descriptor)
{
	if (!inode_of(descriptor))
		return MU_ERR_NOT_FOUND;
	return shutdown(descriptor, SHUT_RDWR) == 0 ? 0 : MU_ERR_CLOSED;
}

int mu_virtual_sockets_close(int descriptor, bool abort)
{
	struct linger at_once = { .l_onoff = 1 };
	if (!inode_of(descriptor))
		return MU_ERR_NOT_FOUND;
	if (abort)
		setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
	return close(descriptor) == 0 ? 0 : MU_ERR_IO;
}
