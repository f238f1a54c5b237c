// SPDX-License-Identifier: Apache-2.0
// The application's changes to otadata against those that ESP-IDF 6.0.1 made, row by row.
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include "agent/image/err.h"
#include "agent/image/otadata.h"
#include "tests/agent/image/golden_row.h"
#include <string.h>

enum { SLOTS = 2 };

// Columns of api-*.txt.
enum {
	CASE,
	OP,
	A,
	B,
	SLOT0,
	SLOT1,
	FACTORY,
	BOOT,
	STATE0,
	STATE1,
	POSSIBLE,
	RESULT,
	ERASED,
	AFTER_A,
	AFTER_B,
	BOOT_AFTER,
	STATE0_AFTER,
	STATE1_AFTER,
	POSSIBLE_AFTER,
	COLUMNS
};

static bool has_factory(const struct golden_row *row)
{
	return strcmp(row->column[FACTORY], "absent") != 0;
}

static bool verifies(const struct golden_row *row, int slot)
{
	return !strcmp(row->column[slot == MU_SLOT_FACTORY ? FACTORY : SLOT0 + slot], "ok");
}

static bool rollback_is_possible(const struct golden_row *row, const struct mu_otadata *otadata)
{
	int slot = mu_otadata_rollback_slot(otadata, SLOTS, has_factory(row));
	return slot != MU_SLOT_NONE && verifies(row, slot);
}

static int mark_invalid(const struct golden_row *row, const struct mu_otadata *otadata, struct mu_otadata_change *change)
{
	struct mu_otadata_change wanted;
	int err = mu_otadata_mark_invalid(otadata, &wanted);
	*change = (struct mu_otadata_change){ 0 };
	if (err < 0)
		return err;
	if (!rollback_is_possible(row, otadata))
		return MU_ERR_STATE;
	*change = wanted;
	return 0;
}

static int set_boot(const struct golden_row *row, const struct mu_otadata *otadata, struct mu_otadata_change *change)
{
	const char *op = row->column[OP];
	int slot = strstr(op, "factory") ? MU_SLOT_FACTORY : strstr(op, "ota_0") ? 0 : 1;
	*change = (struct mu_otadata_change){ 0 };
	if (!verifies(row, slot))
		return MU_ERR_CRC;
	if (slot != MU_SLOT_FACTORY)
		return mu_otadata_set_boot(otadata, (unsigned)slot, SLOTS, MU_OTADATA_NEW, change);
	mu_otadata_set_boot_factory(change);
	return 0;
}

static int run(const struct golden_row *row, const struct mu_otadata *otadata, struct mu_otadata_change *change)
{
	const char *op = row->column[OP];
	*change = (struct mu_otadata_change){ 0 };
	if (!strcmp(op, "mark_valid"))
		return mu_otadata_mark_valid(otadata, change);
	if (!strncmp(op, "mark_invalid", 12))
		return mark_invalid(row, otadata, change);
	if (!strncmp(op, "set_boot(", 9))
		return set_boot(row, otadata, change);
	assert_string_equal(op, "query");
	return 0;
}

static const char *apply(struct mu_otadata *otadata, const struct mu_otadata_change *change)
{
	static const char *const names[] = { "-", "A", "B", "AB" };
	unsigned touched = 0;
	for (unsigned i = 0; i < change->count; i++) {
		unsigned sector = change->operations[i].sector;
		memset(&otadata->entry[sector], 0xFF, sizeof otadata->entry[sector]);
		if (change->operations[i].write)
			otadata->entry[sector] = change->operations[i].entry;
		touched |= 1u << sector;
	}
	return names[touched];
}

