// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include "agent/network/sntp.h"
#include "tests/agent/fake_port.h"

// 2026-11-28 20:00:00 UTC, as Unix milliseconds and as NTP seconds.
#define WALL_MS UINT64_C(1795896000000)
#define NTP_SECONDS UINT32_C(4004884800)

static struct fake_port fake;
static struct mu_sntp sntp;

static int set_up(void **unused)
{
	(void)unused;
	fake_port_init(&fake, 5);
	return 0;
}

static int tear_down(void **unused)
{
	(void)unused;
	fake_port_free(&fake);
	return 0;
}

static void put32(uint8_t *at, uint32_t value)
{
	for (int i = 0; i < 4; i++)
		at[i] = (uint8_t)(value >> (24 - 8 * i));
}

// A good answer to the last request.
static void make_answer(uint8_t answer[MU_SNTP_PACKET_BYTES])
{
	memset(answer, 0, MU_SNTP_PACKET_BYTES);
	answer[0] = 4 << 3 | 4;
	answer[1] = 2;
	put32(answer + 4, 0x0800); // root delay 31 ms
	put32(answer + 8, 0x0400);
	memcpy(answer + 12, "\x7f\0\0\1", 4);
	memcpy(answer + 24, fake.udp_payload + 40, 8);
	put32(answer + 32, NTP_SECONDS);
	put32(answer + 40, NTP_SECONDS);
}

static enum mu_sntp_news answer_with(const uint8_t *answer, size_t size, uint64_t now_ms, uint64_t *wall_ms)
{
	const struct mu_event event = { .type = MU_EVENT_UDP_ANSWER, .payload = answer, .payload_bytes = size, .value = 40 };
	return mu_sntp_event(&sntp, &event, now_ms, wall_ms);
}

static enum mu_sntp_news answer_well(uint64_t now_ms)
{
	uint8_t answer[MU_SNTP_PACKET_BYTES];
	uint64_t wall_ms = 0;
	make_answer(answer);
	return answer_with(answer, sizeof answer, now_ms, &wall_ms);
}

static void kiss(const char *code, uint64_t now_ms)
{
	uint8_t answer[MU_SNTP_PACKET_BYTES];
	uint64_t wall_ms;
	make_answer(answer);
	answer[1] = 0;
	memcpy(answer + 12, code, 4);
	assert_int_equal(answer_with(answer, sizeof answer, now_ms, &wall_ms), MU_SNTP_NOTHING);
}

static uint64_t step(uint64_t now_ms)
{
	uint64_t next_ms;
	mu_sntp_step(&sntp, 0, now_ms, &next_ms);
	return next_ms;
}

static void start(const char *one, const char *two, const char *three)
{
	const char *const servers[MU_SNTP_SERVERS] = { one, two, three };
	assert_int_equal(mu_sntp_init(&sntp, &fake.port, servers, 0), 0);
}

// ---- what is believed

