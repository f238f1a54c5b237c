// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>
#include "collector/fleet/condition.h"
#include "tests/collector/fleet/sample.h"

#define NOW SAMPLE_NOW_MS
enum { SILENT_MS = 180000, OTHERS = 20 };

// A device among OTHERS healthy ones that stay as they are; the broker has been up for an hour.
struct world {
	struct fleet *fleet;
	struct device *device;
	uint64_t now_ms;
};

static void fold(struct world *world, struct sample *sample)
{
	fleet_fold(world->fleet, world->device, &sample->record, world->now_ms);
}

static void heartbeat(struct world *world)
{
	struct sample sample;
	sample_heartbeat(&sample, 1, world->now_ms - (NOW - 3600000));
	fold(world, &sample);
}

static void boots(struct world *world, unsigned count, int reset_class, uint64_t apart_ms)
{
	for (unsigned i = 0; i < count; i++) {
		struct sample sample;
		sample_boot(&sample, 10 + i, reset_class);
		sample.boot.task = (char *)"wifi";
		sample.boot.has_pc = 1;
		sample.boot.pc = 0x400d1234;
		sample.boot.has_previous_uptime_s = 1;
		sample.boot.previous_uptime_s = 20;
		if (reset_class == MU__RESET_CLASS__RESET_HANG)
			sample.boot.hung_token = (char *)"network";
		world->now_ms += apart_ms;
		fold(world, &sample);
	}
}

static void boot_for(struct world *world, int reset_class, int cause)
{
	struct sample sample;
	sample_boot(&sample, 50, reset_class);
	sample.boot.has_cause = 1;
	sample.boot.cause = cause;
	world->now_ms += 1000;
	fold(world, &sample);
}

static void verdict(struct world *world, uint32_t bits)
{
	struct sample sample;
	sample_heartbeat(&sample, 1, 600000);
	sample.vitals.verdict = bits;
	sample.vitals.has_heap_slope_bytes_per_h = 1;
	sample.vitals.heap_slope_bytes_per_h = -60000;
	fold(world, &sample);
}

static void losses(struct world *world, unsigned count, int change, uint64_t apart_ms)
{
	for (unsigned i = 0; i < count; i++) {
		struct sample sample;
		world->now_ms += apart_ms;
		sample_link(&sample, change);
		fold(world, &sample);
	}
}

static void presence(struct world *world, unsigned times, uint64_t apart_ms)
{
	for (unsigned i = 0; i < times; i++) {
		world->now_ms += apart_ms;
		fleet_set_presence(world->fleet, world->device, false, world->now_ms);
		fleet_set_presence(world->fleet, world->device, true, world->now_ms + 2000);
	}
}

static void everybody_loses(struct world *world)
{
	for (size_t i = 0; i < fleet_count(world->fleet); i++)
		fleet_set_presence(world->fleet, fleet_at(world->fleet, i), false, world->now_ms + i * 100);
}

