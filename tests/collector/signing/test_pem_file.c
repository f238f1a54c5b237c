// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <openssl/err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "collector/signing/pem_file.h"
#include "tests/collector/signing/pem_folder.h"

static char problem[PEM_FILE_PROBLEM_BYTES];

static int read_as(char wanted, const char *path)
{
	EVP_PKEY *key;
	if (wanted == 'c')
		return pem_file_check_certificates(path, problem, sizeof problem);
	key = wanted == 'k' ? pem_file_private_key(path, problem, sizeof problem) : pem_file_public_key(path, problem, sizeof problem);
	EVP_PKEY_free(key);
	return key ? 0 : -1;
}

static void test_good_files(void **unused)
{
	(void)unused;
	static const struct {
		char wanted; // c: certificates, k: a private key, p: a public key
		const char *name;
	} rows[] = { { 'c', "cert.pem" }, { 'c', "all.pem" }, { 'k', "key.pem" }, { 'k', "rsa-key.pem" }, { 'k', "with-parameters.pem" },
		{ 'k', "all.pem" }, { 'p', "public.pem" } };
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		if (read_as(rows[i].wanted, pem_folder_path(rows[i].name)) != 0)
			fail_msg("%s", problem);
}

// ~ in a remedy stands for the path of the file.
static const struct {
	char wanted;
	const char *name, *fault, *remedy;
} faults[] = {
	{ 'k', "absent.pem", "cannot be read: No such file", "check the name" },
	{ 'k', "folder.pem", "cannot be read: Is a directory", "check the name" },
	{ 'k', "empty.pem", "is empty", "it should be a private key in PEM" },
	{ 'c', "empty.pem", "is empty", "it should be a certificate in PEM" },
	{ 'k', "large.pem", "is larger than 1 MiB", "check the name" },
	{ 'c', "text.pem", "is not PEM: no line begins with -----BEGIN", "it should be a certificate in PEM" },
	{ 'c', "cert.der", "is a certificate in DER, not in PEM", "`openssl x509 -inform der -in ~ -out ~.pem` converts it" },
	{ 'k', "key.der", "is a private key in DER", "`openssl pkey -inform der -in ~ -out ~.pem`" },
	{ 'k', "locked.der", "is a private key in DER", "`openssl pkey -inform der -in ~ -out ~.pem`" },
	{ 'p', "public.der", "is a public key in DER", "`openssl pkey -pubin -inform der -in ~ -out ~.pem`" },
	{ 'k', "store.p12", "is a PKCS#12 store", "`openssl pkcs12 -in ~ -noenc -out ~.pem`" },
	{ 'k', "locked.pem", "is locked by a passphrase", "`openssl pkey -in ~ -out NEW` removes it" },
	{ 'k', "locked-old.pem", "is locked by a passphrase", "`openssl pkey -in ~ -out NEW` removes it" },
	{ 'k', "cert.pem", "holds a certificate, where a private key belongs", "name the file of a private key" },
	{ 'c', "key.pem", "holds a private key, where a certificate belongs", "name the file of a certificate" },
	{ 'c', "locked.pem", "holds a private key, where a certificate belongs", "name the file of a certificate" },
	{ 'k', "public.pem", "holds a public key, where a private key belongs", "name the file of a private key" },
	{ 'p', "key.pem", "holds a private key, where a public key belongs", "`openssl pkey -in ~ -pubout -out NEW`" },
	{ 'p', "locked.pem", "holds a private key, where a public key belongs", "`openssl pkey -in ~ -pubout -out NEW`" },
	{ 'c', "request.pem", "holds a request for a certificate, where a certificate belongs", "name the file" },
	{ 'k', "parameters.pem", "holds the parameters of a key, where a private key belongs", "name the file" },
	{ 'k', "ssh.pem", "holds a key in the format of OpenSSH", "`ssh-keygen -p -m PKCS8 -f ~`" },
	{ 'c', "cut-cert.pem", "is damaged: ", "copy it once more" },
	{ 'k', "cut-key.pem", "is damaged: ", "copy it once more" },
	{ 'c', "cut-bundle.pem", "is damaged: ", "copy it once more" },
	{ 'k', "scratched.pem", "is damaged: ", "copy it once more" },
	{ 'k', "hollow.pem", "is damaged: ", "copy it once more" },
};

// The text with each ~ replaced by the path.
static void fill_in(const char *text, const char *path, char *out, size_t size)
{
	for (size_t used = 0; used < size && (*out = *text); text++) {
		int more = *text == '~' ? snprintf(out, size - used, "%s", path) : 1;
		used += (size_t)more;
		out += more;
	}
}

