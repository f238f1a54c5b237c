// SPDX-License-Identifier: Apache-2.0
#include "agent/port/linux/key_folder.h"
#include "agent/image/err.h"
#include "agent/port/linux/digest.h"
#include "agent/port/linux/tls.h"
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char suffix[] = ".pub.pem";

static const struct {
	const char *prefix;
	enum mu_key_role role;
} roles[] = {
	{ "operator-", MU_KEY_OPERATOR },
	{ "collector-", MU_KEY_COLLECTOR },
	{ "release-", MU_KEY_RELEASE },
};

static int complain(char *problem, int err, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(problem, MU_KEY_FOLDER_PROBLEM_SIZE, format, arguments);
	va_end(arguments);
	return err;
}

// Role and name from the file's name.
static int parse_name(const char *file, struct mu_key *key, char *problem)
{
	size_t size = strlen(file) - strlen(suffix);
	for (size_t i = 0; i < sizeof roles / sizeof *roles; i++) {
		size_t prefix = strlen(roles[i].prefix);
		if (size < prefix || strncmp(file, roles[i].prefix, prefix) != 0)
			continue;
		if (size == prefix || size - prefix >= sizeof key->name)
			return complain(problem, MU_ERR_INVALID, "%s: the name has to be 1 to 31 characters long", file);
		key->role = roles[i].role;
		memcpy(key->name, file + prefix, size - prefix);
		return 0;
	}
	return complain(problem, MU_ERR_INVALID, "%s: the role (before the first \"-\") has to be operator, collector or release", file);
}

static int point_of(EVP_PKEY *pkey, uint8_t point[MU_KEY_POINT_SIZE])
{
	char group[32];
	size_t size = 0;
	if (EVP_PKEY_get_utf8_string_param(pkey, OSSL_PKEY_PARAM_GROUP_NAME, group, sizeof group, 0) != 1 ||
		strcmp(group, "prime256v1") != 0)
		return MU_ERR_INVALID;
	EVP_PKEY_set_utf8_string_param(pkey, OSSL_PKEY_PARAM_EC_POINT_CONVERSION_FORMAT, "uncompressed");
	if (EVP_PKEY_get_octet_string_param(pkey, OSSL_PKEY_PARAM_PUB_KEY, point, MU_KEY_POINT_SIZE, &size) != 1)
		return MU_ERR_INVALID;
	return size == MU_KEY_POINT_SIZE ? 0 : MU_ERR_INVALID;
}

static int read_key(struct mu_key *key, const char *folder, const char *file, char *problem)
{
	char path[PATH_MAX];
	uint8_t digest[MU_SHA256_SIZE];
	*key = (struct mu_key){ 0 };
	int err = parse_name(file, key, problem);
	if (err < 0)
		return err;
	snprintf(path, sizeof path, "%s/%s", folder, file);
	FILE *in = fopen(path, "re");
	if (!in)
		return complain(problem, MU_ERR_INVALID, "%s: %s", path, strerror(errno));
	EVP_PKEY *pkey = PEM_read_PUBKEY(in, 0, mu_tls_refuse_passphrase, 0);
	fclose(in);
	err = pkey ? point_of(pkey, key->point) : MU_ERR_INVALID;
	EVP_PKEY_free(pkey);
	if (!err)
		err = mu_digest_sha256(key->point, sizeof key->point, digest);
	if (err < 0)
		return complain(problem, err,
			"%s: is not the PEM of a P-256 public key (`openssl pkey -in PRIVATE-KEY -pubout -out FILE` makes it of a private one)",
			path);
	memcpy(key->id, digest, sizeof key->id);
	return 0;
}

static int is_key_file(const struct dirent *entry)
{
	size_t size = strlen(entry->d_name);
	return size > strlen(suffix) && !strcmp(entry->d_name + size - strlen(suffix), suffix);
}

static int add_key(struct mu_keyset *keys, const char *folder, const char *file, char *problem)
{
	if (keys->count == MU_KEYSET_MAX)
		return complain(problem, MU_ERR_FULL, "%s: holds more than %d public keys", folder, MU_KEYSET_MAX);
	struct mu_key *key = &keys->keys[keys->count];
	int err = read_key(key, folder, file, problem);
	if (err < 0)
		return err;
	if (mu_keyset_find(keys, key->id))
		return complain(problem, MU_ERR_INVALID, "%s/%s: this key is there twice", folder, file);
	keys->count++;
	return 0;
}

int mu_key_folder_read(struct mu_keyset *keys, const char *path, char *problem)
{
	struct dirent **files;
	keys->count = 0;
	int count = scandir(path, &files, is_key_file, alphasort);
	if (count < 0)
		return complain(problem, MU_ERR_NOT_FOUND, "%s: %s", path, strerror(errno));
	int err = 0;
	for (int i = 0; i < count; i++) {
		if (!err)
			err = add_key(keys, path, files[i]->d_name, problem);
		free(files[i]);
	}
	free(files);
	return err < 0 ? err : (int)keys->count;
}
