// SPDX-License-Identifier: Apache-2.0
#include "collector/ingest/topic.h"

#include <stdio.h>
#include <string.h>

static const char prefix[] = "muster/v1/";

enum topic_kind topic_parse(const char *topic, char id[TOPIC_ID_BYTES])
{
	id[0] = 0;
	if (strcmp(topic, TOPIC_SUBSCRIBE_DROPPED) == 0)
		return TOPIC_BROKER_DROPPED;
	if (strncmp(topic, prefix, sizeof prefix - 1) != 0)
		return TOPIC_FOREIGN;
	const char *name = topic + sizeof prefix - 1;
	const char *slash = strchr(name, '/');
	if (!slash || !mu_id_valid_bytes(name, (size_t)(slash - name)))
		return TOPIC_FOREIGN;
	enum topic_kind kind = strcmp(slash, "/up") == 0 ? TOPIC_UP : strcmp(slash, "/state") == 0 ? TOPIC_STATE : TOPIC_FOREIGN;
	if (kind != TOPIC_FOREIGN) {
		memcpy(id, name, (size_t)(slash - name));
		id[slash - name] = 0;
	}
	return kind;
}

void topic_of(const char *id, const char *leaf, char topic[TOPIC_BYTES])
{
	snprintf(topic, TOPIC_BYTES, "%s%s/%s", prefix, id, leaf);
}
