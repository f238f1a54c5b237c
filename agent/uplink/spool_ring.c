// SPDX-License-Identifier: Apache-2.0
#include "agent/uplink/spool_ring.h"
#include "agent/image/crc32.h"
#include <string.h>

_Static_assert(sizeof(struct mu_spool_sector) == 12, "there are up to 64 of them in RAM");

enum { CHUNK_BYTES = 128, MARK_BYTES = MU_SECTOR_BYTES / MU_SPOOL_MARKS };

// ---- flash

static uint32_t address(const struct mu_spool_ring *ring, uint32_t number, uint32_t offset)
{
	return (ring->first_sector + (number - 1) % ring->count) * MU_SECTOR_BYTES + offset;
}

static int counted(struct mu_spool_ring *ring, int err)
{
	if (err < 0)
		ring->faults++;
	return err < 0 ? MU_ERR_IO : 0;
}

int mu_spool_ring_read(struct mu_spool_ring *ring, uint32_t number, uint32_t offset, void *out, size_t size)
{
	const struct mu_port *port = ring->port;
	return counted(ring, port->flash->read(port->context, MU_PART_SPOOL, address(ring, number, offset), out, size));
}

int mu_spool_ring_program(struct mu_spool_ring *ring, uint32_t number, uint32_t offset, const void *data, size_t size)
{
	const struct mu_port *port = ring->port;
	return counted(ring, port->flash->program(port->context, MU_PART_SPOOL, address(ring, number, offset), data, size));
}

int mu_spool_ring_clear(struct mu_spool_ring *ring, uint32_t number, uint32_t offset, size_t size)
{
	static const uint8_t zeros[MU_SPOOL_MARKS];
	return mu_spool_ring_program(ring, number, offset, zeros, size);
}

// ---- sectors

uint64_t mu_spool_sector_first(const struct mu_spool_sector *sector)
{
	return (uint64_t)sector->first_high << 32 | sector->first_low;
}

void mu_spool_sector_begin(struct mu_spool_sector *sector, const struct mu_spool_header *header)
{
	*sector = (struct mu_spool_sector){ .first_low = (uint32_t)header->first_seq,
		.first_high = (uint32_t)(header->first_seq >> 32),
		.jump = header->jump,
		.valid = true,
		.end = MU_SPOOL_HEADER_BYTES,
		.marks = header->marks };
}

struct mu_spool_sector *mu_spool_ring_place(const struct mu_spool_ring *ring, uint32_t number)
{
	return &ring->sectors[(number - 1) % ring->count];
}

struct mu_spool_sector *mu_spool_ring_sector(const struct mu_spool_ring *ring, uint32_t number)
{
	if (!number || number > ring->head || ring->head - number >= ring->count)
		return NULL;
	struct mu_spool_sector *sector = mu_spool_ring_place(ring, number);
	return sector->valid ? sector : NULL;
}

static uint32_t lowest_number(const struct mu_spool_ring *ring)
{
	return ring->head > ring->count ? ring->head - ring->count + 1 : 1;
}

// First valid sector at or behind number, 0: none.
static uint32_t valid_from(const struct mu_spool_ring *ring, uint32_t number)
{
	for (; number <= ring->head; number++)
		if (mu_spool_ring_sector(ring, number))
			return number;
	return 0;
}

uint32_t mu_spool_ring_oldest(const struct mu_spool_ring *ring)
{
	return ring->head ? valid_from(ring, lowest_number(ring)) : 0;
}

uint64_t mu_spool_ring_floor(const struct mu_spool_ring *ring)
{
	uint32_t oldest = mu_spool_ring_oldest(ring);
	return oldest ? mu_spool_sector_first(mu_spool_ring_place(ring, oldest)) : ring->next_seq;
}

// ---- reading

// Damage explains more than a number that was set aside.
static uint8_t worse(uint8_t a, uint8_t b)
{
	return a == MU_GAP_DAMAGED || !b ? a : b;
}

// To the start of the next valid sector. false: there is none.
static bool enter_next_sector(const struct mu_spool_ring *ring, struct mu_spool_walk *walk)
{
	uint32_t expected = walk->number + 1;
	if (!walk->number)
		expected = mu_spool_ring_oldest(ring);
	else
		walk->reason = worse(walk->reason, mu_spool_ring_place(ring, walk->number)->tail);
	uint32_t number = expected ? valid_from(ring, expected) : 0;
	if (!number)
		return false;
	if (number != expected)
		walk->reason = MU_GAP_DAMAGED;
	walk->reason = worse(walk->reason, mu_spool_ring_place(ring, number)->jump);
	walk->number = number;
	walk->next = MU_SPOOL_HEADER_BYTES;
	return true;
}

