// SPDX-License-Identifier: Apache-2.0
// The schema as text, one line a field or enum value, and the rule by which a later schema may differ from a released one.
//
//   mu.Record 2 uptime_ms required uint64
//   mu.Record 5 heartbeat optional message mu.Heartbeat oneof
//   mu.GapReason 1 GAP_OVERWRITTEN
//
// A released line stays for ever, as it is. A line may be added, but none that says `required` in a message that was released.
#ifndef SCHEMA_TEXT_H
#define SCHEMA_TEXT_H
#include <stdbool.h>
#include <stddef.h>

enum { SCHEMA_TEXT_MAX = 32768 };

// Writes the schema that this build was made from. Returns the length; fails the test if it does not fit.
size_t schema_text_write(char *out, size_t size);

// true if `current` may follow `released`; else the line at fault is in problem.
bool schema_text_may_follow(const char *released, const char *current, char *problem, size_t size);

#endif
