// SPDX-License-Identifier: Apache-2.0
#include "tests/agent/fake_collector.h"
#include <assert.h>
#include <string.h>

void fake_collector_init(struct fake_collector *collector, struct fake_port *fake, struct mu_agent *agent)
{
	*collector = (struct fake_collector){ .fake = fake, .agent = agent };
}

void fake_collector_free(struct fake_collector *collector)
{
	for (unsigned i = 0; i < collector->count; i++)
		mu__record__free_unpacked(collector->records[i], 0);
}

static void post(struct fake_collector *collector, enum mu_event_type type, int32_t value)
{
	mu_agent_post(collector->agent, &(struct mu_event){ .type = type, .value = value });
}

void fake_collector_send(struct fake_collector *collector, const char *topic, const void *payload, size_t size, bool retained)
{
	mu_agent_post(collector->agent,
		&(struct mu_event){ .type = MU_EVENT_MQTT_MESSAGE,
			.topic = topic,
			.payload = payload,
			.payload_bytes = size,
			.retained = retained });
}

static void send_ack(struct fake_collector *collector, const char *up_topic)
{
	Mu__Ack ack = MU__ACK__INIT;
	uint8_t packed[64];
	char topic[MU_TOPIC_MAX + 2];
	size_t stem = strlen(up_topic) - strlen("up");
	memcpy(topic, up_topic, stem);
	memcpy(topic + stem, "ack", sizeof "ack");
	ack.epoch = collector->epoch;
	ack.through_seq = collector->through;
	ack.has_server_time_ms = true;
	ack.server_time_ms = UINT64_C(1790000000000) + collector->now_ms;
	fake_collector_send(collector, topic, packed, mu__ack__pack(&ack, packed), false);
}

static void accept(struct fake_collector *collector, uint64_t seq, const Mu__Record *record)
{
	uint8_t packed[4096];
	size_t size = mu__record__pack(record, packed);
	assert(collector->count < FAKE_RECORDS_MAX);
	collector->seqs[collector->count] = seq;
	collector->records[collector->count++] = mu__record__unpack(0, size, packed);
}

// A number that was accepted comes again: it must still be the same record. Gaps may be cut anew.
static bool is_same(const struct fake_collector *collector, uint64_t seq, const Mu__Record *record)
{
	uint8_t packed[4096], accepted[4096];
	for (unsigned i = collector->count; i--;) {
		if (collector->seqs[i] != seq || collector->records[i]->body_case == MU__RECORD__BODY_GAP)
			continue;
		size_t size = mu__record__pack(record, packed);
		return size == mu__record__pack(collector->records[i], accepted) && memcmp(packed, accepted, size) == 0;
	}
	return true;
}

static void take_uplink(struct fake_collector *collector, const struct fake_publish *publish)
{
	Mu__Uplink *uplink = mu__uplink__unpack(0, publish->size, publish->payload);
	assert(uplink);
	if (uplink->epoch != collector->epoch) {
		collector->epochs++;
		collector->epoch = uplink->epoch;
		collector->through = uplink->first_seq - 1;
	}
	if (uplink->oldest_seq > collector->through + 1)
		collector->through = uplink->oldest_seq - 1; // gone for good
	uint64_t seq = uplink->first_seq;
	for (size_t i = 0; i < uplink->n_records && seq <= collector->through + 1; i++) {
		const Mu__Record *record = uplink->records[i];
		uint64_t next = seq + (record->body_case == MU__RECORD__BODY_GAP ? record->gap->count : 1);
		if (seq == collector->through + 1) {
			accept(collector, seq, record);
			collector->through = next - 1;
		} else if (record->body_case != MU__RECORD__BODY_GAP && collector->epochs == 1) {
			collector->changed += !is_same(collector, seq, record);
		}
		seq = next;
	}
	mu__uplink__free_unpacked(uplink, 0);
	if (!collector->no_ack)
		send_ack(collector, publish->topic);
}

static bool ends_with(const char *text, const char *end)
{
	size_t size = strlen(text), end_size = strlen(end);
	return size >= end_size && !strcmp(text + size - end_size, end);
}

// A live broker answers pings: every 10 s is often enough for any keep-alive.
static void answer_ping(struct fake_collector *collector)
{
	if (collector->no_broker || collector->no_puback || collector->now_ms < collector->ping_ms)
		return;
	collector->ping_ms = collector->now_ms + (collector->ping_period_ms ? collector->ping_period_ms : 10000);
	post(collector, MU_EVENT_MQTT_ALIVE, 0);
}

static void post_reason(struct fake_collector *collector, enum mu_event_type type, int32_t reason)
{
	mu_agent_post(collector->agent, &(struct mu_event){ .type = type, .reason = reason });
}

static void answer_connect(struct fake_collector *collector)
{
	if (!collector->no_link) {
		collector->fake->link_status = (struct mu_link_status){ .up = true, .rssi_dbm = -55, .channel = 6 };
		post(collector, MU_EVENT_LINK_UP, 0);
	} else if (collector->link_reason) {
		post_reason(collector, MU_EVENT_LINK_DOWN, collector->link_reason);
	}
}

