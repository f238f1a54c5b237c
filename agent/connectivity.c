// SPDX-License-Identifier: Apache-2.0
#include "agent/connectivity.h"
#include "agent/deadline.h"
#include "agent/link_events.h"
#include "agent/reporting.h"
#include "agent/timekeeping.h"
#include "proto/link_reasons.h"

enum { AUTH_FAIL = 202 }; // the reason

static uint32_t random_bits(struct mu_agent *agent)
{
	uint32_t bits = 0;
	if (agent->port->system->random(agent->port->context, &bits, sizeof bits) < 0)
		return (uint32_t)agent->boots.current.uptime_s * 2654435761u; // no entropy: still not in step with others
	return bits;
}

static void drop_session(struct mu_agent *agent, uint64_t now_ms)
{
	mu_session_close(&agent->session);
	mu_socket_guard_session_over(agent, now_ms);
	mu_heap_watch_closed(agent);
	mu_uplink_session_lost(&agent->uplink);
	mu_netwatch_session(&agent->netwatch, false, now_ms);
}

// At a gate. Nothing was asked, so silence says nothing about the network. That it has gone on for too long is judged here only: whoever has no
// link for hours is not refused meanwhile.
static void note_refusal(struct mu_agent *agent, uint64_t now_ms)
{
	mu_netwatch_answer(&agent->netwatch, now_ms);
	if (mu_session_starved(&agent->session, now_ms))
		mu_connectivity_post(agent, MU_LADDER_HEAP_STARVED, 0, now_ms);
}

void mu_connectivity_open(struct mu_agent *agent, uint64_t now_ms)
{
	if (mu_timekeeping_holds(agent, now_ms))
		return;
	int err = mu_heap_watch_session(agent, mu_socket_guard_admit_session(agent, now_ms), now_ms);
	if (err >= 0)
		mu_socket_guard_session(agent, now_ms);
	if (err >= 0)
		return;
	mu_outage_try(&agent->session_outage, err, now_ms);
	mu_connectivity_post(agent, MU_LADDER_OPEN_FAILED, 0, now_ms);
	if (err == MU_ERR_NO_MEMORY || err == MU_ERR_FULL)
		note_refusal(agent, now_ms);
	mu_link_events_names(agent, err, now_ms);
}

void mu_connectivity_drop(struct mu_agent *agent, uint64_t now_ms)
{
	if (agent->session.phase != MU_SESSION_CLOSED)
		drop_session(agent, now_ms);
}

static void do_link_disconnect(struct mu_agent *agent, uint64_t now_ms)
{
	(void)now_ms;
	mu_link_disconnect(&agent->link);
}

static void do_link_restart(struct mu_agent *agent, uint64_t now_ms)
{
	(void)now_ms;
	mu_link_restart(&agent->link);
}

// Not serving is no failure of the ladder's: there may be no own access point, and the tries go on beside it in any case.
static void do_serve(struct mu_agent *agent, uint64_t now_ms)
{
	(void)now_ms;
	mu_link_serve(&agent->link, true);
}

static void do_serve_end(struct mu_agent *agent, uint64_t now_ms)
{
	(void)now_ms;
	mu_link_serve(&agent->link, false);
}

static void do_power_save_off(struct mu_agent *agent, uint64_t now_ms)
{
	if (mu_link_power_save(&agent->link, false) >= 0)
		mu_report_event(agent, "power_save_off", mu_reason_of_power_save(agent->ladder.reason), agent->ladder.sleep_offs, now_ms);
}

static void do_power_save_on(struct mu_agent *agent, uint64_t now_ms)
{
	(void)now_ms;
	mu_link_power_save(&agent->link, true);
}

// MU_ERR_AUTH: nothing was tried, as all networks rest from their refusals.
static void do_link_connect(struct mu_agent *agent, uint64_t now_ms)
{
	int err = mu_link_connect(&agent->link, now_ms);
	if (err < 0 && err != MU_ERR_AUTH)
		mu_outage_try(&agent->link_outage, 0, agent->ladder.down_from_ms);
	if (err < 0)
		mu_connectivity_post(agent, MU_LADDER_LINK_DOWN, err == MU_ERR_AUTH ? AUTH_FAIL : 0, now_ms);
}

static void do_link_scan(struct mu_agent *agent, uint64_t now_ms)
{
	int err = mu_link_scan(&agent->link, now_ms);
	if (err < 0)
		mu_connectivity_post(agent, MU_LADDER_SCAN_DONE, err == MU_ERR_AUTH ? 0 : -1, now_ms);
}

