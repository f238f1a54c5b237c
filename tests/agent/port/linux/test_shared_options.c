// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include "agent/port/linux/shared_options.h"
#include "agent/port/linux/system.h"

// Parses and checks one command line. Returns the mistakes; *said is what was written, to be freed.
static int take(struct mu_shared_options *options, int argc, char **argv, char **said)
{
	static const struct mu_program program = { .name = "prog", .shared = mu_shared_rows, .shared_count = MU_SHARED_ROWS };
	size_t size = 0;
	FILE *errors = open_memstream(said, &size);
	*options = (struct mu_shared_options)MU_SHARED_DEFAULTS;
	int mistakes = mu_options_parse(&program, options, argc, argv, errors);
	mistakes += mu_shared_options_check(options, program.name, errors);
	fclose(errors);
	return mistakes;
}

static void test_describes_a_device(void **unused)
{
	(void)unused;
	char *argv[] = { (char *)"prog", (char *)"--broker=mqtt://h", (char *)"--interval=5", (char *)"--user=u", (char *)"--password=p",
		(char *)"--wifi=barn:barn-pass", (char *)"--air=barn:barn-pass", (char *)"--seed=7", (char *)"--batch=8192",
		(char *)"--reconnect-spread=2", (char *)"--hardware=esp32s3-psram" };
	struct mu_shared_options options;
	struct mu_device_config config = { .log_level = 3, .world.air.rssi_dbm = -58 };
	char *said = 0;
	assert_int_equal(take(&options, sizeof argv / sizeof *argv, argv, &said), 0);
	assert_string_equal(said, "");
	mu_shared_options_apply(&options, &config);
	assert_string_equal(config.agent.broker_uri, "mqtt://h");
	assert_string_equal(config.agent.user, "u");
	assert_int_equal(config.agent.heartbeat_ms, 5000);
	assert_int_equal(config.agent.liveness_ms, 30000);
	assert_int_equal(config.agent.batch_bytes, 8192);
	assert_string_equal(config.agent.link->networks[0].ssid, "barn");
	assert_int_equal(config.world.air.point_count, 1);
	assert_int_equal(config.seed, 7);
	assert_int_equal(config.agent.reconnect_spread_s, 2);
	assert_int_equal(config.hardware->cores, 2);
	assert_int_equal(config.log_level, 3); // not theirs
	assert_int_equal(config.world.air.rssi_dbm, -58);
	free(said);
}

// All mistakes at once, each with its option.
static void test_mistakes(void **unused)
{
	(void)unused;
	char *argv[] = { (char *)"prog", (char *)"--broker=ftp://h", (char *)"--ca=/nowhere/ca.pem", (char *)"--ap=open" };
	struct mu_shared_options options;
	char *said = 0;
	assert_int_equal(take(&options, 4, argv, &said), 3);
	assert_non_null(strstr(said, "prog: --broker: wants"));
	assert_non_null(strstr(said, "prog: --ca /nowhere/ca.pem: No such file or directory (check the name)"));
	assert_non_null(strstr(said, "prog: --ap open: wants"));
	free(said);
	char *tls[] = { (char *)"prog", (char *)"--broker=mqtts://h" };
	assert_int_equal(take(&options, 2, tls, &said), 1);
	assert_non_null(strstr(said, "--ca: is missing"));
	free(said);
	char *empty[] = { (char *)"prog", (char *)"--broker=mqtts://h", (char *)"--ca=/dev/null" };
	assert_int_equal(take(&options, 3, empty, &said), 1);
	assert_non_null(strstr(said, "prog: --ca /dev/null: holds no certificates in PEM (if it is DER: "));
	free(said);
	char *unused_files[] = { (char *)"prog", (char *)"--broker=mqtt://h",
		(char *)"--ca=/dev/null" }; // without TLS they are not looked into
	assert_int_equal(take(&options, 3, unused_files, &said), 0);
	free(said);
	char *chip[] = { (char *)"prog", (char *)"--list-spool",
		(char *)"--hardware=esp8266" }; // which flash it is matters to the list, too
	assert_int_equal(take(&options, 3, chip, &said), 1);
	assert_non_null(strstr(said, "prog: --hardware: there is no \"esp8266\"; there are esp32c3, esp32s3-psram"));
	free(said);
	char *spool[] = { (char *)"prog", (char *)"--list-spool" }; // needs no broker
	assert_int_equal(take(&options, 2, spool, &said), 0);
	free(said);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_describes_a_device),
		cmocka_unit_test(test_mistakes),
	};
	return cmocka_run_group_tests(tests, 0, 0);
}
