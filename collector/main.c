// SPDX-License-Identifier: Apache-2.0
// musterd: wires the parts together. All state of the process is in struct collector; every part gets what it needs handed in.
#include <event2/event.h>
#include <mosquitto.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "collector/clock.h"
#include "collector/command_line.h"
#include "collector/config.h"
#include "collector/counters.h"
#include "collector/fleet/commands.h"
#include "collector/http/server.h"
#include "collector/ingest/acks.h"
#include "collector/ingest/checkpoint.h"
#include "collector/ingest/downlink.h"
#include "collector/ingest/puback_test.h"
#include "collector/ingest/uplink.h"
#include "collector/log.h"
#include "collector/store/retention.h"
#include "collector/token_command.h"
#include "version.h"

enum { SECOND_MS = 1000, DAY_MS = 86400000, ONLINE_EVERY_S = 5, SIGNALS = 3 };

struct collector {
	const char *config_file;
	struct config config;
	struct counters counters;
	struct event_base *base;
	struct event *signals[SIGNALS], *tick, *second;
	struct store *store;
	struct store_watch watch;
	struct fleet *fleet;
	struct commands *commands;
	struct checkpoint checkpoint;
	struct acks *acks;
	struct ingest *ingest;
	struct downlink *downlink;
	struct uplink *uplink;
	struct http_server *http;
	uint64_t next_snapshot_ms;
	unsigned seconds;
	bool is_batch_changed;
};

// ---- what the parts ask of each other ----

static int send_ack(void *context, uint32_t dev)
{
	struct collector *collector = context;
	const struct device *device = fleet_at(collector->fleet, dev);
	return downlink_ack(collector->downlink, device->id, device->ledger.epoch, ledger_through(&device->ledger), clock_wall_ms());
}

static void ask_ack(void *context, const struct device *device, bool is_urgent)
{
	struct collector *collector = context;
	if (acks_ask(collector->acks, device->dev, is_urgent, clock_monotonic_ms()) > 0)
		collector->counters.acks_deferred++;
}

static int publish_command(void *context, const char *device_id, const uint8_t *payload, size_t size)
{
	struct collector *collector = context;
	return collector->downlink ? downlink_command(collector->downlink, device_id, payload, size) : -1;
}

static void on_session(void *context, bool is_up)
{
	struct collector *collector = context;
	fleet_set_broker(collector->fleet, is_up, clock_wall_ms());
}

static int not_ready(void *context, char *reasons, size_t size)
{
	struct collector *collector = context;
	const struct store_watch *watch = &collector->watch;
	bool has_uplink = uplink_is_up(collector->uplink), has_downlink = downlink_is_up(collector->downlink);
	snprintf(reasons, size, "%s%s%s%s%s", watch->is_stopped ? "store stopped: " : "", watch->is_stopped ? watch->why.what : "",
		watch->is_stopped ? "; " : "", has_uplink ? "" : "no uplink session with the broker; ",
		has_downlink ? "" : "no downlink session with the broker; ");
	reasons[strlen(reasons) > 2 ? strlen(reasons) - 2 : 0] = 0; // the last separator
	return watch->is_stopped || !has_uplink || !has_downlink;
}

// ---- timers and signals ----

static void step_retention(struct collector *collector)
{
	struct retention retention = {
		.age_ms = (uint64_t)collector->config.store.retention_days * DAY_MS,
		.bytes_max = collector->config.store.retention_bytes,
	};
	int deleted = retention_step(collector->store, &retention, clock_wall_ms());
	if (deleted > 0)
		collector->counters.retention_deleted += (uint64_t)deleted;
}

static void on_tick(evutil_socket_t fd, short what, void *context)
{
	struct collector *collector = context;
	uint64_t now_ms = clock_monotonic_ms();
	(void)fd, (void)what;
	acks_step(collector->acks, now_ms);
	if (collector->watch.is_stopped)
		return;
	if (now_ms >= collector->next_snapshot_ms) {
		checkpoint_begin(&collector->checkpoint);
		collector->next_snapshot_ms = now_ms + (uint64_t)collector->config.store.snapshot_s * SECOND_MS;
	}
	checkpoint_step(&collector->checkpoint);
	step_retention(collector);
}

static void count_online(struct collector *collector)
{
	int64_t online = 0;
	for (size_t i = 0; i < fleet_count(collector->fleet); i++)
		online += fleet_at(collector->fleet, i)->presence == PRESENCE_ONLINE;
	collector->counters.devices_online = online;
}

static void on_second(evutil_socket_t fd, short what, void *context)
{
	struct collector *collector = context;
	(void)fd, (void)what;
	commands_step(collector->commands, clock_wall_ms());
	if (collector->seconds++ % ONLINE_EVERY_S == 0)
		count_online(collector);
	if (collector->is_batch_changed &&
		ingest_resize(collector->ingest, collector->config.ingest.batch_records, collector->config.ingest.batch_bytes) == 0)
		collector->is_batch_changed = false;
}

