// SPDX-License-Identifier: Apache-2.0
#include "agent/ota/rollback.h"
#include <string.h>

// Every pair that changes something; all others are no-ops.
static const struct row {
	uint8_t state, event, next; // enum mu_rollback_state, mu_rollback_event, mu_rollback_state
} table[] = {
	{ MU_ROLLBACK_IDLE,       MU_ROLLBACK_ON_REQUEST,   MU_ROLLBACK_VERIFYING  },
	{ MU_ROLLBACK_IDLE,       MU_ROLLBACK_ON_RESUME,    MU_ROLLBACK_VERIFYING  },
	{ MU_ROLLBACK_IDLE,       MU_ROLLBACK_ON_ARRIVED,   MU_ROLLBACK_CONFIRMING },
	{ MU_ROLLBACK_VERIFYING,  MU_ROLLBACK_ON_VERIFIED,  MU_ROLLBACK_PLANNED    },
	{ MU_ROLLBACK_VERIFYING,  MU_ROLLBACK_ON_REFUSED,   MU_ROLLBACK_IDLE       },
	{ MU_ROLLBACK_PLANNED,    MU_ROLLBACK_ON_ANNOUNCED, MU_ROLLBACK_ANNOUNCED  },
	{ MU_ROLLBACK_PLANNED,    MU_ROLLBACK_ON_DELIVERED, MU_ROLLBACK_SWITCHING  }, // nobody to tell, or told before the reset
	{ MU_ROLLBACK_ANNOUNCED,  MU_ROLLBACK_ON_DELIVERED, MU_ROLLBACK_SWITCHING  },
	{ MU_ROLLBACK_SWITCHING,  MU_ROLLBACK_ON_SWITCHED,  MU_ROLLBACK_RESTARTING },
	{ MU_ROLLBACK_SWITCHING,  MU_ROLLBACK_ON_REFUSED,   MU_ROLLBACK_IDLE       },
	{ MU_ROLLBACK_CONFIRMING, MU_ROLLBACK_ON_HEARTBEAT, MU_ROLLBACK_IDLE       },
	{ MU_ROLLBACK_CONFIRMING, MU_ROLLBACK_ON_REFUSED,   MU_ROLLBACK_IDLE       }, // the new image loops, too
};

int mu_rollback_next(enum mu_rollback_state state, enum mu_rollback_event event)
{
	for (unsigned i = 0; i < sizeof table / sizeof *table; i++)
		if (table[i].state == state && table[i].event == event)
			return (int)table[i].next;
	return -1;
}

const char *mu_rollback_state_name(enum mu_rollback_state state)
{
	static const char *const names[MU_ROLLBACK_STATE_COUNT] = {
		"idle", "verifying", "planned", "announced", "switching", "restarting", "confirming",
	};
	return (unsigned)state < MU_ROLLBACK_STATE_COUNT ? names[state] : "unknown";
}

static void post(struct mu_rollback *rollback, enum mu_rollback_event event)
{
	int next = mu_rollback_next(rollback->state, event);
	if (next >= 0)
		rollback->state = (enum mu_rollback_state)next;
}

static bool is_same_sha(const uint8_t a[MU_SHA_BYTES], const uint8_t b[MU_SHA_BYTES])
{
	return !memcmp(a, b, MU_SHA_BYTES);
}

static bool has_command(const struct mu_rollback_request *request)
{
	static const uint8_t none[MU_COMMAND_ID_SIZE];
	return memcmp(request->command_id, none, sizeof none) != 0;
}

static bool is_same_command(const struct mu_rollback_request *a, const struct mu_rollback_request *b)
{
	return has_command(a) && !memcmp(a->command_id, b->command_id, sizeof a->command_id);
}

static int append(struct mu_rollback *rollback, enum mu_journal_kind kind, enum mu_ota_cause failure)
{
	struct mu_journal_record record = { .kind = kind, .failure = failure, .request = rollback->request };
	return mu_journal_append(rollback->journal, &record);
}

// ---- the end: first the caller's record of it, then the journal's. A reset in between makes it be told twice, never lost.

static void finish(struct mu_rollback *rollback, enum mu_rollback_event event, enum mu_ota_cause failure)
{
	post(rollback, event);
	rollback->failure = failure;
	rollback->ending = MU_ROLLBACK_END_REPORT;
}

static void close_journal(struct mu_rollback *rollback)
{
	if (!rollback->failure)
		mu_slots_commit(rollback->slots);
	append(rollback, rollback->failure ? MU_JOURNAL_FAILED : MU_JOURNAL_CONFIRMED, rollback->failure);
	rollback->ending = MU_ROLLBACK_END_NONE;
}

