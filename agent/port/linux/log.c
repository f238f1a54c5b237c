// SPDX-License-Identifier: Apache-2.0
#include "agent/port/linux/log.h"
#include <stdarg.h>
#include <time.h>

static const char *const names[] = { "none", "error", "warning", "info", "debug" };
enum { LEVELS = sizeof names / sizeof *names, LINE_MAX_BYTES = 512 };

void mu_virtual_log_write(const struct mu_virtual_log *log, int level, const char *line)
{
	if (!log->out || level < 1 || level > log->level)
		return;
	struct timespec now;
	struct tm parts;
	char date[32];
	clock_gettime(CLOCK_REALTIME, &now);
	gmtime_r(&now.tv_sec, &parts);
	strftime(date, sizeof date, "%Y-%m-%dT%H:%M:%S", &parts);
	fprintf(log->out, "time=%s.%03ldZ level=%s id=%s %s\n", date, now.tv_nsec / 1000000, level < LEVELS ? names[level] : "debug",
		log->id, line);
}

void mu_virtual_log_printf(const struct mu_virtual_log *log, int level, const char *format, ...)
{
	char line[LINE_MAX_BYTES];
	va_list arguments;
	if (!log->out || level > log->level)
		return;
	va_start(arguments, format);
	vsnprintf(line, sizeof line, format, arguments);
	va_end(arguments);
	mu_virtual_log_write(log, level, line);
}
