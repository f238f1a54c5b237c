// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include "agent/network/link.h"
#include "tests/agent/fake_port.h"

enum { BARN, ATTIC, YARD };
static const struct mu_link_network networks[] = {
	[BARN] = { .ssid = "barn", .passphrase = "barn-pass", .address = { .dns = { { 0 }, { 0 }, { 9, 9, 9, 9 } } } },
	[ATTIC] = { .ssid = "attic", .passphrase = "attic-pass", .hidden = true },
	[YARD] = { .ssid = "yard", .passphrase = "yard-pass" },
};

static struct fake_port fake;
static struct mu_link_own own;
static struct mu_link_config config;
static struct mu_link link;
static int32_t value;

static int set_up(void **unused)
{
	(void)unused;
	fake_port_init(&fake, 1);
	own = (struct mu_link_own){ .ssid = "dev-1", .passphrase = "eight888" };
	return 0;
}

static int tear_down(void **unused)
{
	(void)unused;
	fake_port_free(&fake);
	return 0;
}

static void use(struct mu_link_config chosen)
{
	const char *problem = 0;
	config = chosen;
	assert_int_equal(mu_link_init(&link, &fake.port, &config, &problem), 0);
	assert_null(problem);
}

static void use_networks(size_t count)
{
	use((struct mu_link_config){ .networks = networks, .network_count = count });
}

static enum mu_link_heard tell(enum mu_event_type type, int32_t number, uint64_t now_ms)
{
	return mu_link_event(&link, &(struct mu_event){ .type = type, .value = number }, now_ms, &value);
}

static void see(const char *ssid, int32_t rssi_dbm, enum mu_link_auth auth)
{
	struct mu_link_seen *seen = &fake.link_seen[fake.link_seen_count++];
	*seen = (struct mu_link_seen){ .rssi_dbm = rssi_dbm, .channel = 11, .auth = auth, .bssid = { (uint8_t)-rssi_dbm } };
	strncpy(seen->ssid, ssid, MU_SSID_MAX);
}

static void see_nothing(void)
{
	fake.link_seen_count = 0;
}

static void bring_up(uint64_t now_ms)
{
	assert_int_equal(mu_link_connect(&link, now_ms), 0);
	assert_int_equal(tell(MU_EVENT_LINK_ASSOCIATED, 0, now_ms), MU_LINK_HEARD_NOTHING);
	assert_int_equal(tell(MU_EVENT_LINK_UP, 0, now_ms), MU_LINK_HEARD_UP);
}

static void test_one_network_needs_no_scan(void **unused)
{
	(void)unused;
	use_networks(1);
	assert_int_equal(mu_link_connect(&link, 0), 0);
	assert_int_equal(fake.link_scans, 0);
	assert_string_equal(fake.link_join.ssid, "barn");
	assert_string_equal(fake.link_join.passphrase, "barn-pass");
	assert_int_equal(fake.link_join.least_auth, MU_LINK_AUTH_WPA2);
	assert_false(fake.link_join.has_bssid);
}

static void test_nothing_configured_is_a_wire(void **unused)
{
	(void)unused;
	assert_int_equal(mu_link_init(&link, &fake.port, 0, 0), 0);
	assert_int_equal(mu_link_connect(&link, 0), 0);
	assert_true(fake.link_join.wired);
	assert_int_equal(mu_link_scan(&link, 0), MU_ERR_UNSUPPORTED);
}

static void test_a_bad_configuration_is_named(void **unused)
{
	(void)unused;
	const char *problem = 0;
	own.passphrase[0] = 0;
	const struct mu_link_config bad = { .wired = true, .own = &own };
	assert_int_equal(mu_link_init(&link, &fake.port, &bad, &problem), MU_ERR_INVALID);
	assert_non_null(strstr(problem, "never served"));
	assert_int_equal(mu_link_init(&link, &fake.port, &bad, 0), MU_ERR_INVALID);
}

