// SPDX-License-Identifier: Apache-2.0
// Whatever the broker delivers, to a whole agent in the middle of its life: Acks, commands, retained and foreign messages, in any order.
// Nothing is acked that was not sent; nothing is done that was not signed; what is retained or foreign changes nothing; the agent lives on.
//
// Input: messages, each { control u8, size u16 little-endian, bytes }. control bits 0-1: topic (ack, dn, state of its own, any: the first
// byte of the bytes is its length); bit 2: retained; bit 3: helped: an Ack gets the epoch, a command a good signature; bit 4: two seconds
// pass first; bit 5: the session is lost first. The agent is set up once, and put back to that moment for each input.
#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "agent/agent_state.h"
#include "tests/agent/fake_port.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { TOPIC = 3, RETAINED = 4, HELPED = 8, WAIT = 16, LOST = 32 };
enum { TO_ACK, TO_COMMAND, TO_STATE, TO_ANY };
enum { SPOOL_SECTORS = 8, LATER_MS = 70000 };

static struct mu_agent agent;
static struct fake_port fake;
static struct mu_port port;
static uint64_t now_ms, alive_ms;
static int published, acknowledged;
static const uint8_t point[65] = { 4 }, key_id[8] = "KEY-0001";

// ---- a broker that keeps nothing

static int mqtt_open(void *context, const struct mu_mqtt_options *options)
{
	(void)context, (void)options;
	return 0;
}

static void mqtt_close(void *context)
{
	(void)context;
}

static int mqtt_subscribe(void *context, const char *topic, int qos)
{
	(void)context, (void)topic;
	return qos;
}

static int mqtt_publish(void *context, const char *topic, const void *payload, size_t size, int qos)
{
	(void)context, (void)topic, (void)payload, (void)size, (void)qos;
	return ++published;
}

static int mqtt_phases(void *context, struct mu_mqtt_phases *out)
{
	(void)context;
	*out = (struct mu_mqtt_phases){ .tcp_ms = 1 };
	return 0;
}

static int mqtt_descriptor(void *context)
{
	(void)context;
	return MU_ERR_NOT_FOUND;
}

static void post(enum mu_event_type type, int32_t value)
{
	mu_agent_post(&agent, &(struct mu_event){ .type = type, .value = value });
}

// At most 5 s, and no further than to what the broker has to answer.
static uint64_t hop(uint64_t next_ms)
{
	if (acknowledged < published || agent.session.phase == MU_SESSION_OPENING || next_ms <= now_ms)
		return now_ms + 1;
	return next_ms < now_ms + 5000 ? next_ms : now_ms + 5000;
}

static void run(uint64_t duration_ms)
{
	for (uint64_t end_ms = now_ms + duration_ms, next_ms; now_ms <= end_ms && !agent.stopped; now_ms = next_ms) {
		next_ms = mu_agent_step(&agent, now_ms);
		next_ms = hop(next_ms);
		if (agent.link_outage.since_ms == UINT64_MAX && agent.session.phase == MU_SESSION_OPENING)
			post(MU_EVENT_MQTT_OPEN, 0);
		for (; acknowledged < published; acknowledged++)
			post(MU_EVENT_MQTT_PUBLISHED, acknowledged + 1);
		if (now_ms - alive_ms > 10000) {
			alive_ms = now_ms;
			post(MU_EVENT_MQTT_ALIVE, 0);
		}
	}
}

// ---- set up once, put back for each input

static struct {
	bool made;
	struct mu_agent agent;
	struct fake_port fake;
	uint64_t now_ms;
	int published, acknowledged;
	uint8_t *flash[MU_PART_COUNT];
} start;

static void set_up(void)
{
	static const struct mu_mqtt_port mqtt = { mqtt_open, mqtt_close, mqtt_subscribe, mqtt_publish, mqtt_phases, mqtt_descriptor };
	static const struct mu_agent_config config = { .id = "dev-1", .firmware = "1.0.0", .broker_uri = "mqtt://127.0.0.1" };
	struct mu_keyset keys = { .count = 1, .keys[0] = { .role = MU_KEY_OPERATOR, .name = "ana" } };
	memcpy(keys.keys[0].id, key_id, sizeof key_id);
	memcpy(keys.keys[0].point, point, sizeof point);
	fake_port_init(&fake, 9);
	fake_port_partition(&fake, MU_PART_SPOOL, SPOOL_SECTORS);
	fake_port_partition(&fake, MU_PART_BOOT, 2);
	fake_port_partition(&fake, MU_PART_KEYS, 1);
	int written = mu_keyset_write(&keys, fake.flash[MU_PART_KEYS], MU_KEYSET_SIZE_MAX);
	assert(written > 0);
	fake.vitals = (struct mu_system_vitals){ .heap_free_bytes = 200000, .heap_largest_bytes = 110000, .heap_min_bytes = 150000 };
	port = fake.port;
	port.mqtt = &mqtt;
	int result = mu_agent_init(&agent, &config, &port, 0);
	assert(result == 0);
	run(500);
	post(MU_EVENT_LINK_UP, 0);
	run(60000);
	assert(agent.session.phase == MU_SESSION_OPEN && agent.uplink.sent_through > 3);
	start.agent = agent;
	start.fake = fake;
	start.now_ms = now_ms;
	start.published = published;
	start.acknowledged = acknowledged;
	for (int i = 0; i < MU_PART_COUNT; i++)
		if (fake.flash[i]) {
			start.flash[i] = malloc(fake.flash_bytes[i]);
			assert(start.flash[i]);
			memcpy(start.flash[i], fake.flash[i], fake.flash_bytes[i]);
		}
	start.made = true;
}

