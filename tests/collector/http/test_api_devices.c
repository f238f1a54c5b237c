// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>
#include "tests/collector/http/served.h"

static const char *id_at(const json_t *json, const char *list, size_t i)
{
	const char *id = json_string_value(json_object_get(json_array_get(json_object_get(json, list), i), "id"));
	return id ? id : "";
}

// Walks all pages of one row each and joins the ids: "edge-2 edge-1 ". Each page says the same total; no page is empty.
static void walk(struct served *served, const char *path, const char *list, char *ids, size_t size)
{
	char next[100] = "", full[300];
	*ids = 0;
	for (int pages = 0; pages < 10; pages++) {
		snprintf(full, sizeof full, "%s%climit=1%s%s", path, strchr(path, '?') ? '&' : '?', *next ? "&after=" : "", next);
		struct reply reply = served_ask(served, "GET", full, 0, 0);
		assert_int_equal(reply.status, 200);
		assert_int_equal(json_integer_value(json_object_get(reply.json, "total")), 3);
		assert_int_equal(json_array_size(json_object_get(reply.json, list)), 1);
		size_t used = strlen(ids);
		snprintf(ids + used, size - used, "%s ", id_at(reply.json, list, 0));
		const char *place = json_string_value(json_object_get(reply.json, "next"));
		snprintf(next, sizeof next, "%s", place ? place : "");
		served_done(&reply);
		if (!*next)
			return;
	}
	fail_msg("%s: the pages do not end", path);
}

static void test_each_order_returns_each_device_once(void **state)
{
	char ids[200];
	walk(*state, "/api/v1/devices", "devices", ids, sizeof ids);
	assert_string_equal(ids, "edge-1 edge-2 edge-3 ");
	walk(*state, "/api/v1/devices?order=seen", "devices", ids, sizeof ids);
	assert_string_equal(ids, "edge-1 edge-2 edge-3 ");
	walk(*state, "/api/v1/devices?order=worst", "devices", ids, sizeof ids);
	assert_memory_equal(ids, "edge-2 ", 7); // the one that crashes
	assert_non_null(strstr(ids, "edge-1 "));
	assert_non_null(strstr(ids, "edge-3 "));
	assert_int_equal(strlen(ids), 21);
	walk(*state, "/api/v1/ledger", "ledger", ids, sizeof ids);
	assert_string_equal(ids, "edge-1 edge-2 edge-3 ");
}

static void test_the_place_of_the_worst_names_state_and_device(void **state)
{
	struct reply reply = served_ask(*state, "GET", "/api/v1/devices?order=worst&limit=1", 0, 0);
	assert_string_equal(json_string_value(json_object_get(reply.json, "next")), "crash_loop:edge-2");
	served_done(&reply);
	// Of the page before; the device is healthy by now. The rest of the list is unchanged: what is less grave than a crash loop.
	reply = served_ask(*state, "GET", "/api/v1/devices?order=worst&after=crash_loop:edge-1", 0, 0);
	assert_int_equal(reply.status, 200);
	for (size_t i = 0; i < json_array_size(json_object_get(reply.json, "devices")); i++)
		assert_string_not_equal(id_at(reply.json, "devices", i), "");
	assert_true(json_is_null(json_object_get(reply.json, "next")));
	served_done(&reply);
}

static void test_a_filter_keeps_its_total_and_ends(void **state)
{
	static const struct {
		const char *query;
		long total;
		const char *first;
	} rows[] = {
		{ "q=edge", 3, "edge-1" },
		{ "q=edge-3", 1, "edge-3" },
		{ "q=EDGE", 0, "" }, // ids are told apart by case
		{ "firmware=1.1.0", 1, "edge-1" },
		{ "firmware=1.1", 0, "" },
		{ "firmware=", 1, "edge-3" }, // has not told any
		{ "state=crash_loop&order=worst", 1, "edge-2" },
		{ "state=crash_loop&firmware=1.1.0", 0, "" },
		{ "q=edge&limit=1000", 3, "edge-1" },
		{ "q=1.1", 1, "edge-1" }, // a part of the firmware
		{ "severity=none", 3, "edge-1" },
		{ "severity=critical", 0, "" },
		{ "order=-id", 3, "edge-3" },
		{ "order=heap", 3, "edge-1" }, // those that have not told it come last
		{ "order=-firmware&q=edge-1", 1, "edge-1" },
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		char path[200];
		snprintf(path, sizeof path, "/api/v1/devices?%s", rows[i].query);
		struct reply reply = served_ask(*state, "GET", path, 0, 0);
		if (reply.status != 200 || json_integer_value(json_object_get(reply.json, "total")) != rows[i].total ||
			strcmp(id_at(reply.json, "devices", 0), rows[i].first) != 0)
			fail_msg("%s: %s", path, reply.body);
		assert_int_equal(json_array_size(json_object_get(reply.json, "devices")), rows[i].total);
		assert_true(json_is_null(json_object_get(reply.json, "next")));
		served_done(&reply);
	}
}

