// SPDX-License-Identifier: Apache-2.0
// Reads the recorded tables in tests/golden/bootloader: lines of columns, otadata entries in their short form.
// A line that cannot be read fails the test at once.
#ifndef TESTS_AGENT_IMAGE_GOLDEN_ROW_H
#define TESTS_AGENT_IMAGE_GOLDEN_ROW_H
#include "agent/image/otadata.h"
#include <stdbool.h>
#include <stdio.h>

enum { GOLDEN_COLUMNS_MAX = 20 };

struct golden_row {
	char line[512];
	char *column[GOLDEN_COLUMNS_MAX];
	int columns;
};

// Opens tests/golden/bootloader/<name>.
FILE *golden_open(const char *name);

// The next row, or false at the end.
bool golden_next(FILE *file, struct golden_row *row);

// Column: "-" all FF, "=" the same as before, or seq:state:crc[:label].
struct mu_otadata_entry golden_entry(const char *column, const struct mu_otadata_entry *before);

// NEW .. UNDEFINED, or the number in hexadecimal. The buffer holds 12 bytes.
const char *golden_state_name(uint32_t state, char *buffer);

// Both entries equal in all 32 bytes; says which case it was if not.
void golden_assert_entry(const char *row_case, const struct mu_otadata_entry *got, const struct mu_otadata_entry *wanted);

#endif
