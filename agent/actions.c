// SPDX-License-Identifier: Apache-2.0
#include "agent/actions.h"
#include "agent/deadline.h"
#include "agent/reporting.h"
#include <string.h>

enum { OTA_TRIES = 3 }; // at the record of how a rollback ended: nothing tells it a second time

static uint64_t finish(struct mu_agent *agent, const uint8_t *id, Mu__CommandOutcome outcome, const char *detail, uint64_t now_ms)
{
	struct mu_command_result result;
	mu_command_finish(&agent->command, id, outcome, detail, &result);
	return mu_report_command(agent, &result, now_ms);
}

static void farewell(struct mu_agent *agent, int cause, uint64_t seq, uint64_t now_ms)
{
	agent->farewell = (struct mu_farewell){ .due = true, .cause = cause, .seq = seq, .deadline_ms = now_ms + MU_AGENT_FAREWELL_MS };
}

// Each is called for an accepted command and sees to its results.

// Why a rollback was refused, for the operator: text is at least 64 bytes.
static const char *refusal_detail(const struct mu_agent *agent, enum mu_rollback_outcome outcome, char *text, size_t size)
{
	if (!agent->has_slots)
		return "no two slots";
	if (outcome == MU_ROLLBACK_OUTCOME_NOT_READY)
		return mu_rollback_block_name(mu_slots_rollback_block(&agent->slots));
	bool is_running = outcome == MU_ROLLBACK_OUTCOME_RUNNING_MISMATCH;
	if (!is_running && outcome != MU_ROLLBACK_OUTCOME_TARGET_MISMATCH)
		return 0;
	const char *lead = is_running ? "it runs " : "the other slot holds ";
	strncpy(text, lead, size - 1);
	text[size - 1] = 0;
	strncat(text, is_running ? agent->firmware : mu_slots_other(&agent->slots)->version, size - 1 - strlen(text));
	return text;
}

static void do_rollback(struct mu_agent *agent, struct mu_command_decision *decision, uint64_t now_ms)
{
	struct mu_rollback_request request = { .reason = MU_OTA_CAUSE_COMMAND };
	memcpy(request.command_id, decision->id, sizeof request.command_id);
	memcpy(request.running_sha, decision->running_sha, sizeof request.running_sha);
	memcpy(request.target_sha, decision->target_sha, sizeof request.target_sha);
	enum mu_rollback_outcome outcome =
		agent->has_slots ? mu_rollback_request(&agent->rollback, &request) : MU_ROLLBACK_OUTCOME_NOT_READY;
	if (outcome == MU_ROLLBACK_OUTCOME_ACCEPTED)
		return; // reported when the target has verified and the plan is in the journal
	char text[MU_DETAIL_TEXT_MAX + 1];
	finish(agent, decision->id, (Mu__CommandOutcome)outcome, refusal_detail(agent, outcome, text, sizeof text), now_ms);
}

static void do_reboot(struct mu_agent *agent, struct mu_command_decision *decision, uint64_t now_ms)
{
	farewell(agent, MU__RESET_CAUSE__CAUSE_COMMAND, mu_report_command(agent, &decision->result, now_ms), now_ms);
}

// The interval that holds now, for those who live by it.
static void apply_overrides(struct mu_agent *agent, uint64_t now_ms)
{
	uint64_t until_ms;
	uint32_t interval_ms = mu_overrides_interval_ms(&agent->overrides, agent->config.heartbeat_ms, &until_ms);
	(void)mu_heartbeat_report(&agent->heartbeat, interval_ms, until_ms, now_ms); // each interval was checked when it was set
	mu_netwatch_interval(&agent->netwatch, interval_ms);
}

// One row a kind of command that changes something for a time.
static const struct {
	enum mu_override_kind kind;
	size_t value; // offset of a uint32_t in struct mu_command_decision; 0: none
	const char *out_of_range;
} changes[MU_COMMAND_KIND_COUNT] = {
	[MU_COMMAND_REPORT] = { MU_OVERRIDE_REPORT, offsetof(struct mu_command_decision, interval_s), "interval or time out of range" },
	[MU_COMMAND_LOG] = { MU_OVERRIDE_LOG, offsetof(struct mu_command_decision, level), "no such level, or time out of range" },
	[MU_COMMAND_DIAGNOSE] = { MU_OVERRIDE_DIAGNOSE, 0, "time out of range" },
};

static void do_change(struct mu_agent *agent, struct mu_command_decision *decision, uint64_t now_ms)
{
	uint32_t value = 0;
	size_t offset = changes[decision->kind].value;
	if (offset)
		memcpy(&value, (const uint8_t *)decision + offset, sizeof value);
	int err = mu_overrides_set(&agent->overrides, changes[decision->kind].kind, value, decision->for_s, decision->id, now_ms);
	if (err < 0) {
		const char *why = err == MU_ERR_RANGE ? changes[decision->kind].out_of_range : "could not be stored, so it was not done";
		finish(agent, decision->id, MU__COMMAND_OUTCOME__OUTCOME_FAILED, why, now_ms);
		return;
	}
	apply_overrides(agent, now_ms);
	finish(agent, decision->id, MU__COMMAND_OUTCOME__OUTCOME_DONE, decision->result.message.detail, now_ms); // not_after not checked
}

static uint64_t step_overrides(struct mu_agent *agent, uint64_t now_ms)
{
	uint64_t next_ms;
	if (mu_overrides_step(&agent->overrides, now_ms, &next_ms))
		apply_overrides(agent, now_ms);
	return next_ms;
}

