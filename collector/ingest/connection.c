// SPDX-License-Identifier: Apache-2.0
#include "collector/ingest/connection.h"

#include <errno.h>
#include <event2/util.h>
#include <mqtt_protocol.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include "collector/clock.h"
#include "collector/ingest/broker_probe.h"
#include "collector/ingest/broker_tls.h"
#include "collector/ingest/outage.h"
#include "collector/log.h"

enum { TICK_MS = 1000, CLOSE_WAIT_MS = 1000, QUIET_READS_MAX = 16, PASSWORD_BYTES = 256 };

enum phase { PHASE_STOPPED, PHASE_WAITING, PHASE_PROBING, PHASE_CONNECTING, PHASE_UP };
enum trouble { TROUBLE_LOST, TROUBLE_AWAY, TROUBLE_NAME };

struct connection {
	struct event_base *base;
	const struct config *config;
	const struct connection_handlers *handlers;
	void *context;
	struct counters *counters;
	const char *name;
	bool keeps_session;
	char host[CONFIG_TEXT_BYTES];
	uint16_t port;
	struct resolver *resolver;
	struct mosquitto *mosquitto;
	struct broker_tls *tls; // 0: mqtt://
	enum phase phase;
	uint64_t phase_since_ms;
	struct outage outage;
	unsigned failures;
	int refusal; // reason code of the last CONNACK, 0: accepted
	bool paused;
	uint64_t messages;
	struct broker_probe *probe;
	struct event *retry, *tick, *readable, *writable;
	void (*flushed)(void *context);
};

static void set_phase(struct connection *connection, enum phase phase)
{
	connection->phase = phase;
	connection->phase_since_ms = clock_monotonic_ms();
}

static const struct {
	const char *what, *remedy;
} complaints[] = {
	[TROUBLE_LOST] = { "session lost", "check broker.* and the log of the broker; musterd keeps trying" },
	[TROUBLE_AWAY] = { "broker cannot be reached or refuses", "check broker.* and the log of the broker; musterd keeps trying" },
	[TROUBLE_NAME] = { "broker's name has no address",
		"check the name in broker.uri and, by `getent ahosts NAME`, the name servers; musterd keeps trying" },
};

static void complain(struct connection *connection, enum trouble trouble, const char *reason)
{
	if (!outage_due(&connection->outage, reason, clock_monotonic_ms()))
		return;
	log_warn("mqtt", complaints[trouble].what, "connection=%s broker=%s:%u reason=%s attempts=%u remedy=%s", connection->name,
		connection->host, connection->port, log_quote(reason).text, connection->failures + 1,
		log_quote(complaints[trouble].remedy).text);
}

static void arm(struct event *event, uint64_t ms)
{
	struct timeval wait = { .tv_sec = (time_t)(ms / 1000), .tv_usec = (suseconds_t)(ms % 1000 * 1000) };
	event_add(event, &wait);
}

static void try_again_later(struct connection *connection)
{
	unsigned doublings = connection->failures < 6 ? connection->failures : 6;
	uint64_t bound_ms = (uint64_t)CONNECTION_BACKOFF_FIRST_MS << doublings;
	uint32_t dice;
	evutil_secure_rng_get_bytes(&dice, sizeof dice);
	if (bound_ms > CONNECTION_BACKOFF_MAX_MS)
		bound_ms = CONNECTION_BACKOFF_MAX_MS;
	connection->failures++;
	set_phase(connection, PHASE_WAITING);
	arm(connection->retry, 50 + dice % bound_ms);
}

static void forget_socket(struct connection *connection)
{
	if (connection->readable)
		event_free(connection->readable);
	if (connection->writable)
		event_free(connection->writable);
	connection->readable = connection->writable = 0;
	connection->flushed = 0;
	event_del(connection->tick);
}

static void lose_by(struct connection *connection, enum trouble trouble, const char *reason)
{
	bool was_up = trouble == TROUBLE_LOST;
	forget_socket(connection);
	if (was_up)
		connection->counters->mqtt_disconnects++;
	else if (!connection->refusal)
		connection->counters->mqtt_connects_failed++;
	if (trouble == TROUBLE_NAME)
		connection->counters->mqtt_names_failed++;
	complain(connection, trouble, reason);
	if (connection->phase != PHASE_STOPPED)
		try_again_later(connection);
	if (was_up)
		connection->handlers->lost(connection->context);
}

static void lose(struct connection *connection, const char *reason)
{
	lose_by(connection, connection->phase == PHASE_UP ? TROUBLE_LOST : TROUBLE_AWAY, reason);
}

