// SPDX-License-Identifier: Apache-2.0
#include "collector/kafka/profile.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "collector/kafka/properties.h"
#include "collector/kafka/tls_files.h"

#define TEXT_OF(number) #number
#define TEXT(number) TEXT_OF(number)

// Not an enum: preprocessor text.
#define QUEUE_MESSAGES 4500
#define QUEUE_KBYTES 6144
_Static_assert(QUEUE_MESSAGES == PROFILE_QUEUE_MESSAGES && QUEUE_KBYTES == PROFILE_QUEUE_KBYTES, "the header says the same");

static const struct {
	const char *name, *value;
	bool is_fixed;
} ours[] = {
	{ "enable.idempotence", "true", true },
	// A batch that Kafka refuses ends the producer before a later one of the same partition can get in: order over first occurrences.
	{ "enable.gapless.guarantee", "true", true },
	{ "acks", "all", true },
	{ "message.timeout.ms", "0", true },
	{ "queue.buffering.max.messages", TEXT(QUEUE_MESSAGES), true },
	{ "queue.buffering.max.kbytes", TEXT(QUEUE_KBYTES), true },
	{ "partitioner", "murmur2_random", true },
	{ "allow.auto.create.topics", "false", true },
	{ "topic.metadata.propagation.max.ms", "3000", false }, // a missing topic is said to be missing after this
	{ "topic.metadata.refresh.interval.ms", "10000", false }, // and found after this, once it is made
	{ "compression.codec", "lz4", false },
	{ "linger.ms", "20", false },
	{ "batch.size", "131072", false }, // up to five of them lie in requests beside the queue
	{ "socket.nagle.disable", "true", false },
	{ "socket.keepalive.enable", "true", false },
	{ "reconnect.backoff.ms", "100", false },
	{ "reconnect.backoff.max.ms", "5000", false },
};

// What the file may not have, and why. A name that ends in '*' stands for all that begin so.
static const struct {
	const char *name, *reason;
} refused[] = {
	{ "bootstrap.servers", "is kafka.brokers in musterd's configuration" },
	{ "metadata.broker.list", "is kafka.brokers in musterd's configuration" },
	{ "client.id", "is kafka.client_id in musterd's configuration" },
	{ "request.required.acks", "is fixed: a record is delivered once all replicas in sync have it" },
	{ "acks", "is fixed: a record is delivered once all replicas in sync have it" },
	{ "enable.idempotence", "is fixed: without it retries change the order" },
	{ "enable.gapless.guarantee", "is fixed: without it a refused batch changes the order" },
	{ "max.in.flight", "is fixed: it comes with the idempotent producer" },
	{ "max.in.flight.requests.per.connection", "is fixed: it comes with the idempotent producer" },
	{ "queuing.strategy", "is fixed: it comes with the idempotent producer" },
	{ "message.send.max.retries", "is fixed: musterd tries until Kafka takes it" },
	{ "retries", "is fixed: musterd tries until Kafka takes it" },
	{ "message.timeout.ms", "is fixed: musterd tries until Kafka takes it" },
	{ "delivery.timeout.ms", "is fixed: musterd tries until Kafka takes it" },
	{ "request.timeout.ms", "is fixed: musterd tries until Kafka takes it" },
	{ "queue.buffering.max.messages", "is fixed: it bounds musterd's memory" },
	{ "queue.buffering.max.kbytes", "is fixed: it bounds musterd's memory" },
	{ "partitioner", "is fixed: a device always goes to the same partition" },
	{ "allow.auto.create.topics", "is fixed: topics are made on purpose" },
	{ "delivery.report.only.error", "is fixed: the cursor moves on reports of success" },
	{ "transactional.id", "is not supported: a transaction would need a commit that musterd does not give" },
	{ "dr_cb", "is not a text" },
	{ "log.queue", "is not supported: nobody would read that queue" },
	{ "log_level", "is not supported: musterd logs what goes wrong itself" },
	{ "debug", "is not supported: musterd logs what goes wrong itself" },
	{ "plugin.library.paths", "is not supported: a plugin could change anything" },
	{ "test.mock.*", "is not supported: what is delivered to it is lost" },
};

