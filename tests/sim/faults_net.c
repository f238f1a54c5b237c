// SPDX-License-Identifier: Apache-2.0
// What goes wrong between a device and its collector, with both ends included.
#include "tests/sim/faults.h"
#include "tests/sim/operator.h"
#include "tests/sim/world.h"

enum { PASSWORD_REMEMBERED_MS = 3600000 };

static uint64_t for_ms(struct sim_world *world, int32_t low_s, int32_t high_s)
{
	if (sim_chance(world, 60)) // mostly short
		high_s = low_s + (high_s - low_s) / 16;
	return (uint64_t)sim_dice(world, low_s, high_s) * 1000;
}

// ---- radio

static void on_ap_back(struct sim_world *world, const struct sim_event *event)
{
	struct sim_device *device = event->subject;
	sim_say(world, "air", "access point %d is back", (int)event->number);
	sim_radio_present(&device->radio, (int)event->number, true, world->now_ms);
}

static void no_ap(struct sim_world *world, struct sim_device *device)
{
	bool all = sim_chance(world, 50);
	uint64_t back_ms = for_ms(world, 2, 7200);
	int one = sim_dice(world, 0, SIM_ACCESS_POINTS - 1);
	for (int i = 0; i < SIM_ACCESS_POINTS; i++) {
		if (!all && i != one)
			continue;
		sim_say(world, "air", "access point %d of %s goes away", i, device->id);
		sim_radio_present(&device->radio, i, false, world->now_ms);
		sim_after(world, back_ms, on_ap_back, device, (uint64_t)i, 0);
	}
}

static void on_password_back(struct sim_world *world, const struct sim_event *event)
{
	struct sim_device *device = event->subject;
	(void)world;
	device->radio.air.password_changed = false;
}

static void password(struct sim_world *world, struct sim_device *device)
{
	uint64_t back_ms = for_ms(world, 30, 7200);
	sim_say(world, "air", "the password changes for %llu s", (unsigned long long)back_ms / 1000);
	device->radio.air.password_changed = true;
	sim_radio_kick(&device->radio, SIM_REASON_AUTH_LEAVE, world->now_ms);
	sim_after(world, back_ms, on_password_back, device, 0, 0);
	if (world->now_ms + back_ms + PASSWORD_REMEMBERED_MS > world->calm_ms)
		world->password_was_wrong = true;
}

static int32_t some_reason(struct sim_world *world)
{
	static const int32_t reasons[] = { SIM_REASON_AUTH_EXPIRE, SIM_REASON_AUTH_LEAVE, SIM_REASON_ASSOC_EXPIRE, SIM_REASON_ASSOC_TOOMANY,
		SIM_REASON_ASSOC_LEAVE, SIM_REASON_BEACON_TIMEOUT, 1, 6, 7, 34, 202, 203, 205, 999 };
	return reasons[sim_dice(world, 0, sizeof reasons / sizeof *reasons - 1)];
}

static void kick(struct sim_world *world, struct sim_device *device)
{
	sim_radio_kick(&device->radio, some_reason(world), world->now_ms);
}

static void on_refusal_over(struct sim_world *world, const struct sim_event *event)
{
	struct sim_device *device = event->subject;
	(void)world;
	device->radio.air.refusal = 0;
}

static void refusal(struct sim_world *world, struct sim_device *device)
{
	device->radio.air.refusal = some_reason(world);
	sim_say(world, "air", "refuses %s with reason %d", device->id, (int)device->radio.air.refusal);
	sim_radio_kick(&device->radio, device->radio.air.refusal, world->now_ms);
	sim_after(world, for_ms(world, 5, 1800), on_refusal_over, device, 0, 0);
	if (device->radio.air.refusal == 202 && world->now_ms + PASSWORD_REMEMBERED_MS > world->calm_ms)
		world->password_was_wrong = true; // reads like one
}

static void on_dhcp_back(struct sim_world *world, const struct sim_event *event)
{
	struct sim_device *device = event->subject;
	(void)world;
	device->radio.air.dhcp_silent = false;
}

static void dhcp(struct sim_world *world, struct sim_device *device)
{
	sim_say(world, "air", "DHCP answers %s no more", device->id);
	device->radio.air.dhcp_silent = true;
	sim_radio_lose_address(&device->radio, world->now_ms);
	sim_after(world, for_ms(world, 5, 3600), on_dhcp_back, device, 0, 0);
}

static void address(struct sim_world *world, struct sim_device *device)
{
	sim_radio_lose_address(&device->radio, world->now_ms);
}

