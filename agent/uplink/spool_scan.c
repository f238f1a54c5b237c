// SPDX-License-Identifier: Apache-2.0
#include "agent/uplink/spool_scan.h"
#include <string.h>

enum { CHUNK_BYTES = 128 };

// Header of the sector at a position. 1: good; 0: not ours (then *blank tells whether anything is there); negative: read failed.
static int read_header(struct mu_spool_ring *ring, uint32_t position, struct mu_spool_header *header, bool *blank)
{
	uint8_t bytes[MU_SPOOL_HEADER_BYTES];
	int err = mu_spool_ring_read(ring, position + 1, 0, bytes, sizeof bytes);
	if (err < 0)
		return err;
	*blank = mu_spool_is_blank(bytes, sizeof bytes);
	if (mu_spool_header_decode(header, bytes) < 0 || header->ring != ring->id)
		return 0;
	return (header->number - 1) % ring->count == position;
}

static int find_head(struct mu_spool_ring *ring, struct mu_spool_found *found, bool *head_succeeded)
{
	struct mu_spool_header header;
	bool blank;
	uint64_t epoch = found->epoch;
	ring->head = 0;
	for (uint32_t position = 0; position < ring->count; position++) {
		int good = read_header(ring, position, &header, &blank);
		if (good < 0)
			return good;
		if (!good || (epoch && header.epoch != epoch) || header.number <= ring->head)
			continue;
		ring->head = header.number;
		found->epoch = header.epoch;
		*head_succeeded = header.succeeded;
	}
	return 0;
}

static void gather(struct mu_spool_found *found, const struct mu_spool_header *header)
{
	if (header->acked_through > found->acked)
		found->acked = header->acked_through;
	for (int i = 0; i < MU_CLASS_COUNT; i++)
		if (header->dropped[i] > found->dropped[i])
			found->dropped[i] = header->dropped[i];
}

// What is not readable there was never of this ring: the sector behind the head may be half erased or have half a header, as it is
// being made, and those that the ring has not come to yet hold what was there before the spool was formatted.
static bool is_in_the_making(const struct mu_spool_ring *ring, uint32_t position, bool head_succeeded)
{
	return !head_succeeded && (position == ring->head % ring->count || position >= ring->head);
}

// One sector's place in the table, from its header.
static int fill_place(struct mu_spool_ring *ring, struct mu_spool_found *found, uint32_t position, bool head_succeeded)
{
	struct mu_spool_sector *sector = &ring->sectors[position];
	struct mu_spool_header header;
	bool blank;
	int good = read_header(ring, position, &header, &blank);
	if (good < 0)
		return good;
	if (!good && !blank && !is_in_the_making(ring, position, head_succeeded)) {
		mu_spool_ring_damaged(ring, position + 1);
		sector->tail = MU_GAP_DAMAGED;
	}
	if (!good || header.epoch != found->epoch || ring->head - header.number >= ring->count)
		return 0;
	gather(found, &header);
	mu_spool_sector_begin(sector, &header);
	sector->closed = header.number != ring->head;
	sector->retired = header.retired && sector->closed;
	return 0;
}

// Fills the table from the headers.
static int fill_table(struct mu_spool_ring *ring, struct mu_spool_found *found, bool head_succeeded)
{
	for (uint32_t position = 0; position < ring->count; position++) {
		int err = fill_place(ring, found, position, head_succeeded);
		if (err < 0)
			return err;
	}
	return 0;
}

// ---- the entries of one sector

struct survey {
	uint64_t next_seq; // behind the last entry that was found
	uint64_t before_last; // next_seq before that entry
	uint16_t last; // offset of the last entry, 0: none
	struct mu_spool_entry_header entry; // the last one
	enum mu_spool_place place; // what the last entry is ...
	enum mu_spool_place end; // ... and what is behind it
};

struct spot { // one place in a sector
	struct mu_spool_entry_header entry;
	uint64_t seq;
	int place; // enum mu_spool_place
};

// A void entry of archive has no place in the order: a copy was torn, and its number comes again, maybe behind others and in another sector.
static bool has_own_number(const struct mu_spool_ring *ring, const struct spot *spot)
{
	return spot->place == MU_PLACE_RECORD || (spot->entry.size && ring->id == MU_RING_RECENT);
}

