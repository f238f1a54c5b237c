// SPDX-License-Identifier: Apache-2.0
#include "agent/health/verdict.h"
#include "muster.pb-c.h"
#include <stddef.h>

enum {
	RSSI_WEAK_DBM = -80,
	RSSI_FAIR_DBM = -77,
	SOCKETS_LOW_PERCENT = 70,
	SOCKETS_FAIR_PERCENT = 60,
	FLAPPING_LOSSES = 3,
	CALM_LOSSES = 1,
	STACK_LOW_BYTES = 512,
	SPOOL_FULL_PERMILLE = 800,
	SPOOL_FAIR_PERMILLE = 700,
};

const struct mu_heap_gates mu_heap_gates_default = { 32768, 49152, 20480, 20480 };
const struct mu_heap_gates mu_heap_gates_tls_dynamic = { 32768, 24576, 8192, 20480 };

// What one look at the measurements says: bits to set, and bits that stay as they were before (between their two limits, or not measured).
struct opinion {
	uint32_t before, set, keep;
};

static uint32_t bits_of(const struct opinion *opinion)
{
	return opinion->set | (opinion->keep & opinion->before);
}

static void flag(struct opinion *opinion, uint32_t bit, bool on)
{
	if (on)
		opinion->set |= bit;
}

// Set from `high` on, cleared at `fair`; what is not known stays as it was.
static void above(struct opinion *opinion, uint32_t bit, bool known, uint32_t value, uint32_t high, uint32_t fair)
{
	flag(opinion, bit, known && value >= high);
	if (!known || value > fair)
		opinion->keep |= bit;
}

// Set below `low`, cleared an eighth above it.
static void below(struct opinion *opinion, uint32_t bit, uint32_t value, uint32_t low)
{
	flag(opinion, bit, value < low);
	if (value < low || value - low < low / 8)
		opinion->keep |= bit;
}

static uint32_t percent(uint32_t part, uint32_t whole)
{
	return part < whole ? part * 100 / whole : 100;
}

// Fragmented, and no room for an OTA: only where the bytes would do for TLS. While the heap is called low, that says it all.
static void look_at_heap(struct opinion *opinion, const struct mu_heap_gates *gates, const struct mu_system_vitals *system)
{
	below(opinion, MU__VERDICT_BIT__VERDICT_HEAP_STARVED, system->heap_free_bytes, gates->socket_bytes);
	below(opinion, MU__VERDICT_BIT__VERDICT_HEAP_LOW, system->heap_free_bytes, gates->tls_bytes);
	if (bits_of(opinion) & MU__VERDICT_BIT__VERDICT_HEAP_LOW)
		return;
	below(opinion, MU__VERDICT_BIT__VERDICT_HEAP_FRAGMENTED, system->heap_largest_bytes, gates->tls_block_bytes);
	below(opinion, MU__VERDICT_BIT__VERDICT_NO_OTA_ROOM, system->heap_free_bytes, gates->tls_bytes + gates->ota_bytes);
}

static void look_at_system(struct opinion *opinion, const struct mu_verdict_input *input)
{
	const struct mu_system_vitals *system = input->system;
	if (!system) {
		opinion->keep |= MU__VERDICT_BIT__VERDICT_HEAP_LOW | MU__VERDICT_BIT__VERDICT_HEAP_STARVED |
			MU__VERDICT_BIT__VERDICT_HEAP_FRAGMENTED | MU__VERDICT_BIT__VERDICT_NO_OTA_ROOM |
			MU__VERDICT_BIT__VERDICT_SOCKETS_LOW | MU__VERDICT_BIT__VERDICT_STACK_LOW;
		return;
	}
	look_at_heap(opinion, input->gates ? input->gates : &mu_heap_gates_default, system);
	above(opinion, MU__VERDICT_BIT__VERDICT_SOCKETS_LOW, system->has_sockets && system->sockets_limit,
		percent(system->sockets_open, system->sockets_limit), SOCKETS_LOW_PERCENT, SOCKETS_FAIR_PERCENT - 1);
	// A low-water mark: it cannot rise within a boot, and so cannot flicker.
	flag(opinion, MU__VERDICT_BIT__VERDICT_STACK_LOW, system->has_stack && system->stack_min_bytes < STACK_LOW_BYTES);
	if (!system->has_stack)
		opinion->keep |= MU__VERDICT_BIT__VERDICT_STACK_LOW;
}

uint32_t mu_verdict_judge(uint32_t before, const struct mu_verdict_input *input)
{
	// Flash does not heal: one fault stands for the rest of the boot.
	struct opinion opinion = { .before = before, .keep = MU__VERDICT_BIT__VERDICT_FLASH_FAULT };
	look_at_system(&opinion, input);
	flag(&opinion, MU__VERDICT_BIT__VERDICT_HEAP_LEAK, input->heap_leaking);
	flag(&opinion, MU__VERDICT_BIT__VERDICT_RECONNECT_LEAK, input->reconnect_leaking);
	flag(&opinion, MU__VERDICT_BIT__VERDICT_HEAP_STARVED, input->heap_starved);
	flag(&opinion, MU__VERDICT_BIT__VERDICT_TASK_STALE, input->close_call);
	flag(&opinion, MU__VERDICT_BIT__VERDICT_FLASH_FAULT, input->flash_faults);
	above(&opinion, MU__VERDICT_BIT__VERDICT_LINK_FLAPPING, true, input->losses, FLAPPING_LOSSES, CALM_LOSSES);
	above(&opinion, MU__VERDICT_BIT__VERDICT_LINK_WEAK, input->has_rssi, input->rssi_dbm < 0 ? 0 - (uint32_t)input->rssi_dbm : 0,
		-RSSI_WEAK_DBM, -RSSI_FAIR_DBM);
	above(&opinion, MU__VERDICT_BIT__VERDICT_SPOOL_FILLING, input->has_spool, input->spool_used_permille, SPOOL_FULL_PERMILLE + 1,
		SPOOL_FAIR_PERMILLE);
	return bits_of(&opinion);
}

bool mu_heap_allows_socket(const struct mu_heap_gates *gates, const struct mu_system_vitals *system)
{
	return !system || system->heap_free_bytes >= gates->socket_bytes;
}

bool mu_heap_allows_tls(const struct mu_heap_gates *gates, const struct mu_system_vitals *system)
{
	return !system ||
		(mu_heap_allows_socket(gates, system) && system->heap_free_bytes >= gates->tls_bytes &&
			system->heap_largest_bytes >= gates->tls_block_bytes);
}

bool mu_heap_allows_ota(const struct mu_heap_gates *gates, const struct mu_system_vitals *system)
{
	return !system || (mu_heap_allows_tls(gates, system) && system->heap_free_bytes >= (uint64_t)gates->tls_bytes + gates->ota_bytes);
}

void mu_losses_add(struct mu_losses *losses, uint64_t now_ms)
{
	if (losses->count > 0 && now_ms - losses->at_ms[(losses->count - 1) % MU_LOSSES_MAX] <= MU_LOSSES_SAME_MS)
		return;
	losses->at_ms[losses->count++ % MU_LOSSES_MAX] = now_ms;
}

uint32_t mu_losses_count(const struct mu_losses *losses, uint64_t now_ms)
{
	uint32_t kept = losses->count < MU_LOSSES_MAX ? losses->count : MU_LOSSES_MAX;
	uint32_t recent = 0;
	for (uint32_t i = 0; i < kept; i++)
		recent += now_ms - losses->at_ms[i] < MU_LOSSES_WINDOW_MS;
	return recent;
}
