// SPDX-License-Identifier: Apache-2.0
#include "alerts/notify/bisect.h"

#include <assert.h>

void bisect_begin(struct bisect *bisect, unsigned count)
{
	assert(count <= BISECT_ITEMS_MAX);
	bisect->depth = count > 0;
	bisect->ranges[0] = (struct bisect_range){ 0, count };
}

bool bisect_next(const struct bisect *bisect, struct bisect_range *range)
{
	if (!bisect->depth)
		return false;
	*range = bisect->ranges[bisect->depth - 1];
	return true;
}

void bisect_done(struct bisect *bisect)
{
	assert(bisect->depth > 0);
	bisect->depth--;
}

bool bisect_refused(struct bisect *bisect)
{
	struct bisect_range *top = &bisect->ranges[bisect->depth - 1];
	struct bisect_range whole = *top;
	if (whole.count == 1) {
		bisect_done(bisect);
		return false;
	}
	assert(bisect->depth < BISECT_DEPTH);
	top[0] = (struct bisect_range){ whole.from + whole.count / 2, whole.count - whole.count / 2 };
	top[1] = (struct bisect_range){ whole.from, whole.count / 2 };
	bisect->depth++;
	return true;
}

unsigned bisect_left(const struct bisect *bisect)
{
	unsigned left = 0;
	for (unsigned i = 0; i < bisect->depth; i++)
		left += bisect->ranges[i].count;
	return left;
}
