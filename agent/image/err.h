// SPDX-License-Identifier: Apache-2.0
// The one set of error codes of agent/, proto/ and their tests.
//
// Every function that can fail returns 0 or a count, or one of these negative values. The values are stable: they are
// reported to the collector, so a number is never reused or given a new meaning.
#ifndef MU_AGENT_IMAGE_ERR_H
#define MU_AGENT_IMAGE_ERR_H

enum mu_err {
	MU_OK = 0,
	MU_ERR_INVALID = -1,     // malformed input: bad magic, bad field, bad argument
	MU_ERR_RANGE = -2,       // an offset, length or value lies outside its bounds
	MU_ERR_IO = -3,          // the medium or the peer failed
	MU_ERR_CRC = -4,         // a CRC, checksum or digest does not match
	MU_ERR_FULL = -5,        // no room left in the given buffer, sector or table
	MU_ERR_NOT_FOUND = -6,   // no such entry
	MU_ERR_UNSUPPORTED = -7, // this port or format version cannot do it
	MU_ERR_BUSY = -8,        // another operation is under way; try again
	MU_ERR_SIZE = -9,        // a size is not the one required
	MU_ERR_STATE = -10,      // not allowed in the present state
	MU_ERR_AUTH = -11,       // signature, key or role refuses it
	MU_ERR_NO_MEMORY = -12,  // a bounded allocation at start-up failed
	MU_ERR_TIMEOUT = -13,    // the deadline passed
	MU_ERR_CLOSED = -14,     // the connection or handle is closed
	MU_ERR_VERSION = -15,    // a format version that this build does not know
};

// A constant lower-case name such as "crc"; "ok" for 0 and every positive count, "unknown" for any other value.
const char *mu_err_name(int err);

#endif
