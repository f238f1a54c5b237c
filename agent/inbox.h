// SPDX-License-Identifier: Apache-2.0
// The queue between the threads that post events and the one that steps the agent.
//
// Fixed size. State events (link, session, PUBACK) and messages are bounded apart, so that a flood of messages can never push
// out the news that the session is gone. The caller holds the port's lock around each call. Memory: the caller's struct, which must not
// be moved.
#ifndef MU_INBOX_H
#define MU_INBOX_H
#include "agent/event.h"
#include "agent/port/port.h"

enum {
	MU_INBOX_STATES = 24,
	MU_INBOX_MESSAGES = 8,
	// Topics and payloads of messages: the largest and three Acks, or two of the longest commands that there are (an update with its URL, below
	// 700 bytes), or six rollbacks, or all eight if they are Acks.
	MU_INBOX_BYTES = 1536,
};

// What is kept of an event.
struct mu_inbox_event {
	uint8_t type; // enum mu_event_type
	bool retained;
	uint16_t payload_bytes;
	int32_t value; // or reason; of a message: where its topic lies; the payload is behind that
};

struct mu_inbox {
	uint8_t first, count, states, messages;
	uint16_t oldest, next, end;
	uint16_t taken; // bytes of the message that was taken last: its place is free from the next take on
	uint32_t dropped; // messages refused, for the life of this boot
	struct mu_inbox_event events[MU_INBOX_STATES + MU_INBOX_MESSAGES];
	uint8_t answer[MU_EVENT_ANSWER_MAX]; // of the newest UDP answer: one request is under way at a time
	// Messages in order of their coming, each in one piece: from oldest to end, then from 0 to next; oldest == next: none.
	uint8_t bytes[MU_INBOX_BYTES];
};

void mu_inbox_init(struct mu_inbox *inbox);

// Copies the event. 0; MU_ERR_FULL or MU_ERR_SIZE, counted in dropped. A state event is only refused after
// MU_INBOX_STATES of them in one step, which no port produces.
int mu_inbox_put(struct mu_inbox *inbox, const struct mu_event *event);

// Takes the oldest event. Its topic and payload point into the inbox and stay there until the next take. Returns 1, or 0 if there is none.
int mu_inbox_take(struct mu_inbox *inbox, struct mu_event *event);

#endif
