// SPDX-License-Identifier: Apache-2.0
#include "tests/sim/collector.h"
#include "tests/sim/operator.h"
#include "tests/sim/oracle.h"
#include "tests/sim/world.h"
#include <stdio.h>
#include <string.h>

enum { COMMIT_MS_MIN = 20, COMMIT_MS_MAX = 300, ACK_PERIOD_MS = 1000, LATE_MS_MAX = 30000, CONNECT_MS = 50 };

void sim_collector_free(struct sim_collector *collector)
{
	for (unsigned i = 0; i < collector->batched; i++)
		sim_packet_free(collector->batch[i].packet);
	collector->batched = 0;
}

// ---- Acks

static void on_late_ack(struct sim_world *world, const struct sim_event *event)
{
	sim_broker_to_device(world, (unsigned)event->number, sim_packet_copy(event->packet));
}

static void send_ack(struct sim_world *world, unsigned number, const struct sim_packet *packet)
{
	struct sim_collector *collector = &world->collector;
	if (sim_chance(world, collector->ack_lost_percent))
		return;
	uint64_t delay_ms = sim_chance(world, collector->ack_late_percent) ? (uint64_t)sim_dice(world, 1, LATE_MS_MAX) : 1;
	sim_after(world, delay_ms, on_late_ack, 0, number, sim_packet_copy(packet));
}

static void ack(struct sim_world *world, unsigned number)
{
	struct sim_collector *collector = &world->collector;
	const struct sim_ledger *ledger = &collector->ledgers[number];
	Mu__Ack message = MU__ACK__INIT;
	uint8_t packed[64];
	char topic[MU_TOPIC_MAX];
	if (!ledger->count)
		return;
	message.epoch = sim_ledger_epoch(ledger);
	message.through_seq = sim_ledger_through(ledger);
	message.has_server_time_ms = true;
	message.server_time_ms = sim_wall_ms(world) + (uint64_t)collector->clock_error_ms;
	message.has_retry_after_s = collector->retry_after_s && sim_chance(world, 20);
	message.retry_after_s = collector->retry_after_s;
	snprintf(topic, sizeof topic, "muster/v1/%s/ack", world->devices[number]->id);
	struct sim_packet *packet = sim_packet_new(SIM_PUBLISH, topic, packed, mu__ack__pack(&message, packed));
	world->counts.acks++;
	sim_say(world, "collector", "Ack to %s through %llu%s", world->devices[number]->id, (unsigned long long)message.through_seq,
		message.has_retry_after_s ? ", not before a while" : "");
	send_ack(world, number, packet);
	if (sim_chance(world, collector->ack_double_percent))
		send_ack(world, number, packet);
	sim_packet_free(packet);
}

static void on_ack_due(struct sim_world *world, const struct sim_event *event)
{
	unsigned number = (unsigned)event->number;
	struct sim_ack_state *state = &world->collector.acks[number];
	if (!state->due)
		return;
	state->due = false;
	state->free_ms = world->now_ms + ACK_PERIOD_MS;
	if (world->collector.up)
		ack(world, number);
}

static void want_ack(struct sim_world *world, unsigned number)
{
	struct sim_ack_state *state = &world->collector.acks[number];
	if (state->due)
		return;
	state->due = true;
	sim_after(world, state->free_ms > world->now_ms ? state->free_ms - world->now_ms : 0, on_ack_due, 0, number, 0);
}

// ---- Uplinks

static bool is_topic(const char *topic, const char *leaf)
{
	const char *slash = strrchr(topic, '/');
	return slash && !strcmp(slash + 1, leaf);
}

static void take_message(struct sim_world *world, const struct sim_outgoing *message)
{
	struct sim_device *device = world->devices[message->device];
	if (is_topic(message->packet->topic, "state")) {
		if (message->packet->size == 6) // "online"
			sim_operator_online(world, device);
		return;
	}
	struct sim_sink sink = sim_oracle_sink(device);
	enum sim_verdict verdict =
		sim_ledger_uplink(&world->collector.ledgers[message->device], message->packet->payload, message->packet->size, &sink);
	if (verdict != SIM_DEAD_LETTER)
		want_ack(world, message->device);
}

static void on_commit(struct sim_world *world, const struct sim_event *event)
{
	struct sim_collector *collector = &world->collector;
	if (!collector->up || event->number != collector->life)
		return;
	collector->commit_due = false;
	unsigned count = collector->batched;
	for (unsigned i = 0; i < count; i++)
		take_message(world, &collector->batch[i]);
	collector->batched = 0;
	for (unsigned i = 0; i < count; i++) {
		sim_broker_collector_has(world, collector->batch[i].number);
		sim_packet_free(collector->batch[i].packet);
	}
}

void sim_collector_receive(struct sim_world *world, const struct sim_outgoing *message, uint32_t connection)
{
	struct sim_collector *collector = &world->collector;
	(void)connection;
	if (!collector->up || collector->batched == SIM_BATCH)
		return;
	struct sim_outgoing *kept = &collector->batch[collector->batched++];
	*kept = *message;
	kept->packet = sim_packet_copy(message->packet);
	if (collector->commit_due)
		return;
	collector->commit_due = true;
	sim_after(world, (uint64_t)sim_dice(world, COMMIT_MS_MIN, COMMIT_MS_MAX), on_commit, 0, collector->life, 0);
}

// ---- its own life

static void on_connected(struct sim_world *world, const struct sim_event *event)
{
	if (world->collector.up && event->number == world->collector.life && !world->broker.down)
		sim_broker_collector(world, true);
}

void sim_collector_start(struct sim_world *world)
{
	struct sim_collector *collector = &world->collector;
	collector->up = true;
	collector->life++;
	memset(collector->acks, 0, sizeof collector->acks);
	sim_after(world, CONNECT_MS, on_connected, 0, collector->life, 0);
}

void sim_collector_stop(struct sim_world *world)
{
	struct sim_collector *collector = &world->collector;
	// The commit may have been made a moment before the end, and nobody heard of it.
	for (unsigned i = 0; collector->up && sim_chance(world, 50) && i < collector->batched; i++)
		take_message(world, &collector->batch[i]);
	sim_collector_free(collector);
	collector->up = collector->commit_due = false;
	sim_broker_collector(world, false);
}

void sim_collector_backup(struct sim_world *world)
{
	memcpy(world->collector.backup, world->collector.ledgers, sizeof world->collector.backup);
}

void sim_collector_restore(struct sim_world *world)
{
	for (unsigned i = 0; i < world->device_count; i++)
		sim_oracle_restored(world->devices[i], &world->collector.backup[i]);
	memcpy(world->collector.ledgers, world->collector.backup, sizeof world->collector.backup);
}
