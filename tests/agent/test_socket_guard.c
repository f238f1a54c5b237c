// SPDX-License-Identifier: Apache-2.0
// The registry of sockets inside a whole agent: the session's descriptor, the application's, what is reported of both.
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include "proto/link_reasons.h"
#include "tests/agent/agent_rig.h"

enum { SESSION = 3, WEB = 4, TIME = 5 }; // descriptors

static int set_up_with(const char *uri, bool tls_dynamic_buffers)
{
	struct mu_agent_config config = agent_rig_plain;
	config.broker_uri = uri;
	config.tls_dynamic_buffers = tls_dynamic_buffers;
	config.heartbeat_ms = 5000;
	agent_rig_open(16);
	fake.mqtt_descriptor = SESSION;
	agent_rig_boot(&config, MU_RESET_RAW_POWERON);
	return 0;
}

static int set_up(void **unused)
{
	(void)unused;
	return set_up_with("mqtt://h:1883", false);
}

static int set_up_tls(void **unused)
{
	(void)unused;
	return set_up_with("mqtts://h:8883", false);
}

static int set_up_tls_dynamic(void **unused)
{
	(void)unused;
	return set_up_with("mqtts://h:8883", true);
}

static const Mu__Sockets *reported(void)
{
	const Mu__Sockets *sockets = fake_collector_last(&collector, MU__RECORD__BODY_HEARTBEAT)->heartbeat->sockets;
	for (unsigned i = collector.count; i-- && !sockets->has_limit;) // the slow half comes in each tenth
		if (collector.records[i]->body_case == MU__RECORD__BODY_HEARTBEAT && collector.records[i]->heartbeat->sockets)
			sockets = collector.records[i]->heartbeat->sockets;
	return sockets;
}

static void test_the_session_is_registered_as_it_opens(void **unused)
{
	(void)unused;
	fake_collector_run(&collector, 6000);
	assert_int_equal(agent->session.phase, MU_SESSION_OPEN);
	assert_int_equal(fake.socket_options[SESSION].keep_idle_s, 10);
	assert_int_equal(fake.socket_options[SESSION].user_timeout_ms, 19000);
	fake_collector_run(&collector, 20000);
	assert_int_equal(reported()->open, 1);
	assert_int_equal(reported()->limit, 10);
	assert_int_equal(reported()->high_water, 1);
	assert_int_equal(fake_collector_count_events(&collector, "socket_closed"), 0);
}

// esp-mqtt has no descriptor before the connection, and may not tell of its phases: it is looked for with each event.
static void register_late(enum mu_event_type type)
{
	fake.mqtt_descriptor = MU_ERR_NOT_FOUND;
	mu_agent_step(agent, 0);
	mu_agent_post(agent, &(struct mu_event){ .type = MU_EVENT_LINK_UP });
	for (collector.now_ms = 0; !fake.mqtt_opens; collector.now_ms += 100)
		mu_agent_step(agent, collector.now_ms);
	assert_int_equal(agent->sockets.session, 0);
	fake.mqtt_descriptor = SESSION;
	fake.socket_state[SESSION] = 0;
	mu_agent_post(agent, &(struct mu_event){ .type = type });
	mu_agent_step(agent, collector.now_ms += 100);
	assert_true(agent->sockets.session > 0);
	assert_int_equal(fake.socket_options[SESSION].keep_idle_s, 10);
}

static void test_a_descriptor_that_comes_with_a_phase(void **unused)
{
	(void)unused;
	register_late(MU_EVENT_MQTT_PHASE);
}

static void test_a_descriptor_that_comes_with_the_session(void **unused)
{
	(void)unused;
	register_late(MU_EVENT_MQTT_OPEN);
}