static void refuse(struct mu_rollback *rollback, enum mu_ota_cause failure)
{
	finish(rollback, MU_ROLLBACK_ON_REFUSED, failure);
}

int mu_rollback_report(struct mu_rollback *rollback, struct mu_rollback_report *report)
{
	if (rollback->ending != MU_ROLLBACK_END_REPORT)
		return MU_ERR_NOT_FOUND;
	*report = (struct mu_rollback_report){ .request = rollback->request, .failure = rollback->failure, .resumed = rollback->resumed };
	// A command answered by a boot loop has failed, though the way back worked.
	if (!report->failure && report->request.reason == MU_OTA_CAUSE_BOOT_LOOP && has_command(&report->request))
		report->failure = MU_OTA_CAUSE_BOOT_LOOP;
	report->outcome = report->failure ? MU_ROLLBACK_OUTCOME_FAILED : MU_ROLLBACK_OUTCOME_DONE;
	rollback->ending = MU_ROLLBACK_END_JOURNAL;
	return 0;
}

// ---- the beginning

static int count_resumes(void *context, const struct mu_journal_record *record)
{
	unsigned *resumes = context;
	if (record->kind == MU_JOURNAL_PLANNED)
		*resumes = 0;
	*resumes += record->kind == MU_JOURNAL_RESUMED;
	return 0;
}

// An unfinished rollback: where did the reset leave it?
static int take_up(struct mu_rollback *rollback, const struct mu_journal_record *last)
{
	const uint8_t *running = mu_slots_running(rollback->slots)->elf_sha;
	unsigned resumes = 0;
	rollback->request = last->request;
	rollback->resumed = true;
	if (is_same_sha(running, last->request.target_sha)) {
		rollback->resumed = last->kind != MU_JOURNAL_SWITCHED;
		post(rollback, MU_ROLLBACK_ON_ARRIVED);
		return 0;
	}
	// The bootloader would not run what it was switched to, or somebody flashed another image.
	if (last->kind == MU_JOURNAL_SWITCHED || !is_same_sha(running, last->request.running_sha)) {
		refuse(rollback, last->kind == MU_JOURNAL_SWITCHED ? MU_OTA_CAUSE_IMAGE_DAMAGED : MU_OTA_CAUSE_REFUSED);
		return 0;
	}
	int err = mu_journal_visit(rollback->journal, count_resumes, &resumes);
	if (err >= 0 && resumes >= MU_ROLLBACK_RESUMES_MAX)
		refuse(rollback, MU_OTA_CAUSE_POWER_LOSS);
	else
		post(rollback, MU_ROLLBACK_ON_RESUME);
	return err;
}

int mu_rollback_init(struct mu_rollback *rollback, struct mu_slots *slots, struct mu_journal *journal)
{
	*rollback = (struct mu_rollback){ .slots = slots, .journal = journal };
	return mu_journal_is_open(journal) ? take_up(rollback, &journal->last) : 0;
}

// What the journal knows of a command: 0 if nothing.
static int known_outcome(const struct mu_rollback *rollback, const struct mu_rollback_request *request)
{
	struct mu_journal_record record;
	if (!has_command(request) || mu_journal_find(rollback->journal, request->command_id, &record) < 0)
		return 0;
	if (record.kind == MU_JOURNAL_FAILED)
		return MU_ROLLBACK_OUTCOME_FAILED;
	if (record.kind != MU_JOURNAL_CONFIRMED)
		return MU_ROLLBACK_OUTCOME_ACCEPTED;
	return record.request.reason == MU_OTA_CAUSE_BOOT_LOOP ? MU_ROLLBACK_OUTCOME_FAILED : MU_ROLLBACK_OUTCOME_DONE;
}

// Why not, or ACCEPTED.
static enum mu_rollback_outcome judge(const struct mu_rollback *rollback, const struct mu_rollback_request *request)
{
	const struct mu_slots *slots = rollback->slots;
	enum mu_rollback_block block = mu_slots_rollback_block(slots);
	if (rollback->state != MU_ROLLBACK_IDLE || rollback->ending)
		return MU_ROLLBACK_OUTCOME_BUSY;
	if (!is_same_sha(request->running_sha, mu_slots_running(slots)->elf_sha))
		return MU_ROLLBACK_OUTCOME_RUNNING_MISMATCH;
	if (block == MU_ROLLBACK_NO_IMAGE)
		return MU_ROLLBACK_OUTCOME_NOT_READY;
	if (!is_same_sha(request->target_sha, mu_slots_other(slots)->elf_sha))
		return MU_ROLLBACK_OUTCOME_TARGET_MISMATCH;
	return block == MU_ROLLBACK_READY || block == MU_ROLLBACK_UNCHECKED ? MU_ROLLBACK_OUTCOME_ACCEPTED : MU_ROLLBACK_OUTCOME_NOT_READY;
}

