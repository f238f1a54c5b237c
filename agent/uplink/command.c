// SPDX-License-Identifier: Apache-2.0
#include "agent/uplink/command.h"
#include "proto/arena.h"
#include "proto/limits.h"
#include <stdalign.h>
#include <string.h>

enum { MINUTE_MS = 60000, KEY_TRIES = 3 };

// One command on its way through the checks.
struct trial {
	struct mu_command *command;
	const uint8_t *payload;
	size_t size;
	uint64_t trusted_wall_ms;
	struct mu_arena arena;
	Mu__SignedCommand *envelope;
	Mu__Command *order; // null until the signature is good
	struct mu_key key;
	const struct mu_command_entry *known;
	bool has_digest;
	uint8_t digest[MU_SHA256_BYTES]; // of the command's bytes; of the payload while there are none
	enum mu_command_kind kind;
	bool is_new; // above the last counter: to be stored, whatever comes of it
	struct mu_command_decision *out;
};

static int take_digest(struct trial *trial, const void *data, size_t size)
{
	const struct mu_port *port = trial->command->port;
	alignas(8) uint8_t state[MU_HASH_STATE_BYTES];
	int err = port->crypto->sha256_start(port->context, state);
	if (err >= 0)
		err = port->crypto->sha256_update(port->context, state, data, size);
	if (err >= 0)
		err = port->crypto->sha256_finish(port->context, state, trial->digest);
	trial->has_digest = err >= 0;
	return err;
}

// ---- the checks. Each returns OUTCOME_UNKNOWN to go on, or how it ends.

#define PASS MU__COMMAND_OUTCOME__OUTCOME_UNKNOWN

static Mu__CommandOutcome check_size(struct trial *trial)
{
	return trial->size > MU_COMMAND_BYTES_MAX ? MU__COMMAND_OUTCOME__OUTCOME_TOO_LARGE : PASS;
}

static Mu__CommandOutcome check_shape(struct trial *trial)
{
	Mu__SignedCommand *envelope = mu__signed_command__unpack(&trial->arena.allocator, trial->size, trial->payload);
	if (!envelope || mu_limits_check_signed_command(envelope, NULL) < 0) {
		take_digest(trial, trial->payload, trial->size);
		return MU__COMMAND_OUTCOME__OUTCOME_MALFORMED;
	}
	trial->envelope = envelope;
	int err = take_digest(trial, envelope->command.data, envelope->command.len);
	return err < 0 ? MU__COMMAND_OUTCOME__OUTCOME_FAILED : PASS;
}

static Mu__CommandOutcome check_key(struct trial *trial)
{
	int err = MU_ERR_IO;
	for (int tries = 0; tries < KEY_TRIES && (err == MU_ERR_IO || err == MU_ERR_CRC); tries++) {
		err = mu_keyset_get(trial->command->keys, trial->envelope->key_id.data, &trial->key);
		trial->command->key_faults += err == MU_ERR_IO;
	}
	if (err == MU_ERR_IO)
		return MU__COMMAND_OUTCOME__OUTCOME_FAILED;
	return err < 0 ? MU__COMMAND_OUTCOME__OUTCOME_UNKNOWN_KEY : PASS;
}

static Mu__CommandOutcome check_signature(struct trial *trial)
{
	const struct mu_port *port = trial->command->port;
	const ProtobufCBinaryData *signature = &trial->envelope->signature;
	int err = port->crypto->verify_p256(port->context, trial->key.point, trial->digest, signature->data, signature->len);
	if (err == 0)
		return PASS;
	// Any other error, no memory say, tells nothing of who has signed.
	return err == MU_ERR_AUTH ? MU__COMMAND_OUTCOME__OUTCOME_BAD_SIGNATURE : MU__COMMAND_OUTCOME__OUTCOME_FAILED;
}

static Mu__CommandOutcome check_order(struct trial *trial)
{
	const ProtobufCBinaryData *bytes = &trial->envelope->command;
	Mu__Command *order = mu__command__unpack(&trial->arena.allocator, bytes->len, bytes->data);
	if (!order || mu_limits_check_command(order, NULL) < 0)
		return MU__COMMAND_OUTCOME__OUTCOME_MALFORMED;
	trial->order = order;
	return PASS;
}

static Mu__CommandOutcome check_addressee(struct trial *trial)
{
	return strcmp(trial->order->device, trial->command->id) == 0 ? PASS : MU__COMMAND_OUTCOME__OUTCOME_WRONG_DEVICE;
}

enum { OPERATOR = 1 << MU_KEY_OPERATOR, COLLECTOR = 1 << MU_KEY_COLLECTOR };

