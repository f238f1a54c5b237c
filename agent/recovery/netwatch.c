// SPDX-License-Identifier: Apache-2.0
#include "agent/recovery/netwatch.h"

#include <stddef.h>

// How long without an answer, counted while the link is up, until each step. Read it from the top; the last row repeats.
static const struct step {
	uint64_t silent_ms;
	enum mu_netwatch_due due;
} steps[] = {
	{ MU_NETWATCH_LINK_MS, MU_NETWATCH_DEAD_LINK },
	{ MU_NETWATCH_RADIO_MS, MU_NETWATCH_DEAD_RADIO },
	{ MU_NETWATCH_DEVICE_MS, MU_NETWATCH_DEAD_DEVICE },
};
enum { STEP_COUNT = sizeof steps / sizeof *steps };

void mu_netwatch_init(struct mu_netwatch *watch, uint32_t keepalive_s, uint32_t interval_ms)
{
	*watch = (struct mu_netwatch){
		.keepalive_ms = keepalive_s * 1000,
		.interval_ms = interval_ms,
		.unacked_from_ms = UINT64_MAX,
	};
}

void mu_netwatch_interval(struct mu_netwatch *watch, uint32_t interval_ms)
{
	watch->interval_ms = interval_ms;
}

static uint64_t silent_ms(const struct mu_netwatch *watch, uint64_t now_ms)
{
	return watch->silent_ms + (watch->link_up ? now_ms - watch->silent_from_ms : 0);
}

void mu_netwatch_link(struct mu_netwatch *watch, bool up, uint64_t now_ms)
{
	watch->silent_ms = silent_ms(watch, now_ms);
	watch->silent_from_ms = now_ms;
	watch->link_up = up;
}

void mu_netwatch_answer(struct mu_netwatch *watch, uint64_t now_ms)
{
	watch->answer_ms = now_ms;
	watch->silent_ms = 0;
	watch->silent_from_ms = now_ms;
	watch->step = 0;
}

void mu_netwatch_session(struct mu_netwatch *watch, bool open, uint64_t now_ms)
{
	watch->session_open = open;
	watch->unacked_from_ms = UINT64_MAX;
	if (open)
		mu_netwatch_answer(watch, now_ms);
}

void mu_netwatch_puback(struct mu_netwatch *watch, uint64_t now_ms)
{
	mu_netwatch_answer(watch, now_ms);
	if (watch->unacked_from_ms == UINT64_MAX)
		watch->unacked_from_ms = now_ms;
}

void mu_netwatch_ack(struct mu_netwatch *watch, uint64_t now_ms)
{
	mu_netwatch_answer(watch, now_ms);
	watch->unacked_from_ms = UINT64_MAX;
	watch->no_ack_told = false;
}

static void at_most(uint64_t *next_ms, uint64_t deadline_ms)
{
	if (deadline_ms < *next_ms)
		*next_ms = deadline_ms;
}

static bool is_session_dead(struct mu_netwatch *watch, uint64_t now_ms, uint64_t *next_ms)
{
	if (!watch->session_open)
		return false;
	uint64_t deadline_ms = watch->answer_ms + watch->keepalive_ms + watch->keepalive_ms / 2;
	if (now_ms >= deadline_ms) {
		watch->session_open = false; // told; the ladder closes it
		watch->unacked_from_ms = UINT64_MAX;
		return true;
	}
	at_most(next_ms, deadline_ms);
	return false;
}

static bool is_ack_overdue(struct mu_netwatch *watch, uint64_t now_ms, uint64_t *next_ms)
{
	uint64_t wait_ms = (uint64_t)watch->interval_ms * 2;
	if (wait_ms < MU_NETWATCH_ACK_MS)
		wait_ms = MU_NETWATCH_ACK_MS;
	if (!watch->session_open || watch->unacked_from_ms == UINT64_MAX || watch->no_ack_told)
		return false;
	if (now_ms - watch->unacked_from_ms >= wait_ms) {
		watch->no_ack_told = true;
		return true;
	}
	at_most(next_ms, watch->unacked_from_ms + wait_ms);
	return false;
}

static enum mu_netwatch_due escalate(struct mu_netwatch *watch, uint64_t now_ms, uint64_t *next_ms)
{
	if (!watch->link_up || watch->session_open) // an open session is judged by is_session_dead()
		return MU_NETWATCH_FINE;
	const struct step *step = &steps[watch->step];
	uint64_t silent = silent_ms(watch, now_ms);
	if (silent < step->silent_ms) {
		at_most(next_ms, now_ms + (step->silent_ms - silent));
		return MU_NETWATCH_FINE;
	}
	if (watch->step + 1 < STEP_COUNT) {
		watch->step++;
	} else { // the last step again after as long a time
		watch->silent_ms = 0;
		watch->silent_from_ms = now_ms;
	}
	return step->due;
}

enum mu_netwatch_due mu_netwatch_step(struct mu_netwatch *watch, uint64_t now_ms, uint64_t *next_ms)
{
	enum mu_netwatch_due due = MU_NETWATCH_FINE;

	*next_ms = UINT64_MAX;
	if (is_session_dead(watch, now_ms, next_ms))
		due = MU_NETWATCH_DEAD_SESSION;
	if (due == MU_NETWATCH_FINE)
		due = escalate(watch, now_ms, next_ms);
	if (due == MU_NETWATCH_FINE && is_ack_overdue(watch, now_ms, next_ms))
		due = MU_NETWATCH_NO_ACK;
	if (due != MU_NETWATCH_FINE)
		*next_ms = now_ms; // there may be more
	return due;
}
