// SPDX-License-Identifier: Apache-2.0
// e2e-prove: holds the collector's store against the devices' own books and says what does not agree.
//
//   e2e-prove --db muster.db --sent FILE --spool FILE --devices N
//
// FILEs: the log of --sent-log (agent/port/linux/sent_log.h) and the listing of --list-spool (spool_list.h), both of the whole life of the
// devices; nothing may run meanwhile. For each device and epoch it proves:
//   stored    numbers go on from 1 without a hole, none is there twice, none came from nowhere, none is a gap of the collector's own making
//   sent      each record is in the store with the same bytes, or still in the device's spool with the same bytes
//   spool     goes on where the store ends, up to the next number that the device will give out, and agrees with the store where both have one
//   acks      each number that the device was acked for is in the store
// Prints each finding (20 at most), then one line of totals. Exit 0: nothing found; 1: findings; 2: cannot be done.
#include "agent/port/linux/digest.h"
#include "muster.pb-c.h"
#include "proto/limits.h"
#include <inttypes.h>
#include <search.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { EXIT_PROVEN = 0, EXIT_FINDINGS = 1, EXIT_IMPOSSIBLE = 2, STREAMS_MAX = 65536, FINDINGS_SHOWN = 20, LINE_BYTES = 256 };

struct item {
	uint64_t seq, count; // count: numbers that it stands for
	uint64_t sha;        // first 8 bytes of the SHA-256
	bool is_gap;
};

struct list {
	struct item *items;
	size_t count, room;
};

// One device in one epoch.
struct stream {
	char id[MU_DEVICE_ID_MAX + 1];
	char name[MU_DEVICE_ID_MAX + 18]; // "ID EPOCH", the key of the table of streams
	uint64_t epoch;
	struct list stored, sent, spooled;
	uint64_t acked;      // highest number of its Acks
	uint64_t own_acked;  // what its spool holds for acked
	uint64_t spool_next; // next number it gives out; 0: no spool was listed
	uint64_t complete;   // numbers below are in the store without a hole
};

static struct stream *streams;
static size_t stream_count;
static struct hsearch_data by_name;
static struct {
	size_t devices, stored, gaps, sent, resent, acks, spooled, findings;
} totals;

static _Noreturn void die(const char *what, const char *why)
{
	fprintf(stderr, "e2e-prove: %s: %s\n", what, why);
	exit(EXIT_IMPOSSIBLE);
}

__attribute__((format(printf, 2, 3))) static void found(const struct stream *stream, const char *format, ...)
{
	va_list arguments;
	if (totals.findings++ >= FINDINGS_SHOWN)
		return;
	printf("found: %s %016" PRIx64 ": ", stream->id, stream->epoch);
	va_start(arguments, format);
	vprintf(format, arguments);
	va_end(arguments);
	putchar('\n');
}

static struct stream *stream_of(const char *id, uint64_t epoch)
{
	char name[sizeof streams->name];
	ENTRY *known, key = { .key = name };
	snprintf(name, sizeof name, "%s %016" PRIx64, id, epoch);
	if (hsearch_r(key, FIND, &known, &by_name))
		return known->data;
	struct stream *stream = &streams[stream_count++];
	if (stream_count == STREAMS_MAX)
		die(name, "too many devices and epochs");
	snprintf(stream->id, sizeof stream->id, "%s", id);
	stream->epoch = epoch;
	snprintf(stream->name, sizeof stream->name, "%s", name);
	key = (ENTRY){ .key = stream->name, .data = stream };
	if (!hsearch_r(key, ENTER, &known, &by_name))
		die(name, "no memory");
	return stream;
}

static void add(struct list *list, struct item entry)
{
	if (list->count == list->room) {
		list->room = list->room ? 2 * list->room : 64;
		list->items = realloc(list->items, list->room * sizeof *list->items);
		if (!list->items)
			die("list", "no memory");
	}
	list->items[list->count++] = entry;
}

// ---- reading

static void take_record(struct stream *stream, const struct item *item)
{
	add(&stream->sent, *item);
}

static void take_spooled(struct stream *stream, const struct item *item)
{
	add(&stream->spooled, *item);
}

// "end ID EPOCH NEXT ACKED"
static void take_end(struct stream *stream, const struct item *item)
{
	stream->spool_next = item->seq;
	stream->own_acked = item->count;
}

static void take_ack(struct stream *stream, const struct item *item)
{
	stream->acked = item->seq > stream->acked ? item->seq : stream->acked;
	totals.acks++;
}

static const struct {
	const char *word;
	int fields;
	void (*take)(struct stream *stream, const struct item *item);
} lines[] = {
	{ "record", 7, take_record },
	{ "spool", 7, take_spooled },
	{ "end", 5, take_end },
	{ "ack", 4, take_ack },
};

