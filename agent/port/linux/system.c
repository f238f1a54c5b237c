// SPDX-License-Identifier: Apache-2.0
#include "agent/port/linux/system.h"
#include "agent/image/app_image.h"
#include <stdio.h>
#include <string.h>

// Codes of the ROM (esp_rom rtc.h of the ESP32-C3) that go with a raw reset reason, and its name.
static const struct {
	uint32_t raw, rom;
	const char *name;
} reasons[] = {
	{ MU_RESET_RAW_POWERON, 1, "power_on" },   { MU_RESET_RAW_SW, 3, "software" },       { MU_RESET_RAW_PANIC, 3, "panic" },
	{ MU_RESET_RAW_TASK_WDT, 3, "watchdog" },  { MU_RESET_RAW_BROWNOUT, 15, "brown_out" },
};
enum { REASONS = sizeof reasons / sizeof *reasons };

const char *mu_reset_raw_name(uint32_t raw)
{
	for (unsigned i = 0; i < REASONS; i++)
		if (reasons[i].raw == raw)
			return reasons[i].name;
	return "unknown";
}

static const struct mu_hardware hardwares[] = {
	{ "esp32c3", "esp32c3-0.4", MU_APP_IMAGE_CHIP_ESP32C3, 1, MU_HEAP_FREE_BYTES, 0 },
	{ "esp32s3-psram", "esp32s3-0.2", MU_APP_IMAGE_CHIP_ESP32S3, 2, 230 * 1024, 8000 * 1024 },
};

const struct mu_hardware *mu_hardware_find(const char *name)
{
	for (size_t i = 0; i < sizeof hardwares / sizeof *hardwares; i++)
		if (!name || !strcmp(hardwares[i].name, name))
			return &hardwares[i];
	return 0;
}

const char *mu_hardware_names(void)
{
	return "esp32c3, esp32s3-psram";
}

void mu_virtual_system_init(struct mu_virtual_system *system, const struct mu_hardware *hardware, uint64_t seed)
{
	memset(system, 0, sizeof *system);
	system->hardware = hardware ? hardware : mu_hardware_find(0);
	mu_dice_init(&system->dice, seed);
}

static void spoil_retained(struct mu_virtual_system *system)
{
	for (size_t i = 0; i < sizeof system->retained; i++)
		system->retained[i] = (uint8_t)mu_dice_u64(&system->dice);
}

// Addresses in the flash-mapped code of an ESP32-C3, always the same for the same task.
static void record_crash(struct mu_reset_info *reset, const char *task)
{
	struct mu_dice dice;
	uint64_t seed = 0;
	memcpy(&seed, task, strlen(task) < sizeof seed ? strlen(task) : sizeof seed);
	mu_dice_init(&dice, seed);
	reset->has_crash = true;
	snprintf(reset->task, sizeof reset->task, "%s", task);
	reset->backtrace_count = 5;
	for (uint32_t i = 0; i < reset->backtrace_count; i++)
		reset->backtrace[i] = 0x42000000u + ((uint32_t)mu_dice_u64(&dice) & 0xFFFFEu);
	reset->pc = reset->backtrace[0];
}

void mu_virtual_system_reset(struct mu_virtual_system *system, uint32_t raw, const char *crash_task)
{
	system->reset = (struct mu_reset_info){ .reset_raw = raw };
	for (unsigned i = 0; i < REASONS; i++)
		if (reasons[i].raw == raw)
			for (unsigned core = 0; core < system->hardware->cores; core++)
				system->reset.rom_reason[core] = reasons[i].rom;
	if (crash_task)
		record_crash(&system->reset, crash_task);
	if (raw == MU_RESET_RAW_POWERON || raw == MU_RESET_RAW_BROWNOUT)
		spoil_retained(system);
}

void mu_virtual_system_boot(struct mu_virtual_system *system, uint32_t leak_bytes_per_s, uint64_t now_ms)
{
	mu_virtual_heap_boot(&system->heap, system->hardware->heap_bytes, leak_bytes_per_s, &system->dice, now_ms);
	mu_walk_init(&system->temperature, &system->dice, 380, 430, now_ms);
	mu_walk_init(&system->load, &system->dice, 60, 140, now_ms);
	mu_walk_init(&system->load1, &system->dice, 20, 90, now_ms);
	mu_walk_init(&system->psram, &system->dice, 0, 64, now_ms);
	system->psram_min_bytes = system->hardware->psram_bytes;
	mu_walk_init(&system->stack, &system->dice, 1180, 1220, now_ms);
	system->sockets = system->sockets_high_water = 0;
}

void mu_virtual_system_sockets(struct mu_virtual_system *system, unsigned sockets, unsigned tls_sessions)
{
	mu_virtual_heap_sockets(&system->heap, sockets, tls_sessions);
	system->sockets = sockets;
	if (sockets > system->sockets_high_water)
		system->sockets_high_water = sockets;
}

// What the application has in its external RAM wanders; it is in one piece but for a few crumbs.
static void fill_psram(struct mu_virtual_system *system, uint64_t now_ms, struct mu_system_vitals *out)
{
	enum { USE_UNIT_BYTES = 4096, CRUMBS_BYTES = 20480 };
	if (!system->hardware->psram_bytes)
		return;
	uint32_t used = (uint32_t)mu_walk_value(&system->psram, &system->dice, now_ms) * USE_UNIT_BYTES;
	out->has_psram = true;
	out->psram_free_bytes = system->hardware->psram_bytes - used;
	if (out->psram_free_bytes < system->psram_min_bytes)
		system->psram_min_bytes = out->psram_free_bytes;
	out->psram_min_bytes = system->psram_min_bytes;
	out->psram_largest_bytes = out->psram_free_bytes - CRUMBS_BYTES;
}

void mu_virtual_system_vitals(struct mu_virtual_system *system, uint64_t now_ms, struct mu_system_vitals *out)
{
	uint32_t free_bytes = mu_virtual_heap_free(&system->heap, &system->dice, now_ms);
	*out = (struct mu_system_vitals){
		.heap_free_bytes = free_bytes,
		.heap_min_bytes = system->heap.min_bytes,
		.heap_largest_bytes = mu_virtual_heap_largest(&system->heap, free_bytes, now_ms),
		.has_temperature = true,
		.temperature_decicelsius = mu_walk_value(&system->temperature, &system->dice, now_ms),
		.has_cpu = true,
		.cpu_permille = { (uint32_t)mu_walk_value(&system->load, &system->dice, now_ms), 0 },
		.has_stack = true,
		.stack_min_bytes = (uint32_t)mu_walk_value(&system->stack, &system->dice, now_ms),
		.stack_min_task = "app",
		.has_sockets = true,
		.sockets_open = system->sockets,
		.sockets_limit = MU_SOCKETS_LIMIT,
		.sockets_high_water = system->sockets_high_water,
	};
	if (system->hardware->cores > 1)
		out->cpu_permille[1] = (uint32_t)mu_walk_value(&system->load1, &system->dice, now_ms);
	fill_psram(system, now_ms, out);
}
