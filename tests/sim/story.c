// SPDX-License-Identifier: Apache-2.0
#include "tests/sim/story.h"
#include <stdarg.h>

enum { LINE_MAX_BYTES = 320 };

void sim_story_init(struct sim_story *story, FILE *out)
{
	*story = (struct sim_story){ .out = out, .hash = 0xCBF29CE484222325u };
}

static void hash(struct sim_story *story, const char *text)
{
	for (; *text; text++)
		story->hash = (story->hash ^ (uint8_t)*text) * 0x100000001B3u;
}

void sim_tell(struct sim_story *story, uint64_t now_ms, const char *who, const char *format, ...)
{
	char line[LINE_MAX_BYTES];
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(line, sizeof line, format, arguments);
	va_end(arguments);
	story->lines++;
	story->hash = (story->hash ^ now_ms) * 0x100000001B3u;
	hash(story, who);
	hash(story, line);
	if (!story->out)
		return;
	unsigned long long second = now_ms / 1000;
	fprintf(story->out, "%3llu:%02llu:%02llu.%03llu  %-9s  %s\n", second / 3600, second / 60 % 60, second % 60,
		(unsigned long long)(now_ms % 1000), who, line);
}
