// SPDX-License-Identifier: Apache-2.0
// The uid of a rule: what keeps an alert's state over reloads and renames. Small letters, digits, _ . and -. Pure. Thread: any.
#ifndef ALERTS_ENGINE_RULE_UID_H
#define ALERTS_ENGINE_RULE_UID_H
#include <stdbool.h>
#include <stddef.h>

enum { RULE_UID_BYTES_MAX = 63 };

// Whether it is one: some letter or digit at its ends, nothing else than the above, not too long.
bool rule_uid_is_valid(const char *uid);

// Adds a name as words of small letters: HeapLow as heap_low, "Disk full!" as disk_full. out holds a text; cut at size.
void rule_uid_add(char *out, size_t size, const char *name);

#endif
