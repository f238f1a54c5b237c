// SPDX-License-Identifier: Apache-2.0
#include "collector/daemon.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include "collector/alerting/rule_files.h"
#include "collector/clock.h"
#include "collector/log.h"
#include "collector/store/retention.h"
#include "version.h"

enum { ONLINE_EVERY_S = 5, KAFKA_DRAIN_MS = 3000, NOTIFICATIONS_DRAIN_MS = 3000 };

// ---- what the parts ask of each other ----

int daemon_send_ack(void *context, uint32_t dev)
{
	struct collector *collector = context;
	const struct device *device = fleet_at(collector->fleet, dev);
	return downlink_ack(collector->downlink, device->id, device->ledger.epoch, ledger_through(&device->ledger), clock_wall_ms());
}

void daemon_ask_ack(void *context, const struct device *device, bool is_urgent)
{
	struct collector *collector = context;
	if (acks_ask(collector->acks, device->dev, is_urgent, clock_monotonic_ms()) > 0)
		collector->counters.acks_deferred++;
}

int daemon_publish_command(void *context, const char *device_id, const uint8_t *payload, size_t size)
{
	struct collector *collector = context;
	return collector->downlink ? downlink_command(collector->downlink, device_id, payload, size) : -1;
}

void daemon_on_session(void *context, bool is_up)
{
	struct collector *collector = context;
	fleet_set_broker(collector->fleet, is_up, clock_wall_ms());
	alert_engine_set_hearing(alerting_engine(collector->alerting), is_up, clock_wall_ms());
}

// New transitions are durable: who sends them on may read them.
void daemon_on_transitions(void *context, uint64_t n)
{
	struct collector *collector = context;
	notifications_changed(collector->notifications, n);
	kafka_wake(collector->kafka);
	if (collector->http) // at start it comes later, and begins with what there is then
		http_wake(collector->http, n);
}

void daemon_on_committed(void *context)
{
	struct collector *collector = context;
	kafka_wake(collector->kafka);
}

void daemon_hold(void *context, bool is_held)
{
	struct collector *collector = context;
	uplink_hold(collector->uplink, is_held);
}

static void add_reason(char *reasons, size_t size, const char *kind, const char *what)
{
	size_t used = strlen(reasons);
	snprintf(reasons + used, size - used, "%s%s%s", used ? "; " : "", kind, what);
}

int daemon_not_ready(void *context, char *reasons, size_t size)
{
	struct collector *collector = context;
	const char *kafka = kafka_not_ready(collector->kafka);
	reasons[0] = 0;
	if (collector->watch.is_stopped)
		add_reason(reasons, size, "store stopped: ", collector->watch.why.what);
	if (kafka)
		add_reason(reasons, size, "", kafka);
	if (!uplink_is_up(collector->uplink))
		add_reason(reasons, size, "", "no uplink session with the broker");
	if (!downlink_is_up(collector->downlink))
		add_reason(reasons, size, "", "no downlink session with the broker");
	return reasons[0] != 0;
}

// ---- timers and signals ----

static void step_retention(struct collector *collector)
{
	struct retention retention = {
		.age_ms = (uint64_t)collector->config.store.retention_days * COLLECTOR_DAY_MS,
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
	alerting_tick(collector->alerting, clock_wall_ms()); // what the store does not take now is due at the next tick
	if (now_ms >= collector->next_snapshot_ms) {
		checkpoint_begin(&collector->checkpoint);
		collector->next_snapshot_ms = now_ms + (uint64_t)collector->config.store.snapshot_s * COLLECTOR_SECOND_MS;
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
	alerting_count(collector->alerting);
	if (collector->is_batch_changed &&
		ingest_resize(collector->ingest, collector->config.ingest.batch_records, collector->config.ingest.batch_bytes) == 0)
		collector->is_batch_changed = false;
}

// errors > 0; what is in the list may begin with warnings, or be cut.
static const struct rules_problem *first_error(const struct rules_problems *problems)
{
	unsigned i = 0;
	while (i + 1 < problems->count && problems->list[i].is_warning)
		i++;
	return &problems->list[i];
}

int daemon_load_rules(struct collector *collector)
{
	const struct rules_problems *problems = alerting_problems(collector->alerting);
	int err = alerting_load(collector->alerting, &collector->config, clock_wall_ms());
	rule_files_print(problems, stderr);
	const struct rules_problem *first = first_error(problems);
	if (err)
		log_error("alerts", "the rules have errors and are not taken", "errors=%u first=%s file=%s line=%u remedy=%s",
			problems->errors, log_quote(first->what).text, log_quote(first->file).text, first->line,
			"\"correct them; `muster rules check FILE` tries them\"");
	return err;
}

static void reload_rules(struct collector *collector)
{
	if (daemon_load_rules(collector) < 0)
		collector->counters.alert_reloads_failed++;
	else
		collector->counters.alert_reloads++;
}

void daemon_reload(struct collector *collector)
{
	static struct config_errors errors;
	struct config fresh;
	char restart[512];
	config_defaults(&fresh);
	if (collector->config_file && config_load(&fresh, collector->config_file, &errors) < 0) {
		collector->counters.config_reloads_failed++;
		log_warn("config", "reload refused: the file has errors, the old configuration stays", "file=%s errors=%u first=%s",
			log_quote(collector->config_file).text, errors.count, log_quote(errors.text[0]).text);
		config_errors_print(&errors, stderr);
		return;
	}
	unsigned waiting = config_reload(&collector->config, &fresh, restart, sizeof restart);
	log_set_threshold(collector->config.log.level);
	http_set_silent_after(collector->http, collector->config.fleet.silent_after_s * COLLECTOR_SECOND_MS);
	collector->is_batch_changed = true;
	collector->counters.config_reloads++;
	log_info("config", "configuration read again", "need_restart=%u keys=\"%s\"", waiting, restart);
	reload_rules(collector);
}

static void on_signal(evutil_socket_t number, short what, void *context)
{
	struct collector *collector = context;
	(void)what;
	if (number == SIGHUP) {
		daemon_reload(collector);
		return;
	}
	log_info("musterd", "ending", "signal=%d", (int)number);
	event_base_loopbreak(collector->base);
}

int daemon_start_timers(struct collector *collector)
{
	static const int numbers[COLLECTOR_SIGNALS] = { SIGTERM, SIGINT, SIGHUP };
	struct timeval tick = { .tv_usec = ACKS_SLOT_MS * 1000 }, second = { .tv_sec = 1 };
	for (int i = 0; i < COLLECTOR_SIGNALS; i++) {
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
	kafka_drain(collector->kafka, KAFKA_DRAIN_MS);
	notifications_drain(collector->notifications, NOTIFICATIONS_DRAIN_MS);
	if (collector->watch.is_stopped)
		return;
	while (checkpoint_step(&collector->checkpoint) > 0)
		; // a sweep under way
	checkpoint_begin(&collector->checkpoint);
	while (checkpoint_step(&collector->checkpoint) > 0)
		; // and one with all there is
}

int daemon_run(struct collector *collector)
{
	log_set_threshold(collector->config.log.level);
	int err = daemon_start(collector);
	if (!err) {
		log_info("musterd", "running", "version=%s commit=%s", MUSTER_VERSION, MUSTER_COMMIT);
		event_base_dispatch(collector->base);
		drain(collector);
		log_info("musterd", "ended", "records=%llu", (unsigned long long)collector->counters.records);
	}
	daemon_free(collector);
	return err ? 1 : 0;
}
