// SPDX-License-Identifier: Apache-2.0
// The oracle is the C library: the same TZ string, the same moments.
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "agent/image/err.h"
#include "agent/network/time_zone.h"

enum { HOUR_S = 3600, DAY_S = 86400 };

// As they stand at the end of the files of the tz database, and what they are there for.
static const char *const zones[] = {
	"UTC0",
	"<UTC>0",
	"CET-1CEST,M3.5.0,M10.5.0/3", // Europe/Berlin
	"GMT0BST,M3.5.0/1,M10.5.0", // Europe/London
	"EST5EDT,M3.2.0,M11.1.0", // America/New_York
	"PST8PDT,M3.2.0,M11.1.0", // America/Los_Angeles
	"NST3:30NDT,M3.2.0,M11.1.0", // America/St_Johns: half an hour
	"AEST-10AEDT,M10.1.0,M4.1.0/3", // Australia/Sydney: the south
	"<+1030>-10:30<+11>-11,M10.1.0,M4.1.0", // Australia/Lord_Howe: half an hour of daylight saving
	"<+1245>-12:45<+1345>,M9.5.0/2:45,M4.1.0/3:45", // Pacific/Chatham
	"NZST-12NZDT,M9.5.0,M4.1.0/3", // Pacific/Auckland
	"<-03>3", // America/Sao_Paulo: none any more
	"IST-5:30", // Asia/Kolkata
	"<+0545>-5:45", // Asia/Kathmandu
	"<+14>-14", // Pacific/Kiritimati
	"<-11>11", // Pacific/Niue
	"IST-1GMT0,M10.5.0,M3.5.0/1", // Europe/Dublin: daylight saving time is the winter's
	"<-02>2<-01>,M3.5.0/-1,M10.5.0/0", // America/Nuuk: a negative time
	"EET-2EEST,M3.4.4/50,M10.4.4/50", // Asia/Gaza, once: more than a day
	"IST-2IDT,M3.4.4/26,M10.5.0", // Asia/Jerusalem
	"<-04>4<-03>,M9.1.6/24,M4.1.6/24", // America/Santiago
	"CST6CDT,J60,J300/1:30:15", // Julian days, February 29 not counted
	"CST6CDT,59,299", // days, February 29 counted
	"CST6CDT,M2.5.1,M12.4.6", // the last Monday of February
};

static const int32_t years[] = { 1971, 1999, 2000, 2004, 2020, 2024, 2026, 2027, 2036, 2038, 2096, 2100, 2104 };

static void check_moment(const struct mu_time_zone *zone, const char *text, int64_t unix_s)
{
	struct mu_local_time ours;
	struct tm theirs;
	time_t when = (time_t)unix_s;
	assert_non_null(localtime_r(&when, &theirs));
	mu_time_zone_local(zone, unix_s, &ours);
	if (ours.offset_s != theirs.tm_gmtoff || ours.daylight != (theirs.tm_isdst > 0))
		fail_msg("%s at %lld: offset %d, daylight %d instead of %ld, %d", text, (long long)unix_s, ours.offset_s, ours.daylight,
			theirs.tm_gmtoff, theirs.tm_isdst);
	assert_int_equal(ours.year, theirs.tm_year + 1900);
	assert_int_equal(ours.month, theirs.tm_mon + 1);
	assert_int_equal(ours.day, theirs.tm_mday);
	assert_int_equal(ours.weekday, theirs.tm_wday);
	assert_int_equal(ours.hour, theirs.tm_hour);
	assert_int_equal(ours.minute, theirs.tm_min);
	assert_int_equal(ours.second, theirs.tm_sec);
}

static void check_year(const struct mu_time_zone *zone, const char *text, int32_t year)
{
	struct tm begin = { .tm_year = year - 1900, .tm_mday = 1 };
	int64_t first_s = timegm(&begin);
	for (int64_t hour = 0; hour < 366 * 24; hour++) { // changes lie at whole and half hours, and one at an odd second
		check_moment(zone, text, first_s + hour * HOUR_S);
		check_moment(zone, text, first_s + hour * HOUR_S - 1);
		check_moment(zone, text, first_s + hour * HOUR_S + 1799);
		check_moment(zone, text, first_s + hour * HOUR_S + 1800);
		check_moment(zone, text, first_s + hour * HOUR_S + 2714);
		check_moment(zone, text, first_s + hour * HOUR_S + 2715);
	}
}

static void test_as_the_c_library_has_it(void **unused)
{
	(void)unused;
	for (size_t i = 0; i < sizeof zones / sizeof *zones; i++) {
		struct mu_time_zone zone;
		assert_int_equal(mu_time_zone_parse(&zone, zones[i]), 0);
		setenv("TZ", zones[i], 1);
		tzset();
		// All years for some zones, some years for all.
		for (size_t y = i % 3; y < sizeof years / sizeof *years; y += 3)
			check_year(&zone, zones[i], years[y]);
	}
}

