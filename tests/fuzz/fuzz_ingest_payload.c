// SPDX-License-Identifier: Apache-2.0
// Any bytes as the payload of .../up: decoded within its share of memory, judged by a ledger whose numbers never go back, and what is accepted
// keeps the limits.
#include "collector/ingest/decode.h"
#include "collector/ingest/ledger.h"
#include <stdbool.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
	if (!holds)
		abort();
}

static void take_record(struct ledger *ledger, const struct mu_wire_record *wire, const Mu__Record *record)
{
	struct ledger_entry entry = { .seq = wire->seq, .count = wire->span, .gap_reason = MU__GAP_REASON__GAP_REFUSED };
	if (record) {
		entry.boot = record->boot;
		entry.uptime_ms = record->uptime_ms;
		entry.gap_reason = record->body_case == MU__RECORD__BODY_GAP ? (int)record->gap->reason : -1;
		must(mu_limits_check_record(record, 0) == 0);
	}
	uint64_t before = ledger->next_seq;
	enum ledger_judgement judgement = ledger_judge(ledger, &entry, 1);
	must(ledger->next_seq == before);
	if (judgement != LEDGER_NEW && judgement != LEDGER_TAIL)
		return;
	ledger_accept(ledger, ledger->epoch, &entry, 1);
	must(ledger->next_seq > before && ledger->next_seq <= LEDGER_SEQ_MAX);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t memory[DECODE_ARENA_BYTES];
	char reason[DECODE_REASON_BYTES] = "";
	struct mu_wire_uplink uplink;
	struct mu_wire_record wire;
	struct mu_arena arena;
	struct ledger ledger = { .epoch = 7, .start_seq = 1, .next_seq = 10, .boot = 1, .uptime_ms = 500 };
	mu_arena_init(&arena, memory, sizeof memory);
	if (decode_uplink(data, size, &uplink, reason) < 0) {
		must(reason[0] != 0);
		return 0;
	}
	struct ledger_claim claim = { uplink.epoch, uplink.first_seq, uplink.oldest_seq };
	struct ledger_start start = ledger_begin(&ledger, &claim, 1);
	if (start.opening != LEDGER_OPEN)
		return 0;
	if (start.unexplained_count) {
		struct ledger_entry gap = { start.unexplained_first, start.unexplained_count, 0, 0, MU__GAP_REASON__GAP_UNEXPLAINED };
		ledger_accept(&ledger, ledger.epoch, &gap, 1);
	}
	for (mu_wire_record_first(&uplink, &wire); wire.data; mu_wire_record_next(&uplink, &wire))
		take_record(&ledger, &wire, decode_record(&arena, &wire, reason));
	return 0;
}
