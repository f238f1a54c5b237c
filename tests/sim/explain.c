// SPDX-License-Identifier: Apache-2.0
#include "tests/sim/explain.h"
#include "tests/sim/world.h"
#include <string.h>

// What the agent says of one boot; 0 and null where it says nothing.
struct said {
	uint32_t boot, reset_raw;
	int reset_class, cause;
	const char *token, *task;
};

static const char *text(const char *words)
{
	return words ? words : "";
}

static void compare_names(struct sim_device *device, const struct said *said, const struct sim_boot *boot)
{
	if (said->token && !boot->token[0] && !strcmp(said->token, boot->silent))
		return;
	if (strcmp(text(said->token), boot->token) != 0)
		sim_fail(device->world, device, "boot %u: \"%s\" hung, reported as \"%s\"", said->boot, boot->token, text(said->token));
	else if (!boot->token[0] && strcmp(text(said->task), boot->task) != 0)
		sim_fail(device->world, device, "boot %u: crash in \"%s\", reported as \"%s\"", said->boot, boot->task, text(said->task));
}

static void compare(struct sim_device *device, const struct said *said, uint64_t seq)
{
	struct sim_truth *truth = &device->truth;
	if (said->boot == 0 || said->boot > truth->boot_count) {
		sim_fail(device->world, device, "record %llu explains boot %u, which never was", (unsigned long long)seq, said->boot);
		return;
	}
	struct sim_boot *boot = sim_truth_boot(truth, said->boot);
	if (!boot->boot_row)
		boot->boot_row = seq;
	if (boot->excused || truth->count_may_lie)
		return;
	if (said->reset_raw != boot->reset_raw || said->reset_class != boot->reset_class)
		sim_fail(device->world, device, "boot %u came from reset %u of class %d, reported as %u of class %d", said->boot,
			boot->reset_raw, boot->reset_class, said->reset_raw, said->reset_class);
	else if (said->cause != boot->cause)
		sim_fail(device->world, device, "boot %u had cause %d, reported as %d", said->boot, boot->cause, said->cause);
	else
		compare_names(device, said, boot);
}

static void compare_folded(struct sim_device *device, const Mu__UnreportedBoot *folded, uint64_t seq)
{
	for (uint32_t i = 0; i < folded->count && !device->world->failed; i++)
		compare(device,
			&(struct said){ .boot = folded->first_boot + i,
				.reset_raw = folded->reset_raw,
				.reset_class = folded->reset_class,
				.cause = folded->has_cause ? (int)folded->cause : 0,
				.token = folded->hung_token,
				.task = folded->task },
			seq);
}

void sim_explain_boot(struct sim_device *device, uint64_t seq, const uint8_t *packed, size_t size)
{
	Mu__Record *record = mu__record__unpack(0, size, packed);
	if (!record || record->body_case != MU__RECORD__BODY_BOOT_REPORT) {
		sim_fail(device->world, device, "record %llu should be a Boot and is none", (unsigned long long)seq);
		return;
	}
	const Mu__Boot *boot = record->boot_report;
	compare(device,
		&(struct said){ .boot = record->boot,
			.reset_raw = boot->reset_raw,
			.reset_class = boot->reset_class,
			.cause = boot->has_cause ? (int)boot->cause : 0,
			.token = boot->hung_token,
			.task = boot->task },
		seq);
	sim_say(device->world, device->id, "stores Boot of boot %u as number %llu, with %u kinds of boots before it", record->boot,
		(unsigned long long)seq, (unsigned)boot->n_unreported);
	for (size_t i = 0; i < boot->n_unreported; i++)
		compare_folded(device, boot->unreported[i], seq);
	device->truth.boots_lost += boot->has_boots_lost ? boot->boots_lost : 0;
	mu__record__free_unpacked(record, 0);
}

void sim_explain_all(struct sim_device *device)
{
	struct sim_truth *truth = &device->truth;
	uint64_t silent = 0;
	uint32_t first = 0;
	for (uint32_t number = 1; number <= truth->boot_count; number++) {
		const struct sim_boot *boot = sim_truth_boot(truth, number);
		if (boot->boot_row || boot->excused)
			continue;
		silent++;
		if (!first)
			first = number;
	}
	if (silent > truth->boots_lost && !truth->count_may_lie)
		sim_fail(device->world, device,
			"%llu boots are explained nowhere, the first is boot %u, and only %llu are admitted to be lost",
			(unsigned long long)silent, first, (unsigned long long)truth->boots_lost);
}

// ---- fields of a heartbeat, by the schema

static bool is_there(const void *message, const ProtobufCFieldDescriptor *field)
{
	const char *at = (const char *)message + field->offset;
	const char *quantifier = (const char *)message + field->quantifier_offset;
	if (field->label == PROTOBUF_C_LABEL_REPEATED)
		return *(const size_t *)(const void *)quantifier > 0;
	if (field->label == PROTOBUF_C_LABEL_REQUIRED)
		return true;
	if (field->type == PROTOBUF_C_TYPE_STRING || field->type == PROTOBUF_C_TYPE_MESSAGE)
		return *(const void *const *)(const void *)at != 0;
	return *(const protobuf_c_boolean *)(const void *)quantifier;
}

static const ProtobufCMessageDescriptor *part_of(unsigned part)
{
	return mu__heartbeat__descriptor.fields[part].descriptor;
}

static void note_fields(uint64_t *seen, const ProtobufCMessageDescriptor *descriptor, const void *message)
{
	for (unsigned i = 0; i < descriptor->n_fields; i++)
		if (is_there(message, &descriptor->fields[i]))
			*seen |= UINT64_C(1) << i;
}

void sim_seen_record(struct sim_world *world, const Mu__Record *record)
{
	if (record->body_case != MU__RECORD__BODY_HEARTBEAT)
		return;
	const Mu__Heartbeat *heartbeat = record->heartbeat;
	for (unsigned part = 0; part < SIM_HEARTBEAT_PARTS && part < mu__heartbeat__descriptor.n_fields; part++) {
		const ProtobufCFieldDescriptor *field = &mu__heartbeat__descriptor.fields[part];
		const char *at = (const char *)heartbeat + field->offset;
		if (!is_there(heartbeat, field))
			continue;
		const void *const *pointer = (const void *const *)(const void *)at;
		bool is_list = field->label == PROTOBUF_C_LABEL_REPEATED;
		note_fields(&world->counts.fields_seen[part], part_of(part), is_list ? *(const void *const *)*pointer : *pointer);
	}
}

unsigned sim_fields_missing(const uint64_t seen[SIM_HEARTBEAT_PARTS], FILE *out)
{
	unsigned missing = 0;
	for (unsigned part = 0; part < mu__heartbeat__descriptor.n_fields; part++)
		for (unsigned i = 0; i < part_of(part)->n_fields; i++) {
			const ProtobufCFieldDescriptor *field = &part_of(part)->fields[i];
			if (seen[part] >> i & 1)
				continue;
			missing++;
			if (out)
				fprintf(out, "%s.%s\n", mu__heartbeat__descriptor.fields[part].name, field->name);
		}
	return missing;
}
