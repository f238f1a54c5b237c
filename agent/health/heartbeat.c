// SPDX-License-Identifier: Apache-2.0
#include "agent/health/heartbeat.h"
#include "agent/image/crc32.h"
#include <string.h>

// ---- when

static bool is_interval(uint32_t interval_ms)
{
	return interval_ms >= MU_HEARTBEAT_MIN_MS && interval_ms <= MU_HEARTBEAT_MAX_MS;
}

// The first instant after last_ms of this interval's plan.
static uint64_t next_after(const struct mu_heartbeat *heartbeat, uint32_t interval_ms, uint64_t last_ms)
{
	for (uint64_t early_ms = MU_HEARTBEAT_FIRST_MS; early_ms < interval_ms; early_ms *= 2)
		if (early_ms > last_ms)
			return early_ms;
	uint32_t phase_ms = heartbeat->phase % interval_ms;
	if (last_ms < phase_ms)
		return phase_ms;
	return ((last_ms - phase_ms) / interval_ms + 1) * interval_ms + phase_ms;
}

static uint64_t plan(const struct mu_heartbeat *heartbeat, uint64_t last_ms)
{
	uint64_t usual_ms = next_after(heartbeat, heartbeat->interval_ms, last_ms);
	if (heartbeat->report_ms == 0 || last_ms >= heartbeat->report_until_ms)
		return usual_ms;
	uint64_t asked_ms = next_after(heartbeat, heartbeat->report_ms, last_ms);
	if (asked_ms <= heartbeat->report_until_ms)
		return asked_ms;
	return next_after(heartbeat, heartbeat->interval_ms, heartbeat->report_until_ms);
}

int mu_heartbeat_init(struct mu_heartbeat *heartbeat, const char *id, uint32_t interval_ms)
{
	if (!is_interval(interval_ms))
		return MU_ERR_RANGE;
	*heartbeat = (struct mu_heartbeat){ .interval_ms = interval_ms };
	heartbeat->phase = mu_crc32_le(0, id, strlen(id));
	heartbeat->next_ms = interval_ms < MU_HEARTBEAT_FIRST_MS ? interval_ms : MU_HEARTBEAT_FIRST_MS;
	return 0;
}

uint64_t mu_heartbeat_next(const struct mu_heartbeat *heartbeat)
{
	return heartbeat->next_ms;
}

int mu_heartbeat_report(struct mu_heartbeat *heartbeat, uint32_t interval_ms, uint64_t until_ms, uint64_t now_ms)
{
	if (!is_interval(interval_ms))
		return MU_ERR_RANGE;
	heartbeat->report_ms = interval_ms;
	heartbeat->report_until_ms = until_ms;
	heartbeat->next_ms = plan(heartbeat, now_ms);
	return 0;
}

void mu_heartbeat_full(struct mu_heartbeat *heartbeat)
{
	heartbeat->full_due = true;
}

void mu_heartbeat_recorded(struct mu_heartbeat *heartbeat, bool stored, uint64_t now_ms)
{
	heartbeat->full_due = !stored;
	if (stored) {
		heartbeat->recorded++;
		memcpy(heartbeat->digest, heartbeat->filled, sizeof heartbeat->digest);
	}
	heartbeat->next_ms = plan(heartbeat, now_ms);
}

bool mu_heartbeat_is_full(const struct mu_heartbeat *heartbeat)
{
	return heartbeat->full_due || heartbeat->recorded % MU_HEARTBEAT_FULL_EVERY == 0;
}

// ---- what

enum part { VITALS, LINK, SOCKETS, UPLINK, TASKS, OTA, AGENT, PARTS };

static const struct {
	uint16_t storage, pointer;
	const ProtobufCMessageDescriptor *descriptor;
} parts[PARTS] = {
#define PART(field, type) \
	{ \
		offsetof(struct mu_heartbeat_storage, field), offsetof(Mu__Heartbeat, field), &mu__##type##__descriptor \
	}
	[VITALS] = PART(vitals, vitals),
	[LINK] = PART(link, link_health),
	[SOCKETS] = PART(sockets, sockets),
	[UPLINK] = PART(uplink, uplink_health),
	[TASKS] = PART(tasks, tasks),
	[OTA] = PART(ota, ota_health),
	[AGENT] = PART(agent, agent_cost),
};

// Sets of fields, by their numbers in muster.proto, which never change. ALL: the part itself goes.
#define F(number) (1u << (number))
#define ALL UINT32_MAX

