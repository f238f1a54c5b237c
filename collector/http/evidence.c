// SPDX-License-Identifier: Apache-2.0
#include "collector/http/evidence.h"
#include "collector/fleet/metric_text.h"
#include "collector/http/json_text.h"
#include "collector/http/record_text.h"
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

struct gathering {
	const struct device *device;
	const struct condition_view *view;
	enum condition_state state;
	json_t *list;
	uint64_t since_ms;
};

void evidence_add(json_t *list, uint64_t at_ms, const char *format, ...)
{
	char text[EVIDENCE_TEXT_BYTES];
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(text, sizeof text, format, arguments);
	va_end(arguments);
	json_array_append_new(list,
		json_pack("{s:o,s:o}", "at_ms", at_ms ? json_u64(at_ms) : json_null(), "text", json_text(text, sizeof text)));
}

static bool is_full(const struct gathering *gathering)
{
	return json_array_size(gathering->list) >= EVIDENCE_MAX;
}

// What goes on since then, of several times the earliest.
static void note_since(struct gathering *gathering, uint64_t at_ms)
{
	if (at_ms && (!gathering->since_ms || at_ms < gathering->since_ms))
		gathering->since_ms = at_ms;
}

// ---- boots and losses within the windows of condition.h

static bool is_hang(const struct device_boot *boot)
{
	return boot->reset_class == MU__RESET_CLASS__RESET_HANG || boot->cause == MU__RESET_CAUSE__CAUSE_LIVENESS;
}

static bool is_of_state(const struct device_boot *boot, enum condition_state state)
{
	bool is_power = boot->reset_class == MU__RESET_CLASS__RESET_BROWN_OUT;
	if (state == CONDITION_HANGING)
		return is_hang(boot);
	if (state == CONDITION_POWER)
		return is_power;
	return ((boot->reset_class & 128) || boot->cause == MU__RESET_CAUSE__CAUSE_ASSERT) && !is_hang(boot) && !is_power;
}

static void add_boot(json_t *list, const struct device_boot *boot)
{
	char text[RECORD_TEXT_BYTES];
	boot_text(boot, text, sizeof text);
	evidence_add(list, boot->at_s * UINT64_C(1000), "boot %" PRIu32 ": %s", boot->boot, text);
}

static void add_loss(json_t *list, const struct device_loss *loss)
{
	char text[RECORD_TEXT_BYTES];
	loss_text(loss, text, sizeof text);
	evidence_add(list, loss->at_ms, "%s", text);
}

static void gather_boots(struct gathering *gathering)
{
	const struct device *device = gathering->device;
	for (unsigned i = 0; i < device->boot_count && !is_full(gathering); i++) {
		uint64_t at_ms = device->boots[i].at_s * UINT64_C(1000);
		if (at_ms + CONDITION_WINDOW_MS < gathering->view->now_ms || !is_of_state(&device->boots[i], gathering->state))
			continue;
		add_boot(gathering->list, &device->boots[i]);
		note_since(gathering, at_ms);
	}
}

static void gather_losses(struct gathering *gathering)
{
	const struct device *device = gathering->device;
	for (unsigned i = 0; i < device->loss_count && !is_full(gathering); i++) {
		const struct device_loss *loss = &device->losses[i];
		if (loss->at_ms + CONDITION_LOSS_WINDOW_MS < gathering->view->now_ms || loss->kind > LOSS_PRESENCE)
			continue;
		add_loss(gathering->list, loss);
		note_since(gathering, loss->at_ms);
	}
}

// ---- measurements

static void gather_metric(struct gathering *gathering, enum mu_metric metric)
{
	const struct device *device = gathering->device;
	if (device->metric_at_s[metric] && !is_full(gathering))
		evidence_add(gathering->list, device->metric_at_s[metric] * UINT64_C(1000), "%s is %s", mu_metric_words[metric].name,
			device_metric_text(device, metric).text);
}

