// SPDX-License-Identifier: Apache-2.0
// What goes wrong inside a device.
#include "tests/sim/faults.h"
#include "tests/sim/operator.h"
#include "tests/sim/world.h"

enum { SPOOL_BYTES = 0x20000, LOOP_LIMIT_MS = 32000, TOKEN_LIMIT_MS = 37000, REPLAY_MS = 15000, ALL_CALLS = 10000, SLOW_CHECK_INS = 4 };

static void power_cut(struct sim_world *world, struct sim_device *device)
{
	(void)world;
	sim_device_reset(device, SIM_RESET_POWER_ON, 0);
}

// Inside one of the next flash operations; how much of it takes effect is random, down to single bits.
static void flash_cut(struct sim_world *world, struct sim_device *device)
{
	struct mu_flash_cut cut = {
		.at_operation = (uint64_t)sim_dice(world, 1, sim_chance(world, 70) ? 4 : 60),
		.bytes_done = (uint32_t)sim_dice(world, 0, sim_chance(world, 50) ? 40 : 4200),
		.bits = (uint8_t)sim_dice(world, 0, 255),
	};
	mu_flash_cut_at(device->flash, &cut);
	if (!device->on || sim_chance(world, 70))
		return;
	sim_device_reset(device, SIM_RESET_PANIC, "app"); // so that it hits the work of a boot
	mu_flash_cut_at(device->flash, &cut);
}

static void brown_out(struct sim_world *world, struct sim_device *device)
{
	sim_device_reset(device, sim_chance(world, 70) ? SIM_RESET_BROWN_OUT : SIM_RESET_POWER_GLITCH, 0);
}

static void crash(struct sim_world *world, struct sim_device *device)
{
	static const enum sim_reset_kind kinds[] = { SIM_RESET_PANIC, SIM_RESET_PANIC, SIM_RESET_INTERRUPT_WATCHDOG,
		SIM_RESET_OTHER_WATCHDOG, SIM_RESET_LOCKUP, SIM_RESET_USB };
	static const char *const tasks[] = { "app", "wifi", "tiT", "main" };
	if (device->on)
		sim_device_reset(device, kinds[sim_dice(world, 0, 5)], tasks[sim_dice(world, 0, 3)]);
}

static void on_storm(struct sim_world *world, const struct sim_event *event)
{
	struct sim_device *device = event->subject;
	if (!device->storm)
		return;
	device->storm--;
	if (device->on)
		sim_device_reset(device, SIM_RESET_PANIC, "app");
	sim_after(world, (uint64_t)sim_dice(world, 900, 40000), on_storm, device, 0, 0);
}

static void panic_storm(struct sim_world *world, struct sim_device *device)
{
	if (device->storm)
		return;
	device->storm = (unsigned)sim_dice(world, 3, sim_chance(world, 20) ? 60 : 9);
	sim_after(world, 1, on_storm, device, 0, 0);
}

// ---- hangs: each has an end that the agent or the hardware must have found by then

static void on_token_over(struct sim_world *world, const struct sim_event *event)
{
	struct sim_device *device = event->subject;
	if (device->resets == event->number && device->on && !device->frozen)
		sim_fail(world, device, "task \"%s\" hangs, and nobody has done anything about it", device->hung);
}

static void hang_task(struct sim_world *world, struct sim_device *device)
{
	struct mu_application *application = &device->application;
	if (!device->on || device->frozen || device->hung || !application->count)
		return;
	unsigned task = (unsigned)sim_dice(world, 0, (int32_t)application->count - 1);
	application->hang_ms = world->now_ms - device->boot_ms;
	application->tasks[task].hangs = true;
	device->hung = application->tasks[task].name;
	sim_say(world, device->id, "task \"%s\" hangs", device->hung);
	sim_after(world, TOKEN_LIMIT_MS, on_token_over, device, device->resets, 0);
}

