// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <event2/buffer.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "alerts/notify/alert_body.h"
#include "alerts/notify/time_text.h"

#define NOW UINT64_C(1795883331042)

enum { LASTING_MS = 240000 };

// Each row: an alert, and the times it is told with.
static const struct {
	bool is_firing;
	uint64_t fired_ms, resolved_ms, starts_ms, ends_ms;
} rows[] = {
	{ true, NOW - 5000, 0, NOW - 5000, NOW + LASTING_MS },        // fires: ends by itself unless it is told again
	{ false, NOW - 5000, NOW - 1000, NOW - 5000, NOW - 1000 },    // ended
	{ false, NOW - 5000, NOW - 5000, NOW - 5000, NOW - 5000 },    // within one millisecond
	{ false, NOW - 5000, NOW - 6000, NOW - 5000, NOW - 5000 },    // an end before the start would be refused
	{ true, NOW + 86400000, 0, NOW, NOW + LASTING_MS },           // the clock was a day ahead, and was put right
	{ false, NOW - 5000, NOW + 86400000, NOW - 5000, NOW },       // an end in the future would fire on until then
};

static const char *text_of(const json_t *alert, const char *name)
{
	return json_string_value(json_object_get(alert, name));
}

static void test_times(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct outbox_alert alert = { "{\"a\":\"1\"}", "\"annotations\":{}", rows[i].is_firing, rows[i].fired_ms,
			rows[i].resolved_ms };
		struct evbuffer *body = evbuffer_new();
		alert_body_add(body, &alert, NOW, LASTING_MS, true);
		json_t *json = json_loadb((const char *)evbuffer_pullup(body, -1), evbuffer_get_length(body), 0, 0);
		assert_non_null(json);
		assert_string_equal(text_of(json, "startsAt"), time_text(rows[i].starts_ms).text);
		assert_string_equal(text_of(json, "endsAt"), time_text(rows[i].ends_ms).text);
		json_decref(json);
		evbuffer_free(body);
	}
}

// The whole text of a body, once, as an Alertmanager gets it.
static void test_a_body(void **state)
{
	(void)state;
	static const char expected[] =
		"[{\"labels\":{\"alertname\":\"HeapLow\"},\"startsAt\":\"2026-11-28T16:28:46.042Z\",\"endsAt\":\"2026-11-28T16:32:51.042Z\","
		"\"annotations\":{\"summary\":\"heap is \\\"low\\\"\"},\"generatorURL\":\"http://muster/\"},"
		"{\"labels\":{\"alertname\":\"HeapLow\"},\"startsAt\":\"2026-11-28T16:28:46.042Z\",\"endsAt\":\"2026-11-28T16:32:51.042Z\","
		"\"annotations\":{}}]";
	struct notice_text text = { "summary", "heap is \"low\"" };
	struct notice notice = { .annotations = &text, .annotation_count = 1, .fired_ms = NOW - 5000 };
	char *full = alert_body_details(&notice, "http://muster/");
	notice.annotation_count = 0;
	char *bare = alert_body_details(&notice, "");
	struct outbox_alert one = { "{\"alertname\":\"HeapLow\"}", full, true, NOW - 5000, 0 }, other = one;
	other.details = bare;
	struct evbuffer *body = evbuffer_new();
	evbuffer_add_printf(body, "[");
	alert_body_add(body, &one, NOW, LASTING_MS, true);
	alert_body_add(body, &other, NOW, LASTING_MS, false);
	evbuffer_add_printf(body, "]");
	assert_int_equal(evbuffer_get_length(body), sizeof expected - 1);
	assert_memory_equal(evbuffer_pullup(body, -1), expected, sizeof expected - 1);
	evbuffer_free(body);
	free(full);
	free(bare);
}

// Four intervals, but never so short that a hiccup ends an alert.
static void test_how_long_it_lasts(void **state)
{
	(void)state;
	assert_int_equal(alert_body_lasting_ms(1000), 60000);
	assert_int_equal(alert_body_lasting_ms(15000), 60000);
	assert_int_equal(alert_body_lasting_ms(60000), 240000);
	assert_int_equal(alert_body_lasting_ms(3600000), 14400000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_times),
		cmocka_unit_test(test_a_body),
		cmocka_unit_test(test_how_long_it_lasts),
	};
	return cmocka_run_group_tests(tests, 0, 0);
}
