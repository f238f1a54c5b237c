// SPDX-License-Identifier: Apache-2.0
// What the agent has in flash, opened at the start: slots and their journal, spool, keys, memory of commands. What could not be read then is
// tried again once a minute, so that one failed call does not cost a device its records, its commands or its way back for the whole boot.
//
// Only what the medium refused is tried again (MU_ERR_IO, MU_ERR_CRC), never what is not there or not of ours: nothing is worn by it.
// Each failed try counts as a flash fault. Thread: the one that steps the agent. Time: monotonic milliseconds.
#ifndef MU_STORES_H
#define MU_STORES_H
#include <stdint.h>

struct mu_agent;

enum { MU_STORE_SLOTS = 1 << 0, MU_STORE_SPOOL = 1 << 1, MU_STORE_KEYS = 1 << 2, MU_STORE_COMMANDS = 1 << 3 };
enum {
	MU_STORES_RETRY_MS = 60000,
	MU_STORES_YOUNG_RECORDS = 64, // a device with more numbers behind it has had many boots to write what each first boot writes
};

struct mu_stores {
	uint32_t missing; // of the bits above
	uint64_t due_ms; // of the next try
};

// In init, once for each; in the order slots, spool, keys, commands. `which`: bits.
void mu_stores_open(struct mu_agent *agent, uint32_t which);

// Once a second. A spool or slots that are found late are told with another Boot record; commands get the results that a reset cut off.
void mu_stores_step(struct mu_agent *agent, uint64_t now_ms);

#endif