// With a choice there is a scan first: all names, then the hidden one by name; the loudest is joined on the very access point.
static void test_several_networks_are_scanned_for(void **unused)
{
	(void)unused;
	use_networks(3);
	assert_int_equal(mu_link_connect(&link, 0), 0);
	assert_int_equal(fake.link_connects, 0);
	assert_string_equal(fake.link_scanned, "");
	see("barn", -70, MU_LINK_AUTH_WPA2);
	see("", -40, MU_LINK_AUTH_WPA2);
	assert_int_equal(tell(MU_EVENT_SCAN_DONE, 2, 2000), MU_LINK_HEARD_NOTHING);
	assert_string_equal(fake.link_scanned, "attic");
	see_nothing();
	see("attic", -40, MU_LINK_AUTH_WPA2);
	assert_int_equal(tell(MU_EVENT_SCAN_DONE, 1, 4000), MU_LINK_HEARD_NOTHING);
	assert_int_equal(fake.link_scans, 2);
	assert_string_equal(fake.link_join.ssid, "attic");
	assert_true(fake.link_join.has_bssid);
	assert_int_equal(fake.link_join.bssid[0], 40);
	assert_int_equal(fake.link_join.channel, 11);
	// The pin is dropped after a failed try; others come first as long as they have done no worse.
	assert_int_equal(tell(MU_EVENT_LINK_DOWN, 203, 5000), MU_LINK_HEARD_DOWN);
	assert_int_equal(value, 203);
	mu_link_connect(&link, 6000);
	assert_string_equal(fake.link_join.ssid, "barn");
	tell(MU_EVENT_LINK_DOWN, 203, 7000);
	mu_link_connect(&link, 8000);
	assert_string_equal(fake.link_join.ssid, "attic");
	assert_false(fake.link_join.has_bssid);
	assert_int_equal(fake.link_scans, 2); // all of that from one scan
}

// After a loss the one that worked is tried at once; only if that fails there is a scan.
static void test_what_worked_last_comes_first(void **unused)
{
	(void)unused;
	use_networks(3);
	mu_link_connect(&link, 0);
	see("yard", -50, MU_LINK_AUTH_WPA2);
	tell(MU_EVENT_SCAN_DONE, 1, 2000);
	see_nothing();
	tell(MU_EVENT_SCAN_DONE, 0, 4000);
	fake.link_status.channel = 3; // it has moved since
	tell(MU_EVENT_LINK_ASSOCIATED, 0, 4500);
	assert_int_equal(tell(MU_EVENT_LINK_UP, 0, 5000), MU_LINK_HEARD_UP);
	assert_int_equal(tell(MU_EVENT_LINK_DOWN, 200, 100000), MU_LINK_HEARD_DOWN);
	mu_link_connect(&link, 101000);
	assert_string_equal(fake.link_join.ssid, "yard");
	assert_false(fake.link_join.has_bssid);
	assert_int_equal(fake.link_join.channel, 3);
	assert_int_equal(fake.link_scans, 2);
	tell(MU_EVENT_LINK_DOWN, 201, 103000);
	mu_link_connect(&link, 104000);
	assert_int_equal(fake.link_scans, 3);
}

// In a crowd the port's strongest may leave ours out: then each is asked for by name, not the hidden ones only.
static void test_a_crowd(void **unused)
{
	(void)unused;
	struct mu_link_seen crowd[MU_LINK_SEEN_MAX] = { 0 };
	use_networks(1);
	assert_true(sizeof fake.link_seen / sizeof *fake.link_seen >= MU_LINK_SEEN_MAX);
	memcpy(fake.link_seen, crowd, sizeof fake.link_seen);
	fake.link_seen_count = MU_LINK_SEEN_MAX;
	assert_int_equal(mu_link_scan(&link, 0), 0);
	assert_int_equal(tell(MU_EVENT_SCAN_DONE, 40, 2000), MU_LINK_HEARD_NOTHING);
	assert_string_equal(fake.link_scanned, "barn");
	see_nothing();
	see("barn", -80, MU_LINK_AUTH_WPA2);
	assert_int_equal(tell(MU_EVENT_SCAN_DONE, 1, 4000), MU_LINK_HEARD_SCANNED);
	assert_int_equal(value, 1);
}

