// SPDX-License-Identifier: Apache-2.0
// Rows of one log that were handed to Kafka and not yet confirmed, and the low-water mark below which all are: where the cursor may stand.
//
// Rows go in by rising number and come out in any order. The mark never passes a row that is not confirmed. Numbers may have holes; rows that
// are not sent at all (in_flight_pass) count as confirmed in their turn. At most IN_FLIGHT_MAX rows at a time.
// Pure: no clock, no I/O. Memory: the caller's struct. Thread: one at a time.
#ifndef COLLECTOR_KAFKA_IN_FLIGHT_H
#define COLLECTOR_KAFKA_IN_FLIGHT_H
#include <stdbool.h>
#include <stdint.h>

enum { IN_FLIGHT_MAX = 4096 }; // a power of two

struct in_flight {
	uint64_t low;         // all rows up to this one are confirmed
	uint64_t first, next; // tickets: of the oldest row that is kept, and the next one to give out
	unsigned waiting;     // rows without an answer
	struct {
		uint64_t n, through; // the row, and the last one that was passed behind it
		enum in_flight_answer { IN_FLIGHT_NONE, IN_FLIGHT_CONFIRMED, IN_FLIGHT_FAILED } answer;
	} rows[IN_FLIGHT_MAX];
};

// Empty, everything up to `low` confirmed.
void in_flight_reset(struct in_flight *window, uint64_t low);

bool in_flight_is_full(const struct in_flight *window);

// Row n was handed over; n is above each number before. Returns its ticket, the one that in_flight_ticket() promised; must not be called when full.
uint64_t in_flight_add(struct in_flight *window, uint64_t n);
uint64_t in_flight_ticket(const struct in_flight *window);

// Row n needs no confirmation.
void in_flight_pass(struct in_flight *window, uint64_t n);

// The row of this ticket was confirmed. True if the mark moved. A ticket that is not known or was confirmed before changes nothing.
bool in_flight_done(struct in_flight *window, uint64_t ticket);

// The row of this ticket was refused: the mark stays below it until a reset.
void in_flight_failed(struct in_flight *window, uint64_t ticket);

// Rows that are kept: from the oldest without a confirmation on.
unsigned in_flight_held(const struct in_flight *window);

// The number of the row of this ticket, or 0 if it is no longer kept.
uint64_t in_flight_row(const struct in_flight *window, uint64_t ticket);

#endif
