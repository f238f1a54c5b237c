// SPDX-License-Identifier: Apache-2.0
// The query of a URL: "limit=10&state=offline". Bounded, strict: what is not well formed is an error, not an empty value.
// Pure. Thread: any. Memory: the caller's struct.
#ifndef COLLECTOR_HTTP_QUERY_H
#define COLLECTOR_HTTP_QUERY_H
#include <stddef.h>
#include <stdint.h>

enum { QUERY_PAIRS_MAX = 16, QUERY_NAME_BYTES = 32, QUERY_VALUE_BYTES = 513 };

struct query {
	unsigned count;
	struct {
		char name[QUERY_NAME_BYTES];
		char value[QUERY_VALUE_BYTES];
	} pairs[QUERY_PAIRS_MAX];
};

// %XX and '+' are decoded; a decoded NUL, a bad %, a name twice, an empty name, or too much of anything is refused. text may be null (none).
// Returns 0, or -1 with *problem (static text).
int query_parse(struct query *query, const char *text, const char **problem);

const char *query_get(const struct query *query, const char *name); // null: not given

// The first name that is not one of the words of `allowed` ("limit after"), or null.
const char *query_unknown(const struct query *query, const char *allowed);

// *value is left as it is if the name is not given. Returns 0, or -1: not a number in min..max.
int query_number(const struct query *query, const char *name, uint64_t min, uint64_t max, uint64_t *value);

#endif
