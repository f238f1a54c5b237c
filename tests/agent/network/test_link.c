// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include "agent/network/link.h"
#include "tests/agent/fake_port.h"

static void test_joins_what_is_configured(void **unused)
{
	(void)unused;
	struct fake_port fake;
	struct mu_link link;
	const struct mu_link_network network = { .ssid = "barn", .passphrase = "long enough", .least_auth = MU_LINK_AUTH_WPA2 };
	const struct mu_link_config config = { .networks = &network, .network_count = 1 };
	fake_port_init(&fake, 1);
	assert_int_equal(mu_link_init(&link, &fake.port, &config, 0), 0);
	assert_int_equal(mu_link_connect(&link, 0), 0);
	assert_string_equal(fake.link_join.ssid, "barn");
	assert_string_equal(fake.link_join.passphrase, "long enough");
	assert_int_equal(fake.link_join.least_auth, MU_LINK_AUTH_WPA2);
	assert_int_equal(mu_link_init(&link, &fake.port, 0, 0), 0);
	assert_int_equal(mu_link_connect(&link, 0), 0);
	assert_true(fake.link_join.wired); // nothing configured: a wire
	fake_port_free(&fake);
}

static void test_a_name_that_cannot_be_is_refused(void **unused)
{
	(void)unused;
	struct fake_port fake;
	struct mu_link link;
	const char *problem = 0;
	const struct mu_link_network network = { .ssid = "123456789012345678901234567890123" };
	const struct mu_link_config config = { .networks = &network, .network_count = 1 };
	fake_port_init(&fake, 1);
	assert_int_equal(mu_link_init(&link, &fake.port, &config, &problem), MU_ERR_INVALID);
	assert_non_null(problem);
	fake_port_free(&fake);
}

// Without a passphrase everybody could reach the device through its own access point.
static void test_the_own_access_point(void **unused)
{
	(void)unused;
	struct fake_port fake;
	struct mu_link link;
	const char *problem = 0;
	struct mu_link_own own = { .ssid = "dev-1", .passphrase = "seven77" };
	const struct mu_link_config config = { .wired = true, .own = &own };
	fake_port_init(&fake, 1);
	assert_int_equal(mu_link_init(&link, &fake.port, &config, &problem), MU_ERR_INVALID);
	assert_non_null(strstr(problem, "open"));
	memcpy(own.passphrase, "eight888", 9);
	assert_int_equal(mu_link_init(&link, &fake.port, &config, &problem), 0);
	assert_int_equal(mu_link_serve(&link, true), 0);
	assert_int_equal(mu_link_serve(&link, true), 0); // is already
	assert_int_equal(fake.link_serves, 1);
	assert_int_equal(mu_link_serve(&link, false), 0);
	assert_false(fake.link_serving);
	assert_int_equal(mu_link_power_save(&link, false), 0);
	assert_true(fake.link_awake);
	fake.link_awake = false;
	assert_int_equal(mu_link_restart(&link), 0);
	assert_true(fake.link_awake); // what was asked for outlives the radio
	fake_port_free(&fake);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_joins_what_is_configured),
		cmocka_unit_test(test_a_name_that_cannot_be_is_refused),
		cmocka_unit_test(test_the_own_access_point),
	};
	return cmocka_run_group_tests(tests, 0, 0);
}
