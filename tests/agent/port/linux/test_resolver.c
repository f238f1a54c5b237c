// SPDX-License-Identifier: Apache-2.0
// With a name server and files of the test's own; only one test reads those of this computer.
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <arpa/inet.h>
#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "agent/image/err.h"
#include "agent/port/linux/clock.h"
#include "agent/port/linux/resolver.h"
#include "tests/agent/port/linux/fake_names.h"
#include "tests/agent/port/linux/open_files.h"

struct bench {
	struct event_base *loop;
	struct fake_names names;
	struct mu_resolver *resolver;
	struct mu_lookup lookup;
	unsigned answers;
	int err; // of the last answer
};

static int set_up(void **state)
{
	struct bench *bench = calloc(1, sizeof *bench);
	bench->loop = event_base_new();
	fake_names_start(&bench->names, bench->loop, "127.0.0.1 localhost\n::1 localhost\n10.0.0.9 broker.local\n");
	bench->resolver = mu_resolver_new(bench->loop, bench->names.resolv_conf, bench->names.hosts);
	assert_non_null(bench->resolver);
	*state = bench;
	return 0;
}

static int tear_down(void **state)
{
	struct bench *bench = *state;
	mu_lookup_cancel(&bench->lookup);
	mu_resolver_free(bench->resolver);
	fake_names_stop(&bench->names);
	event_base_free(bench->loop);
	free(bench);
	return 0;
}

static void on_answer(void *context, int err)
{
	struct bench *bench = context;
	bench->answers++;
	bench->err = err;
}

static int ask(struct bench *bench, const char *host)
{
	return mu_lookup_start(&bench->lookup, bench->resolver, host, 1883, bench, on_answer);
}

static void run_ms(struct bench *bench, int ms)
{
	event_base_loopexit(bench->loop, &(struct timeval){ .tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000 });
	event_base_dispatch(bench->loop);
}

// Runs until the next answer, 15 s at most.
static void wait_answer(struct bench *bench)
{
	unsigned before = bench->answers;
	for (int i = 0; i < 1500 && bench->answers == before; i++)
		run_ms(bench, 10);
	assert_int_equal(bench->answers, before + 1);
}

static const char *found(const struct bench *bench, unsigned index)
{
	static char text[INET6_ADDRSTRLEN];
	assert_true(index < bench->lookup.count);
	const struct mu_address *address = &bench->lookup.found[index];
	bool ipv4 = address->any.sa_family == AF_INET;
	assert_int_equal(address->size, ipv4 ? sizeof address->ipv4 : sizeof address->ipv6);
	assert_int_equal(ntohs(ipv4 ? address->ipv4.sin_port : address->ipv6.sin6_port), 1883);
	return inet_ntop(address->any.sa_family, ipv4 ? (const void *)&address->ipv4.sin_addr : &address->ipv6.sin6_addr, text,
		sizeof text);
}

// A fleet of thousands with an address has to cost nothing.
static void test_an_address_is_known_at_once_and_opens_nothing(void **state)
{
	struct bench *bench = *state;
	unsigned before = open_files();
	assert_int_equal(ask(bench, "192.0.2.7"), 1);
	assert_int_equal(bench->lookup.count, 1);
	assert_string_equal(found(bench, 0), "192.0.2.7");
	assert_int_equal(ask(bench, "2001:db8::7"), 1);
	assert_string_equal(found(bench, 0), "2001:db8::7");
	assert_int_equal(mu_lookup_start(&bench->lookup, 0, "::1", 1883, bench, on_answer), 1);
	assert_int_equal(mu_lookup_start(&bench->lookup, 0, "localhost", 1883, bench, on_answer), MU_ERR_NOT_FOUND);
	assert_int_equal(open_files(), before);
	run_ms(bench, 20);
	assert_int_equal(bench->answers, 0);
}

static void test_the_hosts_file(void **state)
{
	struct bench *bench = *state;
	bench->names.mood = FAKE_NAMES_SILENT;
	assert_int_equal(ask(bench, "broker.local"), 1);
	assert_string_equal(found(bench, 0), "10.0.0.9");
	assert_int_equal(ask(bench, "LOCALHOST"), 1);
	assert_int_equal(bench->lookup.count, 2);
	assert_string_equal(found(bench, 0), "127.0.0.1");
	assert_string_equal(found(bench, 1), "::1");
	run_ms(bench, 20);
	assert_int_equal(bench->names.asked, 0);
	assert_int_equal(bench->answers, 0);
}

// A computer without a network: the files are empty, or are not there.
static void test_localhost_needs_no_files(void **state)
{
	struct bench *bench = *state;
	unlink(bench->names.hosts);
	unlink(bench->names.resolv_conf);
	assert_int_equal(ask(bench, "localhost"), 1);
	assert_string_equal(found(bench, 0), "127.0.0.1");
	fake_names_write(bench->names.hosts, "");
	fake_names_write(bench->names.resolv_conf, "");
}

