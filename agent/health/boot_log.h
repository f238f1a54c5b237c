// SPDX-License-Identifier: Apache-2.0
// The stored form of the boot history: entries with equal boots folded, the figures of the running boot, and both their layouts.
//
// Retained memory, native byte order (it never leaves the chip): struct mu_boot_memory. The log is used where it lies: what is read there is
// good from mu_boot_log_open() on, and whoever changes it seals it at once, for a reset in between costs the log.
// Shadow, at most 492 bytes: version, count, numbers ahead, boots lost, CRC-32, the newest 12 entries. Each CRC is over all else of its part;
// a part with a wrong CRC, magic or version, or with numbers that cannot be, does not exist. Boots are of the same kind when reset code,
// class, cause, name, image and PC are equal; the PC of a hang is where the watchdog happened to look, so it does not count.
// Pure; no I/O. Thread: one at a time.
#ifndef MU_HEALTH_BOOT_LOG_H
#define MU_HEALTH_BOOT_LOG_H
#include "agent/port/port.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	MU_BOOT_ENTRIES = 16,
	MU_BOOT_SHADOW_ENTRIES = 12,
	MU_BOOT_SHADOW_BYTES = 12 + 12 * 40,
	MU_BOOT_NAME_BYTES = 15,
	MU_BOOT_NUMBER_MAX = 0xF000000, // a boot each second for eight years: beyond it is no number of ours
	MU_BOOT_SHA_BYTES = 4,
};

enum { MU_BOOT_HAS_UPTIME = 1, MU_BOOT_HAS_PC = 2, MU_BOOT_NAME_IS_TOKEN = 4 };

struct mu_boot_entry {
	uint32_t first_boot;
	uint32_t pc;
	uint32_t last_uptime_s; // reached by the last of them
	uint8_t elf_sha[MU_BOOT_SHA_BYTES];
	uint16_t count;      // 1 .. 65 535
	uint16_t unreported; // the last so many of `count`
	uint16_t reset_raw;  // codes above 65 535 are stored as 65 535
	uint8_t reset_class; // Mu__ResetClass
	uint8_t cause;       // Mu__ResetCause
	char name[MU_BOOT_NAME_BYTES]; // hung token or task, padded with 0
	uint8_t flags;
};

struct mu_boot_log {
	uint32_t magic;
	uint8_t version;
	uint8_t count;
	uint16_t reserved;
	uint32_t boots_lost; // fell out unreported
	struct mu_boot_entry entry[MU_BOOT_ENTRIES]; // oldest first
	uint32_t crc;
};

struct mu_boot_current {
	uint32_t sequence; // the copy with the higher one is the newer
	uint32_t boot;
	uint32_t uptime_s;
	uint32_t heap_min_bytes; // UINT32_MAX: not known
	uint8_t cause;
	uint8_t reserved;
	uint16_t quick; // boots in a row just before this one that died young
	char hung_token[MU_NAME_MAX]; // who hung; without a cause: who was on the way there
	uint32_t crc;
};

// Where a boot's panic handler had seen the boot before it crash; kept because that boot may die before it can report.
struct mu_boot_place {
	uint32_t boot; // the boot that began with this crash
	uint32_t pc;
	char task[MU_NAME_MAX]; // NUL-terminated
	uint32_t backtrace_count;
	uint32_t backtrace[MU_BACKTRACE_MAX];
	uint32_t crc;
};

struct mu_boot_memory {
	struct mu_boot_log log;
	struct mu_boot_current current[2]; // written in turn
	uint8_t others[160]; // not the boot history's
	struct mu_boot_place place; // of the newest crash
};

void mu_boot_log_init(struct mu_boot_log *log);

// Appends a boot: folded into the last entry if that is of the same kind and of the boot just before, else as a new one, which
// pushes out the oldest when all 16 are taken.
void mu_boot_log_add(struct mu_boot_log *log, const struct mu_boot_entry *boot);
void mu_boot_log_reported(struct mu_boot_log *log);
uint32_t mu_boot_log_last_boot(const struct mu_boot_log *log); // 0: none

// Once a boot. 0, or MU_ERR_CRC: nothing valid was there, it is now as after init.
int mu_boot_log_open(struct mu_boot_log *log);
void mu_boot_log_seal(struct mu_boot_log *log);

// The newer of the two copies. 0, or MU_ERR_CRC: neither is valid, *current is all 0. *copy: where the next one goes.
int mu_boot_current_load(struct mu_boot_current *current, uint8_t *copy, const struct mu_boot_memory *memory);
void mu_boot_current_store(struct mu_boot_current *current, uint8_t *copy, struct mu_boot_memory *memory);

bool mu_boot_place_valid(const struct mu_boot_place *place);
void mu_boot_place_seal(struct mu_boot_place *place);

// The shadow. ahead: so many numbers after the log's last boot may have been given out since. Writing returns the bytes written. check says
// which boot is the last in it: 0, MU_ERR_CRC, MU_ERR_VERSION, MU_ERR_SIZE, MU_ERR_INVALID (whole, but not ours). read is for one that
// has been checked.
size_t mu_boot_shadow_write(const struct mu_boot_log *log, uint16_t ahead, uint8_t out[MU_BOOT_SHADOW_BYTES]);
int mu_boot_shadow_check(const uint8_t *data, size_t size, uint32_t *last_boot, uint16_t *ahead);
void mu_boot_shadow_read(struct mu_boot_log *log, const uint8_t *data, size_t size);

#endif
