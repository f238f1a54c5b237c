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
#include "collector/signing/keys.h"
#include "collector/signing/own_key.h"

static int make_folder(void **state)
{
	char *folder = strdup("/tmp/test-own-key-XXXXXX");
	*state = folder;
	return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state)
{
	char command[100];
	snprintf(command, sizeof command, "rm -rf %s", (char *)*state);
	free(*state);
	return system(command);
}

static void test_it_signs_with_the_key_of_the_file(void **state)
{
	char path[200], problem[900] = "";
	struct key_entry entry;
	struct signed_command sign;
	static const uint8_t id[16], running[8] = "running", target[8] = "target";
	assert_int_equal(keys_new(*state, "collector", "musterd", &entry, problem, sizeof problem), 0);
	snprintf(path, sizeof path, "%s/collector-musterd.pem", (char *)*state);
	struct own_key *key = own_key_load(path, problem, sizeof problem);
	assert_non_null(key);
	assert_memory_equal(own_key_id(key), entry.id, KEY_ID_BYTES);
	const struct rollback_order order = { "edge-7", id, 1, 2, running, target };
	assert_int_equal(own_key_sign_rollback(key, &order, &sign), 0);
	assert_memory_equal(sign.key_id, entry.id, KEY_ID_BYTES);
	assert_true(sign.command_size > 0 && sign.signature_size > 60);
	own_key_free(key);
	own_key_free(0);
}

static void write_text(const char *folder, const char *name, const char *text, mode_t mode)
{
	char path[200];
	snprintf(path, sizeof path, "%s/%s", folder, name);
	FILE *file = fopen(path, "w");
	fputs(text, file);
	fclose(file);
	assert_int_equal(chmod(path, mode), 0);
}

static void test_what_is_refused(void **state)
{
	const char *folder = *state;
	char problem[900];
	struct key_entry entry;
	assert_int_equal(keys_new(folder, "operator", "alice", &entry, problem, sizeof problem), 0);
	write_text(folder, "open.pem", "", 0644);
	write_text(folder, "group.pem", "", 0640);
	write_text(folder, "empty.pem", "", 0600);
	write_text(folder, "hollow.pem", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n", 0600);
	char from[200], to[200];
	snprintf(from, sizeof from, "%s/operator-alice.pub.pem", folder);
	snprintf(to, sizeof to, "%s/person.pem", folder);
	assert_int_equal(rename(from, to), 0);
	assert_int_equal(chmod(to, 0600), 0);
	static const struct {
		const char *name, *piece;
	} rows[] = {
		{ "absent.pem", "No such file" },
		{ "open.pem", "can be read by others: chmod 600" },
		{ "group.pem", "can be read by others" },
		{ "operator-alice.pem", "is the key of a person" },
		{ "empty.pem", "is empty" },
		{ "hollow.pem", "is damaged" },
		{ "person.pem", "holds a public key, where a private key belongs" },
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		char path[200];
		snprintf(path, sizeof path, "%s/%s", folder, rows[i].name);
		assert_null(own_key_load(path, problem, sizeof problem));
		if (!strstr(problem, rows[i].piece) || !strstr(problem, path) || !strstr(problem, "fleet.command_key_file"))
			fail_msg("%s: %s", rows[i].name, problem);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_it_signs_with_the_key_of_the_file, make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(test_what_is_refused, make_folder, remove_folder),
	};
	return cmocka_run_group_tests(tests, 0, 0);
}
