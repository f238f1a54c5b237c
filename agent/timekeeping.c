// SPDX-License-Identifier: Apache-2.0
#include "agent/timekeeping.h"
#include "agent/connectivity.h"
#include "agent/deadline.h"
#include "agent/reporting.h"
#include "proto/limits.h"
#include "proto/text.h"

static const struct {
	const char *event;
	uint32_t period_ms;
} reports[MU_TIME_REPORTS] = {
	[MU_TIME_UNCHECKED] = { "certificate_dates_unchecked", MU_TIMEKEEPING_REPORT_MS },
	[MU_TIME_FAILED] = { "sntp_failed", MU_TIMEKEEPING_REPORT_MS },
	[MU_TIME_STEPPED] = { "clock_stepped", MU_TIMEKEEPING_STEP_REPORT_MS },
};

// ---- reports

// At most one of its kind in its period.
static void report(struct mu_agent *agent, int kind, const char *text, int64_t value, uint64_t now_ms)
{
	if (mu_due(&agent->timekeeping.report_due_ms[kind], reports[kind].period_ms, now_ms))
		mu_report_event(agent, reports[kind].event, text, value, now_ms);
}

// result: of the clock; 1: it was stepped.
static void report_step(struct mu_agent *agent, int result, const char *source, uint64_t now_ms)
{
	char text[32];
	mu_text_put(text, text + sizeof text, source);
	mu_text_field(text, sizeof text, "steps", agent->clock.steps);
	if (result == 1)
		report(agent, MU_TIME_STEPPED, text, agent->clock.stepped_ms, now_ms);
}

static void report_failure(struct mu_agent *agent, uint64_t now_ms)
{
	const struct mu_sntp *sntp = &agent->timekeeping.sntp;
	char text[MU_EVENT_TEXT_MAX + 1], *end = text + sizeof text;
	mu_text_put(mu_text_put(mu_text_put(text, end, sntp->failed), end, ": "), end, sntp->why);
	report(agent, MU_TIME_FAILED, text, sntp->failures, now_ms);
}

// ---- time comes in

static void take_sntp(struct mu_agent *agent, enum mu_sntp_news news, uint64_t wall_ms, uint64_t now_ms)
{
	if (news == MU_SNTP_TIME)
		report_step(agent, mu_clock_sntp(&agent->clock, wall_ms, now_ms), "sntp", now_ms);
	if (news == MU_SNTP_ROUND_FAILED && agent->timekeeping.sntp.failed)
		report_failure(agent, now_ms);
}

void mu_timekeeping_server(struct mu_agent *agent, uint64_t server_ms, uint64_t now_ms)
{
	report_step(agent, mu_clock_server(&agent->clock, server_ms, now_ms), "server", now_ms);
}

static void note_unchecked(struct mu_agent *agent, uint64_t now_ms)
{
	if (agent->session.phase != MU_SESSION_OPENING || !agent->session.dates_unchecked)
		return;
	const char *quality = mu_clock_quality(&agent->clock) == MU__TIME_QUALITY__TIME_RTC ? "rtc" : "none";
	report(agent, MU_TIME_UNCHECKED, quality, ++agent->timekeeping.unchecked, now_ms);
}

void mu_timekeeping_event(struct mu_agent *agent, const struct mu_event *event, uint64_t now_ms)
{
	uint64_t wall_ms = 0;
	enum mu_sntp_news news = mu_sntp_event(&agent->timekeeping.sntp, event, now_ms, &wall_ms);
	take_sntp(agent, news, wall_ms, now_ms);
	if (event->type == MU_EVENT_MQTT_OPEN)
		note_unchecked(agent, now_ms);
}

// ---- the session

bool mu_timekeeping_holds(struct mu_agent *agent, uint64_t now_ms)
{
	struct mu_timekeeping *timekeeping = &agent->timekeeping;
	bool trusted = mu_clock_trusted(&agent->clock);
	mu_sntp_link(&timekeeping->sntp, agent->ladder.link_up, now_ms);
	timekeeping->open_held = mu_session_is_tls(&agent->session) && !trusted && mu_sntp_first_is_due(&timekeeping->sntp, now_ms);
	agent->session.trusted_wall_ms = trusted ? mu_clock_wall_ms(&agent->clock, now_ms) : 0;
	return timekeeping->open_held;
}

// The ladder may have changed its mind meanwhile: then it orders anew.
static uint64_t step_held(struct mu_agent *agent, uint64_t now_ms)
{
	struct mu_timekeeping *timekeeping = &agent->timekeeping;
	if (!timekeeping->open_held)
		return UINT64_MAX;
	if (agent->ladder.session_trying && agent->session.phase == MU_SESSION_CLOSED)
		mu_connectivity_open(agent, now_ms);
	else
		timekeeping->open_held = false;
	return timekeeping->open_held ? timekeeping->sntp.first_until_ms : UINT64_MAX;
}

// Once a boot: a time that can be trusted stays so, and the next session is opened with it.
static void renew(struct mu_agent *agent, uint64_t now_ms)
{
	const struct mu_session *session = &agent->session;
	if (session->phase != MU_SESSION_OPEN || !session->dates_unchecked || !mu_clock_trusted(&agent->clock))
		return;
	mu_agent_log(agent, MU__LOG_LEVEL__LOG_INFO, "what=session_anew reason=certificate_dates_can_be_judged");
	mu_connectivity_renew(agent, now_ms);
}

uint64_t mu_timekeeping_step(struct mu_agent *agent, uint64_t now_ms)
{
	struct mu_sntp *sntp = &agent->timekeeping.sntp;
	uint64_t next_ms = UINT64_MAX;
	mu_sntp_link(sntp, agent->ladder.link_up, now_ms);
	int admitted = mu_sntp_wants(sntp, now_ms) ? mu_socket_guard_admit_sntp(agent, now_ms) : 0;
	take_sntp(agent, mu_sntp_step(sntp, admitted, now_ms, &next_ms), 0, now_ms);
	mu_socket_guard_sntp(agent, sntp->waiting, now_ms);
	uint64_t held_ms = step_held(agent, now_ms);
	renew(agent, now_ms);
	return mu_earlier(next_ms, mu_earlier(held_ms, mu_ladder_deadline_ms(&agent->ladder))); // both may have set it
}

// ---- beginning

int mu_timekeeping_init(struct mu_agent *agent, const char **problem)
{
	int err = mu_sntp_init(&agent->timekeeping.sntp, agent->port, agent->config.ntp_servers, agent->config.time_floor_ms);
	if (err < 0 && problem)
		*problem = "ntp_servers: each wants HOST or HOST:PORT, a host of 1..63 characters";
	return err;
}

void mu_timekeeping_begin(struct mu_agent *agent, uint64_t now_ms)
{
	uint8_t *retained = agent->retained + MU_CLOCK_RETAINED_OFFSET;
	mu_clock_init(&agent->clock, agent->port, retained, agent->config.time_floor_ms, now_ms);
}
