// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include "alerts/engine/event_kind.h"

static struct event_filter filter_of(enum event_kind kind, const char *label, bool is_not, const char *text)
{
	struct event_filter filter = { .kind = kind, .count = label != 0 };
	if (label) {
		strncpy(filter.matchers[0].label, label, sizeof filter.matchers[0].label - 1);
		strncpy(filter.matchers[0].text, text, sizeof filter.matchers[0].text - 1);
		filter.matchers[0].is_not = is_not;
	}
	return filter;
}

static uint64_t weight(enum event_kind kind, const Mu__Record *record)
{
	return event_weight(&(struct event_filter){ .kind = kind }, record);
}

static void test_names_lead_back(void **unused)
{
	(void)unused;
	for (int i = 0; i < EVENT_KINDS; i++)
		assert_int_equal(event_kind_find(event_kind_name(i)), i);
	assert_int_equal(event_kind_find("panic"), -1);
	assert_string_equal(event_kind_name(EVENT_KINDS), "");
}

static void test_labels_and_their_values(void **unused)
{
	(void)unused;
	char text[512];
	assert_true(event_kind_has_label(EVENT_BOOT, "class"));
	assert_false(event_kind_has_label(EVENT_BOOT, "name"));
	assert_false(event_kind_has_label(EVENT_GAP, "class"));
	assert_true(event_kind_knows(EVENT_BOOT, "class", "brown_out"));
	assert_false(event_kind_knows(EVENT_BOOT, "class", "brownout"));
	assert_false(event_kind_knows(EVENT_BOOT, "class", "BROWN_OUT"));
	assert_false(event_kind_knows(EVENT_BOOT, "class", "brown_out_"));
	assert_false(event_kind_knows(EVENT_BOOT, "class", ""));
	assert_true(event_kind_knows(EVENT_LOG, "level", "error"));
	assert_true(event_kind_knows(EVENT_APP, "name", "anything at all"));
	assert_false(event_kind_knows(EVENT_APP, "level", "error"));
	assert_string_equal(event_kind_values(EVENT_LOG, "level", text, sizeof text), "none, error, warning, info, debug");
	assert_string_equal(event_kind_values(EVENT_LOG, "level", text, 10), "none, err"); // cut, never written beyond
	assert_string_equal(event_kind_values(EVENT_APP, "name", text, sizeof text), "");
	assert_non_null(strstr(event_kind_values(EVENT_BOOT, "cause", text, sizeof text), "heap_starved, assert"));
}

// Each class of boot, as the fleet's own judgement sees it.
static const struct {
	int reset_class, cause;
	bool crash, hang, brown_out;
	const char *why;
} boots[] = {
	{ MU__RESET_CLASS__RESET_POWER_ON, 0, false, false, false, "" },
	{ MU__RESET_CLASS__RESET_CRASH, 0, true, false, false, "" },
	{ MU__RESET_CLASS__RESET_HANG, 0, false, true, false, "" },
	{ MU__RESET_CLASS__RESET_BROWN_OUT, 0, false, false, true, "" },
	{ MU__RESET_CLASS__RESET_SOFTWARE, MU__RESET_CAUSE__CAUSE_LIVENESS, false, true, false, "the agent itself saw a stale token" },
	{ MU__RESET_CLASS__RESET_SOFTWARE, MU__RESET_CAUSE__CAUSE_ASSERT, true, false, false, "an assert restarts the device in order" },
	{ MU__RESET_CLASS__RESET_SOFTWARE, MU__RESET_CAUSE__CAUSE_COMMAND, false, false, false, "asked for" },
	{ 200, 0, true, false, false, "not known yet, but bit 7 says unexpected" },
	{ 20, 0, false, false, false, "not known yet" },
};