static void nothing(struct world *world)
{
	(void)world;
}
static void crashes_3(struct world *world)
{
	boots(world, 3, MU__RESET_CLASS__RESET_CRASH, 20000);
}
static void crashes_2(struct world *world)
{
	boots(world, 2, MU__RESET_CLASS__RESET_CRASH, 20000);
}
static void crashes_slow(struct world *world)
{
	boots(world, 3, MU__RESET_CLASS__RESET_CRASH, 400000);
}
static void crashes_unknown_class(struct world *world)
{
	boots(world, 3, 200, 20000);
}
static void hang_1(struct world *world)
{
	boots(world, 1, MU__RESET_CLASS__RESET_HANG, 20000);
}
static void hang_long_ago(struct world *world)
{
	boots(world, 1, MU__RESET_CLASS__RESET_HANG, 0);
	world->now_ms += 700000;
	heartbeat(world);
}
static void brown_outs(struct world *world)
{
	boots(world, 3, MU__RESET_CLASS__RESET_BROWN_OUT, 20000);
}
static void power_on(struct world *world)
{
	boots(world, 1, MU__RESET_CLASS__RESET_POWER_ON, 20000);
	presence(world, 1, 1000);
}
static void power_on_5(struct world *world)
{
	boots(world, 5, MU__RESET_CLASS__RESET_POWER_ON, 20000);
}
static void commanded(struct world *world)
{
	for (int i = 0; i < 4; i++)
		boot_for(world, MU__RESET_CLASS__RESET_SOFTWARE, MU__RESET_CAUSE__CAUSE_COMMAND);
}
static void commanded_as_crash(struct world *world)
{
	for (int i = 0; i < 4; i++)
		boot_for(world, MU__RESET_CLASS__RESET_CRASH, MU__RESET_CAUSE__CAUSE_COMMAND);
}
static void crashes_then_rollback(struct world *world)
{
	crashes_3(world);
	boot_for(world, MU__RESET_CLASS__RESET_SOFTWARE, MU__RESET_CAUSE__CAUSE_ROLLBACK);
}
static void crashes_then_command(struct world *world)
{
	crashes_3(world);
	boot_for(world, MU__RESET_CLASS__RESET_SOFTWARE, MU__RESET_CAUSE__CAUSE_COMMAND);
}
static void crashes_of_other_image(struct world *world)
{
	crashes_3(world);
	struct sample sample;
	sample_heartbeat(&sample, 60, 1000);
	sample_add_ota(&sample, sample_sha_old, sample_sha_new);
	fold(world, &sample);
}
static void unreported(struct world *world)
{
	struct sample sample;
	sample_boot(&sample, 30, MU__RESET_CLASS__RESET_POWER_ON);
	sample.boot.n_unreported = 1;
	sample.unreported.first_boot = 26;
	sample.unreported.count = 4;
	sample.unreported.reset_class = MU__RESET_CLASS__RESET_CRASH;
	fold(world, &sample);
}
static void gone_10_s(struct world *world)
{
	fleet_set_presence(world->fleet, world->device, false, world->now_ms - 10000);
}
static void gone_60_s(struct world *world)
{
	fleet_set_presence(world->fleet, world->device, false, world->now_ms - 60000);
}
static void gone_after_a_long_quiet(struct world *world)
{
	world->now_ms += 46000;
	fleet_set_presence(world->fleet, world->device, false, world->now_ms);
}
static void all_gone_60_s(struct world *world)
{
	everybody_loses(world);
	world->now_ms += 60000;
}
static void all_gone_180_s(struct world *world)
{
	everybody_loses(world);
	world->now_ms += 170000;
}
static void silent_4_min(struct world *world)
{
	world->now_ms += 240000;
}
static void silent_2_min(struct world *world)
{
	world->now_ms += 120000;
}
static void broker_away(struct world *world)
{
	fleet_set_broker(world->fleet, false, world->now_ms);
	world->now_ms += 600000;
}
static void broker_back(struct world *world)
{
	broker_away(world);
	fleet_set_broker(world->fleet, true, world->now_ms);
	world->now_ms += 60000;
}
static void broker_back_but_silent(struct world *world)
{
	broker_back(world);
	world->now_ms += 180000;
}
static void leaks(struct world *world)
{
	verdict(world, MU__VERDICT_BIT__VERDICT_HEAP_LEAK);
}
static void leaks_with_reconnects(struct world *world)
{
	verdict(world, MU__VERDICT_BIT__VERDICT_RECONNECT_LEAK);
}
static void leaks_and_low(struct world *world)
{
	verdict(world, MU__VERDICT_BIT__VERDICT_HEAP_LEAK | MU__VERDICT_BIT__VERDICT_HEAP_LOW);
}
static void low(struct world *world)
{
	verdict(world, MU__VERDICT_BIT__VERDICT_HEAP_STARVED);
}
static void no_ota_room(struct world *world)
{
	verdict(world, MU__VERDICT_BIT__VERDICT_NO_OTA_ROOM);
}
static void sockets(struct world *world)
{
	verdict(world, MU__VERDICT_BIT__VERDICT_SOCKETS_LOW);
}
static void weak_verdict(struct world *world)
{
	verdict(world, MU__VERDICT_BIT__VERDICT_LINK_WEAK);
}
static void weak_rssi(struct world *world)
{
	struct sample sample;
	sample_heartbeat(&sample, 1, 600000);
	sample.link_health.rssi_dbm = CONDITION_WEAK_DBM;
	fold(world, &sample);
}
static void weak_and_flapping(struct world *world)
{
	weak_rssi(world);
	losses(world, 3, MU__LINK_CHANGE__LINK_LOST, 20000);
}
static void one_reconnect(struct world *world)
{
	losses(world, 1, MU__LINK_CHANGE__LINK_LOST, 1000);
	losses(world, 1, MU__LINK_CHANGE__LINK_SESSION_LOST, 100);
	presence(world, 1, 1000);
}
static void restart_and_reconnect(struct world *world)
{
	power_on(world);
	one_reconnect(world);
}
static void links_2(struct world *world)
{
	losses(world, 2, MU__LINK_CHANGE__LINK_LOST, 60000);
}
static void sessions_2(struct world *world)
{
	losses(world, 2, MU__LINK_CHANGE__LINK_SESSION_LOST, 60000);
}
static void links_2_slow(struct world *world)
{
	losses(world, 2, MU__LINK_CHANGE__LINK_LOST, 310000);
	heartbeat(world);
}
static void presences_2(struct world *world)
{
	presence(world, 2, 60000);
}
static void broker_restarts_twice(struct world *world)
{
	for (int i = 0; i < 2; i++) {
		world->now_ms += 90000;
		for (size_t d = 0; d < fleet_count(world->fleet); d++) {
			struct sample sample;
			sample_link(&sample, MU__LINK_CHANGE__LINK_SESSION_LOST);
			fleet_fold(world->fleet, fleet_at(world->fleet, d), &sample.record, world->now_ms + d * 100);
		}
	}
	world->now_ms += 10000;
}
static void own_session_lost_twice(struct world *world)
{
	for (int i = 0; i < 2; i++) {
		world->now_ms += 90000;
		fleet_set_broker(world->fleet, false, world->now_ms);
		fleet_set_broker(world->fleet, true, world->now_ms + 5000);
		losses(world, 1, MU__LINK_CHANGE__LINK_SESSION_LOST, 3000);
	}
}
static void flapping_verdict_in_outage(struct world *world)
{
	own_session_lost_twice(world);
	verdict(world, MU__VERDICT_BIT__VERDICT_LINK_FLAPPING);
}
static void flapping_verdict(struct world *world)
{
	losses(world, 1, MU__LINK_CHANGE__LINK_LOST, 1000);
	verdict(world, MU__VERDICT_BIT__VERDICT_LINK_FLAPPING);
}
static void clock_ahead(struct world *world)
{
	struct sample sample;
	sample_heartbeat(&sample, 1, 600000);
	sample.record.has_wall_ms = sample.record.has_time_quality = 1;
	sample.record.wall_ms = world->now_ms + 300000;
	sample.record.time_quality = MU__TIME_QUALITY__TIME_SNTP;
	fold(world, &sample);
}
static void old_from_spool(struct world *world)
{
	struct sample sample;
	sample_heartbeat(&sample, 1, 600000);
	sample.record.has_wall_ms = sample.record.has_time_quality = 1;
	sample.record.wall_ms = world->now_ms - 3000000;
	sample.record.time_quality = MU__TIME_QUALITY__TIME_SNTP;
	sample.heartbeat.uplink = &sample.uplink;
	sample.uplink = (Mu__UplinkHealth)MU__UPLINK_HEALTH__INIT;
	sample.uplink.has_spool_records = 1;
	sample.uplink.spool_records = 50;
	fold(world, &sample);
}
static void rolled_back(struct world *world)
{
	struct sample sample;
	sample_link(&sample, 0);
	sample.ota = (Mu__Ota)MU__OTA__INIT;
	sample.record.body_case = MU__RECORD__BODY_OTA;
	sample.record.ota = &sample.ota;
	sample.ota.state = MU__OTA_STATE__OTA_ROLLED_BACK;
	sample.ota.has_cause = 1;
	sample.ota.cause = MU__OTA_CAUSE__OTA_CAUSE_COMMAND;
	fold(world, &sample);
}
static void no_time(struct world *world)
{
	struct sample sample;
	sample_heartbeat(&sample, 1, 700000);
	sample.record.time_quality = MU__TIME_QUALITY__TIME_NONE;
	fold(world, &sample);
}
static void no_time_in_plain_json(struct world *world)
{
	no_time(world);
	world->device->ledger.epoch = LEDGER_PLAIN_EPOCH;
}
static void flash_fault(struct world *world)
{
	verdict(world, MU__VERDICT_BIT__VERDICT_FLASH_FAULT);
}