// The ladder's own scan: what it hears, also when the port cannot, or forgets.
static void test_the_ladders_scan(void **unused)
{
	(void)unused;
	uint64_t next_ms = 0;
	use_networks(1);
	assert_int_equal(mu_link_scan(&link, 1000), 0);
	assert_int_equal(mu_link_step(&link, 1000, &value, &next_ms), MU_LINK_HEARD_NOTHING);
	assert_true(next_ms == 1000 + MU_LINK_SCAN_TIMEOUT_MS);
	assert_int_equal(mu_link_step(&link, next_ms, &value, &next_ms), MU_LINK_HEARD_SCANNED);
	assert_int_equal(value, -1); // nobody can tell
	assert_int_equal(tell(MU_EVENT_SCAN_DONE, 3, 20000), MU_LINK_HEARD_NOTHING); // too late
	mu_link_scan(&link, 30000);
	assert_int_equal(tell(MU_EVENT_SCAN_DONE, MU_ERR_IO, 31000), MU_LINK_HEARD_SCANNED);
	assert_int_equal(value, -1);
	mu_link_scan(&link, 40000);
	see("foreign", -30, MU_LINK_AUTH_WPA2);
	assert_int_equal(tell(MU_EVENT_SCAN_DONE, 1, 41000), MU_LINK_HEARD_SCANNED);
	assert_int_equal(value, 0);
	fake.link_result = MU_ERR_UNSUPPORTED;
	assert_int_equal(mu_link_scan(&link, 50000), MU_ERR_UNSUPPORTED);
	fake.link_result = 0;
	assert_int_equal(mu_link_connect(&link, 51000), 0); // blind
	assert_string_equal(fake.link_join.ssid, "barn");
}

// Nothing of ours, or only what has our name without its protection: the ladder hears which of the two.
static void test_nothing_to_join(void **unused)
{
	(void)unused;
	static const struct {
		enum mu_link_auth auth;
		int32_t reason;
	} rows[] = { { MU_LINK_AUTH_OPEN, 211 }, { MU_LINK_AUTH_WPA, 211 }, { MU_LINK_AUTH_WPA2, 0 } };
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		use_networks(3);
		see_nothing();
		see("barn", -30, rows[i].auth);
		mu_link_connect(&link, 0);
		tell(MU_EVENT_SCAN_DONE, 1, 2000);
		see_nothing();
		bool down = tell(MU_EVENT_SCAN_DONE, 0, 4000) == MU_LINK_HEARD_DOWN;
		assert_int_equal(down, rows[i].reason != 0);
		assert_true(!down || value == rows[i].reason);
	}
	use_networks(3);
	mu_link_connect(&link, 0);
	tell(MU_EVENT_SCAN_DONE, 0, 2000);
	assert_int_equal(tell(MU_EVENT_SCAN_DONE, 0, 4000), MU_LINK_HEARD_DOWN);
	assert_int_equal(value, 201);
	assert_int_equal(fake.link_connects, 1);
	mu_link_connect(&link, 5000); // a scan may miss one: the next try is made without
	assert_int_equal(fake.link_connects, 2);
}

// A refused passphrase makes room at once, without a word to the ladder; only when all have refused it hears so.
static void test_a_refusal_makes_room(void **unused)
{
	(void)unused;
	struct mu_link_notice notice;
	use_networks(3);
	see("barn", -40, MU_LINK_AUTH_WPA2);
	see("yard", -80, MU_LINK_AUTH_WPA2);
	mu_link_connect(&link, 0);
	tell(MU_EVENT_SCAN_DONE, 2, 2000);
	tell(MU_EVENT_SCAN_DONE, 0, 4000);
	assert_string_equal(fake.link_join.ssid, "barn");
	assert_int_equal(tell(MU_EVENT_LINK_DOWN, 15, 7000), MU_LINK_HEARD_LEFT);
	assert_int_equal(value, 15);
	assert_string_equal(fake.link_join.ssid, "yard");
	assert_true(mu_link_notice(&link, 7000, &notice));
	assert_string_equal(notice.name, "credentials");
	assert_string_equal(notice.text, "1");
	assert_int_equal(notice.value, 1);
	assert_false(mu_link_notice(&link, 7000, &notice));
	assert_int_equal(tell(MU_EVENT_LINK_DOWN, 204, 10000), MU_LINK_HEARD_DOWN);
	assert_int_equal(value, 204);
	assert_true(mu_link_notice(&link, 10000, &notice));
	assert_string_equal(notice.text, "3");
}

