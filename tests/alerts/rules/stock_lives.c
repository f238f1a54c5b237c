// SPDX-License-Identifier: Apache-2.0
#include "tests/alerts/rules/stock_lives.h"
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#define CLASS(name) MU__RESET_CLASS__RESET_##name
#define CAUSE(name) MU__RESET_CAUSE__CAUSE_##name

enum { MINUTE = WORLD_MINUTE, HOUR = WORLD_HOUR, DAY = WORLD_DAY };

void life_healthy(struct world *world, unsigned seconds)
{
	world_beats(world, seconds, MINUTE);
}

// The first heartbeats after a boot, as the agent sends them.
void life_start_up(struct world *world)
{
	static const unsigned at_s[] = { 5, 10, 20, 40, 60 };
	unsigned passed = 0;
	for (size_t i = 0; i < sizeof at_s / sizeof *at_s; i++) {
		world_quiet(world, at_s[i] - passed);
		world_beat(world);
		passed = at_s[i];
	}
}

void life_restart(struct world *world, Mu__ResetClass reset_class, Mu__ResetCause cause)
{
	world_boot(world, reset_class, cause);
	life_start_up(world);
}

void life_well_again(struct world *world)
{
	const struct world_vitals keep = world->now;
	struct world_vitals *now = &world->now;
	*now = (struct world_vitals){ .heap_free = 150000,
		.heap_largest = 90000,
		.heap_slope = -20,
		.rssi = -60,
		.sockets_open = 3,
		.sockets_limit = 10,
		.sockets_refused = keep.sockets_refused,
		.spool_permille = 5,
		.dropped = keep.dropped,
		.stack_min = 2000,
		.sent_bytes = keep.sent_bytes,
		.watchdog_armed = true,
		.network = MU__NETWORK_STATE__NETWORK_CONNECTED };
}

// ---- memory

static void heap_below_50000(struct world *world)
{
	world->now.heap_free = 45000;
	life_healthy(world, 5 * MINUTE);
}
void life_heap_below_20_kib(struct world *world)
{
	world->now.heap_free = 15000;
	life_healthy(world, 5 * MINUTE);
}
static void heap_dips(struct world *world) // while a session is set up
{
	for (int i = 0; i < 10; i++) {
		world->now.heap_free = 30000;
		life_healthy(world, MINUTE);
		world->now.heap_free = 80000;
		life_healthy(world, 4 * MINUTE);
	}
}
static void leak(struct world *world)
{
	world->now.heap_slope = -90000;
	world->now.verdict = MU__VERDICT_BIT__VERDICT_HEAP_LEAK | MU__VERDICT_BIT__VERDICT_NO_OTA_ROOM;
	life_healthy(world, 2 * MINUTE);
}
static void leaks_with_reconnects(struct world *world)
{
	world->now.heap_slope = -9000;
	world->now.verdict = MU__VERDICT_BIT__VERDICT_RECONNECT_LEAK | MU__VERDICT_BIT__VERDICT_LINK_FLAPPING;
	life_healthy(world, 2 * MINUTE);
}
static void shrinks_without_verdict(struct world *world) // other bits, and a slope that the device does not call a leak
{
	world->now.heap_slope = -500;
	world->now.verdict =
		MU__VERDICT_BIT__VERDICT_LINK_WEAK | MU__VERDICT_BIT__VERDICT_HEAP_LOW | MU__VERDICT_BIT__VERDICT_HEAP_FRAGMENTED;
	life_healthy(world, HOUR);
}
static void loses_3_kib_an_hour(struct world *world)
{
	world->now.heap_free = 100000;
	for (int i = 0; i < 8 * 60; i++) {
		world->now.heap_free -= 60;
		life_healthy(world, MINUTE);
	}
}
static void allocates_once(struct world *world) // one big buffer, after it has run for long
{
	life_healthy(world, 3 * HOUR);
	world->now.heap_free -= 40000;
	life_healthy(world, 10 * HOUR);
}
static void settles_after_a_boot(struct world *world) // all that a boot allocates, and noise
{
	life_restart(world, CLASS(POWER_ON), CAUSE(NONE));
	for (unsigned i = 0; i < 600; i++) {
		world->now.heap_free = 100000 + (i < 60 ? (60 - i) * 1000 : 0) + i * 7919 % 4000;
		life_healthy(world, MINUTE);
	}
}
static void block_of_12_kib(struct world *world)
{
	world->now.heap_largest = 12000;
	life_healthy(world, 10 * MINUTE);
}
static void block_of_6_kib(struct world *world)
{
	world->now.heap_largest = 6000;
	life_healthy(world, 10 * MINUTE);
}
static void block_short_for_a_while(struct world *world)
{
	world->now.heap_largest = 12000;
	life_healthy(world, 4 * MINUTE);
	world->now.heap_largest = 40000;
	life_healthy(world, 30 * MINUTE);
}
static void refuses_sessions(struct world *world)
{
	life_healthy(world, 10 * MINUTE);
	for (int i = 0; i < 4; i++) {
		world->now.sockets_refused++;
		life_healthy(world, 2 * MINUTE);
	}
}
static void refused_once_then_reboots(struct world *world) // the counter begins again at 0, it does not go down
{
	world->now.sockets_refused = 2;
	life_healthy(world, 20 * MINUTE);
	life_restart(world, CLASS(SOFTWARE), CAUSE(COMMAND));
	life_healthy(world, 20 * MINUTE);
}
static void stack_of_200(struct world *world)
{
	world->now.stack_min = 200;
	life_healthy(world, MINUTE);
}
static void stack_of_512(struct world *world)
{
	world->now.stack_min = 512;
	life_healthy(world, 30 * MINUTE);
}

