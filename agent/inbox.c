// SPDX-License-Identifier: Apache-2.0
#include "agent/inbox.h"
#include <string.h>

enum { PLACES = MU_INBOX_STATES + MU_INBOX_MESSAGES };

_Static_assert((int)MU_INBOX_BYTES >= (int)MU_EVENT_PAYLOAD_MAX + (int)MU_TOPIC_MAX, "the largest message fits");
_Static_assert((int)MU_EVENT_PAYLOAD_MAX <= UINT16_MAX, "its size fits into struct mu_inbox_event");

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

static int put_message(struct mu_inbox *inbox, const struct mu_event *event, struct mu_inbox_event *kept)
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
	kept->payload_bytes = (uint16_t)event->payload_bytes;
	kept->value = (int32_t)(place - inbox->bytes);
	inbox->messages++;
	return 0;
}

static int put_state(struct mu_inbox *inbox, const struct mu_event *event, struct mu_inbox_event *kept)
{
	if (inbox->states == MU_INBOX_STATES)
		return refuse(inbox, MU_ERR_FULL);
	if (event->type == MU_EVENT_UDP_ANSWER && event->payload_bytes) {
		kept->payload_bytes = event->payload_bytes < MU_EVENT_ANSWER_MAX ? (uint16_t)event->payload_bytes : MU_EVENT_ANSWER_MAX;
		memcpy(inbox->answer, event->payload, kept->payload_bytes);
	}
	inbox->states++;
	return 0;
}

int mu_inbox_put(struct mu_inbox *inbox, const struct mu_event *event)
{
	struct mu_inbox_event kept = {
		.type = (uint8_t)event->type,
		.retained = event->retained,
		.value = event->value,
	};
	int error = event->type == MU_EVENT_MQTT_MESSAGE ? put_message(inbox, event, &kept) : put_state(inbox, event, &kept);
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
	const struct mu_inbox_event *kept = &inbox->events[inbox->first];
	*event = (struct mu_event){
		.type = (enum mu_event_type)kept->type,
		.retained = kept->retained,
		.payload_bytes = kept->payload_bytes,
	};
	inbox->first = (inbox->first + 1) % PLACES;
	inbox->count--;
	if (event->type != MU_EVENT_MQTT_MESSAGE) {
		event->value = kept->value;
		event->payload = event->type == MU_EVENT_UDP_ANSWER ? inbox->answer : 0;
		inbox->states--;
		return 1;
	}
	event->topic = (const char *)inbox->bytes + kept->value;
	size_t topic_size = strlen(event->topic) + 1;
	event->payload = (const uint8_t *)event->topic + topic_size;
	inbox->messages--;
	inbox->taken = (uint16_t)(topic_size + event->payload_bytes);
	return 1;
}
