// SPDX-License-Identifier: Apache-2.0
// One musterd a database: an advisory lock on FILE.lock, with the owner's process id in it for the message. It goes with the process,
// so a kill leaves none behind.
#ifndef COLLECTOR_STORE_STORE_LOCK_H
#define COLLECTOR_STORE_STORE_LOCK_H
#include <sys/types.h>

// Tries for wait_ms. Returns a descriptor to close, or -1: *owner is the process that has it (0: not known) if errno is EWOULDBLOCK,
// otherwise errno says why the lock file could not be made.
int store_lock_take(const char *path, unsigned wait_ms, pid_t *owner);

#endif
