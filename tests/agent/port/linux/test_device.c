// SPDX-License-Identifier: Apache-2.0
// Whole virtual devices in real time, all of them at once on one loop, so that the tests take seconds.
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "agent/image/err.h"
#include "agent/port/linux/device_state.h"
#include "agent/port/linux/virtual_flash.h"
#include "tests/agent/port/linux/fake_broker.h"

enum { RUN_MS = 5500 };

struct bench {
	struct event_base *loop;
	struct mu_flash_image *flash;
	struct mu_device *device;
	char *log; // what the device wrote
	size_t log_size;
	FILE *out;
};

static struct mu_flash_image *make_flash(const struct mu_traits *traits)
{
	struct mu_flash_image *flash;
	struct mu_virtual_flash contents = mu_virtual_flash_default();
	contents.images[contents.active_slot].traits = *traits;
	assert_int_equal(mu_flash_open(&flash, &(struct mu_flash_options){ .size_bytes = MU_FLASH_SIZE_DEFAULT }), 0);
	assert_int_equal(mu_virtual_flash_create(flash, &contents), 0);
	return flash;
}

static void start(struct bench *bench, struct event_base *loop, const struct mu_faults *faults, const char *uri)
{
	*bench = (struct bench){ .loop = loop, .flash = make_flash(&faults->traits) };
	bench->out = open_memstream(&bench->log, &bench->log_size);
	struct mu_device_config config = {
		.loop = loop,
		.flash = bench->flash,
		.agent = { .id = "dev-1", .broker_uri = uri, .heartbeat_ms = 1000, .liveness_ms = 1000 },
		.world = faults->world,
		.seed = 1,
		.log = bench->out,
		.log_level = 4,
	};
	assert_int_equal(mu_device_open(&bench->device, &config), 0);
	mu_device_power_on(bench->device, 0);
}

static void stop(struct bench *bench)
{
	mu_device_close(bench->device);
	mu_flash_close(bench->flash);
	fclose(bench->out);
	free(bench->log);
}

static void run_ms(struct event_base *loop, int ms)
{
	event_base_loopexit(loop, &(struct timeval){ .tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000 });
	event_base_dispatch(loop);
}

// What is wrong with a device, what its log then has to say, and how many resets there are in 5.5 s.
static const struct {
	const char *fault;
	const char *said;
	uint64_t low, high;
} rows[] = {
	{ 0, "event=boot slot=1 firmware=1.1.0 reset=power_on", 0, 0 },
	{ "panic=1", "event=reset reason=panic uptime_ms=1", 3, 4 },
	{ "panic=1", "reset=panic\n", 3, 4 }, // the next boot knows
	{ "leak=1048576", "event=boot slot=0 firmware=1.0.0", 6, 6 }, // 176 KiB go in 0.17 s; after five of those the guard goes back
	{ "hang=1", "event=reset reason=software", 1, 2 }, // the agent resets: the token is 1 s late
	{ "power=2", "event=reset reason=power_on", 2, 2 },
	{ "brownout=2", "event=reset reason=brown_out", 2, 2 },
};
enum { ROWS = sizeof rows / sizeof *rows };

static void test_each_fault(void **unused)
{
	(void)unused;
	struct bench benches[ROWS];
	char problem[MU_FAULT_PROBLEM_SIZE];
	struct event_base *loop = event_base_new();
	for (unsigned i = 0; i < ROWS; i++) {
		struct mu_faults faults = mu_faults_none();
		if (rows[i].fault)
			assert_int_equal(mu_fault_add(&faults, rows[i].fault, problem), 0);
		start(&benches[i], loop, &faults, "mqtt://127.0.0.1:1"); // nobody listens there
	}
	run_ms(loop, RUN_MS);
	for (unsigned i = 0; i < ROWS; i++) {
		struct mu_device_counts counts = mu_device_counts(benches[i].device);
		fflush(benches[i].out);
		if (!strstr(benches[i].log, rows[i].said))
			print_error("%s: %s\n", rows[i].fault, benches[i].log);
		assert_non_null(strstr(benches[i].log, rows[i].said));
		assert_in_range(counts.resets, rows[i].low, rows[i].high);
		assert_in_range(counts.boots, counts.resets, counts.resets + 1); // the last one may still be in its bootloader
		stop(&benches[i]);
	}
	event_base_free(loop);
}

// What a session costs shows where it arises, and an image that loses some of it or breaks its heap up does so.
static void test_the_heap_follows_the_session(void **unused)
{
	(void)unused;
	struct bench bench;
	struct fake_broker broker;
	char problem[MU_FAULT_PROBLEM_SIZE];
	struct mu_faults faults = mu_faults_none();
	struct event_base *loop = event_base_new();
	fake_broker_start(&broker, loop);
	assert_int_equal(mu_fault_add(&faults, "leak_reconnect=2000", problem), 0);
	assert_int_equal(mu_fault_add(&faults, "fragment", problem), 0);
	start(&bench, loop, &faults, broker.uri);
	const struct mu_virtual_heap *heap = &bench.device->system.heap;
	run_ms(loop, 300);
	assert_int_equal(heap->sockets_bytes + heap->lost_bytes, 0); // the radio is not up yet
	run_ms(loop, 2500);
	assert_true(mu_device_counts(bench.device).online);
	assert_int_equal(heap->sockets_bytes, MU_HEAP_SOCKET_BYTES); // no TLS
	assert_int_equal(heap->lost_bytes, 2000);
	assert_int_equal(heap->fragment_bytes_per_s, 256);
	stop(&bench);
	fake_broker_stop(&broker);
	event_base_free(loop);
}