// One field of a good answer changed a row.
static const struct {
	const char *what;
	size_t at;
	uint8_t bytes[9];
	size_t size;
	enum mu_sntp_verdict verdict;
} answers[] = {
	{ "version 3 is as good", 0, { 3 << 3 | 4 }, 1, MU_SNTP_GOOD },
	{ "version 1", 0, { 1 << 3 | 4 }, 1, MU_SNTP_NOT_AN_ANSWER },
	{ "version 5", 0, { 5 << 3 | 4 }, 1, MU_SNTP_NOT_AN_ANSWER },
	{ "our own request sent back", 0, { 4 << 3 | 3 }, 1, MU_SNTP_NOT_AN_ANSWER },
	{ "a broadcast", 0, { 4 << 3 | 5 }, 1, MU_SNTP_NOT_AN_ANSWER },
	{ "leap second announced", 0, { 1 << 6 | 4 << 3 | 4 }, 1, MU_SNTP_GOOD },
	{ "a server that does not know itself", 0, { 3 << 6 | 4 << 3 | 4 }, 1, MU_SNTP_UNSYNCHRONIZED },
	{ "stratum 1", 1, { 1 }, 1, MU_SNTP_GOOD },
	{ "stratum 15", 1, { 15 }, 1, MU_SNTP_GOOD },
	{ "stratum 16", 1, { 16 }, 1, MU_SNTP_UNSYNCHRONIZED },
	{ "a kiss without a code", 1, { 0 }, 1, MU_SNTP_KISS },
	{ "root delay 4 s", 4, { 0, 4, 0, 0 }, 4, MU_SNTP_UNSYNCHRONIZED },
	{ "root delay negative", 4, { 0xff, 0xff, 0xff, 0 }, 4, MU_SNTP_UNSYNCHRONIZED },
	{ "root dispersion 1.4 s", 8, { 0, 1, 0x66, 0 }, 4, MU_SNTP_GOOD },
	{ "root dispersion 1.5 s", 8, { 0, 1, 0x80, 0 }, 4, MU_SNTP_UNSYNCHRONIZED },
	{ "another number", 24, { 0, 0, 0, 0, 0, 0, 0, 0 }, 8, MU_SNTP_NOT_OURS },
	{ "the server did not say when it got it", 32, { 0, 0, 0, 0 }, 4, MU_SNTP_GOOD },
	{ "no transmit time", 40, { 0, 0, 0, 0, 0, 0, 0, 0 }, 8, MU_SNTP_UNSYNCHRONIZED },
	{ "1999", 40, { 0xbc, 0, 0, 0 }, 4, MU_SNTP_MAD },
	{ "2019-12-31 23:59:59", 40, { 0xe1, 0xb6, 0x5f, 0x7f }, 4, MU_SNTP_MAD },
	{ "2020", 40, { 0xe1, 0xb6, 0x5f, 0x80 }, 4, MU_SNTP_GOOD },
	{ "2036-02-07 06:28:15, the end of the era", 40, { 0xff, 0xff, 0xff, 0xff }, 4, MU_SNTP_GOOD },
	{ "2040", 40, { 0x07, 0x5c, 0, 0 }, 4, MU_SNTP_GOOD },
	{ "2103", 40, { 0x7f, 0xff, 0xff, 0xff }, 4, MU_SNTP_MAD },
};

static void test_answers(void **unused)
{
	(void)unused;
	start("a", 0, 0);
	mu_sntp_link(&sntp, true, 0);
	step(0);
	for (size_t i = 0; i < sizeof answers / sizeof *answers; i++) {
		uint8_t answer[MU_SNTP_PACKET_BYTES];
		uint64_t wall_ms = 1;
		make_answer(answer);
		memcpy(answer + answers[i].at, answers[i].bytes, answers[i].size);
		enum mu_sntp_verdict verdict = mu_sntp_judge(answer, sizeof answer, sntp.nonce, 0, &wall_ms);
		if (verdict != answers[i].verdict)
			fail_msg("%s: %s", answers[i].what, mu_sntp_verdict_name(verdict));
		assert_int_equal(wall_ms == 1, verdict != MU_SNTP_GOOD); // nothing else sets it
	}
}

static void test_a_kiss_counts_only_with_our_number(void **unused)
{
	(void)unused;
	uint8_t answer[MU_SNTP_PACKET_BYTES];
	uint64_t wall_ms;
	start("a", 0, 0);
	mu_sntp_link(&sntp, true, 0);
	step(0);
	make_answer(answer);
	answer[1] = 0;
	memcpy(answer + 12, "DENY", 4);
	assert_int_equal(mu_sntp_judge(answer, sizeof answer, sntp.nonce, 0, &wall_ms), MU_SNTP_KISS_DENY);
	answer[24] ^= 1; // else anybody could take our servers away
	assert_int_equal(mu_sntp_judge(answer, sizeof answer, sntp.nonce, 0, &wall_ms), MU_SNTP_NOT_OURS);
}

