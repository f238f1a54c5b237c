// SPDX-License-Identifier: Apache-2.0
#include "tests/sim/oracle.h"
#include "proto/wire.h"
#include "tests/sim/world.h"
#include <stdio.h>
#include <string.h>

enum {
	REBOOT_PERIOD_MS = 6 * 3600 * 1000,
	FRAME_BYTES = 16, // of a record in flash, at most
	RING_KEEPS_BYTES = 44 * 1024, // the recent ring (64 KiB) keeps at least so much of the newest
};

// ---- what the agent stores

// One that was stored in this step.
static void look_into_record(struct sim_device *device, const uint8_t *packed, size_t size)
{
	Mu__Record *record = mu__record__unpack(0, size, packed);
	if (record) {
		sim_stamps_record(device, record);
		sim_terms_record(device, record);
		sim_claims_record(device, record);
		if (record->body_case == MU__RECORD__BODY_LINK)
			sim_flow_link(device, record->link);
		if (record->body_case == MU__RECORD__BODY_COMMAND_RESULT)
			sim_operator_settled(device->world, device, record->command_result);
	}
	mu__record__free_unpacked(record, 0);
}

static void learn(struct sim_device *device, uint64_t seq, const struct mu_spool_entry *entry, const uint8_t *packed)
{
	static const uint8_t bodies[MU_CLASS_COUNT] = {
		[MU_CLASS_HEARTBEAT] = MU__RECORD__BODY_HEARTBEAT,
		[MU_CLASS_BOOT] = MU__RECORD__BODY_BOOT_REPORT,
		[MU_CLASS_EVENT] = MU__RECORD__BODY_EVENT,
	};
	struct sim_row *row = sim_truth_row(&device->truth, seq);
	bool is_gap = entry->gap != MU_GAP_NONE;
	uint64_t hash = is_gap ? 0 : sim_hash(packed, entry->size);
	if (row->arrived_as_record && row->hash != hash)
		sim_fail(device->world, device, "number %llu was sent as a record and is now %s", (unsigned long long)seq,
			is_gap ? "a gap" : "another one");
	if (is_gap)
		sim_say(device->world, device->id, "number %llu is used up and reads as a gap, reason %d", (unsigned long long)seq,
			(int)entry->gap);
	row->state = is_gap ? SIM_ROW_GAP : SIM_ROW_RECORD;
	row->hash = hash;
	row->body = is_gap ? 0 : bodies[entry->record_class];
	row->boot = mu_boot_history_boot(&device->agent.boots);
	row->position = device->truth.bytes;
	row->made_ms = device->world->now_ms;
	if (!is_gap)
		device->truth.bytes += entry->size + FRAME_BYTES;
	if (row->body == MU__RECORD__BODY_BOOT_REPORT)
		sim_explain_boot(device, seq, packed, entry->size);
}

// is_new: what is found was stored in this step; else, maybe, by a boot before.
static void look_into_spool(struct sim_device *device, bool is_new)
{
	uint8_t packed[MU_SPOOL_RECORD_MAX];
	struct mu_spool *spool = &device->agent.spool;
	uint64_t next = mu_spool_next_seq(spool);
	device->quiet = true;
	for (uint64_t seq = device->truth.known + 1; seq < next; seq++) {
		struct mu_spool_entry entry;
		if (mu_spool_read(spool, seq, &entry, packed, sizeof packed) < 0) {
			sim_fail(device->world, device, "number %llu was given out and cannot be read", (unsigned long long)seq);
			break;
		}
		learn(device, seq, &entry, packed);
		if (is_new && entry.gap == MU_GAP_NONE)
			look_into_record(device, packed, entry.size);
		device->truth.known = seq;
	}
	device->quiet = false;
}

// ---- boots

// Boots before the one that was counted last: those that died young (if not all were counted, which of them is not known), and numbers that
// the agent has skipped, which it must admit as lost.
static void fill_skipped(struct sim_truth *truth, unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		struct sim_boot *young = sim_truth_boot(truth, (uint32_t)truth->boot_count + 1);
		*young = i < truth->died_count ? truth->died[i] : (struct sim_boot){ 0 };
		young->excused |= i < truth->died_count && count != truth->died_count;
	}
}

