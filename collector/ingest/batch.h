// SPDX-License-Identifier: Apache-2.0
// The messages read from the broker since the last commit, in order. Bounded: it says when it is full, and the reader stops reading; the
// broker keeps the rest.
//
// Payloads (and the topics of JSON) are copied into one buffer made at start; of a payload longer than BATCH_PAYLOAD_MAX only that much is
// kept, size tells its length.
// Thread: the loop's.
#ifndef COLLECTOR_INGEST_BATCH_H
#define COLLECTOR_INGEST_BATCH_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "collector/ingest/topic.h"

enum { BATCH_PAYLOAD_MAX = MU_UPLINK_BYTES_MAX, BATCH_SLACK_MESSAGES = 64 };

struct json_topic;

struct batch_message {
	enum topic_kind kind;
	char id[TOPIC_ID_BYTES];
	const struct json_topic *json; // TOPIC_JSON only: how to read it
	const char *topic;             // TOPIC_JSON only: the whole topic, copied like the payload
	uint64_t recv_ms;    // Unix time
	const uint8_t *bytes; // kept ones: min(size, BATCH_PAYLOAD_MAX)
	size_t size;
};

struct batch {
	struct batch_message *messages;
	uint8_t *bytes;
	size_t count, used;
	size_t full_count, full_used;   // from here on batch_is_full()
	size_t room_count, room_used;   // a little more, for what one read brings beyond
};

// 0, or -1 without memory. Frees what the batch had; it must be empty.
int batch_init(struct batch *batch, size_t messages, size_t bytes);
void batch_free(struct batch *batch);

// Copies a message. -1 if there is no room even beyond full: the message must not be acknowledged.
int batch_add(struct batch *batch, const struct batch_message *message);

bool batch_is_full(const struct batch *batch);
void batch_clear(struct batch *batch);

#endif
