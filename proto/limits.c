// SPDX-License-Identifier: Apache-2.0
#include "proto/limits.h"

#include <string.h>

#include "proto/limit_table.h"
#include "proto/metrics.h"
#include "proto/text.h"

enum { NESTING_MAX = 8 }; // the schema nests 4 deep; more would be a schema gone wrong

// Where in the message the check is: the path of a fault is written from it, only when there is one.
struct trail {
	const struct trail *up;
	const char *name; // null for the message at the top
};

struct check {
	struct mu_limits_fault *fault; // may be null
	unsigned depth;
};

static size_t write_path(char *out, size_t size, const struct trail *trail)
{
	if (!trail || !trail->name)
		return 0;
	size_t used = write_path(out, size, trail->up);
	if (used > 0 && used + 1 < size)
		out[used++] = '.';
	for (const char *c = trail->name; *c && used + 1 < size; c++)
		out[used++] = *c;
	return used;
}

static int report(struct check *check, const struct trail *at, int err, const char *what, int64_t value)
{
	if (check->fault) {
		size_t used = write_path(check->fault->field, sizeof check->fault->field, at);
		check->fault->field[used] = 0;
		check->fault->what = what;
		check->fault->value = value;
	}
	return err;
}

static bool is_id_character(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
}

bool mu_id_valid_bytes(const char *id, size_t size)
{
	if (size < 1 || size > MU_DEVICE_ID_MAX)
		return false;
	for (size_t i = 0; i < size; i++)
		if (!is_id_character(id[i]))
			return false;
	return true;
}

bool mu_id_valid(const char *id)
{
	return id && mu_id_valid_bytes(id, strlen(id));
}

static bool is_word(const char *text, size_t size)
{
	for (size_t i = 0; i < size; i++)
		if (!((text[i] >= 'a' && text[i] <= 'z') || (text[i] >= '0' && text[i] <= '9') || text[i] == '_'))
			return false;
	return true;
}

static int64_t saturate(uint64_t value)
{
	return value > INT64_MAX ? INT64_MAX : (int64_t)value;
}

static int64_t read_number(const void *member, ProtobufCType type)
{
	switch (type) {
	case PROTOBUF_C_TYPE_UINT32:
	case PROTOBUF_C_TYPE_FIXED32: return *(const uint32_t *)member;
	case PROTOBUF_C_TYPE_UINT64:
	case PROTOBUF_C_TYPE_FIXED64: return saturate(*(const uint64_t *)member);
	case PROTOBUF_C_TYPE_INT64:
	case PROTOBUF_C_TYPE_SINT64:
	case PROTOBUF_C_TYPE_SFIXED64: return *(const int64_t *)member;
	case PROTOBUF_C_TYPE_BOOL: return *(const protobuf_c_boolean *)member != 0;
	default: return *(const int32_t *)member; // 32 bits with a sign, and enums
	}
}

static int check_number(struct check *check, const struct trail *at, int64_t value, int64_t min, int64_t max)
{
	if (value < min)
		return report(check, at, MU_ERR_RANGE, "below its minimum", value);
	if (value > max)
		return report(check, at, MU_ERR_RANGE, "above its maximum", value);
	return 0;
}

static int check_length(struct check *check, const struct trail *at, size_t size, int64_t min, int64_t max)
{
	if ((int64_t)size < min)
		return report(check, at, MU_ERR_SIZE, "too short", (int64_t)size);
	if ((int64_t)size > max)
		return report(check, at, MU_ERR_SIZE, "too long", (int64_t)size);
	return 0;
}

static int check_text(struct check *check, const struct trail *at, const struct mu_limit *limit, const char *text)
{
	if (!text)
		return report(check, at, MU_ERR_INVALID, "missing", 0);
	size_t size = strlen(text);
	int err = check_length(check, at, size, limit->min, limit->max);
	if (err < 0)
		return err;
	if (limit->rule == MU_LIMIT_DEVICE && !mu_id_valid_bytes(text, size))
		return report(check, at, MU_ERR_INVALID, "not a device id", 0);
	if (limit->rule == MU_LIMIT_WORD && !is_word(text, size))
		return report(check, at, MU_ERR_INVALID, "not of [a-z0-9_]", 0);
	if (!mu_text_valid((const uint8_t *)text, size))
		return report(check, at, MU_ERR_INVALID, "not printable UTF-8", 0);
	return 0;
}

