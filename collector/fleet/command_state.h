// SPDX-License-Identifier: Apache-2.0
// The states of a command intent, as one table. Pure. The numbers are stored: never change one, only add.
//
//   queued -> sent -> accepted -> done -> confirmed        (rollback: confirmed by a heartbeat of the target)
//        \________\________\________\____> refused | failed | expired
//
// Expired means that musterd no longer waits; an answer that comes later is still taken, because it is the truth.
#ifndef COLLECTOR_FLEET_COMMAND_STATE_H
#define COLLECTOR_FLEET_COMMAND_STATE_H
#include <stdbool.h>
#include <stdint.h>

enum command_state {
	COMMAND_QUEUED,    // stored, not yet given to the broker
	COMMAND_SENT,      // given to the broker at least once
	COMMAND_ACCEPTED,  // the device said that it will do it
	COMMAND_DONE,      // the device said that it did it
	COMMAND_CONFIRMED, // seen: the device lives on the target
	COMMAND_REFUSED,   // the device's outcome says why
	COMMAND_FAILED,    // the device tried and could not
	COMMAND_EXPIRED,   // no answer, or no end, in time
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

// The next state, or -1 where the event means nothing.
int command_next(enum command_state state, enum command_event event);

// Done is the end of every command but a rollback, which must also be seen.
bool command_state_is_final(enum command_state state, bool is_rollback);

const char *command_state_name(enum command_state state); // "queued"; "unknown" for a number out of range

// Of a CommandOutcome; one that is not known yet is a refusal.
enum command_event command_event_of(uint32_t outcome);

#endif
