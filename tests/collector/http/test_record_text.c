// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include "collector/http/record_text.h"
#include "proto/link_reasons.h"
#include "tests/collector/fleet/sample.h"

static const char *text_of(const Mu__Record *record)
{
	static char text[RECORD_TEXT_BYTES];
	record_text(record, text, sizeof text);
	return text;
}

// Each as it stands in a list: what an operator must be able to act on without another look.
static void test_boots(void **unused)
{
	(void)unused;
	struct sample sample;
	sample_boot(&sample, 9, MU__RESET_CLASS__RESET_POWER_ON);
	assert_string_equal(text_of(&sample.record), "power on; runs 1.1.0");
	sample.boot.has_again = sample.boot.again = 1;
	assert_string_equal(text_of(&sample.record), "told again: power on; runs 1.1.0");
	sample_boot(&sample, 9, MU__RESET_CLASS__RESET_HANG);
	sample.boot.has_cause = 1;
	sample.boot.cause = MU__RESET_CAUSE__CAUSE_LIVENESS;
	sample.boot.hung_token = (char *)"app";
	sample.boot.has_previous_uptime_s = 1;
	sample.boot.previous_uptime_s = 14;
	assert_string_equal(text_of(&sample.record), "hang (a task stopped checking in), app hung, after 14 s; runs 1.1.0");
	sample.boot.cause = 77; // of a later schema
	sample.boot.hung_token = 0;
	sample.boot.task = (char *)"net";
	sample.boot.has_pc = 1;
	sample.boot.pc = 0x4205843e;
	sample.boot.n_unreported = 1;
	sample.unreported.first_boot = 4;
	sample.unreported.count = 5;
	sample.unreported.reset_class = MU__RESET_CLASS__RESET_BROWN_OUT;
	assert_string_equal(text_of(&sample.record),
		"hang (cause 77) in task net at 0x4205843e, after 14 s; runs 1.1.0; before it, not reported: brown out 5 times");
	sample_boot(&sample, 9, 99);
	assert_string_equal(text_of(&sample.record), "99; runs 1.1.0");
}

// Every cause of the schema has words: a new one must not be told as a number.
static void test_every_cause_has_words(void **unused)
{
	(void)unused;
	for (unsigned i = 0; i < mu__reset_cause__descriptor.n_values; i++) {
		struct device_boot boot = { .count = 1, .reset_class = MU__RESET_CLASS__RESET_SOFTWARE, .uptime_s = UINT32_MAX };
		char text[RECORD_TEXT_BYTES];
		boot.cause = (uint8_t)mu__reset_cause__descriptor.values[i].value;
		boot_text(&boot, text, sizeof text);
		if (strstr(text, "cause") || (boot.cause && !strchr(text, '(')))
			fail_msg("%s", text);
	}
}

static const struct {
	Mu__LinkChange change;
	uint32_t reason;
	const char *text;
} links[] = {
	{ MU__LINK_CHANGE__LINK_LOST, 200, "lost: beacon_timeout (200), -57 dBm, channel 6" },
	{ MU__LINK_CHANGE__LINK_LOST, 108, "lost: unknown (108), -57 dBm, channel 6" }, // a vendor's
	{ MU__LINK_CHANGE__LINK_LOST, 0, "lost, -57 dBm, channel 6" },
	{ MU__LINK_CHANGE__LINK_SESSION_LOST, 1113, "session lost: timeout, -57 dBm, channel 6" },
	{ MU__LINK_CHANGE__LINK_LADDER, 15, "ladder now scanning: handshake_4way_timeout (15), -57 dBm, channel 6" },
	{ 42, UINT32_MAX, "42: unknown (4294967295), -57 dBm, channel 6" }, // of a later schema
};

static void test_links(void **unused)
{
	(void)unused;
	struct sample sample;
	for (size_t i = 0; i < sizeof links / sizeof *links; i++) {
		sample_link(&sample, (int)links[i].change);
		sample.link.has_reason = links[i].reason != 0;
		sample.link.reason = links[i].reason;
		sample.link.has_rssi_dbm = sample.link.has_channel = sample.link.has_state = 1;
		sample.link.rssi_dbm = -57;
		sample.link.channel = 6;
		sample.link.state = MU__NETWORK_STATE__NETWORK_SCANNING;
		assert_string_equal(text_of(&sample.record), links[i].text);
	}
	sample_link(&sample, MU__LINK_CHANGE__LINK_RESTORED);
	sample.link.has_outage_ms = 1;
	sample.link.outage_ms = 2500;
	assert_string_equal(text_of(&sample.record), "restored after 2.5 s");
	sample.link.has_reason = 1;
	sample.link.reason = 201;
	assert_string_equal(text_of(&sample.record), "restored after 2.5 s, the last failed try: no_ap_found (201)");
	sample.link.change = MU__LINK_CHANGE__LINK_SESSION_RESTORED;
	sample.link.reason = MU_LINK_REASON_CONNACK + 5;
	assert_string_equal(text_of(&sample.record), "session restored after 2.5 s, the last failed try: connack_not_authorized");
}

