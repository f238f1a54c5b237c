// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>
#include "agent/health/heartbeat.h"
#include "proto/limits.h"

static const uint8_t sha_a[MU_SHA_BYTES] = { 0xA0 }, sha_b[MU_SHA_BYTES] = { 0xB0 };
static struct mu_heartbeat heartbeat;
static struct mu_heartbeat_storage out;
static struct mu_vitals vitals;
static struct mu_heartbeat_link link_part;
static struct mu_heartbeat_sockets sockets;
static struct mu_heartbeat_uplink uplink;
static struct mu_heartbeat_tasks tasks;
static struct mu_heartbeat_ota ota;
static struct mu_heartbeat_cost cost;
static struct mu_app_metrics app;
static struct mu_heartbeat_input input;

static int setup(void **unused)
{
	(void)unused;
	assert_int_equal(mu_heartbeat_init(&heartbeat, "dev-0001", 60000), 0);
	mu_vitals_init(&vitals);
	vitals.has_system = vitals.has_link = vitals.has_rssi_min = true;
	vitals.heap_low_bytes = 88123;
	vitals.rssi_min_dbm = -71;
	vitals.link = (struct mu_link_status){ .up = true, .rssi_dbm = -63, .channel = 11, .associate_ms = 812, .dhcp_ms = 340 };
	vitals.system = (struct mu_system_vitals){
		.heap_free_bytes = 131072,
		.heap_min_bytes = 90000,
		.heap_largest_bytes = 65536,
		.has_psram = true,
		.psram_free_bytes = 2000000,
		.psram_min_bytes = 1900000,
		.psram_largest_bytes = 1800000,
		.has_temperature = true,
		.temperature_decicelsius = 412,
		.has_cpu = true,
		.cpu_permille = { 120, 430 },
		.has_stack = true,
		.stack_min_bytes = 900,
		.stack_min_task = "sensor",
	};
	link_part = (struct mu_heartbeat_link){
		.state = MU__NETWORK_STATE__NETWORK_CONNECTED,
		.disconnects = 2,
		.reason_count = 1,
		.reasons = { { 200, 2 } },
		.has_phases = true,
		.phases = { 20, 31, 640, 12 },
	};
	sockets = (struct mu_heartbeat_sockets){ 3, 10, 5, 0, 0 };
	uplink = (struct mu_heartbeat_uplink){ .spool_records = 1,
		.oldest_age_s = 1,
		.has_ack = true,
		.ack_ms = 140,
		.spool_used_permille = 3 };
	tasks = (struct mu_heartbeat_tasks){ true, 812 };
	ota = (struct mu_heartbeat_ota){
		.state = MU__OTA_STATE__OTA_IDLE,
		.running_slot = 1,
		.running_state = MU__SLOT_STATE__SLOT_VALID,
		.other_state = MU__SLOT_STATE__SLOT_VALID,
		.running_sha = sha_a,
		.other_sha = sha_b,
		.other_firmware = "1.0.0",
	};
	cost = (struct mu_heartbeat_cost){ 800, 40000, 3, 90000, 4100 };
	mu_app_metrics_init(&app);
	input = (struct mu_heartbeat_input){ &vitals, 0, &link_part, &sockets, &uplink, &tasks, &ota, &cost, &app };
	return 0;
}

// Fills, holds it against the limits, and returns the packed size of its record.
static size_t fill(uint64_t now_ms)
{
	mu_heartbeat_fill(&heartbeat, &input, now_ms, &out);
	Mu__Record record;
	mu__record__init(&record);
	record.boot = 12;
	record.uptime_ms = now_ms;
	record.has_wall_ms = true;
	record.wall_ms = UINT64_C(1795000000000);
	record.has_time_quality = true;
	record.time_quality = MU__TIME_QUALITY__TIME_SNTP;
	record.body_case = MU__RECORD__BODY_HEARTBEAT;
	record.heartbeat = &out.heartbeat;
	struct mu_limits_fault fault;
	if (mu_limits_check_record(&record, &fault) < 0)
		fail_msg("%s %s", fault.field, fault.what);
	return mu__record__get_packed_size(&record);
}

static void record(uint64_t now_ms)
{
	fill(now_ms);
	mu_heartbeat_recorded(&heartbeat, true, now_ms);
	mu_vitals_reported(&vitals);
	mu_app_metrics_reported(&app);
}

// Which of the slow parts are in, a bit each.
enum { LINK = 1, SOCKETS = 2, PSRAM = 4, TASKS = 8, OTA = 16, ALL = 63 };

