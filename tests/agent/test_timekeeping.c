// SPDX-License-Identifier: Apache-2.0
// Time servers, Acks and certificates: what a whole agent makes of them.
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include "agent/timekeeping.h"
#include "tests/agent/agent_rig.h"

#define YEAR_MS (INT64_C(365) * 86400000)
#define ACK_MS UINT64_C(1790000000000) // what the fake collector's clock showed when the device started

// The time servers: who answers, and how wrong they are.
static struct {
	const char *alive; // the host that answers; "*" all; null: none
	int64_t error_ms;
	unsigned asked;
} world;

static void start(const struct mu_agent_config *config)
{
	agent_rig_open(16);
	fake.wall_result = MU_ERR_NOT_FOUND;
	memset(&world, 0, sizeof world);
	agent_rig_boot(config, MU_RESET_RAW_POWERON);
}

static void put32(uint8_t *at, uint32_t value)
{
	for (int i = 0; i < 4; i++)
		at[i] = (uint8_t)(value >> (24 - 8 * i));
}

static void answer_request(void)
{
	uint8_t answer[MU_SNTP_PACKET_BYTES] = { 4 << 3 | 4, 2 };
	uint64_t wall_ms = ACK_MS + collector.now_ms + (uint64_t)world.error_ms;
	memcpy(answer + 24, fake.udp_payload + 40, 8);
	put32(answer + 40, (uint32_t)(wall_ms / 1000 + UINT64_C(2208988800)));
	put32(answer + 44, (uint32_t)(((wall_ms % 1000) << 32) / 1000 + 1));
	mu_agent_post(agent,
		&(struct mu_event){ .type = MU_EVENT_UDP_ANSWER, .payload = answer, .payload_bytes = sizeof answer, .value = 0 });
}

static void run(uint64_t duration_ms)
{
	for (uint64_t end_ms = collector.now_ms + duration_ms; collector.now_ms < end_ms;) {
		fake_collector_run(&collector, end_ms - collector.now_ms < 50 ? end_ms - collector.now_ms : 50);
		if (fake.udp_requests == world.asked)
			continue;
		world.asked = fake.udp_requests;
		if (world.alive && (*world.alive == '*' || !strcmp(world.alive, fake.udp_host)))
			answer_request();
	}
}

static const struct mu_agent_config plain = { .id = "dev-1",
	.firmware = "1.0.0",
	.broker_uri = "mqtt://h:1883",
	.ntp_servers = { "a", "b", "c" } };
static const struct mu_agent_config tls = { .id = "dev-1",
	.firmware = "1.0.0",
	.broker_uri = "mqtts://h:8883",
	.ntp_servers = { "a", "b", "c" } };
static const struct mu_agent_config no_servers = { .id = "dev-1", .firmware = "1.0.0", .broker_uri = "mqtts://h:8883" };

static void test_quality_of_each_record(void **unused)
{
	(void)unused;
	start(&tls);
	world.alive = "*";
	run(120000);
	const Mu__Record *first = collector.records[0], *last = fake_collector_last(&collector, MU__RECORD__BODY_HEARTBEAT);
	assert_int_equal(first->time_quality, MU__TIME_QUALITY__TIME_NONE);
	assert_false(first->has_wall_ms);
	assert_int_equal(last->time_quality, MU__TIME_QUALITY__TIME_SNTP); // not SERVER, though the Acks say a time, too
	assert_true(last->wall_ms == ACK_MS + last->uptime_ms);
	assert_int_equal(fake.udp_requests, 1);
	// A reset that the RTC has lived through.
	fake.wall_result = 0;
	agent_rig_boot(&tls, MU_RESET_RAW_SW);
	unsigned before = collector.count;
	world.alive = 0;
	run(120000);
	assert_int_equal(collector.records[before]->time_quality, MU__TIME_QUALITY__TIME_RTC);
	last = fake_collector_last(&collector, MU__RECORD__BODY_HEARTBEAT);
	assert_int_equal(last->time_quality, MU__TIME_QUALITY__TIME_SERVER);
	// The RTC's word dates records, but no certificate is judged by it.
	assert_int_equal(fake_collector_count_events(&collector, "certificate_dates_unchecked"), 1);
	assert_string_equal(fake_collector_last_event(&collector, "certificate_dates_unchecked")->text, "rtc");
	agent_rig_close();
}

