// SPDX-License-Identifier: Apache-2.0
#include "collector/http/prometheus.h"
#include "collector/counters.h"
#include "collector/fleet/commands.h"
#include "version.h"
#include <event2/buffer.h>
#include <stdlib.h>

static int write_counters(const struct counters *counters, struct evbuffer *out)
{
	char *text = malloc(COUNTERS_TEXT_BYTES);
	int length = text ? counters_format(counters, text, COUNTERS_TEXT_BYTES) : -1;
	int err = length < 0 ? -1 : evbuffer_add(out, text, (size_t)length);
	free(text);
	return err;
}

static int write_head(struct evbuffer *out, const char *name, const char *help)
{
	return evbuffer_add_printf(out, "# HELP %s %s\n# TYPE %s gauge\n", name, help, name);
}

static int write_conditions(const struct exchange *exchange, struct evbuffer *out)
{
	unsigned long count[CONDITION_COUNT] = { 0 };
	const struct fleet *fleet = exchange->sources->fleet;
	for (size_t i = 0; i < fleet_count(fleet); i++)
		count[condition_state_of(fleet_at(fleet, i), &exchange->view)]++;
	int err = write_head(out, "muster_devices_by_condition", "Devices in each condition");
	for (int i = 0; err >= 0 && i < CONDITION_COUNT; i++)
		if (condition_severity(i) != SEVERITY_INFO)
			err = evbuffer_add_printf(out, "muster_devices_by_condition{condition=\"%s\"} %lu\n", condition_name(i), count[i]);
	return err;
}

int prometheus_write(const struct exchange *exchange, struct evbuffer *out)
{
	const struct http_sources *sources = exchange->sources;
	char reasons[256] = "";
	int not_ready = sources->not_ready ? sources->not_ready(sources->context, reasons, sizeof reasons) : 0;

	if (write_counters(sources->counters, out) < 0 || write_conditions(exchange, out) < 0)
		return -1;
	write_head(out, "muster_build_info", "Always 1; the labels say what runs");
	evbuffer_add_printf(out, "muster_build_info{version=\"%s\",commit=\"%s\"} 1\n", MUSTER_VERSION, MUSTER_COMMIT);
	write_head(out, "muster_ready", "1 if musterd takes records now");
	evbuffer_add_printf(out, "muster_ready %d\n", !not_ready);
	write_head(out, "muster_commands_open", "Commands that have not come to their end");
	evbuffer_add_printf(out, "muster_commands_open %zu\n", commands_open_count(sources->commands));
	write_head(out, "muster_event_loop_lag_seconds", "Worst delay of the event loop in the last 30 to 60 s");
	evbuffer_add_printf(out, "muster_event_loop_lag_seconds %.6f\n", loop_lag_worst_s(exchange->lag));
	write_head(out, "muster_start_time_seconds", "Unix time of the start of musterd");
	return evbuffer_add_printf(out, "muster_start_time_seconds %.3f\n", (double)exchange->settings->started_ms / 1000) < 0 ? -1 : 0;
}
