// SPDX-License-Identifier: Apache-2.0
// Who was I, and why did I boot: boot counter, class and cause of each reset, and the last 16 kinds of boots, equal ones in a row folded.
//
// Kept in port->system->retained() and nowhere else in RAM, CRC'd, so that the rubbish after a power-on is recognised; the figures of the
// running boot lie there twice and are written in turn, so that a reset inside a write loses a second and not the boot. The full place of the
// newest crash (task, PC, backtrace) lies there until there is a newer one; it is told with its boot, by that one or a later one.
// Shadowed in the key-value "boot" (at most 492 bytes: the newest 12 entries, and with them the counter). After a power-on the counter
// and the entries come from there; how far the last boot came is then not known, and absent. A port whose memory no reset outlives works
// with the shadow alone.
//
// Bound of the shadow's writes: one a boot, one more once it has reported and lives (10 s; 60 s if the boot before died younger than
// that), then at most one an hour. In a loop of boots that die below 60 s and keep retained memory: one for each of the first 64, then
// one each time that the loop has grown by half, or by 4 096 boots: 84 for 43 200 boots, which is a boot each 2 s for a day. The shadow
// then has numbers in hand: after a power loss in so long a loop up to half as many as it had boots are skipped and counted as boots
// lost, and none is given out twice; a call that fails is made up to three times at the start.
// Memory: the caller's struct, and struct mu_boot_memory. Thread: the one that steps the agent. Time: monotonic milliseconds since this boot.
#ifndef MU_HEALTH_BOOT_HISTORY_H
#define MU_HEALTH_BOOT_HISTORY_H
#include "agent/health/boot_log.h"
#include "agent/port/port.h"
#include "muster.pb-c.h"
#include <stdbool.h>
#include <stdint.h>

// What is known about the boot before this one.
struct mu_boot_previous {
	bool known;
	uint32_t uptime_s;
	uint32_t heap_min_bytes; // UINT32_MAX: was never sampled
};

struct mu_boot_history {
	const struct mu_port *port;
	struct mu_boot_memory *memory; // the log's last entry is this boot
	struct mu_boot_current current;
	uint8_t elf_sha[MU_SHA_BYTES];
	char hung_token[MU_NAME_MAX];
	struct mu_boot_previous previous;
	uint32_t reset_raw, rom_reason[2]; // as the port told them
	uint8_t reset_class;         // Mu__ResetClass
	uint8_t cause;               // Mu__ResetCause: why the agent itself had asked for this reset
	uint8_t copy;                // where the next write of `current` goes
	bool reported;               // this boot's record is in the spool
	bool shadow_stale;
	bool shadow_hour_used;       // the write of this hour was made
	uint32_t shadow_faults;      // this boot; they count as flash faults in the verdict
	uint64_t shadow_hour_ms;     // when this hour began
};

// Storage behind the pointers of a filled Boot; must live until it is packed.
struct mu_boot_storage {
	Mu__UnreportedBoot unreported[MU_BOOT_ENTRIES];
	Mu__UnreportedBoot *unreported_list[MU_BOOT_ENTRIES];
	char name[MU_BOOT_ENTRIES][MU_NAME_MAX];
};

// Once a boot, before anything else. Closes the previous boot, counts and classifies this one, writes retained memory and shadow.
// memory: retained; used from now on. elf_sha: of the running image. 0, or the error of the shadow's write or of reset_info (everything else
// works, the reset is then of class UNKNOWN and the counter is as good as the retained memory).
int mu_boot_history_open(struct mu_boot_history *history, const struct mu_port *port, struct mu_boot_memory *memory,
	const uint8_t elf_sha[MU_SHA_BYTES]);

uint32_t mu_boot_history_boot(const struct mu_boot_history *history); // 1 is the device's first

// The reset was of class crash or hang: what boot_guard counts.
bool mu_boot_history_crashed(const struct mu_boot_history *history);

// Keeps how far this boot has come. Call about once a second: 40 bytes of RTC memory, and the shadow when it is due.
// heap_min_bytes: low-water mark of this boot, UINT32_MAX if not known yet. 0, or the error of the shadow's write.
int mu_boot_history_keep(struct mu_boot_history *history, uint64_t now_ms, uint32_t heap_min_bytes);

// Who has been silent for long, though not yet too long; null: nobody. Kept with the next mu_boot_history_keep(): if a watchdog then
// resets the device, this is the hung token of the next boot.
void mu_boot_history_suspect(struct mu_boot_history *history, const char *token);

// Right before port->system->restart(): why. cause: Mu__ResetCause; token: who hung, or null. The last call counts.
void mu_boot_history_cause(struct mu_boot_history *history, int cause, const char *token, uint64_t now_ms);

// Fills all that the history knows: reset, ROM reasons, class, cause, hung token, task, PC, backtrace, ELF SHA, the boot before,
// unreported boots, boots lost. The caller initialises *boot and adds firmware, slot, hardware, agent, watchdog and metric names.
// Pointers go into history, its memory and storage.
void mu_boot_history_fill(const struct mu_boot_history *history, Mu__Boot *boot, struct mu_boot_storage *storage);

// The Boot record of this boot is in the spool: this and all earlier boots are reported.
void mu_boot_history_reported(struct mu_boot_history *history);

// The class of a reset that came with this code after this cause had been recorded (MU__RESET_CAUSE__CAUSE_NONE: none). Pure.
int mu_boot_class(uint32_t reset_raw, int cause);

#endif