static void test_the_first_tls_session_waits_for_the_answer(void **unused)
{
	(void)unused;
	start(&tls);
	world.alive = "b"; // after 3 s
	run(2900);
	assert_int_equal(fake.mqtt_opens, 0);
	run(300);
	assert_int_equal(fake.mqtt_opens, 1);
	assert_in_range(fake.mqtt_trusted_wall_ms - ACK_MS, 3000, 3200);
	run(10000);
	assert_int_equal(agent->session.phase, MU_SESSION_OPEN);
	assert_false(agent->session.dates_unchecked);
	// Later ones do not wait, and are judged by the time of then.
	mu_agent_post(agent, &(struct mu_event){ .type = MU_EVENT_MQTT_CLOSED, .reason = MU_ERR_CLOSED });
	run(20000);
	assert_int_equal(fake.mqtt_opens, 2);
	assert_in_range(fake.mqtt_trusted_wall_ms - ACK_MS, 13000, 33000);
	assert_int_equal(fake_collector_count_events(&collector, "certificate_dates_unchecked"), 0);
	agent_rig_close();
}

static void test_dead_servers_delay_tls_by_9_s_and_nothing_else(void **unused)
{
	(void)unused;
	start(&tls);
	collector.no_ack = true; // so that no time comes at all
	run(8900);
	assert_int_equal(fake.mqtt_opens, 0);
	assert_true(mu_spool_depth(&agent->spool) >= 2); // the health loop did not wait: boot, and a heartbeat
	run(200);
	assert_int_equal(fake.mqtt_opens, 1);
	assert_true(fake.mqtt_trusted_wall_ms == 0);
	agent_rig_close();
	start(&plain); // without certificates there is nothing to wait for
	run(100);
	assert_int_equal(fake.mqtt_opens, 1);
	agent_rig_close();
	start(&no_servers);
	run(100);
	assert_int_equal(fake.mqtt_opens, 1);
	assert_true(fake.mqtt_trusted_wall_ms == 0);
	agent_rig_close();
}

static void test_a_link_lost_while_the_open_is_held(void **unused)
{
	(void)unused;
	start(&tls);
	run(1000);
	collector.no_link = true;
	mu_agent_post(agent, &(struct mu_event){ .type = MU_EVENT_LINK_DOWN, .reason = 200 });
	run(20000);
	assert_int_equal(fake.mqtt_opens, 0); // nothing is opened over a link that is gone
	collector.no_link = false;
	world.alive = "*";
	run(60000);
	assert_int_equal(agent->session.phase, MU_SESSION_OPEN);
	agent_rig_close();
}

// Unjudged dates: reported, and made good once a time is known. Once: a clock or certificate that is bad must not make a loop.
static void test_unchecked_dates_are_reported_and_judged_later(void **unused)
{
	(void)unused;
	start(&no_servers);
	run(30000); // opened without; the first Ack brings the time; opened anew within the spread
	assert_int_equal(fake_collector_count_events(&collector, "certificate_dates_unchecked"), 1);
	assert_int_equal(fake_collector_last_event(&collector, "certificate_dates_unchecked")->value, 1);
	assert_string_equal(fake_collector_last_event(&collector, "certificate_dates_unchecked")->text, "none");
	assert_int_equal(fake.mqtt_opens, 2);
	assert_true(fake.mqtt_trusted_wall_ms > ACK_MS);
	assert_int_equal(fake_collector_count_links(&collector, MU__LINK_CHANGE__LINK_SESSION_LOST),
		1); // nobody shall look for who dropped it
	assert_int_equal(fake_collector_last_link(&collector, MU__LINK_CHANGE__LINK_SESSION_LOST)->reason, MU_REASON_RENEWED);
	assert_int_equal(fake_collector_count_links(&collector, MU__LINK_CHANGE__LINK_SESSION_RESTORED), 1);
	assert_int_equal(agent->session.phase, MU_SESSION_OPEN);
	run(600000);
	assert_int_equal(fake.mqtt_opens, 2);
	assert_int_equal(fake_collector_count_events(&collector, "certificate_dates_unchecked"), 1);
	assert_int_equal(fake.restarts, 0);
	agent_rig_close();
}

static void test_time_from_sntp_later_opens_anew_too(void **unused)
{
	(void)unused;
	start(&tls);
	collector.no_ack = true;
	run(30000);
	assert_int_equal(fake.mqtt_opens, 1);
	world.alive = "c";
	run(100000); // the next round comes within a minute
	assert_int_equal(fake.mqtt_opens, 2);
	assert_true(fake.mqtt_trusted_wall_ms > ACK_MS);
	collector.no_ack = false;
	run(200000);
	assert_int_equal(fake.mqtt_opens, 2);
	assert_int_equal(fake_collector_count_events(&collector, "sntp_failed"), 1);
	assert_string_equal(fake_collector_last_event(&collector, "sntp_failed")->text, "c: no answer");
	assert_int_equal(fake_collector_last_event(&collector, "sntp_failed")->value, 3);
	agent_rig_close();
}

