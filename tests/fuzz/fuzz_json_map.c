// SPDX-License-Identifier: Apache-2.0
// Any bytes as a mapping of JSON topics: refused with errors, or a map that keeps its word: no topic overlaps another one or ours, each entry has
// a way to an id, each field a usable scale.
#include "collector/ingest/json_map.h"
#include "collector/ingest/topic_filter.h"
#include <math.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct json_map *map, const struct json_topic *topic)
{
	if (topic_filter_problem(topic->filter) || topic_filter_overlaps(topic->filter, "muster/v1/a/up"))
		abort();
	for (const struct json_topic *other = map->topics; other < topic; other++)
		if (topic_filter_overlaps(topic->filter, other->filter))
			abort();
	if ((topic->device_level >= 0) == (topic->device[0] != 0))
		abort();
	for (int i = 0; i < JSON_TARGETS; i++)
		if (topic->fields[i].path[0] && (!isfinite(topic->fields[i].scale) || topic->fields[i].scale == 0))
			abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct config_errors errors;
	struct json_map *map = json_map_parse("fuzz", data, size, &errors);
	if ((map != 0) != (errors.count == 0))
		abort();
	for (unsigned i = 0; map && i < map->topic_count; i++)
		check(map, &map->topics[i]);
	json_map_free(map);
	return 0;
}
