// SPDX-License-Identifier: Apache-2.0
#include "collector/fleet/commands.h"
#include "collector/log.h"
#include "collector/store/store_commands.h"
#include <openssl/sha.h>
#include <stdlib.h>
#include <string.h>

enum { DIGEST_BYTES = 4 };
#define COMMANDS_MOST_MS (UINT64_C(30) * 86400000) // that a command is kept open, whatever it says itself

// One that is not at its end. What the store has too lies in `row`; its blobs and texts point into this struct.
struct open_command {
	struct store_command row;
	uint8_t *payload; // packed SignedCommand, on the heap
	size_t payload_size;
	char detail[MU_DETAIL_TEXT_MAX + 1];
	uint8_t target_sha[MU_IMAGE_SHA_BYTES]; // of a rollback
	uint8_t digest[DIGEST_BYTES];
	bool is_rollback, publish_due, changed;
	struct open_command *next;
};

struct commands {
	struct store *store;
	struct fleet *fleet;
	commands_publish *publish;
	void *context;
	struct open_command *open;
	size_t open_count;
	size_t changed_count;
	uint64_t next_step_ms;
};

static void free_open(struct open_command *command)
{
	free(command->payload);
	free(command);
}

// Reads what is to be expected of the command. Returns its id's owner, or null if it is no command with a usable id.
static Mu__Command *read_command(struct open_command *open, ProtobufCBinaryData bytes)
{
	uint8_t hash[SHA256_DIGEST_LENGTH];
	Mu__Command *command = mu__command__unpack(0, bytes.len, bytes.data);
	if (!command || command->id.len != MU_COMMAND_ID_BYTES) {
		if (command)
			mu__command__free_unpacked(command, 0);
		return 0;
	}
	SHA256(bytes.data, bytes.len, hash);
	memcpy(open->digest, hash, sizeof open->digest);
	memcpy(open->row.id, command->id.data, sizeof open->row.id);
	open->row.kind = command->body_case;
	open->row.counter = command->counter;
	open->row.not_after_ms = command->has_not_after_ms ? command->not_after_ms : 0;
	if (open->row.not_after_ms > MU_WALL_MS_MAX)
		open->row.not_after_ms = MU_WALL_MS_MAX;
	open->is_rollback = command->body_case == MU__COMMAND__BODY_ROLLBACK;
	if (open->is_rollback && command->rollback->target_sha.len == sizeof open->target_sha)
		memcpy(open->target_sha, command->rollback->target_sha.data, sizeof open->target_sha);
	return command;
}

static struct open_command *new_open(const Mu__SignedCommand *sign)
{
	struct open_command *open = calloc(1, sizeof *open);
	if (!open)
		return 0;
	open->payload_size = mu__signed_command__get_packed_size(sign);
	open->payload = malloc(open->payload_size ? open->payload_size : 1);
	Mu__Command *command = open->payload ? read_command(open, sign->command) : 0;
	if (!command) {
		free_open(open);
		return 0;
	}
	mu__command__free_unpacked(command, 0);
	mu__signed_command__pack(sign, open->payload);
	if (sign->key_id.len == sizeof open->row.key_id)
		memcpy(open->row.key_id, sign->key_id.data, sizeof open->row.key_id);
	open->row.detail = open->detail;
	return open;
}

static void add_open(struct commands *commands, struct open_command *open)
{
	struct device *device = fleet_at(commands->fleet, open->row.dev);
	open->next = commands->open;
	commands->open = open;
	commands->open_count++;
	if (device)
		device->open_commands++;
}

// ---- the store

