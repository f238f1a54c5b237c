// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>
#include "collector/ingest/complaints.h"

enum { START_MS = 1000000 };

// A storm says a few lines; what it left unsaid stands in the first line of the next window, once.
static void test_a_storm_is_a_few_lines(void **unused)
{
	(void)unused;
	struct complaints complaints = { 0 };
	uint64_t unsaid = 99;
	unsigned said = 0;
	for (int i = 0; i < 1000; i++)
		said += complaints_due(&complaints, COMPLAINT_PAYLOAD, START_MS + (uint64_t)i, &unsaid);
	assert_int_equal(said, COMPLAINTS_AT_ONCE);
	assert_int_equal(unsaid, 0);
	assert_false(complaints_due(&complaints, COMPLAINT_PAYLOAD, START_MS + COMPLAINTS_WINDOW_MS - 1, &unsaid));
	assert_true(complaints_due(&complaints, COMPLAINT_PAYLOAD, START_MS + COMPLAINTS_WINDOW_MS, &unsaid));
	assert_int_equal(unsaid, 1000 - COMPLAINTS_AT_ONCE + 1);
	assert_true(complaints_due(&complaints, COMPLAINT_PAYLOAD, START_MS + COMPLAINTS_WINDOW_MS, &unsaid));
	assert_int_equal(unsaid, 0);
}

// A device that floods one kind does not silence the others.
static void test_kinds_have_their_own_lines(void **unused)
{
	(void)unused;
	struct complaints complaints = { 0 };
	uint64_t unsaid;
	for (int i = 0; i < 10; i++)
		complaints_due(&complaints, COMPLAINT_TOPIC, START_MS, &unsaid);
	for (int kind = 0; kind < COMPLAINT_KINDS; kind++)
		assert_int_equal(complaints_due(&complaints, (enum complaint)kind, START_MS, &unsaid), kind != COMPLAINT_TOPIC);
}

// What say() writes to stderr, as one text.
static void said(struct complaints *complaints, enum complaint kind, char *text, size_t size)
{
	int ends[2], kept = dup(STDERR_FILENO);
	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	dup2(ends[1], STDERR_FILENO);
	complaints_say(complaints, kind, START_MS, "device=%s seq=%d", "dev-1", 7);
	dup2(kept, STDERR_FILENO);
	close(kept);
	close(ends[1]);
	ssize_t length = read(ends[0], text, size - 1);
	close(ends[0]);
	text[length > 0 ? length : 0] = 0;
}

static void test_every_kind_says_what_where_and_remedy(void **unused)
{
	(void)unused;
	struct complaints complaints = { 0 };
	for (int kind = 0; kind < COMPLAINT_KINDS; kind++) {
		char line[2048];
		said(&complaints, (enum complaint)kind, line, sizeof line);
		assert_non_null(strstr(line, "level=warn area=ingest what=\""));
		assert_non_null(strstr(line, " device=dev-1 seq=7 "));
		const char *remedy = strstr(line, "remedy=\"");
		assert_non_null(remedy);
		assert_true(strlen(remedy) > 20);
		assert_null(strstr(line, "...\n")); // whole
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_storm_is_a_few_lines),
		cmocka_unit_test(test_kinds_have_their_own_lines),
		cmocka_unit_test(test_every_kind_says_what_where_and_remedy),
	};
	return cmocka_run_group_tests(tests, 0, 0);
}
