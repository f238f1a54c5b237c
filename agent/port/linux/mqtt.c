// SPDX-License-Identifier: Apache-2.0
#include "agent/port/linux/mqtt.h"
#include "agent/port/linux/broker_uri.h"
#include "agent/port/linux/clock.h"
#include <arpa/inet.h>
#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <mosquitto.h>
#include <openssl/ssl.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
	MISC_DIVISOR = 10, // looks after the keep-alive so often in its time
};

static uint32_t ms_since(uint64_t start_ms)
{
	return (uint32_t)(mu_monotonic_ms() - start_ms);
}

static void arm_timer(struct mu_mqtt *mqtt, uint32_t delay_ms)
{
	struct timeval delay = { .tv_sec = delay_ms / 1000, .tv_usec = delay_ms % 1000 * 1000 };
	evtimer_add(&mqtt->timer, &delay);
}

static void post(struct mu_mqtt *mqtt, struct mu_event event)
{
	mqtt->listener.post(mqtt->listener.context, &event);
}

static void on_io(int fd, short what, void *context);

// One event for both directions: libmosquitto may have closed the socket already, and only then does libevent not mind.
static void watch(struct mu_mqtt *mqtt, short what)
{
	if (mqtt->watched == what)
		return;
	if (mqtt->watched)
		event_del(&mqtt->io);
	mqtt->watched = what;
	if (!what)
		return;
	event_assign(&mqtt->io, mqtt->loop, mosquitto_socket(mqtt->handle), what | EV_PERSIST, on_io, mqtt);
	event_add(&mqtt->io, 0);
}

// The close is told from the timer, because the core may be in the middle of a call.
static void fail(struct mu_mqtt *mqtt, int reason)
{
	if (mqtt->failed)
		return;
	mqtt->failed = true;
	if (!mqtt->failure)
		mqtt->failure = reason;
	watch(mqtt, 0);
	arm_timer(mqtt, 0);
}

// ---- end of a session

static void end_ghost(struct mu_mqtt *mqtt)
{
	if (mqtt->ghost >= 0)
		close(mqtt->ghost);
	mqtt->ghost = -1;
}

static void end_session(struct mu_mqtt *mqtt, bool tell_broker)
{
	if (!mqtt->handle)
		return;
	watch(mqtt, 0);
	event_del(&mqtt->timer);
	int fd = mosquitto_socket(mqtt->handle);
	if (!tell_broker && fd >= 0) {
		end_ghost(mqtt);
		mqtt->ghost = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	}
	mosquitto_destroy(mqtt->handle);
	mqtt->handle = 0;
	mqtt->state = MU_MQTT_CLOSED;
	mqtt->failed = mqtt->name_due = false;
	mqtt->failure = 0;
}

// ---- what libmosquitto reports

static void on_connect(struct mosquitto *handle, void *context, int code, int flags)
{
	struct mu_mqtt *mqtt = context;
	(void)handle;
	mqtt->heard = true;
	if (code) {
		mqtt->failure = code;
		return;
	}
	mqtt->opening.mqtt_ms = ms_since(mqtt->phase_ms);
	mqtt->phases = mqtt->opening;
	mqtt->state = MU_MQTT_OPEN;
	mqtt->counts.sessions++;
	end_ghost(mqtt);
	arm_timer(mqtt, mqtt->keepalive_s * 1000 / MISC_DIVISOR);
	post(mqtt, (struct mu_event){ .type = MU_EVENT_MQTT_OPEN, .value = flags & 1 });
}

static void on_publish(struct mosquitto *handle, void *context, int id)
{
	struct mu_mqtt *mqtt = context;
	(void)handle;
	mqtt->heard = true;
	mqtt->counts.pubacks++;
	post(mqtt, (struct mu_event){ .type = MU_EVENT_MQTT_PUBLISHED, .value = id });
}

static void on_message(struct mosquitto *handle, void *context, const struct mosquitto_message *message)
{
	struct mu_mqtt *mqtt = context;
	(void)handle;
	mqtt->heard = true;
	mqtt->counts.messages++;
	if (mqtt->listener.received)
		mqtt->listener.received(mqtt->listener.context, message->topic, message->payload, (size_t)message->payloadlen);
	post(mqtt,
		(struct mu_event){ .type = MU_EVENT_MQTT_MESSAGE,
			.retained = message->retain,
			.topic = message->topic,
			.payload = message->payload,
			.payload_bytes = (size_t)message->payloadlen });
}

static void on_subscribe(struct mosquitto *handle, void *context, int id, int count, const int *granted)
{
	struct mu_mqtt *mqtt = context;
	(void)handle, (void)id, (void)count, (void)granted;
	mqtt->heard = true;
}

