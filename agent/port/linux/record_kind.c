// SPDX-License-Identifier: Apache-2.0
#include "agent/port/linux/record_kind.h"
#include "muster.pb-c.h"

static const char *kind_of(const Mu__Record *record)
{
	switch (record->body_case) {
	case MU__RECORD__BODY_HEARTBEAT: return "heartbeat";
	case MU__RECORD__BODY_BOOT_REPORT: return "boot";
	case MU__RECORD__BODY_LINK: return "link";
	case MU__RECORD__BODY_OTA: return "ota";
	case MU__RECORD__BODY_COMMAND_RESULT: return "result";
	case MU__RECORD__BODY_EVENT: return "event";
	case MU__RECORD__BODY_LOG: return "log";
	case MU__RECORD__BODY_GAP: return "gap";
	default: return "unknown";
	}
}

const char *mu_record_kind(const void *packed, size_t size)
{
	Mu__Record *record = mu__record__unpack(0, size, packed);
	if (!record)
		return "unknown";
	const char *kind = kind_of(record);
	mu__record__free_unpacked(record, 0);
	return kind;
}
