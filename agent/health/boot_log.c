// SPDX-License-Identifier: Apache-2.0
#include "agent/health/boot_log.h"
#include "agent/image/crc32.h"
#include "muster.pb-c.h"
#include <string.h>

enum {
	LOG_MAGIC = 0x474F4C42, // "BLOG"
	LOG_VERSION = 1,
	SHADOW_VERSION = 1,
	// The shadow: version u8, count u8, ahead u16, boots lost u32, CRC-32 u32 over all else, entries.
	SHADOW_AHEAD = 2,
	SHADOW_LOST = 4,
	SHADOW_CRC = 8,
	SHADOW_HEADER = 12,
};

_Static_assert(sizeof(struct mu_boot_entry) == 40, "an entry has no holes");
_Static_assert(sizeof(struct mu_boot_log) == 656, "the log has no holes");
_Static_assert(sizeof(struct mu_boot_current) == 40, "the running boot has no holes");
_Static_assert(sizeof(struct mu_boot_place) == 96, "the place of a crash has no holes");
_Static_assert(offsetof(struct mu_boot_memory, place) == 896, "where older firmware keeps it");
_Static_assert((int)sizeof(struct mu_boot_memory) <= (int)MU_RETAINED_BYTES, "all of it fits");
_Static_assert(SHADOW_HEADER + MU_BOOT_SHADOW_ENTRIES * sizeof(struct mu_boot_entry) == MU_BOOT_SHADOW_BYTES, "and so does the shadow");
_Static_assert((int)MU_BOOT_SHADOW_BYTES <= (int)MU_KV_VALUE_MAX, "a shadow is one value");

void mu_boot_log_init(struct mu_boot_log *log)
{
	*log = (struct mu_boot_log){ .magic = LOG_MAGIC, .version = LOG_VERSION };
}

uint32_t mu_boot_log_last_boot(const struct mu_boot_log *log)
{
	if (log->count == 0)
		return 0;
	const struct mu_boot_entry *last = &log->entry[log->count - 1];
	return last->first_boot + last->count - 1;
}

static bool is_same_kind(const struct mu_boot_entry *a, const struct mu_boot_entry *b)
{
	enum { MARKS = MU_BOOT_HAS_PC | MU_BOOT_NAME_IS_TOKEN };
	if (a->reset_raw != b->reset_raw || a->reset_class != b->reset_class || a->cause != b->cause)
		return false;
	if ((a->flags & MARKS) != (b->flags & MARKS) || memcmp(a->name, b->name, sizeof a->name) != 0)
		return false;
	if (memcmp(a->elf_sha, b->elf_sha, sizeof a->elf_sha) != 0)
		return false;
	return a->pc == b->pc || a->reset_class == MU__RESET_CLASS__RESET_HANG;
}

static void drop_oldest(struct mu_boot_log *log)
{
	log->boots_lost += log->entry[0].unreported;
	memmove(log->entry, log->entry + 1, sizeof log->entry - sizeof *log->entry);
	log->count--;
}

void mu_boot_log_add(struct mu_boot_log *log, const struct mu_boot_entry *boot)
{
	struct mu_boot_entry *last = log->count ? &log->entry[log->count - 1] : NULL;
	if (last && last->count < UINT16_MAX && boot->first_boot == mu_boot_log_last_boot(log) + 1 && is_same_kind(last, boot)) {
		last->count++;
		last->unreported++;
		last->pc = boot->pc;
		return;
	}
	if (log->count == MU_BOOT_ENTRIES)
		drop_oldest(log);
	struct mu_boot_entry *entry = &log->entry[log->count++];
	*entry = *boot;
	entry->count = 1;
	entry->unreported = 1;
}

void mu_boot_log_reported(struct mu_boot_log *log)
{
	log->boots_lost = 0;
	for (unsigned i = 0; i < log->count; i++)
		log->entry[i].unreported = 0;
}

static uint32_t log_crc(const struct mu_boot_log *log)
{
	return mu_crc32_le(0, log, offsetof(struct mu_boot_log, crc));
}

// A checksum says that it was written so, not that it was ours: numbers rise, and nothing is told that was not counted.
// entries: `count` of them, at any address. Returns the last boot in them, 0 if there are none, or MU_ERR_INVALID.
static int64_t check_entries(const void *entries, unsigned count)
{
	uint32_t last = 0;
	for (unsigned i = 0; i < count; i++) {
		struct mu_boot_entry entry;
		memcpy(&entry, (const uint8_t *)entries + i * sizeof entry, sizeof entry);
		if (entry.count == 0 || entry.unreported > entry.count || entry.first_boot <= last || entry.first_boot > MU_BOOT_NUMBER_MAX)
			return MU_ERR_INVALID;
		last = entry.first_boot + entry.count - 1;
	}
	return last;
}

