// SPDX-License-Identifier: Apache-2.0
#include "collector/fleet/device.h"
#include <stdlib.h>
#include <string.h>

enum {
	SAME_BOOT_S = 2,          // the same boot folded twice is computed to the same second, give or take rounding
	WALL_TRUST_MS = 86400000, // a wall time further than this from ours is not believed
};

static void copy_text(char *to, size_t size, const char *from)
{
	size_t length = strnlen(from, size - 1);
	memcpy(to, from, length);
	memset(to + length, 0, size - length);
}

// When the record was made: by the device's clock where it is trusted, else when it arrived.
static uint64_t time_of(const Mu__Record *record, uint64_t recv_ms)
{
	if (!record->has_wall_ms || record->time_quality == MU__TIME_QUALITY__TIME_NONE)
		return recv_ms;
	if (record->wall_ms > recv_ms || recv_ms - record->wall_ms > WALL_TRUST_MS)
		return recv_ms;
	return record->wall_ms;
}

static bool same_boot(const struct device_boot *a, const struct device_boot *b)
{
	uint32_t apart_s = a->at_s > b->at_s ? a->at_s - b->at_s : b->at_s - a->at_s;
	return a->boot == b->boot && a->count == b->count && apart_s <= SAME_BOOT_S;
}

static void add_boot(struct device *device, const struct device_boot *boot)
{
	for (unsigned i = 0; i < device->boot_count; i++)
		if (same_boot(&device->boots[i], boot))
			return;
	unsigned kept = device->boot_count < DEVICE_BOOTS ? device->boot_count : DEVICE_BOOTS - 1;
	memmove(device->boots + 1, device->boots, kept * sizeof *device->boots);
	device->boots[0] = *boot;
	device->boot_count = kept + 1;
}

static bool knows_boot(const struct device *device, uint32_t number)
{
	for (unsigned i = 0; i < device->boot_count; i++)
		if (device->boots[i].boot == number && device->boots[i].count == 1)
			return true;
	return false;
}

static void copy_sha(struct device_boot *entry, ProtobufCBinaryData sha)
{
	entry->sha_size = sha.len > sizeof entry->sha ? sizeof entry->sha : sha.len;
	if (entry->sha_size)
		memcpy(entry->sha, sha.data, entry->sha_size);
}

static void add_unreported(struct device *device, const Mu__UnreportedBoot *boot, uint64_t at_ms)
{
	struct device_boot entry = {
		.boot = boot->first_boot,
		.count = boot->count ? boot->count : 1,
		.at_s = at_ms / 1000,
		.pc = boot->has_pc ? boot->pc : 0,
		.uptime_s = boot->has_last_uptime_s ? boot->last_uptime_s : UINT32_MAX,
		.reset_class = boot->reset_class,
		.cause = boot->has_cause ? boot->cause : 0,
	};
	if (boot->hung_token)
		copy_text(entry.hung_token, sizeof entry.hung_token, boot->hung_token);
	if (boot->task)
		copy_text(entry.task, sizeof entry.task, boot->task);
	if (boot->has_elf_sha)
		copy_sha(&entry, boot->elf_sha);
	add_boot(device, &entry);
}

// Boots without a report of their own ended where the next one began: their times are counted back from this boot.
static void add_all_unreported(struct device *device, const Mu__Boot *boot, uint64_t booted_ms)
{
	uint64_t at_ms[MU_UNREPORTED_COUNT_MAX];
	size_t count = boot->n_unreported < MU_UNREPORTED_COUNT_MAX ? boot->n_unreported : MU_UNREPORTED_COUNT_MAX;
	uint64_t back_ms = boot->has_previous_uptime_s ? boot->previous_uptime_s * UINT64_C(1000) : 0;

	for (size_t i = count; i-- > 0;) {
		const Mu__UnreportedBoot *entry = boot->unreported[i];
		at_ms[i] = booted_ms > back_ms ? booted_ms - back_ms : 0;
		back_ms += (uint64_t)(entry->has_last_uptime_s ? entry->last_uptime_s : 0) * entry->count * 1000;
	}
	for (size_t i = 0; i < count; i++)
		add_unreported(device, boot->unreported[i], at_ms[i]);
}