static void test_the_files_of_this_computer(void **state)
{
	struct bench *bench = *state;
	struct mu_resolver *own = mu_resolver_new(bench->loop, 0, 0);
	assert_int_equal(mu_lookup_start(&bench->lookup, own, "localhost", 1883, bench, on_answer), 1);
	mu_resolver_free(own);
}

// In turns of both kinds, so that neither crowds the other out.
static void test_a_name_server_answers(void **state)
{
	struct bench *bench = *state;
	bench->names.ipv4_count = 5;
	bench->names.ipv6 = true;
	assert_int_equal(ask(bench, "broker.example"), 0);
	assert_int_equal(bench->answers, 0);
	wait_answer(bench);
	assert_int_equal(bench->err, 0);
	assert_int_equal(bench->names.asked, 2);
	assert_int_equal(bench->lookup.count, MU_LOOKUP_ADDRESSES);
	assert_string_equal(found(bench, 0), "127.0.0.1");
	assert_string_equal(found(bench, 1), "::1");
	assert_string_equal(found(bench, 2), "127.0.0.2");
	assert_string_equal(found(bench, 3), "127.0.0.3");
}

static void test_names_that_are_not_found(void **state)
{
	struct bench *bench = *state;
	bench->names.mood = FAKE_NAMES_NONE;
	assert_int_equal(ask(bench, "nobody.example"), 0);
	wait_answer(bench);
	assert_int_equal(bench->err, MU_ERR_NOT_FOUND);
	bench->names.mood = FAKE_NAMES_ANSWER;
	bench->names.ipv4_count = 0; // the name is there, but has no address
	assert_int_equal(ask(bench, "mail.example"), 0);
	wait_answer(bench);
	assert_int_equal(bench->err, MU_ERR_NOT_FOUND);
	assert_int_equal(bench->lookup.count, 0);
	static char long_name[300]; // a label of DNS has 63 bytes at most
	memset(long_name, 'a', sizeof long_name - 1);
	assert_int_equal(ask(bench, long_name), MU_ERR_NOT_FOUND);
}

static void test_a_name_server_that_refuses(void **state)
{
	struct bench *bench = *state;
	bench->names.mood = FAKE_NAMES_REFUSE;
	assert_int_equal(ask(bench, "broker.example"), 0);
	wait_answer(bench);
	assert_int_equal(bench->err, MU_ERR_NOT_FOUND);
}

static void count_tick(int fd, short what, void *context)
{
	(void)fd, (void)what;
	++*(unsigned *)context;
}

// The loop goes on, and the name is given up inside of a session's 10 s.
static void test_a_name_server_that_is_silent(void **state)
{
	struct bench *bench = *state;
	unsigned ticks = 0;
	struct event *timer = event_new(bench->loop, -1, EV_PERSIST, count_tick, &ticks);
	event_add(timer, &(struct timeval){ .tv_usec = 10000 });
	bench->names.mood = FAKE_NAMES_SILENT;
	uint64_t before_ms = mu_monotonic_ms();
	assert_int_equal(ask(bench, "broker.example"), 0);
	assert_in_range(mu_monotonic_ms() - before_ms, 0, 500);
	wait_answer(bench);
	assert_int_equal(bench->err, MU_ERR_NOT_FOUND);
	assert_in_range(mu_monotonic_ms() - before_ms, 7000, 9800);
	assert_int_equal(bench->names.asked, 16); // 8 times for each of the two kinds
	assert_true(ticks > 200);
	event_free(timer);
}

// Whichever of the two kinds of address the dead one is asked for first. The options would end it before the second is asked.
static void test_the_second_name_server_answers_for_a_dead_first(void **state)
{
	struct bench *bench = *state;
	struct fake_names dead;
	fake_names_start(&dead, bench->loop, "");
	dead.mood = FAKE_NAMES_SILENT;
	for (int turn = 0; turn < 2; turn++) {
		char both[120];
		snprintf(both, sizeof both, "%s%soptions timeout:5 attempts:1\n", turn ? bench->names.nameserver : dead.nameserver,
			turn ? dead.nameserver : bench->names.nameserver);
		fake_names_write(bench->names.resolv_conf, both);
		struct mu_resolver *resolver = mu_resolver_new(bench->loop, bench->names.resolv_conf, bench->names.hosts);
		assert_int_equal(mu_lookup_start(&bench->lookup, resolver, "broker.example", 1883, bench, on_answer), 0);
		wait_answer(bench);
		mu_resolver_free(resolver);
		assert_int_equal(bench->err, 0);
		assert_string_equal(found(bench, 0), "127.0.0.1");
		assert_true(dead.asked > 0);
		dead.asked = 0;
	}
	fake_names_stop(&dead);
}

