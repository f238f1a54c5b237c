// SPDX-License-Identifier: Apache-2.0
#include "tests/sim/queue.h"
#include <assert.h>
#include <stdbool.h>
#include <stdlib.h>

void sim_queue_free(struct sim_queue *queue)
{
	for (size_t i = 0; i < queue->count; i++)
		sim_packet_free(queue->events[i].packet);
	free(queue->events);
	*queue = (struct sim_queue){ 0 };
}

static bool before(const struct sim_event *a, const struct sim_event *b)
{
	return a->due_ms != b->due_ms ? a->due_ms < b->due_ms : a->order < b->order;
}

static void swap(struct sim_event *a, struct sim_event *b)
{
	struct sim_event held = *a;
	*a = *b;
	*b = held;
}

void sim_queue_put(struct sim_queue *queue, const struct sim_event *event)
{
	if (queue->count == queue->capacity) {
		queue->capacity = queue->capacity ? queue->capacity * 2 : 64;
		queue->events = realloc(queue->events, queue->capacity * sizeof *queue->events);
		if (!queue->events)
			abort();
	}
	size_t at = queue->count++;
	queue->events[at] = *event;
	queue->events[at].order = queue->orders++;
	for (; at && before(&queue->events[at], &queue->events[(at - 1) / 2]); at = (at - 1) / 2)
		swap(&queue->events[at], &queue->events[(at - 1) / 2]);
}

uint64_t sim_queue_due(const struct sim_queue *queue)
{
	return queue->count ? queue->events[0].due_ms : UINT64_MAX;
}

struct sim_event sim_queue_take(struct sim_queue *queue)
{
	assert(queue->count);
	struct sim_event first = queue->events[0];
	queue->events[0] = queue->events[--queue->count];
	for (size_t at = 0;;) {
		size_t least = at, left = 2 * at + 1, right = left + 1;
		if (left < queue->count && before(&queue->events[left], &queue->events[least]))
			least = left;
		if (right < queue->count && before(&queue->events[right], &queue->events[least]))
			least = right;
		if (least == at)
			return first;
		swap(&queue->events[at], &queue->events[least]);
		at = least;
	}
}
