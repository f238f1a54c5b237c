// SPDX-License-Identifier: Apache-2.0
#include "agent/uplink/command_result.h"
#include <string.h>

void mu_command_result_init(struct mu_command_result *result, Mu__CommandOutcome outcome, const char *detail)
{
	*result = (struct mu_command_result){ 0 };
	mu__command_result__init(&result->message);
	result->message.outcome = outcome;
	size_t length = 0;
	for (; detail && detail[length] && length < sizeof result->detail - 1; length++)
		result->detail[length] = detail[length];
	result->message.detail = length ? result->detail : NULL;
}

void mu_command_result_id(struct mu_command_result *result, const uint8_t id[MU_COMMAND_ID_BYTES])
{
	memcpy(result->id, id, sizeof result->id);
	result->message.id = (ProtobufCBinaryData){ .len = sizeof result->id, .data = result->id };
}

void mu_command_result_key(struct mu_command_result *result, const uint8_t key_id[MU_KEY_ID_BYTES])
{
	memcpy(result->key_id, key_id, sizeof result->key_id);
	result->message.has_key_id = true;
	result->message.key_id = (ProtobufCBinaryData){ .len = sizeof result->key_id, .data = result->key_id };
}

void mu_command_result_digest(struct mu_command_result *result, const uint8_t *digest)
{
	memcpy(result->digest, digest, sizeof result->digest);
	result->message.has_digest = true;
	result->message.digest = (ProtobufCBinaryData){ .len = sizeof result->digest, .data = result->digest };
}

void mu_command_result_counter(struct mu_command_result *result, uint64_t counter)
{
	result->message.has_counter = true;
	result->message.counter = counter;
}
