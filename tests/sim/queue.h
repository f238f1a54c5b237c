// SPDX-License-Identifier: Apache-2.0
// What will happen when: a heap of events in virtual time. Events of the same millisecond come out in the order in which they were put in,
// so a world never depends on how the heap lies in memory.
//
// An event is a function with a subject, a number to recognise a subject that has moved on, and a packet that the event owns.
// Memory: grows by doubling; a failed allocation ends the program. Thread: one at a time. Time: milliseconds of the world.
#ifndef TESTS_SIM_QUEUE_H
#define TESTS_SIM_QUEUE_H
#include "tests/sim/packet.h"
#include <stddef.h>
#include <stdint.h>

struct sim_world;

struct sim_event {
	uint64_t due_ms, order;
	void (*run)(struct sim_world *world, const struct sim_event *event);
	void *subject;
	uint64_t number;
	struct sim_packet *packet; // freed by the queue after the event has run, and when the queue ends
};

struct sim_queue {
	struct sim_event *events;
	size_t count, capacity;
	uint64_t orders;
};

void sim_queue_free(struct sim_queue *queue);
void sim_queue_put(struct sim_queue *queue, const struct sim_event *event); // order is filled in
uint64_t sim_queue_due(const struct sim_queue *queue); // of the next event; UINT64_MAX: none
struct sim_event sim_queue_take(struct sim_queue *queue); // the next event; there must be one

#endif
