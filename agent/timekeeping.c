// SPDX-License-Identifier: Apache-2.0
#include "agent/timekeeping.h"
#include "agent/connectivity.h"
#include "agent/reporting.h"
#include "proto/limits.h"
#include "proto/text.h"
#include <string.h>

static const char unchecked_event[] = "certificate_dates_unchecked", stepped_event[] = "clock_stepped", failed_event[] = "sntp_failed";

// ---- reports

// True once in a period; *told_ms is then now.
static bool is_due(uint64_t *told_ms, uint32_t period_ms, uint64_t now_ms)
{
	if (*told_ms && now_ms - *told_ms < period_ms)
		return false;
	*told_ms = now_ms ? now_ms : 1;
	return true;
}

static void add_text(char *text, size_t size, const char *more)
{
	strncat(text, more, size - 1 - strlen(text));
}

static void report_step(struct mu_agent *agent, const char *source, uint64_t now_ms)
{
	char text[32] = "";
	if (!is_due(&agent->timekeeping.stepped_told_ms, MU_TIMEKEEPING_STEP_REPORT_MS, now_ms))
		return;
	add_text(text, sizeof text, source);
	mu_text_field(text, sizeof text, "steps", agent->clock.steps);
	mu_report_event(agent, stepped_event, text, agent->clock.stepped_ms, now_ms);
}

static void report_failure(struct mu_agent *agent, uint64_t now_ms)
{
	const struct mu_sntp *sntp = &agent->timekeeping.sntp;
	char text[MU_EVENT_TEXT_MAX + 1] = "";
	if (!sntp->failed || !is_due(&agent->timekeeping.failed_told_ms, MU_TIMEKEEPING_REPORT_MS, now_ms))
		return;
	add_text(text, sizeof text, sntp->failed);
	add_text(text, sizeof text, ": ");
	add_text(text, sizeof text, sntp->why);
	mu_report_event(agent, failed_event, text, sntp->failures, now_ms);
}

static void report_unchecked(struct mu_agent *agent, uint64_t now_ms)
{
	static const char *const qualities[] = { "none", "rtc" };
	int quality = mu_clock_quality(&agent->clock);
	agent->timekeeping.unchecked++;
	if (!is_due(&agent->timekeeping.unchecked_told_ms, MU_TIMEKEEPING_REPORT_MS, now_ms))
		return;
	mu_report_event(agent, unchecked_event, qualities[quality == MU__TIME_QUALITY__TIME_RTC], agent->timekeeping.unchecked, now_ms);
}

// ---- time comes in

static void take_sntp(struct mu_agent *agent, enum mu_sntp_news news, uint64_t wall_ms, uint64_t now_ms)
{
	if (news == MU_SNTP_TIME && mu_clock_sntp(&agent->clock, wall_ms, now_ms) == 1)
		report_step(agent, "sntp", now_ms);
	if (news == MU_SNTP_ROUND_FAILED)
		report_failure(agent, now_ms);
}

void mu_timekeeping_server(struct mu_agent *agent, uint64_t server_ms, uint64_t now_ms)
{
	if (mu_clock_server(&agent->clock, server_ms, now_ms) == 1)
		report_step(agent, "server", now_ms);
}

void mu_timekeeping_event(struct mu_agent *agent, const struct mu_event *event, uint64_t now_ms)
{
	struct mu_sntp *sntp = &agent->timekeeping.sntp;
	uint64_t wall_ms = 0;
	switch (event->type) {
	case MU_EVENT_LINK_UP: mu_sntp_link(sntp, true, now_ms); break;
	case MU_EVENT_LINK_ADDRESS_LOST:
	case MU_EVENT_LINK_DOWN: mu_sntp_link(sntp, false, now_ms); break;
	case MU_EVENT_MQTT_OPEN:
		if (agent->session.phase == MU_SESSION_OPENING && agent->session.dates_unchecked)
			report_unchecked(agent, now_ms);
		break;
	default: {
		enum mu_sntp_news news = mu_sntp_event(sntp, event, now_ms, &wall_ms);
		take_sntp(agent, news, wall_ms, now_ms);
	}
	}
}

// ---- the session

bool mu_timekeeping_holds(struct mu_agent *agent, uint64_t now_ms)
{
	struct mu_timekeeping *timekeeping = &agent->timekeeping;
	bool trusted = mu_clock_trusted(&agent->clock);
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
	uint64_t sntp_ms = UINT64_MAX;
	take_sntp(agent, mu_sntp_step(&agent->timekeeping.sntp, now_ms, &sntp_ms), 0, now_ms);
	uint64_t held_ms = step_held(agent, now_ms);
	renew(agent, now_ms);
	uint64_t ladder_ms = mu_ladder_deadline_ms(&agent->ladder); // both may have set it
	held_ms = held_ms < ladder_ms ? held_ms : ladder_ms;
	return sntp_ms < held_ms ? sntp_ms : held_ms;
}

// ---- beginning

int mu_timekeeping_init(struct mu_agent *agent, const char **problem)
{
	const struct mu_agent_config *config = &agent->config;
	const char *text = 0;
	if (mu_sntp_init(&agent->timekeeping.sntp, agent->port, config->ntp_servers) < 0)
		text = "ntp_servers: each wants HOST or HOST:PORT, a host of 1..63 characters";
	else if (mu_time_zone_parse(&agent->timekeeping.zone, config->time_zone) < 0)
		text = "time_zone is no POSIX TZ string such as CET-1CEST,M3.5.0,M10.5.0/3";
	if (text && problem)
		*problem = text;
	return text ? MU_ERR_INVALID : 0;
}

void mu_timekeeping_begin(struct mu_agent *agent, uint64_t now_ms)
{
	uint8_t *retained = mu_agent_retained(agent, MU_CLOCK_RETAINED_OFFSET);
	mu_clock_init(&agent->clock, agent->port, retained, agent->config.time_floor_ms, now_ms);
}
