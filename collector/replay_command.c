// SPDX-License-Identifier: Apache-2.0
#include "collector/replay_command.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "collector/ingest/recording.h"
#include "collector/log.h"

enum { LINE_MAX_BYTES = 64 * 1024, COMMITS_A_SNAPSHOT = 50, COMPLAINTS_MAX = 10 };

struct replay {
	struct collector *collector;
	const char *name;
	FILE *file;
	uint64_t line, messages, other_topics, bad, commits;
};

static void ignore_ack(void *context, const struct device *device, bool is_urgent)
{
	(void)context, (void)device, (void)is_urgent; // nobody waits for it
}

static void complain(struct replay *replay, const char *problem)
{
	if (++replay->bad <= COMPLAINTS_MAX)
		fprintf(stderr, "%s:%llu: %s; passed over\n", replay->name, (unsigned long long)replay->line, problem);
}

// A sweep a part at a time between commits, as musterd does it.
static int commit(struct replay *replay)
{
	struct collector *collector = replay->collector;
	if (ingest_commit(collector->ingest) < 0)
		return -1;
	if (++replay->commits % COMMITS_A_SNAPSHOT == 0)
		checkpoint_begin(&collector->checkpoint);
	return checkpoint_step(&collector->checkpoint) < 0 ? -1 : 0;
}

static int take_line(struct replay *replay, char *text)
{
	struct recording_message message;
	const char *problem;
	struct ingest *ingest = replay->collector->ingest;
	if (recording_parse(text, &message, &problem) < 0) {
		complain(replay, problem);
		return 0;
	}
	int taken = ingest_add(ingest, message.topic, message.payload, message.size, message.wall_ms);
	replay->other_topics += taken > 0; // Acks and commands of the same recording
	replay->messages += taken == 0;
	if (taken < 0)
		complain(replay, "no room for this message");
	return ingest_is_full(ingest) ? commit(replay) : 0;
}

static int take_file(struct replay *replay)
{
	char *text = malloc(LINE_MAX_BYTES);
	int err = text ? 0 : -1;
	while (!err && fgets(text, LINE_MAX_BYTES, replay->file)) {
		size_t length = strcspn(text, "\n");
		bool is_whole = text[length] == '\n' || feof(replay->file);
		replay->line++;
		text[length] = 0;
		if (is_whole) {
			err = *text ? take_line(replay, text) : 0;
			continue;
		}
		complain(replay, "the line is longer than 65535 bytes");
		for (int c; (c = getc(replay->file)) != EOF && c != '\n';)
			; // the rest of it
	}
	free(text);
	return err ? err : commit(replay);
}

static int run(struct replay *replay)
{
	struct collector *collector = replay->collector;
	struct ingest_parts parts = {
		.store = collector->store,
		.fleet = collector->fleet,
		.commands = collector->commands,
		.alerting = collector->alerting,
		.json = collector->json,
		.counters = &collector->counters,
		.ask_ack = ignore_ack,
	};
	collector->ingest = ingest_new(&parts, collector->config.ingest.batch_records, collector->config.ingest.batch_bytes);
	if (!collector->ingest)
		return -1;
	alert_engine_set_hearing(alerting_engine(collector->alerting), true, 0); // a recording has no gaps of its own
	int err = take_file(replay);
	while (!err && checkpoint_step(&collector->checkpoint) > 0)
		; // a sweep under way
	checkpoint_begin(&collector->checkpoint);
	while (!err && (err = checkpoint_step(&collector->checkpoint)) > 0)
		err = 0; // and one with all there is
	return err;
}

// From the opened recording to the last word about it. Returns the exit code.
static int replay(struct replay *replay)
{
	struct collector *collector = replay->collector;
	const struct counters *counters = &collector->counters;
	log_set_threshold(collector->config.log.level);
	collector->counters.puback_withheld = 1; // a recording has been received
	int err = daemon_start_json(collector);
	if (!err)
		err = daemon_start_store(collector);
	if (!err && run(replay) < 0) {
		const struct store_fault *fault = store_fault(collector->store);
		log_error("replay", "the store does not take it", "what=%s remedy=%s", log_quote(fault->what).text,
			log_quote(fault->remedy).text);
		err = -1;
	}
	if (collector->alerting)
		alerting_count(collector->alerting);
	printf("messages=%llu other_topics=%llu bad_lines=%llu records=%llu duplicates=%llu dead_letters=%llu transitions=%llu\n",
		(unsigned long long)replay->messages, (unsigned long long)replay->other_topics, (unsigned long long)replay->bad,
		(unsigned long long)counters->records, (unsigned long long)counters->records_duplicate,
		(unsigned long long)counters->dead_letters, (unsigned long long)counters->alert_transitions);
	daemon_free(collector);
	return err || replay->bad ? 1 : 0;
}

int replay_command(struct collector *collector, int word_count, char *const *words)
{
	if (word_count != 2) {
		fprintf(stderr,
			"usage: musterd replay FILE [--config FILE]\n"
			"FILE: as `mosquitto_sub -F '%%U %%t %%x' -t 'muster/#'` writes it; - is standard input\n");
		return 2;
	}
	struct replay reading = { .collector = collector, .name = words[1] };
	bool is_stdin = strcmp(words[1], "-") == 0;
	reading.file = is_stdin ? stdin : fopen(words[1], "re");
	if (!reading.file) {
		fprintf(stderr, "musterd: the recording %s cannot be read: %s\n", words[1], strerror(errno));
		return 1;
	}
	int code = replay(&reading);
	if (!is_stdin)
		fclose(reading.file);
	return code;
}
