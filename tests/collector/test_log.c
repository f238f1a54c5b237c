// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>
#include "collector/log.h"

static char text[4096];
static int pipes[2], saved;

static int capture(void **state)
{
	(void)state;
	assert_int_equal(pipe2(pipes, O_NONBLOCK), 0);
	saved = dup(STDERR_FILENO);
	dup2(pipes[1], STDERR_FILENO);
	return 0;
}

static int release(void **state)
{
	(void)state;
	dup2(saved, STDERR_FILENO);
	close(saved);
	close(pipes[0]);
	close(pipes[1]);
	log_set_threshold(LOG_AT_INFO);
	return 0;
}

static const char *captured(void)
{
	ssize_t length = read(pipes[0], text, sizeof text - 1);
	text[length > 0 ? length : 0] = 0;
	return text;
}

static void test_line_has_its_parts(void **unused)
{
	(void)unused;
	log_warn("store", "disk full", "file=%s free=%d", "/x", 0);
	const char *line = captured();
	assert_memory_equal(line, "at=20", 5);
	assert_non_null(strstr(line, "Z level=warn area=store what=\"disk full\" file=/x free=0\n"));
	log_info("store", "plain", "%s", "");
	assert_non_null(strstr(captured(), "what=\"plain\" \n"));
}

static void test_threshold(void **unused)
{
	(void)unused;
	log_debug("a", "quiet", "x=%d", 1);
	assert_string_equal(captured(), "");
	log_set_threshold(LOG_AT_DEBUG);
	log_debug("a", "loud", "x=%d", 1);
	assert_non_null(strstr(captured(), "level=debug"));
	log_set_threshold(LOG_AT_ERROR);
	log_warn("a", "quiet", "x=%d", 1);
	assert_string_equal(captured(), "");
}

static void test_long_line_is_cut_and_ends(void **unused)
{
	(void)unused;
	char value[2000];
	memset(value, 'v', sizeof value - 1);
	value[sizeof value - 1] = 0;
	log_info("a", "long", "value=%s", value);
	const char *line = captured();
	assert_in_range(strlen(line), LOG_LINE_BYTES - 20, LOG_LINE_BYTES);
	assert_string_equal(line + strlen(line) - 4, "...\n");
}

// Each row: what comes from outside, and how it stands in the line: it can never end the line or the value.
static const struct {
	const char *raw, *quoted;
} quotes[] = {
	{ "plain", "\"plain\"" },
	{ "", "\"\"" },
	{ "a\nlevel=error", "\"a\\x0alevel=error\"" },
	{ "say \"hi\" \\", "\"say \\\"hi\\\" \\\\\"" },
	{ "\x1b[2J\xff", "\"\\x1b[2J\\xff\"" },
};

static void test_every_quote(void **unused)
{
	(void)unused;
	for (size_t i = 0; i < sizeof quotes / sizeof *quotes; i++)
		assert_string_equal(log_quote(quotes[i].raw).text, quotes[i].quoted);
	char raw[600];
	memset(raw, '\n', sizeof raw - 1);
	raw[sizeof raw - 1] = 0;
	struct log_text quoted = log_quote(raw);
	assert_in_range(strlen(quoted.text), 200, sizeof quoted.text - 1);
	assert_int_equal(quoted.text[strlen(quoted.text) - 1], '"');
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_line_has_its_parts, capture, release),
		cmocka_unit_test_setup_teardown(test_threshold, capture, release),
		cmocka_unit_test_setup_teardown(test_long_line_is_cut_and_ends, capture, release),
		cmocka_unit_test(test_every_quote),
	};
	return cmocka_run_group_tests(tests, 0, 0);
}
