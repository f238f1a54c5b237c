// SPDX-License-Identifier: Apache-2.0
// Holds what the agent says about its boots against what happened (truth.h), and notes which fields of a heartbeat were ever filled.
// Part of the oracle (oracle.h).
#ifndef TESTS_SIM_EXPLAIN_H
#define TESTS_SIM_EXPLAIN_H
#include "muster.pb-c.h"
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct sim_device;
struct sim_world;
enum { SIM_HEARTBEAT_PARTS = 8 };

// A Boot record has been stored under this number: is it true, and which boots does it explain?
void sim_explain_boot(struct sim_device *device, uint64_t seq, const uint8_t *packed, size_t size);
void sim_explain_all(struct sim_device *device); // at the end: each boot is explained, or admitted to be lost

void sim_seen_record(struct sim_world *world, const Mu__Record *record); // counts which fields of a Heartbeat are there

// Names of fields of Heartbeat that were in no record so far, one a line; returns how many. out may be null.
unsigned sim_fields_missing(const uint64_t seen[SIM_HEARTBEAT_PARTS], FILE *out);

#endif
