// SPDX-License-Identifier: Apache-2.0
#include "agent/network/sntp.h"

#include <string.h>

#include "proto/limits.h"

// Places in a packet, and values there (RFC 4330, section 4).
enum {
	AT_STRATUM = 1,
	AT_ROOT_DELAY = 4,
	AT_ROOT_DISPERSION = 8,
	AT_REFERENCE_ID = 12,
	AT_ORIGINATE = 24,
	AT_RECEIVE = 32,
	AT_TRANSMIT = 40
};
enum { LEAP_UNSYNCHRONIZED = 3, MODE_CLIENT = 3, MODE_SERVER = 4, VERSION = 4, VERSION_LEAST = 3, STRATUM_MAX = 15 };
enum { CODE_RATE = 0x52415445, CODE_DENY = 0x44454e59, CODE_RSTR = 0x52535452 }; // in ASCII
enum { DOUBLINGS_MAX = 6 };

#define SECONDS_1900_TO_1970 UINT64_C(2208988800)
#define ERA_SECONDS (UINT64_C(1) << 32)

// ---- the packet

static uint32_t big_endian(const uint8_t *at)
{
	return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

// Unix milliseconds. Before 1970 there is none: 0.
static uint64_t timestamp_ms(const uint8_t *at)
{
	uint64_t seconds = big_endian(at);
	if (!(seconds >> 31))
		seconds += ERA_SECONDS;
	if (seconds < SECONDS_1900_TO_1970)
		return 0;
	return (seconds - SECONDS_1900_TO_1970) * 1000 + ((uint64_t)big_endian(at + 4) * 1000 >> 32);
}

// 16.16 seconds.
static uint32_t short_ms(const uint8_t *at)
{
	return (uint32_t)((uint64_t)big_endian(at) * 1000 >> 16);
}

static enum mu_sntp_verdict kiss(const uint8_t *answer)
{
	switch (big_endian(answer + AT_REFERENCE_ID)) {
	case CODE_RATE: return MU_SNTP_KISS_RATE;
	case CODE_DENY:
	case CODE_RSTR: return MU_SNTP_KISS_DENY;
	default: return MU_SNTP_KISS;
	}
}

// Half of the way, without the time that the server had the request.
static uint32_t way_back_ms(const uint8_t *answer, uint64_t transmit_ms, uint32_t round_trip_ms)
{
	uint64_t held_ms = transmit_ms - timestamp_ms(answer + AT_RECEIVE);
	return (uint32_t)(held_ms <= round_trip_ms ? round_trip_ms - held_ms : round_trip_ms) / 2;
}

static bool is_synchronized(const uint8_t *answer)
{
	static const uint8_t never[8];
	if (answer[0] >> 6 == LEAP_UNSYNCHRONIZED || answer[AT_STRATUM] > STRATUM_MAX || !memcmp(answer + AT_TRANSMIT, never, sizeof never))
		return false;
	return short_ms(answer + AT_ROOT_DELAY) / 2 + short_ms(answer + AT_ROOT_DISPERSION) < MU_SNTP_DISTANCE_MS;
}

enum mu_sntp_verdict mu_sntp_judge(const uint8_t *answer, size_t size, const uint8_t nonce[MU_SNTP_NONCE_BYTES], uint32_t round_trip_ms,
	uint64_t *wall_ms)
{
	if (size < MU_SNTP_PACKET_BYTES)
		return MU_SNTP_SHORT;
	uint8_t version = answer[0] >> 3 & 7;
	if ((answer[0] & 7) != MODE_SERVER || version < VERSION_LEAST || version > VERSION)
		return MU_SNTP_NOT_AN_ANSWER;
	if (memcmp(answer + AT_ORIGINATE, nonce, MU_SNTP_NONCE_BYTES))
		return MU_SNTP_NOT_OURS;
	if (!answer[AT_STRATUM])
		return kiss(answer);
	if (!is_synchronized(answer))
		return MU_SNTP_UNSYNCHRONIZED;
	uint64_t transmit_ms = timestamp_ms(answer + AT_TRANSMIT);
	uint64_t arrival_ms = transmit_ms + way_back_ms(answer, transmit_ms, round_trip_ms);
	if (transmit_ms < MU_WALL_MS_MIN || arrival_ms > MU_WALL_MS_MAX)
		return MU_SNTP_MAD;
	*wall_ms = arrival_ms;
	return MU_SNTP_GOOD;
}

const char *mu_sntp_verdict_name(enum mu_sntp_verdict verdict)
{
	static const char *const names[MU_SNTP_VERDICTS] = { "good", "too short", "not ours", "not an answer", "not synchronized",
		"mad time", "kiss RATE", "kiss DENY", "kiss" };
	return (unsigned)verdict < MU_SNTP_VERDICTS ? names[verdict] : "unknown";
}

// ---- servers

// ":1" to ":65535", or nothing: the default.
static int parse_port(const char *text, uint16_t *port)
{
	uint32_t number = 0;
	*port = MU_SNTP_PORT;
	if (!*text)
		return 0;
	if (*text++ != ':')
		return MU_ERR_INVALID;
	for (; *text >= '0' && *text <= '9' && number <= UINT16_MAX; text++)
		number = number * 10 + (uint32_t)(*text - '0');
	*port = (uint16_t)number;
	return *text || !number || number > UINT16_MAX ? MU_ERR_INVALID : 0;
}

// HOST[:PORT]; an IPv6 address is in brackets.
static int split(const char *server, char host[MU_SNTP_HOST_MAX + 1], uint16_t *port)
{
	bool bracketed = *server == '[';
	size_t length = strcspn(server += bracketed, bracketed ? "]" : ":");
	if (!length || length > MU_SNTP_HOST_MAX || (bracketed && !server[length]))
		return MU_ERR_INVALID;
	memcpy(host, server, length);
	host[length] = 0;
	return parse_port(server + length + bracketed, port);
}

int mu_sntp_init(struct mu_sntp *sntp, const struct mu_port *port, const char *const servers[MU_SNTP_SERVERS], uint64_t floor_ms)
{
	char host[MU_SNTP_HOST_MAX + 1];
	uint16_t number;
	*sntp = (struct mu_sntp){ .port = port, .floor_ms = floor_ms, .due_ms = UINT64_MAX, .first_until_ms = UINT64_MAX };
	for (size_t i = 0; i < MU_SNTP_SERVERS; i++) {
		if (!servers[i])
			continue;
		if (split(servers[i], host, &number) < 0)
			return MU_ERR_INVALID;
		sntp->servers[sntp->count++] = servers[i];
	}
	return 0;
}

// ---- rounds

static uint32_t random_below(const struct mu_sntp *sntp, uint32_t limit)
{
	uint32_t bits = 0;
	sntp->port->system->random(sntp->port->context, &bits, sizeof bits);
	return bits % limit;
}

static void begin_round(struct mu_sntp *sntp, uint64_t now_ms)
{
	sntp->in_round = true;
	sntp->at = 0;
	sntp->due_ms = now_ms;
}

static void end_round(struct mu_sntp *sntp, bool answered, uint64_t now_ms)
{
	uint32_t half_ms = MU_SNTP_RETRY_MS / 2 << sntp->doublings;
	sntp->in_round = false;
	if (answered) {
		sntp->doublings = 0;
		sntp->due_ms = now_ms + MU_SNTP_PERIOD_MS - random_below(sntp, MU_SNTP_JITTER_MS);
		return;
	}
	if (half_ms > MU_SNTP_PERIOD_MS / 2)
		half_ms = MU_SNTP_PERIOD_MS / 2;
	sntp->doublings += sntp->doublings < DOUBLINGS_MAX;
	sntp->due_ms = now_ms + half_ms + random_below(sntp, half_ms);
}

// The server that is asked has not answered: the next one's turn.
static void give_up(struct mu_sntp *sntp, const char *why, uint64_t now_ms)
{
	sntp->port->udp->close(sntp->port->context);
	sntp->waiting = false;
	sntp->failures++;
	sntp->failed = sntp->servers[sntp->at];
	sntp->why = why;
	sntp->at++;
	sntp->due_ms = now_ms;
}

static void ask(struct mu_sntp *sntp, int admitted, uint64_t now_ms)
{
	char host[MU_SNTP_HOST_MAX + 1] = "";
	uint8_t packet[MU_SNTP_PACKET_BYTES] = { VERSION << 3 | MODE_CLIENT };
	uint16_t port = MU_SNTP_PORT;
	const struct mu_port *way = sntp->port;
	sntp->not_before_ms[sntp->at] = now_ms + MU_SNTP_SPACING_MS;
	sntp->waiting = true;
	sntp->due_ms = now_ms + MU_SNTP_WAIT_MS;
	split(sntp->servers[sntp->at], host, &port); // was checked by init
	// The transmit time comes back as the originate time, whatever it is: a random number proves more and tells nobody our time.
	int err = admitted < 0 ? admitted : way->system->random(way->context, sntp->nonce, sizeof sntp->nonce);
	memcpy(packet + AT_TRANSMIT, sntp->nonce, sizeof sntp->nonce);
	if (err >= 0)
		err = way->udp->request(way->context, host, port, packet, sizeof packet);
	if (err < 0)
		give_up(sntp, mu_err_name(err), now_ms);
}

// When the first of the servers may be asked again; UINT64_MAX: none ever.
static uint64_t earliest_ms(const struct mu_sntp *sntp)
{
	uint64_t earliest_ms = UINT64_MAX;
	for (size_t i = 0; i < sntp->count; i++)
		if (sntp->not_before_ms[i] < earliest_ms)
			earliest_ms = sntp->not_before_ms[i];
	return earliest_ms;
}

// Asks the next server of the round that may be asked. ROUND_FAILED: there is none left.
static enum mu_sntp_news go_on(struct mu_sntp *sntp, int admitted, uint64_t now_ms)
{
	while (!sntp->waiting && sntp->at < sntp->count) {
		if (now_ms >= sntp->not_before_ms[sntp->at])
			ask(sntp, admitted, now_ms);
		else
			sntp->at++;
	}
	if (sntp->waiting)
		return MU_SNTP_NOTHING;
	end_round(sntp, false, now_ms);
	if (earliest_ms(sntp) > sntp->due_ms)
		sntp->due_ms = earliest_ms(sntp);
	return MU_SNTP_ROUND_FAILED;
}

void mu_sntp_link(struct mu_sntp *sntp, bool up, uint64_t now_ms)
{
	if (!sntp->count || up == sntp->link_up)
		return;
	sntp->link_up = up;
	if (!up) {
		if (sntp->waiting)
			sntp->port->udp->close(sntp->port->context);
		sntp->waiting = sntp->in_round = false;
		return;
	}
	if (sntp->first_until_ms == UINT64_MAX)
		sntp->first_until_ms = now_ms + MU_SNTP_FIRST_MS;
	if (sntp->answered && !sntp->doublings && now_ms < sntp->due_ms)
		return; // the hour is not over
	sntp->doublings = 0; // another network, perhaps
	uint64_t earliest = earliest_ms(sntp);
	sntp->due_ms = earliest > now_ms ? earliest : now_ms;
}

static void punish(struct mu_sntp *sntp, enum mu_sntp_verdict verdict, uint64_t now_ms)
{
	uint8_t *rates = &sntp->rates[sntp->at];
	if (verdict == MU_SNTP_KISS_DENY)
		sntp->not_before_ms[sntp->at] = UINT64_MAX;
	if (verdict != MU_SNTP_KISS_RATE)
		return;
	*rates += *rates < MU_SNTP_RATE_DOUBLINGS;
	sntp->not_before_ms[sntp->at] = now_ms + ((uint64_t)MU_SNTP_RATE_MS << *rates);
}

static enum mu_sntp_news take_answer(struct mu_sntp *sntp, const struct mu_event *event, uint64_t now_ms, uint64_t *wall_ms)
{
	uint32_t round_trip_ms = event->value > 0 ? (uint32_t)event->value : 0;
	if (round_trip_ms > MU_SNTP_WAIT_MS)
		round_trip_ms = MU_SNTP_WAIT_MS;
	enum mu_sntp_verdict verdict = mu_sntp_judge(event->payload, event->payload_bytes, sntp->nonce, round_trip_ms, wall_ms);
	if (verdict == MU_SNTP_GOOD && *wall_ms < sntp->floor_ms)
		verdict = MU_SNTP_MAD;
	if (verdict != MU_SNTP_GOOD) {
		punish(sntp, verdict, now_ms);
		give_up(sntp, mu_sntp_verdict_name(verdict), now_ms);
		return MU_SNTP_NOTHING;
	}
	sntp->waiting = false;
	sntp->answered = true;
	sntp->failures = 0;
	sntp->rates[sntp->at] = 0;
	end_round(sntp, true, now_ms);
	return MU_SNTP_TIME;
}

enum mu_sntp_news mu_sntp_event(struct mu_sntp *sntp, const struct mu_event *event, uint64_t now_ms, uint64_t *wall_ms)
{
	if (!sntp->waiting)
		return MU_SNTP_NOTHING;
	if (event->type == MU_EVENT_UDP_ANSWER)
		return take_answer(sntp, event, now_ms, wall_ms);
	if (event->type == MU_EVENT_UDP_FAILED)
		give_up(sntp, mu_err_name(event->reason), now_ms);
	return MU_SNTP_NOTHING;
}

bool mu_sntp_wants(const struct mu_sntp *sntp, uint64_t now_ms)
{
	return sntp->link_up && now_ms >= sntp->due_ms;
}

enum mu_sntp_news mu_sntp_step(struct mu_sntp *sntp, int admitted, uint64_t now_ms, uint64_t *next_ms)
{
	enum mu_sntp_news news = MU_SNTP_NOTHING;
	*next_ms = UINT64_MAX;
	if (!sntp->link_up)
		return news;
	if (now_ms >= sntp->due_ms && sntp->waiting)
		give_up(sntp, "no answer", now_ms);
	if (now_ms >= sntp->due_ms) {
		if (!sntp->in_round)
			begin_round(sntp, now_ms);
		news = go_on(sntp, admitted, now_ms);
	}
	*next_ms = sntp->due_ms;
	return news;
}

bool mu_sntp_first_is_due(const struct mu_sntp *sntp, uint64_t now_ms)
{
	if (!sntp->link_up || sntp->answered || now_ms >= sntp->first_until_ms)
		return false;
	return sntp->in_round || now_ms >= sntp->due_ms;
}
