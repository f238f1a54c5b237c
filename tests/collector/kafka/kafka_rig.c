// SPDX-License-Identifier: Apache-2.0
#include "kafka_rig.h"

#include <stdarg.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "../store/scratch.h"
#include "collector/clock.h"
#include "collector/log.h"
#include "collector/store/cursors.h"
#include "collector/store/devices.h"
#include "collector/store/records.h"
#include "muster.pb-c.h"

enum { PATIENCE_MS = 20000, BODY_MAX = 4096 };

static void make_devices(struct kafka_rig *rig)
{
	assert_int_equal(store_begin(rig->store), 0);
	for (uint32_t dev = 0; dev < RIG_DEVICES; dev++) {
		char id[16];
		snprintf(id, sizeof id, "dev-%u", dev);
		assert_int_equal(store_device_add(rig->store, dev, id, 1000), 0);
		assert_non_null(fleet_add(rig->fleet, id, 1000));
	}
	assert_int_equal(store_commit(rig->store), 0);
}

int kafka_rig_setup(void **state)
{
	struct kafka_rig *rig = calloc(1, sizeof *rig);
	assert_int_equal(scratch_setup(&rig->scratch), 0);
	rig->store = ((struct scratch *)rig->scratch)->store;
	log_set_threshold(getenv("LOUD") ? LOG_AT_DEBUG : LOG_AT_ERROR);
	mock_kafka_open(&rig->mock, 1);
	config_defaults(&rig->config);
	mock_kafka_create(&rig->mock, rig->config.kafka.telemetry_topic, RIG_PARTITIONS);
	mock_kafka_create(&rig->mock, rig->config.kafka.alerts_topic, 1);
	mock_kafka_create(&rig->mock, rig->config.kafka.deadletter_topic, 1);
	snprintf(rig->config.kafka.brokers, sizeof rig->config.kafka.brokers, "%s", rig->mock.brokers);
	rig->base = event_base_new();
	rig->fleet = fleet_new();
	make_devices(rig);
	*state = rig;
	return 0;
}

int kafka_rig_teardown(void **state)
{
	struct kafka_rig *rig = *state;
	kafka_free(rig->kafka);
	fleet_free(rig->fleet);
	event_base_free(rig->base);
	mock_kafka_close(&rig->mock);
	scratch_teardown(&rig->scratch);
	free(rig);
	return 0;
}

static void on_hold(void *context, bool is_held)
{
	struct kafka_rig *rig = context;
	rig->held += is_held;
	rig->released += !is_held;
}

void kafka_rig_start(struct kafka_rig *rig)
{
	struct kafka_parts parts = { rig->base, &rig->config, rig->store, rig->fleet, &rig->counters, on_hold, rig };
	rig->kafka = kafka_new(&parts, &rig->errors);
	if (!rig->kafka)
		fail_msg("%s", rig->errors.text[0]);
}

void kafka_rig_kill(struct kafka_rig *rig)
{
	kafka_free(rig->kafka);
	rig->kafka = 0;
}

static size_t make_body(uint8_t *body, uint64_t seq, size_t least)
{
	static char text[BODY_MAX];
	Mu__Record record = MU__RECORD__INIT;
	Mu__Log line = MU__LOG__INIT;
	assert_true(least < BODY_MAX);
	memset(text, 'x', least);
	text[least] = 0;
	line.text = text;
	record.boot = 1;
	record.uptime_ms = seq * 1000;
	record.body_case = MU__RECORD__BODY_LOG;
	record.log = &line;
	return mu__record__pack(&record, body);
}

void kafka_rig_add_records(struct kafka_rig *rig, unsigned count, size_t body_bytes)
{
	uint8_t body[BODY_MAX + 64];
	uint64_t n;
	assert_int_equal(store_begin(rig->store), 0);
	for (unsigned i = 0; i < count; i++) {
		uint32_t dev = i % RIG_DEVICES;
		struct store_record record = { .epoch = 7 + dev,
			.seq = ++rig->seq[dev],
			.recv_ms = clock_wall_ms(),
			.dev = dev,
			.kind = 11 };
		record.body = (struct store_blob){ body, make_body(body, record.seq, body_bytes) };
		assert_int_equal(store_record_append(rig->store, &record, &n), 0);
	}
	assert_int_equal(store_commit(rig->store), 0);
	kafka_wake(rig->kafka);
}

void kafka_rig_run(struct kafka_rig *rig, bool (*check)(struct kafka_rig *rig))
{
	uint64_t until_ms = clock_monotonic_ms() + PATIENCE_MS;
	while (!check(rig)) {
		if (clock_monotonic_ms() > until_ms)
			fail_msg("does not come about within %d ms: restarts %llu, delivered %llu, failed %llu", PATIENCE_MS,
				(unsigned long long)rig->counters.kafka_restarts, (unsigned long long)rig->counters.kafka_delivered,
				(unsigned long long)rig->counters.kafka_failed);
		kafka_rig_run_ms(rig, 10);
	}
}

void kafka_rig_run_ms(struct kafka_rig *rig, unsigned ms)
{
	struct timeval wait = { .tv_sec = ms / 1000, .tv_usec = (suseconds_t)(ms % 1000 * 1000) };
	event_base_loopexit(rig->base, &wait);
	event_base_dispatch(rig->base);
}

bool kafka_rig_is_stored(struct kafka_rig *rig)
{
	uint64_t oldest, newest, cursor;
	assert_int_equal(store_record_bounds(rig->store, &oldest, &newest), 0);
	assert_int_equal(store_cursor_get(rig->store, CURSOR_KAFKA_RECORDS, &cursor), 0);
	return cursor == newest;
}

size_t kafka_rig_prove(struct kafka_rig *rig)
{
	struct mock_messages messages;
	uint64_t highest[RIG_DEVICES] = { 0 };
	mock_kafka_read(&rig->mock, rig->config.kafka.telemetry_topic, RIG_PARTITIONS, &messages);
	for (size_t i = 0; i < messages.count; i++) {
		Mu__Telemetry *telemetry = mu__telemetry__unpack(0, messages.items[i].size, (const uint8_t *)messages.items[i].value);
		unsigned dev;
		assert_non_null(telemetry);
		assert_string_equal(telemetry->device, messages.items[i].key);
		assert_int_equal(sscanf(telemetry->device, "dev-%u", &dev), 1);
		assert_int_equal(telemetry->received_ms, messages.items[i].timestamp_ms);
		assert_int_equal(telemetry->record->uptime_ms, telemetry->seq * 1000);
		if (telemetry->seq > highest[dev]) // a first occurrence
			assert_int_equal(telemetry->seq, ++highest[dev]);
		mu__telemetry__free_unpacked(telemetry, 0);
	}
	for (unsigned dev = 0; dev < RIG_DEVICES; dev++)
		assert_int_equal(highest[dev], rig->seq[dev]);
	size_t count = messages.count;
	mock_messages_free(&messages);
	return count;
}
