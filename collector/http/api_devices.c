// SPDX-License-Identifier: Apache-2.0
#include "collector/http/api.h"
#include "collector/alerting/alerting.h"
#include "collector/http/alert_json.h"
#include "collector/http/device_json.h"
#include "collector/http/device_order.h"
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
	bool is_ordered;  // by `order`, paged by `offset`; else by the three above
	int order;        // enum device_order
	bool is_descending;
	uint64_t offset;
	int state;        // enum condition_state, -1: any
	int severity;     // enum alert_severity, -1: any
	const char *firmware, *part;
	uint8_t *alerting; // null: any; else one bit a device that has the alert which is asked for
	struct alert_engine *engine; // null: no alerts
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

// The orders that are paged by place are those from before there was another.
static int read_order(struct exchange *exchange, struct filter *filter, bool has_orders)
{
	const char *order = query_get(&exchange->query, "order");
	filter->worst_first = order && strcmp(order, "worst") == 0;
	if (!order || filter->worst_first || strcmp(order, "seen") == 0)
		return 0;
	filter->order = device_order_find(order, &filter->is_descending);
	filter->is_ordered = true;
	if (has_orders && filter->order >= 0)
		return 0;
	reply_error(exchange, 400, order,
		"use order=seen (as first seen), worst, or id, firmware, heap, rssi, uptime, last_seen, alerts, with a - before it for the "
		"largest first",
		"this is not an order");
	return -1;
}

static int read_page(struct exchange *exchange, struct filter *filter, bool has_orders)
{
	const char *after = query_get(&exchange->query, "after"), *offset = query_get(&exchange->query, "offset");
	filter->limit = PAGE_DEFAULT;
	if (exchange_number(exchange, "limit", 1, PAGE_MAX, &filter->limit) < 0 ||
		exchange_number(exchange, "offset", 0, FLEET_DEVICES_MAX, &filter->offset) < 0 ||
		read_order(exchange, filter, has_orders) < 0)
		return -1;
	if (filter->is_ordered ? after != 0 : offset != 0) {
		reply_error(exchange, 400, after ? "after" : "offset", "use offset with the orders that sort, after with seen and worst",
			"this order is not paged by %s", after ? "after" : "offset");
		return -1;
	}
	return after ? read_after(exchange, filter, after) : 0;
}

static int read_state(struct exchange *exchange, struct filter *filter)
{
	const char *state = query_get(&exchange->query, "state");
	filter->state = state ? condition_find(state) : -1;
	if (!state || filter->state >= 0)
		return 0;
	reply_error(exchange, 400, state,
		"use a state such as healthy, offline, silent, crash_loop, hanging, heap_leak, weak_signal or flapping",
		"this is not a state of a device");
	return -1;
}

static int read_severity(struct exchange *exchange, struct filter *filter)
{
	const char *text = query_get(&exchange->query, "severity");
	filter->severity = !text ? -1 : strcmp(text, "none") == 0 ? ALERT_NO_SEVERITY : alert_severity_find(text);
	if (!text || filter->severity >= 0)
		return 0;
	reply_error(exchange, 400, text, "use critical, warning, info or none", "this is not a severity");
	return -1;
}

struct marking {
	const char *name;
	uint8_t *bits;
	size_t devices;
};

static int mark(void *context, const struct store_transition *alert)
{
	struct marking *marking = context;
	bool fires = alert->to == ALERT_FIRING || alert->to == ALERT_RECOVERING;
	if (fires && alert->dev < marking->devices && strcmp(alert->name, marking->name) == 0)
		marking->bits[alert->dev / 8] |= (uint8_t)(1 << alert->dev % 8);
	return 0;
}

static int read_alert(struct exchange *exchange, struct filter *filter)
{
	struct marking marking = { query_get(&exchange->query, "alert"), 0, fleet_count(exchange->sources->fleet) };
	if (!marking.name)
		return 0;
	marking.bits = filter->alerting = calloc(marking.devices / 8 + 1, 1);
	if (marking.bits && store_alert_each(exchange->sources->store, mark, &marking) >= 0)
		return 0;
	reply_store_error(exchange);
	return -1;
}

static int read_filter(struct exchange *exchange, struct filter *filter)
{
	struct alerting *alerting = exchange->sources->alerting;
	*filter = (struct filter){ .engine = alerting ? alerting_engine(alerting) : 0 };
	filter->firmware = query_get(&exchange->query, "firmware");
	filter->part = query_get(&exchange->query, "q");
	if (read_page(exchange, filter, true) < 0 || read_state(exchange, filter) < 0 || read_severity(exchange, filter) < 0)
		return -1;
	return read_alert(exchange, filter);
}

static enum alert_severity worst_alert(const struct alert_engine *engine, const struct device *device, unsigned *firing)
{
	*firing = 0;
	return engine ? alert_engine_worst(engine, device->dev, firing) : ALERT_NO_SEVERITY;
}

