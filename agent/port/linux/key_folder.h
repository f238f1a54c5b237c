// SPDX-License-Identifier: Apache-2.0
// Reads a folder of public keys as `muster keys new` makes it into the key set of a new flash.
//
// Files <role>-<name>.pub.pem, role operator, collector or release, PEM of a P-256 key; all other files are left alone.
#ifndef MU_PORT_LINUX_KEY_FOLDER_H
#define MU_PORT_LINUX_KEY_FOLDER_H
#include "agent/image/keyset.h"

enum { MU_KEY_FOLDER_PROBLEM_SIZE = 512 };

// Returns the number of keys, in the order of the file names; or MU_ERR_NOT_FOUND no such folder, MU_ERR_FULL more than
// MU_KEYSET_MAX, MU_ERR_INVALID role, name or key. problem (MU_KEY_FOLDER_PROBLEM_SIZE bytes) then names the file, what is wrong and what to do; it is cut if
// too long.
int mu_key_folder_read(struct mu_keyset *keys, const char *path, char *problem);

#endif
