// SPDX-License-Identifier: Apache-2.0
#include "agent/image/otadata.h"
#include "agent/image/crc32.h"
#include "agent/image/err.h"
#include "agent/image/little_endian.h"
#include <string.h>

enum { AT_LABEL = 4, AT_STATE = 24, AT_CRC = 28 };

#define SEQ_BLANK UINT32_MAX

void mu_otadata_decode(struct mu_otadata_entry *entry, const uint8_t bytes[MU_OTADATA_ENTRY_SIZE])
{
	entry->seq = mu_le32_get(bytes);
	memcpy(entry->label, bytes + AT_LABEL, sizeof entry->label);
	entry->state = mu_le32_get(bytes + AT_STATE);
	entry->crc = mu_le32_get(bytes + AT_CRC);
}

void mu_otadata_encode(const struct mu_otadata_entry *entry, uint8_t bytes[MU_OTADATA_ENTRY_SIZE])
{
	mu_le32_put(bytes, entry->seq);
	memcpy(bytes + AT_LABEL, entry->label, sizeof entry->label);
	mu_le32_put(bytes + AT_STATE, entry->state);
	mu_le32_put(bytes + AT_CRC, entry->crc);
}

struct mu_otadata_entry mu_otadata_make(uint32_t seq, uint32_t state)
{
	struct mu_otadata_entry entry = { .seq = seq, .state = state, .crc = mu_otadata_crc(seq) };
	memset(entry.label, 0xFF, sizeof entry.label);
	return entry;
}

uint32_t mu_otadata_crc(uint32_t seq)
{
	uint8_t bytes[4];
	mu_le32_put(bytes, seq);
	return mu_crc32_le(UINT32_MAX, bytes, sizeof bytes);
}

bool mu_otadata_is_usable(const struct mu_otadata_entry *entry)
{
	return entry->seq != SEQ_BLANK && entry->state != MU_OTADATA_INVALID && entry->state != MU_OTADATA_ABORTED;
}

bool mu_otadata_has_crc(const struct mu_otadata_entry *entry)
{
	return entry->crc == mu_otadata_crc(entry->seq);
}

bool mu_otadata_is_good(const struct mu_otadata_entry *entry)
{
	return mu_otadata_is_usable(entry) && mu_otadata_has_crc(entry);
}

int mu_otadata_select(const struct mu_otadata *otadata)
{
	const struct mu_otadata_entry *a = &otadata->entry[0];
	const struct mu_otadata_entry *b = &otadata->entry[1];
	if (!mu_otadata_is_good(a))
		return mu_otadata_is_good(b) ? 1 : -1;
	return mu_otadata_is_good(b) && b->seq > a->seq ? 1 : 0;
}

unsigned mu_otadata_slot(const struct mu_otadata_entry *entry, unsigned slot_count)
{
	return (entry->seq - 1u) % slot_count;
}

int mu_otadata_slot_state(const struct mu_otadata *otadata, unsigned slot, unsigned slot_count, uint32_t *state)
{
	for (unsigned i = 0; i < 2; i++) {
		const struct mu_otadata_entry *entry = &otadata->entry[i];
		if (mu_otadata_has_crc(entry) && mu_otadata_slot(entry, slot_count) == slot) {
			*state = entry->state;
			return 0;
		}
	}
	return MU_ERR_NOT_FOUND;
}

int mu_otadata_rollback_slot(const struct mu_otadata *otadata, unsigned slot_count, bool has_factory)
{
	int active = mu_otadata_select(otadata);
	if (active < 0)
		return MU_SLOT_NONE;
	const struct mu_otadata_entry *other = &otadata->entry[1 - active];
	if (mu_otadata_is_good(other))
		return (int)mu_otadata_slot(other, slot_count);
	return has_factory ? MU_SLOT_FACTORY : MU_SLOT_NONE;
}

static void rewrite(struct mu_otadata_change *change, unsigned sector, const struct mu_otadata_entry *entry)
{
	change->count = 1;
	change->operations[0].sector = sector;
	change->operations[0].write = true;
	change->operations[0].entry = *entry;
}

