// SPDX-License-Identifier: Apache-2.0
#include "agent/health/boot_history.h"
#include <string.h>

#define SHADOW_KEY "boot"
enum {
	HOUR_MS = 3600000,
	YOUNG_S = 60,             // a boot that dies younger may be one of a loop
	SETTLED_MS = 10000,       // a boot outside of a loop shadows what it has reported from here on
	QUICK_MAX = UINT16_MAX,
	LOOP_FREE = 64,           // so many young boots in a row are shadowed each
	AHEAD_MAX = 4096,
	TRIES = 3,                // at the shadow: a call that fails once must not let a number be given out again
};

// esp_reset_reason_t, all sixteen.
static const uint8_t class_of_raw[] = {
	[0] = MU__RESET_CLASS__RESET_UNKNOWN,   // UNKNOWN
	[1] = MU__RESET_CLASS__RESET_POWER_ON,  // POWERON
	[2] = MU__RESET_CLASS__RESET_EXTERNAL,  // EXT
	[3] = MU__RESET_CLASS__RESET_SOFTWARE,  // SW
	[4] = MU__RESET_CLASS__RESET_CRASH,     // PANIC
	[5] = MU__RESET_CLASS__RESET_HANG,      // INT_WDT
	[6] = MU__RESET_CLASS__RESET_HANG,      // TASK_WDT
	[7] = MU__RESET_CLASS__RESET_HANG,      // WDT
	[8] = MU__RESET_CLASS__RESET_SLEEP,     // DEEPSLEEP
	[9] = MU__RESET_CLASS__RESET_BROWN_OUT, // BROWNOUT
	[10] = MU__RESET_CLASS__RESET_EXTERNAL, // SDIO
	[11] = MU__RESET_CLASS__RESET_DEBUG,    // USB
	[12] = MU__RESET_CLASS__RESET_DEBUG,    // JTAG
	[13] = MU__RESET_CLASS__RESET_HARDWARE, // EFUSE
	[14] = MU__RESET_CLASS__RESET_BROWN_OUT, // PWR_GLITCH
	[15] = MU__RESET_CLASS__RESET_CRASH,     // CPU_LOCKUP
};

int mu_boot_class(uint32_t reset_raw, int cause)
{
	if (reset_raw >= sizeof class_of_raw)
		return MU__RESET_CLASS__RESET_UNKNOWN;
	int reset_class = class_of_raw[reset_raw];
	if (reset_class != MU__RESET_CLASS__RESET_SOFTWARE)
		return reset_class;
	if (cause == MU__RESET_CAUSE__CAUSE_LIVENESS)
		return MU__RESET_CLASS__RESET_HANG;
	return cause == MU__RESET_CAUSE__CAUSE_ASSERT ? MU__RESET_CLASS__RESET_CRASH : MU__RESET_CLASS__RESET_SOFTWARE;
}

// A recorded cause explains this reset, unless somebody pulled the plug or pressed the button before the restart came.
static bool cause_applies(uint32_t reset_raw)
{
	int reset_class = mu_boot_class(reset_raw, MU__RESET_CAUSE__CAUSE_NONE);
	return reset_class == MU__RESET_CLASS__RESET_SOFTWARE || reset_class == MU__RESET_CLASS__RESET_CRASH ||
		reset_class == MU__RESET_CLASS__RESET_HANG;
}

// Names come from a crashed program; on the wire they must be text.
static void make_printable(char name[MU_NAME_MAX])
{
	name[MU_NAME_MAX - 1] = 0;
	for (char *c = name; *c; c++)
		if (*c < ' ' || *c > '~')
			*c = '?';
}

// ---- the two memories

// Within a long loop of young boots the shadow is written each time that the loop has grown by half; until then it has numbers to spare.
static int write_shadow(struct mu_boot_history *history, uint16_t ahead)
{
	uint8_t shadow[MU_BOOT_SHADOW_BYTES];
	size_t size = mu_boot_shadow_write(&history->memory->log, ahead, shadow);
	int err = history->port->keyvalue->set(history->port->context, SHADOW_KEY, shadow, size);
	if (err < 0)
		history->shadow_faults++;
	else
		history->shadow_stale = false;
	return err < 0 ? err : 0;
}

// Takes the shadow for the log if it is newer. Returns whether it was; *through: numbers up to this one are safe with it.
static bool load_shadow(struct mu_boot_history *history, uint32_t *through)
{
	uint8_t shadow[MU_BOOT_SHADOW_BYTES];
	uint32_t last = 0;
	uint16_t ahead = 0;
	int size = MU_ERR_IO;
	for (int tries = 0; tries < TRIES && size == MU_ERR_IO; tries++) {
		size = history->port->keyvalue->get(history->port->context, SHADOW_KEY, shadow, sizeof shadow);
		history->shadow_faults += size == MU_ERR_IO;
	}
	*through = 0;
	if (size <= 0 || mu_boot_shadow_check(shadow, (size_t)size, &last, &ahead) < 0)
		return false;
	*through = last + ahead;
	if (last <= mu_boot_log_last_boot(&history->memory->log))
		return false;
	mu_boot_shadow_read(&history->memory->log, shadow, (size_t)size);
	return true;
}

