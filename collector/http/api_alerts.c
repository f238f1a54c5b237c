// SPDX-License-Identifier: Apache-2.0
#include "collector/http/api.h"
#include "alerts/alerts.h"
#include "collector/http/alert_json.h"
#include "collector/http/alert_query.h"
#include "collector/http/json_text.h"
#include <stdio.h>
#include <string.h>

enum { LOOKED_AT_MAX = 5000, UID_BYTES = 257 }; // transitions looked at for one page of the log

// The device that the query names. 0 with null if it names none, -1: the error has been sent.
static int read_device(struct exchange *exchange, const struct device **device)
{
	const char *id = query_get(&exchange->query, "device");
	*device = id ? fleet_find(exchange->sources->fleet, id) : 0;
	if (!id || *device)
		return 0;
	reply_error(exchange, 404, id, "`muster devices` lists the devices that have reported", "no device with this id has ever reported");
	return -1;
}

static const char *id_of(const struct exchange *exchange, uint32_t dev)
{
	const struct device *device = fleet_at(exchange->sources->fleet, dev);
	return device ? device->id : "?";
}

// ---- alerts that are not ok

struct alert_page {
	struct exchange *exchange;
	uint64_t limit, total;
	unsigned states;   // bits by enum alert_state
	int severity;      // -1: any
	const char *name;  // null: any
	struct matchers matchers;
	const struct device *device; // null: all
	bool has_after;
	uint32_t after_dev; // the page begins behind this device and rule
	const char *after_uid;
	json_t *list;
	uint32_t last_dev; // of the last row of the page
	char last_uid[UID_BYTES];
	bool has_more;
};

static int read_state(struct alert_page *page)
{
	const char *text = query_get(&page->exchange->query, "state");
	int state = text ? alert_state_find(text) : -1;
	page->states = 1u << ALERT_FIRING | 1u << ALERT_RECOVERING;
	if (text && strcmp(text, "all") == 0)
		page->states |= 1u << ALERT_PENDING;
	else if (state > ALERT_OK)
		page->states = 1u << state;
	else if (text) {
		reply_error(page->exchange, 400, text, "use pending, firing, recovering or all", "this is not a state of an alert");
		return -1;
	}
	return 0;
}

static int read_severity(struct alert_page *page)
{
	const char *text = query_get(&page->exchange->query, "severity");
	page->severity = text ? alert_severity_find(text) : -1;
	if (!text || page->severity > ALERT_NO_SEVERITY)
		return 0;
	reply_error(page->exchange, 400, text, "use info, warning or critical", "this is not a severity");
	return -1;
}

// DEVICE:UID
static int read_after(struct alert_page *page)
{
	const char *after = query_get(&page->exchange->query, "after"), *colon = after ? strchr(after, ':') : 0;
	char id[MU_DEVICE_ID_MAX + 1] = "";
	if (!after)
		return 0;
	if (colon && (size_t)(colon - after) < sizeof id)
		memcpy(id, after, (size_t)(colon - after));
	const struct device *device = fleet_find(page->exchange->sources->fleet, id);
	if (!device) {
		reply_error(page->exchange, 400, after, "use the value of `next` from the page before",
			"parameter after is no place in this list");
		return -1;
	}
	page->has_after = true;
	page->after_dev = device->dev;
	page->after_uid = colon + 1;
	return 0;
}

static bool is_wanted(const struct alert_page *page, const struct store_transition *alert)
{
	if (alert->to > ALERT_RECOVERING || !(page->states & 1u << alert->to))
		return false;
	if (page->severity >= 0 && alert->severity != (uint32_t)page->severity)
		return false;
	if (page->name && strcmp(page->name, alert->name) != 0)
		return false;
	return transition_fits(alert, &page->matchers);
}

static bool is_before(const struct alert_page *page, const struct store_transition *alert)
{
	if (!page->has_after || alert->dev > page->after_dev)
		return false;
	return alert->dev < page->after_dev || strcmp(alert->uid, page->after_uid) <= 0;
}

static int add_alert(void *context, const struct store_transition *alert)
{
	struct alert_page *page = context;
	if (!is_wanted(page, alert))
		return 0;
	page->total++;
	if (is_before(page, alert))
		return 0;
	if (json_array_size(page->list) >= page->limit) {
		page->has_more = true;
		return 0;
	}
	json_array_append_new(page->list, alert_json(alert, id_of(page->exchange, alert->dev)));
	page->last_dev = alert->dev;
	snprintf(page->last_uid, sizeof page->last_uid, "%s", alert->uid);
	return 0;
}

