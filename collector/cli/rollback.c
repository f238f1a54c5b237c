// SPDX-License-Identifier: Apache-2.0
// `muster rollback`: shows what it will do, asks, signs, sends, and waits for what becomes of it.
#include "collector/cli/cli.h"
#include "collector/signing/keys.h"
#include "collector/signing/sign.h"
#include "collector/cli/words.h"
#include "collector/clock.h"
#include "collector/http/json_text.h"
#include "proto/limits.h"
#include <curl/curl.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { TARGETS_MAX = 1000, POLL_MS = 300, NOT_AFTER_MS = 3600000, PATH_BYTES = 600, STATE_BYTES = 16 };

struct target {
	char id[MU_DEVICE_ID_MAX + 1];
	char running_sha[17], target_sha[17];
	char running_firmware[MU_FIRMWARE_TEXT_MAX + 1], target_firmware[MU_FIRMWARE_TEXT_MAX + 1];
	char command[33]; // id in hex, once it is submitted
	char state[STATE_BYTES]; // as last seen
	json_t *answer;   // the last of the API about the command
	bool is_open;     // its outcome is waited for
};

struct rollback {
	struct cli *cli;
	struct target *targets;
	size_t count;
	EVP_PKEY *key;
	uint8_t key_id[KEY_ID_BYTES];
	uint64_t started_ms;
};

// ---- which devices

static bool has_target(const struct rollback *rollback, const char *id)
{
	for (size_t i = 0; i < rollback->count; i++)
		if (strcmp(rollback->targets[i].id, id) == 0)
			return true;
	return false;
}

// A device that is there already is passed over: a second command would only be refused.
static int add_target(struct rollback *rollback, const char *id)
{
	if (!mu_id_valid(id))
		return cli_misuse(rollback->cli, "%s is not the id of a device: 1 to 32 characters of A-Z a-z 0-9 _ -", id);
	if (has_target(rollback, id))
		return EXIT_DONE;
	if (rollback->count == TARGETS_MAX)
		return cli_misuse(rollback->cli, "more than %d devices at once; narrow --where", TARGETS_MAX);
	struct target *grown = realloc(rollback->targets, (rollback->count + 1) * sizeof *grown);
	if (!grown)
		return cli_fail(rollback->cli, "no memory");
	rollback->targets = grown;
	rollback->targets[rollback->count] = (struct target){ .is_open = false };
	snprintf(rollback->targets[rollback->count].id, sizeof grown->id, "%s", id);
	rollback->count++;
	return EXIT_DONE;
}

// "firmware=1.1.0,state=crash_loop" to the query of the list. 0, or EXIT_MISUSE.
static int add_where(struct cli *cli, char *path, size_t size)
{
	static const struct {
		const char *name, *parameter;
	} names[] = { { "firmware=", "firmware" }, { "state=", "state" }, { "id=", "q" } };
	for (const char *at = cli->options.where; *at;) {
		size_t length = strcspn(at, ","), i = 0;
		while (i < 3 && strncmp(at, names[i].name, strlen(names[i].name)) != 0)
			i++;
		size_t name = i < 3 ? strlen(names[i].name) : 0;
		if (i == 3 || length == name)
			return cli_misuse(cli, "--where takes firmware=V, state=S or id=TEXT, joined by commas, not \"%.*s\"", (int)length,
				at);
		char *escaped = curl_easy_escape(0, at + name, (int)(length - name));
		size_t used = strlen(path);
		snprintf(path + used, size - used, "%c%s=%s", strchr(path, '?') ? '&' : '?', names[i].parameter, escaped ? escaped : "");
		curl_free(escaped);
		at += length + (at[length] == ',');
	}
	return EXIT_DONE;
}

