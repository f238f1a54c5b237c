// SPDX-License-Identifier: Apache-2.0
// `muster report`, `muster log`, `muster diagnose`: change something on devices for a time, by signed command, and wait for their answers.
// What they change is harmless and ends by itself (proto/SPEC.md, section 6), so nobody is asked.
#include "collector/cli/cli.h"
#include "collector/cli/words.h"
#include "collector/clock.h"
#include "collector/http/json_text.h"
#include "collector/signing/keys.h"
#include "collector/signing/sign.h"
#include "proto/limits.h"
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { POLL_MS = 300, NOT_AFTER_MS = 3600000, PATH_BYTES = 200, STATE_BYTES = 16 };

struct order {
	const char *device;
	char command[33]; // id in hex, once it is submitted
	char state[STATE_BYTES]; // as last seen
	json_t *answer; // the last of the API about the command
	bool is_open; // its outcome is waited for
};

struct change {
	struct cli *cli;
	Mu__Command command; // with its body; device, id and counter are set for each order
	Mu__Report report;
	Mu__SetLog log;
	Mu__Diagnose diagnose;
	const char *body; // its name
	EVP_PKEY *key;
	uint8_t key_id[KEY_ID_BYTES];
	unsigned count;
	struct order orders[OPTION_ARGUMENTS_MAX];
};

// ---- what is to be changed

static void put_report(struct change *change)
{
	mu__report__init(&change->report);
	change->report.interval_s = change->cli->options.every_s;
	change->report.for_s = change->cli->options.for_s;
	change->command.body_case = MU__COMMAND__BODY_REPORT;
	change->command.report = &change->report;
	change->body = "report";
}

static int put_log(struct change *change)
{
	static const char *const levels[] = { "none", "error", "warning", "info", "debug" }; // as LogLevel counts
	const char *wanted = change->cli->options.level ? change->cli->options.level : "info";
	mu__set_log__init(&change->log);
	change->log.for_s = change->cli->options.for_s;
	change->command.body_case = MU__COMMAND__BODY_LOG;
	change->command.log = &change->log;
	change->body = "log";
	for (size_t i = 0; i < sizeof levels / sizeof *levels; i++)
		if (strcmp(levels[i], wanted) == 0) {
			change->log.level = (Mu__LogLevel)i;
			return EXIT_DONE;
		}
	return cli_misuse(change->cli, "--level takes none, error, warning, info or debug, not \"%s\"", wanted);
}

static void put_diagnose(struct change *change)
{
	mu__diagnose__init(&change->diagnose);
	change->diagnose.for_s = change->cli->options.for_s;
	change->command.body_case = MU__COMMAND__BODY_DIAGNOSE;
	change->command.diagnose = &change->diagnose;
	change->body = "diagnose";
}

static bool is_taken(const struct change *change, const char *device)
{
	for (unsigned i = 0; i < change->count; i++)
		if (strcmp(change->orders[i].device, device) == 0)
			return true;
	return false;
}

// A device that is named twice is commanded once.
static int take_devices(struct change *change)
{
	const struct options *options = &change->cli->options;
	for (unsigned i = 0; i < options->count; i++) {
		if (!mu_id_valid(options->arguments[i]))
			return cli_misuse(change->cli, "%s is not the id of a device: 1 to 32 characters of A-Z a-z 0-9 _ -",
				options->arguments[i]);
		if (!is_taken(change, options->arguments[i]))
			change->orders[change->count++].device = options->arguments[i];
	}
	return EXIT_DONE;
}

static int load_key(struct change *change)
{
	const struct options *options = &change->cli->options;
	char problem[900];
	change->key = keys_load_chosen(options->key, options->dir, change->key_id, problem, sizeof problem);
	return change->key ? EXIT_DONE : cli_fail(change->cli, problem);
}

// ---- sending

static json_t *post(struct change *change, const struct order *order, const char *what, json_t *body)
{
	char path[PATH_BYTES];
	snprintf(path, sizeof path, "/api/v1/devices/%s/commands%s", order->device, what);
	json_t *answer = client_post(change->cli->client, path, body);
	json_decref(body);
	return answer;
}

static int sign_order(const struct change *change, const struct order *order, const json_t *prepared, struct signed_command *sign)
{
	uint8_t id[MU_COMMAND_ID_BYTES];
	Mu__Command command = change->command;
	if (hex_decode(text_of(prepared, "id"), id, sizeof id) < 0)
		return -1;
	command.device = (char *)order->device;
	command.id = (ProtobufCBinaryData){ sizeof id, id };
	command.counter = (uint64_t)number_of(prepared, "counter", 0);
	command.has_not_after_ms = true;
	command.not_after_ms = clock_wall_ms() + NOT_AFTER_MS;
	return sign_command(&command, change->key, change->key_id, sign);
}

static void submit(struct change *change, struct order *order)
{
	struct signed_command sign;
	json_t *wanted = json_pack("{s:o,s:s}", "key_id", json_hex(change->key_id, sizeof change->key_id), "body", change->body);
	json_t *prepared = post(change, order, "/prepare", wanted), *answer = 0;
	if (!prepared)
		return; // the client has told why
	if (sign_order(change, order, prepared, &sign) < 0)
		cli_fail(change->cli, "the command cannot be signed; is the server older than this program?");
	else
		answer = post(change, order, "", sign_body(&sign));
	snprintf(order->command, sizeof order->command, "%s", text_of(answer, "id"));
	order->is_open = answer != 0;
	json_decref(prepared);
	json_decref(answer);
}

