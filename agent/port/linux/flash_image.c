// SPDX-License-Identifier: Apache-2.0
#include "agent/port/linux/flash_image.h"
#include "agent/image/err.h"
#include "agent/port/linux/flash_file.h"
#include "agent/port/linux/flash_overlay.h"
#include <stdlib.h>
#include <string.h>

enum { SECTOR = MU_FLASH_SECTOR_SIZE };

// A sector without a block of its own shows the base's, or FF.
struct mu_flash_image {
	uint32_t size_bytes;
	int fd; // -1: no raw file
	struct mu_flash_overlay overlay;
	const struct mu_flash_image *base;
	uint8_t **blocks;
	uint32_t *wear;
	uint32_t owned; // blocks allocated
	bool no_power;
	struct mu_flash_cut cut; // at_operation counts down
	struct mu_flash_statistics statistics;
};

static uint32_t sector_count(const struct mu_flash_image *flash)
{
	return flash->size_bytes / SECTOR;
}

// What a read of the sector sees; null means all FF.
static const uint8_t *view(const struct mu_flash_image *flash, uint32_t sector)
{
	while (flash && !flash->blocks[sector])
		flash = flash->base;
	return flash ? flash->blocks[sector] : 0;
}

// The sector's own block, made from what it shows.
static uint8_t *own(struct mu_flash_image *flash, uint32_t sector)
{
	if (flash->blocks[sector])
		return flash->blocks[sector];
	const uint8_t *shown = view(flash, sector);
	uint8_t *block = malloc(SECTOR);
	if (!block)
		return 0;
	if (shown)
		memcpy(block, shown, SECTOR);
	else
		memset(block, 0xFF, SECTOR);
	flash->owned++;
	return flash->blocks[sector] = block;
}

static bool is_blank(const uint8_t *data, size_t size)
{
	return data[0] == 0xFF && !memcmp(data, data + 1, size - 1);
}

static int own_all(struct mu_flash_image *flash)
{
	for (uint32_t i = 0; i < sector_count(flash); i++)
		if (!own(flash, i))
			return MU_ERR_NO_MEMORY;
	return 0;
}

static int load(struct mu_flash_image *flash)
{
	uint8_t data[SECTOR];
	for (uint32_t i = 0; i < sector_count(flash); i++) {
		int err = mu_flash_file_read(flash->fd, i * (uint32_t)SECTOR, data, SECTOR);
		if (err < 0)
			return err;
		if (is_blank(data, SECTOR))
			continue;
		if (!own(flash, i))
			return MU_ERR_NO_MEMORY;
		memcpy(flash->blocks[i], data, SECTOR);
	}
	return 0;
}

static int load_overlay(struct mu_flash_image *flash)
{
	int err = 0;
	for (uint32_t i = 0; !err && i < sector_count(flash); i++)
		if (mu_flash_overlay_holds(&flash->overlay, i))
			err = own(flash, i) ? mu_flash_overlay_read(&flash->overlay, i, flash->blocks[i]) : MU_ERR_NO_MEMORY;
	return err;
}

static bool options_are_valid(const struct mu_flash_options *options)
{
	const struct mu_flash_image *base = options->base;
	if (options->size_bytes % SECTOR || options->size_bytes > MU_FLASH_SIZE_MAX)
		return false;
	return !base || !options->size_bytes || options->size_bytes == base->size_bytes;
}

// A raw file, or with a base an overlay, or nothing but memory.
static int open_store(struct mu_flash_image *flash, const struct mu_flash_options *options)
{
	if (!options->path)
		return 0;
	if (options->base)
		return mu_flash_overlay_open(&flash->overlay, options->path, options->create, flash->size_bytes);
	return mu_flash_file_open(&flash->fd, options->path, options->create, &flash->size_bytes);
}

static int load_store(struct mu_flash_image *flash)
{
	if (flash->overlay.fd >= 0)
		return load_overlay(flash);
	return flash->fd >= 0 ? load(flash) : 0;
}