// Without a second one the ladder hears each refusal; the records hear the first, the second, the fourth ...
static void test_refusals_are_told_at_powers_of_two(void **unused)
{
	(void)unused;
	struct mu_link_notice notice;
	unsigned told = 0;
	use_networks(1);
	for (unsigned i = 1; i <= 100; i++) {
		uint64_t now_ms = (uint64_t)i * MU_LINK_REST_MS;
		assert_int_equal(mu_link_connect(&link, now_ms), 0);
		assert_int_equal(tell(MU_EVENT_LINK_DOWN, 202, now_ms), MU_LINK_HEARD_DOWN);
		while (mu_link_notice(&link, now_ms, &notice))
			told++;
	}
	assert_int_equal(told, 7);
	assert_int_equal(notice.value, 64);
	bring_up(UINT64_C(200) * MU_LINK_REST_MS);
	assert_int_equal(link.choice.places[BARN].refused, 0);
	tell(MU_EVENT_LINK_DOWN, 15,
		UINT64_C(201) * MU_LINK_REST_MS); // of a link that was up: a key that was not renewed in time, no refusal
	assert_false(mu_link_notice(&link, UINT64_C(201) * MU_LINK_REST_MS, &notice));
}

// A network that refuses again and again is left alone for its pause: neither tried, nor, if it is the only one, looked for. Another one that
// turns up meanwhile is taken, and a scan that hears the resting one only says so.
static void test_a_pause_is_one_networks(void **unused)
{
	(void)unused;
	use_networks(1);
	for (int i = 0; i < MU_LINK_REFUSALS; i++) {
		assert_int_equal(mu_link_connect(&link, 0), 0);
		tell(MU_EVENT_LINK_DOWN, 202, 0);
	}
	assert_int_equal(mu_link_connect(&link, 1000), MU_ERR_AUTH);
	assert_int_equal(mu_link_scan(&link, 1000), MU_ERR_AUTH);
	assert_int_equal(fake.link_connects, MU_LINK_REFUSALS);
	assert_int_equal(fake.link_scans, 0);
	assert_int_equal(mu_link_scan(&link, MU_LINK_REST_MS), MU_ERR_UNSUPPORTED); // a try says as much
	assert_int_equal(mu_link_connect(&link, MU_LINK_REST_MS), 0);
	use_networks(3);
	link.choice.places[BARN].rests = true; // as above
	link.choice.places[BARN].rests_until = UINT32_MAX;
	see("barn", -40, MU_LINK_AUTH_WPA2);
	mu_link_connect(&link, 0); // a scan first
	tell(MU_EVENT_SCAN_DONE, 1, 2000);
	assert_int_equal(tell(MU_EVENT_SCAN_DONE, 0, 4000), MU_LINK_HEARD_DOWN); // the hidden one's
	assert_int_equal(value, 202); // not: nobody is there
	see("yard", -80, MU_LINK_AUTH_WPA2);
	assert_int_equal(mu_link_scan(&link, 300000), 0);
	tell(MU_EVENT_SCAN_DONE, 2, 302000);
	assert_int_equal(tell(MU_EVENT_SCAN_DONE, 0, 304000), MU_LINK_HEARD_SCANNED);
	assert_int_equal(value, 1); // the other one rests
	assert_int_equal(mu_link_connect(&link, 305000), 0);
	assert_string_equal(fake.link_join.ssid, "yard");
}