static int check_bytes(struct check *check, const struct trail *at, const struct mu_limit *limit, const ProtobufCBinaryData *bytes)
{
	if (bytes->len > 0 && !bytes->data)
		return report(check, at, MU_ERR_INVALID, "missing", 0);
	if (limit->rule == MU_LIMIT_EITHER && bytes->len > 0)
		return check_length(check, at, bytes->len, limit->max, limit->max);
	return check_length(check, at, bytes->len, limit->min, limit->max);
}

static int check_message(struct check *check, const struct trail *at, const ProtobufCMessage *message);
static int check_heartbeat(struct check *check, const struct trail *at, const Mu__Heartbeat *heartbeat);

bool mu_limits_finite(double value)
{
	uint64_t bits;
	memcpy(&bits, &value, sizeof bits);
	return (~bits >> 52 & 0x7FF) != 0; // the exponent of both kinds is all ones
}

static int check_finite(struct check *check, const struct trail *at, double value)
{
	if (!mu_limits_finite(value))
		return report(check, at, MU_ERR_INVALID, "not a finite number", 0);
	return 0;
}

static int check_bounds(struct check *check, const struct trail *at, const struct mu_limit *limit, int64_t value)
{
	int64_t min, max;
	mu_limit_bounds(limit, &min, &max);
	return check_number(check, at, value, min, max);
}

// One value: `member` is where it lies in the message, or in the array of a repeated field.
static int check_value(struct check *check, const struct trail *at, const struct mu_limit *limit, ProtobufCType type, const void *member)
{
	if (limit->rule <= MU_LIMIT_RANGE)
		return check_bounds(check, at, limit, read_number(member, type));
	switch (limit->rule) {
	case MU_LIMIT_FINITE: return check_finite(check, at, *(const double *)member);
	case MU_LIMIT_TEXT:
	case MU_LIMIT_WORD:
	case MU_LIMIT_DEVICE: return check_text(check, at, limit, *(const char *const *)member);
	case MU_LIMIT_BYTES:
	case MU_LIMIT_EITHER: return check_bytes(check, at, limit, member);
	case MU_LIMIT_MESSAGE: return check_message(check, at, *(const ProtobufCMessage *const *)member);
	case MU_LIMIT_HEARTBEAT: return check_heartbeat(check, at, *(const Mu__Heartbeat *const *)member);
	}
	return report(check, at, MU_ERR_UNSUPPORTED, "no rule", 0);
}

static bool is_pointer(ProtobufCType type)
{
	return type == PROTOBUF_C_TYPE_STRING || type == PROTOBUF_C_TYPE_MESSAGE;
}

static bool is_present(const uint8_t *message, const ProtobufCFieldDescriptor *field)
{
	const void *quantifier = message + field->quantifier_offset;
	if (field->label == PROTOBUF_C_LABEL_REQUIRED)
		return true;
	if (field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF)
		return *(const uint32_t *)quantifier == field->id;
	if (is_pointer(field->type))
		return *(const void *const *)(const void *)(message + field->offset) != 0;
	return *(const protobuf_c_boolean *)quantifier != 0;
}

// Only the two kinds of elements that the schema repeats besides pointers are 4 bytes wide.
static size_t element_bytes(ProtobufCType type)
{
	return is_pointer(type) ? sizeof(void *) : sizeof(uint32_t);
}

