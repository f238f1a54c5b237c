// SPDX-License-Identifier: Apache-2.0
// muster-fleet: many virtual ESP32 in one process.
#include "agent/image/err.h"
#include "agent/port/linux/broker_uri.h"
#include "agent/port/linux/fleet.h"
#include "agent/port/linux/key_folder.h"
#include "agent/port/linux/options.h"
#include "agent/port/linux/udp.h"
#include "muster.pb-c.h"
#include "version.h"
#include <errno.h>
#include <event2/dns.h>
#include <event2/event.h>
#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

enum { EXIT_OK = 0, EXIT_FAILED = 1, EXIT_MISUSE = 2, SPARE_FILES = 64 };

struct values {
	const char *broker, *prefix, *flash_dir, *keys, *user, *password, *ca, *certificate, *key, *sent_log;
	uint32_t count, interval_s, liveness_s, batch_bytes, seed, spread_s, seconds;
	struct mu_option_list faults, ntp;
	bool verbose, debug, list_spool, help, version;
};

#define VALUE(field) offsetof(struct values, field)

static const struct mu_option options[] = {
	{ "broker", "URI", MU_OPTION_TEXT, VALUE(broker), 0, 0, "mqtt://HOST[:PORT] or mqtts://HOST[:PORT]" },
	{ "count", "N", MU_OPTION_NUMBER, VALUE(count), 1, MU_FLEET_MAX, "devices (default 25)" },
	{ "prefix", "TEXT", MU_OPTION_TEXT, VALUE(prefix), 0, 0, "of the ids: TEXT0001, TEXT0002 ... (default dev-)" },
	{ "interval", "S", MU_OPTION_NUMBER, VALUE(interval_s), 1, 86400, "time between heartbeats (default 60)" },
	{ "liveness", "S", MU_OPTION_NUMBER, VALUE(liveness_s), 1, 3600, "a task that is silent for longer is hung (default 30)" },
	{ "spread", "S", MU_OPTION_NUMBER, VALUE(spread_s), 0, 86400, "power on at random within this time (default 5)" },
	{ "fault-devices", "F:I[,I..]", MU_OPTION_LIST, VALUE(faults), 0, 0,
		"fault F (\"help\" lists them) on devices I, from 1; may be repeated" },
	{ "flash-dir", "DIR", MU_OPTION_TEXT, VALUE(flash_dir), 0, 0,
		"keep what the devices write; without it their flash ends with the process" },
	{ "keys", "DIR", MU_OPTION_TEXT, VALUE(keys), 0, 0, "public keys that the devices trust: <role>-<name>.pub.pem" },
	{ "batch", "BYTES", MU_OPTION_NUMBER, VALUE(batch_bytes), 512, 16384, "largest Uplink, as after an outage (default 4096)" },
	{ "user", "NAME", MU_OPTION_TEXT, VALUE(user), 0, 0, "MQTT user name" },
	{ "password", "TEXT", MU_OPTION_TEXT, VALUE(password), 0, 0, "MQTT password" },
	{ "ca", "FILE", MU_OPTION_TEXT, VALUE(ca), 0, 0, "certificates that mqtts:// trusts, PEM" },
	{ "cert", "FILE", MU_OPTION_TEXT, VALUE(certificate), 0, 0, "client certificate, PEM" },
	{ "key", "FILE", MU_OPTION_TEXT, VALUE(key), 0, 0, "its private key, PEM" },
	{ "ntp", "HOST[:PORT]", MU_OPTION_LIST, VALUE(ntp), 0, 0, "time server; up to 3, asked in this order (default: none)" },
	{ "sent-log", "FILE", MU_OPTION_TEXT, VALUE(sent_log), 0, 0, "append a line for each record sent and each Ack received" },
	{ "seed", "N", MU_OPTION_NUMBER, VALUE(seed), 0, UINT32_MAX, "of start times and of the models (default 1)" },
	{ "seconds", "S", MU_OPTION_NUMBER, VALUE(seconds), 1, UINT32_MAX, "end after so long (default: never)" },
	{ "list-spool", 0, MU_OPTION_FLAG, VALUE(list_spool), 0, 0, "print what is not acked yet in --flash-dir, and end" },
	{ "verbose", 0, MU_OPTION_FLAG, VALUE(verbose), 0, 0, "a line of totals each second" },
	{ "debug", 0, MU_OPTION_FLAG, VALUE(debug), 0, 0, "the devices' own log, too" },
	{ "help", 0, MU_OPTION_FLAG, VALUE(help), 0, 0, "this text" },
	{ "version", 0, MU_OPTION_FLAG, VALUE(version), 0, 0, "version and commit" },
};

