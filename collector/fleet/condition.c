// SPDX-License-Identifier: Apache-2.0
#include "collector/fleet/condition.h"
#include "collector/fleet/metric_text.h"
#include "proto/link_reasons.h"
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

// Where a row writes its sentence; null text: nobody reads it.
struct sentence {
	char *text;
	size_t size;
};

static void say(const struct sentence *why, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void say(const struct sentence *why, const char *format, ...)
{
	if (!why->text)
		return;
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(why->text, why->size, format, arguments);
	va_end(arguments);
}

struct duration_text {
	char text[24];
};

static struct duration_text duration(uint64_t ms)
{
	static const struct {
		uint64_t ms;
		const char *unit;
	} units[] = { { 86400000, "d" }, { 3600000, "h" }, { 60000, "min" }, { 1000, "s" } };
	struct duration_text out;
	unsigned i = 0;
	while (i < 3 && ms < 2 * units[i].ms)
		i++;
	snprintf(out.text, sizeof out.text, "%" PRIu64 " %s", ms / units[i].ms, units[i].unit);
	return out;
}

struct times_text {
	char text[24];
};

static struct times_text times(uint32_t count)
{
	struct times_text out;
	snprintf(out.text, sizeof out.text, "%" PRIu32 " time%s", count, count == 1 ? "" : "s");
	return out;
}

static uint64_t since(uint64_t then_ms, uint64_t now_ms)
{
	return now_ms > then_ms ? now_ms - then_ms : 0;
}

static bool was_asked_for(const struct device_boot *boot)
{
	return boot->cause == MU__RESET_CAUSE__CAUSE_COMMAND || boot->cause == MU__RESET_CAUSE__CAUSE_APPLICATION;
}

// The image may have changed with it: what happened before is not this image's doing.
static bool changed_image(const struct device_boot *boot)
{
	return boot->cause == MU__RESET_CAUSE__CAUSE_ROLLBACK || boot->cause == MU__RESET_CAUSE__CAUSE_UPDATE ||
		boot->cause == MU__RESET_CAUSE__CAUSE_BOOT_LOOP || boot->cause == MU__RESET_CAUSE__CAUSE_NO_ACK;
}

static bool is_hang(const struct device_boot *boot)
{
	return boot->reset_class == MU__RESET_CLASS__RESET_HANG || boot->cause == MU__RESET_CAUSE__CAUSE_LIVENESS;
}

static bool is_power(const struct device_boot *boot)
{
	return boot->reset_class == MU__RESET_CLASS__RESET_BROWN_OUT;
}

// Bit 7 is `unexpected`, so a class that is not known yet counts too.
static bool is_crash(const struct device_boot *boot)
{
	bool unexpected = boot->reset_class & 128;
	return (unexpected || boot->cause == MU__RESET_CAUSE__CAUSE_ASSERT) && !is_hang(boot) && !is_power(boot);
}

static bool is_other_image(const struct device *device, const struct device_boot *boot)
{
	return device->has_running_sha && boot->sha_size && memcmp(boot->sha, device->running_sha, boot->sha_size) != 0;
}

// Boots that are told of in one: of those, how many fell into the window, if each lived as long as the last of them.
static uint32_t count_recent(const struct device_boot *boot, uint64_t now_ms)
{
	uint64_t ago_ms = since(boot->at_s * UINT64_C(1000), now_ms);
	if (ago_ms > CONDITION_WINDOW_MS)
		return 0;
	if (boot->uptime_s == 0 || boot->uptime_s == UINT32_MAX)
		return boot->count;
	uint64_t most = 1 + (CONDITION_WINDOW_MS - ago_ms) / (boot->uptime_s * UINT64_C(1000));
	return most < boot->count ? (uint32_t)most : boot->count;
}

// Boots of one class within the window, of the image that runs now.
static uint32_t count_boots(const struct device *device, uint64_t now_ms, bool (*is_class)(const struct device_boot *),
	const struct device_boot **newest)
{
	uint64_t count = 0;
	*newest = 0;
	for (unsigned i = 0; i < device->boot_count; i++) {
		const struct device_boot *boot = &device->boots[i];
		if (changed_image(boot) || is_other_image(device, boot))
			break;
		uint32_t recent = count_recent(boot, now_ms);
		if (recent == 0 || was_asked_for(boot) || !is_class(boot))
			continue;
		count += recent;
		if (!*newest)
			*newest = boot;
	}
	return count > UINT32_MAX ? UINT32_MAX : (uint32_t)count;
}

static bool is_crash_loop(const struct device *device, const struct condition_view *view, const struct sentence *why)
{
	const struct device_boot *boot;
	uint32_t count = count_boots(device, view->now_ms, is_crash, &boot);
	if (count < CONDITION_BOOTS)
		return false;
	char where[64] = "", reached[64] = "";
	if (boot->task[0])
		snprintf(where, sizeof where, " in task %s", boot->task);
	if (boot->pc)
		snprintf(where + strlen(where), sizeof where - strlen(where), " at 0x%08" PRIx32, boot->pc);
	if (boot->uptime_s != UINT32_MAX)
		snprintf(reached, sizeof reached, ", %" PRIu32 " s after the start", boot->uptime_s);
	say(why, "crashed %s in 10 min, last%s%s", times(count).text, where[0] ? where : " at an unknown place", reached);
	return true;
}

static bool is_hanging(const struct device *device, const struct condition_view *view, const struct sentence *why)
{
	const struct device_boot *boot;
	uint32_t count = count_boots(device, view->now_ms, is_hang, &boot);
	if (count < CONDITION_HANGS)
		return false;
	const char *who = boot->hung_token[0] ? boot->hung_token : boot->task;
	say(why, "%s hung: reset by the watchdog %s in 10 min", who[0] ? who : "something that is not known", times(count).text);
	return true;
}

static bool is_losing_power(const struct device *device, const struct condition_view *view, const struct sentence *why)
{
	const struct device_boot *boot;
	uint32_t count = count_boots(device, view->now_ms, is_power, &boot);
	say(why, "%" PRIu32 " brown-outs in 10 min: the supply is too weak", count);
	return count >= CONDITION_BOOTS;
}

static bool is_offline(const struct device *device, const struct condition_view *view, const struct sentence *why)
{
	if (device->presence != PRESENCE_OFFLINE)
		return false;
	uint64_t gone_ms = since(device->presence_since_ms, view->now_ms);
	uint64_t quiet_ms = since(device->last_seen_ms, view->now_ms), limit_ms = device->heartbeat_interval_ms * UINT64_C(2);
	if (limit_ms < CONDITION_OFFLINE_QUIET_MS)
		limit_ms = CONDITION_OFFLINE_QUIET_MS;
	say(why, "its session ended %s ago and it has not come back", duration(gone_ms).text);
	if (fleet_loss_is_common(view->fleet, device->presence_since_ms))
		return gone_ms > CONDITION_COMMON_GRACE_MS;
	return gone_ms > CONDITION_OFFLINE_GRACE_MS || quiet_ms > limit_ms;
}

// While the broker is away time stands still, and it begins anew when the broker is back.
static bool is_silent(const struct device *device, const struct condition_view *view, const struct sentence *why)
{
	uint64_t limit_ms = device->heartbeat_interval_ms * UINT64_C(3);
	if (limit_ms < view->silent_after_ms)
		limit_ms = view->silent_after_ms;
	uint64_t changed_ms = fleet_broker_since_ms(view->fleet);
	bool up = fleet_broker_is_up(view->fleet);
	uint64_t now_ms = up || !changed_ms ? view->now_ms : changed_ms;
	uint64_t heard_ms = device->last_seen_ms ? device->last_seen_ms : device->first_seen_ms; // all of it lost with a snapshot
	uint64_t from_ms = up && changed_ms > heard_ms ? changed_ms : heard_ms;
	say(why, "no word for %s (limit %s)", duration(since(heard_ms, view->now_ms)).text, duration(limit_ms).text);
	return since(from_ms, now_ms) > limit_ms;
}

static bool has_verdict(const struct device *device, uint32_t bits)
{
	return device->metric_at_s[MU_METRIC_verdict] && (device->metric[MU_METRIC_verdict] & bits);
}

static bool has(const struct device *device, enum mu_metric metric)
{
	return device->metric_at_s[metric] != 0;
}

// The step is told by an event, which may be a record behind the verdict.
static void say_reconnect_leak(const struct device *device, const struct sentence *why)
{
	const struct device_notice *step = device_notice(device, MU_OWN_EVENT_heap_step);
	struct metric_text left = device_metric_text(device, MU_METRIC_heap_free_bytes);
	if (step && step->boot == device->boot)
		say(why, "each reconnect keeps %s of heap at the step %.20s, %s are left", bytes_text(step->value).text, step->text,
			left.text);
	else
		say(why, "each reconnect keeps some heap, at a step not named yet, %s are left", left.text);
}

static void say_leak(const struct device *device, const struct sentence *why)
{
	struct metric_text left = device_metric_text(device, MU_METRIC_heap_free_bytes);
	int64_t an_hour = device->metric[MU_METRIC_heap_slope_bytes_per_h];
	if (has(device, MU_METRIC_heap_slope_bytes_per_h) && an_hour < 0)
		say(why, "free heap falls by %s an hour, %s are left", bytes_text(-an_hour).text, left.text);
	else
		say(why, "free heap keeps shrinking, %s are left", left.text);
}

static bool is_leaking(const struct device *device, const struct condition_view *view, const struct sentence *why)
{
	(void)view;
	if (!has_verdict(device, MU__VERDICT_BIT__VERDICT_HEAP_LEAK | MU__VERDICT_BIT__VERDICT_RECONNECT_LEAK))
		return false;
	if (has_verdict(device, MU__VERDICT_BIT__VERDICT_HEAP_LEAK))
		say_leak(device, why);
	else
		say_reconnect_leak(device, why);
	return true;
}

static bool is_low_on_heap(const struct device *device, const struct condition_view *view, const struct sentence *why)
{
	(void)view;
	if (!has_verdict(device,
		    MU__VERDICT_BIT__VERDICT_HEAP_LOW | MU__VERDICT_BIT__VERDICT_HEAP_STARVED | MU__VERDICT_BIT__VERDICT_HEAP_FRAGMENTED))
		return false;
	say(why, "%s of heap are free, the largest block is %s: no TLS session can be opened",
		device_metric_text(device, MU_METRIC_heap_free_bytes).text, device_metric_text(device, MU_METRIC_heap_largest_bytes).text);
	return true;
}

static bool is_low_on_sockets(const struct device *device, const struct condition_view *view, const struct sentence *why)
{
	(void)view;
	int64_t open = device->metric[MU_METRIC_sockets_open], limit = device->metric[MU_METRIC_sockets_limit];
	bool full = has(device, MU_METRIC_sockets_open) && has(device, MU_METRIC_sockets_limit) && limit > 0 && open >= limit;
	say(why, "%" PRId64 " of %" PRId64 " sockets are open", open, limit);
	return full || has_verdict(device, MU__VERDICT_BIT__VERDICT_SOCKETS_LOW);
}

static bool is_weak(const struct device *device, const struct condition_view *view, const struct sentence *why)
{
	(void)view;
	int64_t rssi_dbm = device->metric[MU_METRIC_rssi_dbm];
	say(why, "signal is %" PRId64 " dBm, weakest %" PRId64, rssi_dbm, device->metric[MU_METRIC_rssi_min_dbm]);
	return (has(device, MU_METRIC_rssi_dbm) && rssi_dbm <= CONDITION_WEAK_DBM) ||
		has_verdict(device, MU__VERDICT_BIT__VERDICT_LINK_WEAK);
}

static unsigned count_losses(const struct device *device, const struct condition_view *view, enum device_loss_kind kind)
{
	unsigned count = 0;
	for (unsigned i = 0; i < device->loss_count; i++)
		count += device->losses[i].kind == kind && since(device->losses[i].at_ms, view->now_ms) <= CONDITION_LOSS_WINDOW_MS &&
			!fleet_loss_is_common(view->fleet, device->losses[i].at_ms);
	return count;
}

static unsigned count_restarts(const struct device *device, const struct condition_view *view)
{
	unsigned count = 0;
	for (unsigned i = 0; i < device->boot_count; i++)
		count += since(device->boots[i].at_s * UINT64_C(1000), view->now_ms) <=
			CONDITION_LOSS_WINDOW_MS + CONDITION_OFFLINE_GRACE_MS;
	return count;
}

// Of the newest loss that has one: the broker's word has none. 0: none.
static uint32_t last_reason(const struct device *device)
{
	for (unsigned i = 0; i < device->loss_count; i++)
		if (device->losses[i].reason)
			return device->losses[i].reason;
	return 0;
}

// One loss may be seen three times (link, session, last will), so each kind is counted by itself. A restart ends a session too.
static bool is_flapping(const struct device *device, const struct condition_view *view, const struct sentence *why)
{
	unsigned links = count_losses(device, view, LOSS_LINK), sessions = count_losses(device, view, LOSS_SESSION);
	unsigned presences = count_losses(device, view, LOSS_PRESENCE), restarts = count_restarts(device, view);
	presences = presences > restarts ? presences - restarts : 0;
	unsigned most = links > sessions ? links : sessions;
	if (presences > most)
		most = presences;
	uint32_t reason = last_reason(device);
	say(why, "lost its link %s, its session %s in 5 min%s%s", times(links).text,
		times(sessions > presences ? sessions : presences).text, reason ? ", last by " : "",
		reason ? mu_link_reason_name((int32_t)reason) : "");
	return most >= CONDITION_LOSSES || (most && has_verdict(device, MU__VERDICT_BIT__VERDICT_LINK_FLAPPING));
}

static bool has_bad_flash(const struct device *device, const struct condition_view *view, const struct sentence *why)
{
	(void)view;
	say(why, "its flash failed a read or a write");
	return has_verdict(device, MU__VERDICT_BIT__VERDICT_FLASH_FAULT);
}

static bool has_wrong_clock(const struct device *device, const struct condition_view *view, const struct sentence *why)
{
	(void)view;
	if (device_is_unacked(device))
		return false; // plain JSON says nothing of a clock
	if (device->time_quality == MU__TIME_QUALITY__TIME_NONE) {
		say(why, "it has no time, %s after its start", duration(device->heartbeat_uptime_ms).text);
		return device->last_heartbeat_ms && device->heartbeat_uptime_ms > CONDITION_NO_TIME_MS;
	}
	bool ahead = device->clock_offset_ms > CONDITION_CLOCK_AHEAD_MS;
	// A record that waited in the spool is old, not wrong: only a device that has nothing waiting can be behind.
	bool behind = device->clock_offset_ms < -(int64_t)CONDITION_CLOCK_BEHIND_MS && has(device, MU_METRIC_spool_records) &&
		device->metric[MU_METRIC_spool_records] <= 1;
	uint64_t off_ms = device->clock_offset_ms < 0 ? 0 - (uint64_t)device->clock_offset_ms : (uint64_t)device->clock_offset_ms;
	say(why, "its clock is %s %s", duration(off_ms).text, ahead ? "ahead" : "behind");
	return ahead || behind;
}

static const char *rolled_back_why(uint8_t cause)
{
	switch (cause) {
	case MU__OTA_CAUSE__OTA_CAUSE_COMMAND: return "as it was told";
	case MU__OTA_CAUSE__OTA_CAUSE_BOOT_LOOP: return "by itself, because of a boot loop";
	case MU__OTA_CAUSE__OTA_CAUSE_NO_ACK: return "by itself, because the trial got no Ack";
	default: return "by itself";
	}
}

static bool was_rolled_back(const struct device *device, const struct condition_view *view, const struct sentence *why)
{
	uint64_t ago_ms = since(device->rolled_back_ms, view->now_ms);
	say(why, "went back to its other firmware %s ago, %s", duration(ago_ms).text, rolled_back_why(device->rolled_back_cause));
	return device->rolled_back_ms && ago_ms < CONDITION_ROLLED_BACK_MS;
}

static bool is_new(const struct device *device, const struct condition_view *view, const struct sentence *why)
{
	(void)view;
	say(why, "no heartbeat yet");
	return !device->last_heartbeat_ms;
}

static bool is_healthy(const struct device *device, const struct condition_view *view, const struct sentence *why)
{
	(void)device, (void)view, (void)why;
	return true;
}

// In the order of enum condition_state: the gravest first.
static const struct {
	const char *name;
	enum condition_severity severity;
	bool (*holds)(const struct device *device, const struct condition_view *view, const struct sentence *why);
} rows[CONDITION_COUNT] = {
	[CONDITION_CRASH_LOOP]  = { "crash_loop", SEVERITY_CRITICAL, is_crash_loop },
	[CONDITION_HANGING]     = { "hanging", SEVERITY_CRITICAL, is_hanging },
	[CONDITION_POWER]       = { "power", SEVERITY_CRITICAL, is_losing_power },
	[CONDITION_OFFLINE]     = { "offline", SEVERITY_CRITICAL, is_offline },
	[CONDITION_SILENT]      = { "silent", SEVERITY_CRITICAL, is_silent },
	[CONDITION_HEAP_LEAK]   = { "heap_leak", SEVERITY_WARNING, is_leaking },
	[CONDITION_HEAP_LOW]    = { "heap_low", SEVERITY_WARNING, is_low_on_heap },
	[CONDITION_SOCKETS_LOW] = { "sockets_low", SEVERITY_WARNING, is_low_on_sockets },
	[CONDITION_WEAK_SIGNAL] = { "weak_signal", SEVERITY_WARNING, is_weak },
	[CONDITION_FLAPPING]    = { "flapping", SEVERITY_WARNING, is_flapping },
	[CONDITION_FLASH]       = { "flash", SEVERITY_WARNING, has_bad_flash },
	[CONDITION_CLOCK]       = { "clock", SEVERITY_WARNING, has_wrong_clock },
	[CONDITION_ROLLED_BACK] = { "rolled_back", SEVERITY_INFO, was_rolled_back },
	[CONDITION_NEW]         = { "new", SEVERITY_OK, is_new },
	[CONDITION_HEALTHY]     = { "healthy", SEVERITY_OK, is_healthy },
};

static const char *const severity_names[] = { "ok", "info", "warning", "critical" };

enum condition_state condition_state_of(const struct device *device, const struct condition_view *view)
{
	const struct sentence nobody = { 0, 0 };
	for (int i = 0; i < CONDITION_COUNT; i++)
		if (rows[i].severity != SEVERITY_INFO && rows[i].holds(device, view, &nobody))
			return i;
	return CONDITION_HEALTHY;
}

void condition_of(const struct device *device, const struct condition_view *view, struct condition *condition)
{
	condition->state = condition_state_of(device, view);
	condition->count = 0;
	for (int i = 0; i < CONDITION_HEALTHY && condition->count < CONDITION_REASONS_MAX; i++) {
		struct condition_reason *reason = &condition->reasons[condition->count];
		const struct sentence why = { reason->text, sizeof reason->text };
		if (!rows[i].holds(device, view, &why))
			continue;
		reason->state = i;
		condition->count++;
	}
}

const char *condition_name(enum condition_state state)
{
	return rows[state].name;
}

int condition_find(const char *name)
{
	for (int i = 0; i < CONDITION_COUNT; i++)
		if (strcmp(rows[i].name, name) == 0)
			return i;
	return -1;
}

enum condition_severity condition_severity(enum condition_state state)
{
	return rows[state].severity;
}

const char *condition_severity_name(enum condition_severity severity)
{
	return severity_names[severity];
}
