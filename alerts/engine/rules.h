// SPDX-License-Identifier: Apache-2.0
// Rule files, compiled: YAML in the shape of Prometheus' rule files, expressions in a subset of PromQL that is evaluated for each device on
// each of its records. alerts/README.md is the language.
//
// All errors of all files are found in one run. What is outside of the subset is refused by name, never ignored. Pure: no files, no clock.
// Bounds: a file at most RULES_FILE_BYTES_MAX, RULES_MAX rules in all, expressions at most RULES_EXPRESSION_BYTES and RULES_DEPTH deep; aliases,
// tags and second documents are refused. Thread: any one at a time. Memory: the heap, freed by rules_free().
#ifndef ALERTS_ENGINE_RULES_H
#define ALERTS_ENGINE_RULES_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	RULES_FILE_BYTES_MAX = 1024 * 1024,
	RULES_MAX = 500,
	RULES_EXPRESSION_BYTES = 2048,
	RULES_DEPTH = 32,
	RULES_PROBLEMS_MAX = 64,
	RULES_LABELS_MAX = 16, // of one rule; annotations likewise
};

// The gravest last, so that they compare.
enum alert_severity { ALERT_NO_SEVERITY, ALERT_INFO, ALERT_WARNING, ALERT_CRITICAL };

const char *alert_severity_name(enum alert_severity severity); // "info", ...
int alert_severity_find(const char *name);                     // -1: no such

// A rule file in memory; name is what errors call it.
struct rules_source {
	const char *name;
	const char *text;
	size_t size;
};

// One thing that is wrong with a file, or not wise.
struct rules_problem {
	bool is_warning;
	char code[8];          // "E204"; the table is in alerts/README.md
	char file[128];
	unsigned line, column; // from 1
	unsigned width;        // of what is marked, columns
	char excerpt[160];     // the line of the file, or what fits of it around the column
	unsigned excerpt_column; // where in the line it begins, from 1
	char group[64], alert[64]; // "" outside of them
	char what[200];        // "unknown enum value `panik` for metric `ota_state`"
	char hint[240];        // "did you mean `panic`? known: ..."; may be empty
};

struct rules_problems {
	unsigned errors, warnings; // found; the first RULES_PROBLEMS_MAX of both together are kept
	unsigned count;
	struct rules_problem list[RULES_PROBLEMS_MAX];
};

// The problem for a person: five lines with excerpt and caret. Returns the length without the final zero; cut at size - 1.
size_t rules_problem_text(const struct rules_problem *problem, char *text, size_t size);

struct rule_set;

// Compiles the files as one set. overrides: a YAML mapping `name: value` of parameters (text null: none), which replace the defaults of
// the files' `params`; an override of a parameter that no file has is an error. Returns 0 if there is an error; *problems says all of it.
struct rule_set *rules_compile(const struct rules_source *files, size_t count, const struct rules_source *overrides,
	struct rules_problems *problems);
void rules_free(struct rule_set *rules); // 0 is allowed

// What can be told of one rule. Texts live as long as the set.
struct rule_info {
	const char *uid, *name, *group, *file;
	unsigned line;
	const char *expression;          // of the lowest severity, as written
	enum alert_severity least, most; // equal without `severities`
	uint64_t for_ms, keep_firing_for_ms;
	const char *summary, *symptom, *cause, *remedy; // annotations as written, "" if there is none
	unsigned device_bytes;           // of state a device, shared windows counted with the first rule that uses them
};

size_t rules_count(const struct rule_set *rules);
void rules_info(const struct rule_set *rules, size_t rule, struct rule_info *info);
// The rule with this uid, or -1.
long rules_find(const struct rule_set *rules, const char *uid);

// What a rule reads: the evidence for its alerts.
enum { RULES_INPUTS_MAX = 16 };

struct rule_inputs {
	unsigned metric_count;
	int metrics[RULES_INPUTS_MAX]; // enum mu_metric, in the order of the expression; more are left out
	uint64_t events;               // bits by enum event_kind
};

void rules_inputs(const struct rule_set *rules, size_t rule, struct rule_inputs *inputs);

size_t rules_device_bytes(const struct rule_set *rules); // state of one device, all rules

#endif
