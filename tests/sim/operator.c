// SPDX-License-Identifier: Apache-2.0
#include "tests/sim/operator.h"
#include "agent/port/linux/digest.h"
#include "tests/sim/world.h"
#include <stdio.h>
#include <string.h>

enum { COMMAND_BYTES = 256, CALM_PERIOD_MS = 12000, LATE_S = 600 };

void sim_sign(const uint8_t point[65], const uint8_t digest[32], uint8_t signature[32])
{
	uint8_t both[65 + 32];
	memcpy(both, point, 65);
	memcpy(both + 65, digest, 32);
	mu_digest_sha256(both, sizeof both, signature);
}

void sim_operator_free(struct sim_world *world)
{
	for (unsigned i = 0; i < SIM_DEVICES_MAX; i++)
		for (unsigned k = 0; k < world->orders[i].count; k++)
			sim_packet_free(world->orders[i].order[k].packet);
}

// ---- making one

struct draft {
	Mu__Command command;
	Mu__Rollback rollback;
	Mu__Update update;
	Mu__Reboot reboot;
	Mu__Report report;
	Mu__SetLog log;
	Mu__Diagnose diagnose;
	enum sim_key key; // that signs
	bool is_reboot;
	struct sim_change change;
	const char *name;
};

static void draft_body(struct draft *draft, Mu__Command__BodyCase body, void *message, const char *name)
{
	draft->command.body_case = body;
	draft->command.rollback = message;
	draft->name = name;
}

static void draft_rollback(struct sim_world *world, struct sim_device *device, struct draft *draft)
{
	mu__rollback__init(&draft->rollback);
	const struct mu_slot *other = &device->agent.slots.slot[!device->slot];
	static uint8_t wrong[8] = { 1, 2, 3, 4, 5, 6, 7, 8 };
	bool sane = device->on && device->agent.has_slots && sim_chance(world, 85);
	draft->rollback.running_sha = (ProtobufCBinaryData){ 8, sane ? device->firmware.app_elf_sha256 : wrong };
	draft->rollback.target_sha = (ProtobufCBinaryData){ 8, sane ? (uint8_t *)other->elf_sha : wrong };
	draft_body(draft, MU__COMMAND__BODY_ROLLBACK, &draft->rollback, "rollback");
}

static void draft_some(struct sim_world *world, struct sim_device *device, struct draft *draft)
{
	switch (sim_dice(world, 0, 6)) {
	case 0:
	case 1:
		mu__reboot__init(&draft->reboot);
		draft_body(draft, MU__COMMAND__BODY_REBOOT, &draft->reboot, "reboot");
		draft->is_reboot = true;
		break;
	case 2: draft_rollback(world, device, draft); break;
	case 3:
		mu__set_log__init(&draft->log);
		draft->log.level = (Mu__LogLevel)sim_dice(world, 1, 4);
		draft->log.for_s = (uint32_t)sim_dice(world, 1, 3600);
		draft->change = (struct sim_change){ .kind = SIM_TERM_LOG, .value = (uint32_t)draft->log.level, .for_s = draft->log.for_s };
		draft_body(draft, MU__COMMAND__BODY_LOG, &draft->log, "log");
		break;
	case 4:
		mu__diagnose__init(&draft->diagnose);
		draft->diagnose.for_s = (uint32_t)sim_dice(world, 1, 3600);
		draft->change = (struct sim_change){ .kind = SIM_TERM_DIAGNOSE, .value = 0, .for_s = draft->diagnose.for_s };
		draft_body(draft, MU__COMMAND__BODY_DIAGNOSE, &draft->diagnose, "diagnose");
		break;
	default:
		mu__report__init(&draft->report);
		draft->report.interval_s = (uint32_t)sim_dice(world, 1, sim_chance(world, 80) ? 120 : SIM_INTERVAL_MAX_S);
		draft->report.for_s = (uint32_t)sim_dice(world, 1, 3600);
		draft->change =
			(struct sim_change){ .kind = SIM_TERM_REPORT, .value = draft->report.interval_s, .for_s = draft->report.for_s };
		draft_body(draft, MU__COMMAND__BODY_REPORT, &draft->report, "report");
		break;
	}
}

