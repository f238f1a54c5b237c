// SPDX-License-Identifier: Apache-2.0
// Uplinks and the session: each row is a device that breaks one rule; and what a good one does is no violation.
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include "proto/link_reasons.h"
#include "tests/sim/planted.h"

static void tell(enum mu_event_type type, int value)
{
	sim_flow_told(device, &(struct mu_event){ .type = type, .value = value });
}

static int set_up(void **unused)
{
	(void)unused;
	assert_int_equal(planted_open(0), 0);
	world->now_ms = 1000000;
	sim_flow_boot(device);
	device->client.state = SIM_CLIENT_OPEN;
	tell(MU_EVENT_MQTT_OPEN, 0);
	return 0;
}

static void wait(uint64_t ms)
{
	assert_false(world->failed);
	world->now_ms += ms;
}

static void send(uint64_t first, uint64_t last)
{
	sim_flow_sent(device, first, last, 7);
	tell(MU_EVENT_MQTT_PUBLISHED, 7);
}

static void acked(uint64_t through, uint32_t retry_after_s)
{
	Mu__Ack ack = MU__ACK__INIT;
	ack.through_seq = through;
	ack.has_retry_after_s = retry_after_s > 0;
	ack.retry_after_s = retry_after_s;
	sim_flow_ack(device, &ack);
}

static void session_lost(const char *why)
{
	Mu__Link link = MU__LINK__INIT;
	link.change = MU__LINK_CHANGE__LINK_SESSION_LOST;
	link.has_reason = true;
	for (link.reason = 1; strcmp(mu_link_reason_name((int32_t)link.reason), why) != 0;)
		link.reason++;
	sim_flow_link(device, &link);
}

// Steps each second, as if the broker answered pings.
static void live(uint64_t seconds)
{
	for (uint64_t i = 0; i < seconds && !world->failed; i++) {
		wait(1000);
		tell(MU_EVENT_MQTT_ALIVE, 0);
		sim_flow_step(device);
	}
}

// ---- what is planted

static void too_soon_after_retry_after(void)
{
	acked(0, 20);
	wait(19999);
	send(1, 1);
}

static void retry_after_forgotten_by_a_new_session(void)
{
	acked(0, 20);
	wait(10000);
	tell(MU_EVENT_MQTT_OPEN, 0);
	send(1, 1);
}

static void second_uplink_without_a_puback(void)
{
	sim_flow_sent(device, 1, 1, 7);
	send(2, 2);
}

static void five_without_an_ack(void)
{
	for (uint64_t seq = 1; seq <= 5; seq++) {
		assert_false(world->failed);
		send(seq, seq);
	}
}

static void sent_again_too_soon(void)
{
	send(1, 3);
	wait(9999);
	send(1, 3);
}

static void second_time_without_doubling(void)
{
	send(1, 3);
	wait(10000);
	send(1, 3);
	wait(19999);
	send(1, 3);
}

static void ack_in_between_forgotten(void)
{
	send(1, 3);
	wait(9000);
	acked(1, 0);
	wait(9999);
	send(2, 3);
}

static void never_sent_again(void)
{
	send(1, 3);
	live(303);
}

static void dead_session_held(void)
{
	wait(45000);
	sim_flow_step(device);
	assert_false(world->failed);
	wait(2001);
	sim_flow_step(device);
}

static void renewed_twice(void)
{
	wait(90000);
	session_lost("no_ack");
	wait(1);
	tell(MU_EVENT_MQTT_OPEN, 0);
	wait(100000);
	session_lost("no_ack");
}

static void renewed_too_soon(void)
{
	wait(89999);
	session_lost("no_ack");
}

static void never_renewed(void)
{
	send(1, 1);
	for (int i = 0; i < 4 && !world->failed; i++) {
		live(200);
		if (!world->failed)
			send(1, 1);
	}
}

