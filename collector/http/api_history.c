// SPDX-License-Identifier: Apache-2.0
#include "collector/http/api.h"
#include "alerts/alerts.h"
#include "collector/clock.h"
#include "collector/http/alert_json.h"
#include "collector/http/history.h"
#include "collector/http/json_text.h"
#include "collector/http/marks.h"
#include "collector/store/records.h"
#include "collector/store/store_alerts.h"
#include "proto/metrics.h"
#include <stdio.h>
#include <string.h>

enum {
	HOUR_MS = 3600000,
	WALK_MS = 10,       // of a request; then the answer says where to go on
	LOOK_AT_CLOCK = 32, // records between two looks
	ALERT_MARKS_MAX = 200,
};

struct gathering {
	struct exchange *exchange;
	const struct device *device;
	struct history_ask ask;
	struct history *history;
	struct history_clock clock;
	struct marks *marks;
	uint64_t from, end_ms; // the walk begins at this record, and ends at this monotonic time
	unsigned looked_at;
	bool is_foreign; // it began at a record of another device
	uint64_t stopped_at; // the record to go on with; 0: the range is complete
	bool is_over;
};

// ---- the query

static const char default_metrics[] = "heap_free_bytes,heap_min_bytes,heap_largest_bytes,rssi_dbm,sockets_open,spool_records";

static int add_metric(struct exchange *exchange, struct history_ask *ask, const char *text, size_t length)
{
	char name[64] = "";
	if (length < sizeof name)
		memcpy(name, text, length);
	int metric = mu_metric_find(name);
	if (metric < 0) {
		reply_error(exchange, 400, "metrics", "use names of proto/metrics.def, for example heap_free_bytes,rssi_dbm",
			"there is no metric \"%.*s\"", (int)(length < 60 ? length : 60), text);
		return -1;
	}
	if (ask->count == HISTORY_METRICS_MAX) {
		reply_error(exchange, 400, "metrics", "ask twice", "more than %d metrics", HISTORY_METRICS_MAX);
		return -1;
	}
	ask->metrics[ask->count++] = metric;
	return 0;
}

static int read_metrics(struct exchange *exchange, struct history_ask *ask)
{
	const char *text = query_get(&exchange->query, "metrics");
	for (const char *at = text ? text : default_metrics;;) {
		size_t length = strcspn(at, ",");
		if (add_metric(exchange, ask, at, length) < 0)
			return -1;
		if (!at[length])
			return 0;
		at += length + 1;
	}
}

static int read_ask(struct gathering *gathering)
{
	struct exchange *exchange = gathering->exchange;
	struct history_ask *ask = &gathering->ask;
	uint64_t points = 500;
	ask->until_ms = exchange->now_ms;
	if (exchange_number(exchange, "until_ms", 1, INT64_MAX, &ask->until_ms) < 0)
		return -1;
	ask->since_ms = ask->until_ms > HOUR_MS ? ask->until_ms - HOUR_MS : 0;
	gathering->from = gathering->device->ledger.last_n;
	if (exchange_number(exchange, "since_ms", 0, INT64_MAX, &ask->since_ms) < 0 ||
		exchange_number(exchange, "points", HISTORY_POINTS_MIN, HISTORY_POINTS_MAX, &points) < 0 ||
		exchange_number(exchange, "before", 1, INT64_MAX, &gathering->from) < 0 || read_metrics(exchange, ask) < 0)
		return -1;
	ask->points = (unsigned)points;
	if (ask->since_ms < ask->until_ms)
		return 0;
	reply_error(exchange, 400, "since_ms", "give Unix milliseconds, the earlier one as since_ms", "since_ms must lie before until_ms");
	return -1;
}

// ---- the walk

static int take_record(void *context, const struct store_record *row)
{
	struct gathering *gathering = context;
	if (row->dev != gathering->device->dev) {
		gathering->is_foreign = true;
		return 1;
	}
	if (row->recv_ms < gathering->ask.since_ms) { // nothing was made after it was received: the rest is older
		gathering->is_over = true;
		return 1;
	}
	if (++gathering->looked_at % LOOK_AT_CLOCK == 0 && clock_monotonic_ms() >= gathering->end_ms) {
		gathering->stopped_at = row->n;
		return 1;
	}
	Mu__Record *record = mu__record__unpack(0, row->body.size, row->body.bytes);
	if (!record)
		return 0;
	uint64_t at_ms = history_time(&gathering->clock, record, row->recv_ms);
	if (record->body_case == MU__RECORD__BODY_HEARTBEAT)
		history_add(gathering->history, at_ms, record->heartbeat);
	else if (at_ms >= gathering->ask.since_ms && at_ms <= gathering->ask.until_ms)
		marks_add_record(gathering->marks, at_ms, record);
	mu__record__free_unpacked(record, 0);
	return 0;
}

static int take_transition(void *context, const struct store_transition *transition)
{
	struct gathering *gathering = context;
	if (transition_is_news(transition) && transition->at_ms <= gathering->ask.until_ms)
		marks_add_transition(gathering->marks, transition);
	return 0;
}

// 0, or STORE_E*.
static int walk(struct gathering *gathering)
{
	struct store *store = gathering->exchange->sources->store;
	uint64_t next = 0;
	gathering->end_ms = clock_monotonic_ms() + WALK_MS;
	int err = gathering->from ? store_record_walk(store, gathering->from, 0, STORE_WALK_MAX, take_record, gathering, &next) : 0;
	if (err < 0)
		return err;
	if (!gathering->stopped_at && !gathering->is_over)
		gathering->stopped_at = next;
	if (query_get(&gathering->exchange->query, "before"))
		return 0; // the page before had them
	err = store_transition_of(store, gathering->device->dev, gathering->ask.since_ms, ALERT_MARKS_MAX, take_transition, gathering);
	return err < 0 ? err : 0;
}

// ---- the answer

static json_t *names_json(const struct history_ask *ask)
{
	json_t *names = json_array();
	for (unsigned i = 0; i < ask->count; i++)
		json_array_append_new(names, json_string(mu_metric_words[ask->metrics[i]].name));
	return names;
}

static void answer(struct gathering *gathering)
{
	struct exchange *exchange = gathering->exchange;
	gathering->history = history_new(&gathering->ask);
	gathering->marks = marks_new();
	int err = gathering->history && gathering->marks ? walk(gathering) : 0;
	if (!gathering->history || !gathering->marks)
		reply_error(exchange, 500, exchange->path, "try again", "no memory for the history");
	else if (err < 0)
		reply_store_error(exchange);
	else if (gathering->is_foreign)
		reply_error(exchange, 400, "before", "use the value of `next` from the answer before",
			"parameter before must be the number of a record of this device");
	else
		reply_json(exchange, 200,
			json_pack("{s:o,s:o,s:o,s:o,s:o,s:b,s:o}", "metrics", names_json(&gathering->ask), "since_ms",
				json_u64(gathering->ask.since_ms), "until_ms", json_u64(gathering->ask.until_ms), "rows",
				history_rows(gathering->history), "marks", marks_json(gathering->marks), "truncated",
				gathering->stopped_at != 0, "next", gathering->stopped_at ? json_u64(gathering->stopped_at) : json_null()));
	history_free(gathering->history);
	marks_free(gathering->marks);
}

void api_history(struct exchange *exchange)
{
	struct gathering gathering = { .exchange = exchange, .device = exchange_device(exchange) };
	if (gathering.device && read_ask(&gathering) == 0)
		answer(&gathering);
}
