// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "agent/network/session.h"

#define URI "mqtt://broker:1883"
#define TLS_URI "mqtts://broker:8883"
enum { MESSAGE_ID = 41 };

// A broker that takes everything, writes down what it was asked, and can fail the n-th call from now.
struct fake {
	char calls[512];
	int fail_at; // 0: never
	int failed_with;
	struct mu_mqtt_options options; // without will_topic, which need not live on
	char will_topic[MU_TOPIC_MAX];
};

static int note(struct fake *fake, const char *what, const char *detail, int qos)
{
	size_t used = strlen(fake->calls);
	snprintf(fake->calls + used, sizeof fake->calls - used, "%s %s %d\n", what, detail, qos);
	return fake->fail_at > 0 && --fake->fail_at == 0 ? fake->failed_with : 0;
}

static int fake_open(void *context, const struct mu_mqtt_options *options)
{
	struct fake *fake = context;
	fake->options = *options;
	snprintf(fake->will_topic, sizeof fake->will_topic, "%s", options->will_topic);
	fake->options.will_topic = 0;
	return note(fake, "open", options->uri, (int)options->keepalive_s);
}

static void fake_close(void *context)
{
	note(context, "close", "", 0);
}

static int fake_subscribe(void *context, const char *topic, int qos)
{
	return note(context, "subscribe", topic, qos);
}

static int fake_publish(void *context, const char *topic, const void *payload, size_t size, int qos)
{
	char detail[128];
	snprintf(detail, sizeof detail, "%s=%.*s", topic, (int)size, (const char *)payload);
	int err = note(context, "publish", detail, qos);
	return err < 0 ? err : MESSAGE_ID;
}

static int fake_phases(void *context, struct mu_mqtt_phases *out)
{
	(void)context;
	*out = (struct mu_mqtt_phases){ 0 };
	return 0;
}

static const struct mu_mqtt_port mqtt = {
	.open = fake_open,
	.close = fake_close,
	.subscribe = fake_subscribe,
	.publish = fake_publish,
	.phases = fake_phases,
};

struct setup {
	struct fake fake;
	struct mu_port port;
	struct mu_session session;
};

static void start(struct setup *setup, const char *uri)
{
	*setup = (struct setup){ .port = { .context = &setup->fake, .mqtt = &mqtt } };
	struct mu_session_config config = { .id = "pump-07", .uri = uri, .user = "u", .password = "p", .keepalive_s = 30 };
	assert_int_equal(mu_session_init(&setup->session, &setup->port, &config), 0);
}

static void open_whole(struct setup *setup)
{
	assert_int_equal(mu_session_open(&setup->session, 0, 1000), 0);
	assert_int_equal(mu_session_opened(&setup->session), 0);
}

static void test_what_is_asked_of_the_broker(void **unused)
{
	(void)unused;
	struct setup setup;
	start(&setup, URI);
	open_whole(&setup);
	assert_string_equal(setup.fake.calls,
		"open " URI " 30\n"
		"subscribe muster/v1/pump-07/ack 0\n"
		"subscribe muster/v1/pump-07/dn 1\n"
		"publish muster/v1/pump-07/state=online 1\n");
	assert_string_equal(setup.fake.options.client_id, "pump-07");
	assert_string_equal(setup.fake.will_topic, "muster/v1/pump-07/state");
	assert_string_equal(setup.fake.options.will_payload, "offline");
	assert_string_equal(setup.fake.options.user, "u");
	assert_int_equal(setup.fake.options.timeout_ms, MU_SESSION_TIMEOUT_MS);
	assert_int_equal(setup.session.phase, MU_SESSION_OPEN);
	assert_int_equal(setup.session.opened, 1);
	assert_int_equal(mu_session_open(&setup.session, 0, 2000), MU_ERR_STATE); // one at a time
}