// Opened, but it cannot be subscribed: the session is closed again, and what the library leaves open then is an orphan like any other.
static void test_a_session_that_cannot_begin(void **unused)
{
	(void)unused;
	fake.mqtt_leaks = true;
	mu_agent_step(agent, 0);
	mu_agent_post(agent, &(struct mu_event){ .type = MU_EVENT_LINK_UP });
	for (collector.now_ms = 0; !fake.mqtt_opens; collector.now_ms += 100)
		mu_agent_step(agent, collector.now_ms);
	fake.mqtt_result = MU_ERR_IO; // of the subscribe that follows
	mu_agent_post(agent, &(struct mu_event){ .type = MU_EVENT_MQTT_OPEN });
	mu_agent_step(agent, collector.now_ms += 100);
	assert_int_equal(agent->session.phase, MU_SESSION_CLOSED);
	assert_int_equal(agent->sockets.session, 0);
	assert_int_equal(agent->heap_watch.steps.note[MU_HEAP_STEP_CLOSE].seen, 1);
	assert_int_equal(fake.socket_closes, 0);
	for (uint64_t end_ms = collector.now_ms + 1500; collector.now_ms < end_ms; collector.now_ms += 100)
		mu_agent_step(agent, collector.now_ms);
	assert_int_equal(fake.socket_closes, 1);
	assert_int_equal(agent->sockets.registry.orphans_closed, 1);
}

// The library does not notice; the registry does. The session is lost as if the library had said so, its socket is the library's to close,
// and the ladder opens another. A reset proves that the path works, silence does not.
static void test_a_dead_socket_is_a_lost_session(void **unused)
{
	(void)unused;
	const struct {
		int state, reason;
		const char *text;
	} rows[] = { { MU_ERR_CLOSED, MU_ERR_CLOSED, "mqtt gone" }, { MU_ERR_TIMEOUT, MU_ERR_TIMEOUT, "mqtt silent" } };
	fake_collector_run(&collector, 60000);
	for (unsigned i = 0; i < 2; i++) {
		unsigned opens = fake.mqtt_opens, closes = fake.mqtt_closes;
		fake.socket_state[SESSION] = rows[i].state;
		fake_collector_run(&collector, 1500);
		assert_int_equal(agent->session.phase, MU_SESSION_CLOSED);
		assert_int_equal(fake.mqtt_closes, closes + 1);
		assert_int_equal(fake.socket_closes, 0);
		assert_int_equal(agent->heap_watch.steps.note[MU_HEAP_STEP_CLOSE].seen, i + 1); // the heap's books see that it has ended
		fake_collector_run(&collector, 90000);
		assert_int_equal(agent->session.phase, MU_SESSION_OPEN);
		assert_int_equal(fake.mqtt_opens, opens + 1);
		assert_string_equal(fake_collector_last_event(&collector, "socket_closed")->text, rows[i].text);
		assert_int_equal(fake_collector_last_event(&collector, "socket_closed")->value, i + 1);
		assert_int_equal(fake_collector_last_link(&collector, MU__LINK_CHANGE__LINK_SESSION_LOST)->reason,
			MU_LINK_REASON_SESSION - rows[i].reason);
	}
	assert_int_equal(fake.link_connects, 1); // the link is not to blame
	assert_int_equal(fake.restarts, 0);
	assert_int_equal(reported()->orphans_closed, 0);
}

// A library that leaves its socket open: swept 500 ms after the session's end, and told.
static void test_a_socket_that_the_library_leaves(void **unused)
{
	(void)unused;
	fake_collector_run(&collector, 60000);
	fake.mqtt_leaks = true;
	fake.mqtt_descriptor = SESSION;
	mu_agent_post(agent, &(struct mu_event){ .type = MU_EVENT_MQTT_CLOSED, .reason = MU_ERR_IO });
	fake.mqtt_descriptor = SESSION + 2; // the next one has another number
	fake_collector_run(&collector, 400);
	assert_int_equal(fake.socket_closes, 0);
	fake_collector_run(&collector, 90000);
	assert_int_equal(fake.socket_closes, 1);
	assert_int_equal(fake.socket_state[SESSION], MU_ERR_NOT_FOUND);
	assert_int_equal(agent->session.phase, MU_SESSION_OPEN);
	assert_string_equal(fake_collector_last_event(&collector, "socket_closed")->text, "mqtt orphan");
	assert_int_equal(reported()->orphans_closed, 1);
}

