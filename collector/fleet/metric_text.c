// SPDX-License-Identifier: Apache-2.0
#include "collector/fleet/metric_text.h"
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static const struct row {
	const char *unit;
	double divisor;
	int decimals;
	const char *suffix;
} rows[] = {
	{ "count", 1, 0, "" },
	{ "dbm", 1, 0, " dBm" },
	{ "decicelsius", 10, 1, " C" },
	{ "microseconds", 1, 0, " us" },
	{ "microseconds_per_second", 1, 0, " us a second" },
	{ "milliseconds", 1, 0, " ms" },
	{ "permille", 10, 1, " %" },
	{ "seconds", 1, 0, " s" },
};

struct metric_text bytes_text(int64_t bytes)
{
	struct metric_text out;
	int64_t size = bytes < 0 ? -bytes : bytes;
	if (size < 1024)
		snprintf(out.text, sizeof out.text, "%" PRId64 " B", bytes);
	else if (size < 1024 * 1024)
		snprintf(out.text, sizeof out.text, "%.1f KiB", (double)bytes / 1024);
	else
		snprintf(out.text, sizeof out.text, "%.1f MiB", (double)bytes / (1024 * 1024));
	return out;
}

static const char *value_name(const ProtobufCEnumDescriptor *descriptor, int64_t value)
{
	const ProtobufCEnumValue *named = value == (int)value ? protobuf_c_enum_descriptor_get_value(descriptor, (int)value) : 0;
	return named ? named->name : 0;
}

static struct metric_text verdict_text(int64_t verdict)
{
	struct metric_text out = { "" };
	size_t length = 0;
	for (int bit = 0; bit < 31 && length < sizeof out.text; bit++) {
		const char *name = verdict & INT64_C(1) << bit ? value_name(&mu__verdict_bit__descriptor, INT64_C(1) << bit) : 0;
		if (name)
			length += (size_t)snprintf(out.text + length, sizeof out.text - length, "%s%s", length ? " " : "",
				name + strlen("VERDICT_"));
	}
	return out;
}

struct metric_text metric_name_text(enum mu_metric metric, int64_t value)
{
	const struct mu_metric_words *words = &mu_metric_words[metric];
	if (metric == MU_METRIC_verdict)
		return verdict_text(value);
	const ProtobufCFieldDescriptor *part = protobuf_c_message_descriptor_get_field_by_name(&mu__heartbeat__descriptor, words->part);
	const ProtobufCFieldDescriptor *field = part ? protobuf_c_message_descriptor_get_field_by_name(part->descriptor, words->field) : 0;
	const char *name = field && field->type == PROTOBUF_C_TYPE_ENUM ? value_name(field->descriptor, value) : 0;
	struct metric_text out;
	snprintf(out.text, sizeof out.text, "%s", name ? name : "");
	return out;
}

static struct metric_text amount_text(const char *unit, int64_t value)
{
	struct metric_text out;
	const struct row *row = rows, *end = rows + sizeof rows / sizeof *rows;
	while (row < end && strcmp(row->unit, unit) != 0)
		row++;
	if (row < end)
		snprintf(out.text, sizeof out.text, "%.*f%s", row->decimals, (double)value / row->divisor, row->suffix);
	else
		snprintf(out.text, sizeof out.text, "%" PRId64, value);
	return out;
}

struct metric_text metric_text(enum mu_metric metric, int64_t value)
{
	const char *unit = mu_metric_words[metric].unit;
	struct metric_text out = metric_name_text(metric, value);
	if (*out.text)
		return out;
	if (strcmp(unit, "bytes") == 0)
		return bytes_text(value);
	if (strcmp(unit, "bytes_per_hour") == 0)
		snprintf(out.text, sizeof out.text, "%.40s an hour", bytes_text(value).text);
	else if (strcmp(unit, "flag") == 0)
		snprintf(out.text, sizeof out.text, "%s", value ? "yes" : "no");
	else
		return amount_text(unit, value);
	return out;
}

struct metric_text device_metric_text(const struct device *device, enum mu_metric metric)
{
	return metric_text(metric, device->metric[metric]);
}
