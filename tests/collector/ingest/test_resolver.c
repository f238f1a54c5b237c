// SPDX-License-Identifier: Apache-2.0
// A loop that goes on while names are slow: no more than one question at a time, and none that outlives its asker harms anybody.
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <arpa/inet.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>
#include "collector/clock.h"
#include "collector/ingest/resolver.h"
#include "tests/agent/port/linux/open_files.h"
#include "tests/collector/ingest/slow_names.h"

enum { LONG_MS = 60000, SHORT_MS = 20, TICKS = 50, TICKS_MAX = 100000 };

static struct event_base *base;
static struct resolver *resolver;
static struct event *tick;
static unsigned ticks, answers, opened_before;
static char answer[256]; // of addresses: each with its port, separated by blanks
static uint64_t past_ms; // the clock is so much ahead

// In place of collector/clock.c.
uint64_t clock_monotonic_ms(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000 + past_ms;
}

static void on_tick(evutil_socket_t fd, short what, void *context)
{
	(void)fd, (void)what, (void)context;
	ticks++;
	event_base_loopbreak(base);
}

static void on_answer(void *context, struct addrinfo *found, const char *problem)
{
	assert_ptr_equal(context, &answers);
	assert_true(!found != !problem);
	answers++;
	snprintf(answer, sizeof answer, "%s", problem ? problem : "");
	for (const struct addrinfo *one = found; one; one = one->ai_next) {
		char host[64], service[8];
		size_t used = strlen(answer);
		assert_int_equal(one->ai_socktype, SOCK_STREAM);
		getnameinfo(one->ai_addr, one->ai_addrlen, host, sizeof host, service, sizeof service, NI_NUMERICHOST | NI_NUMERICSERV);
		snprintf(answer + used, sizeof answer - used, "%s%s#%s", used ? " " : "", host, service);
	}
	if (found)
		freeaddrinfo(found);
}

static void make_resolver(const char *host)
{
	resolver_free(resolver);
	resolver = resolver_new(base, host, 1883, slow_names_look_up);
	assert_non_null(resolver);
}

static int make(void **state)
{
	static const struct timeval ms = { .tv_usec = 1000 };
	(void)state;
	ticks = answers = 0;
	opened_before = open_files();
	past_ms = 0;
	slow_names_are("127.0.0.1", 0);
	base = event_base_new();
	tick = event_new(base, -1, EV_PERSIST, on_tick, 0);
	event_add(tick, &ms);
	make_resolver("broker.test");
	return 0;
}

static int clean(void **state)
{
	(void)state;
	resolver_free(resolver);
	resolver = 0;
	event_free(tick);
	event_base_free(base);
	slow_names_hold(false);
	slow_names_await_end();
	assert_int_equal(open_files(), opened_before);
	return 0;
}

static void ask(unsigned timeout_ms)
{
	unsigned before = answers;
	resolver_ask(resolver, timeout_ms, on_answer, &answers);
	assert_int_equal(answers, before); // never before the loop runs
}

static void turn(unsigned count)
{
	for (unsigned until = ticks + count; ticks < until;)
		event_base_dispatch(base);
}

static const char *await(unsigned count)
{
	for (unsigned until = ticks + TICKS_MAX; answers < count; turn(1))
		assert_true(ticks < until);
	assert_int_equal(answers, count);
	return answer;
}

static void test_address_needs_no_thread(void **unused)
{
	(void)unused;
	make_resolver("127.0.0.3");
	ask(LONG_MS);
	assert_string_equal(await(1), "127.0.0.3#1883");
	make_resolver("::1");
	ask(LONG_MS);
	assert_string_equal(await(2), "::1#1883");
	assert_int_equal(slow_names_asked(), 0);
}

static void test_all_addresses_in_their_order(void **unused)
{
	(void)unused;
	slow_names_are("::1 127.0.0.2 127.0.0.1", 0);
	ask(LONG_MS);
	assert_string_equal(await(1), "::1#1883 127.0.0.2#1883 127.0.0.1#1883");
	turn(TICKS);
	assert_int_equal(answers, 1);
}

static void test_real_names(void **unused)
{
	(void)unused;
	resolver_free(resolver);
	resolver = resolver_new(base, "localhost", 1, 0);
	ask(LONG_MS);
	assert_non_null(strstr(await(1), "#1"));
}

static void test_loop_goes_on_meanwhile(void **unused)
{
	(void)unused;
	slow_names_hold(true);
	ask(LONG_MS);
	turn(TICKS);
	assert_int_equal(answers, 0);
	slow_names_hold(false);
	assert_string_equal(await(1), "127.0.0.1#1883");
}

static void test_failures(void **unused)
{
	(void)unused;
	slow_names_are("", EAI_NONAME);
	ask(LONG_MS);
	assert_string_equal(await(1), gai_strerror(EAI_NONAME));
	slow_names_are("", EAI_SYSTEM);
	ask(LONG_MS);
	assert_string_equal(await(2), strerror(EIO));
}

