// SPDX-License-Identifier: Apache-2.0
#include "tests/collector/cli/console.h"
#include <stdarg.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>

enum { WORDS_MAX = 80 };

void console_begin(struct console *console)
{
	*console = (struct console){ 0 };
	console->out = open_memstream(&console->out_text, &console->out_size);
	console->err = open_memstream(&console->err_text, &console->err_size);
	assert_non_null(console->out);
	assert_non_null(console->err);
}

void console_end(struct console *console)
{
	fclose(console->out);
	fclose(console->err);
}

void console_free(struct console *console)
{
	free(console->out_text);
	free(console->err_text);
}

int console_run(struct console *console, int (*main_of)(int argc, char **argv), ...)
{
	char *words[WORDS_MAX + 1];
	FILE *out = stdout, *err = stderr;
	va_list list;
	int count = 0;
	va_start(list, main_of);
	while (count < WORDS_MAX && (words[count] = va_arg(list, char *)))
		count++;
	va_end(list);
	words[count] = 0;
	console_begin(console);
	stdout = console->out;
	stderr = console->err;
	int code = main_of(count, words);
	stdout = out;
	stderr = err;
	console_end(console);
	return code;
}

bool console_is_harmless(const char *text)
{
	for (; *text; text++)
		if (*text != '\n' && (*text < 0x20 || *text > 0x7e))
			return false;
	return true;
}

int console_home_make(void **state)
{
	static const char *const ours[] = { "MUSTER_SERVER", "MUSTER_TOKEN", "MUSTER_TOKEN_FILE", "MUSTER_KEYS", "MUSTER_CA_FILE",
		"COLUMNS", "NO_COLOR" };
	char folder[] = "/tmp/test-cli-XXXXXX";
	assert_non_null(mkdtemp(folder));
	for (size_t i = 0; i < sizeof ours / sizeof *ours; i++)
		unsetenv(ours[i]);
	setenv("HOME", folder, 1);
	*state = malloc(sizeof folder);
	snprintf(*state, sizeof folder, "%s", folder);
	return 0;
}

int console_home_remove(void **state)
{
	char command[64];
	snprintf(command, sizeof command, "rm -rf %s", (char *)*state);
	free(*state);
	return system(command);
}
