// SPDX-License-Identifier: Apache-2.0
// Signed commands: checks one, decides once, remembers the result, says what to execute. It executes nothing itself.
//
// Order of the checks (DESIGN.md section 3): size, shape, key known, signature, addressee, body allowed for the key's role; a known id
// with the same bytes gives the stored result, with other bytes is refused; counter above the last accepted one of that key; not_after,
// if the time is trusted. Each refusal has its own CommandOutcome. Nothing is stored before the signature, the addressee and the role
// are good; result and counter are stored before the decision says what to do.
// What cannot be remembered is not done: while the store refuses to be read or written, a new command ends as `failed`, and its counter is
// used up as far as RAM, or the next write that works, can keep it. Except a rollback, which may be what mends the device: it is done all the
// same. It names both images and is known to its own journal, so that the same bytes do nothing a second time; its counter is forgotten by
// the next boot, so that an order which is older than it, but was never delivered, is still good.
// If the stored counters are lost (command_memory.h), the replay of an old command cannot be told: until a key has a counter again, only
// rollbacks and commands whose not_after is proven by a trusted time are accepted from it; others are `replayed`. So a command that was done
// within its not_after may then be done again, once a loss; a collector that sends none without a short not_after bounds that.
// A result names the command's id only if the signature is good: whoever can publish could else put a refusal on an id of another's.
// Refusals before that carry the digest of the command's bytes (of the whole payload if it has no readable command).
// Floods: at most 6 results a minute that are refusals or repeats ask to be recorded; `suppressed` counts the rest.
// No allocation: unpacking goes into the caller's scratch. Memory: the caller's struct (about 800 bytes). Thread: the one that steps
// the agent. Time: monotonic milliseconds since this boot.
#ifndef MU_UPLINK_COMMAND_H
#define MU_UPLINK_COMMAND_H
#include "agent/image/keyset.h"
#include "agent/port/port.h"
#include "agent/uplink/command_memory.h"
#include "agent/uplink/command_result.h"
#include "muster.pb-c.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	MU_COMMAND_REFUSALS_PER_MIN = 6,
	MU_COMMAND_SCRATCH_BYTES = 4096, // unpacks every command with up to a few dozen unknown fields; one with more is malformed
};

enum mu_command_kind {
	MU_COMMAND_NONE,
	MU_COMMAND_ROLLBACK,
	MU_COMMAND_UPDATE,
	MU_COMMAND_REBOOT,
	MU_COMMAND_REPORT,
	MU_COMMAND_LOG,
	MU_COMMAND_DIAGNOSE,
	MU_COMMAND_KIND_COUNT
};

struct mu_command {
	const struct mu_port *port;
	const struct mu_source *keys; // the sector of trusted keys; read when a command comes
	const char *id;
	uint32_t minute_records;
	uint64_t minute_ms; // when this minute of refusals and repeats began
	uint32_t key_faults; // reads of keys that failed, since boot
	uint32_t received, accepted, suppressed; // since boot; a repeat is not accepted again
	struct mu_command_memory memory;
};

struct mu_command_decision {
	Mu__CommandOutcome outcome; // ACCEPTED: execute `kind`, then mu_command_finish(); anything else: nothing to do but record
	bool record;                // `result` is to be recorded; false: suppressed as part of a flood
	bool repeated;              // known command: `outcome` is the stored one
	bool time_unchecked;        // it has a not_after, but no trusted time to compare with; `result.detail` says so
	enum mu_command_kind kind;  // NONE unless it is to be executed now
	uint8_t id[MU_COMMAND_ID_BYTES];
	uint8_t running_sha[MU_SHA_BYTES], target_sha[MU_SHA_BYTES]; // ROLLBACK
	uint32_t interval_s, for_s;                                  // REPORT, LOG, DIAGNOSE
	int level;                                                   // LOG: Mu__LogLevel
	const char *manifest_url;                                    // UPDATE: in scratch; gone with the next record
	struct mu_command_result result;
};

// id and keys (a sector as of keyset.h) are kept by reference. No flash is touched.
void mu_command_init(struct mu_command *command, const struct mu_port *port, const struct mu_source *keys, const char *id);

// Reads what is stored, again after an error; never with a command accepted and not finished since then. has_lived: as of
// mu_command_memory_load(), which says what it returns. Whatever that is: commands work, within what is said above.
int mu_command_open(struct mu_command *command, bool has_lived);

// Decides on one message of topic .../dn. trusted_wall_ms: Unix time from SNTP or the server, 0 if there is none.
// scratch: MU_COMMAND_SCRATCH_BYTES of the caller's, any alignment. Always fills *out; out->outcome is the answer.
// A rollback that was accepted but not finished, and has not expired, asks to be executed again (kind set, repeated): it may have been
// cut off before its plan was written, and if not, mu_rollback_request() knows its id.
void mu_command_handle(struct mu_command *command, const void *payload, size_t size, uint64_t trusted_wall_ms, uint64_t now_ms,
	void *scratch, size_t scratch_size, struct mu_command_decision *out);

// The final result of an accepted command, durable when it returns, also after a reboot; fills *result to be recorded. detail: null or
// text, cut at 63. 0; MU_ERR_NOT_FOUND: no longer remembered (*result is filled with id, outcome and detail); the store's error.
int mu_command_finish(struct mu_command *command, const uint8_t id[MU_COMMAND_ID_BYTES], Mu__CommandOutcome outcome, const char *detail,
	struct mu_command_result *result);

// After a boot: commands that were accepted and never finished, oldest first. Start with *place 0; returns null when there is no more.
// A reboot is thereby done; a rollback is known to mu_rollback; the rest was interrupted.
const struct mu_command_entry *mu_command_unfinished(const struct mu_command *command, uint32_t *place);

#endif
