// SPDX-License-Identifier: Apache-2.0
// Records as a device would send them, made of names and numbers: for tests of rules. Pure. Memory: the caller's struct, to which the record
// points: it must not be moved. Thread: any.
#ifndef ALERTS_ENGINE_SAMPLE_RECORD_H
#define ALERTS_ENGINE_SAMPLE_RECORD_H
#include <stdbool.h>
#include "alerts/engine/event_kind.h"
#include "proto/metrics.h"

struct sample_record {
	Mu__Record record; // what the engine takes
	Mu__Heartbeat heartbeat;
	Mu__Vitals vitals;
	Mu__LinkHealth link_health;
	Mu__Sockets sockets;
	Mu__UplinkHealth uplink;
	Mu__Tasks tasks;
	Mu__OtaHealth ota_health;
	Mu__AgentCost agent;
	Mu__Boot boot;
	Mu__Link link;
	Mu__Ota ota;
	Mu__Gap gap;
	Mu__Event event;
	Mu__Log log;
	char text[EVENT_FILTER_BYTES];
};

// Made in this boot, so long after it began, at this time of a clock that can be trusted.
struct sample_moment {
	uint32_t boot;
	uint64_t uptime_ms, wall_ms;
};

// A heartbeat without values.
void sample_heartbeat(struct sample_record *sample, const struct sample_moment *moment);
// false: the metric never has this value.
bool sample_set(struct sample_record *sample, int metric, double value);

// One event of the kind.
void sample_event(struct sample_record *sample, const struct sample_moment *moment, enum event_kind kind);
// Gives it a label that event_kind_knows(); false: the kind has it not, or not as one that can be set.
bool sample_label(struct sample_record *sample, enum event_kind kind, const char *label, const char *text);

#endif
