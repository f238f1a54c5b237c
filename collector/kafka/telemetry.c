// SPDX-License-Identifier: Apache-2.0
#include "collector/kafka/telemetry.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include "collector/http/json_text.h"
#include "collector/http/record_json.h"
#include "muster.pb-c.h"

// Tags of mu.Telemetry: number << 3 | wire type. The test unpacks what is packed here with the schema's own code.
enum { TAG_DEVICE = 1 << 3 | 2, TAG_EPOCH = 2 << 3 | 1, TAG_SEQ = 3 << 3, TAG_RECEIVED = 4 << 3, TAG_N = 5 << 3, TAG_RECORD = 6 << 3 | 2 };
enum { VARINT_MAX = 10, HEADER_MAX = 1 + 1 + MU_DEVICE_ID_MAX + 9 + 3 * (1 + VARINT_MAX) + 1 + VARINT_MAX };
_Static_assert(HEADER_MAX + STORE_RECORD_BYTES_MAX <= TELEMETRY_BYTES_MAX, "room for every record");

static uint8_t *put_number(uint8_t *at, uint64_t number)
{
	for (; number >= 0x80; number >>= 7)
		*at++ = (uint8_t)(number | 0x80);
	*at++ = (uint8_t)number;
	return at;
}

static uint8_t *put_field(uint8_t *at, uint8_t tag, uint64_t number)
{
	*at++ = tag;
	return put_number(at, number);
}

static uint8_t *put_fixed64(uint8_t *at, uint8_t tag, uint64_t number)
{
	*at++ = tag;
	for (unsigned shift = 0; shift < 64; shift += 8)
		*at++ = (uint8_t)(number >> shift);
	return at;
}

size_t telemetry_pack(const char *device, const struct store_record *record, uint8_t *buffer, size_t size)
{
	uint8_t header[HEADER_MAX], *at = header;
	size_t id_size = strnlen(device, MU_DEVICE_ID_MAX);
	at = put_field(at, TAG_DEVICE, id_size);
	memcpy(at, device, id_size);
	at = put_fixed64(at + id_size, TAG_EPOCH, record->epoch);
	at = put_field(at, TAG_SEQ, record->seq);
	at = put_field(at, TAG_RECEIVED, record->recv_ms);
	at = put_field(at, TAG_N, record->n);
	at = put_field(at, TAG_RECORD, record->body.size);
	size_t header_size = (size_t)(at - header);
	if (header_size + record->body.size > size)
		return 0;
	memcpy(buffer, header, header_size);
	if (record->body.size)
		memcpy(buffer + header_size, record->body.bytes, record->body.size);
	return header_size + record->body.size;
}

static json_t *body_json(const struct store_record *record)
{
	Mu__Record *unpacked = mu__record__unpack(0, record->body.size, record->body.bytes);
	json_t *body = unpacked ? message_json(&unpacked->base)
				: json_pack("{s:o}", "undecodable", json_hex(record->body.bytes, record->body.size));
	if (unpacked)
		mu__record__free_unpacked(unpacked, 0);
	return body;
}

char *telemetry_json(const char *device, const struct store_record *record)
{
	char epoch[24];
	snprintf(epoch, sizeof epoch, "0x%016" PRIx64, record->epoch);
	json_t *message = json_pack("{s:s,s:s,s:o,s:o,s:o,s:o}", "device", device, "epoch", epoch, "seq", json_u64(record->seq),
		"received_ms", json_u64(record->recv_ms), "n", json_u64(record->n), "record", body_json(record));
	char *text = message ? json_dumps(message, JSON_COMPACT) : 0;
	json_decref(message);
	return text;
}