static void count_boot(struct sim_device *device)
{
	struct sim_truth *truth = &device->truth;
	uint32_t number = mu_boot_history_boot(&device->agent.boots);
	uint64_t least = truth->boot_count + 1, most = least + truth->died_count;
	int reset_class = truth->next_boot.reset_class;
	if (reset_class == MU__RESET_CLASS__RESET_POWER_ON || reset_class == MU__RESET_CLASS__RESET_BROWN_OUT)
		most += truth->boot_count / 2; // after a power loss in a long loop (boot_history.h)
	if (!truth->count_may_lie && (number < least || number > most)) {
		sim_fail(device->world, device, "boot %u is counted as %u", (unsigned)least, number);
		return;
	}
	if (number > truth->boot_count + 1)
		fill_skipped(truth, (unsigned)(number - truth->boot_count - 1));
	struct sim_boot *boot = sim_truth_boot(truth, number);
	bool excused = boot->excused || truth->next_boot.excused || truth->count_may_lie;
	*boot = truth->next_boot;
	boot->excused = excused;
	truth->died_count = 0;
	truth->next_boot = (struct sim_boot){ 0 };
}

void sim_oracle_died_booting(struct sim_device *device)
{
	struct sim_truth *truth = &device->truth;
	if (truth->died_count < SIM_DIED_MAX)
		truth->died[truth->died_count++] = truth->next_boot;
	truth->next_boot = (struct sim_boot){ 0 };
}

// A number that was used up by a failed append may be given out again after a reset, as long as nobody was told of it.
static void forget_unsent(struct sim_device *device, uint64_t next)
{
	struct sim_truth *truth = &device->truth;
	for (uint64_t seq = next; seq <= truth->known; seq++) {
		struct sim_row *row = sim_truth_row(truth, seq);
		if (row->state == SIM_ROW_RECORD)
			sim_fail(device->world, device, "numbers went back: next is %llu after %llu was stored", (unsigned long long)next,
				(unsigned long long)seq);
		*row = (struct sim_row){ .state = SIM_ROW_UNKNOWN };
	}
	if (truth->known >= next)
		truth->known = next - 1;
}

// A spool that is opened late has stored a Boot record by the time that it is looked at. So what stands at the numbers of failed appends, of
// which nobody was told, is read again; and the newest record must still be the same.
static void look_again(struct sim_device *device)
{
	struct sim_truth *truth = &device->truth;
	uint8_t packed[MU_SPOOL_RECORD_MAX];
	struct mu_spool_entry entry;
	while (truth->known > truth->sent && sim_truth_row(truth, truth->known)->state == SIM_ROW_GAP)
		*sim_truth_row(truth, truth->known--) = (struct sim_row){ .state = SIM_ROW_UNKNOWN };
	uint64_t newest = truth->known;
	if (!newest || sim_truth_row(truth, newest)->state != SIM_ROW_RECORD)
		return;
	device->quiet = true;
	int err = mu_spool_read(&device->agent.spool, newest, &entry, packed, sizeof packed);
	device->quiet = false;
	if (err >= 0 && entry.gap == MU_GAP_NONE && sim_hash(packed, entry.size) != sim_truth_row(truth, newest)->hash)
		sim_fail(device->world, device, "numbers went back: %llu was stored and is given out again", (unsigned long long)newest);
}

static bool is_topic(const char *topic, const char *leaf)
{
	const char *slash = strrchr(topic, '/');
	return slash && !strcmp(slash + 1, leaf);
}

void sim_oracle_sent(struct sim_device *device, const char *topic, const void *payload, size_t size, int message_id)
{
	struct mu_wire_uplink uplink;
	uint64_t *sent = device->spool_checked ? &device->truth.sent : &device->truth.sent_unchecked;
	if (!is_topic(topic, "up"))
		return;
	if (mu_wire_uplink_split(payload, size, &uplink) < 0)
		sim_fail(device->world, device, "an Uplink is not well formed");
	else {
		sim_flow_sent(device, uplink.first_seq, uplink.last_seq, message_id);
		*sent = uplink.last_seq > *sent ? uplink.last_seq : *sent;
	}
}

// ---- what the agent is told