static void test_every_length(void **unused)
{
	(void)unused;
	uint8_t answer[MU_SNTP_PACKET_BYTES + 20] = { 0 };
	uint64_t wall_ms;
	start("a", 0, 0);
	mu_sntp_link(&sntp, true, 0);
	step(0);
	make_answer(answer);
	for (size_t size = 0; size < MU_SNTP_PACKET_BYTES; size++) {
		uint8_t *exact = malloc(size ? size : 1); // so that a byte too far is noticed
		assert_non_null(exact);
		memcpy(exact, answer, size);
		assert_int_equal(mu_sntp_judge(exact, size, sntp.nonce, 0, &wall_ms), MU_SNTP_SHORT);
		free(exact);
	}
	assert_int_equal(mu_sntp_judge(answer, sizeof answer, sntp.nonce, 0, &wall_ms), MU_SNTP_GOOD); // what follows is nothing to us
}

// Each row: the way there and back, how long the server had it, and the way back that is added.
static const struct {
	uint32_t round_trip_ms, held_ms, added_ms;
} ways[] = {
	{ 0, 0, 0 },
	{ 40, 0, 20 },
	{ 3000, 0, 1500 },
	{ 100, 60, 20 },
	{ 40, 500, 20 }, // it cannot have had it for longer than it was away
};

static void test_the_way_back_is_added(void **unused)
{
	(void)unused;
	start("a", 0, 0);
	mu_sntp_link(&sntp, true, 0);
	step(0);
	for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
		uint8_t answer[MU_SNTP_PACKET_BYTES];
		uint64_t wall_ms;
		make_answer(answer);
		put32(answer + 44, (uint32_t)(((uint64_t)ways[i].held_ms << 32) / 1000 + 1));
		assert_int_equal(mu_sntp_judge(answer, sizeof answer, sntp.nonce, ways[i].round_trip_ms, &wall_ms), MU_SNTP_GOOD);
		assert_true(wall_ms == WALL_MS + ways[i].held_ms + ways[i].added_ms);
	}
}

// ---- whom it asks, and when

static const struct {
	const char *server;
	int result;
	const char *host;
	uint16_t port;
} names[] = {
	{ "pool.ntp.org", 0, "pool.ntp.org", 123 },
	{ "10.0.0.1:1234", 0, "10.0.0.1", 1234 },
	{ "[::1]:65535", 0, "::1", 65535 },
	{ "[fe80::1]", 0, "fe80::1", 123 },
	{ "", MU_ERR_INVALID, "", 0 },
	{ ":123", MU_ERR_INVALID, "", 0 },
	{ "a:", MU_ERR_INVALID, "", 0 },
	{ "a:0", MU_ERR_INVALID, "", 0 },
	{ "a:65536", MU_ERR_INVALID, "", 0 },
	{ "a:99999999999999999999", MU_ERR_INVALID, "", 0 },
	{ "a:12x", MU_ERR_INVALID, "", 0 },
	{ "[::1", MU_ERR_INVALID, "", 0 },
	{ "[::1]123", MU_ERR_INVALID, "", 0 },
	{ "0123456789012345678901234567890123456789012345678901234567890123", MU_ERR_INVALID, "", 0 }, // 64
};

static void test_names_of_servers(void **unused)
{
	(void)unused;
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		const char *const servers[MU_SNTP_SERVERS] = { 0, names[i].server, 0 };
		assert_int_equal(mu_sntp_init(&sntp, &fake.port, servers, 0), names[i].result);
		if (names[i].result < 0)
			continue;
		mu_sntp_link(&sntp, true, 0);
		step(0);
		assert_string_equal(fake.udp_host, names[i].host);
		assert_int_equal(fake.udp_port, names[i].port);
	}
}

