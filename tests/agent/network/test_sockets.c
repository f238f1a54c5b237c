// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include "agent/network/sockets.h"
#include "tests/agent/fake_port.h"

struct setup {
	struct fake_port fake;
	struct mu_sockets sockets;
	struct mu_socket_news news;
	int identity; // of the socket opened last
};

static int set_up(void **state)
{
	struct setup *setup = calloc(1, sizeof *setup);
	fake_port_init(&setup->fake, 1);
	mu_sockets_init(&setup->sockets, &setup->fake.port, &mu_heap_gates_default);
	*state = setup;
	return 0;
}

static int tear_down(void **state)
{
	struct setup *setup = *state;
	fake_port_free(&setup->fake);
	free(setup);
	return 0;
}

// A new socket gets this number.
static void open_descriptor(struct setup *setup, int descriptor)
{
	setup->fake.socket_state[descriptor] = 0;
	setup->fake.socket_look[descriptor] = (struct mu_socket_look){ .identity = (uint32_t)++setup->identity };
}

static bool is_open(const struct setup *setup, int descriptor)
{
	return setup->fake.socket_state[descriptor] != MU_ERR_NOT_FOUND;
}

static int add(struct setup *setup, int descriptor, const char *owner, bool library)
{
	open_descriptor(setup, descriptor);
	int handle = mu_sockets_add(&setup->sockets, descriptor, owner, library, 0);
	assert_true(handle > 0);
	return handle;
}

// Steps as the agent does, whenever it is due, through all of the time; the news must be one of `why` at `at_ms`, and nothing else.
static void expect_news(struct setup *setup, uint64_t from_ms, uint64_t to_ms, enum mu_socket_why why, uint64_t at_ms)
{
	unsigned heard = 0;
	for (uint64_t now_ms = from_ms; now_ms <= to_ms; now_ms = mu_sockets_next(&setup->sockets)) {
		while (mu_sockets_step(&setup->sockets, now_ms, &setup->news)) {
			assert_int_equal(setup->news.why, why);
			assert_int_equal(now_ms, at_ms);
			heard++;
		}
		assert_true(mu_sockets_next(&setup->sockets) > now_ms);
	}
	assert_int_equal(heard, why != MU_SOCKET_ALIVE);
}

static void expect_quiet(struct setup *setup, uint64_t from_ms, uint64_t to_ms)
{
	expect_news(setup, from_ms, to_ms, MU_SOCKET_ALIVE, 0);
}

// DESIGN.md section 4: 10 s idle, 3 s apart, 3 probes; user time-out 19 s.
static void test_it_is_configured_at_once(void **state)
{
	struct setup *setup = *state;
	add(setup, 5, "web", false);
	const struct mu_socket_options *options = &setup->fake.socket_options[5];
	assert_int_equal(options->keep_idle_s, 10);
	assert_int_equal(options->keep_interval_s, 3);
	assert_int_equal(options->keep_probes, 3);
	assert_int_equal(options->user_timeout_ms, 19000);
}

static void test_what_cannot_be_registered(void **state)
{
	struct setup *setup = *state;
	assert_int_equal(mu_sockets_add(&setup->sockets, 4, "web", false, 0), MU_ERR_NOT_FOUND); // not open
	assert_int_equal(mu_sockets_add(&setup->sockets, -1, "web", false, 0), MU_ERR_NOT_FOUND);
	open_descriptor(setup, 4);
	assert_int_equal(mu_sockets_add(&setup->sockets, 4, "", false, 0), MU_ERR_INVALID);
	assert_int_equal(mu_sockets_add(&setup->sockets, 4, 0, false, 0), MU_ERR_INVALID);
	for (int i = 0; i < MU_SOCKETS_MAX; i++)
		add(setup, i, "web", false);
	open_descriptor(setup, MU_SOCKETS_MAX);
	assert_int_equal(mu_sockets_add(&setup->sockets, MU_SOCKETS_MAX, "web", false, 0), MU_ERR_FULL);
	assert_int_equal(setup->sockets.refused, 1);
	assert_true(is_open(setup, MU_SOCKETS_MAX)); // its owner's, still
}

