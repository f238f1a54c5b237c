// SPDX-License-Identifier: Apache-2.0
#include "agent/uplink/spool.h"
#include "agent/uplink/spool_scan.h"
#include "proto/limits.h"
#include <string.h>

enum { EMPTY_TRIES = 3 };

// ---- keeping: what leaves recent

// Moves a record into archive, opening a sector there if need be.
static int archive_record(struct mu_spool *spool, const struct mu_spool_walk *walk);

// The stamp of a record in flash; null if it cannot be read.
static const struct mu_stamp *read_stamp(struct mu_spool_ring *ring, const struct mu_spool_walk *walk, struct mu_stamp *stamp)
{
	uint8_t bytes[MU_STAMP_BYTES_MAX];
	size_t size = walk->entry.size < sizeof bytes ? walk->entry.size : sizeof bytes;
	if (mu_spool_ring_read(ring, walk->number, walk->offset + MU_SPOOL_ENTRY_BYTES, bytes, size) < 0)
		return NULL;
	return mu_stamp_read(bytes, size, stamp) < 0 ? NULL : stamp;
}

// Once a boot: goes on behind the newest heartbeat of archive, or each boot would keep one more.
static void begin_thinning(struct mu_spool *spool)
{
	struct mu_spool_walk walk = { 0 }, newest = { 0 };
	struct mu_stamp stamp;
	while (mu_spool_ring_next(&spool->archive, &walk) > 0)
		if (walk.entry.record_class == MU_CLASS_HEARTBEAT)
			newest = walk;
	if (newest.number)
		mu_thinning_kept(&spool->thinning, read_stamp(&spool->archive, &newest, &stamp));
	spool->thinning_begun = true;
}

static bool is_worth_keeping(struct mu_spool *spool, const struct mu_spool_walk *walk)
{
	struct mu_stamp stamp;
	if (walk->entry.record_class != MU_CLASS_HEARTBEAT)
		return walk->entry.record_class >= MU_CLASS_EVENT;
	if (!spool->thinning_begun)
		begin_thinning(spool);
	return mu_thinning_keep(&spool->thinning, read_stamp(&spool->recent, walk, &stamp));
}

static void add_dropped(struct mu_spool *spool, const uint32_t dropped[MU_CLASS_COUNT])
{
	for (int i = 0; i < MU_CLASS_COUNT; i++)
		spool->dropped[i] = spool->dropped[i] < UINT32_MAX - dropped[i] ? spool->dropped[i] + dropped[i] : UINT32_MAX;
}

// Only after a cut in the middle of emptying a sector, which is then emptied again.
static bool is_archived(struct mu_spool *spool, uint64_t seq)
{
	struct mu_spool_walk walk;
	return mu_spool_ring_find(&spool->archive, seq, &walk) > 0 && walk.seq == seq;
}

// A record that leaves recent: is it in archive now? Archive takes only what is above its last number.
static bool is_kept(struct mu_spool *spool, const struct mu_spool_walk *walk)
{
	if (walk->seq < spool->archive.next_seq)
		return is_archived(spool, walk->seq);
	return is_worth_keeping(spool, walk) && archive_record(spool, walk) >= 0;
}

// Everything unacked of a sector is archived (if it is recent's) or counted as dropped: when all is done, so that a header which is written
// meanwhile does not know of half of it.
static int empty_sector(struct mu_spool *spool, struct mu_spool_ring *ring, uint32_t number)
{
	struct mu_spool_walk walk = { .number = number, .next = MU_SPOOL_HEADER_BYTES };
	uint32_t dropped[MU_CLASS_COUNT] = { 0 };
	int found;
	while ((found = mu_spool_ring_next(ring, &walk)) > 0 && walk.number == number)
		if (walk.seq > spool->acked && !(ring == &spool->recent && is_kept(spool, &walk)))
			dropped[walk.entry.record_class]++;
	if (found < 0)
		return found;
	add_dropped(spool, dropped);
	return 0;
}

// Records of the ring in (after, through], below `below`.
static int count_in(struct mu_spool_ring *ring, uint64_t after, uint64_t through, uint64_t below)
{
	struct mu_spool_walk walk;
	int count = 0, found = mu_spool_ring_find(ring, after + 1, &walk);
	for (; found > 0 && walk.seq <= through && walk.seq < below; found = mu_spool_ring_next(ring, &walk))
		count++;
	return found < 0 ? found : count;
}

// The same in the spool's view: archive below recent's floor, then recent.
static int count_between(struct mu_spool *spool, uint64_t after, uint64_t through)
{
	int old = count_in(&spool->archive, after, through, mu_spool_ring_floor(&spool->recent));
	int count = old < 0 ? old : count_in(&spool->recent, after, through, UINT64_MAX);
	return count < 0 ? count : old + count;
}