static int check_repeated(struct check *check, const struct trail *at, const struct mu_limit *limit, const ProtobufCFieldDescriptor *field,
	const uint8_t *message)
{
	size_t count = *(const size_t *)(const void *)(message + field->quantifier_offset);
	const uint8_t *elements = *(const uint8_t *const *)(const void *)(message + field->offset);

	if (count > limit->count_max)
		return report(check, at, MU_ERR_SIZE, "too many", saturate(count));
	for (size_t i = 0; i < count; i++) {
		int err = check_value(check, at, limit, field->type, elements + i * element_bytes(field->type));
		if (err < 0)
			return err;
	}
	return 0;
}

static int check_field(struct check *check, const struct trail *up, const struct mu_limit *limit, const ProtobufCFieldDescriptor *field,
	const uint8_t *message)
{
	struct trail at = { up, field->name };
	if (field->label == PROTOBUF_C_LABEL_REPEATED)
		return check_repeated(check, &at, limit, field, message);
	if (!is_present(message, field))
		return 0;
	return check_value(check, &at, limit, field->type, message + field->offset);
}

static int check_message(struct check *check, const struct trail *at, const ProtobufCMessage *message)
{
	if (!message)
		return report(check, at, MU_ERR_INVALID, "missing", 0);
	const struct mu_limit_table *table = mu_limit_table_find(message->descriptor);
	if (!table || check->depth >= NESTING_MAX)
		return report(check, at, MU_ERR_UNSUPPORTED, "no limits", 0);
	check->depth++;
	int err = 0;
	for (unsigned i = 0; i < table->count && err == 0; i++)
		err = check_field(check, at, &table->limits[i], &message->descriptor->fields[i], (const uint8_t *)message);
	check->depth--;
	return err;
}

// The names of what lies there: from the schema, which a firmware may have without names.
static const ProtobufCFieldDescriptor *field_at(const ProtobufCMessageDescriptor *message, unsigned offset)
{
	unsigned i = 0;
	while (i + 1 < message->n_fields && message->fields[i].offset != offset)
		i++;
	return &message->fields[i];
}

static struct trail part_at(const struct trail *up, unsigned part_offset)
{
	return (struct trail){ up, field_at(&mu__heartbeat__descriptor, part_offset)->name };
}

static struct trail place_at(const struct trail *part, unsigned part_offset, unsigned field_offset)
{
	const ProtobufCMessageDescriptor *message = field_at(&mu__heartbeat__descriptor, part_offset)->descriptor;
	return (struct trail){ part, field_at(message, field_offset)->name };
}

static int check_metrics(struct check *check, const struct trail *up, const Mu__Heartbeat *heartbeat)
{
	for (int i = 0; i < MU_METRIC_COUNT; i++) {
		const struct mu_metric_info *info = &mu_metrics[i];
		int64_t value;
		if (!mu_metric_get_integer(heartbeat, i, &value) || (value >= info->min && value <= info->max))
			continue;
		struct trail part = part_at(up, info->part_offset);
		struct trail at = place_at(&part, info->part_offset, info->field_offset);
		return check_number(check, &at, value, info->min, info->max);
	}
	return 0;
}

static int check_labels(struct check *check, const struct trail *up, const Mu__Heartbeat *heartbeat)
{
	for (int i = 0; i < MU_LABEL_COUNT; i++) {
		const struct mu_label_info *info = &mu_labels[i];
		const uint8_t *data;
		size_t size;
		if (!mu_label_get(heartbeat, i, &data, &size))
			continue;
		struct trail part = part_at(up, info->part_offset);
		struct trail at = place_at(&part, info->part_offset, info->field_offset);
		bool is_text = info->type == MU_LABEL_TEXT;
		int64_t least = is_text || size == 0 ? 0 : (int64_t)info->max_bytes;
		int err = check_length(check, &at, size, least, (int64_t)info->max_bytes);
		if (err < 0)
			return err;
		if (is_text && !mu_text_valid(data, size))
			return report(check, &at, MU_ERR_INVALID, "not printable UTF-8", 0);
	}
	return 0;
}