static void test_the_bounds_of_reports(void **unused)
{
	(void)unused;
	start(&no_servers);
	collector.no_ack = true; // no time, so each session is unchecked
	for (int i = 0; i < 20; i++) {
		run(30000);
		mu_agent_post(agent, &(struct mu_event){ .type = MU_EVENT_MQTT_CLOSED, .reason = MU_ERR_CLOSED });
	}
	run(30000);
	unsigned unchecked = agent->timekeeping.unchecked;
	assert_in_range(unchecked, 5, 21);
	collector.no_ack = false;
	run(100000);
	assert_int_equal(fake_collector_count_events(&collector, "certificate_dates_unchecked"), 1);
	agent_rig_close();
	start(&plain);
	run(4 * 3600 * 1000); // nobody answers: rounds each half hour in the end, a report an hour
	assert_in_range(fake_collector_count_events(&collector, "sntp_failed"), 3, 5);
	assert_true(fake_collector_last_event(&collector, "sntp_failed")->value > 20);
	agent_rig_close();
	start(&no_servers);
	run(60000);
	for (int i = 0; i < 30; i++) { // an Ack a minute sets right what is led astray here
		mu_timekeeping_server(agent, ACK_MS + collector.now_ms + 100000000, collector.now_ms);
		run(60000);
	}
	assert_in_range(fake_collector_count_events(&collector, "clock_stepped"), 3, 4);
	assert_in_range(agent->clock.steps, 50, 60);
	assert_memory_equal(fake_collector_last_event(&collector, "clock_stepped")->text, "server steps=", strlen("server steps="));
	int64_t moved_ms = fake_collector_last_event(&collector, "clock_stepped")->value;
	assert_true(moved_ms > 90000000 || moved_ms < -90000000);
	agent_rig_close();
}

// ---- steps of years both ways: nothing that runs on monotonic time may notice

enum { TOKEN_DEADLINE_MS = 20000, MARKS_MAX = 128 };

struct story {
	unsigned count, restarts;
	uint64_t heartbeats_ms[MARKS_MAX];
	uint64_t restart_ms;
	unsigned opens[MARKS_MAX]; // after each minute
	unsigned published;
};

// Always the same number: what is reported of the steps must not move the draws of backoff and retransmits.
static int steady_random(void *context, void *out, size_t size)
{
	(void)context;
	memset(out, 0x5a, size);
	return 0;
}

static void step_by_years(bool steps, unsigned number)
{
	static const int years[] = { 10, -5, 60, 1, -6 };
	// The reports of steps are records, which are sent and answered: they are held back, so that the steps alone differ.
	agent->timekeeping.report_due_ms[MU_TIME_STEPPED] = UINT64_MAX;
	if (steps)
		mu_timekeeping_server(agent, ACK_MS + collector.now_ms + (uint64_t)(years[number % 5] * YEAR_MS), collector.now_ms);
}

static void tell_minutes(struct story *story, bool steps, int token)
{
	for (unsigned minute = 0; minute < 40; minute++) {
		if (minute % 10 == 5)
			mu_agent_post(agent, &(struct mu_event){ .type = MU_EVENT_MQTT_CLOSED, .reason = MU_ERR_CLOSED });
		collector.no_broker = minute >= 20 && minute < 26; // backoff at work
		for (unsigned i = 0; i < 6; i++) {
			run(5000);
			step_by_years(steps, minute * 6 + i);
			run(5000);
			mu_agent_check_in(agent, token, collector.now_ms);
		}
		story->opens[minute] = fake.mqtt_opens;
	}
	for (unsigned i = 0; i < collector.count; i++)
		if (collector.records[i]->body_case == MU__RECORD__BODY_HEARTBEAT)
			story->heartbeats_ms[story->count++] = collector.records[i]->uptime_ms;
	story->restarts = fake.restarts;
}

static uint64_t run_until_restart(bool steps)
{
	unsigned before = fake.restarts;
	while (fake.restarts == before && collector.now_ms < 100000000) {
		run(50);
		if (collector.now_ms % 1000 == 0)
			step_by_years(steps, (unsigned)(collector.now_ms / 1000));
	}
	return collector.now_ms;
}

// ending: the token is no longer fed, or a farewell that is never acked.
static struct story tell(bool steps, bool farewell)
{
	struct story story = { 0 };
	start(&plain);
	struct mu_system_port system = *fake.port.system;
	system.random = steady_random;
	fake.port.system = &system;
	run(1000);
	int token = mu_agent_token(agent, "app", TOKEN_DEADLINE_MS, collector.now_ms);
	tell_minutes(&story, steps, token);
	if (farewell) {
		collector.no_ack = true;
		agent->farewell = (struct mu_farewell){ .due = true,
			.cause = MU__RESET_CAUSE__CAUSE_COMMAND,
			.seq = UINT64_MAX,
			.deadline_ms = collector.now_ms + MU_AGENT_FAREWELL_MS };
	}
	story.restart_ms = run_until_restart(steps);
	assert_int_equal(agent->boots.current.cause, farewell ? MU__RESET_CAUSE__CAUSE_COMMAND : MU__RESET_CAUSE__CAUSE_LIVENESS);
	assert_true(!steps || agent->clock.steps > 200);
	agent_rig_close();
	return story;
}