// A line of either file. False: it is none.
static bool take_line(const char *line)
{
	char word[16], id[MU_DEVICE_ID_MAX + 1], kind[16] = "";
	uint64_t epoch;
	struct item item = { 0 };
	int fields = sscanf(line, "%15s %32s %16" SCNx64 " %" SCNu64 " %" SCNu64 " %15s %16" SCNx64, word, id, &epoch, &item.seq,
		&item.count, kind, &item.sha);
	item.is_gap = strcmp(kind, "gap") == 0;
	for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
		if (fields == lines[i].fields && strcmp(word, lines[i].word) == 0) {
			lines[i].take(stream_of(id, epoch), &item);
			return true;
		}
	return false;
}

static void read_lines(const char *path)
{
	char line[LINE_BYTES];
	FILE *file = fopen(path, "r");
	if (!file)
		die(path, "cannot be read");
	while (fgets(line, sizeof line, file))
		if (!take_line(line))
			die(path, line);
	if (ferror(file))
		die(path, "cannot be read to its end");
	fclose(file);
}

static bool is_of_collector(const Mu__Gap *gap)
{
	return gap->reason == MU__GAP_REASON__GAP_UNEXPLAINED || gap->reason == MU__GAP_REASON__GAP_REFUSED;
}

static void take_row(struct stream *stream, uint64_t seq, const uint8_t *body, size_t size)
{
	uint8_t digest[MU_SHA256_SIZE];
	struct item entry = { .seq = seq, .count = 1 };
	mu_digest_sha256(body, size, digest);
	for (int i = 0; i < 8; i++)
		entry.sha = entry.sha << 8 | digest[i];
	Mu__Record *record = mu__record__unpack(0, size, body);
	if (!record) {
		found(stream, "record %" PRIu64 " is in the store but does not decode", seq);
	} else if (record->body_case == MU__RECORD__BODY_GAP) {
		entry.is_gap = true;
		entry.count = record->gap->count;
		if (is_of_collector(record->gap))
			found(stream, "the collector put a gap of %" PRIu64 " at %" PRIu64 ", reason %d", entry.count, seq,
				(int)record->gap->reason);
	}
	if (record)
		mu__record__free_unpacked(record, 0);
	add(&stream->stored, entry);
}

static void read_store(const char *path)
{
	static const char query[] = "SELECT d.id, r.epoch, r.seq, r.body FROM record r JOIN device d ON d.dev = r.dev ORDER BY r.n";
	static const char orphans[] = "SELECT count(*) FROM record WHERE dev NOT IN (SELECT dev FROM device)";
	sqlite3 *db;
	sqlite3_stmt *rows;
	int rc;
	if (sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY, 0) != SQLITE_OK || sqlite3_prepare_v2(db, query, -1, &rows, 0) != SQLITE_OK)
		die(path, sqlite3_errmsg(db));
	while ((rc = sqlite3_step(rows)) == SQLITE_ROW) {
		struct stream *stream = stream_of((const char *)sqlite3_column_text(rows, 0), (uint64_t)sqlite3_column_int64(rows, 1));
		take_row(stream, (uint64_t)sqlite3_column_int64(rows, 2), sqlite3_column_blob(rows, 3),
			(size_t)sqlite3_column_bytes(rows, 3));
	}
	if (rc != SQLITE_DONE)
		die(path, sqlite3_errmsg(db));
	sqlite3_finalize(rows);
	if (sqlite3_prepare_v2(db, orphans, -1, &rows, 0) != SQLITE_OK || sqlite3_step(rows) != SQLITE_ROW || sqlite3_column_int64(rows, 0))
		die(path, "holds records without a device");
	sqlite3_finalize(rows);
	sqlite3_close(db);
}

// ---- proving

static int by_number(const void *left, const void *right)
{
	const struct item *a = left, *b = right;
	return a->seq != b->seq ? (a->seq > b->seq) - (a->seq < b->seq) : (a->sha > b->sha) - (a->sha < b->sha);
}

static void sort(struct list *list)
{
	if (list->count)
		qsort(list->items, list->count, sizeof *list->items, by_number);
}

// The last entry that begins at or before the number and covers it, or null. The list is sorted.
static const struct item *entry_at(const struct list *list, uint64_t seq)
{
	size_t low = 0, high = list->count;
	while (low < high) {
		size_t middle = (low + high) / 2;
		if (list->items[middle].seq <= seq)
			low = middle + 1;
		else
			high = middle;
	}
	return low && seq - list->items[low - 1].seq < list->items[low - 1].count ? &list->items[low - 1] : 0;
}

// No hole and nothing twice from `at` on; returns the number after the last. *complete: the number after the last before any hole.
static uint64_t prove_row(const struct stream *stream, const struct list *list, const char *where, uint64_t at, uint64_t *complete)
{
	bool whole = true;
	for (size_t i = 0; i < list->count; i++) {
		const struct item *entry = &list->items[i];
		if (entry->seq < at)
			found(stream, "number %" PRIu64 " is twice in the %s", entry->seq, where);
		if (entry->seq > at) {
			found(stream, "numbers %" PRIu64 "..%" PRIu64 " are missing in the %s", at, entry->seq - 1, where);
			whole = false;
		}
		if (entry->seq + entry->count > at)
			at = entry->seq + entry->count;
		if (whole)
			*complete = at;
	}
	return at;
}

static bool same(const struct item *a, const struct item *b)
{
	return !a->is_gap && !b->is_gap && a->sha == b->sha;
}