// A boot may be told again with more names: what it has told by then stays.
static void name_app_metrics(struct device *device, const Mu__Boot *boot, uint32_t number)
{
	size_t count = boot->n_app_metric_names < MU_APP_COUNT_MAX ? boot->n_app_metric_names : MU_APP_COUNT_MAX;
	if (!count)
		return;
	if (!device->app)
		device->app = calloc(MU_APP_COUNT_MAX, sizeof *device->app);
	if (!device->app)
		return;
	if (device->app_boot != number) {
		memset(device->app, 0, MU_APP_COUNT_MAX * sizeof *device->app);
		device->app_count = 0;
	}
	device->app_boot = number;
	for (; device->app_count < count; device->app_count++) {
		char *name = device->app[device->app_count].name;
		copy_text(name, sizeof device->app->name, boot->app_metric_names[device->app_count]);
	}
}

// If what runs now is what was in the other slot, the other slot now has what ran before; the device confirms it with its next slow
// heartbeat, and until then nothing is known of another rollback.
static void swap_slots(struct device *device, const Mu__Boot *boot)
{
	size_t size = sizeof device->running_sha;
	if (!boot->has_elf_sha || boot->elf_sha.len != size || !device->has_other_sha || !device->has_running_sha)
		return;
	bool is_swap =
		memcmp(boot->elf_sha.data, device->other_sha, size) == 0 && memcmp(boot->elf_sha.data, device->running_sha, size) != 0;
	if (!is_swap)
		return;
	memcpy(device->other_sha, device->running_sha, size);
	memcpy(device->other_firmware, device->firmware, sizeof device->other_firmware);
	device->metric_at_s[MU_METRIC_rollback_ready] = device->metric_at_s[MU_METRIC_rollback_block] = 0;
}

static void note_image(struct device *device, const Mu__Boot *boot)
{
	swap_slots(device, boot);
	if (boot->firmware)
		copy_text(device->firmware, sizeof device->firmware, boot->firmware);
	if (boot->hardware)
		copy_text(device->hardware, sizeof device->hardware, boot->hardware);
	if (boot->agent)
		copy_text(device->agent, sizeof device->agent, boot->agent);
	if (boot->has_elf_sha && boot->elf_sha.len == sizeof device->running_sha) {
		memcpy(device->running_sha, boot->elf_sha.data, sizeof device->running_sha);
		device->has_running_sha = true;
	}
	if (boot->has_slot)
		device->slot = boot->slot;
	if (boot->has_boots_lost)
		device->boots_lost = boot->boots_lost;
	device->reset_raw = boot->reset_raw;
}

static void fold_boot(struct device *device, const Mu__Record *record, uint64_t recv_ms)
{
	const Mu__Boot *boot = record->boot_report;
	uint64_t made_ms = time_of(record, recv_ms);
	uint64_t booted_ms = made_ms > record->uptime_ms ? made_ms - record->uptime_ms : 0;

	struct device_boot entry = {
		.boot = record->boot,
		.count = 1,
		.at_s = booted_ms / 1000,
		.pc = boot->has_pc ? boot->pc : 0,
		.uptime_s = boot->has_previous_uptime_s ? boot->previous_uptime_s : UINT32_MAX,
		.reset_class = boot->reset_class,
		.cause = boot->has_cause ? boot->cause : 0,
	};
	if (boot->hung_token)
		copy_text(entry.hung_token, sizeof entry.hung_token, boot->hung_token);
	if (boot->task)
		copy_text(entry.task, sizeof entry.task, boot->task);
	if (boot->has_elf_sha)
		copy_sha(&entry, boot->elf_sha);

	add_all_unreported(device, boot, booted_ms);
	if (!boot->again || !knows_boot(device, record->boot))
		add_boot(device, &entry);
	note_image(device, boot);
	name_app_metrics(device, boot, record->boot);
}

static void fold_label(const Mu__Heartbeat *heartbeat, int label, char *to, size_t size)
{
	const uint8_t *data;
	size_t length;
	if (!mu_label_get(heartbeat, label, &data, &length))
		return;
	if (length > size - 1)
		length = size - 1;
	memcpy(to, data, length);
	memset(to + length, 0, size - length);
}

static void fold_sha(const Mu__Heartbeat *heartbeat, int label, uint8_t sha[MU_IMAGE_SHA_BYTES], bool *has)
{
	const uint8_t *data;
	size_t length;
	if (!mu_label_get(heartbeat, label, &data, &length) || length != MU_IMAGE_SHA_BYTES)
		return;
	memcpy(sha, data, length);
	*has = true;
}

