// SPDX-License-Identifier: Apache-2.0
// What the collector knows of one device: the records of its life, folded into the latest state. About 3 KB each.
//
// Folding is repeatable: the same record folded twice changes nothing but what it says anew (so records may be folded again after a
// restart). The ledger is the ingest's; it is only kept here. All strings come from the device: valid UTF-8 is not promised, a
// terminator is; escape before showing.
// Time: Unix milliseconds of the collector's clock (recv_ms); *_s fields: Unix seconds, 0: never. Memory: the caller's struct;
// device_clear() gives back what it allocated (application metrics, notices). Thread: the loop's only.
#ifndef COLLECTOR_FLEET_DEVICE_H
#define COLLECTOR_FLEET_DEVICE_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "collector/ingest/ledger.h"
#include "muster.pb-c.h"
#include "proto/event_words.h"
#include "proto/limits.h"
#include "proto/metrics.h"

enum {
	DEVICE_BOOTS = 16,
	DEVICE_LOSSES = 8,
	DEVICE_REASONS = 3, // as many as a heartbeat tells
	DEVICE_NOTICE_TEXT_BYTES = 104, // the event `suppressed` with five full counters fits
	DEVICE_SNAPSHOT_MAX = 8192, // bytes that device_snapshot_pack() may write
};

enum device_presence {
	PRESENCE_UNKNOWN, // not heard since the collector started
	PRESENCE_ONLINE,
	PRESENCE_OFFLINE, // its last will, or it said so
};

// One boot, or `count` equal ones in a row.
struct device_boot {
	uint32_t boot, count;
	uint32_t at_s; // when the last of them was, as well as the collector can tell
	uint32_t pc;   // 0: not said
	uint32_t uptime_s; // that the boot before it had reached; UINT32_MAX: not said
	uint8_t reset_class; // Mu__ResetClass; kept also if unknown
	uint8_t cause;       // Mu__ResetCause
	uint8_t sha_size;    // 0, 4 or 8
	uint8_t sha[MU_IMAGE_SHA_BYTES];
	char hung_token[MU_NAME_TEXT_MAX + 1];
	char task[MU_NAME_TEXT_MAX + 1];
};

struct device_app_metric {
	char name[MU_NAME_TEXT_MAX + 1];
	bool is_real;
	uint32_t at_s;
	int64_t integer;
	double real;
};

enum device_loss_kind { LOSS_LINK, LOSS_SESSION, LOSS_PRESENCE };

struct device_loss {
	uint64_t at_ms;
	uint8_t kind;
	uint32_t reason; // of proto/link_reasons.h; 0: not said
};

// How often its link was lost, or a try to join failed, for one reason, since its boot.
struct device_reason {
	uint32_t reason; // of proto/link_reasons.h
	uint32_t count;
};

// The latest of one of the agent's own events (events.def): what a heartbeat has no room for.
struct device_notice {
	uint32_t at_s;
	uint32_t boot; // that it is from
	int64_t value;
	uint8_t event; // enum mu_own_event
	char text[DEVICE_NOTICE_TEXT_BYTES];
};

struct device {
	char id[MU_DEVICE_ID_MAX + 1];
	uint32_t dev; // row of the store: dense, from 0
	uint64_t first_seen_ms, last_seen_ms;
	enum device_presence presence;
	uint64_t presence_since_ms;
	struct ledger ledger;

	int64_t metric[MU_METRIC_COUNT];
	uint32_t metric_at_s[MU_METRIC_COUNT]; // 0: never reported
	uint64_t last_heartbeat_ms;
	uint32_t heartbeat_interval_ms; // between the last two of one boot by the device's own clock; 0: not known yet
	uint32_t heartbeat_boot;
	uint64_t heartbeat_uptime_ms;
	char stack_min_task[MU_NAME_TEXT_MAX + 1];

	uint32_t boot; // counter of the boot that the latest record is from
	uint8_t time_quality;
	int64_t clock_offset_ms; // device's wall clock minus ours at its last record with a wall time
	uint32_t boots_lost;
	uint32_t reset_raw;
	char firmware[MU_FIRMWARE_TEXT_MAX + 1];
	char hardware[MU_FIRMWARE_TEXT_MAX + 1];
	char agent[MU_FIRMWARE_TEXT_MAX + 1];
	uint32_t slot; // of the last Boot
	uint8_t running_sha[MU_IMAGE_SHA_BYTES], other_sha[MU_IMAGE_SHA_BYTES];
	bool has_running_sha, has_other_sha;
	char other_firmware[MU_FIRMWARE_TEXT_MAX + 1];

	unsigned boot_count; // entries of boots[], newest first
	struct device_boot boots[DEVICE_BOOTS];
	unsigned loss_count; // entries of losses[], newest first
	struct device_loss losses[DEVICE_LOSSES];
	uint32_t reasons_boot; // boot that reasons[] are of
	unsigned reason_count; // entries of reasons[], the most frequent first
	struct device_reason reasons[DEVICE_REASONS];
	uint64_t loss_counted_ms; // the fleet's: last loss that it counted for this device

	unsigned open_commands; // the commands' own count, not part of the snapshot

	uint64_t rolled_back_ms; // last change of the running image to an older one that the device reported; 0: none
	uint8_t rolled_back_cause; // Mu__OtaCause

	uint64_t result_ms; // of the last command result; 0: none
	uint8_t result_id[MU_COMMAND_ID_BYTES];
	uint8_t result_id_size;
	uint32_t result_outcome;
	char result_detail[MU_DETAIL_TEXT_MAX + 1];

	unsigned app_count;
	uint32_t app_boot; // boot that the names are of
	struct device_app_metric *app; // null, or MU_APP_COUNT_MAX of them

	unsigned notice_count;
	struct device_notice *notices; // one an event that it has told, in no order; null: none
};

// Puts one committed record into the state. Never fails; what does not fit is cut.
void device_fold(struct device *device, const Mu__Record *record, uint64_t recv_ms);

// A message of the topic /state.
void device_set_presence(struct device *device, bool online, uint64_t recv_ms);

// The latest of this event; null: never told.
const struct device_notice *device_notice(const struct device *device, enum mu_own_event event);

// Whether it publishes plain JSON: nobody acknowledges to it, and nothing but the broker protects what it sends.
bool device_is_unacked(const struct device *device);

// Everything but id, dev and first_seen_ms, so also the ledger. Pack returns the bytes written, at most DEVICE_SNAPSHOT_MAX, or 0 if
// `size` is too small. Unpack returns 0, or -1 for bytes that are not a snapshot or of a newer version: *device is then as empty as
// before, and its records have to be folded again.
size_t device_snapshot_pack(const struct device *device, uint8_t *buffer, size_t size);
int device_snapshot_unpack(struct device *device, const uint8_t *bytes, size_t size);

void device_clear(struct device *device);

#endif