static const struct body {
	Mu__Command__BodyCase body;
	enum mu_command_kind kind;
	unsigned roles; // who may; the release key signs manifests and nothing else
} bodies[] = {
	{ MU__COMMAND__BODY_ROLLBACK, MU_COMMAND_ROLLBACK, OPERATOR | COLLECTOR },
	{ MU__COMMAND__BODY_UPDATE, MU_COMMAND_UPDATE, OPERATOR },
	{ MU__COMMAND__BODY_REBOOT, MU_COMMAND_REBOOT, OPERATOR },
	{ MU__COMMAND__BODY_REPORT, MU_COMMAND_REPORT, OPERATOR | COLLECTOR },
	{ MU__COMMAND__BODY_LOG, MU_COMMAND_LOG, OPERATOR },
	{ MU__COMMAND__BODY_DIAGNOSE, MU_COMMAND_DIAGNOSE, OPERATOR | COLLECTOR },
};

static Mu__CommandOutcome check_role(struct trial *trial)
{
	for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++) {
		if (bodies[i].body != trial->order->body_case)
			continue;
		trial->kind = bodies[i].kind;
		return bodies[i].roles & 1u << trial->key.role ? PASS : MU__COMMAND_OUTCOME__OUTCOME_WRONG_ROLE;
	}
	// A body of a later version. A role that may not do everything may not do what is not known either.
	return trial->key.role == MU_KEY_OPERATOR ? MU__COMMAND_OUTCOME__OUTCOME_UNSUPPORTED : MU__COMMAND_OUTCOME__OUTCOME_WRONG_ROLE;
}

static Mu__CommandOutcome check_known(struct trial *trial)
{
	const struct mu_command_entry *known = mu_command_memory_find(&trial->command->memory, trial->order->id.data);
	if (!known)
		return PASS;
	if (memcmp(known->digest, trial->digest, sizeof known->digest) != 0)
		return MU__COMMAND_OUTCOME__OUTCOME_ID_REUSED;
	trial->known = known;
	trial->out->repeated = true;
	return (Mu__CommandOutcome)known->outcome;
}

static bool is_expired(const struct trial *trial)
{
	return trial->order->has_not_after_ms && trial->trusted_wall_ms > trial->order->not_after_ms;
}

static Mu__CommandOutcome check_counter(struct trial *trial)
{
	const struct mu_command_memory *memory = &trial->command->memory;
	uint64_t last = mu_command_memory_counter(memory, trial->key.id);
	if (trial->order->counter <= last)
		return MU__COMMAND_OUTCOME__OUTCOME_REPLAYED;
	bool proven_fresh = trial->order->has_not_after_ms && trial->trusted_wall_ms != 0 && !is_expired(trial);
	if (last == 0 && memory->counters_lost && trial->kind != MU_COMMAND_ROLLBACK && !proven_fresh)
		return MU__COMMAND_OUTCOME__OUTCOME_REPLAYED;
	trial->is_new = true;
	return PASS;
}

static Mu__CommandOutcome check_time(struct trial *trial)
{
	trial->out->time_unchecked = trial->order->has_not_after_ms && trial->trusted_wall_ms == 0;
	return is_expired(trial) ? MU__COMMAND_OUTCOME__OUTCOME_EXPIRED : MU__COMMAND_OUTCOME__OUTCOME_ACCEPTED;
}

static Mu__CommandOutcome (*const checks[])(struct trial *trial) = {
	check_size,
	check_shape,
	check_key,
	check_signature,
	check_order,
	check_addressee,
	check_role,
	check_known,
	check_counter,
	check_time,
};

// ---- what comes of it

// What the outcome does not say; its meaning is told where there is room for words.
static const char *detail_of(const struct mu_command_decision *out)
{
	if (out->repeated)
		return out->kind == MU_COMMAND_NONE ? "known, not done again" : "known, taken up again";
	if (out->outcome == MU__COMMAND_OUTCOME__OUTCOME_FAILED)
		return "could not be checked or remembered: not done this time";
	bool is_unchecked = out->outcome == MU__COMMAND_OUTCOME__OUTCOME_ACCEPTED && out->time_unchecked;
	return is_unchecked ? "not_after not checked: no trusted time" : NULL;
}

static void fill_result(const struct trial *trial)
{
	struct mu_command_result *result = &trial->out->result;
	mu_command_result_init(result, trial->out->outcome, detail_of(trial->out));
	if (trial->has_digest)
		mu_command_result_digest(result, trial->digest);
	if (trial->envelope)
		mu_command_result_key(result, trial->envelope->key_id.data);
	if (!trial->order)
		return;
	mu_command_result_id(result, trial->order->id.data);
	mu_command_result_counter(result, trial->order->counter);
}

static void take_parameters(struct trial *trial)
{
	const Mu__Command *order = trial->order;
	struct mu_command_decision *out = trial->out;
	out->kind = trial->kind;
	memcpy(out->id, order->id.data, sizeof out->id);
	switch (trial->kind) {
	case MU_COMMAND_ROLLBACK:
		memcpy(out->running_sha, order->rollback->running_sha.data, sizeof out->running_sha);
		memcpy(out->target_sha, order->rollback->target_sha.data, sizeof out->target_sha);
		break;
	case MU_COMMAND_UPDATE: out->manifest_url = order->update->manifest_url; break;
	case MU_COMMAND_REPORT:
		out->interval_s = order->report->interval_s;
		out->for_s = order->report->for_s;
		break;
	case MU_COMMAND_LOG:
		out->level = order->log->level;
		out->for_s = order->log->for_s;
		break;
	case MU_COMMAND_DIAGNOSE: out->for_s = order->diagnose->for_s; break;
	default: break;
	}
}