struct reading {
	const char *file;
	rd_kafka_conf_t *conf;
	struct config_errors *errors;
};

static void complain(struct config_errors *errors, const char *file, unsigned line, const char *what, const char *detail,
	const char *remedy)
{
	if (errors->count < CONFIG_ERRORS_MAX)
		snprintf(errors->text[errors->count], CONFIG_ERROR_BYTES, "%s:%u: %s %s (%s)", file, line, what, detail, remedy);
	errors->count++;
}

static const char *refusal_of(const char *name)
{
	for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
		size_t length = strlen(refused[i].name);
		bool is_prefix = refused[i].name[length - 1] == '*';
		if (is_prefix ? strncmp(name, refused[i].name, length - 1) == 0 : strcmp(name, refused[i].name) == 0)
			return refused[i].reason;
	}
	return 0;
}

static void take_property(void *context, unsigned line, const char *name, const char *value)
{
	struct reading *reading = context;
	char unused[256];
	const char *reason = refusal_of(name);
	if (reason) {
		complain(reading->errors, reading->file, line, name, reason, "remove the line");
		return;
	}
	// librdkafka's own text would quote the value, which may be a password.
	rd_kafka_conf_res_t result = rd_kafka_conf_set(reading->conf, name, value, unused, sizeof unused);
	if (result == RD_KAFKA_CONF_UNKNOWN)
		complain(reading->errors, reading->file, line, name, "is no property of this librdkafka", "see its CONFIGURATION.md");
	else if (result != RD_KAFKA_CONF_OK)
		complain(reading->errors, reading->file, line, name, "cannot have this value", "see librdkafka's CONFIGURATION.md");
}

static void take_problem(void *context, unsigned line, const char *what)
{
	struct reading *reading = context;
	complain(reading->errors, reading->file, line, "the line", what, "write name=value, or # before a comment");
}

static void read_file(const char *file, rd_kafka_conf_t *conf, struct config_errors *errors)
{
	struct reading reading = { file, conf, errors };
	struct properties_calls calls = { take_property, take_problem, &reading };
	FILE *in = fopen(file, "r");
	char *text = in ? malloc(PROPERTIES_BYTES_MAX + 1) : 0;
	size_t size = text ? fread(text, 1, PROPERTIES_BYTES_MAX + 1, in) : 0;
	if (!text || ferror(in))
		complain(errors, file, 0, "the file cannot be read:", strerror(errno), "correct kafka.properties_file");
	else
		properties_parse(text, size, &calls);
	free(text);
	if (in)
		fclose(in);
}

static void set(rd_kafka_conf_t *conf, const char *name, const char *value, struct config_errors *errors)
{
	char reason[CONFIG_ERROR_BYTES] = "";
	if (rd_kafka_conf_set(conf, name, value, reason, sizeof reason) != RD_KAFKA_CONF_OK)
		complain(errors, "kafka", 0, name, "cannot be set", reason);
}

rd_kafka_conf_t *profile_new(const struct config *config, struct config_errors *errors)
{
	rd_kafka_conf_t *conf = rd_kafka_conf_new();
	errors->count = 0;
	for (size_t i = 0; i < sizeof ours / sizeof *ours; i++)
		if (!ours[i].is_fixed)
			set(conf, ours[i].name, ours[i].value, errors);
	if (config->kafka.properties_file[0])
		read_file(config->kafka.properties_file, conf, errors);
	for (size_t i = 0; i < sizeof ours / sizeof *ours; i++)
		if (ours[i].is_fixed)
			set(conf, ours[i].name, ours[i].value, errors);
	set(conf, "bootstrap.servers", config->kafka.brokers, errors);
	set(conf, "client.id", config->kafka.client_id, errors);
	tls_files_check(conf, config->kafka.properties_file, errors);
	rd_kafka_conf_set_log_cb(conf, 0);
	rd_kafka_conf_set_events(conf, RD_KAFKA_EVENT_DR | RD_KAFKA_EVENT_ERROR);
	if (!errors->count)
		return conf;
	rd_kafka_conf_destroy(conf);
	return 0;
}
