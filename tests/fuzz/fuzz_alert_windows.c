// SPDX-License-Identifier: Apache-2.0
// Windows of a device from a checkpoint: bytes that are none leave the device empty; those that are some give a state that packs again, to the
// same state, and that records and deadlines can go on from.
#include <stdlib.h>
#include <string.h>
#include "alerts/engine/engine.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define T0 UINT64_C(1790000000000)

enum { BYTES = 4096, DEVICE = 3 };

static const char yaml[] =
	"version: 1\ngroups:\n- name: g\n  rules:\n"
	"  - {alert: A, uid: a, severities: {info: \"avg_over_time(heap_free_bytes[5m]) > 1\"}, for: 1m}\n"
	"  - {alert: B, uid: b, severities: {info: \"min_over_time(heap_free_bytes[5m]) < max_over_time(heap_free_bytes[5m])\"}}\n"
	"  - {alert: C, uid: c, severities: {info: \"delta(heap_free_bytes[5m]) > 3 or deriv(heap_free_bytes[1h]) > 3\"}}\n"
	"  - {alert: D, uid: d, severities: {info: \"increase(sockets_refused[5m]) > 1 or rate(sockets_refused[1h]) > 1\"}}\n"
	"  - {alert: E, uid: e, severities: {info: \"changes(heap_free_bytes[5m]) > 1 and age(heap_free_bytes) < 60\"}}\n"
	"  - {alert: F, uid: f, severities: {info: \"event_count(crash[1h]) >= 1 or silent(10m)\"}, for: 1m, keep_firing_for: 1m}\n";

static void must(int condition)
{
	if (!condition)
		abort();
}

static uint64_t on_transition(void *context, const struct alert_transition *transition)
{
	must(transition->from != transition->to || transition->severity != transition->was_severity);
	return ++*(uint64_t *)context;
}

static void identify(void *context, uint32_t dev, const char **id, const char **firmware)
{
	(void)context;
	must(dev == DEVICE);
	*id = "d";
	*firmware = "";
}

static struct alert_engine *new_engine(uint64_t *transitions)
{
	static struct rules_problems problems;
	const struct rules_source source = { "f.yml", yaml, sizeof yaml - 1 };
	struct alert_engine_calls calls = { on_transition, identify, transitions };
	struct alert_engine *engine = alert_engine_new(&calls);
	struct rule_set *rules = rules_compile(&source, 1, 0, &problems);
	struct alert_reload reload;
	must(engine && rules);
	alert_engine_set_hearing(engine, true, 0);
	must(alert_engine_begin(engine) == 0 && alert_engine_load(engine, rules, T0, &reload) == 0);
	alert_engine_commit(engine);
	return engine;
}

static void go_on(struct alert_engine *engine)
{
	Mu__Vitals vitals = MU__VITALS__INIT;
	Mu__Sockets sockets = MU__SOCKETS__INIT;
	Mu__Heartbeat heartbeat = MU__HEARTBEAT__INIT;
	Mu__Record record = MU__RECORD__INIT;
	vitals.has_heap_free_bytes = sockets.has_refused = 1;
	vitals.heap_free_bytes = sockets.refused = 7;
	heartbeat.vitals = &vitals;
	heartbeat.sockets = &sockets;
	record.boot = 3;
	record.uptime_ms = 5000;
	record.body_case = MU__RECORD__BODY_HEARTBEAT;
	record.heartbeat = &heartbeat;
	must(alert_engine_begin(engine) == 0);
	must(alert_engine_record(engine, DEVICE, &record, T0) == 0);
	must(alert_engine_advance(engine, T0 + 3600000) >= 0);
	alert_engine_rollback(engine); // nothing of this input is left for the next
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint64_t transitions;
	static struct alert_engine *engine, *again; // for all inputs: compiling rules would take most of the time
	uint8_t first[BYTES], second[BYTES];
	if (!engine) {
		engine = new_engine(&transitions);
		again = new_engine(&transitions);
		must(alert_engine_pack_max(engine) <= BYTES);
	}
	must(alert_engine_unpack(engine, DEVICE, 0, 0) == -1 && alert_engine_unpack(again, DEVICE, 0, 0) == -1); // empties the device
	int err = alert_engine_unpack(engine, DEVICE, data, size);
	size_t first_size = alert_engine_pack(engine, DEVICE, first, sizeof first);
	if (err < 0)
		must(first_size == 0);
	if (first_size) {
		must(alert_engine_unpack(again, DEVICE, first, first_size) == 0);
		must(alert_engine_pack(again, DEVICE, second, sizeof second) == first_size && memcmp(first, second, first_size) == 0);
	}
	go_on(engine);
	return 0;
}
