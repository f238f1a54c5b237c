// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include "agent/network/link_choice.h"

enum { BARN, ATTIC, YARD, COUNT };

static const struct mu_link_network networks[] = {
	[BARN] = { .ssid = "barn", .passphrase = "barn-pass" },
	[ATTIC] = { .ssid = "attic", .passphrase = "attic-pass", .hidden = true },
	[YARD] = { .ssid = "yard" },
};
static const struct mu_link_config config = { .networks = networks, .network_count = COUNT };

static struct mu_link_choice choice;

static void hear(bool wpa3, const char *ssid, int32_t rssi_dbm, enum mu_link_auth auth, uint8_t bssid)
{
	struct mu_link_seen seen = { .bssid = { bssid }, .rssi_dbm = rssi_dbm, .channel = 6, .auth = auth };
	strncpy(seen.ssid, ssid, MU_SSID_MAX);
	mu_link_choice_hear(&choice, &config, wpa3, &seen, 1);
}

static uint8_t pick(bool in_sight)
{
	return mu_link_choice_pick(&choice, COUNT, in_sight);
}

// Two access points of one network, heard in both orders: which one is taken.
static const struct {
	bool wpa3;
	int32_t one_dbm;
	enum mu_link_auth one_auth;
	int32_t two_dbm;
	enum mu_link_auth two_auth;
	uint8_t taken;
} pairs[] = {
	{ true, -60, MU_LINK_AUTH_WPA2, -61, MU_LINK_AUTH_WPA2, 1 },
	{ true, -60, MU_LINK_AUTH_WPA2, -67, MU_LINK_AUTH_WPA3, 2 }, // nearly as loud, and better
	{ true, -60, MU_LINK_AUTH_WPA2, -69, MU_LINK_AUTH_WPA3, 1 }, // too far away
	{ false, -60, MU_LINK_AUTH_WPA2, -61, MU_LINK_AUTH_WPA3, 1 }, // a port that cannot has nothing of it
	{ true, -90, MU_LINK_AUTH_WPA2, -30, MU_LINK_AUTH_OPEN, 1 }, // one that only has the name
	{ true, -90, MU_LINK_AUTH_WPA2, -30, MU_LINK_AUTH_WPA, 1 },
};

static void test_access_points_of_one_network(void **unused)
{
	(void)unused;
	for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++)
		for (int turned = 0; turned < 2; turned++) {
			mu_link_choice_init(&choice);
			if (turned)
				hear(pairs[i].wpa3, "barn", pairs[i].two_dbm, pairs[i].two_auth, 2);
			hear(pairs[i].wpa3, "barn", pairs[i].one_dbm, pairs[i].one_auth, 1);
			if (!turned)
				hear(pairs[i].wpa3, "barn", pairs[i].two_dbm, pairs[i].two_auth, 2);
			assert_int_equal(choice.places[BARN].bssid[0], pairs[i].taken);
			assert_int_equal(choice.weak, pairs[i].two_auth < MU_LINK_AUTH_WPA2);
			assert_int_equal(mu_link_choice_in_sight(&choice, COUNT), 1);
		}
}

// A scan for all names and one by name are merged; only a new scan forgets.
static void test_scans_are_merged(void **unused)
{
	(void)unused;
	mu_link_choice_init(&choice);
	hear(true, "barn", -70, MU_LINK_AUTH_WPA2, 1);
	hear(true, "", -40, MU_LINK_AUTH_WPA2, 2); // somebody who hides
	hear(true, "foreign", -30, MU_LINK_AUTH_WPA2, 3);
	assert_int_equal(pick(true), BARN);
	hear(true, "attic", -40, MU_LINK_AUTH_WPA2, 2);
	assert_int_equal(mu_link_choice_in_sight(&choice, COUNT), 2);
	assert_int_equal(pick(true), ATTIC);
	mu_link_choice_forget(&choice);
	assert_int_equal(pick(true), MU_LINK_NONE);
}

static void test_without_a_scan_the_order_decides(void **unused)
{
	(void)unused;
	mu_link_choice_init(&choice);
	assert_int_equal(pick(false), BARN);
	mu_link_choice_worked(&choice, YARD, 11);
	assert_int_equal(pick(false), YARD); // worked last
	assert_int_equal(choice.places[YARD].channel, 11);
	mu_link_choice_failed(&choice, YARD);
	assert_int_equal(pick(false), BARN);
	mu_link_choice_failed(&choice, BARN);
	assert_int_equal(pick(false), ATTIC);
	mu_link_choice_failed(&choice, ATTIC);
	assert_int_equal(pick(false), YARD); // and round again
}

