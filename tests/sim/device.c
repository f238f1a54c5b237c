// SPDX-License-Identifier: Apache-2.0
#include "tests/sim/device.h"
#include "agent/port/linux/bootloader.h"
#include "tests/sim/oracle.h"
#include "tests/sim/world.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { HEAP_LAST_BYTES = 2048, LIVENESS_MS = 30000, TALK_MS = 120000 };

static const struct mu_link_network networks[] = {
	{ .ssid = "home", .passphrase = "correct horse", .least_auth = MU_LINK_AUTH_WPA2 },
	{ .ssid = "cellar", .passphrase = "battery staple", .hidden = true, .least_auth = MU_LINK_AUTH_WPA2 },
};
static const struct mu_link_own own = { .ssid = "muster-setup", .passphrase = "0123456789", .stations_max = 2 };
static const struct mu_link_config link_config = {
	.networks = networks,
	.network_count = sizeof networks / sizeof *networks,
	.own = &own,
};

struct sim_device *sim_device_new(struct sim_world *world, unsigned number)
{
	struct sim_device *device = calloc(1, sizeof *device);
	if (!device)
		abort();
	device->world = world;
	device->number = number;
	snprintf(device->id, sizeof device->id, "dev-%u", number + 1);
	device->port = sim_port;
	device->port.context = device;
	if (mu_flash_open(&device->flash, &(struct mu_flash_options){ .base = world->factory->flash }) < 0)
		abort();
	if (sim_chance(world, 15)) // one that never had an update: there is nothing to go back to
		(void)mu_flash_erase(device->flash, world->factory->slot0_offset, MU_FLASH_SECTOR_SIZE);
	sim_chip_init(&device->chip, sim_chance(world, 50));
	sim_radio_init(&device->radio, &world->dice);
	device->truth.network_reboot_ms = UINT64_MAX;
	sim_device_reset(device, SIM_RESET_POWER_ON, 0);
	return device;
}

void sim_device_free(struct sim_device *device)
{
	if (!device)
		return;
	mu_flash_close(device->flash);
	sim_truth_free(&device->truth);
	free(device);
}

bool sim_device_carries(const struct sim_device *device)
{
	return device->on && sim_radio_carries(&device->radio);
}

void sim_device_post(struct sim_device *device, const struct mu_event *event)
{
	if (!device->on)
		return;
	if (mu_agent_post(&device->agent, event) >= 0)
		sim_oracle_told(device, event);
	device->agent_due_ms = device->world->now_ms;
}

// ---- into the agent and out again

void sim_device_power_lost(struct sim_device *device)
{
	if (device->inside)
		longjmp(device->way_out, 1);
}

// False: the power went inside of it.
static bool enter(struct sim_device *device, void (*call)(struct sim_device *device))
{
	device->inside = true;
	if (!setjmp(device->way_out))
		call(device);
	device->inside = false;
	return mu_flash_has_power(device->flash);
}

static void lose_power(struct sim_device *device)
{
	bool slowly = sim_chance(device->world, 30);
	sim_say(device->world, device->id, "power cut inside %s", device->sector_text);
	sim_device_reset(device, slowly ? SIM_RESET_BROWN_OUT : SIM_RESET_POWER_ON, 0);
}

// ---- resets

