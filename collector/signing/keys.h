// SPDX-License-Identifier: Apache-2.0
// Keys that sign commands: P-256, two PEM files a key, <role>-<name>.pem (mode 0600) and <role>-<name>.pub.pem. The id of a key is the
// first 8 bytes of the SHA-256 of its 65-byte uncompressed point. The public files of a folder are what a device is made with.
// Errors: 0, or -1 with a sentence in *problem. Memory: the caller's; keys_load() gives an EVP_PKEY to be freed.
#ifndef COLLECTOR_SIGNING_KEYS_H
#define COLLECTOR_SIGNING_KEYS_H
#include <openssl/evp.h>
#include <stddef.h>
#include <stdint.h>

enum { KEY_ID_BYTES = 8, KEY_NAME_MAX = 31, KEY_PATH_BYTES = 512, KEYS_LISTED_MAX = 64 };

struct key_entry {
	char role[16], name[KEY_NAME_MAX + 1];
	uint8_t id[KEY_ID_BYTES];
	char path[KEY_PATH_BYTES]; // of the public file
	int has_private;
};

// ~/.config/muster/keys, or dir if it is not null.
int keys_folder(const char *dir, char *path, size_t size, char *problem, size_t problem_size);

// Makes both files; the folder is made (0700) if it is not there. Never overwrites.
int keys_new(const char *folder, const char *role, const char *name, struct key_entry *entry, char *problem, size_t problem_size);

// Fills entries by name, at most max. Returns how many. Files that are no public key of ours are passed over; of those that are named as one
// *problem tells what is wrong with one, else it is empty. An absent folder is empty.
int keys_list(const char *folder, struct key_entry *entries, unsigned max, char *problem, size_t problem_size);

// A private key from a PEM file, or null: the problem begins with the path and tells faults apart as pem_file.h does.
EVP_PKEY *keys_load(const char *path, uint8_t id[KEY_ID_BYTES], char *problem, size_t problem_size);

// The file of the one private operator key of the folder, or -1: none, or more than one.
int keys_find_operator(const char *folder, char *path, size_t size, char *problem, size_t problem_size);

// What a person signs with: `file` (the option --key) if it is not null, else the one private operator key of keys_folder(dir). Null: see *problem.
EVP_PKEY *keys_load_chosen(const char *file, const char *dir, uint8_t id[KEY_ID_BYTES], char *problem, size_t problem_size);

#endif
