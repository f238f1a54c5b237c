// SPDX-License-Identifier: Apache-2.0
// The topics of proto/SPEC.md: muster/v1/<id>/up and the others. Pure.
#ifndef COLLECTOR_INGEST_TOPIC_H
#define COLLECTOR_INGEST_TOPIC_H
#include <stddef.h>
#include "proto/limits.h"

enum topic_kind { TOPIC_FOREIGN, TOPIC_UP, TOPIC_STATE, TOPIC_BROKER_DROPPED, TOPIC_JSON };

#define TOPIC_SUBSCRIBE_UP "muster/v1/+/up"
#define TOPIC_SUBSCRIBE_STATE "muster/v1/+/state"
#define TOPIC_SUBSCRIBE_DROPPED "$SYS/broker/publish/messages/dropped"

enum { TOPIC_ID_BYTES = MU_DEVICE_ID_MAX + 1, TOPIC_BYTES = 64 };

// What a message on this topic is; never JSON, which is said by a mapping (json_map.h). For UP and STATE id gets the device's; FOREIGN (also:
// an id outside the alphabet) makes it empty.
enum topic_kind topic_parse(const char *topic, char id[TOPIC_ID_BYTES]);

// Writes muster/v1/<id>/<leaf> into topic.
void topic_of(const char *id, const char *leaf, char topic[TOPIC_BYTES]);

#endif
