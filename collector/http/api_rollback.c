// SPDX-License-Identifier: Apache-2.0
// The rollback of the page: a person with a token saw two images and asks; musterd signs with its own key.
#include "collector/http/api.h"
#include "collector/counters.h"
#include "collector/fleet/commands.h"
#include "collector/http/json_text.h"
#include "collector/signing/own_key.h"
#include <openssl/rand.h>
#include <stdio.h>
#include <string.h>

enum { NOT_AFTER_MS = 3600000 };

struct wish {
	uint8_t running[MU_IMAGE_SHA_BYTES], target[MU_IMAGE_SHA_BYTES];
};

static int read_sha(struct exchange *exchange, const char *name, uint8_t sha[MU_IMAGE_SHA_BYTES])
{
	const char *text = exchange_member(exchange, name);
	if (!text)
		return -1;
	if (hex_decode(text, sha, MU_IMAGE_SHA_BYTES) == 0)
		return 0;
	reply_error(exchange, 400, name, "send running_sha and other_sha of the device's `ota` as they are", "%s must be 16 hex digits",
		name);
	return -1;
}

static int refuse(struct exchange *exchange, const struct device *device, int status, const char *what, const char *remedy)
{
	exchange_audit(exchange, "device.rollback", device->id, "", what);
	reply_error(exchange, status, device->id, remedy, "%s", what);
	return -1;
}

static int check_wish(struct exchange *exchange, const struct device *device, const struct wish *wish)
{
	if (!exchange->key)
		return refuse(exchange, device, 503, "musterd has no key to sign with",
			"make one with `muster keys new musterd --role collector`, set fleet.command_key_file, put its public half on the "
			"devices and restart musterd; or use `muster rollback` with a key of your own");
	if (!device->has_running_sha || !device->has_other_sha)
		return refuse(exchange, device, 409, "the device has not yet said which firmware is in its two slots",
			"wait for its next heartbeat");
	if (memcmp(device->running_sha, wish->running, sizeof wish->running) != 0 ||
		memcmp(device->other_sha, wish->target, sizeof wish->target) != 0)
		return refuse(exchange, device, 409, "the device no longer has the two images that you saw",
			"look at the device again, then decide anew");
	if (memcmp(wish->running, wish->target, sizeof wish->running) == 0)
		return refuse(exchange, device, 409, "both slots hold the same firmware: there is nothing to go back to",
			"an update is the only way to another firmware");
	return 0;
}

// The signed command, packed. Returns its size, or 0: the error has been sent.
static size_t sign(struct exchange *exchange, const struct device *device, const struct wish *wish, uint8_t packed[COMMANDS_PAYLOAD_MAX])
{
	uint8_t id[MU_COMMAND_ID_BYTES], key_id[MU_KEY_ID_BYTES];
	struct signed_command sign;
	struct rollback_order order = { device->id, id, 0, exchange->now_ms + NOT_AFTER_MS, wish->running, wish->target };
	memcpy(key_id, own_key_id(exchange->key), sizeof key_id);
	if (RAND_bytes(id, sizeof id) != 1) {
		reply_error(exchange, 500, "random numbers", "try again", "the system gave no random numbers");
		return 0;
	}
	if (commands_prepare(exchange->sources->commands, device, key_id, &order.counter) < 0) {
		reply_store_error(exchange);
		return 0;
	}
	if (own_key_sign_rollback(exchange->key, &order, &sign) < 0) {
		reply_error(exchange, 500, "fleet.command_key_file", "look whether the key file is good", "OpenSSL could not sign");
		return 0;
	}
	Mu__SignedCommand message = MU__SIGNED_COMMAND__INIT;
	message.command = (ProtobufCBinaryData){ sign.command_size, sign.command };
	message.signature = (ProtobufCBinaryData){ sign.signature_size, sign.signature };
	message.key_id = (ProtobufCBinaryData){ sizeof key_id, key_id };
	return mu__signed_command__pack(&message, packed); // at most 1536 + 72 bytes and tags
}

void api_rollback(struct exchange *exchange)
{
	struct device *device = exchange_device(exchange);
	uint8_t packed[COMMANDS_PAYLOAD_MAX], id[MU_COMMAND_ID_BYTES];
	struct wish wish;
	if (!device || read_sha(exchange, "running_sha", wish.running) < 0 || read_sha(exchange, "target_sha", wish.target) < 0 ||
		check_wish(exchange, device, &wish) < 0)
		return;
	size_t size = sign(exchange, device, &wish, packed);
	if (!size)
		return;
	int err = commands_submit(exchange->sources->commands, device, exchange->actor, packed, size, exchange->now_ms, id);
	if (err < 0) {
		reply_command_error(exchange, device->id, err);
		return;
	}
	json_t *answer = json_pack("{s:o}", "id", json_hex(id, sizeof id));
	exchange_audit(exchange, "device.rollback", device->id, json_string_value(json_object_get(answer, "id")), "ok");
	exchange->sources->counters->commands_submitted++;
	reply_json(exchange, 202, answer);
}
