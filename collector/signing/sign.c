// SPDX-License-Identifier: Apache-2.0
#include "collector/signing/sign.h"
#include "collector/http/json_text.h"
#include "proto/limits.h"
#include <string.h>

int sign_command(const Mu__Command *command, EVP_PKEY *key, const uint8_t key_id[8], struct signed_command *out)
{
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	memcpy(out->key_id, key_id, sizeof out->key_id);
	out->command_size = mu__command__get_packed_size(command);
	out->signature_size = sizeof out->signature;
	int ok = context && out->command_size <= sizeof out->command;
	if (ok)
		mu__command__pack(command, out->command);
	ok = ok && EVP_DigestSignInit(context, 0, EVP_sha256(), 0, key) == 1 &&
		EVP_DigestSign(context, out->signature, &out->signature_size, out->command, out->command_size) == 1;
	EVP_MD_CTX_free(context);
	return ok ? 0 : -1;
}

int sign_rollback(const struct rollback_order *order, EVP_PKEY *key, const uint8_t key_id[8], struct signed_command *out)
{
	Mu__Command command = MU__COMMAND__INIT;
	Mu__Rollback body = MU__ROLLBACK__INIT;
	body.running_sha = (ProtobufCBinaryData){ MU_IMAGE_SHA_BYTES, (uint8_t *)order->running_sha };
	body.target_sha = (ProtobufCBinaryData){ MU_IMAGE_SHA_BYTES, (uint8_t *)order->target_sha };
	command.device = (char *)order->device;
	command.id = (ProtobufCBinaryData){ MU_COMMAND_ID_BYTES, (uint8_t *)order->id };
	command.counter = order->counter;
	command.has_not_after_ms = 1;
	command.not_after_ms = order->not_after_ms;
	command.body_case = MU__COMMAND__BODY_ROLLBACK;
	command.rollback = &body;
	return sign_command(&command, key, key_id, out);
}

json_t *sign_body(const struct signed_command *sign)
{
	char command[SIGN_COMMAND_MAX / 3 * 4 + 8], signature[SIGN_SIGNATURE_MAX / 3 * 4 + 8];
	EVP_EncodeBlock((unsigned char *)command, sign->command, (int)sign->command_size);
	EVP_EncodeBlock((unsigned char *)signature, sign->signature, (int)sign->signature_size);
	return json_pack("{s:s,s:s,s:o}", "command", command, "signature", signature, "key_id",
		json_hex(sign->key_id, sizeof sign->key_id));
}
