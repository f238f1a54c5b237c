// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include "muster.pb-c.h"
#include "tests/agent/ota/board.h"
#include <string.h>

static struct board board;

static int set_up(void **unused)
{
	(void)unused;
	board_open(&board, 0);
	return board_boot(&board, false);
}

static int tear_down(void **unused)
{
	(void)unused;
	board_close(&board);
	return 0;
}

static int append(enum mu_journal_kind kind, uint8_t id)
{
	struct mu_journal_record record = { .kind = kind, .request.reason = MU_OTA_CAUSE_COMMAND, .failure = MU_OTA_CAUSE_POWER_LOSS };
	memset(record.request.command_id, id, sizeof record.request.command_id);
	memset(record.request.running_sha, id + 1, sizeof record.request.running_sha);
	memset(record.request.target_sha, id + 2, sizeof record.request.target_sha);
	return mu_journal_append(&board.journal, &record);
}

static void reopen(void)
{
	mu_flash_power_on(board.flash);
	assert_int_equal(mu_journal_init(&board.journal, &board.port), 0);
}

static void test_causes_are_those_of_the_schema(void **unused)
{
	(void)unused;
	assert_int_equal(MU_OTA_CAUSE_COMMAND, MU__OTA_CAUSE__OTA_CAUSE_COMMAND);
	assert_int_equal(MU_OTA_CAUSE_BOOT_LOOP, MU__OTA_CAUSE__OTA_CAUSE_BOOT_LOOP);
	assert_int_equal(MU_OTA_CAUSE_NO_ACK, MU__OTA_CAUSE__OTA_CAUSE_NO_ACK);
	assert_int_equal(MU_OTA_CAUSE_IMAGE_DAMAGED, MU__OTA_CAUSE__OTA_CAUSE_IMAGE_DAMAGED);
	assert_int_equal(MU_OTA_CAUSE_POWER_LOSS, MU__OTA_CAUSE__OTA_CAUSE_POWER_LOSS);
	assert_int_equal(MU_OTA_CAUSE_REFUSED, MU__OTA_CAUSE__OTA_CAUSE_REFUSED);
}

static void test_empty(void **unused)
{
	(void)unused;
	struct mu_journal_record record;
	const uint8_t id[MU_COMMAND_ID_SIZE] = { 1 };
	assert_int_equal(mu_journal_last(&board.journal, &record), MU_ERR_NOT_FOUND);
	assert_int_equal(mu_journal_find(&board.journal, id, &record), MU_ERR_NOT_FOUND);
	assert_false(mu_journal_is_open(&board.journal));
}

static void test_survives_a_restart(void **unused)
{
	(void)unused;
	struct mu_journal_record record;
	assert_int_equal(append(MU_JOURNAL_PLANNED, 5), 0);
	assert_int_equal(append(MU_JOURNAL_FAILED, 5), 0);
	reopen();
	assert_int_equal(mu_journal_last(&board.journal, &record), 0);
	assert_int_equal(record.kind, MU_JOURNAL_FAILED);
	assert_int_equal(record.number, 2);
	assert_int_equal(record.request.reason, MU_OTA_CAUSE_COMMAND);
	assert_int_equal(record.failure, MU_OTA_CAUSE_POWER_LOSS);
	assert_int_equal(record.request.command_id[15], 5);
	assert_int_equal(record.request.running_sha[7], 6);
	assert_int_equal(record.request.target_sha[7], 7);
}

// Which kinds leave an operation open.
static void test_open(void **unused)
{
	(void)unused;
	static const struct {
		enum mu_journal_kind kind;
		bool open;
	} rows[] = {
		{ MU_JOURNAL_PLANNED, true },    { MU_JOURNAL_RESUMED, true }, { MU_JOURNAL_SWITCHED, true },
		{ MU_JOURNAL_CONFIRMED, false }, { MU_JOURNAL_FAILED, false },
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		assert_int_equal(append(rows[i].kind, 1), 0);
		assert_int_equal(mu_journal_is_open(&board.journal), rows[i].open);
	}
}

static int count(void *context, const struct mu_journal_record *record)
{
	uint32_t *numbers = context; // how many, last number
	if (numbers[0]++)
		assert_int_equal(record->number, numbers[1] + 1);
	numbers[1] = record->number;
	return 0;
}

