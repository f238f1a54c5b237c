// SPDX-License-Identifier: Apache-2.0
// What the second-stage bootloader of ESP-IDF 5.5 and 6.0 does with a flash, from reset to the jump into an image.
//
// Same slot, same otadata bytes, same sectors erased as the real one (tests/golden/bootloader holds its behaviour as
// recorded). Not modelled: anti-rollback, secure boot, flash encryption, factory-reset pins, deep sleep.
// One thread at a time for a flash.
#ifndef MU_PORT_LINUX_BOOTLOADER_H
#define MU_PORT_LINUX_BOOTLOADER_H
#include "agent/image/app_desc.h"
#include "agent/image/otadata.h"
#include "agent/image/partition_table.h"
#include "agent/port/linux/flash_image.h"
#include <stdbool.h>
#include <stdint.h>

enum { MU_BOOT_WRITES_MAX = 8 };

struct mu_boot_config {
	bool rollback;    // CONFIG_BOOTLOADER_APP_ROLLBACK_ENABLE
	uint16_t chip_id; // MU_APP_IMAGE_CHIP_ESP32C3, or _ANY
};

struct mu_boot_result {
	int slot; // 0..15 = ota_N, MU_SLOT_FACTORY, MU_SLOT_TEST, or MU_SLOT_NONE: nothing boots
	struct mu_partition_entry partition; // of the image that runs; size 0 if none
	struct mu_app_desc desc;             // zeroed if the image has none
	uint32_t image_size;
	int active_entry;    // entry that chose the slot, -1 if none did
	bool rescue;         // another image runs than otadata asks for
	unsigned write_count; // sectors of otadata rewritten, in order: each erased, then 32 bytes programmed
	uint8_t writes[MU_BOOT_WRITES_MAX]; // 0 or 1
	unsigned rejected_count; // images tried before and refused
};

// Returns 0 when an image runs, MU_ERR_NOT_FOUND when none does (the real one resets for ever: a brick),
// MU_ERR_INVALID, MU_ERR_RANGE or MU_ERR_CRC when the partition table is bad (also a brick), MU_ERR_IO when the power is
// cut meanwhile, MU_ERR_NO_MEMORY. *result is filled as far as it came.
int mu_bootloader_run(struct mu_flash_image *flash, const struct mu_boot_config *config, struct mu_boot_result *result);

#endif
