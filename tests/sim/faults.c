// SPDX-License-Identifier: Apache-2.0
#include "tests/sim/faults.h"
#include "tests/sim/operator.h"
#include "tests/sim/world.h"
#include <string.h>

enum { ON_PERCENT = 35, LATER_ON_PERCENT = 15, PERMYRIAD = 10000 };

// Mean time between two, before the seed makes it rarer or more frequent.
static const struct {
	const char *name;
	int32_t mean_s;
} kinds[SIM_FAULTS] = {
	[SIM_FAULT_POWER_CUT] = { "power-cut", 4 * 3600 },
	[SIM_FAULT_FLASH_CUT] = { "flash-cut", 3 * 3600 },
	[SIM_FAULT_BROWN_OUT] = { "brown-out", 6 * 3600 },
	[SIM_FAULT_PANIC] = { "panic", 4 * 3600 },
	[SIM_FAULT_PANIC_STORM] = { "panic-storm", 12 * 3600 },
	[SIM_FAULT_HANG_TASK] = { "hang-task", 6 * 3600 },
	[SIM_FAULT_HANG_LOOP] = { "hang-loop", 6 * 3600 },
	[SIM_FAULT_LEAK] = { "leak", 8 * 3600 },
	[SIM_FAULT_PRESSURE] = { "pressure", 5 * 3600 },
	[SIM_FAULT_ORPHANS] = { "orphans", 4 * 3600 },
	[SIM_FAULT_PORT] = { "port", 3 * 3600 },
	[SIM_FAULT_PORT_FLASH] = { "port-flash", 6 * 3600 },
	[SIM_FAULT_PORT_KEYVALUE] = { "port-keyvalue", 12 * 3600 },
	[SIM_FAULT_ROT] = { "rot", 8 * 3600 },
	[SIM_FAULT_NO_AP] = { "no-ap", 3 * 3600 },
	[SIM_FAULT_PASSWORD] = { "password", 8 * 3600 },
	[SIM_FAULT_KICK] = { "kick", 3600 },
	[SIM_FAULT_REFUSAL] = { "refusal", 4 * 3600 },
	[SIM_FAULT_DHCP] = { "dhcp", 4 * 3600 },
	[SIM_FAULT_ADDRESS] = { "address", 3 * 3600 },
	[SIM_FAULT_RADIO_WEDGE] = { "radio-wedge", 8 * 3600 },
	[SIM_FAULT_CHIP_WEDGE] = { "chip-wedge", 12 * 3600 },
	[SIM_FAULT_NAMES] = { "names", 4 * 3600 },
	[SIM_FAULT_DEAD_NETWORK] = { "dead-network", 4 * 3600 },
	[SIM_FAULT_HALF_OPEN] = { "half-open", 2 * 3600 },
	[SIM_FAULT_STALLS] = { "stalls", 3 * 3600 },
	[SIM_FAULT_BROKER] = { "broker", 4 * 3600 },
	[SIM_FAULT_BROKER_DROPS] = { "broker-drops", 2 * 3600 },
	[SIM_FAULT_BROKER_REFUSES] = { "broker-refuses", 6 * 3600 },
	[SIM_FAULT_COLLECTOR] = { "collector", 8 * 3600 },
	[SIM_FAULT_COLLECTOR_CRASH] = { "collector-crash", 2 * 3600 },
	[SIM_FAULT_RESTORE] = { "restore", 8 * 3600 },
	[SIM_FAULT_ACKS] = { "acks", 3 * 3600 },
	[SIM_FAULT_RETRY_AFTER] = { "retry-after", 4 * 3600 },
	[SIM_FAULT_CLOCK] = { "clock", 4 * 3600 },
	[SIM_FAULT_SNTP] = { "sntp", 3 * 3600 },
	[SIM_FAULT_COMMAND] = { "command", 2 * 3600 },
	[SIM_FAULT_FORGERY] = { "forgery", 3 * 3600 },
	[SIM_FAULT_KEYVALUE_BLIND] = { "keyvalue-blind", 12 * 3600 },
	[SIM_FAULT_LATE_COMMAND] = { "late-command", 2 * 3600 },
	[SIM_FAULT_DEAF_BROKER] = { "deaf-broker", 2 * 3600 },
	[SIM_FAULT_SLOW_TASK] = { "slow-task", 3 * 3600 },
};

const char *sim_fault_name(enum sim_fault_kind kind)
{
	return kinds[kind].name;
}

static int find(const char *name, int size)
{
	for (int kind = 0; kind < SIM_FAULTS; kind++)
		if ((int)strlen(kinds[kind].name) == size && !strncmp(kinds[kind].name, name, (size_t)size))
			return kind;
	return -1;
}

