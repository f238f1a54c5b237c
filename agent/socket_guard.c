// SPDX-License-Identifier: Apache-2.0
#include "agent/socket_guard.h"
#include "agent/agent_state.h"
#include "agent/connectivity.h"
#include "agent/deadline.h"
#include "agent/reporting.h"
#include "agent/timekeeping.h"
#include "proto/text.h"

static const char session_owner[] = "mqtt", sntp_owner[] = "sntp";

enum { LOW_PERCENT = 70, TEXT_BYTES = 64 };

static void lock(const struct mu_agent *agent)
{
	agent->port->system->lock(agent->port->context);
}

static int unlock(const struct mu_agent *agent, int result)
{
	agent->port->system->unlock(agent->port->context);
	return result;
}

void mu_socket_guard_init(struct mu_agent *agent)
{
	struct mu_heap_gates gates = agent->config.tls_dynamic_buffers ? mu_heap_gates_tls_dynamic : mu_heap_gates_default;
	gates.socket_bytes = agent->config.heap_floor_bytes;
	agent->sockets = (struct mu_socket_guard){ .heap_free_bytes = UINT32_MAX, .heap_largest_bytes = UINT32_MAX };
	mu_sockets_init(&agent->sockets.registry, agent->port, &gates);
}

static int admit(struct mu_agent *agent, const char *owner, bool tls, uint32_t reserve, uint64_t now_ms)
{
	struct mu_socket_guard *guard = &agent->sockets;
	lock(agent);
	struct mu_system_vitals system = { .heap_free_bytes = guard->heap_free_bytes, .heap_largest_bytes = guard->heap_largest_bytes };
	return unlock(agent, mu_sockets_admit(&guard->registry, owner, tls, reserve, &system, now_ms));
}

static int add(struct mu_agent *agent, int descriptor, const char *owner, bool library, uint64_t now_ms)
{
	lock(agent);
	return unlock(agent, mu_sockets_add(&agent->sockets.registry, descriptor, owner, library, now_ms));
}

// ---- the session, SNTP

int mu_socket_guard_admit_session(struct mu_agent *agent, uint64_t now_ms)
{
	return admit(agent, session_owner, mu_session_is_tls(&agent->session), 0, now_ms);
}

// The socket that a library has now; below 0: none (yet). *handle: of the one it had, 0: none.
static void hold(struct mu_agent *agent, int *handle, int descriptor, const char *owner, uint64_t now_ms)
{
	if (descriptor < 0)
		return;
	int added = add(agent, descriptor, owner, true, now_ms);
	*handle = added > 0 ? added : 0;
}

static void let_go(struct mu_agent *agent, int *handle, uint64_t now_ms)
{
	if (*handle)
		mu_agent_socket_release(agent, *handle, now_ms);
	*handle = 0;
}

void mu_socket_guard_session(struct mu_agent *agent, uint64_t now_ms)
{
	if (agent->session.phase != MU_SESSION_CLOSED)
		hold(agent, &agent->sockets.session, agent->port->mqtt->descriptor(agent->port->context), session_owner, now_ms);
}

void mu_socket_guard_session_over(struct mu_agent *agent, uint64_t now_ms)
{
	let_go(agent, &agent->sockets.session, now_ms);
}

int mu_socket_guard_admit_sntp(struct mu_agent *agent, uint64_t now_ms)
{
	return mu_agent_socket_may_open(agent, sntp_owner, false, now_ms);
}

void mu_socket_guard_sntp(struct mu_agent *agent, bool waiting, uint64_t now_ms)
{
	if (waiting)
		hold(agent, &agent->sockets.sntp, agent->port->udp->descriptor(agent->port->context), sntp_owner, now_ms);
	else
		let_go(agent, &agent->sockets.sntp, now_ms);
}

static void lose_session(struct mu_agent *agent, enum mu_socket_why why, uint64_t now_ms)
{
	struct mu_event closed = { .type = MU_EVENT_MQTT_CLOSED, .reason = why == MU_SOCKET_GONE ? MU_ERR_CLOSED : MU_ERR_TIMEOUT };
	agent->port->mqtt->close(agent->port->context);
	mu_heap_watch_event(agent, &closed);
	mu_connectivity_event(agent, &closed, now_ms);
}

// ---- reports

static void tell(struct mu_agent *agent, const char *owner, enum mu_socket_why why, uint64_t now_ms)
{
	char text[TEXT_BYTES] = "", *end = text + sizeof text;
	mu_text_put(mu_text_put(mu_text_put(text, text + MU_NAME_MAX + 1, owner), end, " "), end, mu_socket_why_name(why));
	mu_report_event(agent, "socket_closed", text, agent->sockets.registry.closed, now_ms);
}

