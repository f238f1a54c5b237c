// SPDX-License-Identifier: Apache-2.0
// `muster alerts`, and alerts, transitions and rules as pictures.
#include "collector/cli/cli.h"
#include "collector/cli/show.h"
#include "collector/cli/table.h"
#include "collector/cli/words.h"
#include "collector/clock.h"
#include <inttypes.h>
#include <string.h>

enum { PATH_BYTES = 900 };

static const char *summary_of(const json_t *alert)
{
	return text_of(json_object_get(alert, "annotations"), "summary");
}

static struct words value_of(const json_t *alert, const char *name)
{
	struct words words = { "" };
	const json_t *value = json_object_get(alert, name);
	if (json_is_integer(value))
		snprintf(words.text, sizeof words.text, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
	else if (json_is_real(value))
		snprintf(words.text, sizeof words.text, "%.6g", json_real_value(value));
	return words;
}

// ---- alerts

static const struct table_column alert_columns[] = {
	{ "SINCE", 5, 2, true }, { "SEVERITY", 8, 0, false }, { "DEVICE", 8, 0, false },  { "ALERT", 8, 0, false },
	{ "STATE", 8, 4, false }, { "VALUE", 5, 3, true },     { "SUMMARY", 24, 1, false },
};

static void add_alert(struct table *table, const json_t *alert, uint64_t now_ms)
{
	int64_t began_ms = number_of(alert, "fired_ms", 0);
	if (began_ms <= 0)
		began_ms = number_of(alert, "started_ms", 0);
	struct words since = words_age(began_ms > 0 && (uint64_t)began_ms < now_ms ? now_ms - (uint64_t)began_ms : 0);
	struct words value = value_of(alert, "value");
	const char *severity = text_of(alert, "severity");
	const char *cells[] = { since.text, severity, text_of(alert, "device"), text_of(alert, "name"), text_of(alert, "state"), value.text,
		summary_of(alert) };
	table_add(table, cells, 1, words_severity_colour(severity));
}

void show_alerts(const json_t *answer, const struct terminal *terminal, uint64_t now_ms)
{
	const json_t *alerts = json_object_get(answer, "alerts"), *alert;
	struct table *table = table_new(alert_columns, sizeof alert_columns / sizeof *alert_columns);
	size_t i, count = json_array_size(alerts);
	char text[80];
	if (!table)
		return;
	json_array_foreach(alerts, i, alert)
		add_alert(table, alert, now_ms);
	if (count)
		table_print(table, terminal);
	table_free(table);
	snprintf(text, sizeof text, count ? "%zu alert%s" : "no alerts", count, count == 1 ? "" : "s");
	print_text(terminal, text);
}

int cli_alerts(struct cli *cli)
{
	char path[PATH_BYTES] = "/api/v1/alerts";
	cli_add_parameter(path, sizeof path, "state", cli->options.state);
	cli_add_parameter(path, sizeof path, "severity", cli->options.severity);
	cli_add_parameter(path, sizeof path, "match", cli->options.match);
	cli_add_parameter(path, sizeof path, "device", cli->options.count ? cli->options.arguments[0] : 0);
	json_t *answer = cli_get_all(cli, path, "alerts", cli->options.limit);
	if (!answer || cli->options.json)
		return cli_print_json(cli, answer);
	show_alerts(answer, &cli->terminal, clock_wall_ms());
	json_decref(answer);
	return EXIT_DONE;
}

// ---- a transition

static const struct {
	const char *from, *to, *word; // null: any
	enum terminal_colour colour;
} words_of_change[] = {
	{ "firing", "firing", "CHANGED", COLOUR_YELLOW },
	{ "recovering", "firing", "FIRING", COLOUR_RED },
	{ 0, "firing", "FIRING", COLOUR_RED },
	{ "pending", "ok", "CALM", COLOUR_NONE }, // never fired
	{ 0, "ok", "RESOLVED", COLOUR_GREEN },
	{ 0, "pending", "PENDING", COLOUR_NONE },
	{ 0, "recovering", "RECOVERS", COLOUR_NONE },
};

void show_transition(const json_t *transition, const struct terminal *terminal)
{
	const char *from = text_of(transition, "from"), *to = text_of(transition, "to"), *word = to;
	enum terminal_colour colour = COLOUR_NONE;
	char clean[6][TABLE_CELL_BYTES];
	for (size_t i = 0; i < sizeof words_of_change / sizeof *words_of_change; i++)
		if ((!words_of_change[i].from || strcmp(words_of_change[i].from, from) == 0) && strcmp(words_of_change[i].to, to) == 0) {
			word = words_of_change[i].word;
			colour = words_of_change[i].colour;
			break;
		}
	fprintf(terminal->out, "%s  %s%-8s%s  %-8s  %s  %s  %s\n", words_time((uint64_t)number_of(transition, "at_ms", 0)).text,
		terminal_on(terminal, colour), terminal_clean(word, clean[0], sizeof clean[0]), terminal_off(terminal, colour),
		terminal_clean(text_of(transition, "severity"), clean[1], sizeof clean[1]),
		terminal_clean(text_of(transition, "device"), clean[2], sizeof clean[2]),
		terminal_clean(text_of(transition, "name"), clean[3], sizeof clean[3]),
		terminal_clean(summary_of(transition), clean[4], sizeof clean[4]));
}

// ---- rules

static const struct table_column rule_columns[] = {
	{ "ALERT", 8, 0, false },  { "SEVERITY", 9, 1, false }, { "FIRING", 4, 0, true }, { "PENDING", 4, 2, true },
	{ "FOR", 5, 4, true },     { "GROUP", 6, 5, false },    { "FILE", 8, 6, false },  { "EXPRESSION", 20, 3, false },
};

static void add_rule(struct table *table, const json_t *rule)
{
	char severity[32], firing[24], pending[24], file[TABLE_CELL_BYTES];
	const char *least = text_of(rule, "severity"), *most = text_of(rule, "severity_most");
	bool is_one = strcmp(least, most) == 0;
	struct words wait = words_age((uint64_t)number_of(rule, "for_ms", 0));
	snprintf(severity, sizeof severity, "%.12s%s%.12s", least, is_one ? "" : "-", is_one ? "" : most);
	snprintf(firing, sizeof firing, "%" PRId64, number_of(rule, "firing", 0));
	snprintf(pending, sizeof pending, "%" PRId64, number_of(rule, "pending", 0));
	snprintf(file, sizeof file, "%.200s:%" PRId64, text_of(rule, "file"), number_of(rule, "line", 0));
	const char *cells[] = { text_of(rule, "name"), severity, firing, pending, wait.text, text_of(rule, "group"), file,
		text_of(rule, "expr") };
	table_add(table, cells, 2, number_of(rule, "firing", 0) ? words_severity_colour(most) : COLOUR_NONE);
}

void show_rules(const json_t *answer, const struct terminal *terminal)
{
	const json_t *rules = json_object_get(answer, "rules"), *problems = json_object_get(answer, "problems"), *rule;
	struct table *table = table_new(rule_columns, sizeof rule_columns / sizeof *rule_columns);
	size_t i, count = json_array_size(rules);
	char text[160];
	if (!table)
		return;
	json_array_foreach(rules, i, rule)
		add_rule(table, rule);
	if (count)
		table_print(table, terminal);
	table_free(table);
	snprintf(text, sizeof text, "%zu rule%s in force", count, count == 1 ? "" : "s");
	print_text(terminal, text);
	if (!json_array_size(problems))
		return;
	snprintf(text, sizeof text, "the last load found %zu problem%s; `muster rules check FILE` shows them", json_array_size(problems),
		json_array_size(problems) == 1 ? "" : "s");
	print_text(terminal, text);
}
