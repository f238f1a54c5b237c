// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include "collector/kafka/availability.h"

enum { NOW = 100000, PATIENCE = AVAILABILITY_PATIENCE_MS };

// Nothing to do for an hour is no outage; something that waits without any answer is one.
static void test_waiting_too_long(void **unused)
{
	(void)unused;
	struct availability kafka = { 0 };
	assert_false(availability_look(&kafka, false, NOW));
	assert_false(availability_look(&kafka, false, NOW + 3600000));
	assert_false(availability_look(&kafka, true, NOW + 3600000));
	availability_heard(&kafka, RD_KAFKA_RESP_ERR__RESOLVE);
	assert_false(availability_look(&kafka, true, NOW + 3600000 + PATIENCE - 1));
	assert_true(availability_look(&kafka, true, NOW + 3600000 + PATIENCE));
	assert_true(kafka.is_down);
	assert_int_equal(kafka.error, RD_KAFKA_RESP_ERR__RESOLVE);
	assert_false(availability_look(&kafka, true, NOW + 3600000 + 2 * PATIENCE)); // said once
	assert_true(availability_delivered(&kafka, NOW + 3600000 + 3 * PATIENCE));
	assert_false(kafka.is_down);
	assert_int_equal(kafka.down_ms, NOW + 3600000 + PATIENCE);
}

// A slow stream of deliveries is up however much waits.
static void test_deliveries_keep_it_up(void **unused)
{
	(void)unused;
	struct availability kafka = { 0 };
	for (uint64_t now = NOW; now < NOW + 20 * PATIENCE; now += PATIENCE / 2) {
		assert_false(availability_look(&kafka, true, now));
		assert_false(availability_delivered(&kafka, now + 1));
	}
}

static void test_a_failed_delivery_is_down_at_once(void **unused)
{
	(void)unused;
	struct availability kafka = { 0 };
	assert_true(availability_failed(&kafka, RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC, NOW));
	assert_false(availability_failed(&kafka, RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC, NOW + 1));
	assert_int_equal(kafka.down_ms, NOW);
	assert_true(availability_delivered(&kafka, NOW + 2));
	assert_int_equal(kafka.error, RD_KAFKA_RESP_ERR_NO_ERROR); // an old reason is not given for a new outage
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_waiting_too_long),
		cmocka_unit_test(test_deliveries_keep_it_up),
		cmocka_unit_test(test_a_failed_delivery_is_down_at_once),
	};
	return cmocka_run_group_tests(tests, 0, 0);
}
