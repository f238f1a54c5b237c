// SPDX-License-Identifier: Apache-2.0
// An open store in a folder of its own, for tests of the parts of store/.
#ifndef TESTS_COLLECTOR_STORE_FIXTURE_H
#define TESTS_COLLECTOR_STORE_FIXTURE_H
#include "collector/store/store.h"

extern struct store *fixture_store;

int fixture_make(void **state);
int fixture_clean(void **state);

void fixture_reopen(void);

#endif
