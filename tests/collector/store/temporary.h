// SPDX-License-Identifier: Apache-2.0
// A folder for the databases of one test, removed with all in it.
#ifndef TESTS_COLLECTOR_STORE_TEMPORARY_H
#define TESTS_COLLECTOR_STORE_TEMPORARY_H
#include <stddef.h>

struct temporary {
	char folder[64];
	char path[128]; // of the database in it
};

void temporary_make(struct temporary *temporary); // asserts
void temporary_remove(struct temporary *temporary);

#endif
