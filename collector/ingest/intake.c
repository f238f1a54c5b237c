// SPDX-License-Identifier: Apache-2.0
#include "collector/ingest/intake.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "collector/alerting/alerting.h"
#include "collector/clock.h"
#include "collector/ingest/ingest.h"
#include "collector/ingest/intake_inside.h"
#include "collector/ingest/json_record.h"
#include "collector/log.h"
#include "collector/store/dead_letters.h"
#include "collector/store/devices.h"
#include "collector/store/records.h"

enum { GAP_BYTES = 64, UNDO_MAX = INTAKE_ITEMS_MAX, ITEMS_OF_A_MESSAGE = MU_UPLINK_RECORDS_MAX + 4 };

struct intake *intake_new(struct store *store, struct fleet *fleet, struct alerting *alerting, struct counters *counters)
{
	struct intake *intake = calloc(1, sizeof *intake);
	if (!intake)
		return 0;
	intake->store = store;
	intake->fleet = fleet;
	intake->alerting = alerting;
	intake->counters = counters;
	intake->items = calloc(INTAKE_ITEMS_MAX, sizeof *intake->items);
	intake->undos = malloc(UNDO_MAX * sizeof *intake->undos);
	uint8_t *bytes = malloc(INGEST_ARENA_BYTES);
	mu_arena_init(&intake->arena, bytes, bytes ? INGEST_ARENA_BYTES : 0);
	intake->devices_stored = fleet_count(fleet);
	if (intake->items && intake->undos && bytes)
		return intake;
	intake_free(intake);
	return 0;
}

void intake_free(struct intake *intake)
{
	if (!intake)
		return;
	free(intake->items);
	free(intake->undos);
	free(intake->arena.base);
	free(intake);
}

static int insert_devices(struct intake *intake)
{
	for (; intake->devices_inserted < fleet_count(intake->fleet); intake->devices_inserted++) {
		const struct device *device = fleet_at(intake->fleet, intake->devices_inserted);
		int err = store_device_add(intake->store, device->dev, device->id, device->first_seen_ms);
		if (err)
			return err;
	}
	return 0;
}

int intake_begin(struct intake *intake)
{
	mu_arena_reset(&intake->arena);
	intake->item_count = intake->undo_count = 0;
	intake->tally = (struct tally){ 0 };
	intake->devices_inserted = intake->devices_stored;
	if (++intake->mark == 0)
		intake->mark = 1;
	int err = store_begin(intake->store);
	if (!err && intake->alerting)
		err = alerting_begin(intake->alerting);
	return err ? err : insert_devices(intake); // devices that a failed transaction left behind
}

bool intake_has_room(const struct intake *intake)
{
	return intake->arena.size - intake->arena.used >= DECODE_ARENA_BYTES &&
		INTAKE_ITEMS_MAX - intake->item_count >= ITEMS_OF_A_MESSAGE && intake->undo_count < UNDO_MAX;
}

void intake_abandon(struct intake *intake)
{
	store_rollback(intake->store);
	if (intake->alerting)
		alerting_abandon(intake->alerting);
	while (intake->undo_count) {
		const struct undo *undo = &intake->undos[--intake->undo_count];
		undo->device->ledger = undo->before;
	}
	intake->item_count = 0;
}

static void add_tally(struct counters *counters, const struct tally *tally)
{
	counters->uplinks += tally->uplinks;
	counters->records += tally->records;
	counters->records_duplicate += tally->duplicates;
	counters->uplinks_hole += tally->holes;
	counters->gap_records += tally->gap_records;
	counters->gap_numbers += tally->gap_numbers;
	counters->unexplained_numbers += tally->unexplained;
	counters->records_refused += tally->refused_records;
	counters->payloads_refused += tally->refused_payloads;
	counters->numbers_reused += tally->reused;
	counters->epoch_changes += tally->epoch_changes;
	counters->identity_conflicts += tally->conflicts;
	counters->json_messages += tally->json;
	counters->json_refused += tally->json_refused;
	counters->dead_letters += tally->letters;
	counters->dead_letters_dropped += tally->letters_dropped;
	counters->batch_last_records = (int64_t)tally->records;
}

int intake_commit(struct intake *intake)
{
	int err = store_commit(intake->store);
	if (err) {
		intake_abandon(intake);
		return err;
	}
	if (intake->alerting)
		alerting_committed(intake->alerting);
	intake->devices_stored = intake->devices_inserted;
	add_tally(intake->counters, &intake->tally);
	return 0;
}

