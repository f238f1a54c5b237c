// SPDX-License-Identifier: Apache-2.0
#include "collector/http/json_text.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EXACT_MAX (INT64_C(1) << 53)

json_t *json_text(const char *text, size_t size)
{
	size = strnlen(text, size);
	json_t *value = json_stringn(text, size);
	if (value)
		return value;
	char *clean = malloc(size + 1);
	if (!clean)
		return 0;
	for (size_t i = 0; i < size; i++)
		clean[i] = (unsigned char)text[i] < 128 ? text[i] : '?';
	value = json_stringn(clean, size);
	free(clean);
	return value;
}

json_t *json_string_or_null(const char *text)
{
	return text && *text ? json_text(text, strlen(text)) : json_null();
}

json_t *json_hex(const void *bytes, size_t size)
{
	static const char digits[] = "0123456789abcdef";
	char *text = malloc(2 * size + 1);
	if (!text)
		return 0;
	for (size_t i = 0; i < size; i++) {
		uint8_t byte = ((const uint8_t *)bytes)[i];
		text[2 * i] = digits[byte >> 4];
		text[2 * i + 1] = digits[byte & 15];
	}
	json_t *value = json_stringn(text, 2 * size);
	free(text);
	return value;
}

json_t *json_u64(uint64_t value)
{
	char text[24];
	if (value <= (uint64_t)EXACT_MAX)
		return json_integer((json_int_t)value);
	snprintf(text, sizeof text, "%" PRIu64, value);
	return json_string(text);
}

json_t *json_i64(int64_t value)
{
	char text[24];
	if (value <= EXACT_MAX && value >= -EXACT_MAX)
		return json_integer(value);
	snprintf(text, sizeof text, "%" PRId64, value);
	return json_string(text);
}

int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

int hex_decode(const char *text, uint8_t *bytes, size_t size)
{
	if (strlen(text) != 2 * size)
		return -1;
	for (size_t i = 0; i < size; i++) {
		int high = hex_digit(text[2 * i]), low = hex_digit(text[2 * i + 1]);
		if (high < 0 || low < 0)
			return -1;
		bytes[i] = (uint8_t)(high << 4 | low);
	}
	return 0;
}

static int sextet_of(char c)
{
	static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const char *found = c ? strchr(alphabet, c) : 0;
	return found ? (int)(found - alphabet) : -1;
}

long base64_decode(const char *text, uint8_t *bytes, size_t size)
{
	size_t length = strlen(text), used = 0, pads = 0;
	if (length % 4)
		return -1;
	while (pads < 2 && pads < length && text[length - 1 - pads] == '=')
		pads++;
	if (length / 4 * 3 - pads > size)
		return -1;
	uint32_t group = 0;
	for (size_t i = 0; i < length - pads; i++) {
		int sextet = sextet_of(text[i]);
		if (sextet < 0)
			return -1;
		group = group << 6 | (uint32_t)sextet;
		if (i % 4)
			bytes[used++] = (uint8_t)(group >> (6 - 2 * (i % 4)));
	}
	return (long)used;
}