static struct sim_packet *seal(struct sim_world *world, const struct sim_device *device, const Mu__Command *command, enum sim_key key,
	bool badly)
{
	uint8_t bytes[COMMAND_BYTES], digest[32], signature[32], packed[COMMAND_BYTES + 128];
	const struct mu_key *signer = &world->factory->keys.keys[key];
	Mu__SignedCommand sealed = MU__SIGNED_COMMAND__INIT;
	char topic[MU_TOPIC_MAX];
	size_t size = mu__command__pack(command, bytes);
	mu_digest_sha256(bytes, size, digest);
	sim_sign(signer->point, digest, signature);
	signature[7] ^= badly;
	sealed.command = (ProtobufCBinaryData){ size, bytes };
	sealed.signature = (ProtobufCBinaryData){ sizeof signature, signature };
	sealed.key_id = (ProtobufCBinaryData){ sizeof signer->id, (uint8_t *)signer->id };
	snprintf(topic, sizeof topic, "muster/v1/%s/dn", device->id);
	struct sim_packet *packet = sim_packet_new(SIM_PUBLISH, topic, packed, mu__signed_command__pack(&sealed, packed));
	packet->qos = 1;
	return packet;
}

static struct sim_order *new_order(struct sim_world *world, const struct sim_device *device, struct draft *draft)
{
	struct sim_orders *orders = &world->orders[device->number];
	if (orders->count == SIM_ORDERS)
		return 0;
	struct sim_order *order = &orders->order[orders->count++];
	for (unsigned i = 0; i < sizeof order->id; i++)
		order->id[i] = (uint8_t)sim_dice(world, 0, 255);
	mu__command__init(&draft->command);
	draft->command.device = (char *)device->id;
	draft->command.id = (ProtobufCBinaryData){ sizeof order->id, order->id };
	return order;
}

static void close_order(struct sim_order *order, const struct draft *draft)
{
	order->name = draft->name;
	order->counter = draft->command.counter;
	order->key = draft->key;
	order->change = draft->change;
	order->not_after_ms = draft->command.has_not_after_ms ? draft->command.not_after_ms : UINT64_MAX;
}

// ---- sending

static void send(struct sim_world *world, struct sim_device *device, const struct sim_packet *packet)
{
	sim_broker_to_device(world, device->number, sim_packet_copy(packet));
}

static void give_order(struct sim_world *world, struct sim_device *device, bool is_late)
{
	struct draft draft = { .key = SIM_KEY_OPERATOR };
	struct sim_orders *orders = &world->orders[device->number];
	struct sim_order *order = world->collector.up ? new_order(world, device, &draft) : 0;
	if (!order)
		return;
	draft_some(world, device, &draft);
	bool by_collector = sim_chance(world, 25);
	if (by_collector)
		draft.key = SIM_KEY_COLLECTOR;
	draft.command.counter = ++orders->counter[by_collector];
	draft.command.has_not_after_ms = is_late || sim_chance(world, 50);
	int32_t not_after_s = is_late ? sim_dice(world, -LATE_S, LATE_S / 20) : sim_dice(world, 60, 7200);
	draft.command.not_after_ms = sim_wall_ms(world) + (uint64_t)((int64_t)not_after_s * 1000);
	close_order(order, &draft);
	order->packet = seal(world, device, &draft.command, draft.key, false);
	device->truth.reboots_ordered += draft.is_reboot && !by_collector; // the collector's key may not
	world->counts.commands++;
	sim_say(world, "operator", "orders %s of %s, counter %llu of key %d%s", draft.name, device->id, (unsigned long long)order->counter,
		order->key, is_late ? ", late" : "");
	send(world, device, order->packet);
}

void sim_operator_order(struct sim_world *world, struct sim_device *device)
{
	give_order(world, device, false);
}

void sim_operator_late(struct sim_world *world, struct sim_device *device)
{
	give_order(world, device, true);
}

void sim_operator_replay(struct sim_world *world, struct sim_device *device)
{
	const struct sim_orders *orders = &world->orders[device->number];
	if (!orders->count)
		return;
	const struct sim_order *order = &orders->order[sim_dice(world, 0, (int32_t)orders->count - 1)];
	sim_say(world, "attacker", "replays %s to %s", order->name, device->id);
	send(world, device, order->packet);
}

