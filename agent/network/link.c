// SPDX-License-Identifier: Apache-2.0
#include "agent/network/link.h"
#include "agent/deadline.h"
#include <string.h>

enum {
	REASON_ASSOC_LEAVE = 8,
	REASON_NO_AP_FOUND = 201,
	REASON_AUTH_FAIL = 202,
	REASON_AUTH_THRESHOLD = 211,
	SCAN_ALL = 1, // of struct mu_link.scanning
	SCAN_FIRST = 2,
};

static const struct mu_link_config plain_wire = { .wired = true };

static bool alone(const struct mu_link *link)
{
	return !link->config->wired && link->config->network_count == 0;
}

static bool port_can(const struct mu_link *link, enum mu_link_can what)
{
	int can = link->port->link->can(link->port->context);
	return can > 0 && ((unsigned)can & what);
}

int mu_link_init(struct mu_link *link, const struct mu_port *port, const struct mu_link_config *config, const char **problem)
{
	const char *unheard;
	*link = (struct mu_link){
		.port = port,
		.config = config ? config : &plain_wire,
		.chosen = MU_LINK_NONE,
		.refused = MU_LINK_NONE,
		.address_due_ms = UINT64_MAX,
		.scan_due_ms = UINT64_MAX,
	};
	mu_link_choice_init(&link->choice);
	mu_access_point_init(&link->own, port, link->config);
	return mu_link_config_check(link->config, problem ? problem : &unheard);
}

int mu_link_serve(struct mu_link *link, bool on)
{
	return mu_access_point_serve(&link->own, on);
}

// ---- scans

static int start_scan(struct mu_link *link, uint8_t scan, uint64_t now_ms)
{
	const char *ssid = scan == SCAN_ALL ? 0 : link->config->networks[scan - SCAN_FIRST].ssid;
	int err = link->port->link->scan(link->port->context, ssid);
	if (err < 0)
		return err;
	link->scanning = scan;
	link->scan_due_ms = now_ms + MU_LINK_SCAN_TIMEOUT_MS;
	return 0;
}

static int start_scans(struct mu_link *link, uint64_t now_ms)
{
	int err = start_scan(link, SCAN_ALL, now_ms);
	if (err >= 0)
		mu_link_choice_forget(&link->choice);
	return err;
}

static bool is_fresh(const struct mu_link *link, uint64_t now_ms)
{
	return now_ms < link->fresh_ms;
}

static void read_scan(struct mu_link *link)
{
	struct mu_link_seen seen[MU_LINK_SEEN_MAX];
	int count = link->port->link->scan_read(link->port->context, seen, MU_LINK_SEEN_MAX);
	if (count < 0)
		return;
	mu_link_choice_hear(&link->choice, link->config, port_can(link, MU_LINK_CAN_WPA3), seen, (size_t)count);
	if (link->scanning == SCAN_ALL)
		link->crowded = count == MU_LINK_SEEN_MAX;
}

// True if one more is under way.
static bool scan_on(struct mu_link *link, uint64_t now_ms)
{
	for (size_t next = link->scanning == SCAN_ALL ? 0 : link->scanning - SCAN_FIRST + 1u; next < link->config->network_count; next++) {
		bool worth = link->config->networks[next].hidden || link->crowded;
		if (worth && !link->choice.places[next].seen && start_scan(link, (uint8_t)(SCAN_FIRST + next), now_ms) >= 0)
			return true;
	}
	return false;
}

// ---- joining

static void swap_names(mu_ipv4 a, mu_ipv4 b)
{
	mu_ipv4 kept;
	memcpy(kept, a, sizeof kept);
	memcpy(a, b, sizeof kept);
	memcpy(b, kept, sizeof kept);
}

static void describe(const struct mu_link *link, uint8_t index, bool in_sight, struct mu_link_join *join)
{
	const struct mu_link_network *network = &link->config->networks[index];
	const struct mu_link_place *place = &link->choice.places[index];
	strncpy(join->ssid, network->ssid, MU_SSID_MAX);
	strncpy(join->passphrase, network->passphrase ? network->passphrase : "", MU_PASSPHRASE_MAX);
	join->least_auth = mu_link_least_auth(network);
	join->address = network->address;
	join->channel = place->channel;
	join->has_bssid = in_sight && place->seen && place->failed == 0;
	if (join->has_bssid)
		memcpy(join->bssid, place->bssid, MU_BSSID_BYTES);
}