static int count_depth(struct mu_spool *spool)
{
	int depth = count_between(spool, spool->acked, UINT64_MAX);
	if (depth < 0)
		return depth;
	spool->depth = (uint32_t)depth;
	return 0;
}

// ---- the next sector of a ring

// A read that fails is tried again: to pass the place over would lose all that it holds.
static int empty_place(struct mu_spool *spool, struct mu_spool_ring *ring, uint32_t number)
{
	uint32_t there = number > ring->count ? number - ring->count : 0;
	if (!mu_spool_ring_sector(ring, there))
		return 0;
	int err = MU_ERR_IO;
	for (int tries = 0; tries < EMPTY_TRIES && err < 0; tries++)
		err = empty_sector(spool, ring, there);
	if (err < 0)
		return err;
	mu_spool_ring_retire(ring, there);
	(void)count_depth(spool); // if it cannot be read, the depth stays too high until the next sector
	return 0;
}

// Opens the sector behind the head, or, if its flash is bad, the one behind that; never destroys more than these two.
static int advance(struct mu_spool *spool, struct mu_spool_ring *ring, uint64_t first_seq)
{
	const struct mu_spool_sector *head = mu_spool_ring_sector(ring, ring->head);
	struct mu_spool_header header = { .ring = ring->id,
		.jump = head ? head->tail : MU_GAP_NONE,
		.epoch = spool->epoch,
		.first_seq = first_seq,
		.acked_through = spool->acked };
	uint32_t second = ring->head + 2, last = ring->count > 2 ? second : second - 1;
	int err = MU_ERR_IO;
	for (header.number = ring->head + 1; header.number <= last; header.number++) {
		err = empty_place(spool, ring, header.number);
		memcpy(header.dropped, spool->dropped, sizeof header.dropped);
		if (!err)
			err = mu_spool_ring_open_sector(ring, &header);
		if (!err && header.number == second)
			(void)count_depth(spool); // one was passed over, with what it held
		if (!err)
			return 0;
	}
	return err;
}

static int archive_record(struct mu_spool *spool, const struct mu_spool_walk *walk)
{
	struct mu_spool_ring *archive = &spool->archive;
	int err = MU_ERR_FULL;
	for (int tries = 0; tries < 2 && err < 0; tries++) { // the second time in a fresh sector
		err = 0;
		if (!mu_spool_ring_fits(archive, walk->seq, walk->entry.size))
			err = advance(spool, archive, walk->seq);
		if (!err)
			err = mu_spool_ring_copy(archive, &spool->recent, walk);
	}
	return err;
}

// ---- opening

// Nothing of recent is readable: whatever is there must never be taken for ours again.
static int format(struct mu_spool *spool)
{
	uint8_t magic[4];
	for (uint32_t number = 1; number <= spool->recent.count; number++) {
		int err = mu_spool_ring_read(&spool->recent, number, 0, magic, sizeof magic);
		if (!err && !mu_spool_is_blank(magic, sizeof magic))
			err = mu_spool_ring_clear(&spool->recent, number, 0, sizeof magic);
		if (err < 0)
			return err;
	}
	if (spool->port->system->random(spool->port->context, &spool->epoch, sizeof spool->epoch) < 0)
		return MU_ERR_IO;
	if (!spool->epoch)
		spool->epoch = 1;
	return advance(spool, &spool->recent, spool->next_seq);
}

static int find_rings(struct mu_spool *spool)
{
	struct mu_spool_found found = { 0 };
	int err = mu_spool_scan(&spool->recent, &found);
	if (err < 0)
		return err;
	spool->next_seq = spool->recent.next_seq;
	if (!spool->recent.head)
		return format(spool);
	err = mu_spool_scan(&spool->archive, &found);
	if (err < 0)
		return err;
	spool->epoch = found.epoch;
	spool->acked = found.acked;
	memcpy(spool->dropped, found.dropped, sizeof spool->dropped);
	if (spool->next_seq < spool->archive.next_seq)
		spool->next_seq = spool->archive.next_seq;
	if (spool->acked >= spool->next_seq)
		spool->acked = spool->next_seq - 1;
	return count_depth(spool);
}

