// SPDX-License-Identifier: Apache-2.0
// Command intents: what operators asked of devices, from the counter given out to the outcome. Kept in the store; the open ones also here.
//
//   queued -> sent -> accepted -> done -> confirmed        (rollback: confirmed by the first boot or heartbeat of the target image)
//        \________\________\_________> refused | failed | expired
//
// The collector does not judge a signature: it stores the SignedCommand as sent and publishes it, at once if the device is online and
// again on each `online`, until the device has answered or not_after is over. It reads the Command inside only to know what to expect.
// Time: Unix milliseconds. Thread: the loop's only. Each change is its own transaction of the store: never call this inside one.
#ifndef COLLECTOR_FLEET_COMMANDS_H
#define COLLECTOR_FLEET_COMMANDS_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "collector/fleet/fleet.h"

struct store;
struct commands;

enum {
	COMMANDS_OPEN_MAX = 10000,          // of the whole fleet
	COMMANDS_OPEN_PER_DEVICE_MAX = 8,
	COMMANDS_PAYLOAD_MAX = 1536,        // packed SignedCommand, bytes
	COMMANDS_NOT_AFTER_MS = 3600000,    // life of a command that names no end
	COMMANDS_GRACE_MS = 600000,         // for the result of an accepted command, after not_after
	COMMANDS_ID_BYTES = 16,
	COMMANDS_KEY_BYTES = 8,
};

enum command_state {
	COMMAND_QUEUED,    // stored, not yet given to the broker
	COMMAND_SENT,      // given to the broker at least once
	COMMAND_ACCEPTED,  // the device said that it will do it
	COMMAND_DONE,      // the device said that it did it
	COMMAND_CONFIRMED, // seen: the device runs the target
	COMMAND_REFUSED,   // the device's outcome says why
	COMMAND_FAILED,
	COMMAND_EXPIRED,   // no answer before not_after
	COMMAND_STATE_COUNT
};

enum command_event {
	COMMAND_ON_PUBLISHED,
	COMMAND_ON_ACCEPTED,
	COMMAND_ON_DONE,
	COMMAND_ON_TARGET_RUNS,
	COMMAND_ON_REFUSED,
	COMMAND_ON_FAILED,
	COMMAND_ON_EXPIRED,
	COMMAND_EVENT_COUNT
};

enum commands_error {
	COMMANDS_OK = 0,
	COMMANDS_EMALFORMED = -1,  // not a SignedCommand or no Command inside, or over the limits
	COMMANDS_EDEVICE = -2,     // addressed to another device (only if strict)
	COMMANDS_EDUPLICATE = -3,  // the id is known, with other bytes
	COMMANDS_EFULL = -4,       // too many open ones
	COMMANDS_ESTORE = -5,      // the store does not take it now
};

// Gives payload to the broker for muster/v1/<id>/dn, QoS 1. 0: it has it; negative: not now (tried again on the next `online`).
typedef int commands_publish(void *context, const char *device_id, const uint8_t *payload, size_t size);

// Reads the open ones from the store. Null: no memory, or the store cannot be read.
struct commands *commands_new(struct store *store, struct fleet *fleet, commands_publish *publish, void *context);
void commands_free(struct commands *commands);

// The next counter for this device and key, durable when this returns: never given out twice. 0, or COMMANDS_ESTORE.
int commands_prepare(struct commands *commands, const struct device *device, const uint8_t key_id[COMMANDS_KEY_BYTES], uint64_t *counter);

// Stores a packed SignedCommand for this device and publishes it if the device is not known to be offline. The same bytes again are
// taken (1 is returned) and change nothing. *id gets the id of the command inside. 0, 1 or an enum commands_error.
int commands_submit(struct commands *commands, const struct device *device, const char *actor, const uint8_t *payload, size_t size,
                    uint64_t now_ms, uint8_t id[COMMANDS_ID_BYTES]);

// A device said `online`: its open, unanswered commands are published again.
void commands_on_online(struct commands *commands, const struct device *device, uint64_t now_ms);

// Each folded record, after fleet_fold(); looks at CommandResult, Boot and Heartbeat. Also at start, for records folded again.
void commands_on_record(struct commands *commands, const struct device *device, const Mu__Record *record, uint64_t recv_ms);

// Ends what is over. Call about once a second; cheap when nothing is due.
void commands_step(struct commands *commands, uint64_t now_ms);

size_t commands_open_count(const struct commands *commands);

// The table behind it: the next state, or -1 where the event changes nothing. is_rollback: done is not yet the end.
int command_next(enum command_state state, enum command_event event);
bool command_state_is_final(enum command_state state, bool is_rollback);
const char *command_state_name(enum command_state state);
enum command_event command_event_of(uint32_t outcome); // of a CommandOutcome; unknown ones are refusals

#endif