// Lost and restored have records of their own; the ladder adds those of the rungs above.
static void do_record_link(struct mu_agent *agent, uint64_t now_ms)
{
	if (agent->ladder.state != MU_LADDER_CONNECTED && agent->ladder.state != MU_LADDER_RECONNECTING)
		mu_report_link(agent, MU__LINK_CHANGE__LINK_LADDER, agent->ladder.reason, 0, now_ms);
}

// Who has no link is not refused: what was before does not count then.
static void do_reboot(struct mu_agent *agent, uint64_t now_ms)
{
	bool starved = agent->ladder.link_up && mu_session_starved(&agent->session, now_ms) && agent->session.refusal == MU_ERR_NO_MEMORY;
	mu_agent_restart(agent, starved ? MU__RESET_CAUSE__CAUSE_HEAP_STARVED : MU__RESET_CAUSE__CAUSE_NETWORK, 0, now_ms);
}

// In the order in which they are to be carried out.
static const struct {
	uint32_t action;
	void (*carry_out)(struct mu_agent *agent, uint64_t now_ms);
} actions[] = {
	{ MU_DO_SESSION_CLOSE, mu_connectivity_drop },
	{ MU_DO_LINK_DISCONNECT, do_link_disconnect },
	{ MU_DO_LINK_RESTART, do_link_restart },
	{ MU_DO_POWER_SAVE_OFF, do_power_save_off },
	{ MU_DO_POWER_SAVE_ON, do_power_save_on },
	{ MU_DO_SERVE, do_serve },
	{ MU_DO_SERVE_END, do_serve_end },
	{ MU_DO_LINK_CONNECT, do_link_connect },
	{ MU_DO_LINK_SCAN, do_link_scan },
	{ MU_DO_SESSION_OPEN, mu_connectivity_open },
	{ MU_DO_RECORD_LINK, do_record_link },
	{ MU_DO_REBOOT, do_reboot },
};

void mu_connectivity_post(struct mu_agent *agent, enum mu_ladder_event event, int32_t value, uint64_t now_ms)
{
	uint32_t bits = mu_ladder_post(&agent->ladder, event, value, now_ms, random_bits(agent));
	for (size_t i = 0; i < sizeof actions / sizeof *actions && !agent->stopped; i++)
		if (bits & actions[i].action)
			actions[i].carry_out(agent, now_ms);
}

void mu_connectivity_renew(struct mu_agent *agent, uint64_t now_ms)
{
	mu_connectivity_session_lost(agent, MU_REASON_RENEWED, now_ms);
	mu_connectivity_post(agent, MU_LADDER_DEAD_SESSION, 0, now_ms);
}

void mu_connectivity_session_lost(struct mu_agent *agent, int32_t reason, uint64_t now_ms)
{
	mu_losses_add(&agent->losses, now_ms);
	if (agent->session_outage.since_ms == UINT64_MAX) {
		agent->session_outage.since_ms = now_ms;
		mu_report_link(agent, MU__LINK_CHANGE__LINK_SESSION_LOST, reason, 0, now_ms);
	}
}

static void on_mqtt_phase(struct mu_agent *agent, const struct mu_event *event, uint64_t now_ms)
{
	(void)event;
	mu_link_events_names(agent, 0, now_ms);
	mu_socket_guard_session(agent, now_ms); // where the descriptor comes only with the connection
}

static void on_mqtt_open(struct mu_agent *agent, const struct mu_event *event, uint64_t now_ms)
{
	(void)event;
	if (agent->session.phase != MU_SESSION_OPENING)
		return;
	mu_socket_guard_session(agent, now_ms); // where the descriptor comes with the session only
	if (mu_session_opened(&agent->session) < 0) {
		drop_session(agent, now_ms);
		mu_connectivity_post(agent, MU_LADDER_OPEN_FAILED, 0, now_ms);
		return;
	}
	mu_netwatch_session(&agent->netwatch, true, now_ms);
	mu_uplink_session_open(&agent->uplink, now_ms);
	agent->reconnects += agent->session.opened > 1;
	mu_connectivity_post(agent, MU_LADDER_SESSION_OPEN, 0, now_ms);
	mu_report_restored(agent, MU__LINK_CHANGE__LINK_SESSION_RESTORED, &agent->session_outage, now_ms);
}

static void on_mqtt_closed(struct mu_agent *agent, const struct mu_event *event, uint64_t now_ms)
{
	if (agent->session.phase == MU_SESSION_CLOSED)
		return;
	bool lost = mu_session_closed(&agent->session);
	mu_socket_guard_session_over(agent, now_ms);
	mu_uplink_session_lost(&agent->uplink);
	mu_netwatch_session(&agent->netwatch, false, now_ms);
	if (mu_session_refusal_proves_path(event->reason))
		mu_netwatch_answer(&agent->netwatch, now_ms);
	if (lost)
		mu_connectivity_session_lost(agent, event->reason, now_ms);
	else
		mu_outage_try(&agent->session_outage, event->reason > 0 ? MU_LINK_REASON_CONNACK + event->reason : event->reason, now_ms);
	mu_connectivity_post(agent, lost ? MU_LADDER_SESSION_LOST : MU_LADDER_OPEN_FAILED, event->reason, now_ms);
	mu_link_events_names(agent, event->reason, now_ms);
}

