// SPDX-License-Identifier: Apache-2.0
#include "agent/actions.h"
#include "agent/agent_state.h"
#include "agent/connectivity.h"
#include "agent/deadline.h"
#include "agent/reporting.h"
#include "agent/timekeeping.h"
#include "proto/text.h"
#include <string.h>

size_t mu_agent_size(void)
{
	return sizeof(struct mu_agent);
}

// ---------------------------------------------------------------- init

// One row a number of the configuration: 0 becomes the default, anything else must lie within.
static const struct {
	size_t offset;
	uint32_t standard, least, most;
	const char *problem;
} numbers[] = {
	{ offsetof(struct mu_agent_config, heartbeat_ms), 60000, 1000, 86400000, "heartbeat_ms is not within 1 000 .. 86 400 000" },
	{ offsetof(struct mu_agent_config, liveness_ms), 30000, 1000, 3600000, "liveness_ms is not within 1 000 .. 3 600 000" },
	{ offsetof(struct mu_agent_config, reconnect_spread_s), 15, 1, 3600, "reconnect_spread_s is not within 1 .. 3 600" },
	{ offsetof(struct mu_agent_config, keepalive_s), 30, 5, 300, "keepalive_s is not within 5 .. 300" },
	{ offsetof(struct mu_agent_config, batch_bytes), MU_AGENT_BATCH_BYTES, 512, MU_UPLINK_BYTES_MAX,
		"batch_bytes is not within 512 .. 16 384" },
	{ offsetof(struct mu_agent_config, heap_floor_bytes), 32768, 1, UINT32_MAX, "" },
};

static int refuse(const char **problem, int error, const char *text)
{
	if (problem)
		*problem = text;
	return error;
}

// Within the general range: what the buffer at hand allows.
static int check_batch(const struct mu_agent_config *config, const char **problem)
{
	if (config->batch && config->batch_bytes < MU_UPLINK_BUFFER_MIN)
		return refuse(problem, MU_ERR_RANGE, "batch_bytes is below 2 112, one record's worth");
	if (!config->batch && config->batch_bytes > MU_AGENT_BATCH_BYTES)
		return refuse(problem, MU_ERR_RANGE, "batch_bytes is above 4 096 and there is no batch");
	return 0;
}

static int take_config(struct mu_agent *agent, const struct mu_agent_config *config, const char **problem)
{
	if (!config->id || !config->firmware || !config->broker_uri)
		return refuse(problem, MU_ERR_INVALID, "id, firmware or broker_uri is missing");
	if (!mu_id_valid(config->id))
		return refuse(problem, MU_ERR_INVALID, "id is not [A-Za-z0-9_-]{1,32}");
	agent->config = *config;
	for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
		uint32_t *number = (uint32_t *)(void *)((uint8_t *)&agent->config + numbers[i].offset);
		if (!*number)
			*number = numbers[i].standard;
		if (*number < numbers[i].least || *number > numbers[i].most)
			return refuse(problem, MU_ERR_RANGE, numbers[i].problem);
	}
	if (check_batch(&agent->config, problem) < 0)
		return MU_ERR_RANGE;
	memcpy(agent->id, config->id, strlen(config->id) + 1);
	mu_text_copy(agent->firmware, sizeof agent->firmware, config->firmware);
	return 0;
}

static struct mu_ladder_budget *budget_of(const struct mu_agent *agent)
{
	return (struct mu_ladder_budget *)(void *)(agent->retained + MU_AGENT_BUDGET_OFFSET);
}

static int take_retained(struct mu_agent *agent, const char **problem)
{
	bool survives = false;
	agent->retained = agent->port->system->retained(agent->port->context, &survives);
	if (!agent->retained)
		return refuse(problem, MU_ERR_INVALID, "system.retained gives no memory");
	if (!survives)
		mu_ladder_budget_lost(budget_of(agent));
	struct mu_boot_memory *memory = (struct mu_boot_memory *)(void *)agent->retained;
	agent->flash_faults += mu_boot_history_open(&agent->boots, agent->port, memory, agent->config.elf_sha) < 0;
	return 0;
}