enum way { REPLAY, SIGNATURE, RELEASE_KEY, ADDRESSEE, COUNTER, ROLE, RETAINED, WAYS };
static const struct {
	const char *name;
	enum sim_key key; // that signs
} ways[WAYS] = {
	[REPLAY] = { "", SIM_KEY_OPERATOR },
	[SIGNATURE] = { "signature", SIM_KEY_OPERATOR },
	[RELEASE_KEY] = { "key without a right", SIM_KEY_RELEASE },
	[ADDRESSEE] = { "addressee", SIM_KEY_OPERATOR },
	[COUNTER] = { "old counter", SIM_KEY_OPERATOR },
	[ROLE] = { "role", SIM_KEY_COLLECTOR },
	[RETAINED] = { "retained", SIM_KEY_OPERATOR },
};

// A counter is old only if the device has taken it or a higher one. One that it never had, or could not store (and said so: FAILED), makes a
// good command that it may obey, once.
static bool is_forged(const struct sim_orders *orders, const struct sim_order *order, enum way way)
{
	return way != COUNTER || order->counter <= orders->taken;
}

// A reboot that is wrong in one way: signature, key, addressee, counter, role, or that it is retained.
void sim_operator_forge(struct sim_world *world, struct sim_device *device)
{
	struct draft draft = { .key = SIM_KEY_OPERATOR };
	enum way way = (enum way)sim_dice(world, 0, WAYS - 1);
	struct sim_orders *orders = &world->orders[device->number];
	uint64_t counter = orders->counter[0];
	if (way == REPLAY || (way == COUNTER && !counter)) {
		sim_operator_replay(world, device);
		return;
	}
	struct sim_order *order = new_order(world, device, &draft);
	if (!order)
		return;
	mu__reboot__init(&draft.reboot);
	draft_body(&draft, MU__COMMAND__BODY_REBOOT, &draft.reboot, "forgery");
	draft.key = ways[way].key;
	draft.command.counter = way == COUNTER ? (uint64_t)sim_dice(world, 1, (int32_t)counter) : counter + 1000000;
	if (way == ADDRESSEE)
		draft.command.device = (char *)"dev-99";
	close_order(order, &draft);
	order->final = true;
	order->forged = is_forged(orders, order, way);
	device->truth.reboots_ordered += !order->forged;
	order->packet = seal(world, device, &draft.command, draft.key, way == SIGNATURE);
	order->packet->retained = way == RETAINED;
	sim_say(world, "attacker", "forges a reboot of %s: %s, counter %llu%s", device->id, ways[way].name,
		(unsigned long long)order->counter, order->forged ? "" : ", which may be new to it");
	send(world, device, order->packet);
}

static bool is_order(const struct sim_order *order, const uint8_t *payload, size_t size)
{
	return order->packet && order->packet->size == size && !memcmp(order->packet->payload, payload, size);
}

void sim_operator_told(struct sim_world *world, struct sim_device *device, const uint8_t *payload, size_t size)
{
	struct sim_orders *orders = &world->orders[device->number];
	for (unsigned i = 0; i < orders->count; i++) {
		struct sim_order *order = &orders->order[i];
		if (!is_order(order, payload, size))
			continue;
		order->came_late |= sim_stamps_may_be_over(device, order->not_after_ms);
		order->came_early |= sim_stamps_may_be_early(device, order->not_after_ms);
		if (order->change.for_s && (!order->settled || device->truth.count_may_lie))
			sim_terms_told(device, order);
	}
}

void sim_operator_online(struct sim_world *world, struct sim_device *device)
{
	struct sim_orders *orders = &world->orders[device->number];
	for (unsigned i = 0; i < orders->count; i++)
		if (!orders->order[i].final && world->now_ms < world->calm_ms)
			send(world, device, orders->order[i].packet);
}

static void on_calm_turn(struct sim_world *world, const struct sim_event *event)
{
	struct sim_device *device = event->subject;
	struct sim_orders *orders = &world->orders[device->number];
	for (unsigned i = 0; i < orders->count; i++)
		if (!orders->order[(event->number + i) % orders->count].final) {
			send(world, device, orders->order[(event->number + i) % orders->count].packet);
			sim_after(world, CALM_PERIOD_MS, on_calm_turn, device, event->number + i + 1, 0);
			return;
		}
}

void sim_operator_calm(struct sim_world *world)
{
	for (unsigned i = 0; i < world->device_count; i++)
		sim_after(world, CALM_PERIOD_MS, on_calm_turn, world->devices[i], 0, 0);
}

