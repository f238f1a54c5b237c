// SPDX-License-Identifier: Apache-2.0
// What can go wrong in a world, by name. Each seed switches on a part of it, at rates of its own (swizzling), until the calm.
//
// A kind happens again and again at random times; some last for a while and are then mended. The table is in faults.c, what a kind does in
// faults_chip.c (power, resets, heap, port calls) and faults_net.c (radio, network, broker, collector, time).
// Thread: one at a time for a world.
#ifndef TESTS_SIM_FAULTS_H
#define TESTS_SIM_FAULTS_H
#include "tests/sim/sntp.h"
#include <stdbool.h>
#include <stdint.h>

struct sim_device;
struct sim_world;

enum sim_fault_kind {
	// of the chip
	SIM_FAULT_POWER_CUT,
	SIM_FAULT_FLASH_CUT,
	SIM_FAULT_BROWN_OUT,
	SIM_FAULT_PANIC,
	SIM_FAULT_PANIC_STORM,
	SIM_FAULT_HANG_TASK,
	SIM_FAULT_HANG_LOOP,
	SIM_FAULT_LEAK,
	SIM_FAULT_PRESSURE,
	SIM_FAULT_ORPHANS,
	SIM_FAULT_PORT,
	SIM_FAULT_PORT_FLASH,
	SIM_FAULT_PORT_KEYVALUE,
	SIM_FAULT_ROT,
	// of the radio
	SIM_FAULT_NO_AP,
	SIM_FAULT_PASSWORD,
	SIM_FAULT_KICK,
	SIM_FAULT_REFUSAL,
	SIM_FAULT_DHCP,
	SIM_FAULT_ADDRESS,
	SIM_FAULT_RADIO_WEDGE,
	SIM_FAULT_CHIP_WEDGE,
	// of the way
	SIM_FAULT_NAMES,
	SIM_FAULT_DEAD_NETWORK,
	SIM_FAULT_HALF_OPEN,
	SIM_FAULT_STALLS,
	// of the broker, the collector, the time
	SIM_FAULT_BROKER,
	SIM_FAULT_BROKER_DROPS,
	SIM_FAULT_BROKER_REFUSES,
	SIM_FAULT_COLLECTOR,
	SIM_FAULT_COLLECTOR_CRASH,
	SIM_FAULT_RESTORE,
	SIM_FAULT_ACKS,
	SIM_FAULT_RETRY_AFTER,
	SIM_FAULT_CLOCK,
	SIM_FAULT_SNTP,
	// of people
	SIM_FAULT_COMMAND,
	SIM_FAULT_FORGERY,
	// Later ones: a life in which one is off is as it was before there was such a kind.
	SIM_FAULT_KEYVALUE_BLIND,
	SIM_FAULT_LATE_COMMAND,
	SIM_FAULT_DEAF_BROKER,
	SIM_FAULT_SLOW_TASK,
	SIM_FAULTS
};
#define SIM_FAULTS_ALL ((UINT64_C(1) << SIM_FAULTS) - 1)

enum sim_port_call {
	SIM_CALL_OTHER,
	SIM_CALL_READ,
	SIM_CALL_WRITE,
	SIM_CALL_KEYVALUE,
	SIM_CALL_RESET_INFO,
	SIM_CALL_RANDOM,
	SIM_CALL_KEYVALUE_GET, // alone: what is set is stored
	SIM_CALLS
};

struct sim_faults {
	bool on[SIM_FAULTS];
	int32_t mean_s[SIM_FAULTS]; // between two of a kind
	enum sim_sntp_mood sntp;
	int32_t port_permyriad[SIM_CALLS]; // so many of the calls fail
};

void sim_faults_begin(struct sim_world *world);
void sim_faults_calm(struct sim_world *world); // mends everything

bool sim_fault_port(struct sim_device *device, enum sim_port_call call); // this call fails

const char *sim_fault_name(enum sim_fault_kind kind);
// text: names with commas, or "all", "none". Returns 0, or -1: *bad is the unknown name, of *bad_size characters.
int sim_faults_parse(const char *text, uint64_t *bits, const char **bad, int *bad_size);

// One makes it happen once, now. kind: of those that the function knows.
typedef void (*sim_fault_function)(struct sim_world *world, struct sim_device *device);
extern const sim_fault_function sim_faults_chip[SIM_FAULTS]; // up to SIM_FAULT_ROT, SIM_FAULT_KEYVALUE_BLIND, SIM_FAULT_SLOW_TASK
extern const sim_fault_function sim_faults_net[SIM_FAULTS];  // the others

#endif