static int find_where(struct rollback *rollback)
{
	char path[PATH_BYTES] = "/api/v1/devices";
	int code = add_where(rollback->cli, path, sizeof path);
	json_t *answer = code == EXIT_DONE ? cli_get_all(rollback->cli, path, "devices", 0) : 0;
	const json_t *device;
	size_t i;
	if (!answer)
		return code == EXIT_DONE ? EXIT_NO : code;
	json_array_foreach(json_object_get(answer, "devices"), i, device)
		if (code == EXIT_DONE)
			code = add_target(rollback, text_of(device, "id"));
	json_decref(answer);
	if (code == EXIT_DONE && !rollback->count)
		return cli_fail(rollback->cli, "no device is like that; `muster devices` lists them");
	return code;
}

static int find_targets(struct rollback *rollback)
{
	const struct options *options = &rollback->cli->options;
	if ((options->count > 0) == (options->where != 0))
		return cli_misuse(rollback->cli, "name the devices, or choose them with --where, one of the two");
	if (options->where)
		return find_where(rollback);
	int code = EXIT_DONE;
	for (unsigned i = 0; code == EXIT_DONE && i < options->count; i++)
		code = add_target(rollback, options->arguments[i]);
	return code;
}

// ---- what will be done

static int describe(struct rollback *rollback, struct target *target)
{
	char path[PATH_BYTES], line[400], clean[400];
	snprintf(path, sizeof path, "/api/v1/devices/%s", target->id);
	json_t *device = client_get(rollback->cli->client, path);
	if (!device)
		return EXIT_NO;
	const json_t *ota = json_object_get(device, "ota");
	snprintf(target->running_sha, sizeof target->running_sha, "%s", text_of(ota, "running_sha"));
	snprintf(target->target_sha, sizeof target->target_sha, "%s", text_of(ota, "other_sha"));
	snprintf(target->running_firmware, sizeof target->running_firmware, "%s", text_of(device, "firmware"));
	snprintf(target->target_firmware, sizeof target->target_firmware, "%s", text_of(ota, "other_firmware"));
	bool is_blocked = json_is_false(json_object_get(ota, "rollback_ready"));
	const struct outcome_words *block = words_block(text_of(ota, "block"));

	snprintf(line, sizeof line, "%s: %s (%s) back to %s (%s)", target->id, *target->running_firmware ? target->running_firmware : "?",
		words_sha(target->running_sha).text, *target->target_firmware ? target->target_firmware : "?",
		words_sha(target->target_sha).text);
	fprintf(rollback->cli->terminal.err, "%s\n", terminal_clean(line, clean, sizeof clean));
	json_decref(device);
	if (strlen(target->running_sha) != 16 || strlen(target->target_sha) != 16) {
		fprintf(rollback->cli->terminal.err,
			"  it has not yet said which firmware is in its two slots; wait for its next heartbeat\n");
		return EXIT_NO;
	}
	if (strcmp(target->running_sha, target->target_sha) == 0) {
		fprintf(rollback->cli->terminal.err, "  both of its slots hold the same firmware: there is nothing to go back to\n");
		return EXIT_NO;
	}
	if (!is_blocked || rollback->cli->options.force)
		return EXIT_DONE;
	fprintf(rollback->cli->terminal.err, "  the device says that it cannot: %s\n  %s\n", block->meaning, block->remedy);
	return EXIT_NO;
}

static int confirm(struct rollback *rollback)
{
	const struct cli *cli = rollback->cli;
	char answer[16];
	if (cli->options.yes)
		return EXIT_DONE;
	if (!cli->terminal.is_tty)
		return cli_misuse(cli, "nobody can be asked here; give --yes to go on without a question");
	fprintf(cli->terminal.err, "The device%s will restart. Go on? [y/N] ", rollback->count > 1 ? "s" : "");
	fflush(cli->terminal.err);
	if (fgets(answer, sizeof answer, stdin) && (answer[0] == 'y' || answer[0] == 'Y'))
		return EXIT_DONE;
	return cli_fail(cli, "nothing was done");
}

