// SPDX-License-Identifier: Apache-2.0
// An uplink over a spool on a fake port, for the tests of this folder.
#ifndef TESTS_AGENT_UPLINK_UPLINK_RIG_H
#define TESTS_AGENT_UPLINK_UPLINK_RIG_H
#include "agent/uplink/uplink.h"
#include "proto/wire.h"
#include "tests/agent/fake_port.h"
#include <stddef.h>
#include <stdint.h>

enum { UPLINK_RIG_BATCH = 2200, UPLINK_RIG_BOOT = 7 };

struct uplink_rig {
	struct fake_port fake;
	struct mu_spool spool;
	struct mu_uplink uplink;
	uint8_t buffer[16384], packed[MU_SPOOL_RECORD_MAX];
	uint64_t now_ms;
};

// cmocka set-up and tear-down: an uplink over an open spool in eight blank sectors, no session yet.
int uplink_rig_set_up(void **state);
int uplink_rig_tear_down(void **state);
// A log record whose text has `size` characters; returns its number.
uint64_t uplink_rig_add(struct uplink_rig *rig, size_t size);
// Records that fill so many Uplinks, eight each.
void uplink_rig_add_batches(struct uplink_rig *rig, unsigned batches);
// One step: how many Uplinks it published.
unsigned uplink_rig_steps(struct uplink_rig *rig);
// The broker has the newest publish.
void uplink_rig_puback(struct uplink_rig *rig);
// Publishes and PUBACKs until nothing more goes out. Returns how many did.
unsigned uplink_rig_flush(struct uplink_rig *rig);
// An Ack arrives; the result of mu_uplink_ack().
int uplink_rig_ack_full(struct uplink_rig *rig, uint64_t epoch, uint64_t through, uint32_t retry_after_s, struct mu_ack *out);
int uplink_rig_ack(struct uplink_rig *rig, uint64_t through);
// The newest Uplink, or the back-th before it, checked for its frame.
struct mu_wire_uplink uplink_rig_sent(const struct uplink_rig *rig, unsigned back);
void uplink_rig_open_session(struct uplink_rig *rig);

#endif