void mu_spool_ring_damaged(struct mu_spool_ring *ring, uint32_t number)
{
	struct mu_spool_sector *sector = mu_spool_ring_place(ring, number);
	ring->damaged += !sector->counted;
	sector->counted = true;
}

// Looks at the place walk->next. 1: a record; 0: passed something, look on; negative: the flash failed.
static int step_in_sector(struct mu_spool_ring *ring, struct mu_spool_sector *sector, struct mu_spool_walk *walk)
{
	uint8_t bytes[MU_SPOOL_ENTRY_BYTES];
	int err = mu_spool_ring_read(ring, walk->number, walk->next, bytes, sizeof bytes);
	if (err < 0)
		return err;
	enum mu_spool_place place = mu_spool_entry_decode(&walk->entry, bytes);
	size_t length = MU_SPOOL_ENTRY_BYTES + walk->entry.size;
	if (place == MU_PLACE_DAMAGED || place == MU_PLACE_BLANK || walk->next + length > sector->end) { // was good when it was scanned
		mu_spool_ring_damaged(ring, walk->number);
		sector->end = walk->next;
		sector->tail = MU_GAP_DAMAGED;
		sector->closed = true;
		return 0;
	}
	walk->offset = walk->next;
	walk->next = (uint16_t)(walk->next + length);
	if (place == MU_PLACE_VOID) {
		walk->reason = worse(walk->reason, MU_GAP_RESERVED);
		return 0;
	}
	walk->seq = mu_spool_sector_first(sector) + walk->entry.delta;
	return 1;
}

int mu_spool_ring_next(struct mu_spool_ring *ring, struct mu_spool_walk *walk)
{
	walk->reason = MU_GAP_NONE;
	for (;;) { // each turn goes on by at least one entry header or one sector
		struct mu_spool_sector *sector = mu_spool_ring_sector(ring, walk->number);
		if (!sector || walk->next >= sector->end) {
			if (!enter_next_sector(ring, walk))
				return 0;
			continue;
		}
		int found = step_in_sector(ring, sector, walk);
		if (found)
			return found;
	}
}

// Where to begin, so that everything between the record before seq and seq is passed.
static struct mu_spool_walk start_of_search(const struct mu_spool_ring *ring, uint64_t seq)
{
	struct mu_spool_walk walk = { 0 };
	uint32_t start = 0;
	for (uint32_t number = mu_spool_ring_oldest(ring); number && number <= ring->head; number++) {
		const struct mu_spool_sector *sector = mu_spool_ring_sector(ring, number);
		if (sector && mu_spool_sector_first(sector) <= seq)
			start = number;
	}
	if (start) {
		walk.number = start;
		walk.next = MU_SPOOL_HEADER_BYTES;
	}
	if (ring->last.number >= start && ring->last.seq < seq && mu_spool_ring_sector(ring, ring->last.number))
		walk = ring->last;
	return walk;
}

int mu_spool_ring_find(struct mu_spool_ring *ring, uint64_t seq, struct mu_spool_walk *walk)
{
	*walk = start_of_search(ring, seq);
	int found;
	while ((found = mu_spool_ring_next(ring, walk)) > 0) {
		if (walk->seq >= seq)
			break;
		ring->last = *walk;
	}
	return found;
}

int mu_spool_ring_load(struct mu_spool_ring *ring, const struct mu_spool_walk *walk, void *buffer)
{
	uint8_t chunk[CHUNK_BYTES];
	uint32_t crc = 0;
	for (size_t done = 0; done < walk->entry.size;) {
		size_t size = walk->entry.size - done < sizeof chunk ? walk->entry.size - done : sizeof chunk;
		uint8_t *out = buffer ? (uint8_t *)buffer + done : chunk;
		int err = mu_spool_ring_read(ring, walk->number, walk->offset + MU_SPOOL_ENTRY_BYTES + (uint32_t)done, out, size);
		if (err < 0)
			return err;
		crc = mu_crc32_le(crc, out, size);
		done += size;
	}
	return crc == walk->entry.crc ? 0 : MU_ERR_CRC;
}

// ---- writing

// Not behind the back of a header that a failed try may have left: after a reset it would be the head, and what was appended here since would
// be lost and its number given out again.
bool mu_spool_ring_fits(const struct mu_spool_ring *ring, uint64_t seq, size_t size)
{
	const struct mu_spool_sector *sector = mu_spool_ring_sector(ring, ring->head);
	uint64_t first = sector ? mu_spool_sector_first(sector) : 0;
	return sector && !ring->stray && !sector->closed && seq >= first && seq - first <= UINT16_MAX &&
		sector->end + MU_SPOOL_ENTRY_BYTES + size <= MU_SECTOR_BYTES;
}

