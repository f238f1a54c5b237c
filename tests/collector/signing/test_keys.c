// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/sha.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "collector/signing/keys.h"
#include "tests/collector/cli/console.h"

static char problem[900];

static void make(const char *folder, const char *role, const char *name, struct key_entry *entry)
{
	if (keys_new(folder, role, name, entry, problem, sizeof problem) < 0)
		fail_msg("%s", problem);
}

static char *path_in(const char *folder, const char *file)
{
	static char path[2][600];
	static int turn;
	turn = !turn;
	snprintf(path[turn], sizeof path[turn], "%s/%s", folder, file);
	return path[turn];
}

static size_t read_all(const char *path, char *text, size_t size)
{
	FILE *file = fopen(path, "r");
	assert_non_null(file);
	size_t got = fread(text, 1, size - 1, file);
	text[got] = 0;
	fclose(file);
	return got;
}

static void write_text(const char *path, const char *text)
{
	FILE *file = fopen(path, "w");
	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
}

// Of the public file alone, by another way than keys.c: the last 65 bytes of the DER of a P-256 key are its point.
static void check_id(const struct key_entry *entry)
{
	FILE *file = fopen(entry->path, "r");
	EVP_PKEY *key = PEM_read_PUBKEY(file, 0, 0, 0);
	unsigned char *der = 0, hash[SHA256_DIGEST_LENGTH];
	int size = i2d_PUBKEY(key, &der);
	fclose(file);
	assert_int_equal(size, 91);
	SHA256(der + size - 65, 65, hash);
	assert_memory_equal(hash, entry->id, KEY_ID_BYTES);
	OPENSSL_free(der);
	EVP_PKEY_free(key);
}

static void test_a_new_key(void **state)
{
	struct key_entry entry;
	struct stat status;
	uint8_t id[KEY_ID_BYTES];
	const char *folder = path_in(*state, "a/b/keys");
	umask(0); // the modes must not depend on it
	make(folder, "operator", "alice", &entry);
	assert_string_equal(entry.role, "operator");
	assert_string_equal(entry.name, "alice");
	assert_true(entry.has_private);
	check_id(&entry);
	assert_int_equal(stat(path_in(*state, "a/b/keys"), &status), 0);
	assert_int_equal(status.st_mode & 0777, 0700);
	assert_int_equal(stat(path_in(*state, "a/b/keys/operator-alice.pem"), &status), 0);
	assert_int_equal(status.st_mode & 0777, 0600);
	assert_int_equal(stat(entry.path, &status), 0);
	assert_int_equal(status.st_mode & 0777, 0644);
	EVP_PKEY *key = keys_load(path_in(*state, "a/b/keys/operator-alice.pem"), id, problem, sizeof problem);
	assert_non_null(key);
	assert_memory_equal(id, entry.id, sizeof id);
	EVP_PKEY_free(key);
}

// One of the two files is there already: nothing may change, and no half of a pair may appear.
static void test_never_overwrites(void **state)
{
	static const char *const there[] = { "operator-a.pem", "operator-a.pub.pem" };
	for (int i = 0; i < 2; i++) {
		struct key_entry entry;
		char text[100];
		const char *folder = *state;
		write_text(path_in(folder, there[i]), "precious");
		assert_int_equal(keys_new(folder, "operator", "a", &entry, problem, sizeof problem), -1);
		assert_non_null(strstr(problem, "never overwritten"));
		read_all(path_in(folder, there[i]), text, sizeof text);
		assert_string_equal(text, "precious");
		assert_int_equal(access(path_in(folder, there[!i]), F_OK), -1);
		unlink(path_in(folder, there[i]));
	}
}

// A link in the place of a file must not lead the key elsewhere.
static void test_does_not_follow_links(void **state)
{
	struct key_entry entry;
	char target[600];
	snprintf(target, sizeof target, "%s", path_in(*state, "elsewhere"));
	assert_int_equal(symlink(target, path_in(*state, "operator-a.pub.pem")), 0);
	assert_int_equal(keys_new(*state, "operator", "a", &entry, problem, sizeof problem), -1);
	assert_int_equal(access(target, F_OK), -1);
	assert_int_equal(access(path_in(*state, "operator-a.pem"), F_OK), -1);
}

static const struct {
	const char *role, *name, *piece;
} refused[] = {
	{ "operator", "", "not a name" },
	{ "operator", "../x", "not a name" },
	{ "operator", "a b", "not a name" },
	{ "operator", "a\nb", "not a name" },
	{ "operator", "a.pub", "not a name" }, // would look like a public file
	{ "operator", "12345678901234567890123456789012", "not a name" },
	{ "release", "alice", "not a role" },
	{ "", "alice", "not a role" },
	{ "Operator", "alice", "not a role" },
};