// What the device itself told of it, of the boot that it is in.
static void gather_notice(struct gathering *gathering, enum mu_own_event event)
{
	const struct device_notice *notice = device_notice(gathering->device, event);
	char text[RECORD_TEXT_BYTES];
	if (!notice || notice->boot != gathering->device->boot || is_full(gathering))
		return;
	notice_text(notice, text, sizeof text);
	evidence_add(gathering->list, notice->at_s * UINT64_C(1000), "%s: %s", mu_event_words[event].name, text);
}

static void gather_heap(struct gathering *gathering)
{
	gather_notice(gathering, MU_OWN_EVENT_heap_step);
	gather_metric(gathering, MU_METRIC_heap_free_bytes);
	gather_metric(gathering, MU_METRIC_heap_min_bytes);
	gather_metric(gathering, MU_METRIC_heap_largest_bytes);
	gather_metric(gathering, MU_METRIC_heap_slope_bytes_per_h);
}

static void gather_sockets(struct gathering *gathering)
{
	gather_metric(gathering, MU_METRIC_sockets_open);
	gather_metric(gathering, MU_METRIC_sockets_limit);
	gather_metric(gathering, MU_METRIC_sockets_high_water);
	gather_metric(gathering, MU_METRIC_sockets_refused);
	gather_notice(gathering, MU_OWN_EVENT_sockets_unclaimed);
	gather_notice(gathering, MU_OWN_EVENT_socket_closed);
}

static void gather_radio(struct gathering *gathering)
{
	gather_metric(gathering, MU_METRIC_rssi_dbm);
	gather_metric(gathering, MU_METRIC_rssi_min_dbm);
	gather_metric(gathering, MU_METRIC_link_disconnects);
	gather_metric(gathering, MU_METRIC_wifi_channel);
}

static void gather_session(struct gathering *gathering)
{
	const struct device *device = gathering->device;
	if (device->presence_since_ms) {
		evidence_add(gathering->list, device->presence_since_ms,
			device->presence == PRESENCE_OFFLINE ? "its session ended" : "its session began");
		note_since(gathering, device->presence == PRESENCE_OFFLINE ? device->presence_since_ms : device->last_seen_ms);
	}
	if (device->last_seen_ms)
		evidence_add(gathering->list, device->last_seen_ms, "its last word");
	gather_metric(gathering, MU_METRIC_rssi_dbm);
	gather_metric(gathering, MU_METRIC_heap_free_bytes);
}

static void gather_clock(struct gathering *gathering)
{
	evidence_add(gathering->list, gathering->device->last_seen_ms, "its clock less ours: %.1f s",
		(double)gathering->device->clock_offset_ms / 1000);
	gather_notice(gathering, MU_OWN_EVENT_sntp_failed);
	gather_notice(gathering, MU_OWN_EVENT_clock_stepped);
}

static void gather_rollback(struct gathering *gathering)
{
	evidence_add(gathering->list, gathering->device->rolled_back_ms, "it runs %s again", gathering->device->firmware);
	note_since(gathering, gathering->device->rolled_back_ms);
}

static void gather_flash(struct gathering *gathering)
{
	gather_notice(gathering, MU_OWN_EVENT_spool_damaged);
}

static void gather_nothing(struct gathering *gathering)
{
	(void)gathering;
}

