// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include "collector/fleet/device.h"
#include "tests/collector/fleet/sample.h"

#define NOW SAMPLE_NOW_MS

static void test_heartbeat_keeps_what_it_does_not_say(void **unused)
{
	(void)unused;
	struct device device = { .id = "a" };
	struct sample sample;
	sample_heartbeat(&sample, 1, 60000);
	sample_add_ota(&sample, sample_sha_new, sample_sha_old);
	device_fold(&device, &sample.record, NOW);
	sample_heartbeat(&sample, 1, 120000);
	sample.vitals.heap_free_bytes = 99;
	device_fold(&device, &sample.record, NOW + 60000);

	assert_int_equal(device.metric[MU_METRIC_heap_free_bytes], 99);
	assert_int_equal(device.metric_at_s[MU_METRIC_heap_free_bytes], (NOW + 60000) / 1000);
	assert_int_equal(device.metric[MU_METRIC_rollback_ready], 1);
	assert_int_equal(device.metric_at_s[MU_METRIC_rollback_ready], NOW / 1000);
	assert_int_equal(device.metric_at_s[MU_METRIC_temperature_decicelsius], 0); // never said
	assert_memory_equal(device.running_sha, sample_sha_new, 8);
	assert_string_equal(device.other_firmware, "1.0.0");
	assert_int_equal(device.heartbeat_interval_ms, 60000);
	assert_int_equal(device.last_seen_ms, NOW + 60000);
	assert_int_equal(device.presence, PRESENCE_ONLINE);
}

static void test_time_of_the_device_is_used_where_it_can_be_trusted(void **unused)
{
	(void)unused;
	static const struct {
		int quality;
		int64_t wall_offset_ms;
		int64_t expected_ms;
	} rows[] = {
		{ MU__TIME_QUALITY__TIME_SNTP, -5000, -5000 },
		{ MU__TIME_QUALITY__TIME_SERVER, -5000, -5000 },
		{ MU__TIME_QUALITY__TIME_NONE, -5000, 0 },
		{ MU__TIME_QUALITY__TIME_SNTP, 5000, 0 },              // from the future
		{ MU__TIME_QUALITY__TIME_SNTP, -200 * 86400000LL, 0 }, // from long ago
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct device device = { .id = "a" };
		struct sample sample;
		sample_heartbeat(&sample, 1, 60000);
		sample.record.has_wall_ms = 1;
		sample.record.wall_ms = (uint64_t)((int64_t)NOW + rows[i].wall_offset_ms);
		sample.record.time_quality = rows[i].quality;
		device_fold(&device, &sample.record, NOW);
		assert_int_equal(device.last_heartbeat_ms, (int64_t)NOW + rows[i].expected_ms);
		assert_int_equal(device.last_seen_ms, NOW);
	}
}

static void test_boots_are_kept_newest_first_and_once(void **unused)
{
	(void)unused;
	struct device device = { .id = "a" };
	struct sample sample;
	for (int twice = 0; twice < 2; twice++) // folded again after a restart of the collector
		for (uint32_t boot = 1; boot <= DEVICE_BOOTS + 4; boot++) {
			sample_boot(&sample, boot, MU__RESET_CLASS__RESET_POWER_ON);
			if (!twice || boot > 4)
				device_fold(&device, &sample.record, NOW + boot * 10000);
		}
	assert_int_equal(device.boot_count, DEVICE_BOOTS);
	for (unsigned i = 0; i < DEVICE_BOOTS; i++)
		assert_int_equal(device.boots[i].boot, DEVICE_BOOTS + 4 - i);
	assert_string_equal(device.firmware, "1.1.0");
}

