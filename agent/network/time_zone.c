// SPDX-License-Identifier: Apache-2.0
#include "agent/network/time_zone.h"

#include <string.h>

#include "agent/image/err.h"

enum { MINUTE_S = 60, HOUR_S = 3600, DAY_S = 86400, YEAR_DAYS = 365, ERA_DAYS = 146097 };
enum { OFFSET_HOURS_MAX = 24, TIME_HOURS_MAX = 167, NAME_LEAST = 3, THURSDAY = 4 };

static const char daylight_rules[] = ",M3.2.0,M11.1.0";

// ---- the calendar

static bool is_leap(int64_t year)
{
	return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

// Days from 1970-01-01 to the first of this month, proleptic Gregorian.
static int64_t days_before(int64_t year, int month)
{
	int64_t y = month > 2 ? year : year - 1; // a year that ends with February has its leap day last
	int64_t era = y / 400, year_of_era = y % 400;
	int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5;
	return era * ERA_DAYS + year_of_era * YEAR_DAYS + year_of_era / 4 - year_of_era / 100 + day_of_year - 719468;
}

static int days_in(int64_t year, int month)
{
	static const uint8_t days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	return days[month - 1] + (month == 2 && is_leap(year));
}

static int64_t year_of(int64_t days)
{
	int64_t year = 1970 + days / 366; // never too late, and too early by a year in 483
	while (days_before(year + 1, 1) <= days)
		year++;
	return year;
}

static int weekday_of(int64_t days)
{
	return (int)((days % 7 + 7 + THURSDAY) % 7);
}

// ---- the text

static bool is_letter(char c)
{
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

// Each takes its part from *text on and moves it behind. False: it is none.
static bool take_char(const char **text, char wanted)
{
	bool is_there = **text == wanted;
	*text += is_there;
	return is_there;
}

static bool take_name(const char **text)
{
	bool quoted = **text == '<';
	const char *start = *text += quoted;
	while (is_letter(**text) || (quoted && (is_digit(**text) || **text == '+' || **text == '-')))
		++*text;
	return *text - start >= NAME_LEAST && (!quoted || take_char(text, '>'));
}

static bool take_number(const char **text, int32_t least, int32_t most, int32_t *number)
{
	*number = 0;
	if (!is_digit(**text))
		return false;
	for (; is_digit(**text) && *number <= most; ++*text)
		*number = *number * 10 + (**text - '0');
	return *number >= least && *number <= most;
}

// [+-]hh[:mm[:ss]]
static bool take_time(const char **text, int32_t hours_max, int32_t *seconds)
{
	int32_t hours, part;
	bool negative = take_char(text, '-');
	if (!negative)
		take_char(text, '+');
	if (!take_number(text, 0, hours_max, &hours))
		return false;
	*seconds = hours * HOUR_S;
	for (int32_t unit = MINUTE_S; unit && take_char(text, ':'); unit /= MINUTE_S) {
		if (!take_number(text, 0, 59, &part))
			return false;
		*seconds += part * unit;
	}
	if (negative)
		*seconds = -*seconds;
	return true;
}

static bool take_month_rule(const char **text, struct mu_time_rule *rule)
{
	int32_t month, week, day;
	if (!take_number(text, 1, 12, &month) || !take_char(text, '.') || !take_number(text, 1, 5, &week) || !take_char(text, '.') ||
		!take_number(text, 0, 6, &day))
		return false;
	rule->kind = MU_TIME_RULE_MONTH;
	rule->month = (uint8_t)month;
	rule->week = (uint8_t)week;
	rule->day = (uint16_t)day;
	return true;
}

static bool take_day_rule(const char **text, struct mu_time_rule *rule)
{
	int32_t day;
	bool julian = take_char(text, 'J');
	if (!take_number(text, julian, YEAR_DAYS, &day))
		return false;
	rule->kind = julian ? MU_TIME_RULE_JULIAN : MU_TIME_RULE_DAY;
	rule->day = (uint16_t)day;
	return true;
}

static bool take_rule(const char **text, struct mu_time_rule *rule)
{
	if (!take_char(text, ','))
		return false;
	if (!(take_char(text, 'M') ? take_month_rule(text, rule) : take_day_rule(text, rule)))
		return false;
	rule->time_s = 2 * HOUR_S;
	return !take_char(text, '/') || take_time(text, TIME_HOURS_MAX, &rule->time_s);
}

static bool take_daylight(const char **text, struct mu_time_zone *zone)
{
	int32_t west_s = -zone->standard_s - HOUR_S;
	if (!take_name(text))
		return false;
	if (**text && **text != ',' && !take_time(text, OFFSET_HOURS_MAX, &west_s))
		return false;
	zone->has_daylight = true;
	zone->daylight_s = -west_s;
	const char *rules = daylight_rules;
	const char **from = **text ? text : &rules;
	return take_rule(from, &zone->start) && take_rule(from, &zone->end);
}

int mu_time_zone_parse(struct mu_time_zone *zone, const char *text)
{
	int32_t west_s;
	*zone = (struct mu_time_zone){ .has_daylight = false };
	if (!text || !*text)
		return 0;
	bool good = take_name(&text) && take_time(&text, OFFSET_HOURS_MAX, &west_s);
	if (good)
		zone->standard_s = -west_s;
	if (good && *text)
		good = take_daylight(&text, zone);
	if (good && !*text)
		return 0;
	*zone = (struct mu_time_zone){ .has_daylight = false };
	return MU_ERR_INVALID;
}

// ---- what it makes of a time

// Days from 1970-01-01 to the day that the rule names.
static int64_t rule_days(const struct mu_time_rule *rule, int64_t year)
{
	int64_t first = days_before(year, 1);
	if (rule->kind == MU_TIME_RULE_DAY)
		return first + rule->day;
	if (rule->kind == MU_TIME_RULE_JULIAN)
		return first + rule->day - 1 + (rule->day > 59 && is_leap(year));
	first = days_before(year, rule->month);
	int day = (rule->day + 7 - weekday_of(first)) % 7 + 7 * (rule->week - 1);
	return first + (day < days_in(year, rule->month) ? day : day - 7);
}

// The last change until then decides. A change may lie in another year than its rule's, by offset and by a time of up to a week.
static bool is_daylight(const struct mu_time_zone *zone, int64_t unix_s)
{
	int64_t year = year_of(unix_s / DAY_S), latest_s = INT64_MIN;
	bool daylight = false;
	for (int64_t y = year - 1; y <= year + 1; y++) {
		int64_t start_s = rule_days(&zone->start, y) * DAY_S + zone->start.time_s - zone->standard_s;
		int64_t end_s = rule_days(&zone->end, y) * DAY_S + zone->end.time_s - zone->daylight_s;
		// An end at the moment of a start is none: daylight saving time all the year.
		if (end_s <= unix_s && end_s > latest_s) {
			latest_s = end_s;
			daylight = false;
		}
		if (start_s <= unix_s && start_s >= latest_s) {
			latest_s = start_s;
			daylight = true;
		}
	}
	return daylight;
}

int32_t mu_time_zone_offset_s(const struct mu_time_zone *zone, int64_t unix_s, bool *daylight)
{
	bool summer = zone->has_daylight && is_daylight(zone, unix_s);
	if (daylight)
		*daylight = summer;
	return summer ? zone->daylight_s : zone->standard_s;
}

void mu_time_zone_local(const struct mu_time_zone *zone, int64_t unix_s, struct mu_local_time *out)
{
	*out = (struct mu_local_time){ .month = 1 };
	out->offset_s = mu_time_zone_offset_s(zone, unix_s, &out->daylight);
	int64_t local_s = unix_s + out->offset_s;
	int64_t days = local_s / DAY_S, second = local_s % DAY_S;
	if (second < 0) { // west of Greenwich on the first day of 1970
		second += DAY_S;
		days--;
	}
	int64_t year = days < 0 ? 1969 : year_of(days);
	while (out->month < 12 && days_before(year, out->month + 1) <= days)
		out->month++;
	out->year = (int32_t)year;
	out->day = (uint8_t)(days - days_before(year, out->month) + 1);
	out->weekday = (uint8_t)weekday_of(days);
	out->hour = (uint8_t)(second / HOUR_S);
	out->minute = (uint8_t)(second % HOUR_S / MINUTE_S);
	out->second = (uint8_t)(second % MINUTE_S);
}
