// SPDX-License-Identifier: Apache-2.0
#include "collector/signing/keys.h"
#include "collector/signing/pem_file.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <openssl/ec.h>
#include <openssl/objects.h>
#include <openssl/pem.h>
#include <openssl/sha.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { POINT_BYTES = 65 };

static const char *const roles[] = { "operator", "collector", "release" };

static int fail(char *problem, size_t size, const char *what, const char *where, const char *why)
{
	snprintf(problem, size, "%s %s: %s", what, where, why);
	return -1;
}

int keys_folder(const char *dir, char *path, size_t size, char *problem, size_t problem_size)
{
	const char *home = getenv("HOME");
	if (!dir)
		dir = getenv("MUSTER_KEYS");
	int length = dir ? snprintf(path, size, "%s", dir) : home ? snprintf(path, size, "%s/.config/muster/keys", home) : -1;
	if (length < 0)
		return fail(problem, problem_size, "no key folder", "HOME", "is not set; name the folder with --dir");
	if ((size_t)length >= size)
		return fail(problem, problem_size, "the key folder", dir ? dir : home, "has too long a name");
	return 0;
}

static int id_of(EVP_PKEY *key, uint8_t id[KEY_ID_BYTES])
{
	uint8_t point[POINT_BYTES], hash[SHA256_DIGEST_LENGTH];
	char curve[32] = "";
	size_t length = 0;
	if (!EVP_PKEY_is_a(key, "EC") || EVP_PKEY_get_group_name(key, curve, sizeof curve, 0) != 1 ||
		strcmp(curve, SN_X9_62_prime256v1) != 0 ||
		EVP_PKEY_get_octet_string_param(key, "encoded-pub-key", point, sizeof point, &length) != 1 || length != POINT_BYTES ||
		point[0] != 4)
		return -1;
	SHA256(point, sizeof point, hash);
	memcpy(id, hash, KEY_ID_BYTES);
	return 0;
}

static int make_folders(const char *path)
{
	char part[KEY_PATH_BYTES];
	for (const char *at = path; *at;) {
		at += strspn(at, "/");
		at += strcspn(at, "/");
		if ((size_t)(at - path) >= sizeof part)
			return -1;
		memcpy(part, path, (size_t)(at - path));
		part[at - path] = 0;
		if (mkdir(part, 0700) < 0 && errno != EEXIST)
			return -1;
	}
	return 0;
}

typedef int write_pem(FILE *file, EVP_PKEY *key);

static int write_private(FILE *file, EVP_PKEY *key)
{
	return PEM_write_PKCS8PrivateKey(file, key, 0, 0, 0, 0, 0);
}

static int write_public(FILE *file, EVP_PKEY *key)
{
	return PEM_write_PUBKEY(file, key);
}

static int write_file(const char *path, mode_t mode, EVP_PKEY *key, write_pem *write, char *problem, size_t size)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
	if (fd < 0)
		return fail(problem, size, "cannot make", path,
			errno == EEXIST ? "it exists, and keys are never overwritten; choose another name" : strerror(errno));
	FILE *file = fdopen(fd, "w");
	int ok = file && write(file, key) == 1 && fflush(file) == 0 && fsync(fd) == 0;
	if (file)
		fclose(file);
	else
		close(fd);
	if (ok)
		return 0;
	unlink(path);
	return fail(problem, size, "cannot write", path, "the disk did not take it");
}

static int check_name(const char *role, const char *name, char *problem, size_t size)
{
	static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-";
	size_t length = strlen(name);
	if (!length || length > KEY_NAME_MAX || strspn(name, alphabet) != length)
		return fail(problem, size, "not a name for a key:", name, "1 to 31 characters of A-Z a-z 0-9 _ -");
	if (strcmp(role, "operator") != 0 && strcmp(role, "collector") != 0)
		return fail(problem, size, "not a role:", role, "use operator or collector");
	return 0;
}

int keys_new(const char *folder, const char *role, const char *name, struct key_entry *entry, char *problem, size_t problem_size)
{
	char private_path[KEY_PATH_BYTES];
	if (check_name(role, name, problem, problem_size) < 0)
		return -1;
	memset(entry, 0, sizeof *entry);
	snprintf(entry->role, sizeof entry->role, "%s", role);
	snprintf(entry->name, sizeof entry->name, "%s", name);
	entry->has_private = 1;
	if (snprintf(private_path, sizeof private_path, "%s/%s-%s.pem", folder, role, name) >= (int)sizeof private_path ||
		snprintf(entry->path, sizeof entry->path, "%s/%s-%s.pub.pem", folder, role, name) >= (int)sizeof entry->path)
		return fail(problem, problem_size, "the key folder", folder, "has too long a name");
	if (make_folders(folder) < 0)
		return fail(problem, problem_size, "cannot make the folder", folder, strerror(errno));
	if (access(entry->path, F_OK) == 0)
		return fail(problem, problem_size, "cannot make", entry->path,
			"it exists, and keys are never overwritten; choose another name");
	EVP_PKEY *key = EVP_EC_gen("P-256");
	int err = -1;
	if (!key || id_of(key, entry->id) < 0)
		fail(problem, problem_size, "cannot make", "a key", "OpenSSL gave none");
	else if (write_file(private_path, 0600, key, write_private, problem, problem_size) == 0) {
		err = write_file(entry->path, 0644, key, write_public, problem, problem_size);
		if (err < 0)
			unlink(private_path);
	}
	EVP_PKEY_free(key);
	return err;
}