static void test_the_request_tells_nothing(void **unused)
{
	(void)unused;
	static const uint8_t zeros[40] = { 4 << 3 | 3 };
	uint8_t first[8];
	start("a", "b", 0);
	mu_sntp_link(&sntp, true, 0);
	step(0);
	assert_int_equal(fake.udp_size, MU_SNTP_PACKET_BYTES);
	assert_memory_equal(fake.udp_payload, zeros, sizeof zeros);
	memcpy(first, fake.udp_payload + 40, sizeof first);
	step(MU_SNTP_WAIT_MS);
	assert_memory_not_equal(first, fake.udp_payload + 40, sizeof first); // a number of its own each time
}

static void test_without_servers_nothing_happens(void **unused)
{
	(void)unused;
	start(0, 0, 0);
	mu_sntp_link(&sntp, true, 0);
	assert_true(step(0) == UINT64_MAX);
	assert_false(mu_sntp_first_is_due(&sntp, 0));
	assert_int_equal(fake.udp_requests, 0);
}

static void test_servers_in_turn_until_one_answers(void **unused)
{
	(void)unused;
	uint64_t next_ms, wall_ms = 0;
	start("a", "b", "c");
	assert_true(step(0) == UINT64_MAX); // no link
	assert_false(mu_sntp_first_is_due(&sntp, 0));
	mu_sntp_link(&sntp, true, 1000);
	assert_true(mu_sntp_first_is_due(&sntp, 1000));
	assert_true(step(1000) == 1000 + MU_SNTP_WAIT_MS);
	assert_string_equal(fake.udp_host, "a");
	step(4000);
	assert_string_equal(fake.udp_host, "b");
	assert_int_equal(fake.udp_closes, 1);
	mu_sntp_event(&sntp, &(struct mu_event){ .type = MU_EVENT_UDP_FAILED, .reason = MU_ERR_NOT_FOUND }, 4500, &wall_ms);
	step(4500); // at once: b's name does not resolve
	assert_string_equal(fake.udp_host, "c");
	assert_true(mu_sntp_first_is_due(&sntp, 4500));
	uint8_t answer[MU_SNTP_PACKET_BYTES];
	make_answer(answer);
	assert_int_equal(answer_with(answer, sizeof answer, 4540, &wall_ms), MU_SNTP_TIME);
	assert_true(wall_ms == WALL_MS + 20);
	assert_false(mu_sntp_first_is_due(&sntp, 4540));
	assert_int_equal(mu_sntp_step(&sntp, 0, 4540, &next_ms), MU_SNTP_NOTHING);
	assert_in_range(next_ms, 4540 + MU_SNTP_PERIOD_MS - MU_SNTP_JITTER_MS, 4540 + MU_SNTP_PERIOD_MS);
	step(next_ms);
	assert_string_equal(fake.udp_host, "a"); // from the front again
}

static void test_a_late_or_second_answer_is_ignored(void **unused)
{
	(void)unused;
	uint8_t late[MU_SNTP_PACKET_BYTES];
	uint64_t wall_ms = 0;
	start("a", "b", 0);
	mu_sntp_link(&sntp, true, 0);
	step(0);
	make_answer(late);
	step(3000);
	assert_int_equal(answer_with(late, sizeof late, 3001, &wall_ms), MU_SNTP_NOTHING); // a's, while b is asked
	assert_string_equal(sntp.why, "not ours");
	uint64_t next_ms = step(3001);
	step(next_ms);
	assert_int_equal(answer_well(next_ms + 1), MU_SNTP_TIME);
	assert_int_equal(answer_well(next_ms + 2), MU_SNTP_NOTHING);
	assert_int_equal(mu_sntp_event(&sntp, &(struct mu_event){ .type = MU_EVENT_UDP_FAILED }, next_ms + 3, &wall_ms), MU_SNTP_NOTHING);
}

