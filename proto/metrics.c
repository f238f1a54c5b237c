// SPDX-License-Identifier: Apache-2.0
#include "proto/metrics.h"

#include <string.h>

#include "proto/text.h"

// Which C type a part of the heartbeat is; a part that is not listed does not compile.
typedef Mu__Vitals part_vitals;
typedef Mu__LinkHealth part_link;
typedef Mu__Sockets part_sockets;
typedef Mu__UplinkHealth part_uplink;
typedef Mu__Tasks part_tasks;
typedef Mu__OtaHealth part_ota;
typedef Mu__AgentCost part_agent;

const struct mu_metric_info mu_metrics[MU_METRIC_COUNT] = {
#define METRIC(name, part, field, type, unit, min, max, meaning)                                                       \
	{ min, max, offsetof(Mu__Heartbeat, part), offsetof(part_##part, field), offsetof(part_##part, has_##field), MU_METRIC_##type },
#include "proto/metrics.def"
};

#define HAS_TEXT(part, field) 0
#define HAS_BYTES(part, field) offsetof(part_##part, has_##field)

const struct mu_label_info mu_labels[MU_LABEL_COUNT] = {
#define LABEL(name, part, field, type, max_bytes, meaning)                                                             \
	{ offsetof(Mu__Heartbeat, part), offsetof(part_##part, field), HAS_##type(part, field), MU_LABEL_##type, max_bytes },
#include "proto/metrics.def"
};

static const uint8_t *part_of(const Mu__Heartbeat *heartbeat, size_t part_offset)
{
	const uint8_t *part;
	memcpy(&part, (const uint8_t *)heartbeat + part_offset, sizeof part);
	return part;
}

static int64_t read_value(const uint8_t *field, enum mu_metric_type type)
{
	switch (type) {
	case MU_METRIC_SINT: return *(const int32_t *)(const void *)field;
	case MU_METRIC_BOOL: return *(const protobuf_c_boolean *)(const void *)field != 0;
	case MU_METRIC_ENUM: // protobuf-c keeps every enum in an int
		return *(const int *)(const void *)field;
	case MU_METRIC_UINT: break;
	}
	return *(const uint32_t *)(const void *)field;
}

bool mu_metric_get_integer(const Mu__Heartbeat *heartbeat, int metric, int64_t *value)
{
	if (metric < 0 || metric >= MU_METRIC_COUNT)
		return false;
	const struct mu_metric_info *info = &mu_metrics[metric];
	const uint8_t *part = part_of(heartbeat, info->part_offset);
	if (!part || !*(const protobuf_c_boolean *)(const void *)(part + info->has_offset))
		return false;
	*value = read_value(part + info->field_offset, info->type);
	return true;
}

bool mu_metric_get(const Mu__Heartbeat *heartbeat, int metric, double *value)
{
	int64_t integer;
	if (!mu_metric_get_integer(heartbeat, metric, &integer))
		return false;
	*value = (double)integer;
	return true;
}

static bool get_text(const uint8_t *field, const uint8_t **data, size_t *size)
{
	const char *text;
	memcpy(&text, field, sizeof text);
	if (!text)
		return false;
	*data = (const uint8_t *)text;
	*size = strlen(text);
	return true;
}

bool mu_label_get(const Mu__Heartbeat *heartbeat, int label, const uint8_t **data, size_t *size)
{
	if (label < 0 || label >= MU_LABEL_COUNT)
		return false;
	const struct mu_label_info *info = &mu_labels[label];
	const uint8_t *part = part_of(heartbeat, info->part_offset);
	if (!part)
		return false;
	if (info->type == MU_LABEL_TEXT)
		return get_text(part + info->field_offset, data, size);
	if (!*(const protobuf_c_boolean *)(const void *)(part + info->has_offset))
		return false;
	const ProtobufCBinaryData *bytes = (const ProtobufCBinaryData *)(const void *)(part + info->field_offset);
	*data = bytes->data;
	*size = bytes->len;
	return true;
}

// Only texts are judged: the bytes are the sender's own digests.
static int withhold_texts(Mu__Heartbeat *heartbeat)
{
	int withheld = 0;
	for (int i = 0; i < MU_LABEL_COUNT; i++) {
		const struct mu_label_info *info = &mu_labels[i];
		const uint8_t *data;
		size_t size;
		if (info->type != MU_LABEL_TEXT || !mu_label_get(heartbeat, i, &data, &size))
			continue;
		if (size <= info->max_bytes && mu_text_valid(data, size))
			continue;
		uint8_t *part;
		memcpy(&part, (const uint8_t *)heartbeat + info->part_offset, sizeof part);
		memset(part + info->field_offset, 0, sizeof(char *));
		withheld++;
	}
	return withheld;
}

int mu_metrics_withhold(Mu__Heartbeat *heartbeat)
{
	int withheld = withhold_texts(heartbeat);
	for (int i = 0; i < MU_METRIC_COUNT; i++) {
		const struct mu_metric_info *info = &mu_metrics[i];
		int64_t value;
		if (!mu_metric_get_integer(heartbeat, i, &value) || (value >= info->min && value <= info->max))
			continue;
		uint8_t *part;
		memcpy(&part, (const uint8_t *)heartbeat + info->part_offset, sizeof part);
		*(protobuf_c_boolean *)(void *)(part + info->has_offset) = 0;
		withheld++;
	}
	return withheld;
}