static unsigned slow_parts(void)
{
	const Mu__Heartbeat *h = &out.heartbeat;
	const bool in[] = { h->link->has_mqtt_ms, h->sockets->has_limit, h->vitals->has_psram_min_bytes, h->tasks, h->ota, h->agent };
	unsigned parts = 0;
	for (unsigned i = 0; i < sizeof in / sizeof *in; i++)
		parts |= (unsigned)in[i] << i;
	return parts;
}

static void test_first_and_every_tenth_have_all_parts(void **unused)
{
	(void)unused;
	for (int i = 0; i < 31; i++) {
		fill(5000 + (uint64_t)i);
		assert_int_equal(slow_parts(), i % 10 == 0 ? ALL : 0);
		mu_heartbeat_recorded(&heartbeat, true, 5000 + (uint64_t)i);
	}
}

static void test_fast_parts_are_always_there(void **unused)
{
	(void)unused;
	record(5000);
	fill(10999);
	const Mu__Heartbeat *h = &out.heartbeat;
	assert_int_equal(h->vitals->uptime_s, 10);
	assert_true(h->vitals->has_verdict);
	assert_int_equal(h->vitals->heap_free_bytes, 131072);
	assert_int_equal(h->vitals->heap_min_bytes, 88123);
	assert_int_equal(h->vitals->heap_largest_bytes, 65536);
	assert_false(h->vitals->has_temperature_decicelsius);
	assert_int_equal(h->link->rssi_dbm, -63);
	assert_false(h->link->has_rssi_min_dbm); // nothing heard since the last one
	assert_int_equal(h->link->state, MU__NETWORK_STATE__NETWORK_CONNECTED);
	assert_int_equal(h->link->disconnects, 2);
	assert_int_equal(h->sockets->open, 3);
	assert_int_equal(h->uplink->ack_ms, 140);
	assert_false(h->uplink->has_retransmits); // 0
	uplink.retransmits = 1;
	fill(11000);
	assert_int_equal(out.heartbeat.uplink->retransmits, 1);
}

static void test_the_first_is_complete(void **unused)
{
	(void)unused;
	fill(5000);
	const Mu__Heartbeat *h = &out.heartbeat;
	assert_int_equal(h->link->rssi_min_dbm, -71);
	assert_int_equal(h->link->n_reasons, 1);
	assert_int_equal(h->link->reasons[0]->reason, 200);
	assert_int_equal(h->link->tls_ms, 640);
	assert_int_equal(h->link->dhcp_ms, 340);
	assert_int_equal(h->vitals->temperature_decicelsius, 412);
	assert_int_equal(h->tasks->cpu1_permille, 430);
	assert_string_equal(h->tasks->stack_min_task, "sensor");
	assert_int_equal(h->ota->rollback_ready, true);
	assert_false(h->ota->has_rollback_block);
	assert_int_equal(h->agent->step_max_us, 4100);
	assert_true(h->uplink->has_dropped_logs);
	assert_false(h->vitals->has_heap_slope_bytes_per_h);
}

// Asked for, as by `diagnose`: all parts once, without waiting for the tenth.
static void test_all_parts_on_demand(void **unused)
{
	(void)unused;
	record(5000);
	fill(11000);
	assert_int_equal(slow_parts(), 0);
	mu_heartbeat_full(&heartbeat);
	fill(12000);
	assert_int_equal(slow_parts(), ALL);
	mu_heartbeat_recorded(&heartbeat, true, 12000);
	fill(13000);
	assert_int_equal(slow_parts(), 0);
}

// A change brings its own part and no other; once told it is no change any more.
static void expect_only(const char *what, unsigned parts)
{
	fill(61000);
	if (slow_parts() != parts)
		fail_msg("%s brought %u, not %u", what, slow_parts(), parts);
	heartbeat.recorded = 1; // not yet the tenth
	mu_heartbeat_recorded(&heartbeat, true, 61000);
	fill(62000);
	if (slow_parts() != 0)
		fail_msg("%s was told twice", what);
}

static void test_a_change_brings_its_part(void **unused)
{
	(void)unused;
	record(5000);
	vitals.link.channel = 6;
	expect_only("channel", LINK);
	link_part.phases.tls_ms = 700;
	expect_only("a new session", LINK);
	link_part.phases.mqtt_ms = 13;
	expect_only("and another", LINK);
	link_part.reasons[0].count = 3;
	expect_only("a reason", LINK);
	sockets.high_water = 6;
	expect_only("sockets high water", SOCKETS);
	sockets.refused = 1;
	expect_only("a refused session", SOCKETS);
	vitals.system.psram_min_bytes = 1;
	expect_only("PSRAM low water", PSRAM);
	vitals.system.stack_min_bytes = 500;
	expect_only("stack", TASKS);
	tasks.watchdog_armed = false;
	expect_only("watchdog", TASKS);
	ota.rollback_block = MU__ROLLBACK_BLOCK__ROLLBACK_DAMAGED;
	expect_only("rollback block", OTA);
	ota.other_sha = sha_a;
	expect_only("the other image", OTA);
	ota.other_firmware = "1.0.1";
	expect_only("its version", OTA);
	cost.sent_bytes++;
	vitals.system.cpu_permille[0] = 999;
	vitals.system.temperature_decicelsius = 700;
	uplink.oldest_age_s = 90;
	expect_only("what changes always", 0);
}