// Each is refused with 400 and a word that says which part is wrong.
static const struct {
	const char *query, *piece;
} refused[] = {
	{ "devices?after=", "after" },
	{ "devices?after=nobody", "no place in this list" },
	{ "devices?after=crash_loop:edge-2", "no place in this list" },             // of the other order
	{ "devices?order=worst&after=edge-2", "no place in this list" },            // likewise
	{ "devices?order=worst&after=ill:edge-2", "no place in this list" },
	{ "devices?order=worst&after=:edge-2", "no place in this list" },
	{ "devices?order=worst&after=crash_loop:", "no place in this list" },
	{ "devices?order=worst&after=crash_loop:nobody", "no place in this list" },
	{ "devices?order=worst&after=a_state_with_a_name_that_is_too_long:edge-2", "no place in this list" },
	{ "devices?order=best", "not an order" },
	{ "devices?order=-worst", "not an order" },
	{ "devices?order=heap&after=edge-1", "not paged by after" },
	{ "devices?offset=1", "not paged by offset" },
	{ "devices?order=worst&offset=1", "not paged by offset" },
	{ "devices?order=id&offset=x", "offset must be" },
	{ "devices?severity=bad", "not a severity" },
	{ "ledger?offset=1", "does not take this parameter" },
	{ "devices?order=", "" },
	{ "devices?order=worst&order=seen", "" },
	{ "devices?limit=0", "limit must be a number from 1 to 1000" },
	{ "devices?limit=1001", "limit must be" },
	{ "devices?limit=-1", "limit must be" },
	{ "devices?limit=1e3", "limit must be" },
	{ "devices?limit=", "limit must be" },
	{ "devices?limit=99999999999999999999", "limit must be" },
	{ "devices?state=", "not a state" },
	{ "devices?state=Healthy", "not a state" },
	{ "ledger?state=healthy", "does not take this parameter" },
	{ "ledger?after=nobody", "no place in this list" },
	{ "ledger?limit=1001", "limit must be" },
};

static void test_bad_requests(void **state)
{
	for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
		char path[200];
		snprintf(path, sizeof path, "/api/v1/%s", refused[i].query);
		struct reply reply = served_ask(*state, "GET", path, 0, 0);
		if (reply.status != 400 || !json_is_object(json_object_get(reply.json, "error")) || !strstr(reply.body, refused[i].piece))
			fail_msg("%s: %ld %s", path, reply.status, reply.body);
		served_done(&reply);
	}
}

static void test_sorted_pages(void **state)
{
	static const struct {
		const char *query, *first;
		size_t rows;
		json_int_t next; // 0: null
	} pages[] = {
		{ "order=-id&limit=2", "edge-3", 2, 2 },
		{ "order=-id&limit=2&offset=2", "edge-1", 1, 0 },
		{ "order=-id&limit=3", "edge-3", 3, 0 },
		{ "order=-id&offset=1000000", "", 0, 0 },
	};
	for (size_t i = 0; i < sizeof pages / sizeof *pages; i++) {
		char path[200];
		snprintf(path, sizeof path, "/api/v1/devices?%s", pages[i].query);
		struct reply reply = served_ask(*state, "GET", path, 0, 0);
		assert_string_equal(id_at(reply.json, "devices", 0), pages[i].first);
		assert_int_equal(json_array_size(json_object_get(reply.json, "devices")), pages[i].rows);
		assert_int_equal(json_integer_value(json_object_get(reply.json, "next")), pages[i].next);
		assert_int_equal(json_integer_value(json_object_get(reply.json, "total")), 3);
		served_done(&reply);
	}
}

static void test_a_row_tells_of_alerts_and_acks(void **state)
{
	static const char *const paths[] = { "/api/v1/devices?q=edge-1", "/api/v1/devices/edge-1" };
	for (size_t i = 0; i < 2; i++) {
		struct reply reply = served_ask(*state, "GET", paths[i], 0, 0);
		assert_non_null(strstr(reply.body, "\"alerts\":{\"firing\":0,\"severity\":null}"));
		assert_non_null(strstr(reply.body, "\"acked\":true"));
		assert_non_null(strstr(reply.body, "\"heap_min_bytes\":null"));
		served_done(&reply);
	}
}

static void test_the_totals_of_the_ledger_are_of_all_pages(void **state)
{
	struct reply reply = served_ask(*state, "GET", "/api/v1/ledger?limit=1", 0, 0);
	const json_t *totals = json_object_get(reply.json, "totals");
	assert_int_equal(json_integer_value(json_object_get(totals, "accepted")), 8); // 4 of edge-1, 4 of edge-2
	assert_int_equal(json_integer_value(json_object_get(totals, "unexplained")), 0);
	served_done(&reply);
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, served_set_up, served_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_each_order_returns_each_device_once),
		CASE(test_the_place_of_the_worst_names_state_and_device),
		CASE(test_a_filter_keeps_its_total_and_ends),
		CASE(test_bad_requests),
		CASE(test_sorted_pages),
		CASE(test_a_row_tells_of_alerts_and_acks),
		CASE(test_the_totals_of_the_ledger_are_of_all_pages),
	};
	return cmocka_run_group_tests(tests, 0, 0);
}