// ---- resets

static void crash_once(struct world *world)
{
	life_restart(world, CLASS(CRASH), CAUSE(NONE));
}
static void crash_three_times(struct world *world)
{
	for (int i = 0; i < 3; i++) {
		life_restart(world, CLASS(CRASH), CAUSE(NONE));
		life_healthy(world, 15 * MINUTE);
	}
}
static void rebooted_by_command(struct world *world)
{
	for (int i = 0; i < 12; i++)
		life_restart(world, CLASS(SOFTWARE), CAUSE(COMMAND));
}
static void hang_once(struct world *world)
{
	life_restart(world, CLASS(HANG), CAUSE(NONE));
}
static void token_goes_stale(struct world *world) // a software reset by the agent, because a task hung
{
	for (int i = 0; i < 3; i++)
		life_restart(world, CLASS(SOFTWARE), CAUSE(LIVENESS));
}
void life_crash_loop(struct world *world)
{
	for (int i = 0; i < 6; i++) {
		world_boot(world, CLASS(CRASH), CAUSE(NONE));
		world_quiet(world, 5);
		world_beat(world);
		world_quiet(world, 15);
	}
}
static void wakes_from_sleep(struct world *world) // every minute, as a sensor on a battery does
{
	for (int i = 0; i < 60; i++) {
		world_boot(world, CLASS(SLEEP), CAUSE(NONE));
		world_quiet(world, 5);
		world_beat(world);
		world_quiet(world, 55);
	}
}
static void update_and_rollback(struct world *world) // somebody tries a firmware
{
	life_restart(world, CLASS(SOFTWARE), CAUSE(UPDATE));
	world_ota(world, MU__OTA_STATE__OTA_ROLLED_BACK, MU__OTA_CAUSE__OTA_CAUSE_COMMAND);
	life_restart(world, CLASS(SOFTWARE), CAUSE(ROLLBACK));
	life_restart(world, CLASS(POWER_ON), CAUSE(NONE));
}
static void flashed_at_the_bench(struct world *world)
{
	for (int i = 0; i < 10; i++)
		life_restart(world, CLASS(DEBUG), CAUSE(NONE));
}
static void brown_outs(struct world *world)
{
	for (int i = 0; i < 3; i++) {
		life_restart(world, CLASS(BROWN_OUT), CAUSE(NONE));
		life_healthy(world, 2 * HOUR);
	}
}
static void ten_brown_outs(struct world *world)
{
	for (int i = 0; i < 10; i++) {
		life_restart(world, CLASS(BROWN_OUT), CAUSE(NONE));
		life_healthy(world, HOUR);
	}
}
static void unplugged_twice(struct world *world)
{
	life_restart(world, CLASS(BROWN_OUT), CAUSE(NONE));
	life_restart(world, CLASS(POWER_ON), CAUSE(NONE));
	life_restart(world, CLASS(BROWN_OUT), CAUSE(NONE));
	life_healthy(world, DAY);
}
static void watchdog_off(struct world *world)
{
	world->now.watchdog_armed = false;
	life_healthy(world, 15 * MINUTE);
}
static void watchdog_armed_late(struct world *world)
{
	world->now.watchdog_armed = false;
	life_restart(world, CLASS(POWER_ON), CAUSE(NONE));
	world->now.watchdog_armed = true;
	life_healthy(world, 30 * MINUTE);
}

