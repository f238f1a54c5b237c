// SPDX-License-Identifier: Apache-2.0
// sim: runs lives of simulated devices, one a seed, and says what was found. See README.md beside it.
#include "tests/sim/world.h"
#include "version.h"
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { FAULT_COLUMNS = 4, HOURS_MAX = 24 * 365 };

struct settings {
	uint64_t first, seeds, hours, devices, faults;
	const char *fault_names; // as given
	bool story, fields, hashes, stop;
};

static int usage(FILE *out, int status)
{
	fprintf(out,
		"usage: sim [--seeds N] [--first S] [--hours H] [--devices N] [--faults LIST] [--fields] [--hashes] [--stop]\n"
		"       sim --seed S --story ...    one life, told line by line\n"
		"       --faults: all (the seed chooses), none, or names with commas (all of them):");
	for (int kind = 0; kind < SIM_FAULTS; kind++)
		fprintf(out, "%s%s", kind % 8 ? " " : "\n         ", sim_fault_name((enum sim_fault_kind)kind));
	fprintf(out,
		"\n       --fields: fail if a field of Heartbeat was never filled; --hashes: print each story's hash\n"
		"       --stop: end with the first seed that fails\n");
	return status;
}

static int bad(const char *option, const char *value)
{
	fprintf(stderr, "sim: %s: '%s' is not possible; see sim --help\n", option, value ? value : "");
	return 2;
}

static bool number(const char *text, uint64_t least, uint64_t most, uint64_t *out)
{
	char *end = 0;
	errno = 0;
	if (!text || *text < '0' || *text > '9')
		return false;
	*out = strtoull(text, &end, 10);
	return !errno && !*end && *out >= least && *out <= most;
}

