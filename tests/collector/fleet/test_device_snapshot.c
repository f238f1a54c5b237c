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

static void fill(struct device *device)
{
	char *names[] = { (char *)"pump_rpm", (char *)"level" };
	struct sample sample;
	const uint8_t id[16] = { 1, 2, 3 };
	sample_boot(&sample, 3, MU__RESET_CLASS__RESET_HANG);
	sample.boot.hung_token = (char *)"network";
	sample.boot.n_app_metric_names = 2;
	sample.boot.app_metric_names = names;
	device_fold(device, &sample.record, NOW);
	sample_heartbeat(&sample, 3, 60000);
	sample_add_ota(&sample, sample_sha_new, sample_sha_old);
	sample.vitals.has_temperature_decicelsius = 1;
	Mu__ReasonCount no_ap = MU__REASON_COUNT__INIT, *reasons[] = { &no_ap };
	no_ap.reason = 201;
	no_ap.count = 7;
	sample.link_health.n_reasons = 1;
	sample.link_health.reasons = reasons;
	sample.vitals.temperature_decicelsius = -123;
	device_fold(device, &sample.record, NOW);
	sample_event(&sample, 3, "heap_step", 1536, "tls");
	device_fold(device, &sample.record, NOW);
	sample_link(&sample, MU__LINK_CHANGE__LINK_LOST);
	sample.link.has_reason = 1;
	sample.link.reason = 200;
	device_fold(device, &sample.record, NOW);
	sample_result(&sample, id, MU__COMMAND_OUTCOME__OUTCOME_BUSY);
	sample.result.detail = (char *)"writing";
	device_fold(device, &sample.record, NOW);
	device->app[1] = (struct device_app_metric){ .name = "level", .is_real = true, .at_s = 5, .real = 2.5 };
	device->ledger.epoch = 77;
	device->ledger.next_seq = 12;
	device->ledger.last_n = 4711;
}

static void test_snapshot_brings_everything_back(void **unused)
{
	(void)unused;
	struct device device = { .id = "a", .dev = 5, .first_seen_ms = 1 }, back = { .id = "a", .dev = 5, .first_seen_ms = 1 };
	uint8_t bytes[DEVICE_SNAPSHOT_MAX], again[DEVICE_SNAPSHOT_MAX];
	fill(&device);
	size_t size = device_snapshot_pack(&device, bytes, sizeof bytes);
	assert_in_range(size, 100, 2000);
	assert_int_equal(device_snapshot_unpack(&back, bytes, size), 0);

	assert_string_equal(back.boots[0].hung_token, "network");
	assert_int_equal(back.metric[MU_METRIC_temperature_decicelsius], -123);
	assert_int_equal(back.ledger.last_n, 4711);
	assert_string_equal(back.result_detail, "writing");
	assert_true(back.app[1].is_real && back.app[1].real == 2.5);
	assert_int_equal(back.losses[0].at_ms, NOW);
	assert_int_equal(back.losses[0].reason, 200);
	assert_int_equal(back.reason_count, 1);
	assert_int_equal(back.reasons[0].reason, 201);
	assert_int_equal(back.reasons[0].count, 7);
	assert_int_equal(back.reasons_boot, 3);
	assert_int_equal(device_notice(&back, MU_OWN_EVENT_heap_step)->value, 1536);
	assert_string_equal(device_notice(&back, MU_OWN_EVENT_heap_step)->text, "tls");
	assert_int_equal(device_snapshot_pack(&back, again, sizeof again), size);
	assert_memory_equal(bytes, again, size);
	device_clear(&device);
	device_clear(&back);
}

static void test_a_snapshot_that_is_cut_or_foreign_changes_nothing(void **unused)
{
	(void)unused;
	struct device device = { .id = "a" }, back = { .id = "a", .boot = 9 };
	uint8_t bytes[DEVICE_SNAPSHOT_MAX];
	fill(&device);
	size_t size = device_snapshot_pack(&device, bytes, sizeof bytes);
	for (size_t cut = 0; cut < size; cut++) {
		uint8_t *exact = malloc(cut ? cut : 1); // so that a read past the end is seen
		memcpy(exact, bytes, cut);
		assert_int_equal(device_snapshot_unpack(&back, exact, cut), -1);
		free(exact);
	}
	bytes[4]++; // version
	assert_int_equal(device_snapshot_unpack(&back, bytes, size), -1);
	bytes[4]--;
	assert_int_equal(device_snapshot_unpack(&back, bytes, size + 1), -1);
	assert_int_equal(back.boot, 9);
	for (size_t room = 0; room < size; room += 13)
		assert_int_equal(device_snapshot_pack(&device, bytes, room), 0);
	device_clear(&device);
}

