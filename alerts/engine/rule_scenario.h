// SPDX-License-Identifier: Apache-2.0
// What happens to the devices of one test of rules, in the order of time: heartbeats made of series, and events. Played into an engine.
//
// Pure. Memory: the heap, freed by rule_scenario_free(). Thread: any one at a time.
#ifndef ALERTS_ENGINE_RULE_SCENARIO_H
#define ALERTS_ENGINE_RULE_SCENARIO_H
#include "alerts/engine/engine.h"
#include "alerts/engine/event_kind.h"
#include "alerts/engine/rule_series.h"

enum { SCENARIO_DEVICES_MAX = 1000, SCENARIO_SERIES_MAX = 2000, SCENARIO_EVENTS_MAX = 2000, SCENARIO_LABELS_MAX = 2 };

// When a scenario begins, Unix time; all times in it are milliseconds since then.
#define SCENARIO_BEGIN_MS UINT64_C(1700000000000)

struct scenario_event {
	uint64_t at_ms;
	uint32_t dev;
	enum event_kind kind;
	unsigned label_count;
	struct {
		char name[16], text[EVENT_FILTER_BYTES];
	} labels[SCENARIO_LABELS_MAX];
};

struct scenario_device {
	char id[RULE_SERIES_NAME_BYTES], firmware[RULE_SERIES_NAME_BYTES];
	uint32_t boot;
	uint64_t booted_ms;
};

struct rule_scenario {
	uint64_t interval_ms; // of the series
	struct scenario_device *devices;
	unsigned device_count;
	struct rule_series *series;
	uint32_t *series_devs;
	unsigned series_count;
	struct scenario_event *events; // sorted by rule_scenario_begin()
	unsigned event_count;
	uint64_t next_sample;          // index into the series that is played next
	unsigned next_event;
};

int rule_scenario_init(struct rule_scenario *scenario, uint64_t interval_ms); // -1: no memory
void rule_scenario_free(struct rule_scenario *scenario);

// The number of the device of this id, a new one if it must be. -1: too many.
int rule_scenario_device(struct rule_scenario *scenario, const char *id);
// Takes the series over. -1: too many; then it is still the caller's.
int rule_scenario_add_series(struct rule_scenario *scenario, struct rule_series *series);
int rule_scenario_add_event(struct rule_scenario *scenario, const struct scenario_event *event);

void rule_scenario_begin(struct rule_scenario *scenario);

// Plays all up to and with until_ms, then lets the time pass to it. 0, or an alert_engine_err.
int rule_scenario_play(struct rule_scenario *scenario, struct alert_engine *engine, uint64_t until_ms);

// For struct alert_engine_calls.
void rule_scenario_identify(const struct rule_scenario *scenario, uint32_t dev, const char **id, const char **firmware);

#endif
