// SPDX-License-Identifier: Apache-2.0
#include "agent/port/linux/flash_overlay.h"
#include "agent/image/err.h"
#include "agent/image/little_endian.h"
#include "agent/port/linux/flash_image.h"
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

enum { HEADER_SIZE = 64, SECTOR = MU_FLASH_SECTOR_SIZE, VERSION = 1 };

static uint32_t map_bytes(const struct mu_flash_overlay *overlay)
{
	return (overlay->sectors + 7) / 8;
}

static off_t place(const struct mu_flash_overlay *overlay, uint32_t sector)
{
	off_t data = (off_t)(HEADER_SIZE + map_bytes(overlay) + SECTOR - 1) / SECTOR * SECTOR;
	return data + (off_t)sector * SECTOR;
}

static int write_at(const struct mu_flash_overlay *overlay, off_t offset, const void *data, size_t size)
{
	return pwrite(overlay->fd, data, size, offset) == (ssize_t)size ? 0 : MU_ERR_IO;
}

static void make_header(const struct mu_flash_overlay *overlay, uint8_t header[HEADER_SIZE])
{
	memset(header, 0, HEADER_SIZE);
	memcpy(header, "MUOV", 4);
	mu_le32_put(header + 4, VERSION);
	mu_le32_put(header + 8, overlay->sectors);
}

// The bits go first, the header last: a file without a header is a new one, whoever was killed over it.
static int initialise(const struct mu_flash_overlay *overlay)
{
	uint8_t header[HEADER_SIZE];
	make_header(overlay, header);
	int err = write_at(overlay, HEADER_SIZE, overlay->written, map_bytes(overlay));
	return err < 0 ? err : write_at(overlay, 0, header, sizeof header);
}

static int load(const struct mu_flash_overlay *overlay)
{
	uint8_t header[HEADER_SIZE], wanted[HEADER_SIZE];
	make_header(overlay, wanted);
	ssize_t got = pread(overlay->fd, header, sizeof header, 0);
	if (got < 0)
		return MU_ERR_IO;
	if (got == 0)
		return initialise(overlay);
	if (got == HEADER_SIZE && !memcmp(header, "\0\0\0\0", 4))
		return initialise(overlay);
	if (got < HEADER_SIZE || memcmp(header, wanted, 8) != 0)
		return MU_ERR_INVALID;
	if (memcmp(header, wanted, HEADER_SIZE) != 0)
		return MU_ERR_SIZE;
	return pread(overlay->fd, overlay->written, map_bytes(overlay), HEADER_SIZE) == (ssize_t)map_bytes(overlay) ? 0 : MU_ERR_IO;
}

static int lock_and_load(struct mu_flash_overlay *overlay)
{
	overlay->written = calloc(1, map_bytes(overlay));
	if (!overlay->written)
		return MU_ERR_NO_MEMORY;
	if (flock(overlay->fd, LOCK_EX | LOCK_NB) < 0)
		return errno == EWOULDBLOCK ? MU_ERR_BUSY : MU_ERR_IO;
	return load(overlay);
}

int mu_flash_overlay_open(struct mu_flash_overlay *overlay, const char *path, bool create, uint32_t size_bytes)
{
	*overlay = (struct mu_flash_overlay){ .sectors = size_bytes / SECTOR };
	overlay->fd = open(path, O_RDWR | O_CLOEXEC | (create ? O_CREAT : 0), 0644);
	if (overlay->fd < 0)
		return errno == ENOENT && !create ? MU_ERR_NOT_FOUND : MU_ERR_IO;
	int err = lock_and_load(overlay);
	if (err < 0)
		mu_flash_overlay_close(overlay);
	return err;
}

void mu_flash_overlay_close(struct mu_flash_overlay *overlay)
{
	if (overlay->fd >= 0)
		close(overlay->fd);
	free(overlay->written);
	*overlay = (struct mu_flash_overlay){ .fd = -1 };
}

bool mu_flash_overlay_holds(const struct mu_flash_overlay *overlay, uint32_t sector)
{
	return overlay->written[sector / 8] >> sector % 8 & 1;
}

int mu_flash_overlay_read(const struct mu_flash_overlay *overlay, uint32_t sector, uint8_t *block)
{
	return pread(overlay->fd, block, SECTOR, place(overlay, sector)) == SECTOR ? 0 : MU_ERR_IO;
}

int mu_flash_overlay_write(struct mu_flash_overlay *overlay, uint32_t sector, const uint8_t *block, uint32_t start, uint32_t size)
{
	if (mu_flash_overlay_holds(overlay, sector))
		return write_at(overlay, place(overlay, sector) + start, block + start, size);
	int err = write_at(overlay, place(overlay, sector), block, SECTOR);
	if (err < 0)
		return err;
	overlay->written[sector / 8] |= (uint8_t)(1u << sector % 8);
	return write_at(overlay, HEADER_SIZE + sector / 8, &overlay->written[sector / 8], 1);
}
