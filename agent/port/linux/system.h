// SPDX-License-Identifier: Apache-2.0
// What a virtual chip knows about itself: why it was reset, memory that outlives resets, temperature, load, stacks, sockets.
//
// Raw reset codes are ESP-IDF's esp_reset_reason_t. Times in monotonic milliseconds. Memory: the caller's. Thread: one at a time.
#ifndef MU_PORT_LINUX_SYSTEM_H
#define MU_PORT_LINUX_SYSTEM_H
#include "agent/port/linux/dice.h"
#include "agent/port/linux/heap.h"
#include "agent/port/port.h"
#include <stdbool.h>
#include <stdint.h>

enum mu_reset_raw {
	MU_RESET_RAW_POWERON = 1,
	MU_RESET_RAW_SW = 3,
	MU_RESET_RAW_PANIC = 4,
	MU_RESET_RAW_TASK_WDT = 6,
	MU_RESET_RAW_BROWNOUT = 9,
};
enum { MU_SOCKETS_LIMIT = 10 };

// What a virtual chip has. A heartbeat of one with a single core has no cpu1_permille, of one without PSRAM no psram_*.
struct mu_hardware {
	const char *name; // of the option
	const char *revision; // as reported: "esp32c3-0.4"
	uint16_t chip_id; // of its images
	unsigned cores; // 1 or 2
	uint32_t heap_bytes; // free internal RAM after boot
	uint32_t psram_bytes; // free after boot; 0: none
};

const struct mu_hardware *mu_hardware_find(const char *name); // null: the first; also null as the result if nothing has this name
const char *mu_hardware_names(void); // "esp32c3, esp32s3-psram"

struct mu_virtual_system {
	struct mu_dice dice;
	struct mu_virtual_heap heap;
	const struct mu_hardware *hardware;
	struct mu_walk temperature, load, load1, stack, psram;
	uint32_t psram_min_bytes;
	_Alignas(8) uint8_t retained[MU_RETAINED_BYTES];
	struct mu_reset_info reset;
	uint32_t sockets, sockets_high_water;
};

void mu_virtual_system_init(struct mu_virtual_system *system, const struct mu_hardware *hardware, uint64_t seed); // null: an ESP32-C3

// A reset: `raw` is enum mu_reset_raw; crash_task null: no crash is recorded. Power-on and brown-out leave garbage in retained memory.
void mu_virtual_system_reset(struct mu_virtual_system *system, uint32_t raw, const char *crash_task);
void mu_virtual_system_boot(struct mu_virtual_system *system, uint32_t leak_bytes_per_s, uint64_t now_ms);
void mu_virtual_system_sockets(struct mu_virtual_system *system, unsigned sockets, unsigned tls_sessions);
void mu_virtual_system_vitals(struct mu_virtual_system *system, uint64_t now_ms, struct mu_system_vitals *out);

const char *mu_reset_raw_name(uint32_t raw); // "panic"; "unknown" for what this port never makes

#endif
