// SPDX-License-Identifier: Apache-2.0
// Inside of config: the options as a table, one row an option. Parsing, help, validation and reload all read it.
#ifndef COLLECTOR_CONFIG_TABLE_H
#define COLLECTOR_CONFIG_TABLE_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "collector/config.h"

enum option_type {
	OPTION_TEXT,   // config_text
	OPTION_NUMBER, // uint32_t
	OPTION_BYTES,  // uint64_t; KiB, MiB, GiB allowed
	OPTION_CHOICE, // uint32_t, index into choices
};

struct config_option {
	const char *section, *key;
	enum option_type type;
	size_t offset;
	uint64_t min, max;      // numbers and bytes; for text min 1: must not be empty
	const char *initial;    // as it would stand in the file
	bool needs_restart;
	const char *const *choices; // ends with 0
	const char *help;
};

enum { CONFIG_OPTIONS_MAX = 64 };

extern const struct config_option config_options[];
extern const size_t config_option_count;

size_t config_option_size(const struct config_option *option); // of its field

// Sets the field from text. 0, or -1 with the reason (capacity CONFIG_ERROR_BYTES) in words that follow the key.
int config_option_set(const struct config_option *option, struct config *config, const char *text, char *reason);

// What a reader may have meant: the section or key (of section; 0: among the sections) nearest to name, or 0.
const char *config_nearest(const char *section, const char *name);

#endif
