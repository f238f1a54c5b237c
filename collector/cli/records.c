// SPDX-License-Identifier: Apache-2.0
// `muster records ID`: what a device has told, record by record, in words: its boots, its link, its events, its log lines.
#include "collector/cli/cli.h"
#include "collector/cli/show.h"
#include "collector/cli/words.h"
#include <curl/curl.h>
#include <inttypes.h>
#include <string.h>

enum { SHOWN = 20, PAGE = 1000, PATH_BYTES = 700 };

// Heartbeats are numbers, most of a history, and shown by `muster device`.
static const char stories[] = "boot_report,link,ota,command_result,event,log,gap";

// ---- the picture

// When it was made: by the device's clock if it had a time, else when it came.
static uint64_t time_of(const json_t *record)
{
	int64_t made_ms = number_of(record, "wall_ms", 0);
	return (uint64_t)(made_ms > 0 ? made_ms : number_of(record, "recv_ms", 0));
}

// How far that time can be trusted.
static const char *clock_of(const json_t *record)
{
	static const struct {
		const char *quality, *word;
	} rows[] = { { "TIME_RTC", "rtc" }, { "TIME_SNTP", "sntp" }, { "TIME_SERVER", "server" } };
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		if (strcmp(text_of(record, "time_quality"), rows[i].quality) == 0)
			return rows[i].word;
	return "came";
}

static const char *what_of(const json_t *record)
{
	const char *undecodable = text_of(record, "undecodable");
	return *undecodable ? undecodable : text_of(record, "text");
}

void show_records(const json_t *answer, const struct terminal *terminal)
{
	const json_t *record;
	size_t i;
	json_array_foreach(json_object_get(answer, "records"), i, record) {
		char kind[32], clean[2][1024];
		snprintf(kind, sizeof kind, "%.*s", (int)strcspn(text_of(record, "kind"), "_"), text_of(record, "kind"));
		fprintf(terminal->out, "%s  %-6s  boot %-5" PRId64 "  %-9s  %s\n", words_time(time_of(record)).text, clock_of(record),
			number_of(record, "boot", 0), terminal_clean(kind, clean[0], sizeof clean[0]),
			terminal_clean(what_of(record), clean[1], sizeof clean[1]));
	}
	if (!i)
		fprintf(terminal->out, "no such records\n");
}

// ---- the asking

// One page behind `before` (0: the newest), added to the records of *all. Returns where the next begins (0: nowhere), or -1: told.
static int64_t add_page(struct cli *cli, const char *path, int64_t before, size_t limit, json_t *all)
{
	char full[PATH_BYTES], from[40] = "";
	if (before)
		snprintf(from, sizeof from, "&before=%" PRId64, before);
	snprintf(full, sizeof full, "%s&limit=%zu%s", path, limit < PAGE ? limit : (size_t)PAGE, from);
	json_t *page = client_get(cli->client, full);
	if (!page)
		return -1;
	json_array_extend(json_object_get(all, "records"), json_object_get(page, "records"));
	int64_t next = number_of(page, "next", 0);
	json_decref(page);
	return next > 0 && (!before || next < before) ? next : 0; // it must go down, or it would go on for ever
}

// A page of a long history may be empty and still name a next.
static json_t *get_records(struct cli *cli, const char *path, size_t limit)
{
	json_t *all = json_pack("{s:[]}", "records");
	int64_t next = 0;
	size_t have = 0;
	do {
		next = add_page(cli, path, next, limit - have, all);
		have = json_array_size(json_object_get(all, "records"));
	} while (next > 0 && have < limit);
	if (next < 0) {
		json_decref(all);
		return 0;
	}
	json_object_set_new(all, "next", next ? json_integer(next) : json_null());
	return all;
}

int cli_records(struct cli *cli)
{
	char path[PATH_BYTES - 100];
	char *escaped = curl_easy_escape(0, cli->options.arguments[0], 0);
	snprintf(path, sizeof path, "/api/v1/devices/%.200s/records", escaped ? escaped : "");
	curl_free(escaped);
	cli_add_parameter(path, sizeof path, "kind", cli->options.kind ? cli->options.kind : stories);
	json_t *answer = get_records(cli, path, cli->options.limit ? cli->options.limit : SHOWN);
	if (!answer || cli->options.json)
		return cli_print_json(cli, answer);
	show_records(answer, &cli->terminal);
	json_decref(answer);
	return EXIT_DONE;
}
