// SPDX-License-Identifier: Apache-2.0
#include "agent/network/sockets.h"
#include <string.h>

static const struct mu_socket_options options = {
	.keep_idle_s = MU_SOCKETS_KEEP_IDLE_S,
	.keep_interval_s = MU_SOCKETS_KEEP_INTERVAL_S,
	.keep_probes = MU_SOCKETS_KEEP_PROBES,
	.user_timeout_ms = MU_SOCKETS_UNACKED_MS,
};

enum { INDEX_BITS = 4, GENERATIONS = 1 << 27 };
_Static_assert(MU_SOCKETS_MAX <= 1 << INDEX_BITS, "a handle holds its row");

void mu_sockets_init(struct mu_sockets *sockets, const struct mu_port *port, const struct mu_heap_gates *gates)
{
	*sockets = (struct mu_sockets){ .port = port, .gates = *gates };
}

// ---- counting

static uint32_t registered(const struct mu_sockets *sockets)
{
	uint32_t count = 0;
	for (int i = 0; i < MU_SOCKETS_MAX; i++)
		count += sockets->rows[i].owner != 0;
	return count;
}

void mu_sockets_count(struct mu_sockets *sockets)
{
	const struct mu_socket_port *port = sockets->port->socket;
	int open = port->list(sockets->port->context, 0, 0), limit = port->limit(sockets->port->context);
	uint32_t known = registered(sockets);
	sockets->open = open < 0 ? known : (uint32_t)open;
	sockets->limit = limit < 0 ? 0 : (uint32_t)limit;
	sockets->unclaimed = sockets->open > known ? sockets->open - known : 0;
	if (sockets->open > sockets->high_water)
		sockets->high_water = sockets->open;
}

// ---- rows

static bool owned_by(const struct mu_socket *row, const char *owner)
{
	return row->owner && strcmp(row->owner, owner) == 0;
}

static struct mu_socket *row_of(struct mu_sockets *sockets, int handle)
{
	int index = handle & ((1 << INDEX_BITS) - 1);
	if (handle <= 0 || index >= MU_SOCKETS_MAX)
		return 0;
	struct mu_socket *row = &sockets->rows[index];
	return row->owner && row->handle == handle && !row->released ? row : 0;
}

static void forget(struct mu_socket *row)
{
	*row = (struct mu_socket){ 0 };
}

static void look_for_progress(struct mu_socket *row, const struct mu_socket_look *look, uint64_t now_ms)
{
	if (!row->pending || look->progress != row->progress)
		row->pending_ms = now_ms;
	row->pending = look->pending;
	row->progress = look->progress;
}

static void judge_state(struct mu_socket *row, int state, uint64_t now_ms)
{
	if (state == MU_ERR_CLOSED)
		row->why = MU_SOCKET_GONE;
	else if (state == MU_ERR_TIMEOUT)
		row->why = MU_SOCKET_SILENT;
	else if (row->pending && now_ms - row->pending_ms >= MU_SOCKETS_UNACKED_MS)
		row->why = MU_SOCKET_STUCK;
}

static bool is_another(const struct mu_socket *row, const struct mu_socket_look *seen)
{
	return row->identity && seen->identity && seen->identity != row->identity;
}

// Brings the row up to date; one whose descriptor is closed, or is another socket by now, is forgotten.
static void look(struct mu_sockets *sockets, struct mu_socket *row, uint64_t now_ms)
{
	const struct mu_socket_port *port = sockets->port->socket;
	struct mu_socket_look seen = { 0 };
	int state = port->check(sockets->port->context, row->descriptor);
	int found = port->look(sockets->port->context, row->descriptor, &seen);
	if (state == MU_ERR_NOT_FOUND || found == MU_ERR_NOT_FOUND || (found >= 0 && is_another(row, &seen))) {
		forget(row);
		return;
	}
	if (found >= 0) {
		row->identity = seen.identity ? seen.identity : row->identity;
		look_for_progress(row, &seen, now_ms);
	}
	judge_state(row, state, now_ms);
}

// ---- gates

