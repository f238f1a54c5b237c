// SPDX-License-Identifier: Apache-2.0
#include "collector/ingest/uplink.h"

#include <mqtt_protocol.h>
#include <stdlib.h>
#include <string.h>
#include "collector/clock.h"
#include "collector/log.h"

enum { SUBSCRIBE_AGAIN_MS = 60000 };

struct subscription {
	const char *topic;
	int qos, options;
	bool is_needed; // without it there is nothing to do
	bool has_no_ack; // only the PUBACK protects what comes on it: refused if the library acknowledges before the commit
};

static const struct subscription fixed[] = {
	{ TOPIC_SUBSCRIBE_UP, 1, MQTT_SUB_OPT_SEND_RETAIN_NEVER, true, false },
	{ TOPIC_SUBSCRIBE_STATE, 1, MQTT_SUB_OPT_SEND_RETAIN_NEVER, true, false }, // each word replaces the one before
	{ TOPIC_SUBSCRIBE_DROPPED, 0, 0, false, false }, // brokers other than Mosquitto do not have it
};

enum { FIXED = sizeof fixed / sizeof *fixed, SUBSCRIPTIONS_MAX = FIXED + JSON_MAP_TOPICS_MAX };
_Static_assert(SUBSCRIPTIONS_MAX <= 32, "one bit each in struct uplink: granted");

struct uplink {
	struct uplink_parts parts;
	struct connection *connection;
	struct event *commit, *probe;
	bool is_gathering; // commit is armed
	bool is_held;
	bool overflowed;   // a message found no room: this session's PUBACKs must not go out
	bool has_baseline;
	unsigned granted;  // bits by subscription
	struct subscription subscriptions[SUBSCRIPTIONS_MAX];
	int subscription_count, message_ids[SUBSCRIPTIONS_MAX];
	uint64_t asked_ms; // when the subscriptions were last sent
	long long dropped; // by the broker
};

static void arm(struct event *event, uint64_t ms)
{
	struct timeval wait = { .tv_sec = (time_t)(ms / 1000), .tv_usec = (suseconds_t)(ms % 1000 * 1000) };
	event_add(event, &wait);
}

static void on_flushed(void *context)
{
	struct uplink *uplink = context;
	connection_pause(uplink->connection, false);
}

// Only when no message waits for its commit.
static void flush(struct uplink *uplink)
{
	if (connection_flush(uplink->connection, on_flushed) > 0)
		connection_pause(uplink->connection, true);
}

static void abandon(struct uplink *uplink, const char *reason)
{
	uplink->parts.counters->mqtt_abandoned++;
	connection_drop(uplink->connection, reason);
}

static void stop_for_store(struct uplink *uplink)
{
	store_watch_failed(uplink->parts.watch, clock_monotonic_ms());
	uplink->parts.counters->mqtt_abandoned++;
	connection_stop(uplink->connection, "the store takes no commits");
	arm(uplink->probe, STORE_WATCH_PROBE_MS);
}

static void commit(struct uplink *uplink)
{
	if (uplink->is_gathering)
		event_del(uplink->commit);
	uplink->is_gathering = false;
	if (ingest_commit(uplink->parts.ingest) < 0) {
		stop_for_store(uplink);
		return;
	}
	if (uplink->overflowed)
		abandon(uplink, "a message found no room");
	else
		flush(uplink);
	if (uplink->parts.committed)
		uplink->parts.committed(uplink->parts.context);
}

static void on_commit(evutil_socket_t fd, short what, void *context)
{
	struct uplink *uplink = context;
	(void)fd, (void)what;
	uplink->is_gathering = false;
	commit(uplink);
}

static void on_probe(evutil_socket_t fd, short what, void *context)
{
	struct uplink *uplink = context;
	(void)fd, (void)what;
	if (!store_watch_probe(uplink->parts.watch, clock_monotonic_ms()))
		arm(uplink->probe, STORE_WATCH_PROBE_MS);
	else if (!uplink->is_held)
		connection_start(uplink->connection);
}

static bool is_full(void *context)
{
	const struct uplink *uplink = context;
	return ingest_is_full(uplink->parts.ingest);
}

