// SPDX-License-Identifier: Apache-2.0
#include "agent/ota/journal.h"
#include "agent/image/crc32.h"
#include "agent/image/little_endian.h"
#include <stddef.h>
#include <string.h>

// Header and records have the same size, a CRC-32 in the last four bytes, and FF where nothing is defined.
enum {
	SIZE = MU_JOURNAL_RECORD_SIZE,
	AT_CRC = SIZE - 4,
	HEADER_VERSION = 1,
	AT_GENERATION = 8,
	RECORD_MAGIC = 0x4A4D, // "MJ"
	AT_NUMBER = 8,
	AT_IDS = 12,
	IDS_SIZE = MU_COMMAND_ID_SIZE + 2 * MU_SHA_BYTES, // command, running and target image
};

_Static_assert(offsetof(struct mu_rollback_request, command_id) == 0 &&
		offsetof(struct mu_rollback_request, running_sha) == MU_COMMAND_ID_SIZE &&
		offsetof(struct mu_rollback_request, target_sha) == MU_COMMAND_ID_SIZE + MU_SHA_BYTES,
	"the ids lie in a row, as in flash");

#define HEADER_MAGIC 0x4C4A554Du // "MUJL"

static uint32_t offset_of(unsigned sector, unsigned place)
{
	return sector * (uint32_t)MU_SECTOR_BYTES + place * (uint32_t)SIZE;
}

static int read_place(const struct mu_journal *journal, unsigned sector, unsigned place, uint8_t bytes[SIZE])
{
	const struct mu_port *port = journal->port;
	return port->flash->read(port->context, MU_PART_JOURNAL, offset_of(sector, place), bytes, SIZE);
}

static void seal(uint8_t bytes[SIZE])
{
	mu_le32_put(bytes + AT_CRC, mu_crc32_le(0, bytes, AT_CRC));
}

static bool is_sealed(const uint8_t bytes[SIZE])
{
	return mu_le32_get(bytes + AT_CRC) == mu_crc32_le(0, bytes, AT_CRC);
}

static bool is_blank(const uint8_t bytes[SIZE])
{
	return bytes[0] == 0xFF && !memcmp(bytes, bytes + 1, SIZE - 1);
}

// Returns 1 and the generation if the sector has a good header, else 0, or the flash's error.
static int read_header(const struct mu_journal *journal, unsigned sector, uint32_t *generation)
{
	uint8_t bytes[SIZE];
	int err = read_place(journal, sector, 0, bytes);
	if (err < 0)
		return err;
	if (mu_le32_get(bytes) != HEADER_MAGIC || mu_le32_get(bytes + 4) != HEADER_VERSION || !is_sealed(bytes))
		return 0;
	*generation = mu_le32_get(bytes + AT_GENERATION);
	return 1;
}

static bool decode(struct mu_journal_record *record, const uint8_t bytes[SIZE])
{
	if (mu_le16_get(bytes) != RECORD_MAGIC || !is_sealed(bytes))
		return false;
	record->kind = bytes[2];
	record->request.reason = bytes[3];
	record->failure = bytes[4];
	record->number = mu_le32_get(bytes + AT_NUMBER);
	memcpy(&record->request, bytes + AT_IDS, IDS_SIZE);
	return true;
}

static void encode(const struct mu_journal_record *record, uint8_t bytes[SIZE])
{
	memset(bytes, 0xFF, SIZE);
	mu_le16_put(bytes, RECORD_MAGIC);
	bytes[2] = (uint8_t)record->kind;
	bytes[3] = (uint8_t)record->request.reason;
	bytes[4] = (uint8_t)record->failure;
	mu_le32_put(bytes + AT_NUMBER, record->number);
	memcpy(bytes + AT_IDS, &record->request, IDS_SIZE);
	seal(bytes);
}

// Places from 1 up to the last one that anything was written to, torn ones included.
static int count_used(struct mu_journal *journal)
{
	uint8_t bytes[SIZE];
	for (journal->used = MU_JOURNAL_RECORDS; journal->used; journal->used--) {
		int err = read_place(journal, journal->sector, journal->used, bytes);
		if (err < 0)
			return err;
		if (!is_blank(bytes))
			break;
	}
	return 0;
}

// The sector with the higher generation is the one in use.
static int find_sector(struct mu_journal *journal)
{
	uint32_t generation[2] = { 0, 0 };
	int good[2];
	for (unsigned i = 0; i < 2; i++) {
		good[i] = read_header(journal, i, &generation[i]);
		if (good[i] < 0)
			return good[i];
	}
	journal->open = good[0] || good[1];
	journal->sector = good[1] && (!good[0] || generation[1] > generation[0]);
	return journal->open ? count_used(journal) : 0;
}

