// SPDX-License-Identifier: Apache-2.0
#include "alerts/engine/enum_names.h"

#include <stdio.h>
#include <string.h>
#include "proto/metrics.h"

static const ProtobufCEnumDescriptor *descriptor_of(int metric)
{
	if (metric < 0 || metric >= MU_METRIC_COUNT || mu_metrics[metric].type != MU_METRIC_ENUM)
		return 0;
	const ProtobufCFieldDescriptor *part =
		protobuf_c_message_descriptor_get_field_by_name(&mu__heartbeat__descriptor, mu_metric_words[metric].part);
	const ProtobufCFieldDescriptor *field =
		part ? protobuf_c_message_descriptor_get_field_by_name(part->descriptor, mu_metric_words[metric].field) : 0;
	return field && field->type == PROTOBUF_C_TYPE_ENUM ? field->descriptor : 0;
}

// Up to the last _ of what all names begin with.
static size_t prefix_of(const ProtobufCEnumDescriptor *descriptor)
{
	const char *first = descriptor->values[0].name;
	size_t length = strlen(first);
	for (unsigned i = 1; i < descriptor->n_values; i++) {
		size_t same = 0;
		while (same < length && first[same] == descriptor->values[i].name[same])
			same++;
		length = same;
	}
	while (length && first[length - 1] != '_')
		length--;
	return length;
}

bool enum_names_of(int metric, struct enum_names *names)
{
	const ProtobufCEnumDescriptor *descriptor = descriptor_of(metric);
	if (!descriptor)
		return false;
	size_t prefix = prefix_of(descriptor);
	*names = (struct enum_names){ .identity = descriptor };
	for (unsigned i = 0; i < descriptor->n_values && i < ENUM_NAMES_MAX; i++) {
		char *name = names->names[names->count];
		names->values[names->count++] = descriptor->values[i].value;
		snprintf(name, ENUM_NAME_BYTES, "%s", descriptor->values[i].name + prefix);
		for (; *name; name++)
			*name = (char)(*name >= 'A' && *name <= 'Z' ? *name + 32 : *name);
	}
	return true;
}

bool enum_names_find(const struct enum_names *names, const char *name, int *value)
{
	for (unsigned i = 0; i < names->count; i++)
		if (strcmp(names->names[i], name) == 0) {
			*value = names->values[i];
			return true;
		}
	return false;
}

const char *enum_names_at(const void *names, size_t i)
{
	const struct enum_names *known = names;
	return i < known->count ? known->names[i] : 0;
}

const char *enum_names_list(const struct enum_names *names, char *buffer, size_t size)
{
	size_t used = 0;
	buffer[0] = 0;
	for (unsigned i = 0; i < names->count && used < size; i++)
		used += (size_t)snprintf(buffer + used, size - used, "%s%s", i ? ", " : "", names->names[i]);
	return buffer;
}
