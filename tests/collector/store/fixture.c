// SPDX-License-Identifier: Apache-2.0
#include "tests/collector/store/fixture.h"
#include "tests/collector/store/temporary.h"
#include <stdarg.h>
#include <setjmp.h>
#include <cmocka.h>

struct store *fixture_store;
static struct temporary temporary;

static void open_store(void)
{
	struct store_fault fault;
	assert_int_equal(store_open(&fixture_store, temporary.path, STORE_OWNER, &fault), 0);
}

int fixture_make(void **state)
{
	(void)state;
	temporary_make(&temporary);
	open_store();
	return 0;
}

int fixture_clean(void **state)
{
	(void)state;
	store_close(fixture_store);
	temporary_remove(&temporary);
	return 0;
}

void fixture_reopen(void)
{
	store_close(fixture_store);
	open_store();
}
