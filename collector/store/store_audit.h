// SPDX-License-Identifier: Apache-2.0
// The audit log: one row an action of a person or of musterd itself. Never deleted by retention. Texts longer than 512 bytes are cut.
#ifndef COLLECTOR_STORE_STORE_AUDIT_H
#define COLLECTOR_STORE_STORE_AUDIT_H
#include "collector/store/store.h"

struct store_audit {
	uint64_t n;
	uint64_t at_ms;
	const char *actor;  // name of a token, or "musterd"
	const char *action; // for example "command.submit"
	const char *target; // for example a device id
	const char *detail;
	const char *outcome; // "ok" or the reason of the refusal
};

// row->n is ignored.
int store_audit_add(struct store *store, const struct store_audit *row);

typedef int store_audit_each(void *context, const struct store_audit *row);

// Newest first, numbers below before (0: from the newest), at most limit. Returns how many.
int store_audit_list(struct store *store, uint64_t before, unsigned limit, store_audit_each *each, void *context);

#endif
