// SPDX-License-Identifier: Apache-2.0
// What a simulated chip knows about itself: why it was reset, memory that outlives resets, its heap, load, temperature and sockets.
//
// Two kinds: an ESP32-C3 (one core), and an ESP32-S3 with two cores and PSRAM, which fills every field of a heartbeat.
// Times in milliseconds of the world. Memory: the caller's. Thread: one at a time.
#ifndef TESTS_SIM_CHIP_H
#define TESTS_SIM_CHIP_H
#include "agent/port/linux/dice.h"
#include "agent/port/port.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { SIM_SOCKETS = 10, SIM_SOCKET_HEAP_BYTES = 3 * 1024, SIM_TLS_HEAP_BYTES = 40 * 1024 };

// A kind of reset: its raw code as ESP-IDF has it, the class that SPEC.md demands for it, and what it destroys.
struct sim_reset {
	uint32_t raw;
	int reset_class; // Mu__ResetClass
	bool spoils_memory; // retained memory is rubbish afterwards
	bool spoils_rtc; // and the time is gone
	bool has_crash; // the panic handler wrote down where
	const char *name;
};
enum sim_reset_kind {
	SIM_RESET_POWER_ON,
	SIM_RESET_SOFTWARE,
	SIM_RESET_PANIC,
	SIM_RESET_INTERRUPT_WATCHDOG,
	SIM_RESET_TASK_WATCHDOG,
	SIM_RESET_OTHER_WATCHDOG,
	SIM_RESET_BROWN_OUT,
	SIM_RESET_USB,
	SIM_RESET_POWER_GLITCH,
	SIM_RESET_LOCKUP,
	SIM_RESETS
};
extern const struct sim_reset sim_resets[SIM_RESETS];
const char *sim_reset_name(uint32_t raw);

struct sim_chip {
	bool rich; // PSRAM and a second core
	_Alignas(8) uint8_t retained[MU_RETAINED_BYTES];
	struct mu_reset_info reset;
	uint64_t boot_ms;
	uint32_t heap_at_boot_bytes, heap_min_bytes;
	uint32_t leak_bytes_per_s; // since leak_from_ms
	uint64_t leak_from_ms;
	uint32_t pressure_bytes; // what somebody else holds
	bool fragmented; // the largest block is small
	bool session, tls; // a connection to the broker is open or being opened
	uint32_t orphans; // sockets that nobody closed
	uint32_t sockets_high_water;
};

void sim_chip_init(struct sim_chip *chip, bool rich);
// task null: as the kind says without a name. Spoils what the kind spoils.
void sim_chip_reset(struct sim_chip *chip, enum sim_reset_kind kind, const char *task, struct mu_dice *dice);
void sim_chip_boot(struct sim_chip *chip, struct mu_dice *dice, uint64_t now_ms); // heap and counters as after a boot
uint32_t sim_chip_heap_free(struct sim_chip *chip, uint64_t now_ms); // keeps the low-water mark, too
void sim_chip_vitals(struct sim_chip *chip, uint64_t now_ms, struct mu_system_vitals *out);

#endif
