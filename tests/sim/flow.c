// SPDX-License-Identifier: Apache-2.0
#include "tests/sim/flow.h"
#include "proto/link_reasons.h"
#include "tests/sim/operator.h"
#include "tests/sim/world.h"
#include <string.h>

enum {
	RESEND_MS = 10000,
	RESEND_MAX_MS = 300000,
	DEAD_MS = 45000,
	NO_ACK_MS = 90000,
	NO_ACK_MAX_MS = 2 * SIM_INTERVAL_MAX_S * 1000,
	LATE_MS = 2000, // a step may come so late
};

void sim_flow_boot(struct sim_device *device)
{
	device->flow = (struct sim_flow){ .unacked_ms = UINT64_MAX };
}

// ---- what the device is told

static void open_session(struct sim_flow *flow, uint64_t now_ms)
{
	flow->open_ms = flow->heard_ms = now_ms;
	flow->unacked_ms = UINT64_MAX;
	flow->awaited = 0;
	flow->first = flow->cursor = 0;
	flow->in_flight = 0;
	flow->wait_ms = RESEND_MS;
	flow->overdue = false;
}

static void take_puback(struct sim_flow *flow, int message_id, uint64_t now_ms)
{
	if (message_id != flow->awaited)
		return;
	flow->awaited = 0;
	flow->able_ms = now_ms;
	if (flow->unacked_ms == UINT64_MAX)
		flow->unacked_ms = now_ms;
}

void sim_flow_told(struct sim_device *device, const struct mu_event *event)
{
	struct sim_flow *flow = &device->flow;
	uint64_t now_ms = device->world->now_ms;
	switch (event->type) {
	case MU_EVENT_MQTT_OPEN: open_session(flow, now_ms); break;
	case MU_EVENT_MQTT_PUBLISHED: take_puback(flow, event->value, now_ms); // fall through
	case MU_EVENT_MQTT_MESSAGE:
	case MU_EVENT_MQTT_ALIVE: flow->heard_ms = now_ms; break;
	default: break;
	}
}

static void land(struct sim_flow *flow, uint64_t through)
{
	unsigned landed = 0;
	while (landed < flow->in_flight && flow->flight[landed] <= through)
		landed++;
	flow->in_flight -= landed;
	memmove(flow->flight, flow->flight + landed, flow->in_flight * sizeof *flow->flight);
}

void sim_flow_ack(struct sim_device *device, const Mu__Ack *ack)
{
	struct sim_flow *flow = &device->flow;
	uint64_t now_ms = device->world->now_ms;
	flow->ack_ms = now_ms;
	flow->unacked_ms = UINT64_MAX;
	flow->renewed = flow->renewal_told = false;
	if (ack->has_retry_after_s && ack->retry_after_s)
		flow->quiet_until_ms = now_ms + (uint64_t)ack->retry_after_s * 1000;
	// News, also behind a late Ack that told of less: the device may have gone back there, and could not send.
	if (ack->through_seq > flow->acked) {
		flow->overdue |= flow->in_flight && now_ms >= flow->since_ms + flow->wait_ms;
		flow->wait_ms = RESEND_MS;
	}
	flow->acked = ack->through_seq;
	if (flow->in_flight && ack->through_seq >= flow->first) {
		flow->overdue |= now_ms >= flow->since_ms + flow->wait_ms;
		flow->first = ack->through_seq + 1;
		flow->since_ms = now_ms;
		flow->wait_ms = RESEND_MS;
		land(flow, ack->through_seq);
	}
}

// ---- what it sends

static void go_back(struct sim_device *device, uint64_t first_seq)
{
	struct sim_flow *flow = &device->flow;
	uint64_t now_ms = device->world->now_ms, since_ms = now_ms - flow->since_ms;
	if (flow->in_flight && !flow->overdue && since_ms < flow->wait_ms)
		sim_fail(device->world, device, "number %llu is sent again after %llu ms without an Ack, not after %llu",
			(unsigned long long)first_seq, (unsigned long long)since_ms, (unsigned long long)flow->wait_ms);
	if (flow->in_flight && !flow->overdue)
		flow->wait_ms = flow->wait_ms * 2 < RESEND_MAX_MS ? flow->wait_ms * 2 : RESEND_MAX_MS;
	if (flow->acked >= first_seq)
		flow->acked = first_seq - 1;
	flow->in_flight = 0;
}