static void print_errors(const struct config_errors *errors)
{
	for (unsigned i = 0; i < errors->count && i < CONFIG_ERRORS_MAX; i++)
		fprintf(stderr, "%s\n", errors->text[i]);
	if (errors->count > CONFIG_ERRORS_MAX)
		fprintf(stderr, "and %u more\n", errors->count - CONFIG_ERRORS_MAX);
}

static void reload(struct collector *collector)
{
	static struct config_errors errors;
	struct config fresh;
	char restart[512];
	config_defaults(&fresh);
	if (collector->config_file && config_load(&fresh, collector->config_file, &errors) < 0) {
		collector->counters.config_reloads_failed++;
		log_warn("config", "reload refused: the file has errors, the old configuration stays", "file=%s errors=%u first=%s",
			log_quote(collector->config_file).text, errors.count, log_quote(errors.text[0]).text);
		print_errors(&errors);
		return;
	}
	unsigned waiting = config_reload(&collector->config, &fresh, restart, sizeof restart);
	log_set_threshold(collector->config.log.level);
	http_set_silent_after(collector->http, collector->config.fleet.silent_after_s * SECOND_MS);
	collector->is_batch_changed = true;
	collector->counters.config_reloads++;
	log_info("config", "configuration read again", "need_restart=%u keys=\"%s\"", waiting, restart);
}

static void on_signal(evutil_socket_t number, short what, void *context)
{
	struct collector *collector = context;
	(void)what;
	if (number == SIGHUP) {
		reload(collector);
		return;
	}
	log_info("musterd", "ending", "signal=%d", (int)number);
	event_base_loopbreak(collector->base);
}

// ---- start: each step says on stderr what it cannot do ----

static int report(const char *what, const char *where, const char *remedy)
{
	log_error("musterd", what, "where=%s remedy=%s", log_quote(where).text, log_quote(remedy).text);
	return -1;
}

static int start_puback_test(struct collector *collector)
{
	enum puback_verdict verdict = puback_test();
	collector->counters.puback_withheld = verdict == PUBACK_WITHHELD;
	if (verdict == PUBACK_EARLY)
		log_error("mqtt",
			"libmosquitto acknowledges before the commit: a kill can lose the broker's copy; the devices' Acks still protect",
			"remedy=\"use the libmosquitto of Debian 12; topics without Ack are refused\"");
	else if (verdict == PUBACK_UNKNOWN)
		log_warn("mqtt", "the start-up test of withheld PUBACKs could not be done", "remedy=\"look whether loopback works\"");
	return 0;
}

static int start_store(struct collector *collector)
{
	struct store_fault fault;
	struct checkpoint_loaded loaded;
	uint64_t begun_ms = clock_monotonic_ms();
	if (store_open(&collector->store, collector->config.store.path, STORE_OWNER, &fault) < 0)
		return report(fault.what, fault.where, fault.remedy);
	store_watch_init(&collector->watch, collector->store, &collector->counters);
	collector->fleet = fleet_new();
	int err = collector->fleet
		? checkpoint_load(&collector->checkpoint, collector->store, collector->fleet, &collector->counters, &loaded)
		: -1;
	if (!err) {
		collector->commands = commands_new(collector->store, collector->fleet, publish_command, collector);
		err = collector->commands ? checkpoint_replay(&collector->checkpoint, collector->commands, &loaded) : -1;
	}
	if (err)
		return report(store_fault(collector->store)->what, collector->config.store.path, "see the lines above");
	collector->counters.devices = (int64_t)loaded.devices;
	log_info("store", "store open", "file=%s devices=%llu folded_again=%llu damaged=%llu clean=%d ms=%llu",
		log_quote(collector->config.store.path).text, (unsigned long long)loaded.devices, (unsigned long long)loaded.folded_again,
		(unsigned long long)loaded.damaged, !store_was_unclean(collector->store),
		(unsigned long long)(clock_monotonic_ms() - begun_ms));
	return 0;
}

static int start_ingest(struct collector *collector)
{
	char problem[256] = "no memory";
	struct ingest_parts parts = { collector->store, collector->fleet, collector->commands, &collector->counters, ask_ack, collector };
	collector->acks = acks_new(send_ack, collector, clock_monotonic_ms());
	collector->ingest = ingest_new(&parts, collector->config.ingest.batch_records, collector->config.ingest.batch_bytes);
	struct uplink_parts uplink = { collector->base, &collector->config, collector->ingest, &collector->watch, &collector->counters,
		on_session, collector };
	collector->downlink = downlink_new(collector->base, &collector->config, &collector->counters, problem);
	if (collector->downlink)
		collector->uplink = uplink_new(&uplink, problem);
	if (!collector->acks || !collector->ingest || !collector->uplink)
		return report(problem, collector->config.broker.uri, "correct broker.*");
	downlink_start(collector->downlink);
	uplink_start(collector->uplink);
	return 0;
}