static void on_readable(void *context)
{
	struct uplink *uplink = context;
	if (connection_read(uplink->connection, is_full) < 0)
		return;
	uint32_t interval_ms = uplink->parts.config->ingest.commit_interval_ms;
	if (ingest_is_empty(uplink->parts.ingest)) {
		flush(uplink);
	} else if (ingest_is_full(uplink->parts.ingest) || !interval_ms) {
		commit(uplink);
	} else if (!uplink->is_gathering) {
		uplink->is_gathering = true;
		arm(uplink->commit, interval_ms);
	}
}

static void note_broker_drops(struct uplink *uplink, const struct mosquitto_message *message)
{
	char text[24] = "";
	size_t size = message->payloadlen > 0 ? (size_t)message->payloadlen : 0;
	memcpy(text, message->payload, size < sizeof text ? size : sizeof text - 1);
	long long dropped = strtoll(text, 0, 10);
	uplink->parts.counters->broker_dropped = dropped;
	if (uplink->has_baseline && dropped > uplink->dropped) {
		uplink->parts.counters->broker_drops_seen++;
		log_warn("mqtt", "the broker drops messages; devices send theirs again until they are acked", "more=%lld remedy=%s",
			dropped - uplink->dropped, "\"raise max_queued_messages and max_inflight_messages, see the broker's log\"");
	}
	uplink->has_baseline = true;
	uplink->dropped = dropped;
}

static void on_message(void *context, const struct mosquitto_message *message)
{
	struct uplink *uplink = context;
	struct counters *counters = uplink->parts.counters;
	if (strcmp(message->topic, TOPIC_SUBSCRIBE_DROPPED) == 0) {
		note_broker_drops(uplink, message);
		return;
	}
	size_t size = message->payloadlen > 0 ? (size_t)message->payloadlen : 0;
	counters->mqtt_received++;
	counters->mqtt_received_bytes += size;
	if (message->retain) {
		counters->mqtt_retained_ignored++;
		return;
	}
	if (ingest_add(uplink->parts.ingest, message->topic, message->payload, size, clock_wall_ms()) < 0) {
		counters->mqtt_overflows++;
		uplink->overflowed = true;
	}
}

static bool is_asked_for(const struct uplink *uplink, const struct subscription *subscription)
{
	return !subscription->has_no_ack || uplink->parts.counters->puback_withheld == 1;
}

// What must go out first goes out when on_readable() has nothing to commit.
static void subscribe(struct uplink *uplink)
{
	uplink->asked_ms = clock_monotonic_ms();
	for (int i = 0; i < uplink->subscription_count; i++) {
		const struct subscription *subscription = &uplink->subscriptions[i];
		if (!is_asked_for(uplink, subscription)) { // the session may have it from a time at which it was
			mosquitto_unsubscribe_v5(connection_handle(uplink->connection), 0, subscription->topic, 0);
			continue;
		}
		mosquitto_subscribe_v5(connection_handle(uplink->connection), &uplink->message_ids[i], subscription->topic,
			subscription->qos, subscription->options, 0);
	}
}

static void on_up(void *context)
{
	struct uplink *uplink = context;
	uplink->granted = 0;
	uplink->overflowed = false;
	uplink->has_baseline = false;
	subscribe(uplink);
}

static bool is_granted(const struct uplink *uplink)
{
	for (int i = 0; i < uplink->subscription_count; i++)
		if (uplink->subscriptions[i].is_needed && !(uplink->granted & 1u << i))
			return false;
	return true;
}

// Some topic of devices is asked for and not granted. The broker's own is not worth asking again for.
static bool is_missing(const struct uplink *uplink)
{
	for (int i = 0; i < uplink->subscription_count; i++) {
		const struct subscription *subscription = &uplink->subscriptions[i];
		bool is_wanted = subscription->is_needed || (subscription->has_no_ack && is_asked_for(uplink, subscription));
		if (is_wanted && !(uplink->granted & 1u << i))
			return true;
	}
	return false;
}

static void on_subscribed(void *context, int message_id, int reason)
{
	struct uplink *uplink = context;
	bool was_granted = is_granted(uplink);
	for (int i = 0; i < uplink->subscription_count; i++) {
		if (uplink->message_ids[i] != message_id)
			continue;
		if (reason < 128) {
			uplink->granted |= 1u << i;
		} else {
			uplink->parts.counters->mqtt_subscriptions_refused++;
			log_warn("mqtt", "subscription refused",
				"topic=%s reason=%s remedy=\"allow it in the broker's access list; tried again every %d s\"",
				log_quote(uplink->subscriptions[i].topic).text, log_quote(mosquitto_reason_string(reason)).text,
				SUBSCRIBE_AGAIN_MS / 1000);
		}
	}
	if (was_granted || !is_granted(uplink))
		return;
	uplink->parts.counters->mqtt_uplink_up = 1;
	uplink->parts.session(uplink->parts.context, true);
}

