// SPDX-License-Identifier: Apache-2.0
// Virtual firmware: complete ESP32-C3 application images that carry traits instead of code, and a flash made of them.
//
// Segment 0 holds esp_app_desc_t, segment 1 the traits (virtual_traits.h). Any reader of ESP images accepts them. The ELF
// SHA-256 is the SHA-256 of "project\nversion\ntraits", so equal images are equal builds, and different ones differ.
// One thread at a time for a flash; the functions on buffers are pure.
#ifndef MU_PORT_LINUX_VIRTUAL_IMAGE_H
#define MU_PORT_LINUX_VIRTUAL_IMAGE_H
#include "agent/image/app_desc.h"
#include "agent/image/keyset.h"
#include "agent/image/partition_table.h"
#include "agent/port/linux/flash_image.h"
#include "agent/port/linux/virtual_traits.h"

enum {
	MU_VIRTUAL_IMAGE_MAX = 8192, // bytes of an image without padding
	MU_VIRTUAL_SLOTS = 2,
	MU_VIRTUAL_LOAD_DESC = 0x3C000020,   // mapped read-only data of the ESP32-C3
	MU_VIRTUAL_LOAD_TRAITS = 0x3FC80000, // its RAM
};

struct mu_virtual_image {
	const char *project; // 1..31 characters; null: "muster-virtual"
	const char *version; // 1..31 characters
	struct mu_traits traits;
};

// Returns the size of the image, MU_ERR_FULL (MU_VIRTUAL_IMAGE_MAX always does), or MU_ERR_INVALID.
int mu_virtual_image_write(const struct mu_virtual_image *image, uint8_t *buffer, size_t capacity);

// Reads the traits of an image, which must verify: MU_ERR_INVALID, MU_ERR_CRC, MU_ERR_RANGE and MU_ERR_UNSUPPORTED are
// those of mu_app_image_verify(); MU_ERR_NOT_FOUND it is a real image, without traits; others as mu_traits_read().
int mu_virtual_image_traits(const struct mu_source *source, struct mu_traits *traits, char *problem);

// 4 MiB, flash addresses:
//   0x8000 partition table | 0x9000 nvs 0x6000 | 0xf000 otadata 0x2000 | 0x11000 phy_init 0x1000 | 0x12000 mu_boot 0x2000
//   0x14000 mu_journal 0x2000 | 0x16000 mu_spool 0x20000 | 0x36000 mu_kv 0x4000 | 0x3a000 mu_keys 0x1000 (read-only)
//   0x40000 ota_0 0x100000 | 0x140000 ota_1 0x100000
void mu_virtual_layout(struct mu_partition_table *table);

struct mu_virtual_flash {
	struct mu_virtual_image images[MU_VIRTUAL_SLOTS]; // a null version leaves that slot erased
	unsigned active_slot;                             // VALID in otadata
	bool other_valid; // the other slot has a VALID entry too, as after an update that was committed
	struct mu_keyset keys;
};

// Versions 1.0.0 and 1.1.0, healthy, slot 1 (1.1.0) runs, 1.0.0 is what a rollback returns to; no keys.
struct mu_virtual_flash mu_virtual_flash_default(void);

// Lays out a blank flash of at least 4 MiB. Returns 0, MU_ERR_STATE if it is not blank where it must be, MU_ERR_INVALID
// (active slot without image, bad key set or image), or the flash's error.
int mu_virtual_flash_create(struct mu_flash_image *flash, const struct mu_virtual_flash *contents);

// Writes an image into slot 0 or 1 of a flash that is laid out, as a finished download would; otadata is left alone.
int mu_virtual_flash_put_image(struct mu_flash_image *flash, unsigned slot, const struct mu_virtual_image *image);

#endif