static struct open_command *from_row(const struct store_command *row)
{
	Mu__SignedCommand sign = MU__SIGNED_COMMAND__INIT;
	sign.command = (ProtobufCBinaryData){ row->command.size, (uint8_t *)row->command.bytes };
	sign.signature = (ProtobufCBinaryData){ row->signature.size, (uint8_t *)row->signature.bytes };
	sign.key_id = (ProtobufCBinaryData){ sizeof row->key_id, (uint8_t *)row->key_id };
	struct open_command *open = new_open(&sign);
	if (!open)
		return 0;
	open->row = *row;
	strncpy(open->detail, row->detail ? row->detail : "", sizeof open->detail - 1);
	open->row.detail = open->detail;
	open->row.actor = ""; // never written again
	open->row.command = open->row.signature = (struct store_blob){ 0, 0 };
	return open;
}

static int load_row(void *context, const struct store_command *row)
{
	struct commands *commands = context;
	struct open_command *open = from_row(row);
	if (!open)
		return 0; // cannot be read any more: it stays in the store as it is
	if (command_state_is_final(open->row.state, open->is_rollback)) {
		free_open(open);
		return 0;
	}
	open->publish_due = open->row.state <= COMMAND_SENT; // the broker may not have got it before musterd ended
	add_open(commands, open);
	return 0;
}

struct commands *commands_new(struct store *store, struct fleet *fleet, commands_publish *publish, void *context)
{
	struct commands *commands = calloc(1, sizeof *commands);
	if (!commands)
		return 0;
	*commands = (struct commands){ .store = store, .fleet = fleet, .publish = publish, .context = context };
	if (store_command_open(store, COMMAND_DONE, load_row, commands) < 0) {
		commands_free(commands);
		return 0;
	}
	return commands;
}

void commands_free(struct commands *commands)
{
	if (!commands)
		return;
	for (struct open_command *next, *open = commands->open; open; open = next) {
		next = open->next;
		free_open(open);
	}
	free(commands);
}

static void note_change(struct commands *commands, struct open_command *open)
{
	commands->changed_count += !open->changed;
	open->changed = true;
}

static int write_changes(struct commands *commands)
{
	int err = store_begin(commands->store);
	for (struct open_command *open = commands->open; err >= 0 && open; open = open->next)
		if (open->changed)
			err = store_command_update(commands->store, &open->row);
	if (err < 0) {
		store_rollback(commands->store);
		return err;
	}
	return store_commit(commands->store);
}

// Those at their end are forgotten here once the store has them.
static void drop_written(struct commands *commands)
{
	for (struct open_command **link = &commands->open; *link;) {
		struct open_command *open = *link;
		open->changed = false;
		if (!command_state_is_final(open->row.state, open->is_rollback)) {
			link = &open->next;
			continue;
		}
		struct device *device = fleet_at(commands->fleet, open->row.dev);
		if (device)
			device->open_commands--;
		*link = open->next;
		commands->open_count--;
		free_open(open);
	}
	commands->changed_count = 0;
}

// ---- what happens to a command

static void take_event(struct commands *commands, struct open_command *open, enum command_event event, uint64_t now_ms)
{
	int next = command_next(open->row.state, event);
	if (next < 0)
		return;
	open->row.state = (uint32_t)next;
	if (next != COMMAND_SENT)
		open->publish_due = false;
	if (next == COMMAND_ACCEPTED)
		open->row.accepted_ms = now_ms;
	open->row.finished_ms = command_state_is_final(next, open->is_rollback) ? now_ms : 0;
	note_change(commands, open);
	log_info("commands", "command changed", "device=%s state=%s counter=%llu", fleet_at(commands->fleet, open->row.dev)->id,
		command_state_name(next), (unsigned long long)open->row.counter);
}

static void publish_one(struct commands *commands, struct open_command *open, uint64_t now_ms)
{
	const struct device *device = fleet_at(commands->fleet, open->row.dev);
	if (!device || device->presence == PRESENCE_OFFLINE)
		return;
	if (commands->publish(commands->context, device->id, open->payload, open->payload_size) < 0)
		return;
	open->publish_due = false;
	open->row.publishes++;
	open->row.published_ms = now_ms;
	note_change(commands, open);
	take_event(commands, open, COMMAND_ON_PUBLISHED, now_ms);
}