static int give_up_sector(struct mu_spool_ring *ring, int err)
{
	struct mu_spool_sector *sector = mu_spool_ring_place(ring, ring->head);
	sector->closed = true;
	sector->tail = MU_GAP_DAMAGED;
	ring->faults += err == MU_ERR_CRC; // no call has failed, but the flash has not kept what was written
	return err;
}

// The header goes first, so that a torn record can be told from its length, and a torn header from the blank behind it.
static int begin_entry(struct mu_spool_ring *ring, struct mu_spool_walk *walk)
{
	const struct mu_spool_sector *sector = mu_spool_ring_place(ring, ring->head);
	uint8_t bytes[MU_SPOOL_ENTRY_BYTES];
	walk->number = ring->head;
	walk->offset = sector->end;
	walk->next = (uint16_t)(sector->end + MU_SPOOL_ENTRY_BYTES + walk->entry.size);
	walk->entry.delta = (uint16_t)(walk->seq - mu_spool_sector_first(sector));
	mu_spool_entry_encode(&walk->entry, bytes);
	return mu_spool_ring_program(ring, walk->number, walk->offset, bytes, sizeof bytes);
}

static int finish_entry(struct mu_spool_ring *ring, const struct mu_spool_walk *walk)
{
	uint8_t wanted[MU_SPOOL_ENTRY_BYTES], bytes[MU_SPOOL_ENTRY_BYTES];
	mu_spool_entry_encode(&walk->entry, wanted);
	int err = mu_spool_ring_read(ring, walk->number, walk->offset, bytes, sizeof bytes);
	if (!err)
		err = memcmp(bytes, wanted, sizeof bytes) == 0 ? mu_spool_ring_load(ring, walk, NULL) : MU_ERR_CRC;
	if (err < 0)
		return err;
	mu_spool_ring_place(ring, ring->head)->end = walk->next;
	ring->next_seq = walk->seq + 1;
	return 0;
}

static int copy_bytes(struct mu_spool_ring *ring, const struct mu_spool_walk *to, struct mu_spool_ring *from,
	const struct mu_spool_walk *walk)
{
	uint8_t chunk[CHUNK_BYTES];
	for (uint32_t done = 0; done < walk->entry.size;) {
		size_t size = walk->entry.size - done < sizeof chunk ? walk->entry.size - done : sizeof chunk;
		int err = mu_spool_ring_read(from, walk->number, walk->offset + MU_SPOOL_ENTRY_BYTES + done, chunk, size);
		if (!err)
			err = mu_spool_ring_program(ring, to->number, to->offset + MU_SPOOL_ENTRY_BYTES + done, chunk, size);
		if (err < 0)
			return err;
		done += (uint32_t)size;
	}
	return 0;
}

// From packed bytes, or if there are none from a place in another ring.
static int write_entry(struct mu_spool_ring *ring, struct mu_spool_walk *to, const void *packed, struct mu_spool_ring *from,
	const struct mu_spool_walk *walk)
{
	int err = begin_entry(ring, to);
	if (!err)
		err = packed ? mu_spool_ring_program(ring, to->number, to->offset + MU_SPOOL_ENTRY_BYTES, packed, to->entry.size)
			     : copy_bytes(ring, to, from, walk);
	if (!err)
		err = finish_entry(ring, to);
	return err < 0 ? give_up_sector(ring, err) : 0;
}

int mu_spool_ring_append(struct mu_spool_ring *ring, uint64_t seq, uint8_t record_class, const void *packed, size_t size)
{
	struct mu_spool_walk to = { .seq = seq, .entry = { (uint16_t)size, 0, record_class, mu_crc32_le(0, packed, size) } };
	return write_entry(ring, &to, packed, NULL, NULL);
}

int mu_spool_ring_copy(struct mu_spool_ring *ring, struct mu_spool_ring *from, const struct mu_spool_walk *walk)
{
	int err = mu_spool_ring_load(from, walk, NULL);
	if (err == MU_ERR_CRC)
		mu_spool_ring_damaged(from, walk->number);
	if (err < 0)
		return err;
	struct mu_spool_walk to = { .seq = walk->seq, .entry = walk->entry };
	return write_entry(ring, &to, NULL, from, walk);
}

void mu_spool_ring_retire(struct mu_spool_ring *ring, uint32_t number)
{
	// If this fails, the erase goes on: half an erase then only looks worse than it is.
	(void)mu_spool_ring_clear(ring, number, MU_SPOOL_RETIRED_OFFSET, 4);
	*mu_spool_ring_place(ring, number) = (struct mu_spool_sector){ 0 };
}

