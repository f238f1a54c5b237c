// SPDX-License-Identifier: Apache-2.0
// muster-fleet: many virtual ESP32 in one process.
#include "agent/image/err.h"
#include "agent/port/linux/fleet.h"
#include "agent/port/linux/key_folder.h"
#include "agent/port/linux/options.h"
#include "agent/port/linux/resolver.h"
#include "agent/port/linux/shared_options.h"
#include "muster.pb-c.h"
#include <event2/event.h>
#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <sys/resource.h>

enum { EXIT_OK = 0, EXIT_FAILED = 1, EXIT_MISUSE = 2, SPARE_FILES = 64 };

struct values {
	const char *prefix, *flash_dir;
	uint32_t count, spread_s;
	struct mu_option_list faults;
	bool verbose, debug;
	struct mu_shared_options shared;
};

#define VALUE(field) offsetof(struct values, field)

static const struct mu_option options[] = {
	{ "count", "N", MU_OPTION_NUMBER, VALUE(count), 1, MU_FLEET_MAX, "devices (default 25)" },
	{ "prefix", "TEXT", MU_OPTION_TEXT, VALUE(prefix), 0, 0, "of the ids: TEXT0001, TEXT0002 ... (default dev-)" },
	{ "spread", "S", MU_OPTION_NUMBER, VALUE(spread_s), 0, 86400, "power on at random within this time (default 5)" },
	{ "fault-devices", "F:I[,I..]", MU_OPTION_LIST, VALUE(faults), 0, 0,
		"fault F (\"help\" lists them) on devices I, from 1; may be repeated" },
	{ "flash-dir", "DIR", MU_OPTION_TEXT, VALUE(flash_dir), 0, 0,
		"keep what the devices write; without it their flash ends with the process" },
	{ "verbose", 0, MU_OPTION_FLAG, VALUE(verbose), 0, 0, "a line of totals each second" },
	{ "debug", 0, MU_OPTION_FLAG, VALUE(debug), 0, 0, "the devices' own log, too" },
};

static const struct mu_program program = {
	.name = "muster-fleet",
	.summary = "Many virtual ESP32 in one process, each with its own flash, agent and MQTT session.\n",
	.options = options,
	.count = sizeof options / sizeof *options,
	.shared = mu_shared_rows,
	.shared_count = MU_SHARED_ROWS,
	.shared_offset = VALUE(shared),
	.examples = "examples:\n"
		    "  muster-fleet --broker mqtt://127.0.0.1 --count 1000 --interval 1 --verbose\n"
		    "  muster-fleet --broker mqtt://127.0.0.1 --fault-devices leak=4096:3 --fault-devices panic:7,9\n"
		    "  muster-fleet --count 1000 --flash-dir flashes --list-spool\n",
};

static int complain(const char *what, const char *why)
{
	fprintf(stderr, "%s: %s: %s\n", program.name, what, why);
	return EXIT_MISUSE;
}

static int check_values(struct values *values)
{
	int mistakes = mu_shared_options_check(&values->shared, program.name, stderr);
	if (values->shared.list_spool && !values->flash_dir)
		return complain("--flash-dir", "is missing: there is no spool to list without it");
	return mistakes;
}

// A socket for each device, one that lingers after a reset, its flash, and one to a time server.
static int allow_files(const struct values *values)
{
	struct rlimit limit;
	rlim_t wanted = (rlim_t)values->count * ((values->flash_dir ? 3 : 2) + (values->shared.ntp.count > 0)) + SPARE_FILES;
	if (getrlimit(RLIMIT_NOFILE, &limit) < 0 || limit.rlim_cur >= wanted)
		return 0;
	if (limit.rlim_max < wanted)
		return complain("--count", "needs more open files than the system allows; raise the hard limit (ulimit -Hn)");
	limit.rlim_cur = wanted;
	return setrlimit(RLIMIT_NOFILE, &limit) < 0 ? complain("--count", "the limit of open files cannot be raised") : 0;
}

