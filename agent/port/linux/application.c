// SPDX-License-Identifier: Apache-2.0
#include "agent/port/linux/application.h"
#include "muster.pb-c.h"
#include <string.h>

enum { CHECK_INS_IN_A_DEADLINE = 6, PERIOD_MAX_MS = 5000, PERIOD_MIN_MS = 200 };

static void add_task(struct mu_application *application, const char *name, const struct mu_traits *traits)
{
	unsigned i = application->count++;
	application->tasks[i].name = name;
	application->tasks[i].token = mu_agent_token(application->agent, name, 0, 0);
	application->tasks[i].hangs = traits->hang_after_s != MU_TRAIT_UNSET && !strcmp(name, traits->hang_task);
}

void mu_application_start(struct mu_application *application, struct mu_agent *agent, const struct mu_traits *traits, uint32_t liveness_ms,
	struct mu_dice *dice)
{
	uint32_t period_ms = liveness_ms / CHECK_INS_IN_A_DEADLINE;
	*application = (struct mu_application){ .agent = agent, .hang_ms = UINT64_MAX };
	application->period_ms = period_ms > PERIOD_MAX_MS ? PERIOD_MAX_MS : period_ms < PERIOD_MIN_MS ? PERIOD_MIN_MS : period_ms;
	if (traits->hang_after_s != MU_TRAIT_UNSET)
		application->hang_ms = (uint64_t)traits->hang_after_s * 1000;
	add_task(application, "net", traits);
	add_task(application, "app", traits);
	if (traits->hang_task[0] && strcmp(traits->hang_task, "net") != 0 && strcmp(traits->hang_task, "app") != 0)
		add_task(application, traits->hang_task, traits);
	application->metric_loops = mu_agent_metric(agent, "app_loops");
	application->metric_celsius = mu_agent_metric(agent, "room_celsius");
	if (traits->chatty_per_s != MU_TRAIT_UNSET) {
		application->chatty_per_s = (uint32_t)traits->chatty_per_s;
		application->period_ms = PERIOD_MIN_MS;
	}
	mu_walk_init(&application->temperature, dice, 195, 235, 0);
}

// What is due since the boot. The agent takes what its rates allow, and counts the rest.
static void chat(struct mu_application *application, uint64_t uptime_ms)
{
	uint64_t due = uptime_ms * application->chatty_per_s / 1000;
	for (; application->chatted < due; application->chatted++) {
		mu_agent_log_line(application->agent, MU__LOG_LEVEL__LOG_WARNING, "app", "what=chatter", uptime_ms);
		mu_agent_event(application->agent, "chatter", 0, (int64_t)application->chatted, uptime_ms);
	}
}

void mu_application_step(struct mu_application *application, struct mu_dice *dice, uint64_t uptime_ms)
{
	if (uptime_ms < application->due_ms)
		return;
	application->due_ms = uptime_ms + application->period_ms;
	for (unsigned i = 0; i < application->count; i++)
		if (application->tasks[i].token >= 0 && !(application->tasks[i].hangs && uptime_ms >= application->hang_ms))
			mu_agent_check_in(application->agent, application->tasks[i].token, uptime_ms);
	chat(application, uptime_ms);
	mu_agent_metric_integer(application->agent, application->metric_loops, ++application->loops);
	mu_agent_metric_real(application->agent, application->metric_celsius,
		mu_walk_value(&application->temperature, dice, uptime_ms) / 10.0);
}
