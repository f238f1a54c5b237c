// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "collector/kafka/profile.h"

static struct config config;
static struct config_errors errors;

static void write_properties(const char *text)
{
	snprintf(config.kafka.properties_file, sizeof config.kafka.properties_file, "/tmp/muster-test-profile.XXXXXX");
	int fd = mkstemp(config.kafka.properties_file);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
}

static int setup(void **unused)
{
	(void)unused;
	config_defaults(&config);
	snprintf(config.kafka.brokers, sizeof config.kafka.brokers, "127.0.0.1:9092");
	return 0;
}

static int teardown(void **unused)
{
	(void)unused;
	if (config.kafka.properties_file[0])
		unlink(config.kafka.properties_file);
	return 0;
}

static void demand(rd_kafka_conf_t *conf, const char *name, const char *value)
{
	char text[256];
	size_t size = sizeof text;
	assert_int_equal(rd_kafka_conf_get(conf, name, text, &size), RD_KAFKA_CONF_OK);
	assert_string_equal(text, value);
}

// What our promises rest on; a change here is a change of the promise.
static void test_what_is_fixed(void **unused)
{
	(void)unused;
	static const char *const fixed[][2] = { { "enable.idempotence", "true" }, { "enable.gapless.guarantee", "true" }, { "acks", "-1" },
		{ "message.timeout.ms", "0" }, { "partitioner", "murmur2_random" }, { "queue.buffering.max.messages", "4500" },
		{ "queue.buffering.max.kbytes", "6144" }, { "allow.auto.create.topics", "false" }, { "bootstrap.servers", "127.0.0.1:9092" },
		{ "client.id", "musterd" } };
	rd_kafka_conf_t *conf = profile_new(&config, &errors);
	assert_non_null(conf);
	for (size_t i = 0; i < sizeof fixed / sizeof *fixed; i++)
		demand(conf, fixed[i][0], fixed[i][1]);
	rd_kafka_conf_destroy(conf);
}

static void test_the_file_changes_what_it_may(void **unused)
{
	(void)unused;
	write_properties("# for the test\nlinger.ms=5\ncompression.codec = zstd\nsasl.password=se=cret\n");
	rd_kafka_conf_t *conf = profile_new(&config, &errors);
	assert_non_null(conf);
	demand(conf, "linger.ms", "5");
	demand(conf, "compression.codec", "zstd");
	demand(conf, "sasl.password", "se=cret");
	rd_kafka_conf_destroy(conf);
}

// One bad file, all of it said in one run: the place, the thing, what to do. And never a value, which may be a secret.
static void test_all_that_is_wrong_is_said(void **unused)
{
	(void)unused;
	static const char *const expected[] = {
		":1: acks is fixed: a record is delivered once all replicas in sync have it (remove the line)",
		":2: lingr.ms is no property of this librdkafka (see its CONFIGURATION.md)",
		":3: linger.ms cannot have this value (see librdkafka's CONFIGURATION.md)",
		":4: the line has no '=' (write name=value, or # before a comment)",
		":5: test.mock.num.brokers is not supported: what is delivered to it is lost (remove the line)",
		":6: dr_cb is not a text (remove the line)",
	};
	write_properties("acks=0\nlingr.ms=5\nlinger.ms=hunter2\nsasl.password\ntest.mock.num.brokers=1\ndr_cb=1\nssl.key.password=x\n");
	assert_null(profile_new(&config, &errors));
	assert_int_equal(errors.count, sizeof expected / sizeof *expected);
	for (unsigned i = 0; i < errors.count; i++) {
		assert_true(strncmp(errors.text[i], config.kafka.properties_file, strlen(config.kafka.properties_file)) == 0);
		assert_string_equal(errors.text[i] + strlen(config.kafka.properties_file), expected[i]);
		assert_null(strstr(errors.text[i], "hunter2"));
	}
}

static void test_a_file_that_is_not_there(void **unused)
{
	(void)unused;
	snprintf(config.kafka.properties_file, sizeof config.kafka.properties_file, "/nonexistent/kafka.properties");
	assert_null(profile_new(&config, &errors));
	assert_string_equal(errors.text[0],
		"/nonexistent/kafka.properties:0: the file cannot be read: No such file or directory (correct kafka.properties_file)");
	snprintf(config.kafka.properties_file, sizeof config.kafka.properties_file, "/");
	assert_null(profile_new(&config, &errors)); // a folder opens and does not read
	assert_non_null(strstr(errors.text[0], "Is a directory"));
	config.kafka.properties_file[0] = 0;
}

int main(void)
{
#define ROW(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
	const struct CMUnitTest tests[] = {
		ROW(test_what_is_fixed),
		ROW(test_the_file_changes_what_it_may),
		ROW(test_all_that_is_wrong_is_said),
		ROW(test_a_file_that_is_not_there),
	};
	return cmocka_run_group_tests(tests, 0, 0);
}
