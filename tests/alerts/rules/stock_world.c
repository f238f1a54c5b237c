// SPDX-License-Identifier: Apache-2.0
#include "tests/alerts/rules/stock_world.h"
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>
#include "alerts/embedded.h"

static struct world_alert *find(struct world *world, const char *uid)
{
	for (unsigned i = 0; i < world->alert_count; i++)
		if (strcmp(world->alerts[i].uid, uid) == 0)
			return &world->alerts[i];
	return 0;
}

static void keep_text(const struct alert_transition *transition, const char *name, char *to, size_t size)
{
	for (unsigned i = 0; i < transition->annotation_count; i++)
		if (strcmp(transition->annotations[i].name, name) == 0)
			snprintf(to, size, "%s", transition->annotations[i].text);
}

static uint64_t on_transition(void *context, const struct alert_transition *transition)
{
	struct world *world = context;
	struct world_alert *alert = find(world, transition->uid);
	if (!alert) {
		assert_true(world->alert_count < WORLD_ALERTS);
		alert = &world->alerts[world->alert_count++];
		snprintf(alert->uid, sizeof alert->uid, "%s", transition->uid);
	}
	assert_int_equal(alert->state, transition->from);
	if (transition->to == ALERT_FIRING && (transition->from == ALERT_OK || transition->from == ALERT_PENDING)) {
		alert->fired++;
		alert->fired_at_s = (transition->at_ms - WORLD_T0) / 1000;
	}
	alert->state = transition->to;
	alert->severity = transition->severity;
	keep_text(transition, "summary", alert->summary, sizeof alert->summary);
	keep_text(transition, "symptom", alert->symptom, sizeof alert->symptom);
	keep_text(transition, "cause", alert->cause, sizeof alert->cause);
	keep_text(transition, "remedy", alert->remedy, sizeof alert->remedy);
	return ++world->transitions;
}

static void on_identify(void *context, uint32_t dev, const char **id, const char **firmware)
{
	(void)context, (void)dev;
	*id = "edge-7";
	*firmware = "1.1.0";
}

void world_begin(struct world *world, const char *params)
{
	static struct rules_problems problems;
	const struct embedded_file *stock = embedded_rules;
	while (stock->name && strcmp(stock->name, "stock.yml") != 0)
		stock++;
	assert_non_null(stock->name);
	struct rules_source file = { "stock.yml", stock->bytes, (size_t)(stock->end - stock->bytes) };
	struct rules_source overrides = { "params.yml", params, params ? strlen(params) : 0 };
	struct rule_set *rules = rules_compile(&file, 1, params ? &overrides : 0, &problems);
	for (unsigned i = 0; i < problems.count; i++) {
		char text[2048];
		rules_problem_text(&problems.list[i], text, sizeof text);
		print_error("%s\n", text);
	}
	assert_non_null(rules);
	assert_int_equal(problems.errors + problems.warnings, 0);

	memset(world, 0, sizeof *world);
	world->boot = 1;
	world->now = (struct world_vitals){ .heap_free = 150000,
		.heap_largest = 90000,
		.heap_slope = -20,
		.rssi = -60,
		.sockets_open = 3,
		.sockets_limit = 10,
		.spool_permille = 5,
		.dropped = 500, // in the life of its spool, long ago
		.stack_min = 2000,
		.watchdog_armed = true,
		.network = MU__NETWORK_STATE__NETWORK_CONNECTED };
	struct alert_engine_calls calls = { on_transition, on_identify, world };
	world->engine = alert_engine_new(&calls);
	assert_non_null(world->engine);
	assert_int_equal(alert_engine_begin(world->engine), 0);
	struct alert_reload reload;
	assert_int_equal(alert_engine_load(world->engine, rules, WORLD_T0, &reload), 0);
	alert_engine_commit(world->engine);
	alert_engine_set_hearing(world->engine, true, WORLD_T0);
}

