// SPDX-License-Identifier: Apache-2.0
#include "collector/kafka/dead_letter_json.h"

#include <inttypes.h>
#include <jansson.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "collector/http/json_text.h"

static json_t *base64_json(struct store_blob payload)
{
	char *text = malloc((payload.size + 2) / 3 * 4 + 1);
	if (!text)
		return 0;
	int length = payload.size ? EVP_EncodeBlock((unsigned char *)text, payload.bytes, (int)payload.size) : 0;
	json_t *value = json_stringn(text, (size_t)length);
	free(text);
	return value;
}

static json_t *epoch_json(uint64_t epoch)
{
	char text[24];
	snprintf(text, sizeof text, "0x%016" PRIx64, epoch);
	return epoch ? json_string(text) : json_null();
}

char *dead_letter_json(const struct dead_letter *letter)
{
	json_t *message = json_pack("{s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o}", "n", json_u64(letter->n), "topic",
		json_text(letter->topic, strlen(letter->topic)), "device", json_string_or_null(letter->device), "epoch",
		epoch_json(letter->epoch), "seq", json_u64(letter->seq), "received_ms", json_u64(letter->recv_ms), "reason",
		json_text(letter->reason, strlen(letter->reason)), "size", json_u64(letter->size), "payload", base64_json(letter->payload));
	char *text = message ? json_dumps(message, JSON_COMPACT) : 0;
	json_decref(message);
	return text;
}
