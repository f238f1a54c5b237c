// SPDX-License-Identifier: Apache-2.0
// Finds a ring again after a boot: which sectors count, where each ends, what the power cut tore.
//
// Whatever lies in flash, a scan ends, and what it accepts is in order: sectors by number, their entries by seq, none twice.
// Torn entries at the end of the newest sector are made void (their number was never used); a damaged end closes the sector. If
// sectors behind the newest readable one are lost, `next_seq` jumps past all that they may have held, and `head` is behind them: their places
// are not used before the ring has come round. So no number comes twice, though the next one made is lost as well, and the next; in a ring of
// n sectors n - 2 times in a row, in one of two (which has no other place) once.
// Stack: below 400 bytes. Thread: the one that steps the agent.
#ifndef MU_UPLINK_SPOOL_SCAN_H
#define MU_UPLINK_SPOOL_SCAN_H
#include "agent/uplink/spool_ring.h"
#include <stdint.h>

// What the headers and marks say; the rings of a spool add to one.
struct mu_spool_found {
	uint64_t epoch;
	uint64_t acked;
	uint32_t dropped[MU_CLASS_COUNT];
};

enum { MU_SPOOL_LOST_SEQS = (MU_SECTOR_BYTES - MU_SPOOL_HEADER_BYTES) / (MU_SPOOL_ENTRY_BYTES + 1) + 1 }; // most that a sector holds

// ring: port, sectors, first_sector, count and id set. found->epoch 0: takes that of the newest sector; else other sectors are foreign.
// ring->head is 0 afterwards if no sector is readable; of recent its sector is not valid if those behind the newest are lost. MU_ERR_IO: a read
// failed; nothing is known then.
int mu_spool_scan(struct mu_spool_ring *ring, struct mu_spool_found *found);

#endif
