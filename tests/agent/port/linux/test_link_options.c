// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include "agent/image/err.h"
#include "agent/port/linux/link_options.h"

static struct mu_link_options out;
static char problem[MU_LINK_OPTIONS_PROBLEM_SIZE];

static struct mu_option_list list(const char *a, const char *b)
{
	struct mu_option_list texts = { .count = (a != 0) + (b != 0), .items = { a, b } };
	return texts;
}

static void test_without_options_the_usual_network(void **unused)
{
	(void)unused;
	assert_int_equal(mu_link_options_parse(&out, &(struct mu_link_texts){ 0 }, problem), 0);
	assert_int_equal(out.config.network_count, 1);
	assert_string_equal(out.config.networks[0].ssid, mu_air_default.ssid);
	assert_string_equal(out.config.networks[0].passphrase, mu_air_default.passphrase);
	assert_int_equal(out.config.networks[0].least_auth, MU_LINK_AUTH_WPA2);
	assert_int_equal(out.point_count, 0);
	assert_null(out.config.own);
}

static void test_networks_and_access_points(void **unused)
{
	(void)unused;
	const struct mu_link_texts texts = { .wifi = list("barn:barn-pass", "attic:attic-pass:hidden"),
		.air = list("barn:barn-pass:wpa3,-20", "yard") };
	assert_int_equal(mu_link_options_parse(&out, &texts, problem), 0);
	assert_int_equal(out.config.network_count, 2);
	assert_string_equal(out.config.networks[1].ssid, "attic");
	assert_true(out.config.networks[1].hidden && !out.config.networks[0].hidden);
	assert_int_equal(out.point_count, 2);
	assert_int_equal(out.points[0].auth, MU_LINK_AUTH_WPA3);
	assert_int_equal(out.points[0].louder_db, -20);
	assert_int_equal(out.points[1].auth, MU_LINK_AUTH_OPEN);
	assert_memory_not_equal(out.points[0].bssid, out.points[1].bssid, MU_BSSID_BYTES);
}

static void test_addresses_and_names(void **unused)
{
	(void)unused;
	static const uint8_t address[] = { 192, 168, 7, 20 }, mask[] = { 255, 255, 255, 0 }, gateway[] = { 192, 168, 7, 1 },
			     other[] = { 9, 9, 9, 9 }, none[] = { 0, 0, 0, 0 };
	const struct mu_link_texts texts = { .address = "192.168.7.20/24,192.168.7.1", .dns = ",,9.9.9.9", .wired = true };
	assert_int_equal(mu_link_options_parse(&out, &texts, problem), 0);
	const struct mu_link_address *parsed = &out.config.wired_address;
	assert_true(out.config.wired && parsed->is_static);
	assert_memory_equal(parsed->address, address, 4);
	assert_memory_equal(parsed->netmask, mask, 4);
	assert_memory_equal(parsed->gateway, gateway, 4);
	assert_memory_equal(parsed->dns[0], none, 4);
	assert_memory_equal(parsed->dns[2], other, 4);
	const struct mu_link_texts wireless = { .address = "10.0.0.1/30" };
	assert_int_equal(mu_link_options_parse(&out, &wireless, problem), 0);
	assert_true(out.config.networks[0].address.is_static);
}

static void test_own_access_point(void **unused)
{
	(void)unused;
	assert_int_equal(mu_link_options_parse(&out, &(struct mu_link_texts){ .ap = "dev:eight888" }, problem), 0);
	assert_string_equal(out.config.own->passphrase, "eight888");
	assert_false(out.config.own_always);
	assert_int_equal(mu_link_options_parse(&out, &(struct mu_link_texts){ .ap = "dev:eight888:always" }, problem), 0);
	assert_true(out.config.own_always);
}

// Each is one mistake; the problem names the option, the text and what is wrong.
static void test_mistakes_are_named(void **unused)
{
	(void)unused;
	const struct {
		struct mu_link_texts texts;
		const char *said;
	} rows[] = {
		{ { .wifi = list(":barn-pass", 0) }, "--wifi :barn-pass: the name" },
		{ { .wifi = list("barn:seven77", 0) }, "8 characters at least" },
		{ { .wifi = list("123456789012345678901234567890123", 0) }, "the name has 1..32" },
		{ { .wifi = list("barn:barn-pass:hiden", 0) }, "wants hidden" },
		{ { .wifi = { .count = 5, .items = { "a", "b", "c", "d", "e" } } }, "--wifi e: there can be 4" },
		{ { .air = list("yard::wpa3", 0) }, "--air yard::wpa3: wants" }, // no passphrase, nothing to protect with
		{ { .air = list("barn:barn-pass:-61", 0) }, "wants" },
		{ { .air = list("barn:barn-pass:", 0) }, "wants" },
		{ { .wired = true, .wifi = list("barn", 0) }, "either" },
		{ { .ap = "dev" }, "--ap dev: wants SSID:PASSPHRASE" },
		{ { .ap = "dev:" }, "never served" },
		{ { .ap = "dev:seven77" }, "never served" },
		{ { .ap = "dev:eight888:sometimes" }, "always" },
		{ { .address = "192.168.7.20" }, "--address 192.168.7.20: wants" },
		{ { .address = "192.168.7/24" }, "wants" },
		{ { .address = "192.168.7.20/31" }, "wants" },
		{ { .address = "192.168.7.20/24x" }, "wants" },
		{ { .address = "192.168.7.20/24,gateway" }, "wants" },
		{ { .address = "192.168.7.20/24,192.168.8.1" }, "outside" },
		{ { .address = "192.168.7.255/24" }, "broadcast" },
		{ { .dns = "one" }, "--dns one: wants" },
		{ { .dns = "1.1.1.1,2.2.2.2,3.3.3.3,4.4.4.4" }, "wants" },
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		assert_int_equal(mu_link_options_parse(&out, &rows[i].texts, problem), MU_ERR_INVALID);
		assert_non_null(strstr(problem, rows[i].said));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_without_options_the_usual_network),
		cmocka_unit_test(test_networks_and_access_points),
		cmocka_unit_test(test_addresses_and_names),
		cmocka_unit_test(test_own_access_point),
		cmocka_unit_test(test_mistakes_are_named),
	};
	return cmocka_run_group_tests(tests, 0, 0);
}
