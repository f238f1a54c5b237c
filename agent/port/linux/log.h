// SPDX-License-Identifier: Apache-2.0
// One line a log entry on stderr: time=2026-01-31T12:00:00.123Z level=warning id=dev-0001 <key=value text>
//
// Memory: the caller's. Thread: one at a time for a log.
#ifndef MU_PORT_LINUX_LOG_H
#define MU_PORT_LINUX_LOG_H
#include <stdio.h>

struct mu_virtual_log {
	FILE *out;      // null: nothing is written
	int level;      // least urgent that is written: enum LogLevel of muster.proto, 1 error .. 4 debug
	const char *id; // of the device; kept by reference
};

void mu_virtual_log_write(const struct mu_virtual_log *log, int level, const char *line);
void mu_virtual_log_printf(const struct mu_virtual_log *log, int level, const char *format, ...) __attribute__((format(printf, 3, 4)));

#endif