// The slots come first: in a boot loop this may be all that there is time for. MU_ERR_STATE: a restart was asked for.
static int take_slots(struct mu_agent *agent)
{
	mu_stores_open(agent, MU_STORE_SLOTS);
	int loop = mu_boot_guard_start(&agent->guard, agent->port, mu_boot_history_crashed(&agent->boots));
	agent->flash_faults += loop < 0;
	if (loop != 1 || !agent->has_slots || mu_rollback_boot_loop(&agent->rollback) != 1)
		return 0;
	mu_boot_guard_acted(&agent->guard);
	mu_agent_log(agent, MU__LOG_LEVEL__LOG_ERROR, "what=boot_loop action=rollback");
	mu_agent_restart(agent, MU__RESET_CAUSE__CAUSE_BOOT_LOOP, 0, 0);
	return MU_ERR_STATE;
}

static int take_network(struct mu_agent *agent, const char **problem)
{
	struct mu_session_config session = {
		.id = agent->id,
		.uri = agent->config.broker_uri,
		.user = agent->config.user,
		.password = agent->config.password,
		.keepalive_s = agent->config.keepalive_s,
	};
	if (mu_session_init(&agent->session, agent->port, &session) < 0)
		return refuse(problem, MU_ERR_INVALID, "broker_uri is neither mqtt://HOST:PORT nor mqtts://HOST:PORT");
	int error = mu_link_init(&agent->link, agent->port, agent->config.link, problem);
	if (error < 0)
		return error;
	mu_socket_guard_init(agent);
	mu_ladder_init(&agent->ladder, budget_of(agent), agent->config.reconnect_spread_s * 1000);
	mu_netwatch_init(&agent->netwatch, agent->config.keepalive_s, agent->config.heartbeat_ms);
	return 0;
}

int mu_agent_init(struct mu_agent *agent, const struct mu_agent_config *config, const struct mu_port *port, const char **problem)
{
	const char *missing = 0;
	if (mu_port_check(port, &missing) < 0)
		return refuse(problem, MU_ERR_INVALID, missing);
	memset(agent, 0, sizeof *agent);
	agent->port = port;
	agent->link_outage.since_ms = agent->session_outage.since_ms = UINT64_MAX;
	int error = take_config(agent, config, problem);
	if (error < 0)
		return error;
	error = mu_timekeeping_init(agent, problem);
	if (error < 0)
		return error;
	mu_inbox_init(&agent->inbox);
	mu_logbook_init(&agent->logbook);
	error = take_retained(agent, problem);
	if (error < 0)
		return error;
	error = take_slots(agent);
	if (error < 0)
		return refuse(problem, error, "going back to the other slot: boot loop");
	mu_vitals_init(&agent->vitals);
	mu_heap_watch_init(&agent->heap_watch);
	mu_liveness_init(&agent->liveness);
	mu_app_metrics_init(&agent->app);
	mu_heartbeat_init(&agent->heartbeat, agent->id, agent->config.heartbeat_ms);
	mu_command_init(&agent->command, port, &agent->keys, agent->id);
	mu_stores_open(agent, MU_STORE_SPOOL | MU_STORE_KEYS | MU_STORE_COMMANDS);
	if (!agent->has_spool && !agent->stores.missing)
		agent->flash_faults++; // there is none: no less a fault
	mu_overrides_init(&agent->overrides, port, MU__LOG_LEVEL__LOG_WARNING, 0);
	error = take_network(agent, problem);
	if (error < 0)
		return error;
	agent->watchdog_armed = port->watchdog->arm(port->context, MU_AGENT_WATCHDOG_MS) >= 0;
	return 0;
}

// ---------------------------------------------------------------- step

static void begin(struct mu_agent *agent, uint64_t now_ms)
{
	agent->began = true;
	agent->cost.window_ms = now_ms;
	agent->health_due_ms = now_ms;
	agent->stores.due_ms = now_ms + MU_STORES_RETRY_MS;
	mu_timekeeping_begin(agent, now_ms);
	mu_report_boot(agent, now_ms);
	if (!agent->key_count)
		mu_agent_log(agent, MU__LOG_LEVEL__LOG_WARNING, "what=no_keys effect=every_command_is_refused");
	mu_actions_resume(agent, now_ms);
	mu_connectivity_post(agent, MU_LADDER_BEGIN, 0, now_ms);
}

static void handle_events(struct mu_agent *agent, uint64_t now_ms)
{
	struct mu_event event;
	while (!agent->stopped) {
		agent->port->system->lock(agent->port->context);
		int taken = mu_inbox_take(&agent->inbox, &event);
		agent->port->system->unlock(agent->port->context);
		if (!taken)
			return;
		mu_heap_watch_event(agent, &event);
		mu_timekeeping_event(agent, &event, now_ms);
		if (mu_connectivity_event(agent, &event, now_ms))
			mu_actions_command(agent, &event, now_ms);
	}
}

