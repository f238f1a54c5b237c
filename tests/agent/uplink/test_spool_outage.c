// SPDX-License-Identifier: Apache-2.0
// Three days without a collector, with the records that the agent itself makes (so of their real sizes): what is in the default spool
// afterwards, and what the collector then gets. A heartbeat each minute, 100 boots (half of them crashes with a backtrace), two
// rollbacks, an event every two hours. Once without wall time, once with an RTC, once without even a link.
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>
#include "agent/image/crc32.h"
#include "agent/port/linux/crypto.h"
#include "agent/reporting.h"
#include "tests/agent/agent_rig.h"
#include "tests/agent/ota/board.h"

enum {
	SECTORS = 32,
	BOOTS = 100,
	HOURS = 72,
	HOUR_MS = 3600 * 1000,
	QUARTER_MS = 15 * 60 * 1000,
	RECENT_MS = 6 * HOUR_MS,
	RECORDS_MAX = 12000,
	CRASH_FRAMES = 12,
	METRICS = 4,
};
#define OUTAGE_MS ((uint64_t)HOURS * HOUR_MS)
#define RTC_START_MS UINT64_C(1790000000000) // as in the model collector's Acks

// What was given a number.
struct known {
	uint64_t at_ms; // since the outage began
	uint32_t crc; // of the packed record
	uint16_t size;
	uint8_t record_class;
	bool arrived;
};

static struct world {
	struct board board; // gives the two images
	struct mu_port port;
	struct mu_link_config link;
	struct known known[RECORDS_MAX];
	uint64_t seen; // numbers below are in known[]
	uint64_t epoch;
	uint64_t boot_at_ms; // of the running boot, since the outage began
	bool has_rtc;
} world;

// ---- the device

static void copy_partition(enum mu_partition part)
{
	int64_t size = mu_flash_partitions_size(&world.board.parts, part);
	assert_true(size > 0);
	fake_port_partition(&fake, part, (unsigned)(size / MU_SECTOR_BYTES));
	assert_true(mu_flash_partitions_read(&world.board.parts, part, 0, fake.flash[part], (size_t)size) >= 0);
}

static void make_device(void)
{
	static struct mu_crypto_port crypto;
	memset(&world, 0, sizeof world);
	agent_rig_open(SECTORS);
	board_open(&world.board, NULL);
	assert_int_equal(board_boot(&world.board, false), 0);
	for (int part = 0; part < MU_PART_COUNT; part++)
		if (part != MU_PART_SPOOL && part != MU_PART_KEYS)
			copy_partition((enum mu_partition)part);
	fake.running_slot = world.board.boot.slot;
	crypto = *fake.port.crypto;
	crypto.sha256_start = mu_crypto_sha256_start;
	crypto.sha256_update = mu_crypto_sha256_update;
	crypto.sha256_finish = mu_crypto_sha256_finish;
	fake.port.crypto = &crypto;
	collector.hop_ms = 1000;
	world.seen = 1;
}

static void free_device(void)
{
	agent_rig_close();
	board_close(&world.board);
}

// Figures that move as those of a device do.
static void shake_vitals(void)
{
	uint32_t noise = (uint32_t)fake_port_random(&fake);
	fake.vitals = (struct mu_system_vitals){ .heap_free_bytes = 181000 + noise % 4096,
		.heap_min_bytes = 164000,
		.heap_largest_bytes = 110000 - noise / 7 % 2000,
		.has_temperature = true,
		.temperature_decicelsius = 412 + (int32_t)(noise / 11 % 30),
		.has_cpu = true,
		.cpu_permille = { 120 + noise / 13 % 99, 0 },
		.has_stack = true,
		.stack_min_bytes = 900,
		.stack_min_task = "wifi",
		.has_sockets = true,
		.sockets_open = noise / 17 % 2,
		.sockets_limit = 10,
		.sockets_high_water = 5,
		.has_flash = true,
		.flash_erases = (uint32_t)fake.calls[FAKE_CALL_ERASE],
		.flash_written_bytes = (uint32_t)fake.bytes_programmed };
	fake.cpu_us += 137;
}

