// SPDX-License-Identifier: Apache-2.0
// The model collector against section 3 of proto/SPEC.md, rule by rule.
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>
#include "tests/sim/ledger.h"

static char heard[256]; // what the sink was told, in a short form

static void hear(const char *format, ...)
{
	va_list arguments;
	size_t used = strlen(heard);
	va_start(arguments, format);
	vsnprintf(heard + used, sizeof heard - used, format, arguments);
	va_end(arguments);
}

static void stored(void *context, uint64_t epoch, uint64_t seq, const Mu__Record *record, const uint8_t *bytes, size_t size)
{
	(void)context, (void)epoch, (void)record, (void)bytes, (void)size;
	hear("+%d ", (int)seq);
}

static void gap(void *context, uint64_t epoch, uint64_t seq, uint64_t count, int reason)
{
	(void)context, (void)epoch;
	hear("gap %d*%d:%d ", (int)seq, (int)count, reason);
}

static void duplicate(void *context, uint64_t epoch, uint64_t seq, const uint8_t *bytes, size_t size, bool is_gap)
{
	(void)context, (void)epoch, (void)bytes, (void)size;
	hear("=%d%s ", (int)seq, is_gap ? "g" : "");
}

static void trouble(void *context, const char *what, uint64_t seq)
{
	(void)context, (void)seq;
	hear("!%c ", what[2] == 'n' && what[3] == 'e' ? 'e' : what[2] == 'd' ? 'd' : what[2] == 'r' ? 'r' : 'p');
}

static const struct sim_sink sink = { 0, stored, gap, duplicate, trouble };
static struct sim_ledger ledger;

// text: one character a record: 'r' a record, '3' a Gap of three, 'x' a record without a body.
static enum sim_verdict take(uint64_t epoch, uint64_t first, uint64_t oldest, const char *text, uint32_t uptime)
{
	Mu__Uplink uplink = MU__UPLINK__INIT;
	Mu__Record records[8], *list[8];
	Mu__Gap gaps[8];
	Mu__Event events[8];
	uint8_t packed[1024];
	uplink.epoch = epoch;
	uplink.first_seq = first;
	uplink.oldest_seq = oldest;
	uplink.records = list;
	for (; text[uplink.n_records]; uplink.n_records++) {
		size_t i = uplink.n_records;
		mu__record__init(&records[i]);
		mu__gap__init(&gaps[i]);
		mu__event__init(&events[i]);
		records[i].boot = 1;
		records[i].uptime_ms = uptime + i;
		if (text[i] == 'r') {
			events[i].name = (char *)"x";
			records[i].body_case = MU__RECORD__BODY_EVENT;
			records[i].event = &events[i];
		} else if (text[i] != 'x') {
			gaps[i].count = (uint64_t)(text[i] - '0');
			gaps[i].reason = MU__GAP_REASON__GAP_THINNED;
			records[i].body_case = MU__RECORD__BODY_GAP;
			records[i].gap = &gaps[i];
		}
		list[i] = &records[i];
	}
	heard[0] = 0;
	return sim_ledger_uplink(&ledger, packed, mu__uplink__pack(&uplink, packed), &sink);
}

static int fresh(void **unused)
{
	(void)unused;
	ledger = (struct sim_ledger){ .count = 0 };
	take(7, 1, 1, "rrr", 100); // next is 4
	return 0;
}

static const struct {
	const char *why;
	uint64_t epoch, first, oldest;
	const char *records;
	uint32_t uptime;
	enum sim_verdict verdict;
	const char *heard;
	uint64_t through;
} rows[] = {
	{ "the next ones", 7, 4, 1, "rr", 200, SIM_ACCEPTED, "+4 +5 ", 5 },
	{ "an Uplink without records is allowed", 7, 4, 1, "", 0, SIM_ACCEPTED, "", 3 },
	{ "rule 3: a hole stores nothing", 7, 5, 1, "rr", 200, SIM_HOLE, "", 3 },
	{ "rule 3: as long as the device may still have what is missing", 7, 6, 4, "r", 200, SIM_HOLE, "", 3 },
	{ "rule 4: the device no longer has it", 7, 6, 6, "r", 200, SIM_ACCEPTED, "gap 4*2:15 +6 ", 6 },
	{ "rule 4, then rule 3 again", 7, 8, 6, "r", 200, SIM_HOLE, "gap 4*2:15 ", 5 },
	{ "rule 5: duplicates are dropped, what follows is taken", 7, 2, 1, "rrr", 100, SIM_ACCEPTED, "=2 =3 +4 ", 4 },
	{ "rule 5: only the rest of a Gap", 7, 3, 1, "3", 50, SIM_ACCEPTED, "gap 4*2:3 ", 5 },
	{ "rule 5: a Gap that is all known", 7, 1, 1, "3", 50, SIM_ACCEPTED, "=1g ", 3 },
	{ "rule 5: a bad record never blocks the one behind it", 7, 4, 1, "xr", 200, SIM_ACCEPTED, "!r gap 4*1:14 +5 ", 5 },
	{ "the numbers behind a Gap", 7, 4, 1, "3r", 200, SIM_ACCEPTED, "gap 4*3:3 +7 ", 7 },
	{ "a known number from later than all: the device lost its place", 7, 2, 1, "r", 5000, SIM_ACCEPTED, "!p =2 ", 3 },
	{ "rule 2: a new epoch begins at what the device still has", 9, 20, 18, "r", 100, SIM_HOLE, "!e ", 17 },
	{ "rule 2: ... and goes on from there", 9, 20, 20, "r", 100, SIM_ACCEPTED, "!e +20 ", 20 },
	{ "rule 1: a header that breaks the limits", 0, 4, 1, "r", 100, SIM_DEAD_LETTER, "!d ", 3 },
};

static void test_rules(void **unused)
{
	(void)unused;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		fresh(0);
		enum sim_verdict verdict = take(rows[i].epoch, rows[i].first, rows[i].oldest, rows[i].records, rows[i].uptime);
		if (verdict != rows[i].verdict || strcmp(heard, rows[i].heard) != 0 || sim_ledger_through(&ledger) != rows[i].through)
			fail_msg("%s: %d, heard \"%s\", through %d", rows[i].why, verdict, heard, (int)sim_ledger_through(&ledger));
	}
}

static void test_a_known_epoch_is_continued_where_it_stopped(void **unused)
{
	(void)unused;
	fresh(0);
	take(9, 1, 1, "r", 100);
	assert_true(sim_ledger_epoch(&ledger) == 9);
	take(7, 4, 1, "r", 200);
	assert_string_equal(heard, "+4 ");
	assert_true(sim_ledger_epoch(&ledger) == 7);
}

static void test_rubbish_is_a_dead_letter(void **unused)
{
	(void)unused;
	fresh(0);
	heard[0] = 0;
	assert_int_equal(sim_ledger_uplink(&ledger, (const uint8_t *)"rubbish", 7, &sink), SIM_DEAD_LETTER);
	assert_string_equal(heard, "!d ");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rules),
		cmocka_unit_test(test_a_known_epoch_is_continued_where_it_stopped),
		cmocka_unit_test(test_rubbish_is_a_dead_letter),
	};
	return cmocka_run_group_tests(tests, 0, 0);
}
