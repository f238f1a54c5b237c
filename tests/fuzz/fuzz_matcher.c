// SPDX-License-Identifier: Apache-2.0
// Matchers of people and scripts: what is taken holds the bounds and matches without running away; what is refused names a place within the text.
#include "collector/http/matcher.h"
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(int condition)
{
	if (!condition)
		abort();
}

static const char *label(void *context, const char *name)
{
	(void)context;
	return strcmp(name, "severity") == 0 ? "critical" : strlen(name) == 1 ? "aaaaaaaaaaaaaaaaaaaaaaaaaaaaab" : 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct matchers matchers;
	struct matcher_problem problem;
	char *text = malloc(size + 1);
	memcpy(text, data, size);
	text[size] = 0;
	if (matchers_parse(&matchers, text, &problem) < 0) {
		must(matchers.count == 0 && problem.column >= 1 && problem.column <= strlen(text) + 1 && problem.what[0]);
	} else {
		must(matchers.count <= MATCHERS_MAX);
		for (unsigned i = 0; i < matchers.count; i++)
			must(matchers.list[i].name[0] && strlen(matchers.list[i].value) < MATCHER_VALUE_BYTES);
		(void)matchers_fit(&matchers, label, 0);
		matchers_free(&matchers);
	}
	free(text);
	return 0;
}
