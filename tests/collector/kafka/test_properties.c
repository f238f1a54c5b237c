// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "collector/kafka/properties.h"

static char seen[1024];

static void on_property(void *context, unsigned line, const char *name, const char *value)
{
	(void)context;
	size_t used = strlen(seen);
	snprintf(seen + used, sizeof seen - used, "%u:%s=%.20s;", line, name, value);
}

static void on_problem(void *context, unsigned line, const char *what)
{
	(void)context;
	size_t used = strlen(seen);
	snprintf(seen + used, sizeof seen - used, "%u!%s;", line, what);
}

static const struct properties_calls calls = { on_property, on_problem, 0 };

// text -> what is found: LINE:NAME=VALUE; or LINE!PROBLEM;
static const struct {
	const char *text, *found;
} rows[] = {
	{ "", "" },
	{ "a=b", "1:a=b;" }, // no newline at the end
	{ "# comment\n\n  a.b_c = d e \r\nx=\n", "3:a.b_c=d e;4:x=;" },
	{ "sasl.password=a=b#c\n", "1:sasl.password=a=b#c;" }, // only the first = divides, # within a value is part of it
	{ "a\nb=1\n", "1!has no '=';2:b=1;" },                   // the others are still read
	{ "=b\n", "1!does not begin with the name of a property;" },
	{ "a b=c\n", "1!does not begin with the name of a property;" },
	{ "\xef\xbb\xbf""a=b\n", "1!does not begin with the name of a property;" }, // a byte order mark
	{ "a=b\x01""c\n", "1!has a control character;" },
	{ " \t\r\n#\n", "" },
};

static void test_lines(void **unused)
{
	(void)unused;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		seen[0] = 0;
		properties_parse(rows[i].text, strlen(rows[i].text), &calls);
		assert_string_equal(seen, rows[i].found);
	}
}

static void test_bounds(void **unused)
{
	(void)unused;
	char *text = malloc(PROPERTIES_BYTES_MAX + 1);
	memset(text, 'x', PROPERTIES_BYTES_MAX + 1);
	seen[0] = 0;
	properties_parse(text, PROPERTIES_BYTES_MAX + 1, &calls);
	assert_string_equal(seen, "1!begins a file of more than 64 KiB;");
	text[PROPERTY_NAME_MAX] = '=';
	seen[0] = 0;
	properties_parse(text, PROPERTY_NAME_MAX + 1 + PROPERTY_VALUE_MAX, &calls);
	assert_true(strncmp(seen, "1:xxx", 5) == 0);
	seen[0] = 0;
	properties_parse(text, PROPERTY_NAME_MAX + 2 + PROPERTY_VALUE_MAX, &calls);
	assert_string_equal(seen, "1!has a value of more than 16 KiB;");
	text[PROPERTY_NAME_MAX] = 'x';
	text[PROPERTY_NAME_MAX + 1] = '=';
	seen[0] = 0;
	properties_parse(text, PROPERTY_NAME_MAX + 3, &calls);
	assert_string_equal(seen, "1!does not begin with the name of a property;");
	seen[0] = 0;
	properties_parse("a=b\0c=d", 7, &calls); // a NUL hides nothing
	assert_string_equal(seen, "1!has a control character;");
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_lines), cmocka_unit_test(test_bounds) };
	return cmocka_run_group_tests(tests, 0, 0);
}