static void print_totals(const struct mu_fleet *fleet)
{
	struct mu_fleet_counts sum = mu_fleet_counts(fleet);
	fprintf(stderr,
		"online=%u sent=%llu pubacked=%llu acked=%llu sessions=%llu reconnects=%llu boots=%llu resets=%llu flash_mib=%llu\n",
		sum.online, (unsigned long long)sum.sent, (unsigned long long)sum.pubacked, (unsigned long long)sum.messages,
		(unsigned long long)sum.sessions, (unsigned long long)sum.reconnects, (unsigned long long)sum.boots,
		(unsigned long long)sum.resets, (unsigned long long)sum.flash_bytes >> 20);
}

static void on_second(evutil_socket_t fd, short what, void *context)
{
	(void)fd, (void)what;
	print_totals(context);
}

static void on_signal(evutil_socket_t number, short what, void *context)
{
	(void)number, (void)what;
	event_base_loopbreak(context);
}

static void loop_until_told(struct event_base *loop, struct mu_fleet *fleet, const struct values *values)
{
	struct event *terminate = evsignal_new(loop, SIGTERM, on_signal, loop), *interrupt = evsignal_new(loop, SIGINT, on_signal, loop);
	struct event *second = event_new(loop, -1, EV_PERSIST, on_second, fleet);
	event_add(terminate, 0);
	event_add(interrupt, 0);
	if (values->verbose)
		event_add(second, &(struct timeval){ .tv_sec = 1 });
	if (values->shared.seconds)
		event_base_loopexit(loop, &(struct timeval){ .tv_sec = values->shared.seconds });
	mu_fleet_power_on(fleet);
	event_base_dispatch(loop);
	event_free(second);
	event_free(interrupt);
	event_free(terminate);
}

static int run(struct event_base *loop, const struct mu_fleet_config *config, const struct values *values)
{
	struct mu_fleet *fleet;
	char problem[MU_FLEET_PROBLEM_SIZE];
	if (mu_fleet_open(&fleet, config, problem) < 0)
		return complain("fleet", problem);
	int code = EXIT_OK;
	if (values->shared.list_spool) {
		code = mu_fleet_list_spools(fleet, stdout) < 0 ? EXIT_FAILED : EXIT_OK;
	} else {
		loop_until_told(loop, fleet, values);
		print_totals(fleet);
		if (mu_fleet_problem(fleet))
			code = complain("agent", mu_fleet_problem(fleet));
	}
	mu_fleet_close(fleet);
	return code;
}

static int run_fleet(const struct values *values, const struct mu_keyset *keys)
{
	struct mu_sent_log sent_log;
	if (mu_sent_log_open(&sent_log, values->shared.sent_log) < 0)
		return complain(values->shared.sent_log, "cannot be written");
	struct event_base *loop = event_base_new();
	struct mu_fleet_config config = {
		.device = { .loop = loop, .sent_log = &sent_log, .log = values->debug ? stderr : 0, .log_level = MU__LOG_LEVEL__LOG_INFO },
		.count = values->count,
		.prefix = values->prefix,
		.seed = values->shared.seed,
		.spread_ms = values->spread_s * 1000,
		.keys = keys,
		.flash_dir = values->flash_dir,
		.faults = values->faults.items,
		.fault_count = values->faults.count,
	};
	mu_shared_options_apply(&values->shared, &config.device);
	config.device.resolver = mu_resolver_new(loop, 0, 0);
	int code = run(loop, &config, values);
	mu_resolver_free(config.device.resolver);
	event_base_free(loop);
	mu_sent_log_close(&sent_log);
	return code;
}

int main(int argc, char **argv)
{
	struct values values = { .prefix = "dev-", .count = 25, .spread_s = 5, .shared = MU_SHARED_DEFAULTS };
	struct mu_keyset keys = { 0 };
	char problem[MU_KEY_FOLDER_PROBLEM_SIZE];
	int mistakes = mu_options_parse(&program, &values, argc, argv, stderr);
	if (!mistakes && mu_shared_options_answer(&values.shared, &program, &values.faults))
		return EXIT_OK;
	if (mistakes || check_values(&values) || allow_files(&values))
		return EXIT_MISUSE;
	if (values.shared.keys && mu_key_folder_read(&keys, values.shared.keys, problem) < 0)
		return complain("--keys", problem);
	return run_fleet(&values, &keys);
}
