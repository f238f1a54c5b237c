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
enum { MU_RETAINED_BYTES = 1024, MU_SOCKETS_LIMIT = 10 };

struct mu_virtual_system {
	struct mu_dice dice;
	struct mu_virtual_heap heap;
	struct mu_walk temperature, load, stack;
	uint8_t retained[MU_RETAINED_BYTES];
	struct mu_reset_info reset;
	uint32_t sockets, sockets_high_water;
};

void mu_virtual_system_init(struct mu_virtual_system *system, uint64_t seed);

// A reset: `raw` is enum mu_reset_raw; crash_task null: no crash is recorded. Power-on and brown-out leave garbage in retained memory.
void mu_virtual_system_reset(struct mu_virtual_system *system, uint32_t raw, const char *crash_task);
void mu_virtual_system_boot(struct mu_virtual_system *system, uint32_t leak_bytes_per_s, uint64_t now_ms);
void mu_virtual_system_sockets(struct mu_virtual_system *system, unsigned sockets, unsigned tls_sessions);
void mu_virtual_system_vitals(struct mu_virtual_system *system, uint64_t now_ms, struct mu_system_vitals *out);

const char *mu_reset_raw_name(uint32_t raw); // "panic"; "unknown" for what this port never makes

#endif
