// SPDX-License-Identifier: Apache-2.0
// What a device remembers of commands, through power cuts: the last 8 with their outcomes, and the last counter of each key.
//
// Key-value "cmd.res" (at most 402 bytes) and "cmd.ctr" (at most 259), little-endian. "cmd.res" is written first: an entry carries its
// counter, so a cut between the two costs nothing.
//
// What if they are gone:
//   the medium refuses to give one (MU_ERR_IO)    `unread`: nothing is written over what may be there; to be loaded again
//   "cmd.ctr" is damaged (or of another version)  counters_lost, also in flash, for each key that has no counter yet
//   "cmd.ctr" is not there                        on a device that has lived: the same, for its first boot writes an empty one. So a key-value
//                                                 store that was emptied, by rot or by an application, does not make old counters new
// No allocation. Memory: the caller's struct (about 720 bytes). Thread: the one that steps the agent.
#ifndef MU_UPLINK_COMMAND_MEMORY_H
#define MU_UPLINK_COMMAND_MEMORY_H
#include "agent/image/keyset.h"
#include "agent/port/port.h"
#include "proto/limits.h"
#include <stdbool.h>
#include <stdint.h>

enum { MU_COMMAND_ENTRIES = 8, MU_COMMAND_DIGEST_BYTES = 16 };

struct mu_command_entry {
	uint8_t id[MU_COMMAND_ID_BYTES];
	uint8_t digest[MU_COMMAND_DIGEST_BYTES]; // of the command's bytes
	uint8_t key_id[MU_KEY_ID_BYTES];
	uint64_t counter;
	uint8_t outcome; // Mu__CommandOutcome; ACCEPTED: not finished yet
	uint8_t kind;    // enum mu_command_kind
};

struct mu_command_counter {
	uint8_t key_id[MU_KEY_ID_BYTES];
	uint64_t last;
};

struct mu_command_memory {
	const struct mu_port *port;
	bool unread, counters_lost;
	uint32_t entry_count, counter_count;
	uint32_t store_faults; // since boot
	struct mu_command_counter counter[MU_KEYSET_MAX];
	struct mu_command_entry entry[MU_COMMAND_ENTRIES]; // oldest first
};

// *memory: all 0 but the port; or as it was after a load that failed. has_lived: this is not one of the device's first boots, by what others
// remember. 0; MU_ERR_IO: `unread`; MU_ERR_SIZE, MU_ERR_VERSION or another error of the store: what could be read is there.
int mu_command_memory_load(struct mu_command_memory *memory, const struct mu_source *keys, bool has_lived);

const struct mu_command_entry *mu_command_memory_find(const struct mu_command_memory *memory, const uint8_t id[MU_COMMAND_ID_BYTES]);

// The last counter of a key, 0 if it has none.
uint64_t mu_command_memory_counter(const struct mu_command_memory *memory, const uint8_t key_id[MU_KEY_ID_BYTES]);

// Adds an entry and raises its key's counter; durable when it returns. The oldest finished entry makes room, and so does the counter
// of a key that is no longer in keys. 0, or an error: the command must then not be done. While `unread` nothing is written: MU_ERR_IO. A
// counter stays raised when the store fails, until the next load, and is written with the next one: what was refused is not done later.
int mu_command_memory_add(struct mu_command_memory *memory, const struct mu_source *keys, const struct mu_command_entry *entry);

// Sets the outcome of an entry. 0 (also if it is that already), MU_ERR_NOT_FOUND, or the store's error (it then holds until a reset).
int mu_command_memory_finish(struct mu_command_memory *memory, const uint8_t id[MU_COMMAND_ID_BYTES], uint8_t outcome);

#endif
