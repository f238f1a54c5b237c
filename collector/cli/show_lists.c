// SPDX-License-Identifier: Apache-2.0
// `muster devices`, `commands`, `ledger`: the lists.
#include "collector/cli/cli.h"
#include "collector/cli/show.h"
#include "collector/cli/table.h"
#include "collector/cli/words.h"
#include "collector/clock.h"
#include "collector/fleet/metric_text.h"
#include <curl/curl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { PATH_BYTES = 600 };

static uint64_t ago(int64_t then_ms, uint64_t now_ms)
{
	return then_ms > 0 && (uint64_t)then_ms < now_ms ? now_ms - (uint64_t)then_ms : 0;
}

// ---- devices

static const struct table_column device_columns[] = {
	{ "DEVICE", 8, 0, false }, { "STATE", 8, 0, false }, { "FIRMWARE", 6, 3, false }, { "SEEN", 5, 2, true },
	{ "UP", 5, 4, true },      { "HEAP", 8, 5, true },    { "RSSI", 4, 6, true },      { "WHY", 24, 1, false },
};

static const char *first_reason(const json_t *condition)
{
	const char *state = text_of(condition, "state");
	const json_t *reasons = json_object_get(condition, "reasons"), *reason;
	size_t i;
	json_array_foreach(reasons, i, reason)
		if (strcmp(text_of(reason, "code"), state) == 0)
			return text_of(reason, "text");
	return text_of(json_array_get(reasons, 0), "text");
}

static bool is_unacked(const json_t *device)
{
	return json_is_false(json_object_get(device, "acked"));
}

static const char *why(const json_t *device)
{
	const char *reason = first_reason(json_object_get(device, "condition"));
	return *reason || !is_unacked(device) ? reason : "plain JSON, no Ack";
}

static void add_device(struct table *table, const json_t *device, uint64_t now_ms)
{
	const json_t *condition = json_object_get(device, "condition");
	int64_t uptime_s = number_of(device, "uptime_s", -1), heap = number_of(device, "heap_free_bytes", -1),
		rssi = number_of(device, "rssi_dbm", 0);
	struct words seen = words_age(ago(number_of(device, "last_seen_ms", 0), now_ms));
	struct words up = words_age(uptime_s < 0 ? 0 : (uint64_t)uptime_s * 1000);
	struct metric_text free_bytes = bytes_text(heap);
	char signal[24];
	snprintf(signal, sizeof signal, "%" PRId64, rssi);
	const char *cells[] = {
		text_of(device, "id"),
		text_of(condition, "state"),
		text_of(device, "firmware"),
		seen.text,
		uptime_s < 0 ? "" : up.text,
		heap < 0 ? "" : free_bytes.text,
		rssi ? signal : "",
		why(device),
	};
	table_add(table, cells, 1, words_severity_colour(text_of(condition, "severity")));
}

struct tally {
	const char *state;
	unsigned count;
};

// "25 devices: 20 healthy, 3 offline, 2 new".
static void print_tally(const json_t *devices, const struct terminal *terminal)
{
	struct tally tallies[32] = { { 0 } };
	const json_t *device;
	size_t i, kinds = 0, unacked = 0;
	json_array_foreach(devices, i, device) {
		const char *state = text_of(json_object_get(device, "condition"), "state");
		size_t k = 0;
		unacked += is_unacked(device);
		while (k < kinds && strcmp(tallies[k].state, state) != 0)
			k++;
		if (k == 32)
			continue;
		kinds += k == kinds;
		tallies[k].state = state;
		tallies[k].count++;
	}
	size_t count = json_array_size(devices);
	char text[1024];
	size_t length = (size_t)snprintf(text, sizeof text, "%zu device%s", count, count == 1 ? "" : "s");
	for (size_t k = 0; k < kinds && length < sizeof text; k++)
		length += (size_t)snprintf(text + length, sizeof text - length, "%s%u %.24s", k ? ", " : ": ", tallies[k].count,
			tallies[k].state);
	if (unacked && length < sizeof text)
		snprintf(text + length, sizeof text - length, "; %zu without acknowledgement", unacked);
	print_text(terminal, text);
}

