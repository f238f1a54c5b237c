// SPDX-License-Identifier: Apache-2.0
// Any bytes as a file of librdkafka properties: each line is a property within the limits, or told as a problem, once, in order.
#include "collector/kafka/properties.h"
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void see_line(unsigned *last, unsigned line)
{
	if (line <= *last)
		abort();
	*last = line;
}

static void on_property(void *context, unsigned line, const char *name, const char *value)
{
	see_line(context, line);
	size_t size = strlen(name);
	if (!size || size > PROPERTY_NAME_MAX || strlen(value) > PROPERTY_VALUE_MAX || strpbrk(name, "= \t\n") || strpbrk(value, "\r\n"))
		abort();
}

static void on_problem(void *context, unsigned line, const char *what)
{
	see_line(context, line);
	if (!*what)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	unsigned last = 0;
	struct properties_calls calls = { on_property, on_problem, &last };
	properties_parse((const char *)data, size, &calls);
	return 0;
}
