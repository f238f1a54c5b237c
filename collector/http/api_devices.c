// SPDX-License-Identifier: Apache-2.0
#include "collector/http/api.h"
#include "collector/http/device_json.h"
#include "collector/http/json_text.h"
#include <string.h>

// What the query asks for.
struct filter {
	uint64_t limit;
	size_t from; // dev
	int state;   // enum condition_state, -1: any
	const char *firmware, *part;
};

static int read_page(struct exchange *exchange, struct filter *filter)
{
	const char *after = query_get(&exchange->query, "after");
	filter->limit = PAGE_DEFAULT;
	if (exchange_number(exchange, "limit", 1, PAGE_MAX, &filter->limit) < 0)
		return -1;
	if (!after)
		return 0;
	const struct device *device = fleet_find(exchange->sources->fleet, after);
	if (!device) {
		reply_error(exchange, 400, after, "use the value of `next` from the page before", "parameter after must be the id of a device");
		return -1;
	}
	filter->from = device->dev + 1;
	return 0;
}

static int read_filter(struct exchange *exchange, struct filter *filter)
{
	const char *state = query_get(&exchange->query, "state");
	*filter = (struct filter){ .state = -1 };
	filter->firmware = query_get(&exchange->query, "firmware");
	filter->part = query_get(&exchange->query, "q");
	if (read_page(exchange, filter) < 0)
		return -1;
	if (!state)
		return 0;
	filter->state = condition_find(state);
	if (filter->state >= 0)
		return 0;
	reply_error(exchange, 400, state, "use a state such as healthy, offline, silent, crash_loop, hanging, heap_leak, weak_signal or flapping",
	            "this is not a state of a device");
	return -1;
}

static bool is_wanted(const struct filter *filter, const struct device *device, const struct condition_view *view)
{
	if (filter->firmware && strcmp(filter->firmware, device->firmware) != 0)
		return false;
	if (filter->part && !strstr(device->id, filter->part))
		return false;
	return filter->state < 0 || (int)condition_state_of(device, view) == filter->state;
}

typedef json_t *row_json(const struct device *device, const struct condition_view *view);

// {"<name>": [...], "next": id or null, "total": N}; total counts all that the filter wants, on every page.
static json_t *page_json(struct exchange *exchange, const struct filter *filter, const char *name, row_json *row)
{
	const struct fleet *fleet = exchange->sources->fleet;
	json_t *list = json_array();
	const char *last = 0;
	bool more = false;
	uint64_t total = 0;

	for (size_t i = 0; i < fleet_count(fleet); i++) {
		const struct device *device = fleet_at(fleet, i);
		if (!is_wanted(filter, device, &exchange->view))
			continue;
		total++;
		if (i < filter->from || more)
			continue;
		more = json_array_size(list) == filter->limit;
		if (more)
			continue;
		json_array_append_new(list, row(device, &exchange->view));
		last = device->id;
	}
	return json_pack("{s:o,s:o,s:o}", name, list, "next", more ? json_string(last) : json_null(), "total", json_u64(total));
}

void api_devices(struct exchange *exchange)
{
	struct filter filter;
	if (read_filter(exchange, &filter) == 0)
		reply_json(exchange, 200, page_json(exchange, &filter, "devices", device_row_json));
}

void api_device(struct exchange *exchange)
{
	const struct device *device = exchange_device(exchange);
	if (device)
		reply_json(exchange, 200, device_full_json(device, &exchange->view));
}

static json_t *ledger_row(const struct device *device, const struct condition_view *view)
{
	(void)view;
	return device_ledger_json(device);
}

static json_t *totals_json(const struct fleet *fleet)
{
	struct ledger sum = { 0 };
	for (size_t i = 0; i < fleet_count(fleet); i++) {
		const struct ledger *ledger = &fleet_at(fleet, i)->ledger;
		sum.accepted += ledger->accepted;
		sum.duplicates += ledger->duplicates;
		sum.holes += ledger->holes;
		sum.dead_letters += ledger->dead_letters;
		sum.epoch_changes += ledger->epoch_changes;
		for (int reason = 0; reason < LEDGER_REASONS; reason++)
			sum.gaps[reason] += ledger->gaps[reason];
	}
	uint64_t unexplained = sum.gaps[MU__GAP_REASON__GAP_UNEXPLAINED], missing = 0;
	for (int reason = 0; reason < LEDGER_REASONS; reason++)
		missing += sum.gaps[reason];
	return json_pack("{s:o,s:o,s:o,s:o,s:o,s:o,s:o}", "accepted", json_u64(sum.accepted), "duplicates", json_u64(sum.duplicates), "holes",
	                 json_u64(sum.holes), "explained_gaps", json_u64(missing - unexplained), "unexplained", json_u64(unexplained),
	                 "dead_letters", json_u64(sum.dead_letters), "epoch_changes", json_u64(sum.epoch_changes));
}

void api_ledger(struct exchange *exchange)
{
	struct filter filter = { .state = -1 };
	if (read_page(exchange, &filter) < 0)
		return;
	json_t *page = page_json(exchange, &filter, "ledger", ledger_row);
	if (page)
		json_object_set_new(page, "totals", totals_json(exchange->sources->fleet));
	reply_json(exchange, 200, page);
}
