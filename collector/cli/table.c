// SPDX-License-Identifier: Apache-2.0
#include "collector/cli/table.h"
#include <stdlib.h>
#include <string.h>

enum { GAP = 2, LABEL = 14, RANKED_MAX = 16 };

struct row {
	char *cells[TABLE_COLUMNS_MAX];
	unsigned coloured;
	enum terminal_colour colour;
};

struct table {
	struct table_column columns[TABLE_COLUMNS_MAX];
	unsigned column_count;
	struct row *rows;
	size_t count, capacity, dropped;
};

struct layout {
	unsigned width[TABLE_COLUMNS_MAX]; // 0: not shown
};

struct table *table_new(const struct table_column *columns, unsigned count)
{
	struct table *table = calloc(1, sizeof *table);
	if (!table)
		return 0;
	memcpy(table->columns, columns, count * sizeof *columns);
	table->column_count = count;
	return table;
}

void table_free(struct table *table)
{
	if (!table)
		return;
	for (size_t i = 0; i < table->count; i++)
		for (unsigned c = 0; c < table->column_count; c++)
			free(table->rows[i].cells[c]);
	free(table->rows);
	free(table);
}

static int make_room(struct table *table)
{
	if (table->count < table->capacity)
		return 0;
	size_t capacity = table->capacity ? table->capacity * 2 : 64;
	struct row *rows = realloc(table->rows, capacity * sizeof *rows);
	if (!rows)
		return -1;
	table->rows = rows;
	table->capacity = capacity;
	return 0;
}

void table_add(struct table *table, const char *const *cells, unsigned coloured, enum terminal_colour colour)
{
	if (make_room(table) < 0) {
		table->dropped++;
		return;
	}
	struct row *row = &table->rows[table->count++];
	*row = (struct row){ .coloured = coloured, .colour = colour };
	for (unsigned c = 0; c < table->column_count; c++) {
		char clean[TABLE_CELL_BYTES];
		row->cells[c] = strdup(terminal_clean(cells[c] ? cells[c] : "", clean, sizeof clean));
	}
}

static const char *cell(const struct row *row, unsigned column)
{
	return row->cells[column] ? row->cells[column] : "";
}

static unsigned widest(const struct table *table, unsigned column)
{
	size_t width = strlen(table->columns[column].title);
	for (size_t i = 0; i < table->count; i++)
		if (strlen(cell(&table->rows[i], column)) > width)
			width = strlen(cell(&table->rows[i], column));
	return (unsigned)width;
}

static unsigned needed(const struct table *table, const struct layout *layout)
{
	unsigned sum = 0;
	for (unsigned c = 0; c < table->column_count; c++)
		if (layout->width[c])
			sum += layout->width[c] + (sum ? GAP : 0);
	return sum;
}

// The shown column that can best do without, or -1.
static int least_important(const struct table *table, const struct layout *layout)
{
	int found = -1;
	for (unsigned c = 0; c < table->column_count; c++)
		if (layout->width[c] && table->columns[c].rank && (found < 0 || table->columns[c].rank >= table->columns[found].rank))
			found = (int)c;
	return found;
}

// Takes `over` columns of the terminal away from the last shown column, or from all, the last first. Returns what is still over.
static unsigned shrink(const struct table *table, struct layout *layout, unsigned over, bool only_last)
{
	for (unsigned c = table->column_count; c-- > 0 && over;) {
		if (!layout->width[c])
			continue;
		unsigned spare = layout->width[c] > table->columns[c].least ? layout->width[c] - table->columns[c].least : 0;
		unsigned take = spare < over ? spare : over;
		layout->width[c] -= take;
		over -= take;
		if (only_last)
			break;
	}
	return over;
}

// What a column is given to begin with: its widest cell, but one that can be left out must not push the others out.
static unsigned wanted(const struct table *table, unsigned column)
{
	unsigned width = widest(table, column);
	bool is_bounded = table->columns[column].rank && column + 1 < table->column_count;
	return is_bounded && width > RANKED_MAX ? RANKED_MAX : width;
}

// Columns that went for the sake of one that then went too come back, the most important first.
static void bring_back(const struct table *table, struct layout *layout, unsigned width)
{
	for (unsigned rank = 1; rank <= TABLE_COLUMNS_MAX; rank++)
		for (unsigned c = 0; c < table->column_count; c++) {
			if (layout->width[c] || table->columns[c].rank != rank)
				continue;
			layout->width[c] = wanted(table, c);
			if (needed(table, layout) > width)
				layout->width[c] = 0;
		}
}