static void test_every_fault_has_its_sentence(void **unused)
{
	(void)unused;
	for (size_t i = 0; i < sizeof faults / sizeof *faults; i++) {
		const char *path = pem_folder_path(faults[i].name);
		char remedy[300];
		*problem = 0;
		fill_in(faults[i].remedy, path, remedy, sizeof remedy);
		int err = read_as(faults[i].wanted, path);
		const char *fault = strstr(problem, faults[i].fault);
		if (err != -1 || strncmp(problem, path, strlen(path)) != 0 || !fault || !strstr(fault, remedy))
			fail_msg("%s as %c: %d, \"%s\"", faults[i].name, faults[i].wanted, err, problem);
		if (ERR_peek_error())
			fail_msg("%s: an error is left in OpenSSL's queue", faults[i].name);
	}
}

static void test_certificate_and_key(void **unused)
{
	(void)unused;
	static const struct {
		const char *cert, *key, *passphrase, *piece; // null: they are a pair
	} rows[] = {
		{ "cert.pem", "key.pem", 0, 0 },
		{ 0, "rsa-key.pem", 0, 0 },
		{ "all.pem", "key.pem", 0, 0 }, // the first certificate is the one that counts
		{ "all.pem", "all.pem", 0, "all.pem: does not belong to the certificate in " },
		{ "cert.pem", "key2.pem", 0, "key2.pem: does not belong to the certificate in " },
		{ "cert.pem", "rsa-key.pem", 0, "rsa-key.pem: does not belong to the certificate in " },
		{ "key.pem", "key.pem", 0, "key.pem: holds a private key, where a certificate belongs" },
		{ "cert.pem", "cert.pem", 0, "cert.pem: holds a certificate, where a private key belongs" },
		{ "weak.pem", "weak-key.pem", 0, "ee key too small (make a new pair" },
		{ "cert.pem", "locked.pem", 0, "locked.pem: is locked by a passphrase" },
		{ "cert.pem", "locked.pem", "secret", 0 },
		{ "cert.pem", "locked-old.pem", "secret", 0 },
		{ "cert.pem", "key.pem", "not needed", 0 },
		{ "cert.pem", "locked.pem", "hunter2", "(is the passphrase the right one?)" },
		{ "cert.pem", "locked-old.pem", "hunter2", "(is the passphrase the right one?)" },
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		*problem = 0;
		int err = pem_file_check_key(pem_folder_path(rows[i].key), rows[i].cert ? pem_folder_path(rows[i].cert) : 0,
			rows[i].passphrase, problem, sizeof problem);
		if (err != (rows[i].piece ? -1 : 0) || (rows[i].piece && !strstr(problem, rows[i].piece)))
			fail_msg("%s, %s: %d, \"%s\"", rows[i].cert ? rows[i].cert : "none", rows[i].key, err, problem);
		assert_null(strstr(problem, "hunter2"));
	}
}

static void test_a_file_that_may_not_be_read(void **unused)
{
	(void)unused;
	const char *path = pem_folder_path("key2.pem");
	if (geteuid() == 0)
		path = "/proc/1/mem"; // root may read any file, but not this one from its beginning
	else
		assert_int_equal(chmod(path, 0), 0);
	assert_int_equal(read_as('k', path), -1);
	assert_non_null(strstr(problem, "cannot be read: "));
	assert_int_equal(chmod(pem_folder_path("key2.pem"), 0600), 0);
}

static void test_a_pipe_is_read_once(void **unused)
{
	(void)unused;
	char command[200], path[40];
	snprintf(command, sizeof command, "cat %s", pem_folder_path("key.pem"));
	FILE *pipe_end = popen(command, "r");
	assert_non_null(pipe_end);
	snprintf(path, sizeof path, "/dev/fd/%d", fileno(pipe_end));
	assert_int_equal(read_as('k', path), 0);
	pclose(pipe_end);
}

static void test_a_problem_that_does_not_fit_is_cut(void **unused)
{
	(void)unused;
	char small[12];
	assert_int_equal(pem_file_check_certificates("/nowhere/at/all", small, sizeof small), -1);
	assert_string_equal(small, "/nowhere/at");
}

static void test_no_passphrase_is_given(void **unused)
{
	(void)unused;
	char buffer[8];
	assert_true(pem_file_refuse_passphrase(buffer, sizeof buffer, 0, 0) < 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good_files),
		cmocka_unit_test(test_every_fault_has_its_sentence),
		cmocka_unit_test(test_certificate_and_key),
		cmocka_unit_test(test_a_file_that_may_not_be_read),
		cmocka_unit_test(test_a_pipe_is_read_once),
		cmocka_unit_test(test_a_problem_that_does_not_fit_is_cut),
		cmocka_unit_test(test_no_passphrase_is_given),
	};
	return cmocka_run_group_tests(tests, pem_folder_make, pem_folder_remove);
}