int mu_boot_log_open(struct mu_boot_log *log)
{
	if (log->magic == LOG_MAGIC && log->version == LOG_VERSION && log->count <= MU_BOOT_ENTRIES && log->crc == log_crc(log) &&
		check_entries(log->entry, log->count) >= 0)
		return 0;
	mu_boot_log_init(log);
	return MU_ERR_CRC;
}

void mu_boot_log_seal(struct mu_boot_log *log)
{
	log->crc = log_crc(log);
}

static uint32_t current_crc(const struct mu_boot_current *current)
{
	return mu_crc32_le(0, current, offsetof(struct mu_boot_current, crc));
}

static bool is_current(const struct mu_boot_current *current)
{
	// All zeros have a CRC that fits none of ours: a boot is never 0.
	return current->boot != 0 && current->boot <= MU_BOOT_NUMBER_MAX && current->crc == current_crc(current);
}

int mu_boot_current_load(struct mu_boot_current *current, uint8_t *copy, const struct mu_boot_memory *memory)
{
	const struct mu_boot_current *a = &memory->current[0], *b = &memory->current[1];
	bool has_a = is_current(a), has_b = is_current(b);
	*copy = 0;
	*current = (struct mu_boot_current){ 0 };
	if (!has_a && !has_b)
		return MU_ERR_CRC;
	bool newer_b = has_b && (!has_a || (int32_t)(b->sequence - a->sequence) > 0); // also across the wrap
	*current = newer_b ? *b : *a;
	current->hung_token[MU_NAME_MAX - 1] = 0;
	*copy = newer_b ? 0 : 1;
	return 0;
}

void mu_boot_current_store(struct mu_boot_current *current, uint8_t *copy, struct mu_boot_memory *memory)
{
	current->sequence++;
	current->crc = current_crc(current);
	memory->current[*copy] = *current;
	*copy ^= 1;
}

static uint32_t place_crc(const struct mu_boot_place *place)
{
	return mu_crc32_le(0, place, offsetof(struct mu_boot_place, crc));
}

bool mu_boot_place_valid(const struct mu_boot_place *place)
{
	return place->boot != 0 && place->backtrace_count <= MU_BACKTRACE_MAX && !place->task[MU_NAME_MAX - 1] &&
		place->crc == place_crc(place);
}

void mu_boot_place_seal(struct mu_boot_place *place)
{
	place->crc = place_crc(place);
}

static uint32_t shadow_crc(const uint8_t *shadow, size_t size)
{
	uint32_t crc = mu_crc32_le(0, shadow, SHADOW_CRC);
	return mu_crc32_le(crc, shadow + SHADOW_HEADER, size - SHADOW_HEADER);
}

size_t mu_boot_shadow_write(const struct mu_boot_log *log, uint16_t ahead, uint8_t out[MU_BOOT_SHADOW_BYTES])
{
	unsigned count = log->count < MU_BOOT_SHADOW_ENTRIES ? log->count : MU_BOOT_SHADOW_ENTRIES;
	unsigned skipped = log->count - count;
	uint32_t lost = log->boots_lost;
	for (unsigned i = 0; i < skipped; i++)
		lost += log->entry[i].unreported;
	size_t size = SHADOW_HEADER + count * sizeof *log->entry;
	memset(out, 0, SHADOW_HEADER);
	out[0] = SHADOW_VERSION;
	out[1] = (uint8_t)count;
	memcpy(out + SHADOW_AHEAD, &ahead, sizeof ahead);
	memcpy(out + SHADOW_LOST, &lost, sizeof lost);
	memcpy(out + SHADOW_HEADER, log->entry + skipped, size - SHADOW_HEADER);
	uint32_t crc = shadow_crc(out, size);
	memcpy(out + SHADOW_CRC, &crc, sizeof crc);
	return size;
}

int mu_boot_shadow_check(const uint8_t *data, size_t size, uint32_t *last_boot, uint16_t *ahead)
{
	if (size < SHADOW_HEADER)
		return MU_ERR_SIZE;
	if (data[0] != SHADOW_VERSION)
		return MU_ERR_VERSION;
	if (data[1] > MU_BOOT_SHADOW_ENTRIES || size != SHADOW_HEADER + data[1] * sizeof(struct mu_boot_entry))
		return MU_ERR_SIZE;
	uint32_t crc;
	memcpy(&crc, data + SHADOW_CRC, sizeof crc);
	if (crc != shadow_crc(data, size))
		return MU_ERR_CRC;
	int64_t last = check_entries(data + SHADOW_HEADER, data[1]);
	if (last < 0)
		return (int)last;
	*last_boot = (uint32_t)last;
	memcpy(ahead, data + SHADOW_AHEAD, sizeof *ahead);
	return 0;
}

void mu_boot_shadow_read(struct mu_boot_log *log, const uint8_t *data, size_t size)
{
	mu_boot_log_init(log);
	log->count = data[1];
	memcpy(&log->boots_lost, data + SHADOW_LOST, sizeof log->boots_lost);
	memcpy(log->entry, data + SHADOW_HEADER, size - SHADOW_HEADER);
}
