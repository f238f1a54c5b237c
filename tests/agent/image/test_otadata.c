// SPDX-License-Identifier: Apache-2.0
// What the recorded tables do not hold: more slots, the end of the sequence numbers, repair. See test_otadata_golden.c.
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include "agent/image/err.h"
#include "agent/image/otadata.h"
#include <string.h>

static struct mu_otadata_entry blank(void)
{
	struct mu_otadata_entry entry;
	memset(&entry, 0xFF, sizeof entry);
	return entry;
}

static void test_bytes_there_and_back(void **unused)
{
	(void)unused;
	uint8_t bytes[MU_OTADATA_ENTRY_SIZE], again[MU_OTADATA_ENTRY_SIZE];
	struct mu_otadata_entry entry;
	for (unsigned i = 0; i < sizeof bytes; i++)
		bytes[i] = (uint8_t)(i * 7 + 1);
	mu_otadata_decode(&entry, bytes);
	assert_int_equal(entry.seq, 0x160F0801);
	mu_otadata_encode(&entry, again);
	assert_memory_equal(bytes, again, sizeof bytes);
}

static void test_usable_and_good(void **unused)
{
	(void)unused;
	static const struct {
		uint32_t seq, state;
		bool usable;
	} rows[] = {
		{ 1, MU_OTADATA_VALID, true },      { 1, MU_OTADATA_UNDEFINED, true }, { 1, 77, true },
		{ 1, MU_OTADATA_INVALID, false },   { 1, MU_OTADATA_ABORTED, false },  { UINT32_MAX, MU_OTADATA_VALID, false },
		{ 0, MU_OTADATA_VALID, true }, // maps to the last slot; the real one takes it, too
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct mu_otadata_entry entry = mu_otadata_make(rows[i].seq, rows[i].state);
		assert_int_equal(mu_otadata_is_usable(&entry), rows[i].usable);
		assert_int_equal(mu_otadata_is_good(&entry), rows[i].usable);
		entry.crc ^= 1;
		assert_int_equal(mu_otadata_is_usable(&entry), rows[i].usable);
		assert_false(mu_otadata_is_good(&entry));
	}
}

static void test_select(void **unused)
{
	(void)unused;
	static const struct {
		uint32_t a, b;
		int active;
	} rows[] = {
		{ 1, 2, 1 }, { 3, 2, 0 },
		{ 5, 5, 0 },                   // a tie goes to the first
		{ 0x80000000, 0x7FFFFFFF, 0 }, // no wrap-around
		{ UINT32_MAX, 1, 1 }, { UINT32_MAX, UINT32_MAX, -1 },
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct mu_otadata otadata = { { mu_otadata_make(rows[i].a, 2), mu_otadata_make(rows[i].b, 2) } };
		assert_int_equal(mu_otadata_select(&otadata), rows[i].active);
	}
}

// From every slot to every slot: the new entry is chosen, maps to the slot, and no two seqs are equal.
static void test_set_boot_between_all_slots(void **unused)
{
	(void)unused;
	for (unsigned count = 1; count <= MU_OTADATA_SLOTS_MAX; count++)
		for (uint32_t seq = 0; seq < 40; seq++)
			for (unsigned slot = 0; slot < count; slot++) {
				struct mu_otadata otadata = { { mu_otadata_make(seq, 2), blank() } };
				struct mu_otadata_change change;
				assert_int_equal(mu_otadata_set_boot(&otadata, slot, count, MU_OTADATA_NEW, &change), 0);
				assert_int_equal(change.count, 1);
				bool in_place = (seq - 1u) % count == slot;
				// In two's complement seq 0 maps to 2^32 - 1, so it is in line with its successors only if the
				// count divides 2^32.
				if (seq == 0 && (count & (count - 1)))
					continue;
				assert_int_equal(change.operations[0].sector, in_place ? 0 : 1);
				otadata.entry[change.operations[0].sector] = change.operations[0].entry;
				int active = mu_otadata_select(&otadata);
				assert_int_equal(active, change.operations[0].sector);
				assert_int_equal(mu_otadata_slot(&otadata.entry[active], count), slot);
				assert_int_not_equal(otadata.entry[0].seq, otadata.entry[1].seq);
				assert_true(otadata.entry[active].seq - seq < count);
			}
}