const struct intake_item *intake_items(const struct intake *intake, size_t *count)
{
	*count = intake->item_count;
	return intake->items;
}

static void add_item(struct intake *intake, const struct taking *taking, enum intake_kind kind, const Mu__Record *record)
{
	intake->items[intake->item_count++] = (struct intake_item){ kind, taking->device, record, taking->message->recv_ms };
}

// A dead letter for bytes of the message; seq 0: the whole payload.
static int bury(struct intake *intake, struct taking *taking, enum complaint kind, const uint8_t *bytes, size_t size, uint64_t seq)
{
	char own_topic[TOPIC_BYTES];
	topic_of(taking->message->id, taking->message->kind == TOPIC_UP ? "up" : "state", own_topic);
	const char *topic = taking->message->topic ? taking->message->topic : own_topic;
	struct dead_letter letter = {
		.recv_ms = taking->message->recv_ms,
		.topic = topic,
		.device = taking->message->id,
		.epoch = seq ? taking->uplink.epoch : 0,
		.seq = seq,
		.reason = taking->reason,
		.size = size,
		.payload = { bytes, size < BATCH_PAYLOAD_MAX ? size : BATCH_PAYLOAD_MAX },
	};
	int dropped = store_dead_letter_add(intake->store, &letter);
	if (dropped < 0)
		return dropped;
	intake->tally.letters++;
	intake->tally.letters_dropped += (uint64_t)dropped;
	if (taking->device)
		taking->device->ledger.dead_letters++;
	complaints_say(&intake->complaints, kind, clock_monotonic_ms(), "device=%s topic=%s seq=%llu bytes=%zu reason=%s",
		taking->message->id, log_quote(topic).text, (unsigned long long)seq, size, log_quote(taking->reason).text);
	return 0;
}

int intake_refuse_payload(struct intake *intake, struct taking *taking)
{
	intake->tally.refused_payloads++;
	intake->tally.json_refused += taking->message->kind == TOPIC_JSON;
	return bury(intake, taking, COMPLAINT_PAYLOAD, taking->message->bytes, taking->message->size, 0);
}

void intake_take_for(struct intake *intake, struct taking *taking, struct device *device)
{
	taking->device = device;
	if (!device || device->ledger.batch == intake->mark)
		return;
	intake->undos[intake->undo_count++] = (struct undo){ device, device->ledger };
	device->ledger.batch = intake->mark;
}

int intake_find_device(struct intake *intake, struct taking *taking)
{
	const struct batch_message *message = taking->message;
	struct device *device = fleet_find(intake->fleet, message->id);
	if (!device) {
		device = fleet_add(intake->fleet, message->id, message->recv_ms);
		if (!device)
			return 0;
		log_debug("ingest", "new device", "device=%s", message->id);
		int err = insert_devices(intake);
		if (err)
			return err;
	}
	intake_take_for(intake, taking, device);
	return 0;
}

static int append(struct intake *intake, struct taking *taking, const struct ledger_entry *entry, uint32_t kind, struct store_blob body)
{
	struct ledger *ledger = &taking->device->ledger;
	struct store_record row = {
		.epoch = ledger->epoch,
		.seq = entry->seq,
		.recv_ms = taking->message->recv_ms,
		.prev = ledger->last_n,
		.dev = taking->device->dev,
		.kind = kind,
		.body = body,
	};
	uint64_t n;
	int err = store_record_append(intake->store, &row, &n);
	if (err)
		return err;
	ledger_accept(ledger, ledger->epoch, entry, n);
	intake->tally.records++;
	return 0;
}

static int evaluate(struct intake *intake, const struct taking *taking, const Mu__Record *record)
{
	return intake->alerting ? alerting_record(intake->alerting, taking->device, record, taking->message->recv_ms) : 0;
}