static int visit_sector(const struct mu_journal *journal, unsigned sector,
	int (*visit)(void *context, const struct mu_journal_record *record), void *context)
{
	uint32_t generation;
	int result = read_header(journal, sector, &generation);
	if (result <= 0)
		return result;
	for (unsigned place = 1; place <= MU_JOURNAL_RECORDS; place++) {
		uint8_t bytes[SIZE];
		struct mu_journal_record record;
		result = read_place(journal, sector, place, bytes);
		if (!result && decode(&record, bytes))
			result = visit(context, &record);
		if (result)
			return result;
	}
	return 0;
}

int mu_journal_visit(const struct mu_journal *journal, int (*visit)(void *context, const struct mu_journal_record *record), void *context)
{
	if (!journal->open)
		return 0;
	int result = visit_sector(journal, 1 - journal->sector, visit, context);
	return result ? result : visit_sector(journal, journal->sector, visit, context);
}

static int keep_last(void *context, const struct mu_journal_record *record)
{
	*(struct mu_journal_record *)context = *record;
	return 0;
}

int mu_journal_init(struct mu_journal *journal, const struct mu_port *port)
{
	*journal = (struct mu_journal){ .port = port };
	int64_t size = port->flash->size(port->context, MU_PART_JOURNAL);
	if (size < 2 * MU_SECTOR_BYTES)
		return size < 0 ? (int)size : MU_ERR_SIZE;
	int err = find_sector(journal);
	if (!err)
		err = mu_journal_visit(journal, keep_last, &journal->last);
	journal->next_number = journal->last.number + 1;
	return err;
}

static int write_place(const struct mu_journal *journal, unsigned sector, unsigned place, const uint8_t bytes[SIZE])
{
	const struct mu_port *port = journal->port;
	uint8_t stored[SIZE];
	int err = port->flash->program(port->context, MU_PART_JOURNAL, offset_of(sector, place), bytes, SIZE);
	if (err >= 0)
		err = read_place(journal, sector, place, stored);
	return err < 0 ? err : memcmp(bytes, stored, SIZE) ? MU_ERR_CRC : 0;
}

// Erases the sector that is not in use and goes on there. Cut anywhere in it, the full one is found again.
static int turn_over(struct mu_journal *journal)
{
	const struct mu_port *port = journal->port;
	unsigned sector = journal->open ? 1 - journal->sector : 0;
	uint32_t generation = 0;
	uint8_t bytes[SIZE];
	int err = journal->open ? read_header(journal, journal->sector, &generation) : 0;
	if (err >= 0)
		err = port->flash->erase(port->context, MU_PART_JOURNAL, offset_of(sector, 0), MU_SECTOR_BYTES);
	if (err < 0)
		return err;
	memset(bytes, 0xFF, sizeof bytes);
	mu_le32_put(bytes, HEADER_MAGIC);
	mu_le32_put(bytes + 4, HEADER_VERSION);
	mu_le32_put(bytes + AT_GENERATION, generation + 1);
	seal(bytes);
	err = write_place(journal, sector, 0, bytes);
	if (err < 0)
		return err;
	journal->open = true;
	journal->sector = sector;
	journal->used = 0;
	return 0;
}

int mu_journal_append(struct mu_journal *journal, struct mu_journal_record *record)
{
	uint8_t bytes[SIZE];
	int err = !journal->open || journal->used == MU_JOURNAL_RECORDS ? turn_over(journal) : 0;
	if (err < 0)
		return err;
	record->number = journal->next_number;
	encode(record, bytes);
	err = write_place(journal, journal->sector, ++journal->used, bytes);
	if (err < 0)
		return err;
	journal->next_number++;
	journal->last = *record;
	return 0;
}

int mu_journal_last(const struct mu_journal *journal, struct mu_journal_record *record)
{
	if (!journal->last.kind)
		return MU_ERR_NOT_FOUND;
	*record = journal->last;
	return 0;
}

struct search {
	const uint8_t *command_id;
	struct mu_journal_record *found;
	bool any;
};

static int match(void *context, const struct mu_journal_record *record)
{
	struct search *search = context;
	if (!memcmp(record->request.command_id, search->command_id, MU_COMMAND_ID_SIZE)) {
		*search->found = *record;
		search->any = true;
	}
	return 0;
}

int mu_journal_find(const struct mu_journal *journal, const uint8_t command_id[MU_COMMAND_ID_SIZE], struct mu_journal_record *record)
{
	struct search search = { .command_id = command_id, .found = record };
	int err = mu_journal_visit(journal, match, &search);
	return err < 0 ? err : search.any ? 0 : MU_ERR_NOT_FOUND;
}

bool mu_journal_is_open(const struct mu_journal *journal)
{
	enum mu_journal_kind kind = journal->last.kind;
	return kind == MU_JOURNAL_PLANNED || kind == MU_JOURNAL_RESUMED || kind == MU_JOURNAL_SWITCHED;
}