static void on_lost(void *context)
{
	struct uplink *uplink = context;
	uplink->granted = 0;
	if (uplink->parts.counters->mqtt_uplink_up)
		uplink->parts.session(uplink->parts.context, false);
	uplink->parts.counters->mqtt_uplink_up = 0;
	if (uplink->parts.watch->is_stopped) {
		ingest_drop(uplink->parts.ingest);
		return;
	}
	if (ingest_is_empty(uplink->parts.ingest))
		return;
	// The broker may have died with what it gave us: keep it. Without its PUBACK it comes again and is dropped as duplicate.
	commit(uplink);
}

static void on_idle(void *context)
{
	struct uplink *uplink = context;
	if (is_missing(uplink) && clock_monotonic_ms() - uplink->asked_ms >= SUBSCRIBE_AGAIN_MS)
		subscribe(uplink);
	if (ingest_is_empty(uplink->parts.ingest))
		flush(uplink); // a ping may wait
}

static void on_published(void *context)
{
	(void)context; // nothing is published here
}

static const struct connection_handlers handlers = {
	.up = on_up,
	.lost = on_lost,
	.readable = on_readable,
	.idle = on_idle,
	.message = on_message,
	.published = on_published,
	.subscribed = on_subscribed,
};

static void list_subscriptions(struct uplink *uplink)
{
	const struct json_map *json = uplink->parts.json;
	memcpy(uplink->subscriptions, fixed, sizeof fixed);
	uplink->subscription_count = FIXED;
	for (unsigned i = 0; json && i < json->topic_count; i++)
		uplink->subscriptions[uplink->subscription_count++] = (struct subscription){
			.topic = json->topics[i].filter,
			.qos = 1,
			.options = MQTT_SUB_OPT_SEND_RETAIN_NEVER,
			.has_no_ack = true,
		};
}

struct uplink *uplink_new(const struct uplink_parts *parts, char *problem)
{
	struct connection_settings settings = { .config = parts->config, .name = "uplink", .client_suffix = "", .keeps_session = true };
	struct uplink *uplink = calloc(1, sizeof *uplink);
	if (!uplink)
		return 0;
	uplink->parts = *parts;
	list_subscriptions(uplink);
	uplink->commit = evtimer_new(parts->base, on_commit, uplink);
	uplink->probe = evtimer_new(parts->base, on_probe, uplink);
	uplink->connection = connection_new(parts->base, &settings, &handlers, uplink, parts->counters, problem);
	if (uplink->connection && uplink->commit && uplink->probe)
		return uplink;
	uplink_free(uplink);
	return 0;
}

void uplink_free(struct uplink *uplink)
{
	if (!uplink)
		return;
	connection_free(uplink->connection);
	if (uplink->commit)
		event_free(uplink->commit);
	if (uplink->probe)
		event_free(uplink->probe);
	free(uplink);
}

void uplink_start(struct uplink *uplink)
{
	connection_start(uplink->connection);
}

bool uplink_is_up(const struct uplink *uplink)
{
	return connection_is_up(uplink->connection) && is_granted(uplink);
}

void uplink_hold(struct uplink *uplink, bool is_held)
{
	if (uplink->is_held == is_held)
		return;
	uplink->is_held = is_held;
	if (uplink->parts.watch->is_stopped)
		return; // away already, and stays so until both are over
	if (!is_held) {
		connection_start(uplink->connection);
		return;
	}
	uplink->parts.counters->mqtt_abandoned++;
	connection_stop(uplink->connection, "no more records can be taken");
}

void uplink_drain(struct uplink *uplink)
{
	connection_pause(uplink->connection, true);
	if (!uplink->parts.watch->is_stopped && !ingest_is_empty(uplink->parts.ingest))
		commit(uplink);
	event_del(uplink->commit);
	event_del(uplink->probe);
	if (!uplink->parts.watch->is_stopped && !uplink->overflowed)
		connection_close(uplink->connection);
	uplink->parts.counters->mqtt_uplink_up = 0;
}
