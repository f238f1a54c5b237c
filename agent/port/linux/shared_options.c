// SPDX-License-Identifier: Apache-2.0
#include "agent/port/linux/shared_options.h"
#include "agent/port/linux/broker_uri.h"
#include "agent/port/linux/system.h"
#include "version.h"
#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#define VALUE(field) offsetof(struct mu_shared_options, field)

const struct mu_option mu_shared_rows[MU_SHARED_ROWS] = {
	{ "broker", "URI", MU_OPTION_TEXT, VALUE(broker), 0, 0, "mqtt://HOST[:PORT] or mqtts://HOST[:PORT]" },
	{ "interval", "S", MU_OPTION_NUMBER, VALUE(interval_s), 1, 86400, "time between heartbeats (default 60)" },
	{ "liveness", "S", MU_OPTION_NUMBER, VALUE(liveness_s), 1, 3600, "a task that is silent for longer is hung (default 30)" },
	{ "reconnect-spread", "S", MU_OPTION_NUMBER, VALUE(reconnect_spread_s), 1, 3600,
		"a lost session is opened again at random within this time (default 15)" },
	{ "batch", "BYTES", MU_OPTION_NUMBER, VALUE(batch_bytes), 512, 16384, "largest Uplink, as after an outage (default 4096)" },
	{ "keys", "DIR", MU_OPTION_TEXT, VALUE(keys), 0, 0, "public keys for a flash that is made: <role>-<name>.pub.pem" },
	{ "user", "NAME", MU_OPTION_TEXT, VALUE(user), 0, 0, "MQTT user name" },
	{ "password", "TEXT", MU_OPTION_TEXT, VALUE(password), 0, 0, "MQTT password" },
	{ "ca", "FILE", MU_OPTION_TEXT, VALUE(ca), 0, 0, "certificates that mqtts:// trusts, PEM" },
	{ "cert", "FILE", MU_OPTION_TEXT, VALUE(certificate), 0, 0, "client certificate, PEM" },
	{ "key", "FILE", MU_OPTION_TEXT, VALUE(key), 0, 0, "its private key, PEM, without a passphrase" },
	{ "wifi", "SSID:PASS", MU_OPTION_LIST, VALUE(link.wifi), 0, 0, "a known network, up to 4; \":hidden\" behind it (default: muster)" },
	{ "wired", 0, MU_OPTION_FLAG, VALUE(link.wired), 0, 0, "Ethernet instead" },
	{ "ap", "SSID:PASS", MU_OPTION_TEXT, VALUE(link.ap), 0, 0, "own access point, for fallback and recovery; \":always\" behind it" },
	{ "address", "IP/BITS[,GW]", MU_OPTION_TEXT, VALUE(link.address), 0, 0, "static address (default: DHCP)" },
	{ "dns", "IP[,IP[,IP]]", MU_OPTION_TEXT, VALUE(link.dns), 0, 0, "name servers: main, backup, fallback (default: DHCP's)" },
	{ "air", "SSID:PASS", MU_OPTION_LIST, VALUE(link.air), 0, 0,
		"an access point that is there, up to 4; \":hidden,wpa3,-20\" behind it (default: muster)" },
	{ "ntp", "HOST[:PORT]", MU_OPTION_LIST, VALUE(ntp), 0, 0, "time server; up to 3, asked in this order (default: none)" },
	{ "sent-log", "FILE", MU_OPTION_TEXT, VALUE(sent_log), 0, 0, "append a line for each record sent and each Ack received" },
	{ "hardware", "NAME", MU_OPTION_TEXT, VALUE(hardware), 0, 0, "esp32c3, or esp32s3-psram: two cores and PSRAM (default esp32c3)" },
	{ "seed", "N", MU_OPTION_NUMBER, VALUE(seed), 0, UINT32_MAX, "of start times and of the models of radio, heap and sensors (default 1)" },
	{ "seconds", "S", MU_OPTION_NUMBER, VALUE(seconds), 1, UINT32_MAX, "end after so long (default: never)" },
	{ "list-spool", 0, MU_OPTION_FLAG, VALUE(list_spool), 0, 0, "print what is not acked yet, and end" },
	{ "help", 0, MU_OPTION_FLAG, VALUE(help), 0, 0, "this text" },
	{ "version", 0, MU_OPTION_FLAG, VALUE(version), 0, 0, "version and commit" },
};

