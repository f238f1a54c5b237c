// SPDX-License-Identifier: Apache-2.0
// What is in a heartbeat. (When it is due: test_heartbeat_schedule.c.)
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include "agent/health/heartbeat.h"
#include "proto/limits.h"

static uint8_t sha_a[MU_SHA_BYTES] = { 0xA0 }, sha_b[MU_SHA_BYTES] = { 0xB0 };
static struct mu_heartbeat heartbeat;
static struct mu_heartbeat_storage out, model; // what is sent, and what is known
static Mu__Vitals *const vitals = &model.vitals;
static Mu__LinkHealth *const link_health = &model.link;
static Mu__Sockets *const sockets = &model.sockets;
static Mu__UplinkHealth *const uplink = &model.uplink;
static Mu__Tasks *const tasks = &model.tasks;
static Mu__OtaHealth *const ota = &model.ota;
static Mu__AgentCost *const cost = &model.agent;
static struct mu_app_metrics app;

static void set_vitals(void)
{
	vitals->heap_free_bytes = 131072;
	vitals->heap_min_bytes = 88123;
	vitals->heap_largest_bytes = 65536;
	vitals->psram_free_bytes = 2000000;
	vitals->psram_min_bytes = 1900000;
	vitals->psram_largest_bytes = 1800000;
	vitals->temperature_decicelsius = 412;
	vitals->has_heap_slope_bytes_per_h = false;
}

static void set_link(void)
{
	link_health->state = MU__NETWORK_STATE__NETWORK_CONNECTED;
	link_health->disconnects = 2;
	link_health->rssi_dbm = -63;
	link_health->rssi_min_dbm = -71;
	link_health->channel = 11;
	link_health->associate_ms = 812;
	link_health->dhcp_ms = 340;
	link_health->dns_ms = 20;
	link_health->tcp_ms = 31;
	link_health->tls_ms = 640;
	link_health->mqtt_ms = 12;
	link_health->reasons = model.reason_list;
	link_health->n_reasons = 1;
	model.reason_list[0] = &model.reasons[0];
	mu__reason_count__init(model.reason_list[0]);
	model.reasons[0].reason = 200;
	model.reasons[0].count = 2;
}

static void set_ota(void)
{
	ota->running_slot = 1;
	ota->running_state = ota->other_state = MU__SLOT_STATE__SLOT_VALID;
	ota->running_sha = (ProtobufCBinaryData){ sizeof sha_a, sha_a };
	ota->other_sha = (ProtobufCBinaryData){ sizeof sha_b, sha_b };
	ota->other_firmware = (char *)"1.0.0";
	ota->rollback_ready = true;
	ota->has_rollback_block = false;
}

static int setup(void **unused)
{
	(void)unused;
	assert_int_equal(mu_heartbeat_init(&heartbeat, "dev-0001", 60000), 0);
	mu_heartbeat_begin(&model);
	set_vitals();
	set_link();
	set_ota();
	sockets->open = 3;
	sockets->limit = 10;
	sockets->high_water = 5;
	uplink->spool_records = uplink->oldest_age_s = 1;
	uplink->ack_ms = 140;
	uplink->spool_used_permille = 3;
	tasks->cpu0_permille = 120;
	tasks->cpu1_permille = 430;
	tasks->stack_min_bytes = 900;
	tasks->stack_min_task = (char *)"sensor";
	tasks->watchdog_armed = true;
	tasks->watchdog_late_ms = 812;
	cost->cpu_us_per_s = 800;
	cost->sent_bytes = 40000;
	cost->flash_erases = 3;
	cost->flash_written_bytes = 90000;
	cost->step_max_us = 4100;
	mu_app_metrics_init(&app);
	return 0;
}

// As the agent does; what the model marks absent is absent.
static void copy_model(void)
{
	const Mu__Heartbeat known = model.heartbeat;
	mu_heartbeat_begin(&out);
	out.vitals = model.vitals;
	out.link = model.link;
	out.sockets = model.sockets;
	out.uplink = model.uplink;
	out.tasks = model.tasks;
	out.ota = model.ota;
	out.agent = model.agent;
	if (!known.link)
		out.heartbeat.link = 0;
	if (!known.sockets)
		out.heartbeat.sockets = 0;
	if (!known.uplink)
		out.heartbeat.uplink = 0;
	if (!known.tasks)
		out.heartbeat.tasks = 0;
	if (!known.ota)
		out.heartbeat.ota = 0;
	if (!known.agent)
		out.heartbeat.agent = 0;
}