// It has checked in: nobody may blame it any more.
static void on_task_is_back(struct sim_world *world, const struct sim_event *event)
{
	struct sim_device *device = event->subject;
	(void)world;
	if (device->resets != event->number || !device->on || device->frozen)
		return;
	device->hung = 0;
	sim_claims_slow(device);
}

static void on_task_goes_on(struct sim_world *world, const struct sim_event *event)
{
	struct sim_device *device = event->subject;
	struct mu_application *application = &device->application;
	if (device->resets != event->number || !device->on || device->frozen)
		return;
	application->hang_ms = UINT64_MAX;
	for (unsigned i = 0; i < application->count; i++)
		application->tasks[i].hangs = false;
	sim_after(world, (uint64_t)application->period_ms + 1000, on_task_is_back, device, device->resets, 0);
}

// Misses so many check-ins that it is only just in time for its deadline.
static void slow_task(struct sim_world *world, struct sim_device *device)
{
	struct mu_application *application = &device->application;
	uint64_t due_ms = device->boot_ms + application->due_ms;
	if (!device->on || device->frozen || device->hung || !application->count || due_ms < world->now_ms)
		return;
	application->hang_ms = world->now_ms - device->boot_ms;
	application->tasks[0].hangs = true;
	device->hung = application->tasks[0].name;
	sim_say(world, device->id, "task \"%s\" is slow", device->hung);
	sim_after(world, due_ms + (SLOW_CHECK_INS - 1) * (uint64_t)application->period_ms + 1 - world->now_ms, on_task_goes_on, device,
		device->resets, 0);
}

static void on_loop_over(struct sim_world *world, const struct sim_event *event)
{
	struct sim_device *device = event->subject;
	if (device->resets == event->number && device->frozen)
		sim_fail(world, device, "the health loop hangs, and the hardware watchdog has not bitten");
}

static void hang_loop(struct sim_world *world, struct sim_device *device)
{
	if (!device->on || device->frozen)
		return;
	device->frozen = true;
	device->frozen_ms = world->now_ms;
	sim_say(world, device->id, "the health loop hangs");
	sim_after(world, LOOP_LIMIT_MS, on_loop_over, device, device->resets, 0);
}

// ---- heap and sockets

static void leak(struct sim_world *world, struct sim_device *device)
{
	device->chip.leak_bytes_per_s = 16u << sim_dice(world, 0, 10);
	device->chip.leak_from_ms = world->now_ms;
	sim_say(world, device->id, "leaks %u bytes a second", device->chip.leak_bytes_per_s);
}

static void on_pressure_over(struct sim_world *world, const struct sim_event *event)
{
	struct sim_device *device = event->subject;
	(void)world;
	device->chip.pressure_bytes = 0;
	device->chip.fragmented = false;
}

static void pressure(struct sim_world *world, struct sim_device *device)
{
	uint32_t left = (uint32_t)sim_dice(world, 8, 60) * 1024;
	uint32_t has = sim_chip_heap_free(&device->chip, world->now_ms) + device->chip.pressure_bytes;
	device->chip.pressure_bytes = has > left ? has - left : 0;
	device->chip.fragmented = sim_chance(world, 30);
	sim_say(world, device->id, "somebody takes heap: %u bytes are left%s", left, device->chip.fragmented ? ", in pieces" : "");
	sim_after(world, (uint64_t)sim_dice(world, 30, 4 * 3600) * 1000, on_pressure_over, device, 0, 0);
}

static void orphans(struct sim_world *world, struct sim_device *device)
{
	uint32_t room = SIM_SOCKETS - 2 - device->chip.orphans;
	if (device->on && room)
		device->chip.orphans += (uint32_t)sim_dice(world, 1, (int32_t)room);
}

// ---- port calls, flash

static void on_port_over(struct sim_world *world, const struct sim_event *event)
{
	world->faults.port_permyriad[event->number] = 0;
}

