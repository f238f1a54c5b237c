// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include "collector/alerting/transition_text.h"

static void test_there_and_back(void **state)
{
	(void)state;
	const struct alert_text texts[] = { { "severity", "critical" }, { "device", "a-1" }, { "summary", "\"low\"\n\x01 \xc3\xa4" } };
	struct alert_text back[8];
	json_t *object;
	char *json = transition_text_write(texts, 3);
	assert_string_equal(json, "{\"severity\":\"critical\",\"device\":\"a-1\",\"summary\":\"\\\"low\\\"\\n\\u0001 \xc3\xa4\"}");
	assert_int_equal(transition_text_read(json, back, 8, &object), 3);
	for (int i = 0; i < 3; i++) {
		assert_string_equal(back[i].name, texts[i].name);
		assert_string_equal(back[i].text, texts[i].text);
	}
	json_decref(object);
	assert_int_equal(transition_text_read(json, back, 2, &object), 2); // no more than there is room for
	json_decref(object);
	free(json);
}

// What a damaged row may hold: nothing is read, nothing is freed twice.
static void test_no_object(void **state)
{
	(void)state;
	static const char *const texts[] = { "", "[]", "{\"a\":", "3", "{\"a\":1,\"b\":{}}" };
	struct alert_text back[4];
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		json_t *object;
		assert_int_equal(transition_text_read(texts[i], back, 4, &object), 0);
		json_decref(object);
	}
}

static void test_none(void **state)
{
	(void)state;
	char *json = transition_text_write(0, 0);
	assert_string_equal(json, "{}");
	free(json);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_there_and_back),
		cmocka_unit_test(test_no_object),
		cmocka_unit_test(test_none),
	};
	return cmocka_run_group_tests(tests, 0, 0);
}