// Fills, holds it against the limits, and returns the packed size of its record.
static size_t fill(uint64_t now_ms)
{
	copy_model();
	out.vitals.uptime_s = (uint32_t)(now_ms / 1000);
	out.heartbeat.app = out.app_list;
	out.heartbeat.n_app = mu_app_metrics_fill(&app, !mu_heartbeat_is_full(&heartbeat), out.app, out.app_list);
	mu_heartbeat_choose(&heartbeat, &out);
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
	link_health->has_rssi_min_dbm = false; // nothing heard since
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
	uplink->retransmits = 1;
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
	link_health->channel = 6;
	expect_only("channel", LINK);
	link_health->tls_ms = 700;
	expect_only("a new session", LINK);
	link_health->mqtt_ms = 13;
	expect_only("and another", LINK);
	model.reasons[0].count = 3;
	expect_only("a reason", LINK);
	sockets->high_water = 6;
	expect_only("sockets high water", SOCKETS);
	sockets->refused = 1;
	expect_only("a refused session", SOCKETS);
	vitals->psram_min_bytes = 1;
	expect_only("PSRAM low water", PSRAM);
	tasks->stack_min_bytes = 500;
	expect_only("stack", TASKS);
	tasks->watchdog_armed = false;
	expect_only("watchdog", TASKS);
	ota->rollback_ready = false;
	ota->has_rollback_block = true;
	ota->rollback_block = MU__ROLLBACK_BLOCK__ROLLBACK_DAMAGED;
	expect_only("rollback block", OTA);
	ota->other_sha.data = sha_a;
	expect_only("the other image", OTA);
	ota->other_firmware = (char *)"1.0.1";
	expect_only("its version", OTA);
	cost->sent_bytes++;
	tasks->cpu0_permille = 999;
	tasks->watchdog_late_ms = 900;
	vitals->temperature_decicelsius = 700;
	vitals->psram_free_bytes--;
	uplink->oldest_age_s = 90;
	expect_only("what changes always", 0);
}

// A full spool or a flash fault loses no change.
static void test_what_was_not_stored_is_told_again(void **unused)
{
	(void)unused;
	record(5000);
	ota->state = MU__OTA_STATE__OTA_TRIAL;
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

// Only what changes is watched, so a value that comes or goes is a change, too.
static void test_what_comes_or_goes_is_a_change(void **unused)
{
	(void)unused;
	record(5000);
	link_health->has_channel = link_health->has_dhcp_ms = false;
	expect_only("no channel", LINK);
	link_health->has_channel = link_health->has_dhcp_ms = true;
	expect_only("a channel again", LINK);
	link_health->n_reasons = 0;
	expect_only("no reason", LINK);
	ota->has_other_sha = false;
	ota->other_firmware = 0;
	expect_only("no other image", OTA);
}

static bool has_vitals_only(const Mu__Heartbeat *h)
{
	const void *const others[] = { h->link, h->sockets, h->uplink, h->tasks, h->ota, h->agent };
	for (size_t i = 0; i < sizeof others / sizeof *others; i++)
		if (others[i])
			return false;
	return h->vitals && h->n_app == 0;
}

static void test_absent_parts(void **unused)
{
	(void)unused;
	mu__heartbeat__init(&model.heartbeat);
	fill(5000);
	assert_true(has_vitals_only(&out.heartbeat));
	mu_heartbeat_recorded(&heartbeat, true, 5000);
	fill(10000); // a part that is not there is neither full nor changed
	assert_true(has_vitals_only(&out.heartbeat));
}

// Each field of each part is there at first: a new one in the schema cannot be forgotten unnoticed.
static void test_begin_marks_all_present(void **unused)
{
	(void)unused;
	mu_heartbeat_begin(&out);
	const ProtobufCMessage *const parts[] = { &out.vitals.base, &out.link.base, &out.sockets.base, &out.uplink.base, &out.tasks.base,
		&out.ota.base, &out.agent.base };
	for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
		for (unsigned j = 0; j < parts[i]->descriptor->n_fields; j++) {
			const ProtobufCFieldDescriptor *field = &parts[i]->descriptor->fields[j];
			assert_in_range(field->id, 1, 31); // the sets of fields are bits by number
			if (field->label == PROTOBUF_C_LABEL_OPTIONAL && field->type != PROTOBUF_C_TYPE_STRING)
				assert_true(
					*(const protobuf_c_boolean *)(const void *)((const uint8_t *)parts[i] + field->quantifier_offset));
		}
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
	link_health->has_rssi_min_dbm = true;
	size_t steady = fill(86400000);
	if (full > 256 || steady > 120)
		fail_msg("full %zu, steady %zu bytes", full, steady);
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
		cmocka_unit_test_setup(test_what_comes_or_goes_is_a_change, setup),
		cmocka_unit_test_setup(test_begin_marks_all_present, setup),
		cmocka_unit_test_setup(test_application_metrics, setup),
		cmocka_unit_test_setup(test_sizes, setup),
	};
	return cmocka_run_group_tests(tests, 0, 0);
}
