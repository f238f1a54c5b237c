// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include "collector/ingest/topic.h"

// Each row: a topic as it may come from a broker, and what it is to us.
static const struct {
	const char *topic;
	enum topic_kind kind;
	const char *id;
} rows[] = {
	{ "muster/v1/dev-1/up", TOPIC_UP, "dev-1" },
	{ "muster/v1/A_z-09/state", TOPIC_STATE, "A_z-09" },
	{ "muster/v1/abcdefghijklmnopqrstuvwxyz012345/up", TOPIC_UP, "abcdefghijklmnopqrstuvwxyz012345" },  // 32 characters
	{ "muster/v1/abcdefghijklmnopqrstuvwxyz0123456/up", TOPIC_FOREIGN, "" },                            // 33
	{ "muster/v1//up", TOPIC_FOREIGN, "" },
	{ "muster/v1/a b/up", TOPIC_FOREIGN, "" },     // outside the alphabet
	{ "muster/v1/\xc3\xa4/up", TOPIC_FOREIGN, "" }, // also if it is UTF-8
	{ "muster/v1/a/ack", TOPIC_FOREIGN, "" },      // ours, but not for us
	{ "muster/v1/a/up/more", TOPIC_FOREIGN, "" },
	{ "muster/v1/a/upp", TOPIC_FOREIGN, "" },
	{ "muster/v1/a", TOPIC_FOREIGN, "" },
	{ "muster/v2/a/up", TOPIC_FOREIGN, "" },
	{ "", TOPIC_FOREIGN, "" },
	{ "$SYS/broker/publish/messages/dropped", TOPIC_BROKER_DROPPED, "" },
	{ "$SYS/broker/uptime", TOPIC_FOREIGN, "" },
};

static void test_every_topic(void **unused)
{
	(void)unused;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		char id[TOPIC_ID_BYTES];
		assert_int_equal(topic_parse(rows[i].topic, id), rows[i].kind);
		assert_string_equal(id, rows[i].id);
	}
}

static void test_topics_that_are_made_fit(void **unused)
{
	(void)unused;
	char topic[TOPIC_BYTES];
	topic_of("abcdefghijklmnopqrstuvwxyz012345", "state", topic);
	assert_string_equal(topic, "muster/v1/abcdefghijklmnopqrstuvwxyz012345/state");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_topic),
		cmocka_unit_test(test_topics_that_are_made_fit),
	};
	return cmocka_run_group_tests(tests, 0, 0);
}
