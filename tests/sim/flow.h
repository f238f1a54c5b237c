// SPDX-License-Identifier: Apache-2.0
// Judges how a device sends its Uplinks and holds its session: the rests and time-outs of sections 1 and 4 of proto/SPEC.md.
//
//   retry-after     no Uplink before the time that the last Ack has asked for is over
//   window          no second Uplink without the first one's PUBACK, at most four without an Ack
//   resend          going back: not within 10 s without an Ack of something new, each time in a row twice as long, up to 5 min; and then at last
//   dead session    closed 45 s after the last answer of the broker
//   no Ack          a session is opened anew for want of one after 90 s at the earliest, after two of the longest intervals that are ordered
//                   (operator.h) at the latest, and once until there is an Ack
// Counted from what was posted to the device and what it published, within one boot: what rests is forgotten with RAM. An Ack that may be new
// to the device or not shortens a wait and never lengthens it.
// Part of the oracle (oracle.h). Thread: one at a time. Time: milliseconds of the world.
#ifndef TESTS_SIM_FLOW_H
#define TESTS_SIM_FLOW_H
#include "agent/event.h"
#include "muster.pb-c.h"
#include <stdbool.h>
#include <stdint.h>

struct sim_device;

enum { SIM_FLOW_WINDOW = 4 };

struct sim_flow { // of one boot
	uint64_t quiet_until_ms; // asked for by an Ack
	uint64_t ack_ms; // of the last Ack; 0: none
	bool renewed; // since the last Ack the session was closed by the device, maybe for want of it
	bool renewal_told; // ... and it has said so
	// Of one session.
	uint64_t open_ms, heard_ms;
	uint64_t unacked_ms; // since when an Uplink has its PUBACK and no Ack has come; UINT64_MAX: none has
	int awaited; // message id of the Uplink without a PUBACK; 0: none
	uint64_t acked; // numbers up to here need not be sent
	uint64_t first, cursor; // of what was sent since the device last went back
	uint64_t flight[SIM_FLOW_WINDOW]; // last numbers of Uplinks without an Ack, oldest first
	unsigned in_flight;
	uint64_t since_ms, wait_ms; // no going back before since_ms + wait_ms ...
	bool overdue; // ... which was over when an Ack came, and a call of the port kept it from going back
	uint64_t able_ms; // until then something kept it from sending
};

void sim_flow_boot(struct sim_device *device);
void sim_flow_told(struct sim_device *device, const struct mu_event *event);
void sim_flow_ack(struct sim_device *device, const Mu__Ack *ack); // that the device believes
void sim_flow_sent(struct sim_device *device, uint64_t first_seq, uint64_t last_seq, int message_id);
void sim_flow_closes(struct sim_device *device); // the agent closes the session
void sim_flow_link(struct sim_device *device, const Mu__Link *link); // a record that it has stored
void sim_flow_step(struct sim_device *device); // after each step of the agent

#endif
