// SPDX-License-Identifier: Apache-2.0
#include "collector/store/store_lock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

enum { PAUSE_MS = 50, PATH_BYTES = 300 };

static pid_t read_owner(int fd)
{
	char text[24] = "";
	ssize_t length = pread(fd, text, sizeof text - 1, 0);
	return length > 0 ? (pid_t)strtol(text, 0, 10) : 0;
}

static void write_owner(int fd)
{
	char text[24];
	int length = snprintf(text, sizeof text, "%ld\n", (long)getpid());
	if (ftruncate(fd, 0) == 0 && pwrite(fd, text, (size_t)length, 0) < 0)
		return; // the number is for people only; the lock holds without it
}

int store_lock_take(const char *path, unsigned wait_ms, pid_t *owner)
{
	char name[PATH_BYTES];
	snprintf(name, sizeof name, "%s.lock", path);
	*owner = 0;
	int fd = open(name, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0)
		return -1;
	for (unsigned waited = 0; flock(fd, LOCK_EX | LOCK_NB) != 0; waited += PAUSE_MS) {
		if (errno != EWOULDBLOCK || waited >= wait_ms) {
			int saved = errno;
			*owner = read_owner(fd);
			close(fd);
			errno = saved;
			return -1;
		}
		nanosleep(&(struct timespec){ .tv_nsec = PAUSE_MS * 1000000L }, 0);
	}
	write_owner(fd);
	return fd;
}
