// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include "agent/image/err.h"
#include "agent/port/linux/broker_uri.h"

static const struct {
	const char *text, *host;
	int port, tls;
} good[] = {
	{ "mqtt://127.0.0.1:1884", "127.0.0.1", 1884, 0 },
	{ "mqtt://broker.local", "broker.local", 1883, 0 },
	{ "mqtts://broker", "broker", 8883, 1 },
	{ "mqtts://[::1]:65535", "::1", 65535, 1 },
	{ "mqtt://[fe80::1%eth0]", "fe80::1%eth0", 1883, 0 },
};

static const char *const bad[] = {
	"", "mqtt://", "mqtt:/host", "http://host", "MQTT://host", "mqtt://host:", "mqtt://host:0", "mqtt://host:65536",
	"mqtt://host:99999999999999", "mqtt://host:1x", "mqtt://host/topic", "mqtt://ho st", "mqtt://[::1", "mqtt://::1", "mqtt://user@host",
	" mqtt://host",
};

static void test_good_ones(void **unused)
{
	(void)unused;
	for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
		struct mu_broker_uri uri;
		assert_int_equal(mu_broker_uri_parse(good[i].text, &uri), 0);
		assert_string_equal(uri.host, good[i].host);
		assert_int_equal(uri.port, good[i].port);
		assert_int_equal(uri.tls, good[i].tls);
	}
}

static void test_bad_ones(void **unused)
{
	(void)unused;
	struct mu_broker_uri uri;
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		assert_int_equal(mu_broker_uri_parse(bad[i], &uri), MU_ERR_INVALID);
	char longest[300] = "mqtt://"; // a host of 253 characters is the last that fits
	memset(longest + 7, 'a', 253);
	assert_int_equal(mu_broker_uri_parse(longest, &uri), 0);
	longest[7 + 253] = 'a';
	assert_int_equal(mu_broker_uri_parse(longest, &uri), MU_ERR_INVALID);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_good_ones), cmocka_unit_test(test_bad_ones) };
	return cmocka_run_group_tests(tests, 0, 0);
}
