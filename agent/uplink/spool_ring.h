// SPDX-License-Identifier: Apache-2.0
// One append-only ring of flash sectors: walks its entries in order, appends, marks, opens the next sector. It is found after a boot
// by spool_scan; what is worth keeping, and what a hole means, is decided by spool.
//
// Memory: the caller's ring and its table of sectors, which must not move. Thread: the one that steps the agent.
// Errors: MU_ERR_IO from the flash, MU_ERR_CRC if what was just written does not read back: both count in `faults`. What was stored and does
// not read back any more counts in `damaged`.
#ifndef MU_UPLINK_SPOOL_RING_H
#define MU_UPLINK_SPOOL_RING_H
#include "agent/port/port.h"
#include "agent/uplink/spool_format.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// Numbers of GapReason in proto/muster.proto.
enum mu_gap_reason {
	MU_GAP_NONE = 0,
	MU_GAP_OVERWRITTEN = 1,
	MU_GAP_DAMAGED = 2,
	MU_GAP_THINNED = 3,
	MU_GAP_RESERVED = 4,
};

// What is known of a sector; 12 bytes, because there are up to 64.
struct mu_spool_sector {
	uint32_t first_low;       // of its first number, mu_spool_sector_first(),
	uint32_t first_high : 21; // which is at most MU_SEQ_MAX
	uint32_t jump : 3;    // enum mu_gap_reason: why numbers before the first are missing
	uint32_t tail : 3;    // ... and why some are behind the last entry
	uint32_t valid : 1;   // has entries that count; if not, tail DAMAGED: it had some
	uint32_t closed : 1;  // nothing can be appended
	uint32_t retired : 1; // during a scan: emptied, about to be erased
	uint32_t counted : 1; // in `damaged` of its ring
	uint16_t end;         // offset behind its last entry
	uint8_t marks;        // 256-byte blocks marked as acked
};

// A place in a ring.
struct mu_spool_walk {
	uint32_t number; // of the sector; 0: before the first entry
	uint16_t offset; // of the entry's header
	uint16_t next;   // where to go on
	uint64_t seq;    // of the record
	struct mu_spool_entry_header entry;
	uint8_t reason;  // enum mu_gap_reason: what was passed since the record before; NONE if nothing
};

struct mu_spool_ring {
	const struct mu_port *port;
	struct mu_spool_sector *sectors;
	uint64_t next_seq;     // lowest number that its next entry may have
	uint32_t first_sector; // of the partition
	uint32_t count;
	uint32_t head;         // number of the newest sector, 0: none
	uint32_t stray;        // number of a header above head that may lie in flash, from a try that failed; 0: none
	uint32_t faults;       // flash calls that failed, and writes that did not read back
	uint32_t damaged;      // sectors found damaged
	uint8_t id;            // enum mu_spool_ring_id
	struct mu_spool_walk last; // found last: where the next search may go on
};

// ---- the ring's flash
int mu_spool_ring_read(struct mu_spool_ring *ring, uint32_t number, uint32_t offset, void *out, size_t size);
int mu_spool_ring_program(struct mu_spool_ring *ring, uint32_t number, uint32_t offset, const void *data, size_t size);
int mu_spool_ring_clear(struct mu_spool_ring *ring, uint32_t number, uint32_t offset, size_t size); // to 0; at most 16 bytes

// ---- sectors
uint64_t mu_spool_sector_first(const struct mu_spool_sector *sector); // no entry before this sector has it, none in it is below it
void mu_spool_sector_begin(struct mu_spool_sector *sector, const struct mu_spool_header *header); // it has no entries yet
struct mu_spool_sector *mu_spool_ring_place(const struct mu_spool_ring *ring, uint32_t number);  // whatever lies there
struct mu_spool_sector *mu_spool_ring_sector(const struct mu_spool_ring *ring, uint32_t number); // null: not there, or not valid
uint32_t mu_spool_ring_oldest(const struct mu_spool_ring *ring); // number of the oldest valid sector, 0: none
uint64_t mu_spool_ring_floor(const struct mu_spool_ring *ring);  // its first_seq; next_seq if there is none

// ---- reading
// The record behind *walk: 1; 0 at the end (walk->reason tells what was passed). Starts at the oldest if walk->number is 0.
int mu_spool_ring_next(struct mu_spool_ring *ring, struct mu_spool_walk *walk);
// First record at or behind seq, results as above.
int mu_spool_ring_find(struct mu_spool_ring *ring, uint64_t seq, struct mu_spool_walk *walk);
// Something of this sector does not read back: counted once.
void mu_spool_ring_damaged(struct mu_spool_ring *ring, uint32_t number);
// Bytes of the record at *walk into buffer (null: only checks them). MU_ERR_CRC.
int mu_spool_ring_load(struct mu_spool_ring *ring, const struct mu_spool_walk *walk, void *buffer);

// ---- writing
bool mu_spool_ring_fits(const struct mu_spool_ring *ring, uint64_t seq, size_t size); // into the head sector
// One record that fits. After an error the head sector is closed, and the number may not be used again.
int mu_spool_ring_append(struct mu_spool_ring *ring, uint64_t seq, uint8_t record_class, const void *packed, size_t size);
// The same, from another ring's flash. MU_ERR_CRC also if the source does not read back; then nothing is written.
int mu_spool_ring_copy(struct mu_spool_ring *ring, struct mu_spool_ring *from, const struct mu_spool_walk *walk);
// All of the sector that is worth it has been copied: it may be erased, and no longer counts.
void mu_spool_ring_retire(struct mu_spool_ring *ring, uint32_t number);
// Erases the place of header->number (above head, by at most 2) and makes it the head.
int mu_spool_ring_open_sector(struct mu_spool_ring *ring, const struct mu_spool_header *header);
// Marks what has become acked since acked_before.
int mu_spool_ring_mark(struct mu_spool_ring *ring, uint64_t acked_before, uint64_t acked);

#endif
