// SPDX-License-Identifier: Apache-2.0
#include "tests/sim/liveness.h"
#include "tests/sim/world.h"

enum { PERIOD_MS = 1000, LIMIT_MS = 600000, PASSWORD_MS = 900000, RECENT = 4 };

static bool has_fresh_heartbeat(const struct sim_world *world, struct sim_truth *truth)
{
	for (uint64_t seq = truth->known; seq; seq--) {
		const struct sim_row *row = sim_truth_row(truth, seq);
		if (row->made_ms < world->calm_ms)
			return false;
		if (row->body == MU__RECORD__BODY_HEARTBEAT && row->arrived)
			return true;
	}
	return false;
}

// Null, or what is still missing.
static const char *missing(const struct sim_world *world, struct sim_device *device)
{
	struct sim_truth *truth = &device->truth;
	const struct sim_session *session = &world->broker.sessions[device->number];
	if (!device->on)
		return "it is off";
	if (session->connection != device->client.serial || device->client.state != SIM_CLIENT_OPEN)
		return "it is not online";
	if (device->agent.ladder.state != MU_LADDER_CONNECTED)
		return "its ladder is not in state connected";
	if (sim_ledger_through(&world->collector.ledgers[device->number]) + RECENT < truth->known)
		return "it has not sent what it has";
	if (sim_operator_waits(world, device))
		return "a command has no final result";
	return has_fresh_heartbeat(world, truth) ? 0 : "no heartbeat has come since";
}

static void on_look(struct sim_world *world, const struct sim_event *event)
{
	(void)event;
	const char *what = 0;
	struct sim_device *late = 0;
	for (unsigned i = 0; i < world->device_count && !what; i++) {
		late = world->devices[i];
		what = missing(world, late);
	}
	uint64_t limit_ms = LIMIT_MS + (world->password_was_wrong ? PASSWORD_MS : 0);
	if (!what) {
		world->converged_ms = world->now_ms;
		sim_say(world, "world", "all well again after %llu s", (unsigned long long)(world->now_ms - world->calm_ms) / 1000);
	} else if (world->now_ms - world->calm_ms >= limit_ms)
		sim_fail(world, late, "not well %llu s after the last fault: %s", (unsigned long long)limit_ms / 1000, what);
	else
		sim_after(world, PERIOD_MS, on_look, 0, 0, 0);
}

void sim_liveness_begin(struct sim_world *world)
{
	sim_after(world, PERIOD_MS, on_look, 0, 0, 0);
}
