// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include "collector/cli/client.h"
#include "tests/collector/cli/answers.h"
#include "tests/collector/cli/console.h"
#include "tests/collector/signing/pem_folder.h"

static void test_an_answer_is_given(void **state)
{
	(void)state;
	struct answers_row rows[] = { { "/api/v1/version", 200, "{\"version\":\"1\"}", 0 }, { 0 } };
	struct answers *answers = answers_start(rows);
	struct console console;
	size_t count;
	char server[100];
	console_begin(&console);
	snprintf(server, sizeof server, "%s/", answers_url(answers)); // a slash at the end does no harm
	setenv("MUSTER_TOKEN", "secret", 1);
	struct client *client = client_new(server, console.err);
	assert_string_equal(client_server(client), answers_url(answers));
	assert_int_equal(client_status(client), 0);
	for (int i = 0; i < 2; i++) { // on the same connection
		json_t *answer = client_get(client, "/api/v1/version");
		assert_string_equal(json_string_value(json_object_get(answer, "version")), "1");
		assert_int_equal(client_status(client), 200);
		json_decref(answer);
	}
	client_free(client);
	console_end(&console);
	assert_string_equal(console.err_text, "");
	const struct answers_asked *asked = answers_stop(answers, &count);
	assert_int_equal(count, 2);
	assert_string_equal(asked[0].line, "GET /api/v1/version");
	assert_string_equal(asked[0].token, ""); // for actions only
	answers_free(answers);
	console_free(&console);
}

// What the server answers, and what is then told.
static const struct {
	int status;
	const char *body;
	const char *told[3];
} refusals[] = { { 401, "{\"error\":{\"what\":\"an action needs a token\",\"where\":\"Authorization\",\"remedy\":\"make one\"}}",
		{ "muster: an action needs a token (Authorization)\n", "  make one\n" } },
	{ 500, "{\"error\":{\"what\":\"the store refuses\",\"where\":\"store\",\"remedy\":\"\"}}", { "muster: the store refuses (store)\n" } },
	{ 500, "<html>oops</html>", { "the server answered with status 500 (http://127.0.0.1:", "is this the address of musterd?" } },
	{ 404, "{\"error\":{\"what\":5}}", { "the server answered with status 404" } },
	{ 404, "[]", { "the server answered with status 404" } },
	{ 200, "not JSON", { "the server answered with status 200", "is this the address of musterd?" } },
	{ 200, "", { "status 200" } },
	{ 200, "{\"a\":1} and more", { "status 200" } },
	{ 302, "{}", { "status 302" } }, // is not followed
	{
		403, "{\"error\":{\"what\":\"\\u001b[2J\\u0007\\n\\u202e\",\"where\":\"\\u009b\",\"remedy\":\"\\r\"}}",
		{ "muster: \\x1b[2J\\x07\\x0a? (?)\n  \\x0d\n" } },
	};

static void test_refusals_are_told_in_the_servers_words(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof refusals / sizeof *refusals; i++) {
		struct answers_row rows[] = { { "/", refusals[i].status, refusals[i].body, 0 }, { 0 } };
		struct answers *answers = answers_start(rows);
		struct console console;
		size_t count;
		console_begin(&console);
		struct client *client = client_new(answers_url(answers), console.err);
		assert_null(client_get(client, "/x"));
		assert_int_equal(client_status(client), refusals[i].status);
		client_free(client);
		console_end(&console);
		for (size_t k = 0; k < 3 && refusals[i].told[k]; k++)
			if (!strstr(console.err_text, refusals[i].told[k]))
				fail_msg("row %zu: %s", i, console.err_text);
		assert_true(console_is_harmless(console.err_text));
		answers_stop(answers, &count);
		assert_int_equal(count, 1);
		answers_free(answers);
		console_free(&console);
	}
}

static void test_nobody_answers(void **state)
{
	(void)state;
	static const char *const servers[] = { "http://127.0.0.1:1", "file:///etc/passwd", "no address", "" };
	for (size_t i = 0; i < sizeof servers / sizeof *servers; i++) {
		struct console console;
		console_begin(&console);
		struct client *client = client_new(servers[i], console.err);
		assert_null(client_get(client, "/x"));
		assert_int_equal(client_status(client), 0);
		fflush(console.err);
		assert_non_null(strstr(console.err_text, "is musterd running there?"));
		assert_non_null(strstr(console.err_text, servers[i]));
		size_t told = strlen(console.err_text);
		client_set_quiet(client, 1);
		assert_null(client_get(client, "/x"));
		fflush(console.err);
		assert_int_equal(strlen(console.err_text), told); // nothing more
		client_free(client);
		console_end(&console);
		console_free(&console);
	}
}

// The connection comes about; libcurl reads the file only then.
static void test_a_ca_file_that_cannot_be_used(void **state)
{
	(void)state;
	struct answers_row rows[] = { { 0 } };
	struct answers *answers = answers_start(rows);
	char server[100];
	size_t count;
	snprintf(server, sizeof server, "https%s", strchr(answers_url(answers), ':'));
	static const char *const told[][2] = { { "empty.pem", "is empty (it should be a certificate in PEM)" },
		{ "absent.pem", "cannot be read: No such file or directory" },
		{ "cert.der", "is a certificate in DER, not in PEM" },
		{ "key.pem", "holds a private key, where a certificate belongs" } };
	for (size_t i = 0; i < sizeof told / sizeof *told; i++) {
		struct console console;
		char said[300];
		console_begin(&console);
		setenv("MUSTER_CA_FILE", pem_folder_path(told[i][0]), 1);
		struct client *client = client_new(server, console.err);
		assert_null(client_get(client, "/x"));
		client_set_quiet(client, 1);
		assert_null(client_get(client, "/x"));
		client_free(client);
		console_end(&console);
		snprintf(said, sizeof said, "muster: MUSTER_CA_FILE: %s: %s", pem_folder_path(told[i][0]), told[i][1]);
		if (strncmp(console.err_text, said, strlen(said)) != 0)
			fail_msg("%s", console.err_text);
		assert_ptr_equal(strchr(console.err_text, '\n') + 1, console.err_text + strlen(console.err_text)); // one line
		console_free(&console);
	}
	answers_stop(answers, &count);
	answers_free(answers);
}