static void on_mqtt_published(struct mu_agent *agent, const struct mu_event *event, uint64_t now_ms)
{
	if (mu_session_own_puback(&agent->session, event->value)) {
		mu_netwatch_answer(&agent->netwatch, now_ms);
		return;
	}
	mu_netwatch_puback(&agent->netwatch, now_ms);
	mu_uplink_published(&agent->uplink, event->value, now_ms);
}

static void on_ack(struct mu_agent *agent, const struct mu_event *event, uint64_t now_ms)
{
	struct mu_ack ack;
	if (mu_uplink_ack(&agent->uplink, event->payload, event->payload_bytes, now_ms, &ack) < 0)
		return;
	mu_netwatch_ack(&agent->netwatch, now_ms);
	mu_ladder_acked(&agent->ladder);
	if (ack.server_time_ms)
		mu_timekeeping_server(agent, ack.server_time_ms, now_ms);
}

static void on_mqtt_alive(struct mu_agent *agent, const struct mu_event *event, uint64_t now_ms)
{
	(void)event;
	mu_netwatch_answer(&agent->netwatch, now_ms);
}

bool mu_connectivity_event(struct mu_agent *agent, const struct mu_event *event, uint64_t now_ms)
{
	enum { FIRST = MU_EVENT_MQTT_PHASE }; // of the session
	static void (*const handlers[])(struct mu_agent *, const struct mu_event *, uint64_t) = {
		[MU_EVENT_MQTT_PHASE - FIRST] = on_mqtt_phase,
		[MU_EVENT_MQTT_OPEN - FIRST] = on_mqtt_open,
		[MU_EVENT_MQTT_CLOSED - FIRST] = on_mqtt_closed,
		[MU_EVENT_MQTT_PUBLISHED - FIRST] = on_mqtt_published,
		[MU_EVENT_MQTT_ALIVE - FIRST] = on_mqtt_alive,
	};
	if (event->type == MU_EVENT_MQTT_MESSAGE) {
		enum mu_session_message message = mu_session_classify(&agent->session, event);
		if (message == MU_MESSAGE_ACK)
			on_ack(agent, event, now_ms);
		return message == MU_MESSAGE_COMMAND;
	}
	if ((int)event->type < (int)FIRST)
		mu_link_events_take(agent, event, now_ms); // and of a time server, which are not the link's: ignored there
	else if ((size_t)event->type - FIRST < sizeof handlers / sizeof *handlers)
		handlers[event->type - FIRST](agent, event, now_ms);
	return false;
}

_Static_assert((int)MU_LADDER_NO_ACK - (int)MU_LADDER_DEAD_SESSION == (int)MU_NETWATCH_NO_ACK - (int)MU_NETWATCH_DEAD_SESSION,
	"what is due and what the ladder makes of it are in the same order");

static void watch(struct mu_agent *agent, uint64_t now_ms, uint64_t *next_ms)
{
	enum mu_netwatch_due due = mu_netwatch_step(&agent->netwatch, now_ms, next_ms);
	if ((due == MU_NETWATCH_DEAD_SESSION || due == MU_NETWATCH_NO_ACK) && agent->session.phase == MU_SESSION_OPEN)
		mu_connectivity_session_lost(agent, due == MU_NETWATCH_NO_ACK ? (int32_t)MU_REASON_NO_ACK : MU_ERR_TIMEOUT, now_ms);
	if (due != MU_NETWATCH_FINE)
		mu_connectivity_post(agent, MU_LADDER_DEAD_SESSION + (due - MU_NETWATCH_DEAD_SESSION), 0, now_ms);
}

uint64_t mu_connectivity_step(struct mu_agent *agent, uint64_t now_ms)
{
	uint64_t watch_ms = UINT64_MAX;
	uint64_t link_ms = mu_link_events_step(agent, now_ms);
	watch(agent, now_ms, &watch_ms);
	if (mu_ladder_link_overdue(&agent->ladder, now_ms) && !agent->stopped)
		mu_link_events_overdue(agent, now_ms);
	if (mu_ladder_deadline_ms(&agent->ladder) <= now_ms && !agent->stopped)
		mu_connectivity_post(agent, MU_LADDER_TIMER, 0, now_ms);
	return mu_earlier(mu_ladder_deadline_ms(&agent->ladder), mu_earlier(link_ms, watch_ms));
}
