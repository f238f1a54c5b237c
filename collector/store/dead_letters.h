// SPDX-License-Identifier: Apache-2.0
// What could not be accepted, with its reason: whole payloads and single records. At most DEAD_LETTERS_MAX rows and DEAD_LETTER_BYTES_MAX
// bytes of payload; the oldest make room. A payload longer than DEAD_LETTER_PAYLOAD_MAX is cut, `size` keeps its length.
#ifndef COLLECTOR_STORE_DEAD_LETTERS_H
#define COLLECTOR_STORE_DEAD_LETTERS_H
#include "collector/store/store.h"

enum {
	DEAD_LETTERS_MAX = 10000,
	DEAD_LETTER_BYTES_MAX = 16 * 1024 * 1024,
	DEAD_LETTER_PAYLOAD_MAX = 16 * 1024,
};

struct dead_letter {
	uint64_t n;
	uint64_t recv_ms;
	const char *topic;
	const char *device; // "" if the topic has no valid id
	uint64_t epoch, seq; // 0 where they are not known
	const char *reason;
	uint64_t size;
	struct store_blob payload;
};

// Returns the number of old rows that made room (0 mostly), or STORE_E*.
int store_dead_letter_add(struct store *store, const struct dead_letter *letter);

typedef int dead_letter_each(void *context, const struct dead_letter *letter);

// Newest first, numbers below before (0: from the newest), at most limit. Returns how many.
int store_dead_letter_list(struct store *store, uint64_t before, unsigned limit, dead_letter_each *each, void *context);

// Oldest first, numbers above after, at most limit. Returns how many, or what each() returned.
int store_dead_letter_after(struct store *store, uint64_t after, unsigned limit, dead_letter_each *each, void *context);

int store_dead_letter_count(struct store *store, uint64_t *rows, uint64_t *bytes);

#endif