// The time to judge certificates by goes to the port; where there is none, over TLS, the session says so.
static void test_dates_of_certificates(void **unused)
{
	(void)unused;
	struct setup setup;
	start(&setup, TLS_URI);
	open_whole(&setup);
	assert_true(setup.fake.options.trusted_wall_ms == 0);
	assert_true(setup.session.dates_unchecked);
	mu_session_close(&setup.session);
	setup.session.trusted_wall_ms = UINT64_C(1790000000000);
	open_whole(&setup);
	assert_true(setup.fake.options.trusted_wall_ms == UINT64_C(1790000000000));
	assert_false(setup.session.dates_unchecked);
	start(&setup, URI); // no certificates, nothing to report
	open_whole(&setup);
	assert_false(setup.session.dates_unchecked);
}

static const struct {
	const char *id, *uri;
	int err;
} configs[] = {
	{ "a", URI, 0 },
	{ "abcdefghijklmnopqrstuvwxyzABCD-_", TLS_URI, 0 }, // the longest id
	{ "abcdefghijklmnopqrstuvwxyzABCD-_9", URI, MU_ERR_INVALID },
	{ "a/b", URI, MU_ERR_INVALID }, // would be another device's topic
	{ "#", URI, MU_ERR_INVALID },
	{ "", URI, MU_ERR_INVALID },
	{ "a", "broker:1883", MU_ERR_INVALID },
	{ "a", 0, MU_ERR_INVALID },
};

static void test_configs(void **unused)
{
	(void)unused;
	struct fake fake = { 0 };
	struct mu_port port = { .context = &fake, .mqtt = &mqtt };
	for (size_t i = 0; i < sizeof configs / sizeof *configs; i++) {
		struct mu_session session;
		struct mu_session_config config = { .id = configs[i].id, .uri = configs[i].uri };
		assert_int_equal(mu_session_init(&session, &port, &config), configs[i].err);
	}
}

// What the gates of the sockets say decides before anything is asked of the port; to be told to wait is no refusal.
static void test_gates(void **unused)
{
	(void)unused;
	const struct {
		int admitted;
		bool refusal;
	} rows[] = { { 0, false }, { MU_ERR_NO_MEMORY, true }, { MU_ERR_FULL, true }, { MU_ERR_BUSY, false } };
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct setup setup;
		start(&setup, i % 2 ? TLS_URI : URI);
		assert_int_equal(mu_session_is_tls(&setup.session), i % 2);
		assert_int_equal(mu_session_open(&setup.session, rows[i].admitted, 1000), rows[i].admitted);
		assert_int_equal(strlen(setup.fake.calls) > 0, rows[i].admitted == 0);
		assert_true(setup.session.refused_from_ms == (rows[i].refusal ? 1000 : UINT64_MAX));
		assert_int_equal(setup.session.refusal, rows[i].refusal ? rows[i].admitted : 0);
	}
}

static void test_starved_after_15_minutes_of_refusals(void **unused)
{
	(void)unused;
	struct setup setup;
	start(&setup, URI);
	assert_false(mu_session_starved(&setup.session, 10000000));
	for (uint64_t now_ms = 1000; now_ms < 901000; now_ms += 60000) {
		mu_session_open(&setup.session, MU_ERR_NO_MEMORY, now_ms);
		assert_false(mu_session_starved(&setup.session, now_ms));
	}
	assert_false(mu_session_starved(&setup.session, 900999));
	assert_true(mu_session_starved(&setup.session, 901000));
	assert_int_equal(mu_session_open(&setup.session, 0, 901000), 0); // room again: counted from the start
	assert_false(mu_session_starved(&setup.session, 901000));
}

// Fails each call of opening once: never half open, and closed at the port as well.
static void test_each_call_fails_once(void **unused)
{
	(void)unused;
	for (int call = 1; call <= 4; call++) {
		struct setup setup;
		start(&setup, URI);
		setup.fake.fail_at = call;
		setup.fake.failed_with = MU_ERR_IO;
		int err = mu_session_open(&setup.session, 0, 1000);
		if (err == 0)
			err = mu_session_opened(&setup.session);
		assert_int_equal(err, MU_ERR_IO);
		assert_int_equal(setup.session.phase, MU_SESSION_CLOSED);
		assert_int_equal(strstr(setup.fake.calls, "close") != 0, call > 1);
		assert_int_equal(setup.session.opened, 0);
	}
}

