// SPDX-License-Identifier: Apache-2.0
// For LD_PRELOAD: a disk without room, for where no small file system may be mounted. While the file $FULL_DISK_SWITCH exists, a write
// that would make a file larger fails with ENOSPC; what is there can be written over. Only the calls that SQLite makes.
#include <dlfcn.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static int has_no_room(int fd, off64_t end)
{
	const char *name = getenv("FULL_DISK_SWITCH");
	struct stat file;
	return name && access(name, F_OK) == 0 && fstat(fd, &file) == 0 && S_ISREG(file.st_mode) && end > file.st_size;
}

ssize_t pwrite64(int fd, const void *bytes, size_t size, off64_t offset)
{
	static ssize_t (*real)(int, const void *, size_t, off64_t);
	if (!real)
		*(void **)&real = dlsym(RTLD_NEXT, "pwrite64");
	if (!has_no_room(fd, offset + (off64_t)size))
		return real(fd, bytes, size, offset);
	errno = ENOSPC;
	return -1;
}
