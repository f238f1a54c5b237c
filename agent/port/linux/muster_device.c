// SPDX-License-Identifier: Apache-2.0
// muster-device: one virtual ESP32 with its flash in a file.
#include "agent/image/err.h"
#include "agent/port/linux/broker_uri.h"
#include "agent/port/linux/device.h"
#include "agent/port/linux/key_folder.h"
#include "agent/port/linux/options.h"
#include "agent/port/linux/spool_list.h"
#include "agent/port/linux/system.h"
#include "agent/port/linux/udp.h"
#include "agent/port/linux/virtual_flash.h"
#include "muster.pb-c.h"
#include "proto/limits.h"
#include "version.h"
#include <errno.h>
#include <event2/dns.h>
#include <event2/event.h>
#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

enum { EXIT_OK = 0, EXIT_FAILED = 1, EXIT_MISUSE = 2 };

struct values {
	const char *broker, *id, *flash, *keys, *user, *password, *ca, *certificate, *key, *sent_log;
	uint32_t interval_s, liveness_s, batch_bytes, seed, seconds;
	const char *hardware;
	struct mu_option_list faults, ntp;
	bool verbose, list_spool, help, version;
};

#define VALUE(field) offsetof(struct values, field)

static const struct mu_option options[] = {
	{ "broker", "URI", MU_OPTION_TEXT, VALUE(broker), 0, 0, "mqtt://HOST[:PORT] or mqtts://HOST[:PORT]" },
	{ "id", "ID", MU_OPTION_TEXT, VALUE(id), 0, 0, "device id: 1 to 32 of A-Z a-z 0-9 _ -" },
	{ "flash", "FILE", MU_OPTION_TEXT, VALUE(flash), 0, 0, "raw flash image; a missing one is made with firmware 1.0.0 and 1.1.0" },
	{ "keys", "DIR", MU_OPTION_TEXT, VALUE(keys), 0, 0, "public keys for a flash that is made: <role>-<name>.pub.pem" },
	{ "interval", "S", MU_OPTION_NUMBER, VALUE(interval_s), 1, 86400, "time between heartbeats (default 60)" },
	{ "liveness", "S", MU_OPTION_NUMBER, VALUE(liveness_s), 1, 3600, "a task that is silent for longer is hung (default 30)" },
	{ "hardware", "NAME", MU_OPTION_TEXT, VALUE(hardware), 0, 0, "esp32c3, or esp32s3-psram: two cores and PSRAM (default esp32c3)" },
	{ "fault", "NAME[=N]", MU_OPTION_LIST, VALUE(faults), 0, 0, "something that is wrong; \"help\" lists them; may be repeated" },
	{ "batch", "BYTES", MU_OPTION_NUMBER, VALUE(batch_bytes), 512, 16384, "largest Uplink, as after an outage (default 4096)" },
	{ "user", "NAME", MU_OPTION_TEXT, VALUE(user), 0, 0, "MQTT user name" },
	{ "password", "TEXT", MU_OPTION_TEXT, VALUE(password), 0, 0, "MQTT password" },
	{ "ca", "FILE", MU_OPTION_TEXT, VALUE(ca), 0, 0, "certificates that mqtts:// trusts, PEM" },
	{ "cert", "FILE", MU_OPTION_TEXT, VALUE(certificate), 0, 0, "client certificate, PEM" },
	{ "key", "FILE", MU_OPTION_TEXT, VALUE(key), 0, 0, "its private key, PEM" },
	{ "ntp", "HOST[:PORT]", MU_OPTION_LIST, VALUE(ntp), 0, 0, "time server; up to 3, asked in this order (default: none)" },
	{ "sent-log", "FILE", MU_OPTION_TEXT, VALUE(sent_log), 0, 0, "append a line for each record sent and each Ack received" },
	{ "seed", "N", MU_OPTION_NUMBER, VALUE(seed), 0, UINT32_MAX, "of the models of radio, heap and sensors (default 1)" },
	{ "seconds", "S", MU_OPTION_NUMBER, VALUE(seconds), 1, UINT32_MAX, "end after so long (default: never)" },
	{ "list-spool", 0, MU_OPTION_FLAG, VALUE(list_spool), 0, 0, "print what is not acked yet in --flash, and end" },
	{ "verbose", 0, MU_OPTION_FLAG, VALUE(verbose), 0, 0, "log debug lines, too" },
	{ "help", 0, MU_OPTION_FLAG, VALUE(help), 0, 0, "this text" },
	{ "version", 0, MU_OPTION_FLAG, VALUE(version), 0, 0, "version and commit" },
};

