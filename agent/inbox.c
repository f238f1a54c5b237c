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

static int put_message(struct mu_inbox *inbox, const struct mu_event *event)
{
	size_t topic_size = event->topic ? strlen(event->topic) + 1 : 0;
	if (!topic_size || topic_size > MU_TOPIC_MAX || event->payload_bytes > MU_EVENT_PAYLOAD_MAX)
		return refuse(inbox, MU_ERR_SIZE);
	if (inbox->message_count == MU_INBOX_MESSAGES)
		return refuse(inbox, MU_ERR_FULL);
	struct mu_inbox_message *message = &inbox->messages[(inbox->message_first + inbox->message_count++) % MU_INBOX_MESSAGES];
	memcpy(message->topic, event->topic, topic_size);
	if (event->payload_bytes)
		memcpy(message->payload, event->payload, event->payload_bytes);
	return 0;
}

static void put_answer(struct mu_inbox *inbox, const struct mu_event *event, struct mu_event *place)
{
	if (place->payload_bytes > MU_EVENT_ANSWER_MAX)
		place->payload_bytes = MU_EVENT_ANSWER_MAX;
	if (place->payload_bytes)
		memcpy(inbox->answer, event->payload, place->payload_bytes);
}

int mu_inbox_put(struct mu_inbox *inbox, const struct mu_event *event)
{
	bool is_message = event->type == MU_EVENT_MQTT_MESSAGE;
	if (!is_message && inbox->states == MU_INBOX_STATES)
		return refuse(inbox, MU_ERR_FULL);
	int error = is_message ? put_message(inbox, event) : 0;
	if (error < 0)
		return error;
	struct mu_event *place = &inbox->events[(inbox->first + inbox->count++) % PLACES];
	*place = *event;
	place->topic = 0;
	place->payload = 0;
	if (event->type == MU_EVENT_UDP_ANSWER)
		put_answer(inbox, event, place);
	inbox->states += !is_message;
	return 0;
}

int mu_inbox_take(struct mu_inbox *inbox, struct mu_event *event, struct mu_inbox_message *message)
{
	if (!inbox->count)
		return 0;
	*event = inbox->events[inbox->first];
	inbox->first = (inbox->first + 1) % PLACES;
	inbox->count--;
	if (event->type == MU_EVENT_UDP_ANSWER) {
		memcpy(message->payload, inbox->answer, sizeof inbox->answer);
		event->payload = message->payload;
	}
	if (event->type != MU_EVENT_MQTT_MESSAGE) {
		inbox->states--;
		return 1;
	}
	*message = inbox->messages[inbox->message_first];
	inbox->message_first = (inbox->message_first + 1) % MU_INBOX_MESSAGES;
	inbox->message_count--;
	event->topic = message->topic;
	event->payload = message->payload;
	return 1;
}
