// SPDX-License-Identifier: Apache-2.0
// Notes free and least heap before and after every network step, says whether each reconnect cycle keeps some of it, and names the step.
//
// A cycle goes from just before a session is opened to just before the next is opened: at both points the link is up and no session
// is, so the free heap there should be the same. Method: three levels of twelve windows of 1, 4 and 16 cycles; a window keeps the most
// free bytes of its cycles (what the application had in hand is not the network's), and a level is judged as heap_trend.h judges its
// windows: a least-squares line that loses 12 KiB, steadily. So noise of +-4 KiB in whatever order and growth that comes once are no
// leak, 1 KiB a cycle is one after 12 cycles, 256 bytes after 48, 64 bytes after 192. It is taken back below 6 KiB.
//
// Who keeps it: what a step takes is given back by the close, all at once, so one cycle alone cannot tell. But cycles differ: not each
// scans, associates or comes as far as TLS. For each step the mean loss of the cycles with it is set against others, if there are three:
//   - a step is suspect if cycles with it lose (nearly) as much as with any other;
//   - it is acquitted if cycles that did not come to it lose at least half as much, or cycles that failed after it lose less than half;
//   - of the suspects, a step that should take nothing (scan, address, name, SNTP) but takes about what is lost, is it;
//   - else the suspect that takes most: with nothing but whole cycles to go by that is the TLS session, or TCP where there is no TLS.
// So a leak in TCP is called `tls` until three cycles have failed between the two. No measuring of whole cycles can do better: the loss of
// a step is what it takes less what its closing gives back, and TLS and TCP are closed by one call of the platform (esp-tls as libmosquitto
// frees both in it, and the stack gives back the connection's memory later still), so there is one sum for two unknowns.
// Heap in bytes; marks are kept in units of 16 and end at 1 MiB. A step's marks are taken when the agent handles the event that ends it.
// Pure. Memory: the caller's struct (about 300 bytes). Thread: one at a time.
#ifndef MU_HEALTH_HEAP_STEPS_H
#define MU_HEALTH_HEAP_STEPS_H
#include "agent/health/heap_trend.h"
#include <stdbool.h>
#include <stdint.h>

enum mu_heap_step { // in the order of a cycle
	MU_HEAP_STEP_SCAN,
	MU_HEAP_STEP_ASSOCIATE,
	MU_HEAP_STEP_ADDRESS,
	MU_HEAP_STEP_SNTP,
	MU_HEAP_STEP_NAME,
	MU_HEAP_STEP_TCP,
	MU_HEAP_STEP_TLS,
	MU_HEAP_STEP_MQTT,
	MU_HEAP_STEP_OWN, // the own access point
	MU_HEAP_STEP_CLOSE,
	MU_HEAP_STEP_COUNT,
	MU_HEAP_STEP_NONE = MU_HEAP_STEP_COUNT,
};

enum { MU_HEAP_STEPS_LEVELS = 3, MU_HEAP_STEPS_FACTOR = 4 };

struct mu_heap_mark {
	uint32_t free_bytes, low_bytes; // now; least since boot
};

struct mu_heap_step_note {
	uint16_t before_units, before_low_units, after_units, after_low_units; // of the last time, in MU_HEAP_UNIT_BYTES
	int32_t taken_bytes; // mean of before - after, recent ones count more
	int32_t loss_bytes; // sum over the cycles with this step
	uint16_t cycles; // with this step
	uint16_t seen; // how often it was noted; stays at its maximum
};

struct mu_heap_cycles {
	struct mu_heap_line line;
	uint16_t high_units; // most in the open window
	uint8_t cycles; // in the open window
};

struct mu_heap_steps {
	uint16_t last_units, last_low_units; // where the step under way began
	uint16_t opened_units;
	bool started; // a cycle is under way, from opened_units on
	bool tls;
	uint8_t next; // step of the opening that is under way; MU_HEAP_STEP_NONE: nothing is being opened
	uint16_t present; // bits of the cycle under way
	int32_t loss_bytes; // of all cycles that are counted
	uint16_t cycles;
	struct mu_heap_cycles level[MU_HEAP_STEPS_LEVELS];
	struct mu_heap_step_note note[MU_HEAP_STEP_COUNT];
};

void mu_heap_steps_init(struct mu_heap_steps *steps);

// Nothing is under way: the next step will begin from here. Call about once a second.
void mu_heap_steps_idle(struct mu_heap_steps *steps, struct mu_heap_mark mark);

// The step is over, well or badly; the next begins here.
void mu_heap_steps_end(struct mu_heap_steps *steps, enum mu_heap_step step, struct mu_heap_mark mark);

// A step of opening is over, and so is the next: what both took is known with that one's end, and put down to it.
void mu_heap_steps_pass(struct mu_heap_steps *steps, enum mu_heap_step step);

// A session is about to be opened; with TLS or not.
void mu_heap_steps_open(struct mu_heap_steps *steps, bool tls, struct mu_heap_mark mark);

bool mu_heap_steps_leaking(const struct mu_heap_steps *steps);

// Who keeps it, and how many bytes a cycle. MU_HEAP_STEP_NONE: nothing leaks.
enum mu_heap_step mu_heap_steps_culprit(const struct mu_heap_steps *steps, int32_t *bytes_a_cycle);

const char *mu_heap_step_name(enum mu_heap_step step); // "tls"

#endif