// index MU_LINK_NONE: the wire.
static int join(struct mu_link *link, uint8_t index, bool in_sight)
{
	struct mu_link_join wanted = { .wired = index == MU_LINK_NONE, .address = link->config->wired_address };
	if (index != MU_LINK_NONE)
		describe(link, index, in_sight, &wanted);
	if (link->other_names)
		swap_names(wanted.address.dns[0], wanted.address.dns[MU_DNS_SERVERS - 1]);
	int err = link->port->link->connect(link->port->context, &wanted);
	link->phase = err < 0 ? MU_LINK_OFF : MU_LINK_JOINING;
	link->chosen = index;
	link->address_due_ms = UINT64_MAX;
	return err < 0 ? err : 0;
}

static int join_best(struct mu_link *link, uint64_t now_ms)
{
	size_t count = link->config->network_count;
	bool in_sight = is_fresh(link, now_ms) && mu_link_choice_in_sight(&link->choice, count) > 0;
	return join(link, mu_link_choice_pick(&link->choice, count, in_sight), in_sight);
}

// No network may be tried now.
static bool all_rest(struct mu_link *link, uint64_t now_ms)
{
	mu_link_choice_wake(&link->choice, now_ms);
	return mu_link_choice_pick(&link->choice, link->config->network_count, false) == MU_LINK_NONE;
}

// A scan pays if there is a choice, and if what worked last does not do.
static bool scan_pays(const struct mu_link *link, uint64_t now_ms)
{
	uint8_t worked = link->choice.worked;
	if (link->config->network_count < 2 || is_fresh(link, now_ms))
		return false;
	return worked == MU_LINK_NONE || link->choice.places[worked].failed;
}

static int join_or_scan(struct mu_link *link, uint64_t now_ms)
{
	if (all_rest(link, now_ms))
		return MU_ERR_AUTH;
	bool scans = link->scanning || (scan_pays(link, now_ms) && start_scans(link, now_ms) >= 0);
	if (!scans)
		return join_best(link, now_ms);
	link->join_next = true;
	link->scan_told = false; // whose scan it was does not wait for it any more
	return 0;
}

int mu_link_connect(struct mu_link *link, uint64_t now_ms)
{
	int err = mu_access_point_apply(&link->own);
	link->refusal = 0;
	if (alone(link)) {
		link->phase = err < 0 ? MU_LINK_OFF : MU_LINK_UP;
		link->alone_due = err >= 0;
		return err;
	}
	if (link->phase == MU_LINK_JOINING || link->phase == MU_LINK_ASSOCIATED) // the try before was never answered
		mu_link_choice_failed(&link->choice, link->chosen);
	return link->config->wired ? join(link, MU_LINK_NONE, false) : join_or_scan(link, now_ms);
}

// ---- leaving

// err: what the port said to it; if it refused, no event follows.
static void left(struct mu_link *link, bool told, int err)
{
	if (link->phase != MU_LINK_OFF && !alone(link)) {
		link->leaving = err >= 0;
		link->leaving_told = told;
	}
	link->phase = MU_LINK_OFF;
	link->address_due_ms = UINT64_MAX;
	link->join_next = false;
}

static int leave(struct mu_link *link, bool told)
{
	int err = link->port->link->disconnect(link->port->context);
	left(link, told, err);
	return err;
}

int mu_link_disconnect(struct mu_link *link)
{
	return leave(link, false);
}

int mu_link_restart(struct mu_link *link)
{
	int err = link->port->link->restart(link->port->context);
	left(link, false, err);
	link->scanning = 0;
	link->scan_told = false;
	link->scan_due_ms = UINT64_MAX;
	if (err < 0)
		return err;
	mu_access_point_restarted(&link->own);
	if (link->awake)
		link->port->link->power_save(link->port->context, false);
	return 0;
}

int mu_link_scan(struct mu_link *link, uint64_t now_ms)
{
	int err = 0;
	if (link->config->network_count == 0)
		return MU_ERR_UNSUPPORTED;
	if (all_rest(link, now_ms))
		return MU_ERR_AUTH;
	if (link->config->network_count == 1 && link->choice.places[0].refused_row) // it is there, and a try says what a scan cannot
		return MU_ERR_UNSUPPORTED;
	if (!link->scanning)
		err = start_scans(link, now_ms);
	if (err < 0)
		return err;
	link->scan_told = true;
	link->join_next = false;
	return 0;
}

// The link did not keep what it promised: out, and the ladder hears why.
static enum mu_link_heard give_up(struct mu_link *link, int32_t reason, int32_t *value)
{
	if (link->phase != MU_LINK_UP)
		mu_link_choice_failed(&link->choice, link->chosen);
	leave(link, true);
	*value = reason;
	return MU_LINK_HEARD_DOWN;
}

// ---- what the port tells

static bool refuses(int32_t reason)
{
	return mu_reason_class(reason) == MU_REASON_CREDENTIALS;
}

static bool is_power_of_two(uint32_t number)
{
	return (number & (number - 1)) == 0;
}

