// SPDX-License-Identifier: Apache-2.0
#include "collector/http/api.h"
#include "collector/counters.h"
#include "collector/fleet/commands.h"
#include "collector/http/device_json.h"
#include "collector/http/json_text.h"
#include "collector/http/record_json.h"
#include "collector/store/store_commands.h"
#include <openssl/rand.h>
#include <stdio.h>
#include <string.h>

// ---- reading

static json_t *time_json(uint64_t ms)
{
	return ms ? json_u64(ms) : json_null();
}

static json_t *outcome_json(uint32_t outcome)
{
	const char *name = enum_name(&mu__command_outcome__descriptor, (int)outcome);
	if (!outcome)
		return json_null();
	return name ? json_string(name) : json_integer(outcome);
}

static json_t *row_json(struct exchange *exchange, const struct store_command *row)
{
	const struct device *device = fleet_at(exchange->sources->fleet, row->dev);
	const ProtobufCFieldDescriptor *body = protobuf_c_message_descriptor_get_field(&mu__command__descriptor, row->kind);
	json_t *object = json_pack("{s:o,s:o,s:s,s:s,s:s,s:o,s:o,s:o,s:o,s:o}", "n", json_u64(row->n), "id",
		json_hex(row->id, sizeof row->id), "device", device ? device->id : "?", "body", body ? body->name : "unknown", "state",
		command_state_name(row->state), "outcome", outcome_json(row->outcome), "detail", json_string_or_null(row->detail), "actor",
		json_string_or_null(row->actor), "key_id", json_hex(row->key_id, sizeof row->key_id), "counter", json_u64(row->counter));
	json_t *times = json_pack("{s:o,s:o,s:o,s:o,s:o,s:I}", "created_ms", time_json(row->created_ms), "not_after_ms",
		time_json(row->not_after_ms), "published_ms", time_json(row->published_ms), "accepted_ms", time_json(row->accepted_ms),
		"finished_ms", time_json(row->finished_ms), "publishes", (json_int_t)row->publishes);
	json_object_update(object, times);
	json_decref(times);
	return object;
}

struct listing {
	struct exchange *exchange;
	json_t *list;
	uint64_t last_n;
};

static int add_row(void *context, const struct store_command *row)
{
	struct listing *listing = context;
	json_array_append_new(listing->list, row_json(listing->exchange, row));
	listing->last_n = row->n;
	return 0;
}

void api_commands(struct exchange *exchange)
{
	const char *id = query_get(&exchange->query, "device");
	const struct device *device = id ? fleet_find(exchange->sources->fleet, id) : 0;
	uint64_t limit = PAGE_DEFAULT, after = 0;
	if (exchange_number(exchange, "limit", 1, PAGE_MAX, &limit) < 0 || exchange_number(exchange, "after", 1, INT64_MAX, &after) < 0)
		return;
	if (id && !device) {
		reply_error(exchange, 404, id, "`muster devices` lists the devices that have reported",
			"no device with this id has ever reported");
		return;
	}
	struct listing listing = { exchange, json_array(), 0 };
	int shown = store_command_list(exchange->sources->store, after, device ? device->dev : STORE_ANY_DEVICE, (unsigned)limit, add_row,
		&listing);
	if (shown < 0) {
		json_decref(listing.list);
		reply_store_error(exchange);
		return;
	}
	bool more = (uint64_t)shown == limit && listing.last_n > 1;
	reply_json(exchange, 200, json_pack("{s:o,s:o}", "commands", listing.list, "next", more ? json_u64(listing.last_n) : json_null()));
}

void api_command(struct exchange *exchange)
{
	const char *text = exchange->parameters.text[0];
	uint8_t id[MU_COMMAND_ID_BYTES];
	if (hex_decode(text, id, sizeof id) < 0) {
		reply_error(exchange, 400, text, "copy the id from `muster commands`", "a command's id is 32 hex digits");
		return;
	}
	struct listing listing = { exchange, json_array(), 0 };
	int found = store_command_read(exchange->sources->store, id, add_row, &listing);
	if (found >= 0)
		reply_json(exchange, 200, json_incref(json_array_get(listing.list, 0)));
	else if (found == -STORE_ENOENT)
		reply_error(exchange, 404, text, "`muster commands` lists them", "there is no command with this id");
	else
		reply_store_error(exchange);
	json_decref(listing.list);
}

// ---- acting

