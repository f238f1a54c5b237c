// SPDX-License-Identifier: Apache-2.0
#include "agent/ota/boot_guard.h"
#include "agent/image/crc32.h"
#include "agent/image/little_endian.h"
#include <string.h>

// Bits of a boot, set in erased flash; clearing one is an event.
enum { STARTED = 1, GOOD = 2, NEUTRAL = 4, ACTED = 8 };

enum { HEADER_SIZE = MU_BOOT_GUARD_HEADER_SIZE, AT_GENERATION = 4, AT_CARRIED = 8, AT_CRC = HEADER_SIZE - 4, CHUNK = 64 };

#define MAGIC 0x4742554Du // "MUBG"

static uint32_t byte_offset(unsigned sector, unsigned boot)
{
	return sector * (uint32_t)MU_SECTOR_BYTES + HEADER_SIZE + boot / 2;
}

static unsigned shift_of(unsigned boot)
{
	return boot % 2 * 4;
}

static int read(const struct mu_boot_guard *guard, uint32_t offset, void *out, size_t size)
{
	return guard->port->flash->read(guard->port->context, MU_PART_BOOT, offset, out, size);
}

static int clear_bit(const struct mu_boot_guard *guard, unsigned boot, unsigned bit)
{
	uint8_t byte;
	int err = read(guard, byte_offset(guard->sector, boot), &byte, 1);
	if (err < 0 || !(byte >> shift_of(boot) & bit))
		return err;
	byte &= (uint8_t) ~(bit << shift_of(boot));
	return guard->port->flash->program(guard->port->context, MU_PART_BOOT, byte_offset(guard->sector, boot), &byte, 1);
}

// Returns 1 if the sector has a good header.
static int read_header(const struct mu_boot_guard *guard, unsigned sector, uint32_t *generation, uint32_t *carried)
{
	uint8_t bytes[HEADER_SIZE];
	int err = read(guard, sector * (uint32_t)MU_SECTOR_BYTES, bytes, sizeof bytes);
	if (err < 0)
		return err;
	if (mu_le32_get(bytes) != MAGIC || mu_le32_get(bytes + AT_CRC) != mu_crc32_le(0, bytes, AT_CRC))
		return 0;
	*generation = mu_le32_get(bytes + AT_GENERATION);
	*carried = mu_le32_get(bytes + AT_CARRIED);
	return 1;
}

// Begins an erased sector. Cut anywhere in it, the sector before is still the newest.
static int begin_sector(struct mu_boot_guard *guard, unsigned sector, unsigned carried)
{
	const struct mu_port *port = guard->port;
	uint32_t offset = sector * (uint32_t)MU_SECTOR_BYTES;
	uint8_t bytes[HEADER_SIZE];
	int err = port->flash->erase(port->context, MU_PART_BOOT, offset, MU_SECTOR_BYTES);
	if (err < 0)
		return err;
	memset(bytes, 0xFF, sizeof bytes);
	mu_le32_put(bytes, MAGIC);
	mu_le32_put(bytes + AT_GENERATION, guard->generation + 1);
	mu_le32_put(bytes + AT_CARRIED, carried);
	mu_le32_put(bytes + AT_CRC, mu_crc32_le(0, bytes, AT_CRC));
	err = port->flash->program(port->context, MU_PART_BOOT, offset, bytes, sizeof bytes);
	if (err < 0)
		return err;
	guard->generation++;
	guard->sector = sector;
	guard->carried = carried;
	guard->boot = 0;
	return 0;
}

// Chooses the newest sector; makes the first one if there is none.
static int find_sector(struct mu_boot_guard *guard)
{
	bool found = false;
	for (unsigned i = 0; i < 2; i++) {
		uint32_t generation, carried;
		int good = read_header(guard, i, &generation, &carried);
		if (good < 0)
			return good;
		if (!good || (found && generation < guard->generation))
			continue;
		found = true;
		guard->sector = i;
		guard->generation = generation;
		guard->carried = carried;
	}
	return found ? 0 : begin_sector(guard, 0, 0);
}

// The first place whose STARTED bit is still set.
static int find_place(struct mu_boot_guard *guard)
{
	uint8_t bytes[CHUNK];
	for (guard->boot = 0; guard->boot < MU_BOOT_GUARD_BOOTS; guard->boot++) {
		unsigned at = guard->boot / 2 % CHUNK;
		size_t left = (MU_BOOT_GUARD_BOOTS - guard->boot) / 2;
		if (at == 0 && guard->boot % 2 == 0) {
			int err = read(guard, byte_offset(guard->sector, guard->boot), bytes, left < CHUNK ? left : CHUNK);
			if (err < 0)
				return err;
		}
		if (bytes[at] >> shift_of(guard->boot) & STARTED)
			break;
	}
	return 0;
}

// Bad boots in a row before place guard->boot.
static int count_row(struct mu_boot_guard *guard)
{
	guard->count = 0;
	for (unsigned boot = guard->boot; boot-- > 0;) {
		uint8_t byte;
		int err = read(guard, byte_offset(guard->sector, boot), &byte, 1);
		if (err < 0)
			return err;
		unsigned cleared = ~((unsigned)byte >> shift_of(boot));
		if (cleared & (GOOD | ACTED))
			return 0;
		guard->count += !(cleared & NEUTRAL);
	}
	guard->count += guard->carried;
	return 0;
}

// A boot that ended in another way than a crash takes itself out of the row. GOOD ends the row anyway.
static int judge_last_boot(const struct mu_boot_guard *guard, bool crashed)
{
	return guard->boot && !crashed ? clear_bit(guard, guard->boot - 1, NEUTRAL) : 0;
}

static int find_room(struct mu_boot_guard *guard)
{
	return guard->boot == MU_BOOT_GUARD_BOOTS ? begin_sector(guard, 1 - guard->sector, guard->count) : 0;
}

static int start(struct mu_boot_guard *guard, bool crashed)
{
	int64_t size = guard->port->flash->size(guard->port->context, MU_PART_BOOT);
	if (size < 2 * MU_SECTOR_BYTES)
		return size < 0 ? (int)size : MU_ERR_SIZE;
	int err = find_sector(guard);
	if (!err)
		err = find_place(guard);
	if (!err)
		err = judge_last_boot(guard, crashed);
	if (!err)
		err = count_row(guard);
	if (!err)
		err = find_room(guard);
	return err < 0 ? err : clear_bit(guard, guard->boot, STARTED);
}

int mu_boot_guard_start(struct mu_boot_guard *guard, const struct mu_port *port, bool crashed)
{
	*guard = (struct mu_boot_guard){ .port = port };
	int err = start(guard, crashed);
	if (err < 0)
		return err;
	guard->usable = true;
	return guard->count && guard->count % MU_BOOT_GUARD_LIMIT == 0;
}

int mu_boot_guard_step(struct mu_boot_guard *guard, uint64_t uptime_ms)
{
	if (!guard->usable || guard->good || uptime_ms < MU_BOOT_GUARD_GOOD_MS)
		return 0;
	int err = clear_bit(guard, guard->boot, GOOD);
	guard->good = err >= 0;
	return err;
}

int mu_boot_guard_acted(struct mu_boot_guard *guard)
{
	return guard->usable ? clear_bit(guard, guard->boot, ACTED) : 0;
}
