// SPDX-License-Identifier: Apache-2.0
#include "agent/uplink/uplink.h"
#include "agent/image/little_endian.h"
#include "agent/topic.h"
#include "proto/arena.h"
#include "proto/limits.h"
#include <string.h>

enum {
	BATCH_MIN = 512,
	RECORD_FRAME_BYTES = 3, // tag and a length of two bytes
	TAG_EPOCH = 1 << 3 | 1,
	TAG_FIRST_SEQ = 2 << 3,
	TAG_OLDEST_SEQ = 3 << 3,
	TAG_RECORD = 4 << 3 | 2, // Uplink's fields
};

// ---- session

static void forget_flight(struct mu_uplink *uplink)
{
	uplink->in_flight = 0;
	uplink->next = uplink->base + 1;
}

int mu_uplink_init(struct mu_uplink *uplink, struct mu_spool *spool, const struct mu_port *port, const char *id, uint32_t boot,
	void *buffer, size_t buffer_bytes, uint32_t batch_bytes)
{
	if (!id || !mu_id_valid(id))
		return MU_ERR_INVALID;
	if (batch_bytes < BATCH_MIN || batch_bytes > MU_UPLINK_BYTES_MAX || buffer_bytes < batch_bytes ||
		buffer_bytes < MU_UPLINK_BUFFER_MIN)
		return MU_ERR_RANGE;
	*uplink = (struct mu_uplink){ .spool = spool,
		.port = port,
		.id = id,
		.buffer = buffer,
		.batch_bytes = batch_bytes,
		.boot = boot,
		.base = mu_spool_acked_through(spool),
		.resend_ms = MU_UPLINK_RESEND_MS };
	uint64_t next_seq = mu_spool_next_seq(spool);
	uplink->sent_through = next_seq ? next_seq - 1 : 0; // a boot before this one may have sent all of it
	forget_flight(uplink);
	return 0;
}

void mu_uplink_session_lost(struct mu_uplink *uplink)
{
	uplink->session = false;
	uplink->awaited_id = 0;
	forget_flight(uplink);
}

void mu_uplink_session_open(struct mu_uplink *uplink, uint64_t now_ms)
{
	(void)now_ms;
	mu_uplink_session_lost(uplink);
	uplink->session = true;
	uplink->retry_at_ms = 0;
	uplink->resend_ms = MU_UPLINK_RESEND_MS;
}

void mu_uplink_published(struct mu_uplink *uplink, int message_id, uint64_t now_ms)
{
	(void)now_ms;
	if (message_id == uplink->awaited_id)
		uplink->awaited_id = 0;
}

// ---- building an Uplink

static size_t put_varint(uint8_t *out, uint64_t value)
{
	size_t size = 0;
	while (value >= 0x80) {
		out[size++] = (uint8_t)(value | 0x80);
		value >>= 7;
	}
	out[size++] = (uint8_t)value;
	return size;
}

static size_t put_header(const struct mu_uplink *uplink, uint8_t *out)
{
	uint64_t epoch = mu_spool_epoch(uplink->spool);
	size_t size = 0;
	out[size++] = TAG_EPOCH;
	mu_le32_put(out + size, (uint32_t)epoch);
	mu_le32_put(out + size + 4, (uint32_t)(epoch >> 32));
	size += 8;
	out[size++] = TAG_FIRST_SEQ;
	size += put_varint(out + size, uplink->next);
	out[size++] = TAG_OLDEST_SEQ;
	return size + put_varint(out + size, mu_spool_oldest_seq(uplink->spool));
}

// Frames `size` bytes that lie RECORD_FRAME_BYTES behind `out`. Returns the size with its frame.
static size_t frame_record(uint8_t *out, size_t size)
{
	out[0] = TAG_RECORD;
	size_t frame = 1 + put_varint(out + 1, size);
	if (frame < RECORD_FRAME_BYTES)
		memmove(out + frame, out + RECORD_FRAME_BYTES, size);
	return frame + size;
}

static size_t pack_gap(const struct mu_uplink *uplink, const struct mu_spool_entry *entry, uint64_t now_ms, uint8_t *out, size_t room)
{
	Mu__Gap gap = MU__GAP__INIT;
	Mu__Record record = MU__RECORD__INIT;
	gap.count = entry->count;
	gap.reason = (Mu__GapReason)entry->gap;
	record.boot = uplink->boot;
	record.uptime_ms = now_ms;
	record.body_case = MU__RECORD__BODY_GAP;
	record.gap = &gap;
	return mu__record__get_packed_size(&record) <= room ? mu__record__pack(&record, out) : 0;
}

// Appends what stands at *seq and moves *seq behind it. Returns the bytes added, 0 if it does not fit or there is no more.
static int add_entry(struct mu_uplink *uplink, uint64_t *seq, uint64_t now_ms, uint8_t *out, size_t room)
{
	struct mu_spool_entry entry;
	if (room <= RECORD_FRAME_BYTES || *seq >= mu_spool_sendable_seq(uplink->spool))
		return 0;
	room -= RECORD_FRAME_BYTES;
	int err = mu_spool_read(uplink->spool, *seq, &entry, out + RECORD_FRAME_BYTES, room);
	if (err == MU_ERR_SIZE || err == MU_ERR_NOT_FOUND)
		return 0;
	if (err < 0)
		return err;
	size_t size = entry.size;
	if (entry.gap != MU_GAP_NONE)
		size = pack_gap(uplink, &entry, now_ms, out + RECORD_FRAME_BYTES, room);
	if (!size)
		return 0;
	*seq += entry.count;
	return (int)frame_record(out, size);
}

