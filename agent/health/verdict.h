// SPDX-License-Identifier: Apache-2.0
// What the device thinks is wrong with itself: measurements in, bits of VerdictBit (proto/muster.proto) out. Pure.
//
// Each bit that could flicker has one limit to set it and an easier one to clear it; a measurement that is missing leaves its bits as
// they were. The limits are the table in verdict.c. Heap limits are the gates of DESIGN.md section 4, and clear an eighth above.
#ifndef MU_HEALTH_VERDICT_H
#define MU_HEALTH_VERDICT_H
#include "agent/port/port.h"
#include <stdbool.h>
#include <stdint.h>

// Least internal RAM before something is tried.
struct mu_heap_gates {
	uint32_t socket_bytes;    // any socket
	uint32_t tls_bytes;       // a TLS session ...
	uint32_t tls_block_bytes; // ... which needs one block of this size
	uint32_t ota_bytes;       // an OTA needs this much more than a TLS session
};
extern const struct mu_heap_gates mu_heap_gates_default;     // 32, 48, 20, 20 KiB
extern const struct mu_heap_gates mu_heap_gates_tls_dynamic; // 32, 24, 8, 20 KiB: mbedTLS with dynamic buffers

struct mu_verdict_input {
	const struct mu_heap_gates *gates;      // null: the default
	const struct mu_system_vitals *system;  // null: not sampled yet
	bool heap_leaking;                      // mu_heap_trend_leaking()
	bool reconnect_leaking;                 // mu_heap_steps_leaking()
	bool heap_starved;                      // network work is being refused for lack of heap
	bool has_rssi;
	int32_t rssi_dbm;
	uint32_t losses;       // of link or session in the last 10 min: mu_losses_count()
	bool close_call;       // of a liveness token, not told yet: mu_liveness_look()
	bool has_spool;
	uint32_t spool_used_permille;
	uint32_t flash_faults; // since boot
};

// The bits now, given the bits before (0 at boot).
uint32_t mu_verdict_judge(uint32_t before, const struct mu_verdict_input *input);

// Whether the gates let something be opened now. Without a sample: yes.
bool mu_heap_allows_socket(const struct mu_heap_gates *gates, const struct mu_system_vitals *system);
bool mu_heap_allows_tls(const struct mu_heap_gates *gates, const struct mu_system_vitals *system);
bool mu_heap_allows_ota(const struct mu_heap_gates *gates, const struct mu_system_vitals *system);

// Losses of link or session in the last 10 minutes. A loss within 2 s of another is the same one: a lost link takes its session along.
enum { MU_LOSSES_MAX = 8, MU_LOSSES_WINDOW_MS = 600000, MU_LOSSES_SAME_MS = 2000 };
struct mu_losses {
	uint32_t count; // since boot
	uint64_t at_ms[MU_LOSSES_MAX];
};
void mu_losses_add(struct mu_losses *losses, uint64_t now_ms);
uint32_t mu_losses_count(const struct mu_losses *losses, uint64_t now_ms); // at most MU_LOSSES_MAX

#endif
