// SPDX-License-Identifier: Apache-2.0
// A store, a fleet, a mock Kafka and the way out between them, on a loop of its own. All asserts.
#ifndef TESTS_COLLECTOR_KAFKA_KAFKA_RIG_H
#define TESTS_COLLECTOR_KAFKA_KAFKA_RIG_H
#include <event2/event.h>
#include <stdbool.h>
#include "collector/kafka/kafka.h"
#include "collector/store/store.h"
#include "mock_kafka.h"

enum { RIG_DEVICES = 8, RIG_PARTITIONS = 2 };

struct kafka_rig {
	void *scratch; // a struct scratch
	struct store *store;
	struct mock_kafka mock;
	struct event_base *base;
	struct fleet *fleet;
	struct config config;
	struct config_errors errors;
	struct counters counters;
	struct kafka *kafka;
	uint64_t seq[RIG_DEVICES];
	int held, released; // calls of hold()
};

// cmocka's: *state becomes a struct kafka_rig with topics and devices, the way out not yet open.
int kafka_rig_setup(void **state);
int kafka_rig_teardown(void **state);

void kafka_rig_start(struct kafka_rig *rig);
void kafka_rig_kill(struct kafka_rig *rig); // without a clean end: what was not stored of the cursors is lost

// So many records, round the devices; one transaction. Their bodies are heartbeats of at least body_bytes.
void kafka_rig_add_records(struct kafka_rig *rig, unsigned count, size_t body_bytes);

// Runs the loop until check() says true; fails the test after 20 s.
void kafka_rig_run(struct kafka_rig *rig, bool (*check)(struct kafka_rig *rig));
void kafka_rig_run_ms(struct kafka_rig *rig, unsigned ms);
bool kafka_rig_is_stored(struct kafka_rig *rig); // the cursor of the records is at the newest

// The topic of telemetry holds every record of the store, each device's first occurrences in the order of their numbers. Returns the messages.
size_t kafka_rig_prove(struct kafka_rig *rig);

#endif
