// SPDX-License-Identifier: Apache-2.0
// What really happened to one device: each record that its agent stored, each boot and why, kept by the world, which the agent cannot see.
//
// Records are read out of the agent's own spool after each step, so what is known here was durable then.
// Memory: grows by doubling. Thread: one at a time.
#ifndef TESTS_SIM_TRUTH_H
#define TESTS_SIM_TRUTH_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { SIM_DIED_MAX = 16 };
enum sim_row_state { SIM_ROW_UNKNOWN, SIM_ROW_RECORD, SIM_ROW_GAP };

struct sim_row { // of one number
	uint64_t hash; // of the record's bytes
	uint64_t position; // bytes of flash that went before it
	enum sim_row_state state;
	uint8_t body; // Mu__Record__BodyCase
	bool arrived; // the collector has committed it, or a Gap for it
	bool arrived_as_record;
	bool in_backup_only; // it was committed, and lost with the collector's disk
	uint32_t boot;
	uint64_t made_ms;
};

struct sim_boot { // of one boot counted by the agent
	uint32_t reset_raw;
	int reset_class, cause; // Mu__ResetClass, Mu__ResetCause
	char token[16], task[16];
	char silent[16]; // hung when something else ended the boot: it may be named, too
	bool excused; // a port call failed in the wrong moment, so the agent could not know
	bool explained;
	uint64_t boot_row; // number of its Boot record; 0: none yet
};

struct sim_truth {
	uint64_t epoch;
	struct sim_row *rows; // number 1 is at 0
	size_t count, capacity;
	uint64_t known; // the highest number that was read out of the spool
	uint64_t sent; // the highest number that was published
	uint64_t sent_unchecked; // ... in the step in which the spool was opened
	uint64_t bytes;
	struct sim_boot *boots; // number 1 is at 0
	size_t boot_count, boot_capacity;
	// Of the reset that is about to be counted.
	struct sim_boot next_boot;
	struct sim_boot died[SIM_DIED_MAX]; // boots that ended inside of their init: counted by the agent or not, nobody knows
	unsigned died_count;
	uint64_t boots_lost; // that the agent has admitted
	uint64_t network_reboot_ms; // of the last one; UINT64_MAX: none since the last power-on
	bool epoch_seen; // the collector knows it
	bool count_may_lie; // a key-value call failed: the count of boots may be wrong, the counter of a rollback forgotten
	bool flash_may_lie; // sectors were damaged or flash calls failed: DAMAGED gaps are to be expected
	unsigned reboots_ordered, reboots_done; // by signed command
};

void sim_truth_free(struct sim_truth *truth);
struct sim_row *sim_truth_row(struct sim_truth *truth, uint64_t seq); // makes rows up to there
struct sim_boot *sim_truth_boot(struct sim_truth *truth, uint32_t boot); // makes boots up to there
uint64_t sim_hash(const void *data, size_t size);

#endif
