// SPDX-License-Identifier: Apache-2.0
#include "agent/image/err.h"

// Indexed by the negated code.
static const char *const names[] = {
	"ok", "invalid", "range", "io", "crc", "full", "not_found", "unsupported",
	"busy", "size", "state", "auth", "no_memory", "timeout", "closed", "version",
};

const char *mu_err_name(int err)
{
	if (err >= 0)
		return names[0];
	if (err < -(int)(sizeof names / sizeof *names - 1))
		return "unknown";
	return names[-err];
}
