// SPDX-License-Identifier: Apache-2.0
// Each thing that keeps musterd from starting is told and leaves nothing open; the sanitizers see what is not given back.
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>
#include "collector/daemon.h"
#include "collector/log.h"
#include "tests/collector/store/scratch.h"

struct wrong {
	void (*spoil)(struct config *config, const struct scratch *scratch);
};

static void store_in_a_folder_that_is_not_there(struct config *config, const struct scratch *scratch)
{
	snprintf(config->store.path, sizeof config->store.path, "%s/missing/muster.db", scratch->folder);
}

static void store_that_is_no_database(struct config *config, const struct scratch *scratch)
{
	FILE *file = fopen(scratch->path, "w");
	assert_non_null(file);
	fputs("this is no database", file);
	fclose(file);
	snprintf(config->store.path, sizeof config->store.path, "%s", scratch->path);
}

static void ca_that_is_not_there(struct config *config, const struct scratch *scratch)
{
	snprintf(config->broker.uri, sizeof config->broker.uri, "mqtts://127.0.0.1:1");
	snprintf(config->broker.ca_file, sizeof config->broker.ca_file, "%s/ca.pem", scratch->folder);
}

static void http_for_everybody_without_tls(struct config *config, const struct scratch *scratch)
{
	(void)scratch;
	snprintf(config->http.listen, sizeof config->http.listen, "0.0.0.0:0");
}

static void kafka_properties_that_are_not_there(struct config *config, const struct scratch *scratch)
{
	snprintf(config->kafka.brokers, sizeof config->kafka.brokers, "127.0.0.1:1");
	snprintf(config->kafka.properties_file, sizeof config->kafka.properties_file, "%s/kafka.properties", scratch->folder);
}

static const struct wrong wrongs[] = {
	{ store_in_a_folder_that_is_not_there },
	{ store_that_is_no_database },
	{ ca_that_is_not_there },
	{ http_for_everybody_without_tls },
	{ kafka_properties_that_are_not_there },
};

static void configure(struct collector *collector, const struct scratch *scratch)
{
	memset(collector, 0, sizeof *collector);
	config_defaults(&collector->config);
	snprintf(collector->config.store.path, sizeof collector->config.store.path, "%s", scratch->path);
	snprintf(collector->config.broker.uri, sizeof collector->config.broker.uri, "mqtt://127.0.0.1:1"); // nobody listens there
	snprintf(collector->config.http.listen, sizeof collector->config.http.listen, "127.0.0.1:0");
}

static void test_what_keeps_it_from_starting(void **state)
{
	static struct collector collector;
	for (size_t i = 0; i < sizeof wrongs / sizeof *wrongs; i++) {
		configure(&collector, *state);
		wrongs[i].spoil(&collector.config, *state);
		assert_int_equal(daemon_start(&collector), -1);
		daemon_free(&collector);
		remove(((struct scratch *)*state)->path);
	}
}

// A broker that is away is no reason not to start: it serves what it has, and says that it is not ready. A Kafka that is away is not even that.
static void test_it_starts_without_a_broker(void **state)
{
	static struct collector collector;
	char reasons[256];
	configure(&collector, *state);
	snprintf(collector.config.kafka.brokers, sizeof collector.config.kafka.brokers, "127.0.0.1:1");
	assert_int_equal(daemon_start(&collector), 0);
	assert_true(http_port(collector.http) > 0);
	assert_int_equal(daemon_not_ready(&collector, reasons, sizeof reasons), 1);
	assert_string_equal(reasons, "no uplink session with the broker; no downlink session with the broker");
	daemon_free(&collector);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_what_keeps_it_from_starting, scratch_setup_folder, scratch_teardown),
		cmocka_unit_test_setup_teardown(test_it_starts_without_a_broker, scratch_setup_folder, scratch_teardown),
	};
	return cmocka_run_group_tests(tests, 0, 0);
}
