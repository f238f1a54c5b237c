// SPDX-License-Identifier: Apache-2.0
#include "collector/cli/terminal.h"
#include <langinfo.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum { WIDTH_MIN = 20, WIDTH_MAX = 1000, WIDTH_DEFAULT = 80 };

static unsigned find_width(void)
{
	const char *text = getenv("COLUMNS");
	long columns = text ? strtol(text, 0, 10) : 0;
	struct winsize size;
	if (columns <= 0 && ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0)
		columns = size.ws_col;
	if (columns <= 0)
		return WIDTH_DEFAULT;
	if (columns < WIDTH_MIN)
		return WIDTH_MIN;
	return columns > WIDTH_MAX ? WIDTH_MAX : (unsigned)columns;
}

void terminal_init(struct terminal *terminal)
{
	const char *no_color = getenv("NO_COLOR"), *term = getenv("TERM");
	bool out_is_tty = isatty(STDOUT_FILENO);
	setlocale(LC_CTYPE, "");
	*terminal = (struct terminal){
		.out = stdout,
		.err = stderr,
		.width = find_width(),
		.colour = out_is_tty && !(no_color && *no_color) && !(term && strcmp(term, "dumb") == 0),
		.utf8 = strcmp(nl_langinfo(CODESET), "UTF-8") == 0,
		.is_tty = out_is_tty && isatty(STDIN_FILENO),
	};
}

char *terminal_clean(const char *text, char *out, size_t size)
{
	size_t used = 0;
	for (; *text && used + 1 < size; text++) {
		unsigned char c = (unsigned char)*text;
		if (c >= 0x20 && c < 0x7f) {
			out[used++] = (char)c;
		} else if (c >= 0xc0) {
			out[used++] = '?'; // first byte of a character; the rest of it is left out
		} else if (c < 0x80) {
			if (used + 5 > size)
				break;
			used += (size_t)snprintf(out + used, size - used, "\\x%02x", c);
		}
	}
	out[used] = 0;
	return out;
}

static const char *const codes[] = { "", "\033[32m", "\033[33m", "\033[31m", "\033[2m", "\033[1m" };

const char *terminal_on(const struct terminal *terminal, enum terminal_colour colour)
{
	return terminal->colour ? codes[colour] : "";
}

const char *terminal_off(const struct terminal *terminal, enum terminal_colour colour)
{
	return terminal->colour && colour != COLOUR_NONE ? "\033[0m" : "";
}