static int set_up(struct mu_flash_image *flash, const struct mu_flash_options *options)
{
	flash->size_bytes = options->base ? options->base->size_bytes : options->size_bytes;
	int err = open_store(flash, options);
	if (err < 0)
		return err;
	if (!flash->size_bytes)
		flash->size_bytes = MU_FLASH_SIZE_DEFAULT;
	flash->blocks = calloc(sector_count(flash), sizeof *flash->blocks);
	flash->wear = calloc(sector_count(flash), sizeof *flash->wear);
	if (!flash->blocks || !flash->wear)
		return MU_ERR_NO_MEMORY;
	err = load_store(flash);
	return err < 0 || !options->dense ? err : own_all(flash);
}

int mu_flash_open(struct mu_flash_image **flash, const struct mu_flash_options *options)
{
	*flash = 0;
	if (!options_are_valid(options))
		return MU_ERR_INVALID;
	struct mu_flash_image *opened = calloc(1, sizeof *opened);
	if (!opened)
		return MU_ERR_NO_MEMORY;
	opened->fd = opened->overlay.fd = -1;
	opened->base = options->base;
	int err = set_up(opened, options);
	if (err < 0) {
		mu_flash_close(opened);
		return err;
	}
	*flash = opened;
	return 0;
}

void mu_flash_close(struct mu_flash_image *flash)
{
	if (!flash)
		return;
	mu_flash_file_close(flash->fd);
	mu_flash_overlay_close(&flash->overlay);
	for (uint32_t i = 0; flash->blocks && i < sector_count(flash); i++)
		free(flash->blocks[i]);
	free(flash->blocks);
	free(flash->wear);
	free(flash);
}

uint32_t mu_flash_size(const struct mu_flash_image *flash)
{
	return flash->size_bytes;
}

static int check_access(const struct mu_flash_image *flash, uint32_t offset, size_t size)
{
	if (offset > flash->size_bytes || size > flash->size_bytes - offset)
		return MU_ERR_RANGE;
	return flash->no_power ? MU_ERR_IO : 0;
}

// Bytes from offset to the end of its sector, at most size.
static uint32_t piece_size(uint32_t offset, size_t size)
{
	uint32_t room = SECTOR - offset % SECTOR;
	return size < room ? (uint32_t)size : room;
}

int mu_flash_read(const struct mu_flash_image *flash, uint32_t offset, void *buffer, size_t size)
{
	int err = check_access(flash, offset, size);
	uint8_t *out = buffer;
	while (!err && size) {
		uint32_t piece = piece_size(offset, size);
		const uint8_t *block = view(flash, offset / SECTOR);
		if (block)
			memcpy(out, block + offset % SECTOR, piece);
		else
			memset(out, 0xFF, piece);
		offset += piece;
		out += piece;
		size -= piece;
	}
	return err;
}

static int write_through(struct mu_flash_image *flash, uint32_t offset, uint32_t size)
{
	if (flash->overlay.fd >= 0)
		return mu_flash_overlay_write(&flash->overlay, offset / SECTOR, flash->blocks[offset / SECTOR], offset % SECTOR, size);
	if (flash->fd < 0)
		return 0;
	return mu_flash_file_write(flash->fd, offset, flash->blocks[offset / SECTOR] + offset % SECTOR, size);
}

// Counts the operation. True if it is the one that loses power; the caller then tears it.
static bool is_torn(struct mu_flash_image *flash)
{
	flash->statistics.operations++;
	if (!flash->cut.at_operation || --flash->cut.at_operation)
		return false;
	flash->no_power = true;
	return true;
}

static int program_piece(struct mu_flash_image *flash, uint32_t offset, const uint8_t *data, uint32_t size)
{
	uint8_t *block = own(flash, offset / SECTOR);
	if (!block)
		return MU_ERR_NO_MEMORY;
	for (uint32_t i = 0; i < size; i++)
		block[offset % SECTOR + i] &= data[i];
	flash->statistics.programmed_bytes += size;
	return write_through(flash, offset, size);
}

static int program_range(struct mu_flash_image *flash, uint32_t offset, const uint8_t *data, size_t size)
{
	int err = 0;
	while (!err && size) {
		uint32_t piece = piece_size(offset, size);
		err = program_piece(flash, offset, data, piece);
		offset += piece;
		data += piece;
		size -= piece;
	}
	return err;
}

static void count_violations(struct mu_flash_image *flash, uint32_t offset, const uint8_t *data, size_t size)
{
	for (size_t i = 0; i < size; i++) {
		const uint8_t *block = view(flash, (uint32_t)((offset + i) / SECTOR));
		if (block && data[i] & ~block[(offset + i) % SECTOR]) {
			flash->statistics.bit_violations++;
			return;
		}
	}
}