// ---- reachability

static void silent_11_min(struct world *world)
{
	world_quiet(world, 11 * MINUTE);
}
void life_silent_2_h(struct world *world)
{
	world_quiet(world, 30 * MINUTE);
	assert_true(world_fires(world, "silent", ALERT_WARNING));
	world_quiet(world, 90 * MINUTE);
}
static void collector_hears_nobody(struct world *world)
{
	alert_engine_set_hearing(world->engine, false, WORLD_T0 + world->now_s * 1000);
	world_quiet(world, 2 * HOUR);
	alert_engine_set_hearing(world->engine, true, WORLD_T0 + world->now_s * 1000);
	world_quiet(world, 9 * MINUTE);
}
void life_weak_signal(struct world *world)
{
	world->now.rssi = -86;
	life_healthy(world, 20 * MINUTE);
}
static void weak_now_and_then(struct world *world)
{
	for (int i = 0; i < 60; i++) {
		world->now.rssi = i % 3 ? -70 : -90;
		life_healthy(world, MINUTE);
	}
}
static void link_flaps(struct world *world)
{
	for (int i = 0; i < 5; i++) {
		world_link(world, MU__LINK_CHANGE__LINK_LOST);
		world_quiet(world, 20);
		world_link(world, MU__LINK_CHANGE__LINK_RESTORED);
		life_healthy(world, 2 * MINUTE);
	}
}
static void sessions_flap(struct world *world)
{
	for (int i = 0; i < 5; i++) {
		world_link(world, MU__LINK_CHANGE__LINK_SESSION_LOST);
		life_healthy(world, 2 * MINUTE);
	}
}
void life_broker_and_access_point_restart(struct world *world)
{
	world_link(world, MU__LINK_CHANGE__LINK_SESSION_LOST);
	life_healthy(world, 3 * MINUTE);
	world_link(world, MU__LINK_CHANGE__LINK_LOST);
	world_link(world, MU__LINK_CHANGE__LINK_SESSION_LOST);
	life_healthy(world, 3 * MINUTE);
	world_link(world, MU__LINK_CHANGE__LINK_SESSION_LOST); // and the broker once more
	life_healthy(world, 30 * MINUTE);
}

// ---- sockets and spool