// The smallest seq >= from that maps to the slot. The blank seq is no seq: 64 bits, so that the end of the range shows.
static int next_seq(uint32_t from, unsigned slot, unsigned slot_count, uint32_t *seq)
{
	unsigned residue = (slot + 1) % slot_count;
	uint64_t found = from + (uint64_t)((residue + slot_count - from % slot_count) % slot_count);
	if (found >= SEQ_BLANK)
		return MU_ERR_FULL;
	*seq = (uint32_t)found;
	return 0;
}

// Writes `slot` with a seq of at least `from` into a sector, whose label is kept as ESP-IDF keeps it.
static int write_slot(const struct mu_otadata *otadata, unsigned sector, uint32_t from, unsigned slot, unsigned slot_count, uint32_t state,
	struct mu_otadata_change *change)
{
	struct mu_otadata_entry entry = otadata->entry[sector];
	int err = next_seq(from, slot, slot_count, &entry.seq);
	if (err < 0)
		return err;
	entry.state = state;
	entry.crc = mu_otadata_crc(entry.seq);
	rewrite(change, sector, &entry);
	return 0;
}

static bool slot_is_possible(unsigned slot, unsigned slot_count)
{
	return slot_count >= 1 && slot_count <= MU_OTADATA_SLOTS_MAX && slot < slot_count;
}

int mu_otadata_set_boot(const struct mu_otadata *otadata, unsigned slot, unsigned slot_count, uint32_t state,
	struct mu_otadata_change *change)
{
	*change = (struct mu_otadata_change){ 0 };
	if (!slot_is_possible(slot, slot_count))
		return MU_ERR_RANGE;
	int active = mu_otadata_select(otadata);
	if (active < 0)
		return write_slot(otadata, 0, slot + 1, slot, slot_count, state, change);
	const struct mu_otadata_entry *entry = &otadata->entry[active];
	bool in_place = mu_otadata_slot(entry, slot_count) == slot;
	return write_slot(otadata, (unsigned)(in_place ? active : 1 - active), entry->seq, slot, slot_count, state, change);
}

void mu_otadata_set_boot_factory(struct mu_otadata_change *change)
{
	*change = (struct mu_otadata_change){ .count = 2 };
	change->operations[1].sector = 1;
}

// Rewrites the active entry in place with another state.
static int mark_active(const struct mu_otadata *otadata, uint32_t state, struct mu_otadata_change *change)
{
	*change = (struct mu_otadata_change){ 0 };
	int active = mu_otadata_select(otadata);
	if (active < 0)
		return MU_ERR_NOT_FOUND;
	struct mu_otadata_entry entry = otadata->entry[active];
	if (entry.state == state)
		return 0;
	entry.state = state;
	rewrite(change, (unsigned)active, &entry);
	return 0;
}

int mu_otadata_mark_valid(const struct mu_otadata *otadata, struct mu_otadata_change *change)
{
	return mark_active(otadata, MU_OTADATA_VALID, change);
}

int mu_otadata_mark_invalid(const struct mu_otadata *otadata, struct mu_otadata_change *change)
{
	return mark_active(otadata, MU_OTADATA_INVALID, change);
}

int mu_otadata_repair(const struct mu_otadata *otadata, unsigned running, unsigned slot_count, struct mu_otadata_change *change)
{
	*change = (struct mu_otadata_change){ 0 };
	if (!slot_is_possible(running, slot_count))
		return MU_ERR_RANGE;
	int active = mu_otadata_select(otadata);
	if (active < 0)
		return mu_otadata_set_boot(otadata, running, slot_count, MU_OTADATA_VALID, change);
	const struct mu_otadata_entry *entry = &otadata->entry[active];
	const struct mu_otadata_entry *other = &otadata->entry[1 - active];
	bool equal_seqs = mu_otadata_has_crc(other) && other->seq == entry->seq;
	if (mu_otadata_slot(entry, slot_count) == running && !equal_seqs)
		return 0;
	// Above the active one, not merely equal to it: an equal seq would leave the choice to the position.
	return write_slot(otadata, (unsigned)(1 - active), entry->seq + 1, running, slot_count, MU_OTADATA_VALID, change);
}
