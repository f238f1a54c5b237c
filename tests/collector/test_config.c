// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "collector/config.h"

static struct config_errors errors;

// The file is refused, exactly these things are said of it, in this order, and nothing changes.
static void assert_refused(const char *text, size_t count, const char *const expected[])
{
	struct config config, before;
	config_defaults(&config);
	before = config;
	assert_int_equal(config_parse(&config, "f", text, strlen(text), &errors), -1);
	assert_int_equal(errors.count, count);
	for (size_t i = 0; i < count; i++)
		assert_string_equal(errors.text[i], expected[i]);
	assert_memory_equal(&config, &before, sizeof config);
}

// Each row: a file with one fault, and what is said of it.
static const struct {
	const char *text, *error;
} bad[] = {
	{ "brokr:\n uri: x\n", "f:1:1: unknown section 'brokr' (did you mean 'broker'?)" }, // what is below it is passed over
	{ "zzzzzzzz:\n uri: x\n", "f:1:1: unknown section 'zzzzzzzz' (musterd --help lists them)" },
	{ "broker:\n url: x\n", "f:2:2: unknown key 'broker.url' (did you mean 'uri'?)" },
	{ "log:\n level: info\n level: warn\n", "f:3:2: log.level is given twice (first in line 2)" },
	{ "ingest:\n commit_interval_ms: 1001\n", "f:2:22: ingest.commit_interval_ms: '1001' is out of range: 0 .. 1000 (default: 5)" },
	{ "ingest:\n commit_interval_ms: -1\n", "f:2:22: ingest.commit_interval_ms: '-1' is not a whole number (default: 5)" },
	{ "store: {retention_bytes: 1 Gb}", "f:1:26: store.retention_bytes: '1 Gb' is not a whole number with an optional KiB, MiB or GiB (default: 10 GiB)" },
	{ "ingest: {batch_bytes: 99999999999 GiB}", "f:1:23: ingest.batch_bytes: '99999999999 GiB' is out of range: 16384 .. 67108864 (default: 1 MiB)" },
	{ "broker:\n uri: 'http://x'\n", "f:2:2: broker.uri: 'http://x' is no address (write mqtt://HOST:PORT or mqtts://HOST:PORT)" },
	{ "store:\n path: ''\n", "f:2:8: store.path: '' must not be empty (default: ./muster.db)" },
	{ "store: [1, 2]\n", "f:1:8: section 'store' holds a list (its keys go below it, indented)" },
	{ "- store\n", "f:1:1: the file is not a mapping of sections (write `broker:` and its keys below)" },
	{ "hello\n", "f:1:1: the file is not a mapping of sections (write `broker:` and its keys below)" },
	{ "store:\n ? {a: b}\n : c\n", "f:2:4: a mapping where a name belongs" },
	{ "broker:\n cert_file: a.pem\n", "f:2:2: broker.cert_file and broker.key_file belong together (give both or neither)" },
	{ "broker:\n password_file: p\n", "f:2:2: broker.password_file without broker.user (give both)" },
	{ "log: &a {}\nhttp: *a\n", "f:2:7: an alias (write the value out)" },
	{ "log:\n level: info\n---\nlog:\n", "f:3:1: a second document (one file, one configuration)" },
	{ "log:\n\tlevel: info\n", "f:2:1: not YAML: while scanning for the next token: found character that cannot start any token" },
	{ "log: {level: info\n", "f:2:1: not YAML: while parsing a flow mapping: did not find expected ',' or '}'" },
};

static void test_every_bad_file(void **unused)
{
	(void)unused;
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		assert_refused(bad[i].text, 1, &bad[i].error);
}