void show_devices(const json_t *answer, const struct terminal *terminal, uint64_t now_ms)
{
	const json_t *devices = json_object_get(answer, "devices"), *device;
	struct table *table = table_new(device_columns, sizeof device_columns / sizeof *device_columns);
	size_t i;
	if (!table)
		return;
	json_array_foreach(devices, i, device)
		add_device(table, device, now_ms);
	if (json_array_size(devices))
		table_print(table, terminal);
	print_tally(devices, terminal);
	table_free(table);
}

static void print_ids(const json_t *answer, const struct terminal *terminal)
{
	const json_t *device;
	size_t i;
	json_array_foreach(json_object_get(answer, "devices"), i, device) {
		char clean[64];
		fprintf(terminal->out, "%s\n", terminal_clean(text_of(device, "id"), clean, sizeof clean));
	}
}

int cli_devices(struct cli *cli)
{
	char path[PATH_BYTES] = "/api/v1/devices?order=worst";
	cli_add_parameter(path, sizeof path, "state", cli->options.state);
	cli_add_parameter(path, sizeof path, "firmware", cli->options.firmware);
	cli_add_parameter(path, sizeof path, "q", cli->options.match);
	json_t *answer = cli_get_all(cli, path, "devices", cli->options.limit);
	if (!answer || cli->options.json)
		return cli_print_json(cli, answer);
	if (cli->options.ids)
		print_ids(answer, &cli->terminal);
	else
		show_devices(answer, &cli->terminal, clock_wall_ms());
	json_decref(answer);
	return EXIT_DONE;
}

// ---- commands

static const struct table_column command_columns[] = {
	{ "AGE", 5, 2, true }, { "DEVICE", 8, 0, false }, { "COMMAND", 6, 3, false }, { "STATE", 8, 0, false },
	{ "BY", 4, 4, false }, { "COUNTER", 4, 5, true }, { "ID", 8, 6, false }, { "ANSWER", 8, 1, false },
};

static enum terminal_colour state_colour(const char *state)
{
	if (strcmp(state, "confirmed") == 0 || strcmp(state, "done") == 0)
		return COLOUR_GREEN;
	bool is_bad = strcmp(state, "refused") == 0 || strcmp(state, "failed") == 0 || strcmp(state, "expired") == 0;
	return is_bad ? COLOUR_RED : COLOUR_YELLOW;
}

static void add_command(struct table *table, const json_t *command, uint64_t now_ms)
{
	const char *outcome = text_of(command, "outcome"), *detail = text_of(command, "detail"), *state = text_of(command, "state");
	struct words age = words_age(ago(number_of(command, "created_ms", 0), now_ms)), id = words_sha(text_of(command, "id"));
	char answer[TABLE_CELL_BYTES] = "", counter[24];
	snprintf(counter, sizeof counter, "%" PRId64, number_of(command, "counter", 0));
	bool is_seen = strcmp(state, "confirmed") == 0;
	if (is_seen)
		snprintf(answer, sizeof answer, "seen: it runs its other firmware");
	else if (*outcome)
		snprintf(answer, sizeof answer, "%s%s%s", words_outcome(outcome)->meaning, *detail ? ": " : "", detail);
	const char *cells[] = { age.text, text_of(command, "device"), text_of(command, "body"), state, text_of(command, "actor"), counter,
		id.text, answer };
	table_add(table, cells, 3, state_colour(state));
}

void show_commands(const json_t *answer, const struct terminal *terminal, uint64_t now_ms)
{
	const json_t *commands = json_object_get(answer, "commands"), *command;
	struct table *table = table_new(command_columns, sizeof command_columns / sizeof *command_columns);
	size_t i;
	if (!table)
		return;
	json_array_foreach(commands, i, command)
		add_command(table, command, now_ms);
	if (json_array_size(commands))
		table_print(table, terminal);
	else
		fprintf(terminal->out, "no commands\n");
	table_free(table);
}