static const struct mu_program program = {
	.name = "muster-fleet",
	.summary = "Many virtual ESP32-C3 in one process, each with its own flash, agent and MQTT session.\n",
	.options = options,
	.count = sizeof options / sizeof *options,
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

static int check_files(const struct values *values)
{
	const char *const files[] = { values->ca, values->certificate, values->key };
	int mistakes = 0;
	for (size_t i = 0; i < sizeof files / sizeof *files; i++)
		if (files[i] && access(files[i], R_OK) < 0)
			mistakes += complain(files[i], strerror(errno));
	return mistakes;
}

static int check_values(const struct values *values)
{
	struct mu_broker_uri uri;
	if (values->list_spool)
		return values->flash_dir ? 0 : complain("--flash-dir", "is missing: there is no spool to list without it");
	if (!values->broker || mu_broker_uri_parse(values->broker, &uri) < 0)
		return complain("--broker", "wants mqtt://HOST[:PORT] or mqtts://HOST[:PORT]");
	if (uri.tls && !values->ca)
		return complain("--ca", "is missing: mqtts:// needs the certificates to trust");
	if (values->ntp.count > MU_SNTP_SERVERS)
		return complain("--ntp", "may be given 3 times");
	return check_files(values);
}

// A socket for each device, one that lingers after a reset, its flash, and one to a time server.
static int allow_files(const struct values *values)
{
	struct rlimit limit;
	rlim_t wanted = (rlim_t)values->count * ((values->flash_dir ? 3 : 2) + (values->ntp.count > 0)) + SPARE_FILES;
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
	if (values->seconds)
		event_base_loopexit(loop, &(struct timeval){ .tv_sec = values->seconds });
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
	if (values->list_spool) {
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
	if (mu_sent_log_open(&sent_log, values->sent_log) < 0)
		return complain(values->sent_log, "cannot be written");
	struct event_base *loop = event_base_new();
	struct mu_fleet_config config = {
		.device = { .loop = loop,
			.agent = { .broker_uri = values->broker,
				.user = values->user,
				.password = values->password,
				.heartbeat_ms = values->interval_s * 1000,
				.liveness_ms = values->liveness_s * 1000,
				.batch_bytes = values->batch_bytes },
			.tls = { .ca = values->ca, .certificate = values->certificate, .key = values->key },
			.sent_log = &sent_log,
			.log = values->debug ? stderr : 0,
			.log_level = MU__LOG_LEVEL__LOG_INFO },
		.count = values->count,
		.prefix = values->prefix,
		.seed = values->seed,
		.spread_ms = values->spread_s * 1000,
		.keys = keys,
		.flash_dir = values->flash_dir,
		.faults = values->faults.items,
		.fault_count = values->faults.count,
	};
	memcpy(config.device.agent.ntp_servers, values->ntp.items, sizeof config.device.agent.ntp_servers);
	config.device.resolver = values->ntp.count ? mu_udp_resolver(loop) : 0;
	int code = run(loop, &config, values);
	if (config.device.resolver)
		evdns_base_free(config.device.resolver, 0);
	event_base_free(loop);
	mu_sent_log_close(&sent_log);
	return code;
}

static bool asks_for_faults(const struct values *values)
{
	for (unsigned i = 0; i < values->faults.count; i++)
		if (!strcmp(values->faults.items[i], "help"))
			return true;
	return false;
}

// 1 if the command line was a question, which is now answered.
static int answer(const struct values *values)
{
	if (values->help)
		mu_options_help(&program, stdout);
	else if (asks_for_faults(values))
		mu_fault_help(stdout);
	else if (values->version)
		printf("%s %s (%s)\n", program.name, MUSTER_VERSION, MUSTER_COMMIT);
	return values->help || values->version || asks_for_faults(values);
}

int main(int argc, char **argv)
{
	struct values values = { .prefix = "dev-", .count = 25, .interval_s = 60, .liveness_s = 30, .spread_s = 5, .seed = 1 };
	struct mu_keyset keys = { 0 };
	char problem[MU_KEY_FOLDER_PROBLEM_SIZE];
	int mistakes = mu_options_parse(&program, &values, argc, argv, stderr);
	if (!mistakes && answer(&values))
		return EXIT_OK;
	if (mistakes || check_values(&values) || allow_files(&values))
		return EXIT_MISUSE;
	if (values.keys && mu_key_folder_read(&keys, values.keys, problem) < 0)
		return complain("--keys", problem);
	return run_fleet(&values, &keys);
}
