// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include "agent/port/linux/air.h"

// Two of one name, a hidden one, and one that does not protect what is said.
static const struct mu_air_point points[] = {
	{ .ssid = "barn", .passphrase = "barn-pass", .bssid = { 2, 1 }, .channel = 1, .louder_db = -20, .auth = MU_LINK_AUTH_WPA2 },
	{ .ssid = "barn", .passphrase = "barn-pass", .bssid = { 2, 2 }, .channel = 6, .louder_db = 0, .auth = MU_LINK_AUTH_WPA3 },
	{ .ssid = "attic",
		.passphrase = "attic-pass",
		.bssid = { 2, 3 },
		.channel = 11,
		.louder_db = -10,
		.auth = MU_LINK_AUTH_WPA2,
		.hidden = true },
	{ .ssid = "yard", .bssid = { 2, 4 }, .channel = 11, .louder_db = 10, .auth = MU_LINK_AUTH_OPEN },
};

static struct mu_dice dice;

static struct mu_virtual_air make(struct mu_air is)
{
	struct mu_virtual_air air;
	is.points = points;
	is.point_count = sizeof points / sizeof *points;
	is.rssi_dbm = -60;
	mu_dice_init(&dice, 7);
	mu_virtual_air_power_on(&air, &is, &dice, 1000);
	return air;
}

// Each join finds the strongest access point that fits, or none.
static const struct {
	const char *ssid;
	uint8_t bssid; // second byte; 0: any
	enum mu_link_auth least;
	int point;
	bool weak;
} finds[] = {
	{ "barn", 0, MU_LINK_AUTH_WPA2, 1, false },
	{ "barn", 1, MU_LINK_AUTH_WPA2, 0, false },
	{ "barn", 1, MU_LINK_AUTH_WPA3, -1, true }, // this one cannot
	{ "barn", 9, MU_LINK_AUTH_WPA2, -1, false }, // gone
	{ "attic", 0, MU_LINK_AUTH_WPA2, 2, false }, // hiding the name keeps nobody out who knows it
	{ "yard", 0, MU_LINK_AUTH_WPA2, -1, true },
	{ "yard", 0, MU_LINK_AUTH_OPEN, 3, false },
	{ "bar", 0, MU_LINK_AUTH_OPEN, -1, false },
};

static void test_finds(void **unused)
{
	(void)unused;
	struct mu_virtual_air air = make((struct mu_air){ 0 });
	for (size_t i = 0; i < sizeof finds / sizeof *finds; i++) {
		bool weak;
		struct mu_link_join join = { .has_bssid = finds[i].bssid, .bssid = { 2, finds[i].bssid }, .least_auth = finds[i].least };
		strncpy(join.ssid, finds[i].ssid, MU_SSID_MAX);
		assert_int_equal(mu_virtual_air_find(&air, &join, &dice, 2000, &weak), finds[i].point);
		assert_int_equal(weak, finds[i].weak);
	}
}

// Strongest first; the hidden one says its name only to who asks for it.
static void test_scans(void **unused)
{
	(void)unused;
	struct mu_virtual_air air = make((struct mu_air){ 0 });
	struct mu_link_seen seen[MU_AIR_POINTS_MAX];
	assert_int_equal(mu_virtual_air_scan(&air, "", &dice, 2000, seen, MU_AIR_POINTS_MAX), 4);
	assert_string_equal(seen[0].ssid, "yard");
	assert_string_equal(seen[1].ssid, "barn");
	assert_string_equal(seen[2].ssid, "");
	assert_int_equal(seen[3].bssid[1], 1);
	for (int i = 1; i < 4; i++)
		assert_true(seen[i].rssi_dbm <= seen[i - 1].rssi_dbm);
	assert_int_equal(mu_virtual_air_scan(&air, "attic", &dice, 2000, seen, MU_AIR_POINTS_MAX), 1);
	assert_string_equal(seen[0].ssid, "attic");
	assert_int_equal(seen[0].channel, 11);
	assert_int_equal(mu_virtual_air_scan(&air, "", &dice, 2000, seen, 1), 1); // no more than there is room for
}

static void test_nobody_there_for_a_while(void **unused)
{
	(void)unused;
	struct mu_virtual_air air = make((struct mu_air){ .no_ap_s = 30 });
	struct mu_link_seen seen[MU_AIR_POINTS_MAX];
	mu_virtual_air_step(&air, &dice, 30999);
	assert_false(mu_virtual_air_present(&air));
	assert_int_equal(mu_virtual_air_scan(&air, "", &dice, 30999, seen, MU_AIR_POINTS_MAX), 0);
	assert_true(mu_virtual_air_deadline(&air) == 31000);
	mu_virtual_air_step(&air, &dice, 31000);
	assert_true(mu_virtual_air_present(&air));
	assert_true(mu_virtual_air_deadline(&air) == UINT64_MAX); // and then it costs nothing
}

// An access point that moves is on another channel each time, within 5 to 15 s for a period of 10.
static void test_channels_move(void **unused)
{
	(void)unused;
	struct mu_virtual_air air = make((struct mu_air){ .channel_move_s = 10 });
	uint64_t now_ms = 1000;
	for (int i = 0; i < 50; i++) {
		uint32_t before = air.channel[0];
		uint64_t due_ms = mu_virtual_air_deadline(&air);
		assert_in_range(due_ms - now_ms, 5000, 15000);
		assert_false(mu_virtual_air_step(&air, &dice, due_ms - 1));
		assert_true(mu_virtual_air_step(&air, &dice, due_ms));
		assert_in_range(air.channel[0], 1, 13);
		assert_int_not_equal(air.channel[0], before);
		now_ms = due_ms;
	}
}

// Faults begin when they are told, not at power-on, and end when they are taken back.
static void test_changes(void **unused)
{
	(void)unused;
	struct mu_virtual_air air = make((struct mu_air){ 0 });
	struct mu_air is = air.is;
	uint32_t channel = air.channel[1];
	is.no_ap_s = 5;
	mu_virtual_air_change(&air, &is, &dice, 100000);
	assert_false(mu_virtual_air_present(&air));
	assert_true(mu_virtual_air_until(&air, is.no_ap_s) == 105000);
	is.no_ap_s = 0;
	mu_virtual_air_change(&air, &is, &dice, 101000);
	assert_true(mu_virtual_air_present(&air));
	assert_int_equal(air.channel[1], channel); // they are the same ones
}

static void test_without_points_there_is_the_usual_one(void **unused)
{
	(void)unused;
	struct mu_virtual_air air;
	mu_dice_init(&dice, 1);
	mu_virtual_air_power_on(&air, &(struct mu_air){ .rssi_dbm = -58 }, &dice, 0);
	assert_int_equal(mu_virtual_air_points(&air), 1);
	assert_string_equal(mu_virtual_air_point(&air, 0)->ssid, "muster");
	assert_int_equal(air.channel[0] % 5, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_finds),
		cmocka_unit_test(test_scans),
		cmocka_unit_test(test_nobody_there_for_a_while),
		cmocka_unit_test(test_channels_move),
		cmocka_unit_test(test_changes),
		cmocka_unit_test(test_without_points_there_is_the_usual_one),
	};
	return cmocka_run_group_tests(tests, 0, 0);
}
