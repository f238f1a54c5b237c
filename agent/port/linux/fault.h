// SPDX-License-Identifier: Apache-2.0
// What can be wrong with a virtual device, by name: "leak", "leak=2048". Two kinds:
//   of the firmware: the image in the running slot has the trait, the other slot holds a healthy one, so a rollback cures it;
//   of the world: power and radio, which no firmware cures.
//
// Pure. Memory: the caller's. Thread: any.
#ifndef MU_PORT_LINUX_FAULT_H
#define MU_PORT_LINUX_FAULT_H
#include "agent/port/linux/link.h"
#include "agent/port/linux/virtual_traits.h"
#include <stdint.h>
#include <stdio.h>

enum { MU_FAULT_PROBLEM_SIZE = 128, MU_RSSI_NORMAL_DBM = -58 };

// Times in seconds of uptime; 0: never.
struct mu_world {
	struct mu_air air;
	int32_t power_cut_s, brownout_s;
	int32_t freeze_s; // the health loop stands still: only the hardware watchdog is left
};

struct mu_faults {
	struct mu_traits traits; // of the image in the running slot
	struct mu_world world;
};

struct mu_faults mu_faults_none(void);

// text: NAME or NAME=NUMBER. Adds to *faults. Returns 0, or MU_ERR_NOT_FOUND, MU_ERR_INVALID or MU_ERR_RANGE, *faults as it was and
// problem (MU_FAULT_PROBLEM_SIZE bytes) saying what is wrong.
int mu_fault_add(struct mu_faults *faults, const char *text, char *problem);

void mu_fault_help(FILE *out); // the table of faults

#endif
