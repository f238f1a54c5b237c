// SPDX-License-Identifier: Apache-2.0
// The life of a session: bounded attempts, one complaint a minute, names that are slow, withheld writes, and a drop that forgets what is queued.
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <fcntl.h>
#include <mosquitto.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "collector/ingest/connection.h"
#include "collector/log.h"
#include "tests/collector/ingest/fake_broker.h"
#include "tests/collector/ingest/slow_names.h"

static struct event_base *base;
static struct fake_broker broker;
static struct config config;
static struct counters counters;
static struct connection *connection;
static unsigned ups, losses, messages, ticks;
static bool refuses_to_read;

static void on_up(void *context)
{
	(void)context;
	ups++;
}

static void on_lost(void *context)
{
	(void)context;
	losses++;
}

static bool is_full(void *context)
{
	(void)context;
	return refuses_to_read;
}

static void on_readable(void *context)
{
	(void)context;
	connection_read(connection, is_full);
}

static void on_idle(void *context)
{
	(void)context;
}

static void on_message(void *context, const struct mosquitto_message *message)
{
	(void)context, (void)message;
	messages++;
}

static void on_subscribed(void *context, int message_id, int reason)
{
	(void)context, (void)message_id, (void)reason;
}

static const struct connection_handlers handlers = { on_up, on_lost, on_readable, on_idle, on_message, on_idle, on_subscribed };

static struct connection *make_connection(const char *uri, char *problem)
{
	struct connection_settings settings = { .config = &config,
		.name = "test",
		.client_suffix = "",
		.keeps_session = true,
		.look_up = slow_names_look_up };
	snprintf(config.broker.uri, sizeof config.broker.uri, "%s", uri);
	return connection_new(base, &settings, &handlers, 0, &counters, problem);
}

static int make(void **state)
{
	char problem[256], uri[64];
	(void)state;
	log_set_threshold(LOG_AT_ERROR);
	memset(&counters, 0, sizeof counters);
	memset(&broker, 0, sizeof broker);
	ups = losses = messages = 0;
	refuses_to_read = false;
	base = event_base_new();
	fake_broker_start(&broker, base);
	slow_names_are("127.0.0.1", 0);
	config_defaults(&config);
	snprintf(uri, sizeof uri, "mqtt://127.0.0.1:%u", broker.port);
	connection = make_connection(uri, problem);
	assert_non_null(connection);
	return 0;
}

static void use_name(const char *host)
{
	char problem[256], uri[64];
	connection_free(connection);
	snprintf(uri, sizeof uri, "mqtt://%s:%u", host, broker.port);
	connection = make_connection(uri, problem);
	assert_non_null(connection);
}

static int clean(void **state)
{
	(void)state;
	connection_free(connection);
	fake_broker_stop(&broker);
	event_base_free(base);
	slow_names_hold(false);
	slow_names_await_end();
	return 0;
}

static void give_one(void)
{
	fake_broker_give(&broker, "t", "x", 1);
}

static void test_acknowledgements_wait_for_the_flush(void **unused)
{
	(void)unused;
	connection_start(connection);
	FAKE_BROKER_AWAIT(&broker, connection_is_up(connection));
	give_one();
	give_one();
	FAKE_BROKER_AWAIT(&broker, messages == 2);
	fake_broker_turn(&broker, 100);
	assert_int_equal(broker.pubacks, 0);
	assert_int_equal(connection_flush(connection, 0), 0);
	FAKE_BROKER_AWAIT(&broker, broker.pubacks == 2);
}

static void test_drop_forgets_them(void **unused)
{
	(void)unused;
	connection_start(connection);
	FAKE_BROKER_AWAIT(&broker, connection_is_up(connection));
	give_one();
	FAKE_BROKER_AWAIT(&broker, messages == 1);
	connection_drop(connection, "test");
	assert_false(connection_is_up(connection));
	assert_int_equal(losses, 1);
	FAKE_BROKER_AWAIT(&broker, ups == 2 && messages == 2); // by itself, and the broker gives it again
	assert_int_equal(broker.pubacks, 0);
}