// "operator-alice.pub.pem" to its role and name. 0, or -1.
static int parse_file_name(const char *file, struct key_entry *entry)
{
	static const char suffix[] = ".pub.pem";
	size_t length = strlen(file);
	for (size_t i = 0; i < sizeof roles / sizeof *roles; i++) {
		size_t role = strlen(roles[i]);
		if (strncmp(file, roles[i], role) != 0 || file[role] != '-' || length <= role + sizeof suffix)
			continue;
		size_t name = length - role - 1 - (sizeof suffix - 1);
		if (strcmp(file + length - (sizeof suffix - 1), suffix) != 0 || name > KEY_NAME_MAX)
			return -1;
		snprintf(entry->role, sizeof entry->role, "%s", roles[i]);
		memcpy(entry->name, file + role + 1, name);
		entry->name[name] = 0;
		return 0;
	}
	return -1;
}

// The id of a key from pem_file.h. 0, or -1: the problem says why; if there is no key, it does already.
static int take_id(EVP_PKEY *key, const char *path, uint8_t id[KEY_ID_BYTES], char *problem, size_t size)
{
	if (!key)
		return -1;
	char curve[32] = "";
	if (id_of(key, id) == 0)
		return 0;
	EVP_PKEY_get_group_name(key, curve, sizeof curve, 0);
	snprintf(problem, size, "%s: holds a key of the kind %s%s%s, where P-256 is wanted (make one with `muster keys new`)", path,
		EVP_PKEY_get0_type_name(key), *curve ? " " : "", curve);
	return -1;
}

// 1: filled; 0: not a file of ours, by its name; -1: it is, but cannot be used.
static int read_entry(const char *folder, const char *file, struct key_entry *entry, char *problem, size_t size)
{
	char private_path[KEY_PATH_BYTES];
	memset(entry, 0, sizeof *entry);
	if (parse_file_name(file, entry) < 0 ||
		snprintf(entry->path, sizeof entry->path, "%s/%s", folder, file) >= (int)sizeof entry->path ||
		snprintf(private_path, sizeof private_path, "%s/%s-%s.pem", folder, entry->role, entry->name) >= (int)sizeof private_path)
		return 0;
	EVP_PKEY *key = pem_file_public_key(entry->path, problem, size);
	int err = take_id(key, entry->path, entry->id, problem, size);
	entry->has_private = access(private_path, R_OK) == 0;
	EVP_PKEY_free(key);
	return err < 0 ? -1 : 1;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct key_entry *)a)->path, ((const struct key_entry *)b)->path);
}

int keys_list(const char *folder, struct key_entry *entries, unsigned max, char *problem, size_t problem_size)
{
	DIR *directory = opendir(folder);
	unsigned count = 0;
	*problem = 0;
	if (!directory)
		return errno == ENOENT ? 0 : fail(problem, problem_size, "cannot read the folder", folder, strerror(errno));
	for (struct dirent *file; count < max && (file = readdir(directory));)
		if (read_entry(folder, file->d_name, &entries[count], problem, problem_size) > 0)
			count++;
	closedir(directory);
	qsort(entries, count, sizeof *entries, by_name);
	return (int)count;
}

EVP_PKEY *keys_load(const char *path, uint8_t id[KEY_ID_BYTES], char *problem, size_t problem_size)
{
	EVP_PKEY *key = pem_file_private_key(path, problem, problem_size);
	if (take_id(key, path, id, problem, problem_size) == 0)
		return key;
	EVP_PKEY_free(key);
	return 0;
}

int keys_find_operator(const char *folder, char *path, size_t size, char *problem, size_t problem_size)
{
	struct key_entry entries[KEYS_LISTED_MAX];
	int count = keys_list(folder, entries, KEYS_LISTED_MAX, problem, problem_size), found = 0;
	for (int i = 0; i < count; i++) {
		if (strcmp(entries[i].role, "operator") != 0 || !entries[i].has_private)
			continue;
		snprintf(path, size, "%s/operator-%s.pem", folder, entries[i].name);
		found++;
	}
	if (found == 1)
		return 0;
	if (count < 0 || (!found && *problem))
		return -1;
	if (found)
		return fail(problem, problem_size, "more than one operator key is in", folder, "choose one with --key FILE");
	return fail(problem, problem_size, "no operator key is in", folder,
		"make one with `muster keys new NAME --role operator`; its public half must be on the device");
}

EVP_PKEY *keys_load_chosen(const char *file, const char *dir, uint8_t id[KEY_ID_BYTES], char *problem, size_t problem_size)
{
	char folder[KEY_PATH_BYTES], path[KEY_PATH_BYTES + 64], why[PEM_FILE_PROBLEM_BYTES];
	if (file) {
		EVP_PKEY *key = keys_load(file, id, why, sizeof why);
		if (!key)
			snprintf(problem, problem_size, "--key: %s", why);
		return key;
	}
	if (keys_folder(dir, folder, sizeof folder, problem, problem_size) < 0 ||
		keys_find_operator(folder, path, sizeof path, problem, problem_size) < 0)
		return 0;
	return keys_load(path, id, problem, problem_size);
}
