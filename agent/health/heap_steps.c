// SPDX-License-Identifier: Apache-2.0
#include "agent/health/heap_steps.h"
#include <string.h>

enum {
	ENOUGH_CYCLES = 3,  // to believe a mean
	CYCLES_MAX = 256,   // then all sums are halved: what is recent counts
	TAKEN_WEIGHT = 8,
	ABOUT_BYTES = 32,   // "about what is lost": within a quarter and this
};

// Give back by themselves what they needed.
enum { TAKE_NOTHING = 1 << MU_HEAP_STEP_SCAN | 1 << MU_HEAP_STEP_ADDRESS | 1 << MU_HEAP_STEP_SNTP | 1 << MU_HEAP_STEP_NAME };

const char *mu_heap_step_name(enum mu_heap_step step)
{
	static const char *const names[] = {
		"scan", "associate", "address", "sntp", "name", "tcp", "tls", "mqtt", "own_ap", "close", "none",
	};
	_Static_assert(sizeof names / sizeof *names == MU_HEAP_STEP_COUNT + 1, "a name each");
	return names[(unsigned)step < MU_HEAP_STEP_COUNT ? step : MU_HEAP_STEP_COUNT];
}

void mu_heap_steps_init(struct mu_heap_steps *steps)
{
	*steps = (struct mu_heap_steps){ .next = MU_HEAP_STEP_NONE };
}

static void move_to(struct mu_heap_steps *steps, struct mu_heap_mark mark)
{
	steps->last_units = mu_heap_units(mark.free_bytes);
	steps->last_low_units = mu_heap_units(mark.low_bytes);
}

void mu_heap_steps_idle(struct mu_heap_steps *steps, struct mu_heap_mark mark)
{
	if (steps->next == MU_HEAP_STEP_NONE)
		move_to(steps, mark);
}

static void note(struct mu_heap_steps *steps, enum mu_heap_step step, struct mu_heap_mark mark)
{
	struct mu_heap_step_note *note = &steps->note[step];
	steps->present |= (uint16_t)(1u << step);
	if (steps->last_units == 0) { // the first of all: nobody knows where it began
		move_to(steps, mark);
		return;
	}
	note->before_units = steps->last_units;
	note->before_low_units = steps->last_low_units;
	move_to(steps, mark);
	note->after_units = steps->last_units;
	note->after_low_units = steps->last_low_units;
	int32_t taken = ((int32_t)note->before_units - note->after_units) * MU_HEAP_UNIT_BYTES;
	note->taken_bytes = note->seen ? note->taken_bytes + (taken - note->taken_bytes) / TAKEN_WEIGHT : taken;
	note->seen += note->seen < UINT16_MAX;
}

// What comes after this step of opening a session.
static uint8_t step_after(const struct mu_heap_steps *steps, enum mu_heap_step step)
{
	if (step == MU_HEAP_STEP_TCP && !steps->tls)
		return MU_HEAP_STEP_MQTT;
	return step == MU_HEAP_STEP_MQTT ? MU_HEAP_STEP_NONE : (uint8_t)(step + 1);
}

void mu_heap_steps_end(struct mu_heap_steps *steps, enum mu_heap_step step, struct mu_heap_mark mark)
{
	if (step == MU_HEAP_STEP_CLOSE && steps->next != MU_HEAP_STEP_NONE) {
		steps->present |= (uint16_t)(1u << steps->next); // it failed in the middle
		steps->next = MU_HEAP_STEP_NONE;
	}
	if (step >= MU_HEAP_STEP_NAME && step <= MU_HEAP_STEP_MQTT) {
		if (steps->next == MU_HEAP_STEP_NONE)
			return; // of a session that is closed already
		steps->next = step_after(steps, step);
	}
	note(steps, step, mark);
}

void mu_heap_steps_pass(struct mu_heap_steps *steps, enum mu_heap_step step)
{
	const struct mu_heap_mark same = { steps->last_units * MU_HEAP_UNIT_BYTES, steps->last_low_units * MU_HEAP_UNIT_BYTES };
	mu_heap_steps_end(steps, step, same);
}

// ---- cycles

static void halve(struct mu_heap_steps *steps)
{
	steps->cycles /= 2;
	steps->loss_bytes /= 2;
	for (int i = 0; i < MU_HEAP_STEP_COUNT; i++) {
		steps->note[i].cycles /= 2;
		steps->note[i].loss_bytes /= 2;
	}
}

static void count_cycle(struct mu_heap_steps *steps, int32_t loss_bytes)
{
	if (steps->cycles >= CYCLES_MAX)
		halve(steps);
	steps->cycles++;
	steps->loss_bytes += loss_bytes;
	for (int i = 0; i < MU_HEAP_STEP_COUNT; i++)
		if (steps->present & (1u << i)) {
			steps->note[i].cycles++;
			steps->note[i].loss_bytes += loss_bytes;
		}
}

static void push(struct mu_heap_cycles *level, uint32_t stride, uint16_t units)
{
	if (units > level->high_units)
		level->high_units = units;
	if (++level->cycles < stride)
		return;
	mu_heap_line_push(&level->line, level->high_units);
	level->high_units = 0;
	level->cycles = 0;
}

_Static_assert(MU_HEAP_STEPS_FACTOR == 4, "bytes a cycle are shifted by two bits a level");

