// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include "agent/port/linux/log.h"

static void test_lines_and_levels(void **unused)
{
	(void)unused;
	char *text = 0;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);
	struct mu_virtual_log log = { .out = out, .level = 2, .id = "dev-1" };
	mu_virtual_log_write(&log, 1, "what=first");
	mu_virtual_log_write(&log, 2, "what=second");
	mu_virtual_log_write(&log, 3, "what=too_quiet");
	mu_virtual_log_write(&log, 0, "what=none");
	mu_virtual_log_printf(&log, 1, "what=%s", "third");
	mu_virtual_log_printf(&log, 4, "what=%s", "too_quiet");
	log.out = 0;
	mu_virtual_log_printf(&log, 1, "what=%s", "nowhere");
	fclose(out);
	assert_int_equal(strncmp(text, "time=20", 7), 0);
	assert_non_null(strstr(text, "Z level=error id=dev-1 what=first\n"));
	assert_non_null(strstr(text, "Z level=warning id=dev-1 what=second\n"));
	assert_non_null(strstr(text, "what=third\n"));
	assert_null(strstr(text, "too_quiet"));
	assert_null(strstr(text, "what=none"));
	free(text);
}

// A line longer than fits is cut, not lost and not written beyond its place.
static void test_long_lines_are_cut(void **unused)
{
	(void)unused;
	char *text = 0, line[2000];
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);
	struct mu_virtual_log log = { .out = out, .level = 4, .id = "dev-1" };
	memset(line, 'x', sizeof line - 1);
	line[sizeof line - 1] = 0;
	mu_virtual_log_printf(&log, 1, "%s", line);
	fclose(out);
	assert_in_range(strlen(text), 500, 600);
	assert_int_equal(text[strlen(text) - 1], '\n');
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_lines_and_levels), cmocka_unit_test(test_long_lines_are_cut) };
	return cmocka_run_group_tests(tests, 0, 0);
}
