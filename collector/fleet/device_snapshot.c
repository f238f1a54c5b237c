// SPDX-License-Identifier: Apache-2.0
// The snapshot of a device (device.h): "MUDS" | version u8 | fixed fields | ledger | metrics | boots | losses | application metrics |
// notices (since version 2) | reasons of the link (since version 3). Numbers are little-endian. A metric and an event are known by the
// FNV-1a hash of their names, because the order of metrics.def and events.def may change.
#include "collector/fleet/device.h"
#include <stdlib.h>
#include <string.h>

enum { VERSION = 3 };
static const char magic[4] = { 'M', 'U', 'D', 'S' };

struct writer {
	uint8_t *at, *end;
	bool full;
};

struct reader {
	const uint8_t *at, *end;
	unsigned version;
	bool cut;
};

// A number (written little-endian) or an array of bytes (as it is) of a struct.
struct field {
	uint16_t offset, size;
	uint8_t since; // version; older snapshots do not have it, and it stays 0
	bool is_bytes;
};

#define FIELD(type, name, version, is_bytes) \
	{ \
		offsetof(struct type, name), sizeof(((struct type *)0)->name), version, is_bytes \
	}
#define NUMBER(type, name) FIELD(type, name, 1, false)
#define NUMBER_SINCE(version, type, name) FIELD(type, name, version, false)
#define BYTES(type, name) FIELD(type, name, 1, true)

// Rows are only ever added, each time with a new VERSION.
static const struct field device_fields[] = {
	NUMBER(device, last_seen_ms),
	NUMBER(device, presence),
	NUMBER(device, presence_since_ms),
	NUMBER(device, last_heartbeat_ms),
	NUMBER(device, heartbeat_interval_ms),
	NUMBER(device, heartbeat_boot),
	NUMBER(device, heartbeat_uptime_ms),
	BYTES(device, stack_min_task),
	NUMBER(device, boot),
	NUMBER(device, time_quality),
	NUMBER(device, clock_offset_ms),
	NUMBER(device, boots_lost),
	NUMBER(device, reset_raw),
	BYTES(device, firmware),
	BYTES(device, hardware),
	BYTES(device, agent),
	NUMBER(device, slot),
	BYTES(device, running_sha),
	BYTES(device, other_sha),
	NUMBER(device, has_running_sha),
	NUMBER(device, has_other_sha),
	BYTES(device, other_firmware),
	NUMBER(device, loss_counted_ms),
	NUMBER(device, rolled_back_ms),
	NUMBER(device, rolled_back_cause),
	NUMBER(device, result_ms),
	BYTES(device, result_id),
	NUMBER(device, result_id_size),
	NUMBER(device, result_outcome),
	BYTES(device, result_detail),
	NUMBER(device, app_boot),
};

static const struct field boot_fields[] = {
	NUMBER(device_boot, boot),
	NUMBER(device_boot, count),
	NUMBER(device_boot, at_s),
	NUMBER(device_boot, pc),
	NUMBER(device_boot, uptime_s),
	NUMBER(device_boot, reset_class),
	NUMBER(device_boot, cause),
	NUMBER(device_boot, sha_size),
	BYTES(device_boot, sha),
	BYTES(device_boot, hung_token),
	BYTES(device_boot, task),
};

static const struct field loss_fields[] = { NUMBER(device_loss, at_ms), NUMBER(device_loss, kind), NUMBER_SINCE(2, device_loss, reason) };

static const struct field reason_fields[] = { NUMBER(device_reason, reason), NUMBER(device_reason, count) };

static const struct field notice_fields[] = {
	NUMBER(device_notice, at_s),
	NUMBER(device_notice, boot),
	NUMBER(device_notice, value),
	BYTES(device_notice, text),
};

static const struct field app_fields[] = {
	BYTES(device_app_metric, name),
	NUMBER(device_app_metric, is_real),
	NUMBER(device_app_metric, at_s),
	NUMBER(device_app_metric, integer),
	NUMBER(device_app_metric, real),
};

#define COUNT(array) (sizeof(array) / sizeof *(array))

static void put(struct writer *w, const void *bytes, size_t size)
{
	if (size > (size_t)(w->end - w->at)) {
		w->full = true;
		return;
	}
	memcpy(w->at, bytes, size);
	w->at += size;
}

static void put_number(struct writer *w, uint64_t value, size_t size)
{
	uint8_t bytes[8];
	for (size_t i = 0; i < size; i++)
		bytes[i] = (uint8_t)(value >> 8 * i);
	put(w, bytes, size);
}

static const uint8_t *take(struct reader *r, size_t size)
{
	if (r->cut || size > (size_t)(r->end - r->at)) {
		r->cut = true;
		return 0;
	}
	r->at += size;
	return r->at - size;
}

static uint64_t take_number(struct reader *r, size_t size)
{
	const uint8_t *bytes = take(r, size);
	uint64_t value = 0;
	for (size_t i = 0; bytes && i < size; i++)
		value |= (uint64_t)bytes[i] << 8 * i;
	return value;
}

