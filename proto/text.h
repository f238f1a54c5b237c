// SPDX-License-Identifier: Apache-2.0
// Text that may be shown on a terminal or a page as it is: well-formed UTF-8 without control characters.
//
// Refused besides C0, DEL and C1: line and paragraph separators, and the marks that turn the direction of text (they can make a line read as
// something else than it is). Lengths are bytes without the NUL. Pure. Thread: any.
#ifndef MU_PROTO_TEXT_H
#define MU_PROTO_TEXT_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// Length in bytes of the valid character at the start of text, or 0 if there is none (malformed, not printable, size 0).
size_t mu_text_character(const uint8_t *text, size_t size);

bool mu_text_valid(const uint8_t *text, size_t size);

// Copies what fits into out, cut at a character, with a `?` for each byte that may not be there; so the result is always valid and ends with a
// NUL (unless size is 0). in may be null (copied as ""). Returns the length.
size_t mu_text_copy(char *out, size_t size, const char *in);

// Writes as much of text to `at` as fits before `end` with a NUL behind it; at < end. Returns where the NUL is: the next part's place.
char *mu_text_put(char *at, const char *end, const char *text);

// Appends "name=number", behind a space if out is not empty. False, and out is as it was, if it does not fit into size with its NUL.
// number: its magnitude fits 32 bits.
bool mu_text_field(char *out, size_t size, const char *name, int64_t number);

#endif
