// SPDX-License-Identifier: Apache-2.0
// The devices' own book of what they sent and what was acknowledged, kept outside of them, so that a test can prove that nothing was
// lost. Text, one line an entry, fields divided by one blank:
//   record ID EPOCH SEQ COUNT KIND SHA    written before the record is handed to MQTT; again each time it is sent again
//   ack ID EPOCH THROUGH                  written before the device sees the Ack
// EPOCH: 16 hex digits. COUNT: numbers that it stands for, 1 but for a gap. KIND: heartbeat, boot, link, ota, result, event, log, gap or
// unknown. SHA: first 8 bytes of the SHA-256 of the packed record, hex. Lines are appended whole, so several processes may share a file
// and SIGKILL tears none.
// One thread at a time for a log.
#ifndef MU_PORT_LINUX_SENT_LOG_H
#define MU_PORT_LINUX_SENT_LOG_H
#include <stddef.h>
#include <stdint.h>

struct mu_sent_log {
	int fd; // -1: nothing is written
	uint64_t records, acks, unreadable; // unreadable: uplinks and Acks that did not decode
};

int mu_sent_log_open(struct mu_sent_log *log, const char *path); // appends; null path: off. 0 or MU_ERR_IO
void mu_sent_log_close(struct mu_sent_log *log);

// Payloads as they are on the wire. What does not decode is counted and left out.
void mu_sent_log_uplink(struct mu_sent_log *log, const char *id, const void *payload, size_t size);
void mu_sent_log_ack(struct mu_sent_log *log, const char *id, const void *payload, size_t size);

#endif
