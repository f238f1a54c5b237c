// SPDX-License-Identifier: Apache-2.0
// Queries and paths of requests: what is taken holds the bounds, and every name that is there is found.
#include "collector/http/query.h"
#include "collector/http/route.h"
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(int condition)
{
	if (!condition)
		abort();
}

static void check_query(const char *text)
{
	struct query query;
	const char *problem = 0;
	uint64_t number = 7;
	if (query_parse(&query, text, &problem) < 0) {
		must(problem && query.count == 0);
		return;
	}
	must(query.count <= QUERY_PAIRS_MAX);
	for (unsigned i = 0; i < query.count; i++) {
		must(strlen(query.pairs[i].name) < QUERY_NAME_BYTES && strlen(query.pairs[i].value) < QUERY_VALUE_BYTES);
		must(query_get(&query, query.pairs[i].name) == query.pairs[i].value); // so no name is there twice
		if (query_number(&query, query.pairs[i].name, 3, 1000, &number) == 0)
			must(number >= 3 && number <= 1000);
	}
	must(query.count == 0 || query_unknown(&query, "") == query.pairs[0].name);
}

static void check_path(const char *text)
{
	static const char *const patterns[] = { "/api/v1/devices/:id/records", "/:a/:b", "/page/*file", "/" };
	for (size_t i = 0; i < sizeof patterns / sizeof *patterns; i++) {
		struct route_parameters parameters;
		if (!route_match(patterns[i], text, &parameters))
			continue;
		must(parameters.count <= ROUTE_PARAMETERS_MAX);
		for (unsigned p = 0; p < parameters.count; p++) {
			size_t length = strlen(parameters.text[p]);
			must(length > 0 && length < ROUTE_PARAMETER_BYTES && !strpbrk(parameters.text[p], "/% ") &&
				parameters.text[p][0] != '.');
		}
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);
	memcpy(text, data, size);
	text[size] = 0;
	check_query(text);
	check_path(text);
	free(text);
	return 0;
}
