// SPDX-License-Identifier: Apache-2.0
#include "tests/sim/terms.h"
#include "tests/sim/world.h"

enum {
	USUAL_S = 60,
	STEADY_MS = 41000, // from then on the heartbeats of a boot come at the interval
	DIAGNOSE_PARTS = 6,
	DIAGNOSE_LEAST_S = 5,
	PARTS = 16,
	PERIOD_MIN_S = 10,
	PERIOD_MAX_S = 3600,
	LATE_MS = 2000, // a step may come so late
};

// A loop that hangs reports nothing and can write nothing down: that time counts for nobody.
static uint64_t running_ms(const struct sim_device *device)
{
	uint64_t until_ms = device->frozen ? device->frozen_ms : device->world->now_ms;
	return device->terms.ran_ms + (device->on ? until_ms - device->boot_ms : 0);
}

static uint32_t period_of(uint32_t for_s)
{
	uint32_t period_s = (for_s + PARTS - 1) / PARTS;
	if (period_s < PERIOD_MIN_S)
		return PERIOD_MIN_S;
	return period_s < PERIOD_MAX_S ? period_s : PERIOD_MAX_S;
}

static bool may_hold(const struct sim_term *term, uint64_t at_ms)
{
	return term->may_until_ms + LATE_MS >= at_ms;
}

static bool holds(const struct sim_term *term, uint64_t from_ms, uint64_t until_ms)
{
	return term->holds_from_ms < from_ms && until_ms + LATE_MS < term->holds_until_ms;
}

static void doubt(struct sim_term *term)
{
	term->holds_from_ms = term->holds_until_ms = 0;
}

// ---- commands and resets

void sim_terms_reset(struct sim_device *device)
{
	struct sim_terms *terms = &device->terms;
	terms->ran_ms = running_ms(device);
	terms->beat_ms = 0;
	for (int i = 0; i < SIM_TERMS; i++) {
		struct sim_term *term = &terms->kind[i];
		uint64_t charge_ms = (term->period_s + UINT64_C(1)) * 1000;
		term->holds_until_ms = term->holds_until_ms > charge_ms ? term->holds_until_ms - charge_ms : 0;
	}
}

void sim_terms_store_failed(struct sim_device *device)
{
	uint64_t now_ms = running_ms(device);
	for (int i = 0; i < SIM_TERMS; i++) {
		struct sim_term *term = &device->terms.kind[i];
		doubt(term);
		if (may_hold(term, now_ms) && term->last)
			term->may_until_ms = UINT64_MAX - LATE_MS;
	}
}

void sim_terms_told(struct sim_device *device, struct sim_order *order)
{
	struct sim_change *change = &order->change;
	struct sim_term *term = &device->terms.kind[change->kind];
	uint64_t now_ms = running_ms(device), until_ms = now_ms + change->for_s * UINT64_C(1000);
	if (!may_hold(term, now_ms) || change->value > term->may_value)
		term->may_value = change->value;
	term->may_until_ms = until_ms > term->may_until_ms ? until_ms : term->may_until_ms;
	doubt(term);
	term->last = order;
	if (change->told++)
		return;
	change->told_ms = now_ms;
	change->told_resets = device->resets;
}

void sim_terms_done(struct sim_device *device, const struct sim_order *order)
{
	const struct sim_change *change = &order->change;
	struct sim_term *term = &device->terms.kind[change->kind];
	if (term->last != order || change->told != 1 || change->told_resets != device->resets)
		return;
	term->holds_from_ms = running_ms(device);
	term->holds_until_ms = change->told_ms + change->for_s * UINT64_C(1000);
	term->value = change->value;
	term->may_value = change->value;
	term->may_until_ms = term->holds_until_ms; // it has replaced what there was
	term->period_s = period_of(change->for_s);
}

// ---- heartbeats

// Within [*least_s, *most_s] of the one before, if nothing is in doubt; 0 or UINT32_MAX where it may be anything.
static void expect(const struct sim_terms *terms, uint64_t from_ms, uint64_t until_ms, uint32_t *least_s, uint32_t *most_s)
{
	const struct sim_term *report = &terms->kind[SIM_TERM_REPORT], *diagnose = &terms->kind[SIM_TERM_DIAGNOSE];
	*least_s = 0;
	*most_s = UINT32_MAX;
	if (!may_hold(report, from_ms))
		*least_s = *most_s = USUAL_S;
	else if (holds(report, from_ms, until_ms))
		*least_s = *most_s = report->value;
	if (!may_hold(diagnose, from_ms))
		return;
	*least_s = 0;
	if (*most_s == UINT32_MAX)
		return;
	uint32_t part_s = *most_s / DIAGNOSE_PARTS + 1, wanted_s = part_s > DIAGNOSE_LEAST_S ? part_s : DIAGNOSE_LEAST_S;
	if (!holds(diagnose, from_ms, until_ms))
		*most_s += wanted_s; // it may have ended in between
	else if (wanted_s < *most_s)
		*most_s = wanted_s;
}

static void check_beat(struct sim_device *device, uint64_t uptime_ms)
{
	const struct sim_terms *terms = &device->terms;
	uint64_t gap_ms = uptime_ms - terms->beat_ms;
	uint32_t least_s, most_s;
	expect(terms, terms->ran_ms + terms->beat_ms, terms->ran_ms + uptime_ms, &least_s, &most_s);
	if (gap_ms + LATE_MS < least_s * UINT64_C(1000) && terms->beat_ms >= STEADY_MS && terms->beat_ms >= least_s * UINT64_C(1000))
		sim_fail(device->world, device, "a heartbeat %llu ms after the one before, and no command asks for less than %u s",
			(unsigned long long)gap_ms, least_s);
	else if (gap_ms > most_s * UINT64_C(1000) + LATE_MS && !device->truth.flash_may_lie)
		sim_fail(device->world, device, "a heartbeat %llu ms after the one before, and %u s hold", (unsigned long long)gap_ms,
			most_s);
}

// ---- lines

static void check_line(struct sim_device *device, uint32_t level)
{
	const struct sim_terms *terms = &device->terms;
	const struct sim_term *log = &terms->kind[SIM_TERM_LOG];
	uint64_t now_ms = running_ms(device);
	uint32_t most = MU__LOG_LEVEL__LOG_WARNING;
	if (holds(log, now_ms, now_ms))
		most = log->value;
	else if (may_hold(log, now_ms) && log->may_value > most)
		most = log->may_value;
	if (may_hold(&terms->kind[SIM_TERM_DIAGNOSE], now_ms) && most < MU__LOG_LEVEL__LOG_INFO)
		most = MU__LOG_LEVEL__LOG_INFO;
	if (level > most)
		sim_fail(device->world, device, "a log line of level %u is recorded, and no command asks for more than %u", level, most);
}

void sim_terms_record(struct sim_device *device, const Mu__Record *record)
{
	struct sim_terms *terms = &device->terms;
	if (record->body_case == MU__RECORD__BODY_LOG)
		check_line(device, (uint32_t)record->log->level);
	if (record->body_case != MU__RECORD__BODY_HEARTBEAT)
		return;
	if (terms->beat_ms)
		check_beat(device, record->uptime_ms);
	terms->beat_ms = record->uptime_ms;
}