// DHCP that never answers: out after 15 s, the ladder hears why, and not again when the port tells that it has left.
static void test_no_address(void **unused)
{
	(void)unused;
	uint64_t next_ms = 0;
	use_networks(1);
	mu_link_connect(&link, 0);
	assert_int_equal(mu_link_step(&link, 0, &value, &next_ms), MU_LINK_HEARD_NOTHING);
	assert_true(next_ms == UINT64_MAX); // the try itself has the ladder's patience
	tell(MU_EVENT_LINK_ASSOCIATED, 0, 500);
	assert_int_equal(mu_link_step(&link, 15499, &value, &next_ms), MU_LINK_HEARD_NOTHING);
	assert_true(next_ms == 15500);
	assert_int_equal(mu_link_step(&link, 15500, &value, &next_ms), MU_LINK_HEARD_DOWN);
	assert_int_equal(value, MU_REASON_NO_ADDRESS);
	assert_int_equal(fake.link_disconnects, 1);
	assert_int_equal(tell(MU_EVENT_LINK_DOWN, 8, 15500), MU_LINK_HEARD_NOTHING);
	assert_int_equal(mu_link_step(&link, 60000, &value, &next_ms), MU_LINK_HEARD_NOTHING);
	mu_link_connect(&link, 60000);
	assert_int_equal(tell(MU_EVENT_LINK_DOWN, 8, 61000), MU_LINK_HEARD_DOWN); // this one is not ours
}

static void test_a_lost_address(void **unused)
{
	(void)unused;
	use_networks(1);
	bring_up(0);
	assert_int_equal(tell(MU_EVENT_LINK_ADDRESS_LOST, 0, 1000), MU_LINK_HEARD_DOWN);
	assert_int_equal(value, MU_REASON_ADDRESS_LOST);
	assert_int_equal(fake.link_disconnects, 1);
	assert_int_equal(tell(MU_EVENT_LINK_DOWN, 8, 1000), MU_LINK_HEARD_NOTHING);
	assert_int_equal(tell(MU_EVENT_LINK_ADDRESS_LOST, 0, 2000), MU_LINK_HEARD_NOTHING); // told already
	bring_up(3000);
}

// The ladder disconnects and joins anew: the end of the old link is for the books and must not spoil the new try.
static void test_leaving_on_purpose(void **unused)
{
	(void)unused;
	use_networks(1);
	bring_up(0);
	mu_link_disconnect(&link);
	mu_link_connect(&link, 1000);
	assert_int_equal(tell(MU_EVENT_LINK_DOWN, 8, 1000), MU_LINK_HEARD_LEFT);
	tell(MU_EVENT_LINK_ASSOCIATED, 0, 1500);
	assert_int_equal(tell(MU_EVENT_LINK_UP, 0, 1600), MU_LINK_HEARD_UP);
	mu_link_disconnect(&link); // for good
	assert_int_equal(tell(MU_EVENT_LINK_DOWN, 8, 2000), MU_LINK_HEARD_DOWN);
	assert_int_equal(tell(MU_EVENT_LINK_DOWN, 8, 2000), MU_LINK_HEARD_NOTHING); // nothing was up or under way
}

static void test_a_restart_of_the_radio(void **unused)
{
	(void)unused;
	use((struct mu_link_config){ .networks = networks, .network_count = 1, .own = &own });
	bring_up(0);
	assert_int_equal(mu_link_serve(&link, true), 0);
	assert_int_equal(mu_link_power_save(&link, false), 0);
	fake.link_serving = fake.link_awake = false;
	assert_int_equal(mu_link_restart(&link), 0);
	assert_true(fake.link_serving);
	assert_true(fake.link_awake); // what was asked for outlives the radio
	fake.link_result = MU_ERR_IO;
	assert_int_equal(mu_link_restart(&link), MU_ERR_IO);
	assert_int_equal(mu_link_power_save(&link, true), MU_ERR_IO);
	assert_true(link.awake);
}

static void test_own_access_point(void **unused)
{
	(void)unused;
	struct mu_link_notice notice;
	use((struct mu_link_config){ .networks = networks, .network_count = 1, .own = &own, .own_always = true });
	assert_false(fake.link_serving);
	mu_link_connect(&link, 0);
	assert_true(fake.link_serving);
	assert_int_equal(tell(MU_EVENT_STATION_JOINED, 2, 0), MU_LINK_HEARD_NOTHING);
	assert_true(mu_link_notice(&link, 0, &notice));
	assert_string_equal(notice.name, "access_point");
	assert_string_equal(notice.text, "joined");
	assert_int_equal(notice.value, 2);
	use_networks(1);
	assert_int_equal(mu_link_serve(&link, true), MU_ERR_NOT_FOUND);
}