// Decodes the place at the sector's `end`, behind which next_seq is due; what is too long for the sector, or out of order, is damage.
static int look(struct mu_spool_ring *ring, uint32_t number, uint64_t next_seq, uint64_t limit, struct spot *spot)
{
	const struct mu_spool_sector *sector = mu_spool_ring_place(ring, number);
	uint8_t bytes[MU_SPOOL_ENTRY_BYTES];
	*spot = (struct spot){ .seq = next_seq, .place = MU_PLACE_BLANK };
	if (sector->end + sizeof bytes > MU_SECTOR_BYTES)
		return 0;
	int err = mu_spool_ring_read(ring, number, sector->end, bytes, sizeof bytes);
	if (err < 0)
		return err;
	spot->place = (int)mu_spool_entry_decode(&spot->entry, bytes);
	if (spot->place == MU_PLACE_BLANK)
		return 0;
	bool good = sector->end + sizeof bytes + spot->entry.size <= MU_SECTOR_BYTES;
	if (has_own_number(ring, spot)) {
		spot->seq = mu_spool_sector_first(sector) + spot->entry.delta;
		good = good && spot->seq >= next_seq && spot->seq < limit;
	}
	if (!good)
		spot->place = MU_PLACE_DAMAGED;
	return 0;
}

static void note_spot(struct mu_spool_ring *ring, struct mu_spool_sector *sector, const struct spot *spot, struct mu_spool_found *found,
	struct survey *survey)
{
	survey->last = sector->end;
	survey->place = (enum mu_spool_place)spot->place;
	survey->entry = spot->entry;
	survey->before_last = survey->next_seq;
	sector->end = (uint16_t)(sector->end + MU_SPOOL_ENTRY_BYTES + spot->entry.size);
	if (spot->place == MU_PLACE_VOID && ring->id == MU_RING_ARCHIVE)
		return; // about to be copied again; a void entry of recent has used its number
	survey->next_seq = spot->seq + 1;
	bool is_acked = survey->last < sector->marks * (MU_SECTOR_BYTES / MU_SPOOL_MARKS);
	if (is_acked && spot->place == MU_PLACE_RECORD &&
		spot->seq > found->acked) // a void one may lie between the last acked and the next
		found->acked = spot->seq;
}

// Walks to the end of what can be read. limit: the next sector starts with this seq.
static int survey_sector(struct mu_spool_ring *ring, uint32_t number, uint64_t limit, struct mu_spool_found *found, struct survey *survey)
{
	struct mu_spool_sector *sector = mu_spool_ring_place(ring, number);
	*survey = (struct survey){ .next_seq = mu_spool_sector_first(sector) };
	for (;;) { // ends, because each turn moves sector->end by an entry header
		struct spot spot;
		int err = look(ring, number, survey->next_seq, limit, &spot);
		if (err < 0)
			return err;
		survey->end = (enum mu_spool_place)spot.place;
		if (spot.place == MU_PLACE_BLANK || spot.place == MU_PLACE_DAMAGED)
			return 0;
		note_spot(ring, sector, &spot, found, survey);
	}
}

static int is_blank_from(struct mu_spool_ring *ring, uint32_t number, uint32_t offset)
{
	uint8_t chunk[CHUNK_BYTES];
	while (offset < MU_SECTOR_BYTES) {
		size_t size = MU_SECTOR_BYTES - offset < sizeof chunk ? MU_SECTOR_BYTES - offset : sizeof chunk;
		int err = mu_spool_ring_read(ring, number, offset, chunk, size);
		if (err < 0)
			return err;
		if (!mu_spool_is_blank(chunk, size))
			return 0;
		offset += (uint32_t)size;
	}
	return 1;
}

static void close_damaged(struct mu_spool_ring *ring, uint32_t number)
{
	struct mu_spool_sector *sector = mu_spool_ring_place(ring, number);
	sector->closed = true;
	sector->tail = MU_GAP_DAMAGED;
	mu_spool_ring_damaged(ring, number);
}

// Numbers that may have been used, by records that nobody will see again. Those of archive lie in recent still.
static void skip_numbers(struct mu_spool_ring *ring, uint64_t count)
{
	if (ring->id == MU_RING_RECENT)
		ring->next_seq += count;
}

// The last record of the newest sector is made void if its bytes are not all there. Fails only if it cannot be read.
static int repair_record(struct mu_spool_ring *ring, const struct survey *survey)
{
	if (!survey->last || survey->place != MU_PLACE_RECORD)
		return 0;
	struct mu_spool_walk walk = { .number = ring->head, .offset = survey->last, .entry = survey->entry };
	int err = mu_spool_ring_load(ring, &walk, NULL);
	if (err != MU_ERR_CRC)
		return err;
	if (ring->id == MU_RING_ARCHIVE)
		ring->next_seq = survey->before_last;
	if (mu_spool_ring_clear(ring, ring->head, survey->last + MU_SPOOL_LIVE_OFFSET, 1) < 0)
		mu_spool_ring_place(ring, ring->head)->closed = true; // stays, and reads as damaged
	return 0;
}

// The header behind the last entry was torn.
static void void_header(struct mu_spool_ring *ring, struct mu_spool_sector *sector)
{
	skip_numbers(ring, 1);
	if (mu_spool_ring_clear(ring, ring->head, sector->end, MU_SPOOL_ENTRY_BYTES) < 0) {
		sector->closed = true;
		sector->tail = MU_GAP_RESERVED;
		return;
	}
	sector->end += MU_SPOOL_ENTRY_BYTES;
}