// From the environment (text, file), or the file at home; the first that is set.
static void write_token(const char *path, const char *text)
{
	FILE *file = fopen(path, "w");
	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	fclose(file);
}

static char *post(struct console *console, const char *server)
{
	json_t *body = json_pack("{s:i}", "a", 1);
	console_begin(console);
	struct client *client = client_new(server, console->err);
	json_decref(client_post(client, "/act", body));
	client_free(client);
	console_end(console);
	json_decref(body);
	return console->err_text;
}

static void test_where_the_token_comes_from(void **state)
{
	const char *home = *state;
	char path[200], other[200];
	struct answers_row rows[] = { { "/", 202, "{}", 0 }, { 0 } };
	struct answers *answers = answers_start(rows);
	struct console console;
	size_t count;
	snprintf(path, sizeof path, "%s/.config", home);
	assert_int_equal(mkdir(path, 0700), 0);
	snprintf(path, sizeof path, "%s/.config/muster", home);
	assert_int_equal(mkdir(path, 0700), 0);
	snprintf(path, sizeof path, "%s/.config/muster/token", home);
	snprintf(other, sizeof other, "%s/other", home);
	write_token(path, "of-home\n");
	write_token(other, "of-file \r\nmore\n");
	assert_string_equal(post(&console, answers_url(answers)), "");
	console_free(&console);
	setenv("MUSTER_TOKEN_FILE", other, 1);
	assert_string_equal(post(&console, answers_url(answers)), "");
	console_free(&console);
	setenv("MUSTER_TOKEN", "of-text", 1);
	assert_string_equal(post(&console, answers_url(answers)), "");
	console_free(&console);
	const struct answers_asked *asked = answers_stop(answers, &count);
	assert_int_equal(count, 3);
	assert_string_equal(asked[0].line, "POST /act");
	assert_string_equal(asked[0].body, "{\"a\":1}");
	assert_string_equal(asked[0].token, "Bearer of-home");
	assert_string_equal(asked[1].token, "Bearer of-file");
	assert_string_equal(asked[2].token, "Bearer of-text");
	answers_free(answers);
}

static void test_no_token_no_request(void **state)
{
	(void)state;
	struct answers_row rows[] = { { "/", 202, "{}", 0 }, { 0 } };
	struct answers *answers = answers_start(rows);
	struct console console;
	char huge[400];
	size_t count;
	memset(huge, 'x', sizeof huge - 1);
	huge[sizeof huge - 1] = 0;
	assert_non_null(strstr(post(&console, answers_url(answers)), "musterd token add NAME"));
	console_free(&console);
	setenv("MUSTER_TOKEN_FILE", "/dev/null", 1);
	assert_non_null(strstr(post(&console, answers_url(answers)), "an action needs a token"));
	console_free(&console);
	setenv("MUSTER_TOKEN", huge, 1); // is not cut
	assert_non_null(strstr(post(&console, answers_url(answers)), "an action needs a token"));
	console_free(&console);
	answers_stop(answers, &count);
	assert_int_equal(count, 0);
	answers_free(answers);
}

// Port 1 of this machine: nobody is there, so that "not sent" and "nobody there" can be told apart. The last four only look local.
static const struct {
	const char *server;
	bool is_sent;
} targets[] = {
	{ "http://127.0.0.1:1", true },
	{ "http://localhost:1", true },
	{ "http://127.3.2.1:1", true },
	{ "http://[::1]:1", true },
	{ "http://192.0.2.1", false },
	{ "http://127.0.0.1.nip.invalid", false },
	{ "http://localhost.invalid", false },
	{ "http://127.0.0.1@192.0.2.1", false },
	{ "http://127.evil.invalid", false },
};

static void test_a_token_leaves_this_machine_only_with_tls(void **state)
{
	(void)state;
	setenv("MUSTER_TOKEN", "secret", 1);
	for (size_t i = 0; i < sizeof targets / sizeof *targets; i++) {
		struct console console;
		const char *told = post(&console, targets[i].server);
		if ((strstr(told, "not sent without TLS") == 0) != targets[i].is_sent)
			fail_msg("%s: %s", targets[i].server, told);
		console_free(&console);
	}
}

static void test_the_server_comes_from_the_environment(void **state)
{
	(void)state;
	struct client *client = client_new(0, stderr);
	assert_string_equal(client_server(client), "http://127.0.0.1:8970");
	client_free(client);
	setenv("MUSTER_SERVER", "https://collector.example", 1);
	client = client_new(0, stderr);
	assert_string_equal(client_server(client), "https://collector.example");
	client_free(client);
	client = client_new("http://given", stderr);
	assert_string_equal(client_server(client), "http://given");
	client_free(client);
	client_free(0);
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, console_home_make, console_home_remove)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_an_answer_is_given),
		CASE(test_refusals_are_told_in_the_servers_words),
		CASE(test_nobody_answers),
		CASE(test_a_ca_file_that_cannot_be_used),
		CASE(test_where_the_token_comes_from),
		CASE(test_no_token_no_request),
		CASE(test_a_token_leaves_this_machine_only_with_tls),
		CASE(test_the_server_comes_from_the_environment),
	};
	return cmocka_run_group_tests(tests, pem_folder_make, pem_folder_remove);
}