enum mu_rollback_outcome mu_rollback_request(struct mu_rollback *rollback, const struct mu_rollback_request *request)
{
	int known = known_outcome(rollback, request);
	if (known)
		return (enum mu_rollback_outcome)known;
	if (rollback->state != MU_ROLLBACK_IDLE && is_same_command(request, &rollback->request))
		return MU_ROLLBACK_OUTCOME_ACCEPTED;
	enum mu_rollback_outcome outcome = judge(rollback, request);
	if (outcome != MU_ROLLBACK_OUTCOME_ACCEPTED)
		return outcome;
	rollback->request = *request;
	rollback->resumed = false;
	post(rollback, MU_ROLLBACK_ON_REQUEST);
	return outcome;
}

// ---- the middle: one function a state

static enum mu_rollback_action step_idle(struct mu_rollback *rollback, uint64_t now_ms)
{
	(void)now_ms;
	if (rollback->ending == MU_ROLLBACK_END_REPORT)
		return MU_ROLLBACK_DO_REPORT;
	if (rollback->ending == MU_ROLLBACK_END_JOURNAL)
		close_journal(rollback);
	return MU_ROLLBACK_DO_NOTHING;
}

static enum mu_rollback_action step_verifying(struct mu_rollback *rollback, uint64_t now_ms)
{
	(void)now_ms;
	if (!mu_slots_step(rollback->slots, MU_SLOTS_STEP_BYTES))
		return MU_ROLLBACK_DO_NOTHING;
	enum mu_rollback_block block = mu_slots_rollback_block(rollback->slots);
	if (block != MU_ROLLBACK_READY)
		refuse(rollback, block == MU_ROLLBACK_DAMAGED ? MU_OTA_CAUSE_IMAGE_DAMAGED : MU_OTA_CAUSE_REFUSED);
	else if (append(rollback, rollback->resumed ? MU_JOURNAL_RESUMED : MU_JOURNAL_PLANNED, MU_OTA_CAUSE_NONE) < 0)
		refuse(rollback, MU_OTA_CAUSE_REFUSED);
	else
		post(rollback, MU_ROLLBACK_ON_VERIFIED);
	return MU_ROLLBACK_DO_NOTHING;
}

static enum mu_rollback_action step_planned(struct mu_rollback *rollback, uint64_t now_ms)
{
	// After a reset it goes straight on: a device in a boot loop may not live through another announcement.
	if (rollback->resumed || !has_command(&rollback->request)) {
		post(rollback, MU_ROLLBACK_ON_DELIVERED);
		return MU_ROLLBACK_DO_NOTHING;
	}
	rollback->deadline_ms = now_ms + MU_ROLLBACK_ANNOUNCE_MS;
	post(rollback, MU_ROLLBACK_ON_ANNOUNCED);
	return MU_ROLLBACK_DO_ANNOUNCE;
}

static enum mu_rollback_action step_announced(struct mu_rollback *rollback, uint64_t now_ms)
{
	if (now_ms >= rollback->deadline_ms)
		post(rollback, MU_ROLLBACK_ON_DELIVERED);
	return MU_ROLLBACK_DO_NOTHING;
}

static enum mu_rollback_action step_switching(struct mu_rollback *rollback, uint64_t now_ms)
{
	(void)now_ms;
	// VALID: the image has served before, and a brown-out in its first seconds must not throw it out again.
	bool is_untried = mu_slots_other(rollback->slots)->state == MU_SLOT_STATE_NEW;
	if (mu_slots_rollback_block(rollback->slots) != MU_ROLLBACK_READY ||
		mu_slots_switch(rollback->slots, is_untried ? MU_OTADATA_NEW : MU_OTADATA_VALID) < 0) {
		refuse(rollback, MU_OTA_CAUSE_REFUSED);
		return MU_ROLLBACK_DO_NOTHING;
	}
	// Should this record fail, the running image says the same after the restart.
	append(rollback, MU_JOURNAL_SWITCHED, MU_OTA_CAUSE_NONE);
	post(rollback, MU_ROLLBACK_ON_SWITCHED);
	return MU_ROLLBACK_DO_RESTART;
}

