// SPDX-License-Identifier: Apache-2.0
#include "agent/network/session.h"

#include <string.h>

#include "proto/limits.h"

static const char plain_scheme[] = "mqtt://", tls_scheme[] = "mqtts://";
static const char online[] = "online", offline[] = "offline";

static bool starts_with(const char *text, const char *start)
{
	return strncmp(text, start, strlen(start)) == 0;
}

// muster/v1/<id>/<leaf>; the longest is 10 + 32 + 6 characters.
static void build_topic(char out[MU_TOPIC_MAX], const char *id, const char *leaf)
{
	const char *const parts[] = { "muster/v1/", id, "/", leaf };
	size_t used = 0;

	for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
		size_t length = strlen(parts[i]);
		memcpy(out + used, parts[i], length);
		used += length;
	}
	out[used] = 0;
}

int mu_session_init(struct mu_session *session, const struct mu_port *port, const struct mu_session_config *config)
{
	if (!mu_id_valid(config->id) || !config->uri)
		return MU_ERR_INVALID;
	if (!starts_with(config->uri, plain_scheme) && !starts_with(config->uri, tls_scheme))
		return MU_ERR_INVALID;
	*session = (struct mu_session){ .port = port, .config = *config, .refused_from_ms = UINT64_MAX };
	build_topic(session->topic_up, config->id, "up");
	build_topic(session->topic_ack, config->id, "ack");
	build_topic(session->topic_dn, config->id, "dn");
	build_topic(session->topic_state, config->id, "state");
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
	int err = session->port->mqtt->open(session->port->context,
		&(struct mu_mqtt_options){
			.uri = session->config.uri,
			.client_id = session->config.id,
			.user = session->config.user,
			.password = session->config.password,
			.will_topic = session->topic_state,
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

int mu_session_opened(struct mu_session *session)
{
	const struct mu_mqtt_port *mqtt = session->port->mqtt;
	void *context = session->port->context;

	if (session->phase != MU_SESSION_OPENING)
		return MU_ERR_STATE;
	int err = mqtt->subscribe(context, session->topic_ack, 0);
	if (err >= 0)
		err = mqtt->subscribe(context, session->topic_dn, 1);
	if (err >= 0)
		err = mqtt->publish(context, session->topic_state, online, sizeof online - 1, 1);
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
	bool is_ack = event->topic && strcmp(event->topic, session->topic_ack) == 0;
	bool is_command = event->topic && strcmp(event->topic, session->topic_dn) == 0;

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
