// SPDX-License-Identifier: Apache-2.0
// Topics of a device: muster/v1/<id>/<leaf> (proto/SPEC.md). Made when they are needed: to keep five of them would take 320 bytes.
// Pure. Thread: any.
#ifndef MU_TOPIC_H
#define MU_TOPIC_H
#include "agent/port/port.h"
#include <stdbool.h>

// id: valid, at most 32 characters. leaf: "up", "ack", "dn" or "state".
void mu_topic(char out[MU_TOPIC_MAX], const char *id, const char *leaf);

// topic may be null: it is none.
bool mu_topic_is(const char *topic, const char *id, const char *leaf);

#endif