// A name server that is stuck: each asker gets a clear answer in its time, and no second thread gets stuck.
static void test_stuck_question_is_not_repeated(void **unused)
{
	(void)unused;
	slow_names_hold(true);
	for (unsigned i = 1; i <= 5; i++) {
		ask(SHORT_MS);
		assert_string_equal(await(i), "no answer within 20 ms");
	}
	slow_names_await(1);
	ask(LONG_MS);
	slow_names_hold(false);
	assert_string_equal(await(6), "127.0.0.1#1883");
	assert_int_equal(slow_names_asked(), 1);
}

static void be_too_late(void)
{
	slow_names_hold(true);
	ask(SHORT_MS);
	assert_string_equal(await(1), "no answer within 20 ms");
	slow_names_await(1);
	slow_names_hold(false);
	slow_names_await_end();
	turn(TICKS); // it tells the loop, which has nobody to tell
	assert_int_equal(answers, 1);
	assert_int_equal(slow_names_asked(), 1);
}

// Else a name server that needs longer than the time limit would never be heard.
static void test_late_answer_is_for_the_next_asker(void **unused)
{
	(void)unused;
	be_too_late();
	past_ms = RESOLVER_KEPT_MS - 10000;
	ask(LONG_MS);
	assert_string_equal(await(2), "127.0.0.1#1883");
	assert_int_equal(slow_names_asked(), 1);
	ask(LONG_MS);
	await(3);
	assert_int_equal(slow_names_asked(), 2); // and for nobody else
}

static void test_old_answer_is_not_kept(void **unused)
{
	(void)unused;
	be_too_late();
	past_ms = RESOLVER_KEPT_MS + 1;
	slow_names_are("127.0.0.9", 0);
	ask(LONG_MS);
	assert_string_equal(await(2), "127.0.0.9#1883");
}

static void test_late_failure_is_not_kept(void **unused)
{
	(void)unused;
	slow_names_are("", EAI_AGAIN);
	be_too_late();
	slow_names_are("127.0.0.9", 0);
	ask(LONG_MS);
	assert_string_equal(await(2), "127.0.0.9#1883");
}

static void test_cancelled_question_tells_nobody(void **unused)
{
	(void)unused;
	slow_names_hold(true);
	ask(SHORT_MS);
	resolver_cancel(resolver);
	turn(TICKS);
	slow_names_await(1);
	slow_names_hold(false);
	slow_names_await_end();
	turn(TICKS);
	assert_int_equal(answers, 0);
	ask(LONG_MS);
	assert_string_equal(await(1), "127.0.0.1#1883");
	assert_int_equal(slow_names_asked(), 1);
}

// clean() lets the thread go on when resolver and loop are gone: the sanitizers see whether it touches them.
static void test_end_waits_for_no_thread(void **unused)
{
	(void)unused;
	slow_names_hold(true);
	ask(LONG_MS);
	slow_names_await(1);
	turn(TICKS);
}

static void test_end_with_an_answer_that_waits(void **unused)
{
	(void)unused;
	ask(LONG_MS);
	slow_names_await(1);
	slow_names_await_end();
}

static void test_no_descriptor_left(void **unused)
{
	struct rlimit limit, none;
	(void)unused;
	getrlimit(RLIMIT_NOFILE, &limit);
	none = limit;
	none.rlim_cur = 0;
	setrlimit(RLIMIT_NOFILE, &none);
	ask(LONG_MS);
	setrlimit(RLIMIT_NOFILE, &limit);
	assert_string_equal(await(1), "it cannot be asked for: Too many open files");
	ask(LONG_MS);
	assert_string_equal(await(2), "127.0.0.1#1883");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_address_needs_no_thread, make, clean),
		cmocka_unit_test_setup_teardown(test_all_addresses_in_their_order, make, clean),
		cmocka_unit_test_setup_teardown(test_real_names, make, clean),
		cmocka_unit_test_setup_teardown(test_loop_goes_on_meanwhile, make, clean),
		cmocka_unit_test_setup_teardown(test_failures, make, clean),
		cmocka_unit_test_setup_teardown(test_stuck_question_is_not_repeated, make, clean),
		cmocka_unit_test_setup_teardown(test_late_answer_is_for_the_next_asker, make, clean),
		cmocka_unit_test_setup_teardown(test_old_answer_is_not_kept, make, clean),
		cmocka_unit_test_setup_teardown(test_late_failure_is_not_kept, make, clean),
		cmocka_unit_test_setup_teardown(test_cancelled_question_tells_nobody, make, clean),
		cmocka_unit_test_setup_teardown(test_end_waits_for_no_thread, make, clean),
		cmocka_unit_test_setup_teardown(test_end_with_an_answer_that_waits, make, clean),
		cmocka_unit_test_setup_teardown(test_no_descriptor_left, make, clean),
	};
	return cmocka_run_group_tests(tests, 0, 0);
}
