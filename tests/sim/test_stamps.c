// SPDX-License-Identifier: Apache-2.0
// The time in records: what a device may say, by what it was told.
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include "tests/sim/world.h"

enum { NONE, RTC, SNTP, SERVER }; // Mu__TimeQuality
enum { TOLD_SNTP = 1, TOLD_SERVER = 2, KEPT_RTC = 4 };

// error_ms: of the record's time. An Ack has said a time that is a minute ahead.
static const struct {
	int told, quality;
	int64_t error_ms;
	const char *word; // of the complaint; null: none
} rows[] = {
	{ 0, NONE, 0, 0 },
	{ KEPT_RTC, NONE, 0, 0 }, // it need not believe it
	{ KEPT_RTC, RTC, 86400000, 0 }, // how right it is nobody knows
	{ KEPT_RTC | TOLD_SNTP, RTC, 0, 0 }, // the answer may have been rubbish
	{ 0, RTC, 0, "nothing in this boot" },
	{ TOLD_SERVER, SNTP, 0, "nothing in this boot" },
	{ KEPT_RTC, SNTP, 0, "nothing in this boot" },
	{ TOLD_SNTP, SERVER, 0, "nothing in this boot" },
	{ TOLD_SERVER, NONE, 0, "the time was told 5 s before" },
	{ TOLD_SERVER | KEPT_RTC, RTC, 0, "the time was told 5 s before" },
	{ TOLD_SNTP, SNTP, 4900, 0 },
	{ TOLD_SNTP, SNTP, 5100, "is wrong by 5100 ms" },
	{ TOLD_SNTP, SNTP, -5100, "is wrong by -5100 ms" },
	{ TOLD_SNTP | TOLD_SERVER, SNTP, 60000, "is wrong by" },
	{ TOLD_SERVER, SERVER, 58000, 0 }, // slewed
	{ TOLD_SERVER, SERVER, 0, "is wrong by 0 ms" },
	{ TOLD_SERVER, SERVER, 62300, "is wrong by 62300 ms" },
};

static void test_each_row(void **unused)
{
	(void)unused;
	struct sim_factory factory;
	assert_int_equal(sim_factory_open(&factory), 0);
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct sim_world *world = sim_world_open(&factory, &(struct sim_options){ .seed = 5 });
		struct sim_device *device = world->devices[0];
		world->now_ms = 100000;
		if (rows[i].told & KEPT_RTC)
			mu_virtual_rtc_write(&device->rtc, world->now_ms, sim_wall_ms(world));
		sim_stamps_boot(device);
		Mu__Ack ack = MU__ACK__INIT;
		ack.has_server_time_ms = rows[i].told & TOLD_SERVER;
		ack.server_time_ms = sim_wall_ms(world) + 60000;
		sim_stamps_ack(device, &ack);
		if (rows[i].told & TOLD_SNTP)
			sim_stamps_sntp(device);
		world->now_ms += 5000;
		Mu__Record record = MU__RECORD__INIT;
		record.time_quality = (Mu__TimeQuality)rows[i].quality;
		record.wall_ms = sim_wall_ms(world) + (uint64_t)rows[i].error_ms;
		sim_stamps_record(device, &record);
		if (rows[i].word ? !strstr(world->complaint, rows[i].word) : world->failed)
			fail_msg("row %zu: \"%s\"", i, world->complaint);
		sim_world_close(world);
	}
	sim_factory_close(&factory);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_row),
	};
	return cmocka_run_group_tests(tests, 0, 0);
}
