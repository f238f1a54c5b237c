// SPDX-License-Identifier: Apache-2.0
#include "collector/http/route.h"
#include <string.h>

#define ID_ALPHABET "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-"

// The length of the parameter that `path` begins with; 0: none.
static size_t parameter_length(char kind, const char *path)
{
	if (kind == ':')
		return strspn(path, ID_ALPHABET);
	return *path == '.' ? 0 : strspn(path, ID_ALPHABET ".");
}

bool route_match(const char *pattern, const char *path, struct route_parameters *parameters)
{
	parameters->count = 0;
	while (*pattern && *path) {
		if (*pattern != ':' && *pattern != '*') {
			if (*pattern++ != *path++)
				return false;
			continue;
		}
		size_t length = parameter_length(*pattern, path);
		if (!length || length >= ROUTE_PARAMETER_BYTES || parameters->count == ROUTE_PARAMETERS_MAX)
			return false;
		char *text = parameters->text[parameters->count++];
		memcpy(text, path, length);
		text[length] = 0;
		path += length;
		pattern += strcspn(pattern, "/");
	}
	return !*pattern && !*path;
}