// What the C library cannot be asked: it computes the changes of the one year only, or takes a file for the name.
static const struct {
	const char *text;
	int64_t unix_s;
	int32_t offset_s;
	bool daylight;
} moments[] = {
	{ "", 1795896000, 0, false },
	{ "XXX3EDT4,0/0,J365/23", 1767225599, -4 * HOUR_S, true }, // RFC 8536: daylight saving time all the year
	{ "XXX3EDT4,0/0,J365/23", 1767236400, -4 * HOUR_S, true }, // the moment at which the end meets the start
	{ "XXX3EDT4,0/0,J365/23", 1782864000, -4 * HOUR_S, true },
	{ "EST5EDT", 1782864000, -4 * HOUR_S, true }, // July 2026 without rules: those of the United States
	{ "EST5EDT", 1767236400, -5 * HOUR_S, false },
	{ "AAA0BBB,J365/167,J180", 1767571200, 0, false }, // January 5 2026, and the start is on January 6
	{ "AAA0BBB,J365/167,J180", 1767744000, HOUR_S, true }, // by a rule of the year before
	{ "AAA-1", 0, HOUR_S, false },
};

static void test_moments(void **unused)
{
	(void)unused;
	for (size_t i = 0; i < sizeof moments / sizeof *moments; i++) {
		struct mu_time_zone zone;
		bool summer;
		assert_int_equal(mu_time_zone_parse(&zone, moments[i].text), 0);
		int32_t offset_s = mu_time_zone_offset_s(&zone, moments[i].unix_s, &summer);
		if (offset_s != moments[i].offset_s || summer != moments[i].daylight)
			fail_msg("%s at %lld: %d", moments[i].text, (long long)moments[i].unix_s, offset_s);
		assert_int_equal(mu_time_zone_offset_s(&zone, moments[i].unix_s, 0), offset_s);
	}
}

static void test_the_ends_of_time(void **unused)
{
	(void)unused;
	struct mu_time_zone zone;
	struct mu_local_time local;
	mu_time_zone_parse(&zone, "AAA12");
	mu_time_zone_local(&zone, 0, &local); // still 1969 there
	assert_int_equal(local.year, 1969);
	assert_int_equal(local.month, 12);
	assert_int_equal(local.day, 31);
	assert_int_equal(local.weekday, 3);
	assert_int_equal(local.hour, 12);
	mu_time_zone_parse(&zone, "AAA-12");
	mu_time_zone_local(&zone, INT64_C(253402300799), &local);
	assert_int_equal(local.year, 10000);
	assert_int_equal(local.month, 1);
	assert_int_equal(local.day, 1);
}

static const char *const nonsense[] = {
	"UTC", // an offset must be there
	"Europe/Berlin", // a name of the tz database is no POSIX string
	"CE-1",
	"<+0>0",
	"<+01-1",
	"<+0_>1",
	"CET",
	"CET-",
	"CET-25",
	"CET-1:60",
	"CET-1:",
	"CET-1:00:60",
	"CET-1:00:00:00",
	"CET-1 ",
	"CET-1CE",
	"CET-1CEST-2,",
	"CET-1CEST,M3.5.0",
	"CET-1CEST,M3.5.0,",
	"CET-1CEST,M0.5.0,M10.5.0",
	"CET-1CEST,M13.5.0,M10.5.0",
	"CET-1CEST,M3.0.0,M10.5.0",
	"CET-1CEST,M3.6.0,M10.5.0",
	"CET-1CEST,M3.5.7,M10.5.0",
	"CET-1CEST,M3.5,M10.5.0",
	"CET-1CEST,M3.5.0/168,M10.5.0",
	"CET-1CEST,M3.5.0/,M10.5.0",
	"CET-1CEST,J0,J365",
	"CET-1CEST,J1,J366",
	"CET-1CEST,0,366",
	"CET-1CEST,,",
	"CET-1CEST,M3.5.0,M10.5.0/3x",
	"CET-1CEST,M3.5.0,M10.5.0,M1.1.1",
	"CET-99999999999999999999",
};

static void test_nonsense_is_refused_and_leaves_utc(void **unused)
{
	(void)unused;
	static const struct mu_time_zone utc;
	for (size_t i = 0; i < sizeof nonsense / sizeof *nonsense; i++) {
		struct mu_time_zone zone;
		memset(&zone, 0xa5, sizeof zone);
		if (mu_time_zone_parse(&zone, nonsense[i]) != MU_ERR_INVALID)
			fail_msg("%s", nonsense[i]);
		assert_int_equal(mu_time_zone_offset_s(&zone, 1782864000, 0), 0);
		assert_int_equal(zone.has_daylight, utc.has_daylight);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_as_the_c_library_has_it),
		cmocka_unit_test(test_moments),
		cmocka_unit_test(test_the_ends_of_time),
		cmocka_unit_test(test_nonsense_is_refused_and_leaves_utc),
	};
	return cmocka_run_group_tests(tests, 0, 0);
}