void sim_oracle_boots(struct sim_device *device)
{
	sim_cadence_boot(device);
	sim_claims_boot(device);
	sim_flow_boot(device);
	sim_stamps_boot(device);
}

// Of this device, and of numbers that it has sent.
static bool is_believed(const struct sim_device *device, const Mu__Ack *ack)
{
	const struct sim_truth *truth = &device->truth;
	uint64_t sent = truth->sent > truth->sent_unchecked ? truth->sent : truth->sent_unchecked;
	return device->agent.has_spool && ack->epoch == truth->epoch && ack->through_seq <= sent;
}

static void hear_ack(struct sim_device *device, const struct mu_event *event)
{
	Mu__Ack *ack = mu__ack__unpack(0, event->payload_bytes, event->payload);
	if (ack && is_believed(device, ack)) {
		sim_flow_ack(device, ack);
		sim_stamps_ack(device, ack);
	}
	mu__ack__free_unpacked(ack, 0);
}

void sim_oracle_told(struct sim_device *device, const struct mu_event *event)
{
	sim_flow_told(device, event);
	sim_claims_event(device, event);
	sim_cadence_told(device, event);
	if (event->type == MU_EVENT_UDP_ANSWER)
		sim_stamps_sntp(device);
	if (event->type != MU_EVENT_MQTT_MESSAGE)
		return;
	if (is_topic(event->topic, "ack"))
		hear_ack(device, event);
	else if (!event->retained)
		sim_operator_told(device->world, device, event->payload, event->payload_bytes);
}

static void check_epoch(struct sim_device *device)
{
	const struct mu_spool *spool = &device->agent.spool;
	struct sim_truth *truth = &device->truth;
	device->spool_checked = true;
	if (!truth->epoch)
		truth->epoch = mu_spool_epoch(spool);
	if (truth->epoch != mu_spool_epoch(spool))
		sim_fail(device->world, device, "the spool was formatted anew: another epoch");
	else if (mu_spool_next_seq(spool) <= truth->sent)
		sim_fail(device->world, device, "numbers went back: next is %llu after %llu was sent",
			(unsigned long long)mu_spool_next_seq(spool), (unsigned long long)truth->sent);
	else {
		forget_unsent(device, mu_spool_next_seq(spool));
		look_again(device);
	}
	if (truth->sent < truth->sent_unchecked)
		truth->sent = truth->sent_unchecked;
	truth->sent_unchecked = 0;
}

void sim_oracle_step(struct sim_device *device)
{
	sim_flow_step(device);
	if (!device->agent.has_spool)
		return;
	bool is_new = device->spool_checked;
	if (!is_new)
		check_epoch(device);
	if (mu_spool_next_seq(&device->agent.spool) > device->truth.known + 1)
		look_into_spool(device, is_new);
}

void sim_oracle_booted(struct sim_device *device)
{
	count_boot(device);
	const struct mu_app_desc *firmware = &device->firmware;
	sim_say(device->world, device->id, "boot %u, firmware %s in slot %d, reset %s", mu_boot_history_boot(&device->agent.boots),
		firmware->version, device->slot, sim_reset_name(device->chip.reset.reset_raw));
	sim_oracle_step(device);
}

// ---- restarts by the agent

static void check_blame(struct sim_device *device, const char *token)
{
	if (!device->hung)
		sim_fail(device->world, device, "task \"%s\" is blamed, and nobody hangs", token);
	else if (strcmp(token, device->hung) != 0)
		sim_fail(device->world, device, "task \"%s\" is blamed for \"%s\"", token, device->hung);
}

static void check_budget(struct sim_device *device)
{
	struct sim_world *world = device->world;
	struct sim_truth *truth = &device->truth;
	world->counts.network_reboots++;
	if (truth->network_reboot_ms != UINT64_MAX && world->now_ms - truth->network_reboot_ms < REBOOT_PERIOD_MS)
		sim_fail(world, device, "two reboots for network or heap within %llu s",
			(unsigned long long)(world->now_ms - truth->network_reboot_ms) / 1000);
	truth->network_reboot_ms = world->now_ms;
}

