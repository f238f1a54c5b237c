// SPDX-License-Identifier: Apache-2.0
#include "collector/kafka/backlog.h"

bool backlog_look(struct backlog *backlog, bool is_held, uint64_t behind)
{
	bool was_full = backlog->is_full;
	if (!was_full && is_held && behind > BACKLOG_LEAST) {
		backlog->is_full = true;
		backlog->until = behind / 2;
	} else if (was_full && behind <= backlog->until) {
		backlog->is_full = false;
	}
	return backlog->is_full != was_full;
}