static int refuse(struct mu_sockets *sockets, const char *owner, int err)
{
	sockets->refused++;
	sockets->refused_owner = owner;
	return err;
}

static bool closing(struct mu_sockets *sockets, const char *owner, uint64_t now_ms)
{
	if (sockets->last_owner && strcmp(sockets->last_owner, owner) == 0 && now_ms < sockets->retry_ms)
		return true;
	for (int i = 0; i < MU_SOCKETS_MAX; i++) {
		struct mu_socket *row = &sockets->rows[i];
		if (!row->released || !owned_by(row, owner))
			continue;
		look(sockets, row, now_ms); // it may be closed by now
		if (row->owner)
			return true;
	}
	return false;
}

int mu_sockets_admit(struct mu_sockets *sockets, const char *owner, bool tls, uint32_t reserve, const struct mu_system_vitals *system,
	uint64_t now_ms)
{
	if (!(tls ? mu_heap_allows_tls : mu_heap_allows_socket)(&sockets->gates, system))
		return refuse(sockets, owner, MU_ERR_NO_MEMORY);
	if (closing(sockets, owner, now_ms))
		return MU_ERR_BUSY;
	mu_sockets_count(sockets);
	if (sockets->limit && (uint64_t)sockets->open + reserve >= sockets->limit)
		return refuse(sockets, owner, MU_ERR_FULL);
	return 0;
}

// ---- owners

static struct mu_socket *place_for(struct mu_sockets *sockets, int descriptor)
{
	struct mu_socket *place = 0;
	for (int i = 0; i < MU_SOCKETS_MAX; i++) {
		struct mu_socket *row = &sockets->rows[i];
		if (row->owner && row->descriptor == descriptor)
			return row;
		if (!row->owner && !place)
			place = row;
	}
	return place;
}

static int enter(struct mu_sockets *sockets, struct mu_socket *row, struct mu_socket entry, uint64_t now_ms)
{
	sockets->generation = sockets->generation % (GENERATIONS - 1) + 1;
	entry.handle = sockets->generation << INDEX_BITS | (int)(row - sockets->rows);
	*row = entry;
	look(sockets, row, now_ms);
	mu_sockets_count(sockets);
	return row->owner ? row->handle : MU_ERR_NOT_FOUND;
}

int mu_sockets_add(struct mu_sockets *sockets, int descriptor, const char *owner, bool library, uint64_t now_ms)
{
	const struct mu_socket_port *port = sockets->port->socket;
	if (!owner || !*owner)
		return MU_ERR_INVALID;
	if (descriptor < 0 || port->configure(sockets->port->context, descriptor, &options) == MU_ERR_NOT_FOUND)
		return MU_ERR_NOT_FOUND;
	struct mu_socket *row = place_for(sockets, descriptor);
	if (!row)
		return refuse(sockets, owner, MU_ERR_FULL);
	if (row->owner)
		look(sockets, row, now_ms);
	if (owned_by(row, owner) && !row->released && row->library == library)
		return row->handle;
	return enter(sockets, row, (struct mu_socket){ .owner = owner, .descriptor = descriptor, .library = library }, now_ms);
}

int mu_sockets_wait(struct mu_sockets *sockets, int handle, uint64_t now_ms)
{
	struct mu_socket *row = row_of(sockets, handle);
	if (!row || row->told)
		return MU_ERR_CLOSED;
	if (!row->waiting)
		row->due_ms = now_ms + MU_SOCKETS_IO_MS;
	row->waiting = true;
	return 0;
}

int mu_sockets_progress(struct mu_sockets *sockets, int handle)
{
	struct mu_socket *row = row_of(sockets, handle);
	if (!row || row->told)
		return MU_ERR_CLOSED;
	row->waiting = false;
	return 0;
}

int mu_sockets_release(struct mu_sockets *sockets, int handle, uint64_t now_ms)
{
	struct mu_socket *row = row_of(sockets, handle);
	if (!row)
		return MU_ERR_CLOSED;
	row->waiting = row->told = false;
	row->released = true;
	row->due_ms = now_ms + MU_SOCKETS_GRACE_MS;
	look(sockets, row, now_ms);
	return 0;
}

