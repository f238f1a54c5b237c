// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include "tests/collector/ingest/uplink_maker.h"

enum { RECORDS_TAG = 4 << 3 | 2, RECORD_MAX = 120 };

static size_t make_record(const struct uplink_maker *maker, unsigned index, uint8_t *bytes)
{
	Mu__Record record = MU__RECORD__INIT;
	Mu__Heartbeat heartbeat = MU__HEARTBEAT__INIT;
	Mu__Vitals vitals = MU__VITALS__INIT;
	Mu__Gap gap = MU__GAP__INIT;
	record.boot = maker->boot;
	record.uptime_ms = maker->uptime_ms + index * 1000;
	if (maker->gap_count && index == 0) {
		gap.count = maker->gap_count;
		gap.reason = MU__GAP_REASON__GAP_OVERWRITTEN;
		record.body_case = MU__RECORD__BODY_GAP;
		record.gap = &gap;
	} else {
		vitals.has_heap_free_bytes = vitals.has_temperature_decicelsius = 1;
		vitals.heap_free_bytes = 100000 + index;
		vitals.temperature_decicelsius = maker->bad & 1u << index ? 55000 : 250;
		heartbeat.vitals = &vitals;
		record.body_case = MU__RECORD__BODY_HEARTBEAT;
		record.heartbeat = &heartbeat;
	}
	size_t size = mu__record__pack(&record, bytes);
	assert_true(size < RECORD_MAX);
	if (maker->broken & 1u << index)
		bytes[size - 1] |= 0x80; // its last number never ends
	return size;
}

size_t uplink_make(const struct uplink_maker *maker, uint8_t *bytes, size_t capacity)
{
	Mu__Uplink uplink = MU__UPLINK__INIT;
	uplink.epoch = maker->epoch;
	uplink.first_seq = maker->first_seq;
	uplink.oldest_seq = maker->oldest_seq;
	size_t used = mu__uplink__pack(&uplink, bytes);
	for (unsigned i = 0; i < maker->count; i++) {
		assert_true(capacity - used > RECORD_MAX + 2);
		size_t size = make_record(maker, i, bytes + used + 2);
		bytes[used] = RECORDS_TAG;
		bytes[used + 1] = (uint8_t)size;
		used += size + 2;
	}
	return used;
}