// A boot told again, with the name of another metric: it is dated otherwise, because it waited less for the session, and counts once.
// The same if the first report never came.
static void test_a_boot_told_again_counts_once(void **unused)
{
	(void)unused;
	for (int came = 0; came < 2; came++) {
		struct device device = { .id = "a" };
		struct sample sample;
		sample_boot(&sample, 6, MU__RESET_CLASS__RESET_CRASH);
		device_fold(&device, &sample.record, NOW - 50000);
		sample_boot(&sample, 7, MU__RESET_CLASS__RESET_CRASH);
		if (came)
			device_fold(&device, &sample.record, NOW + 9000);
		sample.record.uptime_ms = 5000;
		sample.boot.has_again = sample.boot.again = 1;
		for (int twice = 0; twice < 2; twice++)
			device_fold(&device, &sample.record, NOW + 9000);
		assert_int_equal(device.boot_count, 2);
		assert_int_equal(device.boots[0].boot, 7);
		assert_int_equal(device.boots[0].at_s, NOW / 1000 + (came ? 9 : 4));
	}
}

// Ended by boots of 20 s each before a boot that is 3 s old when it reports.
static void test_unreported_boots_are_dated_back(void **unused)
{
	(void)unused;
	struct device device = { .id = "a" };
	struct sample sample;
	sample_boot(&sample, 9, MU__RESET_CLASS__RESET_CRASH);
	sample.record.uptime_ms = 3000;
	sample.boot.has_previous_uptime_s = 1;
	sample.boot.previous_uptime_s = 20;
	sample.boot.n_unreported = 1;
	sample.unreported.first_boot = 4;
	sample.unreported.count = 5;
	sample.unreported.reset_class = MU__RESET_CLASS__RESET_HANG;
	sample.unreported.hung_token = (char *)"a name that is much too long";
	device_fold(&device, &sample.record, NOW);
	assert_int_equal(device.boot_count, 2);
	assert_int_equal(device.boots[0].boot, 9);
	assert_int_equal(device.boots[0].at_s, (NOW - 3000) / 1000);
	assert_int_equal(device.boots[1].count, 5);
	assert_int_equal(device.boots[1].at_s, (NOW - 23000) / 1000);
	assert_string_equal(device.boots[1].hung_token, "a name that is "); // cut, ended
}

// What a device met before it could say anything: told by heartbeats, of the boot that they are of.
static void test_reasons_of_the_link(void **unused)
{
	(void)unused;
	struct device device = { .id = "a" };
	struct sample sample;
	Mu__ReasonCount counts[] = { MU__REASON_COUNT__INIT, MU__REASON_COUNT__INIT, MU__REASON_COUNT__INIT, MU__REASON_COUNT__INIT };
	Mu__ReasonCount *reasons[] = { &counts[0], &counts[1], &counts[2], &counts[3] };
	for (unsigned i = 0; i < 4; i++) {
		counts[i].reason = 201 + i;
		counts[i].count = 9 - i;
	}
	sample_heartbeat(&sample, 3, 5000);
	sample.link_health.n_reasons = 2;
	sample.link_health.reasons = reasons;
	device_fold(&device, &sample.record, NOW);
	assert_int_equal(device.reason_count, 2);
	assert_int_equal(device.reasons[1].reason, 202);
	assert_int_equal(device.reasons[1].count, 8);
	sample.link_health.n_reasons = 4; // more than a heartbeat may tell
	device_fold(&device, &sample.record, NOW);
	assert_int_equal(device.reason_count, DEVICE_REASONS);
	sample_heartbeat(&sample, 3, 10000); // a heartbeat without its slow parts says nothing about them
	device_fold(&device, &sample.record, NOW + 5000);
	assert_int_equal(device.reason_count, DEVICE_REASONS);
	sample_heartbeat(&sample, 4, 5000); // a new boot has met nothing yet
	device_fold(&device, &sample.record, NOW + 60000);
	assert_int_equal(device.reason_count, 0);
	device_clear(&device);
}

