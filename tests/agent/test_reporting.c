// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include "agent/reporting.h"
#include "tests/agent/agent_rig.h"

static void test_the_most_frequent_reason_comes_first(void **unused)
{
	(void)unused;
	struct mu_disconnects disconnects = { .total = 0 };
	const uint32_t reasons[] = { 200, 8, 8, 201, 8, 200 };
	for (size_t i = 0; i < sizeof reasons / sizeof *reasons; i++)
		mu_disconnects_add(&disconnects, reasons[i]);
	assert_int_equal(disconnects.total, 6);
	assert_int_equal(disconnects.used, 3);
	assert_int_equal(disconnects.by_reason[0].reason, 8);
	assert_int_equal(disconnects.by_reason[0].count, 3);
	assert_int_equal(disconnects.by_reason[1].reason, 200);
	assert_int_equal(disconnects.by_reason[2].reason, 201);
}

// More kinds than places: the total stays right and a frequent one is never pushed out by rare ones.
static void test_rare_reasons_share_the_last_place(void **unused)
{
	(void)unused;
	struct mu_disconnects disconnects = { .total = 0 };
	for (int i = 0; i < 50; i++)
		mu_disconnects_add(&disconnects, 8);
	for (uint32_t reason = 100; reason < 130; reason++)
		mu_disconnects_add(&disconnects, reason);
	uint32_t sum = 0;
	for (uint32_t i = 0; i < disconnects.used; i++)
		sum += disconnects.by_reason[i].count;
	assert_int_equal(disconnects.total, 80);
	assert_int_equal(sum, 80);
	assert_int_equal(disconnects.used, MU_AGENT_REASONS);
	assert_int_equal(disconnects.by_reason[0].reason, 8);
}

static void test_a_heartbeat_carries_what_the_port_knows(void **unused)
{
	(void)unused;
	agent_rig_open(8);
	fake.vitals = (struct mu_system_vitals){ .heap_free_bytes = 81000,
		.heap_min_bytes = 64000,
		.heap_largest_bytes = 40000,
		.has_psram = true,
		.psram_free_bytes = 4000000,
		.psram_min_bytes = 3000000,
		.psram_largest_bytes = 2000000,
		.has_temperature = true,
		.temperature_decicelsius = -125,
		.has_cpu = true,
		.cpu_permille = { 120, 0 },
		.has_stack = true,
		.stack_min_bytes = 900,
		.stack_min_task = "wifi",
		.has_flash = true,
		.flash_erases = 4,
		.flash_written_bytes = 2048 };
	for (int i = 0; i < 3; i++)
		fake.socket_state[i] = 0; // open
	agent_rig_boot(&agent_rig_plain, MU_RESET_RAW_POWERON);
	fake_collector_run(&collector, 6000);
	const Mu__Heartbeat *heartbeat = fake_collector_last(&collector, MU__RECORD__BODY_HEARTBEAT)->heartbeat;
	assert_int_equal(heartbeat->vitals->heap_largest_bytes, 40000);
	assert_int_equal(heartbeat->vitals->temperature_decicelsius, -125);
	assert_int_equal(heartbeat->vitals->heap_free_bytes, 81000);
	assert_int_equal(heartbeat->vitals->heap_min_bytes, 64000);
	assert_int_equal(heartbeat->vitals->psram_free_bytes, 4000000);
	assert_int_equal(heartbeat->vitals->psram_min_bytes, 3000000);
	assert_int_equal(heartbeat->vitals->psram_largest_bytes, 2000000);
	assert_int_equal(heartbeat->vitals->uptime_s, 5);
	assert_false(heartbeat->vitals->has_heap_slope_bytes_per_h); // too early to tell
	assert_int_equal(heartbeat->link->rssi_min_dbm, -55);
	assert_true(heartbeat->link->has_channel && heartbeat->link->has_associate_ms && heartbeat->link->has_dhcp_ms);
	assert_int_equal(heartbeat->link->state, MU__NETWORK_STATE__NETWORK_CONNECTED);
	assert_true(heartbeat->link->has_mqtt_ms && !heartbeat->link->has_tls_ms); // no TLS: nothing to say of it
	assert_true(heartbeat->uplink->has_dropped_logs && heartbeat->uplink->dropped_records == 0);
	assert_int_equal(heartbeat->link->rssi_dbm, -55);
	assert_int_equal(heartbeat->sockets->open, 3);
	assert_int_equal(heartbeat->sockets->limit, 10);
	assert_int_equal(heartbeat->tasks->cpu0_permille, 120);
	assert_false(heartbeat->tasks->has_cpu1_permille); // one core
	assert_int_equal(heartbeat->tasks->stack_min_bytes, 900);
	assert_true(heartbeat->tasks->has_watchdog_armed && heartbeat->tasks->has_watchdog_late_ms);
	assert_string_equal(heartbeat->tasks->stack_min_task, "wifi");
	assert_int_equal(heartbeat->agent->flash_written_bytes, 2048);
	assert_int_equal(heartbeat->agent->flash_erases, 4);
	assert_true(heartbeat->agent->sent_bytes > 0);
	assert_null(heartbeat->ota); // this port has no slots
	agent_rig_close();
}

