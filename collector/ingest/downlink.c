// SPDX-License-Identifier: Apache-2.0
#include "collector/ingest/downlink.h"

#include <stdlib.h>
#include "collector/ingest/topic.h"
#include "muster.pb-c.h"

struct downlink {
	struct connection *connection;
	struct counters *counters;
	struct event *flush;
	bool is_flush_due;
	unsigned waiting; // given to the library and not yet out; acknowledged, for QoS 1
};

static void on_flush(evutil_socket_t fd, short what, void *context)
{
	struct downlink *downlink = context;
	(void)fd, (void)what;
	downlink->is_flush_due = false;
	connection_flush(downlink->connection, 0);
}

static void ask_flush(struct downlink *downlink)
{
	if (downlink->is_flush_due)
		return;
	downlink->is_flush_due = true;
	event_active(downlink->flush, 0, 0);
}

static int publish(struct downlink *downlink, const char *id, const char *leaf, const void *payload, size_t size, int qos)
{
	char topic[TOPIC_BYTES];
	topic_of(id, leaf, topic);
	if (!connection_is_up(downlink->connection) || downlink->waiting >= DOWNLINK_OUTBOX_MAX ||
		mosquitto_publish_v5(connection_handle(downlink->connection), 0, topic, (int)size, payload, qos, false, 0) !=
			MOSQ_ERR_SUCCESS) {
		downlink->counters->downlink_dropped++;
		return -1;
	}
	downlink->waiting++;
	ask_flush(downlink);
	return 0;
}

int downlink_ack(struct downlink *downlink, const char *id, uint64_t epoch, uint64_t through_seq, uint64_t wall_ms)
{
	uint8_t bytes[MU_ACK_BYTES_MAX];
	Mu__Ack ack = MU__ACK__INIT;
	ack.epoch = epoch;
	ack.through_seq = through_seq;
	ack.has_server_time_ms = 1;
	ack.server_time_ms = wall_ms;
	int err = publish(downlink, id, "ack", bytes, mu__ack__pack(&ack, bytes), 0);
	if (!err)
		downlink->counters->acks++;
	return err;
}

int downlink_command(struct downlink *downlink, const char *id, const uint8_t *payload, size_t size)
{
	return publish(downlink, id, "dn", payload, size, 1);
}

static void on_up(void *context)
{
	struct downlink *downlink = context;
	downlink->counters->mqtt_downlink_up = 1;
}

static void on_lost(void *context)
{
	struct downlink *downlink = context;
	downlink->counters->mqtt_downlink_up = 0;
	downlink->waiting = 0;
}

static bool is_full(void *context)
{
	(void)context;
	return false;
}

static void on_readable(void *context)
{
	struct downlink *downlink = context;
	if (connection_read(downlink->connection, is_full) == 0)
		connection_flush(downlink->connection, 0);
}

static void on_idle(void *context)
{
	struct downlink *downlink = context;
	connection_flush(downlink->connection, 0);
}

static void on_message(void *context, const struct mosquitto_message *message)
{
	(void)context, (void)message; // nothing is subscribed to here
}

static void on_published(void *context)
{
	struct downlink *downlink = context;
	if (downlink->waiting)
		downlink->waiting--;
}

static void on_subscribed(void *context, int message_id, int reason)
{
	(void)context, (void)message_id, (void)reason;
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

struct downlink *downlink_new(struct event_base *base, const struct config *config, struct counters *counters, char *problem)
{
	struct connection_settings settings = { .config = config, .name = "downlink", .client_suffix = "-dn", .keeps_session = false };
	struct downlink *downlink = calloc(1, sizeof *downlink);
	if (!downlink)
		return 0;
	downlink->counters = counters;
	downlink->flush = event_new(base, -1, 0, on_flush, downlink);
	downlink->connection = connection_new(base, &settings, &handlers, downlink, counters, problem);
	if (downlink->connection && downlink->flush)
		return downlink;
	downlink_free(downlink);
	return 0;
}

void downlink_free(struct downlink *downlink)
{
	if (!downlink)
		return;
	connection_free(downlink->connection);
	if (downlink->flush)
		event_free(downlink->flush);
	free(downlink);
}

void downlink_start(struct downlink *downlink)
{
	connection_start(downlink->connection);
}

bool downlink_is_up(const struct downlink *downlink)
{
	return connection_is_up(downlink->connection);
}

void downlink_drain(struct downlink *downlink)
{
	connection_close(downlink->connection);
	downlink->counters->mqtt_downlink_up = 0;
}