// An access point and nothing else: the device has an address of its own, so its link is up.
static void test_the_own_access_point_alone(void **unused)
{
	(void)unused;
	uint64_t next_ms = 0;
	use((struct mu_link_config){ .own = &own });
	fake.link_can = MU_LINK_CAN_ACCESS_POINT;
	assert_int_equal(mu_link_connect(&link, 0), 0);
	assert_int_equal(mu_link_step(&link, 0, &value, &next_ms), MU_LINK_HEARD_UP);
	assert_int_equal(mu_link_step(&link, 0, &value, &next_ms), MU_LINK_HEARD_NOTHING);
	assert_int_equal(fake.link_connects, 0);
	fake.link_can = MU_LINK_CAN_STATION;
	use((struct mu_link_config){ .own = &own });
	assert_int_equal(mu_link_connect(&link, 0), MU_ERR_UNSUPPORTED);
}

// Names that do not resolve: a new lease after three, the fallback server after six, then turn about, seldom.
static void test_names(void **unused)
{
	(void)unused;
	static const mu_ipv4 fallback = { 9, 9, 9, 9 }, none = { 0 };
	static const struct {
		unsigned failures;
		bool other;
	} rows[] = { { 3, false }, { 6, true }, { 30, false }, { 60, true } };
	size_t row = 0;
	use_networks(1);
	bring_up(0);
	for (unsigned i = 1; i <= 60; i++) {
		if (!mu_link_name_failed(&link))
			continue;
		assert_int_equal(i, rows[row].failures);
		mu_link_connect(&link, i);
		assert_memory_equal(fake.link_join.address.dns[0], rows[row].other ? fallback : none, 4);
		assert_memory_equal(fake.link_join.address.dns[2], rows[row++].other ? none : fallback, 4);
	}
	assert_int_equal(row, 4);
	mu_link_name_resolved(&link);
	mu_link_connect(&link, 100);
	assert_memory_equal(fake.link_join.address.dns[0], fallback, 4); // the one that answered stays
	assert_false(mu_link_name_failed(&link));
}

static void test_names_without_a_fallback(void **unused)
{
	(void)unused;
	assert_int_equal(mu_link_init(&link, &fake.port, 0, 0), 0);
	for (unsigned i = 1; i <= 29; i++) // nothing new after six
		assert_int_equal(mu_link_name_failed(&link), i == 3);
}

// A port that refuses a call: the caller hears it, and nothing waits for an event that will never come.
static void test_port_errors(void **unused)
{
	(void)unused;
	uint64_t next_ms = 0;
	use_networks(3);
	fake.link_result = MU_ERR_IO;
	assert_int_equal(mu_link_connect(&link, 0), MU_ERR_IO); // neither scan nor join
	assert_int_equal(mu_link_disconnect(&link), MU_ERR_IO);
	assert_int_equal(mu_link_step(&link, 0, &value, &next_ms), MU_LINK_HEARD_NOTHING);
	assert_true(next_ms == UINT64_MAX);
	fake.link_result = 0;
	mu_link_connect(&link, 0);
	see("barn", -40, MU_LINK_AUTH_WPA2);
	fake.link_result = MU_ERR_IO; // between scan and join
	assert_int_equal(tell(MU_EVENT_SCAN_DONE, 1, 2000), MU_LINK_HEARD_DOWN);
	assert_int_equal(value, 0); // of no reason that the air would have
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_one_network_needs_no_scan, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_nothing_configured_is_a_wire, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_a_bad_configuration_is_named, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_several_networks_are_scanned_for, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_what_worked_last_comes_first, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_a_crowd, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_the_ladders_scan, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_nothing_to_join, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_a_refusal_makes_room, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_refusals_are_told_at_powers_of_two, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_a_pause_is_one_networks, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_no_address, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_a_lost_address, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_leaving_on_purpose, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_a_restart_of_the_radio, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_own_access_point, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_the_own_access_point_alone, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_names, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_names_without_a_fallback, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_port_errors, set_up, tear_down),
	};
	return cmocka_run_group_tests(tests, 0, 0);
}