static int check_reasons(struct check *check, const struct trail *up, const Mu__LinkHealth *link)
{
	struct trail part = { up, "link" };
	struct trail at = { &part, "reasons" };
	if (link->n_reasons > MU_REASONS_COUNT_MAX)
		return report(check, &at, MU_ERR_SIZE, "too many", saturate(link->n_reasons));
	for (size_t i = 0; i < link->n_reasons; i++) {
		int err = check_message(check, &at, &link->reasons[i]->base);
		if (err < 0)
			return err;
	}
	return 0;
}

static int check_app(struct check *check, const struct trail *up, const Mu__Heartbeat *heartbeat)
{
	struct trail at = { up, "app" };
	if (heartbeat->n_app > MU_APP_COUNT_MAX)
		return report(check, &at, MU_ERR_SIZE, "too many", saturate(heartbeat->n_app));
	for (size_t i = 0; i < heartbeat->n_app; i++) {
		int err = check_message(check, &at, &heartbeat->app[i]->base);
		if (err < 0)
			return err;
	}
	return 0;
}

static int check_heartbeat(struct check *check, const struct trail *at, const Mu__Heartbeat *heartbeat)
{
	if (!heartbeat)
		return report(check, at, MU_ERR_INVALID, "missing", 0);
	int err = check_metrics(check, at, heartbeat);
	if (err == 0)
		err = check_labels(check, at, heartbeat);
	if (err == 0 && heartbeat->link)
		err = check_reasons(check, at, heartbeat->link);
	if (err == 0)
		err = check_app(check, at, heartbeat);
	return err;
}

int mu_limits_check_record(const Mu__Record *record, struct mu_limits_fault *fault)
{
	struct check check = { fault, 0 };
	struct trail top = { 0, 0 };

	// A body of a later version arrives as an unknown field: that is a body.
	if (record->body_case == MU__RECORD__BODY__NOT_SET && record->base.n_unknown_fields == 0)
		return report(&check, &(struct trail){ &top, "body" }, MU_ERR_INVALID, "missing", 0);
	if (record->has_wall_ms && record->time_quality == MU__TIME_QUALITY__TIME_NONE)
		return report(&check, &(struct trail){ &top, "wall_ms" }, MU_ERR_INVALID, "given with time_quality NONE",
			saturate(record->wall_ms));
	return check_message(&check, &top, &record->base);
}

int mu_limits_check_header(uint64_t epoch, uint64_t first_seq, uint64_t oldest_seq, struct mu_limits_fault *fault)
{
	struct check check = { fault, 0 };
	struct trail top = { 0, 0 };
	struct trail first = { &top, "first_seq" }, oldest = { &top, "oldest_seq" };

	if (epoch == 0)
		return report(&check, &(struct trail){ &top, "epoch" }, MU_ERR_RANGE, "below its minimum", 0);
	int err = check_number(&check, &first, saturate(first_seq), 1, MU_SEQ_MAX);
	if (err == 0)
		err = check_number(&check, &oldest, saturate(oldest_seq), 1, MU_SEQ_MAX);
	if (err == 0 && oldest_seq > first_seq)
		return report(&check, &oldest, MU_ERR_INVALID, "above first_seq", saturate(oldest_seq));
	return err;
}

int mu_limits_check_ack(const Mu__Ack *ack, struct mu_limits_fault *fault)
{
	return check_message(&(struct check){ fault, 0 }, &(struct trail){ 0, 0 }, &ack->base);
}

int mu_limits_check_signed_command(const Mu__SignedCommand *command, struct mu_limits_fault *fault)
{
	return check_message(&(struct check){ fault, 0 }, &(struct trail){ 0, 0 }, &command->base);
}

int mu_limits_check_command(const Mu__Command *command, struct mu_limits_fault *fault)
{
	struct check check = { fault, 0 };
	struct trail top = { 0, 0 };

	if (command->body_case == MU__COMMAND__BODY__NOT_SET && command->base.n_unknown_fields == 0)
		return report(&check, &(struct trail){ &top, "body" }, MU_ERR_INVALID, "missing", 0);
	return check_message(&check, &top, &command->base);
}
