// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include "agent/port/linux/link.h"

enum { BOOT_MS = 1000, STEP_MS = 10 };

static struct mu_virtual_link make(int32_t rssi_dbm, int32_t drops)
{
	struct mu_virtual_link link;
	struct mu_traits healthy = mu_traits_none();
	mu_virtual_link_power_on(&link, &(struct mu_air){ .rssi_dbm = rssi_dbm, .drops = drops }, 5, 0);
	mu_virtual_link_boot(&link, &healthy, BOOT_MS);
	return link;
}

// Lets time pass until an event comes or `until_ms`. Returns its time, or 0.
static uint64_t wait_event(struct mu_virtual_link *link, uint64_t now_ms, uint64_t until_ms, struct mu_event *event)
{
	for (; now_ms <= until_ms; now_ms += STEP_MS)
		if (mu_virtual_link_step(link, now_ms, event))
			return now_ms;
	return 0;
}

static uint64_t bring_up(struct mu_virtual_link *link, uint64_t now_ms)
{
	struct mu_event event;
	mu_virtual_link_connect(link, now_ms);
	uint64_t up_ms = wait_event(link, now_ms, now_ms + 2000, &event);
	assert_true(up_ms > now_ms);
	assert_int_equal(event.type, MU_EVENT_LINK_UP);
	return up_ms;
}

static void test_connect_takes_its_phases(void **unused)
{
	(void)unused;
	struct mu_virtual_link link = make(-58, 0);
	struct mu_link_status status;
	struct mu_event event;
	assert_int_equal(wait_event(&link, BOOT_MS, 5000, &event), 0); // nobody asked: it stays off
	assert_false(mu_virtual_link_carries(&link));
	mu_virtual_link_connect(&link, 5000);
	uint64_t due_ms = mu_virtual_link_deadline(&link);
	mu_virtual_link_connect(&link, 5100); // under way already
	assert_true(mu_virtual_link_deadline(&link) == due_ms);
	assert_int_equal(mu_virtual_link_step(&link, due_ms - 1, &event), 0);
	assert_int_equal(mu_virtual_link_step(&link, due_ms, &event), 1);
	assert_int_equal(event.type, MU_EVENT_LINK_UP);
	mu_virtual_link_status(&link, due_ms, &status);
	assert_true(status.up && mu_virtual_link_carries(&link));
	assert_true(5000 + status.associate_ms + status.dhcp_ms == due_ms);
	assert_true(mu_virtual_link_deadline(&link) == UINT64_MAX); // and then it costs nothing
}

// The core's own doings: the link that was up is told to be down, one that was not is not.
static void test_restart_disconnect_and_scan(void **unused)
{
	(void)unused;
	struct mu_virtual_link link = make(-58, 0);
	struct mu_event event;
	uint64_t now_ms = bring_up(&link, 2000);
	mu_virtual_link_restart(&link, now_ms);
	assert_int_equal(mu_virtual_link_step(&link, now_ms, &event), 1);
	assert_int_equal(event.type, MU_EVENT_LINK_DOWN);
	assert_int_equal(event.reason, MU_LINK_REASON_ASSOC_LEAVE);
	now_ms = wait_event(&link, now_ms, now_ms + 3000, &event);
	assert_int_equal(event.type, MU_EVENT_LINK_UP); // connects by itself
	mu_virtual_link_scan(&link, now_ms);
	assert_int_equal(mu_virtual_link_step(&link, now_ms, &event), 1);
	assert_int_equal(event.type, MU_EVENT_LINK_DOWN);
	uint64_t done_ms = wait_event(&link, now_ms, now_ms + 3000, &event);
	assert_in_range(done_ms, now_ms + MU_LINK_SCAN_MS, now_ms + MU_LINK_SCAN_MS + STEP_MS);
	assert_int_equal(event.type, MU_EVENT_SCAN_DONE);
	assert_int_equal(event.value, 1);
	mu_virtual_link_disconnect(&link);
	assert_int_equal(wait_event(&link, done_ms, done_ms + 5000, &event), 0);
}