void sim_device_reset(struct sim_device *device, enum sim_reset_kind kind, const char *task)
{
	struct sim_world *world = device->world;
	const struct sim_reset *how = &sim_resets[kind];
	struct sim_boot *boot = &device->truth.next_boot;
	if (kind != SIM_RESET_SOFTWARE)
		*boot = (struct sim_boot){ .cause = boot->excused ? boot->cause : 0 };
	boot->reset_raw = how->raw;
	if (kind != SIM_RESET_SOFTWARE)
		boot->reset_class = how->reset_class;
	sim_client_vanish(device);
	sim_terms_reset(device);
	sim_chip_reset(&device->chip, kind, task, &world->dice);
	snprintf(boot->task, sizeof boot->task, "%s", device->chip.reset.task);
	snprintf(boot->silent, sizeof boot->silent, "%s", device->hung ? device->hung : "");
	if (how->spoils_rtc) {
		mu_virtual_rtc_power_on(&device->rtc);
		device->truth.network_reboot_ms = UINT64_MAX; // the budget lies in the memory that is gone
	}
	mu_flash_power_on(device->flash);
	memset(&device->agent, (int)(mu_dice_u64(&world->dice) | 1), sizeof device->agent);
	memset(&device->application, 0, sizeof device->application);
	device->on = device->frozen = device->restart_asked = device->spool_checked = false;
	device->hung = 0;
	device->talk_ms = TALK_MS;
	device->udp_serial = 0;
	device->resets++;
	device->boot_ms = world->now_ms + (uint64_t)sim_dice(world, SIM_BOOT_MS_MIN, SIM_BOOT_MS_MAX);
	world->counts.resets++;
	sim_say(world, device->id, "reset: %s%s%s", how->name, device->chip.reset.has_crash ? " in " : "", device->chip.reset.task);
}

// ---- a boot

static void start_agent(struct sim_device *device)
{
	struct sim_world *world = device->world;
	struct mu_agent_config config = {
		.id = device->id,
		.firmware = device->firmware.version,
		.broker_uri = world->tls ? "mqtts://broker.example:8883" : "mqtt://broker.example:1883",
		.link = &link_config,
		.ntp_servers = { "ntp1.example", "ntp2.example", "ntp3.example" },
	};
	memcpy(config.elf_sha, device->firmware.app_elf_sha256, sizeof config.elf_sha);
	const char *problem = 0;
	int err = mu_agent_init(&device->agent, &config, &device->port, &problem);
	if (err < 0 && !device->restart_asked)
		sim_fail(world, device, "the agent refuses to start: %s", problem ? problem : mu_err_name(err));
}

static void start_application(struct sim_device *device)
{
	struct mu_traits traits = mu_traits_none();
	mu_application_start(&device->application, &device->agent, &traits, LIVENESS_MS, &device->world->dice);
	device->agent_due_ms = device->world->now_ms;
}

// 0, or negative: no image, or no power.
static int load_image(struct sim_device *device)
{
	static const struct mu_boot_config config = { .rollback = true, .chip_id = MU_APP_IMAGE_CHIP_ESP32C3 };
	struct mu_boot_result result;
	int err = mu_bootloader_run(device->flash, &config, &result);
	if (!err)
		err = mu_flash_partitions_open(&device->partitions, device->flash);
	if (!err)
		err = mu_keyvalue_open(&device->keyvalue, device->flash, device->partitions.keyvalue.offset,
			device->partitions.keyvalue.size);
	device->slot = result.slot;
	device->firmware = result.desc;
	device->flash_at_boot = mu_flash_statistics(device->flash);
	return err;
}

static void boot(struct sim_device *device)
{
	struct sim_world *world = device->world;
	world->counts.boots++;
	snprintf(device->sector_text, sizeof device->sector_text, "the bootloader");
	int err = load_image(device);
	if (!mu_flash_has_power(device->flash)) {
		lose_power(device);
		return;
	}
	if (err < 0) {
		sim_fail(world, device, "brick: the bootloader finds no image: %s", mu_err_name(err));
		return;
	}
	mu_virtual_watchdog_reset(&device->watchdog);
	sim_chip_boot(&device->chip, &world->dice, world->now_ms);
	sim_radio_boot(&device->radio);
	sim_oracle_boots(device);
	device->boot_ms = world->now_ms;
	device->on = true;
	if (!enter(device, start_agent)) {
		sim_oracle_died_booting(device);
		lose_power(device);
		return;
	}
	if (world->failed)
		return;
	sim_oracle_booted(device);
	if (device->restart_asked) {
		sim_oracle_reset(device);
		sim_device_reset(device, SIM_RESET_SOFTWARE, 0);
	} else
		start_application(device);
}

