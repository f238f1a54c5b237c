// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include "collector/http/matcher.h"

// The labels of one alert.
static const char *label(void *unused, const char *name)
{
	static const char *const labels[][2] = {
		{ "alertname", "HeapLow" }, { "severity", "critical" }, { "device", "edge-7" }, { "firmware", "1.4.2" }, { "odd", "a,b}\"c\\\n" },
	};
	(void)unused;
	for (size_t i = 0; i < sizeof labels / sizeof *labels; i++)
		if (strcmp(labels[i][0], name) == 0)
			return labels[i][1];
	return 0;
}

static const struct {
	const char *text;
	bool fits;
} rows[] = {
	{ "", true },
	{ "  ", true },
	{ "{}", true },
	{ "severity=\"critical\"", true },
	{ "severity=critical", true }, // without quotation marks, as amtool takes it
	{ "{severity=\"critical\"}", true },
	{ " { severity = \"critical\" , device = edge-7 , } ", true },
	{ "severity=\"critical\",", true }, // a comma at the end is allowed there, too
	{ "severity=\"warning\"", false },
	{ "severity!=\"warning\"", true },
	{ "severity=~\"crit.*\",firmware=\"1.4.2\"", true },
	{ "severity=~\"crit.*\",firmware=\"1.4.1\"", false }, // all must hold
	{ "severity=~\"crit\"", false },                      // the whole label
	{ "severity=~\"critical|warning\"", true },
	{ "severity=~\"warning|crit\"", false }, // the anchors hold for each branch
	{ "firmware=~\"1\\\\.4\\\\..*\"", true },
	{ "firmware=~\"1[.]4[.][0-9]+\"", true },
	{ "firmware!~\"1[.]3.*\"", true },
	{ "device=~\"edge-[[:digit:]]\"", true },
	{ "device=~\"[]e]dge-7\"", true }, // a ] that begins a bracket expression is itself
	{ "device=~\"[^]a]dge-7\"", true },
	{ "device=~\"((((edge))))-7\"", true },
	{ "none=\"\"", true }, // a label that is not there is empty
	{ "none!=\"x\"", true },
	{ "none=~\".+\"", false },
	{ "none=~\".*\"", true },
	{ "odd=\"a,b}\\\"c\\\\\\n\"", true },
	{ "device=", false },
	{ "none=", true },
	{ "none=~\"\"", true },
};

static void test_what_fits(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct matchers matchers;
		struct matcher_problem problem;
		if (matchers_parse(&matchers, rows[i].text, &problem) < 0)
			fail_msg("%s: column %u: %s", rows[i].text, problem.column, problem.what);
		if (matchers_fit(&matchers, label, 0) != rows[i].fits)
			fail_msg("%s", rows[i].text);
		matchers_free(&matchers);
	}
}

static const struct {
	const char *text;
	unsigned column;
	const char *piece;
} refused[] = {
	{ "=x", 1, "the name of a label must be here" },
	{ "1x=y", 1, "the name of a label" },
	{ "fw-version=1", 3, "must follow the name fw" },
	{ "severity", 9, "must follow the name severity" },
	{ "severity==critical,x", 21, "must follow the name x" },
	{ "a=b c=d", 5, "a comma must be here" },
	{ "{a=b", 5, "a comma or } must be here" },
	{ "{a=b} c", 7, "nothing may follow" },
	{ "a=b}", 4, "a comma must be here" },
	{ ",a=b", 1, "the name of a label" },
	{ "a=b,,c=d", 5, "the name of a label" },
	{ "a=\"b", 3, "not closed" },
	{ "a=\"b\\", 3, "not closed" },
	{ "a=\"b\\d\"", 5, "only \\\\, \\\" and \\n" },
	{ "a=b\"c\"", 4, "whole value into quotation marks" },
	{ "a=~\"(\"", 4, "a ( is not closed" },
	{ "a=~\"x)|(y\"", 4, "a ) has no (" }, // would break the anchors
	{ "b=c, a=~\"[a\"", 9, "a [ is not closed" },
	{ "a=~\"[[:nonsense:]]\"", 4, "not valid" },
	{ "a=~\"[z-a]\"", 4, "not valid" },
	{ "a=~\"*\"", 4, "a quantifier follows" },
	{ "a=~\"b**\"", 4, "a quantifier follows" },
	{ "a=~\"b+++++++++++++++++++++++++++++++\"", 4, "a quantifier follows" }, // each + would double what regcomp() builds
	{ "a=~\"(((((b+)+)+)+)+)+\"", 4, "too many groups" },
	{ "a=~\"b{255}\"", 4, "counted repetition" },
	{ "a=~\"(b)\\\\1\"", 4, "a backslash" }, // a back reference makes matching exponential
	{ "a=~\"\\\\d\"", 4, "write [0-9]" },
	{ "a=~\"b\\\\\\\\\\\\\"", 4, "a backslash" },
	{ "a=1,b=1,c=1,d=1,e=1,f=1,g=1,h=1,i=1", 33, "more than 8" },
};

static void test_what_is_refused_and_where(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
		struct matchers matchers;
		struct matcher_problem problem;
		assert_int_equal(matchers_parse(&matchers, refused[i].text, &problem), -1);
		if (problem.column != refused[i].column || !strstr(problem.what, refused[i].piece))
			fail_msg("%s: column %u: %s", refused[i].text, problem.column, problem.what);
		assert_int_equal(matchers.count, 0);
	}
}

static void test_bounds(void **state)
{
	(void)state;
	char text[MATCHER_TEXT_BYTES + 1];
	struct matchers matchers;
	struct matcher_problem problem;

	memset(text, 'a', sizeof text);
	text[MATCHER_TEXT_BYTES] = 0;
	assert_int_equal(matchers_parse(&matchers, text, &problem), -1);
	assert_non_null(strstr(problem.what, "512 characters in all"));

	text[MATCHER_NAME_BYTES] = '='; // a name of 64
	text[100] = 0;
	assert_int_equal(matchers_parse(&matchers, text, &problem), -1);
	assert_non_null(strstr(problem.what, "at most 63"));

	static const char *const begins[] = { "aaa=", "aaa=\"" };
	for (size_t i = 0; i < 2; i++) {
		memset(text, 'a', sizeof text);
		memcpy(text, begins[i], strlen(begins[i]));
		size_t begin = strlen(begins[i]);
		char *end = text + begin + MATCHER_VALUE_BYTES;
		end[0] = i ? '"' : 0;
		end[1] = 0;
		assert_int_equal(matchers_parse(&matchers, text, &problem), -1);
		assert_non_null(strstr(problem.what, "at most 255"));
		end[-1] = i ? '"' : 0;
		end[0] = 0;
		assert_int_equal(matchers_parse(&matchers, text, &problem), 0);
		assert_int_equal(strlen(matchers.list[0].value), 255);
		matchers_free(&matchers);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_fits),
		cmocka_unit_test(test_what_is_refused_and_where),
		cmocka_unit_test(test_bounds),
	};
	return cmocka_run_group_tests(tests, 0, 0);
}