static void fold_app(struct device *device, const Mu__Record *record, uint32_t at_s)
{
	const Mu__Heartbeat *heartbeat = record->heartbeat;
	if (!device->app || device->app_boot != record->boot)
		return;
	for (size_t i = 0; i < heartbeat->n_app; i++) {
		const Mu__AppMetric *point = heartbeat->app[i];
		if (point->index >= device->app_count)
			continue;
		struct device_app_metric *app = &device->app[point->index];
		app->is_real = point->value_case == MU__APP_METRIC__VALUE_REAL;
		if (app->is_real)
			app->real = point->real;
		else
			app->integer = point->integer;
		app->at_s = at_s;
	}
}

// They are told when one is added, and now and then: a heartbeat without any says nothing, unless it is the first of a boot.
static void fold_reasons(struct device *device, const Mu__Record *record)
{
	const Mu__LinkHealth *link = record->heartbeat->link;
	if (device->reasons_boot != record->boot)
		device->reason_count = 0;
	device->reasons_boot = record->boot;
	if (!link || !link->n_reasons)
		return;
	device->reason_count = 0;
	for (size_t i = 0; i < link->n_reasons && i < DEVICE_REASONS; i++)
		device->reasons[device->reason_count++] =
			(struct device_reason){ .reason = link->reasons[i]->reason, .count = link->reasons[i]->count };
}

static void fold_heartbeat(struct device *device, const Mu__Record *record, uint64_t recv_ms)
{
	const Mu__Heartbeat *heartbeat = record->heartbeat;
	uint64_t made_ms = time_of(record, recv_ms);

	for (int i = 0; i < MU_METRIC_COUNT; i++)
		if (mu_metric_get_integer(heartbeat, i, &device->metric[i]))
			device->metric_at_s[i] = made_ms / 1000;
	fold_label(heartbeat, MU_LABEL_stack_min_task, device->stack_min_task, sizeof device->stack_min_task);
	fold_label(heartbeat, MU_LABEL_other_firmware, device->other_firmware, sizeof device->other_firmware);
	fold_sha(heartbeat, MU_LABEL_running_sha, device->running_sha, &device->has_running_sha);
	fold_sha(heartbeat, MU_LABEL_other_sha, device->other_sha, &device->has_other_sha);
	fold_app(device, record, made_ms / 1000);
	fold_reasons(device, record);

	if (device->heartbeat_boot == record->boot && record->uptime_ms > device->heartbeat_uptime_ms) {
		uint64_t apart_ms = record->uptime_ms - device->heartbeat_uptime_ms;
		device->heartbeat_interval_ms = apart_ms > UINT32_MAX ? UINT32_MAX : apart_ms;
	}
	device->heartbeat_boot = record->boot;
	device->heartbeat_uptime_ms = record->uptime_ms;
	device->last_heartbeat_ms = made_ms;
}

static void add_loss(struct device *device, enum device_loss_kind kind, uint64_t at_ms, uint32_t reason)
{
	for (unsigned i = 0; i < device->loss_count; i++)
		if (device->losses[i].at_ms == at_ms && device->losses[i].kind == kind)
			return;
	unsigned kept = device->loss_count < DEVICE_LOSSES ? device->loss_count : DEVICE_LOSSES - 1;
	memmove(device->losses + 1, device->losses, kept * sizeof *device->losses);
	device->losses[0] = (struct device_loss){ .at_ms = at_ms, .kind = kind, .reason = reason };
	device->loss_count = kept + 1;
}

static void fold_link(struct device *device, const Mu__Record *record, uint64_t recv_ms)
{
	const Mu__Link *link = record->link;
	uint32_t reason = link->has_reason ? link->reason : 0;
	if (link->change == MU__LINK_CHANGE__LINK_LOST)
		add_loss(device, LOSS_LINK, time_of(record, recv_ms), reason);
	else if (link->change == MU__LINK_CHANGE__LINK_SESSION_LOST)
		add_loss(device, LOSS_SESSION, time_of(record, recv_ms), reason);
}

static void fold_ota(struct device *device, const Mu__Record *record, uint64_t recv_ms)
{
	if (record->ota->state != MU__OTA_STATE__OTA_ROLLED_BACK)
		return;
	device->rolled_back_ms = time_of(record, recv_ms);
	device->rolled_back_cause = record->ota->has_cause ? record->ota->cause : 0;
}