// The slow fields. If one of `watched` has changed, all of its row go. The watched rows first: their digests are in this order.
static const struct {
	enum part part;
	uint32_t fields, watched;
} slow[] = {
	{ VITALS, F(7) | F(8) | F(9), F(8) }, // PSRAM, by its low-water mark
	{ LINK, ~(F(1) | F(2) | F(4) | F(12)), ~(F(1) | F(2) | F(4) | F(12)) }, // all but RSSI, disconnects, state
	{ SOCKETS, ~F(1), ~F(1) }, // all but those that are open now
	{ TASKS, ALL, F(3) | F(5) }, // least stack, watchdog armed
	{ OTA, ALL, ALL },
	{ VITALS, F(5), 0 }, // temperature
	{ AGENT, ALL, 0 },
};

_Static_assert(sizeof slow / sizeof *slow == MU_HEARTBEAT_WATCHED + 2, "two rows are not watched");

// Text is absent as a null pointer, a list as a count of 0; neither becomes present here.
static void mark(ProtobufCMessage *message, uint32_t fields, bool present)
{
	for (unsigned i = 0; i < message->descriptor->n_fields; i++) {
		const ProtobufCFieldDescriptor *field = &message->descriptor->fields[i];
		void *text = (uint8_t *)message + field->offset, *quantifier = (uint8_t *)message + field->quantifier_offset;
		if (!(fields & F(field->id)))
			continue;
		if (field->label == PROTOBUF_C_LABEL_OPTIONAL && field->type != PROTOBUF_C_TYPE_STRING)
			*(protobuf_c_boolean *)quantifier = present;
		else if (!present && field->label == PROTOBUF_C_LABEL_REPEATED)
			*(size_t *)quantifier = 0;
		else if (!present)
			*(char **)text = NULL;
	}
}

static void drop_zeros(ProtobufCMessage *message, uint32_t fields)
{
	for (unsigned i = 0; i < message->descriptor->n_fields; i++) {
		const ProtobufCFieldDescriptor *field = &message->descriptor->fields[i];
		uint32_t value;
		memcpy(&value, (uint8_t *)message + field->offset, sizeof value);
		if (!value)
			mark(message, fields & F(field->id), false);
	}
}

// Of what these fields put on the wire.
static uint32_t digest_of(const ProtobufCMessage *message, uint32_t fields)
{
	union {
		ProtobufCMessage base;
		Mu__Vitals vitals;
		Mu__LinkHealth link;
		Mu__Sockets sockets;
		Mu__Tasks tasks;
		Mu__OtaHealth ota;
	} copy;
	uint8_t packed[256]; // of the whole record
	memcpy(&copy, message, message->descriptor->sizeof_message);
	mark(&copy.base, ~fields, false);
	if (protobuf_c_message_get_packed_size(&copy.base) > sizeof packed)
		return 0;
	return mu_crc32_le(0, packed, protobuf_c_message_pack(&copy.base, packed));
}

static ProtobufCMessage **pointer_to(struct mu_heartbeat_storage *storage, enum part part)
{
	return (ProtobufCMessage **)(void *)((uint8_t *)&storage->heartbeat + parts[part].pointer);
}

void mu_heartbeat_begin(struct mu_heartbeat_storage *storage)
{
	mu__heartbeat__init(&storage->heartbeat);
	for (unsigned i = 0; i < PARTS; i++) {
		ProtobufCMessage *message = (ProtobufCMessage *)(void *)((uint8_t *)storage + parts[i].storage);
		parts[i].descriptor->message_init(message);
		mark(message, ALL, true);
		*pointer_to(storage, (enum part)i) = message;
	}
}

void mu_heartbeat_choose(struct mu_heartbeat *heartbeat, struct mu_heartbeat_storage *storage)
{
	bool full = mu_heartbeat_is_full(heartbeat);
	for (unsigned i = 0; i < sizeof slow / sizeof *slow; i++) {
		ProtobufCMessage **message = pointer_to(storage, slow[i].part);
		if (!*message)
			continue;
		bool changed = false;
		if (slow[i].watched) {
			heartbeat->filled[i] = digest_of(*message, slow[i].watched);
			changed = heartbeat->filled[i] != heartbeat->digest[i];
		}
		if (full || changed)
			continue;
		if (slow[i].fields == ALL)
			*message = NULL;
		else
			mark(*message, slow[i].fields, false);
	}
	if (!full && storage->heartbeat.uplink) // reconnects, retransmits, records dropped
		drop_zeros(&storage->uplink.base, F(4) | F(6) | F(7) | F(8) | F(9) | F(10));
}
