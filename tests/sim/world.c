// SPDX-License-Identifier: Apache-2.0
#include "tests/sim/world.h"
#include "tests/sim/liveness.h"
#include "tests/sim/oracle.h"
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

enum { HOUR_MS = 3600000, CALM_MS = 1800000 };

// ---- for all parts

void sim_after(struct sim_world *world, uint64_t delay_ms, void (*run)(struct sim_world *world, const struct sim_event *event),
	void *subject, uint64_t number, struct sim_packet *packet)
{
	sim_queue_put(&world->queue,
		&(struct sim_event){ .due_ms = world->now_ms + delay_ms,
			.run = run,
			.subject = subject,
			.number = number,
			.packet = packet });
}

int32_t sim_dice(struct sim_world *world, int32_t low, int32_t high)
{
	return mu_dice_between(&world->dice, low, high);
}

bool sim_chance(struct sim_world *world, int32_t percent)
{
	return percent > 0 && sim_dice(world, 0, 99) < percent;
}

uint64_t sim_wall_ms(const struct sim_world *world)
{
	return SIM_WALL_MS + world->now_ms;
}

void sim_fail(struct sim_world *world, const struct sim_device *device, const char *format, ...)
{
	if (world->failed)
		return;
	world->failed = true;
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(world->complaint, sizeof world->complaint, format, arguments);
	va_end(arguments);
	sim_say(world, device ? device->id : "world", "VIOLATION: %s", world->complaint);
}

// ---- a life

static void on_calm(struct sim_world *world, const struct sim_event *event)
{
	(void)event;
	sim_say(world, "world", "calm: no more faults");
	sim_faults_calm(world);
	sim_liveness_begin(world);
}

struct sim_world *sim_world_open(const struct sim_factory *factory, const struct sim_options *options)
{
	struct sim_world *world = calloc(1, sizeof *world);
	if (!world)
		abort();
	world->factory = factory;
	world->options = *options;
	world->end_ms = options->life_ms ? options->life_ms : UINT64_C(24) * HOUR_MS;
	world->calm_ms = world->end_ms > 2 * CALM_MS ? world->end_ms - CALM_MS : world->end_ms / 2;
	world->network.latency_ms = SIM_LATENCY_MS;
	mu_dice_init(&world->dice, options->seed);
	mu_dice_init(&world->dice, mu_dice_u64(&world->dice)); // else neighbours would roll the same numbers one place apart
	sim_story_init(&world->story, options->story);
	world->tls = sim_chance(world, 50);
	world->device_count = options->devices ? options->devices : 1;
	for (unsigned i = 0; i < world->device_count; i++)
		world->devices[i] = sim_device_new(world, i);
	sim_collector_start(world);
	sim_faults_begin(world);
	sim_after(world, world->calm_ms, on_calm, 0, 0, 0);
	return world;
}

void sim_world_close(struct sim_world *world)
{
	if (!world)
		return;
	sim_operator_free(world);
	for (unsigned i = 0; i < world->device_count; i++)
		sim_device_free(world->devices[i]);
	sim_queue_free(&world->queue);
	sim_broker_free(&world->broker);
	sim_collector_free(&world->collector);
	free(world);
}

static uint64_t next_due(const struct sim_world *world)
{
	uint64_t due_ms = sim_queue_due(&world->queue);
	for (unsigned i = 0; i < world->device_count; i++) {
		uint64_t device_ms = sim_device_due(world->devices[i]);
		due_ms = device_ms < due_ms ? device_ms : due_ms;
	}
	return due_ms;
}

static void run_events(struct sim_world *world)
{
	while (!world->failed && sim_queue_due(&world->queue) <= world->now_ms) {
		struct sim_event event = sim_queue_take(&world->queue);
		event.run(world, &event);
		sim_packet_free(event.packet);
	}
}

static void run_devices(struct sim_world *world)
{
	for (unsigned i = 0; i < world->device_count && !world->failed; i++)
		if (sim_device_due(world->devices[i]) <= world->now_ms)
			sim_device_run(world->devices[i]);
}

void sim_world_run(struct sim_world *world)
{
	while (!world->failed) {
		uint64_t due_ms = next_due(world);
		if (due_ms > world->end_ms)
			break;
		if (due_ms > world->now_ms)
			world->now_ms = due_ms;
		run_events(world);
		run_devices(world);
	}
	if (!world->failed && !world->converged_ms)
		sim_fail(world, 0, "the life ended before all was well again");
	for (unsigned i = 0; i < world->device_count && !world->failed; i++)
		sim_oracle_end(world->devices[i]);
}