static void keep_current(struct mu_boot_history *history)
{
	mu_boot_current_store(&history->current, &history->copy, history->memory);
}

// Numbers that were given out, but of whose boots nothing is known.
static uint32_t skip_to(struct mu_boot_history *history, uint32_t number)
{
	struct mu_boot_log *log = &history->memory->log;
	uint32_t last = mu_boot_log_last_boot(log);
	if (last)
		log->boots_lost += number - last;
	return number;
}

// Retained memory is newer than the shadow, unless it is rubbish or of a time before the shadow's (other firmware in between).
// Returns the number of the boot before this one, 0 if there was none. *through: numbers up to this one are safe with the shadow.
static uint32_t load(struct mu_boot_history *history, uint32_t *through)
{
	mu_boot_log_open(&history->memory->log);
	mu_boot_current_load(&history->current, &history->copy, history->memory);
	bool by_shadow = load_shadow(history, through);
	uint32_t last = mu_boot_log_last_boot(&history->memory->log);
	if (history->current.boot > last) // the log was torn by a reset, but who wrote it is known
		return skip_to(history, history->current.boot);
	return by_shadow ? skip_to(history, *through) : last;
}

// ---- opening

// How many young boots in a row came before this one. What is not known is no loop.
static uint16_t count_quick(const struct mu_boot_history *history, uint32_t before)
{
	const struct mu_boot_current *current = &history->current;
	if (before == 0 || current->boot != before || current->uptime_s >= YOUNG_S)
		return 0;
	return current->quick < QUICK_MAX ? (uint16_t)(current->quick + 1) : current->quick;
}

// How many boots may follow until the shadow is to be written again.
static uint16_t numbers_ahead(uint16_t quick)
{
	if (quick < LOOP_FREE)
		return 0;
	return quick / 2 < AHEAD_MAX ? (uint16_t)(quick / 2) : (uint16_t)AHEAD_MAX;
}

static void close_previous(struct mu_boot_history *history, uint32_t before)
{
	if (before == 0)
		return;
	struct mu_boot_log *log = &history->memory->log;
	bool in_log = mu_boot_log_last_boot(log) == before;
	struct mu_boot_entry *entry = in_log ? &log->entry[log->count - 1] : NULL;
	if (entry)
		entry->flags &= (uint8_t)~MU_BOOT_HAS_UPTIME;
	if (history->current.boot != before) {
		history->current = (struct mu_boot_current){ .sequence = history->current.sequence };
		return;
	}
	if (entry) {
		entry->flags |= MU_BOOT_HAS_UPTIME;
		entry->last_uptime_s = history->current.uptime_s;
	}
	history->previous = (struct mu_boot_previous){
		.known = true,
		.uptime_s = history->current.uptime_s,
		.heap_min_bytes = history->current.heap_min_bytes,
	};
}

static int read_reset(struct mu_boot_history *history, struct mu_reset_info *reset)
{
	int err = history->port->system->reset_info(history->port->context, reset);
	if (err < 0)
		*reset = (struct mu_reset_info){ 0 };
	make_printable(reset->task);
	if (reset->backtrace_count > MU_BACKTRACE_MAX)
		reset->backtrace_count = MU_BACKTRACE_MAX;
	history->reset_raw = reset->reset_raw;
	memcpy(history->rom_reason, reset->rom_reason, sizeof history->rom_reason);
	return err < 0 ? err : 0;
}

// A token without a cause is a suspicion: it stands if somebody hung.
static void explain(struct mu_boot_history *history)
{
	uint32_t raw = history->reset_raw;
	if (cause_applies(raw)) {
		history->cause = history->current.cause;
		history->reset_class = (uint8_t)mu_boot_class(raw, history->cause);
		if (history->cause != MU__RESET_CAUSE__CAUSE_NONE || history->reset_class == MU__RESET_CLASS__RESET_HANG)
			memcpy(history->hung_token, history->current.hung_token, sizeof history->hung_token);
		make_printable(history->hung_token);
	}
	history->reset_class = (uint8_t)mu_boot_class(raw, history->cause);
}

