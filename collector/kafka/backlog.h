// SPDX-License-Identifier: Apache-2.0
// Whether the store is full of what Kafka does not have. Full when the caller sees that retention is held up and more than BACKLOG_LEAST rows
// are behind; no longer full once half of those have gone, so that it does not flutter. Pure.
#ifndef COLLECTOR_KAFKA_BACKLOG_H
#define COLLECTOR_KAFKA_BACKLOG_H
#include <stdbool.h>
#include <stdint.h>

enum { BACKLOG_LEAST = 1000 }; // fewer are on their way in any case and are not what fills the store

struct backlog {
	bool is_full;
	uint64_t until; // rows behind at which it is no longer full
};

// To be called about once a second. Returns true if is_full changed.
bool backlog_look(struct backlog *backlog, bool is_held, uint64_t behind);

#endif
