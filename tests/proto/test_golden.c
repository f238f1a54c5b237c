// SPDX-License-Identifier: Apache-2.0
// The golden files: text that a person reads, the bytes that it has had since its first release, and the size.
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <dirent.h>
#include <stdio.h>
#include <string.h>

#include "golden_file.h"
#include "muster.pb-c.h"
#include "proto/limits.h"
#include "proto/metrics.h"
#include "proto/wire.h"

enum { ROWS_MAX = 64 };

struct state {
	struct golden_row rows[ROWS_MAX];
	size_t count;
};

static int load(void **state)
{
	static struct state loaded;
	loaded.count = golden_rows(loaded.rows, ROWS_MAX);
	*state = &loaded;
	return loaded.count > 0 ? 0 : -1;
}

static ProtobufCMessage *unpack(const struct golden_row *row)
{
	uint8_t bytes[GOLDEN_BYTES_MAX];
	size_t size = golden_hex(row, bytes);
	ProtobufCMessage *message = protobuf_c_message_unpack(golden_descriptor(row), 0, size, bytes);
	assert_non_null(message);
	return message;
}

// protoc, the frozen bytes and our own encoder agree, byte for byte; and the size is the one stated.
static void test_every_encoder_agrees(void **state)
{
	const struct state *golden = *state;
	for (size_t i = 0; i < golden->count; i++) {
		const struct golden_row *row = &golden->rows[i];
		uint8_t frozen[GOLDEN_BYTES_MAX], encoded[GOLDEN_BYTES_MAX], ours[GOLDEN_BYTES_MAX];
		size_t size = golden_hex(row, frozen);

		print_message("%s %s %zu bytes\n", row->name, row->message, size);
		assert_int_equal(size, row->bytes);
		assert_true(size <= row->most);
		assert_int_equal(golden_protoc(row, encoded), size);
		assert_memory_equal(encoded, frozen, size);

		ProtobufCMessage *message = unpack(row);
		assert_int_equal(message->n_unknown_fields, 0);
		assert_int_equal(protobuf_c_message_get_packed_size(message), size);
		assert_int_equal(protobuf_c_message_pack(message, ours), size);
		assert_memory_equal(ours, frozen, size);
		protobuf_c_message_free_unpacked(message, 0);
	}
}

static int check(const struct golden_row *row, const ProtobufCMessage *message, struct mu_limits_fault *fault)
{
	if (strcmp(row->message, "Record") == 0)
		return mu_limits_check_record((const Mu__Record *)message, fault);
	if (strcmp(row->message, "Ack") == 0)
		return mu_limits_check_ack((const Mu__Ack *)message, fault);
	if (strcmp(row->message, "Command") == 0)
		return mu_limits_check_command((const Mu__Command *)message, fault);
	if (strcmp(row->message, "SignedCommand") == 0)
		return mu_limits_check_signed_command((const Mu__SignedCommand *)message, fault);
	const Mu__Uplink *uplink = (const Mu__Uplink *)message;
	return mu_limits_check_header(uplink->epoch, uplink->first_seq, uplink->oldest_seq, fault);
}

static void test_every_file_keeps_the_limits(void **state)
{
	const struct state *golden = *state;
	for (size_t i = 0; i < golden->count; i++) {
		struct mu_limits_fault fault = { .what = "fine" };
		ProtobufCMessage *message = unpack(&golden->rows[i]);
		if (check(&golden->rows[i], message, &fault) < 0)
			fail_msg("%s: %s %s", golden->rows[i].name, fault.field, fault.what);
		protobuf_c_message_free_unpacked(message, 0);
	}
}

static bool has_row(const struct state *golden, const char *file, size_t stem)
{
	for (size_t i = 0; i < golden->count; i++)
		if (strlen(golden->rows[i].name) == stem && strncmp(golden->rows[i].name, file, stem) == 0)
			return true;
	return false;
}

