// SPDX-License-Identifier: Apache-2.0
// Virtual firmware: complete ESP32-C3 application images that carry traits instead of code.
//
// Segment 0 holds esp_app_desc_t, segment 1 the traits (virtual_traits.h). Any reader of ESP images accepts them. The ELF
// SHA-256 is the SHA-256 of "project\nversion\ntraits", so equal images are equal builds, and different ones differ.
// Text fields that are not asked for are the same in all images. Any thread.
#ifndef MU_PORT_LINUX_VIRTUAL_IMAGE_H
#define MU_PORT_LINUX_VIRTUAL_IMAGE_H
#include "agent/image/app_desc.h"
#include "agent/port/linux/virtual_traits.h"

enum {
	MU_VIRTUAL_IMAGE_MAX = 8192, // bytes of an image without padding
	MU_VIRTUAL_LOAD_DESC = 0x3C000020,   // mapped read-only data of the ESP32-C3
	MU_VIRTUAL_LOAD_TRAITS = 0x3FC80000, // its RAM
};

struct mu_virtual_image {
	const char *project; // 1..31 characters; null: "muster-virtual"
	const char *version; // 1..31 characters
	struct mu_traits traits;
	uint16_t chip_id; // MU_APP_IMAGE_CHIP_...; 0: an ESP32-C3
};

// Returns the size of the image, MU_ERR_FULL (MU_VIRTUAL_IMAGE_MAX always does), or MU_ERR_INVALID.
int mu_virtual_image_write(const struct mu_virtual_image *image, uint8_t *buffer, size_t capacity);

// Reads the traits of an image, which must verify: MU_ERR_INVALID, MU_ERR_CRC, MU_ERR_RANGE and MU_ERR_UNSUPPORTED are
// those of mu_app_image_verify(); MU_ERR_NOT_FOUND it is a real image, without traits; others as mu_traits_read().
int mu_virtual_image_traits(const struct mu_source *source, struct mu_traits *traits, char *problem);

#endif