void world_end(struct world *world)
{
	alert_engine_free(world->engine);
}

static uint64_t wall_ms(const struct world *world)
{
	return WORLD_T0 + (world->now_s + world->delay_s) * 1000;
}

static void give(struct world *world, Mu__Record *record)
{
	record->boot = world->boot;
	record->uptime_ms = (world->now_s - world->booted_s) * 1000;
	if (!world->is_plain) {
		record->has_wall_ms = record->has_time_quality = 1;
		record->wall_ms = WORLD_T0 + world->now_s * 1000;
		record->time_quality = MU__TIME_QUALITY__TIME_SNTP;
	}
	assert_int_equal(alert_engine_begin(world->engine), 0);
	assert_int_equal(alert_engine_record(world->engine, 0, record, wall_ms(world)), 0);
	alert_engine_commit(world->engine);
}

// In each full heartbeat, and when it has changed.
static bool is_due(const struct world *world, bool has_changed)
{
	return has_changed || world->beats % WORLD_FULL_EVERY == 0;
}

static void fill_slow_parts(struct world *world, Mu__Heartbeat *heartbeat)
{
	static Mu__Tasks tasks;
	static Mu__OtaHealth ota;
	static Mu__AgentCost agent;
	const struct world_vitals *now = &world->now, *sent = &world->sent;
	mu__tasks__init(&tasks);
	mu__ota_health__init(&ota);
	mu__agent_cost__init(&agent);
	if (is_due(world, now->stack_min != sent->stack_min || now->watchdog_armed != sent->watchdog_armed))
		heartbeat->tasks = &tasks;
	tasks.has_stack_min_bytes = tasks.has_watchdog_armed = 1;
	tasks.stack_min_bytes = now->stack_min;
	tasks.watchdog_armed = now->watchdog_armed;
	if (is_due(world, now->ota != sent->ota))
		heartbeat->ota = &ota;
	ota.has_state = 1;
	ota.state = now->ota;
	if (is_due(world, false))
		heartbeat->agent = &agent;
	agent.has_sent_bytes = 1;
	agent.sent_bytes = now->sent_bytes;
	Mu__Sockets *sockets = heartbeat->sockets;
	sockets->has_limit = sockets->has_refused =
		is_due(world, now->sockets_limit != sent->sockets_limit || now->sockets_refused != sent->sockets_refused);
	sockets->limit = now->sockets_limit;
	sockets->refused = now->sockets_refused;
	heartbeat->uplink->has_dropped_records = is_due(world, now->dropped != 0);
	heartbeat->uplink->dropped_records = now->dropped;
}

static void fill_agent_parts(struct world *world, Mu__Heartbeat *heartbeat)
{
	static Mu__Sockets sockets;
	static Mu__UplinkHealth uplink;
	const struct world_vitals *now = &world->now;
	Mu__Vitals *vitals = heartbeat->vitals;
	vitals->has_heap_largest_bytes = vitals->has_verdict = vitals->has_heap_slope_bytes_per_h = 1;
	vitals->heap_largest_bytes = now->heap_largest;
	vitals->verdict = now->verdict;
	vitals->heap_slope_bytes_per_h = now->heap_slope;
	heartbeat->link->has_state = 1;
	heartbeat->link->state = now->network;
	mu__sockets__init(&sockets);
	sockets.has_open = 1;
	sockets.open = now->sockets_open;
	heartbeat->sockets = &sockets;
	mu__uplink_health__init(&uplink);
	uplink.has_spool_used_permille = 1;
	uplink.spool_used_permille = now->spool_permille;
	heartbeat->uplink = &uplink;
	fill_slow_parts(world, heartbeat);
}

