// SPDX-License-Identifier: Apache-2.0
// What a message may hold: sizes, counts, ranges, characters. Enforced on both ends: by a device before it stores a record, by the
// collector before it believes one. SPEC.md has the same limits as a table.
//
// A check looks at the message alone, never at the state of a ledger or a clock. Unknown fields and unknown enum values are no fault.
// The first fault found is reported. Pure; no memory of its own. Thread: any.
//
// Errors: MU_ERR_RANGE a number outside its range; MU_ERR_SIZE a length or count; MU_ERR_INVALID anything else (characters, a part that
// must be there, parts that contradict each other).
#ifndef MU_PROTO_LIMITS_H
#define MU_PROTO_LIMITS_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "agent/image/err.h"
#include "muster.pb-c.h"

enum {
	MU_UPLINK_BYTES_MAX = 16384,
	MU_UPLINK_RECORDS_MAX = 512,
	MU_RECORD_BYTES_MAX = 2048, // packed; whatever keeps the other limits fits
	MU_COMMAND_BYTES_MAX = 1024, // a packed SignedCommand
	MU_ACK_BYTES_MAX = 64,
	MU_DEVICE_ID_MAX = 32, // characters, as all of the following
	MU_FIRMWARE_TEXT_MAX = 31,
	MU_NAME_TEXT_MAX = 15, // task, token, tag and application metric names
	MU_EVENT_NAME_MAX = 32,
	MU_EVENT_TEXT_MAX = 128,
	MU_LOG_TEXT_MAX = 256,
	MU_DETAIL_TEXT_MAX = 128,
	MU_URL_TEXT_MAX = 512,
	MU_COMMAND_ID_BYTES = 16,
	MU_KEY_ID_BYTES = 8,
	MU_IMAGE_SHA_BYTES = 8,
	MU_SIGNATURE_BYTES_MAX = 72,
	MU_BACKTRACE_COUNT_MAX = 16,
	MU_REASONS_COUNT_MAX = 3,
	MU_APP_COUNT_MAX = 16,
	MU_UNREPORTED_COUNT_MAX = 16,
};
#define MU_SEQ_MAX ((UINT64_C(1) << 53) - 1)       // exact in JSON and in a double
#define MU_UPTIME_MS_MAX ((UINT64_C(1) << 53) - 1)
#define MU_GAP_COUNT_MAX (UINT64_C(1) << 32)
#define MU_WALL_MS_MIN UINT64_C(1577836800000) // 2020-01-01
#define MU_WALL_MS_MAX UINT64_C(4102444800000) // 2100-01-01

struct mu_limits_fault {
	char field[64];   // path, e.g. "heartbeat.vitals.heap_free_bytes" or "boot_report.backtrace"; NUL-terminated, cut if longer
	const char *what; // static text, e.g. "above its maximum"
	int64_t value;    // the number, length or count at fault; saturated; 0 where there is none
};

// [A-Za-z0-9_-]{1,32}. The second form takes text without a NUL.
bool mu_id_valid(const char *id);
bool mu_id_valid_bytes(const char *id, size_t size);

// Neither a NaN nor an infinity. By its bits, without floating-point arithmetic.
bool mu_limits_finite(double value);

// All: 0 or an error as above with *fault filled in; fault may be null.
int mu_limits_check_record(const Mu__Record *record, struct mu_limits_fault *fault);
int mu_limits_check_header(uint64_t epoch, uint64_t first_seq, uint64_t oldest_seq, struct mu_limits_fault *fault); // of an Uplink
int mu_limits_check_ack(const Mu__Ack *ack, struct mu_limits_fault *fault);
int mu_limits_check_signed_command(const Mu__SignedCommand *command, struct mu_limits_fault *fault);
int mu_limits_check_command(const Mu__Command *command, struct mu_limits_fault *fault);

#endif
