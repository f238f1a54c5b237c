// SPDX-License-Identifier: Apache-2.0
// bench-rules [DEVICES [ROUNDS]]: what the rule engine costs with the stock rules. Each device sends a heartbeat with all parts each minute, in
// an order that no cache foresees; one in 500 of them is a crash, one in 50 devices is low on memory. Transactions of 300 records, nothing is
// stored. Default 100,000 devices, 10 rounds.
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include "alerts/embedded.h"
#include "alerts/engine/engine.h"

#define T0 UINT64_C(1790000000000)

enum { MINUTE_MS = 60000, BATCH = 300 };

struct tally {
	uint64_t transitions, samples, crashes;
};

static uint64_t count_transition(void *context, const struct alert_transition *transition)
{
	(void)transition;
	return ++((struct tally *)context)->transitions;
}

static void identify(void *context, uint32_t dev, const char **id, const char **firmware)
{
	static char text[24];
	(void)context;
	snprintf(text, sizeof text, "device-%" PRIu32, dev);
	*id = text;
	*firmware = "1.4.2";
}

static uint64_t cpu_ns(void)
{
	struct timespec now;
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

static long resident_kib(void)
{
	struct rusage usage;
	getrusage(RUSAGE_SELF, &usage);
	return usage.ru_maxrss;
}

// What all records are made of: every metric is there.
static struct {
	Mu__Record record;
	Mu__Heartbeat heartbeat;
	Mu__Vitals vitals;
	Mu__LinkHealth link;
	Mu__Sockets sockets;
	Mu__UplinkHealth uplink;
	Mu__Tasks tasks;
	Mu__OtaHealth ota;
	Mu__AgentCost agent;
	Mu__Boot boot;
} made;

// Marks all numbers of a part as there.
static void set_all(ProtobufCMessage *part)
{
	const ProtobufCMessageDescriptor *d = part->descriptor;
	for (unsigned i = 0; i < d->n_fields; i++)
		if (d->fields[i].label == PROTOBUF_C_LABEL_OPTIONAL && d->fields[i].quantifier_offset)
			*(protobuf_c_boolean *)((uint8_t *)part + d->fields[i].quantifier_offset) = 1;
}

static void make_parts(void)
{
	mu__record__init(&made.record);
	mu__heartbeat__init(&made.heartbeat);
	mu__vitals__init(&made.vitals);
	mu__link_health__init(&made.link);
	mu__sockets__init(&made.sockets);
	mu__uplink_health__init(&made.uplink);
	mu__tasks__init(&made.tasks);
	mu__ota_health__init(&made.ota);
	mu__agent_cost__init(&made.agent);
	mu__boot__init(&made.boot);
	set_all(&made.vitals.base);
	set_all(&made.link.base);
	set_all(&made.sockets.base);
	set_all(&made.uplink.base);
	set_all(&made.tasks.base);
	set_all(&made.agent.base);
	made.heartbeat.vitals = &made.vitals;
	made.heartbeat.link = &made.link;
	made.heartbeat.sockets = &made.sockets;
	made.heartbeat.uplink = &made.uplink;
	made.heartbeat.tasks = &made.tasks;
	made.heartbeat.ota = &made.ota;
	made.heartbeat.agent = &made.agent;
	made.boot.reset_class = MU__RESET_CLASS__RESET_CRASH;
	made.record.boot = 1;
	made.link.state = MU__NETWORK_STATE__NETWORK_CONNECTED;
	made.sockets.limit = 16;
	made.tasks.watchdog_armed = 1;
	made.tasks.stack_min_bytes = 2000;
}

static void make_record(uint32_t dev, uint64_t round, uint32_t noise, struct tally *tally)
{
	made.record.uptime_ms = round * MINUTE_MS + noise % 200;
	if (noise % 500 == 0) {
		made.record.body_case = MU__RECORD__BODY_BOOT_REPORT;
		made.record.boot_report = &made.boot;
		tally->crashes++;
		return;
	}
	made.record.body_case = MU__RECORD__BODY_HEARTBEAT;
	made.record.heartbeat = &made.heartbeat;
	made.vitals.heap_free_bytes = (dev % 50 ? 120000 : 45000) + noise % 4000;
	made.vitals.heap_largest_bytes = 60000;
	made.vitals.uptime_s = (uint32_t)(round * 60);
	made.link.rssi_dbm = -60 - (int32_t)(noise % 10);
	made.sockets.open = 3 + noise % 3;
	made.agent.sent_bytes = (uint32_t)round * 4000;
}

static void must(int result)
{
	if (result >= 0)
		return;
	fprintf(stderr, "bench-rules: the engine says %d\n", result);
	exit(1);
}

static void run(struct alert_engine *engine, uint32_t devices, unsigned first, unsigned end, struct tally *tally)
{
	uint32_t random = first;
	for (unsigned round = first; round < end; round++)
		for (uint32_t i = 0; i < devices; i++) {
			uint32_t dev = (uint32_t)(i * UINT64_C(7919) % devices);
			random = random * 1664525 + 1013904223;
			make_record(dev, round, random >> 8, tally);
			if (tally->samples % BATCH == 0)
				must(alert_engine_begin(engine));
			must(alert_engine_record(engine, dev, &made.record,
				T0 + round * (uint64_t)MINUTE_MS + (uint64_t)i * MINUTE_MS / devices));
			if (++tally->samples % BATCH == 0)
				alert_engine_commit(engine);
		}
	if (tally->samples % BATCH)
		alert_engine_commit(engine);
}

static struct alert_engine *engine_with_stock_rules(struct tally *tally)
{
	static struct rules_problems problems;
	const struct rules_source source = { embedded_rules[0].name, embedded_rules[0].bytes, strlen(embedded_rules[0].bytes) };
	struct alert_engine_calls calls = { count_transition, identify, tally };
	struct rule_set *rules = rules_compile(&source, 1, 0, &problems);
	struct alert_engine *engine = alert_engine_new(&calls);
	struct alert_reload reload;
	if (!rules || !engine) {
		fprintf(stderr, "bench-rules: %s\n", rules ? "no memory" : problems.list[0].what);
		exit(1);
	}
	must(alert_engine_begin(engine));
	must(alert_engine_load(engine, rules, T0, &reload));
	alert_engine_commit(engine);
	alert_engine_set_hearing(engine, true, 0);
	return engine;
}

static void bench_snapshots(struct alert_engine *engine, uint32_t devices)
{
	size_t size = alert_engine_pack_max(engine), sum = 0;
	uint8_t *bytes = malloc(size);
	uint64_t since = cpu_ns();
	for (uint32_t dev = 0; bytes && dev < devices; dev++)
		sum += alert_engine_pack(engine, dev, bytes, size);
	printf("checkpoint        %.0f bytes a device, %.2f us to pack\n", (double)sum / devices,
		(double)(cpu_ns() - since) / 1000 / devices);
	free(bytes);
}

int main(int argc, char **argv)
{
	unsigned long devices = argc > 1 ? strtoul(argv[1], 0, 10) : 100000, rounds = argc > 2 ? strtoul(argv[2], 0, 10) : 10;
	struct tally tally = { 0 };
	if (devices == 0 || devices > 10000000 || rounds == 0 || rounds > 100000) {
		fprintf(stderr, "usage: bench-rules [DEVICES [ROUNDS]]\n");
		return 2;
	}
	make_parts();
	struct alert_engine *engine = engine_with_stock_rules(&tally);
	const struct rule_set *rules = alert_engine_rules(engine);
	long before_kib = resident_kib();
	run(engine, (uint32_t)devices, 0, 1, &tally); // makes the devices
	long after_kib = resident_kib();
	tally.samples = 0;
	uint64_t since = cpu_ns();
	run(engine, (uint32_t)devices, 1, 1 + (unsigned)rounds, &tally);
	double ns = (double)(cpu_ns() - since) / (double)tally.samples;
	struct alert_counts counts;
	alert_engine_counts(engine, &counts);
	printf("rules             %zu\n", rules_count(rules));
	printf("devices           %zu\n", counts.devices);
	printf("samples           %.0f ns each, %.2f million a second and core\n", ns, 1000 / ns);
	printf("a rule            %.1f ns a sample\n", ns / (double)rules_count(rules));
	printf("state             %zu bytes a device in windows and values, %.0f resident\n", rules_device_bytes(rules),
		(double)(after_kib - before_kib) * 1024 / (double)devices);
	printf("alerts            %zu pending, %zu firing; %" PRIu64 " transitions, %" PRIu64 " crashes\n", counts.alerts[ALERT_PENDING],
		counts.alerts[ALERT_FIRING] + counts.alerts[ALERT_RECOVERING], counts.transitions, tally.crashes);
	bench_snapshots(engine, (uint32_t)devices);
	alert_engine_free(engine);
	return 0;
}