// How a socket ends, when that is noticed, and what becomes of its descriptor. Each row begins with a live one that has been looked at.
static const struct end {
	const char *name;
	int state; // what the stack says from 1 500 ms on
	bool pending, wait, release, library;
	enum mu_socket_why why;
	uint64_t at_ms;
	bool closed;
} ends[] = {
	{ "alive and idle", 0, false, false, false, false, MU_SOCKET_ALIVE, 0, false },
	{ "the stack cannot tell", MU_ERR_UNSUPPORTED, false, false, false, false, MU_SOCKET_ALIVE, 0, false },
	{ "reset by the peer", MU_ERR_CLOSED, false, false, false, false, MU_SOCKET_GONE, 2000, true },
	{ "keep-alive without an answer", MU_ERR_TIMEOUT, false, false, false, false, MU_SOCKET_SILENT, 2000, true },
	// Keep-alive does not fire here: data is in flight, and lwIP sends it again for many minutes.
	{ "nothing acknowledged for 19 s", 0, true, false, false, false, MU_SOCKET_STUCK, 21000, true },
	{ "the owner waits for 10 s", 0, false, true, false, false, MU_SOCKET_STUCK, 11500, true },
	{ "let go and not closed", 0, false, false, true, false, MU_SOCKET_ORPHAN, 2000, true },
	{ "let go, a library's", 0, false, false, true, true, MU_SOCKET_ORPHAN, 2000, true },
	// Under a library nothing is closed: its owner is told.
	{ "reset, a library's", MU_ERR_CLOSED, false, false, false, true, MU_SOCKET_GONE, 2000, false },
	{ "silent, a library's", MU_ERR_TIMEOUT, false, false, false, true, MU_SOCKET_SILENT, 2000, false },
	{ "nothing acknowledged, a library's", 0, true, false, false, true, MU_SOCKET_STUCK, 21000, false },
};

static void test_each_end(void **unused)
{
	(void)unused;
	for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
		const struct end *end = &ends[i];
		void *state;
		set_up(&state);
		struct setup *setup = state;
		print_message("%s\n", end->name);
		int handle = add(setup, 3, "web", end->library);
		expect_quiet(setup, 0, 1000);
		setup->fake.socket_state[3] = end->state;
		setup->fake.socket_look[3].pending = end->pending;
		if (end->wait)
			assert_int_equal(mu_sockets_wait(&setup->sockets, handle, 1500), 0);
		if (end->release)
			assert_int_equal(mu_sockets_release(&setup->sockets, handle, 1500), 0);
		expect_news(setup, 1500, 60000, end->why, end->at_ms);
		assert_int_equal(is_open(setup, 3), !end->closed);
		assert_int_equal(setup->fake.socket_shutdowns, end->closed);
		assert_int_equal(setup->fake.socket_aborts, end->closed); // nothing lingers
		assert_int_equal(setup->sockets.closed, end->why != MU_SOCKET_ALIVE);
		assert_int_equal(setup->sockets.orphans_closed, end->why == MU_SOCKET_ORPHAN);
		if (end->why) {
			assert_string_equal(setup->news.owner, "web");
			assert_int_equal(setup->news.handle, handle);
			assert_int_equal(setup->news.closed, end->closed);
			assert_int_equal(mu_sockets_progress(&setup->sockets, handle), MU_ERR_CLOSED); // the owner hears of it, too
			assert_int_equal(mu_sockets_wait(&setup->sockets, handle, 60000), MU_ERR_CLOSED);
		}
		tear_down(&state);
	}
}

// Acknowledgements that come, however slowly, keep a socket alive; so does an owner's progress.
static void test_slow_is_not_stuck(void **state)
{
	struct setup *setup = *state;
	int handle = add(setup, 3, "web", false);
	setup->fake.socket_look[3].pending = true;
	for (uint64_t now_ms = 0; now_ms < 300000; now_ms += 9000) {
		setup->fake.socket_look[3].progress++;
		mu_sockets_wait(&setup->sockets, handle, now_ms);
		mu_sockets_wait(&setup->sockets, handle, now_ms + 8000); // asks again: the wait is that of the first
		expect_quiet(setup, now_ms, now_ms + 8900);
		assert_int_equal(mu_sockets_progress(&setup->sockets, handle), 0);
	}
	mu_sockets_wait(&setup->sockets, handle, 306000);
	mu_sockets_wait(&setup->sockets, handle, 314000);
	expect_news(setup, 306000, 317000, MU_SOCKET_STUCK, 316000);
}

