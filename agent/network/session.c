// SPDX-License-Identifier: Apache-2.0
#include "agent/network/session.h"

#include <string.h>

#include "agent/topic.h"
#include "proto/limits.h"

static const char plain_scheme[] = "mqtt://", tls_scheme[] = "mqtts://";
static const char online[] = "online", offline[] = "offline";

static bool starts_with(const char *text, const char *start)
{
	return strncmp(text, start, strlen(start)) == 0;
}

int mu_session_init(struct mu_session *session, const struct mu_port *port, const struct mu_session_config *config)
{
	if (!mu_id_valid(config->id) || !config->uri)
		return MU_ERR_INVALID;
	if (!starts_with(config->uri, plain_scheme) && !starts_with(config->uri, tls_scheme))
		return MU_ERR_INVALID;
	*session = (struct mu_session){ .port = port, .config = *config, .refused_from_ms = UINT64_MAX };
	return 0;
}

bool mu_session_is_tls(const struct mu_session *session)
{
	return starts_with(session->config.uri, tls_scheme);
}

static void note_refusal(struct mu_session *session, int refusal, uint64_t now_ms)
{
	session->refusal = refusal;
	if (session->refused_from_ms == UINT64_MAX)
		session->refused_from_ms = now_ms;
}

int mu_session_open(struct mu_session *session, int admitted, uint64_t now_ms)
{
	if (session->phase != MU_SESSION_CLOSED)
		return MU_ERR_STATE;
	if (admitted == MU_ERR_NO_MEMORY || admitted == MU_ERR_FULL)
		note_refusal(session, admitted, now_ms);
	if (admitted < 0)
		return admitted;
	session->refused_from_ms = UINT64_MAX;
	char will_topic[MU_TOPIC_MAX];
	mu_topic(will_topic, session->config.id, "state");
	int err = session->port->mqtt->open(session->port->context,
		&(struct mu_mqtt_options){
			.uri = session->config.uri,
			.client_id = session->config.id,
			.user = session->config.user,
			.password = session->config.password,
			.will_topic = will_topic,
			.will_payload = offline,
			.keepalive_s = session->config.keepalive_s,
			.timeout_ms = MU_SESSION_TIMEOUT_MS,
			.trusted_wall_ms = session->trusted_wall_ms,
		});
	session->dates_unchecked = mu_session_is_tls(session) && !session->trusted_wall_ms;
	if (err >= 0)
		session->phase = MU_SESSION_OPENING;
	return err < 0 ? err : 0;
}

static int subscribe(const struct mu_session *session, const char *leaf, int qos)
{
	char topic[MU_TOPIC_MAX];
	mu_topic(topic, session->config.id, leaf);
	return session->port->mqtt->subscribe(session->port->context, topic, qos);
}

static int say_online(const struct mu_session *session)
{
	char topic[MU_TOPIC_MAX];
	mu_topic(topic, session->config.id, "state");
	return session->port->mqtt->publish(session->port->context, topic, online, sizeof online - 1, 1);
}

int mu_session_opened(struct mu_session *session)
{
	if (session->phase != MU_SESSION_OPENING)
		return MU_ERR_STATE;
	int err = subscribe(session, "ack", 0);
	if (err >= 0)
		err = subscribe(session, "dn", 1);
	if (err >= 0)
		err = say_online(session);
	if (err < 0) {
		mu_session_close(session);
		return err;
	}
	session->online_id = err;
	session->phase = MU_SESSION_OPEN;
	session->opened++;
	return 0;
}

static void forget(struct mu_session *session)
{
	session->phase = MU_SESSION_CLOSED;
	session->online_id = 0;
}

bool mu_session_closed(struct mu_session *session)
{
	bool was_open = session->phase == MU_SESSION_OPEN;
	forget(session);
	return was_open;
}

void mu_session_close(struct mu_session *session)
{
	if (session->phase != MU_SESSION_CLOSED)
		session->port->mqtt->close(session->port->context);
	forget(session);
}

bool mu_session_own_puback(struct mu_session *session, int message_id)
{
	if (session->online_id == 0 || message_id != session->online_id)
		return false;
	session->online_id = 0;
	return true;
}

enum mu_session_message mu_session_classify(struct mu_session *session, const struct mu_event *event)
{
	bool is_ack = mu_topic_is(event->topic, session->config.id, "ack");
	bool is_command = mu_topic_is(event->topic, session->config.id, "dn");

	if (!is_ack && !is_command) {
		session->foreign_ignored++;
		return MU_MESSAGE_FOREIGN;
	}
	if (event->retained) {
		session->retained_ignored++;
		return MU_MESSAGE_RETAINED;
	}
	return is_ack ? MU_MESSAGE_ACK : MU_MESSAGE_COMMAND;
}

bool mu_session_refusal_proves_path(int32_t reason)
{
	return reason > 0 || reason == MU_ERR_CLOSED || reason == MU_ERR_AUTH;
}

bool mu_session_starved(const struct mu_session *session, uint64_t now_ms)
{
	return session->refused_from_ms != UINT64_MAX && now_ms - session->refused_from_ms >= MU_SESSION_STARVED_MS;
}
