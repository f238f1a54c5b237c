// SPDX-License-Identifier: Apache-2.0
#include "alerts/engine/undo.h"
#include <assert.h>
#include <stdlib.h>
#include <string.h>

struct undo_mark {
	uint64_t size; // of the block before it, a multiple of 8
	uint64_t dev;
};

int undo_save_block(struct undo *undo, uint32_t dev, const void *block, size_t size)
{
	const struct undo_mark mark = { size, dev };
	size_t needed = undo->used + size + sizeof mark;
	assert(size % 8 == 0);
	if (needed > undo->room) {
		size_t room = needed + needed / 2;
		uint8_t *blocks = realloc(undo->blocks, room);
		if (!blocks)
			return -1;
		undo->blocks = blocks;
		undo->room = room;
	}
	if (size)
		memcpy(undo->blocks + undo->used, block, size);
	memcpy(undo->blocks + undo->used + size, &mark, sizeof mark);
	undo->used = needed;
	return 0;
}

int undo_reserve_alert(struct undo *undo)
{
	if (undo->alert_count < undo->alert_room)
		return 0;
	size_t room = undo->alert_room + undo->alert_room / 2 + 16;
	struct undo_alert *alerts = realloc(undo->alerts, room * sizeof *alerts);
	if (!alerts)
		return -1;
	undo->alerts = alerts;
	undo->alert_room = room;
	return 0;
}

void undo_add_alert(struct undo *undo, struct undo_alert entry)
{
	assert(undo->alert_count < undo->alert_room);
	undo->alerts[undo->alert_count++] = entry;
}

bool undo_pop_alert(struct undo *undo, struct undo_alert *entry)
{
	if (!undo->alert_count)
		return false;
	*entry = undo->alerts[--undo->alert_count];
	return true;
}

bool undo_pop_block(struct undo *undo, uint32_t *dev, const void **block, size_t *size)
{
	struct undo_mark mark;
	if (!undo->used)
		return false;
	memcpy(&mark, undo->blocks + undo->used - sizeof mark, sizeof mark);
	undo->used -= sizeof mark + mark.size;
	*dev = (uint32_t)mark.dev;
	*size = mark.size;
	*block = undo->blocks + undo->used;
	return true;
}

void undo_commit(struct undo *undo)
{
	for (size_t i = 0; i < undo->alert_count; i++)
		alert_free(undo->alerts[i].before);
	undo->alert_count = undo->used = 0;
	if (undo->room + undo->alert_room * sizeof *undo->alerts > UNDO_KEPT_BYTES)
		undo_free(undo);
}

void undo_free(struct undo *undo)
{
	free(undo->alerts);
	free(undo->blocks);
	*undo = (struct undo){ 0 };
}