void sim_flow_sent(struct sim_device *device, uint64_t first_seq, uint64_t last_seq, int message_id)
{
	struct sim_flow *flow = &device->flow;
	struct sim_world *world = device->world;
	if (world->now_ms < flow->quiet_until_ms)
		sim_fail(world, device, "an Uplink is sent %llu ms before the time is over that an Ack has asked for",
			(unsigned long long)(flow->quiet_until_ms - world->now_ms));
	if (flow->awaited)
		sim_fail(world, device, "an Uplink is sent while another one awaits its PUBACK");
	if (first_seq <= flow->cursor)
		go_back(device, first_seq);
	if (flow->in_flight == SIM_FLOW_WINDOW)
		sim_fail(world, device, "more than %d Uplinks await an Ack", SIM_FLOW_WINDOW);
	else {
		if (!flow->in_flight) {
			flow->first = first_seq;
			flow->since_ms = world->now_ms;
		}
		flow->flight[flow->in_flight++] = last_seq;
	}
	flow->cursor = last_seq;
	flow->overdue = false;
	flow->awaited = message_id;
}

void sim_flow_closes(struct sim_device *device)
{
	device->flow.renewed |= device->client.state == SIM_CLIENT_OPEN;
}

// ---- the session

static uint64_t later(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

void sim_flow_link(struct sim_device *device, const Mu__Link *link)
{
	struct sim_flow *flow = &device->flow;
	struct sim_world *world = device->world;
	if (link->change != MU__LINK_CHANGE__LINK_SESSION_LOST || strcmp(mu_link_reason_name((int32_t)link->reason), "no_ack") != 0)
		return;
	uint64_t since_ms = world->now_ms - later(flow->ack_ms, flow->open_ms);
	if (flow->renewal_told)
		sim_fail(world, device, "the session is opened anew a second time for want of an Ack");
	else if (since_ms < NO_ACK_MS)
		sim_fail(world, device, "the session is opened anew after %llu ms without an Ack", (unsigned long long)since_ms);
	flow->renewal_told = true;
}

static bool is_hindered(const struct sim_world *world)
{
	const int32_t *permyriad = world->faults.port_permyriad;
	return permyriad[SIM_CALL_OTHER] || permyriad[SIM_CALL_READ];
}

static void check_resend(struct sim_device *device)
{
	struct sim_flow *flow = &device->flow;
	struct sim_world *world = device->world;
	if (is_hindered(world))
		flow->able_ms = world->now_ms;
	uint64_t from_ms = later(flow->since_ms, later(flow->able_ms, flow->quiet_until_ms));
	if (flow->in_flight && !flow->awaited && world->now_ms > from_ms + RESEND_MAX_MS + LATE_MS)
		sim_fail(world, device, "no Ack has come for %llu s, and nothing is sent again",
			(unsigned long long)(world->now_ms - flow->since_ms) / 1000);
}

void sim_flow_step(struct sim_device *device)
{
	const struct sim_flow *flow = &device->flow;
	struct sim_world *world = device->world;
	if (device->client.state != SIM_CLIENT_OPEN || device->restart_asked)
		return;
	if (world->now_ms - flow->heard_ms > DEAD_MS + LATE_MS)
		sim_fail(world, device, "a session is held though the broker has not answered for %llu s",
			(unsigned long long)(world->now_ms - flow->heard_ms) / 1000);
	if (!flow->renewed && flow->unacked_ms != UINT64_MAX && world->now_ms - flow->unacked_ms > NO_ACK_MAX_MS + LATE_MS)
		sim_fail(world, device, "no Ack has come for %llu s, and the session was not opened anew",
			(unsigned long long)(world->now_ms - flow->unacked_ms) / 1000);
	check_resend(device);
}
