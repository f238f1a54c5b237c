// SPDX-License-Identifier: Apache-2.0
// The two firmware slots: which one runs, what the other one holds, whether a rollback would work, and the switch.
//
// The other slot's image is verified in bounded steps, from the boot on, so that a rollback later needs no time and no heap.
// Sizes in bytes. Memory: the caller's struct (about 1 KiB). Thread: the one that steps the agent.
// Numbers of states and blocks are those of SlotState and RollbackBlock in proto/muster.proto.
#ifndef MU_OTA_SLOTS_H
#define MU_OTA_SLOTS_H
#include "agent/image/app_image.h"
#include "agent/image/otadata.h"
#include "agent/port/port.h"
#include <stdalign.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { MU_SLOTS_COUNT = 2, MU_SLOTS_STEP_BYTES = 16384 };

enum mu_slot_state {
	MU_SLOT_STATE_NEW = 0,
	MU_SLOT_STATE_PENDING = 1,
	MU_SLOT_STATE_VALID = 2,
	MU_SLOT_STATE_INVALID = 3,
	MU_SLOT_STATE_ABORTED = 4,
	MU_SLOT_STATE_UNDEFINED = 5, // no entry in otadata, or one with a state that ESP-IDF does not define
	MU_SLOT_STATE_EMPTY = 6,
	MU_SLOT_STATE_DAMAGED = 7,
};

enum mu_rollback_block {
	MU_ROLLBACK_READY = 0,
	MU_ROLLBACK_NO_IMAGE = 1,
	MU_ROLLBACK_DAMAGED = 2,
	MU_ROLLBACK_SLOT_INVALID = 3, // rejected earlier, or aborted
	MU_ROLLBACK_QUARANTINED = 4,
	MU_ROLLBACK_SECURITY_FLOOR = 5,
	MU_ROLLBACK_BUSY = 6,      // an update is being written
	MU_ROLLBACK_UNCHECKED = 7, // verification still runs
};

// What one slot holds.
struct mu_slot {
	bool has_image; // an app description was found
	enum mu_slot_state state;
	char version[MU_FIRMWARE_MAX]; // as records may carry it: cut, and a `?` for what may not be there
	uint8_t elf_sha[MU_SHA_BYTES];
};

enum mu_slots_check { MU_SLOTS_CHECK_RUNNING, MU_SLOTS_CHECK_GOOD, MU_SLOTS_CHECK_EMPTY, MU_SLOTS_CHECK_DAMAGED };

struct mu_slots {
	const struct mu_port *port;
	unsigned running; // 0 or 1
	bool rescue; // another slot runs than otadata asks for
	bool busy;   // an update is being written to the other slot; set by the updater
	bool unread; // flash or digest failed on the way: mu_slots_refresh() may know better later
	enum mu_slots_check check;
	int check_error; // why DAMAGED, negative enum mu_err
	struct mu_slot slot[MU_SLOTS_COUNT];
	struct mu_app_verifier verifier;
	struct mu_slots_source {
		struct mu_slots *slots;
		enum mu_partition part;
	} source[MU_SLOTS_COUNT];
	alignas(8) uint8_t hash_state[MU_HASH_STATE_BYTES];
};

// Reads otadata and both descriptions, starts the verification of the other slot. Returns 0, or MU_ERR_NOT_FOUND (a slot or
// otadata is missing), MU_ERR_RANGE (running slot not 0 or 1), or the flash's error. The struct must not be moved later.
int mu_slots_init(struct mu_slots *slots, const struct mu_port *port);

// Verifies about budget_bytes more of the other slot. Returns 1 when it is decided (slots->check), 0 when there is more.
int mu_slots_step(struct mu_slots *slots, uint32_t budget_bytes);

// After the other slot was written: reads again, verifies again.
int mu_slots_refresh(struct mu_slots *slots);

const struct mu_slot *mu_slots_running(const struct mu_slots *slots);
const struct mu_slot *mu_slots_other(const struct mu_slots *slots);

// Why a rollback to the other slot would be refused now, or MU_ROLLBACK_READY. Name: constant text for a person, "unknown" for a block that
// this agent never sees.
enum mu_rollback_block mu_slots_rollback_block(const struct mu_slots *slots);
const char *mu_rollback_block_name(enum mu_rollback_block block);

// Makes the other slot the one that boots next, with this state in otadata (MU_OTADATA_VALID for a rollback to an image that
// has served before, MU_OTADATA_NEW for a trial). Two flash operations, on the sector that is not active: erase, program.
// Cut before or inside the erase, or inside the program: the old slot boots; after it: the new one. Never neither.
// Returns 0; MU_ERR_STATE if the other slot did not verify; MU_ERR_FULL no seq left; or the flash's error.
int mu_slots_switch(struct mu_slots *slots, uint32_t state);

// Takes the running slot out of its trial (PENDING_VERIFY or NEW becomes VALID). One erase and one program of the sector of
// the active entry: cut between them the old slot boots, so call it only when that is bearable. Flash that fails once is tried again, and an
// entry that is gone is made anew in the other sector. 0 also if nothing is to do; MU_ERR_STATE in a rescue boot, where the active
// entry is not ours; or the flash's error.
int mu_slots_commit(struct mu_slots *slots);

// Makes otadata agree with what runs, after a rescue boot or equal seqs. 0 also if nothing is to do.
int mu_slots_repair(struct mu_slots *slots);

#endif
