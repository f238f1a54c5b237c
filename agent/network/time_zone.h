// SPDX-License-Identifier: Apache-2.0
// Local time: a POSIX TZ string ("CET-1CEST,M3.5.0,M10.5.0/3") and what it makes of a Unix time. For the application and its displays; the agent
// itself and all that it sends is in UTC.
//
//   std offset [dst [offset] [,start[/time],end[/time]]]
//   std, dst   3 letters or more, or <...> of letters, digits, + and -; the names are checked and forgotten
//   offset     [+-]hh[:mm[:ss]], hours 0..24, positive WEST of Greenwich; dst's is an hour ahead of std's unless given
//   start, end Mm.w.d (month, week 1..5 with 5 the last, day 0..6 from Sunday), Jn (1..365, February 29 is never counted), n (0..365, it is);
//              without them those of the United States (M3.2.0,M11.1.0), as C libraries have it
//   time       [+-]hh[:mm[:ss]], hours 0..167 (RFC 8536), local time before the change; 02:00:00 unless given
//
// Pure. Memory: the caller's, no reference is kept. Thread: any.
#ifndef MU_TIME_ZONE_H
#define MU_TIME_ZONE_H
#include <stdbool.h>
#include <stdint.h>

enum mu_time_rule_kind { MU_TIME_RULE_MONTH, MU_TIME_RULE_JULIAN, MU_TIME_RULE_DAY };

struct mu_time_rule {
	uint8_t kind; // enum mu_time_rule_kind
	uint8_t month, week; // MONTH: 1..12, 1..5
	uint16_t day; // MONTH: of the week, 0..6; else of the year
	int32_t time_s; // from the midnight at which that day begins
};

struct mu_time_zone {
	bool has_daylight;
	int32_t standard_s, daylight_s; // to be added to UTC
	struct mu_time_rule start, end; // of daylight saving time
};

struct mu_local_time {
	int32_t year; // 2026
	uint8_t month, day; // 1..12, 1..31
	uint8_t hour, minute, second;
	uint8_t weekday; // 0: Sunday
	bool daylight; // daylight saving time
	int32_t offset_s; // added to UTC
};

// 0, or MU_ERR_INVALID and *zone is UTC. text null or "": UTC.
int mu_time_zone_parse(struct mu_time_zone *zone, const char *text);

// unix_s: 0 .. 253402300799 (9999). Seconds to be added to UTC then; *daylight (may be null): whether that is daylight saving time.
int32_t mu_time_zone_offset_s(const struct mu_time_zone *zone, int64_t unix_s, bool *daylight);

void mu_time_zone_local(const struct mu_time_zone *zone, int64_t unix_s, struct mu_local_time *out);

#endif