// Fault "drop": packets stop at once, the station notices 6 s later, tries fail while nobody is there, and it comes back.
static void test_access_point_that_comes_and_goes(void **unused)
{
	(void)unused;
	struct mu_virtual_link link = make(-58, 1);
	struct mu_event event;
	uint64_t now_ms = bring_up(&link, 1000);
	while (mu_virtual_link_carries(&link))
		assert_int_equal(mu_virtual_link_step(&link, now_ms += STEP_MS, &event), 0);
	uint64_t gone_ms = now_ms;
	assert_in_range(gone_ms, 10000, 20000 + STEP_MS);
	now_ms = wait_event(&link, now_ms, now_ms + 10000, &event);
	assert_int_equal(event.type, MU_EVENT_LINK_DOWN);
	assert_int_equal(event.reason, MU_LINK_REASON_BEACON_TIMEOUT);
	assert_in_range(now_ms - gone_ms, MU_LINK_BEACON_TIMEOUT_MS - STEP_MS, MU_LINK_BEACON_TIMEOUT_MS + STEP_MS);
	unsigned failures = 0;
	do {
		mu_virtual_link_connect(&link, now_ms);
		now_ms = wait_event(&link, now_ms, now_ms + 10000, &event);
		assert_true(now_ms > 0);
		if (event.type == MU_EVENT_LINK_DOWN) {
			assert_int_equal(event.reason, MU_LINK_REASON_NO_AP_FOUND);
			failures++;
		}
	} while (event.type == MU_EVENT_LINK_DOWN);
	assert_int_equal(event.type, MU_EVENT_LINK_UP);
	assert_in_range(failures, 3, 9); // 9..19 s of tries of 2.2 s
	assert_in_range(now_ms - gone_ms, 15000, 28000);
}

// An image that loses the link for good does so after each of its boots; another image has it back.
static void test_image_that_loses_the_link(void **unused)
{
	(void)unused;
	struct mu_virtual_link link = make(-58, 0);
	struct mu_traits bad = mu_traits_none(), good = mu_traits_none();
	struct mu_event event;
	bad.offline_after_s = 5;
	mu_virtual_link_boot(&link, &bad, 1000);
	uint64_t now_ms = bring_up(&link, 1000);
	assert_true(mu_virtual_link_deadline(&link) == 6000);
	now_ms = wait_event(&link, now_ms, 20000, &event);
	assert_in_range(now_ms, 6000 + MU_LINK_BEACON_TIMEOUT_MS, 6000 + MU_LINK_BEACON_TIMEOUT_MS + STEP_MS);
	mu_virtual_link_connect(&link, now_ms);
	wait_event(&link, now_ms, now_ms + 5000, &event);
	assert_int_equal(event.reason, MU_LINK_REASON_NO_AP_FOUND);
	mu_virtual_link_boot(&link, &good, 30000);
	bring_up(&link, 30000);
}

// A weak signal is the world's, or the image's own; the image's goes with it.
static void test_signal_strength(void **unused)
{
	(void)unused;
	struct mu_virtual_link link = make(-86, 0);
	struct mu_traits deaf = mu_traits_none(), healthy = mu_traits_none();
	struct mu_link_status status;
	mu_virtual_link_status(&link, 60000, &status);
	assert_in_range(-status.rssi_dbm, 82, 90);
	deaf.rssi_dbm = -100;
	mu_virtual_link_boot(&link, &deaf, 60000);
	mu_virtual_link_status(&link, 61000, &status);
	assert_in_range(-status.rssi_dbm, 96, 104);
	mu_virtual_link_boot(&link, &healthy, 62000);
	mu_virtual_link_status(&link, 63000, &status);
	assert_in_range(-status.rssi_dbm, 82, 90);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_connect_takes_its_phases),
		cmocka_unit_test(test_restart_disconnect_and_scan),
		cmocka_unit_test(test_access_point_that_comes_and_goes),
		cmocka_unit_test(test_image_that_loses_the_link),
		cmocka_unit_test(test_signal_strength),
	};
	return cmocka_run_group_tests(tests, 0, 0);
}
