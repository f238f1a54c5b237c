// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "agent/image/err.h"
#include "agent/port/linux/fleet.h"

enum { COUNT = 5 };

static struct mu_fleet_config config_for(struct event_base *loop)
{
	return (struct mu_fleet_config){
		.device = { .loop = loop, .agent = { .broker_uri = "mqtt://127.0.0.1:1", .heartbeat_ms = 1000 } },
		.count = COUNT,
		.prefix = "t-",
		.seed = 1,
	};
}

static void run_ms(struct event_base *loop, int ms)
{
	event_base_loopexit(loop, &(struct timeval){ .tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000 });
	event_base_dispatch(loop);
}

// What is written wrong about faults, and a piece of what is said to it.
static const struct {
	const char *item, *said;
	int err;
} bad[] = {
	{ "panic", "wants NAME[=N]:INDEX", MU_ERR_INVALID },
	{ "panic:", "indices from 1 to 5", MU_ERR_RANGE },
	{ "panic:0", "indices from 1 to 5", MU_ERR_RANGE },
	{ "panic:6", "indices from 1 to 5", MU_ERR_RANGE },
	{ "panic:1;2", "indices from 1 to 5", MU_ERR_RANGE },
	{ "panic:1,", "indices from 1 to 5", MU_ERR_RANGE },
	{ "nonsense:1", "no fault is called \"nonsense\"", MU_ERR_NOT_FOUND },
	{ "leak=x:1", "is not a number", MU_ERR_INVALID },
};

static void test_bad_faults_are_explained(void **unused)
{
	(void)unused;
	struct event_base *loop = event_base_new();
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		struct mu_fleet_config config = config_for(loop);
		struct mu_fleet *fleet;
		char problem[MU_FLEET_PROBLEM_SIZE] = "";
		config.faults = &bad[i].item;
		config.fault_count = 1;
		assert_int_equal(mu_fleet_open(&fleet, &config, problem), bad[i].err);
		assert_null(fleet);
		assert_non_null(strstr(problem, bad[i].said));
		assert_non_null(strstr(problem, bad[i].item));
	}
	event_base_free(loop);
}

static void test_bad_prefixes_are_explained(void **unused)
{
	(void)unused;
	static const char *const prefixes[] = { "with/slash-", "0123456789012345678901234567890" };
	struct event_base *loop = event_base_new();
	for (size_t i = 0; i < 2; i++) {
		struct mu_fleet_config config = config_for(loop);
		struct mu_fleet *fleet;
		char problem[MU_FLEET_PROBLEM_SIZE] = "";
		config.prefix = prefixes[i];
		assert_true(mu_fleet_open(&fleet, &config, problem) < 0);
		assert_non_null(strstr(problem, prefixes[i]));
	}
	event_base_free(loop);
}

// Faults reach the devices named, and no other: two of five reset.
static void test_faults_reach_their_devices(void **unused)
{
	(void)unused;
	static const char *const faults[] = { "panic=1:2,4" };
	struct event_base *loop = event_base_new();
	struct mu_fleet_config config = config_for(loop);
	struct mu_fleet *fleet;
	char problem[MU_FLEET_PROBLEM_SIZE];
	config.faults = faults;
	config.fault_count = 1;
	assert_int_equal(mu_fleet_open(&fleet, &config, problem), 0);
	mu_fleet_power_on(fleet);
	run_ms(loop, 1300);
	struct mu_fleet_counts counts = mu_fleet_counts(fleet);
	assert_int_equal(counts.resets, 2);
	assert_in_range(counts.boots, COUNT, COUNT + 2);
	assert_int_equal(counts.online, 0);
	assert_true(counts.flash_bytes < COUNT * 100000); // the images are not copied
	assert_null(mu_fleet_problem(fleet));
	mu_fleet_close(fleet);
	event_base_free(loop);
}

// What lies in the spools of a folder, as text; the caller frees it.
static char *spools(struct event_base *loop, const char *folder)
{
	struct mu_fleet_config config = config_for(loop);
	struct mu_fleet *fleet;
	char problem[MU_FLEET_PROBLEM_SIZE], *text = 0;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);
	config.flash_dir = folder;
	assert_int_equal(mu_fleet_open(&fleet, &config, problem), 0);
	assert_int_equal(mu_fleet_list_spools(fleet, out), 0);
	mu_fleet_close(fleet);
	fclose(out);
	return text;
}

// The epoch of t-0003 and its next number.
static void end_of(const char *text, char epoch[17], unsigned long *next)
{
	const char *line = strstr(text, "end t-0003 ");
	assert_non_null(line);
	assert_int_equal(sscanf(line, "end t-0003 %16s %lu", epoch, next), 2);
}

// Records that nobody took are in the folder when the fleet is gone, and the next run goes on with their numbers.
static void test_a_folder_keeps_the_flash(void **unused)
{
	(void)unused;
	char folder[] = "/tmp/test-fleet-XXXXXX", command[64], problem[MU_FLEET_PROBLEM_SIZE], epoch[17], later_epoch[17];
	unsigned long next, later_next;
	struct event_base *loop = event_base_new();
	struct mu_fleet_config config = config_for(loop);
	struct mu_fleet *fleet, *second;
	assert_non_null(mkdtemp(folder));
	config.flash_dir = folder;
	for (int run = 0; run < 2; run++) {
		assert_int_equal(mu_fleet_open(&fleet, &config, problem), 0);
		assert_int_equal(mu_fleet_open(&second, &config, problem), MU_ERR_BUSY);
		assert_non_null(strstr(problem, "another process"));
		mu_fleet_power_on(fleet);
		run_ms(loop, 300);
		mu_fleet_close(fleet);
		char *text = spools(loop, folder);
		assert_non_null(strstr(text, " 1 1 boot "));
		if (run == 0)
			end_of(text, epoch, &next);
		else
			end_of(text, later_epoch, &later_next);
		free(text);
	}
	assert_string_equal(epoch, later_epoch);
	assert_true(later_next > next);
	snprintf(command, sizeof command, "rm -rf %s", folder);
	assert_int_equal(system(command), 0);
	event_base_free(loop);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bad_faults_are_explained),
		cmocka_unit_test(test_bad_prefixes_are_explained),
		cmocka_unit_test(test_faults_reach_their_devices),
		cmocka_unit_test(test_a_folder_keeps_the_flash),
	};
	return cmocka_run_group_tests(tests, 0, 0);
}