static void lose_for(struct connection *connection, int rc)
{
	const char *tls_refusal = rc == MOSQ_ERR_TLS && connection->tls ? broker_tls_refusal(connection->tls) : 0;
	if (connection->refusal)
		lose(connection, mosquitto_reason_string(connection->refusal));
	else if (tls_refusal)
		lose(connection, tls_refusal);
	else
		lose(connection, rc == MOSQ_ERR_ERRNO ? strerror(errno) : mosquitto_strerror(rc));
}

static void want_write(struct connection *connection)
{
	if (mosquitto_want_write(connection->mosquitto))
		event_add(connection->writable, 0);
}

static void on_writable(evutil_socket_t fd, short what, void *context)
{
	struct connection *connection = context;
	(void)fd, (void)what;
	int rc = mosquitto_loop_write(connection->mosquitto, 1);
	if (rc != MOSQ_ERR_SUCCESS) {
		lose_for(connection, rc);
		return;
	}
	if (mosquitto_want_write(connection->mosquitto)) {
		event_add(connection->writable, 0);
	} else if (connection->flushed) {
		void (*flushed)(void *) = connection->flushed;
		connection->flushed = 0;
		flushed(connection->context);
	}
}

static void on_readable(evutil_socket_t fd, short what, void *context)
{
	struct connection *connection = context;
	(void)fd, (void)what;
	connection->handlers->readable(connection->context);
}

// Only a session that lasts makes the next attempt an early one: two clients with one id would throw each other out without end.
static void stay_up(struct connection *connection)
{
	if (clock_monotonic_ms() - connection->phase_since_ms >= CONNECTION_STEADY_MS)
		connection->failures = 0;
	connection->handlers->idle(connection->context);
}

static void on_tick(evutil_socket_t fd, short what, void *context)
{
	struct connection *connection = context;
	(void)fd, (void)what;
	int rc = mosquitto_loop_misc(connection->mosquitto);
	bool too_slow = connection->phase == PHASE_CONNECTING && clock_monotonic_ms() - connection->phase_since_ms > CONNECTION_TIMEOUT_MS;
	if (rc != MOSQ_ERR_SUCCESS)
		lose_for(connection, rc);
	else if (too_slow)
		connection_drop(connection, "no answer to CONNECT");
	else if (connection->phase == PHASE_UP)
		stay_up(connection);
}

static int set_login(struct connection *connection)
{
	char password[PASSWORD_BYTES] = "";
	const struct config *config = connection->config;
	if (!config->broker.user[0])
		return MOSQ_ERR_SUCCESS;
	if (config->broker.password_file[0]) {
		FILE *file = fopen(config->broker.password_file, "re");
		if (!file || !fgets(password, sizeof password, file)) {
			int saved = errno;
			if (file)
				fclose(file);
			errno = saved;
			return MOSQ_ERR_ERRNO;
		}
		fclose(file);
		password[strcspn(password, "\r\n")] = 0;
	}
	return mosquitto_username_pw_set(connection->mosquitto, config->broker.user, password);
}

// address: in digits, or libmosquitto would ask for a name here.
static int connect_session(struct connection *connection, const char *address)
{
	mosquitto_property *properties = 0;
	int rc = set_login(connection);
	if (rc == MOSQ_ERR_SUCCESS && connection->keeps_session)
		rc = mosquitto_property_add_int32(&properties, MQTT_PROP_SESSION_EXPIRY_INTERVAL, CONNECTION_SESSION_EXPIRY_S);
	if (rc == MOSQ_ERR_SUCCESS)
		rc = mosquitto_property_add_int32(&properties, MQTT_PROP_MAXIMUM_PACKET_SIZE, CONNECTION_PACKET_MAX);
	if (rc == MOSQ_ERR_SUCCESS)
		rc = mosquitto_connect_bind_v5(connection->mosquitto, address, connection->port,
			(int)connection->config->broker.keepalive_s, 0, properties);
	mosquitto_property_free_all(&properties);
	return rc;
}

static void on_probed(void *context, const char *address, const char *problem)
{
	struct connection *connection = context;
	char tls_problem[BROKER_TLS_PROBLEM_BYTES];
	connection->probe = 0;
	if (problem) {
		lose_by(connection, address ? TROUBLE_AWAY : TROUBLE_NAME, problem);
		return;
	}
	if (connection->tls && broker_tls_load(connection->tls, connection->config, tls_problem) < 0) {
		lose(connection, tls_problem);
		return;
	}
	set_phase(connection, PHASE_CONNECTING);
	connection->refusal = 0;
	int rc = connect_session(connection, address);
	int fd = mosquitto_socket(connection->mosquitto);
	if (rc != MOSQ_ERR_SUCCESS || fd < 0) {
		lose_for(connection, rc);
		return;
	}
	connection->readable = event_new(connection->base, fd, EV_READ | EV_PERSIST, on_readable, connection);
	connection->writable = event_new(connection->base, fd, EV_WRITE, on_writable, connection);
	event_add(connection->readable, 0);
	connection->paused = false;
	arm(connection->tick, TICK_MS);
	want_write(connection);
}