// lwIP and Linux give a closed number to the next socket at once. That one is another's and must live.
static void test_a_number_that_is_used_again(void **state)
{
	struct setup *setup = *state;
	int handle = add(setup, 3, "web", false);
	assert_int_equal(mu_sockets_release(&setup->sockets, handle, 0), 0);
	open_descriptor(setup, 3); // closed by its owner, opened by another within the grace
	expect_quiet(setup, 0, 5000);
	assert_true(is_open(setup, 3));
	handle = add(setup, 3, "web", false);
	open_descriptor(setup, 3); // without a word to the registry
	setup->fake.socket_state[3] = MU_ERR_CLOSED;
	expect_quiet(setup, 6000, 12000);
	assert_int_equal(mu_sockets_release(&setup->sockets, handle, 12000), MU_ERR_CLOSED);
	assert_int_equal(setup->fake.socket_closes, 0);
	int first = add(setup, 3, "web", false);
	int second = add(setup, 3, "log", false); // registered by its new owner: the old handle is void
	assert_int_equal(mu_sockets_release(&setup->sockets, first, 0), MU_ERR_CLOSED);
	assert_int_equal(mu_sockets_progress(&setup->sockets, second), 0);
}

// Where the port cannot tell sockets apart, a living one is let be; a dead one hurts nobody.
static void test_without_identity_only_the_dead_are_swept(void **state)
{
	struct setup *setup = *state;
	for (int i = 0; i < 2; i++) {
		setup->fake.socket_state[i] = 0;
		int handle = mu_sockets_add(&setup->sockets, i, "web", false, 0);
		setup->fake.socket_state[i] = i ? MU_ERR_CLOSED : 0;
		assert_int_equal(mu_sockets_release(&setup->sockets, handle, 0), 0);
	}
	expect_news(setup, 0, 5000, MU_SOCKET_ORPHAN, 500);
	assert_true(is_open(setup, 0));
	assert_false(is_open(setup, 1));
	assert_true(mu_sockets_next(&setup->sockets) == UINT64_MAX);
}

// An identity that is known only once the socket is connected (lwIP: its local port) is taken over then.
static void test_identity_may_come_later(void **state)
{
	struct setup *setup = *state;
	setup->fake.socket_state[2] = 0;
	int handle = mu_sockets_add(&setup->sockets, 2, "web", false, 0);
	setup->fake.socket_look[2].identity = 49152;
	expect_quiet(setup, 0, 1000);
	mu_sockets_release(&setup->sockets, handle, 1500);
	setup->fake.socket_look[2].identity = 49153;
	expect_quiet(setup, 1500, 5000);
	assert_true(is_open(setup, 2));
}

static void test_registered_twice_is_once(void **state)
{
	struct setup *setup = *state;
	int handle = add(setup, 3, "mqtt", true);
	assert_int_equal(mu_sockets_add(&setup->sockets, 3, "mqtt", true, 10), handle);
	assert_int_equal(mu_sockets_release(&setup->sockets, handle, 20), 0);
	assert_int_equal(mu_sockets_release(&setup->sockets, handle, 20), MU_ERR_CLOSED);
	assert_true(mu_sockets_add(&setup->sockets, 3, "mqtt", true, 30) != handle); // taken back
	expect_quiet(setup, 30, 5000);
	const int never[] = { 0, -1, 15, 0x7FFFFFFF }; // no handle
	for (size_t i = 0; i < sizeof never / sizeof *never; i++)
		assert_int_equal(mu_sockets_release(&setup->sockets, never[i], 0), MU_ERR_CLOSED);
}

// A library's socket is told once; closed by its owner it is gone, and only what stays open is swept.
static void test_a_library_closes_its_own(void **state)
{
	struct setup *setup = *state;
	for (int left_open = 0; left_open < 2; left_open++) {
		int handle = add(setup, 3, "mqtt", true);
		setup->fake.socket_state[3] = MU_ERR_CLOSED;
		uint64_t now_ms = 10000 + 10000 * (uint64_t)left_open;
		expect_news(setup, now_ms, now_ms + 3000, MU_SOCKET_GONE, now_ms);
		assert_int_equal(setup->fake.socket_closes, 0);
		setup->fake.socket_state[3] = left_open ? MU_ERR_CLOSED : MU_ERR_NOT_FOUND;
		assert_int_equal(mu_sockets_release(&setup->sockets, handle, now_ms + 3000), 0);
		if (left_open) {
			assert_int_equal(mu_sockets_admit(&setup->sockets, "mqtt", false, 0, 0, now_ms + 3100), MU_ERR_BUSY);
			expect_news(setup, now_ms + 3000, now_ms + 9000, MU_SOCKET_ORPHAN, now_ms + 3500);
		} else {
			assert_int_equal(mu_sockets_admit(&setup->sockets, "mqtt", false, 0, 0, now_ms + 3100), 0);
			expect_quiet(setup, now_ms + 3000, now_ms + 9000);
		}
	}
	assert_int_equal(setup->sockets.orphans_closed, 1);
	assert_false(is_open(setup, 3));
}

