// SPDX-License-Identifier: Apache-2.0
// Sends the spool to the collector: go-back-N over MQTT QoS 1 with cumulative Acks. Format and rules: proto/SPEC.md.
//
// One publish awaits its PUBACK, at most MU_UPLINK_WINDOW Uplinks await an Ack. An Ack that covers something new slides the window.
// No such Ack for 10 s: everything from the first unacked number again, at first one Uplink at a time, the wait doubling up to 5 min.
// A lost session forgets what is in flight; the next one starts from the first unacked number.
//
// The collector asks again by acking a lower number (a hole in what arrived, or a collector restored from a backup). Acks are QoS 0,
// cumulative, and one answers each Uplink that is not the expected one; so a low Ack may also be an old one that was overtaken. It
// therefore never sends anything by itself: it only says where the next retransmission starts, if no Ack of something new comes
// before. So a reordered Ack costs nothing, a real request is served within 10 s, and no pattern of Acks makes a storm.
// Numbers that the spool no longer has are left out; Uplink.oldest_seq tells the collector so.
//
// Ignored and counted: an Ack of another epoch, an Ack beyond what was sent, an Ack that cannot be decoded.
// Retry-after: nothing is published before it is over, whatever is urgent; also across sessions of this boot.
//
// Memory: the caller's struct and the caller's buffer, in which each Uplink is built (the port copies it) and each Ack unpacked.
// Stack: about 300 bytes and what the spool needs.
// Thread: the one that steps the agent. Time: monotonic milliseconds.
#ifndef MU_UPLINK_UPLINK_H
#define MU_UPLINK_UPLINK_H
#include "agent/port/port.h"
#include "agent/uplink/record.h"
#include "agent/uplink/spool.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	MU_UPLINK_WINDOW = 4,
	MU_UPLINK_RESEND_MS = 10000,
	MU_UPLINK_RESEND_MAX_MS = 300000,
	MU_UPLINK_RETRY_MS = 1000,        // after the port refused a publish
	MU_UPLINK_RETRY_AFTER_MAX_S = 3600, // a longer retry_after_s is taken as this
	MU_UPLINK_BUFFER_MIN = MU_SPOOL_RECORD_MAX + 64, // one record always fits
};

// An Uplink that awaits its Ack.
struct mu_uplink_flight {
	uint64_t last_seq; // the last number it covers
	uint64_t published_ms;
};

struct mu_uplink_stats {
	uint32_t ack_ms;       // publish to Ack, the last one
	uint32_t retransmits;  // Uplinks sent that hold numbers sent before, in this boot
	uint32_t rewinds;      // times the collector asked again for acked numbers
	uint32_t acks_foreign; // of another epoch
	uint32_t acks_beyond;  // of numbers never sent
	uint32_t acks_invalid; // not decodable
	uint32_t acks_low;     // below what is acked
	uint32_t refused;      // publishes that the port did not take, or that the spool could not be read for
	uint64_t published;    // Uplinks
	uint64_t published_bytes;
	uint64_t last_ack_ms;  // when an Ack was last accepted, 0: never
};

struct mu_uplink {
	struct mu_spool *spool;
	const struct mu_port *port;
	uint8_t *buffer;
	uint32_t batch_bytes;
	uint32_t boot;
	const char *id;
	bool session, probing; // probing: a retransmission is out and nothing new was acked since
	bool low_heard;        // the last Ack was below base ...
	int awaited_id;        // of the publish that awaits its PUBACK, 0: none
	uint64_t base;         // the collector has all up to here
	uint64_t next;         // number to publish next
	uint64_t sent_through; // highest number that may ever have been published, by this boot or one before
	uint64_t sent_this_boot;
	uint64_t low;          // ... and said this
	uint64_t resend_at_ms; // meaningful with something in flight
	uint32_t resend_ms;
	unsigned in_flight;
	uint64_t hold_until_ms;  // asked for by retry_after_s
	uint64_t retry_at_ms;    // after the port or the spool refused
	struct mu_uplink_flight flight[MU_UPLINK_WINDOW]; // in_flight of them, oldest first
	struct mu_uplink_stats stats;
};

// What an accepted Ack said.
struct mu_ack {
	uint64_t through_seq;
	uint64_t server_time_ms; // 0: not said
	uint32_t retry_after_s;  // 0: not said
	uint64_t covered;        // numbers that it acked for the first time
};

// buffer: kept, of buffer_bytes >= MU_UPLINK_BUFFER_MIN and >= batch_bytes. batch_bytes: 512 .. 16 384, an Uplink is at most that,
// but a single record always goes. boot: this boot's number, for the stamp of Gap records. The spool may be closed: then there is
// nothing to send. id: kept. 0, MU_ERR_RANGE, or MU_ERR_INVALID (id).
int mu_uplink_init(struct mu_uplink *uplink, struct mu_spool *spool, const struct mu_port *port, const char *id, uint32_t boot,
	void *buffer, size_t buffer_bytes, uint32_t batch_bytes);

void mu_uplink_session_open(struct mu_uplink *uplink, uint64_t now_ms);
void mu_uplink_session_lost(struct mu_uplink *uplink);

// The broker has message_id. Ids that are not awaited (somebody else's publish) are ignored.
void mu_uplink_published(struct mu_uplink *uplink, int message_id, uint64_t now_ms);

// A message on the ack topic; payload may not lie in the buffer. 0 and *out (may be null) filled; MU_ERR_INVALID, MU_ERR_STATE
// (other epoch) or MU_ERR_RANGE (beyond what was sent): ignored and counted.
int mu_uplink_ack(struct mu_uplink *uplink, const void *payload, size_t size, uint64_t now_ms, struct mu_ack *out);

// Publishes what may be published, at most one Uplink. Returns when to be called again at the latest (UINT64_MAX: only an append,
// an Ack, a PUBACK or a session changes anything).
uint64_t mu_uplink_step(struct mu_uplink *uplink, uint64_t now_ms);

// An Ack covers this number: for the trial, whether a heartbeat of this boot has arrived. 0 is never covered.
bool mu_uplink_covers(const struct mu_uplink *uplink, uint64_t seq);

// Age of the oldest unacked record at `now`: from uptime in the same boot, else from wall time, else this boot's age; 0 if there is
// none.
uint32_t mu_uplink_oldest_age_s(struct mu_uplink *uplink, const struct mu_stamp *now);

const struct mu_uplink_stats *mu_uplink_statistics(const struct mu_uplink *uplink);

#endif
