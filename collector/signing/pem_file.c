// SPDX-License-Identifier: Apache-2.0
#include "collector/signing/pem_file.h"
#include <errno.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/pkcs12.h>
#include <openssl/ssl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum content { CERTIFICATE, PRIVATE_KEY, PUBLIC_KEY, OTHER };

static const char *const content_words[] = { "a certificate", "a private key", "a public key" };

// What the name in a BEGIN line stands for.
static const struct label {
	const char *name;
	enum content content;
	const char *words;
} labels[] = {
	{ PEM_STRING_X509, CERTIFICATE, "a certificate" },
	{ PEM_STRING_X509_OLD, CERTIFICATE, "a certificate" },
	{ PEM_STRING_X509_TRUSTED, CERTIFICATE, "a certificate" },
	{ PEM_STRING_PKCS8INF, PRIVATE_KEY, "a private key" },
	{ PEM_STRING_PKCS8, PRIVATE_KEY, "a private key" },
	{ PEM_STRING_ECPRIVATEKEY, PRIVATE_KEY, "a private key" },
	{ PEM_STRING_RSA, PRIVATE_KEY, "a private key" },
	{ PEM_STRING_DSA, PRIVATE_KEY, "a private key" },
	{ PEM_STRING_PUBLIC, PUBLIC_KEY, "a public key" },
	{ PEM_STRING_X509_REQ, OTHER, "a request for a certificate" },
	{ PEM_STRING_X509_REQ_OLD, OTHER, "a request for a certificate" },
	{ PEM_STRING_X509_CRL, OTHER, "a list of revoked certificates" },
	{ PEM_STRING_ECPARAMETERS, OTHER, "the parameters of a key" },
	{ "OPENSSH PRIVATE KEY", OTHER, "a key in the format of OpenSSH" },
};

struct source {
	const char *path;
	enum content wanted;
	char *text; // null: see the problem
	size_t length;
	char *problem;
	size_t problem_size;
};

__attribute__((format(printf, 2, 3))) static int complain(const struct source *source, const char *format, ...)
{
	va_list arguments;
	int used = snprintf(source->problem, source->problem_size, "%s: ", source->path);
	if (used < 0 || (size_t)used >= source->problem_size)
		return -1;
	va_start(arguments, format);
	vsnprintf(source->problem + used, source->problem_size - (size_t)used, format, arguments);
	va_end(arguments);
	return -1;
}

// Why OpenSSL refused, in its words.
static const char *reason(void)
{
	const char *text = ERR_reason_error_string(ERR_peek_last_error());
	return text ? text : "OpenSSL gives no reason";
}

int pem_file_refuse_passphrase(char *buffer, int size, int is_writing, void *context)
{
	(void)buffer, (void)size, (void)is_writing, (void)context;
	return -1;
}

// The passphrase is the context; null: none.
static int give_passphrase(char *buffer, int size, int is_writing, void *context)
{
	(void)is_writing;
	size_t length = context ? strlen(context) : 0;
	if (!context || length > (size_t)size)
		return -1;
	memcpy(buffer, context, length);
	return (int)length;
}

// ---- the file

static int read_text(struct source *source)
{
	FILE *file = fopen(source->path, "re");
	source->text = file ? malloc(PEM_FILE_BYTES_MAX + 1) : 0;
	if (source->text)
		source->length = fread(source->text, 1, PEM_FILE_BYTES_MAX + 1, file);
	int err = 0;
	if (!source->text || ferror(file))
		err = complain(source, "cannot be read: %s (check the name, and that this user may read the file)", strerror(errno));
	else if (source->length > PEM_FILE_BYTES_MAX)
		err = complain(source, "is larger than 1 MiB (check the name: it should be %s in PEM)", content_words[source->wanted]);
	else if (!source->length)
		err = complain(source, "is empty (it should be %s in PEM)", content_words[source->wanted]);
	if (file)
		fclose(file);
	return err;
}

static void forget(struct source *source)
{
	if (source->text)
		OPENSSL_cleanse(source->text, source->length);
	free(source->text);
	source->text = 0;
	ERR_clear_error();
}

static BIO *open_bio(const struct source *source)
{
	return BIO_new_mem_buf(source->text, (int)source->length);
}

// ---- what is no PEM

static bool is_der_certificate(BIO *bio)
{
	X509 *certificate = d2i_X509_bio(bio, 0);
	X509_free(certificate);
	return certificate;
}