static void test_losses_are_counted_once(void **unused)
{
	(void)unused;
	struct device device = { .id = "a" };
	struct sample sample;
	sample_link(&sample, MU__LINK_CHANGE__LINK_LOST);
	sample.link.has_reason = 1;
	sample.link.reason = 200;
	device_fold(&device, &sample.record, NOW);
	device_fold(&device, &sample.record, NOW); // the same again
	sample_link(&sample, MU__LINK_CHANGE__LINK_RESTORED);
	device_fold(&device, &sample.record, NOW + 1000);
	sample_link(&sample, MU__LINK_CHANGE__LINK_SESSION_LOST);
	device_fold(&device, &sample.record, NOW + 2000);
	device_set_presence(&device, false, NOW + 3000);
	device_set_presence(&device, false, NOW + 4000); // said twice
	device_set_presence(&device, true, NOW + 5000);
	assert_int_equal(device.loss_count, 3);
	assert_int_equal(device.losses[0].kind, LOSS_PRESENCE);
	assert_int_equal(device.losses[1].kind, LOSS_SESSION);
	assert_int_equal(device.losses[2].kind, LOSS_LINK);
	assert_int_equal(device.losses[2].reason, 200);
	assert_int_equal(device.losses[1].reason, 0); // not said
	assert_int_equal(device.presence_since_ms, NOW + 5000);
}

// Of the agent's own events the latest of each is kept, cut to its place; an application's are history only.
static void test_notices(void **unused)
{
	(void)unused;
	struct device device = { .id = "a" };
	struct sample sample;
	char long_text[300];
	memset(long_text, 'x', sizeof long_text - 1);
	long_text[sizeof long_text - 1] = 0;
	sample_event(&sample, 1, "pump", 3, "dry");
	device_fold(&device, &sample.record, NOW);
	assert_int_equal(device.notice_count, 0);
	sample_event(&sample, 1, "heap_step", 1536, "tls");
	device_fold(&device, &sample.record, NOW);
	sample_event(&sample, 1, "suppressed", 7, long_text);
	device_fold(&device, &sample.record, NOW + 1000);
	sample_event(&sample, 2, "heap_step", 1600, 0);
	device_fold(&device, &sample.record, NOW + 2000);
	device_fold(&device, &sample.record, NOW + 2000); // the same again
	assert_int_equal(device.notice_count, 2);
	const struct device_notice *step = device_notice(&device, MU_OWN_EVENT_heap_step);
	assert_int_equal(step->value, 1600);
	assert_int_equal(step->boot, 2);
	assert_int_equal(step->at_s, (NOW + 2000) / 1000);
	assert_string_equal(step->text, "");
	assert_int_equal(strlen(device_notice(&device, MU_OWN_EVENT_suppressed)->text), DEVICE_NOTICE_TEXT_BYTES - 1);
	assert_null(device_notice(&device, MU_OWN_EVENT_sntp_failed));
	device_clear(&device);
	assert_null(device_notice(&device, MU_OWN_EVENT_heap_step));
}

// After a rollback the Boot comes first: what ran before is then in the other slot, and nothing is known of another rollback.
static void test_a_switch_swaps_the_slots(void **unused)
{
	(void)unused;
	struct device device = { .id = "a" };
	struct sample sample;
	for (int twice = 0; twice < 2; twice++) { // the second time it boots again, not back
		if (!twice) {
			sample_boot(&sample, 1, MU__RESET_CLASS__RESET_POWER_ON);
			device_fold(&device, &sample.record, NOW);
			sample_heartbeat(&sample, 1, 60000);
			sample_add_ota(&sample, sample_sha_new, sample_sha_old);
			device_fold(&device, &sample.record, NOW);
		}
		sample_boot(&sample, 2, MU__RESET_CLASS__RESET_SOFTWARE);
		sample.boot.elf_sha.data = (uint8_t *)sample_sha_old;
		sample.boot.firmware = (char *)"1.0.0";
		device_fold(&device, &sample.record, NOW);
		assert_memory_equal(device.running_sha, sample_sha_old, 8);
		assert_memory_equal(device.other_sha, sample_sha_new, 8);
		assert_string_equal(device.firmware, "1.0.0");
		assert_string_equal(device.other_firmware, "1.1.0");
		assert_int_equal(device.metric_at_s[MU_METRIC_rollback_ready], 0);
	}
}

