// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "agent/network/clock.h"
#include "muster.pb-c.h"

#define T0 UINT64_C(1795241400000)

// An RTC that runs on through resets.
struct fake {
	bool is_set, broken;
	uint64_t wall_ms;
	unsigned writes;
};

static int fake_read(void *context, uint64_t *wall_ms)
{
	struct fake *fake = context;
	*wall_ms = fake->wall_ms;
	return fake->is_set ? 0 : MU_ERR_NOT_FOUND;
}

static int fake_write(void *context, uint64_t wall_ms)
{
	struct fake *fake = context;
	fake->writes++;
	if (fake->broken)
		return MU_ERR_IO;
	fake->is_set = true;
	fake->wall_ms = wall_ms;
	return 0;
}

static uint64_t fake_cpu(void *context)
{
	(void)context;
	return 0;
}

static const struct mu_clock_port clock_port = { .wall_read = fake_read, .wall_write = fake_write, .cpu_us = fake_cpu };

struct setup {
	struct fake fake;
	struct mu_port port;
	uint8_t retained[MU_CLOCK_RETAINED_BYTES];
	struct mu_clock clock;
};

static void power_on(struct setup *setup)
{
	*setup = (struct setup){ .port = { .context = &setup->fake, .clock = &clock_port } };
	memset(setup->retained, 0xa5, sizeof setup->retained);
	mu_clock_init(&setup->clock, &setup->port, setup->retained, 0, 0);
}

static void reset(struct setup *setup, uint64_t now_ms)
{
	mu_clock_init(&setup->clock, &setup->port, setup->retained, 0, now_ms);
}

static void test_no_time_is_no_time(void **unused)
{
	(void)unused;
	struct setup setup;
	power_on(&setup);
	assert_int_equal(mu_clock_wall_ms(&setup.clock, 5000), 0); // not 1970
	assert_int_equal(mu_clock_quality(&setup.clock), MU__TIME_QUALITY__TIME_NONE);
	assert_false(mu_clock_trusted(&setup.clock));
}

static void test_server_time_is_taken_and_trusted(void **unused)
{
	(void)unused;
	struct setup setup;
	power_on(&setup);
	assert_int_equal(mu_clock_server(&setup.clock, T0, 5000), 0);
	assert_true(mu_clock_wall_ms(&setup.clock, 5000) == T0);
	assert_true(mu_clock_wall_ms(&setup.clock, 65000) == T0 + 60000);
	assert_int_equal(mu_clock_quality(&setup.clock), MU__TIME_QUALITY__TIME_SERVER);
	assert_true(mu_clock_trusted(&setup.clock));
	assert_int_equal(setup.clock.steps, 0); // the first time is not a step
	assert_true(setup.fake.is_set && setup.fake.wall_ms == T0);
}

static void test_mad_times_change_nothing(void **unused)
{
	(void)unused;
	static const uint64_t mad[] = { 0, 1, UINT64_C(1577836799999), UINT64_C(4102444800001), UINT64_MAX };
	struct setup setup;
	power_on(&setup);
	mu_clock_server(&setup.clock, T0, 0);
	for (size_t i = 0; i < sizeof mad / sizeof *mad; i++) {
		assert_int_equal(mu_clock_server(&setup.clock, mad[i], 1000), MU_ERR_RANGE);
		assert_true(mu_clock_wall_ms(&setup.clock, 1000) == T0 + 1000);
	}
}

// Each row: an error of the clock, and what is left of it at once, after a second and after a minute.
static const struct {
	int64_t error_ms, at_once_ms, after_1s_ms, after_60s_ms;
	unsigned steps;
} rows[] = {
	{ 99, 99, 99, 99, 0 },         // what the way through the network makes
	{ -99, -99, -99, -99, 0 },
	{ 100, 100, 50, 0, 0 },        // 5 %
	{ 1999, 1999, 1949, 0, 0 },
	{ -1999, -1999, -1949, 0, 0 },
	{ 2000, 0, 0, 0, 1 },
	{ -2000, 0, 0, 0, 1 },
	{ -3600000, 0, 0, 0, 1 },
};