static void on_retry(evutil_socket_t fd, short what, void *context)
{
	struct connection *connection = context;
	(void)fd, (void)what;
	set_phase(connection, PHASE_PROBING);
	connection->refusal = 0;
	connection->probe = broker_probe_start(connection->base, connection->resolver, CONNECTION_TIMEOUT_MS, on_probed, connection);
	if (!connection->probe)
		lose(connection, "no memory");
}

// ---- what the library calls, always from within connection_read() or connection_flush() ----

static void on_connect(struct mosquitto *mosquitto, void *context, int reason, int flags, const mosquitto_property *properties)
{
	struct connection *connection = context;
	(void)mosquitto, (void)flags, (void)properties;
	connection->refusal = reason;
	if (reason) {
		connection->counters->mqtt_connects_refused++;
		return;
	}
	connection->counters->mqtt_connects++;
	set_phase(connection, PHASE_UP);
	if (outage_over(&connection->outage))
		log_info("mqtt", "session up", "connection=%s broker=%s:%u", connection->name, connection->host, connection->port);
	connection->handlers->up(connection->context);
}

static void on_message(struct mosquitto *mosquitto, void *context, const struct mosquitto_message *message,
	const mosquitto_property *properties)
{
	struct connection *connection = context;
	(void)mosquitto, (void)properties;
	connection->messages++;
	connection->handlers->message(connection->context, message);
}

static void on_publish(struct mosquitto *mosquitto, void *context, int message_id, int reason, const mosquitto_property *properties)
{
	struct connection *connection = context;
	(void)mosquitto, (void)message_id, (void)reason, (void)properties;
	connection->handlers->published(connection->context);
}

static void on_subscribe(struct mosquitto *mosquitto, void *context, int message_id, int count, const int *reasons,
	const mosquitto_property *properties)
{
	struct connection *connection = context;
	(void)mosquitto, (void)properties;
	connection->handlers->subscribed(connection->context, message_id, count > 0 ? reasons[0] : 128);
}

// ---- life ----

static int set_up(struct connection *connection, const struct connection_settings *settings, char *problem)
{
	char client_id[CONFIG_TEXT_BYTES + 16];
	int tls;
	if (config_broker_address(settings->config->broker.uri, connection->host, sizeof connection->host, &connection->port, &tls) < 0) {
		snprintf(problem, 256, "broker.uri is not mqtt://HOST[:PORT] or mqtts://HOST[:PORT]");
		return -1;
	}
	snprintf(client_id, sizeof client_id, "%s%s", settings->config->broker.client_id, settings->client_suffix);
	connection->resolver = resolver_new(connection->base, connection->host, connection->port, settings->look_up);
	connection->mosquitto = mosquitto_new(client_id, !settings->keeps_session, connection);
	connection->retry = evtimer_new(connection->base, on_retry, connection);
	connection->tick = event_new(connection->base, -1, EV_PERSIST, on_tick, connection);
	if (!connection->resolver || !connection->mosquitto || !connection->retry || !connection->tick) {
		snprintf(problem, 256, "no memory for a connection");
		return -1;
	}
	mosquitto_int_option(connection->mosquitto, MOSQ_OPT_PROTOCOL_VERSION, MQTT_PROTOCOL_V5);
	mosquitto_int_option(connection->mosquitto, MOSQ_OPT_RECEIVE_MAXIMUM, CONNECTION_RECEIVE_MAX);
	mosquitto_int_option(connection->mosquitto, MOSQ_OPT_TCP_NODELAY, 1);
	mosquitto_threaded_set(connection->mosquitto, true);
	mosquitto_connect_v5_callback_set(connection->mosquitto, on_connect);
	mosquitto_message_v5_callback_set(connection->mosquitto, on_message);
	mosquitto_publish_v5_callback_set(connection->mosquitto, on_publish);
	mosquitto_subscribe_v5_callback_set(connection->mosquitto, on_subscribe);
	if (tls)
		connection->tls = broker_tls_new(connection->mosquitto, connection->config, connection->host, problem);
	return tls && !connection->tls ? -1 : 0;
}

struct connection *connection_new(struct event_base *base, const struct connection_settings *settings,
	const struct connection_handlers *handlers, void *context, struct counters *counters, char *problem)
{
	struct connection *connection = calloc(1, sizeof *connection);
	if (!connection) {
		snprintf(problem, 256, "no memory for a connection");
		return 0;
	}
	connection->base = base;
	connection->config = settings->config;
	connection->handlers = handlers;
	connection->context = context;
	connection->counters = counters;
	connection->name = settings->name;
	connection->keeps_session = settings->keeps_session;
	if (set_up(connection, settings, problem) == 0)
		return connection;
	connection_free(connection);
	return 0;
}

