// SPDX-License-Identifier: Apache-2.0
// Templates of annotations: text with `{{ $value }}`, `{{ $threshold }}`, `{{ $device }}`, `{{ $severity }}`, `{{ $for }}`, `{{ $firmware }}`,
// `{{ $labels.NAME }}` or `{{ $PARAMETER }}` in it, each with at most one filter: `| bytes`, `| duration`, `| percent`, `| number`.
//
// Without a filter a number is written as short as it can be (49152, 0.25), `$for` as a duration (5m). What is not known when the text is
// written (no value, no such label) becomes `?`. Texts from outside are copied with a `?` for each byte that may not be shown
// (proto/text.h). Pure, no allocation. Thread: any.
#ifndef ALERTS_ENGINE_TEMPLATE_H
#define ALERTS_ENGINE_TEMPLATE_H
#include <stddef.h>
#include "alerts/engine/engine.h"
#include "alerts/engine/rule_set.h"

// What a template can name.
struct template_facts {
	double value, threshold; // NaN: none
	double value_scale;      // rule.value_scale: to seconds for `duration`, to a share for `percent`
	const char *device, *severity;
	uint64_t for_ms;
	const struct alert_text *labels;
	unsigned label_count;
	const struct rule_text *params; // of the rule set
	size_t param_count;
};

// Writes the text, cut at a character where size ends, with a final zero (size at least 1). Returns its length.
size_t template_render(const char *text, const struct template_facts *facts, char *out, size_t size);

// One thing between `{{` and `}}`.
enum template_variable {
	TEMPLATE_VALUE,
	TEMPLATE_THRESHOLD,
	TEMPLATE_DEVICE,
	TEMPLATE_SEVERITY,
	TEMPLATE_FOR,
	TEMPLATE_LABEL,
	TEMPLATE_PARAM
};
enum template_filter { TEMPLATE_PLAIN, TEMPLATE_BYTES, TEMPLATE_DURATION, TEMPLATE_PERCENT, TEMPLATE_NUMBER };

enum { TEMPLATE_NAME_BYTES = 64 };

struct template_part {
	size_t begin, end;                 // offsets of `{{` and behind `}}`; begin == end: the text has no more
	size_t name_begin, name_end;       // of the name with its `$`
	size_t filter_begin, filter_end;   // equal: no filter
	enum template_variable variable;
	enum template_filter filter;
	char name[TEMPLATE_NAME_BYTES];    // of a label or parameter
};

enum template_error { TEMPLATE_OK, TEMPLATE_UNCLOSED, TEMPLATE_NOT_A_NAME, TEMPLATE_UNKNOWN_FILTER, TEMPLATE_TRAILING };

// Finds the next part at or behind offset `from`. For an error the part's begin and end say what is wrong.
enum template_error template_next(const char *text, size_t from, struct template_part *part);

#endif