// Nobody answers: the first wait is over in 9 s, then ever longer pauses, and never two requests to one server within 15 s.
static void test_backoff_when_nobody_answers(void **unused)
{
	(void)unused;
	static const uint32_t halves_ms[] = { 30000, 60000, 120000, 240000, 480000, 960000, 1800000, 1800000 };
	uint64_t next_ms, now_ms = 0;
	start("a", "b", "c");
	mu_sntp_link(&sntp, true, 0);
	for (size_t i = 0; i < sizeof halves_ms / sizeof *halves_ms; i++) {
		uint64_t begin_ms = now_ms;
		unsigned before = fake.udp_requests;
		while (mu_sntp_step(&sntp, 0, now_ms, &next_ms) != MU_SNTP_ROUND_FAILED)
			now_ms = next_ms;
		assert_int_equal(now_ms - begin_ms, 9000);
		assert_int_equal(fake.udp_requests - before, 3);
		assert_int_equal(sntp.failures, 3 * (i + 1));
		assert_string_equal(sntp.failed, "c");
		assert_in_range(next_ms - now_ms, halves_ms[i], 2 * halves_ms[i]);
		assert_false(mu_sntp_first_is_due(&sntp, now_ms)); // who waited goes on without
		now_ms = next_ms;
	}
}

static void test_the_first_wait_is_bounded_by_time(void **unused)
{
	(void)unused;
	start("a", "b", "c");
	mu_sntp_link(&sntp, true, 500);
	step(500);
	assert_true(mu_sntp_first_is_due(&sntp, 500 + MU_SNTP_FIRST_MS - 1)); // a step that comes late, say
	assert_false(mu_sntp_first_is_due(&sntp, 500 + MU_SNTP_FIRST_MS));
	mu_sntp_link(&sntp, false, 20000);
	mu_sntp_link(&sntp, true, 21000); // the wait is that of the boot, not of each link
	assert_false(mu_sntp_first_is_due(&sntp, 21000));
}

static void test_a_link_that_flaps_asks_no_server_twice_in_15_s(void **unused)
{
	(void)unused;
	start("a", "b", 0);
	for (uint64_t now_ms = 0; now_ms < 15000; now_ms += 500) {
		mu_sntp_link(&sntp, true, now_ms);
		step(now_ms);
		mu_sntp_link(&sntp, false, now_ms + 100);
		assert_true(step(now_ms + 100) == UINT64_MAX);
	}
	assert_int_equal(fake.udp_requests, 2); // a, and b as soon as a is barred
	assert_int_equal(fake.udp_closes, 2);
	mu_sntp_link(&sntp, true, 15000);
	step(15000);
	assert_int_equal(fake.udp_requests, 3);
}

static void test_a_link_that_comes_back_within_the_hour_asks_nobody(void **unused)
{
	(void)unused;
	start("a", 0, 0);
	mu_sntp_link(&sntp, true, 0);
	step(0);
	answer_well(40);
	mu_sntp_link(&sntp, false, 100000);
	mu_sntp_link(&sntp, true, 200000);
	assert_true(step(200000) > 2000000);
	assert_int_equal(fake.udp_requests, 1);
	mu_sntp_link(&sntp, false, 300000);
	mu_sntp_link(&sntp, true, 4000000);
	step(4000000);
	assert_int_equal(fake.udp_requests, 2);
	step(4003000); // no answer, and the hour is over: another network is asked at once
	mu_sntp_link(&sntp, false, 4015000);
	mu_sntp_link(&sntp, true, 4016000);
	step(4016000);
	assert_int_equal(fake.udp_requests, 3);
}