static void test_set_boot_refuses(void **unused)
{
	(void)unused;
	struct mu_otadata otadata = { { mu_otadata_make(1, 2), blank() } };
	struct mu_otadata_change change = { .count = 9 };
	assert_int_equal(mu_otadata_set_boot(&otadata, 2, 2, 0, &change), MU_ERR_RANGE);
	assert_int_equal(change.count, 0);
	assert_int_equal(mu_otadata_set_boot(&otadata, 0, 0, 0, &change), MU_ERR_RANGE);
	assert_int_equal(mu_otadata_set_boot(&otadata, 0, 17, 0, &change), MU_ERR_RANGE);
	// The next seq would be the one that counts as blank: the real one writes it, and boots the old slot again.
	otadata.entry[0] = mu_otadata_make(0xFFFFFFFE, 2);
	assert_int_equal(mu_otadata_set_boot(&otadata, 0, 2, 0, &change), MU_ERR_FULL);
	assert_int_equal(change.count, 0);
	assert_int_equal(mu_otadata_set_boot(&otadata, 1, 2, 0, &change), 0);
}

static void test_mark_without_active_entry(void **unused)
{
	(void)unused;
	struct mu_otadata otadata = { { blank(), mu_otadata_make(4, MU_OTADATA_ABORTED) } };
	struct mu_otadata_change change;
	assert_int_equal(mu_otadata_mark_valid(&otadata, &change), MU_ERR_NOT_FOUND);
	assert_int_equal(mu_otadata_mark_invalid(&otadata, &change), MU_ERR_NOT_FOUND);
	assert_int_equal(change.count, 0);
}

static void test_mark_keeps_label_and_is_done_once(void **unused)
{
	(void)unused;
	struct mu_otadata otadata = { { mu_otadata_make(3, MU_OTADATA_PENDING_VERIFY), mu_otadata_make(2, 2) } };
	struct mu_otadata_change change;
	memset(otadata.entry[0].label, 'L', MU_OTADATA_LABEL_SIZE);
	assert_int_equal(mu_otadata_mark_valid(&otadata, &change), 0);
	assert_int_equal(change.count, 1);
	assert_int_equal(change.operations[0].entry.label[19], 'L');
	otadata.entry[0] = change.operations[0].entry;
	assert_int_equal(otadata.entry[0].state, MU_OTADATA_VALID);
	assert_int_equal(mu_otadata_mark_valid(&otadata, &change), 0);
	assert_int_equal(change.count, 0);
}

// What runs becomes what otadata says, with a seq above all others.
static void test_repair(void **unused)
{
	(void)unused;
	static const struct {
		uint32_t a, state_a, b, state_b;
		unsigned running;
		unsigned writes;
	} rows[] = {
		{ 1, 2, 2, 2, 1, 0 },                        // all is well
		{ 1, 2, 2, 2, 0, 1 },                        // rescue boot
		{ 2, 2, 2, 2, 1, 1 },                        // equal seqs, as older versions of ESP-IDF leave them
		{ 2, 2, 2, MU_OTADATA_ABORTED, 1, 1 },       // also when one is aborted
		{ 1, 3, 2, 4, 0, 1 },                        // neither counts
		{ UINT32_MAX, 0, UINT32_MAX, 0, 1, 1 },      // blank
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct mu_otadata otadata = { { mu_otadata_make(rows[i].a, rows[i].state_a),
			mu_otadata_make(rows[i].b, rows[i].state_b) } };
		struct mu_otadata_change change;
		assert_int_equal(mu_otadata_repair(&otadata, rows[i].running, 2, &change), 0);
		assert_int_equal(change.count, rows[i].writes);
		if (!change.count)
			continue;
		otadata.entry[change.operations[0].sector] = change.operations[0].entry;
		int active = mu_otadata_select(&otadata);
		assert_int_equal(active, change.operations[0].sector);
		assert_int_equal(mu_otadata_slot(&otadata.entry[active], 2), rows[i].running);
		assert_int_equal(otadata.entry[active].state, MU_OTADATA_VALID);
		assert_int_not_equal(otadata.entry[0].seq, otadata.entry[1].seq);
		assert_int_equal(mu_otadata_repair(&otadata, rows[i].running, 2, &change), 0);
		assert_int_equal(change.count, 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bytes_there_and_back),
		cmocka_unit_test(test_usable_and_good),
		cmocka_unit_test(test_select),
		cmocka_unit_test(test_set_boot_between_all_slots),
		cmocka_unit_test(test_set_boot_refuses),
		cmocka_unit_test(test_mark_without_active_entry),
		cmocka_unit_test(test_mark_keeps_label_and_is_done_once),
		cmocka_unit_test(test_repair),
	};
	return cmocka_run_group_tests(tests, 0, 0);
}