static void test_steps_of_years_disturb_nothing(void **unused)
{
	(void)unused;
	for (int farewell = 0; farewell < 2; farewell++) {
		struct story calm = tell(false, farewell), wild = tell(true, farewell);
		assert_true(calm.count >= 38);
		assert_int_equal(calm.restarts, 0);
		assert_memory_equal(calm.heartbeats_ms, wild.heartbeats_ms, sizeof calm.heartbeats_ms);
		assert_memory_equal(calm.opens, wild.opens, sizeof calm.opens);
		assert_int_equal(wild.restarts, 0);
		assert_true(calm.restart_ms == wild.restart_ms);
	}
}

// ---- configuration and the application

static void test_a_bad_configuration_is_refused_by_name(void **unused)
{
	(void)unused;
	struct mu_agent_config server = plain;
	const char *problem = 0;
	start(&plain);
	server.ntp_servers[2] = "host:0";
	assert_int_equal(mu_agent_init(agent, &server, &fake.port, &problem), MU_ERR_INVALID);
	assert_non_null(strstr(problem, "ntp_servers"));
	assert_int_equal(mu_agent_init(agent, &server, &fake.port, 0), MU_ERR_INVALID);
	agent_rig_close();
}

static void test_local_time(void **unused)
{
	(void)unused;
	struct mu_agent_config config = plain;
	struct mu_local_time local;
	struct mu_time_zone zone;
	assert_int_equal(mu_time_zone_parse(&zone, "CET-1CEST,M3.5.0,M10.5.0/3"), 0);
	config.zone = &zone;
	start(&config);
	assert_int_equal(mu_agent_local_time(agent, 0, &local), MU_ERR_NOT_FOUND);
	world.alive = "a";
	run(3000);
	assert_int_equal(mu_agent_local_time(agent, 60000, &local), MU__TIME_QUALITY__TIME_SNTP);
	assert_int_equal(local.year, 2026); // 1790000060: 2026-09-21 14:14:20 UTC
	assert_int_equal(local.month, 9);
	assert_int_equal(local.day, 21);
	assert_int_equal(local.hour, 16);
	assert_int_equal(local.minute, 14);
	assert_int_equal(local.second, 20);
	assert_int_equal(local.weekday, 1);
	assert_true(local.daylight);
	agent_rig_close();
}

static void test_a_time_below_the_floor_is_not_taken(void **unused)
{
	(void)unused;
	struct mu_agent_config config = tls;
	config.time_floor_ms = ACK_MS + 1000000000;
	start(&config);
	world.alive = "*";
	run(60000);
	assert_int_equal(mu_clock_quality(&agent->clock), MU__TIME_QUALITY__TIME_NONE);
	assert_int_equal(fake.mqtt_opens, 1); // goes on without
	assert_true(fake.mqtt_trusted_wall_ms == 0);
	agent_rig_close();
}

// A server that is years behind has not answered: the next one is asked, at once, and who is to blame is known.
static void test_a_server_below_the_floor_has_not_answered(void **unused)
{
	(void)unused;
	struct mu_agent_config config = tls;
	config.time_floor_ms = ACK_MS - 86400000;
	start(&config);
	world.alive = "a";
	world.error_ms = -3 * YEAR_MS;
	run(100);
	assert_string_equal(agent->timekeeping.sntp.failed, "a");
	assert_string_equal(agent->timekeeping.sntp.why, "mad time");
	assert_string_equal(fake.udp_host, "b");
	world.alive = "c";
	world.error_ms = 0;
	run(3500);
	assert_int_equal(mu_clock_quality(&agent->clock), MU__TIME_QUALITY__TIME_SNTP);
	agent_rig_close();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_quality_of_each_record),
		cmocka_unit_test(test_the_first_tls_session_waits_for_the_answer),
		cmocka_unit_test(test_dead_servers_delay_tls_by_9_s_and_nothing_else),
		cmocka_unit_test(test_a_link_lost_while_the_open_is_held),
		cmocka_unit_test(test_unchecked_dates_are_reported_and_judged_later),
		cmocka_unit_test(test_time_from_sntp_later_opens_anew_too),
		cmocka_unit_test(test_the_bounds_of_reports),
		cmocka_unit_test(test_steps_of_years_disturb_nothing),
		cmocka_unit_test(test_a_bad_configuration_is_refused_by_name),
		cmocka_unit_test(test_local_time),
		cmocka_unit_test(test_a_time_below_the_floor_is_not_taken),
		cmocka_unit_test(test_a_server_below_the_floor_has_not_answered),
	};
	return cmocka_run_group_tests(tests, 0, 0);
}