static void fold_result(struct device *device, const Mu__Record *record, uint64_t recv_ms)
{
	const Mu__CommandResult *result = record->command_result;
	device->result_ms = recv_ms;
	device->result_outcome = result->outcome;
	device->result_id_size = result->id.len > sizeof device->result_id ? sizeof device->result_id : result->id.len;
	if (device->result_id_size)
		memcpy(device->result_id, result->id.data, device->result_id_size);
	copy_text(device->result_detail, sizeof device->result_detail, result->detail ? result->detail : "");
}

// Its place, made if it is the first of its event; null: no memory, then the record log alone has it.
static struct device_notice *notice_of(struct device *device, enum mu_own_event event)
{
	for (unsigned i = 0; i < device->notice_count; i++)
		if (device->notices[i].event == event)
			return &device->notices[i];
	struct device_notice *grown = realloc(device->notices, (device->notice_count + 1) * sizeof *grown);
	if (!grown)
		return 0;
	device->notices = grown;
	return &grown[device->notice_count++];
}

static void fold_event(struct device *device, const Mu__Record *record, uint64_t recv_ms)
{
	int event = mu_event_find(record->event->name);
	struct device_notice *notice = event < 0 ? 0 : notice_of(device, (enum mu_own_event)event);
	if (!notice)
		return;
	*notice = (struct device_notice){
		.at_s = (uint32_t)(time_of(record, recv_ms) / 1000),
		.boot = record->boot,
		.value = record->event->has_value ? record->event->value : 0,
		.event = (uint8_t)event,
	};
	copy_text(notice->text, sizeof notice->text, record->event->text ? record->event->text : "");
}

// One row a kind of record that says something about the state; the others are history only.
static const struct {
	Mu__Record__BodyCase kind;
	void (*fold)(struct device *device, const Mu__Record *record, uint64_t recv_ms);
} folds[] = {
	{ MU__RECORD__BODY_HEARTBEAT, fold_heartbeat },   { MU__RECORD__BODY_BOOT_REPORT, fold_boot },
	{ MU__RECORD__BODY_LINK, fold_link },             { MU__RECORD__BODY_OTA, fold_ota },
	{ MU__RECORD__BODY_COMMAND_RESULT, fold_result }, { MU__RECORD__BODY_EVENT, fold_event },
};

void device_fold(struct device *device, const Mu__Record *record, uint64_t recv_ms)
{
	if (recv_ms > device->last_seen_ms)
		device->last_seen_ms = recv_ms;
	if (device->presence != PRESENCE_ONLINE) {
		device->presence = PRESENCE_ONLINE;
		device->presence_since_ms = recv_ms;
	}
	if (record->body_case == MU__RECORD__BODY_GAP)
		return; // may be the collector's own, without a boot or a time of the device
	device->boot = record->boot;
	device->time_quality = record->has_time_quality ? record->time_quality : MU__TIME_QUALITY__TIME_NONE;
	if (record->has_wall_ms)
		device->clock_offset_ms = (int64_t)(record->wall_ms - recv_ms);
	for (size_t i = 0; i < sizeof folds / sizeof *folds; i++)
		if (folds[i].kind == record->body_case)
			folds[i].fold(device, record, recv_ms);
}

void device_set_presence(struct device *device, bool online, uint64_t recv_ms)
{
	enum device_presence now = online ? PRESENCE_ONLINE : PRESENCE_OFFLINE;
	if (online && recv_ms > device->last_seen_ms)
		device->last_seen_ms = recv_ms;
	if (device->presence == now)
		return;
	if (device->presence == PRESENCE_ONLINE)
		add_loss(device, LOSS_PRESENCE, recv_ms, 0);
	device->presence = now;
	device->presence_since_ms = recv_ms;
}

void device_clear(struct device *device)
{
	free(device->app);
	device->app = 0;
	device->app_count = 0;
	free(device->notices);
	device->notices = 0;
	device->notice_count = 0;
}

const struct device_notice *device_notice(const struct device *device, enum mu_own_event event)
{
	for (unsigned i = 0; i < device->notice_count; i++)
		if (device->notices[i].event == event)
			return &device->notices[i];
	return 0;
}

bool device_is_unacked(const struct device *device)
{
	return device->ledger.epoch == LEDGER_PLAIN_EPOCH;
}
