// SPDX-License-Identifier: Apache-2.0
// Templates: how they are read, and how values are written.
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include "alerts/engine/template.h"

static const struct alert_text labels[] = { { "team", "firmware" }, { "firmware", "1.4\x1b[2J" } };
static const struct rule_text params[] = { { "floor", "50000" }, { "share", "90%" }, { "hold", "90s" }, { "wanted", "trial" } };

static struct template_facts facts = {
	.value = 41984,
	.threshold = 50000,
	.value_scale = 1,
	.device = "a4cf12000001",
	.severity = "warning",
	.for_ms = 300000,
	.labels = labels,
	.label_count = 2,
	.params = params,
	.param_count = 4,
};

static void expect(const char *text, const char *wanted)
{
	char out[256];
	size_t length = template_render(text, &facts, out, sizeof out);
	assert_string_equal(out, wanted);
	assert_int_equal(length, strlen(wanted));
}

static void test_names(void **unused)
{
	(void)unused;
	expect("", "");
	expect("plain { } text", "plain { } text");
	expect("{{ $device }}: {{$value}} < {{ $threshold }} for {{ $for }}", "a4cf12000001: 41984 < 50000 for 5m");
	expect("{{ $severity }} {{ $labels.team }}", "warning firmware");
	expect("{{ $firmware }}", "1.4?[2J"); // what a device says is made harmless
	expect("{{ $labels.nothing }} {{ $nothing }}", "? ?");
	expect("{{ $floor }} {{ $share }} {{ $hold }} {{ $wanted }}", "50000 90% 90s trial");
	expect("{{ $floor | bytes }} {{ $share | percent }} {{ $hold | duration }} {{ $floor | number }}", "48.8 KiB 90% 1m30s 50k");
	expect("two\nlines", "two\nlines");
	expect("a {{ broken", "a ? broken");
}

static const char *rendered(const char *filter, double value, double scale)
{
	static char out[64];
	char text[64];
	struct template_facts copy = facts;
	copy.value = value;
	copy.value_scale = scale;
	snprintf(text, sizeof text, "{{ $value%s }}", filter);
	template_render(text, &copy, out, sizeof out);
	return out;
}

static void test_numbers(void **unused)
{
	(void)unused;
	static const struct {
		const char *filter;
		double value, scale;
		const char *text;
	} rows[] = {
		{ "", 0.25, 1, "0.25" },
		{ "", -80, 1, "-80" },
		{ "", -0.0, 1, "0" },
		{ "", 1.0 / 3, 1, "0.333333" },
		{ "", 4294967295.0, 1, "4294967295" },
		{ "", NAN, 1, "?" },
		{ "", INFINITY, 1, "?" },
		{ "|bytes", 0, 1, "0 B" },
		{ "|bytes", 1023, 1, "1023 B" },
		{ "|bytes", 1024, 1, "1 KiB" },
		{ "|bytes", 1536, 1, "1.5 KiB" },
		{ "|bytes", -204800, 1, "-200 KiB" },
		{ "|bytes", 5e12, 1, "4.5 TiB" },
		{ "|bytes", 5e18, 1, "4547474 TiB" },
		{ "|duration", 0, 1, "0s" },
		{ "|duration", 90, 1, "1m30s" },
		{ "|duration", 3600, 1, "1h" },
		{ "|duration", 3605, 1, "1h" },     // the two largest units
		{ "|duration", 90061, 1, "1d1h" },
		{ "|duration", 0.25, 1, "250ms" },
		{ "|duration", -90, 1, "-1m30s" },
		{ "|duration", 1500, 0.001, "1s500ms" }, // a metric in milliseconds
		{ "|percent", 0.9, 1, "90%" },
		{ "|percent", 905, 0.001, "90.5%" },     // in permille
		{ "|percent", 1.0 / 3, 1, "33.3%" },
		{ "|number", 41984, 1, "42k" },
		{ "|number", 7, 1, "7" },
		{ "|number", 1234567, 1, "1.23M" },
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		if (strcmp(rendered(rows[i].filter, rows[i].value, rows[i].scale), rows[i].text) != 0)
			fail_msg("%g%s: %s", rows[i].value, rows[i].filter, rendered(rows[i].filter, rows[i].value, rows[i].scale));
}

static void test_what_cannot_be_read(void **unused)
{
	(void)unused;
	static const struct {
		const char *text;
		enum template_error error;
		size_t begin, end;
	} rows[] = {
		{ "x {{ $a", TEMPLATE_UNCLOSED, 2, 4 },
		{ "x {{ a }}", TEMPLATE_NOT_A_NAME, 2, 9 },
		{ "{{ }}", TEMPLATE_NOT_A_NAME, 0, 5 },
		{ "{{ $ }}", TEMPLATE_NOT_A_NAME, 0, 7 },
		{ "{{ $labels }}", TEMPLATE_NOT_A_NAME, 0, 13 },
		{ "{{ $a | loud }}", TEMPLATE_UNKNOWN_FILTER, 0, 15 },
		{ "{{ $a | }}", TEMPLATE_UNKNOWN_FILTER, 0, 10 },
		{ "{{ $a b }}", TEMPLATE_TRAILING, 0, 10 },
		{ "{{ $a | bytes | bytes }}", TEMPLATE_TRAILING, 0, 24 },
		{ "{{ $a }}", TEMPLATE_OK, 0, 8 },
		{ "none", TEMPLATE_OK, 4, 4 },
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct template_part part;
		enum template_error error = template_next(rows[i].text, 0, &part);
		if (error != rows[i].error || part.begin != rows[i].begin || part.end != rows[i].end)
			fail_msg("%s: %d, %zu to %zu", rows[i].text, (int)error, part.begin, part.end);
	}
}

// Cut at a character, never within one, whatever the room.
static void test_any_room_is_enough(void **unused)
{
	(void)unused;
	const char *text = "\xc3\xbc {{ $device }} \xe2\x82\xac";
	char whole[64], out[64];
	size_t length = template_render(text, &facts, whole, sizeof whole);
	for (size_t size = 1; size <= length + 1; size++) {
		memset(out, 'x', sizeof out);
		size_t cut = template_render(text, &facts, out, size);
		assert_true(cut < size && out[cut] == 0 && out[size] == 'x');
		assert_memory_equal(out, whole, cut);
		assert_true(((unsigned char)whole[cut] & 0xc0) != 0x80);
	}
	assert_string_equal(out, whole);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_what_cannot_be_read),
		cmocka_unit_test(test_any_room_is_enough),
	};
	return cmocka_run_group_tests(tests, 0, 0);
}