static void note_records(void)
{
	uint8_t bytes[MU_SPOOL_RECORD_MAX];
	struct mu_spool *spool = &agent->spool;
	assert_true(mu_spool_next_seq(spool) >= world.seen); // never back
	for (; world.seen < mu_spool_next_seq(spool); world.seen++) {
		struct mu_spool_entry entry;
		assert_true(world.seen < RECORDS_MAX);
		assert_int_equal(mu_spool_read(spool, world.seen, &entry, bytes, sizeof bytes), 0);
		assert_int_equal(entry.gap, MU_GAP_NONE);
		world.known[world.seen] = (struct known){ .at_ms = world.boot_at_ms + collector.now_ms,
			.crc = mu_crc32_le(0, bytes, entry.size),
			.size = (uint16_t)entry.size,
			.record_class = (uint8_t)entry.record_class };
	}
}

static void boot_device(void);

static void run_for(uint64_t duration_ms)
{
	for (uint64_t end_ms = collector.now_ms + duration_ms; collector.now_ms < end_ms;) {
		uint64_t left_ms = end_ms - collector.now_ms;
		shake_vitals();
		fake.wall_ms = RTC_START_MS + world.boot_at_ms + collector.now_ms;
		fake_collector_run(&collector, left_ms < 10000 ? left_ms : 10000);
		note_records();
		if (!agent->stopped)
			continue;
		world.boot_at_ms += collector.now_ms; // the ladder's last rung
		end_ms -= collector.now_ms;
		fake.reset_info = (struct mu_reset_info){ .reset_raw = MU_RESET_RAW_SW };
		boot_device();
	}
}

// Every second one is a crash; equal ones never follow each other, so that nothing is folded.
static void choose_reset(unsigned boot)
{
	static const uint32_t others[] = { 1, 3, 9, 12 }; // power on, software, brown-out, SDIO
	struct mu_reset_info *info = &fake.reset_info;
	*info = (struct mu_reset_info){ .reset_raw = others[boot / 2 % 4] };
	if (boot % 2 == 0)
		return;
	info->reset_raw = boot % 4 == 1 ? 4 : 6; // panic, task watchdog
	info->has_crash = true;
	snprintf(info->task, sizeof info->task, "%s", boot % 4 == 1 ? "sensor_poll" : "wifi");
	info->pc = 0x42001000 + boot * 64;
	info->backtrace_count = CRASH_FRAMES;
	for (uint32_t i = 0; i < CRASH_FRAMES; i++)
		info->backtrace[i] = 0x42002000 + boot * 4096 + i * 36;
}

static void boot_device(void)
{
	static const char *const names[METRICS] = { "tank_level", "pump_amps", "flow", "doors_open" };
	struct mu_agent_config config = { .id = "greenhouse-0017", .firmware = "1.1.0", .broker_uri = "mqtts://broker.example:8883" };
	memcpy(config.elf_sha, "\x8f\x12\x44\xa0\x3b\xc9\x71\x05", MU_SHA_BYTES);
	if (fake.reset_info.reset_raw == MU_RESET_RAW_POWERON)
		fake_port_power_on(&fake); // RAM and retained memory are gone
	fake.wall_result = world.has_rtc ? 0 : MU_ERR_NOT_FOUND;
	shake_vitals();
	agent_rig_boot(&config, fake.reset_info.reset_raw);
	assert_true(agent->has_slots && agent->has_spool);
	for (int i = 0; i < METRICS; i++)
		assert_int_equal(mu_agent_metric_integer(agent, mu_agent_metric(agent, names[i]), 100 * i + 7), 0);
	if (world.epoch)
		assert_true(mu_spool_epoch(&agent->spool) == world.epoch);
	world.epoch = mu_spool_epoch(&agent->spool);
}