// What happens to a healthy device, the state that follows, and a piece of the reason (null: there must be no reason at all).
static const struct {
	const char *name;
	void (*happen)(struct world *world);
	enum condition_state state;
	const char *reason;
} rows[] = {
	{ "nothing", nothing, CONDITION_HEALTHY, 0 },
	{ "three crashes in a minute", crashes_3, CONDITION_CRASH_LOOP, "crashed 3 times in 10 min, last in task wifi at 0x400d1234, 20 s after the start" },
	{ "two crashes are no loop", crashes_2, CONDITION_HEALTHY, 0 },
	{ "three crashes in 20 min are no loop", crashes_slow, CONDITION_HEALTHY, 0 },
	{ "an unexpected class that is not known yet is a crash", crashes_unknown_class, CONDITION_CRASH_LOOP, "crashed 3 times" },
	{ "crashes that never got a report of their own", unreported, CONDITION_CRASH_LOOP, "crashed 4 times" },
	{ "one hang, named", hang_1, CONDITION_HANGING, "network hung" },
	{ "a hang long ago", hang_long_ago, CONDITION_HEALTHY, 0 },
	{ "brown-outs", brown_outs, CONDITION_POWER, "3 brown-outs" },
	{ "switched off and on", power_on, CONDITION_HEALTHY, 0 },
	{ "switched off and on five times: not a crash", power_on_5, CONDITION_HEALTHY, 0 },
	{ "rebooted by command four times", commanded, CONDITION_HEALTHY, 0 },
	{ "also if the chip calls it a crash", commanded_as_crash, CONDITION_HEALTHY, 0 },
	{ "a rollback ends the loop", crashes_then_rollback, CONDITION_HEALTHY, 0 },
	{ "a reboot by command does not", crashes_then_command, CONDITION_CRASH_LOOP, "crashed 3 times" },
	{ "crashes of the image that no longer runs", crashes_of_other_image, CONDITION_HEALTHY, 0 },
	{ "away for 10 s", gone_10_s, CONDITION_HEALTHY, 0 },
	{ "away for a minute", gone_60_s, CONDITION_OFFLINE, "60 s ago" },
	{ "given up by the broker after 45 s without a word", gone_after_a_long_quiet, CONDITION_OFFLINE, "0 s ago" },
	{ "all away for a minute: a broker outage", all_gone_60_s, CONDITION_HEALTHY, 0 },
	{ "all away for three minutes: now they are away", all_gone_180_s, CONDITION_OFFLINE, "2 min ago" },
	{ "no word for 4 min", silent_4_min, CONDITION_SILENT, "no word for 4 min (limit 3 min)" },
	{ "no word for 2 min", silent_2_min, CONDITION_HEALTHY, 0 },
	{ "no word because the broker is away", broker_away, CONDITION_HEALTHY, 0 },
	{ "the broker is back for a minute", broker_back, CONDITION_HEALTHY, 0 },
	{ "the broker is back, the device is not", broker_back_but_silent, CONDITION_SILENT, "no word" },
	{ "leaks", leaks, CONDITION_HEAP_LEAK, "free heap falls by 58.6 KiB an hour, 146.5 KiB are left" },
	{ "leaks with each reconnect", leaks_with_reconnects, CONDITION_HEAP_LEAK, "each reconnect" },
	{ "leaks and is low: the cause comes first", leaks_and_low, CONDITION_HEAP_LEAK, "an hour" },
	{ "low", low, CONDITION_HEAP_LOW, "146.5 KiB of heap are free" },
	{ "no room for an update is not an illness", no_ota_room, CONDITION_HEALTHY, 0 },
	{ "sockets", sockets, CONDITION_SOCKETS_LOW, "sockets are open" },
	{ "weak by its own word", weak_verdict, CONDITION_WEAK_SIGNAL, "-60 dBm" },
	{ "weak by the number", weak_rssi, CONDITION_WEAK_SIGNAL, "-85 dBm" },
	{ "weak and therefore flapping: the cause comes first", weak_and_flapping, CONDITION_WEAK_SIGNAL, "dBm" },
	{ "one reconnect, seen three ways", one_reconnect, CONDITION_HEALTHY, 0 },
	{ "a restart and a reconnect", restart_and_reconnect, CONDITION_HEALTHY, 0 },
	{ "two losses of the link in 2 min", links_2, CONDITION_FLAPPING, "link 2 times" },
	{ "two losses of the session", sessions_2, CONDITION_FLAPPING, "session 2 times" },
	{ "two losses 10 min apart", links_2_slow, CONDITION_HEALTHY, 0 },
	{ "two last wills", presences_2, CONDITION_FLAPPING, "session 2 times" },
	{ "the broker restarts twice: everybody loses the session", broker_restarts_twice, CONDITION_HEALTHY, 0 },
	{ "the collector itself lost the broker", own_session_lost_twice, CONDITION_HEALTHY, 0 },
	{ "and the device says flapping", flapping_verdict_in_outage, CONDITION_HEALTHY, 0 },
	{ "flapping by its own word, with a loss of its own", flapping_verdict, CONDITION_FLAPPING, "link 1 time, its session 0 times in 5 min" },
	{ "clock ahead", clock_ahead, CONDITION_CLOCK, "ahead" },
	{ "no time long after the start", no_time, CONDITION_CLOCK, "no time, 11 min after" },
	{ "plain JSON, which has no place for a time", no_time_in_plain_json, CONDITION_HEALTHY, 0 },
	{ "old records out of the spool", old_from_spool, CONDITION_HEALTHY, 0 },
	{ "flash", flash_fault, CONDITION_FLASH, "flash" },
	{ "rolled back: worth saying, no illness", rolled_back, CONDITION_HEALTHY, "as it was told" },
};