// A laptop, or a gateway, that is carried to another network.
static void test_other_name_servers_are_followed(void **state)
{
	struct bench *bench = *state;
	struct fake_names other;
	fake_names_start(&other, bench->loop, "");
	unsigned before = open_files();
	bench->names.mood = FAKE_NAMES_SILENT;
	assert_int_equal(ask(bench, "broker.example"), 0);
	fake_names_write(bench->names.resolv_conf, other.nameserver);
	fake_names_write(bench->names.hosts, "10.0.0.8 moved.local\n");
	wait_answer(bench);
	assert_int_equal(bench->err, MU_ERR_NOT_FOUND);
	assert_int_equal(other.asked, 0);
	run_ms(bench, 50);
	assert_int_equal(open_files(), before); // what was read 8 s ago ends with its last question
	assert_int_equal(ask(bench, "broker.example"), 0);
	wait_answer(bench);
	assert_int_equal(bench->err, 0);
	assert_int_equal(other.asked, 2);
	assert_int_equal(ask(bench, "moved.local"), 1);
	assert_string_equal(found(bench, 0), "10.0.0.8");
	fake_names_stop(&other);
}

// Also for thousands of devices that ask one after the other.
static void test_the_files_are_read_once_in_5_s_and_nothing_stays_open(void **state)
{
	struct bench *bench = *state;
	unsigned before = open_files();
	assert_int_equal(ask(bench, "broker.local"), 1);
	assert_int_equal(open_files(), before + 1); // the socket to the one name server
	fake_names_write(bench->names.hosts, "10.0.0.8 broker.local\n");
	for (int i = 0; i < 100; i++)
		assert_int_equal(ask(bench, "broker.local"), 1);
	assert_string_equal(found(bench, 0), "10.0.0.9");
	assert_int_equal(open_files(), before + 1);
	run_ms(bench, 5100);
	assert_int_equal(open_files(), before);
	assert_int_equal(ask(bench, "broker.local"), 1);
	assert_string_equal(found(bench, 0), "10.0.0.8");
}

// The lookup may be gone before evdns has told the end; and so may the resolver.
static void test_a_cancelled_question_is_not_answered(void **state)
{
	struct bench *bench = *state;
	struct mu_lookup *lookup = calloc(1, sizeof *lookup);
	assert_int_equal(mu_lookup_start(lookup, bench->resolver, "gone.example", 1, bench, on_answer), 0);
	mu_lookup_cancel(lookup);
	mu_lookup_cancel(lookup);
	free(lookup);
	assert_int_equal(ask(bench, "one.example"), 0);
	assert_int_equal(ask(bench, "two.example"), 0); // ends the one before
	wait_answer(bench);
	run_ms(bench, 50);
	assert_int_equal(bench->answers, 1);
	assert_int_equal(ask(bench, "three.example"), 0);
	run_ms(bench, 0);
	mu_lookup_cancel(&bench->lookup); // its questions are out, the answers perhaps in
	assert_int_equal(ask(bench, "four.example"), 0); // ended by tear_down, with the resolver
}

static void ask_again(void *context, int err)
{
	struct bench *bench = context;
	on_answer(context, err);
	assert_int_equal(ask(bench, "next.example"), 0);
}

static void test_another_question_from_inside_of_the_answer(void **state)
{
	struct bench *bench = *state;
	assert_int_equal(mu_lookup_start(&bench->lookup, bench->resolver, "first.example", 1883, bench, ask_again), 0);
	for (int i = 0; i < 300 && bench->answers < 2; i++)
		run_ms(bench, 10);
	assert_int_equal(bench->answers, 2);
	assert_int_equal(bench->err, 0);
	assert_string_equal(found(bench, 0), "127.0.0.1");
}

// More than evdns has under way at a time, each with its own end, of which some are cancelled.
static void test_many_questions(void **state)
{
	struct bench *bench = *state;
	static struct mu_lookup lookups[300];
	for (unsigned i = 0; i < 300; i++)
		assert_int_equal(mu_lookup_start(&lookups[i], bench->resolver, "broker.example", 1883, bench, on_answer), 0);
	for (unsigned i = 0; i < 300; i += 3)
		mu_lookup_cancel(&lookups[i]);
	for (int i = 0; i < 500 && bench->answers < 200; i++)
		run_ms(bench, 10);
	run_ms(bench, 50);
	assert_int_equal(bench->answers, 200);
	for (unsigned i = 0; i < 300; i++)
		assert_int_equal(lookups[i].count, i % 3 != 0);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_an_address_is_known_at_once_and_opens_nothing),
		TEST(test_the_hosts_file),
		TEST(test_localhost_needs_no_files),
		TEST(test_the_files_of_this_computer),
		TEST(test_a_name_server_answers),
		TEST(test_names_that_are_not_found),
		TEST(test_a_name_server_that_refuses),
		TEST(test_a_name_server_that_is_silent),
		TEST(test_the_second_name_server_answers_for_a_dead_first),
		TEST(test_other_name_servers_are_followed),
		TEST(test_the_files_are_read_once_in_5_s_and_nothing_stays_open),
		TEST(test_a_cancelled_question_is_not_answered),
		TEST(test_another_question_from_inside_of_the_answer),
		TEST(test_many_questions),
	};
	mu_resolver_free(0);
	return cmocka_run_group_tests(tests, 0, 0);
}
