// SPDX-License-Identifier: Apache-2.0
#include "collector/daemon.h"

#include <mosquitto.h>
#include <signal.h>
#include <stdio.h>
#include "collector/clock.h"
#include "collector/config_pem.h"
#include "collector/ingest/puback_test.h"
#include "collector/log.h"

// Each step says on stderr what it cannot do.

static int report(const char *what, const char *where, const char *remedy)
{
	log_error("musterd", what, "where=%s remedy=%s", log_quote(where).text, log_quote(remedy).text);
	return -1;
}

static int check_files(struct collector *collector)
{
	if (!config_pem_check(&collector->config, stderr))
		return 0;
	return report("certificates or keys cannot be used", collector->config_file ? collector->config_file : "defaults",
		"see the lines above");
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

int daemon_start_json(struct collector *collector)
{
	static struct config_errors errors;
	const char *path = collector->config.ingest.json_topics;
	if (!*path)
		return 0;
	collector->json = json_map_load(path, &errors);
	for (unsigned i = 0; i < errors.count && i < CONFIG_ERRORS_MAX; i++)
		fprintf(stderr, "%s\n", errors.text[i]);
	if (!collector->json)
		return report("ingest.json_topics has errors", path, "correct the lines named above");
	if (!collector->counters.puback_withheld)
		log_error("ingest", "topics of plain JSON are not taken: nothing but the PUBACK protects what comes on them",
			"topics=%u remedy=\"use the libmosquitto of Debian 12\"", collector->json->topic_count);
	return 0;
}

static int start_alerting(struct collector *collector)
{
	struct alerting_parts parts = { collector->store, collector->fleet, &collector->counters, daemon_on_transitions, collector };
	collector->alerting = alerting_new(&parts);
	return collector->alerting ? daemon_load_rules(collector) : -1;
}

// Devices, windows and alerts as they were at the last commit.
static int load_fleet(struct collector *collector, struct checkpoint_loaded *loaded)
{
	int err = checkpoint_load(&collector->checkpoint, collector->store, collector->fleet, collector->alerting, &collector->counters,
		loaded);
	if (err)
		return err;
	collector->commands = commands_new(collector->store, collector->fleet, daemon_publish_command, collector);
	return collector->commands ? checkpoint_replay(&collector->checkpoint, collector->commands, loaded) : -1;
}

int daemon_start_store(struct collector *collector)
{
	struct store_fault fault;
	struct checkpoint_loaded loaded;
	uint64_t begun_ms = clock_monotonic_ms();
	if (store_open(&collector->store, collector->config.store.path, STORE_OWNER, &fault) < 0)
		return report(fault.what, fault.where, fault.remedy);
	store_watch_init(&collector->watch, collector->store, &collector->counters);
	collector->fleet = fleet_new();
	if (!collector->fleet || start_alerting(collector) < 0)
		return report("the rules cannot be put in force", collector->config.alerts.rules, "see the lines above");
	// Once more after the alerts are loaded: ends those of rules that are gone.
	if (load_fleet(collector, &loaded) < 0 || alerting_load(collector->alerting, &collector->config, clock_wall_ms()) < 0)
		return report(store_fault(collector->store)->what, collector->config.store.path, "see the lines above");
	collector->counters.devices = (int64_t)loaded.devices;
	log_info("store", "store open", "file=%s devices=%llu folded_again=%llu damaged=%llu clean=%d ms=%llu",
		log_quote(collector->config.store.path).text, (unsigned long long)loaded.devices, (unsigned long long)loaded.folded_again,
		(unsigned long long)loaded.damaged, !store_was_unclean(collector->store),
		(unsigned long long)(clock_monotonic_ms() - begun_ms));
	return 0;
}

static int start_notifications(struct collector *collector)
{
	char problem[NOTIFICATIONS_PROBLEM_BYTES];
	struct notifications_parts parts = { collector->base, collector->store, &collector->counters };
	collector->notifications = notifications_new(&parts, &collector->config, problem);
	return collector->notifications ? 0 : report(problem, "notify", "correct notify.* or http.external_url");
}

static int start_ingest(struct collector *collector)
{
	char problem[256] = "no memory";
	struct ingest_parts parts = {
		.store = collector->store,
		.fleet = collector->fleet,
		.commands = collector->commands,
		.json = collector->json,
		.alerting = collector->alerting,
		.counters = &collector->counters,
		.ask_ack = daemon_ask_ack,
		.context = collector,
	};
	collector->acks = acks_new(daemon_send_ack, collector, clock_monotonic_ms());
	collector->ingest = ingest_new(&parts, collector->config.ingest.batch_records, collector->config.ingest.batch_bytes);
	struct uplink_parts uplink = {
		.base = collector->base,
		.config = &collector->config,
		.json = collector->json,
		.ingest = collector->ingest,
		.watch = &collector->watch,
		.counters = &collector->counters,
		.session = daemon_on_session,
		.committed = daemon_on_committed,
		.context = collector,
	};
	collector->downlink = downlink_new(collector->base, &collector->config, &collector->counters, problem);
	if (collector->downlink)
		collector->uplink = uplink_new(&uplink, problem);
	if (!collector->acks || !collector->ingest || !collector->uplink)
		return report(problem, collector->config.broker.uri, "correct broker.*");
	downlink_start(collector->downlink);
	uplink_start(collector->uplink);
	return 0;
}

static int start_kafka(struct collector *collector)
{
	static struct config_errors errors;
	struct kafka_parts parts = {
		.base = collector->base,
		.config = &collector->config,
		.store = collector->store,
		.fleet = collector->fleet,
		.counters = &collector->counters,
		.hold = daemon_hold,
		.context = collector,
	};
	if (!collector->config.kafka.brokers[0])
		return 0;
	collector->kafka = kafka_new(&parts, &errors);
	if (collector->kafka)
		return 0;
	config_errors_print(&errors, stderr);
	return report("the way out to Kafka cannot be opened", collector->config.kafka.brokers, "see the lines above");
}

static int start_http(struct collector *collector)
{
	char problem[512];
	struct http_settings settings = {
		.listen = collector->config.http.listen,
		.tls_cert_file = collector->config.http.tls_cert_file,
		.tls_key_file = collector->config.http.tls_key_file,
		.silent_after_ms = collector->config.fleet.silent_after_s * COLLECTOR_SECOND_MS,
		.started_ms = clock_wall_ms(),
		.has_kafka = *collector->config.kafka.brokers != 0,
		.command_key_file = collector->config.fleet.command_key_file,
	};
	struct http_sources sources = {
		.store = collector->store,
		.fleet = collector->fleet,
		.commands = collector->commands,
		.counters = &collector->counters,
		.alerting = collector->alerting,
		.not_ready = daemon_not_ready,
		.context = collector,
	};
	collector->http = http_start(collector->base, &settings, &sources, problem, sizeof problem);
	if (!collector->http)
		return report(problem, settings.listen, "correct http.*, or end what uses the port");
	log_info("http", "listening", "listen=%s port=%u", settings.listen, http_port(collector->http));
	return 0;
}

void daemon_free(struct collector *collector)
{
	struct event *events[] = { collector->signals[0], collector->signals[1], collector->signals[2], collector->tick,
		collector->second };
	if (collector->http)
		http_stop(collector->http);
	kafka_free(collector->kafka);
	uplink_free(collector->uplink);
	downlink_free(collector->downlink);
	ingest_free(collector->ingest);
	json_map_free(collector->json);
	checkpoint_free(&collector->checkpoint);
	alerting_free(collector->alerting);
	acks_free(collector->acks);
	if (collector->commands)
		commands_free(collector->commands);
	if (collector->fleet)
		fleet_free(collector->fleet);
	notifications_free(collector->notifications);
	store_close(collector->store);
	for (size_t i = 0; i < sizeof events / sizeof *events; i++)
		if (events[i])
			event_free(events[i]);
	if (collector->base)
		event_base_free(collector->base);
	mosquitto_lib_cleanup();
	libevent_global_shutdown();
}

int daemon_start(struct collector *collector)
{
	static int (*const steps[])(struct collector *) = { check_files, start_puback_test, daemon_start_json, daemon_start_store,
		start_notifications, start_ingest, start_kafka, start_http, daemon_start_timers };
	signal(SIGPIPE, SIG_IGN);
	mosquitto_lib_init();
	collector->base = event_base_new();
	int err = collector->base ? 0 : report("no event loop", "libevent", "look at the system log");
	for (size_t i = 0; !err && i < sizeof steps / sizeof *steps; i++)
		err = steps[i](collector);
	return err;
}
