// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdbool.h>
#include <string.h>
#include "collector/fleet/metric_text.h"

static const struct {
	int64_t bytes;
	const char *text;
} sizes[] = {
	{ 0, "0 B" }, { 812, "812 B" }, { 1023, "1023 B" }, { 1024, "1.0 KiB" }, { 49357, "48.2 KiB" }, { 1048576, "1.0 MiB" }, { 4404019, "4.2 MiB" },
	{ -1, "-1 B" }, { -49357, "-48.2 KiB" }, { -7393040, "-7.1 MiB" },
};

static void test_sizes(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
		assert_string_equal(bytes_text(sizes[i].bytes).text, sizes[i].text);
}

static const struct {
	enum mu_metric metric;
	int64_t value;
	const char *text, *name;
} values[] = {
	{ MU_METRIC_heap_free_bytes, 85316, "83.3 KiB", "" },
	{ MU_METRIC_heap_slope_bytes_per_h, -7393040, "-7.1 MiB an hour", "" },
	{ MU_METRIC_uptime_s, 86400, "86400 s", "" },
	{ MU_METRIC_rssi_dbm, -81, "-81 dBm", "" },
	{ MU_METRIC_temperature_decicelsius, -5, "-0.5 C", "" },
	{ MU_METRIC_cpu0_permille, 87, "8.7 %", "" },
	{ MU_METRIC_agent_cpu_us_per_s, 75, "75 us a second", "" },
	{ MU_METRIC_agent_step_max_us, 246, "246 us", "" },
	{ MU_METRIC_mqtt_ms, 12, "12 ms", "" },
	{ MU_METRIC_watchdog_armed, 0, "no", "" },
	{ MU_METRIC_watchdog_armed, 1, "yes", "" },
	{ MU_METRIC_sockets_open, 3, "3", "" },
	{ MU_METRIC_wifi_channel, 11, "11", "" },
	{ MU_METRIC_network_state, MU__NETWORK_STATE__NETWORK_CONNECTED, "NETWORK_CONNECTED", "NETWORK_CONNECTED" },
	{ MU_METRIC_network_state, 4711, "4711", "" },
	{ MU_METRIC_network_state, INT64_C(1) << 32, "4294967296", "" },
	{ MU_METRIC_verdict, 0, "0", "" },
	{ MU_METRIC_verdict, MU__VERDICT_BIT__VERDICT_HEAP_LEAK | MU__VERDICT_BIT__VERDICT_STACK_LOW | 1 << 30, "HEAP_LEAK STACK_LOW", "HEAP_LEAK STACK_LOW" },
};

static void test_values_have_units_or_names(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
		assert_string_equal(metric_text(values[i].metric, values[i].value).text, values[i].text);
		assert_string_equal(metric_name_text(values[i].metric, values[i].value).text, values[i].name);
	}
}

// A unit that metrics.def gets and this module does not know would be shown without it.
static void test_every_unit_is_known(void **state)
{
	static const char *const plain[] = { "count", "index", "state", "bits" };
	(void)state;
	for (int metric = 0; metric < MU_METRIC_COUNT; metric++) {
		const char *unit = mu_metric_words[metric].unit;
		bool is_plain = false;
		for (size_t i = 0; i < sizeof plain / sizeof *plain; i++)
			is_plain = is_plain || strcmp(unit, plain[i]) == 0;
		if (!is_plain && strcmp(metric_text((enum mu_metric)metric, 123456).text, "123456") == 0)
			fail_msg("%s: the unit %s has no words", mu_metric_words[metric].name, unit);
	}
}

static void test_every_verdict_bit_has_room(void **state)
{
	(void)state;
	struct metric_text all = metric_name_text(MU_METRIC_verdict, INT32_MAX);
	const ProtobufCEnumDescriptor *bits = &mu__verdict_bit__descriptor;
	for (unsigned i = 0; i < bits->n_values; i++)
		if (bits->values[i].value && !strstr(all.text, bits->values[i].name + strlen("VERDICT_")))
			fail_msg("%s is cut off: %s", bits->values[i].name, all.text);
}

static void test_of_a_device(void **state)
{
	struct device device = { .metric = { [MU_METRIC_heap_free_bytes] = 2048 } };
	(void)state;
	assert_string_equal(device_metric_text(&device, MU_METRIC_heap_free_bytes).text, "2.0 KiB");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sizes),
		cmocka_unit_test(test_values_have_units_or_names),
		cmocka_unit_test(test_every_unit_is_known),
		cmocka_unit_test(test_every_verdict_bit_has_room),
		cmocka_unit_test(test_of_a_device),
	};
	return cmocka_run_group_tests(tests, 0, 0);
}
