// SPDX-License-Identifier: Apache-2.0
#include "collector/ingest/identity.h"

#include <stdlib.h>
#include <string.h>

struct window {
	uint64_t begun_ms;
	uint32_t onlines;
};

struct identity {
	struct window *windows;
	uint32_t count;
};

struct identity *identity_new(void)
{
	return calloc(1, sizeof(struct identity));
}

void identity_free(struct identity *identity)
{
	if (identity)
		free(identity->windows);
	free(identity);
}

static struct window *window_of(struct identity *identity, uint32_t dev)
{
	if (dev >= identity->count) {
		uint32_t count = dev < 512 ? 1024 : dev + dev / 2 + 1;
		struct window *windows = realloc(identity->windows, count * sizeof *windows);
		if (!windows)
			return 0;
		memset(windows + identity->count, 0, (count - identity->count) * sizeof *windows);
		identity->windows = windows;
		identity->count = count;
	}
	return &identity->windows[dev];
}

bool identity_online(struct identity *identity, uint32_t dev, uint64_t wall_ms)
{
	struct window *window = window_of(identity, dev);
	if (!window)
		return false;
	if (wall_ms < window->begun_ms || wall_ms - window->begun_ms >= IDENTITY_WITHIN_MS)
		*window = (struct window){ .begun_ms = wall_ms };
	return ++window->onlines == IDENTITY_ONLINES;
}