static void test_refused_names_and_roles(void **state)
{
	struct key_entry entry;
	for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
		assert_int_equal(keys_new(*state, refused[i].role, refused[i].name, &entry, problem, sizeof problem), -1);
		assert_non_null(strstr(problem, refused[i].piece));
	}
	assert_int_equal(rmdir(*state), 0); // nothing was made
	assert_int_equal(mkdir(*state, 0700), 0);
}

static void test_folders_that_cannot_be(void **state)
{
	struct key_entry entry, entries[4];
	char path[KEY_PATH_BYTES], small[8];
	write_text(path_in(*state, "file"), "x");
	assert_int_equal(keys_new(path_in(*state, "file/keys"), "operator", "a", &entry, problem, sizeof problem), -1);
	assert_non_null(strstr(problem, "cannot make the folder"));
	assert_int_equal(keys_list(path_in(*state, "file"), entries, 4, problem, sizeof problem), -1);
	assert_int_equal(keys_list(path_in(*state, "absent"), entries, 4, problem, sizeof problem), 0);
	char huge[601];
	memset(huge, 'x', sizeof huge - 1);
	huge[sizeof huge - 1] = 0;
	assert_int_equal(keys_new(huge, "operator", "a", &entry, problem, sizeof problem), -1);
	assert_non_null(strstr(problem, "too long"));
	assert_int_equal(keys_folder("/a/long/name", small, sizeof small, problem, sizeof problem), -1);
	assert_int_equal(keys_folder(0, path, sizeof path, problem, sizeof problem), 0);
	assert_string_equal(path, path_in(*state, ".config/muster/keys"));
	setenv("MUSTER_KEYS", "/elsewhere", 1);
	assert_int_equal(keys_folder(0, path, sizeof path, problem, sizeof problem), 0);
	assert_string_equal(path, "/elsewhere");
	assert_int_equal(keys_folder("/mine", path, sizeof path, problem, sizeof problem), 0);
	assert_string_equal(path, "/mine");
	unsetenv("MUSTER_KEYS");
	unsetenv("HOME");
	assert_int_equal(keys_folder(0, path, sizeof path, problem, sizeof problem), -1);
	assert_non_null(strstr(problem, "--dir"));
}

static void test_the_list_is_by_name_and_passes_over_the_rest(void **state)
{
	struct key_entry entry, entries[8];
	make(*state, "operator", "zoe", &entry);
	make(*state, "operator", "alice", &entry);
	make(*state, "collector", "main", &entry);
	write_text(path_in(*state, "operator-broken.pub.pem"), "-----BEGIN PUBLIC KEY-----\nno\n-----END PUBLIC KEY-----\n");
	static const char *const strangers[] = { "stranger.pub.pem", "operator-.pub.pem", "operator.pub.pem", "notes.txt" };
	for (size_t i = 0; i < sizeof strangers / sizeof *strangers; i++)
		write_text(path_in(*state, strangers[i]), "x");
	assert_int_equal(rename(path_in(*state, "operator-zoe.pem"), path_in(*state, "elsewhere")), 0);
	assert_int_equal(keys_list(*state, entries, 8, problem, sizeof problem), 3);
	assert_string_equal(entries[0].name, "main");
	assert_string_equal(entries[1].name, "alice");
	assert_string_equal(entries[2].name, "zoe");
	assert_true(entries[1].has_private);
	assert_false(entries[2].has_private);
	check_id(&entries[2]);
	assert_non_null(strstr(problem, "/operator-broken.pub.pem: is damaged: ")); // named as ours: not passed over without a word
	assert_int_equal(keys_list(*state, entries, 2, problem, sizeof problem), 2);
	assert_int_equal(unlink(path_in(*state, "operator-broken.pub.pem")), 0);
	assert_int_equal(keys_list(*state, entries, 8, problem, sizeof problem), 3);
	assert_string_equal(problem, "");
}

// A key that `openssl ecparam -genkey -conv_form compressed` makes is the same key.
static void test_the_id_of_a_short_point(void **state)
{
	struct key_entry entry;
	uint8_t id[KEY_ID_BYTES];
	make(*state, "operator", "alice", &entry);
	EVP_PKEY *key = keys_load(path_in(*state, "operator-alice.pem"), id, problem, sizeof problem);
	assert_int_equal(EVP_PKEY_set_utf8_string_param(key, "point-format", "compressed"), 1);
	FILE *file = fopen(entry.path, "w");
	assert_int_equal(PEM_write_PUBKEY(file, key), 1);
	assert_int_equal(fclose(file), 0);
	EVP_PKEY_free(key);
	if (keys_list(*state, &entry, 1, problem, sizeof problem) != 1)
		fail_msg("%s", problem);
	assert_memory_equal(entry.id, id, sizeof id);
}

