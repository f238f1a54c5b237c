// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <dlfcn.h>
#include <mosquitto.h>
#include <stdbool.h>
#include "collector/ingest/puback_test.h"

static bool is_early; // the library writes at once, as one would that knows nothing of external threads
static bool is_deaf;

// Stands before the library's own.
int mosquitto_threaded_set(struct mosquitto *mosquitto, bool threaded)
{
	int (*real)(struct mosquitto *, bool) = (int (*)(struct mosquitto *, bool))dlsym(RTLD_NEXT, "mosquitto_threaded_set");
	return is_early ? MOSQ_ERR_SUCCESS : real(mosquitto, threaded);
}

int mosquitto_loop_read(struct mosquitto *mosquitto, int max_packets)
{
	int (*real)(struct mosquitto *, int) = (int (*)(struct mosquitto *, int))dlsym(RTLD_NEXT, "mosquitto_loop_read");
	return is_deaf ? MOSQ_ERR_CONN_LOST : real(mosquitto, max_packets);
}

static void test_this_library_withholds(void **unused)
{
	(void)unused;
	assert_int_equal(puback_test(), PUBACK_WITHHELD);
}

static void test_a_library_that_acks_early_is_found(void **unused)
{
	(void)unused;
	is_early = true;
	assert_int_equal(puback_test(), PUBACK_EARLY);
	is_early = false;
}

static void test_a_test_that_cannot_be_done_says_so(void **unused)
{
	(void)unused;
	is_deaf = true;
	assert_int_equal(puback_test(), PUBACK_UNKNOWN);
	is_deaf = false;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_this_library_withholds),
		cmocka_unit_test(test_a_library_that_acks_early_is_found),
		cmocka_unit_test(test_a_test_that_cannot_be_done_says_so),
	};
	mosquitto_lib_init();
	int failed = cmocka_run_group_tests(tests, 0, 0);
	mosquitto_lib_cleanup();
	return failed;
}
