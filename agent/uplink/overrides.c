// SPDX-License-Identifier: Apache-2.0
#include "agent/uplink/overrides.h"
#include "agent/deadline.h"
#include "agent/image/little_endian.h"
#include "muster.pb-c.h"
#include <string.h>

#define KEY "overrides"

enum {
	VERSION = 1,
	// version u8, then for each kind { value u32, left_s u32, period_s u16, id }
	ENTRY_BYTES = 4 + 4 + 2 + MU_OVERRIDE_ID_BYTES,
	BYTES = 1 + MU_OVERRIDE_KINDS * ENTRY_BYTES,
};

// What each kind's value may be; a log level of 0 is silence.
static const struct {
	uint32_t least, most;
} values[MU_OVERRIDE_KINDS] = {
	[MU_OVERRIDE_REPORT] = { 1, 86400 },
	[MU_OVERRIDE_LOG] = { 0, MU__LOG_LEVEL__LOG_DEBUG },
	[MU_OVERRIDE_DIAGNOSE] = { 0, 0 },
};

static bool is_value(int kind, uint32_t value)
{
	return value >= values[kind].least && value <= values[kind].most;
}

static bool is_active(const struct mu_override *override)
{
	return override->period_s != 0;
}

static uint32_t period_of(uint32_t for_s)
{
	uint32_t period_s = (for_s + MU_OVERRIDE_PARTS - 1) / MU_OVERRIDE_PARTS;
	if (period_s < MU_OVERRIDE_PERIOD_MIN_S)
		return MU_OVERRIDE_PERIOD_MIN_S;
	return period_s < MU_OVERRIDE_PERIOD_MAX_S ? period_s : MU_OVERRIDE_PERIOD_MAX_S;
}

// Rounded down: what is written is never more than what is left.
static uint32_t left_s(const struct mu_override *override, uint64_t now_ms)
{
	return override->until_ms > now_ms ? (uint32_t)((override->until_ms - now_ms) / 1000) : 0;
}

// ---- the store

static int save(struct mu_overrides *overrides, uint64_t now_ms)
{
	uint8_t bytes[BYTES] = { VERSION }, *at = bytes + 1;
	for (int i = 0; i < MU_OVERRIDE_KINDS; i++, at += ENTRY_BYTES) {
		const struct mu_override *override = &overrides->kind[i];
		if (!is_active(override))
			continue;
		mu_le32_put(at, override->value);
		mu_le32_put(at + 4, left_s(override, now_ms));
		mu_le16_put(at + 8, (uint16_t) override->period_s);
		memcpy(at + 10, override->id, sizeof override->id);
	}
	int err = overrides->port->keyvalue->set(overrides->port->context, KEY, bytes, sizeof bytes);
	overrides->store_faults += err < 0;
	if (err < 0)
		return err;
	overrides->saved_ms = now_ms;
	return 0;
}

// False: not what save() writes.
static bool read_entry(struct mu_override *override, int kind, const uint8_t *at, uint64_t now_ms)
{
	uint32_t value = mu_le32_get(at), left = mu_le32_get(at + 4), period_s = mu_le16_get(at + 8);
	bool is_sane = is_value(kind, value) && left <= MU_OVERRIDE_FOR_MAX_S && period_s >= MU_OVERRIDE_PERIOD_MIN_S &&
		period_s <= MU_OVERRIDE_PERIOD_MAX_S;
	if (!period_s)
		return true;
	if (is_sane && left > period_s) {
		*override = (struct mu_override){ .value = value, .period_s = period_s };
		override->until_ms = now_ms + (uint64_t)(left - period_s) * 1000; // the charge
		memcpy(override->id, at + 10, sizeof override->id);
	}
	return is_sane;
}

// 1: something is left, 0: nothing.
static int load(struct mu_overrides *overrides, uint64_t now_ms)
{
	uint8_t bytes[BYTES];
	int is_any = 0;
	int length = overrides->port->keyvalue->get(overrides->port->context, KEY, bytes, sizeof bytes);
	if (length == MU_ERR_NOT_FOUND)
		return 0;
	if (length < 0)
		return length;
	if (length != BYTES || bytes[0] != VERSION)
		return length == BYTES ? MU_ERR_VERSION : MU_ERR_INVALID;
	for (int i = 0; i < MU_OVERRIDE_KINDS; i++) {
		if (!read_entry(&overrides->kind[i], i, bytes + 1 + i * ENTRY_BYTES, now_ms))
			return MU_ERR_INVALID;
		is_any |= is_active(&overrides->kind[i]);
	}
	return is_any;
}

static void forget(struct mu_overrides *overrides)
{
	memset(overrides->kind, 0, sizeof overrides->kind);
}

