// SPDX-License-Identifier: Apache-2.0
// What signed commands have changed for a limited time: heartbeat interval (`report`), log level (`log`), both in detail (`diagnose`).
// Each ends by itself, also over resets. A later command of a kind replaces the one before.
//
// Key-value "overrides" (43 bytes). It holds for each kind what is left of it, and the period in which that is written anew: a 16th of
// the time asked for, at least 10 s, at most 1 h. A boot charges one period before the override counts again, durably, and without that it
// does not count; nor does it go on in a boot in which its period could not be written. So, needing no clock through a reset:
//   running time with an override   at most what was asked for (and the lateness of one step a period)
//   resets that it outlives         at most 15, above 16 h asked for one an hour (167 for a week): no boot loop keeps it for ever
//   writes for one command          that number at most, and one
// While the power is off no time passes for it.
//
// Memory: the caller's struct. Thread: the one that steps the agent. Time: monotonic milliseconds since this boot.
#ifndef MU_UPLINK_OVERRIDES_H
#define MU_UPLINK_OVERRIDES_H
#include "agent/port/port.h"
#include <stdbool.h>
#include <stdint.h>

enum mu_override_kind { MU_OVERRIDE_REPORT, MU_OVERRIDE_LOG, MU_OVERRIDE_DIAGNOSE, MU_OVERRIDE_KINDS };

enum {
	MU_OVERRIDE_PERIOD_MIN_S = 10,
	MU_OVERRIDE_PERIOD_MAX_S = 3600,
	MU_OVERRIDE_PARTS = 16,
	MU_OVERRIDE_FOR_MAX_S = 604800,
	MU_OVERRIDE_ID_BYTES = 4, // of the command's id that are kept
	MU_DIAGNOSE_INTERVAL_MS = 5000, // the least
	MU_DIAGNOSE_PARTS = 6, // of the interval that holds otherwise
};

struct mu_override {
	uint32_t value; // REPORT: interval in seconds, LOG: level; DIAGNOSE: 0
	uint32_t period_s; // 0: there is none
	uint64_t until_ms;
	uint8_t id[MU_OVERRIDE_ID_BYTES]; // the first bytes of the command's
};

struct mu_overrides {
	const struct mu_port *port;
	uint32_t log_level; // without an override
	uint64_t saved_ms; // when what is left was last written
	uint32_t store_faults; // since init
	struct mu_override kind[MU_OVERRIDE_KINDS];
};

// Takes what is left from before the reset, with its charge. log_level: Mu__LogLevel that holds otherwise. Returns 0; the store's error;
// or MU_ERR_INVALID, MU_ERR_VERSION if what it holds cannot be read: then there is no override.
int mu_overrides_init(struct mu_overrides *overrides, const struct mu_port *port, uint32_t log_level, uint64_t now_ms);

// A command was accepted. value as in struct mu_override; for_s: 1 .. MU_OVERRIDE_FOR_MAX_S; id: of the command. Durable when it returns 0;
// else MU_ERR_RANGE or the store's error, and all is as it was.
int mu_overrides_set(struct mu_overrides *overrides, enum mu_override_kind kind, uint32_t value, uint32_t for_s, const uint8_t *id,
	uint64_t now_ms);

// Ends what is over and writes what is due. Returns true if something has ended. *next_ms: when to be called again at the latest.
bool mu_overrides_step(struct mu_overrides *overrides, uint64_t now_ms, uint64_t *next_ms);

bool mu_overrides_active(const struct mu_overrides *overrides, enum mu_override_kind kind);

// The command with this id is the one that holds: it was done, though a reset cut off its answer.
bool mu_overrides_holds(const struct mu_overrides *overrides, const uint8_t *id);

// The heartbeat interval now: usual_ms, or that of `report`; while there is a `diagnose` a sixth of it, but not below 5 s unless it was.
// *until_ms: how long it is so at least (UINT64_MAX: until a command).
uint32_t mu_overrides_interval_ms(const struct mu_overrides *overrides, uint32_t usual_ms, uint64_t *until_ms);

// Mu__LogLevel now: the usual one, or that of `log`; while there is a `diagnose` at least LOG_INFO.
uint32_t mu_overrides_log_level(const struct mu_overrides *overrides);

#endif
