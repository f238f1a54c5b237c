// SPDX-License-Identifier: Apache-2.0
// What a program or a function prints, caught in memory, and a folder of its own as HOME. All asserts: a failure here ends the test.
#ifndef TESTS_COLLECTOR_CLI_CONSOLE_H
#define TESTS_COLLECTOR_CLI_CONSOLE_H
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

struct console {
	FILE *out, *err; // to write to
	char *out_text, *err_text; // what was written, after console_end()
	size_t out_size, err_size;
};

void console_begin(struct console *console);
void console_end(struct console *console);  // closes both; the texts can be read until console_free()
void console_free(struct console *console);

// Runs a main function whose stdout and stderr are the console. The words end with a null; the first is the program's name. Gives the exit code.
int console_run(struct console *console, int (*main_of)(int argc, char **argv), ...);

// Whether nothing but printable ASCII and line ends was written.
bool console_is_harmless(const char *text);

// cmocka's set-up and tear-down: *state becomes the path of an empty folder, which is HOME; no variable of ours is set.
int console_home_make(void **state);
int console_home_remove(void **state);

#endif
