// SPDX-License-Identifier: Apache-2.0
// The same records with the same receive times give the same transitions: however time steps between them, wherever the process is killed
// and restored from the alerts, a checkpoint of windows and the records behind it, however often a transaction is taken back, and with each
// rule file loaded again.
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "alerts/engine/rule_set.h"
#include "tests/alerts/engine/alert_log.h"

enum { DEVICES = 4, EVENTS = 120, SEEDS = 12, PACKED = 4096 };

// All kinds of slots; levels, clear, for, keep_firing_for; silence with and without for, and beside windows.
static const char rules[] =
	"version: 1\n"
	"groups:\n"
	"- name: g\n"
	"  rules:\n"
	"  - {alert: A, uid: low, severities: {warning: heap_free_bytes < 50000, critical: heap_free_bytes < 20000},"
	" clear: heap_free_bytes > 60000, for: 2m, keep_firing_for: 3m}\n"
	"  - {alert: B, uid: mean, severities: {warning: \"avg_over_time(heap_free_bytes[5m]) < 50000\"}, for: 1m, keep_firing_for: 1m}\n"
	"  - {alert: C, uid: slope, severities: {info: \"deriv(heap_free_bytes[10m]) < 0\"}, for: 90s}\n"
	"  - {alert: D, uid: refused, severities: {warning: \"increase(sockets_refused[10m]) >= 3\"}, keep_firing_for: 5m}\n"
	"  - {alert: E, uid: crash, severities: {warning: \"event_count(crash[5m]) >= 1\", critical: \"event_count(crash[5m]) >= 3\"}}\n"
	"  - {alert: F, uid: silent, severities: {warning: \"silent(3m)\", critical: \"silent(10m)\"}}\n"
	"  - {alert: G, uid: gone, severities: {warning: \"silent(2m)\"}, for: 4m}\n"
	"  - {alert: H, uid: both, severities: {info: \"silent(2m) and min_over_time(heap_free_bytes[6m]) < 30000\"}, for: 1m}\n"
	"  - {alert: I, uid: spread, severities: {info: \"max_over_time(heap_free_bytes[5m]) - min_over_time(heap_free_bytes[5m]) > 50000\"}}\n"
	"  - {alert: J, uid: delta, severities: {info: \"delta(heap_free_bytes[5m]) < -30000 or changes(heap_free_bytes[5m]) > 6\"}, for: 30s}\n"
	"  - {alert: K, uid: rate, severities: {info: \"rate(sockets_refused[10m]) > 0.02 unless age(heap_free_bytes) > 60\"}}\n"
	"  - {alert: L, uid: link, severities: {info: \"event_count(link_lost[4m]) > 1 and count_over_time(heap_free_bytes[4m]) > 1\"}}\n";

struct event {
	uint64_t recv_ms, uptime_ms, wall_ms; // wall 0: none
	uint32_t dev, boot, what;             // 0 heartbeat, 1 crash, 2 link lost
	int64_t heap, refused;
};

static uint32_t random_state;

static uint32_t next(uint32_t below)
{
	random_state = random_state * 1664525 + 1013904223;
	return (random_state >> 8) % below;
}

// What a device is doing.
struct life {
	uint64_t booted_ms, made_ms;
	uint32_t boot;
	int64_t heap, refused;
};

// When the next record of this life was made: mostly just now, else a minute after the last one, as it was kept.
static void make_time(struct life *life, uint64_t now_ms)
{
	uint64_t fresh_ms = now_ms - next(300);
	if (next(5) == 0 && life->made_ms + 60000 <= now_ms)
		life->made_ms += 60000;
	else if (fresh_ms > life->made_ms)
		life->made_ms = fresh_ms;
}

static void make_heap(struct life *life)
{
	life->heap += (int64_t)next(40001) - 20000 - (life->heap > 90000 ? 20000 : 0);
	if (life->heap < 5000)
		life->heap = 70000;
	life->refused += next(3) == 0;
}

static void make_event(struct event *e, struct life *life)
{
	if (e->what == 1) {
		life->boot++;
		life->booted_ms = life->made_ms = e->recv_ms - next(2000);
		life->refused = 0;
	}
	make_time(life, e->recv_ms);
	make_heap(life);
	e->boot = life->boot;
	e->uptime_ms = life->made_ms - life->booted_ms;
	e->wall_ms = next(3) == 0 ? life->made_ms : 0;
	e->heap = next(12) ? life->heap : -1;
	e->refused = life->refused;
}

static uint64_t make_pause(void)
{
	if (next(25) == 0)
		return 300000 + next(400000);
	return next(8) ? next(30000) : 0;
}

// Heaps wander around the thresholds; some records come late in bunches, some clocks are set, devices reboot and fall silent for minutes.
static void make_events(struct event *events)
{
	struct life lives[DEVICES];
	uint64_t now_ms = LOG_T0;
	for (unsigned d = 0; d < DEVICES; d++)
		lives[d] = (struct life){ LOG_T0 - 1000 * next(100000), LOG_T0, 1, 60000, 0 };
	for (unsigned i = 0; i < EVENTS; i++) {
		uint32_t dev = next(DEVICES);
		now_ms += make_pause();
		events[i] = (struct event){ .recv_ms = now_ms, .dev = dev, .what = next(6) == 0 ? 1 + next(2) : 0 };
		make_event(&events[i], &lives[dev]);
	}
}