// A network that refuses steps back behind the others, for longer than one that was just not there, but not for ever.
static void test_a_refusal_weighs_more(void **unused)
{
	(void)unused;
	mu_link_choice_init(&choice);
	hear(true, "barn", -40, MU_LINK_AUTH_WPA2, 1);
	hear(true, "yard", -80, MU_LINK_AUTH_OPEN, 2);
	assert_int_equal(pick(true), BARN);
	mu_link_choice_refused(&choice, BARN, 0);
	assert_int_equal(pick(true), YARD);
	mu_link_choice_failed(&choice, YARD);
	assert_int_equal(pick(true), YARD);
	mu_link_choice_failed(&choice, YARD);
	assert_int_equal(pick(true), BARN); // louder, and none has done better
	mu_link_choice_worked(&choice, YARD, 1);
	assert_int_equal(choice.places[BARN].refused, 1); // that another one works does not mend its passphrase
	assert_int_equal(pick(true), YARD);
	mu_link_choice_worked(&choice, BARN, 1);
	assert_int_equal(choice.places[BARN].refused, 0);
}

// From the fifth refusal in a row on a network rests, and only that one; one that failed otherwise in between does not.
static void test_who_refuses_rests(void **unused)
{
	(void)unused;
	uint64_t now_ms = UINT64_C(1) << 33; // more than 32 bits of milliseconds
	mu_link_choice_init(&choice);
	hear(true, "barn", -40, MU_LINK_AUTH_WPA2, 1);
	for (int i = 0; i < 2 * MU_LINK_REFUSALS; i++) {
		mu_link_choice_refused(&choice, BARN, now_ms);
		if (i % (MU_LINK_REFUSALS - 1) == 0)
			mu_link_choice_failed(&choice, BARN);
		mu_link_choice_wake(&choice, now_ms);
		assert_int_equal(mu_link_choice_in_sight(&choice, COUNT), 1);
	}
	for (int i = 0; i < 4; i++) {
		for (int k = 0; k < (i ? 1 : MU_LINK_REFUSALS); k++)
			mu_link_choice_refused(&choice, BARN, now_ms);
		mu_link_choice_wake(&choice, now_ms + MU_LINK_REST_MS - 1024);
		assert_int_equal(mu_link_choice_in_sight(&choice, COUNT), MU_ERR_AUTH);
		assert_int_equal(pick(true), MU_LINK_NONE);
		assert_int_equal(pick(false), ATTIC);
		mu_link_choice_wake(&choice, now_ms += MU_LINK_REST_MS);
		assert_int_equal(mu_link_choice_in_sight(&choice, COUNT), 1);
		assert_int_equal(pick(true), BARN);
	}
	mu_link_choice_worked(&choice, BARN, 1); // and all is forgotten
	mu_link_choice_refused(&choice, BARN, now_ms);
	assert_int_equal(pick(true), BARN);
}

// What a port may say that cannot be stays within the table.
static void test_odd_values(void **unused)
{
	(void)unused;
	mu_link_choice_init(&choice);
	hear(true, "barn", -1000, MU_LINK_AUTH_WPA2, 1);
	assert_int_equal(choice.places[BARN].rssi_dbm, INT8_MIN);
	hear(true, "barn", 1000, MU_LINK_AUTH_WPA2, 1);
	assert_int_equal(choice.places[BARN].rssi_dbm, 0);
	mu_link_choice_failed(&choice, MU_LINK_NONE);
	mu_link_choice_refused(&choice, MU_LINK_NONE, 0);
	mu_link_choice_worked(&choice, MU_LINK_NONE, 6); // a wire
	assert_int_equal(choice.worked, MU_LINK_NONE);
	for (int i = 0; i < 1000; i++)
		mu_link_choice_refused(&choice, BARN, 0);
	assert_int_equal(choice.places[BARN].refused, UINT8_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_access_points_of_one_network),
		cmocka_unit_test(test_scans_are_merged),
		cmocka_unit_test(test_without_a_scan_the_order_decides),
		cmocka_unit_test(test_a_refusal_weighs_more),
		cmocka_unit_test(test_who_refuses_rests),
		cmocka_unit_test(test_odd_values),
	};
	return cmocka_run_group_tests(tests, 0, 0);
}