int mu_spool_open(struct mu_spool *spool, const struct mu_port *port)
{
	*spool = (struct mu_spool){ .port = port };
	int64_t bytes = port->flash->size(port->context, MU_PART_SPOOL);
	if (bytes < 0)
		return bytes == MU_ERR_NOT_FOUND ? MU_ERR_NOT_FOUND : MU_ERR_IO;
	int64_t sectors = bytes / MU_SECTOR_BYTES;
	if (sectors < MU_SPOOL_SECTORS_MIN)
		return MU_ERR_SIZE;
	if (sectors > MU_SPOOL_SECTORS_MAX)
		sectors = MU_SPOOL_SECTORS_MAX;
	uint32_t half = (uint32_t)sectors / 2;
	spool->recent =
		(struct mu_spool_ring){ .port = port, .sectors = spool->sectors, .count = half, .id = MU_RING_RECENT, .next_seq = 1 };
	spool->archive = (struct mu_spool_ring){ .port = port,
		.sectors = spool->sectors + half,
		.first_sector = half,
		.count = half,
		.id = MU_RING_ARCHIVE,
		.next_seq = 1 };
	int err = find_rings(spool);
	spool->open = !err;
	spool->told_seq = spool->next_seq;
	return err;
}

// ---- appending

int mu_spool_append(struct mu_spool *spool, enum mu_record_class record_class, const void *packed, size_t size, uint64_t *seq)
{
	if (!spool->open)
		return MU_ERR_STATE;
	if (!size || size > MU_SPOOL_RECORD_MAX || (unsigned)record_class >= MU_CLASS_COUNT)
		return MU_ERR_SIZE;
	struct mu_spool_ring *recent = &spool->recent;
	if (!mu_spool_ring_fits(recent, spool->next_seq, size)) {
		int err = advance(spool, recent, spool->next_seq);
		if (err < 0)
			return err;
	}
	uint64_t mine = spool->next_seq++; // used up, whatever becomes of it
	int err = mu_spool_ring_append(recent, mine, (uint8_t)record_class, packed, size);
	if (err < 0)
		return err;
	spool->depth++;
	spool->told_seq = spool->next_seq;
	if (seq)
		*seq = mine;
	return 0;
}

// ---- reading

static int read_record(struct mu_spool_ring *ring, const struct mu_spool_walk *walk, struct mu_spool_entry *out, void *buffer, size_t size)
{
	out->gap = MU_GAP_NONE;
	out->count = 1;
	out->record_class = (enum mu_record_class)walk->entry.record_class;
	out->size = walk->entry.size;
	if (out->size > size)
		return MU_ERR_SIZE;
	int err = mu_spool_ring_load(ring, walk, buffer);
	if (err == MU_ERR_CRC) {
		mu_spool_ring_damaged(ring, walk->number);
		out->gap = MU_GAP_DAMAGED;
		out->size = 0;
		return 0;
	}
	return err;
}

// Ends where numbers begin that nobody may be told of yet, if it begins before them.
static int read_gap(const struct mu_spool *spool, struct mu_spool_entry *out, uint64_t end, enum mu_gap_reason reason)
{
	if (out->seq < spool->told_seq && end > spool->told_seq)
		end = spool->told_seq;
	out->gap = reason;
	out->size = 0;
	out->count = end - out->seq;
	if (out->count > MU_GAP_COUNT_MAX)
		out->count = MU_GAP_COUNT_MAX;
	return 0;
}

// The sector before the oldest of recent had records, but is damaged: what is missing before the floor is not only thinned.
static bool is_floor_damaged(const struct mu_spool_ring *recent)
{
	uint32_t oldest = mu_spool_ring_oldest(recent);
	return oldest > 1 && recent->head - (oldest - 1) < recent->count && mu_spool_ring_place(recent, oldest - 1)->tail == MU_GAP_DAMAGED;
}

// Why the numbers from out->seq to `end`, below recent's floor, are missing; those below archive's floor are a gap of their own.
static int read_old_gap(struct mu_spool *spool, const struct mu_spool_walk *walk, uint64_t end, bool to_floor, struct mu_spool_entry *out)
{
	uint64_t archive_floor = mu_spool_ring_floor(&spool->archive);
	if (out->seq < archive_floor && mu_spool_ring_oldest(&spool->archive) > 1)
		return read_gap(spool, out, archive_floor < end ? archive_floor : end, MU_GAP_OVERWRITTEN);
	bool damaged = walk->reason == MU_GAP_DAMAGED || (to_floor && is_floor_damaged(&spool->recent));
	return read_gap(spool, out, end, damaged ? MU_GAP_DAMAGED : MU_GAP_THINNED);
}

// out->seq lies below recent's floor.
static int read_archive(struct mu_spool *spool, uint64_t floor, struct mu_spool_entry *out, void *buffer, size_t size)
{
	struct mu_spool_walk walk;
	int found = mu_spool_ring_find(&spool->archive, out->seq, &walk);
	if (found < 0)
		return found;
	bool to_floor = !found || walk.seq >= floor;
	if (!to_floor && walk.seq == out->seq)
		return read_record(&spool->archive, &walk, out, buffer, size);
	return read_old_gap(spool, &walk, to_floor ? floor : walk.seq, to_floor, out);
}

