// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include "agent/network/access_point.h"
#include "tests/agent/fake_port.h"

static struct fake_port fake;
static struct mu_access_point point;
static const struct mu_link_network network = { .ssid = "barn" };
static struct mu_link_own own;
static struct mu_link_config config;

static int set_up(void **unused)
{
	(void)unused;
	fake_port_init(&fake, 1);
	own = (struct mu_link_own){ .ssid = "dev-1", .passphrase = "eight888", .stations_max = 4 };
	config = (struct mu_link_config){ .networks = &network, .network_count = 1, .own = &own };
	mu_access_point_init(&point, &fake.port, &config);
	return 0;
}

static int tear_down(void **unused)
{
	(void)unused;
	fake_port_free(&fake);
	return 0;
}

static void test_opens_and_closes_once(void **unused)
{
	(void)unused;
	assert_int_equal(mu_access_point_apply(&point), 0);
	assert_int_equal(fake.link_serves, 0);
	assert_int_equal(mu_access_point_serve(&point, true), 0);
	assert_int_equal(mu_access_point_serve(&point, true), 0); // is already
	assert_int_equal(fake.link_serves, 1);
	assert_string_equal(fake.link_own.passphrase, "eight888");
	assert_int_equal(mu_access_point_serve(&point, false), 0);
	assert_false(fake.link_serving);
}

// The configuration is the caller's and may have changed since it was checked.
static void test_an_open_one_is_never_opened(void **unused)
{
	(void)unused;
	own.passphrase[7] = 0;
	assert_int_equal(mu_access_point_serve(&point, true), MU_ERR_INVALID);
	assert_int_equal(fake.link_serves, 0);
	own.passphrase[7] = '8';
	assert_int_equal(mu_access_point_apply(&point), 0); // and is opened when that is mended
	assert_true(fake.link_serving);
}

// What the port can do decides; one that cannot do both keeps its station.
static void test_needs_a_port_that_can(void **unused)
{
	(void)unused;
	static const struct {
		bool wired;
		int can, result;
	} rows[] = {
		{ false, MU_LINK_CAN_STATION | MU_LINK_CAN_ACCESS_POINT, MU_ERR_UNSUPPORTED },
		{ false, MU_LINK_CAN_STATION | MU_LINK_CAN_ACCESS_POINT | MU_LINK_CAN_BOTH, 0 },
		{ true, MU_LINK_CAN_ETHERNET, MU_ERR_UNSUPPORTED },
		{ true, MU_LINK_CAN_ETHERNET | MU_LINK_CAN_ACCESS_POINT, 0 },
		{ true, MU_ERR_UNSUPPORTED, MU_ERR_UNSUPPORTED },
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		config.wired = rows[i].wired;
		config.network_count = !rows[i].wired;
		fake.link_can = rows[i].can;
		mu_access_point_init(&point, &fake.port, &config);
		assert_int_equal(mu_access_point_serve(&point, true), rows[i].result);
	}
	config.own = 0;
	mu_access_point_init(&point, &fake.port, &config);
	assert_int_equal(mu_access_point_serve(&point, true), MU_ERR_NOT_FOUND);
	assert_int_equal(mu_access_point_apply(&point), 0);
}

static void test_one_that_is_always_open(void **unused)
{
	(void)unused;
	config.own_always = true;
	mu_access_point_init(&point, &fake.port, &config);
	assert_int_equal(mu_access_point_apply(&point), 0);
	assert_true(fake.link_serving);
	assert_int_equal(mu_access_point_serve(&point, false), 0);
	assert_true(fake.link_serving);
}

static void test_an_error_leaves_it_as_it_was(void **unused)
{
	(void)unused;
	fake.link_result = MU_ERR_IO;
	assert_int_equal(mu_access_point_serve(&point, true), MU_ERR_IO);
	assert_false(point.serving);
	fake.link_result = 0;
	assert_int_equal(mu_access_point_serve(&point, true), 0);
	fake.link_result = MU_ERR_IO;
	assert_int_equal(mu_access_point_serve(&point, false), MU_ERR_IO);
	assert_true(point.serving);
}

static void test_outlives_a_restart_of_the_radio(void **unused)
{
	(void)unused;
	int32_t stations;
	mu_access_point_serve(&point, true);
	assert_string_equal(mu_access_point_notice(&point, 0, &stations), "opened");
	fake.link_serving = false;
	mu_access_point_restarted(&point);
	assert_true(fake.link_serving);
	assert_null(mu_access_point_notice(&point, 60000, &stations)); // nothing has changed
	fake.link_result = MU_ERR_IO;
	mu_access_point_restarted(&point);
	assert_string_equal(mu_access_point_notice(&point, 60000, &stations), "closed");
}

// Whoever joins and leaves all the time does not fill the spool: the last change counts, once in 10 s.
static void test_notices_are_few(void **unused)
{
	(void)unused;
	int32_t stations = -1;
	unsigned notices = 0;
	assert_true(mu_access_point_notice_ms(&point) == UINT64_MAX);
	mu_access_point_serve(&point, true);
	for (uint64_t now_ms = 0; now_ms < 60000; now_ms += 100) {
		bool joins = now_ms / 100 % 2;
		mu_access_point_station(&point,
			&(struct mu_event){ .type = joins ? MU_EVENT_STATION_JOINED : MU_EVENT_STATION_LEFT, .value = joins });
		notices += mu_access_point_notice(&point, now_ms, &stations) != 0;
	}
	assert_int_equal(notices, 6);
	assert_true(mu_access_point_notice_ms(&point) == 60000);
	assert_string_equal(mu_access_point_notice(&point, 60000, &stations), "joined");
	assert_int_equal(stations, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_opens_and_closes_once, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_an_open_one_is_never_opened, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_needs_a_port_that_can, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_one_that_is_always_open, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_an_error_leaves_it_as_it_was, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_outlives_a_restart_of_the_radio, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_notices_are_few, set_up, tear_down),
	};
	return cmocka_run_group_tests(tests, 0, 0);
}
