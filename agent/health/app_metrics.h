// SPDX-License-Identifier: Apache-2.0
// Metrics of the application's own: at most 16, integer or real, known on the wire by their index into Boot.app_metric_names.
//
// A metric without a value is not sent. One that was registered after the boot record is unknown to the collector until the next
// one: see `named`. Memory: the caller's struct (about 420 bytes); names are copied. Thread: the one that steps the agent.
#ifndef MU_HEALTH_APP_METRICS_H
#define MU_HEALTH_APP_METRICS_H
#include "agent/port/port.h"
#include "muster.pb-c.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { MU_APP_METRICS_MAX = 16 };

struct mu_app_metric {
	char name[MU_NAME_MAX];
	union {
		uint64_t bits; // of either
		int64_t integer;
		double real;
	} value;
};

struct mu_app_metrics {
	uint32_t count;
	uint32_t named; // how many names the last boot record carried; the caller sets it, and writes another when it is below count
	uint8_t kind[MU_APP_METRICS_MAX]; // Mu__AppMetric__ValueCase; NOT_SET: no value yet
	bool changed[MU_APP_METRICS_MAX]; // since mu_app_metrics_reported()
	struct mu_app_metric metric[MU_APP_METRICS_MAX];
};

void mu_app_metrics_init(struct mu_app_metrics *metrics);

// name: [a-z][a-z0-9_]{0,14}. Returns the index; that of the metric which has this name already; MU_ERR_FULL; MU_ERR_INVALID.
int mu_app_metrics_add(struct mu_app_metrics *metrics, const char *name);

// 0; MU_ERR_NOT_FOUND no such index; MU_ERR_RANGE not finite (the old value stays).
int mu_app_metrics_integer(struct mu_app_metrics *metrics, int index, int64_t value);
int mu_app_metrics_real(struct mu_app_metrics *metrics, int index, double value);

// Fills metrics that have a value, or only those changed since the last report. Returns how many.
size_t mu_app_metrics_fill(const struct mu_app_metrics *metrics, bool changed_only, Mu__AppMetric storage[MU_APP_METRICS_MAX],
	Mu__AppMetric *list[MU_APP_METRICS_MAX]);
void mu_app_metrics_reported(struct mu_app_metrics *metrics);

// The names by index, as pointers into *metrics. Returns how many.
size_t mu_app_metrics_names(struct mu_app_metrics *metrics, char *list[MU_APP_METRICS_MAX]);

#endif
