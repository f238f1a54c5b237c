// SPDX-License-Identifier: Apache-2.0
#include "alerts/engine/rule_function.h"

#include <string.h>

static const struct rule_function functions[] = {
	{ "avg_over_time", ARGUMENT_RANGE, RESULT_SAME, OP_AVG, SLOT_TOTAL, true, "avg_over_time(METRIC[WINDOW])" },
	{ "sum_over_time", ARGUMENT_RANGE, RESULT_SAME, OP_SUM, SLOT_TOTAL, true, "sum_over_time(METRIC[WINDOW])" },
	{ "count_over_time", ARGUMENT_RANGE, RESULT_COUNT, OP_COUNT, SLOT_TOTAL, false, "count_over_time(METRIC[WINDOW])" },
	{ "min_over_time", ARGUMENT_RANGE, RESULT_SAME, OP_MIN, SLOT_MIN, true, "min_over_time(METRIC[WINDOW])" },
	{ "max_over_time", ARGUMENT_RANGE, RESULT_SAME, OP_MAX, SLOT_MAX, true, "max_over_time(METRIC[WINDOW])" },
	{ "delta", ARGUMENT_RANGE, RESULT_SAME, OP_DELTA, SLOT_DELTA, true, "delta(METRIC[WINDOW])" },
	{ "increase", ARGUMENT_RANGE, RESULT_SAME, OP_INCREASE, SLOT_COUNTER, true, "increase(METRIC[WINDOW])" },
	{ "rate", ARGUMENT_RANGE, RESULT_PER_SECOND, OP_RATE, SLOT_COUNTER, true, "rate(METRIC[WINDOW])" },
	{ "deriv", ARGUMENT_RANGE, RESULT_PER_SECOND, OP_DERIV, SLOT_SLOPE, true, "deriv(METRIC[WINDOW])" },
	{ "changes", ARGUMENT_RANGE, RESULT_COUNT, OP_CHANGES, SLOT_CHANGES, false, "changes(METRIC[WINDOW])" },
	{ "event_count", ARGUMENT_EVENTS, RESULT_COUNT, OP_EVENTS, SLOT_EVENTS, false, "event_count(EVENT[WINDOW])" },
	{ "silent", ARGUMENT_DURATION, RESULT_CONDITION, OP_SILENT, SLOT_VALUE, false, "silent(DURATION)" },
	{ "age", ARGUMENT_METRIC, RESULT_SECONDS, OP_AGE, SLOT_VALUE, false, "age(METRIC)" },
};

static const char no_fleet[] =
	"each rule is evaluated for each device alone; aggregate over devices in the system that receives the alerts";
static const char no_absent[] = "use silent(10m) for a device that says nothing, age(METRIC) > 10m for one value";
static const char no_math[] = "use comparison, + - * / % and the functions of alerts/README.md";
static const char no_clock[] = "rules know no time of day; mute by time in Alertmanager";
static const char no_counter[] = "use increase(METRIC[WINDOW]) or changes(METRIC[WINDOW])";
static const char no_labels[] = "an expression gives true or false and has no labels; write them under `labels`";
static const char no_window[] = "use avg_over_time, min_over_time, max_over_time or deriv";
static const char no_matching[] = "both sides belong to the same device; leave it out";

static const struct {
	const char *name, *instead;
} refused[] = {
	{ "sum", no_fleet },          { "avg", no_fleet },          { "min", no_fleet },         { "max", no_fleet },
	{ "count", no_fleet },        { "group", no_fleet },        { "stddev", no_fleet },      { "stdvar", no_fleet },
	{ "topk", no_fleet },         { "bottomk", no_fleet },      { "quantile", no_fleet },    { "count_values", no_fleet },
	{ "fraction", no_fleet },     { "by", no_fleet },           { "without", no_fleet },     { "absent", no_absent },
	{ "absent_over_time", no_absent }, { "absent_for", no_absent }, { "present_over_time", no_absent }, { "up", no_absent },
	{ "abs", no_math },           { "ceil", no_math },          { "floor", no_math },        { "round", no_math },
	{ "clamp", no_math },         { "clamp_min", no_math },     { "clamp_max", no_math },    { "exp", no_math },
	{ "ln", no_math },            { "log2", no_math },          { "log10", no_math },        { "sqrt", no_math },
	{ "sgn", no_math },           { "atan2", no_math },         { "scalar", no_math },       { "vector", no_math },
	{ "time", no_clock },         { "timestamp", "use age(METRIC), the time since it was reported" },
	{ "hour", no_clock },         { "minute", no_clock },       { "month", no_clock },       { "year", no_clock },
	{ "day_of_week", no_clock },  { "day_of_month", no_clock }, { "days_in_month", no_clock },
	{ "resets", no_counter },     { "irate", "use rate(METRIC[WINDOW]) with a short window" },
	{ "idelta", "use delta(METRIC[WINDOW]) with a short window" },
	{ "label_replace", no_labels }, { "label_join", no_labels }, { "sort", no_labels },      { "sort_desc", no_labels },
	{ "quantile_over_time", no_window }, { "stddev_over_time", no_window }, { "stdvar_over_time", no_window },
	{ "last_over_time", "write the metric alone: its last value" },
	{ "predict_linear", "use the value and its slope: METRIC + 3600 * deriv(METRIC[1h]) < 0" },
	{ "holt_winters", no_window }, { "histogram_quantile", no_window }, { "ewma", no_window }, { "zscore", no_window },
	{ "leak", "use deriv(heap_free_bytes[1h]) and delta(heap_min_bytes[1h])" },
	{ "monodec", "use deriv(METRIC[WINDOW]) < 0 and delta(METRIC[WINDOW]) < 0" },
	{ "held", "use `for`" },      { "streak", "use `for`" },    { "prev", "use delta(METRIC[WINDOW])" },
	{ "changed", "use changes(METRIC[WINDOW]) > 0" },           { "events_per", "use event_count(EVENT[WINDOW])" },
	{ "offset", "windows and values end now; compare with a window of another length" },
	{ "on", no_matching },        { "ignoring", no_matching },  { "group_left", no_matching }, { "group_right", no_matching },
	{ "inf", "write a finite number" }, { "nan", "write a finite number" },
};

const struct rule_function *rule_function_find(const char *name)
{
	for (size_t i = 0; i < sizeof functions / sizeof *functions; i++)
		if (strcmp(functions[i].name, name) == 0)
			return &functions[i];
	return 0;
}

const char *rule_function_name(const void *unused, size_t i)
{
	(void)unused;
	return i < sizeof functions / sizeof *functions ? functions[i].name : 0;
}

const char *rule_function_refused(const char *name)
{
	for (size_t i = 0; i < sizeof refused / sizeof *refused; i++)
		if (strcasecmp(refused[i].name, name) == 0)
			return refused[i].instead;
	return 0;
}