void world_beat(struct world *world)
{
	Mu__Record record = MU__RECORD__INIT;
	Mu__Heartbeat heartbeat = MU__HEARTBEAT__INIT;
	Mu__Vitals vitals = MU__VITALS__INIT;
	Mu__LinkHealth link = MU__LINK_HEALTH__INIT;
	vitals.has_heap_free_bytes = vitals.has_uptime_s = link.has_rssi_dbm = 1;
	vitals.heap_free_bytes = world->now.heap_free;
	vitals.uptime_s = (uint32_t)(world->now_s - world->booted_s);
	link.rssi_dbm = world->now.rssi;
	heartbeat.vitals = &vitals;
	heartbeat.link = &link;
	world->now.sent_bytes += 200;
	if (!world->is_plain)
		fill_agent_parts(world, &heartbeat);
	record.body_case = MU__RECORD__BODY_HEARTBEAT;
	record.heartbeat = &heartbeat;
	give(world, &record);
	world->sent = world->now;
	world->beats++;
}

void world_quiet(struct world *world, unsigned seconds)
{
	world->now_s += seconds;
	assert_int_equal(alert_engine_begin(world->engine), 0);
	assert_true(alert_engine_advance(world->engine, wall_ms(world)) >= 0);
	alert_engine_commit(world->engine);
}

void world_beats(struct world *world, unsigned seconds, unsigned interval_s)
{
	for (unsigned passed = 0; passed < seconds; passed += interval_s) {
		world_quiet(world, interval_s);
		world_beat(world);
	}
}

void world_boot(struct world *world, Mu__ResetClass reset_class, Mu__ResetCause cause)
{
	Mu__Record record = MU__RECORD__INIT;
	Mu__Boot boot = MU__BOOT__INIT;
	boot.reset_class = reset_class;
	boot.has_cause = 1;
	boot.cause = cause;
	world->boot++;
	world->booted_s = world->now_s;
	world->beats = 0;
	world->now.sent_bytes = world->now.sockets_refused = 0;
	record.body_case = MU__RECORD__BODY_BOOT_REPORT;
	record.boot_report = &boot;
	give(world, &record);
}

void world_link(struct world *world, Mu__LinkChange change)
{
	Mu__Record record = MU__RECORD__INIT;
	Mu__Link link = MU__LINK__INIT;
	link.change = change;
	record.body_case = MU__RECORD__BODY_LINK;
	record.link = &link;
	give(world, &record);
}

void world_ota(struct world *world, Mu__OtaState state, Mu__OtaCause cause)
{
	Mu__Record record = MU__RECORD__INIT;
	Mu__Ota ota = MU__OTA__INIT;
	ota.state = state;
	ota.has_cause = 1;
	ota.cause = cause;
	record.body_case = MU__RECORD__BODY_OTA;
	record.ota = &ota;
	give(world, &record);
}

void world_event(struct world *world, const char *name)
{
	Mu__Record record = MU__RECORD__INIT;
	Mu__Event event = MU__EVENT__INIT;
	event.name = (char *)name;
	record.body_case = MU__RECORD__BODY_EVENT;
	record.event = &event;
	give(world, &record);
}

void world_log(struct world *world, Mu__LogLevel level)
{
	Mu__Record record = MU__RECORD__INIT;
	Mu__Log log = MU__LOG__INIT;
	log.level = level;
	log.text = (char *)"again";
	record.body_case = MU__RECORD__BODY_LOG;
	record.log = &log;
	give(world, &record);
}

const struct world_alert *world_alert(const struct world *world, const char *uid)
{
	return find((struct world *)world, uid);
}

bool world_fires(const struct world *world, const char *uid, enum alert_severity severity)
{
	const struct world_alert *alert = world_alert(world, uid);
	return alert && alert->state == ALERT_FIRING && alert->severity == severity;
}

unsigned world_fired(const struct world *world, const char *uid)
{
	const struct world_alert *alert = world_alert(world, uid);
	return alert ? alert->fired : 0;
}

unsigned world_fired_any(const struct world *world)
{
	unsigned fired = 0;
	for (unsigned i = 0; i < world->alert_count; i++)
		fired += world->alerts[i].fired;
	return fired;
}