// ---- a run

// Lines that are recorded only if an operator has asked for them.
static void talk(struct sim_device *device)
{
	uint64_t uptime_ms = device->world->now_ms - device->boot_ms;
	if (uptime_ms < device->talk_ms)
		return;
	int level = device->talk_ms / TALK_MS % 2 ? MU__LOG_LEVEL__LOG_INFO : MU__LOG_LEVEL__LOG_DEBUG;
	device->talk_ms = uptime_ms - uptime_ms % TALK_MS + TALK_MS;
	(void)mu_agent_log_line(&device->agent, level, "app", "what=talk", uptime_ms);
}

static void step_agent(struct sim_device *device)
{
	struct sim_world *world = device->world;
	talk(device);
	uint64_t next_ms = mu_agent_step(&device->agent, world->now_ms - device->boot_ms);
	uint64_t due_ms = next_ms > UINT64_MAX - device->boot_ms ? UINT64_MAX : device->boot_ms + next_ms;
	device->agent_due_ms = due_ms > world->now_ms ? due_ms : world->now_ms + 1;
}

static void step_radio(struct sim_device *device)
{
	struct sim_world *world = device->world;
	struct mu_event event;
	while (sim_radio_step(&device->radio, world->now_ms, &event)) {
		static const char *const names[] = { "link joined", "link up", "address lost", "link lost, reason", "scan done, seen" };
		sim_say(world, device->id, "%s %d", names[event.type], (int)event.value);
		sim_cadence_link(device, &event);
		sim_device_post(device, &event);
	}
}

// Ways in which a boot ends without the agent's doing. True if it has.
static bool meet_hazards(struct sim_device *device)
{
	struct sim_world *world = device->world;
	if (world->now_ms >= mu_virtual_watchdog_deadline(&device->watchdog)) {
		sim_device_reset(device, SIM_RESET_TASK_WATCHDOG, "muster");
		return true;
	}
	if (device->chip.leak_bytes_per_s && sim_chip_heap_free(&device->chip, world->now_ms) < HEAP_LAST_BYTES) {
		sim_device_reset(device, SIM_RESET_PANIC, "app"); // an allocation has failed
		return true;
	}
	return false;
}

static void live(struct sim_device *device)
{
	struct sim_world *world = device->world;
	if (meet_hazards(device))
		return;
	step_radio(device);
	if (device->frozen) {
		device->agent_due_ms = UINT64_MAX;
		return;
	}
	mu_application_step(&device->application, &world->dice, world->now_ms - device->boot_ms);
	world->counts.steps++;
	enum mu_ladder_state before = device->agent.ladder.state;
	if (!enter(device, step_agent)) {
		lose_power(device);
		return;
	}
	if (device->agent.ladder.state != before)
		sim_say(world, device->id, "ladder %s -> %s", mu_ladder_state_name(before),
			mu_ladder_state_name(device->agent.ladder.state));
	sim_oracle_step(device);
	if (device->restart_asked) {
		sim_oracle_reset(device);
		sim_device_reset(device, SIM_RESET_SOFTWARE, 0);
	}
}

static uint64_t earlier(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

uint64_t sim_device_due(const struct sim_device *device)
{
	if (!device->on)
		return device->boot_ms;
	uint64_t due_ms = earlier(sim_radio_due(&device->radio), mu_virtual_watchdog_deadline(&device->watchdog));
	if (device->frozen)
		return due_ms;
	due_ms = earlier(due_ms, device->boot_ms + device->application.due_ms);
	return earlier(due_ms, device->agent_due_ms);
}

void sim_device_run(struct sim_device *device)
{
	struct sim_world *world = device->world;
	if (!device->on && world->now_ms >= device->boot_ms)
		boot(device);
	if (device->on && !world->failed)
		live(device);
}