bool sim_operator_waits(const struct sim_world *world, const struct sim_device *device)
{
	const struct sim_orders *orders = &world->orders[device->number];
	for (unsigned i = 0; i < orders->count; i++)
		if (!orders->order[i].final)
			return true;
	return false;
}

// ---- results

// Outcomes after which the device remembers the counter: it may never take it, or a lower one, again.
static bool is_taken(Mu__CommandOutcome outcome)
{
	return outcome == MU__COMMAND_OUTCOME__OUTCOME_ACCEPTED || outcome == MU__COMMAND_OUTCOME__OUTCOME_DONE ||
		outcome == MU__COMMAND_OUTCOME__OUTCOME_EXPIRED;
}

// A rollback is done also where its counter cannot be stored (command.h).
static bool may_forget(const struct sim_device *device, const struct sim_order *order)
{
	return device->truth.count_may_lie && strcmp(order->name, "rollback") == 0;
}

static void take_result(struct sim_world *world, struct sim_device *device, struct sim_order *order, Mu__CommandOutcome outcome)
{
	struct sim_orders *orders = &world->orders[device->number];
	order->final |= outcome != MU__COMMAND_OUTCOME__OUTCOME_ACCEPTED;
	if (is_taken(outcome) && !may_forget(device, order) && order->key == SIM_KEY_OPERATOR && order->counter > orders->taken)
		orders->taken = order->counter;
}

bool sim_operator_rebooted(struct sim_world *world, const struct sim_device *device, const uint8_t id[SIM_ORDER_ID])
{
	struct sim_orders *orders = &world->orders[device->number];
	for (unsigned i = 0; i < orders->count; i++)
		if (memcmp(orders->order[i].id, id, SIM_ORDER_ID) == 0) {
			bool is_first = !orders->order[i].rebooted;
			orders->order[i].rebooted = true;
			return is_first;
		}
	return true;
}

void sim_operator_settled(struct sim_world *world, struct sim_device *device, const Mu__CommandResult *result)
{
	struct sim_orders *orders = &world->orders[device->number];
	for (unsigned i = 0; i < orders->count && result->id.len == SIM_ORDER_ID; i++) {
		struct sim_order *order = &orders->order[i];
		if (memcmp(order->id, result->id.data, SIM_ORDER_ID) != 0 || result->outcome == MU__COMMAND_OUTCOME__OUTCOME_ACCEPTED)
			continue;
		if (result->outcome == MU__COMMAND_OUTCOME__OUTCOME_DONE && order->change.for_s && !order->settled)
			sim_terms_done(device, order);
		order->settled = true;
	}
}

static void judge_result(struct sim_world *world, const struct sim_device *device, const struct sim_order *order,
	Mu__CommandOutcome outcome, const char *name)
{
	bool is_obeyed = outcome == MU__COMMAND_OUTCOME__OUTCOME_DONE || outcome == MU__COMMAND_OUTCOME__OUTCOME_ACCEPTED;
	if (order->forged && is_obeyed)
		sim_fail(world, device, "a forged command was obeyed: %s", name);
	else if (is_obeyed && order->came_late && !order->came_early)
		sim_fail(world, device, "a command was obeyed after its time: %s", name);
	else if (outcome == MU__COMMAND_OUTCOME__OUTCOME_EXPIRED && !order->came_late)
		sim_fail(world, device, "a command was called expired, and its time was never over");
}

void sim_operator_result(struct sim_world *world, struct sim_device *device, const Mu__CommandResult *result)
{
	struct sim_orders *orders = &world->orders[device->number];
	const ProtobufCEnumValue *value = protobuf_c_enum_descriptor_get_value(&mu__command_outcome__descriptor, (int)result->outcome);
	const char *outcome = value ? value->name : "?";
	for (unsigned i = 0; i < orders->count && result->id.len == SIM_ORDER_ID; i++) {
		struct sim_order *order = &orders->order[i];
		if (memcmp(order->id, result->id.data, SIM_ORDER_ID) != 0)
			continue;
		sim_say(world, "operator", "%s of %s: %s", order->name, device->id, outcome);
		judge_result(world, device, order, result->outcome, outcome);
		take_result(world, device, order, result->outcome);
	}
}