static bool has_part(const struct filter *filter, const struct device *device)
{
	return !filter->part || strstr(device->id, filter->part) || strstr(device->firmware, filter->part);
}

static bool has_alert(const struct filter *filter, const struct device *device)
{
	unsigned firing;
	if (filter->alerting && !(filter->alerting[device->dev / 8] & 1 << device->dev % 8))
		return false;
	return filter->severity < 0 || (int)worst_alert(filter->engine, device, &firing) == filter->severity;
}

static bool is_wanted(const struct filter *filter, const struct device *device, const struct condition_view *view)
{
	if (filter->firmware && strcmp(filter->firmware, device->firmware) != 0)
		return false;
	if (!has_part(filter, device) || !has_alert(filter, device))
		return false;
	return filter->state < 0 || (int)condition_state_of(device, view) == filter->state;
}

typedef json_t *row_json(const struct exchange *exchange, const struct device *device);

struct page {
	const struct exchange *exchange;
	const struct filter *filter;
	row_json *row;
	json_t *list;
	char next[24 + MU_DEVICE_ID_MAX + 2]; // "": this is the last page
	const struct device *last;
	int last_state;
};

// Adds a device that is wanted and due; once the page is full it only notes that there is more.
static void page_add(struct page *page, const struct device *device, int state)
{
	if (page->next[0])
		return;
	if (json_array_size(page->list) < page->filter->limit) {
		json_array_append_new(page->list, page->row(page->exchange, device));
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
				page_add(page, fleet_at(fleet, i), state);
}

// {"<name>": [...], "next": place or null, "total": N}; total counts all that the filter wants, on every page. Null: no memory.
static json_t *page_json(struct exchange *exchange, const struct filter *filter, const char *name, row_json *row)
{
	const struct fleet *fleet = exchange->sources->fleet;
	signed char *places = calloc(fleet_count(fleet) + 1, 1);
	struct page page = { .exchange = exchange, .filter = filter, .row = row, .list = json_array() };
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

// The same for the orders that sort; next is an offset.
static json_t *sorted_json(struct exchange *exchange, const struct filter *filter, row_json *row)
{
	const struct fleet *fleet = exchange->sources->fleet;
	struct device_place *places = calloc(fleet_count(fleet) + 1, sizeof *places);
	json_t *list = json_array();
	size_t total = 0;
	if (!places || !list) {
		free(places);
		json_decref(list);
		return 0;
	}
	for (size_t i = 0; i < fleet_count(fleet); i++) {
		const struct device *device = fleet_at(fleet, i);
		if (is_wanted(filter, device, &exchange->view))
			places[total++] = device_order_place(device, (enum device_order)filter->order, filter->engine);
	}
	device_order_sort(places, total, filter->is_descending);
	size_t end = filter->offset + filter->limit < total ? (size_t)(filter->offset + filter->limit) : total;
	for (size_t i = (size_t)filter->offset; i < end; i++)
		json_array_append_new(list, row(exchange, places[i].device));
	free(places);
	return json_pack("{s:o,s:o,s:o}", "devices", list, "next", end < total ? json_u64(end) : json_null(), "total", json_u64(total));
}

static void add_alerts(const struct exchange *exchange, const struct device *device, json_t *object)
{
	struct alerting *alerting = exchange->sources->alerting;
	unsigned firing;
	enum alert_severity worst = worst_alert(alerting ? alerting_engine(alerting) : 0, device, &firing);
	json_object_set_new(object, "alerts", json_pack("{s:I,s:o}", "firing", (json_int_t)firing, "severity", severity_json(worst)));
}

static json_t *device_row(const struct exchange *exchange, const struct device *device)
{
	json_t *object = device_row_json(device, &exchange->view);
	if (object)
		add_alerts(exchange, device, object);
	return object;
}

void api_devices(struct exchange *exchange)
{
	struct filter filter;
	if (read_filter(exchange, &filter) == 0)
		reply_json(exchange, 200,
			filter.is_ordered ? sorted_json(exchange, &filter, device_row)
					  : page_json(exchange, &filter, "devices", device_row));
	free(filter.alerting);
}

void api_device(struct exchange *exchange)
{
	const struct device *device = exchange_device(exchange);
	if (!device)
		return;
	json_t *object = device_full_json(device, &exchange->view);
	if (object)
		add_alerts(exchange, device, object);
	reply_json(exchange, 200, object);
}

static json_t *ledger_row(const struct exchange *exchange, const struct device *device)
{
	(void)exchange;
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
	struct filter filter = { .state = -1, .severity = -1 };
	if (read_page(exchange, &filter, false) < 0)
		return;
	json_t *page = page_json(exchange, &filter, "ledger", ledger_row);
	if (page)
		json_object_set_new(page, "totals", totals_json(exchange->sources->fleet));
	reply_json(exchange, 200, page);
}
