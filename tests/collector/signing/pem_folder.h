// SPDX-License-Identifier: Apache-2.0
// A folder of certificates and keys, good ones and ones with every fault, made with the command openssl: one for all tests of a program.
//
// cert.pem and key.pem are a pair, cert2.pem and key2.pem another; the passphrase of what is locked is "secret". The recipe names the rest.
#ifndef TESTS_COLLECTOR_SIGNING_PEM_FOLDER_H
#define TESTS_COLLECTOR_SIGNING_PEM_FOLDER_H

// For cmocka_run_group_tests().
int pem_folder_make(void **unused);
int pem_folder_remove(void **unused);

// The path of a file in it, at most 99 bytes; four of them are good at a time.
const char *pem_folder_path(const char *name);

#endif
