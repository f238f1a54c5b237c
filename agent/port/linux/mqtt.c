// SPDX-License-Identifier: Apache-2.0
#include "agent/port/linux/mqtt.h"
#include "agent/port/linux/broker_uri.h"
#include "agent/port/linux/clock.h"
#include "agent/port/linux/mqtt_handle.h"
#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <mosquitto.h>
#include <openssl/ssl.h>
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
	mu_lookup_cancel(&mqtt->name);
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

static void flush(struct mu_mqtt *mqtt)
{
	if (mqtt->silent || mqtt->failed || mqtt->state <= MU_MQTT_TCP)
		return;
	if (mosquitto_want_write(mqtt->handle)) {
		errno = 0;
		int code = mosquitto_loop_write(mqtt->handle, 1);
		if (code) {
			fail(mqtt, mu_mqtt_handle_reason(code, errno));
			return;
		}
	}
	watch(mqtt, mosquitto_want_write(mqtt->handle) ? EV_READ | EV_WRITE : EV_READ);
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

// ---- connecting

// What is left of the time for opening; while TCP connects, the share of the address that is tried.
static void arm_opening(struct mu_mqtt *mqtt)
{
	uint32_t spent_ms = ms_since(mqtt->opened_ms);
	uint32_t left_ms = spent_ms < mqtt->timeout_ms ? mqtt->timeout_ms - spent_ms : 0;
	unsigned shares = mqtt->state == MU_MQTT_TCP ? mqtt->name.count - mqtt->tried + 1 : 1;
	arm_timer(mqtt, left_ms / shares);
}

// To the next address; the last one's reason is told.
static void connect_next(struct mu_mqtt *mqtt, int reason)
{
	watch(mqtt, 0); // libmosquitto closes the socket that it had
	while (mqtt->tried < mqtt->name.count) {
		reason = mu_mqtt_handle_connect(mqtt->handle, &mqtt->name.found[mqtt->tried++], mqtt->keepalive_s);
		if (reason < 0)
			continue;
		if (!mqtt->name_due)
			arm_opening(mqtt);
		watch(mqtt, EV_READ | EV_WRITE);
		return;
	}
	fail(mqtt, reason);
}

// Also from inside of the core's call of open, so that it is told from the loop that the name is known.
static void on_name(void *context, int err)
{
	struct mu_mqtt *mqtt = context;
	if (err < 0) {
		fail(mqtt, err);
		return;
	}
	enter_phase(mqtt, MU_MQTT_TCP, &mqtt->opening.dns_ms);
	mqtt->name_due = true;
	arm_timer(mqtt, 0);
	connect_next(mqtt, MU_ERR_IO);
}

static void tell_name(struct mu_mqtt *mqtt)
{
	if (!mqtt->name_due)
		return;
	mqtt->name_due = false;
	tell_phase(mqtt, MU_MQTT_PHASE_NAME);
	arm_opening(mqtt);
}

// ---- packets

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
		fail(mqtt, mu_mqtt_handle_reason(code, errno));
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
	int err = mqtt->state == MU_MQTT_TLS ? mu_mqtt_handle_check_handshake(fd) : 0;
	if (err < 0)
		fail(mqtt, err);
	else
		read_packets(mqtt);
}

static void on_connected(struct mu_mqtt *mqtt, int fd)
{
	tell_name(mqtt);
	int err = mu_mqtt_handle_check_connection(fd);
	if (err < 0) {
		connect_next(mqtt, err);
		return;
	}
	bool tls = mosquitto_ssl_get(mqtt->handle);
	enter_phase(mqtt, tls ? MU_MQTT_TLS : MU_MQTT_CONNECT, &mqtt->opening.tcp_ms);
	arm_opening(mqtt);
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

// No answer. From a name server it is as good as "no such name": the core asks another one then.
static void on_opening_timer(struct mu_mqtt *mqtt)
{
	if (mqtt->state == MU_MQTT_TCP && mqtt->tried < mqtt->name.count && !mqtt->silent)
		connect_next(mqtt, MU_ERR_TIMEOUT);
	else
		close_and_tell(mqtt, mqtt->state == MU_MQTT_NAME ? MU_ERR_NOT_FOUND : MU_ERR_TIMEOUT);
}

static void on_timer(int fd, short what, void *context)
{
	struct mu_mqtt *mqtt = context;
	(void)fd, (void)what;
	bool told = mqtt->name_due;
	tell_name(mqtt);
	if (mqtt->failed) {
		close_and_tell(mqtt, mqtt->failure);
		return;
	}
	if (told)
		return;
	if (mqtt->state != MU_MQTT_OPEN) {
		on_opening_timer(mqtt);
		return;
	}
	int code = mosquitto_loop_misc(mqtt->handle);
	if (code) {
		close_and_tell(mqtt, mu_mqtt_handle_reason(code, 0));
		return;
	}
	flush(mqtt);
	if (!mqtt->failed)
		arm_timer(mqtt, mqtt->keepalive_s * 1000 / MISC_DIVISOR);
}

// ---- opening

static void set_callbacks(struct mosquitto *handle)
{
	mosquitto_connect_with_flags_callback_set(handle, on_connect);
	mosquitto_publish_callback_set(handle, on_publish);
	mosquitto_message_callback_set(handle, on_message);
	mosquitto_subscribe_callback_set(handle, on_subscribe);
}

static void ask_name(struct mu_mqtt *mqtt, const struct mu_broker_uri *uri)
{
	mqtt->opening = (struct mu_mqtt_phases){ 0 };
	mqtt->opened_ms = mqtt->phase_ms = mu_monotonic_ms();
	mqtt->state = MU_MQTT_NAME;
	mqtt->tried = 0;
	evtimer_assign(&mqtt->timer, mqtt->loop, on_timer, mqtt);
	arm_opening(mqtt);
	struct mu_resolver *resolver = mqtt->nameless ? 0 : mqtt->resolver;
	int result = mu_lookup_start(&mqtt->name, resolver, uri->host, (uint16_t)uri->port, mqtt, on_name);
	if (result)
		on_name(mqtt, result < 0 ? result : 0);
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
	int err = mu_mqtt_handle_new(&mqtt->handle, options, &uri, &mqtt->tls, mqtt);
	if (err < 0)
		return err;
	set_callbacks(mqtt->handle);
	mqtt->keepalive_s = options->keepalive_s;
	mqtt->timeout_ms = options->timeout_ms;
	mqtt->tls_used = uri.tls;
	ask_name(mqtt, &uri);
	return 0;
}

// ---- calls

void mu_mqtt_init(struct mu_mqtt *mqtt, struct event_base *loop, struct mu_resolver *resolver, const struct mu_mqtt_listener *listener,
	const struct mu_mqtt_tls *tls)
{
	*mqtt = (struct mu_mqtt){ .loop = loop, .resolver = resolver, .listener = *listener, .ghost = -1 };
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
	if (mqtt->state == MU_MQTT_NAME)
		mu_lookup_cancel(&mqtt->name); // its answer is lost, and comes late if the link is soon back: the core tries again
	else
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