static void prove_sent(const struct stream *stream, uint64_t end)
{
	for (size_t i = 0; i < stream->sent.count; i++) {
		const struct item *entry = &stream->sent.items[i];
		const struct item *stored = entry_at(&stream->stored, entry->seq), *spooled = entry_at(&stream->spooled, entry->seq);
		totals.resent += i && stream->sent.items[i - 1].seq == entry->seq;
		if (entry->is_gap) { // may be cut otherwise the next time it is sent
			if (entry->seq + entry->count > end)
				found(stream, "gap %" PRIu64 " was sent and is in neither store nor spool", entry->seq);
		} else if (stored && !same(entry, stored)) {
			found(stream, "record %" PRIu64 " was sent and other bytes are in the store", entry->seq);
		} else if (!stored && !(spooled && same(entry, spooled))) {
			found(stream, "record %" PRIu64 " was sent and is in neither store nor spool", entry->seq);
		}
	}
}

static bool was_sent(const struct list *sent, const struct item *stored)
{
	const struct item *entry = entry_at(sent, stored->seq);
	for (; entry && entry >= sent->items && entry->seq == stored->seq; entry--)
		if (same(entry, stored))
			return true;
	return false;
}

static void prove_origin(const struct stream *stream)
{
	for (size_t i = 0; i < stream->stored.count; i++) {
		const struct item *entry = &stream->stored.items[i];
		totals.gaps += entry->is_gap;
		if (!entry->is_gap && !was_sent(&stream->sent, entry))
			found(stream, "record %" PRIu64 " is in the store and was never sent", entry->seq);
	}
}

static void prove_spool(const struct stream *stream, uint64_t stored_end)
{
	uint64_t ignored, start = stream->spooled.count ? stream->spooled.items[0].seq : stored_end;
	if (start > stored_end)
		found(stream, "numbers %" PRIu64 "..%" PRIu64 " are in neither store nor spool", stored_end, start - 1);
	uint64_t end = prove_row(stream, &stream->spooled, "spool", start, &ignored);
	if (stored_end > end)
		end = stored_end;
	if (stream->spool_next && end != stream->spool_next)
		found(stream, "store and spool end before %" PRIu64 ", the device goes on with %" PRIu64, end, stream->spool_next);
	for (size_t i = 0; i < stream->spooled.count; i++) {
		const struct item *entry = &stream->spooled.items[i], *stored = entry_at(&stream->stored, entry->seq);
		if (stored && !entry->is_gap && !same(entry, stored))
			found(stream, "record %" PRIu64 " is in store and spool with other bytes", entry->seq);
	}
	prove_sent(stream, end);
}

static void prove(struct stream *stream)
{
	sort(&stream->stored);
	sort(&stream->sent);
	sort(&stream->spooled);
	stream->complete = 1;
	prove_spool(stream, prove_row(stream, &stream->stored, "store", 1, &stream->complete));
	prove_origin(stream);
	if (stream->acked >= stream->complete)
		found(stream, "acked through %" PRIu64 ", the store is complete through %" PRIu64, stream->acked, stream->complete - 1);
	if (stream->own_acked >= stream->complete)
		found(stream, "its spool dropped through %" PRIu64 ", the store is complete through %" PRIu64, stream->own_acked,
			stream->complete - 1);
	totals.devices += stream->stored.count > 0;
	totals.stored += stream->stored.count;
	totals.sent += stream->sent.count;
	totals.spooled += stream->spooled.count;
}

static void free_all(void)
{
	for (size_t i = 0; i < stream_count; i++) {
		free(streams[i].stored.items);
		free(streams[i].sent.items);
		free(streams[i].spooled.items);
	}
	free(streams);
	hdestroy_r(&by_name);
}

static void prove_all(size_t expected)
{
	for (size_t i = 0; i < stream_count; i++)
		prove(&streams[i]);
	if (totals.devices != expected) {
		totals.findings++;
		printf("found: %zu devices and epochs are in the store, not %zu\n", totals.devices, expected);
	}
	printf("devices=%zu stored=%zu gaps=%zu sent=%zu resent=%zu acks=%zu spooled=%zu findings=%zu\n", totals.devices, totals.stored,
		totals.gaps, totals.sent, totals.resent, totals.acks, totals.spooled, totals.findings);
}

int main(int argc, char **argv)
{
	static const char *const names[] = { "--db", "--sent", "--spool", "--devices" };
	bool as_told = argc == 9;
	for (int i = 0; as_told && i < 4; i++)
		as_told = strcmp(argv[1 + 2 * i], names[i]) == 0;
	if (!as_told)
		die("usage", "e2e-prove --db FILE --sent FILE --spool FILE --devices N");
	streams = calloc(STREAMS_MAX, sizeof *streams);
	if (!streams || !hcreate_r(2 * STREAMS_MAX, &by_name))
		die("start", "no memory");
	read_lines(argv[4]);
	read_lines(argv[6]);
	read_store(argv[2]);
	prove_all(strtoul(argv[8], 0, 10));
	free_all();
	return totals.findings ? EXIT_FINDINGS : EXIT_PROVEN;
}