// In sum not more than ordered, and none twice: one that was done before has an answer since the boot behind it.
static void check_reboot(struct sim_device *device)
{
	struct sim_world *world = device->world;
	struct sim_truth *truth = &device->truth;
	const struct mu_command_memory *memory = &device->agent.command.memory;
	for (uint32_t i = 0; i < memory->entry_count; i++) {
		const struct mu_command_entry *entry = &memory->entry[i];
		bool is_done_now = entry->kind == MU_COMMAND_REBOOT && entry->outcome == MU__COMMAND_OUTCOME__OUTCOME_ACCEPTED;
		if (is_done_now && !sim_operator_rebooted(world, device, entry->id))
			sim_fail(world, device, "a reboot by command is done a second time");
	}
	if (truth->reboots_done++ >= truth->reboots_ordered)
		sim_fail(world, device, "a reboot by command, more often than ordered");
}

void sim_oracle_reset(struct sim_device *device)
{
	const struct mu_boot_current *current = &device->agent.boots.current;
	struct sim_world *world = device->world;
	struct sim_truth *truth = &device->truth;
	int cause = current->cause;
	truth->next_boot = (struct sim_boot){ .cause = cause, .reset_class = MU__RESET_CLASS__RESET_SOFTWARE };
	snprintf(truth->next_boot.token, sizeof truth->next_boot.token, "%s", current->hung_token);
	if (cause == MU__RESET_CAUSE__CAUSE_LIVENESS)
		truth->next_boot.reset_class = MU__RESET_CLASS__RESET_HANG;
	const ProtobufCEnumValue *value = protobuf_c_enum_descriptor_get_value(&mu__reset_cause__descriptor, cause);
	sim_say(world, device->id, "restarts itself: %s %s", value ? value->name : "?", current->hung_token);
	if (cause == MU__RESET_CAUSE__CAUSE_NONE)
		sim_fail(world, device, "a restart without a cause");
	if (cause == MU__RESET_CAUSE__CAUSE_LIVENESS)
		check_blame(device, current->hung_token);
	if (cause == MU__RESET_CAUSE__CAUSE_COMMAND)
		check_reboot(device);
	if (cause == MU__RESET_CAUSE__CAUSE_NETWORK || cause == MU__RESET_CAUSE__CAUSE_HEAP_STARVED)
		check_budget(device);
}

// ---- what the collector gets

static bool is_known(struct sim_device *device, uint64_t epoch)
{
	if (epoch == device->truth.epoch)
		return true;
	sim_fail(device->world, device, "an Uplink of an epoch that the device never had");
	return false;
}

// A record that was written, but could not be read back because a call failed, is a Gap until the next boot finds it.
static bool may_return(const struct sim_device *device)
{
	return device->truth.flash_may_lie;
}

static void on_stored(void *context, uint64_t epoch, uint64_t seq, const Mu__Record *record, const uint8_t *bytes, size_t size)
{
	struct sim_device *device = context;
	struct sim_world *world = device->world;
	world->counts.records++;
	if (!is_known(device, epoch))
		return;
	struct sim_row *row = sim_truth_row(&device->truth, seq);
	uint64_t hash = sim_hash(bytes, size);
	bool was_gap = row->state == SIM_ROW_GAP && !may_return(device);
	if (was_gap || (row->state == SIM_ROW_RECORD && row->hash != hash))
		sim_fail(world, device, "number %llu arrives with other bytes than were stored", (unsigned long long)seq);
	else if (row->arrived && !row->in_backup_only)
		sim_fail(world, device, "number %llu is committed twice", (unsigned long long)seq);
	row->hash = hash;
	row->arrived = row->arrived_as_record = true;
	row->in_backup_only = false;
	sim_seen_record(world, record);
	if (record->body_case == MU__RECORD__BODY_COMMAND_RESULT)
		sim_operator_result(world, device, record->command_result);
}

static bool gap_is_possible(const struct sim_device *device, const struct sim_row *row, int reason)
{
	switch (reason) {
	case MU__GAP_REASON__GAP_UNEXPLAINED: return row->in_backup_only;
	case MU__GAP_REASON__GAP_RESERVED: // the last record of a spool, if it has rotted: it cannot be told from a torn one
	case MU__GAP_REASON__GAP_DAMAGED: return device->truth.flash_may_lie;
	case MU__GAP_REASON__GAP_THINNED:
	case MU__GAP_REASON__GAP_OVERWRITTEN:
		return device->truth.flash_may_lie || row->in_backup_only || device->truth.bytes - row->position > RING_KEEPS_BYTES;
	default: return false;
	}
}