static void answer_open(struct fake_collector *collector)
{
	if (collector->no_broker) {
		post_reason(collector, MU_EVENT_MQTT_CLOSED, collector->broker_reason ? collector->broker_reason : MU_ERR_CLOSED);
		return;
	}
	post(collector, MU_EVENT_MQTT_OPEN, 0);
	if (collector->drops_sessions)
		post_reason(collector, MU_EVENT_MQTT_CLOSED, MU_ERR_CLOSED);
}

static void answer(struct fake_collector *collector)
{
	answer_ping(collector);
	struct fake_port *fake = collector->fake;
	for (; collector->connects < fake->link_connects; collector->connects++)
		answer_connect(collector);
	for (; collector->scans_end && collector->scans < fake->link_scans; collector->scans++)
		post(collector, MU_EVENT_SCAN_DONE, (int32_t)fake->link_seen_count);
	for (; !collector->opens_itself && collector->opens < fake->mqtt_opens; collector->opens++)
		answer_open(collector);
	for (; collector->published < fake->published; collector->published++) {
		const struct fake_publish *publish = fake_port_publish(fake, fake->published - 1 - collector->published);
		if (!collector->no_puback)
			post(collector, MU_EVENT_MQTT_PUBLISHED, publish->id);
		collector->online += ends_with(publish->topic, "/state");
		if (ends_with(publish->topic, "/up"))
			take_uplink(collector, publish);
	}
}

void fake_collector_reset(struct fake_collector *collector)
{
	const struct fake_port *fake = collector->fake;
	collector->now_ms = collector->ping_ms = 0;
	collector->connects = fake->link_connects;
	collector->scans = fake->link_scans;
	collector->opens = fake->mqtt_opens;
	collector->published = fake->published;
}

void fake_collector_run(struct fake_collector *collector, uint64_t duration_ms)
{
	uint64_t end_ms = collector->now_ms + duration_ms, hop_ms = collector->hop_ms ? collector->hop_ms : 100;
	for (;;) {
		uint64_t next_ms = mu_agent_step(collector->agent, collector->now_ms);
		answer(collector);
		if (collector->now_ms >= end_ms)
			return;
		if (next_ms <= collector->now_ms)
			next_ms = collector->now_ms + 1;
		if (next_ms > collector->now_ms + hop_ms)
			next_ms = collector->now_ms + hop_ms;
		collector->now_ms = next_ms < end_ms ? next_ms : end_ms;
	}
}

// ---- what was accepted

typedef bool is_wanted(const Mu__Record *record, const void *wanted);

static bool is_kind(const Mu__Record *record, const void *kind)
{
	return record->body_case == *(const Mu__Record__BodyCase *)kind;
}

static bool is_event(const Mu__Record *record, const void *name)
{
	return record->body_case == MU__RECORD__BODY_EVENT && !strcmp(record->event->name, name);
}

static bool is_log(const Mu__Record *record, const void *tag)
{
	return record->body_case == MU__RECORD__BODY_LOG && !strcmp(record->log->tag, tag);
}

static bool is_link(const Mu__Record *record, const void *change)
{
	return record->body_case == MU__RECORD__BODY_LINK && record->link->change == *(const Mu__LinkChange *)change;
}

static const Mu__Record *find_last(const struct fake_collector *collector, is_wanted *is, const void *wanted)
{
	for (unsigned i = collector->count; i--;)
		if (is(collector->records[i], wanted))
			return collector->records[i];
	return 0;
}

static unsigned count_all(const struct fake_collector *collector, is_wanted *is, const void *wanted)
{
	unsigned count = 0;
	for (unsigned i = 0; i < collector->count; i++)
		count += is(collector->records[i], wanted);
	return count;
}

const Mu__Record *fake_collector_last(const struct fake_collector *collector, Mu__Record__BodyCase kind)
{
	return find_last(collector, is_kind, &kind);
}

unsigned fake_collector_count(const struct fake_collector *collector, Mu__Record__BodyCase kind)
{
	return count_all(collector, is_kind, &kind);
}

const Mu__Event *fake_collector_last_event(const struct fake_collector *collector, const char *name)
{
	const Mu__Record *record = find_last(collector, is_event, name);
	return record ? record->event : 0;
}

unsigned fake_collector_count_events(const struct fake_collector *collector, const char *name)
{
	return count_all(collector, is_event, name);
}

const Mu__Log *fake_collector_last_log(const struct fake_collector *collector, const char *tag)
{
	const Mu__Record *record = find_last(collector, is_log, tag);
	return record ? record->log : 0;
}

unsigned fake_collector_count_logs(const struct fake_collector *collector, const char *tag)
{
	return count_all(collector, is_log, tag);
}

const Mu__Link *fake_collector_last_link(const struct fake_collector *collector, Mu__LinkChange change)
{
	const Mu__Record *record = find_last(collector, is_link, &change);
	return record ? record->link : 0;
}

unsigned fake_collector_count_links(const struct fake_collector *collector, Mu__LinkChange change)
{
	return count_all(collector, is_link, &change);
}
