// SPDX-License-Identifier: Apache-2.0
// A whole agent against a collector that follows the specification, in virtual time.
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "tests/agent/agent_rig.h"

static int set_up(void **unused)
{
	(void)unused;
	agent_rig_open(32);
	return 0;
}

static void start(const struct mu_agent_config *config)
{
	agent_rig_boot(config, MU_RESET_RAW_POWERON);
}

// Each is one mistake; the agent must name it and touch nothing.
static void test_bad_configurations_are_refused(void **unused)
{
	(void)unused;
	struct mu_agent_config no_id = agent_rig_plain, bad_id = agent_rig_plain, fast = agent_rig_plain, slow_keepalive = agent_rig_plain,
			       ftp = agent_rig_plain, big = agent_rig_plain, small_batch = agent_rig_plain, huge_batch = agent_rig_plain;
	static uint8_t batch[16384];
	no_id.id = 0;
	bad_id.id = "a/b";
	fast.heartbeat_ms = 999;
	slow_keepalive.keepalive_s = 301;
	ftp.broker_uri = "ftp://x";
	big.batch_bytes = 4097; // more than the agent has
	small_batch.batch = huge_batch.batch = batch;
	small_batch.batch_bytes = 2111; // a single record might not fit
	huge_batch.batch_bytes = 16385; // no collector would take it
	const struct {
		const struct mu_agent_config *config;
		int error;
		const char *word;
	} rows[] = { { &no_id, MU_ERR_INVALID, "missing" }, { &bad_id, MU_ERR_INVALID, "id is not" },
		{ &fast, MU_ERR_RANGE, "heartbeat_ms" }, { &slow_keepalive, MU_ERR_RANGE, "keepalive_s" },
		{ &ftp, MU_ERR_INVALID, "broker_uri" }, { &big, MU_ERR_RANGE, "no batch" },
		{ &small_batch, MU_ERR_RANGE, "below 2 112" }, { &huge_batch, MU_ERR_RANGE, "16 384" } };
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		const char *problem = 0;
		assert_int_equal(mu_agent_init(agent, rows[i].config, &fake.port, &problem), rows[i].error);
		assert_non_null(strstr(problem, rows[i].word));
	}
}

static uint8_t *no_memory(void *context, bool *survives)
{
	(void)context;
	*survives = false;
	return 0;
}

static void test_a_port_without_memory_to_give_is_refused(void **unused)
{
	(void)unused;
	struct mu_system_port system = *fake.port.system;
	struct mu_port port = fake.port;
	const char *problem = 0;
	system.retained = no_memory;
	port.system = &system;
	assert_int_equal(mu_agent_init(agent, &agent_rig_plain, &port, &problem), MU_ERR_INVALID);
	assert_non_null(strstr(problem, "system.retained"));
}

static uint8_t *ordinary_memory(void *context, bool *survives)
{
	*survives = false;
	return ((struct fake_port *)context)->retained;
}

// Memory that no reset outlives, and garbage in it at each start: boots are numbered and told by what flash has of them, and the ladder has no
// reboot to spend.
static void test_lives_on_memory_that_no_reset_outlives(void **unused)
{
	(void)unused;
	struct mu_system_port system = *fake.port.system;
	struct mu_port port = fake.port;
	system.retained = ordinary_memory;
	port.system = &system;
	for (int boot = 1; boot <= 3; boot++) {
		memset(fake.retained, 0xA5 + boot, sizeof fake.retained);
		agent_rig_boot_on(&port, &agent_rig_plain, MU_RESET_RAW_SW);
		assert_int_equal(agent->ladder.budget->reboots, 1);
		fake_collector_run(&collector, 20000);
		const Mu__Record *record = fake_collector_last(&collector, MU__RECORD__BODY_BOOT_REPORT);
		assert_int_equal(record->boot, boot);
		assert_int_equal(record->boot_report->n_unreported, 0);
		assert_false(record->boot_report->has_boots_lost);
	}
}