static void check_gap(struct sim_device *device, uint64_t seq, int reason, const char *name)
{
	struct sim_world *world = device->world;
	unsigned long long number = seq;
	if (seq > device->truth.count) {
		sim_fail(world, device, "a Gap (%s) covers number %llu, which was never given out", name, number);
		return;
	}
	struct sim_row *row = sim_truth_row(&device->truth, seq);
	if (row->state == SIM_ROW_RECORD && !gap_is_possible(device, row, reason))
		sim_fail(world, device, "number %llu is lost: a Gap (%s) covers a record that was stored", number, name);
	else if (reason == MU__GAP_REASON__GAP_UNEXPLAINED && !row->in_backup_only)
		sim_fail(world, device, "number %llu is neither sent nor explained", number);
	row->arrived = true;
}

static void on_gap(void *context, uint64_t epoch, uint64_t seq, uint64_t count, int reason)
{
	struct sim_device *device = context;
	struct sim_world *world = device->world;
	const ProtobufCEnumValue *value = protobuf_c_enum_descriptor_get_value(&mu__gap_reason__descriptor, reason);
	const char *name = value ? value->name : "?";
	world->counts.gaps++;
	if (!is_known(device, epoch))
		return;
	sim_say(world, "collector", "Gap from %s: %llu numbers from %llu on, %s", device->id, (unsigned long long)count,
		(unsigned long long)seq, name);
	for (uint64_t at = seq; at < seq + count && !world->failed; at++)
		check_gap(device, at, reason, name);
}

static void on_duplicate(void *context, uint64_t epoch, uint64_t seq, const uint8_t *bytes, size_t size, bool is_gap)
{
	struct sim_device *device = context;
	device->world->counts.duplicates++;
	if (is_gap || !is_known(device, epoch))
		return;
	const struct sim_row *row = sim_truth_row(&device->truth, seq);
	if (row->arrived_as_record && row->hash != sim_hash(bytes, size))
		sim_fail(device->world, device, "number %llu is repeated with other bytes", (unsigned long long)seq);
	else if (row->state == SIM_ROW_GAP && !may_return(device))
		sim_fail(device->world, device, "number %llu was a Gap and comes as a record", (unsigned long long)seq);
}

static void on_trouble(void *context, const char *what, uint64_t seq)
{
	struct sim_device *device = context;
	if (!strcmp(what, "a new epoch") && !device->truth.epoch_seen) {
		device->truth.epoch_seen = true;
		return;
	}
	bool was_gap = seq && seq <= device->truth.count && sim_truth_row(&device->truth, seq)->state == SIM_ROW_GAP;
	if (was_gap && may_return(device))
		return; // it looks as if the device had lost its place
	sim_fail(device->world, device, "the collector reports %s (number %llu)", what, (unsigned long long)seq);
}

struct sim_sink sim_oracle_sink(struct sim_device *device)
{
	return (struct sim_sink){ device, on_stored, on_gap, on_duplicate, on_trouble };
}

void sim_oracle_restored(struct sim_device *device, const struct sim_ledger *backup)
{
	uint64_t through = sim_ledger_through(backup);
	device->truth.epoch_seen = backup->count > 0;
	for (uint64_t seq = through + 1; seq <= device->truth.count; seq++) {
		struct sim_row *row = sim_truth_row(&device->truth, seq);
		row->in_backup_only |= row->arrived;
	}
}

void sim_oracle_end(struct sim_device *device)
{
	uint64_t through = sim_ledger_through(&device->world->collector.ledgers[device->number]);
	for (uint64_t seq = 1; seq <= through && seq <= device->truth.count; seq++) {
		const struct sim_row *row = sim_truth_row(&device->truth, seq);
		if (!row->arrived)
			sim_fail(device->world, device, "number %llu has never arrived", (unsigned long long)seq);
	}
	sim_explain_all(device);
}
