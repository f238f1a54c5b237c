// SPDX-License-Identifier: Apache-2.0
#include "agent/ota/slots.h"
#include "proto/text.h"
#include <string.h>

static enum mu_partition part_of(unsigned slot)
{
	return slot ? MU_PART_SLOT1 : MU_PART_SLOT0;
}

static unsigned other_of(const struct mu_slots *slots)
{
	return 1 - slots->running;
}

// ---- what the readers of agent/image see of the port

static int note(struct mu_slots *slots, int result)
{
	slots->unread |= result < 0;
	return result;
}

static int read_slot(void *context, uint32_t offset, void *buffer, size_t size)
{
	const struct mu_slots_source *source = context;
	const struct mu_port *port = source->slots->port;
	return note(source->slots, port->flash->read(port->context, source->part, offset, buffer, size));
}

static int hash_start(void *context)
{
	struct mu_slots *slots = context;
	return note(slots, slots->port->crypto->sha256_start(slots->port->context, slots->hash_state));
}

static int hash_update(void *context, const void *data, size_t size)
{
	struct mu_slots *slots = context;
	return note(slots, slots->port->crypto->sha256_update(slots->port->context, slots->hash_state, data, size));
}

static int hash_finish(void *context, uint8_t *digest)
{
	struct mu_slots *slots = context;
	return note(slots, slots->port->crypto->sha256_finish(slots->port->context, slots->hash_state, digest));
}

static int source_of(struct mu_slots *slots, unsigned slot, struct mu_source *source)
{
	int64_t size = slots->port->flash->size(slots->port->context, part_of(slot));
	slots->source[slot] = (struct mu_slots_source){ slots, part_of(slot) };
	*source = (struct mu_source){ &slots->source[slot], read_slot, size < 0 ? 0 : (uint32_t)size };
	return size < 0 ? (int)size : 0;
}

// ---- otadata

static int read_otadata(const struct mu_slots *slots, struct mu_otadata *otadata)
{
	const struct mu_port *port = slots->port;
	for (uint32_t i = 0; i < 2; i++) {
		uint8_t bytes[MU_OTADATA_ENTRY_SIZE];
		int err = port->flash->read(port->context, MU_PART_OTADATA, i * MU_OTADATA_SECTOR_SIZE, bytes, sizeof bytes);
		if (err < 0)
			return err;
		mu_otadata_decode(&otadata->entry[i], bytes);
	}
	return 0;
}

static int write_entry(const struct mu_slots *slots, uint32_t offset, const struct mu_otadata_entry *entry)
{
	const struct mu_port *port = slots->port;
	uint8_t bytes[MU_OTADATA_ENTRY_SIZE], stored[MU_OTADATA_ENTRY_SIZE];
	mu_otadata_encode(entry, bytes);
	int err = port->flash->program(port->context, MU_PART_OTADATA, offset, bytes, sizeof bytes);
	if (err >= 0)
		err = port->flash->read(port->context, MU_PART_OTADATA, offset, stored, sizeof stored);
	return err < 0 ? err : memcmp(bytes, stored, sizeof bytes) ? MU_ERR_CRC : 0;
}

static int apply(const struct mu_slots *slots, const struct mu_otadata_change *change)
{
	const struct mu_port *port = slots->port;
	for (unsigned i = 0; i < change->count; i++) {
		uint32_t offset = change->operations[i].sector * MU_OTADATA_SECTOR_SIZE;
		int err = port->flash->erase(port->context, MU_PART_OTADATA, offset, MU_OTADATA_SECTOR_SIZE);
		if (err >= 0 && change->operations[i].write)
			err = write_entry(slots, offset, &change->operations[i].entry);
		if (err < 0)
			return err;
	}
	return 0;
}

// The active entry speaks for its slot; for the other one whichever entry names it.
static enum mu_slot_state state_of(const struct mu_otadata *otadata, unsigned slot)
{
	int active = mu_otadata_select(otadata);
	uint32_t state = MU_OTADATA_UNDEFINED;
	if (active >= 0 && mu_otadata_slot(&otadata->entry[active], MU_SLOTS_COUNT) == slot)
		state = otadata->entry[active].state;
	else
		mu_otadata_slot_state(otadata, slot, MU_SLOTS_COUNT, &state);
	return state <= MU_OTADATA_ABORTED ? (enum mu_slot_state)state : MU_SLOT_STATE_UNDEFINED;
}

