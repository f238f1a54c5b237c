// SPDX-License-Identifier: Apache-2.0
// When a record was made, as the device knows it; and how to read it back from the first bytes of a packed record.
// Pure. Thread: any.
#ifndef MU_UPLINK_STAMP_H
#define MU_UPLINK_STAMP_H
#include <stddef.h>
#include <stdint.h>

struct mu_stamp {
	uint32_t boot;      // of the boot that recorded it, 1 is the first
	int time_quality;   // Mu__TimeQuality
	uint64_t uptime_ms; // since that boot
	uint64_t wall_ms;   // Unix time; meaningful unless time_quality is MU__TIME_QUALITY__TIME_NONE
};

enum { MU_STAMP_BYTES_MAX = 32 }; // a packed record begins with its stamp, which is no longer than this

// packed: the record or its first MU_STAMP_BYTES_MAX bytes, as mu_record_append() packed it: the stamp first. 0, or MU_ERR_INVALID.
int mu_stamp_read(const void *packed, size_t size, struct mu_stamp *stamp);

#endif