static void report_rollback(void)
{
	struct mu_rollback_report report = { .request = board_request(&world.board), .outcome = MU_ROLLBACK_OUTCOME_DONE };
	assert_true(mu_report_ota(agent, MU__OTA_STATE__OTA_ROLLED_BACK, &report, collector.now_ms) > 0);
}

// ---- three days

static void live_one_boot(unsigned boot, uint64_t duration_ms)
{
	choose_reset(boot);
	boot_device();
	run_for(duration_ms / 2);
	if (boot % 3 == 0)
		assert_int_equal(mu_agent_event(agent, "valve_open", "by schedule", 17, collector.now_ms), 0);
	if (boot % 50 == 20)
		report_rollback();
	run_for(duration_ms - duration_ms / 2);
	world.boot_at_ms += collector.now_ms;
}

// Boots come at random, on average each 43 minutes; the last one lives on.
static void live_three_days(bool no_link)
{
	uint64_t mean_ms = OUTAGE_MS / BOOTS;
	live_one_boot(0, 5 * 60 * 1000);
	collector.no_broker = true;
	collector.no_link = no_link;
	for (unsigned boot = 1; boot < BOOTS - 1; boot++)
		live_one_boot(boot, mean_ms / 2 + fake_port_random(&fake) % (mean_ms * 9 / 10));
	assert_true(world.boot_at_ms < OUTAGE_MS);
	live_one_boot(BOOTS - 1, OUTAGE_MS - world.boot_at_ms);
}

// ---- what the collector then gets

static void compare(const Mu__Record *record, uint64_t seq)
{
	uint8_t packed[MU_SPOOL_RECORD_MAX];
	struct known *known = &world.known[seq];
	size_t size = mu__record__pack(record, packed);
	assert_int_equal(size, known->size);
	assert_int_equal(mu_crc32_le(0, packed, size), known->crc);
	known->arrived = true;
}

// Every number once and in order, each a record as it was made or in a Gap.
static uint64_t take_all(uint64_t first_after)
{
	uint64_t next = 1, in_gaps = 0;
	for (unsigned i = 0; i < collector.count; i++) {
		const Mu__Record *record = collector.records[i];
		assert_true(collector.seqs[i] == next);
		if (record->body_case == MU__RECORD__BODY_GAP) {
			assert_int_equal(record->gap->reason, MU__GAP_REASON__GAP_THINNED); // nothing was overwritten, nothing damaged
			in_gaps += record->gap->count;
			next += record->gap->count;
			continue;
		}
		if (next < first_after)
			compare(record, next);
		next++;
	}
	assert_true(next == mu_spool_next_seq(&agent->spool));
	return in_gaps;
}

static void check_classes(uint64_t end)
{
	for (uint64_t seq = 1; seq < end; seq++) {
		const struct known *known = &world.known[seq];
		bool recent = known->at_ms + RECENT_MS >= OUTAGE_MS;
		if (recent || known->record_class >= MU_CLASS_EVENT)
			assert_true(known->arrived);
	}
}

// The longest time without a heartbeat that arrived. One that was made is due each minute.
static uint64_t longest_hole_ms(uint64_t end)
{
	uint64_t last_ms = 0, longest_ms = 0;
	for (uint64_t seq = 1; seq < end; seq++) {
		const struct known *known = &world.known[seq];
		if (known->record_class != MU_CLASS_HEARTBEAT || !known->arrived)
			continue;
		longest_ms = known->at_ms - last_ms > longest_ms ? known->at_ms - last_ms : longest_ms;
		last_ms = known->at_ms;
	}
	return longest_ms;
}

static unsigned count(uint64_t end, enum mu_record_class record_class, uint64_t *bytes)
{
	unsigned count = 0;
	*bytes = 0;
	for (uint64_t seq = 1; seq < end; seq++)
		if (world.known[seq].record_class == record_class) {
			count++;
			*bytes += world.known[seq].size;
		}
	return count;
}

