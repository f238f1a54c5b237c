// SPDX-License-Identifier: Apache-2.0
// Command intents and the counters given out for them. What the states mean is decided by collector/fleet/commands.h; here they are numbers.
#ifndef COLLECTOR_STORE_STORE_COMMANDS_H
#define COLLECTOR_STORE_STORE_COMMANDS_H
#include "collector/store/store.h"

enum { STORE_COMMAND_BYTES_MAX = 4096 };

struct store_command {
	uint64_t n; // rises in the order of submission; 0 when adding
	uint8_t id[16];
	uint8_t key_id[8];
	uint32_t dev;
	uint32_t kind; // body case of Mu__Command
	uint64_t counter;
	uint64_t created_ms;
	uint64_t not_after_ms; // 0: none
	struct store_blob command; // the signed bytes
	struct store_blob signature;
	const char *actor; // name of the token
	// what became of it
	uint32_t state;
	uint32_t outcome; // enum Mu__CommandOutcome
	const char *detail;
	uint32_t publishes;
	uint64_t published_ms, accepted_ms, finished_ms; // 0: not yet
};

// The next counter for commands to dev signed with key_id, from 1; durable before it is returned, so it is given out once only.
int store_command_counter(struct store *store, uint32_t dev, const uint8_t key_id[8], uint64_t *counter);

// -STORE_EEXIST if the id is known.
int store_command_add(struct store *store, const struct store_command *command, uint64_t *n);

// Writes state, outcome, detail, publishes and the three times of the command with this id.
int store_command_update(struct store *store, const struct store_command *command);

typedef int store_command_each(void *context, const struct store_command *command);

int store_command_read(struct store *store, const uint8_t id[16], store_command_each *each, void *context);

// Newest first, numbers below before (0: from the newest), of one device or all (dev = STORE_ANY_DEVICE), at most limit. Returns how many.
int store_command_list(struct store *store, uint64_t before, uint32_t dev, unsigned limit, store_command_each *each, void *context);

// Those with state <= highest, oldest first: what is still open, at start.
int store_command_open(struct store *store, uint32_t highest, store_command_each *each, void *context);

#define STORE_ANY_DEVICE UINT32_MAX

#endif
