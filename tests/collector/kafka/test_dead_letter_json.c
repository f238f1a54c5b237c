// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include "collector/kafka/dead_letter_json.h"

static const struct {
	struct dead_letter letter;
	const char *json;
} rows[] = { { { .n = 5,
		       .recv_ms = UINT64_C(1790000000123),
		       .topic = "muster/v1/dev-1/up",
		       .device = "dev-1",
		       .epoch = 0x10,
		       .seq = 42,
		       .reason = "not well formed",
		       .size = 3,
		       .payload = { "\0\1\2", 3 } },
		     "{\"n\":5,\"topic\":\"muster/v1/dev-1/up\",\"device\":\"dev-1\",\"epoch\":\"0x0000000000000010\",\"seq\":42,"
		     "\"received_ms\":1790000000123,\"reason\":\"not well formed\",\"size\":3,\"payload\":\"AAEC\"}" },
	// A whole payload of a stranger: no device, no number, no bytes; text that is no UTF-8 must not cost the message.
	{ { .n = 6, .topic = "muster/\xff\"/up", .device = "", .reason = "bad id", .size = 0 },
	"{\"n\":6,\"topic\":\"muster/?\\\"/up\",\"device\":null,\"epoch\":null,\"seq\":0,\"received_ms\":0,\"reason\":\"bad id\","
	"\"size\":0,\"payload\":\"\"}" },
  // Cut by the store: size is that of the whole. One byte has two pads.
	{ { .n = 7, .topic = "t", .device = "d", .reason = "r", .size = 99999, .payload = { "A", 1 } },
	"{\"n\":7,\"topic\":\"t\",\"device\":\"d\",\"epoch\":null,\"seq\":0,\"received_ms\":0,\"reason\":\"r\",\"size\":99999,"
	"\"payload\":\"QQ==\"}"
}
,
}
;

static void test_letters(void **unused)
{
	(void)unused;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		char *text = dead_letter_json(&rows[i].letter);
		assert_string_equal(text, rows[i].json);
		free(text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_letters) };
	return cmocka_run_group_tests(tests, 0, 0);
}
