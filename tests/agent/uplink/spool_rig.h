// SPDX-License-Identifier: Apache-2.0
// A spool on a fake port, for the tests of this folder.
#ifndef TESTS_AGENT_UPLINK_SPOOL_RIG_H
#define TESTS_AGENT_UPLINK_SPOOL_RIG_H
#include "agent/uplink/spool.h"
#include "tests/agent/fake_port.h"
#include <stddef.h>
#include <stdint.h>

struct spool_rig {
	struct fake_port fake;
	struct mu_spool spool;
};

// cmocka set-up and tear-down: an open spool in eight blank sectors; no rule of the flash may be broken.
int spool_rig_set_up(void **state);
int spool_rig_tear_down(void **state);
void spool_rig_reopen(struct spool_rig *rig);
// A record that can be told from its number; returns it.
uint64_t spool_rig_add(struct spool_rig *rig, enum mu_record_class record_class, size_t size);
void spool_rig_add_many(struct spool_rig *rig, enum mu_record_class record_class, size_t size, unsigned count);
// What stands at seq; the bytes of a record are checked.
struct mu_spool_entry spool_rig_read_at(struct spool_rig *rig, uint64_t seq);
// How many numbers from seq to the end have this reason (NONE: are records). Each number must be accounted for.
uint64_t spool_rig_count_reason(struct spool_rig *rig, uint64_t seq, enum mu_gap_reason reason);
// Bytes of a sector of the partition.
uint8_t *spool_rig_sector(struct spool_rig *rig, unsigned index);

#endif