static int key_of(struct exchange *exchange, uint8_t key_id[MU_KEY_ID_BYTES])
{
	const char *text = exchange_member(exchange, "key_id");
	if (!text)
		return -1;
	if (hex_decode(text, key_id, MU_KEY_ID_BYTES) == 0)
		return 0;
	reply_error(exchange, 400, "key_id", "`muster keys list` prints the ids of your keys", "a key id is 16 hex digits");
	return -1;
}

void api_prepare(struct exchange *exchange)
{
	struct device *device = exchange_device(exchange);
	uint8_t key_id[MU_KEY_ID_BYTES], id[MU_COMMAND_ID_BYTES];
	uint64_t counter;
	const char *body;
	if (!device || key_of(exchange, key_id) < 0 || !(body = exchange_member(exchange, "body")))
		return;
	if (commands_prepare(exchange->sources->commands, device, key_id, &counter) < 0) {
		reply_store_error(exchange);
		return;
	}
	if (RAND_bytes(id, sizeof id) != 1) {
		reply_error(exchange, 500, "random numbers", "try again", "the system gave no random numbers");
		return;
	}
	char detail[128];
	snprintf(detail, sizeof detail, "body=%.32s counter=%llu", body, (unsigned long long)counter);
	exchange_audit(exchange, "command.prepare", device->id, detail, "ok");
	json_t *answer = device_rollback_json(device);
	json_object_set_new(answer, "counter", json_u64(counter));
	json_object_set_new(answer, "id", json_hex(id, sizeof id));
	reply_json(exchange, 200, answer);
}

static const struct {
	int err;
	int status;
	const char *what, *remedy;
} refusals[] = {
	{ COMMANDS_EMALFORMED, 400, "this is not a signed command", "send a Command of muster.proto with an id of 16 bytes, 2048 bytes in all" },
	{ COMMANDS_EDUPLICATE, 409, "another command has this id", "prepare the command anew" },
	{ COMMANDS_EFULL, 429, "too many commands wait for an answer, of this device or in all", "wait until some end; `muster commands` lists them" },
};

void reply_command_error(struct exchange *exchange, const char *device, int err)
{
	for (size_t i = 0; i < sizeof refusals / sizeof *refusals; i++)
		if (refusals[i].err == err) {
			exchange_audit(exchange, "command.submit", device, "", refusals[i].what);
			reply_error(exchange, refusals[i].status, device, refusals[i].remedy, "%s", refusals[i].what);
			return;
		}
	reply_store_error(exchange);
}

// The body's three members as a packed SignedCommand. Returns its size, or 0: the error has been sent.
static size_t pack_body(struct exchange *exchange, uint8_t *packed, size_t size)
{
	uint8_t key_id[MU_KEY_ID_BYTES], command[COMMANDS_PAYLOAD_MAX], signature[256];
	const char *command_text, *signature_text;
	if (!(command_text = exchange_member(exchange, "command")) || !(signature_text = exchange_member(exchange, "signature")) ||
		key_of(exchange, key_id) < 0)
		return 0;
	long command_size = base64_decode(command_text, command, sizeof command);
	long signature_size = base64_decode(signature_text, signature, sizeof signature);
	Mu__SignedCommand sign = MU__SIGNED_COMMAND__INIT;
	sign.command = (ProtobufCBinaryData){ command_size > 0 ? (size_t)command_size : 0, command };
	sign.signature = (ProtobufCBinaryData){ signature_size > 0 ? (size_t)signature_size : 0, signature };
	sign.key_id = (ProtobufCBinaryData){ sizeof key_id, key_id };
	if (command_size <= 0 || signature_size < 0 || mu__signed_command__get_packed_size(&sign) > size) {
		reply_error(exchange, 400, "command, signature", "encode the signed bytes with base64, at most 2048 bytes in all",
			"command and signature must be base64");
		return 0;
	}
	return mu__signed_command__pack(&sign, packed);
}

void api_submit(struct exchange *exchange)
{
	struct device *device = exchange_device(exchange);
	uint8_t packed[COMMANDS_PAYLOAD_MAX], id[MU_COMMAND_ID_BYTES];
	size_t size = device ? pack_body(exchange, packed, sizeof packed) : 0;
	if (!size)
		return;
	int err = commands_submit(exchange->sources->commands, device, exchange->actor, packed, size, exchange->now_ms, id);
	if (err < 0) {
		reply_command_error(exchange, device->id, err);
		return;
	}
	json_t *answer = json_pack("{s:o}", "id", json_hex(id, sizeof id));
	exchange_audit(exchange, "command.submit", device->id, json_string_value(json_object_get(answer, "id")),
		err ? "known already" : "ok");
	exchange->sources->counters->commands_submitted += !err;
	reply_json(exchange, err ? 200 : 202, answer);
}
