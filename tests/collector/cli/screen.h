// SPDX-License-Identifier: Apache-2.0
// A terminal of any width that writes into memory.
#ifndef TESTS_COLLECTOR_CLI_SCREEN_H
#define TESTS_COLLECTOR_CLI_SCREEN_H
#include "collector/cli/terminal.h"

struct screen {
	struct terminal terminal;
	char *text; // what was printed, after screen_text()
	size_t size;
};

void screen_open(struct screen *screen, unsigned width);
const char *screen_text(struct screen *screen);
void screen_close(struct screen *screen);

// No line has more columns than the screen, and no byte could steer a terminal. Fails the test if not.
void screen_check(struct screen *screen);

#endif
