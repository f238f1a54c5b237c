// SPDX-License-Identifier: Apache-2.0
#include "tests/sim/claims.h"
#include "tests/sim/world.h"

enum {
	SOCKET_BYTES = 32 * 1024,
	TLS_BYTES = 48 * 1024,
	TLS_BLOCK_BYTES = 20 * 1024,
	OTA_BYTES = 20 * 1024, // more than for TLS
	SOCKETS_HIGH = 7,
	SOCKETS_FAIR = 5,
	LOSSES_MS = 600000,
	FLAPPING_LOSSES = 3,
	SAME_MS = 2000, // losses so near to each other are the same
	JUDGED_MS = 2000, // the verdict is at most so old
	ORDER_MS = 60000, // so long the radio has for an order
};

// ---- losses

static void note(uint64_t *at_ms, unsigned *count, uint64_t now_ms)
{
	if (*count && now_ms - at_ms[(*count - 1) % SIM_CLAIMS_LOSSES] <= SAME_MS)
		return;
	at_ms[(*count)++ % SIM_CLAIMS_LOSSES] = now_ms;
}

// Within (from_ms, until_ms].
static unsigned within(const uint64_t *at_ms, unsigned count, uint64_t from_ms, uint64_t until_ms)
{
	unsigned kept = count < SIM_CLAIMS_LOSSES ? count : SIM_CLAIMS_LOSSES, found = 0;
	for (unsigned i = 0; i < kept; i++)
		found += at_ms[i] > from_ms && at_ms[i] <= until_ms;
	return found;
}

void sim_claims_boot(struct sim_device *device)
{
	device->claims = (struct sim_claims){ .said = false };
}

void sim_claims_acts(struct sim_device *device)
{
	device->claims.downs++;
	note(device->claims.maybe_ms, &device->claims.maybe, device->world->now_ms);
}

void sim_claims_event(struct sim_device *device, const struct mu_event *event)
{
	if (event->type == MU_EVENT_LINK_DOWN || event->type == MU_EVENT_LINK_ADDRESS_LOST || event->type == MU_EVENT_MQTT_CLOSED)
		sim_claims_acts(device);
}

static void take_link(struct sim_device *device, const Mu__Link *link)
{
	if (link->change == MU__LINK_CHANGE__LINK_LOST || link->change == MU__LINK_CHANGE__LINK_SESSION_LOST)
		note(device->claims.told_ms, &device->claims.told, device->world->now_ms);
}

// ---- verdict bits

static void check_bit(struct sim_device *device, const Mu__Vitals *vitals, uint32_t bit, bool must, bool may)
{
	const ProtobufCEnumValue *value = protobuf_c_enum_descriptor_get_value(&mu__verdict_bit__descriptor, (int)bit);
	bool is_set = vitals->verdict & bit;
	if ((must && !is_set) || (!may && is_set))
		sim_fail(device->world, device, "a heartbeat %s %s, with %u bytes of heap, the largest block of %u",
			is_set ? "says" : "does not say", value->name, vitals->heap_free_bytes, vitals->heap_largest_bytes);
}

static void check_below(struct sim_device *device, const Mu__Vitals *vitals, uint32_t bit, uint32_t value, uint32_t low)
{
	check_bit(device, vitals, bit, value < low, value < low + low / 8);
}

static void check_heap(struct sim_device *device, const Mu__Vitals *vitals)
{
	uint32_t free_bytes = vitals->heap_free_bytes;
	const struct sim_flow *flow = &device->flow;
	bool is_open = device->client.state == SIM_CLIENT_OPEN && device->world->now_ms - flow->open_ms > JUDGED_MS;
	check_below(device, vitals, MU__VERDICT_BIT__VERDICT_HEAP_LOW, free_bytes, TLS_BYTES);
	if (!(vitals->verdict & MU__VERDICT_BIT__VERDICT_HEAP_LOW)) {
		check_below(device, vitals, MU__VERDICT_BIT__VERDICT_HEAP_FRAGMENTED, vitals->heap_largest_bytes, TLS_BLOCK_BYTES);
		check_below(device, vitals, MU__VERDICT_BIT__VERDICT_NO_OTA_ROOM, free_bytes, TLS_BYTES + OTA_BYTES);
	} else {
		check_bit(device, vitals, MU__VERDICT_BIT__VERDICT_HEAP_FRAGMENTED, false, false);
		check_bit(device, vitals, MU__VERDICT_BIT__VERDICT_NO_OTA_ROOM, false, false);
	}
	check_bit(device, vitals, MU__VERDICT_BIT__VERDICT_HEAP_STARVED, free_bytes < SOCKET_BYTES,
		!is_open || free_bytes < SOCKET_BYTES + SOCKET_BYTES / 8);
}

