// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include "agent/image/err.h"
#include "agent/port/linux/link.h"

enum { BOOT_MS = 1000, STEP_MS = 10 };

static const struct mu_link_join usual = { .ssid = "muster", .passphrase = "muster-demo", .least_auth = MU_LINK_AUTH_WPA2 };
static const struct mu_link_join wire = { .wired = true };

static struct mu_virtual_link make(struct mu_air air)
{
	struct mu_virtual_link link;
	struct mu_traits healthy = mu_traits_none();
	if (!air.rssi_dbm)
		air.rssi_dbm = -58;
	mu_virtual_link_power_on(&link, &air, 5, 0);
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

static uint64_t bring_up(struct mu_virtual_link *link, const struct mu_link_join *join, uint64_t now_ms)
{
	struct mu_event event;
	mu_virtual_link_connect(link, join, now_ms);
	now_ms = wait_event(link, now_ms, now_ms + 3000, &event);
	assert_int_equal(event.type, MU_EVENT_LINK_ASSOCIATED);
	assert_false(mu_virtual_link_carries(link)); // not without an address
	now_ms = wait_event(link, now_ms, now_ms + 3000, &event);
	assert_int_equal(event.type, MU_EVENT_LINK_UP);
	return now_ms;
}

static void test_joining_takes_its_phases(void **unused)
{
	(void)unused;
	struct mu_virtual_link link = make((struct mu_air){ 0 });
	struct mu_link_status status;
	struct mu_event event;
	assert_int_equal(wait_event(&link, BOOT_MS, 5000, &event), 0); // nobody asked: it stays off
	mu_virtual_link_connect(&link, &usual, 5000);
	uint64_t due_ms = mu_virtual_link_deadline(&link);
	assert_int_equal(mu_virtual_link_step(&link, due_ms - 1, &event), 0);
	assert_int_equal(mu_virtual_link_step(&link, due_ms, &event), 1);
	assert_int_equal(event.type, MU_EVENT_LINK_ASSOCIATED);
	due_ms = mu_virtual_link_deadline(&link);
	assert_int_equal(mu_virtual_link_step(&link, due_ms, &event), 1);
	assert_int_equal(event.type, MU_EVENT_LINK_UP);
	mu_virtual_link_status(&link, due_ms, &status);
	assert_true(status.up && mu_virtual_link_carries(&link) && mu_virtual_link_resolves(&link));
	assert_true(5000 + status.associate_ms + status.dhcp_ms == due_ms);
	assert_int_equal(status.auth, MU_LINK_AUTH_WPA2);
	assert_memory_equal(status.bssid, mu_air_default.bssid, MU_BSSID_BYTES);
	assert_true(mu_virtual_link_deadline(&link) == UINT64_MAX); // and then it costs nothing
}

// Each way in which a join ends badly: the reason that ESP-IDF gives, in about the time that it takes.
static const struct {
	struct mu_air air;
	const char *ssid, *passphrase;
	enum mu_link_auth least;
	int32_t reason, or_reason;
	uint64_t least_ms, most_ms;
} ends[] = {
	{ { .no_ap_s = 60 }, "muster", "muster-demo", MU_LINK_AUTH_WPA2, 201, 201, 2200, 2210 },
	{ { 0 }, "mustard", "muster-demo", MU_LINK_AUTH_WPA2, 201, 201, 2200, 2210 },
	{ { 0 }, "muster", "muster-demo", MU_LINK_AUTH_WPA3, 211, 211, 2200, 2210 },
	{ { 0 }, "muster", "muster-dem0", MU_LINK_AUTH_WPA2, 15, 204, 2500, 3200 },
	{ { .wrong_password_s = 60 }, "muster", "muster-demo", MU_LINK_AUTH_WPA2, 15, 204, 2500, 3200 },
	{ { .handshake_s = 60 }, "muster", "muster-demo", MU_LINK_AUTH_WPA2, 15, 204, 2500, 3200 },
	{ { .auth_expire_s = 60 }, "muster", "muster-demo", MU_LINK_AUTH_WPA2, 2, 2, 1000, 1700 },
};

static void test_joins_that_fail(void **unused)
{
	(void)unused;
	for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
		struct mu_virtual_link link = make(ends[i].air);
		struct mu_link_join join = { .least_auth = ends[i].least };
		struct mu_event event;
		strncpy(join.ssid, ends[i].ssid, MU_SSID_MAX);
		strncpy(join.passphrase, ends[i].passphrase, MU_PASSPHRASE_MAX);
		mu_virtual_link_connect(&link, &join, BOOT_MS);
		uint64_t end_ms = wait_event(&link, BOOT_MS, 20000, &event);
		assert_int_equal(event.type, MU_EVENT_LINK_DOWN);
		assert_true(event.reason == ends[i].reason || event.reason == ends[i].or_reason);
		assert_in_range(end_ms - BOOT_MS, ends[i].least_ms, ends[i].most_ms);
		if (i > 3 || i == 0) // the fault ends
			bring_up(&link, &usual, 61000);
	}
}