static void sockets_8_of_10(struct world *world)
{
	world->now.sockets_open = 8;
	life_healthy(world, 10 * MINUTE);
}
static void sockets_10_of_10(struct world *world)
{
	world->now.sockets_open = 10;
	life_healthy(world, 10 * MINUTE);
}
static void sockets_peak(struct world *world)
{
	world->now.sockets_open = 9;
	life_healthy(world, 3 * MINUTE);
	world->now.sockets_open = 3;
	life_healthy(world, 30 * MINUTE);
}
static void spool_fills(struct world *world)
{
	for (int i = 0; i < 40; i++) {
		world->now.spool_permille = 700 + (uint32_t)i * 7;
		life_healthy(world, MINUTE);
	}
}
// Cut off for 8 hours: the records of that time come in late, with the fill that it had, and then it drains.
static void outage_and_drain(struct world *world)
{
	world->now.network = MU__NETWORK_STATE__NETWORK_SCANNING;
	world->delay_s = 8 * HOUR;
	for (uint32_t i = 0; i < 8 * 60; i++) {
		world->delay_s -= MINUTE;
		world->now.spool_permille = i * 2 < 990 ? i * 2 : 990;
		world->now_s += MINUTE;
		world_beat(world);
	}
	world->now.network = MU__NETWORK_STATE__NETWORK_CONNECTED;
	for (int i = 0; i < 30; i++) {
		world->now.spool_permille -= 30;
		life_healthy(world, MINUTE);
	}
}
static void drops_records(struct world *world)
{
	life_healthy(world, 20 * MINUTE);
	world->now.dropped += 12;
	life_healthy(world, 2 * MINUTE);
}
static void dropped_long_ago(struct world *world) // the count is for the life of the spool
{
	life_restart(world, CLASS(POWER_ON), CAUSE(NONE));
	life_healthy(world, 2 * HOUR);
}
static void flash_fault(struct world *world)
{
	world->now.verdict = MU__VERDICT_BIT__VERDICT_FLASH_FAULT | MU__VERDICT_BIT__VERDICT_SPOOL_FILLING;
	life_healthy(world, MINUTE);
}
static void all_verdicts_but_flash(struct world *world)
{
	world->now.verdict = MU__VERDICT_BIT__VERDICT_HEAP_STARVED | 1023;
	life_healthy(world, 10 * MINUTE);
}

// ---- update and traffic

static void update_hangs(struct world *world)
{
	world->now.ota = MU__OTA_STATE__OTA_DOWNLOADING;
	life_healthy(world, 70 * MINUTE);
}
void life_update_goes_well(struct world *world)
{
	static const Mu__OtaState states[] = { MU__OTA_STATE__OTA_PLANNED, MU__OTA_STATE__OTA_DOWNLOADING, MU__OTA_STATE__OTA_WRITTEN,
		MU__OTA_STATE__OTA_SWITCHED, MU__OTA_STATE__OTA_TRIAL };
	for (int i = 0; i < 5; i++) {
		world->now.ota = states[i];
		life_healthy(world, 10 * MINUTE);
	}
	world->now.ota = MU__OTA_STATE__OTA_COMMITTED;
	life_healthy(world, 2 * HOUR);
}
static void goes_back_by_itself(struct world *world)
{
	life_restart(world, CLASS(SOFTWARE), CAUSE(BOOT_LOOP));
	world_ota(world, MU__OTA_STATE__OTA_ROLLED_BACK, MU__OTA_CAUSE__OTA_CAUSE_BOOT_LOOP);
}
static void update_fails(struct world *world)
{
	world_ota(world, MU__OTA_STATE__OTA_FAILED, MU__OTA_CAUSE__OTA_CAUSE_IMAGE_DAMAGED);
}
static void logs_a_lot(struct world *world)
{
	for (int i = 0; i < 300; i++) {
		world_log(world, MU__LOG_LEVEL__LOG_DEBUG);
		world_event(world, "sample");
		world_quiet(world, 1);
	}
}
static void boots_and_talks(struct world *world) // a boot, its first heartbeats, a page of log lines
{
	life_restart(world, CLASS(POWER_ON), CAUSE(NONE));
	for (int i = 0; i < 100; i++)
		world_log(world, MU__LOG_LEVEL__LOG_INFO);
	life_healthy(world, 20 * MINUTE);
}
static void sends_10_mib_a_day(struct world *world)
{
	for (int i = 0; i < 24 * 60; i++) {
		world->now.sent_bytes += 7300;
		life_healthy(world, MINUTE);
	}
}
static void quiet_device(struct world *world)
{
	life_healthy(world, DAY);
}

