// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>
#include "collector/fleet/device.h"
#include "collector/ingest/json_record.h"

#define T0 UINT64_C(1790000000000)

// One device that publishes, followed through its messages as intake does it.
struct follower {
	struct json_known known;
	struct json_records records;
};

static struct json_reading reading_of(uint64_t uptime_s)
{
	struct json_reading reading = { .id = "a", .count = 1 };
	reading.has_uptime = true;
	reading.uptime_ms = uptime_s * 1000;
	reading.has[MU_METRIC_uptime_s] = true;
	reading.metric[MU_METRIC_uptime_s] = (int64_t)uptime_s;
	return reading;
}

static void hear(struct follower *follower, const struct json_reading *reading, uint64_t at_s)
{
	json_records_make(&follower->records, reading, &follower->known, T0 + at_s * 1000);
	if (!follower->records.count)
		return;
	const Mu__Record *last = &follower->records.list[follower->records.count - 1];
	follower->known = (struct json_known){ last->boot, last->uptime_ms, follower->records.plain };
}

// What came of it as letters: B Boot, h Heartbeat, e Event.
static const char *kinds_of(const struct follower *follower)
{
	static char text[JSON_RECORDS_MAX + 1];
	for (unsigned i = 0; i < follower->records.count; i++) {
		Mu__Record__BodyCase body = follower->records.list[i].body_case;
		text[i] = body == MU__RECORD__BODY_BOOT_REPORT ? 'B' : body == MU__RECORD__BODY_HEARTBEAT ? 'h' : 'e';
	}
	text[follower->records.count] = 0;
	return text;
}

// Each row: when a message comes, the uptime that it says, and what it is taken for.
static const struct {
	uint64_t at_s, uptime_s;
	const char *kinds;
	uint64_t boot;
} life[] = {
	{ 0, 100, "Bh", 1 },  // new
	{ 60, 160, "h", 1 },
	{ 60, 160, "h", 1 },  // delivered twice: nothing tells that
	{ 61, 100, "", 1 },   // the first one again: by its uptime the device would have been started 39 s before it was heard
	{ 120, 220, "h", 1 },
	{ 130, 229, "h", 1 }, // seconds are rounded somewhere
	{ 200, 5, "Bh", 2 },  // a boot
	{ 203, 3, "Bh", 3 },  // and one right after it
	{ 263, 3, "Bh", 4 },  // a crash loop that always gets as far as this
	{ 323, 4, "Bh", 5 },  // give or take a second
	{ 423, 104, "h", 5 },
	{ 4000, 164, "h", 5 }, // kept by the broker for an hour: its uptime has grown by what it should
	{ 9000, 99, "Bh", 6 },
};

static void test_boots_by_uptime(void **unused)
{
	(void)unused;
	struct follower follower = { 0 };
	for (size_t i = 0; i < sizeof life / sizeof *life; i++) {
		struct json_reading reading = reading_of(life[i].uptime_s);
		hear(&follower, &reading, life[i].at_s);
		if (strcmp(kinds_of(&follower), life[i].kinds) != 0)
			print_error("row %zu: %s\n", i, kinds_of(&follower));
		assert_string_equal(kinds_of(&follower), life[i].kinds);
		assert_int_equal(follower.known.boot, life[i].boot);
	}
}

static void test_a_boot_says_what_was_before(void **unused)
{
	(void)unused;
	struct follower follower = { 0 };
	struct json_reading first = reading_of(500), second = reading_of(2);
	snprintf(second.firmware, sizeof second.firmware, "1.1.0");
	snprintf(second.hardware, sizeof second.hardware, "esp32c3");
	second.has_reset = true;
	second.reset = reset_reason_of_number(4);
	hear(&follower, &first, 0);
	assert_false(follower.records.boot.has_previous_uptime_s);
	assert_int_equal(follower.records.boot.reset_class, MU__RESET_CLASS__RESET_UNKNOWN);
	assert_null(follower.records.boot.firmware);
	hear(&follower, &second, 60);
	const Mu__Boot *boot = &follower.records.boot;
	assert_int_equal(boot->previous_uptime_s, 500);
	assert_int_equal(boot->reset_raw, 4);
	assert_int_equal(boot->reset_class, MU__RESET_CLASS__RESET_CRASH);
	assert_string_equal(boot->firmware, "1.1.0");
	assert_string_equal(boot->hardware, "esp32c3");
}