static void test_reports_from_the_first_boot_on(void **unused)
{
	(void)unused;
	start(&agent_rig_plain);
	fake_collector_run(&collector, 200000);
	assert_int_equal(collector.online, 1);
	assert_int_equal(collector.records[0]->body_case, MU__RECORD__BODY_BOOT_REPORT);
	assert_string_equal(collector.records[0]->boot_report->firmware, "1.0.0");
	assert_int_equal(collector.records[0]->boot, 1);
	for (unsigned i = 0; i < collector.count; i++)
		assert_int_equal(collector.seqs[i], i + 1);
	// 5, 10, 20, 40 s, then each 60 s at the device's own phase
	assert_in_range(fake_collector_count(&collector, MU__RECORD__BODY_HEARTBEAT), 6, 7);
	const Mu__Record *last = fake_collector_last(&collector, MU__RECORD__BODY_HEARTBEAT);
	assert_int_equal(last->heartbeat->vitals->heap_free_bytes, 200000);
	assert_int_equal(last->time_quality, MU__TIME_QUALITY__TIME_SERVER);
	assert_int_equal(mu_spool_depth(&agent->spool), 0);
}

// Whatever a build calls itself, its Boot record is taken: cut between two characters, not within one.
static void test_any_version_can_be_reported(void **unused)
{
	(void)unused;
	struct mu_agent_config odd = agent_rig_plain;
	odd.firmware = "1.0.0\t-longer-than-it-may-be\u00e9\u00e9"; // its 31st byte is the first of two
	start(&odd);
	fake_collector_run(&collector, 6000);
	assert_string_equal(collector.records[0]->boot_report->firmware, "1.0.0?-longer-than-it-may-be\u00e9");
	odd.firmware = "1.0.0-longer-than-it-may-be...\u00e9";
	start(&odd);
	fake_collector_run(&collector, 6000);
	assert_string_equal(fake_collector_last(&collector, MU__RECORD__BODY_BOOT_REPORT)->boot_report->firmware,
		"1.0.0-longer-than-it-may-be...");
}

static void test_an_outage_loses_nothing(void **unused)
{
	(void)unused;
	struct mu_agent_config config = agent_rig_plain;
	config.heartbeat_ms = 1000;
	start(&config);
	fake_collector_run(&collector, 10000);
	unsigned before = collector.count;
	collector.no_broker = true;
	mu_agent_post(agent, &(struct mu_event){ .type = MU_EVENT_MQTT_CLOSED, .reason = MU_ERR_CLOSED });
	fake_collector_run(&collector, 120000);
	assert_int_equal(collector.count, before);
	assert_in_range(mu_spool_depth(&agent->spool), 115, 130);
	collector.no_broker = false;
	fake_collector_run(&collector, 70000); // back-off is at most 60 s
	assert_in_range(mu_spool_depth(&agent->spool), 0, 1);
	for (unsigned i = 0; i < collector.count; i++)
		assert_int_equal(collector.seqs[i], i + 1);
}

// After an outage: as large as the caller's buffer allows, no larger than the agent's own without one.
static void test_a_backlog_goes_in_batches_of_the_size_asked_for(void **unused)
{
	(void)unused;
	static uint8_t batch[16384];
	const struct {
		uint32_t batch_bytes;
		void *batch;
		size_t least, most;
	} rows[] = { { 0, 0, 3900, 4096 }, { 1000, 0, 850, 1000 }, { sizeof batch, batch, 16000, 16384 }, { 8192, batch, 8000, 8192 } };
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct mu_agent_config config = agent_rig_plain;
		config.heartbeat_ms = 1000;
		config.batch_bytes = rows[i].batch_bytes;
		config.batch = rows[i].batch;
		agent_rig_close();
		agent_rig_open(32);
		start(&config);
		collector.no_broker = true;
		fake_collector_run(&collector, 300000);
		assert_true(mu_spool_depth(&agent->spool) > 290);
		unsigned before = fake.published;
		collector.no_broker = false;
		size_t largest = 0;
		for (int s = 0; s < 700 && mu_spool_depth(&agent->spool) > 1; s++) {
			fake_collector_run(&collector, 100);
			for (; before < fake.published; before++) {
				const struct fake_publish *publish = fake_port_publish(&fake, fake.published - 1 - before);
				largest = publish->size > largest ? publish->size : largest;
			}
		}
		assert_in_range(largest, rows[i].least, rows[i].most);
		assert_true(mu_spool_depth(&agent->spool) <= 1);
		for (unsigned k = 0; k < collector.count; k++)
			assert_int_equal(collector.seqs[k], k + 1);
	}
}

