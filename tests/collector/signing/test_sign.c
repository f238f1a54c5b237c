// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <openssl/ec.h>
#include <string.h>
#include "collector/signing/sign.h"

static const uint8_t key_id[8] = { 0, 1, 2, 3, 4, 5, 6, 0xff };

static Mu__Command command_of(Mu__Reboot *reboot, const char *device)
{
	static uint8_t id[16] = "0123456789abcdef";
	Mu__Command command = MU__COMMAND__INIT;
	mu__reboot__init(reboot);
	command.device = (char *)device;
	command.id = (ProtobufCBinaryData){ sizeof id, id };
	command.counter = 7;
	command.body_case = MU__COMMAND__BODY_REBOOT;
	command.reboot = reboot;
	return command;
}

static int verify(EVP_PKEY *key, const struct signed_command *sign)
{
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	int ok = EVP_DigestVerifyInit(context, 0, EVP_sha256(), 0, key) == 1 &&
		EVP_DigestVerify(context, sign->signature, sign->signature_size, sign->command, sign->command_size) == 1;
	EVP_MD_CTX_free(context);
	return ok;
}

static void test_the_signature_is_of_these_bytes(void **state)
{
	(void)state;
	EVP_PKEY *key = EVP_EC_gen("P-256"), *other = EVP_EC_gen("P-256");
	struct signed_command sign;
	Mu__Reboot reboot;
	Mu__Command command = command_of(&reboot, "edge-7");
	assert_int_equal(sign_command(&command, key, key_id, &sign), 0);
	assert_memory_equal(sign.key_id, key_id, sizeof key_id);
	assert_true(sign.signature_size <= SIGN_SIGNATURE_MAX);
	assert_int_equal(sign.signature[0], 0x30); // DER
	assert_true(verify(key, &sign));
	assert_false(verify(other, &sign));
	for (size_t i = 0; i < sign.command_size; i++) {
		sign.command[i] ^= 1;
		assert_false(verify(key, &sign));
		sign.command[i] ^= 1;
	}
	for (size_t i = 0; i < sign.signature_size; i++) {
		sign.signature[i] ^= 0x10;
		assert_false(verify(key, &sign));
		sign.signature[i] ^= 0x10;
	}
	Mu__Command *read = mu__command__unpack(0, sign.command_size, sign.command);
	assert_non_null(read);
	assert_string_equal(read->device, "edge-7");
	assert_int_equal(read->counter, 7);
	mu__command__free_unpacked(read, 0);
	EVP_PKEY_free(key);
	EVP_PKEY_free(other);
}

static void test_a_rollback_names_both_images(void **state)
{
	(void)state;
	static const uint8_t id[16] = "fedcba9876543210", running[8] = "RUNNING1", target[8] = "TARGET_2";
	const struct rollback_order order = { "edge-7", id, 9, 1234567, running, target };
	EVP_PKEY *key = EVP_EC_gen("P-256");
	struct signed_command sign;
	assert_int_equal(sign_rollback(&order, key, key_id, &sign), 0);
	assert_true(verify(key, &sign));
	Mu__Command *read = mu__command__unpack(0, sign.command_size, sign.command);
	assert_non_null(read);
	assert_int_equal(read->body_case, MU__COMMAND__BODY_ROLLBACK);
	assert_string_equal(read->device, "edge-7");
	assert_memory_equal(read->id.data, id, 16);
	assert_int_equal(read->counter, 9);
	assert_int_equal(read->not_after_ms, 1234567);
	assert_memory_equal(read->rollback->running_sha.data, running, 8);
	assert_memory_equal(read->rollback->target_sha.data, target, 8);
	mu__command__free_unpacked(read, 0);
	EVP_PKEY_free(key);
}

static void test_what_cannot_be_signed(void **state)
{
	(void)state;
	char huge[SIGN_COMMAND_MAX + 1];
	EVP_PKEY *key = EVP_EC_gen("P-256"), *wrong = EVP_PKEY_Q_keygen(0, 0, "X25519"); // cannot sign
	struct signed_command *sign = test_malloc(sizeof *sign); // so that a byte too many is seen
	Mu__Reboot reboot;
	memset(huge, 'x', sizeof huge - 1);
	huge[sizeof huge - 1] = 0;
	Mu__Command command = command_of(&reboot, huge);
	assert_int_equal(sign_command(&command, key, key_id, sign), -1);
	command = command_of(&reboot, "edge-7");
	assert_int_equal(sign_command(&command, wrong, key_id, sign), -1);
	test_free(sign);
	EVP_PKEY_free(key);
	EVP_PKEY_free(wrong);
}

static size_t decode(const json_t *body, const char *name, uint8_t *out)
{
	const char *text = json_string_value(json_object_get(body, name));
	size_t length = strlen(text), pads = length - strcspn(text, "=");
	return (size_t)EVP_DecodeBlock(out, (const unsigned char *)text, (int)length) - pads;
}

// Every length of the command up to the largest, so that each padding is seen.
static void test_the_body_carries_all_bytes(void **state)
{
	(void)state;
	struct signed_command sign = { .signature_size = SIGN_SIGNATURE_MAX };
	uint8_t out[SIGN_COMMAND_MAX + 8];
	memcpy(sign.key_id, key_id, sizeof key_id);
	for (size_t i = 0; i < sizeof sign.command; i++)
		sign.command[i] = (uint8_t)(i * 7);
	memset(sign.signature, 0xa5, sizeof sign.signature);
	for (size_t size = SIGN_COMMAND_MAX - 4; size <= SIGN_COMMAND_MAX; size++) {
		sign.command_size = size;
		sign.signature_size = SIGN_SIGNATURE_MAX - (SIGN_COMMAND_MAX - size);
		json_t *body = sign_body(&sign);
		assert_non_null(body);
		assert_int_equal(decode(body, "command", out), size);
		assert_memory_equal(out, sign.command, size);
		assert_int_equal(decode(body, "signature", out), sign.signature_size);
		assert_memory_equal(out, sign.signature, sign.signature_size);
		assert_string_equal(json_string_value(json_object_get(body, "key_id")), "00010203040506ff");
		json_decref(body);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_signature_is_of_these_bytes),
		cmocka_unit_test(test_a_rollback_names_both_images),
		cmocka_unit_test(test_what_cannot_be_signed),
		cmocka_unit_test(test_the_body_carries_all_bytes),
	};
	return cmocka_run_group_tests(tests, 0, 0);
}