static void test_all_faults_in_one_run(void **unused)
{
	(void)unused;
	static const char *const three[] = {
		"f:2:2: unknown key 'broker.url' (did you mean 'uri'?)",
		"f:4:18: store.retention_days: 'many' is not a whole number (default: 30)",
		"f:6:9: log.level: 'loud' is none of error warn info debug",
	};
	assert_refused("broker:\n url: mqtt://x\nstore:\n retention_days: many\nlog:\n level: loud\n", 3, three);
	static const char *const after_a_list[] = {
		// which is passed over as a whole
		"f:2:8: store.path: a list where one value belongs",
		"f:3:14: store.snapshot_s: '0' is out of range: 1 .. 3600 (default: 10)",
	};
	assert_refused("store:\n path: [a, {b: c}]\n snapshot_s: 0\n", 2, after_a_list);
	static const char *const after_a_value[] = {
		"f:1:8: section 'store' holds a value (its keys go below it, indented)",
		"f:3:9: log.level: 'x' is none of error warn info debug",
	};
	assert_refused("store: here\nlog:\n level: x\n", 2, after_a_value);
}

static void test_good_file(void **unused)
{
	(void)unused;
	static const char text[] =
		"# ours\nbroker: {uri: 'mqtts://b.example', keepalive_s: 30}\nstore:\n retention_bytes: 2 GiB\n path: /x\nhttp:\nlog: ~\n";
	struct config config;
	assert_int_equal(config_parse(&config, "f", text, sizeof text - 1, &errors), 0);
	assert_string_equal(config.broker.uri, "mqtts://b.example");
	assert_int_equal(config.broker.keepalive_s, 30);
	assert_int_equal(config.store.retention_bytes, UINT64_C(2) << 30);
	assert_string_equal(config.store.path, "/x");
	assert_string_equal(config.http.listen, "127.0.0.1:8970"); // untouched ones keep their default
}

static void test_empty_files_are_the_defaults(void **unused)
{
	(void)unused;
	static const char *const texts[] = { "", "\n", "# nothing\n", "---\n", "~\n" };
	struct config config, defaults;
	config_defaults(&defaults);
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		memset(&config, 0xff, sizeof config);
		assert_int_equal(config_parse(&config, "f", texts[i], strlen(texts[i]), &errors), 0);
		assert_memory_equal(&config, &defaults, sizeof config);
	}
}

static void test_help_is_a_file_that_parses_to_the_defaults(void **unused)
{
	(void)unused;
	char *text;
	size_t size;
	struct config config, defaults;
	FILE *out = open_memstream(&text, &size);
	config_help(out);
	fclose(out);
	config_defaults(&defaults);
	memset(&config, 0, sizeof config);
	assert_int_equal(config_parse(&config, "help", text, size, &errors), 0);
	assert_memory_equal(&config, &defaults, sizeof config);
	free(text);
}

static void test_more_errors_than_are_kept(void **unused)
{
	(void)unused;
	char text[4096];
	size_t used = 0;
	struct config config;
	for (int i = 0; i < 100; i++)
		used += (size_t)snprintf(text + used, sizeof text - used, "x%d: 1\n", i);
	assert_int_equal(config_parse(&config, "f", text, used, &errors), -1);
	assert_int_equal(errors.count, 100);
}

// A billion laughs need aliases; what needs none is stopped by its size or its number of values.
static void test_bombs(void **unused)
{
	(void)unused;
	enum { BYTES = 1 << 20 };
	char *text = malloc(BYTES + 2);
	struct config config;
	memset(text, '[', BYTES + 2);
	assert_int_equal(config_parse(&config, "f", text, BYTES + 2, &errors), -1);
	assert_non_null(strstr(errors.text[0], "more than 1048576 bytes"));
	assert_int_equal(config_parse(&config, "f", text, 100000, &errors), -1); // deep
	for (int i = 0; i < 50000; i++)
		memcpy(text + 2 * i, "- ", 2);
	memcpy(text, "[ ", 2);
	for (int i = 1; i < 50000; i++)
		memcpy(text + 2 * i, "1,", 2);
	assert_int_equal(config_parse(&config, "f", text, 100000, &errors), -1); // long
	assert_non_null(strstr(errors.text[errors.count - 1], "more than 20000 values"));
	free(text);
}