// A full spool or a flash fault loses no change.
static void test_what_was_not_stored_is_told_again(void **unused)
{
	(void)unused;
	record(5000);
	ota.state = MU__OTA_STATE__OTA_TRIAL;
	fill(10000);
	assert_non_null(out.heartbeat.ota);
	mu_heartbeat_recorded(&heartbeat, false, 10000);
	assert_int_equal(mu_heartbeat_next(&heartbeat), 20000); // the schedule goes on
	fill(20000);
	assert_int_equal(slow_parts(), ALL);
	mu_heartbeat_recorded(&heartbeat, true, 20000);
	fill(40000);
	assert_null(out.heartbeat.ota);
}

static void test_absent_parts(void **unused)
{
	(void)unused;
	input = (struct mu_heartbeat_input){ 0 };
	fill(5000);
	const Mu__Heartbeat *h = &out.heartbeat;
	assert_non_null(h->vitals);
	assert_false(h->vitals->has_heap_free_bytes);
	assert_true(!h->link && !h->sockets && !h->uplink && !h->tasks && !h->ota && !h->agent && h->n_app == 0);
	input.link = &link_part; // up, but nothing sampled yet
	fill(5000);
	assert_false(h->link->has_rssi_dbm);
	assert_false(h->link->has_channel);
}

// What a port may hand in, brought within the limits of the wire (fill() checks them).
static void test_figures_are_clamped(void **unused)
{
	(void)unused;
	link_part.phases.tls_ms = UINT32_MAX;
	link_part.reasons[0].reason = UINT32_MAX;
	link_part.reason_count = 99;
	link_part.reasons[1].count = link_part.reasons[2].count = 1;
	vitals.link.dhcp_ms = vitals.link.channel = UINT32_MAX;
	sockets.open = sockets.limit = UINT32_MAX;
	uplink.spool_used_permille = 1001;
	vitals.system.cpu_permille[0] = 4000;
	cost.cpu_us_per_s = UINT32_MAX;
	fill(UINT64_C(1) << 52);
	assert_int_equal(out.heartbeat.link->n_reasons, 3);
	assert_int_equal(out.heartbeat.vitals->uptime_s, UINT32_MAX);
}

static void test_application_metrics(void **unused)
{
	(void)unused;
	int rpm = mu_app_metrics_add(&app, "rpm"), level = mu_app_metrics_add(&app, "level");
	mu_app_metrics_integer(&app, rpm, 900);
	mu_app_metrics_real(&app, level, 0.25);
	fill(5000);
	assert_int_equal(out.heartbeat.n_app, 2);
	mu_heartbeat_recorded(&heartbeat, true, 5000);
	mu_app_metrics_reported(&app);
	mu_app_metrics_integer(&app, rpm, 901);
	fill(10000);
	assert_int_equal(out.heartbeat.n_app, 1);
	assert_int_equal(out.heartbeat.app[0]->integer, 901);
}

// DESIGN.md section 3: steady at most 120 bytes, every field at most 256.
static void test_sizes(void **unused)
{
	(void)unused;
	size_t full = fill(5000);
	record(5000);
	vitals.has_rssi_min = true;
	size_t steady = fill(86400000);
	if (full > 256 || steady > 120)
		fail_msg("full %zu, steady %zu bytes", full, steady);
}

// ---- when

static void test_first_hours_of_a_device(void **unused)
{
	(void)unused;
	static const uint64_t early[] = { 5000, 10000, 20000, 40000 };
	uint64_t last = 0;
	for (size_t i = 0; i < sizeof early / sizeof *early; i++) {
		last = mu_heartbeat_next(&heartbeat);
		assert_int_equal(last, early[i]);
		mu_heartbeat_recorded(&heartbeat, true, last + 7); // a little late
	}
	uint64_t phase = mu_heartbeat_next(&heartbeat) % 60000;
	assert_in_range(mu_heartbeat_next(&heartbeat), 40008, 100007);
	for (int i = 0; i < 1000; i++) {
		last = mu_heartbeat_next(&heartbeat);
		assert_int_equal(last % 60000, phase);
		mu_heartbeat_recorded(&heartbeat, true, last + 900);
		assert_int_equal(mu_heartbeat_next(&heartbeat), last + 60000); // lateness does not add up
	}
}