int mu_spool_read(struct mu_spool *spool, uint64_t from_seq, struct mu_spool_entry *out, void *buffer, size_t size)
{
	*out = (struct mu_spool_entry){ .seq = from_seq };
	if (!spool->open)
		return MU_ERR_STATE;
	if (from_seq < mu_spool_oldest_seq(spool))
		return MU_ERR_RANGE;
	if (from_seq >= spool->next_seq)
		return MU_ERR_NOT_FOUND;
	uint64_t floor = mu_spool_ring_floor(&spool->recent);
	if (from_seq < floor)
		return read_archive(spool, floor, out, buffer, size);
	struct mu_spool_walk walk;
	int found = mu_spool_ring_find(&spool->recent, from_seq, &walk);
	if (found < 0)
		return found;
	if (found && walk.seq == from_seq)
		return read_record(&spool->recent, &walk, out, buffer, size);
	return read_gap(spool, out, found ? walk.seq : spool->next_seq, walk.reason ? (enum mu_gap_reason)walk.reason : MU_GAP_DAMAGED);
}

// ---- acking

int mu_spool_ack(struct mu_spool *spool, uint64_t through_seq)
{
	if (!spool->open)
		return MU_ERR_STATE;
	if (through_seq >= spool->next_seq)
		return MU_ERR_RANGE;
	if (through_seq <= spool->acked)
		return 0;
	uint64_t before = spool->acked;
	int covered = count_between(spool, before, through_seq);
	spool->acked = through_seq;
	if (through_seq + 1 == spool->next_seq || covered > (int)spool->depth)
		covered = (int)spool->depth;
	if (covered > 0) // if they cannot be counted, the depth stays too high until the next sector, or until all is acked
		spool->depth -= (uint32_t)covered;
	int archive_err = mu_spool_ring_mark(&spool->archive, before, through_seq);
	int recent_err = mu_spool_ring_mark(&spool->recent, before, through_seq);
	return archive_err < 0 ? archive_err : recent_err;
}

// ---- what is known

uint64_t mu_spool_epoch(const struct mu_spool *spool)
{
	return spool->open ? spool->epoch : 0;
}

uint64_t mu_spool_sendable_seq(const struct mu_spool *spool)
{
	return spool->open ? spool->told_seq : 0;
}

uint64_t mu_spool_next_seq(const struct mu_spool *spool)
{
	return spool->open ? spool->next_seq : 0;
}

uint64_t mu_spool_acked_through(const struct mu_spool *spool)
{
	return spool->open ? spool->acked : 0;
}

uint64_t mu_spool_oldest_seq(const struct mu_spool *spool)
{
	if (!spool->open)
		return 0;
	uint64_t floor = mu_spool_ring_floor(&spool->recent);
	return floor <= spool->acked ? floor : spool->acked + 1;
}

uint32_t mu_spool_depth(const struct mu_spool *spool)
{
	return spool->open ? spool->depth : 0;
}

// Sectors whose successor starts above what is acked; the head counts if anything is unacked.
static uint32_t sectors_in_use(const struct mu_spool_ring *ring, uint64_t acked)
{
	uint32_t in_use = 0;
	uint64_t limit = ring->next_seq;
	for (uint32_t number = ring->head; number && ring->head - number < ring->count; number--) {
		const struct mu_spool_sector *sector = mu_spool_ring_sector(ring, number);
		if (!sector)
			continue;
		in_use += limit > acked + 1;
		limit = mu_spool_sector_first(sector);
	}
	return in_use;
}

uint32_t mu_spool_used_permille(const struct mu_spool *spool)
{
	uint32_t sectors = spool->recent.count + spool->archive.count;
	if (!spool->open || !sectors)
		return 0;
	uint32_t in_use = sectors_in_use(&spool->recent, spool->acked) + sectors_in_use(&spool->archive, spool->acked);
	return in_use * 1000 / sectors;
}

uint32_t mu_spool_dropped(const struct mu_spool *spool, enum mu_record_class record_class)
{
	return spool->open && (unsigned)record_class < MU_CLASS_COUNT ? spool->dropped[record_class] : 0;
}

uint32_t mu_spool_damaged(const struct mu_spool *spool)
{
	return spool->recent.damaged + spool->archive.damaged;
}

uint32_t mu_spool_faults(const struct mu_spool *spool)
{
	return spool->recent.faults + spool->archive.faults;
}

uint32_t mu_spool_refused(const struct mu_spool *spool)
{
	return spool->refused;
}
