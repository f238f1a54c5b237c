// SPDX-License-Identifier: Apache-2.0
// The schema against the last released one, tests/golden/proto/released.desc.txt. After a release:
//   test-proto-schema --write > tests/golden/proto/released.desc.txt
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "muster.pb-c.h"
#include "schema_text.h"

static char current[SCHEMA_TEXT_MAX], released[SCHEMA_TEXT_MAX];

static int load(void **unused)
{
	(void)unused;
	FILE *file = fopen(MUSTER_SOURCE_DIR "/tests/golden/proto/released.desc.txt", "r");
	assert_non_null(file);
	size_t size = fread(released, 1, sizeof released - 1, file);
	fclose(file);
	assert_in_range(size, 1, sizeof released - 2);
	return schema_text_write(current, sizeof current) > 0 ? 0 : -1;
}

static void test_schema_follows_the_released_one(void **unused)
{
	(void)unused;
	char problem[160] = "";
	if (!schema_text_may_follow(released, current, problem, sizeof problem))
		fail_msg("muster.proto breaks with released.desc.txt: %s", problem);
}

// Each row: a change to the schema, as a replacement in its text. The comparison must see the bad ones and let the good ones pass.
static const struct {
	const char *from, *to;
	bool allowed;
} changes[] = {
	{ "mu.Record 2 uptime_ms required uint64\n", "", false },                                               // vanished
	{ "mu.Record 2 uptime_ms required uint64\n", "mu.Record 21 uptime_ms required uint64\n", false },       // renumbered
	{ "mu.Record 2 uptime_ms required uint64\n", "mu.Record 2 uptime_ms required fixed64\n", false },       // re-typed
	{ "mu.Record 2 uptime_ms required uint64\n", "mu.Record 2 uptime_ms optional uint64\n", false },        // relabelled
	{ "mu.Record 2 uptime_ms required uint64\n", "mu.Record 2 boot_ms required uint64\n", false },          // renamed: JSON and metrics use names
	{ "mu.GapReason 2 GAP_DAMAGED\n", "mu.GapReason 3 GAP_DAMAGED\n", false },                              // an enum value moved
	{ "mu.GapReason 2 GAP_DAMAGED\n", "", false },                                                          // ... or vanished
	{ "mu.Boot 12 backtrace repeated fixed32 packed\n", "mu.Boot 12 backtrace repeated fixed32\n", false }, // packing is wire format
	{ "mu.Record 5 heartbeat optional message mu.Heartbeat oneof\n", "mu.Record 5 heartbeat optional message mu.Vitals oneof\n", false },
	{ "mu.Record 2 ", "mu.Record 99 fresh required uint32\nmu.Record 2 ", false },                          // old senders do not have it
	{ "mu.Record 2 ", "mu.Record 99 fresh optional uint32\nmu.Record 2 ", true },
	{ "mu.Record 2 ", "mu.Fresh 1 thing required uint32\nmu.Record 2 ", true },                             // a message that nobody sends yet
	{ "mu.GapReason 2 ", "mu.GapReason 9 GAP_FRESH\nmu.GapReason 2 ", true },
};

static void change_text(char *out, size_t size, const char *from, const char *to)
{
	const char *at = strstr(current, from);
	assert_non_null(at);
	int length = snprintf(out, size, "%.*s%s%s", (int)(at - current), current, to, at + strlen(from));
	assert_in_range(length, 1, size - 1);
}

static void test_the_comparison_can_fail(void **unused)
{
	(void)unused;
	static char changed[SCHEMA_TEXT_MAX];
	char problem[160];

	for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
		change_text(changed, sizeof changed, changes[i].from, changes[i].to);
		if (schema_text_may_follow(current, changed, problem, sizeof problem) != changes[i].allowed)
			fail_msg("row %zu: %s -> %s", i, changes[i].from, changes[i].to);
	}
}

// A message or enum that is not reached from the roots would escape the comparison.
static void test_all_of_the_schema_is_looked_at(void **unused)
{
	(void)unused;
	FILE *file = fopen(MUSTER_SOURCE_DIR "/proto/muster.proto", "r");
	char line[256], name[64], prefix[80];

	assert_non_null(file);
	while (fgets(line, sizeof line, file)) {
		if (sscanf(line, "message %63[A-Za-z0-9]", name) != 1 && sscanf(line, "enum %63[A-Za-z0-9]", name) != 1)
			continue;
		snprintf(prefix, sizeof prefix, "mu.%s ", name);
		if (!strstr(current, prefix) && strcmp(name, "Reboot") != 0) // Reboot has no field
			fail_msg("%s is not compared", name);
	}
	fclose(file);
}

int main(int count, char **arguments)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_schema_follows_the_released_one),
		cmocka_unit_test(test_the_comparison_can_fail),
		cmocka_unit_test(test_all_of_the_schema_is_looked_at),
	};
	if (count > 1 && strcmp(arguments[1], "--write") == 0) {
		printf("# SPDX-License-Identifier: Apache-2.0\n# The schema as last released; tests/proto/test_schema.c says how it is used.\n");
		schema_text_write(current, sizeof current);
		return fputs(current, stdout) < 0;
	}
	return cmocka_run_group_tests(tests, load, 0);
}