// What cannot be is withheld, or the nearest that can be; the heartbeat comes all the same, with all else in it.
static uint32_t last_step_max_us(void)
{
	for (unsigned i = collector.count; i-- > 0;)
		if (collector.records[i]->body_case == MU__RECORD__BODY_HEARTBEAT && collector.records[i]->heartbeat->agent)
			return collector.records[i]->heartbeat->agent->step_max_us;
	return UINT32_MAX;
}

// A slow step is told once, with the next heartbeat that has the agent's cost in it, which is not the very next one.
static void test_the_longest_step_is_told_once(void **unused)
{
	(void)unused;
	agent_rig_open(8);
	agent_rig_boot(&agent_rig_plain, MU_RESET_RAW_POWERON);
	fake_collector_run(&collector, 6000);
	assert_int_equal(last_step_max_us(), 0); // this port's clock of the CPU stands still
	agent->cost.step_max_us = 70000;
	fake_collector_run(&collector, 480000);
	assert_int_equal(last_step_max_us(), 70000);
	fake_collector_run(&collector, 600000);
	assert_int_equal(last_step_max_us(), 0);
	agent_rig_close();
}

static void test_a_mad_port_costs_its_figures_only(void **unused)
{
	(void)unused;
	agent_rig_open(8);
	fake.vitals = (struct mu_system_vitals){ .heap_free_bytes = 81000,
		.heap_largest_bytes = 40000,
		.has_temperature = true,
		.temperature_decicelsius = INT32_MIN,
		.has_cpu = true,
		.cpu_permille = { 4000, UINT32_MAX },
		.has_sockets = true,
		.sockets_limit = UINT32_MAX,
		.has_stack = true,
		.stack_min_bytes = 900,
		.stack_min_task = "\x80task" };
	agent_rig_boot(&agent_rig_plain, MU_RESET_RAW_POWERON);
	fake_collector_run(&collector, 2000);
	mu_disconnects_add(&agent->disconnects, UINT32_MAX);
	fake.link_status.channel = fake.link_status.dhcp_ms = UINT32_MAX;
	fake_collector_run(&collector, 4000);
	const Mu__Heartbeat *heartbeat = fake_collector_last(&collector, MU__RECORD__BODY_HEARTBEAT)->heartbeat;
	assert_false(heartbeat->vitals->has_temperature_decicelsius);
	assert_false(heartbeat->tasks->has_cpu0_permille || heartbeat->tasks->has_cpu1_permille);
	assert_false(heartbeat->link->has_channel || heartbeat->link->has_dhcp_ms);
	assert_true(heartbeat->link->has_associate_ms);
	assert_int_equal(heartbeat->link->reasons[0]->reason, UINT16_MAX);
	assert_false(heartbeat->agent->has_flash_erases); // not counted is not none
	assert_null(heartbeat->tasks->stack_min_task);
	assert_int_equal(heartbeat->tasks->stack_min_bytes, 900);
	assert_int_equal(heartbeat->vitals->heap_free_bytes, 81000);
	agent_rig_close();
}

// The same for what happens to the link: a loss with a reason that is none is a loss; and a wire has no signal.
static void test_a_mad_link_is_told_all_the_same(void **unused)
{
	(void)unused;
	agent_rig_open(8);
	agent_rig_boot(&agent_rig_plain, MU_RESET_RAW_POWERON);
	fake_collector_run(&collector, 2000);
	fake.link_status.channel = UINT32_MAX;
	fake.link_status.rssi_dbm = INT32_MIN;
	fake_collector_run(&collector, 4000);
	assert_true(agent->vitals.has_link && agent->vitals.link.channel == UINT32_MAX);
	static const int32_t reasons[] = { 0, 70000, INT32_MAX, MU_ERR_TIMEOUT, INT32_MIN };
	for (size_t i = 0; i < sizeof reasons / sizeof *reasons; i++)
		assert_true(mu_report_link(agent, MU__LINK_CHANGE__LINK_LOST, reasons[i], 0, 6000) > 0);
	assert_int_equal(mu_spool_refused(&agent->spool), 0);
	agent->vitals.link.rssi_dbm = 0;
	assert_true(mu_report_link(agent, MU__LINK_CHANGE__LINK_LADDER, 205, 0, 6000) > 0);
	fake_collector_run(&collector, 20000);
	const Mu__Link *link = fake_collector_last(&collector, MU__RECORD__BODY_LINK)->link;
	assert_int_equal(link->reason, 205);
	assert_false(link->has_rssi_dbm || link->has_channel);
	agent_rig_close();
}

