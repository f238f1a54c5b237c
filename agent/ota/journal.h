// SPDX-License-Identifier: Apache-2.0
// The update journal: what the device meant to do with its slots, written before it does it, so that whatever a power cut
// leaves behind can be explained.
//
// Two sectors, append-only, 63 records of 64 bytes each behind a 64-byte header; a CRC-32 on each. A torn record is skipped,
// not trusted and not overwritten. When a sector is full the other one is erased, so the last 63 records are always there.
// One append = one program call, and at most once in 63 also an erase and a header before it.
// Memory: the caller's struct. Thread: the one that steps the agent.
#ifndef MU_OTA_JOURNAL_H
#define MU_OTA_JOURNAL_H
#include "agent/port/port.h"
#include <stdbool.h>
#include <stdint.h>

enum { MU_JOURNAL_RECORD_SIZE = 64, MU_JOURNAL_RECORDS = 63, MU_COMMAND_ID_SIZE = 16 };

// One operation = PLANNED, then RESUMED any number of times, SWITCHED, and one of CONFIRMED or FAILED.
enum mu_journal_kind {
	MU_JOURNAL_PLANNED = 1,   // accepted; the target had verified
	MU_JOURNAL_RESUMED = 2,   // found unfinished after a reset, tried again
	MU_JOURNAL_SWITCHED = 3,  // otadata names the target
	MU_JOURNAL_CONFIRMED = 4, // the target runs and has said so
	MU_JOURNAL_FAILED = 5,    // given up, see cause
};

// Numbers of OtaCause in proto/muster.proto.
enum mu_ota_cause {
	MU_OTA_CAUSE_NONE = 0,
	MU_OTA_CAUSE_COMMAND = 1,
	MU_OTA_CAUSE_BOOT_LOOP = 2,
	MU_OTA_CAUSE_NO_ACK = 3,
	MU_OTA_CAUSE_IMAGE_DAMAGED = 8,
	MU_OTA_CAUSE_POWER_LOSS = 9,
	MU_OTA_CAUSE_REFUSED = 10,
};

// Which image is to go, which is to come, who asked and why.
struct mu_rollback_request {
	uint8_t command_id[MU_COMMAND_ID_SIZE]; // all 0: no command; nothing is announced
	uint8_t running_sha[MU_SHA_BYTES];
	uint8_t target_sha[MU_SHA_BYTES];
	enum mu_ota_cause reason; // COMMAND, BOOT_LOOP, ...
};

struct mu_journal_record {
	enum mu_journal_kind kind;
	enum mu_ota_cause failure; // FAILED only
	uint32_t number;           // rises by one a record, set by append
	struct mu_rollback_request request;
};

struct mu_journal {
	const struct mu_port *port;
	unsigned sector;      // that is written to
	unsigned used;        // record places used in it
	uint32_t next_number;
	bool open;            // the sector has its header
	struct mu_journal_record last; // kind 0: the journal is empty
};

// Finds the newest records. A blank or foreign partition is taken as an empty journal. Returns 0 or the flash's error.
int mu_journal_init(struct mu_journal *journal, const struct mu_port *port);

// Sets record->number and writes it, reads it back. Returns 0, MU_ERR_CRC (it did not read back; the place is lost), or the
// flash's error.
int mu_journal_append(struct mu_journal *journal, struct mu_journal_record *record);

// Newest record. MU_ERR_NOT_FOUND if there is none.
int mu_journal_last(const struct mu_journal *journal, struct mu_journal_record *record);

// Newest record of a command. MU_ERR_NOT_FOUND if none of the records still there is of it.
int mu_journal_find(const struct mu_journal *journal, const uint8_t command_id[MU_COMMAND_ID_SIZE], struct mu_journal_record *record);

// Calls visit for each record, oldest first, until it returns other than 0; returns that, 0, or the flash's error.
int mu_journal_visit(const struct mu_journal *journal, int (*visit)(void *context, const struct mu_journal_record *record), void *context);

// The newest record's operation is neither confirmed nor failed.
bool mu_journal_is_open(const struct mu_journal *journal);

#endif