struct check {
	const char *program;
	FILE *errors;
	int mistakes;
};

static void complain(struct check *check, const char *what, const char *why)
{
	fprintf(check->errors, "%s: %s: %s\n", check->program, what, why);
	check->mistakes++;
}

static struct mu_mqtt_tls tls_of(const struct mu_shared_options *options)
{
	return (struct mu_mqtt_tls){ .ca = options->ca, .certificate = options->certificate, .key = options->key };
}

static void check_files(struct check *check, const struct mu_shared_options *options, bool are_used)
{
	const struct mu_mqtt_tls tls = tls_of(options);
	const struct {
		const char *option, *path;
	} files[] = { { "--ca", tls.ca }, { "--cert", tls.certificate }, { "--key", tls.key } };
	char problem[MU_TLS_PROBLEM_SIZE];
	for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
		if (!files[i].path || access(files[i].path, R_OK) == 0)
			continue;
		fprintf(check->errors, "%s: %s %s: %s (check the name)\n", check->program, files[i].option, files[i].path, strerror(errno));
		check->mistakes++;
		are_used = false; // told; the others when this is there
	}
	if (!are_used || mu_tls_check_files(&tls, problem) == 0)
		return;
	fprintf(check->errors, "%s: %s\n", check->program, problem);
	check->mistakes++;
}

int mu_shared_options_check(struct mu_shared_options *options, const char *program, FILE *errors)
{
	struct check check = { .program = program, .errors = errors };
	struct mu_broker_uri uri;
	char problem[MU_LINK_OPTIONS_PROBLEM_SIZE];
	if (!mu_hardware_find(options->hardware)) {
		fprintf(errors, "%s: --hardware: there is no \"%s\"; there are %s\n", program, options->hardware, mu_hardware_names());
		check.mistakes++;
	}
	if (options->list_spool)
		return check.mistakes;
	bool is_uri = options->broker && mu_broker_uri_parse(options->broker, &uri) == 0;
	if (!is_uri)
		complain(&check, "--broker", "wants mqtt://HOST[:PORT] or mqtts://HOST[:PORT]");
	if (options->ntp.count > MU_SNTP_SERVERS)
		complain(&check, "--ntp", "may be given 3 times");
	check_files(&check, options, is_uri && uri.tls);
	if (mu_link_options_parse(&options->parsed, &options->link, problem) < 0) {
		fprintf(errors, "%s: %s\n", program, problem);
		check.mistakes++;
	}
	return check.mistakes;
}

void mu_shared_options_apply(const struct mu_shared_options *options, struct mu_device_config *config)
{
	struct mu_agent_config *agent = &config->agent;
	agent->broker_uri = options->broker;
	agent->user = options->user;
	agent->password = options->password;
	agent->heartbeat_ms = options->interval_s * 1000;
	agent->liveness_ms = options->liveness_s * 1000;
	agent->reconnect_spread_s = options->reconnect_spread_s;
	agent->batch_bytes = options->batch_bytes;
	agent->link = &options->parsed.config;
	memcpy(agent->ntp_servers, options->ntp.items, sizeof agent->ntp_servers);
	config->tls = tls_of(options);
	config->seed = options->seed;
	config->hardware = mu_hardware_find(options->hardware);
	config->world.air.points = options->parsed.point_count ? options->parsed.points : 0;
	config->world.air.point_count = options->parsed.point_count;
}

static bool asks_for_faults(const struct mu_option_list *faults)
{
	for (unsigned i = 0; i < faults->count; i++)
		if (!strcmp(faults->items[i], "help"))
			return true;
	return false;
}

bool mu_shared_options_answer(const struct mu_shared_options *options, const struct mu_program *program,
	const struct mu_option_list *faults)
{
	bool wants_faults = asks_for_faults(faults);
	if (options->help)
		mu_options_help(program, stdout);
	else if (wants_faults)
		mu_fault_help(stdout);
	else if (options->version)
		printf("%s %s (%s)\n", program->name, MUSTER_VERSION, MUSTER_COMMIT);
	return options->help || options->version || wants_faults;
}
