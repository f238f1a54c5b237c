// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include "tests/agent/image/golden_row.h"
#include <stdlib.h>
#include <string.h>

static const char *const state_names[] = { "NEW", "PENDING_VERIFY", "VALID", "INVALID", "ABORTED" };

FILE *golden_open(const char *name)
{
	char path[512];
	snprintf(path, sizeof path, "%s/tests/golden/bootloader/%s", MUSTER_SOURCE_DIR, name);
	FILE *file = fopen(path, "r");
	if (!file)
		fail_msg("cannot open %s", path);
	return file;
}

bool golden_next(FILE *file, struct golden_row *row)
{
	char *rest = row->line, *column;
	if (!fgets(row->line, sizeof row->line, file))
		return false;
	if (!strchr(row->line, '\n'))
		fail_msg("line too long: %.40s", row->line);
	for (row->columns = 0; (column = strsep(&rest, " \n")) && *column; row->columns++) {
		assert_true(row->columns < GOLDEN_COLUMNS_MAX);
		row->column[row->columns] = column;
	}
	return true;
}

static uint32_t parse_state(const char *text)
{
	for (uint32_t i = 0; i < sizeof state_names / sizeof *state_names; i++)
		if (!strcmp(text, state_names[i]))
			return i;
	return !strcmp(text, "UNDEFINED") ? MU_OTADATA_UNDEFINED : (uint32_t)strtoul(text, 0, 16);
}

struct mu_otadata_entry golden_entry(const char *column, const struct mu_otadata_entry *before)
{
	struct mu_otadata_entry entry;
	char state[16], label[41] = "";
	memset(&entry, 0xFF, sizeof entry);
	if (!strcmp(column, "-"))
		return entry;
	if (!strcmp(column, "=")) {
		assert_non_null(before);
		return *before;
	}
	int found = sscanf(column, "%x:%15[^:]:%x:%40s", &entry.seq, state, &entry.crc, label);
	if (found < 3 || (found == 4 && strlen(label) != 40))
		fail_msg("not an entry: %s", column);
	entry.state = parse_state(state);
	for (size_t i = 0; found == 4 && i < sizeof entry.label; i++) {
		unsigned byte;
		assert_int_equal(sscanf(label + 2 * i, "%2x", &byte), 1);
		entry.label[i] = (uint8_t)byte;
	}
	return entry;
}

const char *golden_state_name(uint32_t state, char *buffer)
{
	if (state < sizeof state_names / sizeof *state_names)
		return state_names[state];
	if (state == MU_OTADATA_UNDEFINED)
		return "UNDEFINED";
	snprintf(buffer, 12, "0x%08x", (unsigned)state);
	return buffer;
}

void golden_assert_entry(const char *row_case, const struct mu_otadata_entry *got, const struct mu_otadata_entry *wanted)
{
	uint8_t a[MU_OTADATA_ENTRY_SIZE], b[MU_OTADATA_ENTRY_SIZE];
	mu_otadata_encode(got, a);
	mu_otadata_encode(wanted, b);
	if (memcmp(a, b, sizeof a))
		fail_msg("%s: seq %x state %x crc %x instead of seq %x state %x crc %x", row_case, got->seq, got->state, got->crc,
			wanted->seq, wanted->state, wanted->crc);
}