static void judge(struct mu_agent *agent, uint64_t now_ms)
{
	struct mu_verdict_input input = {
		.system = agent->vitals.has_system ? &agent->vitals.system : 0,
		.heap_leaking = mu_heap_trend_leaking(&agent->vitals.trend),
		.gates = &agent->sockets.registry.gates,
		.heap_starved = agent->session.refused_from_ms != UINT64_MAX && agent->session.refusal == MU_ERR_NO_MEMORY,
		.reconnect_leaking = mu_heap_steps_leaking(&agent->heap_watch.steps),
		.has_rssi = agent->vitals.has_link,
		.rssi_dbm = agent->vitals.link.rssi_dbm,
		.close_call = agent->tokens.close_calls != 0,
		.losses = mu_losses_count(&agent->losses, now_ms),
		.has_spool = agent->has_spool,
		.spool_used_permille = mu_spool_used_permille(&agent->spool),
		.flash_faults = agent->flash_faults + mu_spool_faults(&agent->spool) + agent->boots.shadow_faults +
			agent->command.memory.store_faults + agent->command.key_faults + agent->overrides.store_faults +
			agent->slots.unread,
	};
	agent->verdict = mu_verdict_judge(agent->verdict, &input);
}

// Keeps who is about to go stale: should this loop hang, too, the next boot can name it. Close calls stay until a heartbeat has told them.
static void look_at_tokens(struct mu_agent *agent, uint64_t now_ms)
{
	uint32_t close_calls = agent->tokens.close_calls;
	agent->port->system->lock(agent->port->context);
	agent->tokens = mu_liveness_look(&agent->liveness, now_ms);
	agent->port->system->unlock(agent->port->context);
	agent->tokens.close_calls |= close_calls;
	int suspect = agent->tokens.suspect;
	mu_boot_history_suspect(&agent->boots, suspect == MU_LIVENESS_NONE ? 0 : mu_liveness_name(&agent->liveness, suspect));
}

// Vitals, verdict, watchdog. A stale token ends here: at its deadline, or with the next second if it was registered meanwhile.
static void health_loop(struct mu_agent *agent, uint64_t now_ms)
{
	look_at_tokens(agent, now_ms);
	if (agent->tokens.stale != MU_LIVENESS_NONE) {
		mu_agent_log(agent, MU__LOG_LEVEL__LOG_ERROR, "what=liveness action=restart");
		mu_agent_restart(agent, MU__RESET_CAUSE__CAUSE_LIVENESS, mu_liveness_name(&agent->liveness, agent->tokens.stale), now_ms);
		return;
	}
	agent->port->watchdog->feed(agent->port->context);
	if (now_ms < agent->health_due_ms)
		return;
	agent->health_due_ms = now_ms + MU_AGENT_HEALTH_PERIOD_MS;
	mu_stores_step(agent, now_ms);
	mu_vitals_sample(&agent->vitals, agent->port, now_ms);
	mu_socket_guard_sampled(agent);
	mu_heap_watch_step(agent, now_ms);
	judge(agent, now_ms);
	uint32_t heap_low = agent->vitals.has_system ? agent->vitals.heap_low_bytes : UINT32_MAX;
	mu_boot_history_keep(&agent->boots, now_ms, heap_low);
	agent->flash_faults += mu_boot_guard_step(&agent->guard, now_ms) < 0;
	// A rescue boot that has proved itself: otadata shall name what runs, or each reset tries the broken one first.
	if (agent->has_slots && agent->slots.rescue && agent->guard.good && !agent->repair_tried) {
		agent->repair_tried = true; // once a boot: flash that refuses must not be worn each second
		agent->flash_faults += mu_slots_repair(&agent->slots) < 0;
	}
}

static void report(struct mu_agent *agent, uint64_t now_ms)
{
	if (now_ms < mu_heartbeat_next(&agent->heartbeat))
		return;
	if (!agent->boots.reported || agent->app.named < agent->app.count)
		mu_report_boot(agent, now_ms); // it was not stored, or metrics were registered after it: another one names them
	mu_logbook_tell(agent, now_ms);
	mu_report_spool(agent, now_ms);
	mu_report_close_calls(agent, now_ms);
	bool diagnosing = mu_overrides_active(&agent->overrides, MU_OVERRIDE_DIAGNOSE);
	mu_heap_watch_diagnose(agent, diagnosing, now_ms);
	if (diagnosing)
		mu_heartbeat_full(&agent->heartbeat);
	if (mu_report_heartbeat(agent, now_ms) && agent->has_slots)
		mu_rollback_heartbeat(&agent->rollback);
}