static void radio_wedge(struct sim_world *world, struct sim_device *device)
{
	sim_say(world, device->id, "its radio wedges");
	device->radio.air.wedged = true;
}

static void chip_wedge(struct sim_world *world, struct sim_device *device)
{
	sim_say(world, device->id, "its radio wedges until the chip is reset");
	device->radio.air.wedged_hard = true;
}

// ---- the way

static void on_names_back(struct sim_world *world, const struct sim_event *event)
{
	(void)event;
	world->network.names_dead = false;
}

static void names(struct sim_world *world, struct sim_device *device)
{
	(void)device;
	sim_say(world, "network", "no name resolves");
	world->network.names_dead = true;
	sim_after(world, for_ms(world, 5, 3600), on_names_back, 0, 0, 0);
}

static void on_network_back(struct sim_world *world, const struct sim_event *event)
{
	(void)event;
	sim_say(world, "network", "carries again");
	world->network.dead = false;
}

static void dead_network(struct sim_world *world, struct sim_device *device)
{
	(void)device;
	sim_say(world, "network", "carries nothing");
	world->network.dead = true;
	sim_after(world, for_ms(world, 2, 7200), on_network_back, 0, 0, 0);
}

static void half_open(struct sim_world *world, struct sim_device *device)
{
	sim_say(world, "network", "the connection of %s is half-open", device->id);
	sim_client_lose(world, device);
}

// Something on the way answers for it, but no longer passes anything on: the stack's keep-alive finds nothing wrong.
static void deaf_broker(struct sim_world *world, struct sim_device *device)
{
	sim_say(world, "network", "the connection of %s ends at something on the way", device->id);
	sim_client_deafen(device);
}

static void on_stalls_over(struct sim_world *world, const struct sim_event *event)
{
	(void)event;
	world->network.stall_percent = 0;
	world->network.latency_ms = SIM_LATENCY_MS;
}

static void stalls(struct sim_world *world, struct sim_device *device)
{
	(void)device;
	world->network.stall_percent = sim_dice(world, 1, 60);
	world->network.stall_ms = sim_dice(world, 300, 20000);
	world->network.latency_ms = sim_dice(world, 5, 2000);
	sim_say(world, "network", "%d ms, %d%% stall", (int)world->network.latency_ms, (int)world->network.stall_percent);
	sim_after(world, for_ms(world, 10, 7200), on_stalls_over, 0, 0, 0);
}

// ---- broker, collector

static void on_broker_back(struct sim_world *world, const struct sim_event *event)
{
	(void)event;
	if (!world->broker.down)
		return;
	sim_say(world, "broker", "starts");
	sim_broker_start(world);
}

static void broker(struct sim_world *world, struct sim_device *device)
{
	bool silent = sim_chance(world, 30), forgets = sim_chance(world, 40);
	(void)device;
	sim_say(world, "broker", "stops%s%s", silent ? " without a word" : "", forgets ? " and forgets everything" : "");
	sim_broker_stop(world, silent, forgets);
	sim_after(world, for_ms(world, 1, 3600), on_broker_back, 0, 0, 0);
}

static void broker_drops(struct sim_world *world, struct sim_device *device)
{
	sim_say(world, "broker", "drops the connection of %s", device->id);
	sim_broker_drop(world, device, world->broker.sessions[device->number].connection, true);
}

static void on_refuses_over(struct sim_world *world, const struct sim_event *event)
{
	(void)event;
	world->broker.refuses = false;
}

static void broker_refuses(struct sim_world *world, struct sim_device *device)
{
	sim_say(world, "broker", "takes each session and drops it");
	world->broker.refuses = true;
	broker_drops(world, device);
	sim_after(world, for_ms(world, 5, 1800), on_refuses_over, 0, 0, 0);
}

static void on_collector_back(struct sim_world *world, const struct sim_event *event)
{
	(void)event;
	if (world->collector.up)
		return;
	sim_say(world, "collector", "starts");
	sim_collector_start(world);
}

static void stop_collector(struct sim_world *world, uint64_t back_ms)
{
	sim_say(world, "collector", "stops for %llu s", (unsigned long long)back_ms / 1000);
	sim_collector_stop(world);
	sim_after(world, back_ms, on_collector_back, 0, 0, 0);
}

static void collector(struct sim_world *world, struct sim_device *device)
{
	(void)device;
	stop_collector(world, for_ms(world, 60, 12 * 3600));
}

static void collector_crash(struct sim_world *world, struct sim_device *device)
{
	(void)device;
	stop_collector(world, (uint64_t)sim_dice(world, 1, 5000));
}

