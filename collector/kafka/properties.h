// SPDX-License-Identifier: Apache-2.0
// A file of librdkafka properties: one name=value a line; blanks around both are dropped, empty lines and lines that begin with # are ignored.
// At most PROPERTIES_BYTES_MAX bytes. Values are secrets: they are never put into a text of ours. Pure. Thread: any.
#ifndef COLLECTOR_KAFKA_PROPERTIES_H
#define COLLECTOR_KAFKA_PROPERTIES_H
#include <stddef.h>

enum { PROPERTIES_BYTES_MAX = 64 * 1024, PROPERTY_NAME_MAX = 127, PROPERTY_VALUE_MAX = 16 * 1024 };

struct properties_calls {
	void (*property)(void *context, unsigned line, const char *name, const char *value);
	void (*problem)(void *context, unsigned line, const char *what); // a line that is none; the others are still read
	void *context;
};

// text need not end with a NUL.
void properties_parse(const char *text, size_t size, const struct properties_calls *calls);

#endif
