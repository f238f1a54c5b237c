// SPDX-License-Identifier: Apache-2.0
#include "collector/ingest/broker_probe.h"

#include <errno.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

struct broker_probe {
	broker_probe_done *done;
	void *context;
	struct resolver *resolver;
	struct addrinfo *addresses, *next; // of the name; of those still to be tried
	struct event_base *base;
	struct event *wait;
	struct timeval timeout;
	int fd;
	char address[INET6_ADDRSTRLEN + IF_NAMESIZE]; // the last one tried; empty: none
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
	resolver_cancel(probe->resolver);
	close_socket(probe);
	if (probe->addresses)
		freeaddrinfo(probe->addresses);
	free(probe);
}

static void end(struct broker_probe *probe, const char *reason)
{
	broker_probe_done *done = probe->done;
	void *context = probe->context;
	char address[sizeof probe->address], problem[sizeof probe->problem];
	snprintf(problem, sizeof problem, "%s", reason ? reason : "");
	memcpy(address, probe->address, sizeof address);
	broker_probe_cancel(probe);
	done(context, *address ? address : 0, reason ? problem : 0);
}

static bool begin(struct broker_probe *probe, const struct addrinfo *to)
{
	bool is_text = getnameinfo(to->ai_addr, to->ai_addrlen, probe->address, sizeof probe->address, 0, 0, NI_NUMERICHOST) == 0;
	probe->fd = is_text ? socket(to->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0) : -1;
	return probe->fd >= 0 && (connect(probe->fd, to->ai_addr, to->ai_addrlen) == 0 || errno == EINPROGRESS);
}

static void on_ready(evutil_socket_t fd, short what, void *context);

// Begins with the next address that lets it. False: there is none.
static bool try_next(struct broker_probe *probe)
{
	while (probe->next) {
		bool is_begun = begin(probe, probe->next);
		probe->next = probe->next->ai_next;
		if (is_begun) {
			probe->wait = event_new(probe->base, probe->fd, EV_WRITE, on_ready, probe);
			event_add(probe->wait, &probe->timeout);
			return true;
		}
		snprintf(probe->problem, sizeof probe->problem, "%s", strerror(errno));
		close_socket(probe);
	}
	return false;
}

static void try_or_end(struct broker_probe *probe)
{
	if (!try_next(probe))
		end(probe, probe->problem);
}

static void on_ready(evutil_socket_t fd, short what, void *context)
{
	struct broker_probe *probe = context;
	int error = 0;
	socklen_t size = sizeof error;
	if (what & EV_TIMEOUT)
		snprintf(probe->problem, sizeof probe->problem, "no answer");
	else if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) == 0 && error)
		snprintf(probe->problem, sizeof probe->problem, "%s", strerror(error));
	close_socket(probe);
	if (error || (what & EV_TIMEOUT))
		try_or_end(probe);
	else
		end(probe, 0);
}

static void on_name(void *context, struct addrinfo *found, const char *problem)
{
	struct broker_probe *probe = context;
	probe->addresses = found;
	probe->next = found;
	if (found)
		try_or_end(probe);
	else
		end(probe, problem);
}

struct broker_probe *broker_probe_start(struct event_base *base, struct resolver *resolver, unsigned timeout_ms, broker_probe_done *done,
	void *context)
{
	struct broker_probe *probe = calloc(1, sizeof *probe);
	if (!probe)
		return 0;
	*probe = (struct broker_probe){ .done = done, .context = context, .resolver = resolver, .base = base, .fd = -1 };
	probe->timeout = (struct timeval){ .tv_sec = timeout_ms / 1000, .tv_usec = (suseconds_t)(timeout_ms % 1000) * 1000 };
	resolver_ask(resolver, timeout_ms, on_name, probe);
	return probe;
}
