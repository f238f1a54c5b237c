// SPDX-License-Identifier: Apache-2.0
// Values of the API in words for people: ages, states, outcomes. Results are structs of text, so that they live as long as the statement.
#ifndef COLLECTOR_CLI_WORDS_H
#define COLLECTOR_CLI_WORDS_H
#include <jansson.h>
#include <stdint.h>
#include "collector/cli/terminal.h"

struct words {
	char text[64];
};

struct words words_age(uint64_t ms);      // "42 s", "3 min", "5 h", "2 d"
struct words words_time(uint64_t unix_ms); // "2026-11-21 05:24:58" local time; "-" for 0
struct words words_sha(const char *sha);  // first 8 digits; "?" for null

enum terminal_colour words_severity_colour(const char *severity);

// What a CommandOutcome means and what can be done, for a person. Never null; an unknown name is said to be unknown.
struct outcome_words {
	const char *outcome, *meaning, *remedy;
};
const struct outcome_words *words_outcome(const char *outcome);

// TIME_SNTP to "set by SNTP", NETWORK_SCANNING to "scanning for its networks"; a name that is not known as it is.
const char *words_time_quality(const char *quality);
const char *words_network(const char *state);

// Why a device says that it cannot roll back (RollbackBlock). Never null.
const struct outcome_words *words_block(const char *block);

// Members of an object that may be absent or null.
const char *text_of(const json_t *object, const char *name); // "" if it is no text
int64_t number_of(const json_t *object, const char *name, int64_t absent);

#endif