static void assert_result(const struct golden_row *row, int result)
{
	const char *wanted = row->column[RESULT];
	static const struct {
		const char *name;
		int result;
	} results[] = {
		{ "-", 0 }, { "ESP_OK", 0 }, { "reset", 0 },
		{ "ESP_FAIL", MU_ERR_NOT_FOUND },                   // no active entry
		{ "ESP_ERR_OTA_ROLLBACK_FAILED", MU_ERR_STATE },
		{ "ESP_ERR_OTA_VALIDATE_FAILED", MU_ERR_CRC },
	};
	for (size_t i = 0; i < sizeof results / sizeof *results; i++)
		if (!strcmp(results[i].name, wanted)) {
			if (results[i].result != result)
				fail_msg("%s: %s instead of %s", row->column[CASE], mu_err_name(result), wanted);
			return;
		}
	fail_msg("%s: unknown result %s", row->column[CASE], wanted);
}

// The active entry's slot, else factory, else ota_0.
static void assert_boot(const struct golden_row *row, int column, const struct mu_otadata *otadata)
{
	int active = mu_otadata_select(otadata);
	const char *fallback = has_factory(row) ? "factory" : "ota_0";
	const char *slot = active < 0 ? fallback : mu_otadata_slot(&otadata->entry[active], SLOTS) ? "ota_1" : "ota_0";
	if (strcmp(slot, row->column[column]))
		fail_msg("%s: would boot %s instead of %s", row->column[CASE], slot, row->column[column]);
}

static void assert_slot_state(const struct golden_row *row, int column, const struct mu_otadata *otadata, unsigned slot)
{
	uint32_t state;
	char buffer[12];
	const char *name = "ESP_ERR_NOT_FOUND";
	if (mu_otadata_slot_state(otadata, slot, SLOTS, &state) == 0)
		name = golden_state_name(state, buffer);
	if (strcmp(name, row->column[column]))
		fail_msg("%s: state %s instead of %s", row->column[CASE], name, row->column[column]);
}

static void assert_view(const struct golden_row *row, int boot, int state0, int possible, const struct mu_otadata *otadata)
{
	assert_boot(row, boot, otadata);
	assert_slot_state(row, state0, otadata, 0);
	assert_slot_state(row, state0 + 1, otadata, 1);
	if (rollback_is_possible(row, otadata) != (row->column[possible][0] == '1'))
		fail_msg("%s: rollback possible should be %s", row->column[CASE], row->column[possible]);
}

static void check_row(const struct golden_row *row)
{
	struct mu_otadata otadata = { { golden_entry(row->column[A], 0), golden_entry(row->column[B], 0) } };
	struct mu_otadata wanted = { { golden_entry(row->column[AFTER_A], &otadata.entry[0]),
		golden_entry(row->column[AFTER_B], &otadata.entry[1]) } };
	struct mu_otadata_change change;
	assert_view(row, BOOT, STATE0, POSSIBLE, &otadata);
	assert_result(row, run(row, &otadata, &change));
	const char *touched = apply(&otadata, &change);
	if (strcmp(touched, row->column[ERASED]))
		fail_msg("%s: touched %s instead of %s", row->column[CASE], touched, row->column[ERASED]);
	for (int i = 0; i < 2; i++)
		golden_assert_entry(row->column[CASE], &otadata.entry[i], &wanted.entry[i]);
	// After a reset the recording has no such view.
	if (strcmp(row->column[BOOT_AFTER], "-"))
		assert_view(row, BOOT_AFTER, STATE0_AFTER, POSSIBLE_AFTER, &otadata);
}

static void check_file(const char *name, int rows_wanted)
{
	struct golden_row row;
	int rows = 0;
	FILE *file = golden_open(name);
	for (; golden_next(file, &row); rows++) {
		assert_int_equal(row.columns, COLUMNS);
		check_row(&row);
	}
	fclose(file);
	assert_int_equal(rows, rows_wanted);
}

static void test_with_factory(void **unused)
{
	(void)unused;
	check_file("api-r1-t1.txt", 187);
}

static void test_without_factory(void **unused)
{
	(void)unused;
	check_file("api-r1-t2.txt", 127);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_with_factory),
		cmocka_unit_test(test_without_factory),
	};
	return cmocka_run_group_tests(tests, 0, 0);
}