static void add_this_boot(struct mu_boot_history *history, const struct mu_reset_info *reset, uint32_t boot)
{
	struct mu_boot_entry entry = {
		.first_boot = boot,
		.reset_raw = reset->reset_raw > UINT16_MAX ? UINT16_MAX : (uint16_t)reset->reset_raw,
		.reset_class = history->reset_class,
		.cause = history->cause,
	};
	memcpy(entry.elf_sha, history->elf_sha, sizeof entry.elf_sha);
	if (reset->has_crash) {
		entry.pc = reset->pc;
		entry.flags |= MU_BOOT_HAS_PC;
		memcpy(entry.name, reset->task, sizeof entry.name);
	}
	if (history->hung_token[0]) {
		entry.flags |= MU_BOOT_NAME_IS_TOKEN;
		memcpy(entry.name, history->hung_token, sizeof entry.name);
	}
	mu_boot_log_add(&history->memory->log, &entry);
}

static void keep_place(struct mu_boot_place *place, const struct mu_reset_info *reset, uint32_t boot)
{
	if (!reset->has_crash) {
		if (place->boot >= boot) // of a time before: its number is given out anew
			place->boot = 0;
		return;
	}
	*place = (struct mu_boot_place){ .boot = boot, .pc = reset->pc, .backtrace_count = reset->backtrace_count };
	memcpy(place->task, reset->task, sizeof place->task);
	memcpy(place->backtrace, reset->backtrace, sizeof place->backtrace);
	mu_boot_place_seal(place);
}

// The port is asked before the log is changed: until it is sealed, a reset costs it.
int mu_boot_history_open(struct mu_boot_history *history, const struct mu_port *port, struct mu_boot_memory *memory,
	const uint8_t elf_sha[MU_SHA_BYTES])
{
	uint32_t through = 0;
	struct mu_reset_info reset;
	*history = (struct mu_boot_history){ .port = port, .memory = memory };
	memcpy(history->elf_sha, elf_sha, sizeof history->elf_sha);
	int err = read_reset(history, &reset);
	uint32_t before = load(history, &through), boot = before + 1;
	uint16_t quick = count_quick(history, before);
	close_previous(history, before);
	explain(history);
	add_this_boot(history, &reset, boot);
	mu_boot_log_seal(&memory->log);
	keep_place(&memory->place, &reset, boot);
	history->current = (struct mu_boot_current){
		.sequence = history->current.sequence,
		.boot = boot,
		.heap_min_bytes = UINT32_MAX,
		.quick = quick,
	};
	keep_current(history);
	if (boot <= through)
		return err;
	int shadow_err = write_shadow(history, numbers_ahead(quick));
	for (int tries = 1; tries < TRIES && shadow_err < 0; tries++)
		shadow_err = write_shadow(history, numbers_ahead(quick));
	return err < 0 ? err : shadow_err;
}

uint32_t mu_boot_history_boot(const struct mu_boot_history *history)
{
	return history->current.boot;
}

bool mu_boot_history_crashed(const struct mu_boot_history *history)
{
	return history->reset_class == MU__RESET_CLASS__RESET_CRASH || history->reset_class == MU__RESET_CLASS__RESET_HANG;
}

// ---- while this boot runs

static void set_uptime(struct mu_boot_history *history, uint64_t now_ms)
{
	uint64_t uptime_s = now_ms / 1000;
	history->current.uptime_s = uptime_s > UINT32_MAX ? UINT32_MAX : (uint32_t)uptime_s;
}

int mu_boot_history_keep(struct mu_boot_history *history, uint64_t now_ms, uint32_t heap_min_bytes)
{
	set_uptime(history, now_ms);
	history->current.heap_min_bytes = heap_min_bytes;
	keep_current(history);

	if (now_ms - history->shadow_hour_ms >= HOUR_MS) {
		history->shadow_hour_ms = now_ms;
		history->shadow_hour_used = false;
	}
	uint64_t wait_ms = history->current.quick ? YOUNG_S * 1000u : SETTLED_MS;
	if (!history->shadow_stale || history->shadow_hour_used || now_ms < wait_ms)
		return 0;
	history->shadow_hour_used = true;
	return write_shadow(history, 0);
}

static void set_token(struct mu_boot_history *history, const char *token)
{
	memset(history->current.hung_token, 0, sizeof history->current.hung_token);
	for (size_t i = 0; token && token[i] && i < MU_NAME_MAX - 1; i++)
		history->current.hung_token[i] = token[i];
}

void mu_boot_history_suspect(struct mu_boot_history *history, const char *token)
{
	if (history->current.cause == MU__RESET_CAUSE__CAUSE_NONE)
		set_token(history, token);
}

void mu_boot_history_cause(struct mu_boot_history *history, int cause, const char *token, uint64_t now_ms)
{
	set_uptime(history, now_ms);
	history->current.cause = (uint8_t)cause;
	set_token(history, token);
	keep_current(history);
}