// No Ack, no deletion: PUBACKs alone free nothing.
static void test_pubacks_do_not_empty_the_spool(void **unused)
{
	(void)unused;
	struct mu_agent_config config = agent_rig_plain;
	config.heartbeat_ms = 1000;
	start(&config);
	collector.no_ack = true;
	fake_collector_run(&collector, 60000);
	assert_true(mu_spool_depth(&agent->spool) >= 55);
	collector.no_ack = false;
	fake_collector_run(&collector, 120000);
	assert_in_range(mu_spool_depth(&agent->spool), 0, 1);
}

static void test_a_stale_token_resets_within_a_second_and_is_named(void **unused)
{
	(void)unused;
	start(&agent_rig_plain);
	int token = mu_agent_token(agent, "pump", 4000, 0);
	assert_true(token >= 0);
	fake_collector_run(&collector, 3900);
	assert_int_equal(fake.restarts, 0);
	fake_collector_run(&collector, 1100);
	assert_int_equal(fake.restarts, 1);
	assert_int_equal(mu_agent_step(agent, 6000), UINT64_MAX); // does nothing any more

	agent_rig_boot(&agent_rig_plain, MU_RESET_RAW_SW);
	fake_collector_run(&collector, 8000);
	const Mu__Boot *boot = fake_collector_last(&collector, MU__RECORD__BODY_BOOT_REPORT)->boot_report;
	assert_int_equal(boot->reset_class, MU__RESET_CLASS__RESET_HANG);
	assert_string_equal(boot->hung_token, "pump");
	assert_in_range(boot->previous_uptime_s, 3, 5);
}

static void test_metrics_and_events_of_the_application(void **unused)
{
	(void)unused;
	start(&agent_rig_plain);
	fake_collector_run(&collector, 1000);
	const Mu__Record *first = fake_collector_last(&collector, MU__RECORD__BODY_BOOT_REPORT);
	int level = mu_agent_metric(agent, "tank_level");
	assert_int_equal(mu_agent_metric_real(agent, level, 0.5), 0);
	assert_int_equal(mu_agent_event(agent, "valve_open", "by hand", 1, 1000), 0);
	fake_collector_run(&collector, 8000);
	const Mu__Record *boot = fake_collector_last(&collector, MU__RECORD__BODY_BOOT_REPORT);
	assert_int_equal(boot->boot_report->n_app_metric_names, 1);
	assert_string_equal(boot->boot_report->app_metric_names[0], "tank_level");
	assert_int_equal(fake_collector_count(&collector, MU__RECORD__BODY_BOOT_REPORT), 2); // the second names it: no other boot
	assert_false(first->boot_report->again);
	assert_true(boot->boot_report->again);
	const Mu__Record *heartbeat = fake_collector_last(&collector, MU__RECORD__BODY_HEARTBEAT);
	assert_int_equal(heartbeat->heartbeat->n_app, 1);
	assert_true(heartbeat->heartbeat->app[0]->real == 0.5);
	assert_string_equal(fake_collector_last(&collector, MU__RECORD__BODY_EVENT)->event->text, "by hand");
}

