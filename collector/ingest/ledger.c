// SPDX-License-Identifier: Apache-2.0
#include "collector/ingest/ledger.h"

#include <string.h>

_Static_assert(1 + 8 * (15 + LEDGER_REASONS + 3 * LEDGER_EPOCHS) <= LEDGER_PACKED_MAX, "a packed ledger fits");

enum { CONFLICT_WITHIN_MS = 600000 };

static void keep_former(struct ledger *ledger, uint64_t wall_ms)
{
	memmove(&ledger->former[1], &ledger->former[0], sizeof ledger->former - sizeof ledger->former[0]);
	ledger->former[0] = (struct ledger_epoch){ ledger->epoch, ledger->next_seq, wall_ms };
}

static int find_former(const struct ledger *ledger, uint64_t epoch)
{
	for (int i = 0; i < LEDGER_EPOCHS; i++)
		if (ledger->former[i].epoch == epoch)
			return i;
	return -1;
}

static void forget_former(struct ledger *ledger, int index)
{
	for (int i = index; i < LEDGER_EPOCHS - 1; i++)
		ledger->former[i] = ledger->former[i + 1];
	ledger->former[LEDGER_EPOCHS - 1] = (struct ledger_epoch){ 0 };
}

// Numbers begin at start_seq unless this epoch was there before: then where it stopped. Returns true if it was.
static bool change_epoch(struct ledger *ledger, uint64_t epoch, uint64_t start_seq, uint64_t wall_ms)
{
	int index = find_former(ledger, epoch);
	struct ledger_epoch again = index >= 0 ? ledger->former[index] : (struct ledger_epoch){ epoch, start_seq, 0 };
	if (index >= 0)
		forget_former(ledger, index);
	if (ledger->epoch) {
		keep_former(ledger, wall_ms);
		ledger->epoch_changes++;
	}
	ledger->epoch = epoch;
	ledger->next_seq = again.next_seq;
	ledger->start_seq = again.next_seq;
	ledger->boot = ledger->uptime_ms = 0;
	if (index < 0)
		return false;
	ledger->epoch_returns++;
	if (wall_ms && wall_ms < again.left_ms + CONFLICT_WITHIN_MS)
		ledger->conflict_ms = wall_ms;
	return true;
}

struct ledger_start ledger_begin(struct ledger *ledger, const struct ledger_claim *claim, uint64_t wall_ms)
{
	struct ledger_start start = { .opening = LEDGER_BAD_CLAIM };
	if (!claim->epoch || !claim->oldest_seq || claim->oldest_seq > claim->first_seq || claim->first_seq >= LEDGER_SEQ_MAX)
		return start;
	if (claim->epoch != ledger->epoch) {
		start.new_epoch = true;
		start.epoch_returned = change_epoch(ledger, claim->epoch, claim->oldest_seq, wall_ms);
	}
	if (claim->oldest_seq > ledger->next_seq) {
		start.unexplained_first = ledger->next_seq;
		start.unexplained_count = claim->oldest_seq - ledger->next_seq;
	}
	start.opening = claim->first_seq > ledger->next_seq + start.unexplained_count ? LEDGER_HOLE : LEDGER_OPEN;
	ledger->holes += start.opening == LEDGER_HOLE;
	return start;
}

static bool is_later(const struct ledger *ledger, const struct ledger_entry *entry)
{
	return entry->boot > ledger->boot || (entry->boot == ledger->boot && entry->uptime_ms > ledger->uptime_ms);
}

// A used number. A Gap says nothing of when it was, and a device makes new ones for old numbers.
static enum ledger_judgement judge_used(struct ledger *ledger, const struct ledger_entry *entry, uint64_t wall_ms)
{
	if (entry->gap_reason < 0 && ledger->boot && is_later(ledger, entry)) {
		ledger->reused++;
		ledger->conflict_ms = wall_ms;
		return LEDGER_REUSED;
	}
	ledger->duplicates++;
	return LEDGER_DUPLICATE;
}

