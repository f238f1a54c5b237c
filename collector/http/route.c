// SPDX-License-Identifier: Apache-2.0
#include "collector/http/route.h"
#include <string.h>

static const char *const parameter_alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-";

bool route_match(const char *pattern, const char *path, struct route_parameters *parameters)
{
	parameters->count = 0;
	while (*pattern && *path) {
		if (*pattern != ':') {
			if (*pattern++ != *path++)
				return false;
			continue;
		}
		size_t length = strspn(path, parameter_alphabet);
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