static void test_events_and_logs(void **unused)
{
	(void)unused;
	struct sample sample;
	sample_event(&sample, 1, "heap_step", 1536, "tls");
	assert_string_equal(text_of(&sample.record),
		"heap_step 1536 bytes, tls: internal RAM that a network step does not give back, a reconnect cycle");
	sample_event(&sample, 1, "pump", -3, "dry");
	assert_string_equal(text_of(&sample.record), "pump -3, dry");
	sample_event(&sample, 1, "pump", 0, 0);
	sample.event.has_value = 0;
	assert_string_equal(text_of(&sample.record), "pump");
	Mu__Log log = MU__LOG__INIT;
	log.level = MU__LOG_LEVEL__LOG_WARNING;
	log.tag = (char *)"app";
	log.text = (char *)"what=chatter";
	sample.record.body_case = MU__RECORD__BODY_LOG;
	sample.record.log = &log;
	assert_string_equal(text_of(&sample.record), "warning app: what=chatter");
	log.tag = 0;
	assert_string_equal(text_of(&sample.record), "warning: what=chatter");
}

static void test_the_others(void **unused)
{
	(void)unused;
	const uint8_t id[16] = { 0x95, 0x13, 0x33, 0xb3 };
	struct sample sample;
	sample_result(&sample, id, MU__COMMAND_OUTCOME__OUTCOME_BUSY);
	sample.result.detail = (char *)"writing";
	assert_string_equal(text_of(&sample.record), "command 951333b3: busy, writing");
	sample.result.id.len = 0; // refused before anything was believed of it
	sample.result.detail = 0;
	assert_string_equal(text_of(&sample.record), "command that it could not read: busy");
	Mu__Gap gap = MU__GAP__INIT;
	gap.count = 1;
	gap.reason = MU__GAP_REASON__GAP_OVERWRITTEN;
	sample.record.body_case = MU__RECORD__BODY_GAP;
	sample.record.gap = &gap;
	assert_string_equal(text_of(&sample.record), "1 number without a record: overwritten");
	gap.count = 2;
	assert_string_equal(text_of(&sample.record), "2 numbers without a record: overwritten");
	sample_heartbeat(&sample, 1, 1000);
	assert_string_equal(text_of(&sample.record), "uptime_s=1 heap_free_bytes=150000 rssi_dbm=-60 verdict=0");
	sample.record.body_case = MU__RECORD__BODY__NOT_SET;
	assert_string_equal(text_of(&sample.record), "");
}

// Whatever the room, it ends there.
static void test_every_room(void **unused)
{
	(void)unused;
	struct sample sample;
	char whole[RECORD_TEXT_BYTES];
	sample_event(&sample, 1, "heap_step", 1536, "tls");
	record_text(&sample.record, whole, sizeof whole);
	for (size_t size = 1; size <= strlen(whole) + 1; size++) {
		char part[RECORD_TEXT_BYTES];
		memset(part, '#', sizeof part);
		record_text(&sample.record, part, size);
		assert_int_equal(strlen(part), size - 1);
		assert_memory_equal(part, whole, size - 1);
		assert_int_equal(part[size], '#');
	}
}

static void test_losses(void **unused)
{
	(void)unused;
	char text[RECORD_TEXT_BYTES];
	loss_text(&(struct device_loss){ .kind = LOSS_LINK, .reason = 15 }, text, sizeof text);
	assert_string_equal(text, "lost its link: handshake_4way_timeout (15)");
	loss_text(&(struct device_loss){ .kind = LOSS_PRESENCE }, text, sizeof text);
	assert_string_equal(text, "was reported as gone by the broker");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_boots),
		cmocka_unit_test(test_every_cause_has_words),
		cmocka_unit_test(test_links),
		cmocka_unit_test(test_events_and_logs),
		cmocka_unit_test(test_the_others),
		cmocka_unit_test(test_every_room),
		cmocka_unit_test(test_losses),
	};
	return cmocka_run_group_tests(tests, 0, 0);
}
