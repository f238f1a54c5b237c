// SPDX-License-Identifier: Apache-2.0
#include "collector/http/api.h"
#include "collector/http/device_json.h"
#include "collector/http/json_text.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// What the query asks for.
struct filter {
	uint64_t limit;
	bool worst_first; // by condition, the gravest first; else as first seen
	int from_state;   // worst_first: the page begins in this condition ...
	size_t from;      // ... at this dev
	int state;        // enum condition_state, -1: any
	const char *firmware, *part;
};

// ID, or with worst_first STATE:ID: the state that the device had when the page before was made. It may have another by now; the order
// of the rest is not touched by that.
static int read_after(struct exchange *exchange, struct filter *filter, const char *after)
{
	const char *id = after, *colon = filter->worst_first ? strchr(after, ':') : 0;
	char state[24];
	if (colon && (size_t)(colon - after) < sizeof state) {
		memcpy(state, after, (size_t)(colon - after));
		state[colon - after] = 0;
		filter->from_state = condition_find(state);
		id = colon + 1;
	}
	const struct device *device = fleet_find(exchange->sources->fleet, id);
	if (!device || filter->from_state < 0 || (filter->worst_first && !colon)) {
		reply_error(exchange, 400, after, "use the value of `next` from the page before",
			"parameter after is no place in this list");
		return -1;
	}
	filter->from = device->dev + 1;
	return 0;
}

static int read_page(struct exchange *exchange, struct filter *filter)
{
	const char *after = query_get(&exchange->query, "after"), *order = query_get(&exchange->query, "order");
	filter->limit = PAGE_DEFAULT;
	if (exchange_number(exchange, "limit", 1, PAGE_MAX, &filter->limit) < 0)
		return -1;
	filter->worst_first = order && strcmp(order, "worst") == 0;
	if (order && !filter->worst_first && strcmp(order, "seen") != 0) {
		reply_error(exchange, 400, order, "use order=seen (as first seen) or order=worst", "this is not an order");
		return -1;
	}
	return after ? read_after(exchange, filter, after) : 0;
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
	reply_error(exchange, 400, state,
		"use a state such as healthy, offline, silent, crash_loop, hanging, heap_leak, weak_signal or flapping",
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

struct page {
	const struct filter *filter;
	row_json *row;
	json_t *list;
	char next[24 + MU_DEVICE_ID_MAX + 2]; // "": this is the last page
	const struct device *last;
	int last_state;
};

// Adds a device that is wanted and due; once the page is full it only notes that there is more.
static void page_add(struct page *page, const struct device *device, int state, const struct condition_view *view)
{
	if (page->next[0])
		return;
	if (json_array_size(page->list) < page->filter->limit) {
		json_array_append_new(page->list, page->row(device, view));
		page->last = device;
		page->last_state = state;
		return;
	}
	const char *prefix = page->filter->worst_first ? condition_name((enum condition_state)page->last_state) : "";
	snprintf(page->next, sizeof page->next, "%s%s%s", prefix, *prefix ? ":" : "", page->last->id);
}

// places[i]: the condition of the device i with worst_first, else 0; -1: not wanted. One pass a condition keeps the order of each stable.
static void page_fill(struct page *page, struct exchange *exchange, const signed char *places)
{
	const struct fleet *fleet = exchange->sources->fleet;
	const struct filter *filter = page->filter;
	for (int state = filter->from_state; state < (filter->worst_first ? CONDITION_COUNT : 1); state++)
		for (size_t i = state == filter->from_state ? filter->from : 0; i < fleet_count(fleet) && !page->next[0]; i++)
			if (places[i] == state)
				page_add(page, fleet_at(fleet, i), state, &exchange->view);
}

// {"<name>": [...], "next": place or null, "total": N}; total counts all that the filter wants, on every page. Null: no memory.
static json_t *page_json(struct exchange *exchange, const struct filter *filter, const char *name, row_json *row)
{
	const struct fleet *fleet = exchange->sources->fleet;
	signed char *places = calloc(fleet_count(fleet) + 1, 1);
	struct page page = { .filter = filter, .row = row, .list = json_array() };
	uint64_t total = 0;
	if (!places || !page.list) {
		free(places);
		json_decref(page.list);
		return 0;
	}
	for (size_t i = 0; i < fleet_count(fleet); i++) {
		const struct device *device = fleet_at(fleet, i);
		bool wanted = is_wanted(filter, device, &exchange->view);
		total += wanted;
		places[i] = !wanted ? -1 : filter->worst_first ? (signed char)condition_state_of(device, &exchange->view) : 0;
	}
	page_fill(&page, exchange, places);
	free(places);
	return json_pack("{s:o,s:o,s:o}", name, page.list, "next", page.next[0] ? json_string(page.next) : json_null(), "total",
		json_u64(total));
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
	return json_pack("{s:o,s:o,s:o,s:o,s:o,s:o,s:o}", "accepted", json_u64(sum.accepted), "duplicates", json_u64(sum.duplicates),
		"holes", json_u64(sum.holes), "explained_gaps", json_u64(missing - unexplained), "unexplained", json_u64(unexplained),
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
