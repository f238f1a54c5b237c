// SPDX-License-Identifier: Apache-2.0
// One simulated device: a flash with two slots, a bootloader, RAM that a reset destroys, a radio, an MQTT client, and the real agent on top.
//
// The third port of the agent (port.c). A power cut inside a flash operation ends the agent's step there and then (longjmp): nothing that
// it would have done after it happens.
// Memory: one allocation a device. Thread: one at a time. Time: milliseconds of the world.
#ifndef TESTS_SIM_DEVICE_H
#define TESTS_SIM_DEVICE_H
#include "agent/agent_state.h"
#include "agent/image/app_desc.h"
#include "agent/port/linux/application.h"
#include "agent/port/linux/clock.h"
#include "agent/port/linux/flash_partitions.h"
#include "agent/port/linux/keyvalue.h"
#include "agent/port/linux/watchdog.h"
#include "tests/sim/cadence.h"
#include "tests/sim/chip.h"
#include "tests/sim/claims.h"
#include "tests/sim/client.h"
#include "tests/sim/flow.h"
#include "tests/sim/radio.h"
#include "tests/sim/stamps.h"
#include "tests/sim/terms.h"
#include "tests/sim/truth.h"
#include <setjmp.h>
#include <stdbool.h>
#include <stdint.h>

enum { SIM_BOOT_MS_MIN = 300, SIM_BOOT_MS_MAX = 900 };

struct sim_device {
	struct sim_world *world;
	unsigned number; // 0 ..
	char id[MU_ID_MAX + 1];
	struct mu_port port;
	struct mu_agent agent;

	// What outlives a reset.
	struct mu_flash_image *flash;
	struct sim_chip chip;
	struct sim_radio radio;
	struct mu_virtual_rtc rtc;
	struct sim_client client;
	struct sim_truth truth;
	struct sim_terms terms;

	unsigned storm; // panics still to come, soon after each boot
	uint64_t resets; // counts them, so that an event knows whether its boot is over

	// Of this boot.
	bool on; // the agent lives; otherwise the bootloader is due at boot_ms
	bool inside; // the agent is being called
	bool restart_asked, panic_asked;
	bool spool_checked; // its numbers were compared with those before
	bool quiet; // the oracle is looking: nothing fails
	bool frozen; // the health loop stands still ...
	uint64_t frozen_ms; // ... since then
	struct sim_cadence cadence;
	struct sim_claims claims;
	struct sim_flow flow;
	struct sim_stamps stamps;
	const char *hung; // a task of the application that checks in no more; null: none
	uint64_t boot_ms, agent_due_ms;
	uint64_t talk_ms; // uptime at which the application says its next line
	int slot;
	struct mu_app_desc firmware; // that runs
	struct mu_flash_partitions partitions;
	struct mu_keyvalue keyvalue;
	struct mu_virtual_watchdog watchdog;
	struct mu_application application;
	struct mu_flash_statistics flash_at_boot;
	uint64_t cpu_us;
	uint64_t udp_serial; // of the request under way; 0: none
	jmp_buf way_out; // of the agent, when the power goes
	char sector_text[48]; // where the power went
};

struct sim_device *sim_device_new(struct sim_world *world, unsigned number);
void sim_device_free(struct sim_device *device);

// To be called when it is due: boots, steps, resets.
void sim_device_run(struct sim_device *device);
uint64_t sim_device_due(const struct sim_device *device);

void sim_device_reset(struct sim_device *device, enum sim_reset_kind kind, const char *task);
void sim_device_post(struct sim_device *device, const struct mu_event *event); // ignored while it is off
bool sim_device_carries(const struct sim_device *device);
void sim_device_power_lost(struct sim_device *device); // inside a port call: does not return

extern const struct mu_port sim_port; // the tables, without a context

#endif