int sim_faults_parse(const char *text, uint64_t *bits, const char **bad, int *bad_size)
{
	*bits = 0;
	if (!strcmp(text, "none"))
		return 0;
	if (!strcmp(text, "all")) {
		*bits = SIM_FAULTS_ALL;
		return 0;
	}
	for (const char *name = text; *name; name += *bad_size + (name[*bad_size] == ',')) {
		*bad_size = (int)strcspn(name, ",");
		int kind = find(name, *bad_size);
		*bad = name;
		if (kind < 0)
			return -1;
		*bits |= UINT64_C(1) << kind;
	}
	return 0;
}

// ---- a life

static void on_fault(struct sim_world *world, const struct sim_event *event);

static void plan(struct sim_world *world, int kind)
{
	sim_after(world, (uint64_t)sim_dice(world, 1, 2 * world->faults.mean_s[kind]) * 1000, on_fault, 0, (uint64_t)kind, 0);
}

static void on_fault(struct sim_world *world, const struct sim_event *event)
{
	int kind = (int)event->number;
	struct sim_device *device = world->devices[sim_dice(world, 0, (int32_t)world->device_count - 1)];
	if (world->now_ms >= world->calm_ms)
		return;
	world->counts.faults[kind]++;
	(sim_faults_chip[kind] ? sim_faults_chip[kind] : sim_faults_net[kind])(world, device);
	plan(world, kind);
}

void sim_faults_begin(struct sim_world *world)
{
	struct sim_faults *faults = &world->faults;
	for (int kind = 0; kind < SIM_FAULTS; kind++) {
		bool is_later = kind > SIM_FAULT_FORGERY;
		struct mu_dice before = world->dice;
		for (int earlier = SIM_FAULT_KEYVALUE_BLIND; earlier < kind; earlier++)
			(void)mu_dice_u64(&world->dice); // or all later kinds that are off would roll the same
		bool on = sim_chance(world, is_later ? LATER_ON_PERCENT : ON_PERCENT);
		int32_t sixteenths = 1 << sim_dice(world, 0, 5); // 1/16 .. 2 times the mean
		faults->on[kind] = world->options.faults >> kind & 1 && (on || world->options.every_fault);
		faults->mean_s[kind] = kinds[kind].mean_s / 16 * sixteenths;
		if (!faults->on[kind]) {
			world->dice = is_later ? before : world->dice;
			continue;
		}
		sim_say(world, "world", "fault %s, about every %d s", kinds[kind].name, (int)faults->mean_s[kind]);
		plan(world, kind);
	}
}

static void mend_device(struct sim_world *world, struct sim_device *device)
{
	mu_flash_cut_at(device->flash, &(struct mu_flash_cut){ 0 });
	device->chip.leak_bytes_per_s = device->chip.pressure_bytes = 0;
	device->chip.fragmented = false;
	device->storm = 0;
	for (int i = 0; i < SIM_ACCESS_POINTS; i++)
		sim_radio_present(&device->radio, i, true, world->now_ms);
	device->radio.air = (struct sim_air){ 0 };
}

void sim_faults_calm(struct sim_world *world)
{
	for (unsigned i = 0; i < world->device_count; i++)
		mend_device(world, world->devices[i]);
	memset(world->faults.port_permyriad, 0, sizeof world->faults.port_permyriad);
	world->faults.sntp = SIM_SNTP_GOOD;
	world->network.dead = world->network.names_dead = false;
	world->network.stall_percent = 0;
	world->network.latency_ms = SIM_LATENCY_MS;
	struct sim_collector *collector = &world->collector;
	collector->ack_lost_percent = collector->ack_late_percent = collector->ack_double_percent = 0;
	collector->retry_after_s = 0;
	collector->clock_error_ms = 0;
	world->broker.refuses = false;
	if (!collector->up)
		sim_collector_start(world);
	if (world->broker.down)
		sim_broker_start(world);
	sim_operator_calm(world);
}

// ---- port calls

// What a failed call means for what the agent can know.
static void excuse(struct sim_device *device, enum sim_port_call call)
{
	struct sim_truth *truth = &device->truth;
	if (call == SIM_CALL_KEYVALUE || call == SIM_CALL_KEYVALUE_GET) {
		truth->count_may_lie = true;
		sim_terms_store_failed(device);
	}
	if (call == SIM_CALL_READ || call == SIM_CALL_WRITE)
		truth->flash_may_lie = true;
	if (call == SIM_CALL_RESET_INFO)
		truth->next_boot.excused = true;
}

bool sim_fault_port(struct sim_device *device, enum sim_port_call call)
{
	struct sim_world *world = device->world;
	int32_t permyriad = world->faults.port_permyriad[call];
	if (!permyriad || device->quiet || sim_dice(world, 0, PERMYRIAD - 1) >= permyriad)
		return false;
	excuse(device, call);
	return true;
}
