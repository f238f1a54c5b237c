// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include "collector/http/route.h"

static const struct {
	const char *pattern, *path, *first;
} rows[] = {
	{ "/healthz", "/healthz", "" },
	{ "/healthz", "/healthz/", 0 },
	{ "/healthz", "/health", 0 },
	{ "/d/:id", "/d/edge-7", "edge-7" },
	{ "/d/:id", "/d/", 0 },
	{ "/d/:id", "/d/a/b", 0 },
	{ "/d/:id", "/d/a%2fb", 0 }, // an id has no escapes
	{ "/d/:id", "/d/..", 0 },
	{ "/d/:id/x", "/d/e_1/x", "e_1" },
	{ "/d/:id/x", "/d/e_1", 0 },
	{ "/d/:id/x/:n", "/d/e/x/5", "e" },
	{ "/d/:id", "/d/a.b", 0 },
	{ "/page/*file", "/page/dygraph.min.js", "dygraph.min.js" },
	{ "/page/*file", "/page/.hidden", 0 }, // nor a way up
	{ "/page/*file", "/page/..", 0 },
	{ "/page/*file", "/page/a/b", 0 },
	{ "/page/*file", "/page/", 0 },
	{ "/d/:id", "/d/0123456789012345678901234567890123456789012345678901234567890123", "0123456789012345678901234567890123456789012345678901234567890123" },
	{ "/d/:id", "/d/01234567890123456789012345678901234567890123456789012345678901234", 0 }, // one too many
};

static void test_rows(void **unused)
{
	(void)unused;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct route_parameters parameters = { 0 };
		bool matched = route_match(rows[i].pattern, rows[i].path, &parameters);
		if (matched != (rows[i].first != 0))
			fail_msg("%s with %s", rows[i].pattern, rows[i].path);
		if (matched && parameters.count)
			assert_string_equal(parameters.text[0], rows[i].first);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_rows) };
	return cmocka_run_group_tests(tests, 0, 0);
}
