// SPDX-License-Identifier: Apache-2.0
// The ledger of one device: which of its numbers are accepted, and what became of the others. Pure: no clock, no store.
//
// A device numbers its records 1, 2, 3 ... within an epoch; a Gap record takes `count` numbers. Accepted numbers have no holes: next_seq is
// the first that is missing, next_seq - 1 is what an Ack says. The rules are those of proto/SPEC.md:
//   in order      -> accepted;          already accepted -> duplicate, acked again;
//   beyond next   -> a hole: not stored, acked with next_seq - 1, unless oldest_seq says that the device no longer has what is missing:
//                    then those numbers are `unexplained` and a Gap record of the collector's own stands for them;
//   other epoch   -> a new numbering, from its oldest_seq on. The last LEDGER_EPOCHS numberings are remembered: a device that comes back to one
//                    of them goes on where that one stopped, and this is a sign that two devices use one id.
//   a used number with a later (boot, uptime) than any accepted record -> reused: the device lost its place (flash restored from a copy).
// Numbers stay below LEDGER_SEQ_MAX, so no sum here can overflow. Thread: any one at a time. Memory: the caller's struct.
#ifndef COLLECTOR_INGEST_LEDGER_H
#define COLLECTOR_INGEST_LEDGER_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LEDGER_SEQ_MAX ((uint64_t)1 << 62)

// The epoch of devices that publish plain JSON and are numbered by the collector: "plain" in ASCII. An agent's epochs are random; one that
// claims this is refused by ingest.
#define LEDGER_PLAIN_EPOCH UINT64_C(0x706c61696e)

enum { LEDGER_EPOCHS = 4, LEDGER_REASONS = 16, LEDGER_PACKED_MAX = 512 };

struct ledger_epoch {
	uint64_t epoch, next_seq;
	uint64_t left_ms; // when another one took over, Unix time
};

// What a device without numbers of its own said last (json_record.h). Working state: not packed.
struct ledger_plain {
	uint64_t heard_ms; // receive time; 0: not since the start
	uint32_t firmware, hardware, reset; // hashes of what it said of itself; 0: nothing yet
};

struct ledger {
	uint64_t epoch;    // 0: nothing accepted yet
	uint64_t start_seq; // first number of this epoch that could still be had
	uint64_t next_seq;
	uint64_t last_n;   // row of the newest stored record of the device, 0: none
	uint64_t boot, uptime_ms; // latest of the accepted records of this epoch
	struct ledger_epoch former[LEDGER_EPOCHS]; // newest first; epoch 0: unused
	// for the life of the device
	uint64_t accepted;    // records, Gap records included
	uint64_t duplicates;  // records
	uint64_t holes;       // uplinks not stored for a hole
	uint64_t gaps[LEDGER_REASONS]; // numbers, by enum Mu__GapReason (above 15: as 0); [15] is `unexplained`, [14] `refused`
	uint64_t dead_letters; // records and payloads
	uint64_t epoch_changes, epoch_returns;
	uint64_t reused;      // records with a used number
	uint64_t boots_back;  // accepted records of an older boot than one before
	uint64_t conflict_ms; // when two devices were last seen under this id, Unix time; 0: never
	uint32_t batch;       // working mark of ingest; not packed
	struct ledger_plain plain;
};

// What an Uplink says about itself.
struct ledger_claim {
	uint64_t epoch, first_seq, oldest_seq;
};

enum ledger_opening {
	LEDGER_OPEN,     // judge its records one by one
	LEDGER_HOLE,     // store none of them, but ack
	LEDGER_BAD_CLAIM, // epoch 0, number 0 or out of range, or oldest_seq above first_seq: refuse the payload, do not ack
};

struct ledger_start {
	enum ledger_opening opening;
	bool new_epoch, epoch_returned;
	uint64_t unexplained_first, unexplained_count; // write a Gap record for these first; count 0: none
};

// Takes an Uplink's claim and changes the epoch if it is another one. Numbers that the device no longer has are named in the answer, also
// with LEDGER_HOLE: the caller stores a Gap record for them and accepts that like any other, before it judges the first record.
struct ledger_start ledger_begin(struct ledger *ledger, const struct ledger_claim *claim, uint64_t wall_ms);

enum ledger_judgement {
	LEDGER_NEW,       // store it
	LEDGER_TAIL,      // a Gap of which only the numbers from next_seq on are new: store a shorter one
	LEDGER_DUPLICATE, // drop it
	LEDGER_REUSED,    // dead letter
	LEDGER_BEYOND,    // cannot be after LEDGER_OPEN with records that follow each other; treat as a hole
	LEDGER_TOO_FAR,   // its numbers would pass LEDGER_SEQ_MAX, or count is 0: refuse the rest of the payload
};

// A record with the numbers seq .. seq+count-1 (count 1 for all but a Gap).
struct ledger_entry {
	uint64_t seq, count;
	uint64_t boot, uptime_ms;
	int gap_reason; // -1: not a Gap
};

// Judges and, for duplicates and reused ones, counts. Accepts nothing.
enum ledger_judgement ledger_judge(struct ledger *ledger, const struct ledger_entry *entry, uint64_t wall_ms);

// The entry has been put into the store as row n (for LEDGER_TAIL: what of it was new). Also used to fold the log again at start.
void ledger_accept(struct ledger *ledger, uint64_t epoch, const struct ledger_entry *entry, uint64_t n);

// What an Ack may say: all numbers up to this are accepted. 0: none.
uint64_t ledger_through(const struct ledger *ledger);

// To and from the bytes of a snapshot. pack returns the length (capacity >= LEDGER_PACKED_MAX); unpack the bytes used, or -1 if they are no ledger.
int ledger_pack(const struct ledger *ledger, uint8_t *bytes, size_t capacity);
int ledger_unpack(struct ledger *ledger, const uint8_t *bytes, size_t size);

#endif