static void test_rate_doubles_the_pause_of_that_server(void **unused)
{
	(void)unused;
	static const uint32_t hours[] = { 2, 4, 8, 16, 32, 32 };
	uint64_t now_ms = 0;
	start("a", "b", 0);
	mu_sntp_link(&sntp, true, 0);
	for (size_t i = 0; i < sizeof hours / sizeof *hours; i++) {
		step(now_ms);
		assert_string_equal(fake.udp_host, "a");
		kiss("RATE", now_ms);
		assert_true(sntp.not_before_ms[0] == now_ms + hours[i] * UINT64_C(3600000));
		step(now_ms); // b's turn at once
		assert_string_equal(fake.udp_host, "b");
		answer_well(now_ms + 20);
		uint64_t end_ms = sntp.not_before_ms[0];
		for (now_ms = sntp.due_ms; now_ms < end_ms; now_ms = sntp.due_ms) {
			step(now_ms);
			assert_string_equal(fake.udp_host, "b");
			answer_well(now_ms + 20);
		}
	}
	step(now_ms);
	answer_well(now_ms); // a serves again, and the next kiss begins from the front
	assert_int_equal(sntp.rates[0], 0);
}

static void test_deny_is_for_good(void **unused)
{
	(void)unused;
	uint64_t next_ms;
	start("a", "b", 0);
	mu_sntp_link(&sntp, true, 0);
	step(0);
	kiss("DENY", 10);
	step(10);
	kiss("RSTR", 20);
	assert_int_equal(mu_sntp_step(&sntp, 0, 20, &next_ms), MU_SNTP_ROUND_FAILED);
	assert_true(next_ms == UINT64_MAX);
	mu_sntp_link(&sntp, false, 100000000);
	mu_sntp_link(&sntp, true, 100000001);
	assert_true(step(100000001) == UINT64_MAX);
	assert_false(mu_sntp_first_is_due(&sntp, 100000001));
	assert_int_equal(fake.udp_requests, 2);
	start("a", "b", 0); // a reboot asks again
	mu_sntp_link(&sntp, true, 0);
	step(0);
	kiss("INIT", 10); // any other kiss: only now
	assert_true(sntp.not_before_ms[0] == MU_SNTP_SPACING_MS);
}

// No UDP, and no random number: the servers fail, the round ends, nothing hangs.
static void test_a_port_that_fails(void **unused)
{
	(void)unused;
	uint64_t next_ms;
	fake.udp_result = MU_ERR_UNSUPPORTED;
	start("a", "b", "c");
	mu_sntp_link(&sntp, true, 0);
	assert_int_equal(mu_sntp_step(&sntp, 0, 0, &next_ms), MU_SNTP_ROUND_FAILED);
	assert_string_equal(sntp.why, "unsupported");
	assert_in_range(next_ms, 30000, 60000);
	fake.udp_result = 0;
	fake_port_fail(&fake, FAKE_CALL_RANDOM, 1, 3);
	unsigned before = fake.udp_requests;
	assert_int_equal(mu_sntp_step(&sntp, 0, next_ms, &next_ms), MU_SNTP_ROUND_FAILED);
	assert_int_equal(fake.udp_requests, before); // nothing is sent that could be foretold
	assert_string_equal(sntp.why, "io");

	unsigned before_refusal = fake.udp_requests;
	assert_true(mu_sntp_wants(&sntp, next_ms));
	assert_int_equal(mu_sntp_step(&sntp, MU_ERR_NO_MEMORY, next_ms, &next_ms), MU_SNTP_ROUND_FAILED); // the gate
	assert_int_equal(fake.udp_requests, before_refusal);
	assert_string_equal(sntp.why, "no_memory");
	assert_false(mu_sntp_wants(&sntp, next_ms - 1));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_answers, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_a_kiss_counts_only_with_our_number, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_every_length, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_the_way_back_is_added, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_names_of_servers, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_the_request_tells_nothing, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_without_servers_nothing_happens, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_servers_in_turn_until_one_answers, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_a_late_or_second_answer_is_ignored, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_backoff_when_nobody_answers, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_the_first_wait_is_bounded_by_time, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_a_link_that_flaps_asks_no_server_twice_in_15_s, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_a_link_that_comes_back_within_the_hour_asks_nobody, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_rate_doubles_the_pause_of_that_server, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_deny_is_for_good, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_a_port_that_fails, set_up, tear_down),
	};
	return cmocka_run_group_tests(tests, 0, 0);
}
