// SPDX-License-Identifier: Apache-2.0
#include "collector/http/api.h"
#include "collector/http/json_text.h"
#include "collector/http/record_json.h"
#include "collector/http/record_text.h"
#include "collector/store/records.h"
#include <stdio.h>
#include <string.h>

struct page {
	json_t *list;
	uint32_t dev;
	bool is_foreign; // the walk began at a row of another device
};

// "heartbeat" or "boot_report,link" to the bits of the bodies; 0: one of them is none of these.
static uint32_t kinds_of(const char *names)
{
	uint32_t kinds = 0;
	for (size_t size; *names; names += size + (names[size] == ',')) {
		char name[32];
		size = strcspn(names, ",");
		snprintf(name, sizeof name, "%.*s", size < sizeof name ? (int)size : 0, names);
		const ProtobufCFieldDescriptor *field = protobuf_c_message_descriptor_get_field_by_name(&mu__record__descriptor, name);
		if (!field || !(field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF))
			return 0;
		kinds |= UINT32_C(1) << field->id;
	}
	return kinds;
}

static const char *kind_name(uint32_t kind)
{
	const ProtobufCFieldDescriptor *field = protobuf_c_message_descriptor_get_field(&mu__record__descriptor, kind);
	return field ? field->name : "unknown";
}

static json_t *record_json(const struct store_record *row)
{
	Mu__Record *record = mu__record__unpack(0, row->body.size, row->body.bytes);
	json_t *object =
		record ? message_json(&record->base) : json_pack("{s:o}", "undecodable", json_hex(row->body.bytes, row->body.size));
	json_t *about = json_pack("{s:o,s:o,s:o,s:o,s:s}", "n", json_u64(row->n), "seq", json_u64(row->seq), "epoch",
		json_sprintf("0x%016llx", (unsigned long long)row->epoch), "recv_ms", json_u64(row->recv_ms), "kind", kind_name(row->kind));
	json_object_update(object, about);
	json_decref(about);
	if (record) {
		char text[RECORD_TEXT_BYTES];
		record_text(record, text, sizeof text);
		json_object_set_new(object, "text", json_text(text, sizeof text));
		mu__record__free_unpacked(record, 0);
	}
	return object;
}

static int add_record(void *context, const struct store_record *row)
{
	struct page *page = context;
	if (row->dev != page->dev) {
		page->is_foreign = true;
		return 1;
	}
	json_array_append_new(page->list, record_json(row));
	return 0;
}

static void send_page(struct exchange *exchange, const struct device *device, uint64_t from, uint32_t kinds, unsigned limit)
{
	struct page page = { .list = json_array(), .dev = device->dev };
	uint64_t next = 0;
	int shown = from ? store_record_walk(exchange->sources->store, from, kinds, limit, add_record, &page, &next) : 0;
	if (page.is_foreign || (shown < 0 && shown != -STORE_ENOENT)) {
		json_decref(page.list);
		if (page.is_foreign)
			reply_error(exchange, 400, exchange->path, "use the value of `next` from the page before",
				"parameter before must be the number of a record of this device");
		else
			reply_error(exchange, 503, "store", "see the log of musterd", "%s", store_fault(exchange->sources->store)->what);
		return;
	}
	reply_json(exchange, 200, json_pack("{s:o,s:o}", "records", page.list, "next", next ? json_u64(next) : json_null()));
}

void api_records(struct exchange *exchange)
{
	const struct device *device = exchange_device(exchange);
	if (!device)
		return;
	const char *name = query_get(&exchange->query, "kind");
	uint64_t limit = PAGE_DEFAULT, from = device->ledger.last_n;
	uint32_t kinds = name ? kinds_of(name) : 0;

	if (exchange_number(exchange, "limit", 1, PAGE_MAX, &limit) < 0 || exchange_number(exchange, "before", 1, INT64_MAX, &from) < 0)
		return;
	if (name && !kinds) {
		reply_error(exchange, 400, name,
			"use heartbeat, boot_report, link, ota, command_result, event, log or gap, several joined by commas",
			"this is not a kind of record");
		return;
	}
	send_page(exchange, device, from, kinds, (unsigned)limit);
}