static const struct planted rows[] = {
	{ too_soon_after_retry_after, "is sent 1 ms before the time is over" },
	{ retry_after_forgotten_by_a_new_session, "before the time is over" },
	{ second_uplink_without_a_puback, "awaits its PUBACK" },
	{ five_without_an_ack, "more than 4" },
	{ sent_again_too_soon, "sent again after 9999 ms" },
	{ second_time_without_doubling, "not after 20000" },
	{ ack_in_between_forgotten, "sent again after 9999 ms" },
	{ never_sent_again, "nothing is sent again" },
	{ dead_session_held, "has not answered" },
	{ renewed_twice, "a second time" },
	{ renewed_too_soon, "opened anew after 89999 ms" },
	{ never_renewed, "was not opened anew" },
};

static void test_each_violation_is_seen(void **unused)
{
	(void)unused;
	const char *unseen = planted_unseen(rows, sizeof rows / sizeof *rows, set_up);
	if (unseen)
		fail_msg("%s", unseen);
}

// ---- what is none

static void test_going_back_in_time_is_none(void **unused)
{
	(void)unused;
	uint64_t wait_ms = 10000;
	for (uint64_t seq = 1; seq <= 4; seq++)
		send(seq, seq);
	for (int i = 0; i < 8; i++, wait_ms = wait_ms * 2 < 300000 ? wait_ms * 2 : 300000) {
		wait(wait_ms);
		send(1, 2); // cut otherwise
	}
	acked(2, 0);
	send(3, 4); // goes on behind it, at once
	wait(10000);
	send(3, 4); // and begins with 10 s again
	assert_false(world->failed);
}

static void test_an_ack_of_nothing_new_shortens_no_wait(void **unused)
{
	(void)unused;
	send(5, 8);
	wait(9000);
	acked(4, 0); // may be new to the device: the wait counts from the sending
	wait(1000);
	send(5, 8);
	assert_false(world->failed);
}

// A call of the port has failed when it was time, and then an Ack came.
static void test_going_back_late_is_none(void **unused)
{
	(void)unused;
	send(1, 4);
	send(5, 8);
	wait(10200);
	acked(4, 0);
	wait(500);
	send(5, 8);
	wait(10000); // the Ack was of something new, so the wait is 10 s again
	send(5, 8);
	assert_string_equal(world->complaint, "");
	wait(19999);
	send(5, 8);
	assert_true(world->failed);
}

// The device goes back to where late Acks say that the collector is, cannot send, and is led forward by the next of them.
static void test_late_acks_begin_the_wait_anew(void **unused)
{
	(void)unused;
	acked(4, 0);
	send(5, 8);
	wait(10000);
	acked(2, 0);
	acked(3, 0);
	acked(4, 0);
	send(5, 8);
	wait(10000);
	send(5, 8);
	assert_string_equal(world->complaint, "");
	wait(19999);
	send(5, 8);
	assert_true(world->failed);
}

static void test_a_session_renewed_for_want_of_an_ack_may_be_so_after_the_next_one(void **unused)
{
	(void)unused;
	for (int i = 0; i < 3; i++) {
		send((uint64_t)i + 1, (uint64_t)i + 1);
		wait(90000);
		session_lost("no_ack");
		acked((uint64_t)i + 1, 0);
	}
	wait(5);
	session_lost("timeout");
	assert_false(world->failed);
}

static void test_what_keeps_it_from_sending_excuses_it(void **unused)
{
	(void)unused;
	send(1, 3);
	acked(0, 600);
	live(590);
	world->faults.port_permyriad[SIM_CALL_READ] = 1;
	live(500);
	assert_false(world->failed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_violation_is_seen),
		cmocka_unit_test_setup_teardown(test_going_back_in_time_is_none, set_up, planted_close),
		cmocka_unit_test_setup_teardown(test_an_ack_of_nothing_new_shortens_no_wait, set_up, planted_close),
		cmocka_unit_test_setup_teardown(test_going_back_late_is_none, set_up, planted_close),
		cmocka_unit_test_setup_teardown(test_late_acks_begin_the_wait_anew, set_up, planted_close),
		cmocka_unit_test_setup_teardown(test_a_session_renewed_for_want_of_an_ack_may_be_so_after_the_next_one, set_up,
			planted_close),
		cmocka_unit_test_setup_teardown(test_what_keeps_it_from_sending_excuses_it, set_up, planted_close),
	};
	return cmocka_run_group_tests(tests, 0, 0);
}
