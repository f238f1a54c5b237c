// SPDX-License-Identifier: Apache-2.0
// The log of musterd: one line an event on stderr, `level=warn area=store what="disk full" ...`.
//
// A line is made of an area, an event in plain words and key=value pairs that the caller formats, each built in at most LOG_LINE_BYTES;
// what is longer is cut and marked with "...". Control characters, quotes and bytes above 0x7e in a value are escaped, so that a payload
// cannot forge a line. Every warning also has a counter (counters.def): what is only logged is not watched.
// Thread: the loop's. The threshold is the one piece of state here; it belongs to the process, as stderr does.
#ifndef COLLECTOR_LOG_H
#define COLLECTOR_LOG_H

enum { LOG_LINE_BYTES = 1024 };

enum log_threshold { LOG_AT_ERROR, LOG_AT_WARN, LOG_AT_INFO, LOG_AT_DEBUG };

void log_set_threshold(enum log_threshold threshold);

// Names of the thresholds, as the configuration spells them; 0 ends the list.
extern const char *const log_threshold_names[];

// pairs is a printf format of ready key=value pairs, for example "device=%s seq=%llu"; "" if there is none. Text that comes from outside
// goes through log_quote() first.
void log_error(const char *area, const char *event, const char *pairs, ...) __attribute__((format(printf, 3, 4)));
void log_warn(const char *area, const char *event, const char *pairs, ...) __attribute__((format(printf, 3, 4)));
void log_info(const char *area, const char *event, const char *pairs, ...) __attribute__((format(printf, 3, 4)));
void log_debug(const char *area, const char *event, const char *pairs, ...) __attribute__((format(printf, 3, 4)));

struct log_text {
	char text[256];
};

// A quoted, escaped copy of text, by value, so that it lives as long as the statement: log_warn("x", "y", "name=%s", log_quote(s).text).
struct log_text log_quote(const char *text);

#endif
