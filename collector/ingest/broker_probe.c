// SPDX-License-Identifier: Apache-2.0
#include "collector/ingest/broker_probe.h"

#include <errno.h>
#include <netdb.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

struct broker_probe {
	broker_probe_done *done;
	void *context;
	struct addrinfo *addresses, *next; // still to be tried
	struct event_base *base;
	struct event *wait;
	struct timeval timeout;
	int fd;
	char problem[128];
};

static void close_socket(struct broker_probe *probe)
{
	if (probe->wait)
		event_free(probe->wait);
	if (probe->fd >= 0)
		close(probe->fd);
	probe->wait = 0;
	probe->fd = -1;
}

void broker_probe_cancel(struct broker_probe *probe)
{
	if (!probe)
		return;
	close_socket(probe);
	if (probe->addresses)
		freeaddrinfo(probe->addresses);
	free(probe);
}

static void on_ready(evutil_socket_t fd, short what, void *context);

// Begins with the next address, or makes the loop call on_ready() with what there is to say.
static void try_next(struct broker_probe *probe)
{
	for (; probe->next; probe->next = probe->next->ai_next) {
		const struct addrinfo *address = probe->next;
		probe->fd = socket(address->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
		if (probe->fd >= 0 && (connect(probe->fd, address->ai_addr, address->ai_addrlen) == 0 || errno == EINPROGRESS))
			break;
		snprintf(probe->problem, sizeof probe->problem, "%s", strerror(errno));
		close_socket(probe);
	}
	struct timeval at_once = { 0, 0 };
	if (probe->next) {
		probe->next = probe->next->ai_next;
		probe->wait = event_new(probe->base, probe->fd, EV_WRITE, on_ready, probe);
		event_add(probe->wait, &probe->timeout);
	} else {
		probe->wait = event_new(probe->base, -1, 0, on_ready, probe);
		event_add(probe->wait, &at_once);
	}
}

static void on_ready(evutil_socket_t fd, short what, void *context)
{
	struct broker_probe *probe = context;
	int error = 0;
	socklen_t size = sizeof error;
	bool is_made = false;
	if (fd >= 0 && (what & EV_TIMEOUT)) {
		snprintf(probe->problem, sizeof probe->problem, "no answer");
	} else if (fd >= 0) {
		getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size);
		is_made = error == 0;
		if (error)
			snprintf(probe->problem, sizeof probe->problem, "%s", strerror(error));
	}
	close_socket(probe);
	if (!is_made && probe->next) {
		try_next(probe);
		return;
	}
	broker_probe_done *done = probe->done;
	void *owner = probe->context;
	char problem[sizeof probe->problem];
	memcpy(problem, probe->problem, sizeof problem);
	broker_probe_cancel(probe);
	done(owner, is_made ? 0 : problem);
}

struct broker_probe *broker_probe_start(struct event_base *base, const char *host, uint16_t port, unsigned timeout_ms,
	broker_probe_done *done, void *context)
{
	struct broker_probe *probe = calloc(1, sizeof *probe);
	if (!probe)
		return 0;
	char service[8];
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM };
	snprintf(service, sizeof service, "%u", port);
	*probe = (struct broker_probe){ .done = done, .context = context, .base = base, .fd = -1 };
	probe->timeout = (struct timeval){ .tv_sec = timeout_ms / 1000, .tv_usec = (suseconds_t)(timeout_ms % 1000) * 1000 };
	int rc = getaddrinfo(host, service, &hints, &probe->addresses);
	snprintf(probe->problem, sizeof probe->problem, "%s", rc ? gai_strerror(rc) : "no address");
	probe->next = rc ? 0 : probe->addresses;
	try_next(probe);
	return probe;
}
