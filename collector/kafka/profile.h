// SPDX-License-Identifier: Apache-2.0
// How musterd's Kafka producer is set up: what its guarantees need is fixed, the rest has defaults that kafka.properties_file may change.
//
// Fixed: idempotent and without gaps, acks=all, no time limit for a message (the store owns time), a bounded queue, murmur2 partitioning as
// Java clients do it, no silent creation of topics. Naming one of these in the file is an error, as is whatever would take deliveries away from
// us. Secrets of the file go to librdkafka only, never into a text. Thread: any.
#ifndef COLLECTOR_KAFKA_PROFILE_H
#define COLLECTOR_KAFKA_PROFILE_H
#include <librdkafka/rdkafka.h>
#include "collector/config.h"

// Bounds of what waits in memory for Kafka. Beside the values each message costs about 500 bytes in librdkafka.
enum { PROFILE_QUEUE_MESSAGES = 4500, PROFILE_QUEUE_KBYTES = 6144 };

// The caller owns it. Null: *errors has a line `FILE:LINE: what (remedy)` for each thing that is wrong.
rd_kafka_conf_t *profile_new(const struct config *config, struct config_errors *errors);

#endif