static bool is_der_private_key(BIO *bio)
{
	EVP_PKEY *key = d2i_PrivateKey_bio(bio, 0);
	EVP_PKEY_free(key);
	return key;
}

static bool is_der_locked_key(BIO *bio)
{
	X509_SIG *locked = d2i_PKCS8_bio(bio, 0);
	X509_SIG_free(locked);
	return locked;
}

static bool is_der_public_key(BIO *bio)
{
	EVP_PKEY *key = d2i_PUBKEY_bio(bio, 0);
	EVP_PKEY_free(key);
	return key;
}

static bool is_pkcs12(BIO *bio)
{
	PKCS12 *store = d2i_PKCS12_bio(bio, 0);
	PKCS12_free(store);
	return store;
}

static const struct {
	bool (*is)(BIO *bio);
	const char *words, *command, *options; // the file comes between the last two
} binaries[] = {
	{ is_der_certificate, "a certificate in DER", "x509 -inform der", "" },
	{ is_der_private_key, "a private key in DER", "pkey -inform der", "" },
	{ is_der_locked_key, "a private key in DER", "pkey -inform der", "" },
	{ is_der_public_key, "a public key in DER", "pkey -pubin -inform der", "" },
	{ is_pkcs12, "a PKCS#12 store", "pkcs12", " -noenc" },
};

static int complain_of_no_pem(const struct source *source)
{
	for (size_t i = 0; i < sizeof binaries / sizeof *binaries; i++) {
		BIO *bio = open_bio(source);
		bool is_it = bio && binaries[i].is(bio);
		BIO_free(bio);
		if (is_it)
			return complain(source, "is %s, not in PEM (`openssl %s -in %s%s -out %s.pem` converts it)", binaries[i].words,
				binaries[i].command, source->path, binaries[i].options, source->path);
	}
	return complain(source, "is not PEM: no line begins with -----BEGIN (check the name: it should be %s in PEM)",
		content_words[source->wanted]);
}

// ---- what is PEM

static const struct label *find_label(const char *name)
{
	for (size_t i = 0; i < sizeof labels / sizeof *labels; i++)
		if (strcmp(labels[i].name, name) == 0)
			return &labels[i];
	return 0;
}

static int complain_of_other(const struct source *source, const struct label *label)
{
	const char *wanted = content_words[source->wanted], *words = label ? label->words : "something else";
	if (label && strncmp(label->name, "OPENSSH", 7) == 0)
		return complain(source, "holds %s (`ssh-keygen -p -m PKCS8 -f %s` converts it in place)", words, source->path);
	if (label && label->content == PRIVATE_KEY && source->wanted == PUBLIC_KEY)
		return complain(source, "holds %s, where %s belongs (`openssl pkey -in %s -pubout -out NEW` gives its public half)", words,
			wanted, source->path);
	return complain(source, "holds %s, where %s belongs (name the file of %s)", words, wanted, wanted);
}

static int complain_of_lock(const struct source *source)
{
	return complain(source, "is locked by a passphrase, and nobody is asked for one here (`openssl pkey -in %s -out NEW` removes it)",
		source->path);
}

static int complain_of_damage(const struct source *source)
{
	return complain(source, "is damaged: %s (copy it once more, whole; `openssl asn1parse -in %s` shows how far it is good)", reason(),
		source->path);
}

// The first block of the wanted content. Counts all blocks, and keeps the first label for the complaint.
static int find_wanted(const struct source *source, BIO *bio, bool may_be_locked)
{
	char *name, *header;
	unsigned char *bytes;
	const struct label *first = 0;
	long length;
	unsigned count = 0;
	while (PEM_read_bio(bio, &name, &header, &bytes, &length) == 1) {
		const struct label *label = find_label(name);
		bool is_wanted = label && label->content == source->wanted;
		bool is_locked = strstr(header, "ENCRYPTED") || strcmp(name, PEM_STRING_PKCS8) == 0;
		OPENSSL_free(name);
		OPENSSL_free(header);
		OPENSSL_clear_free(bytes, (size_t)length);
		if (is_wanted)
			return is_locked && !may_be_locked ? complain_of_lock(source) : 0;
		if (!count++)
			first = label;
	}
	if (ERR_GET_REASON(ERR_peek_last_error()) != PEM_R_NO_START_LINE)
		return complain_of_damage(source);
	return count ? complain_of_other(source, first) : complain_of_no_pem(source);
}