static void fail_calls(struct sim_world *world, enum sim_port_call call, int32_t permyriad)
{
	world->faults.port_permyriad[call] = permyriad;
	sim_after(world, (uint64_t)sim_dice(world, 10, 1800) * 1000, on_port_over, 0, call, 0);
}

static void port(struct sim_world *world, struct sim_device *device)
{
	static const enum sim_port_call calls[] = { SIM_CALL_OTHER, SIM_CALL_OTHER, SIM_CALL_RESET_INFO, SIM_CALL_RANDOM };
	(void)device;
	fail_calls(world, calls[sim_dice(world, 0, 3)], 1 << sim_dice(world, 4, 13));
}

static void port_flash(struct sim_world *world, struct sim_device *device)
{
	(void)device;
	fail_calls(world, sim_chance(world, 50) ? SIM_CALL_READ : SIM_CALL_WRITE, 1 << sim_dice(world, 2, 9));
}

static void port_keyvalue(struct sim_world *world, struct sim_device *device)
{
	(void)device;
	fail_calls(world, SIM_CALL_KEYVALUE, 1 << sim_dice(world, 6, 13));
}

static void on_replay(struct sim_world *world, const struct sim_event *event)
{
	if (!world->faults.port_permyriad[SIM_CALL_KEYVALUE_GET])
		return;
	sim_operator_replay(world, event->subject);
	sim_after(world, REPLAY_MS, on_replay, event->subject, 0, 0);
}

// A boot finds nothing of what was remembered, though it is there and can be written over, and somebody has kept the old commands.
static void keyvalue_blind(struct sim_world *world, struct sim_device *device)
{
	sim_say(world, device->id, "reads nothing from its key-value store");
	fail_calls(world, SIM_CALL_KEYVALUE_GET, ALL_CALLS);
	if (device->on)
		sim_device_reset(device, SIM_RESET_PANIC, "app");
	sim_after(world, REPLAY_MS, on_replay, device, 0, 0);
}

// Cells that have lost their charge, somewhere in the spool.
static void rot(struct sim_world *world, struct sim_device *device)
{
	uint8_t cells[8];
	const struct mu_partition_entry *part = &device->partitions.parts[MU_PART_SPOOL];
	if (!device->on)
		return;
	for (unsigned i = 0; i < sizeof cells; i++)
		cells[i] = (uint8_t)sim_dice(world, 0, 255);
	uint32_t at = (uint32_t)sim_dice(world, 0, SPOOL_BYTES - (int32_t)sizeof cells);
	sim_say(world, device->id, "flash rots in spool sector %u", at / MU_SECTOR_BYTES);
	device->truth.flash_may_lie = true;
	(void)mu_flash_program(device->flash, part->offset + at, cells, (size_t)sim_dice(world, 1, sizeof cells));
}

const sim_fault_function sim_faults_chip[SIM_FAULTS] = {
	[SIM_FAULT_POWER_CUT] = power_cut,
	[SIM_FAULT_FLASH_CUT] = flash_cut,
	[SIM_FAULT_BROWN_OUT] = brown_out,
	[SIM_FAULT_PANIC] = crash,
	[SIM_FAULT_PANIC_STORM] = panic_storm,
	[SIM_FAULT_HANG_TASK] = hang_task,
	[SIM_FAULT_HANG_LOOP] = hang_loop,
	[SIM_FAULT_LEAK] = leak,
	[SIM_FAULT_PRESSURE] = pressure,
	[SIM_FAULT_ORPHANS] = orphans,
	[SIM_FAULT_PORT] = port,
	[SIM_FAULT_PORT_FLASH] = port_flash,
	[SIM_FAULT_PORT_KEYVALUE] = port_keyvalue,
	[SIM_FAULT_ROT] = rot,
	[SIM_FAULT_KEYVALUE_BLIND] = keyvalue_blind,
	[SIM_FAULT_SLOW_TASK] = slow_task,
};