// Returns the size of the Uplink in the buffer and the number behind its last one.
static int build(struct mu_uplink *uplink, uint64_t now_ms, uint64_t *behind)
{
	uint64_t oldest = mu_spool_oldest_seq(uplink->spool);
	if (uplink->next < oldest)
		uplink->next = oldest;
	*behind = uplink->next;
	size_t size = put_header(uplink, uplink->buffer);
	size_t limit = uplink->batch_bytes > MU_UPLINK_BUFFER_MIN ? uplink->batch_bytes : MU_UPLINK_BUFFER_MIN; // for the first record
	for (int count = 0; count < MU_UPLINK_RECORDS_MAX && size < limit; count++) {
		int added = add_entry(uplink, behind, now_ms, uplink->buffer + size, limit - size);
		if (added < 0 && count == 0)
			return added;
		if (added <= 0)
			break;
		size += (size_t)added;
		limit = uplink->batch_bytes;
	}
	return (int)size;
}

// ---- sending

static void refuse(struct mu_uplink *uplink, uint64_t now_ms)
{
	uplink->stats.refused++;
	uplink->retry_at_ms = now_ms + MU_UPLINK_RETRY_MS;
}

static void note_flight(struct mu_uplink *uplink, uint64_t last_seq, uint64_t now_ms)
{
	if (!uplink->in_flight)
		uplink->resend_at_ms = now_ms + uplink->resend_ms;
	uplink->flight[uplink->in_flight++] = (struct mu_uplink_flight){ .last_seq = last_seq, .published_ms = now_ms };
}

static void publish(struct mu_uplink *uplink, uint64_t now_ms)
{
	uint64_t behind;
	int size = build(uplink, now_ms, &behind);
	if (size < 0 || behind == uplink->next) {
		refuse(uplink, now_ms);
		return;
	}
	char topic[MU_TOPIC_MAX];
	mu_topic(topic, uplink->id, "up");
	int id = uplink->port->mqtt->publish(uplink->port->context, topic, uplink->buffer, (size_t)size, 1);
	if (id <= 0) {
		refuse(uplink, now_ms);
		return;
	}
	uplink->awaited_id = id;
	uplink->stats.published++;
	uplink->stats.published_bytes += (uint64_t)size;
	uplink->stats.retransmits += uplink->next <= uplink->sent_this_boot;
	note_flight(uplink, behind - 1, now_ms);
	uplink->next = behind;
	if (uplink->sent_this_boot < behind - 1)
		uplink->sent_this_boot = behind - 1;
	if (uplink->sent_through < behind - 1)
		uplink->sent_through = behind - 1;
}

// No Ack of anything new for too long: from where the collector says it is, or from where we think it is.
static void rewind_flight(struct mu_uplink *uplink)
{
	if (uplink->low_heard && uplink->low < uplink->base) {
		uplink->base = uplink->low;
		uplink->stats.rewinds++;
	}
	uplink->low_heard = false;
	uplink->probing = true;
	uplink->resend_ms = uplink->resend_ms * 2 < MU_UPLINK_RESEND_MAX_MS ? uplink->resend_ms * 2 : MU_UPLINK_RESEND_MAX_MS;
	forget_flight(uplink);
}

