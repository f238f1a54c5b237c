// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include "tests/collector/cli/screen.h"

void screen_open(struct screen *screen, unsigned width)
{
	*screen = (struct screen){ 0 };
	FILE *file = open_memstream(&screen->text, &screen->size);
	assert_non_null(file);
	screen->terminal = (struct terminal){ .out = file, .err = file, .width = width, .utf8 = true };
}

const char *screen_text(struct screen *screen)
{
	fflush(screen->terminal.out);
	return screen->text;
}

void screen_close(struct screen *screen)
{
	fclose(screen->terminal.out);
	free(screen->text);
}

void screen_check(struct screen *screen)
{
	unsigned columns = 0;
	for (const char *at = screen_text(screen); *at; at++) {
		unsigned char c = (unsigned char)*at;
		if (c == '\n') {
			columns = 0;
			continue;
		}
		if (c < 0x20 || c == 0x7f)
			fail_msg("byte %02x in:\n%s", c, screen->text);
		columns += (c & 0xc0) != 0x80; // the rest of "…"
		if (columns > screen->terminal.width)
			fail_msg("more than %u columns:\n%s", screen->terminal.width, screen->text);
	}
}
