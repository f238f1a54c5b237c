// SPDX-License-Identifier: Apache-2.0
// A recording goes into the store as it would have come in. tests/e2e/replay kills it on the way.
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>
#include "collector/replay_command.h"
#include "tests/collector/ingest/uplink_maker.h"
#include "tests/collector/store/scratch.h"

static struct collector collector;

static int replay(const struct scratch *scratch, const char *file)
{
	char *const words[] = { (char *)"replay", (char *)file };
	memset(&collector, 0, sizeof collector);
	config_defaults(&collector.config);
	snprintf(collector.config.store.path, sizeof collector.config.store.path, "%s", scratch->path);
	return replay_command(&collector, file ? 2 : 1, words);
}

static void write_uplink(FILE *file, uint64_t first_seq, unsigned second)
{
	uint8_t bytes[2048];
	struct uplink_maker maker = { .epoch = 7, .first_seq = first_seq, .oldest_seq = 1, .boot = 1, .uptime_ms = 1000, .count = 2 };
	size_t size = uplink_make(&maker, bytes, sizeof bytes);
	fprintf(file, "1790000%03u.500000 muster/v1/dev-1/up ", second);
	for (size_t i = 0; i < size; i++)
		fprintf(file, "%02x", bytes[i]);
	fputc('\n', file);
}

static char *write_recording(const struct scratch *scratch, bool is_spoilt, char path[128])
{
	snprintf(path, 128, "%s/recording", scratch->folder);
	FILE *file = fopen(path, "w");
	assert_non_null(file);
	write_uplink(file, 1, 0);
	fputs("1790000000.6 muster/v1/dev-1/ack 00\n\n", file); // of the same recording, but not for us; and an empty line
	if (is_spoilt) {
		fputs("what is this\n", file);
		for (int i = 0; i < 70000; i++)
			fputc('x', file);
		fputc('\n', file);
	}
	write_uplink(file, 3, 1);
	fclose(file);
	return path;
}

static void test_a_recording_becomes_records_of_its_time(void **state)
{
	const struct scratch *scratch = *state;
	char path[128];
	assert_int_equal(replay(scratch, write_recording(scratch, false, path)), 0);
	assert_int_equal(scratch_number(scratch->path, "SELECT count(*) FROM record"), 4);
	assert_true(scratch_number(scratch->path, "SELECT max(recv_ms) FROM record") == INT64_C(1790000001500));
	assert_int_equal(scratch_number(scratch->path, "SELECT value FROM meta WHERE key='open'"), 0); // a clean end
	assert_int_equal(scratch_number(scratch->path, "SELECT count(*) FROM device WHERE snapshot IS NOT NULL"), 1);
	assert_int_equal(replay(scratch, path), 0); // again: all of it is there already
	assert_int_equal(scratch_number(scratch->path, "SELECT count(*) FROM record"), 4);
	remove(path);
}

static void test_bad_lines_cost_nothing_else(void **state)
{
	const struct scratch *scratch = *state;
	char path[128];
	assert_int_equal(replay(scratch, write_recording(scratch, true, path)), 1);
	assert_int_equal(scratch_number(scratch->path, "SELECT count(*) FROM record"), 4);
	remove(path);
}

static void test_misuse(void **state)
{
	const struct scratch *scratch = *state;
	assert_int_equal(replay(scratch, 0), 2);
	assert_int_equal(replay(scratch, "/nonexistent/recording"), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_a_recording_becomes_records_of_its_time, scratch_setup_folder, scratch_teardown),
		cmocka_unit_test_setup_teardown(test_bad_lines_cost_nothing_else, scratch_setup_folder, scratch_teardown),
		cmocka_unit_test_setup_teardown(test_misuse, scratch_setup_folder, scratch_teardown),
	};
	return cmocka_run_group_tests(tests, 0, 0);
}