int commands_prepare(struct commands *commands, const struct device *device, const uint8_t key_id[MU_KEY_ID_BYTES], uint64_t *counter)
{
	return store_command_counter(commands->store, device->dev, key_id, counter) < 0 ? COMMANDS_ESTORE : COMMANDS_OK;
}

struct comparison {
	const Mu__SignedCommand *sign;
	bool same;
};

static int compare_row(void *context, const struct store_command *row)
{
	struct comparison *comparison = context;
	const ProtobufCBinaryData *bytes = &comparison->sign->command;
	comparison->same = row->command.size == bytes->len && memcmp(row->command.bytes, bytes->data, bytes->len) == 0;
	return 0;
}

static int store_new(struct commands *commands, struct open_command *open, const Mu__SignedCommand *sign, const char *actor)
{
	open->row.actor = actor;
	open->row.command = (struct store_blob){ sign->command.data, sign->command.len };
	open->row.signature = (struct store_blob){ sign->signature.data, sign->signature.len };
	int err = store_command_add(commands->store, &open->row, &open->row.n);
	open->row.actor = "";
	open->row.command = open->row.signature = (struct store_blob){ 0, 0 };
	return err < 0 ? COMMANDS_ESTORE : COMMANDS_OK;
}

// Takes over `open` if it returns 0.
static int submit_open(struct commands *commands, struct device *device, struct open_command *open, Mu__SignedCommand *sign,
	const char *actor, uint64_t now_ms)
{
	struct comparison comparison = { .sign = sign };
	int found = store_command_read(commands->store, open->row.id, compare_row, &comparison);
	if (found >= 0)
		return comparison.same ? 1 : COMMANDS_EDUPLICATE;
	if (found != -STORE_ENOENT)
		return COMMANDS_ESTORE;
	if (commands->open_count >= COMMANDS_OPEN_MAX || device->open_commands >= COMMANDS_OPEN_PER_DEVICE_MAX)
		return COMMANDS_EFULL;
	open->row.dev = device->dev;
	open->row.created_ms = now_ms;
	int err = store_new(commands, open, sign, actor);
	if (err < 0)
		return err;
	open->publish_due = true;
	add_open(commands, open);
	publish_one(commands, open, now_ms);
	return COMMANDS_OK;
}

int commands_submit(struct commands *commands, struct device *device, const char *actor, const uint8_t *payload, size_t size,
	uint64_t now_ms, uint8_t id[MU_COMMAND_ID_BYTES])
{
	if (size > COMMANDS_PAYLOAD_MAX)
		return COMMANDS_EMALFORMED;
	Mu__SignedCommand *sign = mu__signed_command__unpack(0, size, payload);
	if (!sign)
		return COMMANDS_EMALFORMED;
	int err = COMMANDS_EMALFORMED;
	struct open_command *open = sign->key_id.len == MU_KEY_ID_BYTES ? new_open(sign) : 0;
	if (open) {
		memcpy(id, open->row.id, sizeof open->row.id);
		err = submit_open(commands, device, open, sign, actor, now_ms);
		if (err != COMMANDS_OK)
			free_open(open);
		else
			commands_step(commands, now_ms); // so that whoever asks next reads what has become of it
	}
	mu__signed_command__free_unpacked(sign, 0);
	return err;
}

void commands_on_online(struct commands *commands, struct device *device, uint64_t now_ms)
{
	if (!device->open_commands)
		return;
	for (struct open_command *open = commands->open; open; open = open->next)
		if (open->row.dev == device->dev && open->row.state <= COMMAND_SENT)
			publish_one(commands, open, now_ms);
}

// ---- what the device says

static bool is_answer_to(const struct open_command *open, const Mu__CommandResult *result)
{
	if (result->id.len == sizeof open->row.id)
		return memcmp(result->id.data, open->row.id, sizeof open->row.id) == 0;
	return result->has_digest && result->digest.len == sizeof open->digest &&
		memcmp(result->digest.data, open->digest, sizeof open->digest) == 0;
}

