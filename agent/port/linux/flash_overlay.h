// SPDX-License-Identifier: Apache-2.0
// A file that keeps only the sectors in which a flash differs from its base, for fleets: about 200 KB a device instead of 4 MiB.
//
// File: 64 bytes header (magic "MUOV" | version u32 1 | sectors u32, little-endian, rest 0), a bit a sector from byte 64 on, and from the
// next multiple of 4096 each sector at its place, holes where none was written. A sector's bit is set after its first whole write, so a
// kill in between leaves the base's contents: the operation was not done. Which base it belongs to is the caller's business.
// Private to flash_image.c. Each function returns 0 or a negative enum mu_err. One thread at a time.
#ifndef MU_PORT_LINUX_FLASH_OVERLAY_H
#define MU_PORT_LINUX_FLASH_OVERLAY_H
#include <stdbool.h>
#include <stdint.h>

struct mu_flash_overlay {
	int fd; // -1: there is none
	uint32_t sectors;
	uint8_t *written; // the bits, as in the file
};

// MU_ERR_NOT_FOUND no such file and no create; MU_ERR_INVALID another kind of file; MU_ERR_SIZE of another chip; MU_ERR_BUSY another
// process has it open; MU_ERR_IO; MU_ERR_NO_MEMORY.
int mu_flash_overlay_open(struct mu_flash_overlay *overlay, const char *path, bool create, uint32_t size_bytes);
void mu_flash_overlay_close(struct mu_flash_overlay *overlay); // also one that is not open

bool mu_flash_overlay_holds(const struct mu_flash_overlay *overlay, uint32_t sector);
int mu_flash_overlay_read(const struct mu_flash_overlay *overlay, uint32_t sector, uint8_t *block);

// `block` is the whole sector as it is now, of which `size` bytes from `start` on have changed.
int mu_flash_overlay_write(struct mu_flash_overlay *overlay, uint32_t sector, const uint8_t *block, uint32_t start, uint32_t size);

#endif