static int store(const struct trial *trial, Mu__CommandOutcome outcome)
{
	struct mu_command_entry entry = {
		.counter = trial->order->counter,
		.outcome = (uint8_t)outcome,
		.kind = (uint8_t)trial->kind,
	};
	memcpy(entry.id, trial->order->id.data, sizeof entry.id);
	memcpy(entry.digest, trial->digest, sizeof entry.digest);
	memcpy(entry.key_id, trial->key.id, sizeof entry.key_id);
	return mu_command_memory_add(&trial->command->memory, trial->command->keys, &entry);
}

// A new command, above the counter: accepted or expired. Both are stored, or an expired one could come back when the time is lost.
static void settle_new(struct trial *trial)
{
	if (store(trial, trial->out->outcome) < 0 && trial->kind != MU_COMMAND_ROLLBACK) {
		trial->is_new = false;
		trial->out->outcome = MU__COMMAND_OUTCOME__OUTCOME_FAILED;
		mu_command_memory_finish(&trial->command->memory, trial->order->id.data, MU__COMMAND_OUTCOME__OUTCOME_FAILED);
		return;
	}
	if (trial->out->outcome == MU__COMMAND_OUTCOME__OUTCOME_ACCEPTED)
		take_parameters(trial);
}

// A device in a boot loop may have died between accepting a rollback and writing its plan: the same bytes take it up again, unless it
// is too late. Its outcome stays as it is: the rollback may be under way, and who does it says how it ends.
static void settle_known(struct trial *trial)
{
	bool unfinished = trial->known->outcome == MU__COMMAND_OUTCOME__OUTCOME_ACCEPTED;
	if (unfinished && trial->known->kind == MU_COMMAND_ROLLBACK && !is_expired(trial))
		take_parameters(trial);
}

// Refusals and repeats can be caused by anybody who can publish: only so many a minute may fill the spool.
static bool may_record(struct mu_command *command, uint64_t now_ms)
{
	if (now_ms - command->minute_ms >= MINUTE_MS) {
		command->minute_ms = now_ms;
		command->minute_records = 0;
	}
	if (command->minute_records == MU_COMMAND_REFUSALS_PER_MIN) {
		command->suppressed++;
		return false;
	}
	command->minute_records++;
	return true;
}

void mu_command_init(struct mu_command *command, const struct mu_port *port, const struct mu_source *keys, const char *id)
{
	*command = (struct mu_command){ .port = port, .keys = keys, .id = id, .memory.port = port };
}

int mu_command_open(struct mu_command *command, bool has_lived)
{
	return mu_command_memory_load(&command->memory, command->keys, has_lived);
}

void mu_command_handle(struct mu_command *command, const void *payload, size_t size, uint64_t trusted_wall_ms, uint64_t now_ms,
	void *scratch, size_t scratch_size, struct mu_command_decision *out)
{
	*out = (struct mu_command_decision){ .kind = MU_COMMAND_NONE };
	struct trial trial = {
		.command = command,
		.payload = payload,
		.size = size,
		.trusted_wall_ms = trusted_wall_ms,
		.out = out,
	};
	mu_arena_init(&trial.arena, scratch, scratch_size);
	command->received++;
	for (size_t i = 0; i < sizeof checks / sizeof *checks && out->outcome == PASS; i++)
		out->outcome = checks[i](&trial);
	if (trial.is_new)
		settle_new(&trial);
	else if (trial.known)
		settle_known(&trial);
	command->accepted += !out->repeated && out->outcome == MU__COMMAND_OUTCOME__OUTCOME_ACCEPTED;
	fill_result(&trial);
	out->record = trial.is_new || may_record(command, now_ms);
}

int mu_command_finish(struct mu_command *command, const uint8_t id[MU_COMMAND_ID_BYTES], Mu__CommandOutcome outcome, const char *detail,
	struct mu_command_result *result)
{
	mu_command_result_init(result, outcome, detail);
	mu_command_result_id(result, id);
	const struct mu_command_entry *entry = mu_command_memory_find(&command->memory, id);
	if (!entry)
		return MU_ERR_NOT_FOUND;
	mu_command_result_key(result, entry->key_id);
	mu_command_result_counter(result, entry->counter);
	mu_command_result_digest(result, entry->digest);
	return mu_command_memory_finish(&command->memory, id, (uint8_t)outcome);
}

const struct mu_command_entry *mu_command_unfinished(const struct mu_command *command, uint32_t *place)
{
	while (*place < command->memory.entry_count) {
		const struct mu_command_entry *entry = &command->memory.entry[(*place)++];
		if (entry->outcome == MU__COMMAND_OUTCOME__OUTCOME_ACCEPTED)
			return entry;
	}
	return NULL;
}
