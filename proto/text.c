// SPDX-License-Identifier: Apache-2.0
#include "proto/text.h"

#include <string.h>

// Lead bytes by pattern: how many bytes follow, and the least code point that may be written so (shorter forms exist below it).
static const struct lead {
	uint8_t mask, bits;
	uint8_t following;
	uint32_t least;
} leads[] = {
	{ 0x80, 0x00, 0, 0x0 },
	{ 0xe0, 0xc0, 1, 0x80 },
	{ 0xf0, 0xe0, 2, 0x800 },
	{ 0xf8, 0xf0, 3, 0x10000 },
};

static const struct range {
	uint32_t first, last;
} refused[] = {
	{ 0x0, 0x1f },        // C0
	{ 0x7f, 0x9f },       // DEL, C1
	{ 0x200e, 0x200f },   // direction marks
	{ 0x2028, 0x202e },   // separators, embeddings and overrides
	{ 0x2066, 0x2069 },   // isolates
	{ 0xd800, 0xdfff },   // surrogates
	{ 0xfeff, 0xfeff },   // byte order mark
	{ 0xfffe, 0xffff },
	{ 0x110000, UINT32_MAX },
};

static bool is_printable(uint32_t point)
{
	for (size_t i = 0; i < sizeof refused / sizeof *refused; i++)
		if (point >= refused[i].first && point <= refused[i].last)
			return false;
	return true;
}

static const struct lead *lead_of(uint8_t byte)
{
	for (size_t i = 0; i < sizeof leads / sizeof *leads; i++)
		if ((byte & leads[i].mask) == leads[i].bits)
			return &leads[i];
	return 0;
}

size_t mu_text_character(const uint8_t *text, size_t size)
{
	if (size == 0)
		return 0;
	const struct lead *lead = lead_of(text[0]);
	if (!lead || lead->following >= size)
		return 0;
	uint32_t point = text[0] & (uint8_t)~lead->mask;
	for (size_t i = 1; i <= lead->following; i++) {
		if ((text[i] & 0xc0) != 0x80)
			return 0;
		point = point << 6 | (text[i] & 0x3f);
	}
	if (point < lead->least || !is_printable(point))
		return 0;
	return lead->following + 1u;
}

bool mu_text_valid(const uint8_t *text, size_t size)
{
	for (size_t at = 0, length; at < size; at += length) {
		length = mu_text_character(text + at, size - at);
		if (length == 0)
			return false;
	}
	return true;
}

size_t mu_text_copy(char *out, size_t size, const char *in)
{
	size_t used = 0;
	size_t left = in ? strlen(in) : 0;

	if (size == 0)
		return 0;
	while (left > 0) {
		size_t length = mu_text_character((const uint8_t *)in, left);
		size_t taken = length ? length : 1;
		if (used + taken >= size)
			break;
		memcpy(out + used, length ? in : "?", taken);
		used += taken;
		in += taken;
		left -= taken;
	}
	out[used] = 0;
	return used;
}

char *mu_text_put(char *at, const char *end, const char *text)
{
	while (*text && at < end - 1)
		*at++ = *text++;
	*at = 0;
	return at;
}

bool mu_text_field(char *out, size_t size, const char *name, int64_t number)
{
	char digits[12], *end = digits + sizeof digits, *at = end;
	uint32_t left = (uint32_t)(number < 0 ? -number : number);
	do
		*--at = (char)('0' + left % 10);
	while (left /= 10);
	if (number < 0)
		*--at = '-';
	size_t used = strlen(out), name_size = strlen(name), digits_size = (size_t)(end - at);
	if (used + (used > 0) + name_size + 1 + digits_size >= size)
		return false;
	if (used)
		out[used++] = ' ';
	memcpy(out + used, name, name_size);
	used += name_size;
	out[used++] = '=';
	memcpy(out + used, at, digits_size);
	out[used + digits_size] = 0;
	return true;
}
