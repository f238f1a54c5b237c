// SPDX-License-Identifier: Apache-2.0
// The boot history over whatever retained memory and the shadow hold: rubbish, and rubbish whose checksums are right (then what firmware
// of ours could have written, but did not). It must open, give the boot a number, report within its own bounds, and know that boot
// when it opens again.
#include "agent/health/boot_history.h"
#include "agent/image/crc32.h"
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { RETAINED = MU_RETAINED_BYTES, HEAD = 4 };

static union {
	uint8_t bytes[RETAINED];
	struct mu_boot_memory memory;
} retained;
static uint8_t shadow[MU_KV_VALUE_MAX];
static size_t shadow_size;
static struct mu_reset_info reset;

static void must(int condition)
{
	if (!condition)
		abort();
}

static int get_value(void *context, const char *key, void *out, size_t size)
{
	(void)context, (void)key;
	if (shadow_size > size)
		return MU_ERR_SIZE;
	memcpy(out, shadow, shadow_size);
	return shadow_size ? (int)shadow_size : MU_ERR_NOT_FOUND;
}

static int set_value(void *context, const char *key, const void *value, size_t size)
{
	(void)context, (void)key;
	must(size <= sizeof shadow);
	memcpy(shadow, value, size);
	shadow_size = size;
	return 0;
}

static int reset_info(void *context, struct mu_reset_info *out)
{
	(void)context;
	*out = reset;
	return 0;
}

static const struct mu_keyvalue_port keyvalue = { get_value, set_value };
static const struct mu_system_port system_port = { .reset_info = reset_info };
static const struct mu_port port = { .keyvalue = &keyvalue, .system = &system_port };

static void put_crc(void *part, size_t crc_at)
{
	uint32_t crc = mu_crc32_le(0, part, crc_at);
	memcpy((uint8_t *)part + crc_at, &crc, sizeof crc);
}

// Makes each part pass for whole, so that what is behind the checksums is reached, too.
static void mend(void)
{
	struct mu_boot_log log;
	mu_boot_log_init(&log);
	memcpy(retained.bytes, &log, offsetof(struct mu_boot_log, count));
	retained.memory.log.count %= MU_BOOT_ENTRIES + 1;
	put_crc(&retained.memory.log, offsetof(struct mu_boot_log, crc));
	put_crc(&retained.memory.current[0], offsetof(struct mu_boot_current, crc));
	put_crc(&retained.memory.place, offsetof(struct mu_boot_place, crc));
	if (shadow_size < 12)
		return;
	shadow[0] = 1;
	shadow[1] %= MU_BOOT_SHADOW_ENTRIES + 1;
	shadow_size = 12 + shadow[1] * sizeof(struct mu_boot_entry);
	uint32_t crc = mu_crc32_le(mu_crc32_le(0, shadow, 8), shadow + 12, shadow_size - 12);
	memcpy(shadow + 8, &crc, sizeof crc);
}

static void check_text(const char *text)
{
	must(!text || strlen(text) < MU_NAME_MAX);
}

static void check_report(const struct mu_boot_history *history)
{
	static struct mu_boot_storage storage;
	Mu__Boot boot = MU__BOOT__INIT;
	mu_boot_history_fill(history, &boot, &storage);
	must(boot.n_unreported <= MU_BOOT_ENTRIES && boot.n_backtrace <= MU_BACKTRACE_MAX);
	check_text(boot.task);
	check_text(boot.hung_token);
	for (size_t i = 0; i < boot.n_unreported; i++) {
		must(boot.unreported[i]->n_backtrace <= MU_BACKTRACE_MAX && boot.unreported[i]->count > 0);
		check_text(boot.unreported[i]->task);
		check_text(boot.unreported[i]->hung_token);
	}
	boot.app_metric_names = 0;
	must(mu__boot__get_packed_size(&boot) > 0); // walks all of it
}

// Bytes 0..3: bit 0 of the first mends the checksums; reset code; backtrace count; a letter of the task. Then retained memory, then the
// shadow, as far as the input goes; the rest of retained memory is the input again.
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint8_t sha[MU_SHA_BYTES] = { 1 };
	static struct mu_boot_history history;
	if (size < HEAD + 1)
		return 0;
	const uint8_t *bytes = data + HEAD;
	size_t count = size - HEAD;
	for (size_t i = 0; i < RETAINED; i++)
		retained.bytes[i] = bytes[i % count];
	shadow_size = count > RETAINED ? count - RETAINED : count;
	if (shadow_size > sizeof shadow)
		shadow_size = sizeof shadow;
	memcpy(shadow, count > RETAINED ? bytes + RETAINED : bytes, shadow_size);
	reset = (struct mu_reset_info){ .reset_raw = data[1], .has_crash = data[1] & 1, .backtrace_count = data[2] };
	memset(reset.task, data[3], sizeof reset.task);
	if (data[0] & 1)
		mend();
	must(mu_boot_history_open(&history, &port, &retained.memory, sha) == 0);
	uint32_t boot = mu_boot_history_boot(&history);
	check_report(&history);
	mu_boot_history_keep(&history, 70000, 1000);
	if (data[0] & 2)
		mu_boot_history_reported(&history);
	if (boot >= MU_BOOT_NUMBER_MAX)
		return 0; // the end of all numbers: what comes after is not taken for ours
	must(mu_boot_history_open(&history, &port, &retained.memory, sha) == 0);
	must(mu_boot_history_boot(&history) == boot + 1);
	must(history.previous.known && history.previous.uptime_s == 70);
	check_report(&history);
	return 0;
}