enum ledger_judgement ledger_judge(struct ledger *ledger, const struct ledger_entry *entry, uint64_t wall_ms)
{
	if (!entry->count || entry->seq >= LEDGER_SEQ_MAX || entry->count > LEDGER_SEQ_MAX - entry->seq)
		return LEDGER_TOO_FAR;
	if (entry->seq > ledger->next_seq)
		return LEDGER_BEYOND;
	if (entry->seq + entry->count <= ledger->next_seq)
		return judge_used(ledger, entry, wall_ms);
	return entry->seq == ledger->next_seq ? LEDGER_NEW : LEDGER_TAIL;
}

void ledger_accept(struct ledger *ledger, uint64_t epoch, const struct ledger_entry *entry, uint64_t n)
{
	if (ledger->epoch != epoch)
		change_epoch(ledger, epoch, entry->seq, 0);
	ledger->next_seq = entry->seq + entry->count;
	ledger->last_n = n;
	ledger->accepted++;
	if (entry->gap_reason >= 0) {
		ledger->gaps[entry->gap_reason < LEDGER_REASONS ? entry->gap_reason : 0] += entry->count;
		return;
	}
	if (entry->boot < ledger->boot)
		ledger->boots_back++;
	if (is_later(ledger, entry) || entry->boot < ledger->boot) {
		ledger->boot = entry->boot;
		ledger->uptime_ms = entry->uptime_ms;
	}
}

uint64_t ledger_through(const struct ledger *ledger)
{
	return ledger->next_seq ? ledger->next_seq - 1 : 0;
}

// ---- snapshot: a version byte, then every number of the list below as 8 bytes, least significant first ----

enum { PACK_VERSION = 1, PACK_NUMBERS = 15 + LEDGER_REASONS + 3 * LEDGER_EPOCHS };

// The order of the numbers is the format; a new one goes to the end with a new version.
static void list_numbers(struct ledger *ledger, uint64_t *numbers[PACK_NUMBERS])
{
	uint64_t *const single[] = { &ledger->epoch, &ledger->start_seq, &ledger->next_seq, &ledger->last_n, &ledger->boot,
		&ledger->uptime_ms, &ledger->accepted, &ledger->duplicates, &ledger->holes, &ledger->dead_letters, &ledger->epoch_changes,
		&ledger->epoch_returns, &ledger->reused, &ledger->boots_back, &ledger->conflict_ms };
	size_t used = sizeof single / sizeof *single;
	memcpy(numbers, single, sizeof single);
	for (int i = 0; i < LEDGER_REASONS; i++)
		numbers[used++] = &ledger->gaps[i];
	for (int i = 0; i < LEDGER_EPOCHS; i++) {
		numbers[used++] = &ledger->former[i].epoch;
		numbers[used++] = &ledger->former[i].next_seq;
		numbers[used++] = &ledger->former[i].left_ms;
	}
}

int ledger_pack(const struct ledger *ledger, uint8_t *bytes, size_t capacity)
{
	struct ledger copy = *ledger;
	uint64_t *numbers[PACK_NUMBERS];
	size_t used = 0;
	if (capacity < LEDGER_PACKED_MAX)
		return -1;
	list_numbers(&copy, numbers);
	bytes[used++] = PACK_VERSION;
	for (int i = 0; i < PACK_NUMBERS; i++)
		for (int shift = 0; shift < 64; shift += 8)
			bytes[used++] = (uint8_t)(*numbers[i] >> shift);
	return (int)used;
}

int ledger_unpack(struct ledger *ledger, const uint8_t *bytes, size_t size)
{
	uint64_t *numbers[PACK_NUMBERS];
	if (size < 1 + 8 * (size_t)PACK_NUMBERS || bytes[0] != PACK_VERSION)
		return -1;
	*ledger = (struct ledger){ 0 };
	list_numbers(ledger, numbers);
	const uint8_t *at = bytes + 1;
	for (int i = 0; i < PACK_NUMBERS; i++)
		for (int shift = 0; shift < 64; shift += 8)
			*numbers[i] |= (uint64_t)*at++ << shift;
	return (int)(at - bytes);
}
