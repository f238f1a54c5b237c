// SPDX-License-Identifier: Apache-2.0
// Whatever commands come, in whatever order: only what is signed, addressed, allowed and new is executed, once, and only that is stored.
//
// Input: messages, each { control u8, size u16 little-endian, bytes }. control bit 0: the time is trusted; bit 1: the device restarts
// first; bit 2: the store fails; bit 3: a minute passes first. The crypto is a stand-in that a fuzzer can satisfy: the digest is a
// hash of the bytes, and a signature is good if its last byte is 0.
#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "agent/uplink/command.h"
#include "proto/limits.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { TRUSTED = 1, RESTART = 2, STORE_FAILS = 4, MINUTE = 8, VALUES = 2 };
#define NOW_MS UINT64_C(1795000000000)

struct value {
	char key[16];
	uint8_t bytes[MU_KV_VALUE_MAX];
	int size;
};

static struct device {
	struct value values[VALUES];
	bool store_fails;
	unsigned stores;
	bool signature_good;
	struct mu_command command;
	uint64_t now_ms;
	uint64_t done[MU_KEYSET_MAX]; // counter of the last command executed, by key
} device;

static const struct mu_keyset trusted = {
	.count = 3,
	.keys[0] = { .id = "release", .role = MU_KEY_RELEASE, .point = { 4 }, .name = "r" },
	.keys[1] = { .id = "operatr", .role = MU_KEY_OPERATOR, .point = { 4 }, .name = "o" },
	.keys[2] = { .id = "collect", .role = MU_KEY_COLLECTOR, .point = { 4 }, .name = "c" },
};
static uint8_t key_bytes[MU_KEYSET_SIZE_MAX];
static struct mu_source keys;

static struct value *find_value(const char *key)
{
	for (int i = 0; i < VALUES; i++)
		if (strcmp(device.values[i].key, key) == 0)
			return &device.values[i];
	return NULL;
}

static int get(void *context, const char *key, void *out, size_t size)
{
	(void)context;
	struct value *value = find_value(key);
	if (!value)
		return MU_ERR_NOT_FOUND;
	if ((size_t)value->size > size)
		return MU_ERR_SIZE;
	memcpy(out, value->bytes, (size_t)value->size);
	return value->size;
}

static int set(void *context, const char *key, const void *bytes, size_t size)
{
	(void)context;
	device.stores++;
	if (device.store_fails)
		return MU_ERR_IO;
	struct value *value = find_value(key);
	if (!value)
		value = find_value("");
	assert(value && size <= sizeof value->bytes && strlen(key) < sizeof value->key);
	memcpy(value->key, key, strlen(key) + 1);
	memcpy(value->bytes, bytes, size);
	value->size = (int)size;
	return 0;
}

static int hash_start(void *context, void *state)
{
	(void)context;
	*(uint64_t *)state = UINT64_C(0xCBF29CE484222325);
	return 0;
}

static int hash_update(void *context, void *state, const void *data, size_t size)
{
	(void)context;
	for (size_t i = 0; i < size; i++)
		*(uint64_t *)state = (*(uint64_t *)state ^ ((const uint8_t *)data)[i]) * UINT64_C(0x100000001B3);
	return 0;
}

static int hash_finish(void *context, void *state, uint8_t digest[MU_SHA256_BYTES])
{
	(void)context;
	for (int i = 0; i < 4; i++)
		memcpy(digest + 8 * i, state, 8);
	return 0;
}

static int verify(void *context, const uint8_t point[65], const uint8_t digest[MU_SHA256_BYTES], const uint8_t *signature, size_t size)
{
	(void)context, (void)point, (void)digest;
	device.signature_good = size > 0 && signature[size - 1] == 0;
	return device.signature_good ? 0 : MU_ERR_AUTH;
}

static const struct mu_keyvalue_port keyvalue = { get, set };
static const struct mu_crypto_port crypto = { hash_start, hash_update, hash_finish, verify };
static const struct mu_port port = { .keyvalue = &keyvalue, .crypto = &crypto };

// Executed once: the counters of what is executed only rise, for each key. A rollback is the exception: it is taken up again, and it may be
// forgotten.
static void check_once(const struct mu_command_decision *decision)
{
	if (decision->repeated || device.store_fails) {
		assert(decision->kind == MU_COMMAND_ROLLBACK);
		return;
	}
	const struct mu_key *key = mu_keyset_find(&trusted, decision->result.key_id);
	assert(key && key->role != MU_KEY_RELEASE);
	assert(decision->result.message.counter > device.done[key - trusted.keys]);
	device.done[key - trusted.keys] = decision->result.message.counter;
}

static void check_decision(const struct mu_command_decision *decision)
{
	struct mu_limits_fault fault;
	Mu__Record record;
	mu__record__init(&record);
	record.boot = 1;
	record.body_case = MU__RECORD__BODY_COMMAND_RESULT;
	record.command_result = (Mu__CommandResult *)&decision->result.message;
	assert(mu_limits_check_record(&record, &fault) == 0);
	assert(decision->outcome != MU__COMMAND_OUTCOME__OUTCOME_UNKNOWN);
	assert(decision->result.message.id.len == 0 || device.signature_good);
	if (device.stores > 0)
		assert(device.signature_good);
	if (decision->kind == MU_COMMAND_NONE)
		return;
	assert(decision->outcome == MU__COMMAND_OUTCOME__OUTCOME_ACCEPTED && device.signature_good);
	check_once(decision);
}

static void start(void)
{
	mu_command_init(&device.command, &port, &keys, "dev");
	assert(mu_command_open(&device.command, false) == 0);
}

static void take(uint8_t control, const uint8_t *bytes, size_t size)
{
	static uint8_t scratch[MU_COMMAND_SCRATCH_BYTES];
	struct mu_command_decision decision;
	if (control & RESTART) {
		start();
		device.now_ms = 0;
	}
	device.now_ms += control & MINUTE ? 60000 : 10;
	device.store_fails = control & STORE_FAILS;
	device.stores = 0;
	device.signature_good = false;
	mu_command_handle(&device.command, bytes, size, control & TRUSTED ? NOW_MS : 0, device.now_ms, scratch, sizeof scratch, &decision);
	check_decision(&decision);
	device.store_fails = false;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	memset(&device, 0, sizeof device);
	assert(mu_keyset_write(&trusted, key_bytes, sizeof key_bytes) > 0);
	keys = mu_source_memory(key_bytes, sizeof key_bytes);
	start();
	while (size >= 3) {
		uint8_t control = data[0];
		size_t length = (size_t)(data[1] | data[2] << 8);
		data += 3, size -= 3;
		if (length > size)
			length = size;
		take(control, data, length);
		data += length, size -= length;
	}
	return 0;
}
