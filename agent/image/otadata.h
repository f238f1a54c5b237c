// SPDX-License-Identifier: Apache-2.0
// otadata: the two 32-byte entries by which ESP-IDF's bootloader chooses the application slot, and every change that
// an application makes to them, as pure functions.
//
// Entry (esp_flash_partitions.h), little-endian: seq u32 | label[20] | state u32 | crc u32. The CRC covers seq alone.
// Entry 0 lies at offset 0 of the data/ota partition, entry 1 at offset 0x1000; each has its sector.
// Slot of an entry = (seq - 1) mod slot_count in unsigned 32 bits, so seq 0 is a good entry too.
// Changes follow ESP-IDF 6.0 and later: a slot that is already active is rewritten in place, and no two entries ever get
// the same seq. A change says what to erase and write; the caller does it in the order given, see mu_otadata_change.
// Pure, no allocation, any thread.
#ifndef MU_AGENT_IMAGE_OTADATA_H
#define MU_AGENT_IMAGE_OTADATA_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	MU_OTADATA_ENTRY_SIZE = 32,
	MU_OTADATA_LABEL_SIZE = 20,
	MU_OTADATA_SECTOR_SIZE = 0x1000,
	MU_OTADATA_SIZE_MIN = 0x2000, // of the partition
	MU_OTADATA_SLOTS_MAX = 16,
};

// Where a device runs: 0..15 is ota_N.
enum { MU_SLOT_FACTORY = -1, MU_SLOT_NONE = -2, MU_SLOT_TEST = -3 };

// Any other value counts as bootable and is left as it is.
#define MU_OTADATA_NEW 0u
#define MU_OTADATA_PENDING_VERIFY 1u
#define MU_OTADATA_VALID 2u
#define MU_OTADATA_INVALID 3u
#define MU_OTADATA_ABORTED 4u
#define MU_OTADATA_UNDEFINED 0xFFFFFFFFu

struct mu_otadata_entry {
	uint32_t seq;
	uint8_t label[MU_OTADATA_LABEL_SIZE];
	uint32_t state;
	uint32_t crc;
};

struct mu_otadata {
	struct mu_otadata_entry entry[2]; // by sector
};

// What a change does to flash, at most one operation a sector. In order: operations[0], then operations[1].
struct mu_otadata_change {
	unsigned count; // 0: nothing to do
	struct {
		unsigned sector; // 0 or 1: erase it
		bool write;      // then write `entry` to its start
		struct mu_otadata_entry entry;
	} operations[2];
};

void mu_otadata_decode(struct mu_otadata_entry *entry, const uint8_t bytes[MU_OTADATA_ENTRY_SIZE]);
void mu_otadata_encode(const struct mu_otadata_entry *entry, uint8_t bytes[MU_OTADATA_ENTRY_SIZE]);

// An entry with its CRC and a label of FF.
struct mu_otadata_entry mu_otadata_make(uint32_t seq, uint32_t state);

uint32_t mu_otadata_crc(uint32_t seq);

// Usable: seq is not FFFFFFFF and the state neither INVALID nor ABORTED. Good: usable, and the CRC is right.
bool mu_otadata_is_usable(const struct mu_otadata_entry *entry);
bool mu_otadata_is_good(const struct mu_otadata_entry *entry);
bool mu_otadata_has_crc(const struct mu_otadata_entry *entry);

// The active entry: the good one with the larger seq, entry 0 on a tie, or -1 if neither is good.
int mu_otadata_select(const struct mu_otadata *otadata);

// Slot 0 .. slot_count - 1 of an entry. slot_count must not be 0.
unsigned mu_otadata_slot(const struct mu_otadata_entry *entry, unsigned slot_count);

// State of a slot as ESP-IDF's esp_ota_get_state_partition gives it: the first entry with a right CRC that maps to
// it, which need not be the active one. Returns 0 or MU_ERR_NOT_FOUND.
int mu_otadata_slot_state(const struct mu_otadata *otadata, unsigned slot, unsigned slot_count, uint32_t *state);

// Slot to which a rollback would go: the other entry's if it is good, else MU_SLOT_FACTORY if there is a factory
// partition, else MU_SLOT_NONE; MU_SLOT_NONE also without an active entry. The caller still has to verify that image.
int mu_otadata_rollback_slot(const struct mu_otadata *otadata, unsigned slot_count, bool has_factory);

// The changes. Each returns 0 and fills *change (count 0 if flash is already as wanted), or a negative error and
// an empty change: MU_ERR_RANGE slot >= slot_count or slot_count not 1..16; MU_ERR_FULL no seq is left for the slot;
// MU_ERR_NOT_FOUND there is no active entry.
//
// The image in `slot` must have been verified by the caller. state: MU_OTADATA_NEW for an application built with
// rollback, else MU_OTADATA_UNDEFINED.
int mu_otadata_set_boot(const struct mu_otadata *otadata, unsigned slot, unsigned slot_count, uint32_t state,
	struct mu_otadata_change *change);
void mu_otadata_set_boot_factory(struct mu_otadata_change *change);
int mu_otadata_mark_valid(const struct mu_otadata *otadata, struct mu_otadata_change *change);
// Only after the caller has verified the image of mu_otadata_rollback_slot().
int mu_otadata_mark_invalid(const struct mu_otadata *otadata, struct mu_otadata_change *change);

// Makes otadata tell the truth when `running` is not the active slot (an older ESP-IDF left equal seqs, or a rescue
// boot went past a damaged image): the running slot becomes active and VALID with the next seq, written to the
// other sector. Nothing if it is active and the seqs differ. Same errors as set_boot.
int mu_otadata_repair(const struct mu_otadata *otadata, unsigned running, unsigned slot_count, struct mu_otadata_change *change);

#endif
