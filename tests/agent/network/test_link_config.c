// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include "agent/network/link_config.h"

// Each is one mistake that leaves a device without a way to say what is wrong; word: of the text that it gets. Null: good.
static const struct {
	struct mu_link_address address;
	const char *word;
} addresses[] = {
	{ { .is_static = true, .address = { 192, 168, 1, 20 }, .netmask = { 255, 255, 255, 0 }, .gateway = { 192, 168, 1, 1 } }, 0 },
	{ { .is_static = true, .address = { 192, 168, 1, 20 }, .netmask = { 255, 255, 255, 0 } }, 0 }, // a broker next door
	{ { .is_static = true, .address = { 10, 0, 0, 1 }, .netmask = { 255, 255, 255, 252 }, .gateway = { 10, 0, 0, 2 } }, 0 }, // /30
	{ { .is_static = true, .address = { 10, 1, 2, 3 }, .netmask = { 128, 0, 0, 0 }, .gateway = { 10, 0, 0, 2 } }, 0 }, // /1
	{ { .address = { 1 }, .netmask = { 3 } }, 0 }, // DHCP: not looked at
	{ { .is_static = true, .netmask = { 255, 255, 255, 0 } }, "static address" },
	{ { .is_static = true, .address = { 127, 0, 0, 1 }, .netmask = { 255, 0, 0, 0 } }, "static address" },
	{ { .is_static = true, .address = { 224, 0, 0, 1 }, .netmask = { 255, 255, 255, 0 } }, "static address" },
	{ { .is_static = true, .address = { 192, 168, 1, 20 } }, "netmask" },
	{ { .is_static = true, .address = { 192, 168, 1, 20 }, .netmask = { 255, 0, 255, 0 } }, "netmask" }, // with a hole
	{ { .is_static = true, .address = { 192, 168, 1, 20 }, .netmask = { 0, 255, 255, 255 } }, "netmask" }, // the wrong way round
	{ { .is_static = true, .address = { 192, 168, 1, 20 }, .netmask = { 255, 255, 255, 254 } }, "netmask" }, // /31
	{ { .is_static = true, .address = { 192, 168, 1, 0 }, .netmask = { 255, 255, 255, 0 } }, "net's own" },
	{ { .is_static = true, .address = { 192, 168, 1, 255 }, .netmask = { 255, 255, 255, 0 } }, "broadcast" },
	{ { .is_static = true, .address = { 192, 168, 1, 20 }, .netmask = { 255, 255, 255, 0 }, .gateway = { 192, 168, 2, 1 } }, "outside" },
	{ { .is_static = true, .address = { 192, 168, 1, 20 }, .netmask = { 255, 255, 255, 0 }, .gateway = { 192, 168, 1, 20 } },
		"device itself" },
	{ { .is_static = true, .address = { 192, 168, 1, 20 }, .netmask = { 255, 255, 255, 0 }, .gateway = { 192, 168, 1, 255 } },
		"gateway"
}
,
}
;

static void test_addresses(void **unused)
{
	(void)unused;
	for (size_t i = 0; i < sizeof addresses / sizeof *addresses; i++) {
		const char *problem = mu_link_address_problem(&addresses[i].address);
		assert_int_equal(problem != 0, addresses[i].word != 0);
		if (problem)
			assert_non_null(strstr(problem, addresses[i].word));
	}
}

#define LONG_32 "12345678901234567890123456789012"

static const struct mu_link_network good = { .ssid = LONG_32, .passphrase = LONG_32 LONG_32 }, open = { .ssid = "o" },
				    nameless = { .ssid = "" }, missing = { 0 }, long_name = { .ssid = LONG_32 "3" },
				    short_pass = { .ssid = "a", .passphrase = "seven77" },
				    long_pass = { .ssid = "a", .passphrase = LONG_32 LONG_32 "5" },
				    strict_open = { .ssid = "a", .least_auth = MU_LINK_AUTH_WPA2 },
				    bad_address = { .ssid = "a", .address = { .is_static = true } };
static const struct mu_link_own own = { .ssid = "dev", .passphrase = "eight888" }, own_open = { .ssid = "dev" },
				own_short = { .ssid = "dev", .passphrase = "seven77" }, own_nameless = { .passphrase = "eight888" },
				own_far = { .ssid = "dev", .passphrase = "eight888", .channel = 15 };

static const struct {
	struct mu_link_config config;
	const char *word; // null: good
} configs[] = {
	{ { .networks = &good, .network_count = 1 }, 0 },
	{ { .networks = &open, .network_count = 1, .own = &own, .own_always = true }, 0 },
	{ { .wired = true }, 0 },
	{ { .own = &own }, 0 }, // an access point and nothing else
	{ { 0 }, "neither" },
	{ { .wired = true, .networks = &good, .network_count = 1 }, "either" },
	{ { .networks = &good, .network_count = 5 }, "at most 4" },
	{ { .network_count = 1 }, "at most 4" },
	{ { .networks = &nameless, .network_count = 1 }, "name" },
	{ { .networks = &missing, .network_count = 1 }, "name" },
	{ { .networks = &long_name, .network_count = 1 }, "1..32" },
	{ { .networks = &short_pass, .network_count = 1 }, "8..64" },
	{ { .networks = &long_pass, .network_count = 1 }, "8..64" },
	{ { .networks = &strict_open, .network_count = 1 }, "only be open" },
	{ { .networks = &bad_address, .network_count = 1 }, "static address" },
	{ { .wired = true, .wired_address = { .is_static = true } }, "static address" },
	{ { .wired = true, .own = &own_open }, "never served" },
	{ { .wired = true, .own = &own_short }, "never served" },
	{ { .wired = true, .own = &own_nameless }, "name" },
	{ { .wired = true, .own = &own_far }, "channel" },
};

static void test_configurations(void **unused)
{
	(void)unused;
	for (size_t i = 0; i < sizeof configs / sizeof *configs; i++) {
		const char *problem = "untouched";
		assert_int_equal(mu_link_config_check(&configs[i].config, &problem), configs[i].word ? MU_ERR_INVALID : 0);
		assert_int_equal(problem != 0, configs[i].word != 0);
		if (problem)
			assert_non_null(strstr(problem, configs[i].word));
	}
}

// Whoever knows a passphrase must not be lured to an open access point of the same name because nobody said what is the least.
static void test_least_protection(void **unused)
{
	(void)unused;
	static const struct mu_link_network wep = { .ssid = "a", .passphrase = "eight888", .least_auth = MU_LINK_AUTH_WEP },
					    wpa3 = { .ssid = "a", .passphrase = "eight888", .least_auth = MU_LINK_AUTH_WPA3 };
	assert_int_equal(mu_link_least_auth(&good), MU_LINK_AUTH_WPA2);
	assert_int_equal(mu_link_least_auth(&open), MU_LINK_AUTH_OPEN);
	assert_int_equal(mu_link_least_auth(&wep), MU_LINK_AUTH_WEP); // said, so it is meant
	assert_int_equal(mu_link_least_auth(&wpa3), MU_LINK_AUTH_WPA3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_addresses),
		cmocka_unit_test(test_configurations),
		cmocka_unit_test(test_least_protection),
	};
	return cmocka_run_group_tests(tests, 0, 0);
}
