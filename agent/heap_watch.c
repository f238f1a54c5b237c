// SPDX-License-Identifier: Apache-2.0
#include "agent/heap_watch.h"
#include "agent/agent_state.h"
#include "agent/reporting.h"
#include "proto/limits.h"
#include "proto/text.h"
#include <string.h>

void mu_heap_watch_init(struct mu_heap_watch *watch)
{
	*watch = (struct mu_heap_watch){ .told = MU_HEAP_STEP_NONE };
	mu_heap_steps_init(&watch->steps);
}

// False: the port cannot say, and nothing is noted.
static bool look(struct mu_agent *agent, struct mu_heap_mark *mark)
{
	struct mu_system_vitals system;
	memset(&system, 0, sizeof system);
	if (agent->port->system->vitals(agent->port->context, &system) < 0)
		return false;
	*mark = (struct mu_heap_mark){ .free_bytes = system.heap_free_bytes, .low_bytes = system.heap_min_bytes };
	return true;
}

static void end(struct mu_agent *agent, enum mu_heap_step step)
{
	struct mu_heap_mark mark;
	if (look(agent, &mark))
		mu_heap_steps_end(&agent->heap_watch.steps, step, mark);
}

// The step that an event ends.
static enum mu_heap_step step_of(const struct mu_event *event)
{
	static const struct {
		uint8_t type, step; // enum mu_event_type, enum mu_heap_step
	} rows[] = {
		{ MU_EVENT_LINK_ASSOCIATED, MU_HEAP_STEP_ASSOCIATE },
		{ MU_EVENT_LINK_UP, MU_HEAP_STEP_ADDRESS },
		{ MU_EVENT_SCAN_DONE, MU_HEAP_STEP_SCAN },
		{ MU_EVENT_UDP_ANSWER, MU_HEAP_STEP_SNTP },
		{ MU_EVENT_UDP_FAILED, MU_HEAP_STEP_SNTP },
		{ MU_EVENT_MQTT_OPEN, MU_HEAP_STEP_MQTT },
		{ MU_EVENT_MQTT_CLOSED, MU_HEAP_STEP_CLOSE },
	};
	if (event->type == MU_EVENT_MQTT_PHASE)
		return event->value >= 0 && event->value <= MU_MQTT_PHASE_TLS ? MU_HEAP_STEP_NAME + (enum mu_heap_step)event->value
									      : MU_HEAP_STEP_NONE;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		if (rows[i].type == event->type)
			return (enum mu_heap_step)rows[i].step;
	return MU_HEAP_STEP_NONE;
}

_Static_assert((int)MU_HEAP_STEP_TCP == (int)MU_HEAP_STEP_NAME + MU_MQTT_PHASE_TCP &&
		(int)MU_HEAP_STEP_TLS == (int)MU_HEAP_STEP_NAME + MU_MQTT_PHASE_TLS,
	"the steps of opening are in the order of its phases");

// The next event ends a step of the same opening: both were over before anybody looked, as on a quick wire.
static bool next_is_over(struct mu_agent *agent)
{
	const struct mu_inbox *inbox = &agent->inbox;
	agent->port->system->lock(agent->port->context);
	uint8_t next = inbox->count ? inbox->events[inbox->first].type : (uint8_t)MU_EVENT_LINK_ASSOCIATED;
	agent->port->system->unlock(agent->port->context);
	return next == MU_EVENT_MQTT_PHASE || next == MU_EVENT_MQTT_OPEN;
}

void mu_heap_watch_event(struct mu_agent *agent, const struct mu_event *event)
{
	enum mu_heap_step step = step_of(event);
	if (step == MU_HEAP_STEP_CLOSE && agent->session.phase == MU_SESSION_CLOSED)
		return; // the agent had been quicker
	if (event->type == MU_EVENT_MQTT_PHASE && next_is_over(agent))
		mu_heap_steps_pass(&agent->heap_watch.steps, step); // a look now would give it what the next one took
	else if (step != MU_HEAP_STEP_NONE)
		end(agent, step);
}

int mu_heap_watch_session(struct mu_agent *agent, int admitted, uint64_t now_ms)
{
	struct mu_heap_mark mark;
	bool looked = look(agent, &mark);
	int err = mu_session_open(&agent->session, admitted, now_ms);
	if (looked && err >= 0) // a session that was refused is no cycle
		mu_heap_steps_open(&agent->heap_watch.steps, mu_session_is_tls(&agent->session), mark);
	return err;
}

void mu_heap_watch_closed(struct mu_agent *agent)
{
	end(agent, MU_HEAP_STEP_CLOSE);
}

static void tell(struct mu_agent *agent, uint64_t now_ms)
{
	struct mu_heap_watch *watch = &agent->heap_watch;
	int32_t bytes = 0;
	enum mu_heap_step culprit = mu_heap_steps_culprit(&watch->steps, &bytes);
	bool is_news = culprit != (enum mu_heap_step)watch->told || bytes >= 2 * watch->told_bytes;
	bool is_time = watch->told == MU_HEAP_STEP_NONE || now_ms - watch->told_ms >= MU_HEAP_WATCH_EVERY_MS;
	if (culprit == MU_HEAP_STEP_NONE || !is_news || !is_time)
		return;
	if (!mu_report_event(agent, "heap_step", mu_heap_step_name(culprit), bytes, now_ms))
		return; // not stored: tried again with the next second
	watch->told = (uint8_t)culprit;
	watch->told_bytes = bytes;
	watch->told_ms = now_ms;
}

void mu_heap_watch_step(struct mu_agent *agent, uint64_t now_ms)
{
	struct mu_heap_watch *watch = &agent->heap_watch;
	if (!agent->vitals.has_system)
		return;
	struct mu_heap_mark mark = {
		.free_bytes = agent->vitals.system.heap_free_bytes,
		.low_bytes = agent->vitals.system.heap_min_bytes,
	};
	if (watch->serving != agent->link.own.serving) {
		watch->serving = agent->link.own.serving;
		mu_heap_steps_end(&watch->steps, MU_HEAP_STEP_OWN, mark);
	}
	// Without a link the radio may be at work on the next: its step has begun where the last one ended.
	if (agent->vitals.has_link)
		mu_heap_steps_idle(&watch->steps, mark);
	tell(agent, now_ms);
}

// What one cycle takes, step by step, and in value what its close gives back. A figure that has no room is left out, the last ones first.
void mu_heap_watch_diagnose(struct mu_agent *agent, bool holds, uint64_t now_ms)
{
	struct mu_heap_watch *watch = &agent->heap_watch;
	const struct mu_heap_step_note *note = watch->steps.note;
	char text[MU_EVENT_TEXT_MAX + 1] = "";
	if (!holds)
		watch->diagnosed_ms = 0;
	if (!holds || (watch->diagnosed_ms && now_ms - watch->diagnosed_ms < MU_HEAP_WATCH_EVERY_MS))
		return;
	for (int i = 0; i < MU_HEAP_STEP_CLOSE; i++)
		if (note[i].seen)
			mu_text_field(text, sizeof text, mu_heap_step_name((enum mu_heap_step)i), note[i].taken_bytes);
	if (*text && mu_report_event(agent, "heap_steps", text, -(int64_t)note[MU_HEAP_STEP_CLOSE].taken_bytes, now_ms))
		watch->diagnosed_ms = now_ms;
}