static void test_slew_and_step(void **unused)
{
	(void)unused;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct setup setup;
		power_on(&setup);
		mu_clock_server(&setup.clock, T0, 0);
		uint64_t truth = T0 + 100000 + (uint64_t)rows[i].error_ms; // at 100 000
		assert_int_equal(mu_clock_server(&setup.clock, truth, 100000), rows[i].steps);
		assert_true((int64_t)(truth - mu_clock_wall_ms(&setup.clock, 100000)) == rows[i].at_once_ms);
		assert_true((int64_t)(truth + 1000 - mu_clock_wall_ms(&setup.clock, 101000)) == rows[i].after_1s_ms);
		assert_true((int64_t)(truth + 60000 - mu_clock_wall_ms(&setup.clock, 160000)) == rows[i].after_60s_ms);
		assert_int_equal(setup.clock.steps, rows[i].steps);
		assert_true(setup.clock.stepped_ms == (rows[i].steps ? rows[i].error_ms : 0));
	}
}

static void test_slewing_never_goes_back(void **unused)
{
	(void)unused;
	struct setup setup;
	power_on(&setup);
	mu_clock_server(&setup.clock, T0, 0);
	uint64_t last_ms = mu_clock_wall_ms(&setup.clock, 0);
	for (uint64_t now_ms = 10; now_ms < 200000; now_ms += 10) {
		if (now_ms % 30000 == 0) // each time 1.9 s to go back
			mu_clock_server(&setup.clock, mu_clock_wall_ms(&setup.clock, now_ms) - 1900, now_ms);
		uint64_t wall_ms = mu_clock_wall_ms(&setup.clock, now_ms);
		assert_true(wall_ms > last_ms);
		last_ms = wall_ms;
	}
}

static void test_rtc_carries_the_time_through_a_reset(void **unused)
{
	(void)unused;
	struct setup setup;
	power_on(&setup);
	mu_clock_server(&setup.clock, T0, 5000);
	setup.fake.wall_ms = T0 + 700000; // the RTC ran on
	reset(&setup, 20);
	assert_true(mu_clock_wall_ms(&setup.clock, 20) == T0 + 700000);
	assert_int_equal(mu_clock_quality(&setup.clock), MU__TIME_QUALITY__TIME_RTC);
	assert_false(mu_clock_trusted(&setup.clock)); // good for dates, not for expiry
	mu_clock_server(&setup.clock, T0 + 700100, 120);
	assert_true(mu_clock_trusted(&setup.clock));
}

// What the RTC says is believed only if we set it, and if it has not been set back since.
static void test_rtc_that_is_not_believed(void **unused)
{
	(void)unused;
	struct setup setup;
	power_on(&setup);
	setup.fake.is_set = true, setup.fake.wall_ms = T0; // nobody of ours set it
	reset(&setup, 0);
	assert_int_equal(mu_clock_quality(&setup.clock), MU__TIME_QUALITY__TIME_NONE);

	mu_clock_server(&setup.clock, T0, 0);
	setup.fake.wall_ms = T0 - 1; // earlier than when it was set
	reset(&setup, 0);
	assert_int_equal(mu_clock_quality(&setup.clock), MU__TIME_QUALITY__TIME_NONE);

	setup.fake.wall_ms = 86400000; // 1970
	reset(&setup, 0);
	assert_int_equal(mu_clock_quality(&setup.clock), MU__TIME_QUALITY__TIME_NONE);

	setup.fake.wall_ms = T0 + 1;
	for (size_t i = 0; i < 16; i++) { // a bit of each retained byte flipped
		setup.retained[i] ^= 1;
		reset(&setup, 0);
		assert_int_equal(mu_clock_quality(&setup.clock), MU__TIME_QUALITY__TIME_NONE);
		setup.retained[i] ^= 1;
	}
	reset(&setup, 0);
	assert_int_equal(mu_clock_quality(&setup.clock), MU__TIME_QUALITY__TIME_RTC);
}

static void test_rtc_is_written_seldom(void **unused)
{
	(void)unused;
	struct setup setup;
	power_on(&setup);
	for (uint64_t now_ms = 0; now_ms < 7200000; now_ms += 60000)
		mu_clock_server(&setup.clock, T0 + now_ms, now_ms);
	assert_int_equal(setup.fake.writes, 2); // when set, and after an hour
	setup.fake.broken = true;
	mu_clock_server(&setup.clock, T0, 7200000); // an RTC that cannot be written changes nothing else
	assert_true(mu_clock_wall_ms(&setup.clock, 7200000) == T0);
}