// With WPA3 the exchange itself tells that the passphrase is wrong.
static void test_wrong_passphrase_with_wpa3(void **unused)
{
	(void)unused;
	static const struct mu_air_point point = { .ssid = "muster", .passphrase = "right-one", .auth = MU_LINK_AUTH_WPA3 };
	struct mu_virtual_link link = make((struct mu_air){ .points = &point, .point_count = 1 });
	struct mu_event event;
	mu_virtual_link_connect(&link, &usual, BOOT_MS);
	assert_true(wait_event(&link, BOOT_MS, 5000, &event));
	assert_int_equal(event.reason, MU_LINK_REASON_AUTH_FAIL);
}

// DHCP that never answers leaves a station that is joined and has nothing; a static address needs nobody.
static void test_nobody_gives_an_address(void **unused)
{
	(void)unused;
	struct mu_virtual_link link = make((struct mu_air){ .dhcp_dead_s = 30 });
	struct mu_link_join fixed = usual;
	struct mu_event event;
	mu_virtual_link_connect(&link, &usual, BOOT_MS);
	uint64_t now_ms = wait_event(&link, BOOT_MS, 5000, &event);
	assert_int_equal(event.type, MU_EVENT_LINK_ASSOCIATED);
	now_ms = wait_event(&link, now_ms, 60000, &event);
	assert_int_equal(event.type, MU_EVENT_LINK_UP);
	assert_in_range(now_ms, 30500, 34010);
	link = make((struct mu_air){ .dhcp_dead_s = 30 });
	fixed.address.is_static = true;
	assert_in_range(bring_up(&link, &fixed, BOOT_MS), BOOT_MS, 3000);
}

// The core's own doings: what was up or under way is told to be down, what was not is not. A scan disturbs nobody.
static void test_restart_disconnect_and_scan(void **unused)
{
	(void)unused;
	struct mu_virtual_link link = make((struct mu_air){ 0 });
	struct mu_link_seen seen[MU_AIR_POINTS_MAX];
	struct mu_event event;
	uint64_t now_ms = bring_up(&link, &usual, 2000);
	mu_virtual_link_scan(&link, 0, now_ms);
	uint64_t done_ms = wait_event(&link, now_ms, now_ms + 3000, &event);
	assert_in_range(done_ms, now_ms + MU_LINK_SCAN_MS, now_ms + MU_LINK_SCAN_MS + STEP_MS);
	assert_int_equal(event.type, MU_EVENT_SCAN_DONE);
	assert_int_equal(event.value, 1);
	assert_true(mu_virtual_link_carries(&link));
	assert_int_equal(mu_virtual_link_scan_read(&link, seen, MU_AIR_POINTS_MAX, done_ms), 1);
	assert_string_equal(seen[0].ssid, "muster");
	mu_virtual_link_scan(&link, "other", done_ms);
	done_ms = wait_event(&link, done_ms, done_ms + 3000, &event);
	assert_int_equal(event.value, 0);
	mu_virtual_link_restart(&link, done_ms);
	assert_int_equal(mu_virtual_link_step(&link, done_ms, &event), 1);
	assert_int_equal(event.type, MU_EVENT_LINK_DOWN);
	assert_int_equal(event.reason, MU_LINK_REASON_ASSOC_LEAVE);
	assert_int_equal(wait_event(&link, done_ms, done_ms + 5000, &event), 0); // joins nothing by itself
	mu_virtual_link_disconnect(&link);
	assert_int_equal(wait_event(&link, done_ms, done_ms + 5000, &event), 0);
	mu_virtual_link_connect(&link, &usual, done_ms);
	mu_virtual_link_connect(&link, &usual, done_ms + 100); // anew, and nothing is told of the first
	wait_event(&link, done_ms + 100, done_ms + 5000, &event);
	assert_int_equal(event.type, MU_EVENT_LINK_ASSOCIATED);
}

