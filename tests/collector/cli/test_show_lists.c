// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include "collector/cli/show.h"
#include "tests/collector/cli/screen.h"

#define NOW UINT64_C(1790000000000)

static const char *const devices =
	"{\"devices\":["
	"{\"id\":\"edge-1\",\"condition\":{\"state\":\"healthy\",\"severity\":\"ok\",\"reasons\":[]},\"firmware\":\"1.1.0\",\"last_seen_ms\":1789999999000,"
	"\"uptime_s\":7200,\"heap_free_bytes\":150000,\"rssi_dbm\":-60},"
	"{\"id\":\"edge-2\",\"condition\":{\"state\":\"crash_loop\",\"severity\":\"critical\",\"reasons\":[{\"code\":\"crash_loop\",\"text\":"
	"\"crashed 4 times in 10 min, last in task wifi\"}]},\"firmware\":\"\\u001b[2J\",\"last_seen_ms\":1789999940000},"
	"{\"id\":\"a\",\"condition\":{\"state\":\"new\",\"severity\":\"ok\",\"reasons\":[{\"code\":\"new\",\"text\":\"no heartbeat yet\"}]},\"firmware\":null,"
	"\"last_seen_ms\":null}],\"next\":null,\"total\":3}";

static const struct {
	unsigned width;
	const char *picture;
} device_pictures[] = {
	{ 120,
		"DEVICE  STATE       FIRMWARE  SEEN   UP       HEAP  RSSI  WHY\n"
		"edge-1  healthy     1.1.0      1 s  2 h  146.5 KiB   -60\n"
		"edge-2  crash_loop  \\x1b[2J   60 s                        crashed 4 times in 10 min, last in task wifi\n"
		"a       new                    0 s                        no heartbeat yet\n"
		"3 devices: 1 healthy, 1 crash_loop, 1 new\n" },
	{ 80,
		"DEVICE  STATE       FIRMWARE  SEEN   UP       HEAP  WHY\n"
		"edge-1  healthy     1.1.0      1 s  2 h  146.5 KiB\n"
		"edge-2  crash_loop  \\x1b[2J   60 s                  crashed 4 times in 10 min, …\n"
		"a       new                    0 s                  no heartbeat yet\n"
		"3 devices: 1 healthy, 1 crash_loop, 1 new\n" },
	{ 40,
		"DEVICE  STATE       FIRMWARE  SEEN   UP\n" // no room for a reason that says something
		"edge-1  healthy     1.1.0      1 s  2 h\n"
		"edge-2  crash_loop  \\x1b[2J   60 s\n"
		"a       new                    0 s\n"
		"3 devices: 1 healthy, 1 crash_loop, 1\n"
		"new\n" },
};

static json_t *load(const char *text)
{
	json_error_t error;
	json_t *value = json_loads(text, 0, &error);
	if (!value)
		fail_msg("%s", error.text);
	return value;
}

static void test_devices(void **unused)
{
	(void)unused;
	json_t *answer = load(devices);
	for (size_t i = 0; i < sizeof device_pictures / sizeof *device_pictures; i++) {
		struct screen screen;
		screen_open(&screen, device_pictures[i].width);
		show_devices(answer, &screen.terminal, NOW);
		screen_check(&screen);
		assert_string_equal(screen_text(&screen), device_pictures[i].picture);
		screen_close(&screen);
	}
	json_decref(answer);
}

// A device that publishes plain JSON is marked as such, but not in place of a reason.
static void test_unacknowledged_devices(void **unused)
{
	(void)unused;
	json_t *answer = load("{\"devices\":["
			      "{\"id\":\"a\",\"acked\":false,\"condition\":{\"state\":\"healthy\",\"severity\":\"ok\",\"reasons\":[]}},"
			      "{\"id\":\"b\",\"acked\":false,\"condition\":{\"state\":\"heap_low\",\"severity\":\"warning\",\"reasons\":"
			      "[{\"code\":\"heap_low\",\"text\":\"little heap\"}]}},"
			      "{\"id\":\"c\",\"acked\":true,\"condition\":{\"state\":\"healthy\",\"severity\":\"ok\",\"reasons\":[]}}]}");
	struct screen screen;
	screen_open(&screen, 120);
	show_devices(answer, &screen.terminal, NOW);
	screen_check(&screen);
	assert_string_equal(screen_text(&screen),
		"DEVICE  STATE     FIRMWARE  SEEN  UP  HEAP  RSSI  WHY\n"
		"a       healthy              0 s                  plain JSON, no Ack\n"
		"b       heap_low             0 s                  little heap\n"
		"c       healthy              0 s\n"
		"3 devices: 2 healthy, 1 heap_low; 2 without acknowledgement\n");
	screen_close(&screen);
	json_decref(answer);
}