// Nobody has registered it: counted, and never closed, whatever state it is in.
static void test_what_nobody_registered(void **state)
{
	struct setup *setup = *state;
	for (int i = 0; i < 6; i++)
		open_descriptor(setup, i);
	setup->fake.socket_state[4] = MU_ERR_CLOSED;
	add(setup, 7, "web", false);
	expect_quiet(setup, 0, 60000);
	assert_int_equal(setup->sockets.open, 7);
	assert_int_equal(setup->sockets.unclaimed, 6);
	assert_int_equal(setup->fake.socket_closes, 0);
	setup->fake.socket_state[4] = MU_ERR_NOT_FOUND;
	mu_sockets_count(&setup->sockets);
	assert_int_equal(setup->sockets.open, 6);
	assert_int_equal(setup->sockets.high_water, 7);
	assert_int_equal(setup->sockets.limit, 10);
}

// The gates of DESIGN.md section 4: 32 KiB for any socket; for TLS 48 KiB, and 20 KiB in one block.
static void test_gates(void **state)
{
	struct setup *setup = *state;
	const struct {
		uint32_t free_bytes, largest_bytes, open, reserve;
		bool tls;
		int result;
	} rows[] = {
		{ 32768, 100, 0, 0, false, 0 },
		{ 32767, 32767, 0, 0, false, MU_ERR_NO_MEMORY },
		{ 49152, 20480, 0, 0, true, 0 },
		{ 49151, 20480, 0, 0, true, MU_ERR_NO_MEMORY },
		{ 49152, 20479, 0, 0, true, MU_ERR_NO_MEMORY }, // enough, but in pieces
		{ 99999, 99999, 9, 0, false, 0 }, // the last of ten
		{ 99999, 99999, 10, 0, false, MU_ERR_FULL }, // lwIP would say ENFILE
		{ 99999, 99999, 8, 1, false, 0 },
		{ 99999, 99999, 9, 1, false, MU_ERR_FULL }, // that one is kept for the session
	};
	uint32_t refused = 0;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct mu_system_vitals system = { .heap_free_bytes = rows[i].free_bytes, .heap_largest_bytes = rows[i].largest_bytes };
		for (unsigned k = 0; k < 16; k++)
			setup->fake.socket_state[k] = k < rows[i].open ? 0 : MU_ERR_NOT_FOUND;
		assert_int_equal(mu_sockets_admit(&setup->sockets, "web", rows[i].tls, rows[i].reserve, &system, 0), rows[i].result);
		refused += rows[i].result < 0;
		assert_int_equal(setup->sockets.refused, refused);
	}
	for (unsigned k = 0; k < 16; k++)
		setup->fake.socket_state[k] = MU_ERR_NOT_FOUND;
	assert_int_equal(mu_sockets_admit(&setup->sockets, "web", true, 0, 0, 0), 0); // nothing sampled yet
}

// 500 ms between the close of a dead one and the next; others need not wait.
static void test_retry_after_a_close(void **state)
{
	struct setup *setup = *state;
	add(setup, 3, "web", false);
	setup->fake.socket_state[3] = MU_ERR_CLOSED;
	expect_news(setup, 1000, 1000, MU_SOCKET_GONE, 1000);
	assert_int_equal(mu_sockets_admit(&setup->sockets, "web", false, 0, 0, 1499), MU_ERR_BUSY);
	assert_int_equal(mu_sockets_admit(&setup->sockets, "log", false, 0, 0, 1499), 0);
	assert_int_equal(mu_sockets_admit(&setup->sockets, "web", false, 0, 0, 1500), 0);
	assert_int_equal(setup->sockets.refused, 0); // told to wait is not refused
}

// Close, shutdown, look and configure fail: nothing is lost, and the close is tried again until it works.
static void test_a_port_that_fails(void **state)
{
	struct setup *setup = *state;
	open_descriptor(setup, 3);
	setup->fake.socket_result = MU_ERR_IO;
	int handle = mu_sockets_add(&setup->sockets, 3, "web", false, 0);
	assert_true(handle > 0);
	setup->fake.socket_state[3] = MU_ERR_CLOSED;
	expect_news(setup, 0, 5500, MU_SOCKET_GONE, 0);
	assert_true(setup->fake.socket_closes > 3);
	assert_true(is_open(setup, 3));
	assert_int_equal(mu_sockets_release(&setup->sockets, handle, 5500), MU_ERR_CLOSED); // it is the registry's
	setup->fake.socket_result = 0;
	expect_news(setup, 6000, 9000, MU_SOCKET_ORPHAN, 6000);
	assert_false(is_open(setup, 3));
	assert_true(mu_sockets_next(&setup->sockets) == UINT64_MAX);
}

