// SPDX-License-Identifier: Apache-2.0
// `muster tail`: follows the stream of alerts, and comes back by itself after a lost connection, without a gap.
#include "collector/cli/cli.h"
#include "collector/cli/show.h"
#include "collector/cli/sse.h"
#include "collector/cli/words.h"
#include "collector/clock.h"
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { PATH_BYTES = 1200, RETRY_MS = 1000, RETRY_MAX_MS = 10000 };

struct tail {
	struct cli *cli;
	struct sse *sse;
	uint32_t shown;
	bool is_broken; // the output takes nothing more
};

// Set by the signal handler; the one state of a process that a handler can reach.
static volatile sig_atomic_t stop;

static void on_interrupt(int number)
{
	(void)number;
	stop = 1;
}

// ---- what is asked

static const struct {
	const char *unit;
	uint64_t ms;
} units[] = { { "s", 1000 }, { "m", 60000 }, { "h", 3600000 }, { "d", 86400000 } };

// "5m" to milliseconds, "17" to a number with *is_ago false. 0, or -1.
static int parse_since(const char *since, uint64_t *number, bool *is_ago)
{
	char *end = 0;
	*number = *since >= '0' && *since <= '9' ? strtoull(since, &end, 10) : UINT64_MAX;
	*is_ago = end && *end;
	if (*number > INT64_MAX / 86400000)
		return -1;
	if (!*is_ago)
		return 0;
	for (size_t i = 0; i < sizeof units / sizeof *units; i++)
		if (strcmp(end, units[i].unit) == 0) {
			*number *= units[i].ms;
			return 0;
		}
	return -1;
}

// 0, or -1: it is neither.
static int add_since(char *path, size_t size, const char *since, uint64_t now_ms)
{
	uint64_t number;
	bool is_ago;
	char text[32];
	if (parse_since(since, &number, &is_ago) < 0)
		return -1;
	if (is_ago)
		number = number < now_ms ? now_ms - number : 0;
	snprintf(text, sizeof text, "%" PRIu64, number);
	cli_add_parameter(path, size, is_ago ? "since" : "after", text);
	return 0;
}

// The path that goes on behind what has been seen; at first, where the options say. 0, or -1: --since is neither.
static int path_of(const struct tail *tail, char *path, size_t size)
{
	const struct options *options = &tail->cli->options;
	const char *last = sse_last_id(tail->sse);
	snprintf(path, size, "/api/v1/alerts/stream");
	cli_add_parameter(path, size, "match", options->match);
	cli_add_parameter(path, size, "pending", options->pending ? "1" : 0);
	if (*last)
		cli_add_parameter(path, size, "after", last);
	else if (options->since)
		return add_since(path, size, options->since, clock_wall_ms());
	return 0;
}

// ---- what comes

static void show_skipped(const struct tail *tail, const json_t *event)
{
	fprintf(tail->cli->terminal.out, "-- %" PRId64 " skipped: they came faster than they were read here, or are no longer kept\n",
		number_of(event, "skipped", 0));
}

static int take_event(void *context, const struct sse_event *event)
{
	struct tail *tail = context;
	const struct terminal *terminal = &tail->cli->terminal;
	bool is_skipped = strcmp(event->name, "skipped") == 0, is_alert = strcmp(event->name, "alert") == 0;
	json_t *data = json_loads(event->data, 0, 0);
	if (!data || !(is_skipped || is_alert)) {
		json_decref(data); // of a newer server
		return 0;
	}
	if (tail->cli->options.json) {
		json_dumpf(data, terminal->out, JSON_COMPACT | JSON_ENSURE_ASCII | JSON_REAL_PRECISION(15));
		fputc('\n', terminal->out);
	} else if (is_skipped) {
		show_skipped(tail, data);
	} else {
		show_transition(data, terminal);
	}
	json_decref(data);
	tail->is_broken = fflush(terminal->out) != 0;
	tail->shown += is_alert;
	return tail->is_broken || (tail->cli->options.limit && tail->shown >= tail->cli->options.limit);
}

static int take_bytes(void *context, const char *bytes, size_t size)
{
	struct tail *tail = context;
	return sse_feed(tail->sse, bytes, size);
}

// ---- again and again

static void pause_for(uint64_t ms)
{
	const struct timespec slice = { 0, 100000000 };
	for (uint64_t end_ms = clock_monotonic_ms() + ms; !stop && clock_monotonic_ms() < end_ms;)
		nanosleep(&slice, 0);
}

static void tell(const struct tail *tail, const char *text)
{
	fprintf(tail->cli->terminal.err, "muster: %s\n", text);
}

// One connection, until it ends. Returns an exit code, or -1: to be tried again.
static int follow_once(struct tail *tail, bool was_there, enum client_end *end)
{
	char path[PATH_BYTES];
	if (path_of(tail, path, sizeof path) < 0)
		return cli_misuse(tail->cli, "--since is how long ago (90s, 5m, 2h, 1d) or the number of a transition, not \"%s\"",
			tail->cli->options.since);
	*end = client_stream(tail->cli->client, path, take_bytes, tail, &stop);
	if (*end == CLIENT_ENOUGH)
		return tail->is_broken ? EXIT_NO : EXIT_DONE;
	return *end == CLIENT_LOST || (*end == CLIENT_UNREACHABLE && was_there) ? -1 : EXIT_NO;
}

static int follow(struct tail *tail)
{
	bool was_there = false;
	uint64_t wait_ms = RETRY_MS;
	while (!stop) {
		enum client_end end = CLIENT_REFUSED;
		int code = follow_once(tail, was_there, &end);
		if (code >= 0)
			return code;
		if (end == CLIENT_LOST) { // not at each failure to come back
			tell(tail, "the connection is lost; trying again until it is back");
			wait_ms = RETRY_MS;
		}
		was_there = true;
		client_set_quiet(tail->cli->client, 1);
		sse_restart(tail->sse);
		pause_for(wait_ms);
		wait_ms = wait_ms * 2 < RETRY_MAX_MS ? wait_ms * 2 : RETRY_MAX_MS;
	}
	return EXIT_DONE;
}

int cli_tail(struct cli *cli)
{
	struct tail tail = { .cli = cli };
	struct sigaction interrupt = { .sa_handler = on_interrupt }, old_interrupt, old_terminate;
	tail.sse = sse_new(take_event, &tail);
	if (!tail.sse)
		return cli_fail(cli, "no memory");
	stop = 0;
	sigaction(SIGINT, &interrupt, &old_interrupt);
	sigaction(SIGTERM, &interrupt, &old_terminate);
	int code = follow(&tail);
	sigaction(SIGINT, &old_interrupt, 0);
	sigaction(SIGTERM, &old_terminate, 0);
	if (sse_dropped(tail.sse))
		tell(&tail, "some events were too long to be shown");
	sse_free(tail.sse);
	return code;
}