static int load_key(struct rollback *rollback)
{
	const struct options *options = &rollback->cli->options;
	char problem[900];
	rollback->key = keys_load_chosen(options->key, options->dir, rollback->key_id, problem, sizeof problem);
	return rollback->key ? EXIT_DONE : cli_fail(rollback->cli, problem);
}

// ---- sending

static int sign_target(struct rollback *rollback, struct target *target, const json_t *prepared, struct signed_command *sign)
{
	uint8_t id[MU_COMMAND_ID_BYTES], running[MU_IMAGE_SHA_BYTES], goal[MU_IMAGE_SHA_BYTES];
	if (hex_decode(text_of(prepared, "id"), id, sizeof id) < 0 || hex_decode(target->running_sha, running, sizeof running) < 0 ||
		hex_decode(target->target_sha, goal, sizeof goal) < 0)
		return -1;
	const struct rollback_order order = { target->id, id, (uint64_t)number_of(prepared, "counter", 0), clock_wall_ms() + NOT_AFTER_MS,
		running, goal };
	return sign_rollback(&order, rollback->key, rollback->key_id, sign);
}

static json_t *prepare(struct rollback *rollback, const struct target *target)
{
	char path[PATH_BYTES];
	snprintf(path, sizeof path, "/api/v1/devices/%s/commands/prepare", target->id);
	json_t *body = json_pack("{s:o,s:s}", "key_id", json_hex(rollback->key_id, sizeof rollback->key_id), "body", "rollback");
	json_t *prepared = client_post(rollback->cli->client, path, body);
	json_decref(body);
	return prepared;
}

static int submit(struct rollback *rollback, struct target *target)
{
	struct signed_command sign;
	char path[PATH_BYTES];
	json_t *prepared = prepare(rollback, target), *answer = 0;
	if (!prepared)
		return EXIT_NO;
	bool same = strcmp(text_of(prepared, "running_sha"), target->running_sha) == 0 &&
		strcmp(text_of(prepared, "target_sha"), target->target_sha) == 0;
	if (!same)
		cli_fail(rollback->cli, "the device has changed its firmware meanwhile; look at it and try again");
	else if (sign_target(rollback, target, prepared, &sign) < 0)
		cli_fail(rollback->cli, "the command cannot be signed; is the server older than this program?");
	else {
		json_t *body = sign_body(&sign);
		snprintf(path, sizeof path, "/api/v1/devices/%s/commands", target->id);
		answer = client_post(rollback->cli->client, path, body);
		json_decref(body);
	}
	snprintf(target->command, sizeof target->command, "%s", text_of(answer, "id"));
	target->is_open = answer != 0;
	json_decref(prepared);
	json_decref(answer);
	return target->is_open ? EXIT_DONE : EXIT_NO;
}

// ---- waiting

static const struct {
	const char *state;
	const char *word; // of the progress
	bool is_end;
} steps[] = {
	{ "queued", "queued until the device can be reached", false },
	{ "sent", "sent", false },
	{ "accepted", "accepted by the device", false },
	{ "done", "switched: the device says that it is done", false },
	{ "confirmed", "confirmed: the device runs its other firmware", true },
	{ "refused", "refused", true },
	{ "failed", "failed", true },
	{ "expired", "expired without an answer", true },
};

static void tell_step(const struct rollback *rollback, const struct target *target, const char *word, enum terminal_colour colour)
{
	const struct terminal *terminal = &rollback->cli->terminal;
	double seconds = (double)(clock_monotonic_ms() - rollback->started_ms) / 1000;
	char clean[200];
	fprintf(terminal->err, "%6.1f s  %s%s%s%s%s\n", seconds, rollback->count > 1 ? target->id : "", rollback->count > 1 ? ": " : "",
		terminal_on(terminal, colour), terminal_clean(word, clean, sizeof clean), terminal_off(terminal, colour));
}

