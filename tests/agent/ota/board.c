// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include "tests/agent/ota/board.h"
#include "agent/image/app_image.h"
#include "agent/ota/slots.h"
#include "agent/port/linux/crypto.h"
#include "agent/port/linux/virtual_flash.h"
#include <string.h>

static int64_t part_size(void *context, enum mu_partition part)
{
	return mu_flash_partitions_size(&((struct board *)context)->parts, part);
}

static int part_read(void *context, enum mu_partition part, uint32_t offset, void *out, size_t size)
{
	return mu_flash_partitions_read(&((struct board *)context)->parts, part, offset, out, size);
}

static int part_erase(void *context, enum mu_partition part, uint32_t offset, size_t size)
{
	return mu_flash_partitions_erase(&((struct board *)context)->parts, part, offset, size);
}

static int part_program(void *context, enum mu_partition part, uint32_t offset, const void *data, size_t size)
{
	return mu_flash_partitions_program(&((struct board *)context)->parts, part, offset, data, size);
}

static int running_slot(void *context)
{
	return ((struct board *)context)->boot.slot;
}

static const struct mu_flash_port flash_port = {
	.size = part_size,
	.read = part_read,
	.erase = part_erase,
	.program = part_program,
	.running_slot = running_slot,
};

struct mu_flash_image *board_make_flash(void)
{
	struct mu_flash_image *flash;
	const struct mu_flash_options options = { .size_bytes = MU_FLASH_SIZE_DEFAULT };
	const struct mu_virtual_flash contents = mu_virtual_flash_default();
	assert_int_equal(mu_flash_open(&flash, &options), 0);
	assert_int_equal(mu_virtual_flash_create(flash, &contents), 0);
	return flash;
}

void board_open(struct board *board, const struct mu_flash_image *base)
{
	const struct mu_flash_options options = { .base = base };
	memset(board, 0, sizeof *board);
	if (base)
		assert_int_equal(mu_flash_open(&board->flash, &options), 0);
	else
		board->flash = board_make_flash();
	board->port = (struct mu_port){ .context = board, .flash = &flash_port, .crypto = &mu_crypto_openssl };
}

void board_close(struct board *board)
{
	mu_flash_close(board->flash);
}

static int start_agent(struct board *board, bool crashed)
{
	int err = mu_flash_partitions_open(&board->parts, board->flash);
	if (!err)
		err = mu_slots_init(&board->slots, &board->port);
	if (!err)
		err = mu_journal_init(&board->journal, &board->port);
	if (!err)
		err = mu_rollback_init(&board->rollback, &board->slots, &board->journal);
	if (err < 0)
		return err;
	board->guard_said = mu_boot_guard_start(&board->guard, &board->port, crashed);
	return board->guard_said < 0 ? board->guard_said : 0;
}

int board_boot_with_cut(struct board *board, bool crashed, const struct mu_flash_cut *cut)
{
	const struct mu_boot_config config = { .rollback = true, .chip_id = MU_APP_IMAGE_CHIP_ESP32C3 };
	mu_flash_power_on(board->flash);
	if (cut)
		mu_flash_cut_at(board->flash, cut);
	int err = mu_bootloader_run(board->flash, &config, &board->boot);
	if (!err)
		err = start_agent(board, crashed);
	if (err < 0 && mu_flash_has_power(board->flash))
		fail_msg("a boot ended with %s", mu_err_name(err));
	return err;
}

int board_boot(struct board *board, bool crashed)
{
	return board_boot_with_cut(board, crashed, 0);
}

static int step(struct board *board)
{
	switch (mu_rollback_step(&board->rollback, 0)) {
	case MU_ROLLBACK_DO_ANNOUNCE:
		board->announced++;
		mu_rollback_delivered(&board->rollback);
		return 0;
	case MU_ROLLBACK_DO_REPORT:
		board->reports++;
		assert_int_equal(mu_rollback_report(&board->rollback, &board->last_report), 0);
		return 0;
	case MU_ROLLBACK_DO_RESTART: return 1;
	default: return 0;
	}
}

int board_run(struct board *board)
{
	for (int i = 0; i < 10000; i++) {
		int result = step(board);
		if (!mu_flash_has_power(board->flash))
			return MU_ERR_IO;
		if (result)
			return result;
		if (mu_rollback_is_urgent(&board->rollback))
			continue;
		if (board->rollback.state == MU_ROLLBACK_IDLE)
			return 0;
		mu_rollback_heartbeat(&board->rollback);
	}
	fail_msg("the rollback never ends");
	return 0;
}

struct mu_rollback_request board_request(const struct board *board)
{
	struct mu_rollback_request request = { .reason = MU_OTA_CAUSE_COMMAND };
	memset(request.command_id, 0xC0, sizeof request.command_id);
	memcpy(request.running_sha, mu_slots_running(&board->slots)->elf_sha, MU_SHA_BYTES);
	memcpy(request.target_sha, mu_slots_other(&board->slots)->elf_sha, MU_SHA_BYTES);
	return request;
}

const char *board_running(const struct board *board)
{
	return board->boot.desc.version;
}

struct mu_otadata board_otadata(const struct board *board)
{
	struct mu_otadata otadata;
	for (uint32_t i = 0; i < 2; i++) {
		uint8_t bytes[MU_OTADATA_ENTRY_SIZE];
		assert_int_equal(mu_flash_partitions_read(&board->parts, MU_PART_OTADATA, i * MU_OTADATA_SECTOR_SIZE, bytes, sizeof bytes),
			0);
		mu_otadata_decode(&otadata.entry[i], bytes);
	}
	return otadata;
}
