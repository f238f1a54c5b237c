// SPDX-License-Identifier: Apache-2.0
#include "collector/http/history.h"
#include "proto/metrics.h"
#include <stdlib.h>

#define WALL_TRUST_MS (UINT64_C(30) * 86400000) // a spool keeps records for weeks; a time further back is a clock gone wrong

struct extreme {
	int64_t least, greatest;
	uint64_t least_ms, greatest_ms; // when; 0: no value
};

struct bucket {
	uint64_t first_ms, last_ms; // of its samples; 0: none
};

struct history {
	struct history_ask ask;
	unsigned bucket_count;
	struct bucket *buckets;
	struct extreme *extremes; // by bucket, then metric
};

struct history *history_new(const struct history_ask *ask)
{
	struct history *history = calloc(1, sizeof *history);
	if (!history)
		return 0;
	history->ask = *ask;
	history->bucket_count = ask->points / 2;
	history->buckets = calloc(history->bucket_count, sizeof *history->buckets);
	history->extremes = calloc((size_t)history->bucket_count * ask->count, sizeof *history->extremes);
	if (history->buckets && history->extremes)
		return history;
	history_free(history);
	return 0;
}

void history_free(struct history *history)
{
	if (!history)
		return;
	free(history->buckets);
	free(history->extremes);
	free(history);
}

// An equal value further back in time moves the greatest only, so that a flat line keeps both of its ends.
static void widen(struct extreme *extreme, int64_t value, uint64_t at_ms)
{
	if (!extreme->least_ms || value < extreme->least) {
		extreme->least = value;
		extreme->least_ms = at_ms;
	}
	if (!extreme->greatest_ms || value >= extreme->greatest) {
		extreme->greatest = value;
		extreme->greatest_ms = at_ms;
	}
}

static size_t bucket_of(const struct history *history, uint64_t at_ms)
{
	double span_ms = (double)(history->ask.until_ms - history->ask.since_ms) + 1;
	size_t i = (size_t)((double)(at_ms - history->ask.since_ms) / span_ms * history->bucket_count);
	return i < history->bucket_count ? i : history->bucket_count - 1;
}

static void stretch(struct bucket *bucket, uint64_t at_ms)
{
	if (!bucket->first_ms || at_ms < bucket->first_ms)
		bucket->first_ms = at_ms;
	if (at_ms > bucket->last_ms)
		bucket->last_ms = at_ms;
}

void history_add(struct history *history, uint64_t at_ms, const Mu__Heartbeat *heartbeat)
{
	const struct history_ask *ask = &history->ask;
	if (!at_ms || at_ms < ask->since_ms || at_ms > ask->until_ms)
		return;
	size_t i = bucket_of(history, at_ms);
	for (unsigned m = 0; m < ask->count; m++) {
		int64_t value;
		if (!mu_metric_get_integer(heartbeat, ask->metrics[m], &value))
			continue;
		widen(&history->extremes[i * ask->count + m], value, at_ms);
		stretch(&history->buckets[i], at_ms);
	}
}

// The value of a metric in the first or the second row of its bucket.
static json_t *cell(const struct bucket *bucket, const struct extreme *extreme, bool is_second)
{
	if (!extreme->least_ms)
		return json_null();
	if (bucket->first_ms == bucket->last_ms)
		return json_integer(extreme->least);
	if (extreme->least_ms == extreme->greatest_ms) { // one sample: in the row that is nearer
		bool is_late = extreme->least_ms - bucket->first_ms > bucket->last_ms - extreme->least_ms;
		return is_late == is_second ? json_integer(extreme->least) : json_null();
	}
	bool least_is_late = extreme->least_ms > extreme->greatest_ms;
	return json_integer(least_is_late == is_second ? extreme->least : extreme->greatest);
}

static void append_row(json_t *rows, const struct history *history, const struct bucket *bucket, bool is_second)
{
	const struct extreme *extremes = history->extremes + (size_t)(bucket - history->buckets) * history->ask.count;
	json_t *row = json_array();
	json_array_append_new(row, json_integer((json_int_t)(is_second ? bucket->last_ms : bucket->first_ms)));
	for (unsigned m = 0; m < history->ask.count; m++)
		json_array_append_new(row, cell(bucket, &extremes[m], is_second));
	json_array_append_new(rows, row);
}

json_t *history_rows(const struct history *history)
{
	json_t *rows = json_array();
	for (unsigned i = 0; rows && i < history->bucket_count; i++) {
		const struct bucket *bucket = &history->buckets[i];
		if (!bucket->first_ms)
			continue;
		append_row(rows, history, bucket, false);
		if (bucket->first_ms != bucket->last_ms)
			append_row(rows, history, bucket, true);
	}
	return rows;
}

static bool has_good_wall(const Mu__Record *record, uint64_t recv_ms)
{
	if (!record->has_wall_ms || record->time_quality == MU__TIME_QUALITY__TIME_NONE)
		return false;
	return record->wall_ms <= recv_ms && recv_ms - record->wall_ms <= WALL_TRUST_MS;
}

uint64_t history_time(struct history_clock *clock, const Mu__Record *record, uint64_t recv_ms)
{
	uint64_t offset_ms = recv_ms > record->uptime_ms ? recv_ms - record->uptime_ms : 0;
	if (!clock->has_boot || clock->boot != record->boot || offset_ms < clock->offset_ms)
		clock->offset_ms = offset_ms;
	clock->has_boot = true;
	clock->boot = record->boot;
	uint64_t at_ms = has_good_wall(record, recv_ms) ? record->wall_ms : clock->offset_ms + record->uptime_ms;
	if (at_ms > recv_ms)
		at_ms = recv_ms;
	if (clock->last_ms && at_ms > clock->last_ms)
		at_ms = clock->last_ms;
	clock->last_ms = at_ms;
	return at_ms;
}
