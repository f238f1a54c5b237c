// SPDX-License-Identifier: Apache-2.0
// The update journal and the boot journal over whatever lies in their sectors: the input repeated, or what a cut left.
// They must start and take a record or a boot; the record is found again.
#include "agent/ota/boot_guard.h"
#include "agent/ota/journal.h"
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { PART_SIZE = 2 * MU_SECTOR_BYTES };

static uint8_t flash[MU_PART_COUNT][PART_SIZE];

static void must(int condition)
{
	if (!condition)
		abort();
}

static int64_t size_of(void *context, enum mu_partition part)
{
	(void)context;
	(void)part;
	return PART_SIZE;
}

static int read_flash(void *context, enum mu_partition part, uint32_t offset, void *out, size_t size)
{
	(void)context;
	must(offset <= PART_SIZE && size <= PART_SIZE - offset);
	memcpy(out, flash[part] + offset, size);
	return 0;
}

static int erase_flash(void *context, enum mu_partition part, uint32_t offset, size_t size)
{
	(void)context;
	must(offset <= PART_SIZE && size <= PART_SIZE - offset && offset % MU_SECTOR_BYTES == 0 && size % MU_SECTOR_BYTES == 0);
	memset(flash[part] + offset, 0xFF, size);
	return 0;
}

static int program_flash(void *context, enum mu_partition part, uint32_t offset, const void *data, size_t size)
{
	(void)context;
	must(offset <= PART_SIZE && size <= PART_SIZE - offset);
	for (size_t i = 0; i < size; i++)
		flash[part][offset + i] &= ((const uint8_t *)data)[i];
	return 0;
}

static const struct mu_flash_port flash_port = {
	.size = size_of,
	.read = read_flash,
	.erase = erase_flash,
	.program = program_flash,
};
static const struct mu_port port = { .flash = &flash_port };

static int count(void *context, const struct mu_journal_record *record)
{
	(void)record;
	++*(unsigned *)context;
	return 0;
}

static void check_journal(void)
{
	static struct mu_journal journal;
	struct mu_journal_record record = { .kind = MU_JOURNAL_PLANNED, .request.reason = MU_OTA_CAUSE_COMMAND };
	unsigned records = 0;
	memset(record.request.command_id, 0x5C, sizeof record.request.command_id);
	must(mu_journal_init(&journal, &port) == 0);
	must(mu_journal_visit(&journal, count, &records) == 0);
	must(records <= 2 * MU_JOURNAL_RECORDS);
	must(mu_journal_append(&journal, &record) == 0);
	must(mu_journal_init(&journal, &port) == 0);
	must(mu_journal_find(&journal, record.request.command_id, &record) == 0);
}

static void check_guard(bool crashed)
{
	static struct mu_boot_guard guard;
	must(mu_boot_guard_start(&guard, &port, crashed) >= 0);
	must(mu_boot_guard_step(&guard, MU_BOOT_GUARD_GOOD_MS) == 0);
	must(guard.usable && guard.boot < MU_BOOT_GUARD_BOOTS);
	must(mu_boot_guard_acted(&guard) == 0);
	int answer = mu_boot_guard_start(&guard, &port, true);
	must(answer == 0 || answer == 1);
}

// First byte: bit 0 crashed, bit 1 what is not covered by the input is the input again, else erased.
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size < 2)
		return 0;
	memset(flash, 0xFF, sizeof flash);
	for (size_t i = 0; i < PART_SIZE && (i < size - 1 || data[0] & 2); i++) {
		flash[MU_PART_JOURNAL][i] = data[1 + i % (size - 1)];
		flash[MU_PART_BOOT][i] = data[1 + i % (size - 1)];
	}
	check_journal();
	check_guard(data[0] & 1);
	return 0;
}
