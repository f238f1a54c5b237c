// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include "collector/kafka/trouble.h"

// What decides whether a record is passed over: only its size. All else waits for somebody to put it right.
static const struct {
	rd_kafka_resp_err_t error;
	enum trouble_kind kind;
	const char *word; // of the remedy
} rows[] = {
	{ RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE, TROUBLE_SIZE, "max.message.bytes" },
	{ RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC, TROUBLE_AGAIN, "--create" },
	{ RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED, TROUBLE_AGAIN, "kafka-acls" },
	{ RD_KAFKA_RESP_ERR__AUTHENTICATION, TROUBLE_AGAIN, "sasl" },
	{ RD_KAFKA_RESP_ERR__SSL, TROUBLE_AGAIN, "ssl" },
	{ RD_KAFKA_RESP_ERR_INVALID_TIMESTAMP, TROUBLE_AGAIN, "clocks" },
	{ RD_KAFKA_RESP_ERR__PURGE_INFLIGHT, TROUBLE_OURS, "" },
	{ RD_KAFKA_RESP_ERR_INVALID_RECORD, TROUBLE_AGAIN, "log" }, // no row of its own
};

static void test_kinds(void **unused)
{
	(void)unused;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct trouble trouble = trouble_of(rows[i].error);
		assert_int_equal(trouble.kind, rows[i].kind);
		assert_non_null(strstr(trouble.remedy, rows[i].word));
		assert_true(strlen(trouble.what) > 0);
	}
}

// Each error that librdkafka has gets words.
static void test_every_error_has_words(void **unused)
{
	(void)unused;
	const struct rd_kafka_err_desc *errors;
	size_t count;
	rd_kafka_get_err_descs(&errors, &count);
	assert_true(count > 100);
	for (size_t i = 0; i < count; i++) {
		struct trouble trouble = trouble_of(errors[i].code);
		assert_non_null(trouble.what);
		assert_true(strlen(trouble.remedy) > 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_kinds), cmocka_unit_test(test_every_error_has_words) };
	return cmocka_run_group_tests(tests, 0, 0);
}