static int program_torn(struct mu_flash_image *flash, uint32_t offset, const uint8_t *data, size_t size)
{
	uint32_t done = flash->cut.bytes_done;
	if (done >= size)
		program_range(flash, offset, data, size);
	else {
		uint8_t last = data[done] | (uint8_t)~flash->cut.bits;
		program_range(flash, offset, data, done);
		program_range(flash, offset + done, &last, 1);
	}
	return MU_ERR_IO;
}

int mu_flash_program(struct mu_flash_image *flash, uint32_t offset, const void *data, size_t size)
{
	int err = check_access(flash, offset, size);
	if (err < 0)
		return err;
	count_violations(flash, offset, data, size);
	flash->statistics.programs++;
	if (is_torn(flash))
		return program_torn(flash, offset, data, size);
	return program_range(flash, offset, data, size);
}

static int erase_sector(struct mu_flash_image *flash, uint32_t sector)
{
	// A blank sector needs no block unless it has to hide the base's.
	bool torn = is_torn(flash);
	uint8_t *block = view(flash, sector) ? own(flash, sector) : 0;
	flash->wear[sector]++;
	flash->statistics.erases++;
	if (!block)
		return !view(flash, sector) ? (torn ? MU_ERR_IO : 0) : MU_ERR_NO_MEMORY;
	uint32_t done = torn && flash->cut.bytes_done < SECTOR ? flash->cut.bytes_done : SECTOR;
	memset(block, 0xFF, done);
	for (uint32_t i = done; i < SECTOR; i++)
		block[i] |= flash->cut.bits;
	int err = write_through(flash, sector * (uint32_t)SECTOR, SECTOR);
	return torn ? MU_ERR_IO : err;
}

int mu_flash_erase(struct mu_flash_image *flash, uint32_t offset, size_t size)
{
	if (offset % SECTOR || size % SECTOR)
		return MU_ERR_INVALID;
	int err = check_access(flash, offset, size);
	for (size_t done = 0; !err && done < size; done += SECTOR)
		err = erase_sector(flash, (uint32_t)((offset + done) / SECTOR));
	return err;
}

static int read_window(void *context, uint32_t offset, void *buffer, size_t size)
{
	const struct mu_flash_window *window = context;
	return mu_flash_read(window->flash, window->offset + offset, buffer, size);
}

struct mu_source mu_flash_source(struct mu_flash_window *window, const struct mu_flash_image *flash, uint32_t offset, uint32_t size)
{
	*window = (struct mu_flash_window){ .flash = flash, .offset = offset };
	return (struct mu_source){ .context = window, .read = read_window, .size_bytes = size };
}

void mu_flash_cut_at(struct mu_flash_image *flash, const struct mu_flash_cut *cut)
{
	flash->cut = *cut;
}

bool mu_flash_has_power(const struct mu_flash_image *flash)
{
	return !flash->no_power;
}

void mu_flash_power_on(struct mu_flash_image *flash)
{
	flash->no_power = false;
	flash->cut = (struct mu_flash_cut){ 0 };
}

struct mu_flash_statistics mu_flash_statistics(const struct mu_flash_image *flash)
{
	return flash->statistics;
}

uint32_t mu_flash_wear(const struct mu_flash_image *flash, uint32_t sector)
{
	return sector < sector_count(flash) ? flash->wear[sector] : 0;
}

size_t mu_flash_memory_bytes(const struct mu_flash_image *flash)
{
	size_t per_sector = sizeof *flash->blocks + sizeof *flash->wear;
	return sizeof *flash + sector_count(flash) * per_sector + (size_t)flash->owned * SECTOR;
}

int mu_flash_save(const struct mu_flash_image *flash, const char *path)
{
	int fd;
	uint32_t size = flash->size_bytes;
	uint8_t data[SECTOR];
	int err = mu_flash_file_open(&fd, path, true, &size);
	for (uint32_t offset = 0; !err && offset < flash->size_bytes; offset += SECTOR) {
		err = mu_flash_read(flash, offset, data, SECTOR);
		if (!err)
			err = mu_flash_file_write(fd, offset, data, SECTOR);
	}
	mu_flash_file_close(fd);
	return err;
}