static int load_states(struct mu_slots *slots)
{
	struct mu_otadata otadata;
	int err = read_otadata(slots, &otadata);
	if (err < 0)
		return err;
	int active = mu_otadata_select(&otadata);
	slots->rescue = active >= 0 && mu_otadata_slot(&otadata.entry[active], MU_SLOTS_COUNT) != slots->running;
	for (unsigned i = 0; i < MU_SLOTS_COUNT; i++)
		slots->slot[i].state = state_of(&otadata, i);
	if (slots->check == MU_SLOTS_CHECK_EMPTY)
		slots->slot[other_of(slots)].state = MU_SLOT_STATE_EMPTY;
	if (slots->check == MU_SLOTS_CHECK_DAMAGED)
		slots->slot[other_of(slots)].state = MU_SLOT_STATE_DAMAGED;
	return 0;
}

// ---- images

static void describe(struct mu_slot *slot, const struct mu_source *source)
{
	char version[MU_APP_DESC_TEXT_SIZE];
	*slot = (struct mu_slot){ .has_image = false };
	slot->has_image = mu_app_desc_identify(source, version, slot->elf_sha, sizeof slot->elf_sha) == 0;
	if (slot->has_image)
		mu_text_copy(slot->version, sizeof slot->version, version);
}

static bool is_empty(const struct mu_source *source)
{
	uint8_t bytes[MU_APP_IMAGE_HEADER_SIZE];
	if (mu_source_read(source, 0, bytes, sizeof bytes) < 0)
		return false;
	for (size_t i = 0; i < sizeof bytes; i++)
		if (bytes[i] != 0xFF)
			return false;
	return true;
}

// An image has to be for the chip that the running one is for.
static uint16_t running_chip(const struct mu_source *source)
{
	uint8_t bytes[MU_APP_IMAGE_HEADER_SIZE];
	struct mu_app_header header;
	if (mu_source_read(source, 0, bytes, sizeof bytes) < 0 || mu_app_header_decode(&header, bytes, MU_APP_IMAGE_CHIP_ANY) < 0)
		return MU_APP_IMAGE_CHIP_ANY;
	return header.chip_id;
}

static void decide(struct mu_slots *slots, int result)
{
	slots->check = result < 0 ? MU_SLOTS_CHECK_DAMAGED : MU_SLOTS_CHECK_GOOD;
	slots->check_error = result < 0 ? result : 0;
	if (result < 0)
		slots->slot[other_of(slots)].state = MU_SLOT_STATE_DAMAGED;
}

static void start_check(struct mu_slots *slots, const struct mu_source *running, const struct mu_source *other)
{
	const struct mu_hash hash = { slots, hash_start, hash_update, hash_finish, MU_SHA256_SIZE };
	slots->check = MU_SLOTS_CHECK_RUNNING;
	slots->check_error = 0;
	mu_app_verifier_start(&slots->verifier, other, &hash, running_chip(running));
	if (is_empty(other))
		slots->check = MU_SLOTS_CHECK_EMPTY;
	else if (!slots->slot[other_of(slots)].has_image)
		decide(slots, MU_ERR_INVALID);
}

int mu_slots_init(struct mu_slots *slots, const struct mu_port *port)
{
	int running = port->flash->running_slot(port->context);
	*slots = (struct mu_slots){ .port = port };
	if (running < 0)
		return running;
	if (running >= MU_SLOTS_COUNT)
		return MU_ERR_RANGE;
	slots->running = (unsigned)running;
	return mu_slots_refresh(slots);
}

int mu_slots_refresh(struct mu_slots *slots)
{
	struct mu_source source[MU_SLOTS_COUNT];
	slots->unread = false;
	for (unsigned i = 0; i < MU_SLOTS_COUNT; i++) {
		int err = source_of(slots, i, &source[i]);
		if (err < 0)
			return err;
		describe(&slots->slot[i], &source[i]);
	}
	start_check(slots, &source[slots->running], &source[other_of(slots)]);
	return load_states(slots);
}