static const struct {
	void (*gather)(struct gathering *gathering);
	const char *cause, *remedy;
} rows[CONDITION_COUNT] = {
	[CONDITION_CRASH_LOOP] = { gather_boots,
		"A fault that comes back after each start: memory that is gone, a stack that overflows, a bad update or bad stored settings.",
		"If it began with an update, roll it back: `muster rollback ID`. Else decode the address with the ELF file of its firmware (addr2line)." },
	[CONDITION_HANGING] = { gather_boots,
		"A task that waits for ever: a lock, a socket without a time limit, a loop that starves the others.",
		"Look at what the named task waits for and give it a time limit. If it began with an update, roll it back." },
	[CONDITION_POWER] = { gather_boots,
		"The supply sags when the radio sends: a weak adapter, a long cable, an old battery, a capacitor that is too small.",
		"Measure the supply at the module while it sends; replace the adapter, or add a capacitor of 100 µF and more next to the module." },
	[CONDITION_OFFLINE] = { gather_session, "No power, no radio link, or the way to the broker is gone.",
		"Look whether its neighbours are online: if they are, look at its power and signal; if not, at the access point and the broker." },
	[CONDITION_SILENT] = { gather_session,
		"Its session stands, but its application or agent no longer reports; or the connection died without a word.",
		"Wait for the keep-alive of the broker to end the session. If it stays online and silent, restart the device." },
	[CONDITION_HEAP_LEAK] = { gather_heap,
		"Something allocates and never frees; often a session, a JSON document or a list that only grows. "
		"If each reconnect keeps some, the event heap_step names the step that does not give it back.",
		"See when it began in the history. If it came with an update, roll back; until it is mended, restart the device before its heap is used up." },
	[CONDITION_HEAP_LOW] = { gather_heap,
		"Too much is in use at once, or the heap is in pieces, so that no block is large enough for TLS.",
		"Use fewer sessions at once, mbedTLS with dynamic buffers, and static buffers for what lives long." },
	[CONDITION_SOCKETS_LOW] = { gather_sockets, "Sockets are not closed on errors, or more are used than the limit allows.",
		"Close sockets on every path; raise LWIP_MAX_SOCKETS if all of them are needed." },
	[CONDITION_WEAK_SIGNAL] = { gather_radio, "Too far from the access point, or a wall, metal or another network between them.",
		"Move the device, the antenna or the access point; choose a channel that is less used." },
	[CONDITION_FLAPPING] = { gather_losses,
		"A weak signal, an access point that throws it out, or a second device with the same client id.",
		"Look at its signal first, then at the log of the access point; look whether two devices share an id." },
	[CONDITION_FLASH] = { gather_flash, "A worn or faulty flash chip, or power that was lost while it was written.",
		"Replace the device. Until then its stored records and updates are at risk." },
	[CONDITION_CLOCK] = { gather_clock, "It has not reached a time server, or its time zone is taken for UTC.",
		"Look whether it can reach its SNTP server; it also takes the time from musterd's Acks." },
	[CONDITION_ROLLED_BACK] = { gather_rollback, "The newer firmware was left, by a command or by its own guard.",
		"Look at the boots before it; do not send the same update again before its fault is found." },
	[CONDITION_NEW] = { gather_nothing, "It has not sent a heartbeat yet.", "Wait for one interval of its heartbeat." },
	[CONDITION_HEALTHY] = { gather_nothing, "", "" },
};

const char *evidence_cause(enum condition_state state)
{
	return rows[state].cause;
}

const char *evidence_remedy(enum condition_state state)
{
	return rows[state].remedy;
}

json_t *evidence_json(const struct device *device, enum condition_state state, const struct condition_view *view, uint64_t *since_ms)
{
	struct gathering gathering = { device, view, state, json_array(), 0 };
	rows[state].gather(&gathering);
	*since_ms = gathering.since_ms;
	return gathering.list;
}

// ---- what a rule reads

enum { BOOTS_SHOWN = 4, LOSSES_SHOWN = 4, METRICS_SHOWN = 4 };

static const struct {
	enum event_kind kind;
	enum condition_state state; // whose boots these are; CONDITION_HEALTHY: all
} boot_kinds[] = {
	{ EVENT_BOOT, CONDITION_HEALTHY },
	{ EVENT_CRASH, CONDITION_CRASH_LOOP },
	{ EVENT_HANG, CONDITION_HANGING },
	{ EVENT_BROWN_OUT, CONDITION_POWER },
};

