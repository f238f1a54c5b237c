// SPDX-License-Identifier: Apache-2.0
// One append-only ring of flash sectors: finds its sectors after a boot, walks its entries in order, appends, opens the next sector.
// What is worth keeping, and what a hole means, is decided by spool.c.
//
// Memory: the caller's ring and its table of sectors, which must not move. Thread: the one that steps the agent.
// Errors: MU_ERR_IO from the flash; counted in `faults`.
#ifndef MU_UPLINK_SPOOL_RING_H
#define MU_UPLINK_SPOOL_RING_H
#include "agent/port/port.h"
#include "agent/uplink/spool_format.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// What is known of a sector; 16 bytes, because there are up to 64.
struct mu_spool_sector {
	uint64_t first_seq;
	uint16_t end;  // offset behind its last entry
	uint8_t marks; // 256-byte blocks marked as acked
	uint8_t jump;  // enum mu_gap_reason
	bool valid;    // has entries that count
	bool closed;   // nothing can be appended
};

// A place in a ring. `number` 0: before the first entry.
struct mu_spool_walk {
	uint32_t number;   // of the sector
	uint16_t offset;   // of the entry's header
	uint16_t next;     // of the one behind it
	uint8_t reason;    // enum mu_gap_reason: what was passed since the record before, 0 if nothing
	uint64_t seq;      // of the record
	struct mu_spool_entry_header entry;
};

struct mu_spool_ring {
	const struct mu_port *port;
	struct mu_spool_sector *sectors;
	uint64_t epoch;
	uint64_t next_seq;     // lowest number that the next entry may have
	uint32_t first_sector; // of the partition
	uint32_t count;
	uint32_t head;         // number of the newest sector, 0: none
	uint32_t faults, damaged;
	uint8_t id;
	uint8_t tail;          // enum mu_gap_reason: why numbers before next_seq are missing behind the last entry
	struct mu_spool_walk last; // found last: where the next search goes on
};

// What a scan found in the headers; both rings add to one.
struct mu_spool_found {
	uint64_t epoch;
	uint64_t acked;
	uint32_t dropped[MU_CLASS_COUNT];
};

// Looks at all sectors of the ring. epoch 0: takes that of the newest sector. head stays 0 if none is readable.
int mu_spool_ring_scan(struct mu_spool_ring *ring, struct mu_spool_found *found);

// First record at or behind seq: 1 and *walk, 0 if there is none (walk->reason still tells what was passed).
int mu_spool_ring_find(struct mu_spool_ring *ring, uint64_t seq, struct mu_spool_walk *walk);
int mu_spool_ring_next(struct mu_spool_ring *ring, struct mu_spool_walk *walk);
// Bytes of the record at *walk. MU_ERR_CRC: it does not read back.
int mu_spool_ring_load(struct mu_spool_ring *ring, const struct mu_spool_walk *walk, void *buffer);

struct mu_spool_sector *mu_spool_ring_sector(const struct mu_spool_ring *ring, uint32_t number); // null: not there
uint32_t mu_spool_ring_oldest(const struct mu_spool_ring *ring); // number of the oldest valid sector, 0: none
bool mu_spool_ring_fits(const struct mu_spool_ring *ring, uint64_t seq, size_t size); // into the head sector

#endif