// Flash that fails in every position must cost records at most, never the agent.
static void test_lives_on_when_flash_calls_fail(void **unused)
{
	(void)unused;
	for (uint64_t n = 1; n < 60; n++) {
		for (int call = FAKE_CALL_READ; call <= FAKE_CALL_SET; call++) {
			agent_rig_close();
			agent_rig_open(32);
			fake_port_fail(&fake, (enum fake_call)call, n, 1);
			start(&agent_rig_plain);
			fake_collector_run(&collector, 130000);
			assert_int_equal(fake.restarts, 0);
			assert_true(collector.online >= 1);
			// one failed call silences nobody for the whole boot: it is tried again after a minute
			assert_non_null(fake_collector_last(&collector, MU__RECORD__BODY_BOOT_REPORT));
			assert_non_null(fake_collector_last(&collector, MU__RECORD__BODY_HEARTBEAT));
		}
	}
}

// ---------------------------------------------------------------- no allocation after init

static volatile size_t allocations; // calls; volatile: the compiler holds that malloc() changes no variable of ours

#ifdef MUSTER_SANITIZED
int __sanitizer_install_malloc_and_free_hooks(void (*on_malloc)(const volatile void *, size_t), void (*on_free)(const volatile void *));
static void count_allocation(const volatile void *memory, size_t size)
{
	(void)memory;
	(void)size;
	allocations++;
}
static void ignore_free(const volatile void *memory)
{
	(void)memory;
}
static void watch_allocations(void)
{
	assert_true(__sanitizer_install_malloc_and_free_hooks(count_allocation, ignore_free) > 0);
}
#else
// The program's own stand before glibc's, for the libraries that it uses, too (protobuf-c). What they give is glibc's, and so is free().
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *memory, size_t size);
void *__libc_memalign(size_t alignment, size_t size);
void *malloc(size_t size)
{
	allocations++;
	return __libc_malloc(size);
}
void *calloc(size_t count, size_t size)
{
	allocations++;
	return __libc_calloc(count, size);
}
void *realloc(void *memory, size_t size)
{
	allocations++;
	return __libc_realloc(memory, size);
}
void *aligned_alloc(size_t alignment, size_t size)
{
	allocations++;
	return __libc_memalign(alignment, size);
}
int posix_memalign(void **memory, size_t alignment, size_t size)
{
	allocations++;
	*memory = __libc_memalign(alignment, size);
	return *memory ? 0 : ENOMEM;
}
static void watch_allocations(void)
{
}
#endif

// A broker that copies nothing, so that every allocation seen is the agent's.
static int quiet_open(void *context, const struct mu_mqtt_options *options)
{
	(void)context;
	(void)options;
	return 0;
}
static void quiet_close(void *context)
{
	(void)context;
}
static int quiet_subscribe(void *context, const char *topic, int qos)
{
	(void)context;
	(void)topic;
	return qos;
}
static int quiet_id;
static uint64_t quiet_epoch;
static int quiet_publish(void *context, const char *topic, const void *payload, size_t size, int qos)
{
	(void)context;
	(void)topic;
	(void)qos;
	if (size > 9 && ((const uint8_t *)payload)[0] == 0x09) // Uplink.epoch, fixed64
		memcpy(&quiet_epoch, (const uint8_t *)payload + 1, sizeof quiet_epoch);
	return ++quiet_id;
}
static int quiet_phases(void *context, struct mu_mqtt_phases *out)
{
	(void)context;
	*out = (struct mu_mqtt_phases){ .tcp_ms = 3, .mqtt_ms = 5 };
	return 0;
}

static int quiet_descriptor(void *context)
{
	(void)context;
	return MU_ERR_NOT_FOUND;
}

// The counter sees each way to allocate, also when the block is given back at once.
static void expect_counted(void)
{
	static const char text[] = "of a library";
	size_t before = allocations;
	void *volatile block = malloc(100);
	block = realloc(block, 200);
	free(block);
	block = calloc(10, 10);
	free(block);
	block = aligned_alloc(64, 64);
	free(block);
	void *aligned = 0;
	assert_int_equal(posix_memalign(&aligned, 64, 64), 0);
	free(aligned);
	block = strdup(text);
	free(block);
	assert_int_equal(allocations, before + 6);
}