// 1,000 devices switched on together: in no second of the minute report more than 40 (17 on average).
static void test_phases_spread(void **unused)
{
	(void)unused;
	unsigned in_second[60] = { 0 };
	for (int i = 0; i < 1000; i++) {
		struct mu_heartbeat one;
		char id[16];
		snprintf(id, sizeof id, "dev-%04d", i);
		mu_heartbeat_init(&one, id, 60000);
		mu_heartbeat_recorded(&one, true, 600000);
		in_second[mu_heartbeat_next(&one) / 1000 % 60]++;
	}
	for (int i = 0; i < 60; i++)
		assert_in_range(in_second[i], 1, 40);
}

static void test_a_short_interval_has_no_ramp(void **unused)
{
	(void)unused;
	assert_int_equal(mu_heartbeat_init(&heartbeat, "x", 1000), 0);
	assert_int_equal(mu_heartbeat_next(&heartbeat), 1000);
	mu_heartbeat_recorded(&heartbeat, true, 1000);
	assert_in_range(mu_heartbeat_next(&heartbeat), 1001, 2000);
}

static void test_sleeping_through_some_sends_one(void **unused)
{
	(void)unused;
	mu_heartbeat_recorded(&heartbeat, true, 3600000);
	assert_in_range(mu_heartbeat_next(&heartbeat), 3600001, 3660000);
}

static void test_intervals_out_of_range(void **unused)
{
	(void)unused;
	struct mu_heartbeat before = heartbeat;
	assert_int_equal(mu_heartbeat_init(&heartbeat, "x", 999), MU_ERR_RANGE);
	assert_int_equal(mu_heartbeat_init(&heartbeat, "x", 86400001), MU_ERR_RANGE);
	assert_int_equal(mu_heartbeat_report(&heartbeat, 999, 1000000, 0), MU_ERR_RANGE);
	assert_memory_equal(&heartbeat, &before, sizeof before);
}

// `report {interval, for}`: denser for a while, then as before, without being told.
static void test_a_report_reverts_by_itself(void **unused)
{
	(void)unused;
	mu_heartbeat_recorded(&heartbeat, true, 300000);
	assert_int_equal(mu_heartbeat_report(&heartbeat, 1000, 310000, 300500), 0);
	int count = 0;
	for (; mu_heartbeat_next(&heartbeat) <= 310000; count++)
		mu_heartbeat_recorded(&heartbeat, true, mu_heartbeat_next(&heartbeat));
	assert_in_range(count, 9, 10);
	assert_in_range(mu_heartbeat_next(&heartbeat), 310001, 370000);
	uint64_t usual = mu_heartbeat_next(&heartbeat);
	mu_heartbeat_recorded(&heartbeat, true, usual);
	assert_int_equal(mu_heartbeat_next(&heartbeat), usual + 60000);
}

// An hour between two, but only for ten minutes: afterwards no hour is waited for.
static void test_a_sparse_report_ends_in_time(void **unused)
{
	(void)unused;
	assert_int_equal(mu_heartbeat_report(&heartbeat, 3600000, 3600000 + 600000, 3600000), 0);
	assert_in_range(mu_heartbeat_next(&heartbeat), 3600001, 3600000 + 660000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_first_and_every_tenth_have_all_parts, setup),
		cmocka_unit_test_setup(test_fast_parts_are_always_there, setup),
		cmocka_unit_test_setup(test_the_first_is_complete, setup),
		cmocka_unit_test_setup(test_all_parts_on_demand, setup),
		cmocka_unit_test_setup(test_a_change_brings_its_part, setup),
		cmocka_unit_test_setup(test_what_was_not_stored_is_told_again, setup),
		cmocka_unit_test_setup(test_absent_parts, setup),
		cmocka_unit_test_setup(test_figures_are_clamped, setup),
		cmocka_unit_test_setup(test_application_metrics, setup),
		cmocka_unit_test_setup(test_sizes, setup),
		cmocka_unit_test_setup(test_first_hours_of_a_device, setup),
		cmocka_unit_test_setup(test_phases_spread, setup),
		cmocka_unit_test_setup(test_a_short_interval_has_no_ramp, setup),
		cmocka_unit_test_setup(test_sleeping_through_some_sends_one, setup),
		cmocka_unit_test_setup(test_intervals_out_of_range, setup),
		cmocka_unit_test_setup(test_a_report_reverts_by_itself, setup),
		cmocka_unit_test_setup(test_a_sparse_report_ends_in_time, setup),
	};
	return cmocka_run_group_tests(tests, 0, 0);
}
