// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>
#include "collector/config_table.h"

static const struct config_option *option_of(const char *section, const char *key)
{
	for (size_t i = 0; i < config_option_count; i++)
		if (strcmp(config_options[i].section, section) == 0 && strcmp(config_options[i].key, key) == 0)
			return &config_options[i];
	fail_msg("no option %s.%s", section, key);
	return 0;
}

static uint64_t number_of(const struct config_option *option, const struct config *config)
{
	const char *field = (const char *)config + option->offset;
	return option->type == OPTION_BYTES ? *(const uint64_t *)field : *(const uint32_t *)field;
}

// The table itself: no row twice, no two fields that overlap, each with its help, each default within its own range.
static void test_rows_are_sound(void **unused)
{
	(void)unused;
	struct config config;
	char reason[CONFIG_ERROR_BYTES];
	memset(&config, 0, sizeof config);
	for (size_t i = 0; i < config_option_count; i++) {
		const struct config_option *option = &config_options[i];
		assert_true(option->help && option->help[0]);
		assert_true(option->offset + config_option_size(option) <= sizeof config);
		assert_int_equal(config_option_set(option, &config, option->initial, reason), 0);
		for (size_t j = 0; j < i; j++) {
			const struct config_option *other = &config_options[j];
			assert_true(strcmp(option->section, other->section) != 0 || strcmp(option->key, other->key) != 0);
			assert_true(option->offset >= other->offset + config_option_size(other) ||
				other->offset >= option->offset + config_option_size(option));
		}
	}
}

// Each row: a text, and the number it stands for.
static const struct {
	const char *section, *key, *text;
	uint64_t value;
} good[] = {
	{ "broker", "keepalive_s", "10", 10 },                       // the least
	{ "broker", "keepalive_s", "3600", 3600 },                   // the most
	{ "ingest", "commit_interval_ms", "0", 0 },
	{ "store", "retention_bytes", "16777216", 16777216 },        // the least, in bytes
	{ "store", "retention_bytes", "16777216B", 16777216 },
	{ "store", "retention_bytes", "16384 KiB", 16777216 },
	{ "store", "retention_bytes", "16MiB", 16777216 },
	{ "store", "retention_bytes", "3   GiB", UINT64_C(3221225472) }, // more than 32 bits
	{ "store", "retention_bytes", "16384 GiB", UINT64_C(17592186044416) },
	{ "log", "level", "error", 0 },
	{ "log", "level", "debug", 3 },
};

static void test_every_good_value(void **unused)
{
	(void)unused;
	for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
		struct config config;
		char reason[CONFIG_ERROR_BYTES];
		const struct config_option *option = option_of(good[i].section, good[i].key);
		memset(&config, 0xa5, sizeof config);
		assert_int_equal(config_option_set(option, &config, good[i].text, reason), 0);
		assert_true(number_of(option, &config) == good[i].value);
	}
}

static const struct {
	const char *section, *key, *text, *reason;
} bad[] = {
	{ "broker", "keepalive_s", "9", "10 .. 3600" },
	{ "broker", "keepalive_s", "3601", "10 .. 3600" },
	{ "broker", "keepalive_s", "4294967306", "10 .. 3600" },             // 10 + 2^32: must not wrap
	{ "broker", "keepalive_s", "99999999999999999999999", "10 .. 3600" }, // beyond 64 bits
	{ "broker", "keepalive_s", "-60", "whole number" },                  // strtoull alone would take it
	{ "broker", "keepalive_s", "+60", "whole number" },
	{ "broker", "keepalive_s", " 60", "whole number" },
	{ "broker", "keepalive_s", "60s", "whole number" },
	{ "broker", "keepalive_s", "6.5", "whole number" },
	{ "broker", "keepalive_s", "0x40", "whole number" },
	{ "broker", "keepalive_s", "", "default: 60" },
	{ "broker", "keepalive_s", "1 KiB", "whole number" },                // units are for bytes
	{ "store", "retention_bytes", "10 GB", "KiB, MiB or GiB" },
	{ "store", "retention_bytes", "10 gib", "KiB, MiB or GiB" },
	{ "store", "retention_bytes", "GiB", "KiB, MiB or GiB" },
	{ "store", "retention_bytes", "16384 GiB more", "KiB, MiB or GiB" },
	{ "store", "retention_bytes", "16385 GiB", "out of range" },
	{ "store", "retention_bytes", "17179869185 GiB", "out of range" },       // the product is 1 GiB beyond 64 bits
	{ "log", "level", "verbose", "error warn info debug" },
	{ "log", "level", "", "error warn info debug" },
	{ "store", "path", "", "must not be empty" },
};

// A refused value says why, and leaves the field alone.
static void test_every_bad_value(void **unused)
{
	(void)unused;
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		struct config config, before;
		char reason[CONFIG_ERROR_BYTES] = "";
		memset(&config, 0xa5, sizeof config);
		before = config;
		assert_int_equal(config_option_set(option_of(bad[i].section, bad[i].key), &config, bad[i].text, reason), -1);
		if (!strstr(reason, bad[i].reason))
			fail_msg("%s: %s", bad[i].text, reason);
		assert_memory_equal(&config, &before, sizeof config);
	}
}

static void test_the_longest_text(void **unused)
{
	(void)unused;
	struct config config;
	char text[CONFIG_TEXT_BYTES + 1], reason[CONFIG_ERROR_BYTES];
	memset(text, 'x', CONFIG_TEXT_BYTES);
	text[CONFIG_TEXT_BYTES] = 0;
	memset(&config, 0, sizeof config);
	assert_int_equal(config_option_set(option_of("store", "path"), &config, text, reason), -1);
	assert_non_null(strstr(reason, "255"));
	assert_string_equal(config.store.path, "");
	text[CONFIG_TEXT_BYTES - 1] = 0;
	assert_int_equal(config_option_set(option_of("store", "path"), &config, text, reason), 0);
	assert_string_equal(config.store.path, text);
	assert_int_equal(config_option_set(option_of("broker", "user"), &config, "", reason), 0); // this one may be empty
}

// What is near enough to be a hint; a wild guess would send the reader astray.
static const struct {
	const char *section, *name, *nearest;
} hints[] = {
	{ 0, "brokr", "broker" },
	{ 0, "stores", "store" },
	{ 0, "carrot", 0 },
	{ 0, "a name much longer than any option could have", 0 },
	{ "broker", "keepalive", "keepalive_s" },
	{ "broker", "url", "uri" },
	{ "store", "retention_day", "retention_days" },
	{ "store", "keepalive_s", 0 }, // of another section
	{ "none", "uri", 0 },
};

static void test_every_hint(void **unused)
{
	(void)unused;
	for (size_t i = 0; i < sizeof hints / sizeof *hints; i++) {
		const char *nearest = config_nearest(hints[i].section, hints[i].name);
		if (!nearest != !hints[i].nearest || (nearest && strcmp(nearest, hints[i].nearest) != 0))
			fail_msg("%s: %s", hints[i].name, nearest ? nearest : "nothing");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows_are_sound),
		cmocka_unit_test(test_every_good_value),
		cmocka_unit_test(test_every_bad_value),
		cmocka_unit_test(test_the_longest_text),
		cmocka_unit_test(test_every_hint),
	};
	return cmocka_run_group_tests(tests, 0, 0);
}