// Each second time a backup is made, each other time it is needed.
static void restore(struct sim_world *world, struct sim_device *device)
{
	(void)device;
	if (world->counts.faults[SIM_FAULT_RESTORE] % 2) {
		sim_collector_backup(world);
		return;
	}
	stop_collector(world, 5000);
	sim_say(world, "collector", "loses its disk and is restored from a backup");
	sim_collector_restore(world);
}

static void on_acks_over(struct sim_world *world, const struct sim_event *event)
{
	(void)event;
	world->collector.ack_lost_percent = world->collector.ack_late_percent = world->collector.ack_double_percent = 0;
}

static void acks(struct sim_world *world, struct sim_device *device)
{
	(void)device;
	world->collector.ack_lost_percent = sim_dice(world, 0, 90);
	world->collector.ack_late_percent = sim_dice(world, 0, 90);
	world->collector.ack_double_percent = sim_dice(world, 0, 50);
	sim_after(world, for_ms(world, 60, 7200), on_acks_over, 0, 0, 0);
}

static void on_retry_after_over(struct sim_world *world, const struct sim_event *event)
{
	(void)event;
	world->collector.retry_after_s = 0;
}

static void retry_after(struct sim_world *world, struct sim_device *device)
{
	(void)device;
	world->collector.retry_after_s = (uint32_t)sim_dice(world, 1, 600);
	sim_after(world, for_ms(world, 30, 1800), on_retry_after_over, 0, 0, 0);
}

static void on_clock_right(struct sim_world *world, const struct sim_event *event)
{
	(void)event;
	world->collector.clock_error_ms = 0;
}

static void wrong_clock(struct sim_world *world, struct sim_device *device)
{
	int64_t error_ms = (int64_t)sim_dice(world, -400000, 400000) * sim_dice(world, 1, 400000) / 100;
	if (sim_chance(world, 50)) {
		mu_virtual_rtc_write(&device->rtc, world->now_ms, (uint64_t)((int64_t)sim_wall_ms(world) + error_ms));
		return;
	}
	world->collector.clock_error_ms = error_ms;
	sim_after(world, for_ms(world, 30, 7200), on_clock_right, 0, 0, 0);
}

static void on_sntp_good(struct sim_world *world, const struct sim_event *event)
{
	(void)event;
	world->faults.sntp = SIM_SNTP_GOOD;
}

static void sntp(struct sim_world *world, struct sim_device *device)
{
	(void)device;
	world->faults.sntp = (enum sim_sntp_mood)sim_dice(world, SIM_SNTP_SILENT, SIM_SNTP_RUBBISH);
	sim_after(world, for_ms(world, 60, 12 * 3600), on_sntp_good, 0, 0, 0);
}

const sim_fault_function sim_faults_net[SIM_FAULTS] = {
	[SIM_FAULT_NO_AP] = no_ap,
	[SIM_FAULT_PASSWORD] = password,
	[SIM_FAULT_KICK] = kick,
	[SIM_FAULT_REFUSAL] = refusal,
	[SIM_FAULT_DHCP] = dhcp,
	[SIM_FAULT_ADDRESS] = address,
	[SIM_FAULT_RADIO_WEDGE] = radio_wedge,
	[SIM_FAULT_CHIP_WEDGE] = chip_wedge,
	[SIM_FAULT_NAMES] = names,
	[SIM_FAULT_DEAD_NETWORK] = dead_network,
	[SIM_FAULT_HALF_OPEN] = half_open,
	[SIM_FAULT_STALLS] = stalls,
	[SIM_FAULT_BROKER] = broker,
	[SIM_FAULT_BROKER_DROPS] = broker_drops,
	[SIM_FAULT_BROKER_REFUSES] = broker_refuses,
	[SIM_FAULT_COLLECTOR] = collector,
	[SIM_FAULT_COLLECTOR_CRASH] = collector_crash,
	[SIM_FAULT_RESTORE] = restore,
	[SIM_FAULT_ACKS] = acks,
	[SIM_FAULT_RETRY_AFTER] = retry_after,
	[SIM_FAULT_CLOCK] = wrong_clock,
	[SIM_FAULT_SNTP] = sntp,
	[SIM_FAULT_COMMAND] = sim_operator_order,
	[SIM_FAULT_FORGERY] = sim_operator_forge,
	[SIM_FAULT_LATE_COMMAND] = sim_operator_late,
	[SIM_FAULT_DEAF_BROKER] = deaf_broker,
};