int mu_slots_step(struct mu_slots *slots, uint32_t budget_bytes)
{
	if (slots->check != MU_SLOTS_CHECK_RUNNING)
		return 1;
	int result = mu_app_verifier_step(&slots->verifier, budget_bytes);
	if (!result)
		return 0;
	decide(slots, result);
	return 1;
}

const struct mu_slot *mu_slots_running(const struct mu_slots *slots)
{
	return &slots->slot[slots->running];
}

const struct mu_slot *mu_slots_other(const struct mu_slots *slots)
{
	return &slots->slot[other_of(slots)];
}

enum mu_rollback_block mu_slots_rollback_block(const struct mu_slots *slots)
{
	enum mu_slot_state state = mu_slots_other(slots)->state;
	if (slots->busy)
		return MU_ROLLBACK_BUSY;
	if (slots->check == MU_SLOTS_CHECK_EMPTY)
		return MU_ROLLBACK_NO_IMAGE;
	if (slots->check == MU_SLOTS_CHECK_DAMAGED)
		return MU_ROLLBACK_DAMAGED;
	if (state == MU_SLOT_STATE_INVALID || state == MU_SLOT_STATE_ABORTED)
		return MU_ROLLBACK_SLOT_INVALID;
	return slots->check == MU_SLOTS_CHECK_GOOD ? MU_ROLLBACK_READY : MU_ROLLBACK_UNCHECKED;
}

const char *mu_rollback_block_name(enum mu_rollback_block block)
{
	static const char *const names[] = {
		[MU_ROLLBACK_READY] = "ready",
		[MU_ROLLBACK_NO_IMAGE] = "the other slot holds no image",
		[MU_ROLLBACK_DAMAGED] = "the other slot's image is damaged",
		[MU_ROLLBACK_SLOT_INVALID] = "the other slot's image was rejected before",
		[MU_ROLLBACK_BUSY] = "an update is being written",
		[MU_ROLLBACK_UNCHECKED] = "the other slot's image is still being verified",
	};
	return (unsigned)block < sizeof names / sizeof *names && names[block] ? names[block] : "unknown";
}

static bool otadata_names_other(const struct mu_slots *slots)
{
	struct mu_otadata otadata;
	if (read_otadata(slots, &otadata) < 0)
		return false;
	int active = mu_otadata_select(&otadata);
	return active >= 0 && mu_otadata_slot(&otadata.entry[active], MU_SLOTS_COUNT) == other_of(slots);
}

enum change { SET_BOOT, MARK_VALID, REPAIR };

// Computed from what is there now, written, and the states read again.
static int change_otadata(struct mu_slots *slots, enum change how, uint32_t state)
{
	struct mu_otadata otadata;
	struct mu_otadata_change change;
	int err = read_otadata(slots, &otadata);
	if (err < 0)
		return err;
	if (how == SET_BOOT)
		err = mu_otadata_set_boot(&otadata, other_of(slots), MU_SLOTS_COUNT, state, &change);
	else if (how == MARK_VALID)
		err = mu_otadata_mark_valid(&otadata, &change);
	else
		err = mu_otadata_repair(&otadata, slots->running, MU_SLOTS_COUNT, &change);
	if (err >= 0)
		err = apply(slots, &change);
	return err < 0 ? err : load_states(slots);
}

int mu_slots_switch(struct mu_slots *slots, uint32_t state)
{
	if (slots->check != MU_SLOTS_CHECK_GOOD)
		return MU_ERR_STATE;
	int err = change_otadata(slots, SET_BOOT, state);
	// What counts is what the bootloader will read, not which call failed on the way: nobody may hear "failed" and then see
	// the new image.
	if (err < 0 && !otadata_names_other(slots))
		return err;
	load_states(slots);
	return 0;
}

int mu_slots_commit(struct mu_slots *slots)
{
	enum mu_slot_state state = mu_slots_running(slots)->state;
	if (slots->rescue)
		return MU_ERR_STATE;
	if (state != MU_SLOT_STATE_PENDING && state != MU_SLOT_STATE_NEW)
		return 0;
	int err = change_otadata(slots, MARK_VALID, 0);
	if (err >= 0)
		return err;
	mu_slots_repair(slots); // should the entry be gone already: another one for what runs
	return change_otadata(slots, MARK_VALID, 0);
}

int mu_slots_repair(struct mu_slots *slots)
{
	return change_otadata(slots, REPAIR, 0);
}
