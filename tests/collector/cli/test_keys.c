// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "collector/cli/keys.h"
#include "collector/cli/sign.h"

static char folder[64], path[128], problem[900];

static int set_up(void **unused)
{
	(void)unused;
	snprintf(folder, sizeof folder, "/tmp/test-keys-XXXXXX");
	return mkdtemp(folder) ? 0 : -1;
}

static int tear_down(void **unused)
{
	char command[100];
	(void)unused;
	snprintf(command, sizeof command, "rm -rf %s", folder);
	return system(command);
}

static const char *in_folder(const char *name)
{
	snprintf(path, sizeof path, "%s/%s", folder, name);
	return path;
}

static void test_a_key_is_made_listed_and_loaded(void **unused)
{
	(void)unused;
	struct key_entry made, listed[4];
	uint8_t id[KEY_ID_BYTES];
	struct stat status;
	assert_int_equal(keys_new(in_folder("deep/er"), "operator", "alice", &made, problem, sizeof problem), 0);
	assert_int_equal(stat(in_folder("deep/er/operator-alice.pem"), &status), 0);
	assert_int_equal(status.st_mode & 0777, 0600);
	assert_int_equal(keys_list(in_folder("deep/er"), listed, 4, problem, sizeof problem), 1);
	assert_string_equal(listed[0].name, "alice");
	assert_string_equal(listed[0].role, "operator");
	assert_true(listed[0].has_private);
	assert_memory_equal(listed[0].id, made.id, KEY_ID_BYTES);
	EVP_PKEY *key = keys_load(in_folder("deep/er/operator-alice.pem"), id, problem, sizeof problem);
	assert_non_null(key);
	assert_memory_equal(id, made.id, KEY_ID_BYTES);
	EVP_PKEY_free(key);
}

static void test_keys_are_never_overwritten(void **unused)
{
	(void)unused;
	struct key_entry entry;
	assert_int_equal(keys_new(folder, "operator", "alice", &entry, problem, sizeof problem), 0);
	assert_int_equal(keys_new(folder, "operator", "alice", &entry, problem, sizeof problem), -1);
	assert_non_null(strstr(problem, "never overwritten"));
	unlink(in_folder("operator-alice.pem")); // a public half alone protects the name too
	assert_int_equal(keys_new(folder, "operator", "alice", &entry, problem, sizeof problem), -1);
	assert_int_not_equal(access(in_folder("operator-alice.pem"), F_OK), 0);
	assert_int_equal(keys_new(folder, "collector", "alice", &entry, problem, sizeof problem), 0);
}

static void test_names_and_roles(void **unused)
{
	(void)unused;
	static const struct { const char *role, *name; } rows[] = {
		{ "operator", "" }, { "operator", "../x" }, { "operator", "a b" }, { "operator", "01234567890123456789012345678901" }, { "release", "x" }, { "", "x" },
	};
	struct key_entry entry;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		assert_int_equal(keys_new(folder, rows[i].role, rows[i].name, &entry, problem, sizeof problem), -1);
		assert_int_not_equal(problem[0], 0);
	}
}

static void test_the_one_operator_key_is_found(void **unused)
{
	(void)unused;
	struct key_entry entry;
	char found[KEY_PATH_BYTES];
	assert_int_equal(keys_find_operator(folder, found, sizeof found, problem, sizeof problem), -1);
	assert_non_null(strstr(problem, "muster keys new"));
	keys_new(folder, "collector", "musterd", &entry, problem, sizeof problem);
	keys_new(folder, "operator", "alice", &entry, problem, sizeof problem);
	assert_int_equal(keys_find_operator(folder, found, sizeof found, problem, sizeof problem), 0);
	assert_string_equal(found, in_folder("operator-alice.pem"));
	keys_new(folder, "operator", "bob", &entry, problem, sizeof problem);
	assert_int_equal(keys_find_operator(folder, found, sizeof found, problem, sizeof problem), -1);
	assert_non_null(strstr(problem, "--key"));
}

static void test_other_files_are_passed_over(void **unused)
{
	(void)unused;
	static const char *const names[] = { "operator-x.pub.pem", "operator-.pub.pem", "notes.txt", "operator.pub.pem", "foo-x.pub.pem" };
	struct key_entry entries[4];
	uint8_t id[KEY_ID_BYTES];
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		FILE *file = fopen(in_folder(names[i]), "w");
		fputs("no key\n", file);
		fclose(file);
	}
	assert_int_equal(keys_list(folder, entries, 4, problem, sizeof problem), 0);
	assert_null(keys_load(in_folder("notes.txt"), id, problem, sizeof problem));
	assert_non_null(strstr(problem, "P-256"));
	assert_null(keys_load(in_folder("absent.pem"), id, problem, sizeof problem));
	assert_int_equal(keys_list(in_folder("absent"), entries, 4, problem, sizeof problem), 0);
}

// The signature is what a device checks: over the packed bytes, DER, with the public half.
static void test_a_signature_verifies(void **unused)
{
	(void)unused;
	struct key_entry entry;
	struct signed_command sign;
	uint8_t key_id[KEY_ID_BYTES], id[16] = { 1 };
	Mu__Command command = MU__COMMAND__INIT;
	Mu__Reboot reboot = MU__REBOOT__INIT;
	command.device = (char *)"edge-1";
	command.id = (ProtobufCBinaryData){ sizeof id, id };
	command.body_case = MU__COMMAND__BODY_REBOOT;
	command.reboot = &reboot;
	keys_new(folder, "operator", "alice", &entry, problem, sizeof problem);
	EVP_PKEY *key = keys_load(in_folder("operator-alice.pem"), key_id, problem, sizeof problem);
	assert_int_equal(sign_command(&command, key, key_id, &sign), 0);
	assert_in_range(sign.signature_size, 64, SIGN_SIGNATURE_MAX);
	for (int spoilt = 0; spoilt < 2; spoilt++) {
		EVP_MD_CTX *context = EVP_MD_CTX_new();
		sign.command[3] ^= spoilt;
		EVP_DigestVerifyInit(context, 0, EVP_sha256(), 0, key);
		assert_int_equal(EVP_DigestVerify(context, sign.signature, sign.signature_size, sign.command, sign.command_size) == 1, !spoilt);
		EVP_MD_CTX_free(context);
	}
	json_t *body = sign_body(&sign);
	assert_int_equal(strlen(json_string_value(json_object_get(body, "key_id"))), 16);
	json_decref(body);
	EVP_PKEY_free(key);
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_a_key_is_made_listed_and_loaded), CASE(test_keys_are_never_overwritten), CASE(test_names_and_roles),
		CASE(test_the_one_operator_key_is_found),   CASE(test_other_files_are_passed_over), CASE(test_a_signature_verifies),
	};
	return cmocka_run_group_tests(tests, 0, 0);
}
