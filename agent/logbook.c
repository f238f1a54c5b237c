// SPDX-License-Identifier: Apache-2.0
#include "agent/logbook.h"
#include "agent/agent_state.h"
#include "agent/reporting.h"
#include "proto/limits.h"
#include "proto/text.h"
#include <string.h>

void mu_logbook_init(struct mu_logbook *logbook)
{
	*logbook = (struct mu_logbook){ .writing = false };
	mu_rate_init(&logbook->logs, MU_LOGS_PER_MIN, MU_LOGS_BURST, 0);
	mu_rate_init(&logbook->own_logs, MU_LOGS_PER_MIN, MU_LOGS_BURST, 0);
	mu_rate_init(&logbook->events, MU_EVENTS_PER_MIN, MU_EVENTS_BURST, 0);
}

// ---- log lines

static bool is_wanted(const struct mu_agent *agent, int level)
{
	return level >= MU__LOG_LEVEL__LOG_ERROR && (uint32_t)level <= mu_overrides_log_level(&agent->overrides);
}

// 0; MU_ERR_BUSY: held back; MU_ERR_IO.
static int record_line(struct mu_agent *agent, struct mu_rate *rate, int level, const char *tag, const char *text, uint64_t now_ms)
{
	if (!mu_rate_take(rate, now_ms))
		return MU_ERR_BUSY;
	agent->logbook.writing = true;
	uint64_t seq = mu_report_log(agent, level, tag, text, now_ms);
	agent->logbook.writing = false;
	return seq ? 0 : MU_ERR_IO;
}

void mu_logbook_record(struct mu_agent *agent, int level, const char *line)
{
	if (is_wanted(agent, level) && agent->began && !agent->logbook.writing)
		(void)record_line(agent, &agent->logbook.own_logs, level, "muster", line, agent->logbook.now_ms);
}

static void write_to_port(const struct mu_agent *agent, int level, const char *tag, const char *text)
{
	char line[sizeof "tag= " + MU_NAME_TEXT_MAX + MU_LOG_TEXT_MAX];
	size_t used = mu_text_copy(line, sizeof line, "tag=");
	used += mu_text_copy(line + used, MU_NAME_TEXT_MAX + 1, tag);
	line[used++] = ' ';
	mu_text_copy(line + used, MU_LOG_TEXT_MAX + 1, text);
	agent->port->log->write(agent->port->context, level, line);
}

int mu_agent_log_line(struct mu_agent *agent, int level, const char *tag, const char *text, uint64_t now_ms)
{
	if (level < MU__LOG_LEVEL__LOG_ERROR || level > MU__LOG_LEVEL__LOG_DEBUG || !text)
		return MU_ERR_INVALID;
	write_to_port(agent, level, tag ? tag : "app", text);
	return is_wanted(agent, level) ? record_line(agent, &agent->logbook.logs, level, tag ? tag : "app", text, now_ms) : 0;
}

// ---- events

static bool is_own_name(const char *name)
{
	static const char *const names[] = {
#define EVENT(event, unit, meaning, text) #event,
#include "proto/events.def"
	};
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (strcmp(names[i], name) == 0)
			return true;
	return false;
}

static bool is_name(const char *name)
{
	size_t size = name ? strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_") : 0;
	return size && size <= MU_EVENT_NAME_MAX && !name[size];
}

int mu_agent_event(struct mu_agent *agent, const char *name, const char *text, int64_t value, uint64_t now_ms)
{
	char clean[MU_EVENT_TEXT_MAX + 1];
	if (!is_name(name) || is_own_name(name))
		return MU_ERR_INVALID;
	if (!mu_rate_take(&agent->logbook.events, now_ms))
		return MU_ERR_BUSY;
	mu_text_copy(clean, sizeof clean, text);
	return mu_report_event(agent, name, text ? clean : 0, value, now_ms) ? 0 : MU_ERR_IO;
}

// ---- what was held back

// In the order of the event's text.
static void count(struct mu_agent *agent, uint32_t counts[MU_SUPPRESSED_COUNTS])
{
	const struct mu_session *session = &agent->session;
	agent->port->system->lock(agent->port->context);
	uint32_t dropped = agent->inbox.dropped;
	agent->port->system->unlock(agent->port->context);
	counts[0] = agent->logbook.logs.refused + agent->logbook.own_logs.refused;
	counts[1] = agent->logbook.events.refused;
	counts[2] = agent->command.suppressed;
	counts[3] = dropped + session->retained_ignored + session->foreign_ignored;
	counts[4] = mu_spool_refused(&agent->spool);
}

void mu_logbook_tell(struct mu_agent *agent, uint64_t now_ms)
{
	static const char *const names[MU_SUPPRESSED_COUNTS] = { "logs", "events", "commands", "messages", "refused" };
	struct mu_logbook *logbook = &agent->logbook;
	uint32_t counts[MU_SUPPRESSED_COUNTS];
	char text[MU_SUPPRESSED_COUNTS * sizeof " commands=4294967295"] = "";
	int64_t sum = 0;
	count(agent, counts);
	if (!memcmp(counts, logbook->told, sizeof counts) || (logbook->has_told && now_ms - logbook->told_ms < MU_SUPPRESSED_EVERY_MS))
		return;
	for (int i = 0; i < MU_SUPPRESSED_COUNTS; i++) {
		mu_text_field(text, sizeof text, names[i], counts[i]);
		sum += counts[i];
	}
	if (!mu_report_event(agent, "suppressed", text, sum, now_ms))
		return; // the next heartbeat tries again
	logbook->has_told = true;
	logbook->told_ms = now_ms;
	memcpy(logbook->told, counts, sizeof counts);
}