const struct life lives[] = {
	{ "heap_low", heap_below_50000, ALERT_WARNING, heap_dips, MINUTE },
	{ "heap_low", life_heap_below_20_kib, ALERT_CRITICAL, heap_dips, MINUTE },
	{ "heap_leak", leaks_with_reconnects, ALERT_WARNING, shrinks_without_verdict, 32 * MINUTE },
	{ "heap_leak", leak, ALERT_WARNING, shrinks_without_verdict, 32 * MINUTE },
	{ "heap_forecast", loses_3_kib_an_hour, ALERT_WARNING, allocates_once, 2 * HOUR + MINUTE },
	{ "heap_forecast", loses_3_kib_an_hour, ALERT_WARNING, settles_after_a_boot, 2 * HOUR + MINUTE },
	{ "tls_block", block_of_12_kib, ALERT_WARNING, block_short_for_a_while, MINUTE },
	{ "tls_block", block_of_6_kib, ALERT_CRITICAL, block_short_for_a_while, MINUTE },
	{ "sessions_refused", refuses_sessions, ALERT_WARNING, refused_once_then_reboots, 35 * MINUTE },
	{ "stack_low", stack_of_200, ALERT_WARNING, stack_of_512, MINUTE },
	{ "crash", crash_once, ALERT_WARNING, rebooted_by_command, HOUR + MINUTE },
	{ "crash", crash_three_times, ALERT_CRITICAL, unplugged_twice, HOUR + MINUTE },
	{ "hang", hang_once, ALERT_WARNING, crash_three_times, HOUR + MINUTE },
	{ "hang", token_goes_stale, ALERT_CRITICAL, rebooted_by_command, HOUR + MINUTE },
	{ "boot_loop", life_crash_loop, ALERT_CRITICAL, rebooted_by_command, 16 * MINUTE },
	{ "boot_loop", life_crash_loop, ALERT_CRITICAL, wakes_from_sleep, 16 * MINUTE },
	{ "boot_loop", life_crash_loop, ALERT_CRITICAL, update_and_rollback, 16 * MINUTE },
	{ "boot_loop", life_crash_loop, ALERT_CRITICAL, flashed_at_the_bench, 16 * MINUTE },
	{ "brown_outs", brown_outs, ALERT_WARNING, unplugged_twice, DAY },
	{ "brown_outs", ten_brown_outs, ALERT_CRITICAL, crash_three_times, DAY },
	{ "watchdog_off", watchdog_off, ALERT_WARNING, watchdog_armed_late, MINUTE },
	{ "silent", silent_11_min, ALERT_WARNING, quiet_device, MINUTE },
	{ "silent", life_silent_2_h, ALERT_CRITICAL, collector_hears_nobody, MINUTE },
	{ "weak_signal", life_weak_signal, ALERT_WARNING, weak_now_and_then, 10 * MINUTE },
	{ "link_flapping", link_flaps, ALERT_WARNING, life_broker_and_access_point_restart, 16 * MINUTE },
	{ "link_flapping", sessions_flap, ALERT_WARNING, quiet_device, 16 * MINUTE },
	{ "sockets", sockets_8_of_10, ALERT_WARNING, sockets_peak, MINUTE },
	{ "sockets", sockets_10_of_10, ALERT_CRITICAL, sockets_peak, MINUTE },
	{ "spool_filling", spool_fills, ALERT_WARNING, outage_and_drain, 11 * MINUTE },
	{ "records_lost", drops_records, ALERT_INFO, dropped_long_ago, HOUR + MINUTE },
	{ "flash_fault", flash_fault, ALERT_CRITICAL, all_verdicts_but_flash, MINUTE },
	{ "update_stuck", update_hangs, ALERT_WARNING, life_update_goes_well, MINUTE },
	{ "rolled_back", goes_back_by_itself, ALERT_WARNING, update_and_rollback, HOUR + MINUTE },
	{ "update_failed", update_fails, ALERT_WARNING, life_update_goes_well, HOUR + MINUTE },
	{ "chatty", logs_a_lot, ALERT_WARNING, boots_and_talks, 11 * MINUTE },
	{ "data_budget", sends_10_mib_a_day, ALERT_INFO, quiet_device, DAY + HOUR },
};

const size_t life_count = sizeof lives / sizeof *lives;