// ---- what is over

// A close that fails is tried again: the row stays, as an orphan.
static bool close_row(struct mu_sockets *sockets, struct mu_socket *row, uint64_t now_ms)
{
	const struct mu_socket_port *port = sockets->port->socket;
	port->shutdown(sockets->port->context, row->descriptor); // on one that is over it may fail: close counts
	int err = port->close(sockets->port->context, row->descriptor, true);
	sockets->last_owner = row->owner;
	sockets->retry_ms = now_ms + MU_SOCKETS_GRACE_MS;
	if (err >= 0 || err == MU_ERR_NOT_FOUND)
		return true;
	row->released = true;
	row->due_ms = now_ms + MU_SOCKETS_PERIOD_MS;
	return false;
}

static bool is_due(const struct mu_socket *row, uint64_t now_ms)
{
	return (row->waiting || row->released) && now_ms >= row->due_ms;
}

// Released, and its grace is over. Dead, or the same socket for sure, or let be: it may be another's by now.
static int sweep(struct mu_sockets *sockets, struct mu_socket *row, uint64_t now_ms, struct mu_socket_news *news)
{
	look(sockets, row, now_ms);
	if (!row->owner)
		return 0;
	bool dead = row->why == MU_SOCKET_GONE || row->why == MU_SOCKET_SILENT;
	if (!row->identity && !dead) {
		forget(row);
		return 0;
	}
	*news = (struct mu_socket_news){ row->owner, MU_SOCKET_ORPHAN, row->handle, true };
	if (!close_row(sockets, row, now_ms))
		return 0;
	forget(row);
	sockets->orphans_closed++;
	sockets->closed++;
	return 1;
}

static int end(struct mu_sockets *sockets, struct mu_socket *row, uint64_t now_ms, struct mu_socket_news *news)
{
	*news = (struct mu_socket_news){ row->owner, (enum mu_socket_why)row->why, row->handle, !row->library };
	row->waiting = false;
	sockets->closed++;
	if (row->library)
		row->told = true;
	else if (close_row(sockets, row, now_ms))
		forget(row);
	return 1;
}

static int judge(struct mu_sockets *sockets, struct mu_socket *row, uint64_t now_ms, struct mu_socket_news *news)
{
	if (row->released)
		return is_due(row, now_ms) ? sweep(sockets, row, now_ms, news) : 0;
	if (is_due(row, now_ms))
		row->why = MU_SOCKET_STUCK;
	return row->why && !row->told ? end(sockets, row, now_ms, news) : 0;
}

static void look_at_all(struct mu_sockets *sockets, uint64_t now_ms)
{
	sockets->look_ms = now_ms + MU_SOCKETS_PERIOD_MS;
	for (int i = 0; i < MU_SOCKETS_MAX; i++)
		if (sockets->rows[i].owner)
			look(sockets, &sockets->rows[i], now_ms);
	mu_sockets_count(sockets);
}

int mu_sockets_step(struct mu_sockets *sockets, uint64_t now_ms, struct mu_socket_news *news)
{
	if (now_ms >= sockets->look_ms)
		look_at_all(sockets, now_ms);
	for (int i = 0; i < MU_SOCKETS_MAX; i++)
		if (sockets->rows[i].owner && judge(sockets, &sockets->rows[i], now_ms, news))
			return 1;
	return 0;
}

uint64_t mu_sockets_next(const struct mu_sockets *sockets)
{
	uint64_t next_ms = UINT64_MAX;
	for (int i = 0; i < MU_SOCKETS_MAX; i++) {
		const struct mu_socket *row = &sockets->rows[i];
		if (row->owner && next_ms > sockets->look_ms)
			next_ms = sockets->look_ms;
		if (row->owner && (row->waiting || row->released) && row->due_ms < next_ms)
			next_ms = row->due_ms;
	}
	return next_ms;
}

const char *mu_socket_why_name(enum mu_socket_why why)
{
	static const char *const names[] = { "alive", "gone", "silent", "stuck", "orphan", "refused" };
	return (unsigned)why < sizeof names / sizeof *names ? names[why] : "unknown";
}