static int write_header(struct mu_spool_ring *ring, const struct mu_spool_header *header)
{
	const struct mu_port *port = ring->port;
	int err = counted(ring, port->flash->erase(port->context, MU_PART_SPOOL, address(ring, header->number, 0), MU_SECTOR_BYTES));
	if (err < 0)
		return err;
	uint8_t bytes[MU_SPOOL_HEADER_BYTES];
	mu_spool_header_encode(header, bytes);
	err = mu_spool_ring_program(ring, header->number, 0, bytes, MU_SPOOL_FIXED_BYTES);
	if (!err)
		err = mu_spool_ring_read(ring, header->number, 0, bytes, sizeof bytes);
	if (err < 0)
		return err;
	struct mu_spool_header read_back;
	bool is_kept = mu_spool_header_decode(&read_back, bytes) == 0 && read_back.number == header->number;
	ring->faults += !is_kept;
	return is_kept ? 0 : MU_ERR_CRC;
}

// A header that was written but could not be read back: with its higher number it would be taken for the newest sector after a reset,
// and what is stored below it for damage.
static int forget_stray(struct mu_spool_ring *ring, uint32_t number)
{
	return ring->stray > number ? mu_spool_ring_clear(ring, ring->stray, 0, 4) : 0;
}

int mu_spool_ring_open_sector(struct mu_spool_ring *ring, const struct mu_spool_header *header)
{
	struct mu_spool_sector *place = mu_spool_ring_place(ring, header->number);
	*place = (struct mu_spool_sector){ 0 };
	int err = forget_stray(ring, header->number);
	if (err < 0)
		return err;
	ring->stray = header->number;
	err = write_header(ring, header);
	// From here on entries may exist in the new sector: the old head says so, in case the new header is lost.
	if (!err && mu_spool_ring_sector(ring, ring->head))
		err = mu_spool_ring_clear(ring, ring->head, MU_SPOOL_SUCCEEDED_OFFSET, 4);
	if (err < 0)
		return err;
	mu_spool_sector_begin(place, header);
	while (++ring->head < header->number) // passed over: what lies there has another number
		*mu_spool_ring_place(ring, ring->head) = (struct mu_spool_sector){ .tail = MU_GAP_DAMAGED };
	ring->stray = 0;
	return 0;
}

// Numbers of a sector are below this.
static uint64_t limit_of(const struct mu_spool_ring *ring, uint32_t number)
{
	uint32_t next = valid_from(ring, number + 1);
	return next ? mu_spool_sector_first(mu_spool_ring_place(ring, next)) : ring->next_seq;
}

// Entries of the sector that start below *offset are acked. An entry at its end may yet be found at the next boot: one that was written, though
// its call failed.
static int find_unacked(struct mu_spool_ring *ring, uint32_t number, uint64_t acked, uint32_t *offset)
{
	struct mu_spool_walk walk = { .number = number, .next = MU_SPOOL_HEADER_BYTES };
	int found;
	while ((found = mu_spool_ring_next(ring, &walk)) > 0 && walk.number == number && walk.seq <= acked)
		;
	*offset = found > 0 && walk.number == number ? walk.offset : mu_spool_ring_place(ring, number)->end;
	return found < 0 ? found : 0;
}

// limit: numbers of the sector are below this.
static int mark_sector(struct mu_spool_ring *ring, uint32_t number, uint64_t limit, uint64_t acked)
{
	struct mu_spool_sector *sector = mu_spool_ring_place(ring, number);
	uint32_t offset = MU_SECTOR_BYTES;
	int err = number != ring->head && limit <= acked + 1 ? 0 : find_unacked(ring, number, acked, &offset);
	unsigned marks = offset / MARK_BYTES;
	if (err < 0 || marks <= sector->marks)
		return err;
	err = mu_spool_ring_clear(ring, number, MU_SPOOL_MARKS_OFFSET + sector->marks, marks - sector->marks);
	if (!err)
		sector->marks = (uint8_t)marks;
	return err;
}

int mu_spool_ring_mark(struct mu_spool_ring *ring, uint64_t acked_before, uint64_t acked)
{
	int result = 0;
	for (uint32_t number = mu_spool_ring_oldest(ring); number && number <= ring->head; number++) {
		const struct mu_spool_sector *sector = mu_spool_ring_sector(ring, number);
		uint64_t limit = limit_of(ring, number);
		if (!sector || mu_spool_sector_first(sector) > acked || limit <= acked_before + 1)
			continue;
		int err = mark_sector(ring, number, limit, acked);
		if (err < 0)
			result = err;
	}
	return result;
}
