// SPDX-License-Identifier: Apache-2.0
// What the radio tells and what is asked of it, in an order that nobody planned.
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include "agent/network/link.h"
#include "tests/agent/fake_port.h"

static const struct mu_link_network networks[] = { { .ssid = "barn", .passphrase = "barn-pass" },
	{ .ssid = "yard", .passphrase = "yard-pass" } };

static struct fake_port fake;
static struct mu_link_config config;
static struct mu_link link;
static int32_t value;

static int set_up(void **unused)
{
	(void)unused;
	fake_port_init(&fake, 1);
	return 0;
}

static int tear_down(void **unused)
{
	(void)unused;
	fake_port_free(&fake);
	return 0;
}

static void use_networks(size_t count)
{
	config = (struct mu_link_config){ .networks = networks, .network_count = count };
	assert_int_equal(mu_link_init(&link, &fake.port, &config, 0), 0);
}

static enum mu_link_heard tell(enum mu_event_type type, int32_t number, uint64_t now_ms)
{
	return mu_link_event(&link, &(struct mu_event){ .type = type, .value = number }, now_ms, &value);
}

static void bring_up(uint64_t now_ms)
{
	assert_int_equal(mu_link_connect(&link, now_ms), 0);
	assert_int_equal(tell(MU_EVENT_LINK_ASSOCIATED, 0, now_ms), MU_LINK_HEARD_NOTHING);
	assert_int_equal(tell(MU_EVENT_LINK_UP, 0, now_ms), MU_LINK_HEARD_UP);
}

// The port refused to disconnect, so nothing will be heard of it: an access point that throws the next try out is no late news of the last link.
static void test_a_leave_that_was_refused(void **unused)
{
	(void)unused;
	use_networks(1);
	for (int restart = 0; restart < 2; restart++) {
		bring_up(0);
		fake.link_result = MU_ERR_IO;
		assert_int_equal(restart ? mu_link_restart(&link) : mu_link_disconnect(&link), MU_ERR_IO);
		fake.link_result = 0;
		assert_int_equal(mu_link_connect(&link, 1000), 0);
		assert_int_equal(tell(MU_EVENT_LINK_DOWN, 8, 2000), MU_LINK_HEARD_DOWN);
		assert_int_equal(value, 8);
	}
}

// The lease was lost and there was another one in the same moment. By then the link is being left: it is not up for the blink of an eye, and that
// it ends is no loss of the radio's (reason 8 suspects power save).
static void test_an_address_that_comes_while_leaving(void **unused)
{
	(void)unused;
	use_networks(1);
	bring_up(0);
	assert_int_equal(tell(MU_EVENT_LINK_ADDRESS_LOST, 0, 1000), MU_LINK_HEARD_DOWN);
	assert_int_equal(tell(MU_EVENT_LINK_UP, 0, 1000), MU_LINK_HEARD_NOTHING);
	assert_int_equal(tell(MU_EVENT_LINK_DOWN, 8, 1000), MU_LINK_HEARD_NOTHING);
	bring_up(2000);
}

// The radio was on its way to another access point and did not get there: a loss, with its own reason.
static void test_a_way_to_another_access_point_that_fails(void **unused)
{
	(void)unused;
	use_networks(1);
	bring_up(0);
	assert_int_equal(tell(MU_EVENT_LINK_DOWN, 207, 1000), MU_LINK_HEARD_DOWN); // the ladder knows what to make of it
	assert_int_equal(tell(MU_EVENT_LINK_DOWN, 201, 2000), MU_LINK_HEARD_DOWN);
	assert_int_equal(value, 201);
	assert_int_equal(tell(MU_EVENT_LINK_DOWN, 201, 3000), MU_LINK_HEARD_NOTHING);
}

// A scan runs for the ladder when it asks for a link: the scan is the join's from then on, or there would be neither.
static void test_a_join_in_the_midst_of_a_scan(void **unused)
{
	(void)unused;
	use_networks(2);
	assert_int_equal(mu_link_scan(&link, 0), 0);
	assert_int_equal(mu_link_connect(&link, 1000), 0);
	assert_int_equal(fake.link_scans, 1);
	fake.link_seen[fake.link_seen_count++] = (struct mu_link_seen){ .ssid = "yard", .auth = MU_LINK_AUTH_WPA2, .rssi_dbm = -50 };
	assert_int_equal(tell(MU_EVENT_SCAN_DONE, 1, 2000), MU_LINK_HEARD_NOTHING);
	assert_int_equal(fake.link_connects, 1);
	assert_string_equal(fake.link_join.ssid, "yard");
}

// ... and one that the radio forgot with its restart is nobody's.
static void test_a_restart_in_the_midst_of_a_scan(void **unused)
{
	(void)unused;
	use_networks(2);
	assert_int_equal(mu_link_scan(&link, 0), 0);
	assert_int_equal(mu_link_restart(&link), 0);
	assert_int_equal(mu_link_connect(&link, 1000), 0);
	assert_int_equal(fake.link_scans, 2);
	fake.link_seen[fake.link_seen_count++] = (struct mu_link_seen){ .ssid = "yard", .auth = MU_LINK_AUTH_WPA2, .rssi_dbm = -50 };
	assert_int_equal(tell(MU_EVENT_SCAN_DONE, 1, 3000), MU_LINK_HEARD_NOTHING);
	assert_int_equal(fake.link_connects, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_a_leave_that_was_refused, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_an_address_that_comes_while_leaving, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_a_way_to_another_access_point_that_fails, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_a_join_in_the_midst_of_a_scan, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_a_restart_in_the_midst_of_a_scan, set_up, tear_down),
	};
	return cmocka_run_group_tests(tests, 0, 0);
}
