// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>
#include "collector/store/store_audit.h"
#include "tests/collector/store/scratch.h"

enum { SHOWN_MAX = 8 };

struct shown {
	unsigned count, stop_at;
	uint64_t n[SHOWN_MAX], at_ms[SHOWN_MAX];
	char line[SHOWN_MAX][3000];
};

static int show(void *context, const struct store_audit *row)
{
	struct shown *shown = context;
	assert_true(shown->count < SHOWN_MAX);
	shown->n[shown->count] = row->n;
	shown->at_ms[shown->count] = row->at_ms;
	snprintf(shown->line[shown->count++], sizeof shown->line[0], "%s %s %s %s %s", row->actor, row->action, row->target, row->detail,
		row->outcome);
	return shown->count == shown->stop_at ? 77 : 0;
}

static void add(struct store *store, uint64_t at_ms, const char *actor)
{
	struct store_audit row = { .n = 99,
		.at_ms = at_ms,
		.actor = actor,
		.action = "command.submit",
		.target = "dev-1",
		.detail = "x",
		.outcome = "ok" };
	assert_int_equal(store_audit_add(store, &row), 0);
}

static void test_a_row_comes_back_as_it_was(void **state)
{
	struct scratch *scratch = *state;
	struct shown shown = { 0 };
	add(scratch->store, UINT64_C(1790000000123), "anna");
	scratch_close(scratch);
	scratch_open(scratch);
	assert_int_equal(store_audit_list(scratch->store, 0, 10, show, &shown), 1);
	assert_string_equal(shown.line[0], "anna command.submit dev-1 x ok");
	assert_true(shown.at_ms[0] == UINT64_C(1790000000123));
	assert_int_equal(shown.n[0], 1); // the caller's n is ignored
}

static void test_pages_newest_first(void **state)
{
	struct store *store = ((struct scratch *)*state)->store;
	struct shown shown = { 0 };
	for (int i = 1; i <= 5; i++)
		add(store, 1000, "a"); // all at one time: the order is that of writing
	assert_int_equal(store_audit_list(store, 0, 2, show, &shown), 2);
	assert_int_equal(shown.n[0], 5);
	assert_int_equal(shown.n[1], 4);
	assert_int_equal(store_audit_list(store, 2, 5, show, &shown), 1);
	assert_int_equal(shown.n[2], 1);
	assert_int_equal(store_audit_list(store, 1, 5, show, &shown), 0);
	shown.stop_at = 4;
	assert_int_equal(store_audit_list(store, 0, 5, show, &shown), 77);
}

// Details come from requests: they may be missing or without end, but an action without a row must not be.
static void test_texts_are_cut_and_may_be_absent(void **state)
{
	struct store *store = ((struct scratch *)*state)->store;
	char text[2000];
	struct shown shown = { 0 };
	memset(text, 'x', sizeof text - 1);
	text[sizeof text - 1] = 0;
	struct store_audit row = { .actor = "a", .action = "b", .detail = text };
	assert_int_equal(store_audit_add(store, &row), 0);
	assert_int_equal(store_audit_list(store, 0, 1, show, &shown), 1);
	assert_int_equal(strlen(shown.line[0]), strlen("a b  ") + 512 + strlen(" "));
}

int main(void)
{
#define ROW(test) cmocka_unit_test_setup_teardown(test, scratch_setup, scratch_teardown)
	const struct CMUnitTest tests[] = {
		ROW(test_a_row_comes_back_as_it_was),
		ROW(test_pages_newest_first),
		ROW(test_texts_are_cut_and_may_be_absent),
	};
	return cmocka_run_group_tests(tests, 0, 0);
}
