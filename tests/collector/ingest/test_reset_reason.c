// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>
#include "collector/ingest/reset_reason.h"

#define CLASS(name) MU__RESET_CLASS__RESET_##name

// Each row: a word as some sketch, tutorial or framework sends it.
static const struct {
	const char *text;
	uint32_t raw;
	Mu__ResetClass reset_class;
} words[] = {
	{ "POWERON", 1, CLASS(POWER_ON) },
	{ "Power on", 1, CLASS(POWER_ON) },
	{ "ESP_RST_POWERON", 1, CLASS(POWER_ON) },
	{ "esp_rst_panic", 4, CLASS(CRASH) },
	{ "Exception/panic", 4, CLASS(CRASH) },
	{ "TASK_WDT", 6, CLASS(HANG) },
	{ "Interrupt watchdog", 5, CLASS(HANG) },
	{ "brown_out", 9, CLASS(BROWN_OUT) },
	{ "Brownout reset", 9, CLASS(BROWN_OUT) },
	{ "PWR_GLITCH", 14, CLASS(BROWN_OUT) },
	{ "DEEPSLEEP", 8, CLASS(SLEEP) },
	{ "Software/System restart", 3, CLASS(SOFTWARE) }, // ESP8266
	{ "External System", 2, CLASS(EXTERNAL) },         // ESP8266
	{ "Hardware Watchdog", 7, CLASS(HANG) },           // ESP8266
	{ "CPU_LOCKUP", 15, CLASS(CRASH) },
};

static void test_words(void **unused)
{
	(void)unused;
	for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
		struct reset_reason reason;
		assert_true(reset_reason_of_text(words[i].text, &reason));
		assert_int_equal(reason.raw, words[i].raw);
		assert_int_equal(reason.reset_class, words[i].reset_class);
	}
}

// A word that nobody knows, or that only begins like one, is an unknown reason.
static void test_other_words(void **unused)
{
	(void)unused;
	static const char *const others[] = { "", "esp_rst_", "ESP", "panics", "pan", "brown out now", "\xc3\xa4" };
	for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
		struct reset_reason reason = { 7, CLASS(HANG) };
		assert_false(reset_reason_of_text(others[i], &reason));
		assert_int_equal(reason.raw, 0);
		assert_int_equal(reason.reset_class, CLASS(UNKNOWN));
	}
}

static void test_numbers(void **unused)
{
	(void)unused;
	assert_int_equal(reset_reason_of_number(9).reset_class, CLASS(BROWN_OUT));
	assert_int_equal(reset_reason_of_number(15).reset_class, CLASS(CRASH));
	assert_int_equal(reset_reason_of_number(16).reset_class, CLASS(UNKNOWN)); // of a newer ESP-IDF
	assert_int_equal(reset_reason_of_number(16).raw, 16);
}

// Every class of the schema can be named in a mapping, and all names are told to the reader.
static void test_every_class_has_its_name(void **unused)
{
	(void)unused;
	char list[256];
	snprintf(list, sizeof list, "%s", reset_class_names());
	unsigned count = 0;
	for (char *save, *name = strtok_r(list, ", ", &save); name; name = strtok_r(0, ", ", &save), count++)
		assert_true(reset_class_find(name) >= 0);
	assert_int_equal(count, mu__reset_class__descriptor.n_values);
	assert_int_equal(reset_class_find("brown_out"), CLASS(BROWN_OUT));
	assert_int_equal(reset_class_find("Crash"), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_words),
		cmocka_unit_test(test_other_words),
		cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_every_class_has_its_name),
	};
	return cmocka_run_group_tests(tests, 0, 0);
}
