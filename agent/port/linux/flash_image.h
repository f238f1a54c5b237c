// SPDX-License-Identifier: Apache-2.0
// A NOR flash chip in memory or in a raw file, byte for byte what a flash dump of a real chip gives.
//
// Rules of NOR: an erase sets whole 4 KiB sectors to FF, programming only clears bits. Memory is sparse: a sector that was
// never written costs 12 bytes, so thousands of devices fit one process; sectors of a base image are shared until written.
// With a file, every operation goes through to it before it returns: killing the process loses nothing that was done.
// The power can be cut inside any operation: it is torn, and everything fails with MU_ERR_IO until mu_flash_power_on().
//
// One operation = one program call, or one sector of an erase call. Reads are not counted.
// Offsets and sizes in bytes. One thread at a time for an image. The handle owns its memory and its file.
#ifndef MU_PORT_LINUX_FLASH_IMAGE_H
#define MU_PORT_LINUX_FLASH_IMAGE_H
#include "agent/image/source.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { MU_FLASH_SECTOR_SIZE = 0x1000, MU_FLASH_SIZE_DEFAULT = 0x400000, MU_FLASH_SIZE_MAX = 0x8000000 };

struct mu_flash_image;

struct mu_flash_options {
	uint32_t size_bytes;  // a multiple of 4096 up to 128 MiB; 0: the file's size, or 4 MiB without a file
	const char *path;     // null: memory only
	bool create;          // make the file (all FF) if it is missing; an existing one is opened as it is
	bool dense;           // allocate every sector now: no allocation after open
	const struct mu_flash_image *base; // shares its contents until written; must outlive this image; with a path: flash_overlay.h
};

struct mu_flash_statistics {
	uint64_t operations;
	uint64_t erases;
	uint64_t programs;
	uint64_t programmed_bytes;
	uint64_t bit_violations; // programs that asked for a bit to go from 0 to 1, which NOR cannot do
};

// How the operation that loses power is torn.
// program: bytes_done bytes are programmed; of the next byte the bits in `bits` reach their new value.
// erase: bytes_done bytes of the sector become FF; in all others the bits in `bits` become 1.
// bytes_done >= size: the operation is complete, the caller just never hears of it.
struct mu_flash_cut {
	uint64_t at_operation; // counted from now: 1 is the next operation; 0: no cut
	uint32_t bytes_done;
	uint8_t bits;
};

// Returns 0, or: MU_ERR_INVALID options; MU_ERR_NOT_FOUND no such file and no create; MU_ERR_SIZE the file's size is
// not size_bytes or not that of a chip; MU_ERR_BUSY another process has the file open; MU_ERR_IO; MU_ERR_NO_MEMORY.
// *flash is null after an error.
int mu_flash_open(struct mu_flash_image **flash, const struct mu_flash_options *options);
void mu_flash_close(struct mu_flash_image *flash); // null is allowed

uint32_t mu_flash_size(const struct mu_flash_image *flash);

// Each returns 0, MU_ERR_RANGE (nothing done), MU_ERR_IO without power or when the file fails, and MU_ERR_NO_MEMORY.
// erase: offset and size are multiples of the sector size, else MU_ERR_INVALID.
int mu_flash_read(const struct mu_flash_image *flash, uint32_t offset, void *buffer, size_t size);
int mu_flash_program(struct mu_flash_image *flash, uint32_t offset, const void *data, size_t size);
int mu_flash_erase(struct mu_flash_image *flash, uint32_t offset, size_t size);

// A window of the chip as a source for the readers of agent/image; `window` and the image must outlive it.
struct mu_flash_window {
	const struct mu_flash_image *flash;
	uint32_t offset;
};
struct mu_source mu_flash_source(struct mu_flash_window *window, const struct mu_flash_image *flash, uint32_t offset, uint32_t size);

void mu_flash_cut_at(struct mu_flash_image *flash, const struct mu_flash_cut *cut);
bool mu_flash_has_power(const struct mu_flash_image *flash);
void mu_flash_power_on(struct mu_flash_image *flash); // forgets the cut, too

struct mu_flash_statistics mu_flash_statistics(const struct mu_flash_image *flash);
uint32_t mu_flash_wear(const struct mu_flash_image *flash, uint32_t sector); // erases of a sector, by sector number
size_t mu_flash_memory_bytes(const struct mu_flash_image *flash);            // held by this image, without its base

// Writes the whole chip as a raw file. Returns 0, MU_ERR_IO, or MU_ERR_SIZE or MU_ERR_BUSY if a file of another size, or one
// that is in use, is there already.
int mu_flash_save(const struct mu_flash_image *flash, const char *path);

#endif
