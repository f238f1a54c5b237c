// SPDX-License-Identifier: Apache-2.0
#include "alerts/engine/rule_uid.h"

#include <string.h>

static bool is_upper(char c)
{
	return c >= 'A' && c <= 'Z';
}

static bool is_small(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

bool rule_uid_is_valid(const char *uid)
{
	size_t length = strspn(uid, "abcdefghijklmnopqrstuvwxyz0123456789_.-");
	return length && length <= RULE_UID_BYTES_MAX && !uid[length] && is_small(uid[0]) && is_small(uid[length - 1]);
}

// Whether a new word begins at a letter: behind what is none, and at a capital behind a small one.
static bool begins_word(const char *name, const char *at)
{
	if (at == name)
		return false;
	bool was_letter = is_small(at[-1]) || is_upper(at[-1]);
	return !was_letter || (is_upper(*at) && is_small(at[-1]));
}

void rule_uid_add(char *out, size_t size, const char *name)
{
	size_t begin = strlen(out), length = begin;
	for (const char *at = name; *at && length + 2 < size; at++) {
		if (!is_small(*at) && !is_upper(*at))
			continue;
		if (length > begin && begins_word(name, at))
			out[length++] = '_';
		out[length++] = (char)(is_upper(*at) ? *at + 32 : *at);
	}
	out[length] = 0;
}