static void test_missing_file(void **unused)
{
	(void)unused;
	struct config config;
	assert_int_equal(config_load(&config, "/nonexistent/musterd.yaml", &errors), -1);
	assert_string_equal(errors.text[0],
		"/nonexistent/musterd.yaml:1:1: cannot be read: No such file or directory (check the name and its permissions)");
}

static void test_reload_changes_what_it_may(void **unused)
{
	(void)unused;
	struct config live, fresh;
	char restart[256];
	config_defaults(&live);
	config_defaults(&fresh);
	assert_int_equal(config_reload(&live, &fresh, restart, sizeof restart), 0);
	assert_string_equal(restart, "");
	fresh.log.level = 3;
	fresh.store.retention_days = 7;
	memcpy(fresh.store.path, "/elsewhere", sizeof "/elsewhere");
	fresh.broker.keepalive_s = 30;
	assert_int_equal(config_reload(&live, &fresh, restart, sizeof restart), 2);
	assert_string_equal(restart, "broker.keepalive_s, store.path");
	assert_int_equal(live.log.level, 3);
	assert_int_equal(live.store.retention_days, 7);
	assert_string_equal(live.store.path, "./muster.db");
	assert_int_equal(live.broker.keepalive_s, 60);
	assert_int_equal(config_reload(&live, &fresh, restart, 8), 2); // cut, not overrun
	assert_string_equal(restart, "broker.");
}

// Each row: an address, and what it means; port 0: refused.
static const struct {
	const char *uri, *host;
	uint16_t port;
	int tls;
} addresses[] = {
	{ "mqtt://127.0.0.1:1883", "127.0.0.1", 1883, 0 },
	{ "mqtt://broker", "broker", 1883, 0 },
	{ "mqtts://broker", "broker", 8883, 1 },
	{ "mqtts://broker:99/", "broker", 99, 1 },
	{ "mqtt://[::1]:1", "::1", 1, 0 },
	{ "mqtt://[::1]", "::1", 1883, 0 },
	{ "mqtt://", "", 0, 0 },          // no host
	{ "mqtt://:1883", "", 0, 0 },     // no host
	{ "mqtt://[::1", "", 0, 0 },      // bracket not closed
	{ "mqtt://b:0", "", 0, 0 },       // no port
	{ "mqtt://b:65536", "", 0, 0 },   // beyond
	{ "mqtt://b:", "", 0, 0 },        // nothing after the colon
	{ "mqtt://b:1x", "", 0, 0 },      // rubbish after the port
	{ "mqtt://b/path", "", 0, 0 },    // brokers have no paths
	{ "tcp://b", "", 0, 0 },          // another scheme
	{ "", "", 0, 0 },
};

static void test_every_address(void **unused)
{
	(void)unused;
	for (size_t i = 0; i < sizeof addresses / sizeof *addresses; i++) {
		char host[64];
		uint16_t port;
		int tls;
		int result = config_broker_address(addresses[i].uri, host, sizeof host, &port, &tls);
		assert_int_equal(result, addresses[i].port ? 0 : -1);
		if (result)
			continue;
		assert_string_equal(host, addresses[i].host);
		assert_int_equal(port, addresses[i].port);
		assert_int_equal(tls, addresses[i].tls);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_bad_file),
		cmocka_unit_test(test_all_faults_in_one_run),
		cmocka_unit_test(test_good_file),
		cmocka_unit_test(test_empty_files_are_the_defaults),
		cmocka_unit_test(test_help_is_a_file_that_parses_to_the_defaults),
		cmocka_unit_test(test_more_errors_than_are_kept),
		cmocka_unit_test(test_bombs),
		cmocka_unit_test(test_missing_file),
		cmocka_unit_test(test_reload_changes_what_it_may),
		cmocka_unit_test(test_every_address),
	};
	return cmocka_run_group_tests(tests, 0, 0);
}