static void test_nothing_is_allocated_after_init(void **unused)
{
	(void)unused;
	static const struct mu_mqtt_port mqtt = { quiet_open, quiet_close, quiet_subscribe, quiet_publish, quiet_phases, quiet_descriptor };
	struct mu_port port = fake.port;
	struct mu_agent_config config = agent_rig_plain;
	uint8_t packed[64];
	int seen = 0;
	port.mqtt = &mqtt;
	config.heartbeat_ms = 1000;
	watch_allocations();
	expect_counted();
	size_t before = allocations;
	agent_rig_boot_on(&port, &config, MU_RESET_RAW_POWERON);
	for (uint64_t now_ms = 0; now_ms < 300000; now_ms += 50) {
		mu_agent_step(agent, now_ms);
		if (now_ms == 100)
			mu_agent_post(agent, &(struct mu_event){ .type = MU_EVENT_LINK_UP });
		if (agent->session.phase == MU_SESSION_OPENING)
			mu_agent_post(agent, &(struct mu_event){ .type = MU_EVENT_MQTT_OPEN });
		for (; seen < quiet_id; seen++)
			mu_agent_post(agent, &(struct mu_event){ .type = MU_EVENT_MQTT_PUBLISHED, .value = seen + 1 });
		if (now_ms % 1000 == 0 && agent->uplink.sent_through) {
			Mu__Ack ack = MU__ACK__INIT;
			ack.epoch = quiet_epoch;
			ack.through_seq = agent->uplink.sent_through;
			mu_agent_post(agent,
				&(struct mu_event){ .type = MU_EVENT_MQTT_MESSAGE,
					.topic = "muster/v1/dev-1/ack",
					.payload = packed,
					.payload_bytes = mu__ack__pack(&ack, packed) });
		}
		if (now_ms % 10000 == 0)
			mu_agent_post(agent, &(struct mu_event){ .type = MU_EVENT_MQTT_ALIVE });
		if (now_ms == 150000) // an outage in the middle
			mu_agent_post(agent, &(struct mu_event){ .type = MU_EVENT_MQTT_CLOSED, .reason = MU_ERR_CLOSED });
		if (now_ms % 70000 == 7000) // rubbish on the command topic
			mu_agent_post(agent,
				&(struct mu_event){ .type = MU_EVENT_MQTT_MESSAGE,
					.topic = "muster/v1/dev-1/dn",
					.payload = packed,
					.payload_bytes = 40 });
	}
	assert_int_equal(allocations, before);
	assert_true(mu_spool_acked_through(&agent->spool) > 200); // it did live
	assert_true(agent->command.received > 0);
	assert_true(agent->session.opened == 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_bad_configurations_are_refused, set_up, agent_rig_tear_down),
		cmocka_unit_test_setup_teardown(test_a_port_without_memory_to_give_is_refused, set_up, agent_rig_tear_down),
		cmocka_unit_test_setup_teardown(test_lives_on_memory_that_no_reset_outlives, set_up, agent_rig_tear_down),
		cmocka_unit_test_setup_teardown(test_reports_from_the_first_boot_on, set_up, agent_rig_tear_down),
		cmocka_unit_test_setup_teardown(test_any_version_can_be_reported, set_up, agent_rig_tear_down),
		cmocka_unit_test_setup_teardown(test_an_outage_loses_nothing, set_up, agent_rig_tear_down),
		cmocka_unit_test_setup_teardown(test_a_backlog_goes_in_batches_of_the_size_asked_for, set_up, agent_rig_tear_down),
		cmocka_unit_test_setup_teardown(test_pubacks_do_not_empty_the_spool, set_up, agent_rig_tear_down),
		cmocka_unit_test_setup_teardown(test_a_stale_token_resets_within_a_second_and_is_named, set_up, agent_rig_tear_down),
		cmocka_unit_test_setup_teardown(test_metrics_and_events_of_the_application, set_up, agent_rig_tear_down),
		cmocka_unit_test_setup_teardown(test_lives_on_when_flash_calls_fail, set_up, agent_rig_tear_down),
		cmocka_unit_test_setup_teardown(test_nothing_is_allocated_after_init, set_up, agent_rig_tear_down),
	};
	return cmocka_run_group_tests(tests, 0, 0);
}
