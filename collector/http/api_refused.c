// SPDX-License-Identifier: Apache-2.0
// What was refused and what was done: the dead letters and the audit log, newest first.
#include "collector/http/api.h"
#include "collector/http/json_text.h"
#include "collector/store/dead_letters.h"
#include "collector/store/store_audit.h"
#include <string.h>

struct list {
	json_t *rows;
	uint64_t last; // number of the last row
};

static json_t *text_json(const char *text)
{
	return text && *text ? json_text(text, strlen(text)) : json_null();
}

static int add_letter(void *context, const struct dead_letter *letter)
{
	struct list *list = context;
	list->last = letter->n;
	return json_array_append_new(list->rows,
		json_pack("{s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o}", "n", json_u64(letter->n), "recv_ms", json_u64(letter->recv_ms), "device",
			text_json(letter->device), "topic", text_json(letter->topic), "epoch",
			json_sprintf("0x%016llx", (unsigned long long)letter->epoch), "seq", json_u64(letter->seq), "reason",
			text_json(letter->reason), "size", json_u64(letter->size), "payload",
			json_hex(letter->payload.bytes, letter->payload.size)));
}

static int add_audit(void *context, const struct store_audit *row)
{
	struct list *list = context;
	list->last = row->n;
	return json_array_append_new(list->rows,
		json_pack("{s:o,s:o,s:o,s:o,s:o,s:o,s:o}", "n", json_u64(row->n), "at_ms", json_u64(row->at_ms), "actor",
			text_json(row->actor), "action", text_json(row->action), "target", text_json(row->target), "detail",
			text_json(row->detail), "outcome", text_json(row->outcome)));
}

// A full page has a next one, which may turn out empty. shown: rows, or STORE_E*.
static void send_list(struct exchange *exchange, const char *name, struct list *list, int shown, uint64_t limit)
{
	if (shown < 0 || !list->rows) {
		json_decref(list->rows);
		reply_error(exchange, 503, "store", "see the log of musterd", "%s", store_fault(exchange->sources->store)->what);
		return;
	}
	bool more = (uint64_t)shown == limit;
	reply_json(exchange, 200, json_pack("{s:o,s:o}", name, list->rows, "next", more ? json_u64(list->last) : json_null()));
}

static bool read_page(struct exchange *exchange, uint64_t *limit, uint64_t *before)
{
	*limit = PAGE_DEFAULT;
	*before = 0;
	return exchange_number(exchange, "limit", 1, PAGE_MAX, limit) == 0 &&
		exchange_number(exchange, "before", 1, INT64_MAX, before) == 0;
}

void api_dead_letters(struct exchange *exchange)
{
	uint64_t limit, before;
	struct list list = { .rows = json_array() };
	if (!read_page(exchange, &limit, &before)) {
		json_decref(list.rows);
		return;
	}
	int shown = store_dead_letter_list(exchange->sources->store, before, (unsigned)limit, add_letter, &list);
	send_list(exchange, "dead_letters", &list, shown, limit);
}

void api_audit(struct exchange *exchange)
{
	uint64_t limit, before;
	struct list list = { .rows = json_array() };
	if (!read_page(exchange, &limit, &before)) {
		json_decref(list.rows);
		return;
	}
	int shown = store_audit_list(exchange->sources->store, before, (unsigned)limit, add_audit, &list);
	send_list(exchange, "audit", &list, shown, limit);
}