void mu_boot_history_reported(struct mu_boot_history *history)
{
	history->reported = true;
	mu_boot_log_reported(&history->memory->log);
	mu_boot_log_seal(&history->memory->log);
	history->shadow_stale = true;
}

// ---- the report

static void fill_reset(const struct mu_boot_history *history, Mu__Boot *boot)
{
	boot->reset_raw = history->reset_raw;
	boot->reset_class = (Mu__ResetClass)history->reset_class;
	boot->has_rom_reason_core0 = history->rom_reason[0] != 0;
	boot->rom_reason_core0 = history->rom_reason[0];
	boot->has_rom_reason_core1 = history->rom_reason[1] != 0;
	boot->rom_reason_core1 = history->rom_reason[1];
	boot->has_cause = history->cause != MU__RESET_CAUSE__CAUSE_NONE;
	boot->cause = (Mu__ResetCause)history->cause;
	boot->hung_token = history->hung_token[0] ? (char *)history->hung_token : NULL;
}

// count: how many of the entry's unreported boots to tell of, from the oldest; the running boot is not among them.
static void fill_unreported(const struct mu_boot_entry *entry, uint32_t count, Mu__UnreportedBoot *out, char name[MU_NAME_MAX])
{
	mu__unreported_boot__init(out);
	out->first_boot = entry->first_boot + entry->count - entry->unreported;
	out->count = count;
	out->reset_raw = entry->reset_raw;
	out->reset_class = (Mu__ResetClass)entry->reset_class;
	out->has_last_uptime_s = (entry->flags & MU_BOOT_HAS_UPTIME) != 0;
	out->last_uptime_s = entry->last_uptime_s;
	out->has_cause = entry->cause != MU__RESET_CAUSE__CAUSE_NONE;
	out->cause = (Mu__ResetCause)entry->cause;
	out->has_pc = (entry->flags & MU_BOOT_HAS_PC) != 0;
	out->pc = entry->pc;
	out->has_elf_sha = true;
	out->elf_sha = (ProtobufCBinaryData){ .len = sizeof entry->elf_sha, .data = (uint8_t *)entry->elf_sha };
	memcpy(name, entry->name, MU_BOOT_NAME_BYTES);
	name[MU_BOOT_NAME_BYTES] = 0;
	if (name[0] && (entry->flags & MU_BOOT_NAME_IS_TOKEN))
		out->hung_token = name;
	else if (name[0])
		out->task = name;
}

// The full place of a crash goes with the boot that began with it: this one, or the last of an entry.
static void fill_place(const struct mu_boot_history *history, Mu__Boot *boot)
{
	struct mu_boot_place *place = &history->memory->place;
	if (!mu_boot_place_valid(place))
		return;
	char *task = place->task[0] ? place->task : NULL;
	if (place->boot == history->current.boot) {
		boot->task = task;
		boot->has_pc = true;
		boot->pc = place->pc;
		boot->n_backtrace = place->backtrace_count;
		boot->backtrace = place->backtrace;
	}
	for (size_t i = 0; i < boot->n_unreported; i++) {
		Mu__UnreportedBoot *out = boot->unreported[i];
		if (out->first_boot + out->count - 1 != place->boot)
			continue;
		out->task = task;
		out->n_backtrace = place->backtrace_count;
		out->backtrace = place->backtrace;
	}
}

void mu_boot_history_fill(const struct mu_boot_history *history, Mu__Boot *boot, struct mu_boot_storage *storage)
{
	const struct mu_boot_log *log = &history->memory->log;
	fill_reset(history, boot);
	boot->has_elf_sha = true;
	boot->elf_sha = (ProtobufCBinaryData){ .len = sizeof history->elf_sha, .data = (uint8_t *)history->elf_sha };
	boot->has_previous_uptime_s = history->previous.known;
	boot->previous_uptime_s = history->previous.uptime_s;
	boot->has_previous_heap_min_bytes = history->previous.known && history->previous.heap_min_bytes != UINT32_MAX;
	boot->previous_heap_min_bytes = history->previous.heap_min_bytes;
	boot->has_boots_lost = log->boots_lost > 0;
	boot->boots_lost = log->boots_lost;
	boot->n_unreported = 0;
	boot->unreported = storage->unreported_list;
	for (unsigned i = 0; i < log->count; i++) {
		const struct mu_boot_entry *entry = &log->entry[i];
		uint32_t count = entry->unreported;
		if (i == log->count - 1u && count > 0)
			count--;
		if (count == 0)
			continue;
		size_t at = boot->n_unreported++;
		fill_unreported(entry, count, &storage->unreported[at], storage->name[at]);
		storage->unreported_list[at] = &storage->unreported[at];
	}
	fill_place(history, boot);
}