static uint64_t load(const void *from, size_t size)
{
	uint8_t u8;
	uint16_t u16;
	uint32_t u32;
	uint64_t u64;
	switch (size) {
	case 1: return memcpy(&u8, from, 1), u8;
	case 2: return memcpy(&u16, from, 2), u16;
	case 4: return memcpy(&u32, from, 4), u32;
	default: return memcpy(&u64, from, 8), u64;
	}
}

static void save(void *to, uint64_t value, size_t size)
{
	uint8_t u8 = (uint8_t)value;
	uint16_t u16 = (uint16_t)value;
	uint32_t u32 = (uint32_t)value;
	switch (size) {
	case 1: memcpy(to, &u8, 1); break;
	case 2: memcpy(to, &u16, 2); break;
	case 4: memcpy(to, &u32, 4); break;
	default: memcpy(to, &value, 8); break;
	}
}

static void put_fields(struct writer *w, const void *base, const struct field *fields, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const char *from = (const char *)base + fields[i].offset;
		if (fields[i].is_bytes)
			put(w, from, fields[i].size);
		else
			put_number(w, load(from, fields[i].size), fields[i].size);
	}
}

static void take_fields(struct reader *r, void *base, const struct field *fields, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		char *to = (char *)base + fields[i].offset;
		if (fields[i].since > r->version)
			continue;
		if (!fields[i].is_bytes) {
			save(to, take_number(r, fields[i].size), fields[i].size);
			continue;
		}
		const uint8_t *bytes = take(r, fields[i].size);
		if (bytes)
			memcpy(to, bytes, fields[i].size);
	}
}

static uint32_t name_hash(const char *name)
{
	uint32_t hash = 2166136261u;
	while (*name)
		hash = (hash ^ (uint8_t)*name++) * 16777619u;
	return hash;
}

static void put_metrics(struct writer *w, const struct device *device)
{
	unsigned count = 0;
	for (int i = 0; i < MU_METRIC_COUNT; i++)
		count += device->metric_at_s[i] != 0;
	put_number(w, count, 2);
	for (int i = 0; i < MU_METRIC_COUNT; i++) {
		if (!device->metric_at_s[i])
			continue;
		put_number(w, name_hash(mu_metric_words[i].name), 4);
		put_number(w, device->metric_at_s[i], 4);
		put_number(w, (uint64_t)device->metric[i], 8);
	}
}

static void take_metrics(struct reader *r, struct device *device)
{
	unsigned count = take_number(r, 2);
	uint32_t hashes[MU_METRIC_COUNT];
	for (int i = 0; i < MU_METRIC_COUNT; i++)
		hashes[i] = name_hash(mu_metric_words[i].name);
	for (; count && !r->cut; count--) {
		uint32_t hash = take_number(r, 4);
		uint32_t at_s = take_number(r, 4);
		int64_t value = (int64_t)take_number(r, 8);
		for (int i = 0; i < MU_METRIC_COUNT; i++)
			if (hashes[i] == hash) {
				device->metric[i] = value;
				device->metric_at_s[i] = at_s;
			}
	}
}

static void put_ledger(struct writer *w, const struct ledger *ledger)
{
	uint8_t bytes[LEDGER_PACKED_MAX];
	int size = ledger_pack(ledger, bytes, sizeof bytes);
	put_number(w, (uint64_t)size, 2);
	put(w, bytes, (size_t)size);
}

static void take_ledger(struct reader *r, struct ledger *ledger)
{
	size_t size = take_number(r, 2);
	const uint8_t *bytes = take(r, size);
	if (bytes && ledger_unpack(ledger, bytes, size) < 0)
		r->cut = true;
}

static void put_notices(struct writer *w, const struct device *device)
{
	put_number(w, device->notice_count, 1);
	for (unsigned i = 0; i < device->notice_count; i++) {
		put_number(w, name_hash(mu_event_words[device->notices[i].event].name), 4);
		put_fields(w, &device->notices[i], notice_fields, COUNT(notice_fields));
	}
}

static int event_of(uint32_t hash)
{
	for (int i = 0; i < MU_OWN_EVENT_COUNT; i++)
		if (name_hash(mu_event_words[i].name) == hash)
			return i;
	return -1;
}

static void take_notices(struct reader *r, struct device *device)
{
	unsigned count = r->version < 2 ? 0 : (unsigned)take_number(r, 1);
	if (!count)
		return;
	device->notices = calloc(count, sizeof *device->notices); // without memory they are read past: the record log has them
	for (unsigned i = 0; i < count && !r->cut; i++) {
		struct device_notice notice = { 0 };
		int event = event_of((uint32_t)take_number(r, 4));
		take_fields(r, &notice, notice_fields, COUNT(notice_fields));
		notice.text[sizeof notice.text - 1] = 0;
		notice.event = (uint8_t)event;
		if (device->notices && event >= 0)
			device->notices[device->notice_count++] = notice;
	}
}

