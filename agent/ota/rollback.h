// SPDX-License-Identifier: Apache-2.0
// A rollback: from the command (or the boot guard) over the switch and the restart to its confirmation, done once.
//
//   idle -> verifying -> planned (journal) -> announced -> switching -> restarting | reset | confirming -> idle
//
// The operator hears "accepted" before the switch: the caller sends it when asked (MU_ROLLBACK_DO_ANNOUNCE) and says when it is
// delivered; after 5 s the switch is made regardless, because a device in a boot loop may not live that long. A reset at any
// point is picked up from the journal: if the old image still runs the rollback goes on (at most 3 times), if the new one runs it
// is confirmed by the first heartbeat.
// No allocation, no waiting. Time: monotonic milliseconds. Thread: the one that steps the agent.
#ifndef MU_OTA_ROLLBACK_H
#define MU_OTA_ROLLBACK_H
#include "agent/ota/journal.h"
#include "agent/ota/slots.h"
#include <stdbool.h>
#include <stdint.h>

enum { MU_ROLLBACK_ANNOUNCE_MS = 5000, MU_ROLLBACK_RESUMES_MAX = 3 };

enum mu_rollback_state {
	MU_ROLLBACK_IDLE,
	MU_ROLLBACK_VERIFYING,  // accepted, the target is still being verified
	MU_ROLLBACK_PLANNED,    // in the journal, the caller is to announce it
	MU_ROLLBACK_ANNOUNCED,  // waiting for the delivery, or 5 s
	MU_ROLLBACK_SWITCHING,  // the next step writes otadata
	MU_ROLLBACK_RESTARTING, // the caller is to restart
	MU_ROLLBACK_CONFIRMING, // after the restart: waiting for the first heartbeat
	MU_ROLLBACK_STATE_COUNT
};

enum mu_rollback_event {
	MU_ROLLBACK_ON_REQUEST,
	MU_ROLLBACK_ON_VERIFIED,
	MU_ROLLBACK_ON_REFUSED,   // the target did not verify, or otadata cannot be written
	MU_ROLLBACK_ON_ANNOUNCED, // the caller has taken the announcement
	MU_ROLLBACK_ON_DELIVERED, // it arrived, or its time is up
	MU_ROLLBACK_ON_SWITCHED,
	MU_ROLLBACK_ON_RESUME,    // unfinished, the old image runs
	MU_ROLLBACK_ON_ARRIVED,   // unfinished, the new image runs
	MU_ROLLBACK_ON_HEARTBEAT,
	MU_ROLLBACK_EVENT_COUNT
};

// What the caller does after a step.
enum mu_rollback_action {
	MU_ROLLBACK_DO_NOTHING,
	MU_ROLLBACK_DO_ANNOUNCE, // send CommandResult ACCEPTED, call mu_rollback_delivered() at its PUBACK
	MU_ROLLBACK_DO_RESTART,  // flush what must be flushed, then port->system->restart()
	MU_ROLLBACK_DO_REPORT,   // finished: mu_rollback_report() says how
};

// Answers to a request; the numbers of CommandOutcome in proto/muster.proto.
enum mu_rollback_outcome {
	MU_ROLLBACK_OUTCOME_ACCEPTED = 1,
	MU_ROLLBACK_OUTCOME_DONE = 2,
	MU_ROLLBACK_OUTCOME_RUNNING_MISMATCH = 25,
	MU_ROLLBACK_OUTCOME_TARGET_MISMATCH = 26,
	MU_ROLLBACK_OUTCOME_NOT_READY = 27, // mu_slots_rollback_block() says why
	MU_ROLLBACK_OUTCOME_BUSY = 28,
	MU_ROLLBACK_OUTCOME_FAILED = 29,
};

struct mu_rollback_report {
	struct mu_rollback_request request;
	enum mu_rollback_outcome outcome; // DONE or FAILED
	enum mu_ota_cause failure;        // FAILED only
	bool resumed;                     // a reset came in between
};

struct mu_rollback {
	struct mu_slots *slots;
	struct mu_journal *journal;
	enum mu_rollback_state state;
	struct mu_rollback_request request;
	uint64_t deadline_ms; // of ANNOUNCED
	bool resumed;         // a reset came in between
	enum mu_ota_cause failure; // with an ending: 0, it is done
	enum mu_rollback_ending { MU_ROLLBACK_END_NONE, MU_ROLLBACK_END_REPORT, MU_ROLLBACK_END_JOURNAL } ending;
};

// Reads the journal and takes up what a reset interrupted. Returns 0 or the flash's error.
int mu_rollback_init(struct mu_rollback *rollback, struct mu_slots *slots, struct mu_journal *journal);

// Asks for a rollback. A command id that the journal knows gets its present outcome and starts nothing. ACCEPTED is announced
// to the operator only when a step says MU_ROLLBACK_DO_ANNOUNCE: the target may still turn out to be damaged.
enum mu_rollback_outcome mu_rollback_request(struct mu_rollback *rollback, const struct mu_rollback_request *request);

// Does at most one bounded piece of work: MU_SLOTS_STEP_BYTES of verification, or one journal record, or the switch.
// Call it each agent step; it wants the next one at once as long as mu_rollback_is_urgent().
enum mu_rollback_action mu_rollback_step(struct mu_rollback *rollback, uint64_t now_ms);
bool mu_rollback_is_urgent(const struct mu_rollback *rollback);

void mu_rollback_delivered(struct mu_rollback *rollback); // the announcement has its PUBACK
void mu_rollback_heartbeat(struct mu_rollback *rollback); // the first heartbeat of this boot has been recorded

// After MU_ROLLBACK_DO_REPORT: fills *report. Record it before the next step, which closes the journal: a reset in between then
// makes it be told twice, never lost. MU_ERR_NOT_FOUND if none is due.
int mu_rollback_report(struct mu_rollback *rollback, struct mu_rollback_report *report);

// For the boot guard, before anything else of the agent runs: verifies the other slot and switches to it without waiting
// for anything. Blocks for one verification (1 MiB: below a second on a chip with SHA hardware). Returns 1: restart now; 0: not
// possible (a report may be due that says why). Never goes back to an image that was itself left because of a boot loop.
int mu_rollback_boot_loop(struct mu_rollback *rollback);

// The table behind it, for tests and pictures: the next state, or -1 where the event means nothing.
int mu_rollback_next(enum mu_rollback_state state, enum mu_rollback_event event);
const char *mu_rollback_state_name(enum mu_rollback_state state);

#endif