static int unsupported_limit(void *context)
{
	(void)context;
	return MU_ERR_UNSUPPORTED;
}

static int unsupported_list(void *context, int *out, size_t count)
{
	(void)context, (void)out, (void)count;
	return MU_ERR_UNSUPPORTED;
}

static int unsupported_check(void *context, int descriptor)
{
	(void)context, (void)descriptor;
	return MU_ERR_UNSUPPORTED;
}

static int unsupported_configure(void *context, int descriptor, const struct mu_socket_options *options)
{
	(void)context, (void)descriptor, (void)options;
	return MU_ERR_UNSUPPORTED;
}

static int unsupported_look(void *context, int descriptor, struct mu_socket_look *out)
{
	(void)context, (void)descriptor, (void)out;
	return MU_ERR_UNSUPPORTED;
}

static int unsupported_shutdown(void *context, int descriptor)
{
	(void)context, (void)descriptor;
	return MU_ERR_UNSUPPORTED;
}

static int unsupported_close(void *context, int descriptor, bool abort)
{
	(void)context, (void)descriptor, (void)abort;
	return MU_ERR_UNSUPPORTED;
}

// A port without sockets of its own: everything is admitted, rows come and go with their owners, and only owners' waits can end one.
static void test_a_port_that_cannot_tell_anything(void **state)
{
	struct setup *setup = *state;
	static const struct mu_socket_port table = { unsupported_limit, unsupported_list, unsupported_configure, unsupported_check,
		unsupported_look, unsupported_shutdown, unsupported_close };
	setup->fake.port.socket = &table;
	int handle = mu_sockets_add(&setup->sockets, 3, "web", true, 0);
	assert_true(handle > 0);
	assert_int_equal(setup->sockets.open, 1);
	assert_int_equal(setup->sockets.unclaimed, 0);
	assert_int_equal(mu_sockets_admit(&setup->sockets, "web", false, 9, 0, 0), 0);
	expect_quiet(setup, 0, 60000);
	mu_sockets_wait(&setup->sockets, handle, 60000);
	expect_news(setup, 60000, 80000, MU_SOCKET_STUCK, 70000);
	assert_int_equal(mu_sockets_release(&setup->sockets, handle, 80000), 0);
	expect_quiet(setup, 80000, 90000);
	assert_true(mu_sockets_next(&setup->sockets) == UINT64_MAX);
}

// Time stamps beyond the 32-bit marks, where a tick counter of 32 bits would call every socket stuck, or none.
static void test_far_in_time(void **state)
{
	struct setup *setup = *state;
	const uint64_t marks[] = { UINT64_C(1) << 31, UINT64_C(1) << 32 };
	for (size_t i = 0; i < sizeof marks / sizeof *marks; i++) {
		open_descriptor(setup, 3);
		int handle = mu_sockets_add(&setup->sockets, 3, "web", false, marks[i] - 5000);
		mu_sockets_wait(&setup->sockets, handle, marks[i] - 5000);
		expect_news(setup, marks[i] - 5000, marks[i] + 20000, MU_SOCKET_STUCK, marks[i] + 5000);
	}
}

static void test_names(void **unused)
{
	(void)unused;
	assert_string_equal(mu_socket_why_name(MU_SOCKET_STUCK), "stuck");
	assert_string_equal(mu_socket_why_name((enum mu_socket_why)99), "unknown");
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_it_is_configured_at_once),
		TEST(test_what_cannot_be_registered),
		cmocka_unit_test(test_each_end),
		TEST(test_slow_is_not_stuck),
		TEST(test_a_number_that_is_used_again),
		TEST(test_without_identity_only_the_dead_are_swept),
		TEST(test_identity_may_come_later),
		TEST(test_registered_twice_is_once),
		TEST(test_a_library_closes_its_own),
		TEST(test_what_nobody_registered),
		TEST(test_gates),
		TEST(test_retry_after_a_close),
		TEST(test_a_port_that_fails),
		TEST(test_a_port_that_cannot_tell_anything),
		TEST(test_far_in_time),
		cmocka_unit_test(test_names),
	};
	return cmocka_run_group_tests(tests, 0, 0);
}
