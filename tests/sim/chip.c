// SPDX-License-Identifier: Apache-2.0
#include "tests/sim/chip.h"
#include "muster.pb-c.h"
#include <stdio.h>
#include <string.h>

enum { HEAP_BYTES = 180 * 1024, HEAP_SPREAD_BYTES = 4096, PSRAM_BYTES = 2 * 1024 * 1024, WAVE_S = 97, WAVE_BYTES = 32 };

const struct sim_reset sim_resets[SIM_RESETS] = {
	[SIM_RESET_POWER_ON] = { 1, MU__RESET_CLASS__RESET_POWER_ON, true, true, false, "power-on" },
	[SIM_RESET_SOFTWARE] = { 3, MU__RESET_CLASS__RESET_SOFTWARE, false, false, false, "software" },
	[SIM_RESET_PANIC] = { 4, MU__RESET_CLASS__RESET_CRASH, false, false, true, "panic" },
	[SIM_RESET_INTERRUPT_WATCHDOG] = { 5, MU__RESET_CLASS__RESET_HANG, false, false, true, "interrupt watchdog" },
	[SIM_RESET_TASK_WATCHDOG] = { 6, MU__RESET_CLASS__RESET_HANG, false, false, true, "task watchdog" },
	[SIM_RESET_OTHER_WATCHDOG] = { 7, MU__RESET_CLASS__RESET_HANG, false, false, false, "other watchdog" },
	[SIM_RESET_BROWN_OUT] = { 9, MU__RESET_CLASS__RESET_BROWN_OUT, true, true, false, "brown-out" },
	[SIM_RESET_USB] = { 11, MU__RESET_CLASS__RESET_DEBUG, false, false, false, "usb" },
	[SIM_RESET_POWER_GLITCH] = { 14, MU__RESET_CLASS__RESET_BROWN_OUT, true, true, false, "power glitch" },
	[SIM_RESET_LOCKUP] = { 15, MU__RESET_CLASS__RESET_CRASH, false, false, false, "cpu lock-up" },
};

const char *sim_reset_name(uint32_t raw)
{
	for (unsigned i = 0; i < SIM_RESETS; i++)
		if (sim_resets[i].raw == raw)
			return sim_resets[i].name;
	return "unknown";
}

void sim_chip_init(struct sim_chip *chip, bool rich)
{
	*chip = (struct sim_chip){ .rich = rich };
}

// Where a task crashes is always the same place.
static void write_crash(struct mu_reset_info *reset, const char *task)
{
	uint32_t place = 0x42000000;
	reset->has_crash = true;
	snprintf(reset->task, sizeof reset->task, "%s", task);
	for (const char *c = task; *c; c++)
		place += (uint32_t)*c * 2654u;
	reset->pc = place;
	reset->backtrace_count = 4;
	for (uint32_t i = 0; i < reset->backtrace_count; i++)
		reset->backtrace[i] = place + i * 0x40;
}

void sim_chip_reset(struct sim_chip *chip, enum sim_reset_kind kind, const char *task, struct mu_dice *dice)
{
	const struct sim_reset *how = &sim_resets[kind];
	chip->reset = (struct mu_reset_info){ .reset_raw = how->raw, .rom_reason = { how->raw + 10, chip->rich ? how->raw + 20 : 0 } };
	if (how->has_crash)
		write_crash(&chip->reset, task ? task : "main");
	for (size_t i = 0; how->spoils_memory && i < sizeof chip->retained; i++)
		chip->retained[i] = (uint8_t)mu_dice_u64(dice);
}

void sim_chip_boot(struct sim_chip *chip, struct mu_dice *dice, uint64_t now_ms)
{
	chip->boot_ms = now_ms;
	chip->heap_at_boot_bytes = (uint32_t)(HEAP_BYTES + mu_dice_between(dice, -HEAP_SPREAD_BYTES, HEAP_SPREAD_BYTES)) & ~3u;
	chip->heap_min_bytes = chip->heap_at_boot_bytes;
	chip->leak_bytes_per_s = chip->orphans = 0;
	chip->sockets_high_water = 0;
	chip->session = chip->tls = false; // what somebody else takes stays taken
}

static uint32_t sockets(const struct sim_chip *chip)
{
	return chip->session + chip->orphans;
}

uint32_t sim_chip_heap_free(struct sim_chip *chip, uint64_t now_ms)
{
	uint64_t used = (now_ms / 1000 % WAVE_S) * WAVE_BYTES + chip->pressure_bytes + sockets(chip) * SIM_SOCKET_HEAP_BYTES;
	used += chip->session && chip->tls ? SIM_TLS_HEAP_BYTES : 0;
	if (chip->leak_bytes_per_s && now_ms > chip->leak_from_ms)
		used += (now_ms - chip->leak_from_ms) * chip->leak_bytes_per_s / 1000;
	uint32_t free_bytes = used < chip->heap_at_boot_bytes ? (uint32_t)(chip->heap_at_boot_bytes - used) : 0;
	if (free_bytes < chip->heap_min_bytes)
		chip->heap_min_bytes = free_bytes;
	return free_bytes;
}

static void add_riches(const struct sim_chip *chip, uint64_t second, struct mu_system_vitals *out)
{
	out->has_psram = chip->rich;
	if (!chip->rich)
		return;
	out->psram_free_bytes = PSRAM_BYTES - (uint32_t)(second % 60) * 1024;
	out->psram_min_bytes = PSRAM_BYTES - 59 * 1024;
	out->psram_largest_bytes = out->psram_free_bytes / 2;
	out->cpu_permille[1] = 40 + (uint32_t)(second % 17);
}

void sim_chip_vitals(struct sim_chip *chip, uint64_t now_ms, struct mu_system_vitals *out)
{
	uint64_t second = now_ms / 1000;
	uint32_t free_bytes = sim_chip_heap_free(chip, now_ms);
	if (sockets(chip) > chip->sockets_high_water)
		chip->sockets_high_water = sockets(chip);
	*out = (struct mu_system_vitals){
		.heap_free_bytes = free_bytes,
		.heap_min_bytes = chip->heap_min_bytes,
		.heap_largest_bytes = free_bytes / (chip->fragmented ? 16 : 2),
		.has_temperature = true,
		.temperature_decicelsius = 385 + (int32_t)(second / 60 % 40),
		.has_cpu = true,
		.cpu_permille = { 60 + (uint32_t)(second % 31), 0 },
		.has_stack = true,
		.stack_min_bytes = 1180 + (uint32_t)(second / 60 % 7) * 4,
		.stack_min_task = "app",
		.has_sockets = true,
		.sockets_open = sockets(chip),
		.sockets_limit = SIM_SOCKETS,
		.sockets_high_water = chip->sockets_high_water,
	};
	add_riches(chip, second, out);
}
