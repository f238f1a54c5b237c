// SPDX-License-Identifier: Apache-2.0
// 5,000 devices whose broker goes away and comes back, in virtual time: how many tries it gets in any second, and when all are back.
//
// Each device is a ladder of its own with random numbers of its own, so one after the other is played and its tries are added up.
// build/check/tests/test-agent-recovery-ladder_fleet prints a line for each outage.
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/recovery/ladder.h"

enum { DEVICES = 5000, LOST_MS = 600000, BIN_MS = 100, BINS_A_SECOND = 1000 / BIN_MS, BINS = 4000 * BINS_A_SECOND, BACK_MS = 300000 };

enum broker { REFUSES, SILENT, DROPS }; // how it is away: no listener, packets lost, accepts and closes

static const struct outage {
	const char *name;
	enum broker broker;
	uint32_t down_ms, spread_s;
} outages[] = {
	{ "at once back", REFUSES, 0, 15 },
	{ "1 s, refuses", REFUSES, 1000, 15 },
	{ "5 s, refuses", REFUSES, 5000, 15 },
	{ "15 s, refuses", REFUSES, 15000, 15 }, // the worst moment for retries that are soon: the first round is not over
	{ "30 s, refuses", REFUSES, 30000, 15 },
	{ "2 min, refuses", REFUSES, 120000, 15 },
	{ "1 h, refuses", REFUSES, 3600000, 15 },
	{ "15 s, silent", SILENT, 15000, 15 },
	{ "10 min, silent", SILENT, 600000, 15 },
	{ "2 min, drops", DROPS, 120000, 15 }, // each success is worth nothing: no second of it may look like a first loss
	{ "1 h, drops", DROPS, 3600000, 15 },
	{ "30 s, refuses", REFUSES, 30000, 5 },
	{ "30 s, refuses", REFUSES, 30000, 60 },
};

static uint32_t tries[BINS];
static uint64_t back_ms[DEVICES]; // after the broker's return

struct device {
	struct mu_ladder ladder;
	struct mu_ladder_budget budget;
	uint64_t now_ms;
	uint32_t random;
};

static uint32_t post(struct device *device, enum mu_ladder_event event)
{
	device->random ^= device->random << 13;
	device->random ^= device->random >> 17;
	device->random ^= device->random << 5;
	return mu_ladder_post(&device->ladder, event, 0, device->now_ms, device->random);
}

static bool open_is_due(struct device *device)
{
	uint64_t due_ms = mu_ladder_deadline_ms(&device->ladder);
	assert_true(due_ms != UINT64_MAX);
	if (due_ms > device->now_ms)
		device->now_ms = due_ms;
	return post(device, MU_LADDER_TIMER) & MU_DO_SESSION_OPEN;
}

// Connected for ten minutes when the broker goes.
static void start(struct device *device, uint32_t seed, uint32_t spread_s)
{
	*device = (struct device){ .random = seed * 2654435761u + 1 };
	mu_ladder_init(&device->ladder, &device->budget, spread_s * 1000);
	post(device, MU_LADDER_BEGIN);
	post(device, MU_LADDER_LINK_UP);
	assert_true(open_is_due(device));
	post(device, MU_LADDER_SESSION_OPEN);
	mu_ladder_acked(&device->ladder);
	device->now_ms = LOST_MS;
	post(device, MU_LADDER_SESSION_LOST);
}

// One try while the broker is away.
static void lose_try(struct device *device, enum broker broker)
{
	device->now_ms += broker == SILENT ? 10000 : 20; // the port's time-out, or a way there and back
	if (broker != DROPS) {
		post(device, MU_LADDER_OPEN_FAILED);
		return;
	}
	post(device, MU_LADDER_SESSION_OPEN);
	device->now_ms += 20;
	post(device, MU_LADDER_SESSION_LOST);
}

static void live(struct device *device, const struct outage *outage, uint64_t *back)
{
	uint64_t up_ms = LOST_MS + outage->down_ms;
	for (;;) {
		if (!open_is_due(device))
			continue;
		uint64_t bin = (device->now_ms - LOST_MS) / BIN_MS;
		assert_true(bin < BINS);
		tries[bin]++;
		if (device->now_ms >= up_ms)
			break;
		lose_try(device, outage->broker);
	}
	post(device, MU_LADDER_SESSION_OPEN);
	assert_int_equal(device->ladder.state, MU_LADDER_CONNECTED);
	*back = device->now_ms - up_ms;
}

// In any second, wherever it begins (to a tenth).
static uint32_t peak_a_second(void)
{
	uint32_t sum = 0, peak = 0;
	for (size_t i = 0; i < BINS; i++) {
		sum += tries[i] - (i >= BINS_A_SECOND ? tries[i - BINS_A_SECOND] : 0);
		peak = sum > peak ? sum : peak;
	}
	return peak;
}

static int by_size(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
	return (x > y) - (x < y);
}

static void test_a_fleet_comes_back_in_order(void **unused)
{
	(void)unused;
	for (size_t i = 0; i < sizeof outages / sizeof *outages; i++) {
		memset(tries, 0, sizeof tries);
		for (uint32_t d = 0; d < DEVICES; d++) {
			struct device device;
			start(&device, (uint32_t)i * DEVICES + d + 1, outages[i].spread_s);
			live(&device, &outages[i], &back_ms[d]);
		}
		qsort(back_ms, DEVICES, sizeof *back_ms, by_size);
		uint32_t most = 2 * DEVICES / outages[i].spread_s, peak = peak_a_second();
		uint64_t p99_ms = back_ms[DEVICES * 99 / 100];
		print_message(
			"broker away %-15s reconnect_spread_s %2u: at most %4u tries a second (allowed: %4u), 99 %% back after %3u s, all after %3u s\n",
			outages[i].name, (unsigned)outages[i].spread_s, (unsigned)peak, (unsigned)most, (unsigned)(p99_ms / 1000),
			(unsigned)(back_ms[DEVICES - 1] / 1000));
		assert_in_range(peak, 1, most);
		assert_in_range(p99_ms, 0, BACK_MS);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_fleet_comes_back_in_order),
	};
	return cmocka_run_group_tests(tests, 0, 0);
}