static int reopen_row(void *context, const struct store_command *row)
{
	struct open_command **out = context;
	*out = from_row(row);
	return 0;
}

// An answer to one that is no longer waited for.
static struct open_command *reopen(struct commands *commands, const struct device *device, const Mu__CommandResult *result)
{
	struct open_command *open = 0;
	if (result->id.len != MU_COMMAND_ID_BYTES || commands->open_count >= COMMANDS_OPEN_MAX)
		return 0;
	store_command_read(commands->store, result->id.data, reopen_row, &open);
	if (!open)
		return 0;
	if (open->row.dev != device->dev || open->row.state != COMMAND_EXPIRED) {
		free_open(open);
		return 0;
	}
	add_open(commands, open);
	return open;
}

static void take_result(struct commands *commands, struct device *device, const Mu__CommandResult *result, uint64_t recv_ms)
{
	struct open_command *open = commands->open;
	while (open && !(open->row.dev == device->dev && is_answer_to(open, result)))
		open = open->next;
	if (!open)
		open = reopen(commands, device, result);
	if (!open)
		return;
	enum command_event event = command_event_of(result->outcome);
	if (command_next(open->row.state, event) >= 0) {
		open->row.outcome = result->outcome;
		memset(open->detail, 0, sizeof open->detail);
		strncpy(open->detail, result->detail ? result->detail : "", sizeof open->detail - 1);
	}
	take_event(commands, open, event, recv_ms);
}

// Until the device says so itself, a Boot is not enough: an image that crashes before its first heartbeat is left again.
static bool proves_a_rollback(const struct open_command *open, const Mu__Record *record)
{
	return record->body_case == MU__RECORD__BODY_HEARTBEAT || open->row.state == COMMAND_DONE;
}

void commands_on_record(struct commands *commands, struct device *device, const Mu__Record *record, uint64_t recv_ms)
{
	if (record->body_case == MU__RECORD__BODY_COMMAND_RESULT)
		take_result(commands, device, record->command_result, recv_ms);
	if (!device->open_commands || !device->has_running_sha)
		return;
	for (struct open_command *open = commands->open; open; open = open->next)
		if (open->row.dev == device->dev && open->is_rollback && proves_a_rollback(open, record) &&
			memcmp(open->target_sha, device->running_sha, sizeof open->target_sha) == 0)
			take_event(commands, open, COMMAND_ON_TARGET_RUNS, recv_ms);
}

// ---- time

static uint64_t deadline_ms(const struct open_command *open)
{
	uint64_t at_ms = open->row.not_after_ms ? open->row.not_after_ms : open->row.created_ms + COMMANDS_NOT_AFTER_MS;
	if (at_ms > open->row.created_ms + COMMANDS_MOST_MS)
		at_ms = open->row.created_ms + COMMANDS_MOST_MS;
	if (at_ms < open->row.created_ms + COMMANDS_LEAST_MS)
		at_ms = open->row.created_ms + COMMANDS_LEAST_MS;
	return open->row.state >= COMMAND_ACCEPTED ? at_ms + COMMANDS_GRACE_MS : at_ms;
}

void commands_step(struct commands *commands, uint64_t now_ms)
{
	if (now_ms >= commands->next_step_ms) {
		commands->next_step_ms = now_ms + COMMANDS_STEP_MS;
		for (struct open_command *open = commands->open; open; open = open->next) {
			if (open->publish_due)
				publish_one(commands, open, now_ms);
			if (now_ms > deadline_ms(open))
				take_event(commands, open, COMMAND_ON_EXPIRED, now_ms);
		}
	} else if (now_ms + COMMANDS_STEP_MS < commands->next_step_ms) {
		commands->next_step_ms = now_ms; // the clock was set back
	}
	if (!commands->changed_count)
		return;
	if (write_changes(commands) < 0)
		log_warn("commands", "changes not written, will be tried again", "commands=%zu", commands->changed_count);
	else
		drop_written(commands);
}

size_t commands_open_count(const struct commands *commands)
{
	return commands->open_count;
}
