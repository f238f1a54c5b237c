// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include "alerts/alerts.h"
#include "tests/collector/http/served.h"

// Six transitions: HeapLow of edge-1 fires, CrashLoop of edge-2 fires and gets graver, WeakRadio of edge-2 is pending, Silent of edge-3 is over.
static const struct served_alert scene[] = {
	{ "edge-1", "HeapLow", ALERT_OK, ALERT_FIRING, ALERT_WARNING, 1000, 1100, 0, 41000, 50000 },
	{ "edge-2", "CrashLoop", ALERT_OK, ALERT_FIRING, ALERT_WARNING, 2000, 2100, 0, 3, NAN },
	{ "edge-2", "CrashLoop", ALERT_FIRING, ALERT_FIRING, ALERT_CRITICAL, 3000, 3100, 2, 5.5, 5 },
	{ "edge-2", "WeakRadio", ALERT_OK, ALERT_PENDING, ALERT_WARNING, 4000, 4100, 0, -85, -80 },
	{ "edge-3", "Silent", ALERT_OK, ALERT_FIRING, ALERT_CRITICAL, 5000, 5100, 0, NAN, NAN },
	{ "edge-3", "Silent", ALERT_FIRING, ALERT_OK, ALERT_CRITICAL, 6000, 6100, 5, NAN, NAN },
};

static int set_up(void **state)
{
	int err = served_set_up(state);
	for (size_t i = 0; i < sizeof scene / sizeof *scene; i++)
		assert_int_equal(served_transition(*state, &scene[i]), i + 1);
	return err;
}

// The members `name` of all rows, joined.
static void join(const json_t *answer, const char *list, const char *name, char *text, size_t size)
{
	const json_t *row;
	size_t i;
	*text = 0;
	json_array_foreach(json_object_get(answer, list), i, row) {
		const json_t *value = json_object_get(row, name);
		size_t used = strlen(text);
		if (json_is_integer(value))
			snprintf(text + used, size - used, "%d ", (int)json_integer_value(value));
		else
			snprintf(text + used, size - used, "%s ", json_is_string(value) ? json_string_value(value) : "?");
	}
}

static void expect(struct served *served, const char *path, const char *list, const char *member, const char *joined)
{
	char text[400];
	struct reply reply = served_ask(served, "GET", path, 0, 0);
	assert_int_equal(reply.status, 200);
	join(reply.json, list, member, text, sizeof text);
	if (strcmp(text, joined) != 0)
		fail_msg("%s: %s instead of %s", path, text, joined);
	served_done(&reply);
}

static void test_which_alerts_are_shown(void **state)
{
	static const struct {
		const char *query, *names;
	} rows[] = {
		{ "", "HeapLow CrashLoop " }, // firing ones, by device
		{ "?state=all", "HeapLow CrashLoop WeakRadio " },
		{ "?state=pending", "WeakRadio " },
		{ "?state=recovering", "" },
		{ "?severity=critical", "CrashLoop " },
		{ "?device=edge-2&state=all", "CrashLoop WeakRadio " },
		{ "?device=edge-3", "" }, // it is over
		{ "?name=HeapLow", "HeapLow " },
		{ "?name=heaplow", "" },
		{ "?match=severity%3D~%22crit.*%22", "CrashLoop " },
		{ "?match=device!%3Dedge-1&state=all", "CrashLoop WeakRadio " },
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		char path[200];
		snprintf(path, sizeof path, "/api/v1/alerts%s", rows[i].query);
		expect(*state, path, "alerts", "name", rows[i].names);
	}
}

