// SPDX-License-Identifier: Apache-2.0
// What happened to a device, as marks on its history: boots, updates, the link, alerts.
// Thread: the loop's only. Memory: the heap; at most MARKS_MAX, what comes beyond is not kept (so give the newest first).
#ifndef COLLECTOR_HTTP_MARKS_H
#define COLLECTOR_HTTP_MARKS_H
#include <jansson.h>
#include <stdint.h>
#include "collector/store/store_alerts.h"
#include "muster.pb-c.h"

enum { MARKS_MAX = 500, MARK_TEXT_BYTES = 160 };

struct marks;

struct marks *marks_new(void); // null: no memory
void marks_free(struct marks *marks);

// A record that is worth a mark; others are passed over.
void marks_add_record(struct marks *marks, uint64_t at_ms, const Mu__Record *record);
void marks_add_transition(struct marks *marks, const struct store_transition *transition);

// [{"at_ms", "kind", "text", "severity"}], oldest first. A new reference; null: no memory.
json_t *marks_json(struct marks *marks);

#endif
