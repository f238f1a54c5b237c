// SPDX-License-Identifier: Apache-2.0
#include "agent/port/linux/flash_file.h"
#include "agent/image/err.h"
#include "agent/port/linux/flash_image.h"
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

int mu_flash_file_read(int fd, uint32_t offset, void *buffer, size_t size)
{
	return pread(fd, buffer, size, offset) == (ssize_t)size ? 0 : MU_ERR_IO;
}

int mu_flash_file_write(int fd, uint32_t offset, const void *data, size_t size)
{
	return pwrite(fd, data, size, offset) == (ssize_t)size ? 0 : MU_ERR_IO;
}

static int fill(int fd, uint32_t size_bytes)
{
	uint8_t blank[MU_FLASH_SECTOR_SIZE];
	int err = 0;
	memset(blank, 0xFF, sizeof blank);
	for (uint32_t offset = 0; !err && offset < size_bytes; offset += sizeof blank)
		err = mu_flash_file_write(fd, offset, blank, sizeof blank);
	return err;
}

// Made under another name and linked when complete: a kill in between leaves no short file that looks like a chip.
static int make(const char *path, uint32_t size_bytes)
{
	char name[PATH_MAX];
	if (snprintf(name, sizeof name, "%s.new.%ld", path, (long)getpid()) >= (int)sizeof name)
		return MU_ERR_IO;
	int fd = open(name, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	if (fd < 0)
		return MU_ERR_IO;
	int err = fill(fd, size_bytes);
	close(fd);
	// If another process was faster its file is taken.
	if (!err && link(name, path) < 0 && errno != EEXIST)
		err = MU_ERR_IO;
	unlink(name);
	return err;
}

static int check_size(int fd, uint32_t *size_bytes)
{
	struct stat status;
	if (fstat(fd, &status) < 0)
		return MU_ERR_IO;
	if (!status.st_size || status.st_size % MU_FLASH_SECTOR_SIZE || status.st_size > MU_FLASH_SIZE_MAX)
		return MU_ERR_SIZE;
	if (*size_bytes && status.st_size != (off_t)*size_bytes)
		return MU_ERR_SIZE;
	*size_bytes = (uint32_t)status.st_size;
	return 0;
}

static int open_file(int *fd, const char *path, bool create, uint32_t size_bytes)
{
	*fd = open(path, O_RDWR | O_CLOEXEC);
	if (*fd >= 0)
		return 0;
	if (errno != ENOENT)
		return MU_ERR_IO;
	if (!create)
		return MU_ERR_NOT_FOUND;
	int err = make(path, size_bytes ? size_bytes : MU_FLASH_SIZE_DEFAULT);
	if (err < 0)
		return err;
	*fd = open(path, O_RDWR | O_CLOEXEC);
	return *fd < 0 ? MU_ERR_IO : 0;
}

int mu_flash_file_open(int *fd, const char *path, bool create, uint32_t *size_bytes)
{
	int err = open_file(fd, path, create, *size_bytes);
	if (!err && flock(*fd, LOCK_EX | LOCK_NB) < 0)
		err = errno == EWOULDBLOCK ? MU_ERR_BUSY : MU_ERR_IO;
	if (!err)
		err = check_size(*fd, size_bytes);
	if (err < 0) {
		mu_flash_file_close(*fd);
		*fd = -1;
	}
	return err;
}

void mu_flash_file_close(int fd)
{
	if (fd >= 0)
		close(fd);
}