static void test_the_shape_of_an_alert(void **state)
{
	struct reply reply = served_ask(*state, "GET", "/api/v1/alerts?name=CrashLoop", 0, 0);
	const json_t *alert = json_array_get(json_object_get(reply.json, "alerts"), 0);
	json_t *expected = json_pack("{s:s,s:s,s:s,s:s,s:s,s:i,s:i,s:i,s:f,s:i,s:i,s:{s:s,s:s,s:s,s:s},s:{s:s,s:s,s:s,s:s}}", "device",
		"edge-2",
		"uid", "crashloop", "name", "CrashLoop", "severity", "critical", "state", "firing", "since_ms", 3000, "started_ms", 3000,
		"fired_ms", 3000, "value", 5.5, "threshold", 5, "incident", 2, "labels", "alertname", "CrashLoop", "severity", "critical",
		"device", "edge-2", "firmware", "1.1.0", "annotations", "summary", "CrashLoop summary", "symptom", "CrashLoop symptom", "cause",
		"CrashLoop cause", "remedy", "CrashLoop remedy");
	assert_true(json_equal(alert, expected));
	assert_int_equal(json_integer_value(json_object_get(reply.json, "total")), 1);
	json_decref(expected);
	served_done(&reply);
}

static void test_pages_of_alerts(void **state)
{
	static const struct {
		const char *path, *name, *next;
	} pages[] = {
		{ "/api/v1/alerts?state=all&limit=1", "HeapLow ", "edge-1:heaplow" },
		{ "/api/v1/alerts?state=all&limit=1&after=edge-1:heaplow", "CrashLoop ", "edge-2:crashloop" },
		{ "/api/v1/alerts?state=all&limit=1&after=edge-2:crashloop", "WeakRadio ", 0 },
		{ "/api/v1/alerts?state=all&limit=1&after=edge-2:d", "WeakRadio ", 0 }, // an alert that is over meanwhile is a place, too
		{ "/api/v1/alerts?state=all&limit=9&after=edge-1:zzz", "CrashLoop WeakRadio ", 0 },
	};
	for (size_t i = 0; i < sizeof pages / sizeof *pages; i++) {
		char text[100];
		struct reply reply = served_ask(*state, "GET", pages[i].path, 0, 0);
		const char *next = json_string_value(json_object_get(reply.json, "next"));
		join(reply.json, "alerts", "name", text, sizeof text);
		assert_string_equal(text, pages[i].name);
		assert_string_equal(next ? next : "", pages[i].next ? pages[i].next : "");
		assert_int_equal(json_integer_value(json_object_get(reply.json, "total")), 3);
		served_done(&reply);
	}
}

static void test_the_log(void **state)
{
	static const struct {
		const char *query, *numbers;
		int next; // 0: null
	} rows[] = {
		{ "", "6 5 4 3 2 1 ", 0 }, // newest first
		{ "?limit=2", "6 5 ", 5 },
		{ "?limit=2&before=5", "4 3 ", 3 },
		{ "?limit=2&before=3", "2 1 ", 0 },
		{ "?after=0", "1 2 3 4 5 6 ", 0 },
		{ "?after=4", "5 6 ", 0 },
		{ "?after=2&limit=1", "3 ", 3 },
		{ "?after=6", "", 0 },
		{ "?since_ms=3100", "3 4 5 6 ", 0 }, // by the time of storing
		{ "?since_ms=3101", "4 5 6 ", 0 },
		{ "?since_ms=0", "1 2 3 4 5 6 ", 0 },
		{ "?since_ms=99999", "", 0 },
		{ "?device=edge-2", "4 3 2 ", 0 },
		{ "?device=edge-2&limit=2", "4 3 ", 3 },
		{ "?device=edge-2&before=3", "2 ", 0 },
		{ "?device=edge-2&after=2", "4 3 ", 0 },
		{ "?device=edge-2&since_ms=3000", "4 3 ", 0 }, // by event time
		{ "?match=severity%3Dcritical", "6 5 3 ", 0 },
		{ "?match=severity%3Dcritical&limit=1", "6 ", 6 },
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		char path[200], text[100];
		snprintf(path, sizeof path, "/api/v1/alerts/log%s", rows[i].query);
		struct reply reply = served_ask(*state, "GET", path, 0, 0);
		assert_int_equal(reply.status, 200);
		join(reply.json, "transitions", "n", text, sizeof text);
		if (strcmp(text, rows[i].numbers) != 0 || json_integer_value(json_object_get(reply.json, "next")) != rows[i].next)
			fail_msg("%s: %s", path, reply.body);
		served_done(&reply);
	}
}

