// SPDX-License-Identifier: Apache-2.0
// The raw file behind a flash image: opened once, locked against a second process, read and written at offsets.
//
// Private to flash_image.c. Each function returns 0 or a negative enum mu_err.
#ifndef MU_PORT_LINUX_FLASH_FILE_H
#define MU_PORT_LINUX_FLASH_FILE_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// *size_bytes: what it has to be (0: whatever the file has, 4 MiB if it is made). A new file is all FF and appears
// under its name only when complete. MU_ERR_NOT_FOUND, MU_ERR_SIZE, MU_ERR_BUSY, MU_ERR_IO; *fd is -1 then.
int mu_flash_file_open(int *fd, const char *path, bool create, uint32_t *size_bytes);
void mu_flash_file_close(int fd); // -1 is allowed

int mu_flash_file_read(int fd, uint32_t offset, void *buffer, size_t size);
int mu_flash_file_write(int fd, uint32_t offset, const void *data, size_t size);

#endif