static void put_back(void)
{
	agent = start.agent;
	fake = start.fake;
	now_ms = alive_ms = start.now_ms;
	published = start.published;
	acknowledged = start.acknowledged;
	for (int i = 0; i < MU_PART_COUNT; i++)
		if (start.flash[i])
			memcpy(fake.flash[i], start.flash[i], fake.flash_bytes[i]);
}

// ---- messages

// An Ack with the epoch before its bytes, or a signed command around them. Returns its size; 0: does not fit.
static size_t help(unsigned topic, const uint8_t *bytes, size_t size, uint8_t *out, size_t room)
{
	uint8_t digest[MU_SHA256_BYTES], signature[FAKE_SIGNATURE_BYTES];
	Mu__SignedCommand envelope = MU__SIGNED_COMMAND__INIT;
	if (topic == TO_ACK) {
		uint64_t epoch = mu_spool_epoch(&agent.spool);
		if (size + 9 > room)
			return 0;
		out[0] = 1 << 3 | 1;
		memcpy(out + 1, &epoch, sizeof epoch);
		memcpy(out + 9, bytes, size);
		return size + 9;
	}
	fake_port_digest(bytes, size, digest);
	fake_port_sign(point, digest, signature);
	envelope.command = (ProtobufCBinaryData){ .len = size, .data = (uint8_t *)bytes };
	envelope.signature = (ProtobufCBinaryData){ .len = sizeof signature, .data = signature };
	envelope.key_id = (ProtobufCBinaryData){ .len = sizeof key_id, .data = (uint8_t *)key_id };
	return mu__signed_command__get_packed_size(&envelope) > room ? 0 : mu__signed_command__pack(&envelope, out);
}

static void deliver(const char *topic, const uint8_t *payload, size_t size, bool retained)
{
	mu_agent_post(&agent,
		&(struct mu_event){ .type = MU_EVENT_MQTT_MESSAGE,
			.topic = topic,
			.payload = payload,
			.payload_bytes = size,
			.retained = retained });
	run(0);
}

static const char *topic_of(unsigned control, const uint8_t **bytes, size_t *size)
{
	static const char *const topics[] = { "muster/v1/dev-1/ack", "muster/v1/dev-1/dn", "muster/v1/dev-1/state" };
	static char any[256];
	if ((control & TOPIC) != TO_ANY)
		return topics[control & TOPIC];
	size_t length = *size ? **bytes : 0;
	if (length >= *size)
		length = *size ? *size - 1 : 0;
	memcpy(any, *bytes + (*size > 0), length);
	any[length] = 0;
	*bytes += length + (*size > 0);
	*size -= length + (*size > 0);
	return any;
}

static void check_acked(uint64_t before, uint64_t sent, bool may_change)
{
	uint64_t acked = mu_spool_acked_through(&agent.spool);
	assert(acked >= before && acked <= sent);
	assert(may_change || acked == before);
}

static void take(unsigned control, const uint8_t *bytes, size_t size)
{
	static uint8_t payload[2048];
	const char *topic = topic_of(control, &bytes, &size);
	bool to_ack = !strcmp(topic, "muster/v1/dev-1/ack"), to_command = !strcmp(topic, "muster/v1/dev-1/dn");
	bool is_retained = control & RETAINED, is_helped = control & HELPED && (control & TOPIC) < TO_STATE;
	size_t payload_size = size < sizeof payload ? size : sizeof payload;
	memcpy(payload, bytes, payload_size);
	if (is_helped)
		payload_size = help(control & TOPIC, bytes, size, payload, sizeof payload);
	struct mu_command command = agent.command;
	uint64_t acked = mu_spool_acked_through(&agent.spool), sent = agent.uplink.sent_through;
	deliver(topic, payload, payload_size, is_retained);
	check_acked(acked, sent, to_ack && !is_retained);
	assert((to_command && !is_retained) || agent.command.received == command.received);
	assert(is_helped || agent.command.accepted == command.accepted);
	assert(!fake.restarts || agent.command.accepted); // a reboot waits for its answer to be acked
	assert(!fake.rule_violations && !fake.lock_depth);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (!start.made)
		set_up();
	put_back();
	while (size >= 3 && !agent.stopped) {
		unsigned control = data[0];
		size_t length = (size_t)(data[1] | data[2] << 8);
		data += 3, size -= 3;
		if (length > size)
			length = size;
		if (control & WAIT)
			run(2000);
		if (control & LOST)
			post(MU_EVENT_MQTT_CLOSED, MU_ERR_CLOSED);
		if (!agent.stopped)
			take(control, data, length);
		data += length, size -= length;
	}
	uint64_t next_seq = mu_spool_next_seq(&agent.spool);
	run(LATER_MS);
	// An operator may have stopped the device or asked for one heartbeat a day; nobody else can silence it.
	assert(agent.command.accepted || (!agent.stopped && mu_spool_next_seq(&agent.spool) > next_seq));
	return 0;
}