static void make_record(struct record *r, const struct event *e)
{
	if (e->what == 1)
		record_crash(r, e->boot, e->uptime_ms);
	else if (e->what == 2)
		record_link_lost(r, e->boot, e->uptime_ms);
	else
		record_heartbeat(r, e->boot, e->uptime_ms, e->heap, e->refused);
	r->record.has_wall_ms = r->record.has_time_quality = e->wall_ms != 0;
	r->record.wall_ms = e->wall_ms;
	r->record.time_quality = MU__TIME_QUALITY__TIME_SERVER;
}

struct run {
	struct alert_log *log;
	struct alert_log *should; // of begin()
	struct alert_engine *engine;
	uint8_t packed[DEVICES][PACKED];
	size_t packed_size[DEVICES];
};

static void start(struct run *run)
{
	struct alert_engine_calls calls = alert_log_calls(run->log);
	run->engine = alert_engine_new(&calls);
	assert_non_null(run->engine);
	alert_log_load(run->log, run->engine, rules, LOG_T0);
}

static void hear(struct run *run)
{
	alert_engine_set_hearing(run->engine, true, 0);
}

static void take(struct run *run, const struct event *event)
{
	struct record r;
	make_record(&r, event);
	alert_log_record(run->log, run->engine, event->dev, &r.record, event->recv_ms);
}

static void checkpoint(struct run *run)
{
	for (uint32_t d = 0; d < DEVICES; d++) {
		run->packed_size[d] = alert_engine_pack(run->engine, d, run->packed[d], PACKED);
		assert_true(alert_engine_pack_max(run->engine) <= PACKED);
	}
}

// The process is killed; another one goes on. Records from `from` to `to` lie behind the checkpoint.
static void kill_and_restore(struct run *run, const struct event *events, unsigned from, unsigned to)
{
	struct record r;
	alert_engine_free(run->engine);
	start(run);
	for (uint32_t d = 0; d < DEVICES; d++)
		if (run->packed_size[d])
			assert_int_equal(alert_engine_unpack(run->engine, d, run->packed[d], run->packed_size[d]), 0);
	alert_log_restore(run->log, run->engine);
	for (unsigned i = from; i < to; i++) {
		make_record(&r, &events[i]);
		assert_int_equal(alert_engine_fold(run->engine, events[i].dev, &r.record, events[i].recv_ms), 0);
	}
	hear(run);
}

static void finish(struct run *run, const struct event *events)
{
	alert_log_advance(run->log, run->engine, events[EVENTS - 1].recv_ms + 3600000);
	alert_engine_free(run->engine);
}

static struct alert_log *undisturbed(const struct event *events)
{
	struct run run = { .log = alert_log_new() };
	start(&run);
	hear(&run);
	for (unsigned i = 0; i < EVENTS; i++)
		take(&run, &events[i]);
	finish(&run, events);
	return run.log;
}

static void assert_same(const struct alert_log *is, const struct alert_log *should, const char *what, unsigned at)
{
	for (unsigned i = 0; i < is->count || i < should->count; i++) {
		const char *a = i < is->count ? is->lines[i] : "nothing", *b = i < should->count ? should->lines[i] : "nothing";
		if (strcmp(a, b) != 0)
			fail_msg("%s at %u, line %u: \"%s\", undisturbed \"%s\"", what, at, i, a, b);
	}
}

// The scene of a seed, and a run of it that is to tell what an undisturbed one tells.
static void begin(struct run *run, struct event events[EVENTS], uint32_t seed)
{
	random_state = seed;
	make_events(events);
	*run = (struct run){ .should = undisturbed(events), .log = alert_log_new() };
	start(run);
	hear(run);
}

static void end(struct run *run, const struct event events[EVENTS], const char *what, uint32_t seed)
{
	finish(run, events);
	assert_same(run->log, run->should, what, seed);
	alert_log_free(run->log);
	alert_log_free(run->should);
}

// Nothing to compare would prove nothing: each rule has transitions, each reason and state occurs.
static void test_the_scenes_are_rich(void **unused)
{
	(void)unused;
	static const char *const words[] = { " low ", " mean ", " slope ", " refused ", " crash ", " silent ", " gone ", " both ",
		" spread ", " delta ",
		" rate ", " link ", "ok>pending", "pending>firing", "ok>firing", "firing>recovering", "recovering>firing", "recovering>ok", "pending>ok",
		"firing>firing critical", "firing>firing warning", " time ", " sample " };
	unsigned seen[sizeof words / sizeof *words] = { 0 };
	struct event events[EVENTS];
	for (uint32_t seed = 1; seed <= SEEDS; seed++) {
		random_state = seed;
		make_events(events);
		struct alert_log *log = undisturbed(events);
		for (unsigned i = 0; i < log->count; i++)
			for (unsigned w = 0; w < sizeof words / sizeof *words; w++)
				seen[w] += strstr(log->lines[i], words[w]) != 0;
		alert_log_free(log);
	}
	for (unsigned w = 0; w < sizeof words / sizeof *words; w++)
		if (seen[w] < 3)
			fail_msg("%s: seen %u times", words[w], seen[w]);
}

