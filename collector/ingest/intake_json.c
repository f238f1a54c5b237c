// SPDX-License-Identifier: Apache-2.0
// The part of intake (intake.h) for plain JSON: what a mapping makes of a payload is appended like any other record, with numbers given here.
#include <stdio.h>
#include <string.h>
#include "collector/ingest/intake_inside.h"
#include "collector/ingest/json_record.h"
#include "collector/store/store.h"

// A record that was made here: it gets the device's next number, and goes the way of all others.
static int take_made(struct intake *intake, struct taking *taking, const Mu__Record *record)
{
	struct mu_wire_record wire = { .size = mu__record__get_packed_size(record), .seq = taking->device->ledger.next_seq, .span = 1 };
	uint8_t *bytes = intake->arena.allocator.alloc(intake->arena.allocator.allocator_data, wire.size);
	if (!bytes)
		return -STORE_EIO; // intake_has_room() saw to it
	mu__record__pack(record, bytes);
	wire.data = bytes;
	return intake_take_record(intake, taking, &wire);
}

static int take_reading(struct intake *intake, struct taking *taking, const struct json_reading *reading)
{
	struct ledger *ledger = &taking->device->ledger;
	struct json_known known = json_known_of(taking->device);
	struct json_records records;
	if (ledger->epoch && ledger->epoch != LEDGER_PLAIN_EPOCH) {
		snprintf(taking->reason, sizeof taking->reason, "a device with the agent has this id: give this one another id");
		return intake_refuse_payload(intake, taking);
	}
	json_records_make(&records, reading, &known, taking->message->recv_ms);
	intake->tally.duplicates += !records.count;
	if (!records.count)
		return 0;
	ledger_begin(ledger, &(struct ledger_claim){ LEDGER_PLAIN_EPOCH, ledger->epoch ? ledger->next_seq : 1, 1 },
		taking->message->recv_ms);
	ledger->plain = records.plain;
	int err = 0;
	for (unsigned i = 0; !err && i < records.count; i++)
		err = take_made(intake, taking, &records.list[i]);
	return err;
}

int intake_take_json(struct intake *intake, struct taking *taking)
{
	const struct batch_message *message = taking->message;
	struct json_reading reading;
	intake->tally.json++;
	int refused = json_payload_read(message->json, message->topic, message->bytes, message->size, &reading, taking->reason);
	struct batch_message named = *message; // from here on with the id that was in it
	memcpy(named.id, reading.id, sizeof named.id);
	taking->message = &named;
	int err = 0;
	if (refused)
		intake_take_for(intake, taking, fleet_find(intake->fleet, named.id)); // a bad payload alone makes no device
	else
		err = intake_find_device(intake, taking);
	if (!err && refused)
		err = intake_refuse_payload(intake, taking);
	else if (!err)
		err = taking->device ? take_reading(intake, taking, &reading) : intake_refuse_for_table(intake, taking);
	taking->message = message;
	return err;
}