// A golden file that nobody looks at would rot.
static void test_every_file_is_listed(void **state)
{
	DIR *folder = opendir(MUSTER_SOURCE_DIR "/tests/golden/proto");
	assert_non_null(folder);
	for (const struct dirent *entry; (entry = readdir(folder));) {
		const char *dot = strrchr(entry->d_name, '.');
		if (!dot || strcmp(dot, ".hex") != 0)
			continue;
		if (!has_row(*state, entry->d_name, (size_t)(dot - entry->d_name)))
			fail_msg("%s is not in sizes.txt", entry->d_name);
	}
	closedir(folder);
}

// SPEC.md names sizes: `NAME.txt` and, in the same line, | bytes |.
static void test_the_sizes_in_the_spec(void **state)
{
	const struct state *golden = *state;
	static char spec[65536];
	FILE *file = fopen(MUSTER_SOURCE_DIR "/proto/SPEC.md", "r");
	size_t named = 0;

	assert_non_null(file);
	spec[fread(spec, 1, sizeof spec - 1, file)] = 0;
	fclose(file);
	for (size_t i = 0; i < golden->count; i++) {
		char mention[64], bytes[32], line[256];
		snprintf(mention, sizeof mention, "`%s.txt`", golden->rows[i].name);
		snprintf(bytes, sizeof bytes, "| %zu |", golden->rows[i].bytes);
		const char *at = strstr(spec, mention);
		if (!at)
			continue;
		snprintf(line, sizeof line, "%.*s", (int)strcspn(at, "\n"), at);
		if (!strstr(line, bytes))
			fail_msg("SPEC.md has another size for %s than %zu", golden->rows[i].name, golden->rows[i].bytes);
		named++;
	}
	assert_in_range(named, 4, golden->count);
}

static const struct golden_row *row_of(const struct state *golden, const char *name)
{
	for (size_t i = 0; i < golden->count; i++)
		if (strcmp(golden->rows[i].name, name) == 0)
			return &golden->rows[i];
	fail_msg("no golden file %s", name);
	return 0;
}

// "Every field set" means every field: a new one must be added to the file, and fit.
static void test_full_heartbeat_is_full(void **state)
{
	ProtobufCMessage *message = unpack(row_of(*state, "heartbeat_full"));
	const Mu__Heartbeat *heartbeat = ((const Mu__Record *)message)->heartbeat;
	const uint8_t *data;
	size_t size;
	double value;

	for (int i = 0; i < MU_METRIC_COUNT; i++)
		if (!mu_metric_get(heartbeat, i, &value))
			fail_msg("heartbeat_full.txt lacks %s", mu_metric_words[i].name);
	for (int i = 0; i < MU_LABEL_COUNT; i++)
		if (!mu_label_get(heartbeat, i, &data, &size))
			fail_msg("heartbeat_full.txt lacks %s", mu_label_words[i].name);
	assert_int_equal(heartbeat->link->n_reasons, MU_REASONS_COUNT_MAX);
	protobuf_c_message_free_unpacked(message, 0);
}

static void test_uplink_splits_as_its_comment_says(void **state)
{
	uint8_t bytes[GOLDEN_BYTES_MAX];
	size_t size = golden_hex(row_of(*state, "uplink"), bytes);
	static const uint64_t seqs[] = { 17, 18, 4114 };
	struct mu_wire_uplink uplink;
	struct mu_wire_record record;
	size_t seen = 0;

	assert_int_equal(mu_wire_uplink_split(bytes, size, &uplink), 0);
	assert_int_equal(uplink.last_seq, 4114);
	for (mu_wire_record_first(&uplink, &record); record.data; mu_wire_record_next(&uplink, &record)) {
		assert_true(seen < 3);
		assert_int_equal(record.seq, seqs[seen++]);
	}
	assert_int_equal(seen, 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_encoder_agrees),
		cmocka_unit_test(test_every_file_keeps_the_limits),
		cmocka_unit_test(test_every_file_is_listed),
		cmocka_unit_test(test_the_sizes_in_the_spec),
		cmocka_unit_test(test_full_heartbeat_is_full),
		cmocka_unit_test(test_uplink_splits_as_its_comment_says),
	};
	return cmocka_run_group_tests(tests, load, 0);
}