// An image that panics before the agent lives: nothing but the bootloader runs, for ever.
static void test_an_image_that_never_starts(void **unused)
{
	(void)unused;
	struct bench bench;
	struct mu_faults faults = mu_faults_none();
	struct event_base *loop = event_base_new();
	faults.traits.boot_fails = 1;
	start(&bench, loop, &faults, "mqtt://127.0.0.1:1");
	run_ms(loop, 1500);
	struct mu_device_counts counts = mu_device_counts(bench.device);
	assert_in_range(counts.resets, 3, 6);
	assert_int_equal(counts.mqtt.sessions, 0);
	stop(&bench);
	event_base_free(loop);
}

// Without any image the device stays in its bootloader and says so; it does not end the process.
static void test_a_brick(void **unused)
{
	(void)unused;
	struct bench bench;
	struct mu_faults faults = mu_faults_none();
	struct event_base *loop = event_base_new();
	start(&bench, loop, &faults, "mqtt://127.0.0.1:1");
	assert_int_equal(mu_flash_erase(bench.flash, 0x40000, 0x200000), 0);
	run_ms(loop, 200);
	fflush(bench.out);
	assert_int_equal(mu_device_counts(bench.device).bricked, 1);
	assert_non_null(strstr(bench.log, "event=no_image"));
	stop(&bench);
	event_base_free(loop);
}

static void test_a_flash_that_is_not_laid_out(void **unused)
{
	(void)unused;
	struct mu_device *device;
	struct mu_device_config config = { .agent = { .id = "x" } };
	assert_int_equal(mu_flash_open(&config.flash, &(struct mu_flash_options){ .size_bytes = MU_FLASH_SIZE_DEFAULT }), 0);
	config.loop = event_base_new();
	assert_true(mu_device_open(&device, &config) < 0);
	assert_null(device);
	event_base_free(config.loop);
	mu_flash_close(config.flash);
}

// A configuration that the agent refuses: the loop ends, the reason is there, and nothing runs on a half-made agent.
static void test_a_refused_configuration(void **unused)
{
	(void)unused;
	struct mu_faults faults = mu_faults_none();
	struct mu_device *device;
	struct event_base *loop = event_base_new();
	struct mu_device_config config = { .loop = loop,
		.flash = make_flash(&faults.traits),
		.agent = { .id = "a/b", .broker_uri = "mqtt://h" } };
	assert_int_equal(mu_device_open(&device, &config), 0);
	mu_device_power_on(device, 0);
	event_base_dispatch(loop);
	assert_non_null(strstr(mu_device_problem(device), "id is not"));
	assert_int_equal(mu_device_counts(device).resets, 0);
	mu_device_close(device);
	mu_flash_close(config.flash);
	event_base_free(loop);
}

// With a broker it connects, reports, and the book of what was sent has its boot and its heartbeats.
static void test_it_reports(void **unused)
{
	(void)unused;
	struct fake_broker broker;
	struct mu_sent_log sent_log;
	char path[] = "/tmp/test-device-XXXXXX", text[8192] = "";
	struct event_base *loop = event_base_new();
	close(mkstemp(path));
	assert_int_equal(mu_sent_log_open(&sent_log, path), 0);
	fake_broker_start(&broker, loop);
	struct mu_faults faults = mu_faults_none();
	struct mu_device *device;
	struct mu_device_config config = {
		.loop = loop,
		.flash = make_flash(&faults.traits),
		.agent = { .id = "dev-1", .broker_uri = broker.uri, .heartbeat_ms = 1000 },
		.world = faults.world,
		.seed = 2,
		.sent_log = &sent_log,
	};
	assert_int_equal(mu_device_open(&device, &config), 0);
	mu_device_power_on(device, 0);
	for (int i = 0; i < 200 && sent_log.records < 3; i++)
		run_ms(loop, 100);
	struct mu_device_counts counts = mu_device_counts(device);
	assert_true(counts.online && counts.mqtt.sessions == 1 && counts.mqtt.pubacks >= 2);
	FILE *in = fopen(path, "r");
	assert_true(fread(text, 1, sizeof text - 1, in) > 0);
	fclose(in);
	assert_non_null(strstr(text, " 1 1 boot "));
	assert_non_null(strstr(text, " heartbeat "));
	mu_device_close(device);
	mu_sent_log_close(&sent_log);
	mu_flash_close(config.flash);
	fake_broker_stop(&broker);
	event_base_free(loop);
	unlink(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_fault),
		cmocka_unit_test(test_the_heap_follows_the_session),
		cmocka_unit_test(test_an_image_that_never_starts),
		cmocka_unit_test(test_a_brick),
		cmocka_unit_test(test_a_flash_that_is_not_laid_out),
		cmocka_unit_test(test_a_refused_configuration),
		cmocka_unit_test(test_it_reports),
	};
	return cmocka_run_group_tests(tests, 0, 0);
}