void mu_heap_steps_open(struct mu_heap_steps *steps, bool tls, struct mu_heap_mark mark)
{
	uint16_t units = mu_heap_units(mark.free_bytes);
	if (steps->started)
		count_cycle(steps, ((int32_t)steps->opened_units - units) * MU_HEAP_UNIT_BYTES);
	uint32_t stride = 1;
	for (int i = 0; i < MU_HEAP_STEPS_LEVELS; i++, stride *= MU_HEAP_STEPS_FACTOR)
		push(&steps->level[i], stride, units);
	steps->started = true;
	steps->tls = tls;
	steps->next = MU_HEAP_STEP_NAME;
	steps->present = 0;
	steps->opened_units = units;
	move_to(steps, mark);
}

// The first level that calls a leak; MU_HEAP_STEPS_LEVELS: none.
static int leaking_level(const struct mu_heap_steps *steps)
{
	int i = 0;
	while (i < MU_HEAP_STEPS_LEVELS && !steps->level[i].line.leaking)
		i++;
	return i;
}

bool mu_heap_steps_leaking(const struct mu_heap_steps *steps)
{
	return leaking_level(steps) < MU_HEAP_STEPS_LEVELS;
}

// ---- who it is

static int32_t mean(int32_t sum, uint32_t count)
{
	return count ? sum / (int32_t)count : 0;
}

// Most that the cycles with any one step lose.
static int32_t worst_mean(const struct mu_heap_steps *steps)
{
	int32_t worst = 0;
	for (int i = 0; i < MU_HEAP_STEP_COUNT; i++) {
		int32_t with = mean(steps->note[i].loss_bytes, steps->note[i].cycles);
		if (steps->note[i].cycles >= ENOUGH_CYCLES && with > worst)
			worst = with;
	}
	return worst;
}

// The next step of opening a session that there is on this device; MU_HEAP_STEP_OWN: none.
static int chain_after(const struct mu_heap_steps *steps, int step)
{
	return step == MU_HEAP_STEP_TCP && steps->note[MU_HEAP_STEP_TLS].cycles == 0 ? (int)MU_HEAP_STEP_MQTT : step + 1;
}

// Mean loss of the cycles that came into one step of opening and not into the next. False: there are too few.
static bool mean_that_failed_in(const struct mu_heap_steps *steps, int step, int32_t *loss)
{
	int next = chain_after(steps, step);
	if (step < MU_HEAP_STEP_NAME || next > MU_HEAP_STEP_MQTT)
		return false;
	uint32_t count = (uint32_t)(steps->note[step].cycles - steps->note[next].cycles);
	*loss = mean(steps->note[step].loss_bytes - steps->note[next].loss_bytes, count);
	return count >= ENOUGH_CYCLES;
}

// Cycles that never came to it lose the same, or cycles that had it behind them lose nothing.
static bool is_acquitted(const struct mu_heap_steps *steps, int step, int32_t with)
{
	const struct mu_heap_step_note *note = &steps->note[step];
	int32_t loss = 0;
	if (step < MU_HEAP_STEP_NAME || step == MU_HEAP_STEP_OWN) {
		uint32_t without = (uint32_t)(steps->cycles - note->cycles);
		return without >= ENOUGH_CYCLES && mean(steps->loss_bytes - note->loss_bytes, without) >= with / 2;
	}
	int before = step == MU_HEAP_STEP_MQTT && steps->note[MU_HEAP_STEP_TLS].cycles == 0 ? (int)MU_HEAP_STEP_TCP : step - 1;
	if (mean_that_failed_in(steps, before, &loss) && loss >= with / 2)
		return true;
	return mean_that_failed_in(steps, chain_after(steps, step), &loss) && loss < with / 2;
}

static bool is_suspect(const struct mu_heap_steps *steps, int step, int32_t worst)
{
	const struct mu_heap_step_note *note = &steps->note[step];
	int32_t with = mean(note->loss_bytes, note->cycles);
	if (step == MU_HEAP_STEP_CLOSE || note->cycles < ENOUGH_CYCLES || with < worst / 4 * 3)
		return false;
	return !is_acquitted(steps, step, with);
}

static bool takes_what_is_lost(const struct mu_heap_step_note *note, int step)
{
	int32_t lost = mean(note->loss_bytes, note->cycles);
	int32_t off = note->taken_bytes - lost;
	return TAKE_NOTHING >> step & 1 && (off < 0 ? -off : off) <= lost / 4 + ABOUT_BYTES;
}

enum mu_heap_step mu_heap_steps_culprit(const struct mu_heap_steps *steps, int32_t *bytes)
{
	int level = leaking_level(steps);
	*bytes = 0;
	if (level == MU_HEAP_STEPS_LEVELS)
		return MU_HEAP_STEP_NONE;
	*bytes = mu_heap_line_loss(&steps->level[level].line) / ((MU_HEAP_TREND_WINDOWS - 1) << 2 * level); // a factor of 4 a level
	enum mu_heap_step culprit = MU_HEAP_STEP_CLOSE; // each step is acquitted: what all cycles have in common is that they end
	int32_t worst = worst_mean(steps), most = INT32_MIN;
	for (int i = 0; i < MU_HEAP_STEP_COUNT; i++) {
		const struct mu_heap_step_note *note = &steps->note[i];
		if (!is_suspect(steps, i, worst))
			continue;
		if (takes_what_is_lost(note, i))
			return (enum mu_heap_step)i;
		if (note->taken_bytes <= most)
			continue;
		culprit = (enum mu_heap_step)i;
		most = note->taken_bytes;
	}
	return culprit;
}
