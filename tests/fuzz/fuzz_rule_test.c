// SPDX-License-Identifier: Apache-2.0
// Any bytes as a test file of rules, with one rule file beside it: it runs, or says why not.
#include "alerts/engine/rule_test.h"
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char rules[] =
	"groups:\n- name: g\n  rules:\n"
	"  - {alert: Low, expr: heap_free_bytes < 50000 or silent(10m), for: 5m, annotations: {summary: \"{{ $value }}\"}}\n"
	"  - {alert: Boots, expr: \"event_count(boot{class='crash'}[1h]) > 1\", annotations: {summary: s}}\n";

static bool read_file(void *context, const char *name, struct rules_source *source)
{
	(void)context;
	*source = (struct rules_source){ name, rules, sizeof rules - 1 };
	return name[0] == 'r';
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct rule_test_report report;
	struct rules_source test = { "fuzz.yml", (const char *)data, size };
	int result = rule_test_run(&test, read_file, 0, &report);
	if ((result == -1) != (report.problems.errors > 0) || (result >= 0 && (result == 1) != (report.failed > 0)))
		abort();
	rule_test_free(&report);
	return 0;
}