static void test_full_reader_leaves_it_to_the_broker(void **unused)
{
	(void)unused;
	connection_start(connection);
	FAKE_BROKER_AWAIT(&broker, connection_is_up(connection));
	refuses_to_read = true;
	give_one();
	fake_broker_turn(&broker, 50);
	assert_int_equal(messages, 0);
	refuses_to_read = false;
	FAKE_BROKER_AWAIT(&broker, messages == 1);
	connection_pause(connection, true);
	give_one();
	fake_broker_turn(&broker, 50);
	assert_int_equal(messages, 1);
	connection_pause(connection, false);
	FAKE_BROKER_AWAIT(&broker, messages == 2);
}

static void test_stop_stays_away(void **unused)
{
	(void)unused;
	connection_start(connection);
	FAKE_BROKER_AWAIT(&broker, connection_is_up(connection));
	connection_stop(connection, "test");
	fake_broker_turn(&broker, 1500);
	assert_int_equal(ups, 1);
	connection_start(connection);
	FAKE_BROKER_AWAIT(&broker, ups == 2);
}

static void test_close_says_goodbye_after_what_is_queued(void **unused)
{
	(void)unused;
	connection_start(connection);
	FAKE_BROKER_AWAIT(&broker, connection_is_up(connection));
	give_one();
	FAKE_BROKER_AWAIT(&broker, messages == 1);
	connection_close(connection);
	fake_broker_turn(&broker, 50);
	assert_int_equal(broker.pubacks, 1);
	assert_int_equal(broker.disconnects, 1);
	assert_int_equal(losses, 0);
}

// Runs a loop in which nothing works for two attempts at least, and gives what was logged, which has to be one line.
static const char *only_line_of_failures(void)
{
	static char text[4096];
	int pipes[2], saved = dup(STDERR_FILENO);
	assert_int_equal(pipe2(pipes, O_NONBLOCK), 0);
	dup2(pipes[1], STDERR_FILENO);
	log_set_threshold(LOG_AT_WARN);
	connection_start(connection);
	for (int i = 0; i < 500 && counters.mqtt_connects_failed < 2; i++)
		fake_broker_turn(&broker, 10);
	dup2(saved, STDERR_FILENO);
	ssize_t size = read(pipes[0], text, sizeof text - 1);
	text[size > 0 ? size : 0] = 0;
	close(pipes[0]);
	close(pipes[1]);
	close(saved);
	assert_ptr_equal(strchr(text, '\n'), text + strlen(text) - 1);
	return text;
}

// A broker that is away for a while: many attempts, one line.
static void test_complains_once_a_minute(void **unused)
{
	(void)unused;
	fake_broker_stop(&broker);
	const char *line = only_line_of_failures();
	assert_true(counters.mqtt_connects_failed >= 2);
	assert_int_equal(counters.mqtt_names_failed, 0);
	assert_non_null(strstr(line, "what=\"broker cannot be reached or refuses\""));
	assert_non_null(strstr(line, "Connection refused"));
	assert_non_null(strstr(line, "attempts=1 "));
	fake_broker_start(&broker, base); // for clean()
}

// ---- the broker's name

// libmosquitto itself would find no such name.
static void test_name_is_asked_for_here(void **unused)
{
	(void)unused;
	use_name("broker.invalid");
	slow_names_are("127.0.0.2 127.0.0.1", 0); // the first refuses
	connection_start(connection);
	FAKE_BROKER_AWAIT(&broker, connection_is_up(connection));
	fake_broker_kick(&broker);
	FAKE_BROKER_AWAIT(&broker, ups == 2);
	assert_int_equal(slow_names_asked(), 2); // who moves is found
	assert_int_equal(counters.mqtt_connects_failed, 0);
}

static void test_name_without_an_address(void **unused)
{
	(void)unused;
	use_name("broker.invalid");
	slow_names_are("", EAI_AGAIN);
	const char *line = only_line_of_failures();
	assert_true(counters.mqtt_names_failed >= 2);
	assert_int_equal(counters.mqtt_names_failed, counters.mqtt_connects_failed);
	assert_non_null(strstr(line, "what=\"broker's name has no address\" connection=test broker=broker.invalid:"));
	assert_non_null(strstr(line, "reason=\"Temporary failure in name resolution\""));
	assert_non_null(strstr(line, "remedy=\"check the name in broker.uri and"));
	log_set_threshold(LOG_AT_ERROR);
	slow_names_are("127.0.0.1", 0);
	FAKE_BROKER_AWAIT(&broker, connection_is_up(connection));
}

