// SPDX-License-Identifier: Apache-2.0
// Checked expressions as programs for the stack machine of rule_set.h, and the slots that they read. Equal slots are one.
//
// Pure. Memory: the heap. Thread: any one at a time.
#ifndef ALERTS_ENGINE_COMPILE_H
#define ALERTS_ENGINE_COMPILE_H
#include "alerts/engine/expression.h"

enum { RULE_SLOTS_MAX = 4096 };

// The slots of a set while it grows. Offsets are given out in the order in which slots are first read.
struct slot_table {
	struct rule_slot *slots;
	size_t count, capacity;
	uint32_t bytes;
};

void slot_table_free(struct slot_table *table);

// Finds or adds; its index, or -1: no memory or RULE_SLOTS_MAX reached.
int slot_table_add(struct slot_table *table, const struct rule_slot *wanted);

// 64 bits of what the slot is, by names: the same in each version of the program.
uint64_t slot_hash(const struct rule_slot *slot);

// What a rule needs from its programs, summed up.
struct compiled {
	struct slot_table *slots;
	uint64_t silent_ms, events;
	bool reads_heartbeat;
};

// Fills *program; false: a problem says why, and the program is empty. The caller frees program->ops.
bool compile_condition(struct compiled *compiled, const struct problem_where *where, const struct node *root, struct rule_program *program);

#endif
