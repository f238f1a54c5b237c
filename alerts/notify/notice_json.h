// SPDX-License-Identifier: Apache-2.0
// Labels and annotations of a notice as JSON objects of strings that an Alertmanager takes: names are [a-zA-Z_][a-zA-Z0-9_]* (what is not
// becomes '_'; of two that become the same the first stays), empty values are left out, what is not UTF-8 becomes '?'. A name is cut at
// NOTICE_NAME_BYTES - 1 bytes, a text at NOTICE_TEXT_BYTES - 1.
// Pure. The caller owns what is returned (json_decref); 0: no memory.
#ifndef ALERTS_NOTIFY_NOTICE_JSON_H
#define ALERTS_NOTIFY_NOTICE_JSON_H
#include <jansson.h>
#include "alerts/notify/notice.h"

enum { NOTICE_NAME_BYTES = 128, NOTICE_TEXT_BYTES = 4096 };

// severity: instead of the label of that name; 0: as it is.
json_t *notice_json_labels(const struct notice *notice, const char *severity);

// With pending_since (RFC 3339), if the alert was pending before it fired.
json_t *notice_json_annotations(const struct notice *notice);

// The number that Alertmanager gives a label set: FNV-1a of its names and values in order, each ended by the byte 0xff.
uint64_t notice_json_fingerprint(const json_t *labels);

#endif
