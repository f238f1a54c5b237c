// SPDX-License-Identifier: Apache-2.0
#include "alerts/engine/rule_scenario.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "alerts/engine/sample_record.h"

#define UPTIME_AT_BEGIN_MS (UINT64_C(24) * 3600 * 1000) // a device that has run for a while

int rule_scenario_init(struct rule_scenario *scenario, uint64_t interval_ms)
{
	*scenario = (struct rule_scenario){
		.interval_ms = interval_ms,
		.devices = calloc(SCENARIO_DEVICES_MAX, sizeof *scenario->devices),
		.series = calloc(SCENARIO_SERIES_MAX, sizeof *scenario->series),
		.series_devs = calloc(SCENARIO_SERIES_MAX, sizeof *scenario->series_devs),
		.events = calloc(SCENARIO_EVENTS_MAX, sizeof *scenario->events),
	};
	return scenario->devices && scenario->series && scenario->series_devs && scenario->events ? 0 : -1;
}

void rule_scenario_free(struct rule_scenario *scenario)
{
	for (unsigned i = 0; i < scenario->series_count; i++)
		rule_series_free(&scenario->series[i]);
	free(scenario->devices);
	free(scenario->series);
	free(scenario->series_devs);
	free(scenario->events);
	*scenario = (struct rule_scenario){ 0 };
}

int rule_scenario_device(struct rule_scenario *scenario, const char *id)
{
	for (unsigned i = 0; i < scenario->device_count; i++)
		if (strcmp(scenario->devices[i].id, id) == 0)
			return (int)i;
	if (scenario->device_count == SCENARIO_DEVICES_MAX)
		return -1;
	struct scenario_device *device = &scenario->devices[scenario->device_count];
	snprintf(device->id, sizeof device->id, "%s", id);
	device->boot = 1;
	device->booted_ms = SCENARIO_BEGIN_MS - UPTIME_AT_BEGIN_MS;
	return (int)scenario->device_count++;
}

int rule_scenario_add_series(struct rule_scenario *scenario, struct rule_series *series)
{
	int dev = rule_scenario_device(scenario, series->device);
	if (dev < 0 || scenario->series_count == SCENARIO_SERIES_MAX)
		return -1;
	if (series->firmware[0])
		memcpy(scenario->devices[dev].firmware, series->firmware, sizeof series->firmware);
	scenario->series_devs[scenario->series_count] = (uint32_t)dev;
	scenario->series[scenario->series_count++] = *series;
	return 0;
}

int rule_scenario_add_event(struct rule_scenario *scenario, const struct scenario_event *event)
{
	if (scenario->event_count == SCENARIO_EVENTS_MAX)
		return -1;
	scenario->events[scenario->event_count++] = *event;
	return 0;
}

void rule_scenario_identify(const struct rule_scenario *scenario, uint32_t dev, const char **id, const char **firmware)
{
	*id = scenario->devices[dev].id;
	*firmware = scenario->devices[dev].firmware;
}

// By time; of one time in the order in which they are written.
void rule_scenario_begin(struct rule_scenario *scenario)
{
	for (unsigned i = 1; i < scenario->event_count; i++)
		for (unsigned k = i; k && scenario->events[k].at_ms < scenario->events[k - 1].at_ms; k--) {
			struct scenario_event event = scenario->events[k];
			scenario->events[k] = scenario->events[k - 1];
			scenario->events[k - 1] = event;
		}
	scenario->next_sample = 0;
	scenario->next_event = 0;
}

static struct sample_moment moment_of(const struct scenario_device *device, uint64_t now_ms)
{
	return (struct sample_moment){ device->boot, now_ms - device->booted_ms, now_ms };
}

static int take(struct alert_engine *engine, uint32_t dev, const struct sample_record *sample, uint64_t now_ms)
{
	int result = alert_engine_begin(engine);
	if (result == 0)
		result = alert_engine_record(engine, dev, &sample->record, now_ms);
	if (result == 0)
		alert_engine_commit(engine);
	return result;
}

// The heartbeat of a device at one index of the series; none if no series has a value there.
static int play_heartbeat(const struct rule_scenario *scenario, struct alert_engine *engine, uint32_t dev, uint64_t index)
{
	uint64_t now_ms = SCENARIO_BEGIN_MS + index * scenario->interval_ms;
	struct sample_moment moment = moment_of(&scenario->devices[dev], now_ms);
	struct sample_record sample;
	bool has_value = false;
	sample_heartbeat(&sample, &moment);
	for (unsigned i = 0; i < scenario->series_count; i++) {
		const struct rule_series *series = &scenario->series[i];
		if (scenario->series_devs[i] != dev || index >= series->count || isnan(series->values[index]))
			continue;
		sample_set(&sample, series->metric, series->values[index]);
		has_value = true;
	}
	return has_value ? take(engine, dev, &sample, now_ms) : 0;
}

static int play_event(struct rule_scenario *scenario, struct alert_engine *engine, const struct scenario_event *event)
{
	struct scenario_device *device = &scenario->devices[event->dev];
	uint64_t now_ms = SCENARIO_BEGIN_MS + event->at_ms;
	struct sample_record sample;
	if (event->kind <= EVENT_BROWN_OUT) { // it was a boot
		device->boot++;
		device->booted_ms = now_ms;
	}
	struct sample_moment moment = moment_of(device, now_ms);
	sample_event(&sample, &moment, event->kind);
	for (unsigned i = 0; i < event->label_count; i++)
		sample_label(&sample, event->kind, event->labels[i].name, event->labels[i].text);
	return take(engine, event->dev, &sample, now_ms);
}

static int play_samples(struct rule_scenario *scenario, struct alert_engine *engine)
{
	uint64_t index = scenario->next_sample++;
	for (uint32_t dev = 0; dev < scenario->device_count; dev++) {
		int result = play_heartbeat(scenario, engine, dev, index);
		if (result < 0)
			return result;
	}
	return 0;
}

static uint64_t longest(const struct rule_scenario *scenario)
{
	size_t count = 0;
	for (unsigned i = 0; i < scenario->series_count; i++)
		if (scenario->series[i].count > count)
			count = scenario->series[i].count;
	return count;
}

static int pass_time(struct alert_engine *engine, uint64_t now_ms)
{
	int result = alert_engine_begin(engine);
	if (result == 0)
		result = alert_engine_advance(engine, now_ms);
	if (result >= 0)
		alert_engine_commit(engine);
	return result < 0 ? result : 0;
}

// The next thing in time, heartbeats before events; false: nothing more until then.
static bool play_next(struct rule_scenario *scenario, struct alert_engine *engine, uint64_t until_ms, int *result)
{
	bool has_sample = scenario->next_sample < longest(scenario);
	bool has_event = scenario->next_event < scenario->event_count;
	uint64_t sample_ms = has_sample ? scenario->next_sample * scenario->interval_ms : UINT64_MAX;
	uint64_t event_ms = has_event ? scenario->events[scenario->next_event].at_ms : UINT64_MAX;
	if (has_sample && sample_ms <= event_ms && sample_ms <= until_ms)
		*result = play_samples(scenario, engine);
	else if (has_event && event_ms <= until_ms)
		*result = play_event(scenario, engine, &scenario->events[scenario->next_event++]);
	else
		return false;
	return *result >= 0;
}

int rule_scenario_play(struct rule_scenario *scenario, struct alert_engine *engine, uint64_t until_ms)
{
	int result = 0;
	while (play_next(scenario, engine, until_ms, &result))
		;
	return result < 0 ? result : pass_time(engine, SCENARIO_BEGIN_MS + until_ms);
}
