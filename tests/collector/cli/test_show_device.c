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

static json_t *load(const char *text)
{
	json_error_t error;
	json_t *value = json_loads(text, 0, &error);
	if (!value)
		fail_msg("%s", error.text);
	return value;
}

static const char *const full_device =
	"{\"id\":\"edge-1\",\"online\":true,\"condition\":{\"state\":\"hanging\",\"severity\":\"critical\",\"reasons\":[{\"code\":\"hanging\",\"severity\":"
	"\"critical\",\"text\":\"network hung: reset by the watchdog 1 time in 10 min\"}]},\"firmware\":\"1.1.0\",\"last_seen_ms\":1789999999000,"
	"\"hardware\":null,\"agent\":\"0.1.0\",\"first_seen_ms\":1789999000000,\"ota\":{\"slot\":1,\"running_sha\":\"1110020304050607\",\"other_sha\":"
	"\"2220020304050607\",\"other_firmware\":\"1.0.0\",\"rollback_ready\":false,\"block\":\"ROLLBACK_DAMAGED\"},\"boots\":[{\"boot\":3,\"count\":2,"
	"\"at_ms\":1789999990000,\"class\":\"RESET_HANG\",\"cause\":\"CAUSE_LIVENESS\",\"hung_token\":\"network\",\"previous_uptime_s\":20,\"text\":"
	"\"hang 2 times (a task stopped checking in), network hung, after 20 s\"},"
	"{\"boot\":1,\"at_ms\":1789999900000,\"class\":\"RESET_POWER_ON\"}],\"time_quality\":\"TIME_SNTP\",\"clock_offset_ms\":-12,"
	"\"losses\":[{\"at_ms\":1789999900000,\"text\":\"lost its link: beacon_timeout (200)\"}],"
	"\"link_reasons\":[{\"reason\":201,\"count\":7,\"text\":\"no_ap_found (201) 7 times\"},{\"text\":\"beacon_timeout (200) once\"}],"
	"\"notices\":{\"heap_step\":{\"at_ms\":1789999900000,\"text\":\"1536 bytes, tls: kept\"}},"
	"\"last_result\":{\"outcome\":\"OUTCOME_BUSY\",\"at_ms\":1789999900000},"
	"\"ledger\":{\"accepted\":5,\"duplicates\":1,\"unexplained\":0},\"metrics\":{\"rssi_dbm\":{\"value\":-60,"
	"\"unit\":\"dbm\",\"age_s\":3},\"ota_state\":{\"value\":0,\"unit\":\"state\",\"age_s\":3,\"text\":\"OTA_IDLE\"},"
	"\"heap_free_bytes\":{\"value\":85316,\"unit\":\"bytes\",\"age_s\":3},"
	"\"of_tomorrow\":{\"value\":7,\"unit\":\"parsecs\",\"age_s\":3},"
	"\"network_state\":{\"value\":3,\"unit\":\"state\",\"age_s\":3,\"text\":\"NETWORK_SCANNING\"},"
	"\"verdict\":{\"value\":4,\"unit\":\"bits\",\"age_s\":3,\"text\":\"HEAP_LEAK\"}}}";

static void test_one_device(void **unused)
{
	(void)unused;
	struct screen screen;
	json_t *device = load(full_device);
	screen_open(&screen, 60);
	show_device(device, &screen.terminal, NOW);
	screen_check(&screen);
	char *date = strstr((char *)screen_text(&screen), "first seen");
	assert_non_null(date);
	memcpy(date + 14, "DATE-TIME-IS-LOCAL-", 19); // of this machine's zone
	assert_string_equal(screen_text(&screen),
		"device        edge-1\n"
		"state         hanging\n"
		"because       hanging: network hung: reset by the watchdog 1\n"
		"              time in 10 min\n"
		"session       online, last word 1 s ago\n"
		"hardware      ?, agent 0.1.0\n"
		"first seen    DATE-TIME-IS-LOCAL-\n"
		"clock         set by SNTP, 12 ms behind ours at its last\n"
		"              record\n"
		"network       scanning for its networks, as it last told\n"
		"lost          lost its link: beacon_timeout (200), 100 s ago\n"
		"link failed   no_ap_found (201) 7 times, beacon_timeout\n"
		"              (200) once since its boot\n"
		"finds itself  HEAP_LEAK\n"
		"firmware      1.1.0 (11100203) in slot 1\n"
		"other slot    1.0.0 (22200203)\n"
		"rollback      not possible: the image in its other slot is\n"
		"              damaged\n"
		"boots         3  10 s ago  hang 2 times (a task stopped\n"
		"              checking in), network hung, after 20 s\n"
		"              1  100 s ago  RESET_POWER_ON\n" // of a musterd without words for it
		"told          heap_step 1536 bytes, tls: kept, 100 s ago\n"
		"last command  the device is at work on an update or another\n"
		"              rollback, 100 s ago\n"
		"records       5 accepted, 1 received twice, 0 missing\n"
		"              without a reason\n"
		"\n"
		"METRIC                      VALUE  AGE\n"
		"rssi_dbm                  -60 dBm  3 s\n"
		"ota_state                OTA_IDLE  3 s\n"
		"heap_free_bytes          83.3 KiB  3 s\n"
		"of_tomorrow             7 parsecs  3 s\n"
		"network_state    NETWORK_SCANNING  3 s\n"
		"verdict                 HEAP_LEAK  3 s\n");
	screen_close(&screen);
	json_decref(device);
}

// An answer of another server, or of a broken one: nothing is printed that is not there, nothing crashes.
static void test_answers_of_another_shape(void **unused)
{
	(void)unused;
	static const char *const shapes[] = { "{}", "[]",
		"{\"id\":5,\"condition\":7,\"ota\":[],\"boots\":[5],\"metrics\":{\"x\":1},\"ledger\":null}" };
	for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
		struct screen screen;
		json_t *answer = load(shapes[i]);
		screen_open(&screen, 80);
		show_device(answer, &screen.terminal, NOW);
		screen_check(&screen);
		assert_non_null(strstr(screen_text(&screen), "session       not known, last word never"));
		screen_close(&screen);
		json_decref(answer);
	}
}

static void test_a_device_without_time(void **unused)
{
	(void)unused;
	struct screen screen;
	json_t *device = load("{\"id\":\"edge-1\",\"time_quality\":\"TIME_NONE\",\"clock_offset_ms\":5}");
	screen_open(&screen, 100);
	show_device(device, &screen.terminal, NOW);
	screen_check(&screen);
	assert_non_null(strstr(screen_text(&screen), "\nclock         not set: its records bear the time of their arrival\n"));
	screen_close(&screen);
	json_decref(device);
}

static void test_an_unacknowledged_device(void **unused)
{
	(void)unused;
	struct screen screen;
	json_t *device = load("{\"id\":\"esp32-kitchen\",\"acked\":false}");
	screen_open(&screen, 100);
	show_device(device, &screen.terminal, NOW);
	screen_check(&screen);
	assert_non_null(strstr(screen_text(&screen),
		"\nacknowledged  no: it publishes plain JSON; what gets lost before the broker has it stays lost\n"));
	screen_close(&screen);
	json_decref(device);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_an_unacknowledged_device),
		cmocka_unit_test(test_one_device),
		cmocka_unit_test(test_a_device_without_time),
		cmocka_unit_test(test_answers_of_another_shape),
	};
	return cmocka_run_group_tests(tests, 0, 0);
}