// When the parts want to be called again.
static uint64_t next_due(struct mu_agent *agent, uint64_t now_ms)
{
	bool verifying = agent->has_slots && agent->slots.check == MU_SLOTS_CHECK_RUNNING;
	uint64_t next_ms = mu_actions_step(agent, now_ms);
	if (!agent->stopped)
		next_ms = mu_earlier(next_ms, mu_socket_guard_step(agent, now_ms));
	if (!agent->stopped)
		next_ms = mu_earlier(next_ms, mu_connectivity_step(agent, now_ms));
	if (!agent->stopped)
		next_ms = mu_earlier(next_ms, mu_timekeeping_step(agent, now_ms));
	if (agent->stopped)
		return UINT64_MAX;
	next_ms = mu_earlier(next_ms, mu_uplink_step(&agent->uplink, now_ms));
	next_ms = mu_earlier(next_ms, mu_earlier(agent->health_due_ms, agent->tokens.next_ms));
	next_ms = mu_earlier(next_ms, mu_heartbeat_next(&agent->heartbeat));
	return verifying ? now_ms : next_ms;
}

static uint64_t work(struct mu_agent *agent, uint64_t now_ms)
{
	if (!agent->began)
		begin(agent, now_ms);
	handle_events(agent, now_ms);
	if (!agent->stopped)
		health_loop(agent, now_ms);
	if (agent->stopped)
		return UINT64_MAX;
	if (agent->has_slots)
		mu_slots_step(&agent->slots, MU_SLOTS_STEP_BYTES);
	report(agent, now_ms);
	return next_due(agent, now_ms);
}

uint64_t mu_agent_step(struct mu_agent *agent, uint64_t now_ms)
{
	if (agent->stopped)
		return UINT64_MAX;
	agent->logbook.now_ms = now_ms;
	uint64_t start_us = agent->port->clock->cpu_us(agent->port->context);
	uint64_t next_ms = work(agent, now_ms);
	uint32_t used_us = (uint32_t)(agent->port->clock->cpu_us(agent->port->context) - start_us);
	agent->cost.busy_us += used_us;
	if (used_us > agent->cost.step_max_us)
		agent->cost.step_max_us = used_us;
	return next_ms;
}

// ---------------------------------------------------------------- from outside

int mu_agent_post(struct mu_agent *agent, const struct mu_event *event)
{
	agent->port->system->lock(agent->port->context);
	int result = mu_inbox_put(&agent->inbox, event);
	agent->port->system->unlock(agent->port->context);
	return result;
}

int mu_agent_token(struct mu_agent *agent, const char *name, uint32_t deadline_ms, uint64_t now_ms)
{
	agent->port->system->lock(agent->port->context);
	int token = mu_liveness_add(&agent->liveness, name, deadline_ms ? deadline_ms : agent->config.liveness_ms, now_ms);
	agent->port->system->unlock(agent->port->context);
	return token;
}

void mu_agent_check_in(struct mu_agent *agent, int token, uint64_t now_ms)
{
	agent->port->system->lock(agent->port->context);
	mu_liveness_check_in(&agent->liveness, token, now_ms);
	agent->port->system->unlock(agent->port->context);
}

void mu_agent_rest(struct mu_agent *agent, int token)
{
	agent->port->system->lock(agent->port->context);
	mu_liveness_rest(&agent->liveness, token);
	agent->port->system->unlock(agent->port->context);
}

int mu_agent_metric(struct mu_agent *agent, const char *name)
{
	return mu_app_metrics_add(&agent->app, name);
}

int mu_agent_metric_integer(struct mu_agent *agent, int metric, int64_t value)
{
	return mu_app_metrics_integer(&agent->app, metric, value);
}

int mu_agent_metric_real(struct mu_agent *agent, int metric, double value)
{
	return mu_app_metrics_real(&agent->app, metric, value);
}

int mu_agent_local_time(const struct mu_agent *agent, uint64_t now_ms, struct mu_local_time *out)
{
	uint64_t wall_ms = mu_clock_wall_ms(&agent->clock, now_ms);
	if (!wall_ms)
		return MU_ERR_NOT_FOUND;
	static const struct mu_time_zone utc;
	mu_time_zone_local(agent->config.zone ? agent->config.zone : &utc, (int64_t)(wall_ms / 1000), out);
	return mu_clock_quality(&agent->clock);
}