static void test_a_gap_of_the_collectors_own_changes_nothing(void **unused)
{
	(void)unused;
	struct device device = { .id = "a", .boot = 7 };
	Mu__Gap gap = MU__GAP__INIT;
	Mu__Record record = MU__RECORD__INIT;
	record.body_case = MU__RECORD__BODY_GAP;
	record.gap = &gap;
	device_fold(&device, &record, NOW);
	assert_int_equal(device.boot, 7);
}

static void fold_app(struct device *device, uint32_t boot, uint32_t index)
{
	char *names[] = { (char *)"pump_rpm", (char *)"level" };
	Mu__AppMetric point = MU__APP_METRIC__INIT;
	Mu__AppMetric *points[] = { &point };
	struct sample sample;
	sample_boot(&sample, 3, MU__RESET_CLASS__RESET_POWER_ON);
	sample.boot.n_app_metric_names = 2;
	sample.boot.app_metric_names = names;
	device_fold(device, &sample.record, NOW);
	sample_heartbeat(&sample, boot, 60000);
	point.index = index;
	point.value_case = MU__APP_METRIC__VALUE_REAL;
	point.real = 2.5;
	sample.heartbeat.n_app = 1;
	sample.heartbeat.app = points;
	device_fold(device, &sample.record, NOW + 60000);
}

static void test_application_metrics_belong_to_their_boot(void **unused)
{
	(void)unused;
	static const struct {
		uint32_t boot, index;
		int is_taken;
	} rows[] = {
		{ 3, 1, 1 },
		{ 4, 1, 0 }, // names of another boot
		{ 3, 2, 0 }, // no name with this index
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct device device = { .id = "a" };
		fold_app(&device, rows[i].boot, rows[i].index);
		assert_string_equal(device.app[1].name, "level");
		assert_int_equal(device.app[1].at_s != 0, rows[i].is_taken);
		device_clear(&device);
	}
}

// A metric that the application registers after the boot record makes the agent write another one: its name is news, the values stay.
static void test_later_names_of_a_boot_are_learnt(void **unused)
{
	(void)unused;
	char *names[] = { (char *)"pump_rpm", (char *)"level", (char *)"leaks" };
	struct device device = { .id = "a" };
	struct sample sample;
	fold_app(&device, 3, 1);
	sample_boot(&sample, 3, MU__RESET_CLASS__RESET_POWER_ON);
	sample.record.uptime_ms = 60000;
	sample.boot.n_app_metric_names = 3;
	sample.boot.app_metric_names = names;
	device_fold(&device, &sample.record, NOW + 60000);
	assert_int_equal(device.app_count, 3);
	assert_string_equal(device.app[2].name, "leaks");
	assert_true(device.app[1].real > 2.4);
	device_clear(&device);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_heartbeat_keeps_what_it_does_not_say),
		cmocka_unit_test(test_time_of_the_device_is_used_where_it_can_be_trusted),
		cmocka_unit_test(test_boots_are_kept_newest_first_and_once),
		cmocka_unit_test(test_a_boot_told_again_counts_once),
		cmocka_unit_test(test_unreported_boots_are_dated_back),
		cmocka_unit_test(test_reasons_of_the_link),
		cmocka_unit_test(test_losses_are_counted_once),
		cmocka_unit_test(test_notices),
		cmocka_unit_test(test_a_switch_swaps_the_slots),
		cmocka_unit_test(test_a_gap_of_the_collectors_own_changes_nothing),
		cmocka_unit_test(test_application_metrics_belong_to_their_boot),
		cmocka_unit_test(test_later_names_of_a_boot_are_learnt),
	};
	return cmocka_run_group_tests(tests, 0, 0);
}