// A Gap of the collector's own for numbers that will never come, or for what is new of a device's Gap.
static int append_gap(struct intake *intake, struct taking *taking, uint64_t seq, uint64_t count, Mu__GapReason reason)
{
	uint8_t bytes[GAP_BYTES];
	Mu__Gap gap = MU__GAP__INIT;
	Mu__Record record = MU__RECORD__INIT;
	gap.count = count;
	gap.reason = reason;
	record.body_case = MU__RECORD__BODY_GAP;
	record.gap = &gap;
	record.boot = (uint32_t)taking->device->ledger.boot;
	record.uptime_ms = taking->device->ledger.uptime_ms;
	struct store_blob body = { bytes, mu__record__pack(&record, bytes) };
	struct ledger_entry entry = { .seq = seq, .count = count, .gap_reason = (int)reason };
	int err = append(intake, taking, &entry, MU__RECORD__BODY_GAP, body);
	bool is_ours = reason == MU__GAP_REASON__GAP_UNEXPLAINED || reason == MU__GAP_REASON__GAP_REFUSED;
	return err || is_ours ? err : evaluate(intake, taking, &record);
}

static int append_unexplained(struct intake *intake, struct taking *taking, const struct ledger_start *start)
{
	if (!start->unexplained_count)
		return 0;
	intake->tally.unexplained += start->unexplained_count;
	complaints_say(&intake->complaints, COMPLAINT_MISSING, clock_monotonic_ms(), "device=%s first=%llu count=%llu", taking->device->id,
		(unsigned long long)start->unexplained_first, (unsigned long long)start->unexplained_count);
	return append_gap(intake, taking, start->unexplained_first, start->unexplained_count, MU__GAP_REASON__GAP_UNEXPLAINED);
}

static int append_record(struct intake *intake, struct taking *taking, const struct mu_wire_record *wire, const struct ledger_entry *entry,
	const Mu__Record *record)
{
	int err = append(intake, taking, entry, record->body_case, (struct store_blob){ wire->data, wire->size });
	if (err)
		return err;
	if (entry->gap_reason >= 0) {
		intake->tally.gap_records++;
		intake->tally.gap_numbers += entry->count;
	}
	add_item(intake, taking, INTAKE_RECORD, record);
	return evaluate(intake, taking, record);
}

static int refuse_record(struct intake *intake, struct taking *taking, const struct mu_wire_record *wire)
{
	int err = bury(intake, taking, COMPLAINT_RECORD, wire->data, wire->size, wire->seq);
	if (err)
		return err;
	intake->tally.refused_records++;
	uint64_t next = taking->device->ledger.next_seq; // wire->seq, or beyond it in a Gap that is known in part
	return append_gap(intake, taking, next, wire->seq + wire->span - next, MU__GAP_REASON__GAP_REFUSED);
}

static int refuse_reused(struct intake *intake, struct taking *taking, const struct mu_wire_record *wire)
{
	snprintf(taking->reason, sizeof taking->reason,
		"number already used by an older record: the device lost its place, or two use one id");
	intake->tally.reused++;
	intake->tally.conflicts++;
	return bury(intake, taking, COMPLAINT_NUMBER, wire->data, wire->size, wire->seq);
}

static int append_tail(struct intake *intake, struct taking *taking, const struct ledger_entry *entry)
{
	uint64_t next = taking->device->ledger.next_seq;
	uint64_t count = entry->seq + entry->count - next;
	intake->tally.gap_records++;
	intake->tally.gap_numbers += count;
	return append_gap(intake, taking, next, count, (Mu__GapReason)entry->gap_reason);
}

static struct ledger_entry entry_of(const struct mu_wire_record *wire, const Mu__Record *record)
{
	struct ledger_entry entry = { .seq = wire->seq, .count = wire->span, .gap_reason = MU__GAP_REASON__GAP_REFUSED };
	if (!record)
		return entry;
	entry.boot = record->boot;
	entry.uptime_ms = record->uptime_ms;
	entry.gap_reason = record->body_case == MU__RECORD__BODY_GAP ? (int)record->gap->reason : -1;
	return entry;
}

int intake_take_record(struct intake *intake, struct taking *taking, const struct mu_wire_record *wire)
{
	const Mu__Record *record = decode_record(&intake->arena, wire, taking->reason);
	struct ledger_entry entry = entry_of(wire, record);
	switch (ledger_judge(&taking->device->ledger, &entry, taking->message->recv_ms)) {
	case LEDGER_NEW: return record ? append_record(intake, taking, wire, &entry, record) : refuse_record(intake, taking, wire);
	case LEDGER_TAIL: return record ? append_tail(intake, taking, &entry) : refuse_record(intake, taking, wire);
	case LEDGER_REUSED: return refuse_reused(intake, taking, wire);
	case LEDGER_DUPLICATE:
		intake->tally.duplicates++;
		taking->is_urgent = true;
		return 0;
	case LEDGER_BEYOND:
	case LEDGER_TOO_FAR: taking->is_urgent = true; return 0;
	}
	return 0;
}