static const struct mu_program program = {
	.name = "muster-device",
	.summary = "One virtual ESP32-C3 that reports to a Muster collector. Its flash is a file; killing the process is a power cut.\n",
	.options = options,
	.count = sizeof options / sizeof *options,
	.examples = "examples:\n"
		    "  muster-device --broker mqtt://127.0.0.1 --id dev-1 --flash dev-1.bin --interval 5\n"
		    "  muster-device --broker mqtt://127.0.0.1 --id dev-2 --flash dev-2.bin --fault leak=4096\n"
		    "  muster-device --flash dev-1.bin --list-spool\n",
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

static int check_hardware(const struct values *values)
{
	if (mu_hardware_find(values->hardware))
		return 0;
	fprintf(stderr, "%s: --hardware: there is no \"%s\"; there are %s\n", program.name, values->hardware, mu_hardware_names());
	return 1;
}

static int check_values(const struct values *values)
{
	struct mu_broker_uri uri;
	int mistakes = 0;
	if (!values->flash)
		mistakes += complain("--flash", "is missing: the file that holds the device's flash");
	if (values->list_spool)
		return mistakes;
	if (!values->id)
		mistakes += complain("--id", "is missing: the device's name");
	else if (!mu_id_valid(values->id))
		mistakes += complain("--id", "wants 1 to 32 of A-Z a-z 0-9 _ -");
	if (!values->broker || mu_broker_uri_parse(values->broker, &uri) < 0)
		mistakes += complain("--broker", "wants mqtt://HOST[:PORT] or mqtts://HOST[:PORT]");
	else if (uri.tls && !values->ca)
		mistakes += complain("--ca", "is missing: mqtts:// needs the certificates to trust");
	if (values->ntp.count > MU_SNTP_SERVERS)
		mistakes += complain("--ntp", "may be given 3 times");
	return mistakes + check_hardware(values) + check_files(values);
}

static int add_faults(const struct values *values, struct mu_faults *faults)
{
	int mistakes = 0;
	char problem[MU_FAULT_PROBLEM_SIZE];
	*faults = mu_faults_none();
	for (unsigned i = 0; i < values->faults.count; i++)
		if (mu_fault_add(faults, values->faults.items[i], problem) < 0)
			mistakes += complain("--fault", problem);
	return mistakes;
}

// A new flash: 1.0.0 healthy, 1.1.0 with the traits of the faults runs.
static int lay_out(struct mu_flash_image *flash, const struct values *values, const struct mu_faults *faults)
{
	char problem[MU_KEY_FOLDER_PROBLEM_SIZE];
	struct mu_virtual_flash contents = mu_virtual_flash_default();
	contents.images[contents.active_slot].traits = faults->traits;
	for (unsigned i = 0; i < MU_VIRTUAL_SLOTS; i++)
		contents.images[i].chip_id = mu_hardware_find(values->hardware)->chip_id;
	if (values->keys && mu_key_folder_read(&contents.keys, values->keys, problem) < 0)
		return complain("--keys", problem);
	int err = mu_virtual_flash_create(flash, &contents);
	return err < 0 ? complain(values->flash, mu_err_name(err)) : 0;
}

static const char *flash_problem(int err)
{
	switch (err) {
	case MU_ERR_BUSY: return "another process runs on this flash";
	case MU_ERR_SIZE: return "is not a flash image: its size is not that of a chip";
	case MU_ERR_NOT_FOUND: return "there is no such file";
	default: return mu_err_name(err);
	}
}

static bool is_blank(const struct mu_flash_image *flash)
{
	uint8_t start[32];
	if (mu_flash_read(flash, MU_PARTITION_TABLE_OFFSET, start, sizeof start) < 0)
		return false;
	for (size_t i = 0; i < sizeof start; i++)
		if (start[i] != 0xFF)
			return false;
	return true;
}

static int open_flash(struct mu_flash_image **flash, const struct values *values, const struct mu_faults *faults)
{
	struct mu_flash_options how = { .path = values->flash, .create = !values->list_spool };
	int err = mu_flash_open(flash, &how);
	if (err < 0)
		return complain(values->flash, flash_problem(err));
	// Blank where the partition table belongs: made just now, or the process that made it was killed.
	if (!values->list_spool && is_blank(*flash))
		return lay_out(*flash, values, faults);
	struct mu_traits healthy = mu_traits_none();
	if (memcmp(&faults->traits, &healthy, sizeof healthy) != 0)
		fprintf(stderr, "%s: %s: exists, so faults of the firmware change nothing: its images decide\n", program.name,
			values->flash);
	return 0;
}

static void on_signal(evutil_socket_t number, short what, void *context)
{
	(void)number, (void)what;
	event_base_loopbreak(context);
}

static int run(struct event_base *loop, const struct mu_device_config *config, const struct values *values)
{
	struct mu_device *device;
	int err = mu_device_open(&device, config);
	if (err < 0)
		return complain(values->flash, "holds no partition table of ours; delete it and it is made anew");
	struct event *terminate = evsignal_new(loop, SIGTERM, on_signal, loop), *interrupt = evsignal_new(loop, SIGINT, on_signal, loop);
	event_add(terminate, 0);
	event_add(interrupt, 0);
	if (values->seconds)
		event_base_loopexit(loop, &(struct timeval){ .tv_sec = values->seconds });
	mu_device_power_on(device, 0);
	event_base_dispatch(loop);
	const char *problem = mu_device_problem(device);
	if (problem)
		complain("agent", problem);
	mu_device_close(device);
	event_free(terminate);
	event_free(interrupt);
	return problem ? EXIT_MISUSE : EXIT_OK;
}

static int run_device(const struct values *values, struct mu_flash_image *flash, const struct mu_faults *faults)
{
	struct mu_sent_log sent_log;
	if (mu_sent_log_open(&sent_log, values->sent_log) < 0)
		return complain(values->sent_log, "cannot be written");
	struct event_base *loop = event_base_new();
	struct mu_device_config config = {
		.loop = loop,
		.flash = flash,
		.agent = { .id = values->id,
			.broker_uri = values->broker,
			.user = values->user,
			.password = values->password,
			.heartbeat_ms = values->interval_s * 1000,
			.liveness_ms = values->liveness_s * 1000,
			.batch_bytes = values->batch_bytes },
		.world = faults->world,
		.hardware = mu_hardware_find(values->hardware),
		.tls = { .ca = values->ca, .certificate = values->certificate, .key = values->key },
		.seed = values->seed,
		.sent_log = &sent_log,
		.log = stderr,
		.log_level = values->verbose ? MU__LOG_LEVEL__LOG_DEBUG : MU__LOG_LEVEL__LOG_INFO,
	};
	memcpy(config.agent.ntp_servers, values->ntp.items, sizeof config.agent.ntp_servers);
	config.resolver = values->ntp.count ? mu_udp_resolver(loop) : 0;
	int code = run(loop, &config, values);
	if (config.resolver)
		evdns_base_free(config.resolver, 0);
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

static int list_spool(struct mu_flash_image *flash, const struct values *values)
{
	int err = mu_spool_list(flash, values->id ? values->id : "-", stdout);
	return err < 0 ? complain(values->flash, mu_err_name(err)), EXIT_FAILED : EXIT_OK;
}

static int carry_out(const struct values *values)
{
	struct mu_faults faults;
	struct mu_flash_image *flash;
	if (check_values(values) || add_faults(values, &faults))
		return EXIT_MISUSE;
	int code = open_flash(&flash, values, &faults);
	if (!code)
		code = values->list_spool ? list_spool(flash, values) : run_device(values, flash, &faults);
	mu_flash_close(flash);
	return code;
}

int main(int argc, char **argv)
{
	struct values values = { .interval_s = 60, .liveness_s = 30, .seed = 1 };
	if (mu_options_parse(&program, &values, argc, argv, stderr))
		return EXIT_MISUSE;
	return answer(&values) ? EXIT_OK : carry_out(&values);
}