static void test_no_devices(void **unused)
{
	(void)unused;
	struct screen screen;
	json_t *answer = load("{\"devices\":[],\"next\":null,\"total\":0}");
	screen_open(&screen, 80);
	show_devices(answer, &screen.terminal, NOW);
	assert_string_equal(screen_text(&screen), "0 devices\n");
	screen_close(&screen);
	json_decref(answer);
}

static void test_commands_say_why(void **unused)
{
	(void)unused;
	struct screen screen;
	json_t *answer = load(
		"{\"commands\":[{\"id\":\"00112233445566778899aabbccddeeff\",\"device\":\"edge-1\",\"body\":\"rollback\",\"state\":\"refused\","
		"\"outcome\":\"OUTCOME_NOT_READY\",\"detail\":\"other slot\\r\\ndamaged\",\"actor\":\"alice\",\"counter\":3,"
		"\"created_ms\":1789999000000}],\"next\":null}");
	screen_open(&screen, 120);
	show_commands(answer, &screen.terminal, NOW);
	screen_check(&screen);
	assert_string_equal(screen_text(&screen),
		"   AGE  DEVICE  COMMAND   STATE    BY     COUNTER  ID        ANSWER\n"
		"16 min  edge-1  rollback  refused  alice        3  00112233  the device cannot boot its other slot: "
		"other slot\\x0d\\x0ad…\n");
	screen_close(&screen);
	json_decref(answer);
}

static void test_ledger(void **unused)
{
	(void)unused;
	struct screen screen;
	json_t *answer =
		load("{\"ledger\":[{\"id\":\"edge-1\",\"through_seq\":12,\"accepted\":8,\"duplicates\":1,\"gaps\":{\"GAP_OVERWRITTEN\":3,"
		     "\"GAP_UNEXPLAINED\":2},\"unexplained\":2,\"dead_letters\":0}],\"totals\":{\"accepted\":8,\"duplicates\":1,"
		     "\"explained_gaps\":3,\"unexplained\":2}}");
	screen_open(&screen, 100);
	show_ledger(answer, &screen.terminal);
	assert_string_equal(screen_text(&screen),
		"DEVICE  THROUGH  ACCEPTED  TWICE  EXPLAINED  MISSING  DEAD\n"
		"edge-1       12         8      1          3        2     0\n"
		"8 records accepted, 1 received twice and dropped; missing: 3 explained, 2 unexplained\n");
	screen_close(&screen);
	json_decref(answer);
}

// An answer of another server, or of a broken one: nothing is printed that is not there, nothing crashes.
static void test_answers_of_another_shape(void **unused)
{
	(void)unused;
	static const char *const shapes[] = { "{}", "{\"devices\":5,\"commands\":[5],\"ledger\":[[]],\"totals\":[]}", "[]",
		"{\"devices\":[{\"id\":5,\"condition\":7}],\"commands\":[{}],\"ledger\":[{\"gaps\":{\"x\":\"y\"}}]}" };
	for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
		struct screen screen;
		json_t *answer = load(shapes[i]);
		screen_open(&screen, 80);
		show_devices(answer, &screen.terminal, NOW);
		show_commands(answer, &screen.terminal, NOW);
		show_ledger(answer, &screen.terminal);
		assert_true(strlen(screen_text(&screen)) > 0);
		screen_close(&screen);
		json_decref(answer);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_devices),
		cmocka_unit_test(test_unacknowledged_devices),
		cmocka_unit_test(test_no_devices),
		cmocka_unit_test(test_commands_say_why),
		cmocka_unit_test(test_ledger),
		cmocka_unit_test(test_answers_of_another_shape),
	};
	return cmocka_run_group_tests(tests, 0, 0);
}
