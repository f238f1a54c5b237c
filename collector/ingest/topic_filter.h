// SPDX-License-Identifier: Apache-2.0
// MQTT topic filters (MQTT 5, section 4.7): `+` stands for one level, `#` at the end for all that follow. Pure.
#ifndef COLLECTOR_INGEST_TOPIC_FILTER_H
#define COLLECTOR_INGEST_TOPIC_FILTER_H
#include <stdbool.h>
#include <stddef.h>

// 0, or what is wrong with the filter, in words. Filters that begin with `$` are no one's but the broker's and refused, too.
const char *topic_filter_problem(const char *filter);

bool topic_filter_matches(const char *filter, const char *topic);

// Whether some topic matches both: then a broker may send it twice.
bool topic_filter_overlaps(const char *one, const char *other);

// The level at this place (0 is the first): its text within the topic and its length. 0 if there are fewer.
const char *topic_level(const char *topic, unsigned place, size_t *length);

#endif
