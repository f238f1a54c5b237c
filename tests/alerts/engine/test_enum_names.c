// SPDX-License-Identifier: Apache-2.0
// States by name, as muster.proto has them.
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include "alerts/engine/enum_names.h"
#include "proto/metrics.h"

static struct enum_names names;

static void test_names_without_prefix(void **unused)
{
	(void)unused;
	int value = -1;
	char list[200];
	assert_true(enum_names_of(MU_METRIC_ota_state, &names));
	assert_true(enum_names_find(&names, "rolled_back", &value));
	assert_int_equal(value, MU__OTA_STATE__OTA_ROLLED_BACK);
	assert_false(enum_names_find(&names, "OTA_FAILED", &value));
	assert_string_equal(enum_names_at(&names, 0), "idle");
	assert_null(enum_names_at(&names, names.count));
	assert_non_null(strstr(enum_names_list(&names, list, sizeof list), "idle, planned, "));
	enum_names_list(&names, list, 8); // cut, and ended
	assert_int_equal(strlen(list), 7);
}

static void test_every_enum_of_the_metrics(void **unused)
{
	(void)unused;
	for (int i = 0; i < MU_METRIC_COUNT; i++) {
		bool is_enum = enum_names_of(i, &names);
		assert_int_equal(is_enum, mu_metrics[i].type == MU_METRIC_ENUM);
		for (unsigned k = 0; is_enum && k < names.count; k++)
			assert_true(names.names[k][0] >= 'a' && names.names[k][0] <= 'z');
		assert_true(!is_enum || (names.count > 1 && names.count < ENUM_NAMES_MAX));
	}
	assert_false(enum_names_of(-1, &names));
	assert_false(enum_names_of(MU_METRIC_COUNT, &names));
}

static void test_metrics_of_one_enum(void **unused)
{
	(void)unused;
	struct enum_names other;
	assert_true(enum_names_of(MU_METRIC_running_slot_state, &names) && enum_names_of(MU_METRIC_other_slot_state, &other));
	assert_ptr_equal(names.identity, other.identity);
	assert_true(enum_names_of(MU_METRIC_ota_state, &other));
	assert_ptr_not_equal(names.identity, other.identity);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names_without_prefix),
		cmocka_unit_test(test_every_enum_of_the_metrics),
		cmocka_unit_test(test_metrics_of_one_enum),
	};
	return cmocka_run_group_tests(tests, 0, 0);
}
