// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <ctype.h>
#include <openssl/sha.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "collector/store/store_audit.h"
#include "collector/store/store_tokens.h"
#include "collector/token_command.h"
#include "tests/collector/store/scratch.h"

struct output {
	int code;
	char out[4096], err[4096];
};

static void read_all(FILE *file, char *text, size_t capacity)
{
	rewind(file);
	text[fread(text, 1, capacity - 1, file)] = 0;
	fclose(file);
}

// Runs `musterd token WORD...` on the scratch database and keeps what it prints.
static struct output run(const struct scratch *scratch, const char *verb, const char *name)
{
	struct output output = { 0 };
	struct config config;
	char *words[] = { (char *)"token", (char *)verb, (char *)name };
	FILE *out = tmpfile(), *err = tmpfile();
	assert_non_null(out);
	assert_non_null(err);
	config_defaults(&config);
	snprintf(config.store.path, sizeof config.store.path, "%s", scratch->path);
	fflush(stdout);
	int kept_out = dup(STDOUT_FILENO), kept_err = dup(STDERR_FILENO);
	dup2(fileno(out), STDOUT_FILENO);
	dup2(fileno(err), STDERR_FILENO);
	output.code = token_command(&config, verb ? name ? 3 : 2 : 1, words);
	fflush(stdout);
	dup2(kept_out, STDOUT_FILENO);
	dup2(kept_err, STDERR_FILENO);
	close(kept_out);
	close(kept_err);
	read_all(out, output.out, sizeof output.out);
	read_all(err, output.err, sizeof output.err);
	return output;
}

static int find(const struct scratch *scratch, const char *secret, struct store_token *token)
{
	uint8_t hash[SHA256_DIGEST_LENGTH];
	struct store *store;
	struct store_fault fault;
	SHA256((const uint8_t *)secret, 64, hash);
	assert_int_equal(store_open(&store, scratch->path, STORE_GUEST, &fault), 0);
	int err = store_token_find(store, hash, token);
	store_close(store);
	return err;
}

static int64_t audit_rows(const struct scratch *scratch, const char *action)
{
	char text[160];
	snprintf(text, sizeof text, "SELECT count(*) FROM audit WHERE action='%s' AND target='anna' AND outcome='ok'", action);
	return scratch_number(scratch->path, text);
}

// Only the secret goes to stdout, so that TOKEN=$(musterd token add NAME) works; only its hash is kept.
static void test_life_of_a_token(void **state)
{
	struct scratch *scratch = *state;
	struct store_token token;
	struct output added = run(scratch, "add", "anna"); // there is no database yet
	assert_int_equal(added.code, 0);
	assert_int_equal(strlen(added.out), 65);
	assert_int_equal(added.out[64], '\n');
	for (int i = 0; i < 64; i++)
		assert_true(isxdigit((unsigned char)added.out[i]));
	assert_int_equal(find(scratch, added.out, &token), 0);
	assert_string_equal(token.name, "anna");
	assert_int_equal(audit_rows(scratch, "token.add"), 1);
	assert_int_equal(run(scratch, "revoke", "anna").code, 0);
	assert_int_equal(find(scratch, added.out, &token), -STORE_ENOENT);
	assert_int_equal(audit_rows(scratch, "token.revoke"), 1);
	struct output listed = run(scratch, "list", 0);
	assert_int_equal(listed.code, 0);
	assert_non_null(strstr(listed.out, "anna"));
	assert_null(strstr(listed.out, "in force"));
}

static void test_two_tokens_differ(void **state)
{
	struct scratch *scratch = *state;
	struct output one = run(scratch, "add", "anna"), two = run(scratch, "add", "ben");
	assert_int_equal(one.code, 0);
	assert_int_equal(two.code, 0);
	assert_string_not_equal(one.out, two.out);
	assert_non_null(strstr(run(scratch, "list", 0).out, "in force"));
}

static void test_a_name_is_used_once(void **state)
{
	struct scratch *scratch = *state;
	assert_int_equal(run(scratch, "add", "anna").code, 0);
	struct output again = run(scratch, "add", "anna");
	assert_int_equal(again.code, 1);
	assert_string_equal(again.out, "");
	assert_non_null(strstr(again.err, "anna"));
	assert_int_equal(run(scratch, "revoke", "anna").code, 0);
	assert_int_equal(run(scratch, "add", "anna").code, 1); // also after its end: the audit log names it
	assert_int_equal(audit_rows(scratch, "token.add"), 1);
}

static void test_revoking_what_is_not_there(void **state)
{
	struct output output = run(*state, "revoke", "nobody");
	assert_int_equal(output.code, 1);
	assert_non_null(strstr(output.err, "nobody"));
	assert_non_null(strstr(output.err, "token list")); // what to do
}

static const struct {
	const char *verb, *name;
} misuses[] = {
	{ 0, 0 },
	{ "add", 0 },
	{ "revoke", 0 },
	{ "list", "anna" },
	{ "delete", "anna" },
	{ "add", "" },
	{ "add", "anna smith" },
	{ "add", "anna\nben" },    // would forge a line of the list
	{ "add", "ann\xc3\xa4" },
	{ "add", "12345678901234567890123456789012345678901234567890123456789012345" }, // 65
};

static void test_every_misuse(void **state)
{
	struct scratch *scratch = *state;
	for (size_t i = 0; i < sizeof misuses / sizeof *misuses; i++) {
		struct output output = run(scratch, misuses[i].verb, misuses[i].name);
		assert_int_equal(output.code, 2);
		assert_string_equal(output.out, "");
		assert_non_null(strstr(output.err, "usage"));
	}
	assert_int_equal(access(scratch->path, F_OK), -1); // nothing was opened
}

static void test_a_database_that_cannot_be_opened(void **state)
{
	struct scratch *scratch = *state;
	scratch_sql(scratch->path, "CREATE TABLE t(x)");
	struct output output = run(scratch, "add", "anna");
	assert_int_equal(output.code, 1);
	assert_string_equal(output.out, "");
	assert_non_null(strstr(output.err, "another program"));
	assert_non_null(strstr(output.err, scratch->path));
	assert_non_null(strstr(output.err, "remedy"));
}

int main(void)
{
#define ROW(test) cmocka_unit_test_setup_teardown(test, scratch_setup_folder, scratch_teardown)
	const struct CMUnitTest tests[] = {
		ROW(test_life_of_a_token),
		ROW(test_two_tokens_differ),
		ROW(test_a_name_is_used_once),
		ROW(test_revoking_what_is_not_there),
		ROW(test_every_misuse),
		ROW(test_a_database_that_cannot_be_opened),
	};
	return cmocka_run_group_tests(tests, 0, 0);
}