static int show_one_command(struct cli *cli)
{
	char path[PATH_BYTES];
	char *escaped = curl_easy_escape(0, cli->options.id, 0);
	snprintf(path, sizeof path, "/api/v1/commands/%s", escaped ? escaped : "");
	curl_free(escaped);
	json_t *command = client_get(cli->client, path);
	if (!command || cli->options.json)
		return cli_print_json(cli, command);
	json_t *answer = json_pack("{s:[o]}", "commands", command);
	show_commands(answer, &cli->terminal, clock_wall_ms());
	json_decref(answer);
	return EXIT_DONE;
}

int cli_commands_list(struct cli *cli)
{
	char path[PATH_BYTES] = "/api/v1/commands";
	if (cli->options.id)
		return show_one_command(cli);
	cli_add_parameter(path, sizeof path, "device", cli->options.count ? cli->options.arguments[0] : 0);
	json_t *answer = cli_get_all(cli, path, "commands", cli->options.limit ? cli->options.limit : 100);
	if (!answer || cli->options.json)
		return cli_print_json(cli, answer);
	show_commands(answer, &cli->terminal, clock_wall_ms());
	json_decref(answer);
	return EXIT_DONE;
}

// ---- ledger

static const struct table_column ledger_columns[] = {
	{ "DEVICE", 8, 0, false },   { "THROUGH", 4, 2, true },    { "ACCEPTED", 4, 3, true }, { "TWICE", 4, 4, true },
	{ "EXPLAINED", 4, 5, true }, { "MISSING", 4, 0, true },    { "DEAD", 4, 6, true },
};

static int64_t explained(const json_t *row)
{
	const json_t *value;
	const char *reason;
	int64_t sum = 0;
	json_object_foreach(json_object_get(row, "gaps"), reason, value)
		sum += json_integer_value(value);
	return sum - number_of(row, "unexplained", 0);
}

static void add_ledger(struct table *table, const json_t *row)
{
	static const char *const names[] = { "through_seq", "accepted", "duplicates", 0, "unexplained", "dead_letters" };
	char text[6][24];
	const char *cells[7] = { text_of(row, "id") };
	for (size_t i = 0; i < 6; i++) {
		snprintf(text[i], sizeof text[i], "%" PRId64, names[i] ? number_of(row, names[i], 0) : explained(row));
		cells[i + 1] = text[i];
	}
	table_add(table, cells, 5, number_of(row, "unexplained", 0) ? COLOUR_RED : COLOUR_NONE);
}

void show_ledger(const json_t *answer, const struct terminal *terminal)
{
	const json_t *row, *totals = json_object_get(answer, "totals");
	struct table *table = table_new(ledger_columns, sizeof ledger_columns / sizeof *ledger_columns);
	size_t i;
	if (!table)
		return;
	json_array_foreach(json_object_get(answer, "ledger"), i, row)
		add_ledger(table, row);
	table_print(table, terminal);
	table_free(table);
	char text[200];
	snprintf(text, sizeof text,
		"%" PRId64 " records accepted, %" PRId64 " received twice and dropped; missing: %" PRId64 " explained, %" PRId64
		" unexplained",
			number_of(totals, "accepted", 0),
		number_of(totals, "duplicates", 0), number_of(totals, "explained_gaps", 0), number_of(totals, "unexplained", 0));
	print_text(terminal, text);
}

int cli_ledger(struct cli *cli)
{
	json_t *answer = cli_get_all(cli, "/api/v1/ledger", "ledger", cli->options.limit);
	if (!answer || cli->options.json)
		return cli_print_json(cli, answer);
	show_ledger(answer, &cli->terminal);
	json_decref(answer);
	return EXIT_DONE;
}