static int open_web(void)
{
	static uint32_t identity = 1000;
	fake.socket_state[WEB] = 0;
	fake.socket_look[WEB] = (struct mu_socket_look){ .identity = ++identity };
	return mu_agent_socket(agent, WEB, "web", collector.now_ms);
}

static void test_the_applications_socket(void **unused)
{
	(void)unused;
	fake_collector_run(&collector, 10000);
	assert_int_equal(mu_agent_socket_may_open(agent, "web", false, collector.now_ms), 0);
	int socket = open_web();
	assert_true(socket > 0);
	assert_int_equal(mu_agent_socket_wait(agent, socket, collector.now_ms), 0);
	fake_collector_run(&collector, 9000);
	assert_int_equal(mu_agent_socket_progress(agent, socket), 0);
	assert_int_equal(mu_agent_socket_wait(agent, socket, collector.now_ms), 0);
	fake_collector_run(&collector, 10000); // nothing moves
	assert_int_equal(fake.socket_state[WEB], MU_ERR_NOT_FOUND);
	assert_int_equal(mu_agent_socket_progress(agent, socket), MU_ERR_CLOSED);
	assert_int_equal(mu_agent_socket_release(agent, socket, collector.now_ms), MU_ERR_CLOSED);
	assert_int_equal(mu_agent_socket_may_open(agent, "web", false, collector.now_ms), MU_ERR_BUSY);
	fake_collector_run(&collector, 5000);
	assert_int_equal(mu_agent_socket_may_open(agent, "web", false, collector.now_ms), 0);
	assert_string_equal(fake_collector_last_event(&collector, "socket_closed")->text, "web stuck");
	assert_int_equal(agent->session.phase, MU_SESSION_OPEN);
	socket = open_web();
	assert_int_equal(mu_agent_socket_release(agent, socket, collector.now_ms), 0);
	fake.socket_state[WEB] = MU_ERR_NOT_FOUND; // closed by its owner, as he should
	fake_collector_run(&collector, 5000);
	assert_int_equal(fake.socket_closes, 1);
}

static void test_a_library_of_the_applications(void **unused)
{
	(void)unused;
	fake_collector_run(&collector, 10000);
	fake.socket_state[WEB] = 0;
	int socket = mu_agent_socket_in_library(agent, WEB, "http", collector.now_ms);
	fake.socket_state[WEB] = MU_ERR_CLOSED;
	fake_collector_run(&collector, 3000);
	assert_int_equal(fake.socket_closes, 0);
	assert_int_equal(mu_agent_socket_progress(agent, socket), MU_ERR_CLOSED);
	assert_int_equal(agent->session.phase, MU_SESSION_OPEN);
}

// Sockets that nobody registers run out: the application is refused one before the session's is taken, the fleet owner hears of it once
// for each new peak, and not one is closed.
static void test_an_application_that_leaks(void **unused)
{
	(void)unused;
	collector.no_link = true; // no session yet, so one descriptor is kept for it
	for (int i = 6; i < 15; i++) {
		fake.socket_state[i] = 0;
		fake_collector_run(&collector, 1000);
	}
	assert_int_equal(mu_agent_socket_may_open(agent, "web", false, collector.now_ms), MU_ERR_FULL);
	collector.no_link = false;
	mu_agent_post(agent, &(struct mu_event){ .type = MU_EVENT_LINK_UP });
	fake_collector_run(&collector, 120000);
	assert_int_equal(agent->session.phase, MU_SESSION_OPEN);
	assert_int_equal(fake.socket_closes, 0);
	assert_int_equal(fake_collector_count_events(&collector, "sockets_unclaimed"), 3); // 7, 8, 9 of 10
	assert_int_equal(fake_collector_last_event(&collector, "sockets_unclaimed")->value, 9);
	assert_string_equal(fake_collector_last_event(&collector, "socket_closed")->text, "web refused");
	assert_int_equal(fake_collector_last_event(&collector, "socket_closed")->value, 0);
	assert_int_equal(reported()->refused, 1);
	assert_int_equal(reported()->high_water, 10);
	assert_true(agent->verdict & MU__VERDICT_BIT__VERDICT_SOCKETS_LOW);
}

