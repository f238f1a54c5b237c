// SPDX-License-Identifier: Apache-2.0
// Tables and labelled lines that fit the terminal: columns that matter least go first, what is too long is cut and marked.
//
// Cells are cleaned (terminal.h) when they are added, so text of devices is safe. Memory: on the heap until table_free(); rows beyond
// memory are dropped and told by table_print(). Thread: one.
#ifndef COLLECTOR_CLI_TABLE_H
#define COLLECTOR_CLI_TABLE_H
#include "collector/cli/terminal.h"

enum { TABLE_COLUMNS_MAX = 12, TABLE_CELL_BYTES = 256 };

struct table_column {
	const char *title;
	unsigned least; // columns of the terminal that it needs at least
	unsigned rank;  // 0: always shown; the highest goes first when there is no room
	bool right;     // numbers
};

struct table;

struct table *table_new(const struct table_column *columns, unsigned count); // null: no memory
void table_free(struct table *table);

// cells: one text a column, null: empty. colour is that of the cell in column coloured.
void table_add(struct table *table, const char *const *cells, unsigned coloured, enum terminal_colour colour);

void table_print(const struct table *table, const struct terminal *terminal);

// "label        text", the text broken at blanks to as many lines as it needs.
void print_field(const struct terminal *terminal, const char *label, const char *text, enum terminal_colour colour);

// A sentence, broken at blanks.
void print_text(const struct terminal *terminal, const char *text);

#endif
