// SPDX-License-Identifier: Apache-2.0
// A world: devices, network, broker, collector, and what goes wrong with them, all decided by one seed, in virtual time.
//
//   life: 0 ──── faults, as the seed says ──── calm_ms ── no faults: all must be well within 10 minutes ── end_ms
//
// The oracle (oracle.h) looks at each thing that happens; the first violation ends the life and is in `complaint`.
// Memory: one allocation a world. Thread: one at a time for a world; worlds do not know each other.
#ifndef TESTS_SIM_WORLD_H
#define TESTS_SIM_WORLD_H
#include "tests/sim/broker.h"
#include "tests/sim/collector.h"
#include "tests/sim/device.h"
#include "tests/sim/explain.h"
#include "tests/sim/faults.h"
#include "tests/sim/operator.h"
#include "tests/sim/queue.h"
#include "tests/sim/story.h"
#include <stdio.h>

#define SIM_WALL_MS UINT64_C(1790000000000) // Unix time at the beginning of each world

enum { SIM_LATENCY_MS = 20 };

// What all worlds share: the flash as it leaves the factory. Made once.
struct sim_factory {
	struct mu_flash_image *flash; // 1.1.0 runs in slot 1, 1.0.0 lies in slot 0
	struct mu_keyset keys; // release, operator, collector
	uint32_t slot0_offset;
};
int sim_factory_open(struct sim_factory *factory); // 0 or negative enum mu_err
void sim_factory_close(struct sim_factory *factory);

struct sim_options {
	uint64_t seed;
	uint64_t life_ms; // 0: 24 h
	unsigned devices; // 0: 1
	uint64_t faults; // bits by enum sim_fault_kind: of these the seed chooses
	bool every_fault; // ... all
	FILE *story; // null: not printed
};

struct sim_counts {
	uint64_t boots, resets, records, duplicates, gaps, acks, commands, steps, network_reboots;
	uint64_t faults[SIM_FAULTS];
	uint64_t fields_seen[SIM_HEARTBEAT_PARTS]; // a bit a field of each part of a Heartbeat (explain.h)
};

struct sim_network {
	int32_t latency_ms;
	int32_t stall_percent, stall_ms; // loss: so many packets come so much later
	bool dead; // what is sent vanishes
	bool names_dead;
};

struct sim_world {
	const struct sim_factory *factory;
	struct sim_options options;
	uint64_t now_ms, calm_ms, end_ms;
	struct mu_dice dice;
	struct sim_queue queue;
	struct sim_story story;
	struct sim_faults faults;
	struct sim_network network;
	struct sim_broker broker;
	struct sim_collector collector;
	struct sim_orders orders[SIM_DEVICES_MAX];
	struct sim_device *devices[SIM_DEVICES_MAX];
	unsigned device_count;
	struct sim_counts counts;
	bool failed;
	char complaint[256];
	uint64_t converged_ms; // after calm_ms; 0: not yet
	bool tls; // mqtts
	bool password_was_wrong; // shortly before the calm
	uint64_t udp_serials;
};

struct sim_world *sim_world_open(const struct sim_factory *factory, const struct sim_options *options);
void sim_world_close(struct sim_world *world);
void sim_world_run(struct sim_world *world); // the whole life, or up to the first complaint

// For all parts of a world.
void sim_after(struct sim_world *world, uint64_t delay_ms, void (*run)(struct sim_world *world, const struct sim_event *event),
	void *subject, uint64_t number, struct sim_packet *packet); // takes the packet
int32_t sim_dice(struct sim_world *world, int32_t low, int32_t high);
bool sim_chance(struct sim_world *world, int32_t percent);
uint64_t sim_wall_ms(const struct sim_world *world); // the true Unix time
__attribute__((format(printf, 3, 4))) void sim_fail(struct sim_world *world, const struct sim_device *device, const char *format, ...);

#define sim_say(world, who, ...) sim_tell(&(world)->story, (world)->now_ms, who, __VA_ARGS__)

#endif