void connection_free(struct connection *connection)
{
	if (!connection)
		return;
	broker_probe_cancel(connection->probe);
	if (connection->tick)
		forget_socket(connection);
	if (connection->retry)
		event_free(connection->retry);
	if (connection->tick)
		event_free(connection->tick);
	resolver_free(connection->resolver);
	mosquitto_destroy(connection->mosquitto);
	broker_tls_free(connection->tls);
	free(connection);
}

void connection_start(struct connection *connection)
{
	if (connection->phase != PHASE_STOPPED)
		return;
	set_phase(connection, PHASE_WAITING);
	arm(connection->retry, 0);
}

void connection_stop(struct connection *connection, const char *reason)
{
	broker_probe_cancel(connection->probe);
	connection->probe = 0;
	event_del(connection->retry);
	if (connection->readable)
		connection_drop(connection, reason);
	event_del(connection->retry);
	set_phase(connection, PHASE_STOPPED);
}

bool connection_is_up(const struct connection *connection)
{
	return connection->phase == PHASE_UP;
}

struct mosquitto *connection_handle(struct connection *connection)
{
	return connection->mosquitto;
}

// One call reads one packet. errno alone does not tell that nothing is left (the library's wake-up socket sets it too), so a call that brings no
// message is repeated a few times only: level-triggered events bring back what a socket has, and TLS has no more than that buffered.
int connection_read(struct connection *connection, bool (*is_full)(void *context))
{
	for (unsigned quiet = 0; quiet < QUIET_READS_MAX && !is_full(connection->context);) {
		uint64_t before = connection->messages;
		errno = 0;
		int rc = mosquitto_loop_read(connection->mosquitto, 1);
		if (rc != MOSQ_ERR_SUCCESS) {
			lose_for(connection, rc);
			return -1;
		}
		if (!connection->readable)
			return -1; // a handler dropped it
		if (connection->messages != before)
			quiet = 0;
		else if (errno == EAGAIN || errno == EWOULDBLOCK)
			break;
		else
			quiet++;
	}
	if (connection->phase == PHASE_CONNECTING)
		want_write(connection);
	return 0;
}

void connection_pause(struct connection *connection, bool is_paused)
{
	if (!connection->readable || connection->paused == is_paused)
		return;
	connection->paused = is_paused;
	if (is_paused)
		event_del(connection->readable);
	else
		event_add(connection->readable, 0);
}

int connection_flush(struct connection *connection, void (*flushed)(void *context))
{
	static const int on = 1, off = 0;
	int fd = mosquitto_socket(connection->mosquitto);
	if (!connection->readable || fd < 0)
		return -1;
	if (!mosquitto_want_write(connection->mosquitto))
		return 0;
	setsockopt(fd, IPPROTO_TCP, TCP_CORK, &on, sizeof on); // else each 4-byte PUBACK is a segment
	int rc = mosquitto_loop_write(connection->mosquitto, 1);
	if (rc != MOSQ_ERR_SUCCESS) {
		lose_for(connection, rc);
		return -1;
	}
	setsockopt(fd, IPPROTO_TCP, TCP_CORK, &off, sizeof off);
	if (!mosquitto_want_write(connection->mosquitto))
		return 0;
	connection->flushed = flushed;
	event_add(connection->writable, 0);
	return 1;
}

void connection_drop(struct connection *connection, const char *reason)
{
	int fd = mosquitto_socket(connection->mosquitto);
	if (fd >= 0)
		shutdown(fd, SHUT_RDWR); // the library forgets its queue when it connects again
	if (connection->readable)
		lose(connection, reason);
}

void connection_close(struct connection *connection)
{
	uint64_t until_ms = clock_monotonic_ms() + CLOSE_WAIT_MS;
	int fd = mosquitto_socket(connection->mosquitto);
	if (connection->phase == PHASE_UP && fd >= 0) {
		mosquitto_disconnect_v5(connection->mosquitto, 0, 0);
		while (mosquitto_want_write(connection->mosquitto) && clock_monotonic_ms() < until_ms) {
			struct pollfd wait = { .fd = fd, .events = POLLOUT };
			if (poll(&wait, 1, CLOSE_WAIT_MS) <= 0 || mosquitto_loop_write(connection->mosquitto, 1) != MOSQ_ERR_SUCCESS)
				break;
		}
	}
	connection->phase = PHASE_STOPPED;
	event_del(connection->retry);
	forget_socket(connection);
}