static struct layout lay_out(const struct table *table, unsigned width)
{
	struct layout layout = { { 0 } };
	for (unsigned c = 0; c < table->column_count; c++)
		layout.width[c] = wanted(table, c);
	for (;;) {
		struct layout tried = layout;
		unsigned sum = needed(table, &layout);
		if (sum <= width) {
			bring_back(table, &layout, width);
			return layout;
		}
		if (shrink(table, &tried, sum - width, true) == 0)
			return tried;
		int gone = least_important(table, &layout);
		if (gone < 0) {
			shrink(table, &layout, sum - width, false);
			return layout;
		}
		layout.width[gone] = 0;
	}
}

static void print_cell(const struct terminal *terminal, const char *text, unsigned width, bool right, bool is_last,
	enum terminal_colour colour)
{
	size_t length = strlen(text);
	bool cut = length > width;
	size_t shown = cut ? width - 1 : length;
	int pad = (int)(width - (cut ? width : length));
	if (right)
		fprintf(terminal->out, "%*s", pad, "");
	fprintf(terminal->out, "%s%.*s%s%s", terminal_on(terminal, colour), (int)shown, text,
		cut ? terminal->utf8 ? "\xe2\x80\xa6" : "~" : "", terminal_off(terminal, colour));
	if (!right && !is_last)
		fprintf(terminal->out, "%*s", pad, "");
}

// The last column of this row (null: the titles) in which something is shown, so that no line ends in blanks.
static unsigned last_shown(const struct table *table, const struct layout *layout, const struct row *row)
{
	unsigned last = 0;
	for (unsigned c = 0; c < table->column_count; c++)
		if (layout->width[c] && (!row || *cell(row, c)))
			last = c;
	return last;
}

static void print_row(const struct table *table, const struct layout *layout, const struct terminal *terminal, const struct row *row)
{
	unsigned last = last_shown(table, layout, row);
	bool first = true;
	for (unsigned c = 0; c <= last; c++) {
		if (!layout->width[c])
			continue;
		enum terminal_colour colour = !row ? COLOUR_FAINT : row->coloured == c ? row->colour : COLOUR_NONE;
		fprintf(terminal->out, "%*s", first ? 0 : GAP, "");
		print_cell(terminal, row ? cell(row, c) : table->columns[c].title, layout->width[c], table->columns[c].right, c == last,
			colour);
		first = false;
	}
	fputc('\n', terminal->out);
}

void table_print(const struct table *table, const struct terminal *terminal)
{
	struct layout layout = lay_out(table, terminal->width);
	print_row(table, &layout, terminal, 0);
	for (size_t i = 0; i < table->count; i++)
		print_row(table, &layout, terminal, &table->rows[i]);
	if (table->dropped)
		fprintf(terminal->err, "muster: no memory for %zu more rows\n", table->dropped);
}

// How much of text goes on a line of this width, and how much of it is used up with the blank after it.
static size_t break_at(const char *text, size_t width, size_t *used)
{
	size_t length = strlen(text);
	*used = length;
	if (length <= width)
		return length;
	size_t at = width;
	while (at && text[at] != ' ')
		at--;
	*used = at ? at + 1 : width;
	return at ? at : width;
}

// Breaks clean text to lines of this width; those after the first are indented.
static void print_broken(const struct terminal *terminal, const char *clean, size_t width, int indent, enum terminal_colour colour)
{
	int margin = 0;
	do {
		size_t used, length = break_at(clean, width, &used);
		fprintf(terminal->out, "%*s%s%.*s%s\n", margin, "", terminal_on(terminal, colour), (int)length, clean,
			terminal_off(terminal, colour));
		clean += used;
		margin = indent;
	} while (*clean);
}

void print_field(const struct terminal *terminal, const char *label, const char *text, enum terminal_colour colour)
{
	char clean[1024];
	size_t width = terminal->width > LABEL + 8 ? terminal->width - LABEL : 8;
	fprintf(terminal->out, "%-*s", LABEL, label);
	print_broken(terminal, terminal_clean(text, clean, sizeof clean), width, LABEL, colour);
}

void print_text(const struct terminal *terminal, const char *text)
{
	char clean[1024];
	print_broken(terminal, terminal_clean(text, clean, sizeof clean), terminal->width, 0, COLOUR_NONE);
}