static void tell_closed(struct mu_agent *agent, uint64_t now_ms)
{
	struct mu_socket_guard *guard = &agent->sockets;
	if (!guard->owner || !mu_due(&guard->tell_ms, MU_SOCKET_GUARD_TOLD_MS, now_ms))
		return;
	tell(agent, guard->owner, guard->why, now_ms);
	guard->owner = 0;
}

static void tell_refused(struct mu_agent *agent, uint64_t now_ms)
{
	struct mu_socket_guard *guard = &agent->sockets;
	if (guard->registry.refused == guard->refused_told || !mu_due(&guard->refused_ms, MU_SOCKET_GUARD_REFUSED_MS, now_ms))
		return;
	guard->refused_told = guard->registry.refused;
	tell(agent, guard->registry.refused_owner, MU_SOCKET_REFUSED, now_ms);
}

// Somebody opens sockets and registers none of them, and they are running out: each new peak once, so at most `limit` times a boot.
static void tell_unclaimed(struct mu_agent *agent, uint64_t now_ms)
{
	struct mu_socket_guard *guard = &agent->sockets;
	const struct mu_sockets *registry = &guard->registry;
	if (registry->unclaimed <= guard->unclaimed_told || !registry->limit || registry->open * 100 < registry->limit * LOW_PERCENT)
		return;
	guard->unclaimed_told = registry->unclaimed;
	mu_report_event(agent, "sockets_unclaimed", 0, registry->unclaimed, now_ms);
}

// ---- steps

void mu_socket_guard_sampled(struct mu_agent *agent)
{
	struct mu_socket_guard *guard = &agent->sockets;
	struct mu_system_vitals *system = &agent->vitals.system;
	lock(agent);
	guard->heap_free_bytes = agent->vitals.has_system ? system->heap_free_bytes : UINT32_MAX;
	guard->heap_largest_bytes = agent->vitals.has_system ? system->heap_largest_bytes : UINT32_MAX;
	mu_sockets_count(&guard->registry);
	if (guard->registry.limit) {
		system->has_sockets = true;
		system->sockets_open = guard->registry.open;
		system->sockets_limit = guard->registry.limit;
		system->sockets_high_water = guard->registry.high_water;
	}
	unlock(agent, 0);
}

static int take_news(struct mu_agent *agent, uint64_t now_ms, struct mu_socket_news *news)
{
	lock(agent);
	return unlock(agent, mu_sockets_step(&agent->sockets.registry, now_ms, news));
}

uint64_t mu_socket_guard_step(struct mu_agent *agent, uint64_t now_ms)
{
	struct mu_socket_guard *guard = &agent->sockets;
	struct mu_socket_news news;
	while (!agent->stopped && take_news(agent, now_ms, &news)) {
		guard->owner = news.owner;
		guard->why = news.why;
		if (!news.closed && news.handle == guard->session)
			lose_session(agent, news.why, now_ms);
		if (!news.closed && news.handle == guard->sntp)
			mu_timekeeping_event(agent, &(struct mu_event){ .type = MU_EVENT_UDP_FAILED, .reason = MU_ERR_CLOSED }, now_ms);
	}
	tell_closed(agent, now_ms);
	tell_refused(agent, now_ms);
	tell_unclaimed(agent, now_ms);
	lock(agent);
	uint64_t next_ms = mu_sockets_next(&guard->registry);
	unlock(agent, 0);
	return guard->owner ? mu_earlier(guard->tell_ms, next_ms) : next_ms;
}

// ---- the application's calls

// One descriptor is left for the session as long as it has none: a device that cannot be reached cannot be helped.
int mu_agent_socket_may_open(struct mu_agent *agent, const char *owner, bool tls, uint64_t now_ms)
{
	return admit(agent, owner, tls, agent->sockets.session ? 0 : 1, now_ms);
}

int mu_agent_socket(struct mu_agent *agent, int descriptor, const char *owner, uint64_t now_ms)
{
	return add(agent, descriptor, owner, false, now_ms);
}

int mu_agent_socket_in_library(struct mu_agent *agent, int descriptor, const char *owner, uint64_t now_ms)
{
	return add(agent, descriptor, owner, true, now_ms);
}

int mu_agent_socket_wait(struct mu_agent *agent, int socket, uint64_t now_ms)
{
	lock(agent);
	return unlock(agent, mu_sockets_wait(&agent->sockets.registry, socket, now_ms));
}

int mu_agent_socket_progress(struct mu_agent *agent, int socket)
{
	lock(agent);
	return unlock(agent, mu_sockets_progress(&agent->sockets.registry, socket));
}

int mu_agent_socket_release(struct mu_agent *agent, int socket, uint64_t now_ms)
{
	lock(agent);
	return unlock(agent, mu_sockets_release(&agent->sockets.registry, socket, now_ms));
}
