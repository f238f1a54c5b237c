// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include "agent/uplink/record.h"
#include "proto/limits.h"
#include "tests/agent/fake_port.h"

struct rig {
	struct fake_port fake;
	struct mu_spool spool;
	uint8_t packed[MU_SPOOL_RECORD_MAX];
};

static int set_up(void **state)
{
	static struct rig rig;
	fake_port_init(&rig.fake, 2);
	fake_port_partition(&rig.fake, MU_PART_SPOOL, 4);
	assert_int_equal(mu_spool_open(&rig.spool, &rig.fake.port), 0);
	*state = &rig;
	return 0;
}

static int tear_down(void **state)
{
	struct rig *rig = *state;
	fake_port_free(&rig->fake);
	return 0;
}

static int append_event(struct rig *rig, const struct mu_stamp *stamp, const char *name, uint64_t *seq)
{
	Mu__Event event = MU__EVENT__INIT;
	Mu__Record record = MU__RECORD__INIT;
	event.name = (char *)name;
	record.body_case = MU__RECORD__BODY_EVENT;
	record.event = &event;
	return mu_record_append(&rig->spool, stamp, MU_CLASS_EVENT, &record, rig->packed, seq);
}

// With and without wall time: what is packed is what the schema says, and the stamp can be read back.
static void test_the_stamp_is_set_and_read_back(void **state)
{
	struct rig *rig = *state;
	static const struct mu_stamp stamps[] = {
		{ 1, MU__TIME_QUALITY__TIME_NONE, 0, 0 },
		{ 300, MU__TIME_QUALITY__TIME_RTC, 86400000, MU_WALL_MS_MIN + 123 },
		{ UINT32_MAX, MU__TIME_QUALITY__TIME_SERVER, MU_UPTIME_MS_MAX, MU_WALL_MS_MAX },
	};
	uint8_t bytes[MU_SPOOL_RECORD_MAX];
	for (size_t i = 0; i < sizeof stamps / sizeof *stamps; i++) {
		uint64_t seq = 0;
		struct mu_spool_entry entry;
		struct mu_stamp stamp;
		assert_int_equal(append_event(rig, &stamps[i], "door_open", &seq), 0);
		assert_true(seq == i + 1);
		assert_int_equal(mu_spool_read(&rig->spool, seq, &entry, bytes, sizeof bytes), 0);
		assert_int_equal(entry.record_class, MU_CLASS_EVENT);
		Mu__Record *record = mu__record__unpack(NULL, entry.size, bytes);
		assert_non_null(record);
		assert_int_equal(record->boot, stamps[i].boot);
		assert_int_equal(record->has_wall_ms, stamps[i].time_quality != MU__TIME_QUALITY__TIME_NONE);
		assert_string_equal(record->event->name, "door_open");
		mu__record__free_unpacked(record, NULL);
		assert_int_equal(mu_stamp_read(bytes, entry.size, &stamp), 0);
		assert_true(stamp.boot == stamps[i].boot && stamp.uptime_ms == stamps[i].uptime_ms);
		assert_true(stamp.wall_ms == stamps[i].wall_ms && stamp.time_quality == stamps[i].time_quality);
	}
}

// What the collector would refuse never gets a number.
static void test_what_breaks_a_limit_is_refused_and_counted(void **state)
{
	struct rig *rig = *state;
	static const struct mu_stamp good = { .boot = 1 }, no_boot = { .boot = 0 };
	Mu__Record no_body = MU__RECORD__INIT;
	uint64_t seq = 99;
	assert_true(append_event(rig, &good, "Not A Name", &seq) < 0);
	assert_true(append_event(rig, &no_boot, "ok", &seq) < 0);
	assert_true(mu_record_append(&rig->spool, &good, MU_CLASS_EVENT, &no_body, rig->packed, &seq) < 0);
	assert_int_equal(mu_spool_refused(&rig->spool), 3);
	assert_true(seq == 99 && mu_spool_next_seq(&rig->spool) == 1);
	assert_int_equal(append_event(rig, &good, "ok", NULL), 0);
	assert_int_equal(mu_spool_refused(&rig->spool), 3);
}

// A clock led astray (SNTP is not authenticated) costs the date, not the record: else one false answer would silence the device.
static void test_a_date_that_cannot_be_is_left_out(void **state)
{
	struct rig *rig = *state;
	static const uint64_t dates[] = { 0, 5, MU_WALL_MS_MIN - 1, MU_WALL_MS_MAX + 1, UINT64_MAX };
	uint8_t bytes[MU_SPOOL_RECORD_MAX];
	for (size_t i = 0; i < sizeof dates / sizeof *dates; i++) {
		struct mu_stamp stamp = { .boot = 1, .time_quality = MU__TIME_QUALITY__TIME_SNTP, .uptime_ms = 7, .wall_ms = dates[i] };
		struct mu_spool_entry entry;
		uint64_t seq = 0;
		assert_int_equal(append_event(rig, &stamp, "ok", &seq), 0);
		assert_int_equal(mu_spool_read(&rig->spool, seq, &entry, bytes, sizeof bytes), 0);
		assert_int_equal(mu_stamp_read(bytes, entry.size, &stamp), 0);
		assert_true(stamp.uptime_ms == 7 && stamp.wall_ms == 0 && stamp.time_quality == MU__TIME_QUALITY__TIME_NONE);
	}
	assert_int_equal(mu_spool_refused(&rig->spool), 0);
}

static void test_flash_errors_are_passed_on(void **state)
{
	struct rig *rig = *state;
	static const struct mu_stamp stamp = { .boot = 1 };
	fake_port_fail(&rig->fake, FAKE_CALL_PROGRAM, 1, 1);
	assert_int_equal(append_event(rig, &stamp, "ok", NULL), MU_ERR_IO);
	assert_int_equal(mu_spool_refused(&rig->spool), 0); // nothing wrong with the record
	rig->spool.open = false;
	assert_int_equal(append_event(rig, &stamp, "ok", NULL), MU_ERR_STATE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define ROW(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
		ROW(test_the_stamp_is_set_and_read_back),
		ROW(test_what_breaks_a_limit_is_refused_and_counted),
		ROW(test_a_date_that_cannot_be_is_left_out),
		ROW(test_flash_errors_are_passed_on),
	};
	return cmocka_run_group_tests(tests, 0, 0);
}
