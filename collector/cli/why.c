// SPDX-License-Identifier: Apache-2.0
// `muster why ID`: the verdict first, then evidence, cause and remedy of each finding.
#include "collector/cli/cli.h"
#include "collector/cli/show.h"
#include "collector/cli/table.h"
#include "collector/cli/words.h"
#include "collector/clock.h"
#include <curl/curl.h>
#include <inttypes.h>
#include <string.h>

static void show_evidence(const json_t *finding, const struct terminal *terminal)
{
	const json_t *piece;
	size_t i;
	json_array_foreach(json_object_get(finding, "evidence"), i, piece) {
		char text[400];
		int64_t at_ms = number_of(piece, "at_ms", 0);
		snprintf(text, sizeof text, "%s%s%s", at_ms > 0 ? words_time((uint64_t)at_ms).text : "", at_ms > 0 ? "  " : "",
			text_of(piece, "text"));
		print_field(terminal, i ? "" : "evidence", text, COLOUR_NONE);
	}
}

static void show_finding(const json_t *finding, size_t number, const struct terminal *terminal, uint64_t now_ms)
{
	char title[260], since[80] = "", label[24];
	const char *severity = text_of(finding, "severity");
	int64_t since_ms = number_of(finding, "since_ms", 0);
	if (since_ms > 0 && (uint64_t)since_ms <= now_ms)
		snprintf(since, sizeof since, ", for %s", words_age(now_ms - (uint64_t)since_ms).text);
	snprintf(title, sizeof title, "%.100s (%.20s), %.20s%s", text_of(finding, "name"), text_of(finding, "source"), severity, since);
	snprintf(label, sizeof label, "%zu", number);
	fputc('\n', terminal->out);
	print_field(terminal, label, title, words_severity_colour(severity));
	print_field(terminal, "", text_of(finding, "summary"), COLOUR_NONE);
	show_evidence(finding, terminal);
	if (*text_of(finding, "cause"))
		print_field(terminal, "cause", text_of(finding, "cause"), COLOUR_NONE);
	if (*text_of(finding, "remedy"))
		print_field(terminal, "what to do", text_of(finding, "remedy"), COLOUR_NONE);
}

void show_why(const json_t *why, const struct terminal *terminal, uint64_t now_ms)
{
	const json_t *verdict = json_object_get(why, "verdict"), *item;
	const char *severity = text_of(verdict, "severity");
	char text[500];
	size_t i;
	// A device may be healthy by its own measure and have an alert all the same: then the alert is the verdict.
	bool is_alert_only = strcmp(text_of(verdict, "state"), "healthy") == 0 && strcmp(severity, "ok") != 0;
	if (is_alert_only)
		snprintf(text, sizeof text, "%s", text_of(verdict, "text"));
	else
		snprintf(text, sizeof text, "%s is %s: %s", text_of(why, "device"), text_of(verdict, "state"), text_of(verdict, "text"));
	print_field(terminal, severity, text, words_severity_colour(severity));
	json_array_foreach(json_object_get(why, "healthy_because"), i, item)
		print_field(terminal, i ? "" : "because", json_is_string(item) ? json_string_value(item) : "", COLOUR_NONE);
	json_array_foreach(json_object_get(why, "findings"), i, item)
		show_finding(item, i + 1, terminal, now_ms);
}

int cli_why(struct cli *cli)
{
	char path[300];
	char *escaped = curl_easy_escape(0, cli->options.arguments[0], 0);
	snprintf(path, sizeof path, "/api/v1/devices/%s/why", escaped ? escaped : "");
	curl_free(escaped);
	json_t *why = client_get(cli->client, path);
	if (!why || cli->options.json)
		return cli_print_json(cli, why);
	show_why(why, &cli->terminal, clock_wall_ms());
	json_decref(why);
	return EXIT_DONE;
}