// After any number of records the last 63 are there, in order, also after a restart; each sector is erased in turn.
static void test_keeps_the_last_records(void **unused)
{
	(void)unused;
	for (uint32_t i = 1; i <= 400; i++) {
		uint32_t numbers[2] = { 0, 0 };
		assert_int_equal(append(MU_JOURNAL_PLANNED, (uint8_t)i), 0);
		if (i % 3 == 0)
			reopen();
		assert_int_equal(mu_journal_visit(&board.journal, count, numbers), 0);
		assert_int_equal(numbers[1], i);
		assert_true(numbers[0] >= (i < 63 ? i : 63));
	}
	uint32_t sector = board.parts.parts[MU_PART_JOURNAL].offset / MU_FLASH_SECTOR_SIZE;
	assert_int_equal(mu_flash_wear(board.flash, sector) + mu_flash_wear(board.flash, sector + 1), 7);
	assert_int_equal(mu_flash_statistics(board.flash).bit_violations, 0);
}

static void test_find_gives_the_newest(void **unused)
{
	(void)unused;
	struct mu_journal_record record;
	uint8_t id[MU_COMMAND_ID_SIZE];
	append(MU_JOURNAL_PLANNED, 1);
	append(MU_JOURNAL_FAILED, 1);
	append(MU_JOURNAL_PLANNED, 2);
	memset(id, 1, sizeof id);
	assert_int_equal(mu_journal_find(&board.journal, id, &record), 0);
	assert_int_equal(record.kind, MU_JOURNAL_FAILED);
	assert_int_equal(record.number, 2);
}

// A torn record is passed over, whichever byte it was torn at, and the next one goes behind it.
static void test_torn_record(void **unused)
{
	(void)unused;
	for (uint32_t bytes = 0; bytes < MU_JOURNAL_RECORD_SIZE; bytes++) {
		const struct mu_flash_cut cut = { .at_operation = 1, .bytes_done = bytes, .bits = 0x0F };
		struct mu_journal_record record;
		// Room for both, so that the cut falls into a record and not into a turn-over.
		while (!board.journal.open || board.journal.used > MU_JOURNAL_RECORDS - 3)
			assert_int_equal(append(MU_JOURNAL_CONFIRMED, 3), 0);
		assert_int_equal(append(MU_JOURNAL_PLANNED, 1), 0);
		uint32_t number = board.journal.last.number;
		mu_flash_cut_at(board.flash, &cut);
		assert_int_equal(append(MU_JOURNAL_SWITCHED, 1), MU_ERR_IO);
		reopen();
		assert_int_equal(mu_journal_last(&board.journal, &record), 0);
		if (bytes < MU_JOURNAL_RECORD_SIZE - 1 || record.kind != MU_JOURNAL_SWITCHED) {
			assert_int_equal(record.kind, MU_JOURNAL_PLANNED);
			assert_int_equal(record.number, number);
		}
		assert_int_equal(append(MU_JOURNAL_CONFIRMED, 1), 0);
		assert_int_equal(mu_flash_statistics(board.flash).bit_violations, 0);
	}
}

static void test_foreign_contents(void **unused)
{
	(void)unused;
	uint8_t noise[256];
	for (size_t i = 0; i < sizeof noise; i++)
		noise[i] = (uint8_t)(i * 37);
	for (uint32_t offset = 0; offset < 2 * MU_FLASH_SECTOR_SIZE; offset += sizeof noise)
		assert_int_equal(board.port.flash->program(&board, MU_PART_JOURNAL, offset, noise, sizeof noise), 0);
	reopen();
	assert_false(mu_journal_is_open(&board.journal));
	assert_int_equal(append(MU_JOURNAL_PLANNED, 1), 0);
	reopen();
	assert_true(mu_journal_is_open(&board.journal));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_causes_are_those_of_the_schema),
		cmocka_unit_test_setup_teardown(test_empty, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_survives_a_restart, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_open, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_keeps_the_last_records, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_find_gives_the_newest, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_torn_record, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_foreign_contents, set_up, tear_down),
	};
	return cmocka_run_group_tests(tests, 0, 0);
}
