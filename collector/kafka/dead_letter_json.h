// SPDX-License-Identifier: Apache-2.0
// A dead letter as the value of a message: {"n", "topic", "device" (null: none), "epoch" (hex, null: not known), "seq", "received_ms", "reason",
// "size" (of the whole payload), "payload" (base64, at most DEAD_LETTER_PAYLOAD_MAX bytes of it)}.
#ifndef COLLECTOR_KAFKA_DEAD_LETTER_JSON_H
#define COLLECTOR_KAFKA_DEAD_LETTER_JSON_H
#include "collector/store/dead_letters.h"

// The caller frees it. Null: no memory.
char *dead_letter_json(const struct dead_letter *letter);

#endif