// Another network that was not refused yet, or may turn up in a scan.
static bool has_other(const struct mu_link *link, uint64_t now_ms)
{
	for (size_t i = 0; i < link->config->network_count; i++)
		if (link->choice.places[i].refused == 0 && (!is_fresh(link, now_ms) || link->choice.places[i].seen))
			return true;
	return false;
}

static enum mu_link_heard try_failed(struct mu_link *link, int32_t reason, uint64_t now_ms, int32_t *value)
{
	bool refused = refuses(reason) && link->chosen != MU_LINK_NONE;
	link->phase = MU_LINK_OFF;
	link->address_due_ms = UINT64_MAX;
	*value = reason;
	if (!refused) {
		mu_link_choice_failed(&link->choice, link->chosen);
		return MU_LINK_HEARD_DOWN;
	}
	mu_link_choice_refused(&link->choice, link->chosen, now_ms);
	if (is_power_of_two(link->choice.places[link->chosen].refused))
		link->refused = link->chosen;
	if (!has_other(link, now_ms) || join_or_scan(link, now_ms) < 0)
		return MU_LINK_HEARD_DOWN;
	link->refusal = reason;
	return MU_LINK_HEARD_LEFT;
}

static enum mu_link_heard on_down(struct mu_link *link, const struct mu_event *event, uint64_t now_ms, int32_t *value)
{
	*value = event->reason;
	if (link->leaving && event->reason == REASON_ASSOC_LEAVE) {
		link->leaving = false;
		if (link->leaving_told)
			return MU_LINK_HEARD_NOTHING;
		return link->phase == MU_LINK_OFF ? MU_LINK_HEARD_DOWN : MU_LINK_HEARD_LEFT;
	}
	if (link->phase == MU_LINK_OFF)
		return MU_LINK_HEARD_NOTHING;
	if (link->phase != MU_LINK_UP)
		return try_failed(link, event->reason, now_ms, value);
	if (mu_reason_class(event->reason) != MU_REASON_ROAMING) // then it may yet fail to get there
		link->phase = MU_LINK_OFF;
	return MU_LINK_HEARD_DOWN;
}

static enum mu_link_heard on_associated(struct mu_link *link, const struct mu_event *event, uint64_t now_ms, int32_t *value)
{
	(void)event, (void)value;
	if (link->phase == MU_LINK_JOINING) {
		link->phase = MU_LINK_ASSOCIATED;
		link->address_due_ms = now_ms + MU_LINK_ADDRESS_MS;
	}
	return MU_LINK_HEARD_NOTHING;
}

static enum mu_link_heard on_up(struct mu_link *link, const struct mu_event *event, uint64_t now_ms, int32_t *value)
{
	struct mu_link_status status = { 0 };
	(void)event, (void)now_ms, (void)value;
	if (link->phase == MU_LINK_OFF && link->leaving) // it came before the port heard that
		return MU_LINK_HEARD_NOTHING;
	link->phase = MU_LINK_UP;
	link->address_due_ms = UINT64_MAX;
	link->leaving = false;
	if (link->port->link->status(link->port->context, &status) < 0)
		status.channel = 0;
	mu_link_choice_worked(&link->choice, link->chosen, status.channel);
	return MU_LINK_HEARD_UP;
}

static enum mu_link_heard on_address_lost(struct mu_link *link, const struct mu_event *event, uint64_t now_ms, int32_t *value)
{
	(void)event, (void)now_ms;
	return link->phase == MU_LINK_UP ? give_up(link, MU_REASON_ADDRESS_LOST, value) : MU_LINK_HEARD_NOTHING;
}

// The scan that a join waited for is over.
static enum mu_link_heard join_seen(struct mu_link *link, bool blind, uint64_t now_ms, int32_t *value)
{
	int in_sight = mu_link_choice_in_sight(&link->choice, link->config->network_count);
	*value = link->choice.weak ? REASON_AUTH_THRESHOLD : REASON_NO_AP_FOUND;
	if (in_sight < 0)
		*value = REASON_AUTH_FAIL;
	if (link->refusal)
		*value = link->refusal;
	if (!blind && (in_sight <= 0 || (link->refusal && !has_other(link, now_ms))))
		return MU_LINK_HEARD_DOWN;
	*value = 0;
	return join_best(link, now_ms) < 0 ? MU_LINK_HEARD_DOWN : MU_LINK_HEARD_NOTHING;
}

// All scans are over; failed: the first of them, so nobody can tell what is there.
static enum mu_link_heard scans_over(struct mu_link *link, bool failed, uint64_t now_ms, int32_t *value)
{
	bool told = link->scan_told, joins = link->join_next;
	link->scanning = 0;
	link->scan_due_ms = UINT64_MAX;
	link->scan_told = link->join_next = false;
	link->fresh_ms = failed ? 0 : now_ms + MU_LINK_FRESH_MS;
	mu_link_choice_wake(&link->choice, now_ms);
	if (told) {
		int in_sight = mu_link_choice_in_sight(&link->choice, link->config->network_count);
		*value = failed ? -1 : in_sight < 0 ? 0 : in_sight;
		return MU_LINK_HEARD_SCANNED;
	}
	return joins ? join_seen(link, failed, now_ms, value) : MU_LINK_HEARD_NOTHING;
}

