// SPDX-License-Identifier: Apache-2.0
// Values that come from devices or are wider than JSON's numbers, as JSON. New references; null if there is no memory.
#ifndef COLLECTOR_HTTP_JSON_TEXT_H
#define COLLECTOR_HTTP_JSON_TEXT_H
#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

// Text of a device: what is not UTF-8 becomes '?', a NUL ends it.
json_t *json_text(const char *text, size_t size);
json_t *json_string_or_null(const char *text); // "" and null are JSON null

// Lower-case hex.
json_t *json_hex(const void *bytes, size_t size);

// A number up to 2^53, above that a decimal string: a double would round it.
json_t *json_u64(uint64_t value);
json_t *json_i64(int64_t value);

// The value of one hex digit of either case, or -1.
int hex_digit(char c);

// 2 * size digits of either case to bytes. 0, or -1 if text is not exactly that.
int hex_decode(const char *text, uint8_t *bytes, size_t size);

// Standard base64 with padding, no line breaks. Returns the bytes written, or -1 (not base64, or more than size).
long base64_decode(const char *text, uint8_t *bytes, size_t size);

#endif
