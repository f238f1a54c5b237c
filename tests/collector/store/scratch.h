// SPDX-License-Identifier: Apache-2.0
// A store in a temporary folder of its own, for the tests of store/, ingest/ and http/. All asserts: a failure here ends the test.
#ifndef TESTS_COLLECTOR_STORE_SCRATCH_H
#define TESTS_COLLECTOR_STORE_SCRATCH_H
#include <stdint.h>
#include <sys/types.h>
#include "collector/store/store.h"

struct scratch {
	char folder[64];
	char path[96];       // of the database
	struct store *store; // 0: closed
};

// cmocka's set-up and tear-down: *state becomes a struct scratch. The first gives a folder without a database, the second an open store.
int scratch_setup_folder(void **state);
int scratch_setup(void **state);
int scratch_teardown(void **state);

void scratch_open(struct scratch *scratch); // as the owner; must succeed
void scratch_close(struct scratch *scratch);

// Another connection to the database at path, as another program would have it.
void scratch_sql(const char *path, const char *sql);
int64_t scratch_number(const char *path, const char *question); // first column of the first row

// Runs part(context) in a child, which then says so and sleeps until it is killed. Returns once it has said so.
pid_t scratch_child(void (*part)(void *context), void *context);
void scratch_kill(pid_t child); // SIGKILL, and waits until it is gone

#endif
