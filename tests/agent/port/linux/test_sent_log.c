// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "agent/image/err.h"
#include "agent/port/linux/sent_log.h"
#include "muster.pb-c.h"

static char path[64], text[4096];

static int set_up(void **state)
{
	static struct mu_sent_log log;
	snprintf(path, sizeof path, "/tmp/test-sent-XXXXXX");
	close(mkstemp(path));
	*state = &log;
	return mu_sent_log_open(&log, path);
}

static int tear_down(void **state)
{
	mu_sent_log_close(*state);
	return unlink(path);
}

static const char *read_back(void)
{
	FILE *in = fopen(path, "r");
	text[fread(text, 1, sizeof text - 1, in)] = 0;
	fclose(in);
	return text;
}

static size_t pack_uplink(uint8_t *packed)
{
	Mu__Link link = MU__LINK__INIT;
	Mu__Gap gap = MU__GAP__INIT;
	gap.count = 10;
	gap.reason = MU__GAP_REASON__GAP_THINNED;
	Mu__Record records[2] = { MU__RECORD__INIT, MU__RECORD__INIT }, *list[2] = { &records[0], &records[1] };
	records[0].body_case = MU__RECORD__BODY_GAP;
	records[0].gap = &gap;
	records[0].boot = records[1].boot = 1;
	records[1].body_case = MU__RECORD__BODY_LINK;
	records[1].link = &link;
	Mu__Uplink uplink = MU__UPLINK__INIT;
	uplink.epoch = 0xABCDEF;
	uplink.first_seq = 5;
	uplink.oldest_seq = 5;
	uplink.n_records = 2;
	uplink.records = list;
	return mu__uplink__pack(&uplink, packed);
}

// A gap stands for its count, so that the next record's number is right.
static void test_uplink_and_ack(void **state)
{
	struct mu_sent_log *log = *state;
	uint8_t packed[256];
	Mu__Ack ack = MU__ACK__INIT;
	mu_sent_log_uplink(log, "dev-1", packed, pack_uplink(packed));
	ack.epoch = 0xABCDEF;
	ack.through_seq = 15;
	mu_sent_log_ack(log, "dev-1", packed, mu__ack__pack(&ack, packed));
	read_back();
	assert_int_equal(strncmp(text, "record dev-1 0000000000abcdef 5 10 gap ", 39), 0);
	assert_non_null(strstr(text, "\nrecord dev-1 0000000000abcdef 15 1 link "));
	assert_non_null(strstr(text, "\nack dev-1 0000000000abcdef 15\n"));
	assert_int_equal(log->records, 2);
	assert_int_equal(log->acks, 1);
}

static void test_nonsense_is_counted(void **state)
{
	struct mu_sent_log *log = *state;
	mu_sent_log_uplink(log, "dev-1", "nonsense", 8);
	mu_sent_log_ack(log, "dev-1", "\xFF", 1);
	assert_string_equal(read_back(), "");
	assert_int_equal(log->unreadable, 2);
}

static void test_appends_to_what_is_there(void **state)
{
	struct mu_sent_log *log = *state;
	uint8_t packed[256];
	size_t size = pack_uplink(packed);
	mu_sent_log_uplink(log, "dev-1", packed, size);
	mu_sent_log_close(log);
	assert_int_equal(mu_sent_log_open(log, path), 0);
	mu_sent_log_uplink(log, "dev-2", packed, size);
	read_back();
	assert_non_null(strstr(text, "record dev-1 "));
	assert_non_null(strstr(text, "record dev-2 "));
}

static void test_off_and_impossible(void **state)
{
	(void)state;
	struct mu_sent_log log;
	assert_int_equal(mu_sent_log_open(&log, 0), 0);
	mu_sent_log_uplink(&log, "dev-1", "nonsense", 8); // off: not even looked at
	assert_int_equal(log.unreadable, 0);
	assert_int_equal(mu_sent_log_open(&log, "/nonexistent/file"), MU_ERR_IO);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_uplink_and_ack),
		TEST(test_nonsense_is_counted),
		TEST(test_appends_to_what_is_there),
		TEST(test_off_and_impossible),
	};
	return cmocka_run_group_tests(tests, 0, 0);
}
