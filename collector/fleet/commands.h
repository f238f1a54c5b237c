// SPDX-License-Identifier: Apache-2.0
// Command intents: what operators asked of devices, from the counter given out to the outcome. Kept in the store; the open ones also here.
// States: command_state.h.
//
// The collector does not judge a command: it stores the SignedCommand as sent and publishes it, at once if the device is not known to be
// offline and again on each `online`, until the device has answered or its time is over. It reads the Command inside only to know what
// to expect. Publishing twice does no harm: a device does a command once.
// What changes is written by commands_step(), all of it in one transaction. A change that a crash loses comes back: a command that has
// no answer is published again after a restart, and the device repeats its stored result.
// Time: Unix milliseconds. Thread: the loop's only. Never call this inside a transaction of the store.
#ifndef COLLECTOR_FLEET_COMMANDS_H
#define COLLECTOR_FLEET_COMMANDS_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "collector/fleet/command_state.h"
#include "collector/fleet/fleet.h"

struct store;
struct commands;

enum {
	COMMANDS_OPEN_MAX = 10000, // of the whole fleet
	COMMANDS_OPEN_PER_DEVICE_MAX = 16,
	COMMANDS_PAYLOAD_MAX = 2048,     // packed SignedCommand, bytes; a device takes less and says so
	COMMANDS_NOT_AFTER_MS = 3600000, // life of a command that names no end
	COMMANDS_LEAST_MS = 120000,      // that a command is waited for, even if its not_after is over already
	COMMANDS_GRACE_MS = 600000,      // more for the end of an accepted one
	COMMANDS_STEP_MS = 1000,
};

enum commands_error {
	COMMANDS_OK = 0,
	COMMANDS_EMALFORMED = -1, // not a SignedCommand, or no Command with an id of 16 bytes inside, or too large
	COMMANDS_EDUPLICATE = -2, // the id is known, with other bytes
	COMMANDS_EFULL = -3,      // too many open ones
	COMMANDS_ESTORE = -4,     // the store does not take it now
};

// Gives payload to the broker for muster/v1/<id>/dn, QoS 1. 0: it has it; negative: not now (tried again by commands_step()).
typedef int commands_publish(void *context, const char *device_id, const uint8_t *payload, size_t size);

// Reads the open ones from the store; the fleet has all devices by then. Null: no memory, or the store cannot be read.
struct commands *commands_new(struct store *store, struct fleet *fleet, commands_publish *publish, void *context);
void commands_free(struct commands *commands);

// The next counter for this device and key, durable when this returns: never given out twice. 0, or COMMANDS_ESTORE.
int commands_prepare(struct commands *commands, const struct device *device, const uint8_t key_id[MU_KEY_ID_BYTES], uint64_t *counter);

// Stores a packed SignedCommand for this device, durably, and publishes it. The same bytes again are taken (1 is returned) and change
// nothing. id gets the id of the command inside. 0, 1 or an enum commands_error.
int commands_submit(struct commands *commands, struct device *device, const char *actor, const uint8_t *payload, size_t size,
	uint64_t now_ms, uint8_t id[MU_COMMAND_ID_BYTES]);

// A device said `online`: its unanswered commands are published again.
void commands_on_online(struct commands *commands, struct device *device, uint64_t now_ms);

// Each folded record, after fleet_fold(); also at start, for records folded again. At once over for a device without open commands.
void commands_on_record(struct commands *commands, struct device *device, const Mu__Record *record, uint64_t recv_ms);

// Writes what changed, publishes what could not be published, ends what is over. Call after each batch and about once a second;
// at once over when nothing is due.
void commands_step(struct commands *commands, uint64_t now_ms);

size_t commands_open_count(const struct commands *commands);

#endif
