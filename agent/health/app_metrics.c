// SPDX-License-Identifier: Apache-2.0
#include "agent/health/app_metrics.h"
#include "proto/limits.h"
#include <string.h>

void mu_app_metrics_init(struct mu_app_metrics *metrics)
{
	*metrics = (struct mu_app_metrics){ 0 };
}

static bool is_letter(char c)
{
	return c >= 'a' && c <= 'z';
}

// Length, or 0 if it is no name.
static size_t name_length(const char *name)
{
	size_t length = 0;
	for (; name[length]; length++) {
		char c = name[length];
		bool allowed = is_letter(c) || (length > 0 && ((c >= '0' && c <= '9') || c == '_'));
		if (!allowed || length == MU_NAME_MAX - 1)
			return 0;
	}
	return length;
}

int mu_app_metrics_add(struct mu_app_metrics *metrics, const char *name)
{
	size_t length = name ? name_length(name) : 0;
	if (length == 0)
		return MU_ERR_INVALID;
	for (uint32_t i = 0; i < metrics->count; i++)
		if (strcmp(metrics->metric[i].name, name) == 0)
			return (int)i;
	if (metrics->count == MU_APP_METRICS_MAX)
		return MU_ERR_FULL;
	memcpy(metrics->metric[metrics->count].name, name, length + 1);
	return (int)metrics->count++;
}

// Values are compared by their bits: no floating-point arithmetic, for which a chip without a unit would link 2 KB.
static int set(struct mu_app_metrics *metrics, int index, Mu__AppMetric__ValueCase kind, uint64_t bits)
{
	if (index < 0 || (uint32_t)index >= metrics->count)
		return MU_ERR_NOT_FOUND;
	struct mu_app_metric *metric = &metrics->metric[index];
	metrics->changed[index] |= metrics->kind[index] != kind || metric->value.bits != bits;
	metrics->kind[index] = (uint8_t)kind;
	metric->value.bits = bits;
	return 0;
}

int mu_app_metrics_integer(struct mu_app_metrics *metrics, int index, int64_t value)
{
	return set(metrics, index, MU__APP_METRIC__VALUE_INTEGER, (uint64_t)value);
}

int mu_app_metrics_real(struct mu_app_metrics *metrics, int index, double value)
{
	uint64_t bits;
	memcpy(&bits, &value, sizeof bits);
	return mu_limits_finite(value) ? set(metrics, index, MU__APP_METRIC__VALUE_REAL, bits) : MU_ERR_RANGE;
}

size_t mu_app_metrics_fill(const struct mu_app_metrics *metrics, bool changed_only, Mu__AppMetric storage[MU_APP_METRICS_MAX],
	Mu__AppMetric *list[MU_APP_METRICS_MAX])
{
	size_t count = 0;
	for (uint32_t i = 0; i < metrics->count; i++) {
		const struct mu_app_metric *metric = &metrics->metric[i];
		if (metrics->kind[i] == MU__APP_METRIC__VALUE__NOT_SET || (changed_only && !metrics->changed[i]))
			continue;
		Mu__AppMetric *out = &storage[count];
		mu__app_metric__init(out);
		out->index = i;
		out->value_case = (Mu__AppMetric__ValueCase)metrics->kind[i];
		if (out->value_case == MU__APP_METRIC__VALUE_INTEGER)
			out->integer = metric->value.integer;
		else
			out->real = metric->value.real;
		list[count++] = out;
	}
	return count;
}

void mu_app_metrics_reported(struct mu_app_metrics *metrics)
{
	memset(metrics->changed, 0, sizeof metrics->changed);
}

size_t mu_app_metrics_names(struct mu_app_metrics *metrics, char *list[MU_APP_METRICS_MAX])
{
	for (uint32_t i = 0; i < metrics->count; i++)
		list[i] = metrics->metric[i].name;
	return metrics->count;
}
