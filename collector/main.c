// SPDX-License-Identifier: Apache-2.0
// musterd: what the command line asks for. The running process is daemon.h.
#include <stdio.h>
#include <string.h>
#include "collector/alerting/rule_files.h"
#include "collector/command_line.h"
#include "collector/config.h"
#include "collector/config_pem.h"
#include "collector/daemon.h"
#include "collector/kafka/profile.h"
#include "collector/replay_command.h"
#include "collector/token_command.h"
#include "version.h"

// Kafka's properties, and the files that they name. Returns the number of faults.
static unsigned check_kafka(const struct config *config)
{
	static struct config_errors errors;
	if (!config->kafka.brokers[0])
		return 0;
	rd_kafka_conf_t *conf = profile_new(config, &errors);
	if (conf)
		rd_kafka_conf_destroy(conf);
	config_errors_print(&errors, stderr);
	return errors.count;
}

// The configuration has been read and is good; the rules and the certificates and keys that it names must be, too.
static int check(const struct config *config, const char *name)
{
	static struct rules_problems problems;
	struct rule_set *rules = rule_files_compile_list(config->alerts.rules, config->alerts.params_file, &problems);
	rule_files_print(&problems, stderr);
	unsigned faults = config_pem_check(config, stderr) + check_kafka(config);
	bool is_good = rules && !faults;
	if (is_good)
		printf("%s: good, %zu rules\n", name, rules_count(rules));
	rules_free(rules);
	return is_good ? 0 : 1;
}

// What the command line asks for, once the configuration is read.
static int follow_words(struct collector *collector, const struct command_line *line)
{
	if (line->check_config)
		return check(&collector->config, line->config ? line->config : "defaults");
	if (line->word_count && strcmp(line->words[0], "token") == 0)
		return token_command(&collector->config, line->word_count, line->words);
	if (line->word_count && strcmp(line->words[0], "replay") == 0)
		return replay_command(collector, line->word_count, line->words);
	if (line->word_count) {
		fprintf(stderr, "musterd: unknown word '%s'; `musterd --help` explains\n", line->words[0]);
		return 2;
	}
	return daemon_run(collector);
}

int main(int argc, char **argv)
{
	static struct collector collector;
	static struct config_errors errors;
	struct command_line line;
	if (command_line_parse(&line, argc, argv) < 0)
		return 2;
	if (line.help)
		command_line_help();
	if (line.version)
		printf("musterd %s (%s)\n", MUSTER_VERSION, MUSTER_COMMIT);
	if (line.help || line.version)
		return 0;
	config_defaults(&collector.config);
	collector.config_file = line.config;
	if (line.config && config_load(&collector.config, line.config, &errors) < 0) {
		config_errors_print(&errors, stderr);
		return 1;
	}
	return follow_words(&collector, &line);
}