static void test_kinds_of_boots(void **unused)
{
	(void)unused;
	for (size_t i = 0; i < sizeof boots / sizeof *boots; i++) {
		Mu__Boot boot = MU__BOOT__INIT;
		Mu__Record record = MU__RECORD__INIT;
		boot.reset_class = (Mu__ResetClass)boots[i].reset_class;
		boot.has_cause = 1;
		boot.cause = (Mu__ResetCause)boots[i].cause;
		record.body_case = MU__RECORD__BODY_BOOT_REPORT;
		record.boot_report = &boot;
		uint64_t bits = UINT64_C(1) << EVENT_BOOT | (uint64_t)boots[i].crash << EVENT_CRASH |
			(uint64_t)boots[i].hang << EVENT_HANG | (uint64_t)boots[i].brown_out << EVENT_BROWN_OUT;
		if (event_kinds_of(&record) != bits)
			fail_msg("row %zu %s", i, boots[i].why);
		assert_int_equal(weight(EVENT_CRASH, &record), boots[i].crash);
		assert_int_equal(weight(EVENT_BOOT, &record), 1);
	}
}

// Nine boots in one report: itself, two groups, and two of which only the number is left.
static void test_folded_boots_count_each(void **unused)
{
	(void)unused;
	Mu__UnreportedBoot crashes = MU__UNREPORTED_BOOT__INIT, hang = MU__UNREPORTED_BOOT__INIT, *groups[] = { &crashes, &hang };
	Mu__Boot boot = MU__BOOT__INIT;
	Mu__Record record = MU__RECORD__INIT;
	crashes.count = 5;
	crashes.reset_class = MU__RESET_CLASS__RESET_CRASH;
	hang.count = 1;
	hang.reset_class = MU__RESET_CLASS__RESET_SOFTWARE;
	hang.has_cause = 1;
	hang.cause = MU__RESET_CAUSE__CAUSE_LIVENESS;
	boot.reset_class = MU__RESET_CLASS__RESET_POWER_ON;
	boot.unreported = groups;
	boot.n_unreported = 2;
	boot.has_boots_lost = 1;
	boot.boots_lost = 2;
	record.body_case = MU__RECORD__BODY_BOOT_REPORT;
	record.boot_report = &boot;

	struct event_filter by_class = filter_of(EVENT_BOOT, "class", false, "crash"),
			    others = filter_of(EVENT_BOOT, "class", true, "crash");
	struct event_filter both = filter_of(EVENT_BOOT, "class", false, "software");
	both.count = 2;
	memcpy(both.matchers[1].label, "cause", sizeof "cause");
	assert_int_equal(weight(EVENT_BOOT, &record), 9);
	assert_int_equal(weight(EVENT_CRASH, &record), 5);
	assert_int_equal(weight(EVENT_HANG, &record), 1);
	assert_int_equal(event_weight(&by_class, &record), 5);
	assert_int_equal(event_weight(&others, &record), 4);
	memcpy(both.matchers[1].text, "liveness", sizeof "liveness");
	assert_int_equal(event_weight(&both, &record), 1);
	memcpy(both.matchers[1].text, "command", sizeof "command");
	assert_int_equal(event_weight(&both, &record), 0);
	boot.has_again = boot.again = 1; // the same boot, with a metric's name in it that the first report did not have
	boot.n_unreported = 0;
	boot.has_boots_lost = 0;
	assert_int_equal(weight(EVENT_BOOT, &record), 0);
	assert_int_equal(event_kinds_of(&record), 0);
}

static void test_links_and_updates(void **unused)
{
	(void)unused;
	static const struct {
		int change;
		uint64_t bits;
	} links[] = {
		{ MU__LINK_CHANGE__LINK_LOST, UINT64_C(1) << EVENT_LINK_LOST },
		{ MU__LINK_CHANGE__LINK_SESSION_LOST, UINT64_C(1) << EVENT_SESSION_LOST },
		{ MU__LINK_CHANGE__LINK_RESTORED, 0 },
		{ MU__LINK_CHANGE__LINK_LADDER, 0 },
	}, updates[] = {
		{ MU__OTA_STATE__OTA_ROLLED_BACK, UINT64_C(1) << EVENT_ROLLED_BACK },
		{ MU__OTA_STATE__OTA_FAILED, UINT64_C(1) << EVENT_UPDATE_FAILED },
		{ MU__OTA_STATE__OTA_COMMITTED, 0 },
	};
	Mu__Link link = MU__LINK__INIT;
	Mu__Ota ota = MU__OTA__INIT;
	Mu__Record record = MU__RECORD__INIT;
	record.body_case = MU__RECORD__BODY_LINK;
	record.link = &link;
	for (size_t i = 0; i < sizeof links / sizeof *links; i++) {
		link.change = (Mu__LinkChange)links[i].change;
		assert_int_equal(event_kinds_of(&record), links[i].bits);
	}
	record.body_case = MU__RECORD__BODY_OTA;
	record.ota = &ota;
	for (size_t i = 0; i < sizeof updates / sizeof *updates; i++) {
		ota.state = (Mu__OtaState)updates[i].change;
		assert_int_equal(event_kinds_of(&record), updates[i].bits);
	}
}

