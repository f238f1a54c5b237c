// SPDX-License-Identifier: Apache-2.0
// A board for the tests of agent/ota: a flash with two virtual images, the bootloader emulation, and as much of an agent as a
// rollback needs. Everything in RAM dies with a reset; a power cut ends a boot at the flash operation that it hits.
#ifndef TESTS_AGENT_OTA_BOARD_H
#define TESTS_AGENT_OTA_BOARD_H
#include "agent/ota/boot_guard.h"
#include "agent/ota/rollback.h"
#include "agent/port/linux/bootloader.h"
#include "agent/port/linux/flash_partitions.h"
#include "agent/port/linux/virtual_flash.h"
#include <stdbool.h>

struct board {
	struct mu_flash_image *flash;
	struct mu_flash_partitions parts;
	struct mu_port port;
	struct mu_boot_result boot;
	struct mu_slots slots;
	struct mu_journal journal;
	struct mu_boot_guard guard;
	struct mu_rollback rollback;
	int guard_said; // of mu_boot_guard_start
	unsigned reports;
	struct mu_rollback_report last_report;
	unsigned announced;
};

// 1.0.0 in slot 0, 1.1.0 runs in slot 1, both committed. base: null, or a flash made by board_make_flash() to share.
void board_open(struct board *board, const struct mu_flash_image *base);
void board_close(struct board *board);
struct mu_flash_image *board_make_flash(void);

// Power on (the cut is forgotten), bootloader, then the start of the agent. Returns 0, or MU_ERR_IO if a cut set with
// board_cut() hit meanwhile. Fails the test if nothing boots.
int board_boot(struct board *board, bool crashed);
int board_boot_with_cut(struct board *board, bool crashed, const struct mu_flash_cut *cut);

// Steps the rollback until it wants a restart (1), or has nothing left to do (0), or the power is gone (MU_ERR_IO). Announcements
// are delivered at once, reports are counted, the first heartbeat comes when there is nothing else.
int board_run(struct board *board);

// The rollback from what runs to the other slot, with a fixed command id.
struct mu_rollback_request board_request(const struct board *board);

// "1.0.0" or "1.1.0".
const char *board_running(const struct board *board);

struct mu_otadata board_otadata(const struct board *board);

#endif
