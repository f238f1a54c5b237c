// SPDX-License-Identifier: Apache-2.0
#include "agent/inbox.h"
#include <string.h>

enum { PLACES = MU_INBOX_STATES + MU_INBOX_MESSAGES };

void mu_inbox_init(struct mu_inbox *inbox)
{
	*inbox = (struct mu_inbox){ .first = 0 };
}

static int refuse(struct mu_inbox *inbox, int error)
{
	inbox->dropped++;
	return error;
}

// Room for size bytes in one piece, or null.
static uint8_t *allocate(struct mu_inbox *inbox, size_t size)
{
	bool wrapped = inbox->next < inbox->oldest;
	if (wrapped ? size >= (size_t)(inbox->oldest - inbox->next) : size > (size_t)(MU_INBOX_BYTES - inbox->next)) {
		if (wrapped || size >= inbox->oldest)
			return 0;
		inbox->end = inbox->next;
		inbox->next = 0;
	}
	uint8_t *place = inbox->bytes + inbox->next;
	inbox->next = (uint16_t)(inbox->next + size);
	return place;
}

// The message that was taken last has been dealt with.
static void release(struct mu_inbox *inbox)
{
	if (!inbox->taken)
		return;
	inbox->oldest = (uint16_t)(inbox->oldest + inbox->taken);
	inbox->taken = 0;
	if (inbox->next < inbox->oldest && inbox->oldest == inbox->end)
		inbox->oldest = 0;
	if (inbox->oldest == inbox->next)
		inbox->oldest = inbox->next = 0;
}

// Copies topic and payload and lets the event point there.
static int put_message(struct mu_inbox *inbox, struct mu_event *event)
{
	size_t topic_size = event->topic ? strlen(event->topic) + 1 : 0;
	if (!topic_size || topic_size > MU_TOPIC_MAX || event->payload_bytes > MU_EVENT_PAYLOAD_MAX)
		return refuse(inbox, MU_ERR_SIZE);
	uint8_t *place = inbox->messages < MU_INBOX_MESSAGES ? allocate(inbox, topic_size + event->payload_bytes) : 0;
	if (!place)
		return refuse(inbox, MU_ERR_FULL);
	memcpy(place, event->topic, topic_size);
	if (event->payload_bytes)
		memcpy(place + topic_size, event->payload, event->payload_bytes);
	event->topic = (const char *)place;
	event->payload = place + topic_size;
	inbox->messages++;
	return 0;
}

static void put_answer(struct mu_inbox *inbox, struct mu_event *event)
{
	if (event->payload_bytes > MU_EVENT_ANSWER_MAX)
		event->payload_bytes = MU_EVENT_ANSWER_MAX;
	if (event->payload_bytes)
		memcpy(inbox->answer, event->payload, event->payload_bytes);
	event->payload = inbox->answer;
}

static int put_state(struct mu_inbox *inbox, struct mu_event *event)
{
	if (inbox->states == MU_INBOX_STATES)
		return refuse(inbox, MU_ERR_FULL);
	if (event->type == MU_EVENT_UDP_ANSWER)
		put_answer(inbox, event);
	else
		event->payload = 0;
	event->topic = 0;
	inbox->states++;
	return 0;
}

int mu_inbox_put(struct mu_inbox *inbox, const struct mu_event *event)
{
	struct mu_event kept = *event;
	int error = event->type == MU_EVENT_MQTT_MESSAGE ? put_message(inbox, &kept) : put_state(inbox, &kept);
	if (error < 0)
		return error;
	inbox->events[(inbox->first + inbox->count++) % PLACES] = kept;
	return 0;
}

int mu_inbox_take(struct mu_inbox *inbox, struct mu_event *event)
{
	release(inbox);
	if (!inbox->count)
		return 0;
	*event = inbox->events[inbox->first];
	inbox->first = (inbox->first + 1) % PLACES;
	inbox->count--;
	if (event->type != MU_EVENT_MQTT_MESSAGE) {
		inbox->states--;
		return 1;
	}
	inbox->messages--;
	inbox->taken = (uint16_t)(strlen(event->topic) + 1 + event->payload_bytes);
	return 1;
}