static enum mu_link_heard on_scanned(struct mu_link *link, const struct mu_event *event, uint64_t now_ms, int32_t *value)
{
	if (!link->scanning)
		return MU_LINK_HEARD_NOTHING;
	bool failed = event->value < 0;
	if (!failed)
		read_scan(link);
	else if (link->scanning == SCAN_ALL)
		return scans_over(link, true, now_ms, value);
	return scan_on(link, now_ms) ? MU_LINK_HEARD_NOTHING : scans_over(link, false, now_ms, value);
}

static enum mu_link_heard on_station(struct mu_link *link, const struct mu_event *event, uint64_t now_ms, int32_t *value)
{
	(void)now_ms, (void)value;
	mu_access_point_station(&link->own, event);
	return MU_LINK_HEARD_NOTHING;
}

enum mu_link_heard mu_link_event(struct mu_link *link, const struct mu_event *event, uint64_t now_ms, int32_t *value)
{
	static enum mu_link_heard (*const hear[])(struct mu_link *, const struct mu_event *, uint64_t, int32_t *) = {
		[MU_EVENT_LINK_ASSOCIATED] = on_associated,
		[MU_EVENT_LINK_UP] = on_up,
		[MU_EVENT_LINK_ADDRESS_LOST] = on_address_lost,
		[MU_EVENT_LINK_DOWN] = on_down,
		[MU_EVENT_SCAN_DONE] = on_scanned,
		[MU_EVENT_STATION_JOINED] = on_station,
		[MU_EVENT_STATION_LEFT] = on_station,
	};
	*value = 0;
	bool known = (size_t)event->type < sizeof hear / sizeof *hear && hear[event->type];
	return known ? hear[event->type](link, event, now_ms, value) : MU_LINK_HEARD_NOTHING;
}

// ---- time

enum mu_link_heard mu_link_step(struct mu_link *link, uint64_t now_ms, int32_t *value, uint64_t *next_ms)
{
	*value = 0;
	if (link->alone_due) {
		link->alone_due = false;
		return MU_LINK_HEARD_UP;
	}
	if (now_ms >= link->address_due_ms)
		return give_up(link, MU_REASON_NO_ADDRESS, value);
	if (now_ms >= link->scan_due_ms) // the port has forgotten it
		return scans_over(link, link->scanning == SCAN_ALL, now_ms, value);
	*next_ms = mu_earlier(mu_earlier(link->address_due_ms, link->scan_due_ms), mu_access_point_notice_ms(&link->own));
	return MU_LINK_HEARD_NOTHING;
}

// ---- power save, names, records

int mu_link_power_save(struct mu_link *link, bool on)
{
	int err = link->port->link->power_save(link->port->context, on);
	if (err >= 0)
		link->awake = !on;
	return err < 0 ? err : 0;
}

static const mu_ipv4 *fallback_server(const struct mu_link *link)
{
	const struct mu_link_address *address = &link->config->wired_address;
	if (!link->config->wired && link->chosen < link->config->network_count)
		address = &link->config->networks[link->chosen].address;
	return &address->dns[MU_DNS_SERVERS - 1];
}

bool mu_link_name_failed(struct mu_link *link)
{
	static const mu_ipv4 none;
	bool has_other = memcmp(fallback_server(link), none, sizeof none) != 0;
	link->nameless += link->nameless < UINT16_MAX;
	bool again = link->nameless % MU_LINK_NAMES_AGAIN == 0;
	if (has_other && (again || link->nameless == MU_LINK_NAMES_OTHER)) {
		link->other_names = !link->other_names;
		return true;
	}
	return again || link->nameless == MU_LINK_NAMES_ANEW;
}

void mu_link_name_resolved(struct mu_link *link)
{
	link->nameless = 0; // the server that answered stays
}

bool mu_link_notice(struct mu_link *link, uint64_t now_ms, struct mu_link_notice *out)
{
	static const char places[MU_LINK_NETWORKS_MAX][2] = { "1", "2", "3", "4" };
	if (link->refused != MU_LINK_NONE) {
		*out = (struct mu_link_notice){ "credentials", places[link->refused], link->choice.places[link->refused].refused };
		link->refused = MU_LINK_NONE;
		return true;
	}
	out->name = "access_point";
	out->text = mu_access_point_notice(&link->own, now_ms, &out->value);
	return out->text != 0;
}