// ---- waiting

static const struct {
	const char *state, *word;
	bool is_end;
} steps[] = {
	{ "queued", "queued until the device can be reached", false },
	{ "sent", "sent", false },
	{ "accepted", "accepted by the device", false },
	{ "done", "done", true },
	{ "refused", "refused", true },
	{ "failed", "failed", true },
	{ "expired", "expired without an answer", true },
};

static void tell(const struct change *change, const struct order *order, const char *word)
{
	char clean[200];
	fprintf(change->cli->terminal.err, "%s: %s\n", order->device, terminal_clean(word, clean, sizeof clean));
}

static void tell_refusal(const struct change *change, const struct order *order)
{
	const struct outcome_words *words = words_outcome(text_of(order->answer, "outcome"));
	const char *detail = text_of(order->answer, "detail");
	char clean[300];
	if (!*text_of(order->answer, "outcome"))
		return;
	fprintf(change->cli->terminal.err, "  %s%s%s\n", words->meaning, *detail ? ": " : "", terminal_clean(detail, clean, sizeof clean));
	if (*words->remedy)
		fprintf(change->cli->terminal.err, "  %s\n", words->remedy);
}

// What the command was for is found elsewhere.
static void tell_where(const struct change *change, const struct order *order)
{
	const char *id = order->device;
	if (change->command.body_case == MU__COMMAND__BODY_LOG)
		fprintf(change->cli->terminal.err, "  `muster records %s --kind log` shows its lines\n", id);
	else if (change->command.body_case == MU__COMMAND__BODY_DIAGNOSE)
		fprintf(change->cli->terminal.err, "  `muster device %s` and `muster records %s` show what it tells\n", id, id);
}

static void tell_state(const struct change *change, struct order *order)
{
	for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
		if (strcmp(steps[i].state, order->state) != 0)
			continue;
		tell(change, order, steps[i].word);
		if (strcmp(order->state, "done") == 0)
			tell_where(change, order);
		order->is_open = !steps[i].is_end;
		if (steps[i].is_end && strcmp(order->state, "done") != 0)
			tell_refusal(change, order);
	}
}

static void look_at(struct change *change, struct order *order)
{
	char path[PATH_BYTES];
	snprintf(path, sizeof path, "/api/v1/commands/%s", order->command);
	json_t *answer = client_get(change->cli->client, path);
	if (!answer)
		return; // musterd may be restarting; the command is kept
	json_decref(order->answer);
	order->answer = answer;
	if (strcmp(text_of(answer, "state"), order->state) == 0)
		return;
	snprintf(order->state, sizeof order->state, "%s", text_of(answer, "state"));
	tell_state(change, order);
}

static unsigned look_at_all(struct change *change)
{
	unsigned open = 0;
	for (unsigned i = 0; i < change->count; i++) {
		if (change->orders[i].is_open)
			look_at(change, &change->orders[i]);
		open += change->orders[i].is_open;
	}
	return open;
}

static void wait_for_all(struct change *change)
{
	uint64_t end_ms = clock_monotonic_ms() + change->cli->options.timeout_s * UINT64_C(1000);
	const struct timespec pause = { 0, POLL_MS * 1000000L };
	client_set_quiet(change->cli->client, 1);
	while (look_at_all(change) && clock_monotonic_ms() < end_ms)
		nanosleep(&pause, 0);
	for (unsigned i = 0; i < change->count; i++)
		if (change->orders[i].is_open)
			tell(change, &change->orders[i],
				"no answer yet; the command stays in force for an hour, `muster commands` shows what becomes of it");
}

static int conclude(struct change *change)
{
	int code = EXIT_DONE;
	json_t *list = json_array();
	for (unsigned i = 0; i < change->count; i++) {
		struct order *order = &change->orders[i];
		json_array_append_new(list, order->answer ? order->answer : json_null());
		order->answer = 0;
		if (strcmp(order->state, "done") != 0)
			code = EXIT_NO;
	}
	if (change->cli->options.json)
		cli_print_json(change->cli, json_pack("{s:O}", "commands", list));
	json_decref(list);
	return code;
}

static int carry_out(struct change *change)
{
	int code = take_devices(change);
	if (code == EXIT_DONE)
		code = load_key(change);
	if (code != EXIT_DONE)
		return code;
	for (unsigned i = 0; i < change->count; i++)
		submit(change, &change->orders[i]);
	wait_for_all(change);
	EVP_PKEY_free(change->key);
	return conclude(change);
}

int cli_report(struct cli *cli)
{
	struct change change = { .cli = cli, .command = MU__COMMAND__INIT };
	put_report(&change);
	return carry_out(&change);
}

int cli_log(struct cli *cli)
{
	struct change change = { .cli = cli, .command = MU__COMMAND__INIT };
	int code = put_log(&change);
	return code == EXIT_DONE ? carry_out(&change) : code;
}

int cli_diagnose(struct cli *cli)
{
	struct change change = { .cli = cli, .command = MU__COMMAND__INIT };
	put_diagnose(&change);
	return carry_out(&change);
}
