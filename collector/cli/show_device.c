// SPDX-License-Identifier: Apache-2.0
// `muster device ID`: everything known of one device.
#include "collector/cli/cli.h"
#include "collector/cli/show.h"
#include "collector/cli/table.h"
#include "collector/cli/words.h"
#include "collector/clock.h"
#include "collector/fleet/metric_text.h"
#include <curl/curl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

enum { LOSSES_SHOWN = 2 };

static void field(const struct terminal *terminal, const char *label, const char *format, ...) __attribute__((format(printf, 3, 4)));

static void field(const struct terminal *terminal, const char *label, const char *format, ...)
{
	char text[512];
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(text, sizeof text, format, arguments);
	va_end(arguments);
	print_field(terminal, label, text, COLOUR_NONE);
}

static struct words age_of(const json_t *object, const char *name, uint64_t now_ms)
{
	int64_t then_ms = number_of(object, name, 0);
	if (then_ms <= 0)
		return (struct words){ "never" };
	struct words words = words_age((uint64_t)then_ms < now_ms ? now_ms - (uint64_t)then_ms : 0);
	strncat(words.text, " ago", sizeof words.text - strlen(words.text) - 1);
	return words;
}

static void show_condition(const json_t *device, const struct terminal *terminal)
{
	const json_t *condition = json_object_get(device, "condition"), *reason;
	size_t i;
	print_field(terminal, "state", text_of(condition, "state"), words_severity_colour(text_of(condition, "severity")));
	json_array_foreach(json_object_get(condition, "reasons"), i, reason) {
		char text[320];
		snprintf(text, sizeof text, "%s: %s", text_of(reason, "code"), text_of(reason, "text"));
		print_field(terminal, i ? "" : "because", text, words_severity_colour(text_of(reason, "severity")));
	}
}

static const char *or_unknown(const char *text)
{
	return *text ? text : "?";
}

static void show_identity(const json_t *device, const struct terminal *terminal, uint64_t now_ms)
{
	const json_t *online = json_object_get(device, "online");
	field(terminal, "device", "%s", text_of(device, "id"));
	show_condition(device, terminal);
	field(terminal, "session", "%s, last word %s",
		json_is_true(online) ? "online"
			: json_is_false(online) ? "offline"
						: "not known",
		age_of(device, "last_seen_ms", now_ms).text);
	if (json_is_false(json_object_get(device, "acked")))
		field(terminal, "acknowledged", "no: it publishes plain JSON; what gets lost before the broker has it stays lost");
	field(terminal, "hardware", "%s, agent %s", or_unknown(text_of(device, "hardware")), or_unknown(text_of(device, "agent")));
	field(terminal, "first seen", "%s", words_time((uint64_t)number_of(device, "first_seen_ms", 0)).text);
}

static void show_firmware(const json_t *device, const struct terminal *terminal)
{
	const json_t *ota = json_object_get(device, "ota");
	const char *block = text_of(ota, "block");
	field(terminal, "firmware", "%s (%s) in slot %" PRId64, or_unknown(text_of(device, "firmware")),
		words_sha(text_of(ota, "running_sha")).text, number_of(ota, "slot", 0));
	if (*text_of(ota, "other_sha"))
		field(terminal, "other slot", "%s (%s)", or_unknown(text_of(ota, "other_firmware")),
			words_sha(text_of(ota, "other_sha")).text);
	const json_t *ready = json_object_get(ota, "rollback_ready");
	if (json_is_true(ready))
		field(terminal, "rollback", "ready: `muster rollback %s` takes it back", text_of(device, "id"));
	else if (json_is_false(ready))
		field(terminal, "rollback", "not possible: %s", words_block(block)->meaning);
}

static void show_boot(const json_t *boot, const struct terminal *terminal, const char *label, uint64_t now_ms)
{
	char text[600];
	const char *words = text_of(boot, "text");
	snprintf(text, sizeof text, "%" PRId64 "  %s  %s", number_of(boot, "boot", 0), age_of(boot, "at_ms", now_ms).text,
		*words ? words : text_of(boot, "class"));
	print_field(terminal, label, text, COLOUR_NONE);
}

// The last two that it was told of; the rest is in `muster records`.
static void show_losses(const json_t *device, const struct terminal *terminal, uint64_t now_ms)
{
	const json_t *loss;
	size_t i;
	json_array_foreach(json_object_get(device, "losses"), i, loss)
		if (i < LOSSES_SHOWN)
			field(terminal, i ? "" : "lost", "%s, %s", text_of(loss, "text"), age_of(loss, "at_ms", now_ms).text);
}

// Losses and failed tries by their reason: what it met before it could say anything.
static void show_reasons(const json_t *device, const struct terminal *terminal)
{
	const json_t *reason;
	char text[400] = "";
	size_t i, length = 0;
	json_array_foreach(json_object_get(device, "link_reasons"), i, reason)
		if (length < sizeof text)
			length += (size_t)snprintf(text + length, sizeof text - length, "%s%s", i ? ", " : "", text_of(reason, "text"));
	if (length)
		field(terminal, "link failed", "%s since its boot", text);
}

