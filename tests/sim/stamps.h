// SPDX-License-Identifier: Apache-2.0
// Judges the wall time of records against the true one, and its quality against what the device was told (section 5 of proto/SPEC.md).
//
//   TIME_NONE     not once an Ack or a time server has told the time in this boot
//   TIME_RTC      likewise; and only if the RTC had kept a time through the reset
//   TIME_SNTP     after an answer of a time server in this boot; within 5 s of the truth
//   TIME_SERVER   after an Ack with a time in this boot; within 2.2 s of what the last one said (2 s are slewed, clock.h)
// Part of the oracle (oracle.h). Thread: one at a time.
#ifndef TESTS_SIM_STAMPS_H
#define TESTS_SIM_STAMPS_H
#include "muster.pb-c.h"
#include <stdbool.h>
#include <stdint.h>

struct sim_device;

struct sim_stamps { // of one boot
	bool rtc_kept;
	bool sntp; // an answer came
	uint64_t told_ms; // when the time was first told; UINT64_MAX: not yet
	uint64_t heard_ms; // when something was last heard that may set the clock; UINT64_MAX: never
	bool server; // an Ack came with a time,
	int64_t server_error_ms; // so far from the truth when it was heard
};

void sim_stamps_boot(struct sim_device *device);
void sim_stamps_sntp(struct sim_device *device); // something has come from a time server
void sim_stamps_ack(struct sim_device *device, const Mu__Ack *ack); // that the device believes
// Whether the device may find that not_after_ms is over, and that it is not: by its own time, if that can be trusted. Both, where what else is heard in
// this millisecond may set its clock first.
bool sim_stamps_may_be_over(const struct sim_device *device, uint64_t not_after_ms);
bool sim_stamps_may_be_early(const struct sim_device *device, uint64_t not_after_ms);
void sim_stamps_record(struct sim_device *device, const Mu__Record *record); // of this boot, stored in this step

#endif