static void send_alerts(struct alert_page *page)
{
	struct store *store = page->exchange->sources->store;
	page->list = json_array();
	int shown = page->device ? store_alert_of(store, page->device->dev, add_alert, page) : store_alert_each(store, add_alert, page);
	if (shown < 0) {
		json_decref(page->list);
		reply_store_error(page->exchange);
		return;
	}
	json_t *next = page->has_more ? json_sprintf("%s:%s", id_of(page->exchange, page->last_dev), page->last_uid) : json_null();
	reply_json(page->exchange, 200, json_pack("{s:o,s:o,s:o}", "alerts", page->list, "next", next, "total", json_u64(page->total)));
}

void api_alerts(struct exchange *exchange)
{
	struct alert_page page = { .exchange = exchange, .limit = PAGE_DEFAULT, .name = query_get(&exchange->query, "name") };
	if (exchange_number(exchange, "limit", 1, PAGE_MAX, &page.limit) < 0 || read_state(&page) < 0 || read_severity(&page) < 0 ||
		read_device(exchange, &page.device) < 0 || read_after(&page) < 0 || exchange_matchers(exchange, &page.matchers) < 0)
		return;
	send_alerts(&page);
	matchers_free(&page.matchers);
}

// ---- the log

struct log_page {
	struct exchange *exchange;
	uint64_t limit, after, before, since_ms;
	bool has_after, has_since;
	const struct device *device;
	struct matchers matchers;
	json_t *list;
	unsigned looked_at;
	uint64_t last_n; // of the last one looked at
	bool is_cut;     // there is more
};

static int add_transition(void *context, const struct store_transition *transition)
{
	struct log_page *page = context;
	if (page->device && page->before && transition->n >= page->before)
		return 0;
	if (page->device && page->has_after && transition->n <= page->after)
		return 1; // newest first: the rest is older
	if (json_array_size(page->list) >= page->limit || page->looked_at >= LOOKED_AT_MAX) {
		page->is_cut = true;
		return 1;
	}
	page->looked_at++;
	page->last_n = transition->n;
	if (transition_fits(transition, &page->matchers))
		json_array_append_new(page->list, transition_json(transition, id_of(page->exchange, transition->dev)));
	return 0;
}

static int walk_log(struct log_page *page)
{
	struct store *store = page->exchange->sources->store;
	int err;
	if (page->device)
		return store_transition_of(store, page->device->dev, page->since_ms, UINT32_MAX >> 1, add_transition, page);
	if (page->has_since) {
		err = transition_since(store, page->since_ms, &page->after);
		page->has_after = true;
		if (err < 0)
			return err;
	}
	if (page->has_after)
		return store_transition_after(store, page->after, LOOKED_AT_MAX + 1, add_transition, page);
	return store_transition_before(store, page->before, LOOKED_AT_MAX + 1, add_transition, page);
}

static int read_log_query(struct log_page *page)
{
	struct exchange *exchange = page->exchange;
	page->has_after = query_get(&exchange->query, "after") != 0;
	page->has_since = query_get(&exchange->query, "since_ms") != 0;
	if (exchange_number(exchange, "limit", 1, PAGE_MAX, &page->limit) < 0 ||
		exchange_number(exchange, "after", 0, INT64_MAX, &page->after) < 0 ||
		exchange_number(exchange, "before", 1, INT64_MAX, &page->before) < 0 ||
		exchange_number(exchange, "since_ms", 0, INT64_MAX, &page->since_ms) < 0 || read_device(exchange, &page->device) < 0)
		return -1;
	if (page->has_after + page->has_since + (page->before != 0) > 1 && !page->device) {
		reply_error(exchange, 400, "after, before, since_ms", "give one of the three", "these parameters exclude each other");
		return -1;
	}
	return exchange_matchers(exchange, &page->matchers);
}

void api_alert_log(struct exchange *exchange)
{
	struct log_page page = { .exchange = exchange, .limit = PAGE_DEFAULT };
	if (read_log_query(&page) < 0)
		return;
	page.list = json_array();
	int err = walk_log(&page);
	matchers_free(&page.matchers);
	if (err < 0) {
		json_decref(page.list);
		reply_store_error(exchange);
		return;
	}
	reply_json(exchange, 200,
		json_pack("{s:o,s:o}", "transitions", page.list, "next", page.is_cut ? json_u64(page.last_n) : json_null()));
}
