// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdbool.h>
#include <string.h>

#include "muster.pb-c.h"
#include "proto/limit_table.h"
#include "proto/limits.h"

// A new field without a row, or rows in another order than the schema's, would be checked by the wrong rule.
static void test_each_field_has_its_row(void **unused)
{
	(void)unused;
	size_t row = 0;
	for (size_t t = 0; t < mu_limit_table_count; t++) {
		const struct mu_limit_table *table = &mu_limit_tables[t];
		assert_int_equal(table->count, table->message->n_fields);
		for (unsigned f = 0; f < table->count; f++, row++)
			if (strcmp(mu_limit_names[row], table->message->fields[f].name) != 0)
				fail_msg("%s: row %u is %s, the schema says %s", table->message->name, f, mu_limit_names[row],
					table->message->fields[f].name);
	}
	assert_int_equal(row, mu_limit_name_count);
}

static bool fits_text(int rule)
{
	return rule == MU_LIMIT_TEXT || rule == MU_LIMIT_WORD || rule == MU_LIMIT_DEVICE;
}

static bool fits_message(int rule, const void *descriptor)
{
	if (descriptor == &mu__heartbeat__descriptor)
		return rule == MU_LIMIT_HEARTBEAT;
	return rule == MU_LIMIT_MESSAGE && mu_limit_table_find(descriptor);
}

static bool fits(const struct mu_limit *limit, const ProtobufCFieldDescriptor *field)
{
	switch (field->type) {
	case PROTOBUF_C_TYPE_STRING: return fits_text(limit->rule);
	case PROTOBUF_C_TYPE_BYTES: return limit->rule == MU_LIMIT_BYTES || limit->rule == MU_LIMIT_EITHER;
	case PROTOBUF_C_TYPE_DOUBLE: return limit->rule == MU_LIMIT_FINITE;
	case PROTOBUF_C_TYPE_FLOAT: return false;
	case PROTOBUF_C_TYPE_MESSAGE: return fits_message(limit->rule, field->descriptor);
	default: return limit->rule == MU_LIMIT_NUMBER || limit->rule == MU_LIMIT_RANGE;
	}
}

static void test_each_rule_fits_its_type(void **unused)
{
	(void)unused;
	for (size_t t = 0; t < mu_limit_table_count; t++)
		for (unsigned f = 0; f < mu_limit_tables[t].count; f++) {
			const struct mu_limit *limit = &mu_limit_tables[t].limits[f];
			const ProtobufCFieldDescriptor *field = &mu_limit_tables[t].message->fields[f];
			if (!fits(limit, field) || (limit->count_max > 0) != (field->label == PROTOBUF_C_LABEL_REPEATED))
				fail_msg("%s.%s", mu_limit_tables[t].message->name, field->name);
			int64_t min, max;
			mu_limit_bounds(limit, &min, &max);
			assert_true(min <= max);
			// Repeated numbers are walked in steps of 4 bytes.
			if (limit->count_max > 0 && (limit->rule == MU_LIMIT_NUMBER || limit->rule == MU_LIMIT_RANGE))
				assert_int_equal(field->type, PROTOBUF_C_TYPE_FIXED32);
		}
}

static void test_find(void **unused)
{
	(void)unused;
	assert_ptr_equal(mu_limit_table_find(&mu__boot__descriptor)->message, &mu__boot__descriptor);
	assert_null(mu_limit_table_find(&mu__vitals__descriptor)); // metrics.def's
}

// One row whose numbers do not fit into it.
static void test_bounds(void **unused)
{
	(void)unused;
	int64_t min, max;
	mu_limit_bounds(&mu_limit_table_find(&mu__record__descriptor)->limits[2], &min, &max); // wall_ms
	assert_true(min == (int64_t)MU_WALL_MS_MIN && max == (int64_t)MU_WALL_MS_MAX);
	mu_limit_bounds(&mu_limit_table_find(&mu__ota__descriptor)->limits[6], &min, &max); // progress_permille
	assert_true(min == 0 && max == 1000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_field_has_its_row),
		cmocka_unit_test(test_each_rule_fits_its_type),
		cmocka_unit_test(test_find),
		cmocka_unit_test(test_bounds),
	};
	return cmocka_run_group_tests(tests, 0, 0);
}