static void test_killed_at_each_record(void **unused)
{
	(void)unused;
	struct event events[EVENTS];
	for (uint32_t seed = 1; seed <= SEEDS; seed++) {
		random_state = seed;
		make_events(events);
		struct alert_log *should = undisturbed(events);
		for (unsigned at = 0; at < EVENTS; at++) {
			struct run run = { .log = alert_log_new() };
			unsigned saved = at ? next(at) : 0;
			start(&run);
			hear(&run);
			for (unsigned i = 0; i < EVENTS; i++) {
				if (i == saved)
					checkpoint(&run);
				if (i == at)
					kill_and_restore(&run, events, saved, at);
				take(&run, &events[i]);
			}
			finish(&run, events);
			assert_same(run.log, should, "killed", at);
			alert_log_free(run.log);
		}
		alert_log_free(should);
	}
}

// Killed before each record, and after deadlines between them.
static void test_killed_all_the_time(void **unused)
{
	(void)unused;
	struct event events[EVENTS];
	for (uint32_t seed = 1; seed <= SEEDS; seed++) {
		struct run run;
		unsigned saved = 0;
		begin(&run, events, seed);
		for (unsigned i = 0; i < EVENTS; i++) {
			if (next(3) == 0) {
				checkpoint(&run);
				saved = i;
			}
			kill_and_restore(&run, events, saved, i);
			if (i && next(2)) {
				alert_log_advance(run.log, run.engine,
					events[i - 1].recv_ms + next((uint32_t)(events[i].recv_ms - events[i - 1].recv_ms) + 1));
				kill_and_restore(&run, events, saved, i);
			}
			take(&run, &events[i]);
		}
		kill_and_restore(&run, events, saved, EVENTS);
		end(&run, events, "killed all the time, seed", seed);
	}
}

static void test_time_in_small_steps(void **unused)
{
	(void)unused;
	struct event events[EVENTS];
	for (uint32_t seed = 1; seed <= SEEDS; seed++) {
		struct run run;
		begin(&run, events, seed);
		for (unsigned i = 0; i < EVENTS; i++) {
			for (uint64_t t = i ? events[i - 1].recv_ms : LOG_T0; t <= events[i].recv_ms; t += 1 + next(5000))
				alert_log_advance(run.log, run.engine, t);
			take(&run, &events[i]);
		}
		for (uint64_t t = events[EVENTS - 1].recv_ms; t < events[EVENTS - 1].recv_ms + 3600000; t += next(20000))
			alert_log_advance(run.log, run.engine, t);
		end(&run, events, "small steps, seed", seed);
	}
}

// Transactions of several records, each taken back once before it is committed.
static void test_taken_back_and_done_again(void **unused)
{
	(void)unused;
	struct event events[EVENTS];
	for (uint32_t seed = 1; seed <= SEEDS; seed++) {
		struct run run;
		begin(&run, events, seed);
		for (unsigned i = 0, count; i < EVENTS; i += count) {
			count = 1 + next(5);
			for (unsigned round = 0; round < 2; round++) {
				alert_log_begin(run.log, run.engine);
				for (unsigned k = i; k < i + count && k < EVENTS; k++) {
					struct record r;
					make_record(&r, &events[k]);
					assert_int_equal(alert_engine_record(run.engine, events[k].dev, &r.record, events[k].recv_ms), 0);
				}
				(round ? alert_log_commit : alert_log_rollback)(run.log, run.engine);
			}
		}
		end(&run, events, "taken back, seed", seed);
	}
}

static void test_the_same_rules_again(void **unused)
{
	(void)unused;
	struct event events[EVENTS];
	for (uint32_t seed = 1; seed <= SEEDS; seed++) {
		struct run run;
		begin(&run, events, seed);
		for (unsigned i = 0; i < EVENTS; i++) {
			if (i) {
				struct alert_reload reload = alert_log_load(run.log, run.engine, rules, events[i].recv_ms);
				assert_int_equal(reload.kept, 12);
				assert_int_equal(reload.changed + reload.added + reload.removed, 0);
			}
			take(&run, &events[i]);
		}
		end(&run, events, "loaded again, seed", seed);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_scenes_are_rich),
		cmocka_unit_test(test_killed_at_each_record),
		cmocka_unit_test(test_killed_all_the_time),
		cmocka_unit_test(test_time_in_small_steps),
		cmocka_unit_test(test_taken_back_and_done_again),
		cmocka_unit_test(test_the_same_rules_again),
	};
	return cmocka_run_group_tests(tests, 0, 0);
}
