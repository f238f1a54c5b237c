// SPDX-License-Identifier: Apache-2.0
// The metrics of a heartbeat by name: metrics.def as a table, and how to read one out of a message.
//
//   int metric = mu_metric_find("heap_free_bytes");            // or MU_METRIC_heap_free_bytes
//   double value;
//   if (mu_metric_get(heartbeat, metric, &value)) ...           // the device sent it
//
// The order of the table is that of metrics.def and may change between versions: store names, never indexes.
// Pure; no memory of its own. Thread: any.
#ifndef MU_PROTO_METRICS_H
#define MU_PROTO_METRICS_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "agent/image/err.h"
#include "muster.pb-c.h"

enum mu_metric {
#define METRIC(name, part, field, type, unit, min, max, meaning) MU_METRIC_##name,
#include "proto/metrics.def"
	MU_METRIC_COUNT
};

enum mu_label {
#define LABEL(name, part, field, type, max_bytes, meaning) MU_LABEL_##name,
#include "proto/metrics.def"
	MU_LABEL_COUNT
};

enum mu_metric_type { MU_METRIC_UINT, MU_METRIC_SINT, MU_METRIC_BOOL, MU_METRIC_ENUM };
enum mu_label_type { MU_LABEL_TEXT, MU_LABEL_BYTES };

// In flash on each device, so it is kept small.
struct mu_metric_info {
	int32_t min;
	uint32_t max;
	uint16_t part_offset, field_offset, has_offset; // of the pointer to the part; within the part
	uint8_t type; // enum mu_metric_type
};

struct mu_label_info {
	uint16_t part_offset, field_offset, has_offset; // has_offset is 0 for TEXT: absent is a null pointer
	uint8_t type; // enum mu_label_type
	uint8_t max_bytes;
};

// What only people read; a firmware does not link it (metric_words.c).
struct mu_metric_words {
	const char *name, *part, *field, *unit, *meaning;
};

struct mu_label_words {
	const char *name, *part, *field, *meaning;
};

extern const struct mu_metric_info mu_metrics[MU_METRIC_COUNT];
extern const struct mu_label_info mu_labels[MU_LABEL_COUNT];
extern const struct mu_metric_words mu_metric_words[MU_METRIC_COUNT];
extern const struct mu_label_words mu_label_words[MU_LABEL_COUNT];

// Index 0 .. MU_METRIC_COUNT-1, or MU_ERR_NOT_FOUND.
int mu_metric_find(const char *name);

// true if the heartbeat carries it. An index outside the table is false.
bool mu_metric_get(const Mu__Heartbeat *heartbeat, int metric, double *value);
bool mu_metric_get_integer(const Mu__Heartbeat *heartbeat, int metric, int64_t *value);

// true if the heartbeat carries it; *data points into the message: *size bytes, for TEXT without the NUL that follows.
bool mu_label_get(const Mu__Heartbeat *heartbeat, int label, const uint8_t **data, size_t *size);

// For the sender: marks every metric outside its range and every text that the limits refuse as absent, so that one mad sensor, or a task with a
// name of its own kind, does not cost the heartbeat. Returns how many.
int mu_metrics_withhold(Mu__Heartbeat *heartbeat);

#endif
