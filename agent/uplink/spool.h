// SPDX-License-Identifier: Apache-2.0
// The records of a device until the collector has them: numbered, in flash, safe against power loss in any write or erase.
//
// Two append-only rings of sectors share MU_PART_SPOOL: `recent` takes every record; before one of its sectors that still holds
// unacked records is erased, its boots, OTA, command results, events and one heartbeat in each 15 min (thinning.h) move into `archive`.
// What neither ring holds any more is read as a Gap: the numbers are known, because they have no holes.
//
// Numbers: u64, start at 1, rise by one a record, never repeat within an epoch, whatever is lost (RAM, RTC, a sector). A number
// set aside by an append that a power cut tore is skipped. Epoch: random, never 0, made when the spool is formatted.
// Durable: a record is in flash when append returns. A torn append costs that record alone. A sector that does not read back
// costs its own records alone (Gap, DAMAGED); the number jumps past whatever it may have held.
// Acked: a mark per 256 bytes of flash, so that after a boot at most two records or so of what was acked are sent again.
//
// Memory: struct mu_spool, below 1.25 KiB, the caller's; no other. Stack: below 1 KiB. Thread: the one that steps the agent.
// Cost: an append is two program calls; once a sector (about 30 records) it also moves at most one sector's worth and erases once,
// twice if the archive's sector is full as well.
// Errors: each call may return MU_ERR_IO (the flash failed), MU_ERR_CRC (it did not keep what was written), and MU_ERR_STATE if the
// spool is not open. Nothing is lost that was durable, and the next call may work. Flash that fails for good costs at most the two
// sectors that were to be written next.
#ifndef MU_UPLINK_SPOOL_H
#define MU_UPLINK_SPOOL_H
#include "agent/port/port.h"
#include "agent/uplink/spool_ring.h"
#include "agent/uplink/thinning.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	MU_SPOOL_SECTORS_MIN = 4,
	MU_SPOOL_SECTORS_MAX = 64, // a larger partition is used up to here
};

struct mu_spool { // must not be moved while open
	const struct mu_port *port;
	bool open;
	bool thinning_begun; // see `thinning`
	uint64_t epoch;
	uint64_t next_seq;
	uint64_t told_seq; // mu_spool_sendable_seq()
	uint64_t acked;
	uint32_t depth;
	uint32_t refused;         // records that mu_record_append() would not take, in this boot
	struct mu_thinning thinning; // what it has seen in this boot and, once begun, in archive of the boots before
	uint32_t dropped[MU_CLASS_COUNT];
	struct mu_spool_ring recent, archive;
	struct mu_spool_sector sectors[MU_SPOOL_SECTORS_MAX];
};

// What stands at a number: a record, or a gap of `count` numbers.
struct mu_spool_entry {
	uint64_t seq;   // of the record, or the first of the gap
	uint64_t count; // 1 for a record; the next entry is at seq + count
	enum mu_gap_reason gap; // MU_GAP_NONE: a record
	enum mu_record_class record_class;
	size_t size;    // of the packed record
};

// Finds what is there; formats if no sector of recent can be read. Always succeeds on readable, writable flash, whatever is in
// it. MU_ERR_SIZE: fewer than MU_SPOOL_SECTORS_MIN sectors; MU_ERR_NOT_FOUND: no partition; MU_ERR_IO: flash or random failed, and
// the spool stays closed: every other call then returns MU_ERR_STATE, or 0 where it returns a number.
int mu_spool_open(struct mu_spool *spool, const struct mu_port *port);

// Stores one packed record of 1..MU_SPOOL_RECORD_MAX bytes (else MU_ERR_SIZE). *seq (may be null): its number.
// After an error the number may be used up: then it is a Gap, which may be told once something is stored behind it (mu_spool_sendable_seq()).
int mu_spool_append(struct mu_spool *spool, enum mu_record_class record_class, const void *packed, size_t size, uint64_t *seq);

// What stands at from_seq (at least mu_spool_oldest_seq(), else MU_ERR_RANGE), and the record's bytes into buffer.
// MU_ERR_NOT_FOUND: from_seq is the next number. MU_ERR_SIZE: the record is longer than buffer; *out is filled, buffer is not.
int mu_spool_read(struct mu_spool *spool, uint64_t from_seq, struct mu_spool_entry *out, void *buffer, size_t size);

// All numbers up to through_seq are safe with the collector; a lower one than before changes nothing. Erases nothing.
// MU_ERR_RANGE: such a number was never given out. MU_ERR_IO: known in RAM, but some mark could not be written.
int mu_spool_ack(struct mu_spool *spool, uint64_t through_seq);

uint64_t mu_spool_epoch(const struct mu_spool *spool);
uint64_t mu_spool_next_seq(const struct mu_spool *spool);      // of the next append
// Numbers from here on must not be told to anybody yet: nothing was stored behind them, and a number that a failed append has used up is given
// out again after a reset.
uint64_t mu_spool_sendable_seq(const struct mu_spool *spool);
uint64_t mu_spool_acked_through(const struct mu_spool *spool); // 0: nothing
// Lowest number from which all can still be read, as records or gaps. Acked records stay until their sector is needed.
uint64_t mu_spool_oldest_seq(const struct mu_spool *spool);
uint32_t mu_spool_depth(const struct mu_spool *spool); // records not yet acked, gaps not counted
uint32_t mu_spool_used_permille(const struct mu_spool *spool); // of the flash, by sectors that hold unacked records
// Records dropped unacked for the life of the spool; a power cut while a sector is retired may lose that sector's count.
uint32_t mu_spool_dropped(const struct mu_spool *spool, enum mu_record_class record_class);
// Sectors that were found damaged since this boot: by opening, and once each by reading.
uint32_t mu_spool_damaged(const struct mu_spool *spool);
uint32_t mu_spool_faults(const struct mu_spool *spool); // flash calls that failed, and writes that did not read back, since this boot
uint32_t mu_spool_refused(const struct mu_spool *spool);

#endif
