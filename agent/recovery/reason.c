// SPDX-License-Identifier: Apache-2.0
#include "agent/recovery/reason.h"
#include "proto/link_reasons.h"

enum {
	TRAN = MU_REASON_TRANSIENT,
	CRED = MU_REASON_CREDENTIALS,
	LOAD = MU_REASON_OVERLOAD,
	ROAM = MU_REASON_ROAMING,
	CONF = MU_REASON_CONFIGURATION
};

// A class is a character's worth of flash, in the order of proto/link_reasons.
static const uint8_t classes[] = {
	TRAN, TRAN, TRAN, TRAN, LOAD, TRAN, TRAN, TRAN, TRAN, CONF, // 1 .. 10
	CONF, TRAN, CONF, TRAN, CRED, TRAN, CONF, CONF, CONF, CONF, // 11 .. 20
	CONF, CONF, CRED, CONF, TRAN, TRAN, TRAN, CONF, CONF, CONF, // 21 .. 30
	CONF, TRAN, LOAD, TRAN, TRAN, TRAN, TRAN, TRAN, TRAN, // 31 .. 39
	TRAN, TRAN, TRAN, TRAN, TRAN, TRAN, TRAN, // 45 .. 51
	TRAN, LOAD, CONF, TRAN, TRAN, TRAN, TRAN, CONF, CONF, TRAN, // 52 .. 61
	TRAN, TRAN, CONF, TRAN, TRAN, TRAN, LOAD, // 62 .. 68
	TRAN, TRAN, CRED, TRAN, CRED, TRAN, TRAN, ROAM, LOAD, TRAN, CONF, CONF, CONF, // 200 .. 212
	TRAN, TRAN, TRAN, TRAN, TRAN, TRAN, // 1001 .. 1006
};
_Static_assert(sizeof classes == MU_LINK_REASON_COUNT, "one class a code");

enum mu_reason_class mu_reason_class(int32_t reason)
{
	int place = mu_link_reason_place(reason);
	return place < 0 ? MU_REASON_TRANSIENT : (enum mu_reason_class)classes[place];
}

const char *mu_reason_name(int32_t reason)
{
	return mu_link_reason_name(reason);
}

const char *mu_reason_class_name(enum mu_reason_class reason_class)
{
	static const char *const class_names[MU_REASON_CLASSES] = { "transient", "credentials", "overload", "roaming", "configuration" };
	return (unsigned)reason_class < MU_REASON_CLASSES ? class_names[reason_class] : "unknown";
}

const char *mu_reason_of_power_save(int32_t reason)
{
	return reason == 2 ? "auth_expired" : reason == 4 ? "inactivity" : reason == 8 ? "assoc_leave" : 0;
}