// Makes the newest sector fit to be appended to, or closes it. Fails only if it cannot be read.
static int repair_head(struct mu_spool_ring *ring, const struct survey *survey)
{
	struct mu_spool_sector *sector = mu_spool_ring_place(ring, ring->head);
	ring->next_seq = survey->next_seq;
	int err = repair_record(ring, survey);
	if (err < 0)
		return err;
	bool torn = survey->end == MU_PLACE_DAMAGED; // a torn header has only blank flash behind it
	int blank = is_blank_from(ring, ring->head, sector->end + (torn ? MU_SPOOL_ENTRY_BYTES : 0));
	if (blank < 0)
		return blank;
	if (!blank) {
		close_damaged(ring, ring->head);
		skip_numbers(ring, (MU_SECTOR_BYTES - sector->end) / (MU_SPOOL_ENTRY_BYTES + 1));
	} else if (torn) {
		void_header(ring, sector);
	}
	return 0;
}

// Not of the ring, but not blank either: fill_place() has said so.
static bool is_lost(const struct mu_spool_sector *sector)
{
	return !sector->valid && sector->tail == MU_GAP_DAMAGED;
}

// The head has a successor, but it cannot be read: the numbers go on behind whatever all sectors may have held since. Nor is its place used again
// before the ring has come round, for a place that lost one header may lose the next: each that lies there lost makes the numbers jump further,
// so that they never meet those of the time before.
static void jump_lost_sectors(struct mu_spool_ring *ring)
{
	struct mu_spool_sector *head = mu_spool_ring_place(ring, ring->head);
	head->closed = true;
	head->tail = MU_GAP_DAMAGED;
	if (ring->id == MU_RING_ARCHIVE)
		return;
	uint32_t lost = 0;
	while (lost + 2 < ring->count && is_lost(mu_spool_ring_place(ring, ring->head + 1 + lost)))
		lost++;
	ring->head += lost;
	ring->next_seq += (ring->count + lost) * MU_SPOOL_LOST_SEQS;
}

static int survey_one(struct mu_spool_ring *ring, uint32_t number, uint64_t limit, struct mu_spool_found *found)
{
	struct mu_spool_sector *sector = mu_spool_ring_place(ring, number);
	struct survey survey;
	int err = survey_sector(ring, number, limit, found, &survey);
	if (err < 0)
		return err;
	if (number == ring->head)
		return repair_head(ring, &survey);
	if (survey.end == MU_PLACE_DAMAGED && !sector->retired)
		close_damaged(ring, number);
	sector->valid = !sector->retired; // it was looked at for what it knows to be acked
	return 0;
}

// From the newest on, because each sector's numbers end where the next one's begin.
static int survey_all(struct mu_spool_ring *ring, struct mu_spool_found *found)
{
	uint64_t limit = UINT64_MAX;
	for (uint32_t number = ring->head; number && ring->head - number < ring->count; number--) {
		struct mu_spool_sector *sector = mu_spool_ring_sector(ring, number);
		if (!sector)
			continue;
		if (mu_spool_sector_first(sector) > limit) { // cannot be: its numbers are given out already
			sector->valid = false;
			continue;
		}
		int err = survey_one(ring, number, limit, found);
		if (err < 0)
			return err;
		limit = mu_spool_sector_first(sector);
	}
	return 0;
}

// A cut or a failed call between a new header and the word in the old one: done now, before anything is appended. Not only in the sector just
// before the head: a try that failed passes over one.
static void finish_succession(struct mu_spool_ring *ring)
{
	struct mu_spool_header header;
	bool blank;
	for (uint32_t number = ring->head - 1; number && ring->head - number < ring->count; number--)
		if (mu_spool_ring_sector(ring, number) && read_header(ring, (number - 1) % ring->count, &header, &blank) > 0 &&
			!header.succeeded)
			(void)mu_spool_ring_clear(ring, number, MU_SPOOL_SUCCEEDED_OFFSET, 4);
}

int mu_spool_scan(struct mu_spool_ring *ring, struct mu_spool_found *found)
{
	memset(ring->sectors, 0, ring->count * sizeof *ring->sectors);
	ring->last = (struct mu_spool_walk){ 0 };
	ring->next_seq = 1;
	bool head_succeeded = false;
	int err = find_head(ring, found, &head_succeeded);
	if (err < 0 || !ring->head)
		return err;
	err = fill_table(ring, found, head_succeeded);
	if (!err)
		err = survey_all(ring, found);
	if (err < 0)
		return err;
	if (head_succeeded)
		jump_lost_sectors(ring);
	finish_succession(ring);
	return 0;
}
