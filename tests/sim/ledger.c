// SPDX-License-Identifier: Apache-2.0
#include "tests/sim/ledger.h"
#include "proto/wire.h"
#include <string.h>

enum { ARENA_BYTES = 16384 };

uint64_t sim_ledger_epoch(const struct sim_ledger *ledger)
{
	return ledger->count ? ledger->epochs[0].epoch : 0;
}

uint64_t sim_ledger_through(const struct sim_ledger *ledger)
{
	return ledger->count ? ledger->epochs[0].next - 1 : 0;
}

// Rule 2: another epoch becomes the known one; one that was known before is continued where it stopped.
static struct sim_ledger_epoch *turn_to(struct sim_ledger *ledger, uint64_t epoch, uint64_t oldest_seq, const struct sim_sink *sink)
{
	unsigned at = 0;
	while (at < ledger->count && ledger->epochs[at].epoch != epoch)
		at++;
	struct sim_ledger_epoch chosen = { .epoch = epoch, .next = oldest_seq };
	if (at < ledger->count)
		chosen = ledger->epochs[at];
	else {
		sink->trouble(sink->context, "a new epoch", oldest_seq);
		at = ledger->count < SIM_EPOCHS ? ledger->count++ : SIM_EPOCHS - 1;
	}
	memmove(ledger->epochs + 1, ledger->epochs, at * sizeof *ledger->epochs);
	ledger->epochs[0] = chosen;
	return &ledger->epochs[0];
}

static bool is_later(const struct sim_ledger_epoch *known, const Mu__Record *record)
{
	return record->boot > known->boot || (record->boot == known->boot && record->uptime_ms > known->uptime_ms);
}

static void take_duplicate(struct sim_ledger_epoch *known, const struct mu_wire_record *wire, const Mu__Record *record,
	const struct sim_sink *sink)
{
	bool is_gap = record && record->body_case == MU__RECORD__BODY_GAP;
	if (record && !is_gap && is_later(known, record))
		sink->trouble(sink->context, "a number that is stored comes from later than any stored record", wire->seq);
	sink->duplicate(sink->context, known->epoch, wire->seq, wire->data, wire->size, is_gap);
}

// The number is the next one, or this is a Gap that reaches it.
static void take_next(struct sim_ledger_epoch *known, const struct mu_wire_record *wire, const Mu__Record *record,
	const struct sim_sink *sink)
{
	if (!record) {
		sink->trouble(sink->context, "a record that breaks the limits", wire->seq);
		sink->gap(sink->context, known->epoch, known->next, 1, MU__GAP_REASON__GAP_REFUSED);
	} else if (record->body_case == MU__RECORD__BODY_GAP)
		sink->gap(sink->context, known->epoch, known->next, wire->seq + wire->span - known->next, record->gap->reason);
	else {
		sink->stored(sink->context, known->epoch, wire->seq, record, wire->data, wire->size);
		if (is_later(known, record)) {
			known->boot = record->boot;
			known->uptime_ms = record->uptime_ms;
		}
	}
	known->next = wire->seq + wire->span;
}

static void take_record(struct sim_ledger_epoch *known, const struct mu_wire_record *wire, const struct sim_sink *sink)
{
	_Alignas(16) static uint8_t memory[ARENA_BYTES];
	struct mu_arena arena;
	Mu__Record *record = 0;
	mu_arena_init(&arena, memory, sizeof memory);
	if (mu_wire_record_unpack(wire, &arena, &record, 0) < 0)
		record = 0;
	if (wire->seq + wire->span <= known->next)
		take_duplicate(known, wire, record, sink);
	else
		take_next(known, wire, record, sink);
}

enum sim_verdict sim_ledger_uplink(struct sim_ledger *ledger, const uint8_t *bytes, size_t size, const struct sim_sink *sink)
{
	struct mu_wire_uplink uplink;
	if (mu_wire_uplink_split(bytes, size, &uplink) < 0) { // rule 1
		sink->trouble(sink->context, "a dead letter: the Uplink is not well formed", 0);
		return SIM_DEAD_LETTER;
	}
	struct sim_ledger_epoch *known = ledger->epochs;
	if (sim_ledger_epoch(ledger) != uplink.epoch)
		known = turn_to(ledger, uplink.epoch, uplink.oldest_seq, sink);
	if (uplink.oldest_seq > known->next) { // rule 4
		sink->gap(sink->context, known->epoch, known->next, uplink.oldest_seq - known->next, MU__GAP_REASON__GAP_UNEXPLAINED);
		known->next = uplink.oldest_seq;
	}
	if (uplink.first_seq > known->next) // rule 3
		return SIM_HOLE;
	struct mu_wire_record record; // rule 5
	for (mu_wire_record_first(&uplink, &record); record.data; mu_wire_record_next(&uplink, &record))
		take_record(known, &record, sink);
	return SIM_ACCEPTED;
}