// Fault "drop": packets stop at once, the station notices 6 s later, tries fail while nobody is there, and it comes back.
static void test_access_point_that_comes_and_goes(void **unused)
{
	(void)unused;
	struct mu_virtual_link link = make((struct mu_air){ .drops = 1 });
	struct mu_event event;
	uint64_t now_ms = bring_up(&link, &usual, 1000);
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
		mu_virtual_link_connect(&link, &usual, now_ms);
		now_ms = wait_event(&link, now_ms, now_ms + 10000, &event);
		assert_true(now_ms > 0);
		if (event.type == MU_EVENT_LINK_DOWN) {
			assert_int_equal(event.reason, MU_LINK_REASON_NO_AP_FOUND);
			failures++;
		}
	} while (event.type == MU_EVENT_LINK_DOWN);
	assert_int_equal(event.type, MU_EVENT_LINK_ASSOCIATED);
	assert_in_range(failures, 3, 9); // 9..19 s of tries of 2.2 s
	assert_in_range(now_ms - gone_ms, 15000, 28000);
}

// An image that loses the link for good does so after each of its boots; another image has it back. So it is with a wire.
static void test_image_that_loses_the_link(void **unused)
{
	(void)unused;
	const struct mu_link_join *const joins[] = { &usual, &wire };
	for (int i = 0; i < 2; i++) {
		struct mu_virtual_link link = make((struct mu_air){ 0 });
		struct mu_traits bad = mu_traits_none(), good = mu_traits_none();
		struct mu_event event;
		bad.offline_after_s = 5;
		mu_virtual_link_boot(&link, &bad, 1000);
		uint64_t now_ms = bring_up(&link, joins[i], 1000);
		assert_true(mu_virtual_link_deadline(&link) == 6000);
		uint64_t notice_ms = i ? 100 : MU_LINK_BEACON_TIMEOUT_MS;
		now_ms = wait_event(&link, now_ms, 20000, &event);
		assert_in_range(now_ms, 6000 + notice_ms, 6000 + notice_ms + STEP_MS);
		mu_virtual_link_connect(&link, joins[i], now_ms);
		wait_event(&link, now_ms, now_ms + 5000, &event);
		assert_int_equal(event.type, MU_EVENT_LINK_DOWN);
		assert_int_equal(event.reason, i ? MU_LINK_REASON_CABLE : MU_LINK_REASON_NO_AP_FOUND);
		mu_virtual_link_boot(&link, &good, 30000);
		bring_up(&link, joins[i], 30000);
	}
}

// What meets a station that is up, again and again. Returns how often in an hour, and the reasons as bits of 1 << (reason % 32).
static unsigned live_an_hour(struct mu_virtual_link *link, uint32_t *reasons)
{
	unsigned count = 0;
	struct mu_event event;
	uint64_t now_ms = bring_up(link, &usual, BOOT_MS);
	for (; now_ms < 3600000; now_ms += 100) {
		if (!mu_virtual_link_step(link, now_ms, &event))
			continue;
		count += event.type == MU_EVENT_LINK_DOWN || event.type == MU_EVENT_LINK_ADDRESS_LOST;
		if (event.type == MU_EVENT_LINK_DOWN)
			*reasons |= 1u << (event.reason % 32);
		if (event.type == MU_EVENT_LINK_DOWN || event.type == MU_EVENT_LINK_ADDRESS_LOST)
			mu_virtual_link_connect(link, &usual, now_ms);
	}
	return count;
}

static void test_troubles_come_back(void **unused)
{
	(void)unused;
	static const struct {
		struct mu_air air;
		unsigned least, most;
		uint32_t reasons;
	} rows[] = {
		{ { .beacon_loss_s = 30 }, 80, 105, 1u << (200 % 32) },
		{ { .sleep_loss_s = 30 }, 100, 125, 1u << 2 | 1u << 4 | 1u << 8 },
		{ { .lease_loss_s = 30 }, 100, 125, 0 },
		{ { .channel_move_s = 30 }, 40, 75, 1u << (200 % 32) }, // half of the moves are followed
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct mu_virtual_link link = make(rows[i].air);
		uint32_t reasons = 0;
		assert_in_range(live_an_hour(&link, &reasons), rows[i].least, rows[i].most);
		assert_int_equal(reasons, rows[i].reasons);
	}
}

// Without power save nobody forgets the station.
static void test_an_awake_station_is_not_forgotten(void **unused)
{
	(void)unused;
	struct mu_virtual_link link = make((struct mu_air){ .sleep_loss_s = 30 });
	uint32_t reasons = 0;
	mu_virtual_link_power_save(&link, false, BOOT_MS);
	assert_int_equal(live_an_hour(&link, &reasons), 0);
	mu_virtual_link_power_save(&link, true, 3600000);
	struct mu_event event;
	assert_in_range(wait_event(&link, 3600000, 3700000, &event), 3615000, 3645010);
}