static uint64_t later(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

// Publishes at most one Uplink; nothing holds it back.
static uint64_t step_freely(struct mu_uplink *uplink, uint64_t now_ms)
{
	if (uplink->in_flight && now_ms >= uplink->resend_at_ms)
		rewind_flight(uplink);
	bool room = uplink->in_flight < (uplink->probing ? 1 : MU_UPLINK_WINDOW);
	if (room && uplink->next < mu_spool_sendable_seq(uplink->spool))
		publish(uplink, now_ms);
	if (uplink->awaited_id)
		return UINT64_MAX; // the PUBACK comes first; the session's own watchdog sees to it that it comes
	if (uplink->retry_at_ms > now_ms)
		return uplink->retry_at_ms;
	return uplink->in_flight ? uplink->resend_at_ms : UINT64_MAX;
}

uint64_t mu_uplink_step(struct mu_uplink *uplink, uint64_t now_ms)
{
	if (!uplink->session || uplink->awaited_id)
		return UINT64_MAX;
	uint64_t free_at = later(uplink->hold_until_ms, uplink->retry_at_ms);
	return now_ms < free_at ? free_at : step_freely(uplink, now_ms);
}

// ---- Acks

_Static_assert((int)MU_ARENA_ACK_BYTES <= (int)MU_UPLINK_BUFFER_MIN, "an Ack is unpacked where Uplinks are built");

static int unpack_ack(const struct mu_uplink *uplink, const void *payload, size_t size, struct mu_ack *ack, uint64_t *epoch)
{
	struct mu_arena arena;
	mu_arena_init(&arena, uplink->buffer, MU_ARENA_ACK_BYTES); // free between two publishes
	Mu__Ack *message = size <= MU_ACK_BYTES_MAX ? mu__ack__unpack(&arena.allocator, size, payload) : NULL;
	if (!message || mu_limits_check_ack(message, NULL) < 0)
		return MU_ERR_INVALID;
	*epoch = message->epoch;
	*ack = (struct mu_ack){ .through_seq = message->through_seq,
		.server_time_ms = message->has_server_time_ms ? message->server_time_ms : 0,
		.retry_after_s = message->has_retry_after_s ? message->retry_after_s : 0 };
	return 0;
}

static void land_flights(struct mu_uplink *uplink, uint64_t now_ms)
{
	unsigned landed = 0;
	while (landed < uplink->in_flight && uplink->flight[landed].last_seq <= uplink->base)
		uplink->stats.ack_ms = (uint32_t)(now_ms - uplink->flight[landed++].published_ms);
	uplink->in_flight -= landed;
	memmove(uplink->flight, uplink->flight + landed, uplink->in_flight * sizeof *uplink->flight);
}

static void advance_base(struct mu_uplink *uplink, uint64_t through, uint64_t now_ms)
{
	uplink->base = through;
	uplink->probing = false;
	uplink->resend_ms = MU_UPLINK_RESEND_MS;
	uplink->resend_at_ms = now_ms + uplink->resend_ms;
	land_flights(uplink, now_ms);
	if (uplink->next <= through)
		uplink->next = through + 1;
}

static void take_ack(struct mu_uplink *uplink, struct mu_ack *ack, uint64_t now_ms)
{
	uint64_t through = ack->through_seq, acked = mu_spool_acked_through(uplink->spool);
	uplink->stats.last_ack_ms = now_ms;
	uplink->low_heard = through < uplink->base;
	uplink->low = through;
	uplink->stats.acks_low += uplink->low_heard;
	if (through > uplink->base)
		advance_base(uplink, through, now_ms);
	if (through > acked) {
		(void)mu_spool_ack(uplink->spool, through); // known in RAM even if the flash would not take the mark
		ack->covered = through - acked;
	}
	if (ack->retry_after_s) {
		uint32_t wait_s = ack->retry_after_s < MU_UPLINK_RETRY_AFTER_MAX_S ? ack->retry_after_s : MU_UPLINK_RETRY_AFTER_MAX_S;
		uplink->hold_until_ms = now_ms + wait_s * 1000;
	}
}

int mu_uplink_ack(struct mu_uplink *uplink, const void *payload, size_t size, uint64_t now_ms, struct mu_ack *out)
{
	struct mu_ack ack;
	uint64_t epoch;
	if (unpack_ack(uplink, payload, size, &ack, &epoch) < 0) {
		uplink->stats.acks_invalid++;
		return MU_ERR_INVALID;
	}
	if (epoch != mu_spool_epoch(uplink->spool)) {
		uplink->stats.acks_foreign++;
		return MU_ERR_STATE;
	}
	if (ack.through_seq > uplink->sent_through) {
		uplink->stats.acks_beyond++;
		return MU_ERR_RANGE;
	}
	take_ack(uplink, &ack, now_ms);
	if (out)
		*out = ack;
	return 0;
}

// ---- what is known

bool mu_uplink_covers(const struct mu_uplink *uplink, uint64_t seq)
{
	return seq && seq <= mu_spool_acked_through(uplink->spool);
}

static uint32_t age_s(const struct mu_stamp *then, const struct mu_stamp *now)
{
	uint64_t age_ms = now->uptime_ms; // of an older boot: at least as old as this one
	if (then->boot == now->boot)
		age_ms = now->uptime_ms > then->uptime_ms ? now->uptime_ms - then->uptime_ms : 0;
	else if (then->wall_ms && now->time_quality != MU__TIME_QUALITY__TIME_NONE && now->wall_ms > then->wall_ms)
		age_ms = now->wall_ms - then->wall_ms;
	return age_ms / 1000 < UINT32_MAX ? (uint32_t)(age_ms / 1000) : UINT32_MAX;
}

uint32_t mu_uplink_oldest_age_s(struct mu_uplink *uplink, const struct mu_stamp *now)
{
	struct mu_spool_entry entry;
	struct mu_stamp then;
	uint64_t seq = mu_spool_acked_through(uplink->spool) + 1;
	for (int tries = 0; tries < 8; tries++) { // past the gaps that may come first
		if (mu_spool_read(uplink->spool, seq, &entry, uplink->buffer, MU_UPLINK_BUFFER_MIN) < 0)
			return 0;
		if (entry.gap == MU_GAP_NONE)
			return mu_stamp_read(uplink->buffer, entry.size, &then) < 0 ? 0 : age_s(&then, now);
		seq += entry.count;
	}
	return 0;
}

const struct mu_uplink_stats *mu_uplink_statistics(const struct mu_uplink *uplink)
{
	return &uplink->stats;
}
