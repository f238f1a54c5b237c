// SPDX-License-Identifier: Apache-2.0
#include "collector/signing/own_key.h"
#include "collector/signing/keys.h"
#include "collector/signing/pem_file.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

struct own_key {
	EVP_PKEY *key;
	uint8_t id[KEY_ID_BYTES];
};

// 0, or -1 with *problem.
static int check_file(const char *path, char *problem, size_t size)
{
	const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
	struct stat status;
	if (stat(path, &status) < 0)
		snprintf(problem, size, "fleet.command_key_file %s: %s; make a key with `muster keys new musterd --role collector`", path,
			strerror(errno));
	else if (status.st_mode & 077)
		snprintf(problem, size, "fleet.command_key_file %s can be read by others: chmod 600 it", path);
	else if (strncmp(name, "operator-", 9) == 0)
		snprintf(problem, size,
			"fleet.command_key_file %s is the key of a person (operator): make musterd's own with `muster keys new musterd --role "
			"collector`",
			path);
	else
		return 0;
	return -1;
}

struct own_key *own_key_load(const char *path, char *problem, size_t size)
{
	char why[PEM_FILE_PROBLEM_BYTES];
	if (check_file(path, problem, size) < 0)
		return 0;
	struct own_key *key = calloc(1, sizeof *key);
	if (key)
		key->key = keys_load(path, key->id, why, sizeof why);
	if (key && key->key)
		return key;
	snprintf(problem, size, "fleet.command_key_file: %s", key ? why : "no memory");
	free(key);
	return 0;
}

void own_key_free(struct own_key *key)
{
	if (!key)
		return;
	EVP_PKEY_free(key->key);
	free(key);
}

const uint8_t *own_key_id(const struct own_key *key)
{
	return key->id;
}

int own_key_sign_rollback(const struct own_key *key, const struct rollback_order *order, struct signed_command *out)
{
	return sign_rollback(order, key->key, key->id, out);
}