static void print_story(const char *name, uint64_t end)
{
	static const char *const names[MU_CLASS_COUNT] = { "log", "link", "heartbeat", "event", "command", "ota", "boot" };
	const struct mu_spool *spool = &agent->spool;
	print_message("%s: records=%u depth=%u archive_sectors=%u recent_sectors=%u\n", name, (unsigned)end - 1, mu_spool_depth(spool),
		spool->archive.head, spool->recent.head);
	for (int i = 0; i < MU_CLASS_COUNT; i++) {
		uint64_t bytes;
		unsigned made = count(end, (enum mu_record_class)i, &bytes);
		if (made)
			print_message("%s: %s made=%u mean_bytes=%u\n", name, names[i], made, (unsigned)(bytes / made));
	}
}

// About four erases a sector and day, of 100 000 that the flash is good for.
static void check_wear(void)
{
	uint64_t most = 0, sum = 0;
	for (unsigned i = 0; i < SECTORS; i++) {
		most = fake.erases_by_sector[i] > most ? fake.erases_by_sector[i] : most;
		sum += fake.erases_by_sector[i];
	}
	print_message("erases: most=%u of a sector, sum=%u in %u h\n", (unsigned)most, (unsigned)sum, (unsigned)HOURS);
	assert_in_range(most, 1, 4 * HOURS / 24);
	assert_int_equal(fake.rule_violations, 0);
}

static void drain(void)
{
	collector.no_broker = collector.no_link = false;
	fake.link_status = (struct mu_link_status){ .up = true, .rssi_dbm = -55, .channel = 6 };
	mu_agent_post(agent, &(struct mu_event){ .type = MU_EVENT_LINK_UP });
	for (unsigned minute = 0; mu_spool_depth(&agent->spool) && minute < 60; minute++) {
		collector.hop_ms = 100;
		fake_collector_run(&collector, 60000);
	}
	assert_int_equal(mu_spool_depth(&agent->spool), 0);
}

static void three_days(const char *name, bool no_link, bool has_rtc)
{
	make_device();
	world.has_rtc = has_rtc;
	collector.no_broker = !has_rtc; // or the first minutes are online, and the RTC is set
	live_three_days(no_link);
	uint64_t end = world.seen, bytes;
	print_story(name, end);
	check_wear();
	drain();
	uint64_t in_gaps = take_all(end), arrived = 0;
	for (uint64_t seq = 1; seq < end; seq++)
		arrived += world.known[seq].arrived;
	assert_true(in_gaps + arrived == end - 1); // exact: a Gap for all the rest, and for nothing else
	check_classes(end);
	print_message("%s: longest hole %u s\n", name, (unsigned)(longest_hole_ms(end) / 1000));
	assert_in_range(longest_hole_ms(end), 1, QUARTER_MS + 60 * 1000); // a boot takes up to an interval, unseen
	assert_in_range(count(end, MU_CLASS_BOOT, &bytes), BOOTS,
		BOOTS + 20); // and one in 6 h for the link's sake; a power-on forgets that
	assert_int_equal(count(end, MU_CLASS_OTA, &bytes), 2);
	assert_true(count(end, MU_CLASS_EVENT, &bytes) >= BOOTS / 3);
	assert_true(count(end, MU_CLASS_HEARTBEAT, &bytes) >= HOURS * 60);
	free_device();
}

static void test_no_broker_no_clock(void **unused)
{
	(void)unused;
	three_days("no_broker_no_clock", false, false);
}

static void test_no_broker(void **unused)
{
	(void)unused;
	three_days("no_broker", false, true);
}

static void test_no_link(void **unused)
{
	(void)unused;
	three_days("no_link", true, true);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_no_broker_no_clock),
		cmocka_unit_test(test_no_broker),
		cmocka_unit_test(test_no_link),
	};
	return cmocka_run_group_tests(tests, 0, 0);
}
