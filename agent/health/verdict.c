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

// What one look at the measurements says of one bit. KEEP: between the two limits, or not measured.
enum opinion { CLEAR, KEEP, SET };

static const struct mu_heap_gates *gates_of(const struct mu_verdict_input *input)
{
	return input->gates ? input->gates : &mu_heap_gates_default;
}

static enum opinion below(uint64_t value, uint64_t limit)
{
	if (value < limit)
		return SET;
	return value < limit + limit / 8 ? KEEP : CLEAR;
}

static enum opinion heap_low(const struct mu_verdict_input *input)
{
	return input->system ? below(input->system->heap_free_bytes, gates_of(input)->tls_bytes) : KEEP;
}

// Only where the bytes would do: without them the heap is low, not fragmented.
static enum opinion heap_fragmented(const struct mu_verdict_input *input)
{
	if (!input->system)
		return KEEP;
	if (input->system->heap_free_bytes < gates_of(input)->tls_bytes)
		return CLEAR;
	return below(input->system->heap_largest_bytes, gates_of(input)->tls_block_bytes);
}

static enum opinion heap_leak(const struct mu_verdict_input *input)
{
	return input->heap_leaking ? SET : CLEAR;
}

static enum opinion reconnect_leak(const struct mu_verdict_input *input)
{
	return input->reconnect_leaking ? SET : CLEAR;
}

static enum opinion no_ota_room(const struct mu_verdict_input *input)
{
	if (!input->system)
		return KEEP;
	const struct mu_heap_gates *gates = gates_of(input);
	if (input->system->heap_free_bytes < gates->tls_bytes)
		return CLEAR;
	return below(input->system->heap_free_bytes, (uint64_t)gates->tls_bytes + gates->ota_bytes);
}

static enum opinion sockets_low(const struct mu_verdict_input *input)
{
	if (!input->system || !input->system->has_sockets || input->system->sockets_limit == 0)
		return KEEP;
	uint64_t open = (uint64_t)input->system->sockets_open * 100;
	if (open >= (uint64_t)input->system->sockets_limit * SOCKETS_LOW_PERCENT)
		return SET;
	return open >= (uint64_t)input->system->sockets_limit * SOCKETS_FAIR_PERCENT ? KEEP : CLEAR;
}

static enum opinion link_weak(const struct mu_verdict_input *input)
{
	if (!input->has_rssi)
		return KEEP;
	if (input->rssi_dbm <= RSSI_WEAK_DBM)
		return SET;
	return input->rssi_dbm < RSSI_FAIR_DBM ? KEEP : CLEAR;
}

static enum opinion link_flapping(const struct mu_verdict_input *input)
{
	if (input->losses >= FLAPPING_LOSSES)
		return SET;
	return input->losses > CALM_LOSSES ? KEEP : CLEAR;
}

static enum opinion task_stale(const struct mu_verdict_input *input)
{
	return input->close_call ? SET : CLEAR;
}

// A low-water mark: it cannot rise within a boot, and so cannot flicker.
static enum opinion stack_low(const struct mu_verdict_input *input)
{
	if (!input->system || !input->system->has_stack)
		return KEEP;
	return input->system->stack_min_bytes < STACK_LOW_BYTES ? SET : CLEAR;
}

static enum opinion spool_filling(const struct mu_verdict_input *input)
{
	if (!input->has_spool)
		return KEEP;
	if (input->spool_used_permille > SPOOL_FULL_PERMILLE)
		return SET;
	return input->spool_used_permille > SPOOL_FAIR_PERMILLE ? KEEP : CLEAR;
}

// Flash does not heal: one fault stands for the rest of the boot.
static enum opinion flash_fault(const struct mu_verdict_input *input)
{
	return input->flash_faults ? SET : KEEP;
}

static enum opinion heap_starved(const struct mu_verdict_input *input)
{
	if (input->heap_starved)
		return SET;
	return input->system ? below(input->system->heap_free_bytes, gates_of(input)->socket_bytes) : CLEAR;
}

static const struct row {
	uint32_t bit;
	enum opinion (*look)(const struct mu_verdict_input *input);
} table[] = {
	{ MU__VERDICT_BIT__VERDICT_HEAP_LOW, heap_low },               // free < tls_bytes
	{ MU__VERDICT_BIT__VERDICT_HEAP_FRAGMENTED, heap_fragmented }, // free >= tls_bytes, largest < tls_block_bytes
	{ MU__VERDICT_BIT__VERDICT_HEAP_LEAK, heap_leak },             // heap_trend.h
	{ MU__VERDICT_BIT__VERDICT_NO_OTA_ROOM, no_ota_room },         // tls_bytes <= free < tls_bytes + ota_bytes
	{ MU__VERDICT_BIT__VERDICT_SOCKETS_LOW, sockets_low },         // >= 70 % of the limit; clears below 60 %
	{ MU__VERDICT_BIT__VERDICT_LINK_WEAK, link_weak },             // <= -80 dBm; clears at -77
	{ MU__VERDICT_BIT__VERDICT_LINK_FLAPPING, link_flapping },     // >= 3 losses in 10 min; clears at 1
	{ MU__VERDICT_BIT__VERDICT_TASK_STALE, task_stale }, // liveness.h: a close call
	{ MU__VERDICT_BIT__VERDICT_STACK_LOW, stack_low },         // < 512 bytes left
	{ MU__VERDICT_BIT__VERDICT_SPOOL_FILLING, spool_filling }, // > 80 %; clears at 70 %
	{ MU__VERDICT_BIT__VERDICT_FLASH_FAULT, flash_fault },
	{ MU__VERDICT_BIT__VERDICT_HEAP_STARVED, heap_starved }, // refusals, or free < socket_bytes
	{ MU__VERDICT_BIT__VERDICT_RECONNECT_LEAK, reconnect_leak }, // heap_steps.h
};

uint32_t mu_verdict_judge(uint32_t before, const struct mu_verdict_input *input)
{
	uint32_t bits = 0;
	for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
		enum opinion opinion = table[i].look(input);
		if (opinion == SET || (opinion == KEEP && (before & table[i].bit)))
			bits |= table[i].bit;
	}
	return bits;
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
