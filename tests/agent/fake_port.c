// SPDX-License-Identifier: Apache-2.0
#include "tests/agent/fake_port.h"
#include "tests/agent/fake_network.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

uint64_t fake_port_random(struct fake_port *fake)
{
	uint64_t x = fake->random_state += UINT64_C(0x9E3779B97F4A7C15); // splitmix64
	x = (x ^ (x >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
	x = (x ^ (x >> 27)) * UINT64_C(0x94D049BB133111EB);
	return x ^ (x >> 31);
}

// Counts a call; true if it must fail.
static bool fails(struct fake_port *fake, enum fake_call call)
{
	uint64_t number = ++fake->calls[call];
	uint64_t at = fake->fail_at[call], count = fake->fail_count[call];
	return at && number >= at && number - at < (count ? count : 1);
}

// Counts a durable operation; true if the power goes in it.
static bool cuts(struct fake_port *fake, size_t size)
{
	fake->operations++;
	if (!fake->cut_at || fake->operations != fake->cut_at)
		return false;
	fake->power_off = true;
	fake->cut_bytes = size;
	return true;
}

// Some of the bits that the operation would have changed.
static uint8_t some_bits(struct fake_port *fake, uint8_t before, uint8_t after)
{
	uint8_t random = (uint8_t)fake_port_random(fake);
	return (uint8_t)((before & (uint8_t)~random) | (after & random));
}

// How the byte at `index` of `size` comes out of an operation that is cut.
static uint8_t torn_byte(struct fake_port *fake, size_t index, size_t size, uint8_t before, uint8_t after, bool erase)
{
	size_t half = size / 2;
	if (fake->tear == FAKE_TEAR_AT && index == fake->tear_at)
		return some_bits(fake, before, after);
	if (fake->tear == FAKE_TEAR_BITS && index >= half)
		return some_bits(fake, before, after);
	const struct {
		size_t from, to; // these bytes are done
	} done[FAKE_TEAR_COUNT + 1] = {
		[FAKE_TEAR_NOTHING] = { 0, 0 },
		[FAKE_TEAR_HALF] = { 0, half },
		[FAKE_TEAR_BITS] = { 0, half },
		[FAKE_TEAR_LATE] = { erase ? half : 0, erase ? size : size - 1 },
		[FAKE_TEAR_ALL] = { 0, size },
		[FAKE_TEAR_AT] = { 0, fake->tear_at },
	};
	return index >= done[fake->tear].from && index < done[fake->tear].to ? after : before;
}

// ---- flash

static bool within(const struct fake_port *fake, enum mu_partition part, uint64_t offset, uint64_t size)
{
	return part < MU_PART_COUNT && fake->flash[part] && offset + size <= fake->flash_bytes[part];
}

static int64_t flash_size(void *context, enum mu_partition part)
{
	struct fake_port *fake = context;
	return within(fake, part, 0, 0) ? (int64_t)fake->flash_bytes[part] : MU_ERR_NOT_FOUND;
}

static int flash_read(void *context, enum mu_partition part, uint32_t offset, void *out, size_t size)
{
	struct fake_port *fake = context;
	if (fake->power_off || fails(fake, FAKE_CALL_READ))
		return MU_ERR_IO;
	if (!within(fake, part, offset, size))
		return MU_ERR_RANGE;
	memcpy(out, fake->flash[part] + offset, size);
	return 0;
}

static void count_erase(struct fake_port *fake, enum mu_partition part, size_t sector)
{
	if (part == MU_PART_SPOOL && sector < sizeof fake->erases_by_sector / sizeof *fake->erases_by_sector)
		fake->erases_by_sector[sector]++;
}

static int flash_erase(void *context, enum mu_partition part, uint32_t offset, size_t size)
{
	struct fake_port *fake = context;
	if (fake->power_off || fails(fake, FAKE_CALL_ERASE))
		return MU_ERR_IO;
	if (!within(fake, part, offset, size) || offset % MU_SECTOR_BYTES || size % MU_SECTOR_BYTES)
		return MU_ERR_RANGE;
	count_erase(fake, part, offset / MU_SECTOR_BYTES);
	bool cut = cuts(fake, size);
	uint8_t *bytes = fake->flash[part] + offset;
	for (size_t i = 0; i < size; i++)
		bytes[i] = cut ? torn_byte(fake, i, size, bytes[i], 0xFF, true) : 0xFF;
	return cut ? MU_ERR_IO : 0;
}

static int flash_program(void *context, enum mu_partition part, uint32_t offset, const void *data, size_t size)
{
	struct fake_port *fake = context;
	if (fake->power_off || fails(fake, FAKE_CALL_PROGRAM))
		return MU_ERR_IO;
	if (!within(fake, part, offset, size))
		return MU_ERR_RANGE;
	bool cut = cuts(fake, size);
	uint8_t *bytes = fake->flash[part] + offset;
	const uint8_t *wanted = data;
	for (size_t i = 0; i < size; i++) {
		uint8_t after = bytes[i] & wanted[i];
		fake->rule_violations += after != wanted[i];
		bytes[i] = cut ? torn_byte(fake, i, size, bytes[i], after, false) : after;
	}
	fake->bytes_programmed += size;
	return cut ? MU_ERR_IO : 0;
}

static int flash_running_slot(void *context)
{
	return ((struct fake_port *)context)->running_slot;
}

// ---- key-value

static struct fake_key *find_key(struct fake_port *fake, const char *key)
{
	for (size_t i = 0; i < FAKE_KEYS_MAX; i++)
		if (strcmp(fake->keys[i].key, key) == 0)
			return &fake->keys[i];
	return NULL;
}

static int keyvalue_get(void *context, const char *key, void *out, size_t size)
{
	struct fake_port *fake = context;
	if (fake->power_off || fails(fake, FAKE_CALL_GET))
		return MU_ERR_IO;
	const struct fake_key *found = *key ? find_key(fake, key) : NULL;
	if (!found)
		return MU_ERR_NOT_FOUND;
	if (found->size > size)
		return MU_ERR_SIZE;
	memcpy(out, found->value, found->size);
	return (int)found->size;
}

static int store_key(struct fake_port *fake, const char *key, const void *value, size_t size)
{
	struct fake_key *place = find_key(fake, key);
	if (!place)
		place = find_key(fake, "");
	if (!place)
		return MU_ERR_FULL;
	snprintf(place->key, sizeof place->key, "%s", key);
	memcpy(place->value, value, size);
	place->size = size;
	return 0;
}

static int keyvalue_set(void *context, const char *key, const void *value, size_t size)
{
	struct fake_port *fake = context;
	if (fake->power_off || fails(fake, FAKE_CALL_SET))
		return MU_ERR_IO;
	if (!*key || strlen(key) > MU_KV_KEY_MAX || size > MU_KV_VALUE_MAX)
		return MU_ERR_SIZE;
	bool cut = cuts(fake, size);
	if (cut && fake->tear != FAKE_TEAR_ALL)
		return MU_ERR_IO;
	int err = store_key(fake, key, value, size);
	return cut ? MU_ERR_IO : err;
}

// ---- clock, system, watchdog

static int clock_wall_read(void *context, uint64_t *wall_ms)
{
	struct fake_port *fake = context;
	*wall_ms = fake->wall_ms;
	return fake->wall_result;
}

static int clock_wall_write(void *context, uint64_t wall_ms)
{
	struct fake_port *fake = context;
	fake->wall_ms = wall_ms;
	fake->wall_result = 0;
	return 0;
}

static uint64_t clock_cpu_us(void *context)
{
	return ((struct fake_port *)context)->cpu_us;
}

static int system_reset_info(void *context, struct mu_reset_info *out)
{
	*out = ((struct fake_port *)context)->reset_info;
	return 0;
}

static int system_vitals(void *context, struct mu_system_vitals *out)
{
	*out = ((struct fake_port *)context)->vitals;
	return 0;
}

static uint8_t *system_retained(void *context, bool *survives)
{
	*survives = true;
	return ((struct fake_port *)context)->retained;
}

static int system_random(void *context, void *out, size_t size)
{
	struct fake_port *fake = context;
	if (fails(fake, FAKE_CALL_RANDOM))
		return MU_ERR_IO;
	for (size_t i = 0; i < size; i++)
		((uint8_t *)out)[i] = (uint8_t)fake_port_random(fake);
	return 0;
}

static void system_restart(void *context)
{
	((struct fake_port *)context)->restarts++;
}

static const char *system_hardware(void *context)
{
	(void)context;
	return "esp32c3-0.4";
}

static void system_lock(void *context)
{
	((struct fake_port *)context)->lock_depth++;
}

static void system_unlock(void *context)
{
	((struct fake_port *)context)->lock_depth--;
}

static int watchdog_arm(void *context, uint32_t timeout_ms)
{
	struct fake_port *fake = context;
	fake->watchdog_timeout_ms = timeout_ms;
	return fake->watchdog_result;
}

static void watchdog_feed(void *context)
{
	((struct fake_port *)context)->watchdog_feeds++;
}

// ---- crypto

// Four independent FNV-1a sums in one state, mixed at the end.
struct digest_state {
	uint64_t sums[4];
};

static int sha256_start(void *context, void *state)
{
	(void)context;
	struct digest_state *digest = state;
	for (size_t i = 0; i < 4; i++)
		digest->sums[i] = UINT64_C(0xCBF29CE484222325) + i;
	return 0;
}

static int sha256_update(void *context, void *state, const void *data, size_t size)
{
	(void)context;
	struct digest_state *digest = state;
	for (size_t i = 0; i < size; i++)
		for (size_t k = 0; k < 4; k++)
			digest->sums[k] = (digest->sums[k] ^ ((const uint8_t *)data)[i]) * UINT64_C(0x100000001B3);
	return 0;
}

static int sha256_finish(void *context, void *state, uint8_t out[MU_SHA256_BYTES])
{
	(void)context;
	const struct digest_state *digest = state;
	for (size_t i = 0; i < MU_SHA256_BYTES; i++)
		out[i] = (uint8_t)((digest->sums[i / 8] ^ (digest->sums[i / 8] >> 29)) >> 8 * (i % 8));
	return 0;
}

void fake_port_digest(const void *data, size_t size, uint8_t digest[MU_SHA256_BYTES])
{
	struct digest_state state;
	sha256_start(NULL, &state);
	sha256_update(NULL, &state, data, size);
	sha256_finish(NULL, &state, digest);
}

void fake_port_sign(const uint8_t point[65], const uint8_t digest[MU_SHA256_BYTES], uint8_t signature[FAKE_SIGNATURE_BYTES])
{
	uint8_t text[65 + MU_SHA256_BYTES];
	memcpy(text, point, 65);
	memcpy(text + 65, digest, MU_SHA256_BYTES);
	fake_port_digest(text, sizeof text, signature);
}

static int verify_p256(void *context, const uint8_t point[65], const uint8_t digest[MU_SHA256_BYTES], const uint8_t *signature,
	size_t signature_size)
{
	(void)context;
	uint8_t good[FAKE_SIGNATURE_BYTES], differs = 0;
	fake_port_sign(point, digest, good);
	if (signature_size != sizeof good)
		return MU_ERR_AUTH;
	for (size_t i = 0; i < sizeof good; i++) // not memcmp: a fuzzer learns from it what it should have been, and forges
		differs |= signature[i] ^ good[i];
	return differs ? MU_ERR_AUTH : 0;
}

// ---- log

static void log_write(void *context, int level, const char *line)
{
	struct fake_port *fake = context;
	fake->log_lines++;
	fake->log_level = level;
	snprintf(fake->log_last, sizeof fake->log_last, "%s", line);
}

static const struct mu_clock_port clock_port = { clock_wall_read, clock_wall_write, clock_cpu_us };
static const struct mu_system_port system_port = { system_reset_info, system_vitals, system_retained, system_random, system_restart,
	system_hardware, system_lock, system_unlock };
static const struct mu_watchdog_port watchdog_port = { watchdog_arm, watchdog_feed };
static const struct mu_flash_port flash_port = { flash_size, flash_read, flash_erase, flash_program, flash_running_slot };
static const struct mu_keyvalue_port keyvalue_port = { keyvalue_get, keyvalue_set };
static const struct mu_crypto_port crypto_port = { sha256_start, sha256_update, sha256_finish, verify_p256 };
static const struct mu_log_port log_port = { log_write };

void fake_port_init(struct fake_port *fake, uint64_t seed)
{
	*fake = (struct fake_port){
		.random_state = seed,
		.wall_result = MU_ERR_NOT_FOUND,
		.link_can = MU_LINK_CAN_STATION | MU_LINK_CAN_ACCESS_POINT | MU_LINK_CAN_BOTH | MU_LINK_CAN_ETHERNET | MU_LINK_CAN_WPA3,
		.socket_limit = 10,
		.mqtt_descriptor = MU_ERR_NOT_FOUND,
		.udp_descriptor = MU_ERR_NOT_FOUND,
	};
	for (size_t i = 0; i < sizeof fake->socket_state / sizeof *fake->socket_state; i++)
		fake->socket_state[i] = MU_ERR_NOT_FOUND;
	fake->port = (struct mu_port){ fake, &clock_port, &system_port, &watchdog_port, &flash_port, &keyvalue_port, &fake_link_port,
		&fake_socket_port, &fake_udp_port, &fake_mqtt_port, &crypto_port, &log_port };
}

void fake_port_free(struct fake_port *fake)
{
	for (size_t i = 0; i < MU_PART_COUNT; i++)
		free(fake->flash[i]);
	for (size_t i = 0; i < FAKE_PUBLISHES_MAX; i++)
		free(fake->publishes[i].payload);
	*fake = (struct fake_port){ 0 };
}

void fake_port_partition(struct fake_port *fake, enum mu_partition part, unsigned sectors)
{
	free(fake->flash[part]);
	fake->flash_bytes[part] = (size_t)sectors * MU_SECTOR_BYTES;
	fake->flash[part] = malloc(fake->flash_bytes[part] + 1); // never of size 0
	if (!fake->flash[part])
		abort();
	memset(fake->flash[part], 0xFF, fake->flash_bytes[part]);
}

void fake_port_power_on(struct fake_port *fake)
{
	fake->power_off = false;
	fake->cut_at = 0;
	for (size_t i = 0; i < FAKE_CALL_COUNT; i++)
		fake->fail_at[i] = 0;
	for (size_t i = 0; i < MU_RETAINED_BYTES; i++)
		fake->retained[i] = (uint8_t)fake_port_random(fake);
}

void fake_port_cut(struct fake_port *fake, uint64_t after_operations, enum fake_tear tear)
{
	fake->cut_at = fake->operations + after_operations;
	fake->tear = tear;
}

void fake_port_fail(struct fake_port *fake, enum fake_call call, uint64_t after_calls, uint64_t count)
{
	fake->fail_at[call] = fake->calls[call] + after_calls;
	fake->fail_count[call] = count;
}
