// SPDX-License-Identifier: Apache-2.0
// Finds the offenders in a batch that was refused as a whole: what is refused is halved, the first half goes first, until single items are
// taken or refused. n items with one offender cost at most 2 log2(n) + 1 requests; each item is taken or refused exactly once.
// Pure. Memory: the caller's struct.
#ifndef ALERTS_NOTIFY_BISECT_H
#define ALERTS_NOTIFY_BISECT_H
#include <stdbool.h>

enum { BISECT_ITEMS_MAX = 256, BISECT_DEPTH = 10 }; // log2 of the items, and what waits beside the last one

struct bisect {
	struct bisect_range {
		unsigned from, count;
	} ranges[BISECT_DEPTH];
	unsigned depth;
};

// count: 0 .. BISECT_ITEMS_MAX.
void bisect_begin(struct bisect *bisect, unsigned count);

// The items to be sent next. False: all are done.
bool bisect_next(const struct bisect *bisect, struct bisect_range *range);

// The range of bisect_next() is done with.
void bisect_done(struct bisect *bisect);

// It was refused. True: it is in halves now, the first of which is next. False: it is a single item, the offender, and is done with.
bool bisect_refused(struct bisect *bisect);

// How many items are not done.
unsigned bisect_left(const struct bisect *bisect);

#endif
