// SPDX-License-Identifier: Apache-2.0
// Names of the reason codes in Link and in LinkHealth.reasons: IEEE 802.11 (2020, table 9-49), ESP-IDF (wifi_err_reason_t), and our own.
//
// What the codes mean for a device is its own business (agent/recovery/reason.h); what they are called is told to people on both ends.
// Pure. Thread: any.
#ifndef MU_PROTO_LINK_REASONS_H
#define MU_PROTO_LINK_REASONS_H
#include <stdint.h>

// A session that ended by itself while its link stood, or could not be opened: this plus the size of the negative enum mu_err, or, where the
// broker refused it, MU_LINK_REASON_CONNACK plus the return code (MQTT 3.1.1, 3.2.2.3). No such code is ever on the air.
enum { MU_LINK_REASON_SESSION = 1100, MU_LINK_REASON_CONNACK = 1200, MU_LINK_REASON_COUNT = 82 };

// Place of a code among the MU_LINK_REASON_COUNT known ones of the radio and the wire, in the order of their numbers; -1: none of them.
int mu_link_reason_place(int32_t reason);

// "beacon_timeout"; of a session the name of its error, "timeout", or of what the broker said, "connack_not_authorized"; "unknown". Constant.
const char *mu_link_reason_name(int32_t reason);

#endif