static void test_the_shape_of_a_transition(void **state)
{
	struct reply reply = served_ask(*state, "GET", "/api/v1/alerts/log?after=4&limit=1", 0, 0);
	const json_t *row = json_array_get(json_object_get(reply.json, "transitions"), 0);
	json_t *expected =
		json_pack("{s:i,s:i,s:i,s:i,s:s,s:s,s:s,s:s,s:s,s:s,s:s,s:s,s:i,s:i,s:n,s:n}", "n", 5, "incident", 5, "at_ms", 5000,
		"stored_ms", 5100, "device", "edge-3", "uid", "silent", "name", "Silent", "from", "ok", "to", "firing", "severity", "critical",
			"was_severity", "critical", "reason", "sample", "started_ms", 5000, "fired_ms", 5000, "value", "threshold");
	json_t *got = json_copy((json_t *)row);
	assert_string_equal(json_string_value(json_object_get(json_object_get(got, "labels"), "alertname")), "Silent");
	assert_string_equal(json_string_value(json_object_get(json_object_get(got, "annotations"), "remedy")), "Silent remedy");
	json_object_del(got, "labels");
	json_object_del(got, "annotations");
	assert_true(json_equal(got, expected));
	json_decref(got);
	json_decref(expected);
	served_done(&reply);
}

static const struct served_row refused[] = {
	{ "GET", "/api/v1/alerts?state=ok", 0, 0, 400, "not a state of an alert" },
	{ "GET", "/api/v1/alerts?severity=none", 0, 0, 400, "not a severity" },
	{ "GET", "/api/v1/alerts?device=nobody", 0, 0, 404, "no device" },
	{ "GET", "/api/v1/alerts?after=edge-1", 0, 0, 400, "no place in this list" },
	{ "GET", "/api/v1/alerts?after=nobody:x", 0, 0, 400, "no place in this list" },
	{ "GET", "/api/v1/alerts?after=12345678901234567890123456789012345:x", 0, 0, 400, "no place in this list" },
	{ "GET", "/api/v1/alerts?limit=0", 0, 0, 400, "limit must be" },
	{ "GET", "/api/v1/alerts?match=a%3D~%22(%22", 0, 0, 400, "column 4: in this regular expression a ( is not closed" },
	{ "GET", "/api/v1/alerts?nonsense=1", 0, 0, 400, "does not take" },
	{ "GET", "/api/v1/alerts/log?match=%3D", 0, 0, 400, "column 1" },
	{ "GET", "/api/v1/alerts/log?after=1&before=2", 0, 0, 400, "exclude each other" },
	{ "GET", "/api/v1/alerts/log?after=x", 0, 0, 400, "after must be a number" },
	{ "GET", "/api/v1/alerts/log?before=0", 0, 0, 400, "before must be a number" },
	{ "GET", "/api/v1/alerts/log?device=nobody", 0, 0, 404, "no device" },
	{ "POST", "/api/v1/alerts", SERVED_TOKEN, "{}", 405, "GET" },
};

static void test_what_is_refused(void **state)
{
	served_check(*state, refused, sizeof refused / sizeof *refused);
}

static void test_devices_with_an_alert(void **state)
{
	expect(*state, "/api/v1/devices?alert=CrashLoop", "devices", "id", "edge-2 ");
	expect(*state, "/api/v1/devices?alert=WeakRadio", "devices", "id", ""); // pending is not firing
	expect(*state, "/api/v1/devices?alert=Silent", "devices", "id", "");
	expect(*state, "/api/v1/devices?alert=Nonsense", "devices", "id", "");
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, set_up, served_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_which_alerts_are_shown),
		CASE(test_the_shape_of_an_alert),
		CASE(test_pages_of_alerts),
		CASE(test_the_log),
		CASE(test_the_shape_of_a_transition),
		CASE(test_what_is_refused),
		CASE(test_devices_with_an_alert),
	};
	return cmocka_run_group_tests(tests, 0, 0);
}