static void do_unsupported(struct mu_agent *agent, struct mu_command_decision *decision, uint64_t now_ms)
{
	finish(agent, decision->id, MU__COMMAND_OUTCOME__OUTCOME_UNSUPPORTED, "not in this agent's version", now_ms);
}

typedef void (*command_handler)(struct mu_agent *agent, struct mu_command_decision *decision, uint64_t now_ms);

static const command_handler handlers[MU_COMMAND_KIND_COUNT] = {
	[MU_COMMAND_ROLLBACK] = do_rollback,
	[MU_COMMAND_UPDATE] = do_unsupported,
	[MU_COMMAND_REBOOT] = do_reboot,
	[MU_COMMAND_REPORT] = do_change,
	[MU_COMMAND_LOG] = do_change,
	[MU_COMMAND_DIAGNOSE] = do_change,
};

void mu_actions_command(struct mu_agent *agent, const struct mu_event *event, uint64_t now_ms)
{
	struct mu_command_decision decision;
	uint64_t wall_ms = mu_clock_trusted(&agent->clock) ? mu_clock_wall_ms(&agent->clock, now_ms) : 0;
	mu_command_handle(&agent->command, event->payload, event->payload_bytes, wall_ms, now_ms, agent->scratch.command,
		sizeof agent->scratch.command, &decision);
	if (decision.kind != MU_COMMAND_NONE)
		handlers[decision.kind](agent, &decision, now_ms);
	else if (decision.record)
		mu_report_command(agent, &decision.result, now_ms);
}

void mu_actions_resume(struct mu_agent *agent, uint64_t now_ms)
{
	uint32_t place = 0;
	const struct mu_command_entry *entry;
	while ((entry = mu_command_unfinished(&agent->command, &place))) {
		if (entry->kind == MU_COMMAND_ROLLBACK)
			continue; // its journal knows; reported through mu_rollback
		bool done = entry->kind == MU_COMMAND_REBOOT || mu_overrides_holds(&agent->overrides, entry->id);
		finish(agent, entry->id, done ? MU__COMMAND_OUTCOME__OUTCOME_DONE : MU__COMMAND_OUTCOME__OUTCOME_FAILED,
			done ? 0 : "cut off by a reset", now_ms);
	}
	apply_overrides(agent, now_ms);
}

// The operator hears "accepted" before the switch.
static void announce(struct mu_agent *agent, uint64_t now_ms)
{
	struct mu_command_result result;
	mu_command_finish(&agent->command, agent->rollback.request.command_id, MU__COMMAND_OUTCOME__OUTCOME_ACCEPTED, 0, &result);
	agent->announced_seq = mu_report_command(agent, &result, now_ms);
}

static void report_rollback(struct mu_agent *agent, uint64_t now_ms)
{
	static const uint8_t nobody[MU_COMMAND_ID_SIZE];
	struct mu_rollback_report report;
	if (mu_rollback_report(&agent->rollback, &report) < 0)
		return;
	bool done = report.outcome == MU_ROLLBACK_OUTCOME_DONE;
	uint64_t seq = 0;
	for (int tries = 0; tries < OTA_TRIES && !seq; tries++)
		seq = mu_report_ota(agent, done ? MU__OTA_STATE__OTA_ROLLED_BACK : MU__OTA_STATE__OTA_FAILED, &report, now_ms);
	if (memcmp(report.request.command_id, nobody, sizeof nobody))
		finish(agent, report.request.command_id, (Mu__CommandOutcome)report.outcome, done ? 0 : "see the OTA record", now_ms);
}

static uint64_t step_rollback(struct mu_agent *agent, uint64_t now_ms)
{
	if (agent->announced_seq && mu_uplink_covers(&agent->uplink, agent->announced_seq)) {
		agent->announced_seq = 0;
		mu_rollback_delivered(&agent->rollback);
	}
	switch (mu_rollback_step(&agent->rollback, now_ms)) {
	case MU_ROLLBACK_DO_ANNOUNCE: announce(agent, now_ms); break;
	case MU_ROLLBACK_DO_RESTART: {
		bool loop = agent->rollback.request.reason == MU_OTA_CAUSE_BOOT_LOOP;
		mu_agent_restart(agent, loop ? MU__RESET_CAUSE__CAUSE_BOOT_LOOP : MU__RESET_CAUSE__CAUSE_ROLLBACK, 0, now_ms);
		return UINT64_MAX;
	}
	case MU_ROLLBACK_DO_REPORT: report_rollback(agent, now_ms); break;
	case MU_ROLLBACK_DO_NOTHING: break;
	}
	if (mu_rollback_is_urgent(&agent->rollback))
		return now_ms;
	return agent->rollback.state == MU_ROLLBACK_ANNOUNCED ? agent->rollback.deadline_ms : UINT64_MAX;
}

static uint64_t step_farewell(struct mu_agent *agent, uint64_t now_ms)
{
	if (!agent->farewell.due)
		return UINT64_MAX;
	if (now_ms < agent->farewell.deadline_ms && !mu_uplink_covers(&agent->uplink, agent->farewell.seq))
		return agent->farewell.deadline_ms;
	mu_agent_restart(agent, agent->farewell.cause, 0, now_ms);
	return UINT64_MAX;
}

uint64_t mu_actions_step(struct mu_agent *agent, uint64_t now_ms)
{
	uint64_t next_ms = agent->has_slots ? step_rollback(agent, now_ms) : UINT64_MAX;
	if (!agent->stopped)
		next_ms = mu_earlier(next_ms, step_farewell(agent, now_ms));
	return agent->stopped ? UINT64_MAX : mu_earlier(next_ms, step_overrides(agent, now_ms));
}