// Not one descriptor is left for the session: that is no fault of the network, and after 15 minutes the device is restarted, once in six hours,
// without the heap being blamed.
static void test_no_descriptor_for_the_session(void **unused)
{
	(void)unused;
	for (int i = 5; i < 15; i++)
		fake.socket_state[i] = 0;
	fake_collector_run(&collector, 14 * 60 * 1000);
	assert_int_equal(fake.mqtt_opens, 0);
	assert_int_equal(fake.restarts, 0);
	assert_int_equal(fake.link_connects, 1);
	assert_false(agent->verdict & MU__VERDICT_BIT__VERDICT_HEAP_STARVED);
	fake_collector_run(&collector, 6 * 60 * 1000);
	assert_int_equal(fake.restarts, 1);
	assert_int_equal(agent->boots.current.cause, MU__RESET_CAUSE__CAUSE_NETWORK);
}

// The gate for TLS judges by the largest block, too.
static void test_tls_needs_a_block(void **unused)
{
	(void)unused;
	fake.vitals.heap_largest_bytes = 20479;
	fake_collector_run(&collector, 30000);
	assert_int_equal(fake.mqtt_opens, 0);
	assert_int_equal(mu_agent_socket_may_open(agent, "web", true, collector.now_ms), MU_ERR_NO_MEMORY);
	assert_int_equal(mu_agent_socket_may_open(agent, "web", false, collector.now_ms), 0);
	fake.vitals.heap_largest_bytes = 20480;
	fake_collector_run(&collector, 70000);
	assert_int_equal(agent->session.phase, MU_SESSION_OPEN);
}

// With dynamic buffers a TLS session needs less, and the verdict knows it.
static void test_tls_with_dynamic_buffers(void **unused)
{
	(void)unused;
	fake.vitals.heap_free_bytes = 40960;
	fake.vitals.heap_largest_bytes = 8191;
	fake_collector_run(&collector, 30000);
	assert_int_equal(fake.mqtt_opens, 0);
	fake.vitals.heap_largest_bytes = 9216;
	fake_collector_run(&collector, 70000);
	assert_int_equal(agent->session.phase, MU_SESSION_OPEN);
	assert_false(agent->verdict & (MU__VERDICT_BIT__VERDICT_HEAP_LOW | MU__VERDICT_BIT__VERDICT_HEAP_FRAGMENTED));
}

// A storm of dying sockets: one event a minute, and its count tells of all.
static void test_events_are_bounded(void **unused)
{
	(void)unused;
	fake_collector_run(&collector, 10000);
	for (int i = 0; i < 60; i++) {
		open_web();
		fake.socket_state[WEB] = MU_ERR_CLOSED;
		fake_collector_run(&collector, 2000);
	}
	fake_collector_run(&collector, 70000);
	assert_int_equal(fake_collector_last_event(&collector, "socket_closed")->value, 60);
	assert_true(fake_collector_count_events(&collector, "socket_closed") >= 3 &&
		fake_collector_count_events(&collector, "socket_closed") <= 4);
}

static const struct mu_socket *row_of(const char *owner)
{
	for (int i = 0; i < MU_SOCKETS_MAX; i++)
		if (agent->sockets.registry.rows[i].owner && !strcmp(agent->sockets.registry.rows[i].owner, owner))
			return &agent->sockets.registry.rows[i];
	return 0;
}

static void boot_with_servers(void)
{
	struct mu_agent_config config = agent_rig_plain;
	config.ntp_servers[0] = "a";
	config.heartbeat_ms = 5000;
	agent_rig_open(16);
	agent_rig_boot(&config, MU_RESET_RAW_POWERON);
}