// Reads the file and finds what is wanted in it. After 0 or -1: forget().
static int load(struct source *source, bool may_be_locked)
{
	ERR_clear_error();
	if (read_text(source) < 0)
		return -1;
	BIO *bio = open_bio(source);
	int err = bio ? find_wanted(source, bio, may_be_locked) : complain(source, "cannot be read: no memory (free some)");
	BIO_free(bio);
	ERR_clear_error();
	return err;
}

static EVP_PKEY *parse_key(const struct source *source, const char *passphrase)
{
	BIO *bio = open_bio(source);
	void *context = (void *)(uintptr_t)passphrase;
	EVP_PKEY *key = !bio                    ? 0
		: source->wanted == PRIVATE_KEY ? PEM_read_bio_PrivateKey(bio, 0, give_passphrase, context)
						: PEM_read_bio_PUBKEY(bio, 0, give_passphrase, context);
	BIO_free(bio);
	if (key)
		return key;
	if (passphrase)
		complain(source, "cannot be opened: %s (is the passphrase the right one?)", reason());
	else
		complain_of_damage(source);
	return 0;
}

// The certificates of the file; the first one is in *first unless that is null.
static int parse_certificates(const struct source *source, X509 **first)
{
	BIO *bio = open_bio(source);
	X509 *certificate;
	unsigned count = 0;
	while (bio && (certificate = PEM_read_bio_X509_AUX(bio, 0, pem_file_refuse_passphrase, 0))) {
		if (!count++ && first)
			*first = certificate;
		else
			X509_free(certificate);
	}
	BIO_free(bio);
	return count && ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE ? 0 : complain_of_damage(source);
}

static EVP_PKEY *read_key(const char *path, enum content wanted, const char *passphrase, char *problem, size_t size)
{
	struct source source = { .path = path, .wanted = wanted, .problem = problem, .problem_size = size };
	EVP_PKEY *key = load(&source, passphrase != 0) < 0 ? 0 : parse_key(&source, passphrase);
	forget(&source);
	return key;
}

EVP_PKEY *pem_file_private_key(const char *path, char *problem, size_t size)
{
	return read_key(path, PRIVATE_KEY, 0, problem, size);
}

EVP_PKEY *pem_file_public_key(const char *path, char *problem, size_t size)
{
	return read_key(path, PUBLIC_KEY, 0, problem, size);
}

static int read_certificates(const char *path, X509 **first, char *problem, size_t size)
{
	struct source source = { .path = path, .wanted = CERTIFICATE, .problem = problem, .problem_size = size };
	int err = load(&source, false) < 0 ? -1 : parse_certificates(&source, first);
	forget(&source);
	return err;
}

int pem_file_check_certificates(const char *path, char *problem, size_t size)
{
	return read_certificates(path, 0, problem, size);
}

// As TLS will: also what is too weak is refused here.
static int check_belonging(X509 *certificate, EVP_PKEY *key, const char *cert_path, const struct source *source)
{
	SSL_CTX *context = SSL_CTX_new(TLS_method());
	int err = 0;
	if (X509_check_private_key(certificate, key) != 1)
		err = complain(source,
			"does not belong to the certificate in %s: %s (the two commands `openssl x509 -in %s -noout -pubkey` and `openssl pkey -in "
			"%s -pubout` print the same for a pair)",
			cert_path,
			reason(), cert_path, source->path);
	else if (!context || SSL_CTX_use_certificate(context, certificate) != 1 || SSL_CTX_use_PrivateKey(context, key) != 1)
		err = complain(source,
			"cannot be used with the certificate in %s: %s (make a new pair: P-256, or RSA of 2048 bits or more)", cert_path,
			reason());
	SSL_CTX_free(context);
	ERR_clear_error();
	return err;
}

int pem_file_check_key(const char *path, const char *cert_path, const char *passphrase, char *problem, size_t size)
{
	struct source source = { .path = path, .problem = problem, .problem_size = size };
	X509 *certificate = 0;
	EVP_PKEY *key = read_key(path, PRIVATE_KEY, passphrase, problem, size);
	int err = key ? 0 : -1;
	if (!err && cert_path)
		err = read_certificates(cert_path, &certificate, problem, size);
	if (!err && cert_path)
		err = check_belonging(certificate, key, cert_path, &source);
	EVP_PKEY_free(key);
	X509_free(certificate);
	return err;
}