static void write_key_of(const char *path, const char *curve)
{
	EVP_PKEY *key = curve ? EVP_EC_gen(curve) : EVP_RSA_gen(2048);
	FILE *file = fopen(path, "w");
	assert_non_null(key);
	assert_int_equal(PEM_write_PKCS8PrivateKey(file, key, 0, 0, 0, 0, 0), 1);
	fclose(file);
	EVP_PKEY_free(key);
}

// What a device's verifier would not take must not be loaded: a signature of it would only be refused far away.
static void test_keys_of_another_kind(void **state)
{
	static const char *const curves[] = { "P-384", "secp256k1", 0 }, *const kinds[] = { "EC secp384r1", "EC secp256k1", "RSA" };
	uint8_t id[KEY_ID_BYTES];
	for (size_t i = 0; i < 3; i++) {
		write_key_of(path_in(*state, "other.pem"), curves[i]);
		EVP_PKEY *key = keys_load(path_in(*state, "other.pem"), id, problem, sizeof problem);
		if (key)
			fail_msg("a key of %s was taken", curves[i] ? curves[i] : "RSA");
		char sentence[700];
		snprintf(sentence, sizeof sentence,
			"%s: holds a key of the kind %s, where P-256 is wanted (make one with `muster keys new`)",
			path_in(*state, "other.pem"), kinds[i]);
		assert_string_equal(problem, sentence);
	}
	write_text(path_in(*state, "other.pem"), "nonsense");
	assert_null(keys_load(path_in(*state, "other.pem"), id, problem, sizeof problem));
	assert_non_null(strstr(problem, "other.pem: is not PEM"));
	assert_null(keys_load(path_in(*state, "absent.pem"), id, problem, sizeof problem));
	assert_non_null(strstr(problem, "No such file"));
}

static void test_the_one_operator_key(void **state)
{
	struct key_entry entry;
	char path[600];
	assert_int_equal(keys_find_operator(*state, path, sizeof path, problem, sizeof problem), -1);
	assert_non_null(strstr(problem, "no operator key"));
	assert_non_null(strstr(problem, "muster keys new"));
	make(*state, "collector", "main", &entry); // does not count
	assert_int_equal(keys_find_operator(*state, path, sizeof path, problem, sizeof problem), -1);
	make(*state, "operator", "alice", &entry);
	assert_int_equal(keys_find_operator(*state, path, sizeof path, problem, sizeof problem), 0);
	assert_string_equal(path, path_in(*state, "operator-alice.pem"));
	make(*state, "operator", "bob", &entry);
	assert_int_equal(keys_find_operator(*state, path, sizeof path, problem, sizeof problem), -1);
	assert_non_null(strstr(problem, "--key FILE"));
	assert_int_equal(unlink(path_in(*state, "operator-bob.pem")), 0); // a public half alone signs nothing
	assert_int_equal(keys_find_operator(*state, path, sizeof path, problem, sizeof problem), 0);
	write_text(path_in(*state, "operator-alice.pub.pem"), ""); // there is one, but what is wrong with it has to be told
	assert_int_equal(keys_find_operator(*state, path, sizeof path, problem, sizeof problem), -1);
	assert_non_null(strstr(problem, "/operator-alice.pub.pem: is empty"));
}

// The file that was named goes before the folder's; without either nothing signs, and the problem says what to do.
static void test_the_key_that_a_person_signs_with(void **state)
{
	struct key_entry alice, bob;
	uint8_t id[KEY_ID_BYTES];
	assert_null(keys_load_chosen(0, *state, id, problem, sizeof problem));
	assert_non_null(strstr(problem, "muster keys new"));
	make(*state, "operator", "alice", &alice);
	EVP_PKEY *key = keys_load_chosen(0, *state, id, problem, sizeof problem);
	assert_non_null(key);
	assert_memory_equal(id, alice.id, sizeof id);
	EVP_PKEY_free(key);
	make(*state, "operator", "bob", &bob);
	assert_null(keys_load_chosen(0, *state, id, problem, sizeof problem)); // which of the two?
	key = keys_load_chosen(path_in(*state, "operator-bob.pem"), *state, id, problem, sizeof problem);
	assert_non_null(key);
	assert_memory_equal(id, bob.id, sizeof id);
	EVP_PKEY_free(key);
	assert_null(keys_load_chosen(path_in(*state, "none.pem"), *state, id, problem, sizeof problem));
	assert_int_equal(strncmp(problem, "--key: /", 8), 0);
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, console_home_make, console_home_remove)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_a_new_key),
		CASE(test_never_overwrites),
		CASE(test_does_not_follow_links),
		CASE(test_refused_names_and_roles),
		CASE(test_folders_that_cannot_be),
		CASE(test_the_list_is_by_name_and_passes_over_the_rest),
		CASE(test_the_id_of_a_short_point),
		CASE(test_keys_of_another_kind),
		CASE(test_the_one_operator_key),
		CASE(test_the_key_that_a_person_signs_with),
	};
	return cmocka_run_group_tests(tests, 0, 0);
}
