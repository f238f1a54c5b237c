// SPDX-License-Identifier: Apache-2.0
// What the output can show, and text that is safe to show there.
#ifndef COLLECTOR_CLI_TERMINAL_H
#define COLLECTOR_CLI_TERMINAL_H
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

struct terminal {
	FILE *out, *err;
	unsigned width; // columns
	bool colour;
	bool utf8; // "…" and "→" can be shown
	bool is_tty; // out, and in: a person can be asked
};

// Looks at COLUMNS, NO_COLOR, the locale and the device behind stdout. Without a terminal: COLUMNS or 80 columns, no colour.
void terminal_init(struct terminal *terminal);

// Copies text so that it can do nothing to a terminal: control characters become \xNN, what is not ASCII becomes '?' a character.
// Cut at size - 1; always ended. Returns out.
char *terminal_clean(const char *text, char *out, size_t size);

enum terminal_colour { COLOUR_NONE, COLOUR_GREEN, COLOUR_YELLOW, COLOUR_RED, COLOUR_FAINT, COLOUR_BOLD };
const char *terminal_on(const struct terminal *terminal, enum terminal_colour colour); // "" without colours
const char *terminal_off(const struct terminal *terminal, enum terminal_colour colour);

#endif
