// SPDX-License-Identifier: Apache-2.0
// Which alerts: matchers in the syntax of Alertmanager, over labels.
//
//   severity=~"crit.*",firmware!="1.4.2"       in braces or not, separated by commas, all must hold
//
// = and != compare texts, =~ and !~ match the whole of the label with a POSIX extended regular expression. A value is quoted (\" \\ \n) or runs to
// the next comma. A label that is not there is an empty text.
// Bounds, because regcomp() copies what a quantifier repeats: at most MATCHERS_MAX matchers of MATCHER_TEXT_BYTES in all; expressions with
// counted repetition ({2,9}), a quantifier after a quantifier, groups in more than MATCHER_DEPTH groups, or a backslash before a letter or a digit
// (back references, and what POSIX does not know) are refused.
// Pure. Thread: any one at a time. Memory: the caller's struct; what regcomp() takes is given back by matchers_free().
#ifndef COLLECTOR_HTTP_MATCHER_H
#define COLLECTOR_HTTP_MATCHER_H
#include <regex.h>
#include <stdbool.h>
#include <stddef.h>

enum { MATCHERS_MAX = 8, MATCHER_TEXT_BYTES = 513, MATCHER_NAME_BYTES = 64, MATCHER_VALUE_BYTES = 256, MATCHER_DEPTH = 4 };

enum matcher_kind { MATCHER_EQUAL, MATCHER_NOT_EQUAL, MATCHER_REGEX, MATCHER_NOT_REGEX };

struct matcher {
	enum matcher_kind kind;
	char name[MATCHER_NAME_BYTES];
	char value[MATCHER_VALUE_BYTES];
	regex_t regex; // of the two last kinds
};

struct matchers {
	unsigned count; // 0: everything fits
	struct matcher list[MATCHERS_MAX];
};

struct matcher_problem {
	unsigned column; // from 1
	char what[160];
};

// 0, or -1 with *problem and *matchers empty. Blank text is no matcher.
int matchers_parse(struct matchers *matchers, const char *text, struct matcher_problem *problem);
void matchers_free(struct matchers *matchers);

// label: the text of a label, or null if there is none of this name.
bool matchers_fit(const struct matchers *matchers, const char *(*label)(void *context, const char *name), void *context);

#endif