// 1: the server of the first lease is dead, a new lease brings another; 2: only a server of one's own helps.
static void test_names(void **unused)
{
	(void)unused;
	struct mu_virtual_link link = make((struct mu_air){ .dns_dead = 1 });
	struct mu_link_join own = usual;
	uint64_t now_ms = bring_up(&link, &usual, BOOT_MS);
	assert_false(mu_virtual_link_resolves(&link));
	bring_up(&link, &usual, now_ms);
	assert_true(mu_virtual_link_resolves(&link));
	link = make((struct mu_air){ .dns_dead = 2 });
	now_ms = bring_up(&link, &usual, BOOT_MS);
	now_ms = bring_up(&link, &usual, now_ms);
	assert_false(mu_virtual_link_resolves(&link));
	own.address.dns[0][0] = 9;
	bring_up(&link, &own, now_ms);
	assert_true(mu_virtual_link_resolves(&link));
}

// The own access point: never an open one; whoever visits is counted, and a restart of the radio sends all away.
static void test_own_access_point(void **unused)
{
	(void)unused;
	struct mu_virtual_link link = make((struct mu_air){ .visitors = 1 });
	struct mu_link_own own = { .ssid = "dev", .stations_max = 2 };
	struct mu_link_status status;
	struct mu_event event;
	assert_int_equal(mu_virtual_link_serve(&link, &own, BOOT_MS), MU_ERR_INVALID);
	memcpy(own.passphrase, "eight888", 9);
	assert_int_equal(mu_virtual_link_serve(&link, &own, BOOT_MS), 0);
	uint64_t now_ms = BOOT_MS;
	uint32_t seen = 0;
	for (int i = 0; i < 40; i++) {
		now_ms = wait_event(&link, now_ms, now_ms + 20010, &event);
		assert_true(event.type == MU_EVENT_STATION_JOINED || event.type == MU_EVENT_STATION_LEFT);
		assert_in_range(event.value, 0, 2);
		seen |= 1u << event.value;
		mu_virtual_link_status(&link, now_ms, &status);
		assert_int_equal(status.stations, event.value);
	}
	assert_int_equal(seen, 7);
	mu_virtual_link_restart(&link, now_ms);
	mu_virtual_link_status(&link, now_ms, &status);
	assert_int_equal(status.stations, 0);
	assert_int_equal(wait_event(&link, now_ms, now_ms + 60000, &event), 0);
}

// A test may change the air under a running device: faults stop, and all is well.
static void test_the_air_changes(void **unused)
{
	(void)unused;
	struct mu_virtual_link link = make((struct mu_air){ .wrong_password_s = 86400 });
	struct mu_event event;
	mu_virtual_link_connect(&link, &usual, BOOT_MS);
	wait_event(&link, BOOT_MS, 10000, &event);
	assert_int_equal(event.type, MU_EVENT_LINK_DOWN);
	mu_virtual_link_air(&link, &(struct mu_air){ .rssi_dbm = -58 }, 20000);
	uint64_t now_ms = bring_up(&link, &usual, 20000);
	mu_virtual_link_air(&link, &(struct mu_air){ .rssi_dbm = -58, .no_ap_s = 3600 }, now_ms);
	assert_false(mu_virtual_link_carries(&link));
	wait_event(&link, now_ms, now_ms + 10000, &event);
	assert_int_equal(event.reason, MU_LINK_REASON_BEACON_TIMEOUT);
}

// A weak signal is the world's, or the image's own; the image's goes with it.
static void test_signal_strength(void **unused)
{
	(void)unused;
	struct mu_virtual_link link = make((struct mu_air){ .rssi_dbm = -86 });
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
		cmocka_unit_test(test_joining_takes_its_phases),
		cmocka_unit_test(test_joins_that_fail),
		cmocka_unit_test(test_wrong_passphrase_with_wpa3),
		cmocka_unit_test(test_nobody_gives_an_address),
		cmocka_unit_test(test_restart_disconnect_and_scan),
		cmocka_unit_test(test_access_point_that_comes_and_goes),
		cmocka_unit_test(test_image_that_loses_the_link),
		cmocka_unit_test(test_troubles_come_back),
		cmocka_unit_test(test_an_awake_station_is_not_forgotten),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_own_access_point),
		cmocka_unit_test(test_the_air_changes),
		cmocka_unit_test(test_signal_strength),
	};
	return cmocka_run_group_tests(tests, 0, 0);
}