static void tell_refusal(const struct rollback *rollback, const struct target *target)
{
	const struct outcome_words *words = words_outcome(text_of(target->answer, "outcome"));
	const char *detail = text_of(target->answer, "detail");
	char clean[300];
	if (!*text_of(target->answer, "outcome"))
		return;
	fprintf(rollback->cli->terminal.err, "          %s%s%s\n", words->meaning, *detail ? ": " : "",
		terminal_clean(detail, clean, sizeof clean));
	if (*words->remedy)
		fprintf(rollback->cli->terminal.err, "          %s\n", words->remedy);
}

static void look_at(struct rollback *rollback, struct target *target)
{
	char path[PATH_BYTES];
	snprintf(path, sizeof path, "/api/v1/commands/%s", target->command);
	json_t *answer = client_get(rollback->cli->client, path);
	if (!answer)
		return; // musterd may be restarting; the command is kept
	json_decref(target->answer);
	target->answer = answer;
	const char *state = text_of(answer, "state");
	if (strcmp(state, target->state) == 0)
		return;
	snprintf(target->state, sizeof target->state, "%s", state);
	for (size_t i = 0; i < sizeof steps / sizeof *steps; i++)
		if (strcmp(steps[i].state, state) == 0) {
			bool is_good = strcmp(state, "confirmed") == 0;
			tell_step(rollback, target, steps[i].word, is_good ? COLOUR_GREEN : steps[i].is_end ? COLOUR_RED : COLOUR_NONE);
			target->is_open = !steps[i].is_end;
			if (steps[i].is_end && !is_good)
				tell_refusal(rollback, target);
		}
}

static void wait_for_all(struct rollback *rollback)
{
	uint64_t end_ms = rollback->started_ms + rollback->cli->options.timeout_s * UINT64_C(1000);
	const struct timespec pause = { 0, POLL_MS * 1000000L };
	client_set_quiet(rollback->cli->client, 1);
	for (;;) {
		size_t open = 0;
		for (size_t i = 0; i < rollback->count; i++) {
			if (rollback->targets[i].is_open)
				look_at(rollback, &rollback->targets[i]);
			open += rollback->targets[i].is_open;
		}
		if (!open || clock_monotonic_ms() >= end_ms)
			break;
		nanosleep(&pause, 0);
	}
	for (size_t i = 0; i < rollback->count; i++)
		if (rollback->targets[i].is_open)
			tell_step(rollback, &rollback->targets[i],
				"no outcome yet; the command stays in force for an hour, `muster commands` shows what becomes of it",
				COLOUR_YELLOW);
}

static int report(struct rollback *rollback)
{
	int code = EXIT_DONE;
	json_t *list = json_array();
	for (size_t i = 0; i < rollback->count; i++) {
		const struct target *target = &rollback->targets[i];
		json_array_append(list, target->answer ? target->answer : json_null());
		if (strcmp(target->state, "confirmed") != 0)
			code = EXIT_NO;
	}
	if (rollback->cli->options.json)
		cli_print_json(rollback->cli, json_pack("{s:O}", "commands", list));
	json_decref(list);
	return code;
}

static int run(struct rollback *rollback)
{
	int code = find_targets(rollback);
	for (size_t i = 0; code == EXIT_DONE && i < rollback->count; i++)
		code = describe(rollback, &rollback->targets[i]);
	if (code == EXIT_DONE)
		code = load_key(rollback);
	if (code == EXIT_DONE)
		code = confirm(rollback);
	if (code != EXIT_DONE)
		return code;
	rollback->started_ms = clock_monotonic_ms();
	for (size_t i = 0; i < rollback->count; i++)
		submit(rollback, &rollback->targets[i]);
	wait_for_all(rollback);
	return report(rollback);
}

int cli_rollback(struct cli *cli)
{
	struct rollback rollback = { .cli = cli };
	int code = run(&rollback);
	for (size_t i = 0; i < rollback.count; i++)
		json_decref(rollback.targets[i].answer);
	free(rollback.targets);
	EVP_PKEY_free(rollback.key);
	return code;
}
