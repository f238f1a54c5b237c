// SPDX-License-Identifier: Apache-2.0
// Notices a boot loop, also one that began after the image was committed, and says when to go back to the other slot.
//
// A journal of bits in flash, four a boot, cleared without any erase: started, good, does not count, acted. It survives
// power loss. A boot is good once it has been up for 60 s. What counts is a reset of class crash or hang that ended a boot
// before it was good; a power cycle, a sleep wake or a wanted restart neither counts nor ends the row. 8,128 boots fit a
// sector; the next one is then erased and told the count so far.
// Memory: the caller's struct. Thread: the one that steps the agent.
#ifndef MU_OTA_BOOT_GUARD_H
#define MU_OTA_BOOT_GUARD_H
#include "agent/port/port.h"
#include <stdbool.h>
#include <stdint.h>

enum {
	MU_BOOT_GUARD_LIMIT = 5,
	MU_BOOT_GUARD_GOOD_MS = 60000,
	MU_BOOT_GUARD_HEADER_SIZE = 32,
	MU_BOOT_GUARD_BOOTS = (MU_SECTOR_BYTES - MU_BOOT_GUARD_HEADER_SIZE) * 2,
};

struct mu_boot_guard {
	const struct mu_port *port;
	unsigned sector;
	uint32_t generation; // of that sector
	unsigned boot;       // place of this boot in it
	unsigned carried;    // count brought over from the sector before
	unsigned count;      // bad boots in a row before this one
	bool good;           // this boot has been marked good
	bool usable;         // false: the flash failed; the guard then does nothing and harms nothing
};

// Call once a boot, as early as possible. crashed: the reset that ended the boot before was of class crash or hang.
// Returns 1 if the row has reached 5 (or a multiple: a hopeless loop is not verified on every boot): go back to the other
// slot if it verifies. 0 if not. Negative: the flash failed (the guard is off for this boot).
int mu_boot_guard_start(struct mu_boot_guard *guard, const struct mu_port *port, bool crashed);

// Marks the boot good once uptime_ms is at least 60 000; cheap before and after. 0 or the flash's error: then the next call tries again.
int mu_boot_guard_step(struct mu_boot_guard *guard, uint64_t uptime_ms);

// The row was answered by a rollback: counting starts anew with the next boot. 0 or the flash's error.
int mu_boot_guard_acted(struct mu_boot_guard *guard);

#endif