// Another firmware or reset reason is another boot, though the uptime has grown meanwhile; what is said for the first time is a report
// of the same boot, and what is not said says nothing.
static void test_boots_by_what_it_says(void **unused)
{
	(void)unused;
	struct follower follower = { 0 };
	struct json_reading plain = reading_of(10), named = reading_of(20), other = reading_of(500), crashed = reading_of(600),
			    silent = reading_of(25);
	snprintf(named.firmware, sizeof named.firmware, "1.0");
	snprintf(other.firmware, sizeof other.firmware, "1.1");
	snprintf(crashed.firmware, sizeof crashed.firmware, "1.1");
	crashed.has_reset = other.has_reset = true;
	other.reset = reset_reason_of_number(3);
	crashed.reset = reset_reason_of_number(4);
	hear(&follower, &plain, 0);
	hear(&follower, &named, 10);
	assert_string_equal(kinds_of(&follower), "Bh");
	assert_int_equal(follower.known.boot, 1);
	hear(&follower, &named, 20);
	assert_string_equal(kinds_of(&follower), "h");
	hear(&follower, &silent, 25); // says no firmware
	assert_string_equal(kinds_of(&follower), "h");
	hear(&follower, &other, 1000);
	assert_string_equal(kinds_of(&follower), "Bh");
	assert_int_equal(follower.known.boot, 2);
	hear(&follower, &crashed, 1200);
	assert_int_equal(follower.known.boot, 3);
	hear(&follower, &crashed, 1260);
	assert_string_equal(kinds_of(&follower), "h");
}

// Without uptime time is counted from the first message on, also between two that have one.
static void test_without_uptime(void **unused)
{
	(void)unused;
	struct follower follower = { 0 };
	struct json_reading none = { .id = "a", .count = 1 }, some = reading_of(100);
	none.has[MU_METRIC_rssi_dbm] = true;
	none.metric[MU_METRIC_rssi_dbm] = -60;
	hear(&follower, &none, 0);
	assert_int_equal(follower.records.list[1].uptime_ms, 0);
	hear(&follower, &none, 60);
	assert_string_equal(kinds_of(&follower), "h");
	assert_int_equal(follower.records.list[0].uptime_ms, 60000);
	hear(&follower, &some, 61);
	hear(&follower, &none, 121);
	assert_int_equal(follower.records.list[0].uptime_ms, 160000);
	some = reading_of(160); // measured 1 s after, by a clock of whole seconds
	hear(&follower, &some, 122);
	assert_string_equal(kinds_of(&follower), "h");
	assert_int_equal(follower.known.boot, 1);
}

static void test_metrics_of_every_part_and_an_event(void **unused)
{
	(void)unused;
	struct follower follower = { 0 };
	struct json_reading reading = { .id = "a", .event = "Door open", .event_name = "door_open" };
	for (int i = 0; i < MU_METRIC_COUNT; i++) {
		reading.has[i] = true;
		reading.metric[i] = mu_metrics[i].min < 0 ? (int64_t)mu_metrics[i].min : mu_metrics[i].max;
	}
	hear(&follower, &reading, 0);
	assert_string_equal(kinds_of(&follower), "Bhe");
	assert_string_equal(follower.records.event.name, "door_open");
	assert_string_equal(follower.records.event.text, "Door open");
	for (int i = 0; i < MU_METRIC_COUNT; i++) {
		int64_t value;
		assert_true(mu_metric_get_integer(&follower.records.heartbeat, i, &value));
		assert_int_equal(value, reading.metric[i]);
	}
	struct mu_limits_fault fault; // what is made here passes the check that devices must pass
	for (unsigned i = 0; i < follower.records.count; i++)
		assert_int_equal(mu_limits_check_record(&follower.records.list[i], &fault), 0);
}

// After a restart the fleet's state must do: the next message of the same boot makes no Boot.
static void test_known_from_the_device(void **unused)
{
	(void)unused;
	static struct device device = { .last_seen_ms = T0, .firmware = "1.0", .reset_raw = 1, .boot_count = 1 };
	struct json_reading reading = reading_of(160);
	struct json_records records;
	device.ledger.epoch = LEDGER_PLAIN_EPOCH;
	device.ledger.boot = 3;
	device.ledger.uptime_ms = 100000;
	device.boots[0].reset_class = MU__RESET_CLASS__RESET_POWER_ON;
	snprintf(reading.firmware, sizeof reading.firmware, "1.0");
	reading.has_reset = true;
	reading.reset = reset_reason_of_number(1);
	struct json_known known = json_known_of(&device);
	assert_true(device_is_unacked(&device));
	json_records_make(&records, &reading, &known, T0 + 60000);
	assert_int_equal(records.count, 1);
	assert_int_equal(records.list[0].boot, 3);
	device.ledger.epoch = 12345; // it has an agent now
	assert_false(device_is_unacked(&device));
	assert_int_equal(json_known_of(&device).boot, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_boots_by_uptime),
		cmocka_unit_test(test_a_boot_says_what_was_before),
		cmocka_unit_test(test_boots_by_what_it_says),
		cmocka_unit_test(test_without_uptime),
		cmocka_unit_test(test_metrics_of_every_part_and_an_event),
		cmocka_unit_test(test_known_from_the_device),
	};
	return cmocka_run_group_tests(tests, 0, 0);
}