int mu_overrides_init(struct mu_overrides *overrides, const struct mu_port *port, uint32_t log_level, uint64_t now_ms)
{
	*overrides = (struct mu_overrides){ .port = port, .log_level = log_level, .saved_ms = now_ms };
	int err = load(overrides, now_ms);
	overrides->store_faults += err == MU_ERR_IO;
	if (err > 0) // the charge counts before the override does
		err = save(overrides, now_ms);
	if (err < 0)
		forget(overrides);
	return err < 0 ? err : 0;
}

int mu_overrides_set(struct mu_overrides *overrides, enum mu_override_kind kind, uint32_t value, uint32_t for_s, const uint8_t *id,
	uint64_t now_ms)
{
	if (!is_value(kind, value) || !for_s || for_s > MU_OVERRIDE_FOR_MAX_S)
		return MU_ERR_RANGE;
	struct mu_override *override = &overrides->kind[kind], before = *override;
	*override = (struct mu_override){ .value = value, .period_s = period_of(for_s), .until_ms = now_ms + (uint64_t)for_s * 1000 };
	memcpy(override->id, id, sizeof override->id);
	int err = save(overrides, now_ms);
	if (err < 0)
		*override = before;
	return err;
}

// ---- time

// When what is left must be written, or the next boot would charge less than has passed.
static uint64_t save_due(const struct mu_overrides *overrides)
{
	uint64_t due_ms = UINT64_MAX;
	for (int i = 0; i < MU_OVERRIDE_KINDS; i++)
		if (is_active(&overrides->kind[i]))
			due_ms = mu_earlier(due_ms, overrides->saved_ms + (uint64_t)overrides->kind[i].period_s * 1000);
	return due_ms;
}

static bool end_what_is_over(struct mu_overrides *overrides, uint64_t now_ms)
{
	bool ended = false;
	for (int i = 0; i < MU_OVERRIDE_KINDS; i++) {
		struct mu_override *override = &overrides->kind[i];
		if (!is_active(override) || now_ms < override->until_ms)
			continue;
		*override = (struct mu_override){ .period_s = 0 };
		ended = true;
	}
	return ended;
}

bool mu_overrides_step(struct mu_overrides *overrides, uint64_t now_ms, uint64_t *next_ms)
{
	bool ended = end_what_is_over(overrides, now_ms);
	if (save_due(overrides) <= now_ms && save(overrides, now_ms) < 0) {
		forget(overrides);
		ended = true;
	}
	*next_ms = save_due(overrides);
	for (int i = 0; i < MU_OVERRIDE_KINDS; i++)
		if (is_active(&overrides->kind[i]))
			*next_ms = mu_earlier(*next_ms, overrides->kind[i].until_ms);
	return ended;
}

// ---- what holds

bool mu_overrides_active(const struct mu_overrides *overrides, enum mu_override_kind kind)
{
	return is_active(&overrides->kind[kind]);
}

bool mu_overrides_holds(const struct mu_overrides *overrides, const uint8_t *id)
{
	for (int i = 0; i < MU_OVERRIDE_KINDS; i++)
		if (is_active(&overrides->kind[i]) && memcmp(overrides->kind[i].id, id, sizeof overrides->kind[i].id) == 0)
			return true;
	return false;
}

uint32_t mu_overrides_interval_ms(const struct mu_overrides *overrides, uint32_t usual_ms, uint64_t *until_ms)
{
	const struct mu_override *report = &overrides->kind[MU_OVERRIDE_REPORT], *diagnose = &overrides->kind[MU_OVERRIDE_DIAGNOSE];
	uint32_t interval_ms = usual_ms;
	*until_ms = UINT64_MAX;
	if (is_active(report)) {
		interval_ms = report->value * 1000;
		*until_ms = report->until_ms;
	}
	if (is_active(diagnose)) {
		uint32_t part_ms = interval_ms / MU_DIAGNOSE_PARTS;
		uint32_t wanted_ms = part_ms > MU_DIAGNOSE_INTERVAL_MS ? part_ms : MU_DIAGNOSE_INTERVAL_MS;
		interval_ms = wanted_ms < interval_ms ? wanted_ms : interval_ms;
		*until_ms = mu_earlier(*until_ms, diagnose->until_ms);
	}
	return interval_ms;
}

uint32_t mu_overrides_log_level(const struct mu_overrides *overrides)
{
	uint32_t level = overrides->log_level;
	if (is_active(&overrides->kind[MU_OVERRIDE_LOG]))
		level = overrides->kind[MU_OVERRIDE_LOG].value;
	bool is_too_quiet = level < MU__LOG_LEVEL__LOG_INFO && is_active(&overrides->kind[MU_OVERRIDE_DIAGNOSE]);
	return is_too_quiet ? (uint32_t)MU__LOG_LEVEL__LOG_INFO : level;
}
