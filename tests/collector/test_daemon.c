// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include "collector/daemon.h"
#include "tests/collector/store/scratch.h"

static struct collector collector;

static void write_config(const struct scratch *scratch, const char *path, const char *more)
{
	FILE *file = fopen(path, "w");
	assert_non_null(file);
	fprintf(file, "broker: {uri: 'mqtt://127.0.0.1:1'}\nstore: {path: '%s'}\nhttp: {listen: '127.0.0.1:0'}\n%s", scratch->path, more);
	fclose(file);
}

static void load(const char *path)
{
	static struct config_errors errors;
	memset(&collector, 0, sizeof collector);
	config_defaults(&collector.config);
	assert_int_equal(config_load(&collector.config, path, &errors), 0);
	collector.config_file = path;
}

static void end_soon(evutil_socket_t fd, short what, void *context)
{
	(void)fd, (void)what, (void)context;
	raise(SIGTERM);
}

// SIGTERM is the clean end: exit code 0 and a database that says so.
static void test_it_ends_cleanly(void **state)
{
	const struct scratch *scratch = *state;
	char path[128];
	snprintf(path, sizeof path, "%s/musterd.yaml", scratch->folder);
	write_config(scratch, path, "");
	load(path);
	assert_int_equal(daemon_start(&collector), 0);
	struct timeval soon = { .tv_usec = 100000 };
	event_base_once(collector.base, -1, EV_TIMEOUT, end_soon, 0, &soon);
	event_base_dispatch(collector.base);
	daemon_free(&collector);
	assert_int_equal(scratch_number(scratch->path, "SELECT value FROM meta WHERE key='open'"), 0);
	remove(path);
}

// Each row: what a reload finds. A bad file changes nothing.
static const struct {
	const char *more;
	uint32_t silent_after_s;
	uint64_t reloads, failed;
} reloads[] = {
	{ "fleet: {silent_after_s: 60}\n", 60, 1, 0 },
	{ "fleet: {silent_after_s: 1}\n", 60, 1, 1 }, // out of range
	{ "fleet: {silent_after_s: 70}\nfleet: 3\n", 60, 1, 2 },
	{ "fleet: {silent_after_s: 80}\n", 80, 2, 2 },
};

static void test_reload(void **state)
{
	const struct scratch *scratch = *state;
	char path[128];
	snprintf(path, sizeof path, "%s/musterd.yaml", scratch->folder);
	write_config(scratch, path, "");
	load(path);
	assert_int_equal(daemon_start(&collector), 0);
	for (size_t i = 0; i < sizeof reloads / sizeof *reloads; i++) {
		write_config(scratch, path, reloads[i].more);
		daemon_reload(&collector);
		assert_int_equal(collector.config.fleet.silent_after_s, reloads[i].silent_after_s);
		assert_int_equal(collector.counters.config_reloads, reloads[i].reloads);
		assert_int_equal(collector.counters.config_reloads_failed, reloads[i].failed);
	}
	daemon_free(&collector);
	remove(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_it_ends_cleanly, scratch_setup_folder, scratch_teardown),
		cmocka_unit_test_setup_teardown(test_reload, scratch_setup_folder, scratch_teardown),
	};
	return cmocka_run_group_tests(tests, 0, 0);
}