// A request for the time has a socket, too: counted while it waits, let go with its end, and closed where the port forgets to.
static void test_the_socket_of_a_request_for_the_time(void **unused)
{
	(void)unused;
	for (int forgets = 0; forgets < 2; forgets++) {
		boot_with_servers();
		fake_collector_run(&collector, 200);
		assert_null(row_of("sntp")); // the name is being resolved
		fake.socket_state[TIME] = 0;
		fake.socket_look[TIME].identity = 77;
		fake.udp_descriptor = TIME;
		fake_collector_run(&collector, 1000);
		assert_int_equal(row_of("sntp")->descriptor, TIME);
		assert_true(row_of("sntp")->library);
		assert_int_equal(agent->sockets.registry.unclaimed, 0);
		fake.socket_state[TIME] = forgets ? 0 : MU_ERR_NOT_FOUND; // nobody answers: the request ends after 3 s
		fake.udp_descriptor = MU_ERR_NOT_FOUND;
		fake_collector_run(&collector, 8000);
		assert_null(row_of("sntp"));
		assert_int_equal(fake.socket_state[TIME], MU_ERR_NOT_FOUND);
		assert_int_equal(agent->sockets.registry.orphans_closed, forgets);
		if (forgets)
			assert_string_equal(fake_collector_last_event(&collector, "socket_closed")->text, "sntp orphan");
		agent_rig_close();
	}
}

// The gates are one set for all: with too little heap nobody is asked for the time either, and that is told.
static void test_no_request_for_the_time_below_the_gate(void **unused)
{
	(void)unused;
	boot_with_servers();
	fake_collector_run(&collector, 10);
	unsigned requests = fake.udp_requests;
	fake.vitals.heap_free_bytes = 20000;
	fake_collector_run(&collector, 120000);
	assert_int_equal(fake.udp_requests, requests);
	fake.vitals.heap_free_bytes = 200000;
	fake_collector_run(&collector, 120000);
	assert_true(fake.udp_requests > requests);
	assert_non_null(strstr(fake_collector_last_event(&collector, "sntp_failed")->text, "a: "));
	agent_rig_close();
}

// A server's port that is closed: the stack says so before the port does. It is given up at once, and the socket is the port's to close.
static void test_a_dead_request_for_the_time(void **unused)
{
	(void)unused;
	boot_with_servers();
	fake.socket_state[TIME] = 0;
	fake.udp_descriptor = TIME;
	fake_collector_run(&collector, 200);
	fake.socket_state[TIME] = MU_ERR_CLOSED;
	fake_collector_run(&collector, 2000);
	assert_false(agent->timekeeping.sntp.waiting);
	assert_string_equal(agent->timekeeping.sntp.why, "closed");
	agent_rig_close();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_the_session_is_registered_as_it_opens, set_up, agent_rig_tear_down),
		cmocka_unit_test_setup_teardown(test_a_descriptor_that_comes_with_a_phase, set_up, agent_rig_tear_down),
		cmocka_unit_test_setup_teardown(test_a_descriptor_that_comes_with_the_session, set_up, agent_rig_tear_down),
		cmocka_unit_test_setup_teardown(test_a_session_that_cannot_begin, set_up, agent_rig_tear_down),
		cmocka_unit_test_setup_teardown(test_a_dead_socket_is_a_lost_session, set_up, agent_rig_tear_down),
		cmocka_unit_test_setup_teardown(test_a_socket_that_the_library_leaves, set_up, agent_rig_tear_down),
		cmocka_unit_test_setup_teardown(test_the_applications_socket, set_up, agent_rig_tear_down),
		cmocka_unit_test_setup_teardown(test_a_library_of_the_applications, set_up, agent_rig_tear_down),
		cmocka_unit_test_setup_teardown(test_an_application_that_leaks, set_up, agent_rig_tear_down),
		cmocka_unit_test_setup_teardown(test_no_descriptor_for_the_session, set_up, agent_rig_tear_down),
		cmocka_unit_test_setup_teardown(test_tls_needs_a_block, set_up_tls, agent_rig_tear_down),
		cmocka_unit_test_setup_teardown(test_tls_with_dynamic_buffers, set_up_tls_dynamic, agent_rig_tear_down),
		cmocka_unit_test_setup_teardown(test_events_are_bounded, set_up, agent_rig_tear_down),
		cmocka_unit_test(test_the_socket_of_a_request_for_the_time),
		cmocka_unit_test(test_no_request_for_the_time_below_the_gate),
		cmocka_unit_test(test_a_dead_request_for_the_time),
	};
	return cmocka_run_group_tests(tests, 0, 0);
}
