// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include "collector/ingest/outage.h"

enum { MINUTE_MS = OUTAGE_SAY_EVERY_MS };

// A broker that is away for ten minutes, tried five times a second: one line a minute.
static void test_once_a_minute(void **unused)
{
	(void)unused;
	struct outage outage = { 0 };
	unsigned said = 0;
	for (uint64_t now_ms = 0; now_ms < 10 * MINUTE_MS; now_ms += 200)
		said += outage_due(&outage, "Connection refused", 5000 + now_ms);
	assert_int_equal(said, 10);
}

// Each row: a word of the session, at this time, and whether the log gets it.
static const struct {
	const char *reason; // 0: up
	uint64_t now_ms;
	bool is_said;
} rows[] = {
	{ 0, 0, true },                                     // the first time is news
	{ "Connection lost", 1000, true },                  // at once
	{ "Connection refused", 1500, true },               // another reason, at once
	{ "Connection refused", 2000, false },              //
	{ "Not authorised", 3000, true },                   // and this
	{ "Connection refused", 3500, true },               // the fourth line
	{ "Not authorised", 4000, false },                  // no more of it in this minute
	{ 0, 5000, true },                                  // up again, after all that was said
	{ "Connection lost", 6000, false },                 // within the minute
	{ 0, 7000, false },                                 // so this is no news
	{ "Connection lost", 8000, false },                 //
	{ "Connection refused", 1000 + MINUTE_MS, true },   // the minute is over and it is away
	{ 0, 2000 + MINUTE_MS, true },                      // up, said
	{ "Connection lost", 900000 + MINUTE_MS, true },    // much later: at once
	{ "Connection lost", 910000 + MINUTE_MS, false },   //
	{ "Connection lost", 960000 + MINUTE_MS, true },    // still away
};

static void test_each_word(void **unused)
{
	(void)unused;
	struct outage outage = { 0 };
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		bool is_said = rows[i].reason ? outage_due(&outage, rows[i].reason, rows[i].now_ms) : outage_over(&outage);
		if (is_said != rows[i].is_said)
			fail_msg("row %zu", i);
	}
}

// Two musterd with one client id: up and lost several times a second.
static void test_flapping_does_not_fill_the_log(void **unused)
{
	(void)unused;
	struct outage outage = { 0 };
	unsigned said = 0;
	for (uint64_t now_ms = 1; now_ms < MINUTE_MS; now_ms += 100) {
		said += outage_over(&outage);
		said += outage_due(&outage, "Session taken over", now_ms);
	}
	assert_int_equal(said, 3); // up, lost, up
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_once_a_minute),
		cmocka_unit_test(test_each_word),
		cmocka_unit_test(test_flapping_does_not_fill_the_log),
	};
	return cmocka_run_group_tests(tests, 0, 0);
}
