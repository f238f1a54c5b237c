// SPDX-License-Identifier: Apache-2.0
// Any bytes as a plain JSON payload, read by two mappings: refused with a reason, or records that pass the check that devices must pass and
// survive being packed and unpacked.
#include "collector/ingest/json_record.h"
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char text[] =
	"topics:\n"
	"- topic: devices/telemetry\n"
	"- topic: site/{device}/health\n"
	"  fields: {uptime_s: {path: a.0.up, unit: ms}, heap_free_bytes: {path: heap, unit: KiB}, event: alarm, hardware: chip,\n"
	"    reset_reason: why, rssi_dbm: rssi, ota_state: o, watchdog_armed: w, sockets_open: s, spool_records: q,\n"
	"    cpu0_permille: {path: c, unit: percent}, agent_sent_bytes: b}\n"
	"  reset_reasons: {oops: crash}\n";

static void check(const Mu__Record *record)
{
	static uint8_t bytes[MU_RECORD_BYTES_MAX];
	if (mu_limits_check_record(record, 0) < 0 || mu__record__get_packed_size(record) > sizeof bytes)
		abort();
	size_t size = mu__record__pack(record, bytes);
	Mu__Record *again = mu__record__unpack(0, size, bytes);
	if (!again || again->body_case != record->body_case)
		abort();
	mu__record__free_unpacked(again, 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct config_errors errors;
	static struct json_map *map;
	if (!map)
		map = json_map_parse("map", text, sizeof text - 1, &errors);
	if (!map)
		abort();
	for (unsigned i = 0; i < map->topic_count; i++) {
		struct json_reading reading;
		struct json_records records;
		char reason[JSON_PAYLOAD_REASON_BYTES] = "";
		struct json_known known = { .boot = i, .uptime_ms = 100000, .plain = { .heard_ms = UINT64_C(1790000000000) } };
		int result = json_payload_read(&map->topics[i], "site/porch/health", data, size, &reading, reason);
		if ((result < 0) != (reason[0] != 0) || !memchr(reading.id, 0, sizeof reading.id))
			abort();
		if (result < 0)
			continue;
		json_records_make(&records, &reading, &known, UINT64_C(1790000050000));
		for (unsigned r = 0; r < records.count; r++)
			check(&records.list[r]);
	}
	return 0;
}
