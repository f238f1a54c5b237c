// SPDX-License-Identifier: Apache-2.0
#include "collector/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

const char *const log_threshold_names[] = { "error", "warn", "info", "debug", 0 };

static enum log_threshold threshold_now = LOG_AT_INFO;

void log_set_threshold(enum log_threshold threshold)
{
	threshold_now = threshold;
}

static size_t write_head(char *line, size_t capacity, enum log_threshold level, const char *area, const char *event)
{
	struct timespec now;
	struct tm utc;
	clock_gettime(CLOCK_REALTIME, &now);
	gmtime_r(&now.tv_sec, &utc);
	size_t length = strftime(line, capacity, "at=%Y-%m-%dT%H:%M:%S", &utc);
	int more = snprintf(line + length, capacity - length, ".%03ldZ level=%s area=%s what=\"%s\"", now.tv_nsec / 1000000,
		log_threshold_names[level], area, event);
	return more < 0 ? length : length + (size_t)more;
}

// One write() a line, so that lines of several processes on one terminal do not mix.
static void write_line(enum log_threshold level, const char *area, const char *event, const char *pairs, va_list arguments)
{
	char line[LOG_LINE_BYTES];
	size_t room = sizeof line - sizeof "...\n";
	size_t length = write_head(line, room, level, area, event);
	if (length < room && *pairs) {
		line[length++] = ' ';
		int more = vsnprintf(line + length, room - length, pairs, arguments);
		length += more < 0 ? 0 : (size_t)more;
	}
	if (length >= room) {
		length = room - 1;
		memcpy(line + length, "...", 3);
		length += 3;
	}
	line[length++] = '\n';
	ssize_t written = write(STDERR_FILENO, line, length);
	(void)written; // nobody is left to tell
}

#define LOG_AT(name, level)                                                                                                            \
	void name(const char *area, const char *event, const char *pairs, ...)                                                         \
	{                                                                                                                              \
		if (level > threshold_now)                                                                                             \
			return;                                                                                                        \
		va_list arguments;                                                                                                     \
		va_start(arguments, pairs);                                                                                            \
		write_line(level, area, event, pairs, arguments);                                                                      \
		va_end(arguments);                                                                                                     \
	}

LOG_AT(log_error, LOG_AT_ERROR)
LOG_AT(log_warn, LOG_AT_WARN)
LOG_AT(log_info, LOG_AT_INFO)
LOG_AT(log_debug, LOG_AT_DEBUG)

struct log_text log_quote(const char *text)
{
	static const char hex[] = "0123456789abcdef";
	struct log_text quoted;
	size_t length = 0;
	quoted.text[length++] = '"';
	for (const unsigned char *at = (const unsigned char *)text; *at && length < sizeof quoted.text - 6; at++) {
		if (*at == '"' || *at == '\\') {
			quoted.text[length++] = '\\';
			quoted.text[length++] = (char)*at;
		} else if (*at < 0x20 || *at > 0x7e) {
			quoted.text[length++] = '\\';
			quoted.text[length++] = 'x';
			quoted.text[length++] = hex[*at >> 4];
			quoted.text[length++] = hex[*at & 15];
		} else {
			quoted.text[length++] = (char)*at;
		}
	}
	quoted.text[length++] = '"';
	quoted.text[length] = 0;
	return quoted;
}