static void on_tick(evutil_socket_t fd, short what, void *context)
{
	(void)fd, (void)what, (void)context;
	ticks++;
}

static void test_loop_goes_on_while_a_name_is_slow(void **unused)
{
	static const struct timeval ms = { .tv_usec = 1000 };
	(void)unused;
	struct event *tick = event_new(base, -1, EV_PERSIST, on_tick, 0);
	event_add(tick, &ms);
	use_name("broker.invalid");
	slow_names_hold(true);
	connection_start(connection);
	FAKE_BROKER_AWAIT(&broker, slow_names_asked() == 1);
	ticks = 0;
	FAKE_BROKER_AWAIT(&broker, ticks > 50);
	connection_stop(connection, "test"); // and who waits for a name can be stopped and started
	connection_start(connection);
	fake_broker_turn(&broker, 20);
	assert_int_equal(slow_names_asked(), 1);
	slow_names_hold(false);
	FAKE_BROKER_AWAIT(&broker, connection_is_up(connection));
	event_free(tick);
}

// clean() lets the name be answered when there is no connection any more.
static void test_end_while_a_name_is_slow(void **unused)
{
	(void)unused;
	use_name("broker.invalid");
	slow_names_hold(true);
	connection_start(connection);
	FAKE_BROKER_AWAIT(&broker, slow_names_asked() == 1);
}

// ---- settings

// Each row: settings that can never work, and what is said of them.
static const struct {
	const char *uri, *ca_file, *problem;
} hopeless[] = {
	{ "http://x", "", "broker.uri" },
	{ "mqtts://x", "/nonexistent/ca.pem", "broker.ca_file" },
};

static void test_every_hopeless_setting(void **unused)
{
	(void)unused;
	for (size_t i = 0; i < sizeof hopeless / sizeof *hopeless; i++) {
		char problem[256] = "";
		snprintf(config.broker.ca_file, sizeof config.broker.ca_file, "%s", hopeless[i].ca_file);
		assert_null(make_connection(hopeless[i].uri, problem));
		assert_non_null(strstr(problem, hopeless[i].problem));
	}
}

static void test_missing_password_file_is_tried_again(void **unused)
{
	(void)unused;
	snprintf(config.broker.user, sizeof config.broker.user, "u");
	snprintf(config.broker.password_file, sizeof config.broker.password_file, "/nonexistent/password");
	connection_start(connection);
	FAKE_BROKER_AWAIT(&broker, counters.mqtt_connects_failed >= 1);
	config.broker.password_file[0] = 0; // it was put right
	FAKE_BROKER_AWAIT(&broker, connection_is_up(connection));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_acknowledgements_wait_for_the_flush, make, clean),
		cmocka_unit_test_setup_teardown(test_drop_forgets_them, make, clean),
		cmocka_unit_test_setup_teardown(test_full_reader_leaves_it_to_the_broker, make, clean),
		cmocka_unit_test_setup_teardown(test_stop_stays_away, make, clean),
		cmocka_unit_test_setup_teardown(test_close_says_goodbye_after_what_is_queued, make, clean),
		cmocka_unit_test_setup_teardown(test_complains_once_a_minute, make, clean),
		cmocka_unit_test_setup_teardown(test_name_is_asked_for_here, make, clean),
		cmocka_unit_test_setup_teardown(test_name_without_an_address, make, clean),
		cmocka_unit_test_setup_teardown(test_loop_goes_on_while_a_name_is_slow, make, clean),
		cmocka_unit_test_setup_teardown(test_end_while_a_name_is_slow, make, clean),
		cmocka_unit_test_setup_teardown(test_every_hopeless_setting, make, clean),
		cmocka_unit_test_setup_teardown(test_missing_password_file_is_tried_again, make, clean),
	};
	mosquitto_lib_init();
	int failed = cmocka_run_group_tests(tests, 0, 0);
	mosquitto_lib_cleanup();
	return failed;
}