// A rollback that was commanded is not one that the device had to do by itself.
static void test_a_rollback_has_a_cause(void **unused)
{
	(void)unused;
	Mu__Ota ota = MU__OTA__INIT;
	Mu__Record record = MU__RECORD__INIT;
	struct event_filter unasked = filter_of(EVENT_ROLLED_BACK, "cause", true, "command");
	ota.state = MU__OTA_STATE__OTA_ROLLED_BACK;
	record.body_case = MU__RECORD__BODY_OTA;
	record.ota = &ota;
	assert_int_equal(event_weight(&unasked, &record), 1); // not said
	ota.has_cause = 1;
	ota.cause = MU__OTA_CAUSE__OTA_CAUSE_BOOT_LOOP;
	assert_int_equal(event_weight(&unasked, &record), 1);
	ota.cause = MU__OTA_CAUSE__OTA_CAUSE_COMMAND;
	assert_int_equal(event_weight(&unasked, &record), 0);
	assert_true(event_kind_knows(EVENT_UPDATE_FAILED, "cause", "image_damaged"));
	assert_false(event_kind_knows(EVENT_UPDATE_FAILED, "cause", "crash_loop"));
}

static void test_gaps_app_events_and_logs(void **unused)
{
	(void)unused;
	Mu__Gap gap = MU__GAP__INIT;
	Mu__Event event = MU__EVENT__INIT;
	Mu__Log log = MU__LOG__INIT;
	Mu__Heartbeat heartbeat = MU__HEARTBEAT__INIT;
	Mu__Record record = MU__RECORD__INIT;
	struct event_filter door = filter_of(EVENT_APP, "name", false, "door_open"),
			    no_door = filter_of(EVENT_APP, "name", true, "door_open");
	struct event_filter errors = filter_of(EVENT_LOG, "level", false, "error");

	gap.count = 300;
	record.body_case = MU__RECORD__BODY_GAP;
	record.gap = &gap;
	assert_int_equal(weight(EVENT_GAP, &record), 300); // each number that was dropped
	assert_int_equal(weight(EVENT_APP, &record), 0);

	event.name = (char[]){ "door_open" };
	record.body_case = MU__RECORD__BODY_EVENT;
	record.event = &event;
	assert_int_equal(event_weight(&door, &record), 1);
	assert_int_equal(event_weight(&no_door, &record), 0);
	event.name = (char[]){ "door_opened" };
	assert_int_equal(event_weight(&door, &record), 0);
	assert_int_equal(event_weight(&no_door, &record), 1);

	log.level = MU__LOG_LEVEL__LOG_ERROR;
	record.body_case = MU__RECORD__BODY_LOG;
	record.log = &log;
	assert_int_equal(event_weight(&errors, &record), 1);
	log.level = (Mu__LogLevel)77; // of a newer device
	assert_int_equal(event_weight(&errors, &record), 0);
	assert_int_equal(weight(EVENT_LOG, &record), 1);

	record.body_case = MU__RECORD__BODY_HEARTBEAT;
	record.heartbeat = &heartbeat;
	assert_int_equal(event_kinds_of(&record), 0);
	record.body_case = MU__RECORD__BODY__NOT_SET; // of a newer device
	assert_int_equal(event_kinds_of(&record), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names_lead_back),
		cmocka_unit_test(test_labels_and_their_values),
		cmocka_unit_test(test_kinds_of_boots),
		cmocka_unit_test(test_folded_boots_count_each),
		cmocka_unit_test(test_links_and_updates),
		cmocka_unit_test(test_a_rollback_has_a_cause),
		cmocka_unit_test(test_gaps_app_events_and_logs),
	};
	return cmocka_run_group_tests(tests, 0, 0);
}
