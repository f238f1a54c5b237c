// SPDX-License-Identifier: Apache-2.0
// What a collector does with an Uplink: the rules of section 3 of proto/SPEC.md, written from there and from nothing else.
//
// It keeps no records: what is stored goes to the sink, which remembers. A copy of the struct is a backup.
// Pure. Memory: the caller's. Thread: one at a time.
#ifndef TESTS_SIM_LEDGER_H
#define TESTS_SIM_LEDGER_H
#include "muster.pb-c.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { SIM_EPOCHS = 4 };

struct sim_ledger {
	struct sim_ledger_epoch {
		uint64_t epoch, next; // next expected number
		uint32_t boot; // of the latest record stored, with its uptime
		uint64_t uptime_ms;
	} epochs[SIM_EPOCHS]; // the first is the known one, then those that were known before
	unsigned count; // 0: no device was heard yet
};

enum sim_verdict {
	SIM_DEAD_LETTER, // rule 1: no Ack
	SIM_HOLE, // rule 3
	SIM_ACCEPTED, // rules 4 and 5, duplicates among them
};

// What happened to each number, in order; record is null for a Gap that the collector makes itself.
struct sim_sink {
	void *context;
	void (*stored)(void *context, uint64_t epoch, uint64_t seq, const Mu__Record *record, const uint8_t *bytes, size_t size);
	void (*gap)(void *context, uint64_t epoch, uint64_t seq, uint64_t count, int reason); // Mu__GapReason
	void (*duplicate)(void *context, uint64_t epoch, uint64_t seq, const uint8_t *bytes, size_t size, bool is_gap);
	void (*trouble)(void *context, const char *what, uint64_t seq); // dead letters, a device that lost its place, a new epoch
};

enum sim_verdict sim_ledger_uplink(struct sim_ledger *ledger, const uint8_t *bytes, size_t size, const struct sim_sink *sink);

uint64_t sim_ledger_epoch(const struct sim_ledger *ledger); // 0: none
uint64_t sim_ledger_through(const struct sim_ledger *ledger); // for the Ack

#endif