static void check_losses(struct sim_device *device, const Mu__Vitals *vitals)
{
	const struct sim_claims *claims = &device->claims;
	uint64_t now_ms = device->world->now_ms, from_ms = now_ms > LOSSES_MS ? now_ms - LOSSES_MS : 0;
	bool must = within(claims->told_ms, claims->told, from_ms + SAME_MS, now_ms - JUDGED_MS) >= FLAPPING_LOSSES;
	bool may = within(claims->maybe_ms, claims->maybe, from_ms > ORDER_MS ? from_ms - ORDER_MS : 0, now_ms) > 1;
	check_bit(device, vitals, MU__VERDICT_BIT__VERDICT_LINK_FLAPPING, must, may);
}

void sim_claims_slow(struct sim_device *device)
{
	device->claims.slow = true;
}

static void check_tokens(struct sim_device *device, const Mu__Vitals *vitals)
{
	struct sim_claims *claims = &device->claims;
	uint64_t now_ms = device->world->now_ms;
	bool has_reason = claims->slow || device->hung, is_old = claims->stale_ms && now_ms - claims->stale_ms < JUDGED_MS;
	check_bit(device, vitals, MU__VERDICT_BIT__VERDICT_TASK_STALE, claims->slow && !claims->stale_said, has_reason || is_old);
	if (has_reason && vitals->verdict & MU__VERDICT_BIT__VERDICT_TASK_STALE)
		claims->stale_ms = now_ms;
	claims->stale_said = device->hung && (claims->stale_said || vitals->verdict & MU__VERDICT_BIT__VERDICT_TASK_STALE);
	claims->slow = false;
}

// ---- a heartbeat

static void check_vitals(struct sim_device *device, const Mu__Record *record, const Mu__Vitals *vitals)
{
	struct sim_claims *claims = &device->claims;
	struct sim_world *world = device->world;
	if (vitals->has_uptime_s && vitals->uptime_s != record->uptime_ms / 1000)
		sim_fail(world, device, "a heartbeat says %u s of uptime after %llu ms", vitals->uptime_s,
			(unsigned long long)record->uptime_ms);
	if (vitals->has_heap_min_bytes && claims->said && vitals->heap_min_bytes > claims->heap_min_bytes)
		sim_fail(world, device, "the least heap since boot has grown from %u bytes to %u", claims->heap_min_bytes,
			vitals->heap_min_bytes);
	if (vitals->has_heap_min_bytes) {
		claims->said = true;
		claims->heap_min_bytes = vitals->heap_min_bytes;
	}
	if (!vitals->has_verdict)
		return;
	if (vitals->has_heap_free_bytes && vitals->has_heap_largest_bytes)
		check_heap(device, vitals);
	check_losses(device, vitals);
	check_tokens(device, vitals);
}

static void check_disconnects(struct sim_device *device, uint32_t disconnects)
{
	struct sim_claims *claims = &device->claims;
	if (disconnects > claims->downs)
		sim_fail(device->world, device, "a heartbeat says %u disconnects, and there were %u", disconnects, claims->downs);
	else if (disconnects < claims->disconnects)
		sim_fail(device->world, device, "disconnects went back from %u to %u", claims->disconnects, disconnects);
	claims->disconnects = disconnects;
}

void sim_claims_record(struct sim_device *device, const Mu__Record *record)
{
	if (record->body_case == MU__RECORD__BODY_LINK)
		take_link(device, record->link);
	if (record->body_case != MU__RECORD__BODY_HEARTBEAT)
		return;
	const Mu__Heartbeat *heartbeat = record->heartbeat;
	if (heartbeat->vitals)
		check_vitals(device, record, heartbeat->vitals);
	if (heartbeat->vitals && heartbeat->vitals->has_verdict && heartbeat->sockets && heartbeat->sockets->has_open)
		check_bit(device, heartbeat->vitals, MU__VERDICT_BIT__VERDICT_SOCKETS_LOW, heartbeat->sockets->open >= SOCKETS_HIGH,
			heartbeat->sockets->open > SOCKETS_FAIR);
	if (heartbeat->link && heartbeat->link->has_disconnects)
		check_disconnects(device, heartbeat->link->disconnects);
}