static void put_reasons(struct writer *w, const struct device *device)
{
	put_number(w, device->reasons_boot, 4);
	put_number(w, device->reason_count, 1);
	for (unsigned i = 0; i < device->reason_count; i++)
		put_fields(w, &device->reasons[i], reason_fields, COUNT(reason_fields));
}

static void take_reasons(struct reader *r, struct device *device)
{
	if (r->version < 3)
		return;
	device->reasons_boot = (uint32_t)take_number(r, 4);
	unsigned count = (unsigned)take_number(r, 1);
	r->cut |= count > DEVICE_REASONS;
	for (unsigned i = 0; i < count && !r->cut; i++)
		take_fields(r, &device->reasons[device->reason_count++], reason_fields, COUNT(reason_fields));
}

size_t device_snapshot_pack(const struct device *device, uint8_t *buffer, size_t size)
{
	struct writer w = { .at = buffer, .end = buffer + size };
	put(&w, magic, sizeof magic);
	put_number(&w, VERSION, 1);
	put_fields(&w, device, device_fields, COUNT(device_fields));
	put_ledger(&w, &device->ledger);
	put_metrics(&w, device);
	put_number(&w, device->boot_count, 1);
	for (unsigned i = 0; i < device->boot_count; i++)
		put_fields(&w, &device->boots[i], boot_fields, COUNT(boot_fields));
	put_number(&w, device->loss_count, 1);
	for (unsigned i = 0; i < device->loss_count; i++)
		put_fields(&w, &device->losses[i], loss_fields, COUNT(loss_fields));
	put_number(&w, device->app ? device->app_count : 0, 1);
	for (unsigned i = 0; device->app && i < device->app_count; i++)
		put_fields(&w, &device->app[i], app_fields, COUNT(app_fields));
	put_notices(&w, device);
	put_reasons(&w, device);
	return w.full ? 0 : (size_t)(w.at - buffer);
}

static void take_app(struct reader *r, struct device *device)
{
	unsigned count = take_number(r, 1);
	if (!count || count > MU_APP_COUNT_MAX) {
		r->cut |= count > MU_APP_COUNT_MAX;
		return;
	}
	device->app = calloc(MU_APP_COUNT_MAX, sizeof *device->app);
	if (!device->app)
		return; // they come again with the next boot
	device->app_count = count;
	for (unsigned i = 0; i < count; i++) {
		take_fields(r, &device->app[i], app_fields, COUNT(app_fields));
		device->app[i].name[MU_NAME_TEXT_MAX] = 0;
	}
}

static void take_lists(struct reader *r, struct device *device)
{
	device->boot_count = take_number(r, 1);
	if (device->boot_count > DEVICE_BOOTS) {
		r->cut = true;
		return;
	}
	for (unsigned i = 0; i < device->boot_count; i++) {
		struct device_boot *boot = &device->boots[i];
		take_fields(r, boot, boot_fields, COUNT(boot_fields));
		boot->hung_token[MU_NAME_TEXT_MAX] = boot->task[MU_NAME_TEXT_MAX] = 0;
		r->cut |= boot->sha_size > sizeof boot->sha;
	}
	device->loss_count = take_number(r, 1);
	if (device->loss_count > DEVICE_LOSSES) {
		r->cut = true;
		return;
	}
	for (unsigned i = 0; i < device->loss_count; i++)
		take_fields(r, &device->losses[i], loss_fields, COUNT(loss_fields));
	take_app(r, device);
	take_notices(r, device);
	take_reasons(r, device);
}

static bool is_sound(struct device *device)
{
	device->stack_min_task[MU_NAME_TEXT_MAX] = 0;
	device->firmware[MU_FIRMWARE_TEXT_MAX] = device->hardware[MU_FIRMWARE_TEXT_MAX] = 0;
	device->agent[MU_FIRMWARE_TEXT_MAX] = device->other_firmware[MU_FIRMWARE_TEXT_MAX] = 0;
	device->result_detail[MU_DETAIL_TEXT_MAX] = 0;
	return device->presence <= PRESENCE_OFFLINE && device->result_id_size <= sizeof device->result_id;
}

int device_snapshot_unpack(struct device *device, const uint8_t *bytes, size_t size)
{
	struct reader r = { .at = bytes, .end = bytes + size };
	struct device fresh = { .dev = device->dev, .first_seen_ms = device->first_seen_ms, .open_commands = device->open_commands };
	memcpy(fresh.id, device->id, sizeof fresh.id);

	const uint8_t *head = take(&r, sizeof magic);
	if (!head || memcmp(head, magic, sizeof magic) != 0)
		return -1;
	r.version = (unsigned)take_number(&r, 1);
	if (!r.version || r.version > VERSION)
		return -1;
	take_fields(&r, &fresh, device_fields, COUNT(device_fields));
	take_ledger(&r, &fresh.ledger);
	take_metrics(&r, &fresh);
	take_lists(&r, &fresh);
	if (r.cut || r.at != r.end || !is_sound(&fresh)) {
		device_clear(&fresh);
		return -1;
	}
	device_clear(device);
	*device = fresh;
	return 0;
}
