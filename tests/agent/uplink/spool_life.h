// SPDX-License-Identifier: Apache-2.0
// The long life of a small spool, step by step, and what the world outside knows of it; for tests that let something go wrong in each step.
//
// There is one life, in one place, because an open spool points into itself. Thread: one.
#ifndef TESTS_AGENT_UPLINK_SPOOL_LIFE_H
#define TESTS_AGENT_UPLINK_SPOOL_LIFE_H
#include "agent/uplink/spool.h"
#include "tests/agent/fake_port.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { SPOOL_LIFE_SECTORS_MAX = 32, SPOOL_LIFE_SEQS = 1400, SPOOL_LIFE_RECORD_BYTES = 800 };

// What the world outside knows of a number.
struct spool_life_known {
	unsigned step; // that appended it, 1..; 0: never given out
	bool durable; // append returned it
};

struct spool_life {
	struct fake_port fake;
	struct mu_spool spool;
	struct spool_life_known known[SPOOL_LIFE_SEQS];
	size_t size_least, size_spread; // of its records
	uint64_t acked; // mu_spool_ack() returned
	uint64_t heard; // ... or was cut
	uint64_t newest; // highest number that append returned
	uint64_t epoch;
	bool opened;
};
extern struct spool_life spool_life;

void spool_life_begin(unsigned sectors, size_t size_least, size_t size_spread);
void spool_life_end(void);
int spool_life_open(void); // what mu_spool_open() returned; the epoch must be that of before
void spool_life_forget(void); // RAM is gone
void spool_life_append(unsigned step); // the record of this step, of its own length, class and bytes; a number never comes twice
void spool_life_ack(void); // all but the newest three

void spool_life_save(void);
void spool_life_restore(void); // to how it was saved, flash and all

size_t spool_life_fill(unsigned step, uint8_t bytes[SPOOL_LIFE_RECORD_BYTES]); // the record of a step; its size

// Reads everything: no number is left out, none comes twice, each record is what was stored, and none that was stored is RESERVED.
// readable: by number. may_be_damaged: a Gap may be DAMAGED. Returns how many numbers are which.
struct spool_life_count {
	uint32_t unacked, damaged;
};
struct spool_life_count spool_life_read_all(bool readable[SPOOL_LIFE_SEQS], bool may_be_damaged);
void spool_life_check_depth(struct spool_life_count count); // a record that is damaged counts until it is acked

#endif
