// SPDX-License-Identifier: Apache-2.0
// TZ strings: what is taken gives offsets within a day, and a date that means the same moment.
#include "agent/image/err.h"
#include "agent/network/time_zone.h"
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(int condition)
{
	if (!condition)
		abort();
}

static void check(const struct mu_time_zone *zone, int64_t unix_s)
{
	struct mu_local_time local;
	mu_time_zone_local(zone, unix_s, &local);
	must(local.offset_s > -26 * 3600 && local.offset_s < 26 * 3600);
	must(local.month >= 1 && local.month <= 12 && local.day >= 1 && local.day <= 31);
	must(local.hour * 3600 + local.minute * 60 + local.second == (unix_s + local.offset_s + 172800) % 86400);
	must(zone->has_daylight || !local.daylight);
	must(local.weekday == ((unix_s + local.offset_s + 172800) / 86400 + 2) % 7);
}

// The first 8 bytes choose the moment, the rest is the text.
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct mu_time_zone zone;
	uint64_t moment;
	char text[128];
	if (size < sizeof moment || size - sizeof moment >= sizeof text)
		return 0;
	memcpy(&moment, data, sizeof moment);
	memcpy(text, data + sizeof moment, size - sizeof moment);
	text[size - sizeof moment] = 0;
	int err = mu_time_zone_parse(&zone, text);
	must(err == 0 || err == MU_ERR_INVALID);
	must(err == 0 || (!zone.has_daylight && !zone.standard_s));
	check(&zone, (int64_t)(moment % 253402300800));
	return 0;
}
