// SPDX-License-Identifier: Apache-2.0
#include "collector/ingest/batch.h"

#include <stdlib.h>
#include <string.h>

int batch_init(struct batch *batch, size_t messages, size_t bytes)
{
	batch_free(batch);
	batch->full_count = messages;
	batch->full_used = bytes;
	batch->room_count = messages + BATCH_SLACK_MESSAGES;
	batch->room_used = bytes + (size_t)BATCH_SLACK_MESSAGES * BATCH_PAYLOAD_MAX;
	batch->messages = calloc(batch->room_count, sizeof *batch->messages);
	batch->bytes = malloc(batch->room_used);
	if (batch->messages && batch->bytes)
		return 0;
	batch_free(batch);
	return -1;
}

void batch_free(struct batch *batch)
{
	free(batch->messages);
	free(batch->bytes);
	memset(batch, 0, sizeof *batch);
}

int batch_add(struct batch *batch, const struct batch_message *message)
{
	size_t kept = message->size < BATCH_PAYLOAD_MAX ? message->size : BATCH_PAYLOAD_MAX;
	size_t topic = message->topic ? strlen(message->topic) + 1 : 0;
	if (batch->count >= batch->room_count || kept + topic > batch->room_used - batch->used)
		return -1;
	struct batch_message *copy = &batch->messages[batch->count++];
	*copy = *message;
	copy->bytes = batch->bytes + batch->used;
	if (kept)
		memcpy(batch->bytes + batch->used, message->bytes, kept);
	batch->used += kept;
	if (topic)
		copy->topic = memcpy(batch->bytes + batch->used, message->topic, topic);
	batch->used += topic;
	return 0;
}

bool batch_is_full(const struct batch *batch)
{
	return batch->count >= batch->full_count || batch->used >= batch->full_used;
}

void batch_clear(struct batch *batch)
{
	batch->count = batch->used = 0;
}