static int start_http(struct collector *collector)
{
	char problem[512];
	struct http_settings settings = {
		.listen = collector->config.http.listen,
		.tls_cert_file = collector->config.http.tls_cert_file,
		.tls_key_file = collector->config.http.tls_key_file,
		.silent_after_ms = collector->config.fleet.silent_after_s * SECOND_MS,
		.started_ms = clock_wall_ms(),
	};
	struct http_sources sources = {
		.store = collector->store,
		.fleet = collector->fleet,
		.commands = collector->commands,
		.counters = &collector->counters,
		.not_ready = not_ready,
		.context = collector,
	};
	collector->http = http_start(collector->base, &settings, &sources, problem, sizeof problem);
	if (!collector->http)
		return report(problem, settings.listen, "correct http.*, or end what uses the port");
	log_info("http", "listening", "listen=%s port=%u", settings.listen, http_port(collector->http));
	return 0;
}

static int start_timers(struct collector *collector)
{
	static const int numbers[SIGNALS] = { SIGTERM, SIGINT, SIGHUP };
	struct timeval tick = { .tv_usec = ACKS_SLOT_MS * 1000 }, second = { .tv_sec = 1 };
	for (int i = 0; i < SIGNALS; i++) {
		collector->signals[i] = evsignal_new(collector->base, numbers[i], on_signal, collector);
		event_add(collector->signals[i], 0);
	}
	collector->tick = event_new(collector->base, -1, EV_PERSIST, on_tick, collector);
	collector->second = event_new(collector->base, -1, EV_PERSIST, on_second, collector);
	event_add(collector->tick, &tick);
	event_add(collector->second, &second);
	return 0;
}

// The clean end: everything read is committed and acknowledged, the session stays with the broker, the table of devices is on disk.
static void drain(struct collector *collector)
{
	uplink_drain(collector->uplink);
	acks_step(collector->acks, clock_monotonic_ms() + (uint64_t)2 * ACKS_EVERY_MS); // those that wait for their second
	downlink_drain(collector->downlink);
	if (collector->watch.is_stopped)
		return;
	while (checkpoint_step(&collector->checkpoint) > 0)
		; // a sweep under way
	checkpoint_begin(&collector->checkpoint);
	while (checkpoint_step(&collector->checkpoint) > 0)
		; // and one with all there is
}

static void free_all(struct collector *collector)
{
	struct event *events[] = { collector->signals[0], collector->signals[1], collector->signals[2], collector->tick,
		collector->second };
	if (collector->http)
		http_stop(collector->http);
	uplink_free(collector->uplink);
	downlink_free(collector->downlink);
	ingest_free(collector->ingest);
	acks_free(collector->acks);
	if (collector->commands)
		commands_free(collector->commands);
	if (collector->fleet)
		fleet_free(collector->fleet);
	store_close(collector->store);
	for (size_t i = 0; i < sizeof events / sizeof *events; i++)
		if (events[i])
			event_free(events[i]);
	event_base_free(collector->base);
	mosquitto_lib_cleanup();
	libevent_global_shutdown();
}

static int run(struct collector *collector)
{
	static int (*const steps[])(struct collector *) = { start_puback_test, start_store, start_ingest, start_http, start_timers };
	signal(SIGPIPE, SIG_IGN);
	log_set_threshold(collector->config.log.level);
	mosquitto_lib_init();
	collector->base = event_base_new();
	int err = 0;
	for (size_t i = 0; !err && i < sizeof steps / sizeof *steps; i++)
		err = steps[i](collector);
	if (!err) {
		log_info("musterd", "running", "version=%s commit=%s", MUSTER_VERSION, MUSTER_COMMIT);
		event_base_dispatch(collector->base);
		drain(collector);
		log_info("musterd", "ended", "records=%llu", (unsigned long long)collector->counters.records);
	}
	free_all(collector);
	return err ? 1 : 0;
}

// What the command line asks for, once the configuration is read.
static int follow_words(struct collector *collector, const struct command_line *line)
{
	if (line->check_config) {
		printf("%s: good\n", line->config ? line->config : "defaults");
		return 0;
	}
	if (line->word_count && strcmp(line->words[0], "token") == 0)
		return token_command(&collector->config, line->word_count, line->words);
	if (line->word_count) {
		fprintf(stderr, "musterd: unknown word '%s'; `musterd --help` explains\n", line->words[0]);
		return 2;
	}
	return run(collector);
}

int main(int argc, char **argv)
{
	static struct collector collector;
	static struct config_errors errors;
	struct command_line line;
	if (command_line_parse(&line, argc, argv) < 0)
		return 2;
	if (line.help)
		command_line_help();
	if (line.version)
		printf("musterd %s (%s)\n", MUSTER_VERSION, MUSTER_COMMIT);
	if (line.help || line.version)
		return 0;
	config_defaults(&collector.config);
	collector.config_file = line.config;
	if (line.config && config_load(&collector.config, line.config, &errors) < 0) {
		print_errors(&errors);
		return 1;
	}
	return follow_words(&collector, &line);
}