// SNTP knows the way that its answer took: nothing of an error is left.
static void test_sntp_is_taken_to_the_millisecond(void **unused)
{
	(void)unused;
	struct setup setup;
	power_on(&setup);
	assert_int_equal(mu_clock_sntp(&setup.clock, T0, 0), 0); // the first time is not a step
	assert_int_equal(mu_clock_quality(&setup.clock), MU__TIME_QUALITY__TIME_SNTP);
	assert_true(mu_clock_trusted(&setup.clock));
	assert_int_equal(mu_clock_sntp(&setup.clock, T0 + 3600000 + 30, 3600000), 0);
	assert_true(mu_clock_wall_ms(&setup.clock, 3600000) == T0 + 3600000);
	assert_true(mu_clock_wall_ms(&setup.clock, 3601000) == T0 + 3601000 + 30);
	assert_int_equal(mu_clock_sntp(&setup.clock, T0 + 7200000 + 90000, 7200000), 1);
	assert_true(setup.clock.stepped_ms == 90000 - 30);
	assert_true(setup.fake.wall_ms == T0 + 7200000 + 90000); // the RTC is told
	assert_int_equal(mu_clock_sntp(&setup.clock, 0, 7300000), MU_ERR_RANGE);
}

// An hour is SNTP's, whatever the Acks say; then they win until it answers again.
static void test_who_wins(void **unused)
{
	(void)unused;
	struct setup setup;
	power_on(&setup);
	mu_clock_server(&setup.clock, T0, 0);
	assert_int_equal(mu_clock_sntp(&setup.clock, T0 + 1000, 0), 0); // over an Ack at once
	assert_int_equal(mu_clock_quality(&setup.clock), MU__TIME_QUALITY__TIME_SNTP);
	assert_int_equal(mu_clock_server(&setup.clock, T0 + 9000000, 3599999), 0);
	assert_int_equal(mu_clock_quality(&setup.clock), MU__TIME_QUALITY__TIME_SNTP);
	assert_true(mu_clock_wall_ms(&setup.clock, 3599999) == T0 + 1000 + 3599999);
	assert_int_equal(mu_clock_server(&setup.clock, 0, 3599999), MU_ERR_RANGE); // nonsense is nonsense also then
	assert_int_equal(mu_clock_server(&setup.clock, T0 + 9000000, 3600000), 1);
	assert_int_equal(mu_clock_quality(&setup.clock), MU__TIME_QUALITY__TIME_SERVER);
	assert_true(mu_clock_wall_ms(&setup.clock, 3600000) == T0 + 9000000);
	assert_int_equal(mu_clock_sntp(&setup.clock, T0 + 3700000, 3700000), 1);
	assert_int_equal(mu_clock_quality(&setup.clock), MU__TIME_QUALITY__TIME_SNTP);
	assert_int_equal(setup.clock.steps, 2);
}

// What is older than the firmware itself cannot be now: neither the RTC's word, nor a server's.
static void test_the_floor(void **unused)
{
	(void)unused;
	struct setup setup;
	power_on(&setup);
	mu_clock_sntp(&setup.clock, T0, 0);
	mu_clock_init(&setup.clock, &setup.port, setup.retained, T0 + 1, 0);
	assert_int_equal(mu_clock_quality(&setup.clock), MU__TIME_QUALITY__TIME_NONE);
	assert_int_equal(mu_clock_sntp(&setup.clock, T0, 0), MU_ERR_RANGE);
	assert_int_equal(mu_clock_server(&setup.clock, T0, 0), MU_ERR_RANGE);
	assert_int_equal(mu_clock_sntp(&setup.clock, T0 + 1, 0), 0);
	mu_clock_init(&setup.clock, &setup.port, setup.retained, T0 + 1, 0);
	assert_int_equal(mu_clock_quality(&setup.clock), MU__TIME_QUALITY__TIME_RTC);
}

static void test_without_retained_memory(void **unused)
{
	(void)unused;
	struct setup setup;
	power_on(&setup);
	assert_int_equal(mu_clock_server(&setup.clock, T0, 0), 0);
	memset(setup.retained, 0x5a, sizeof setup.retained); // no reset leaves it alone
	reset(&setup, 0);
	assert_int_equal(mu_clock_quality(&setup.clock), MU__TIME_QUALITY__TIME_NONE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_no_time_is_no_time),
		cmocka_unit_test(test_server_time_is_taken_and_trusted),
		cmocka_unit_test(test_mad_times_change_nothing),
		cmocka_unit_test(test_slew_and_step),
		cmocka_unit_test(test_slewing_never_goes_back),
		cmocka_unit_test(test_rtc_carries_the_time_through_a_reset),
		cmocka_unit_test(test_rtc_that_is_not_believed),
		cmocka_unit_test(test_rtc_is_written_seldom),
		cmocka_unit_test(test_sntp_is_taken_to_the_millisecond),
		cmocka_unit_test(test_who_wins),
		cmocka_unit_test(test_the_floor),
		cmocka_unit_test(test_without_retained_memory),
	};
	return cmocka_run_group_tests(tests, 0, 0);
}