static enum mu_rollback_action step_restarting(struct mu_rollback *rollback, uint64_t now_ms)
{
	(void)rollback;
	(void)now_ms;
	return MU_ROLLBACK_DO_RESTART;
}

enum mu_rollback_action mu_rollback_step(struct mu_rollback *rollback, uint64_t now_ms)
{
	static enum mu_rollback_action (*const steps[MU_ROLLBACK_STATE_COUNT])(struct mu_rollback *, uint64_t) = {
		[MU_ROLLBACK_IDLE] = step_idle,
		[MU_ROLLBACK_VERIFYING] = step_verifying,
		[MU_ROLLBACK_PLANNED] = step_planned,
		[MU_ROLLBACK_ANNOUNCED] = step_announced,
		[MU_ROLLBACK_SWITCHING] = step_switching,
		[MU_ROLLBACK_RESTARTING] = step_restarting,
		[MU_ROLLBACK_CONFIRMING] = step_idle,
	};
	return steps[rollback->state](rollback, now_ms);
}

bool mu_rollback_is_urgent(const struct mu_rollback *rollback)
{
	enum mu_rollback_state state = rollback->state;
	return rollback->ending || (state != MU_ROLLBACK_IDLE && state != MU_ROLLBACK_ANNOUNCED && state != MU_ROLLBACK_CONFIRMING);
}

void mu_rollback_delivered(struct mu_rollback *rollback)
{
	if (rollback->state == MU_ROLLBACK_ANNOUNCED)
		post(rollback, MU_ROLLBACK_ON_DELIVERED);
}

void mu_rollback_heartbeat(struct mu_rollback *rollback)
{
	if (rollback->state == MU_ROLLBACK_CONFIRMING)
		finish(rollback, MU_ROLLBACK_ON_HEARTBEAT, MU_OTA_CAUSE_NONE);
}

// ---- boot loop

static int keep_last_switch(void *context, const struct mu_journal_record *record)
{
	if (record->kind == MU_JOURNAL_SWITCHED || record->kind == MU_JOURNAL_CONFIRMED)
		*(struct mu_journal_record *)context = *record;
	return 0;
}

// Two images that both loop must not take turns for ever.
static bool was_left_for_looping(const struct mu_rollback *rollback, const uint8_t sha[MU_SHA_BYTES])
{
	struct mu_journal_record last = { 0 };
	mu_journal_visit(rollback->journal, keep_last_switch, &last);
	return last.request.reason == MU_OTA_CAUSE_BOOT_LOOP && is_same_sha(last.request.running_sha, sha);
}

// A request out of what the slots hold. The command of a rollback that was just made, and now loops, is carried along so that
// its sender hears of the end.
static void request_escape(struct mu_rollback *rollback)
{
	const struct mu_slots *slots = rollback->slots;
	bool was_commanded = rollback->state == MU_ROLLBACK_CONFIRMING || rollback->ending;
	post(rollback, MU_ROLLBACK_ON_REFUSED);
	rollback->ending = MU_ROLLBACK_END_NONE;
	if (!was_commanded)
		memset(rollback->request.command_id, 0, sizeof rollback->request.command_id);
	rollback->request.reason = MU_OTA_CAUSE_BOOT_LOOP;
	memcpy(rollback->request.running_sha, mu_slots_running(slots)->elf_sha, MU_SHA_BYTES);
	memcpy(rollback->request.target_sha, mu_slots_other(slots)->elf_sha, MU_SHA_BYTES);
	rollback->resumed = false;
	post(rollback, MU_ROLLBACK_ON_REQUEST);
}

// Steps without waiting until it restarts or fails.
static int run_through(struct mu_rollback *rollback)
{
	while (mu_rollback_is_urgent(rollback) || rollback->state == MU_ROLLBACK_ANNOUNCED) {
		mu_rollback_delivered(rollback);
		if (mu_rollback_step(rollback, 0) == MU_ROLLBACK_DO_RESTART)
			return 1;
		if (rollback->ending == MU_ROLLBACK_END_REPORT)
			return 0;
	}
	return 0;
}

int mu_rollback_boot_loop(struct mu_rollback *rollback)
{
	// A commanded rollback that a crash interrupted is the way out already.
	if (rollback->state != MU_ROLLBACK_VERIFYING) {
		if (was_left_for_looping(rollback, mu_slots_other(rollback->slots)->elf_sha))
			return 0;
		request_escape(rollback);
	}
	return run_through(rollback);
}
