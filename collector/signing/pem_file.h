// SPDX-License-Identifier: Apache-2.0
// Reads PEM files that a configuration or a command line names, and says what is wrong with one: "FILE: what (remedy)".
//
// Told apart: cannot be read; empty; no PEM (text, DER, PKCS#12); damaged; something else than what is wanted, as a certificate where a key
// belongs; locked by a passphrase; OpenSSL refuses it, as it does a weak key; a key that does not belong to its certificate.
// Nobody is ever asked for a passphrase: a daemon has nobody to ask, and would wait for ever.
// A file is at most PEM_FILE_BYTES_MAX bytes and is read once and in full, so that a pipe will do.
// Errors: null or -1, and *problem holds the sentence (PEM_FILE_PROBLEM_BYTES are enough for paths of 500 bytes; it is cut if too long).
// Memory: a key that is returned is the caller's to free. Thread: any. OpenSSL's queue of errors is empty afterwards.
#ifndef COLLECTOR_SIGNING_PEM_FILE_H
#define COLLECTOR_SIGNING_PEM_FILE_H
#include <openssl/evp.h>
#include <stddef.h>

enum { PEM_FILE_BYTES_MAX = 1024 * 1024, PEM_FILE_PROBLEM_BYTES = 2048 };

EVP_PKEY *pem_file_private_key(const char *path, char *problem, size_t size);
EVP_PKEY *pem_file_public_key(const char *path, char *problem, size_t size);

// At least one certificate, each of them whole.
int pem_file_check_certificates(const char *path, char *problem, size_t size);

// A private key, and that it belongs to the first certificate of cert_path (null: any key will do). passphrase: of a locked key, or null.
int pem_file_check_key(const char *path, const char *cert_path, const char *passphrase, char *problem, size_t size);

// For OpenSSL and libmosquitto: answers that there is no passphrase.
int pem_file_refuse_passphrase(char *buffer, int size, int is_writing, void *context);

#endif
