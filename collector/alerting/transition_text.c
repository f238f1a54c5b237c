// SPDX-License-Identifier: Apache-2.0
#include "collector/alerting/transition_text.h"

char *transition_text_write(const struct alert_text *texts, unsigned count)
{
	json_t *object = json_object();
	for (unsigned i = 0; object && i < count; i++)
		json_object_set_new(object, texts[i].name, json_string(texts[i].text));
	char *text = object ? json_dumps(object, JSON_COMPACT) : 0;
	json_decref(object);
	return text;
}

unsigned transition_text_read(const char *json, struct alert_text *texts, unsigned most, json_t **object)
{
	unsigned count = 0;
	const char *name;
	json_t *value;
	*object = json_loads(json, JSON_REJECT_DUPLICATES, 0);
	json_object_foreach(*object, name, value) {
		if (count < most && json_is_string(value))
			texts[count++] = (struct alert_text){ name, json_string_value(value) };
	}
	return count;
}
