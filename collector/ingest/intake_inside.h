// SPDX-License-Identifier: Apache-2.0
// Inside of intake: its state, and what intake.c and intake_json.c ask of each other. Only they include it.
#ifndef COLLECTOR_INGEST_INTAKE_INSIDE_H
#define COLLECTOR_INGEST_INTAKE_INSIDE_H
#include "collector/ingest/complaints.h"
#include "collector/ingest/decode.h"
#include "collector/ingest/intake.h"

struct undo {
	struct device *device;
	struct ledger before;
};

// What is counted within a transaction counts only if it is committed.
struct tally {
	uint64_t uplinks, records, duplicates, holes, gap_records, gap_numbers, unexplained, refused_records, refused_payloads, reused,
		epoch_changes, conflicts, letters, letters_dropped, json, json_refused;
};

struct intake {
	struct store *store;
	struct fleet *fleet;
	struct alerting *alerting; // may be 0
	struct counters *counters;
	struct mu_arena arena;
	struct intake_item *items;
	size_t item_count;
	struct undo *undos;
	size_t undo_count;
	uint32_t mark; // of this transaction, in ledger.batch
	size_t devices_stored, devices_inserted;
	struct tally tally;
	struct complaints complaints;
};

// The message that is being taken.
struct taking {
	const struct batch_message *message;
	struct device *device;
	struct mu_wire_uplink uplink;
	bool is_urgent;
	char reason[DECODE_REASON_BYTES];
};

int intake_refuse_payload(struct intake *intake, struct taking *taking); // the reason is in taking->reason
int intake_refuse_for_table(struct intake *intake, struct taking *taking);

// From here on the message is this device's; a copy of its ledger is kept for the case that the transaction fails. 0 is allowed.
void intake_take_for(struct intake *intake, struct taking *taking, struct device *device);

// Finds or makes the device. taking->device stays 0 if the table is full.
int intake_find_device(struct intake *intake, struct taking *taking);

// Decodes, judges and appends one record, or refuses it.
int intake_take_record(struct intake *intake, struct taking *taking, const struct mu_wire_record *wire);

int intake_take_json(struct intake *intake, struct taking *taking); // a message of kind TOPIC_JSON

#endif
