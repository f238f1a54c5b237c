// SPDX-License-Identifier: Apache-2.0
// The flash of a virtual device: partition table, two firmware slots, otadata and keys, laid out as on a real one.
//
// One thread at a time for a flash.
#ifndef MU_PORT_LINUX_VIRTUAL_FLASH_H
#define MU_PORT_LINUX_VIRTUAL_FLASH_H
#include "agent/image/keyset.h"
#include "agent/image/partition_table.h"
#include "agent/port/linux/flash_image.h"
#include "agent/port/linux/virtual_image.h"
#include <stdbool.h>

enum { MU_VIRTUAL_SLOTS = 2 };

// 4 MiB, flash addresses:
//   0x8000 partition table | 0x9000 nvs 0x6000 | 0xf000 otadata 0x2000 | 0x11000 phy_init 0x1000 | 0x12000 mu_boot 0x2000
//   0x14000 mu_journal 0x2000 | 0x16000 mu_spool 0x20000 | 0x36000 mu_kv 0x4000 | 0x3a000 mu_keys 0x1000 (read-only)
//   0x40000 ota_0 0x100000 | 0x140000 ota_1 0x100000
void mu_virtual_layout(struct mu_partition_table *table);

struct mu_virtual_flash {
	struct mu_virtual_image images[MU_VIRTUAL_SLOTS]; // a null version leaves that slot erased
	unsigned active_slot;                             // VALID in otadata
	bool other_valid; // the other slot has a VALID entry too, as after an update that was committed; needs its image
	struct mu_keyset keys;
};

// Versions 1.0.0 and 1.1.0, healthy, slot 1 (1.1.0) runs, 1.0.0 is what a rollback returns to; no keys.
struct mu_virtual_flash mu_virtual_flash_default(void);

// Lays out a flash of at least 4 MiB. The table is written last, so a flash without one may be given to it again after a
// kill. Returns 0, MU_ERR_STATE if there is a table already, MU_ERR_INVALID (active slot without image, bad key set or image),
// MU_ERR_RANGE too small, or the flash's error.
int mu_virtual_flash_create(struct mu_flash_image *flash, const struct mu_virtual_flash *contents);

// Writes an image into slot 0 or 1 of a flash that is laid out, as a finished download would; otadata is left alone.
int mu_virtual_flash_put_image(struct mu_flash_image *flash, unsigned slot, const struct mu_virtual_image *image);

#endif