// Its own events: what leaks, what was held back, who refuses it.
static void show_notices(const json_t *device, const struct terminal *terminal, uint64_t now_ms)
{
	const json_t *notice;
	const char *name, *label = "told";
	json_object_foreach(json_object_get(device, "notices"), name, notice) {
		field(terminal, label, "%s %s, %s", name, text_of(notice, "text"), age_of(notice, "at_ms", now_ms).text);
		label = "";
	}
}

static void show_clock(const json_t *device, const struct terminal *terminal)
{
	const char *quality = text_of(device, "time_quality");
	int64_t offset_ms = number_of(device, "clock_offset_ms", 0);
	if (json_is_false(json_object_get(device, "acked")) || !*quality)
		return; // plain JSON says nothing of a clock
	if (strcmp(quality, "TIME_NONE") == 0)
		field(terminal, "clock", "not set: its records bear the time of their arrival");
	else
		field(terminal, "clock", "%s, %" PRId64 " ms %s ours at its last record", words_time_quality(quality),
			(int64_t)llabs(offset_ms), offset_ms < 0 ? "behind" : "ahead of");
}

static const char *name_of_metric(const json_t *device, const char *name)
{
	return text_of(json_object_get(json_object_get(device, "metrics"), name), "text");
}

static void show_network(const json_t *device, const struct terminal *terminal, uint64_t now_ms)
{
	const char *state = name_of_metric(device, "network_state"), *verdict = name_of_metric(device, "verdict");
	if (*state)
		field(terminal, "network", "%s, as it last told", words_network(state));
	show_losses(device, terminal, now_ms);
	show_reasons(device, terminal);
	if (*verdict)
		field(terminal, "finds itself", "%s", verdict);
}

// A name that musterd has for the value; else the number in words; of a metric that only a later musterd knows, number and unit as they came.
static struct metric_text metric_words(const char *name, const json_t *metric)
{
	struct metric_text out;
	int known = mu_metric_find(name);
	if (*text_of(metric, "text"))
		snprintf(out.text, sizeof out.text, "%s", text_of(metric, "text"));
	else if (known >= 0)
		out = metric_text((enum mu_metric)known, number_of(metric, "value", 0));
	else
		snprintf(out.text, sizeof out.text, "%" PRId64 " %s", number_of(metric, "value", 0), text_of(metric, "unit"));
	return out;
}

static void show_metrics(const json_t *device, const struct terminal *terminal)
{
	const json_t *metric;
	const char *name;
	static const struct table_column columns[] = { { "METRIC", 12, 0, false }, { "VALUE", 6, 0, true }, { "AGE", 4, 1, true } };
	struct table *table = table_new(columns, 3);
	if (!table)
		return;
	json_object_foreach(json_object_get(device, "metrics"), name, metric) {
		struct metric_text value = metric_words(name, metric);
		struct words age = words_age((uint64_t)number_of(metric, "age_s", 0) * 1000);
		const char *cells[] = { name, value.text, age.text };
		table_add(table, cells, 3, COLOUR_NONE);
	}
	fputc('\n', terminal->out);
	table_print(table, terminal);
	table_free(table);
}

static void show_rest(const json_t *device, const struct terminal *terminal, uint64_t now_ms)
{
	const json_t *ledger = json_object_get(device, "ledger"), *result = json_object_get(device, "last_result"), *boot;
	size_t i;
	json_array_foreach(json_object_get(device, "boots"), i, boot)
		show_boot(boot, terminal, i ? "" : "boots", now_ms);
	show_notices(device, terminal, now_ms);
	if (json_is_object(result))
		field(terminal, "last command", "%s, %s", words_outcome(text_of(result, "outcome"))->meaning,
			age_of(result, "at_ms", now_ms).text);
	field(terminal, "records", "%" PRId64 " accepted, %" PRId64 " received twice, %" PRId64 " missing without a reason",
		number_of(ledger, "accepted", 0), number_of(ledger, "duplicates", 0), number_of(ledger, "unexplained", 0));
}

void show_device(const json_t *device, const struct terminal *terminal, uint64_t now_ms)
{
	show_identity(device, terminal, now_ms);
	show_clock(device, terminal);
	show_network(device, terminal, now_ms);
	show_firmware(device, terminal);
	show_rest(device, terminal, now_ms);
	if (json_object_size(json_object_get(device, "metrics")))
		show_metrics(device, terminal);
}

int cli_device(struct cli *cli)
{
	char path[300];
	char *escaped = curl_easy_escape(0, cli->options.arguments[0], 0);
	snprintf(path, sizeof path, "/api/v1/devices/%s", escaped ? escaped : "");
	curl_free(escaped);
	json_t *device = client_get(cli->client, path);
	if (!device || cli->options.json)
		return cli_print_json(cli, device);
	show_device(device, &cli->terminal, clock_wall_ms());
	json_decref(device);
	return EXIT_DONE;
}