static int take_number(struct settings *settings, const char *option, const char *value)
{
	const struct {
		const char *name;
		uint64_t *out, least, most;
	} rows[] = {
		{ "--seeds", &settings->seeds, 1, UINT32_MAX },
		{ "--first", &settings->first, 0, UINT64_MAX / 2 },
		{ "--seed", &settings->first, 0, UINT64_MAX / 2 },
		{ "--hours", &settings->hours, 1, HOURS_MAX },
		{ "--devices", &settings->devices, 1, SIM_DEVICES_MAX },
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		if (!strcmp(rows[i].name, option))
			return number(value, rows[i].least, rows[i].most, rows[i].out) ? 0 : bad(option, value);
	fprintf(stderr, "sim: there is no option %s; see sim --help\n", option);
	return 2;
}

static int take_faults(struct settings *settings, const char *value)
{
	const char *name = 0;
	int size = 0;
	settings->fault_names = value;
	if (value && !sim_faults_parse(value, &settings->faults, &name, &size))
		return 0;
	fprintf(stderr, "sim: --faults: there is no fault '%.*s'; see sim --help\n", size, name ? name : "");
	return 2;
}

static bool take_flag(struct settings *settings, const char *option)
{
	const struct {
		const char *name;
		bool *out;
	} rows[] = {
		{ "--story", &settings->story },
		{ "--fields", &settings->fields },
		{ "--hashes", &settings->hashes },
		{ "--stop", &settings->stop },
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		if (!strcmp(rows[i].name, option))
			return *rows[i].out = true;
	return false;
}

static int take(struct settings *settings, int argc, char **argv)
{
	int error = 0;
	for (int i = 1; i < argc && !error; i++) {
		if (take_flag(settings, argv[i]))
			continue;
		const char *option = argv[i++];
		error = !strcmp(option, "--faults") ? take_faults(settings, argv[i]) : take_number(settings, option, argv[i]);
	}
	return error;
}

// ---- running

struct sum {
	struct sim_counts counts;
	uint64_t seeds, failed, virtual_ms;
};

static void add(struct sum *sum, const struct sim_world *world)
{
	const uint64_t *from = (const uint64_t *)(const void *)&world->counts;
	uint64_t *to = (uint64_t *)(void *)&sum->counts;
	size_t numbers = offsetof(struct sim_counts, fields_seen) / sizeof *from;
	for (size_t i = 0; i < numbers; i++)
		to[i] += from[i];
	for (int i = 0; i < SIM_HEARTBEAT_PARTS; i++)
		sum->counts.fields_seen[i] |= world->counts.fields_seen[i];
	sum->virtual_ms += world->now_ms * world->device_count;
	sum->seeds++;
	sum->failed += world->failed;
}

static void show_failure(const struct settings *settings, const struct sim_world *world)
{
	printf("seed %" PRIu64 " FAILED at %" PRIu64 " s: %s\n", world->options.seed, world->now_ms / 1000, world->complaint);
	printf("  replay: sim --seed %" PRIu64 " --hours %" PRIu64 " --devices %" PRIu64 " --faults %s --story\n", world->options.seed,
		settings->hours, settings->devices, settings->fault_names);
	fflush(stdout);
}

static void run(const struct settings *settings, const struct sim_factory *factory, uint64_t seed, struct sum *sum)
{
	struct sim_options options = {
		.seed = seed,
		.life_ms = settings->hours * 3600000,
		.devices = (unsigned)settings->devices,
		.faults = settings->faults,
		.every_fault = strcmp(settings->fault_names, "all") != 0,
		.story = settings->story ? stdout : 0,
	};
	struct sim_world *world = sim_world_open(factory, &options);
	sim_world_run(world);
	add(sum, world);
	if (settings->hashes)
		printf("seed %" PRIu64 " story %016" PRIx64 " lines %" PRIu64 "\n", seed, world->story.hash, world->story.lines);
	if (world->failed)
		show_failure(settings, world);
	sim_world_close(world);
}

static void show_sum(const struct settings *settings, const struct sum *sum, double wall_s)
{
	const struct sim_counts *counts = &sum->counts;
	printf("%" PRIu64 " seeds from %" PRIu64 " on, %" PRIu64 " failed; commit %s\n", sum->seeds, settings->first, sum->failed,
		MUSTER_COMMIT);
	printf("virtual hours %" PRIu64 ", wall seconds %.1f\n", sum->virtual_ms / 3600000, wall_s);
	printf("boots %" PRIu64 ", resets %" PRIu64 ", reboots for network or heap %" PRIu64 ", steps %" PRIu64 "\n", counts->boots,
		counts->resets, counts->network_reboots, counts->steps);
	printf("records committed %" PRIu64 ", duplicates %" PRIu64 ", gaps %" PRIu64 ", acks %" PRIu64 ", commands %" PRIu64 "\n",
		counts->records, counts->duplicates, counts->gaps, counts->acks, counts->commands);
	printf("faults:");
	for (int kind = 0; kind < SIM_FAULTS; kind++)
		printf("%s%s %" PRIu64, kind % FAULT_COLUMNS ? ", " : "\n  ", sim_fault_name((enum sim_fault_kind)kind),
			counts->faults[kind]);
	printf("\n");
}

static bool run_all(const struct settings *settings, const struct sim_factory *factory)
{
	struct sum sum = { 0 };
	clock_t begun = clock();
	for (uint64_t i = 0; i < settings->seeds && !(settings->stop && sum.failed); i++)
		run(settings, factory, settings->first + i, &sum);
	show_sum(settings, &sum, (double)(clock() - begun) / CLOCKS_PER_SEC);
	unsigned missing = settings->fields ? sim_fields_missing(sum.counts.fields_seen, stdout) : 0;
	if (missing)
		printf("%u fields of Heartbeat were never filled: see above\n", missing);
	return !sum.failed && !missing;
}

int main(int argc, char **argv)
{
	struct settings settings = { .first = 1, .seeds = 1, .hours = 24, .devices = 1, .faults = SIM_FAULTS_ALL, .fault_names = "all" };
	struct sim_factory factory;
	if (argc > 1 && (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h")))
		return usage(stdout, 0);
	int error = take(&settings, argc, argv);
	if (error)
		return error;
	if (sim_factory_open(&factory) < 0) {
		fprintf(stderr, "sim: out of memory\n");
		return 2;
	}
	bool good = run_all(&settings, &factory);
	sim_factory_close(&factory);
	return !good;
}