static void set_up(struct world *world)
{
	world->fleet = fleet_new();
	world->now_ms = NOW;
	fleet_set_broker(world->fleet, true, NOW - 3600000);
	for (int i = 0; i < OTHERS; i++) {
		char id[32];
		snprintf(id, sizeof id, "other-%d", i);
		world->device = fleet_add(world->fleet, id, NOW);
		fleet_set_presence(world->fleet, world->device, true, NOW);
		heartbeat(world);
	}
	world->device = fleet_add(world->fleet, "edge-7", NOW);
	fleet_set_presence(world->fleet, world->device, true, NOW);
	heartbeat(world);
}

static void test_rows(void **unused)
{
	(void)unused;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct world world;
		struct condition condition;
		set_up(&world);
		rows[i].happen(&world);
		const struct condition_view view = { world.fleet, world.now_ms, SILENT_MS };
		condition_of(world.device, &view, &condition);
		const char *text = condition.count ? condition.reasons[0].text : "";
		if (condition.state != rows[i].state || (rows[i].reason ? !strstr(text, rows[i].reason) : condition.count > 0))
			fail_msg("%s: %s because \"%s\"", rows[i].name, condition_name(condition.state), text);
		assert_int_equal(condition_state_of(world.device, &view), condition.state);
		fleet_free(world.fleet);
	}
}

static void test_new_before_the_first_heartbeat(void **unused)
{
	(void)unused;
	struct sample sample;
	struct fleet *fleet = fleet_new();
	struct device *device = fleet_add(fleet, "edge-7", NOW);
	const struct condition_view view = { fleet, NOW, SILENT_MS };
	sample_boot(&sample, 1, MU__RESET_CLASS__RESET_POWER_ON);
	fleet_fold(fleet, device, &sample.record, NOW);
	assert_int_equal(condition_state_of(device, &view), CONDITION_NEW);
	fleet_free(fleet);
}

static void test_names_are_found_again(void **unused)
{
	(void)unused;
	for (int i = 0; i < CONDITION_COUNT; i++)
		assert_int_equal(condition_find(condition_name(i)), i);
	assert_int_equal(condition_find("ill"), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_new_before_the_first_heartbeat),
		cmocka_unit_test(test_names_are_found_again),
	};
	return cmocka_run_group_tests(tests, 0, 0);
}
