// SPDX-License-Identifier: Apache-2.0
// A transition of an alert as a CloudEvent 1.0 in structured JSON (https://github.com/cloudevents/spec, version 1.0.2).
//
//   type     org.muster.alert.firing.v1   begins to fire, or fires with another severity (data.previous_severity)
//            org.muster.alert.resolved.v1 no longer true
//   source   /muster/COLLECTOR/rule/UID   COLLECTOR is kafka.client_id
//   id       UID:DEVICE:STARTED_MS:N      one a transition: source and id together name it for all time, a second one is a repetition
//   subject  device/ID
//   time     event time
//   data     alert, uid, device, state, severity, previous_severity, reason, value, threshold (null: none), started_ms, fired_ms, incident,
//            transition, labels, annotations
//
// What is pending, or fires on while it recovers, is no event. Thread: any.
#ifndef COLLECTOR_KAFKA_CLOUD_EVENT_H
#define COLLECTOR_KAFKA_CLOUD_EVENT_H
#include <stdbool.h>
#include "collector/store/store_alerts.h"

bool cloud_event_is_due(const struct store_transition *transition);

// The caller frees it. Null: no memory.
char *cloud_event_json(const char *collector, const char *device, const struct store_transition *transition);

#endif