// What a musterd before this one wrote. All that it has must come back, or a restart folds the whole log again.
static void test_a_snapshot_without_reasons_of_the_link(void **unused)
{
	(void)unused;
	struct device device = { .id = "a", .boot = 7 }, back = { .id = "a", .reason_count = 2 };
	uint8_t bytes[DEVICE_SNAPSHOT_MAX];
	size_t size = device_snapshot_pack(&device, bytes, sizeof bytes);
	bytes[4] = 2;
	assert_int_equal(device_snapshot_unpack(&back, bytes, size), -1);
	assert_int_equal(device_snapshot_unpack(&back, bytes, size - 5), 0); // boot of the reasons, their count
	assert_int_equal(back.boot, 7);
	assert_int_equal(back.reason_count, 0);
}

static void test_more_reasons_than_there_is_room(void **unused)
{
	(void)unused;
	struct device device = { .id = "a" }, back = { .id = "a" };
	uint8_t bytes[DEVICE_SNAPSHOT_MAX + 64] = { 0 };
	size_t size = device_snapshot_pack(&device, bytes, DEVICE_SNAPSHOT_MAX);
	bytes[size - 1] = DEVICE_REASONS + 1;
	assert_int_equal(device_snapshot_unpack(&back, bytes, size + (DEVICE_REASONS + 1) * sizeof(struct device_reason)), -1);
	bytes[size - 1] = DEVICE_REASONS;
	assert_int_equal(device_snapshot_unpack(&back, bytes, size + DEVICE_REASONS * sizeof(struct device_reason)), 0);
	assert_int_equal(back.reason_count, DEVICE_REASONS);
}

// The first version: losses without a reason, no notices.
static void test_a_snapshot_of_version_1(void **unused)
{
	(void)unused;
	struct device device = { .id = "a", .boot = 7, .loss_count = 1 }, back = { .id = "a" };
	uint8_t bytes[DEVICE_SNAPSHOT_MAX];
	device.losses[0] = (struct device_loss){ .at_ms = NOW, .kind = LOSS_SESSION };
	size_t size = device_snapshot_pack(&device, bytes, sizeof bytes);
	size -= 5; // reasons of the link
	static const uint8_t end[] = { LOSS_SESSION, 0, 0, 0, 0, 0, 0 }; // kind, reason, count of metrics of the application, of notices
	assert_memory_equal(bytes + size - sizeof end, end, sizeof end);
	bytes[4] = 1;
	bytes[size - 6] = 0; // count of metrics; the rest is not there yet
	assert_int_equal(device_snapshot_unpack(&back, bytes, size - 5), 0);
	assert_int_equal(back.boot, 7);
	assert_int_equal(back.losses[0].at_ms, NOW);
	assert_int_equal(back.losses[0].kind, LOSS_SESSION);
	assert_int_equal(back.losses[0].reason, 0);
	assert_int_equal(back.notice_count, 0);
	bytes[4] = 0;
	assert_int_equal(device_snapshot_unpack(&back, bytes, size - 5), -1);
}

static void test_the_largest_snapshot_fits(void **unused)
{
	(void)unused;
	struct device device = { .id = "a", .boot_count = DEVICE_BOOTS, .loss_count = DEVICE_LOSSES, .app_count = MU_APP_COUNT_MAX };
	uint8_t bytes[DEVICE_SNAPSHOT_MAX];
	device.app = calloc(MU_APP_COUNT_MAX, sizeof *device.app);
	for (int i = 0; i < MU_METRIC_COUNT; i++)
		device.metric_at_s[i] = 1;
	memset(device.ledger.former, 0xff, sizeof device.ledger.former);
	device.notices = calloc(MU_OWN_EVENT_COUNT, sizeof *device.notices);
	device.notice_count = MU_OWN_EVENT_COUNT;
	assert_int_not_equal(device_snapshot_pack(&device, bytes, sizeof bytes), 0);
	device_clear(&device);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_snapshot_brings_everything_back),
		cmocka_unit_test(test_a_snapshot_that_is_cut_or_foreign_changes_nothing),
		cmocka_unit_test(test_a_snapshot_without_reasons_of_the_link),
		cmocka_unit_test(test_more_reasons_than_there_is_room),
		cmocka_unit_test(test_a_snapshot_of_version_1),
		cmocka_unit_test(test_the_largest_snapshot_fits),
	};
	return cmocka_run_group_tests(tests, 0, 0);
}