// A name or text that the collector would refuse is not sent, and its number is not used up.
static void test_a_bad_event_is_refused(void **unused)
{
	(void)unused;
	agent_rig_open(8);
	agent_rig_boot(&agent_rig_plain, MU_RESET_RAW_POWERON);
	uint64_t next = mu_spool_next_seq(&agent->spool);
	assert_int_equal(mu_report_event(agent, "bad name\n", 0, 0, 10), 0);
	assert_int_equal(mu_spool_next_seq(&agent->spool), next);
	assert_int_equal(mu_spool_refused(&agent->spool), 1);
	assert_int_equal(mu_report_event(agent, "good", 0, 7, 10), next);
	assert_int_equal(mu_spool_next_seq(&agent->spool), next + 1);
	agent_rig_close();
}

// A log line is never refused for its text: cut at its limit, between characters, and cleaned.
static void test_a_log_line_is_made_to_fit(void **unused)
{
	(void)unused;
	char text[601], tag[40];
	memset(text, 'x', sizeof text);
	text[600] = 0;
	memcpy(text, "a\nb\x1b[31mc\xff", 10);
	memcpy(text + 255, "\xc3\xa4", 2); // lies across the limit
	memset(tag, 't', sizeof tag);
	tag[39] = 0;
	agent_rig_open(8);
	agent_rig_boot(&agent_rig_plain, MU_RESET_RAW_POWERON);
	assert_true(mu_report_log(agent, MU__LOG_LEVEL__LOG_ERROR, tag, text, 10) > 0);
	fake_collector_run(&collector, 20000);
	const Mu__Log *log = fake_collector_last_log(&collector, "ttttttttttttttt"); // 15
	assert_non_null(log);
	assert_int_equal(strlen(log->text), 255);
	assert_memory_equal(log->text, "a?b?[31mc?x", 11);
	agent_rig_close();
}

// Flash that rots: the sector's own records are a Gap, all others arrive, and the device says so, once.
static void test_a_damaged_sector_is_reported_once(void **unused)
{
	(void)unused;
	agent_rig_open(8);
	collector.no_broker = true;
	agent_rig_boot(&agent_rig_plain, MU_RESET_RAW_POWERON);
	fake_collector_run(&collector, 3 * 3600 * 1000); // more than two sectors
	assert_true(mu_spool_depth(&agent->spool) > 150);
	uint32_t head = agent->spool.recent.head;
	assert_true(head >= 3);
	memset(fake.flash[MU_PART_SPOOL] + MU_SECTOR_BYTES + 300, 0, 64); // in records of the second one
	collector.no_broker = false;
	agent_rig_boot(&agent_rig_plain, MU_RESET_RAW_SW);
	fake_collector_run(&collector, 600 * 1000);
	assert_int_equal(mu_spool_depth(&agent->spool), 0);
	assert_int_equal(fake_collector_count_events(&collector, "spool_damaged"), 1);
	assert_int_equal(fake_collector_last_event(&collector, "spool_damaged")->value, 1);
	assert_true(fake_collector_count(&collector, MU__RECORD__BODY_GAP) >= 1);
	assert_int_equal(fake_collector_last(&collector, MU__RECORD__BODY_GAP)->gap->reason, MU__GAP_REASON__GAP_DAMAGED);
	assert_in_range(collector.count, mu_spool_next_seq(&agent->spool) - 60, mu_spool_next_seq(&agent->spool)); // a sector holds 60
	agent_rig_close();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_most_frequent_reason_comes_first),
		cmocka_unit_test(test_rare_reasons_share_the_last_place),
		cmocka_unit_test(test_a_heartbeat_carries_what_the_port_knows),
		cmocka_unit_test(test_the_longest_step_is_told_once),
		cmocka_unit_test(test_a_mad_port_costs_its_figures_only),
		cmocka_unit_test(test_a_mad_link_is_told_all_the_same),
		cmocka_unit_test(test_a_bad_event_is_refused),
		cmocka_unit_test(test_a_log_line_is_made_to_fit),
		cmocka_unit_test(test_a_damaged_sector_is_reported_once),
	};
	return cmocka_run_group_tests(tests, 0, 0);
}