static void test_lost_or_failed(void **unused)
{
	(void)unused;
	struct setup setup;
	start(&setup, URI);
	mu_session_open(&setup.session, 0, 1000);
	assert_false(mu_session_closed(&setup.session)); // a try that failed
	open_whole(&setup);
	assert_true(mu_session_closed(&setup.session)); // lost
	assert_false(mu_session_closed(&setup.session));
	assert_int_equal(mu_session_opened(&setup.session), MU_ERR_STATE); // an event that comes too late
	assert_null(strstr(setup.fake.calls, "close"));
	open_whole(&setup);
	mu_session_close(&setup.session);
	mu_session_close(&setup.session);
	assert_non_null(strstr(setup.fake.calls, "close"));
	assert_null(strstr(strstr(setup.fake.calls, "close") + 1, "close")); // once
}

static void test_own_puback(void **unused)
{
	(void)unused;
	struct setup setup;
	start(&setup, URI);
	assert_false(mu_session_own_puback(&setup.session, 0));
	open_whole(&setup);
	assert_false(mu_session_own_puback(&setup.session, MESSAGE_ID + 1)); // an Uplink's
	assert_true(mu_session_own_puback(&setup.session, MESSAGE_ID));
	assert_false(mu_session_own_puback(&setup.session, MESSAGE_ID)); // ids come round again
}

static const struct {
	const char *topic;
	bool retained;
	enum mu_session_message message;
} messages[] = {
	{ "muster/v1/pump-07/ack", false, MU_MESSAGE_ACK },
	{ "muster/v1/pump-07/dn", false, MU_MESSAGE_COMMAND },
	{ "muster/v1/pump-07/ack", true, MU_MESSAGE_RETAINED }, // an old Ack would let go of records
	{ "muster/v1/pump-07/dn", true, MU_MESSAGE_RETAINED },
	{ "muster/v1/pump-08/dn", false, MU_MESSAGE_FOREIGN },
	{ "muster/v1/pump-07/dn/x", false, MU_MESSAGE_FOREIGN },
	{ "muster/v1/pump-07/d", true, MU_MESSAGE_FOREIGN },
	{ 0, false, MU_MESSAGE_FOREIGN },
};

static void test_classify(void **unused)
{
	(void)unused;
	struct setup setup;
	start(&setup, URI);
	for (size_t i = 0; i < sizeof messages / sizeof *messages; i++) {
		struct mu_event event = { .type = MU_EVENT_MQTT_MESSAGE, .topic = messages[i].topic, .retained = messages[i].retained };
		assert_int_equal(mu_session_classify(&setup.session, &event), messages[i].message);
	}
	assert_int_equal(setup.session.retained_ignored, 2);
	assert_int_equal(setup.session.foreign_ignored, 4);
}

static void test_refusals(void **unused)
{
	(void)unused;
	assert_true(mu_session_refusal_proves_path(5)); // CONNACK: not authorised
	assert_true(mu_session_refusal_proves_path(MU_ERR_CLOSED));
	assert_true(mu_session_refusal_proves_path(MU_ERR_AUTH));
	assert_false(mu_session_refusal_proves_path(MU_ERR_TIMEOUT));
	assert_false(mu_session_refusal_proves_path(MU_ERR_IO));
	assert_false(mu_session_refusal_proves_path(0));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_is_asked_of_the_broker),
		cmocka_unit_test(test_dates_of_certificates),
		cmocka_unit_test(test_configs),
		cmocka_unit_test(test_gates),
		cmocka_unit_test(test_starved_after_15_minutes_of_refusals),
		cmocka_unit_test(test_each_call_fails_once),
		cmocka_unit_test(test_lost_or_failed),
		cmocka_unit_test(test_own_puback),
		cmocka_unit_test(test_classify),
		cmocka_unit_test(test_refusals),
	};
	return cmocka_run_group_tests(tests, 0, 0);
}