// ---- the loop

static int reason_of(int code, int error)
{
	if (code == MOSQ_ERR_KEEPALIVE || error == ETIMEDOUT)
		return MU_ERR_TIMEOUT;
	if (code == MOSQ_ERR_CONN_LOST || error == ECONNREFUSED || error == ECONNRESET || error == EPIPE)
		return MU_ERR_CLOSED;
	return code == MOSQ_ERR_TLS ? MU_ERR_AUTH : MU_ERR_IO;
}

static void flush(struct mu_mqtt *mqtt)
{
	if (mqtt->silent || mqtt->failed || mqtt->state == MU_MQTT_TCP)
		return;
	if (mosquitto_want_write(mqtt->handle)) {
		errno = 0;
		int code = mosquitto_loop_write(mqtt->handle, 1);
		if (code) {
			fail(mqtt, reason_of(code, errno));
			return;
		}
	}
	watch(mqtt, mosquitto_want_write(mqtt->handle) ? EV_READ | EV_WRITE : EV_READ);
}

static int socket_error(int fd)
{
	int error = 0;
	socklen_t size = sizeof error;
	return getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) < 0 ? errno : error;
}

// libmosquitto would try a TLS handshake for ever on a socket that was reset.
static int handshake_error(int fd)
{
	char byte;
	if (recv(fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 0)
		return ECONNRESET;
	return errno == EAGAIN ? 0 : socket_error(fd);
}

static void enter_phase(struct mu_mqtt *mqtt, enum mu_mqtt_state state, uint32_t *spent_ms)
{
	*spent_ms = ms_since(mqtt->phase_ms);
	mqtt->phase_ms = mu_monotonic_ms();
	mqtt->state = state;
}

static void tell_phase(struct mu_mqtt *mqtt, enum mu_mqtt_phase over)
{
	post(mqtt, (struct mu_event){ .type = MU_EVENT_MQTT_PHASE, .value = (int32_t)over });
}

// The name is resolved inside of the core's call of open, so it is told from the loop.
static void tell_name(struct mu_mqtt *mqtt)
{
	if (!mqtt->name_due)
		return;
	mqtt->name_due = false;
	tell_phase(mqtt, MU_MQTT_PHASE_NAME);
	arm_timer(mqtt, mqtt->timeout_ms);
}

static void step_tls(struct mu_mqtt *mqtt)
{
	if (mqtt->state != MU_MQTT_TLS || !SSL_is_init_finished(mosquitto_ssl_get(mqtt->handle)))
		return;
	enter_phase(mqtt, MU_MQTT_CONNECT, &mqtt->opening.tls_ms);
	tell_phase(mqtt, MU_MQTT_PHASE_TLS);
}

static void read_packets(struct mu_mqtt *mqtt)
{
	mqtt->heard = false;
	errno = 0;
	int code = mosquitto_loop_read(mqtt->handle, 1);
	if (code) {
		fail(mqtt, reason_of(code, errno));
		return;
	}
	step_tls(mqtt);
	// What no callback told is a ping answer (or the first bytes of something): somebody is there.
	if (mqtt->state == MU_MQTT_OPEN && !mqtt->heard)
		post(mqtt, (struct mu_event){ .type = MU_EVENT_MQTT_ALIVE });
	flush(mqtt);
}

static void on_readable(struct mu_mqtt *mqtt, int fd)
{
	int error = mqtt->state == MU_MQTT_TLS ? handshake_error(fd) : 0;
	if (error)
		fail(mqtt, reason_of(0, error));
	else
		read_packets(mqtt);
}

static void on_connected(struct mu_mqtt *mqtt, int fd)
{
	tell_name(mqtt);
	int error = socket_error(fd);
	if (error) {
		fail(mqtt, reason_of(0, error));
		return;
	}
	bool tls = mosquitto_ssl_get(mqtt->handle);
	enter_phase(mqtt, tls ? MU_MQTT_TLS : MU_MQTT_CONNECT, &mqtt->opening.tcp_ms);
	tell_phase(mqtt, MU_MQTT_PHASE_TCP);
	if (tls)
		read_packets(mqtt); // begins the handshake
	else
		flush(mqtt);
}

static void on_io(int fd, short what, void *context)
{
	struct mu_mqtt *mqtt = context;
	if (mqtt->state == MU_MQTT_TCP)
		on_connected(mqtt, fd);
	else if (what & EV_READ)
		on_readable(mqtt, fd);
	else
		flush(mqtt);
}

static void close_and_tell(struct mu_mqtt *mqtt, int reason)
{
	end_session(mqtt, !mqtt->silent);
	post(mqtt, (struct mu_event){ .type = MU_EVENT_MQTT_CLOSED, .reason = reason });
}

static void on_timer(int fd, short what, void *context)
{
	struct mu_mqtt *mqtt = context;
	(void)fd, (void)what;
	if (mqtt->failed) {
		close_and_tell(mqtt, mqtt->failure);
		return;
	}
	if (mqtt->name_due) {
		tell_name(mqtt);
		return;
	}
	if (mqtt->state != MU_MQTT_OPEN) {
		close_and_tell(mqtt, MU_ERR_TIMEOUT);
		return;
	}
	int code = mosquitto_loop_misc(mqtt->handle);
	if (code) {
		close_and_tell(mqtt, reason_of(code, 0));
		return;
	}
	flush(mqtt);
	if (!mqtt->failed)
		arm_timer(mqtt, mqtt->keepalive_s * 1000 / MISC_DIVISOR);
}

// ---- opening

// libmosquitto wakes its own loop through a pair of sockets that nobody reads here: two descriptors and, once the pair is full, 200 KB of
// kernel memory a session, and a system call a packet. It goes on without when it cannot have one.
static struct mosquitto *new_handle(const char *id, void *context)
{
	struct rlimit limit, none;
	bool limited = getrlimit(RLIMIT_NOFILE, &limit) == 0;
	none = (struct rlimit){ .rlim_cur = 0, .rlim_max = limited ? limit.rlim_max : 0 };
	limited = limited && setrlimit(RLIMIT_NOFILE, &none) == 0;
	struct mosquitto *handle = mosquitto_new(id, false, context);
	if (limited)
		setrlimit(RLIMIT_NOFILE, &limit);
	return handle;
}

static void set_callbacks(struct mosquitto *handle)
{
	mosquitto_connect_with_flags_callback_set(handle, on_connect);
	mosquitto_publish_callback_set(handle, on_publish);
	mosquitto_message_callback_set(handle, on_message);
	mosquitto_subscribe_callback_set(handle, on_subscribe);
	mosquitto_threaded_set(handle, true); // calls only queue; flush() writes
	mosquitto_int_option(handle, MOSQ_OPT_TCP_NODELAY, 1);
}

// The session's own context: libmosquitto would judge dates by this computer's clock, and leaves no part of the check out but all.
static int set_tls(const struct mu_mqtt *mqtt, const char *host, uint64_t trusted_wall_ms)
{
	SSL_CTX *context;
	int err = mu_tls_context(&context, &mqtt->tls, host, trusted_wall_ms);
	if (err < 0)
		return err;
	bool taken = mosquitto_int_option(mqtt->handle, MOSQ_OPT_SSL_CTX_WITH_DEFAULTS, 0) == MOSQ_ERR_SUCCESS &&
		mosquitto_void_option(mqtt->handle, MOSQ_OPT_SSL_CTX, context) == MOSQ_ERR_SUCCESS;
	SSL_CTX_free(context); // libmosquitto has its own reference
	return taken ? 0 : MU_ERR_AUTH;
}

static int set_options(const struct mu_mqtt *mqtt, const struct mu_mqtt_options *options, const struct mu_broker_uri *uri)
{
	struct mosquitto *handle = mqtt->handle;
	if (options->user && mosquitto_username_pw_set(handle, options->user, options->password))
		return MU_ERR_INVALID;
	if (options->will_topic &&
		mosquitto_will_set(handle, options->will_topic, (int)strlen(options->will_payload), options->will_payload, 1, false))
		return MU_ERR_INVALID;
	return uri->tls ? set_tls(mqtt, uri->host, options->trusted_wall_ms) : 0;
}

static bool is_address(const char *host)
{
	struct in6_addr address; // room for either
	return inet_pton(AF_INET, host, &address) == 1 || inet_pton(AF_INET6, host, &address) == 1;
}

static void start_connecting(struct mu_mqtt *mqtt, const struct mu_broker_uri *uri)
{
	mqtt->phase_ms = mu_monotonic_ms();
	mqtt->state = MU_MQTT_TCP;
	evtimer_assign(&mqtt->timer, mqtt->loop, on_timer, mqtt);
	errno = 0;
	int code = MOSQ_ERR_EAI;
	if (!mqtt->nameless || is_address(uri->host))
		code = mosquitto_connect_async(mqtt->handle, uri->host, uri->port, (int)mqtt->keepalive_s);
	int fd = mosquitto_socket(mqtt->handle);
	mqtt->opening = (struct mu_mqtt_phases){ .dns_ms = ms_since(mqtt->phase_ms) };
	mqtt->phase_ms = mu_monotonic_ms();
	if (code || fd < 0) {
		fail(mqtt, code == MOSQ_ERR_EAI ? MU_ERR_NOT_FOUND : reason_of(code, errno));
		return;
	}
	mqtt->name_due = true;
	arm_timer(mqtt, 0);
	watch(mqtt, EV_READ | EV_WRITE);
}

int mu_mqtt_open(struct mu_mqtt *mqtt, const struct mu_mqtt_options *options)
{
	struct mu_broker_uri uri;
	if (mqtt->handle)
		return MU_ERR_STATE;
	if (mqtt->silent)
		return MU_ERR_IO;
	if (mu_broker_uri_parse(options->uri, &uri) < 0 || (uri.tls && !mqtt->tls.ca))
		return MU_ERR_INVALID;
	mqtt->handle = new_handle(options->client_id, mqtt);
	if (!mqtt->handle)
		return MU_ERR_NO_MEMORY;
	set_callbacks(mqtt->handle);
	mqtt->keepalive_s = options->keepalive_s;
	mqtt->timeout_ms = options->timeout_ms;
	mqtt->tls_used = uri.tls;
	int err = set_options(mqtt, options, &uri);
	if (err < 0) {
		mosquitto_destroy(mqtt->handle);
		mqtt->handle = 0;
		return err;
	}
	start_connecting(mqtt, &uri);
	return 0;
}

// ---- calls

void mu_mqtt_init(struct mu_mqtt *mqtt, struct event_base *loop, const struct mu_mqtt_listener *listener, const struct mu_mqtt_tls *tls)
{
	*mqtt = (struct mu_mqtt){ .loop = loop, .listener = *listener, .ghost = -1 };
	if (tls)
		mqtt->tls = *tls;
	mosquitto_lib_init();
}

void mu_mqtt_close(struct mu_mqtt *mqtt)
{
	end_session(mqtt, !mqtt->silent);
}

static int result_of(struct mu_mqtt *mqtt, int code)
{
	flush(mqtt);
	switch (code) {
	case MOSQ_ERR_SUCCESS: return 0;
	case MOSQ_ERR_NOMEM: return MU_ERR_NO_MEMORY;
	case MOSQ_ERR_NO_CONN: return MU_ERR_CLOSED;
	default: return MU_ERR_INVALID;
	}
}

int mu_mqtt_subscribe(struct mu_mqtt *mqtt, const char *topic, int qos)
{
	if (mqtt->state != MU_MQTT_OPEN || mqtt->failed)
		return MU_ERR_CLOSED;
	return result_of(mqtt, mosquitto_subscribe(mqtt->handle, 0, topic, qos));
}

int mu_mqtt_publish(struct mu_mqtt *mqtt, const char *topic, const void *payload, size_t size, int qos)
{
	int id = 0;
	if (mqtt->state != MU_MQTT_OPEN || mqtt->failed)
		return MU_ERR_CLOSED;
	if (mqtt->listener.sent)
		mqtt->listener.sent(mqtt->listener.context, topic, payload, size);
	mqtt->counts.publishes++;
	int err = result_of(mqtt, mosquitto_publish(mqtt->handle, &id, topic, (int)size, payload, qos, false));
	return err < 0 ? err : id;
}

int mu_mqtt_phases(const struct mu_mqtt *mqtt, struct mu_mqtt_phases *out)
{
	*out = mqtt->phases;
	return mqtt->counts.sessions ? 0 : MU_ERR_NOT_FOUND;
}

int mu_mqtt_descriptor(const struct mu_mqtt *mqtt)
{
	int fd = mqtt->handle && !mqtt->failed ? mosquitto_socket(mqtt->handle) : -1;
	return fd >= 0 ? fd : MU_ERR_NOT_FOUND;
}

void mu_mqtt_set_silent(struct mu_mqtt *mqtt, bool silent)
{
	if (mqtt->silent == silent)
		return;
	mqtt->silent = silent;
	if (!mqtt->handle || mqtt->failed)
		return;
	watch(mqtt, silent ? 0 : EV_READ | EV_WRITE);
}

void mu_mqtt_set_names(struct mu_mqtt *mqtt, bool answered)
{
	mqtt->nameless = !answered;
}

void mu_mqtt_vanish(struct mu_mqtt *mqtt)
{
	end_session(mqtt, false);
}

void mu_mqtt_destroy(struct mu_mqtt *mqtt)
{
	end_session(mqtt, true);
	end_ghost(mqtt);
	mosquitto_lib_cleanup();
}