static int take_records(struct intake *intake, struct taking *taking)
{
	struct mu_wire_record wire;
	int err = 0;
	for (mu_wire_record_first(&taking->uplink, &wire); !err && wire.data; mu_wire_record_next(&taking->uplink, &wire))
		err = intake_take_record(intake, taking, &wire);
	return err;
}

static void note_epoch(struct intake *intake, const struct taking *taking, const struct ledger_start *start)
{
	const struct device *device = taking->device;
	if (!start->new_epoch || !device->ledger.epoch_changes)
		return;
	intake->tally.epoch_changes++;
	if (start->epoch_returned && device->ledger.conflict_ms == taking->message->recv_ms) {
		intake->tally.conflicts++;
		complaints_say(&intake->complaints, COMPLAINT_TURNS, clock_monotonic_ms(), "device=%s", device->id);
	} else {
		log_info("ingest", "device began a new numbering", "device=%s first=%llu", device->id,
			(unsigned long long)device->ledger.next_seq);
	}
}

static int take_uplink(struct intake *intake, struct taking *taking)
{
	const struct mu_wire_uplink *uplink = &taking->uplink;
	if (uplink->epoch == LEDGER_PLAIN_EPOCH) {
		snprintf(taking->reason, sizeof taking->reason, "uplink header: an epoch that is reserved for plain JSON");
		return intake_refuse_payload(intake, taking);
	}
	struct ledger_claim claim = { uplink->epoch, uplink->first_seq, uplink->oldest_seq };
	struct ledger_start start = ledger_begin(&taking->device->ledger, &claim, taking->message->recv_ms);
	if (start.opening == LEDGER_BAD_CLAIM) {
		snprintf(taking->reason, sizeof taking->reason, "uplink header out of range: epoch, first_seq or oldest_seq");
		return intake_refuse_payload(intake, taking);
	}
	note_epoch(intake, taking, &start);
	int err = append_unexplained(intake, taking, &start);
	if (!err && start.opening == LEDGER_OPEN)
		err = take_records(intake, taking);
	if (err)
		return err;
	bool is_hole = start.opening == LEDGER_HOLE;
	intake->tally.uplinks++;
	intake->tally.holes += is_hole;
	add_item(intake, taking, is_hole || taking->is_urgent ? INTAKE_ACK_URGENT : INTAKE_ACK, 0);
	return 0;
}

int intake_refuse_for_table(struct intake *intake, struct taking *taking)
{
	intake->counters->devices_refused++;
	snprintf(taking->reason, sizeof taking->reason, "the table of devices is full");
	return intake_refuse_payload(intake, taking);
}

static int take_up(struct intake *intake, struct taking *taking)
{
	int malformed = decode_uplink(taking->message->bytes, taking->message->size, &taking->uplink, taking->reason);
	if (malformed) {
		intake_take_for(intake, taking, fleet_find(intake->fleet, taking->message->id)); // a bad payload alone makes no device
		return intake_refuse_payload(intake, taking);
	}
	int err = intake_find_device(intake, taking);
	if (err)
		return err;
	return taking->device ? take_uplink(intake, taking) : intake_refuse_for_table(intake, taking);
}

static int take_state(struct intake *intake, struct taking *taking)
{
	const struct batch_message *message = taking->message;
	bool is_online = message->size == 6 && memcmp(message->bytes, "online", 6) == 0;
	bool is_offline = message->size == 7 && memcmp(message->bytes, "offline", 7) == 0;
	intake->counters->state_messages++;
	intake_take_for(intake, taking, fleet_find(intake->fleet, message->id));
	if (!is_online && !is_offline) {
		intake->counters->state_rejected++;
		snprintf(taking->reason, sizeof taking->reason, "state is neither online nor offline");
		return intake_refuse_payload(intake, taking);
	}
	int err = is_online && !taking->device ? intake_find_device(intake, taking) : 0;
	if (!err && taking->device)
		add_item(intake, taking, is_online ? INTAKE_ONLINE : INTAKE_OFFLINE, 0);
	return err;
}

int intake_take(struct intake *intake, const struct batch_message *message)
{
	struct taking taking = { .message = message };
	switch (message->kind) {
	case TOPIC_UP: return take_up(intake, &taking);
	case TOPIC_JSON: return intake_take_json(intake, &taking);
	default: return take_state(intake, &taking);
	}
}