static bool is_counted(const struct device_boot *boot, uint64_t events)
{
	for (size_t i = 0; i < sizeof boot_kinds / sizeof *boot_kinds; i++)
		if (events & UINT64_C(1) << boot_kinds[i].kind &&
			(boot_kinds[i].state == CONDITION_HEALTHY || is_of_state(boot, boot_kinds[i].state)))
			return true;
	return false;
}

static void gather_counted_boots(struct gathering *gathering, uint64_t events)
{
	unsigned shown = 0;
	for (unsigned i = 0; i < gathering->device->boot_count && shown < BOOTS_SHOWN && !is_full(gathering); i++) {
		if (!is_counted(&gathering->device->boots[i], events))
			continue;
		add_boot(gathering->list, &gathering->device->boots[i]);
		shown++;
	}
}

static void gather_counted_losses(struct gathering *gathering, uint64_t events)
{
	static const uint64_t counted_by[] = {
		[LOSS_LINK] = UINT64_C(1) << EVENT_LINK_LOST,
		[LOSS_SESSION] = UINT64_C(1) << EVENT_SESSION_LOST,
		[LOSS_PRESENCE] = 0, // the broker's word, no record of the device
	};
	unsigned shown = 0;
	for (unsigned i = 0; i < gathering->device->loss_count && shown < LOSSES_SHOWN && !is_full(gathering); i++) {
		const struct device_loss *loss = &gathering->device->losses[i];
		if (loss->kind > LOSS_PRESENCE || !(events & counted_by[loss->kind]))
			continue;
		add_loss(gathering->list, loss);
		shown++;
	}
}

void evidence_of_inputs(json_t *list, const struct device *device, const struct rule_inputs *inputs)
{
	struct gathering gathering = { .device = device, .list = list };
	for (unsigned i = 0; i < inputs->metric_count && i < METRICS_SHOWN; i++)
		gather_metric(&gathering, (enum mu_metric)inputs->metrics[i]);
	gather_counted_boots(&gathering, inputs->events);
	gather_counted_losses(&gathering, inputs->events);
}

// ---- health

static void say(json_t *list, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void say(json_t *list, const char *format, ...)
{
	char text[200];
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(text, sizeof text, format, arguments);
	va_end(arguments);
	json_array_append_new(list, json_text(text, sizeof text));
}

static bool has(const struct device *device, enum mu_metric metric)
{
	return device->metric_at_s[metric] != 0;
}

json_t *evidence_of_health(const struct device *device, const struct condition_view *view)
{
	json_t *list = json_array();
	uint64_t quiet_ms = view->now_ms > device->last_seen_ms ? view->now_ms - device->last_seen_ms : 0;
	uint64_t missing = device->ledger.gaps[MU__GAP_REASON__GAP_UNEXPLAINED];
	if (device->last_seen_ms)
		say(list, "it is %s, its last word came %" PRIu64 " s ago",
			device->presence == PRESENCE_ONLINE ? "online" : "not known to be offline", quiet_ms / 1000);
	if (has(device, MU_METRIC_uptime_s))
		say(list, "it has been up for %" PRId64 " s", device->metric[MU_METRIC_uptime_s]);
	if (has(device, MU_METRIC_heap_free_bytes) && has(device, MU_METRIC_heap_min_bytes))
		say(list, "%s of heap are free, at least %s since its start", device_metric_text(device, MU_METRIC_heap_free_bytes).text,
			device_metric_text(device, MU_METRIC_heap_min_bytes).text);
	if (has(device, MU_METRIC_rssi_dbm))
		say(list, "its signal is %s", device_metric_text(device, MU_METRIC_rssi_dbm).text);
	if (!missing)
		say(list, "%" PRIu64 " of its records are stored, none is missing without a reason", device->ledger.accepted);
	say(list, "no alert fires and no condition holds");
	return list;
}
