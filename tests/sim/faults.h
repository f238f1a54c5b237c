// SPDX-License-Identifier: Apache-2.0
// What can go wrong in a world, by name. Each seed switches on a part of it, at rates of its own (swizzling), until the calm.
//
// A kind happens again and again at random times; some last for a while and are then mended. faults.c has the table.
// Thread: one at a time for a world.
#ifndef TESTS_SIM_FAULTS_H
#define TESTS_SIM_FAULTS_H
#include "tests/sim/sntp.h"
#include <stdbool.h>
#include <stdint.h>

struct sim_device;
struct sim_world;

enum sim_fault_kind { SIM_FAULT_POWER_CUT, SIM_FAULTS };
#define SIM_FAULTS_ALL ((UINT64_C(1) << SIM_FAULTS) - 1)

enum sim_port_call {
	SIM_CALL_OTHER,
	SIM_CALL_READ,
	SIM_CALL_WRITE,
	SIM_CALL_KEYVALUE,
	SIM_CALL_RESET_INFO,
	SIM_CALL_RANDOM,
};

struct sim_faults {
	bool on[SIM_FAULTS];
	int32_t mean_s[SIM_FAULTS]; // between two of a kind
	enum sim_sntp_mood sntp;
	int32_t port_permyriad; // of the port calls of this kind fail
	enum sim_port_call port_call;
};

void sim_faults_begin(struct sim_world *world);
void sim_faults_calm(struct sim_world *world); // mends everything

bool sim_fault_port(struct sim_device *device, enum sim_port_call call); // this call fails

const char *sim_fault_name(enum sim_fault_kind kind);
// text: names with commas, or "all", "none". Returns 0, or -1 with the unknown name in *bad (into text).
int sim_faults_parse(const char *text, uint64_t *bits, const char **bad);

#endif
