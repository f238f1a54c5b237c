// SPDX-License-Identifier: Apache-2.0
#include "alerts/engine/window.h"
#include "alerts/engine/bucket_ring.h"
#include <string.h>

#define MS_PER_S 1000.0

enum { STEP = 0x8000, CHANGES_MAX = STEP - 1 };

// The states. Numbers of 8 bytes first, then those of 4, then those of 2: the table at the end packs them by their counts.
struct total {
	uint64_t mark;
	double sum[SLOT_BUCKETS];
	uint32_t count[SLOT_BUCKETS];
};

struct extreme {
	uint64_t mark;
	double value[SLOT_BUCKETS];
};

struct delta {
	uint64_t mark, last_ms;
	double last, first[SLOT_BUCKETS];
	uint32_t first_ms[SLOT_BUCKETS]; // from the start of the bucket
};

// step: growth from the sample before the bucket to its first one; growth: from there to its last.
struct counter {
	uint64_t mark, last_ms;
	uint32_t last, boot;
	uint32_t first[SLOT_BUCKETS], first_ms[SLOT_BUCKETS], step[SLOT_BUCKETS], growth[SLOT_BUCKETS];
};

// Sums over the samples of a bucket; t in milliseconds from its first one.
struct slope {
	uint64_t mark;
	double t[SLOT_BUCKETS], x[SLOT_BUCKETS], tt[SLOT_BUCKETS], tx[SLOT_BUCKETS];
	uint32_t count[SLOT_BUCKETS], first_ms[SLOT_BUCKETS];
};

struct changes {
	uint64_t mark, last_ms;
	double last;
	uint16_t count[SLOT_BUCKETS]; // STEP: the first sample of the bucket differs from the one before; and how many behind it
};

struct events {
	uint64_t mark;
	uint16_t count[SLOT_EVENT_BUCKETS];
};

// What a function works on.
struct window {
	struct bucket_ring ring;
	uint64_t t_ms;
	uint32_t boot;
};

static uint32_t offset_ms(const struct window *w)
{
	return (uint32_t)(w->t_ms - bucket_ring_start(&w->ring, bucket_ring_number(&w->ring, w->t_ms)));
}

// When the first sample of a place was.
static uint64_t first_time(const struct window *w, uint64_t mark, unsigned place, uint32_t first_ms)
{
	return bucket_ring_start(&w->ring, bucket_ring_number_at(&w->ring, mark, place)) + first_ms;
}

static uint32_t add_u32(uint32_t a, uint32_t b)
{
	return a > UINT32_MAX - b ? UINT32_MAX : a + b;
}

static void add_value(const struct window *w, void *state, double x)
{
	struct window_value *value = state;
	if (w->t_ms >= value->at_ms)
		*value = (struct window_value){ w->t_ms, x };
}

static double read_value(const struct window *w, const void *state, enum rule_opcode code)
{
	const struct window_value *value = state;
	if (!value->at_ms)
		return NAN;
	if (code == OP_AGE)
		return w->t_ms > value->at_ms ? (double)(w->t_ms - value->at_ms) / MS_PER_S : 0;
	return window_last_value(state);
}

static void add_total(const struct window *w, void *state, double x)
{
	struct total *total = state;
	bool is_new;
	int i = bucket_ring_put(&w->ring, &total->mark, w->t_ms, &is_new);
	if (i < 0)
		return;
	total->sum[i] = is_new ? x : total->sum[i] + x;
	total->count[i] = is_new ? 1 : add_u32(total->count[i], 1);
}

static double read_total(const struct window *w, const void *state, enum rule_opcode code)
{
	const struct total *total = state;
	uint8_t places[BUCKET_RING_MAX];
	unsigned n = bucket_ring_places(&w->ring, total->mark, w->t_ms, places);
	double sum = 0, count = 0;
	for (unsigned i = 0; i < n; i++) {
		sum += total->sum[places[i]];
		count += total->count[places[i]];
	}
	if (!n)
		return NAN;
	if (code == OP_COUNT)
		return count;
	return code == OP_SUM ? sum : sum / count;
}

static void add_min(const struct window *w, void *state, double x)
{
	struct extreme *extreme = state;
	bool is_new;
	int i = bucket_ring_put(&w->ring, &extreme->mark, w->t_ms, &is_new);
	if (i >= 0 && (is_new || x < extreme->value[i]))
		extreme->value[i] = x;
}

static void add_max(const struct window *w, void *state, double x)
{
	struct extreme *extreme = state;
	bool is_new;
	int i = bucket_ring_put(&w->ring, &extreme->mark, w->t_ms, &is_new);
	if (i >= 0 && (is_new || x > extreme->value[i]))
		extreme->value[i] = x;
}

static double read_extreme(const struct window *w, const void *state, enum rule_opcode code)
{
	const struct extreme *extreme = state;
	uint8_t places[BUCKET_RING_MAX];
	unsigned n = bucket_ring_places(&w->ring, extreme->mark, w->t_ms, places);
	double best = NAN;
	for (unsigned i = 0; i < n; i++) {
		double x = extreme->value[places[i]];
		if (i == 0 || (code == OP_MIN ? x < best : x > best))
			best = x;
	}
	return best;
}

// Whether the window has two samples or more.
static bool has_two(uint64_t mark, const uint8_t *places, unsigned n)
{
	return n > 1 || (n == 1 && bucket_ring_has_many(mark, places[0]));
}

static void add_delta(const struct window *w, void *state, double x)
{
	struct delta *delta = state;
	bool is_new;
	int i = bucket_ring_put(&w->ring, &delta->mark, w->t_ms, &is_new);
	if (i < 0)
		return;
	uint32_t offset = offset_ms(w);
	if (is_new || offset < delta->first_ms[i]) {
		delta->first[i] = x;
		delta->first_ms[i] = offset;
	}
	if (w->t_ms >= delta->last_ms) {
		delta->last_ms = w->t_ms;
		delta->last = x;
	}
}

static double read_delta(const struct window *w, const void *state, enum rule_opcode code)
{
	const struct delta *delta = state;
	uint8_t places[BUCKET_RING_MAX];
	(void)code;
	unsigned n = bucket_ring_places(&w->ring, delta->mark, w->t_ms, places);
	return has_two(delta->mark, places, n) ? delta->last - delta->first[places[0]] : NAN;
}

// Growth from a sample to the first one of a bucket behind it. A value above that has the restart in between.
static uint32_t growth_to(const struct counter *counter, unsigned place, uint32_t x)
{
	return x <= counter->first[place] ? counter->first[place] - x : counter->first[place];
}

// A sample in an empty bucket before the newest one: the step over this bucket becomes two.
static void insert_late(const struct window *w, struct counter *counter, unsigned place, uint32_t x)
{
	unsigned next = place;
	for (unsigned i = 1; i < SLOT_BUCKETS && next == place; i++)
		if (bucket_ring_is_filled(counter->mark, (place + i) % SLOT_BUCKETS))
			next = (place + i) % SLOT_BUCKETS;
	uint32_t after = growth_to(counter, next, x), step = counter->step[next];
	counter->step[next] = after;
	counter->step[place] = step > after ? step - after : 0;
	counter->growth[place] = 0;
	counter->first[place] = x;
	counter->first_ms[place] = offset_ms(w);
}

// A sample before the first one of its bucket. One behind that changes nothing: growth is from the first to the last.
static void put_first(const struct window *w, struct counter *counter, unsigned place, uint32_t x)
{
	uint32_t after = growth_to(counter, place, x);
	if (offset_ms(w) >= counter->first_ms[place])
		return;
	counter->step[place] = counter->step[place] > after ? counter->step[place] - after : 0;
	counter->growth[place] = add_u32(counter->growth[place], after);
	counter->first[place] = x;
	counter->first_ms[place] = offset_ms(w);
}

static void add_counter(const struct window *w, void *state, double number)
{
	struct counter *counter = state;
	uint32_t x = number <= 0 ? 0 : number >= UINT32_MAX ? UINT32_MAX : (uint32_t)number;
	bool is_first = !counter->mark, is_new;
	int i = bucket_ring_put(&w->ring, &counter->mark, w->t_ms, &is_new);
	if (i < 0)
		return;
	if (w->t_ms < counter->last_ms) {
		(is_new ? insert_late : put_first)(w, counter, (unsigned)i, x);
		return;
	}
	bool began_again = w->boot != counter->boot || x < counter->last;
	uint32_t step = is_first ? 0 : began_again ? x : x - counter->last;
	if (is_new) {
		counter->first[i] = x;
		counter->first_ms[i] = offset_ms(w);
		counter->step[i] = step;
		counter->growth[i] = 0;
	} else {
		counter->growth[i] = add_u32(counter->growth[i], step);
	}
	counter->last = x;
	counter->last_ms = w->t_ms;
	counter->boot = w->boot;
}

static double read_counter(const struct window *w, const void *state, enum rule_opcode code)
{
	const struct counter *counter = state;
	uint8_t places[BUCKET_RING_MAX];
	unsigned n = bucket_ring_places(&w->ring, counter->mark, w->t_ms, places);
	double growth = 0;
	if (!has_two(counter->mark, places, n))
		return NAN;
	for (unsigned i = 0; i < n; i++)
		growth += (double)counter->growth[places[i]] + (i ? (double)counter->step[places[i]] : 0);
	if (code == OP_INCREASE)
		return growth;
	uint64_t since_ms = first_time(w, counter->mark, places[0], counter->first_ms[places[0]]);
	return counter->last_ms > since_ms ? growth / ((double)(counter->last_ms - since_ms) / MS_PER_S) : NAN;
}

static void add_slope(const struct window *w, void *state, double x)
{
	struct slope *slope = state;
	bool is_new;
	int i = bucket_ring_put(&w->ring, &slope->mark, w->t_ms, &is_new);
	if (i < 0)
		return;
	if (is_new) {
		slope->count[i] = 0;
		slope->first_ms[i] = offset_ms(w);
		slope->t[i] = slope->x[i] = slope->tt[i] = slope->tx[i] = 0;
	}
	double t = (double)offset_ms(w) - (double)slope->first_ms[i];
	slope->count[i] = add_u32(slope->count[i], 1);
	slope->t[i] += t;
	slope->x[i] += x;
	slope->tt[i] += t * t;
	slope->tx[i] += t * x;
}

// The sums of all buckets with one zero of time: the first sample of the oldest.
static double read_slope(const struct window *w, const void *state, enum rule_opcode code)
{
	const struct slope *slope = state;
	uint8_t places[BUCKET_RING_MAX];
	unsigned n = bucket_ring_places(&w->ring, slope->mark, w->t_ms, places);
	double count = 0, t = 0, x = 0, tt = 0, tx = 0;
	uint64_t zero_ms = n ? first_time(w, slope->mark, places[0], slope->first_ms[places[0]]) : 0;
	(void)code;
	for (unsigned p = 0; p < n; p++) {
		unsigned i = places[p];
		double d = (double)(first_time(w, slope->mark, i, slope->first_ms[i]) - zero_ms);
		count += slope->count[i];
		t += slope->t[i] + slope->count[i] * d;
		x += slope->x[i];
		tt += slope->tt[i] + 2 * d * slope->t[i] + slope->count[i] * d * d;
		tx += slope->tx[i] + d * slope->x[i];
	}
	double spread = count * tt - t * t; // of whole milliseconds: at least count - 1 if they are not all the same
	return spread >= 0.5 ? (count * tx - t * x) / spread * MS_PER_S : NAN;
}

static void add_changes(const struct window *w, void *state, double x)
{
	struct changes *changes = state;
	bool is_first = !changes->mark, is_new;
	if (w->t_ms < changes->last_ms)
		return;
	int i = bucket_ring_put(&w->ring, &changes->mark, w->t_ms, &is_new);
	if (i < 0)
		return;
	bool is_change = !is_first && x != changes->last;
	if (is_new)
		changes->count[i] = is_change ? STEP : 0;
	else if (is_change && (changes->count[i] & CHANGES_MAX) < CHANGES_MAX)
		changes->count[i]++;
	changes->last_ms = w->t_ms;
	changes->last = x;
}

static double read_changes(const struct window *w, const void *state, enum rule_opcode code)
{
	const struct changes *changes = state;
	uint8_t places[BUCKET_RING_MAX];
	unsigned n = bucket_ring_places(&w->ring, changes->mark, w->t_ms, places);
	double sum = 0;
	(void)code;
	for (unsigned i = 0; i < n; i++)
		sum += (changes->count[places[i]] & CHANGES_MAX) + (i && changes->count[places[i]] & STEP ? 1 : 0);
	return n ? sum : NAN;
}

static void add_events(const struct window *w, void *state, double weight)
{
	struct events *events = state;
	bool is_new;
	int i = bucket_ring_put(&w->ring, &events->mark, w->t_ms, &is_new);
	if (i < 0)
		return;
	unsigned before = is_new ? 0 : events->count[i];
	events->count[i] = weight >= UINT16_MAX - before ? UINT16_MAX : (uint16_t)(before + (unsigned)weight);
}

static double read_events(const struct window *w, const void *state, enum rule_opcode code)
{
	const struct events *events = state;
	uint8_t places[BUCKET_RING_MAX];
	unsigned n = bucket_ring_places(&w->ring, events->mark, w->t_ms, places);
	double sum = 0;
	(void)code;
	for (unsigned i = 0; i < n; i++)
		sum += events->count[places[i]];
	return sum;
}

#define CODE(code) (UINT64_C(1) << (code))

static const struct kind {
	uint32_t bytes, eights, fours, twos; // the state, and how many numbers of each size it has
	unsigned buckets;
	uint64_t codes; // that can read it
	void (*add)(const struct window *w, void *state, double x);
	double (*read)(const struct window *w, const void *state, enum rule_opcode code);
} kinds[] = {
	[SLOT_VALUE]   = { sizeof(struct window_value), 2, 0, 0, 1, CODE(OP_VALUE) | CODE(OP_AGE), add_value, read_value },
	[SLOT_TOTAL]   = { sizeof(struct total), 9, 8, 0, SLOT_BUCKETS, CODE(OP_AVG) | CODE(OP_SUM) | CODE(OP_COUNT), add_total, read_total },
	[SLOT_MIN]     = { sizeof(struct extreme), 9, 0, 0, SLOT_BUCKETS, CODE(OP_MIN), add_min, read_extreme },
	[SLOT_MAX]     = { sizeof(struct extreme), 9, 0, 0, SLOT_BUCKETS, CODE(OP_MAX), add_max, read_extreme },
	[SLOT_DELTA]   = { sizeof(struct delta), 11, 8, 0, SLOT_BUCKETS, CODE(OP_DELTA), add_delta, read_delta },
	[SLOT_COUNTER] = { sizeof(struct counter), 2, 34, 0, SLOT_BUCKETS, CODE(OP_INCREASE) | CODE(OP_RATE), add_counter, read_counter },
	[SLOT_SLOPE]   = { sizeof(struct slope), 33, 16, 0, SLOT_BUCKETS, CODE(OP_DERIV), add_slope, read_slope },
	[SLOT_CHANGES] = { sizeof(struct changes), 3, 0, 8, SLOT_BUCKETS, CODE(OP_CHANGES), add_changes, read_changes },
	[SLOT_EVENTS]  = { sizeof(struct events), 1, 0, 16, SLOT_EVENT_BUCKETS, CODE(OP_EVENTS), add_events, read_events },
};

enum { KINDS = sizeof kinds / sizeof *kinds };

uint32_t window_slot_bytes(enum slot_kind kind)
{
	return (unsigned)kind < KINDS ? kinds[kind].bytes : 0;
}

void window_add(const struct rule_slot *slot, void *state, uint64_t at_ms, uint32_t boot, double value)
{
	const struct kind *kind = &kinds[slot->kind];
	struct window w = { { slot->window_ms ? slot->window_ms : 1, kind->buckets }, at_ms, boot };
	kind->add(&w, state, value);
}

double window_read(const struct rule_slot *slot, const void *state, enum rule_opcode code, uint64_t now_ms)
{
	const struct kind *kind = &kinds[slot->kind];
	if (!(kind->codes & CODE(code)))
		return NAN;
	struct window w = { { slot->window_ms ? slot->window_ms : 1, kind->buckets }, now_ms, 0 };
	double result = kind->read(&w, state, code);
	return isfinite(result) ? result : NAN;
}

bool window_is_untouched(const void *state)
{
	uint64_t mark;
	memcpy(&mark, state, sizeof mark);
	return mark == 0;
}

// One number of the state, and its bytes, little-endian on any machine.
static uint64_t load(const uint8_t *from, uint32_t size)
{
	uint64_t eight = 0;
	uint32_t four = 0;
	uint16_t two = 0;
	memcpy(size == 8 ? (void *)&eight : size == 4 ? (void *)&four : (void *)&two, from, size);
	return eight + four + two;
}

static void store(uint8_t *to, uint32_t size, uint64_t number)
{
	uint32_t four = (uint32_t)number;
	uint16_t two = (uint16_t)number;
	memcpy(to, size == 8 ? (void *)&number : size == 4 ? (void *)&four : (void *)&two, size);
}

static uint32_t size_at(const struct kind *kind, uint32_t at)
{
	if (at < 8 * kind->eights)
		return 8;
	return at < 8 * kind->eights + 4 * kind->fours ? 4 : 2;
}

void window_pack(enum slot_kind kind, const void *state, uint8_t *bytes)
{
	for (uint32_t at = 0, size; at < kinds[kind].bytes; at += size) {
		size = size_at(&kinds[kind], at);
		uint64_t number = load((const uint8_t *)state + at, size);
		for (uint32_t i = 0; i < size; i++)
			bytes[at + i] = (uint8_t)(number >> 8 * i);
	}
}

void window_unpack(enum slot_kind kind, void *state, const uint8_t *bytes)
{
	for (uint32_t at = 0, size; at < kinds[kind].bytes; at += size) {
		uint64_t number = 0;
		size = size_at(&kinds[kind], at);
		for (uint32_t i = 0; i < size; i++)
			number |= (uint64_t)bytes[at + i] << 8 * i;
		store((uint8_t *)state + at, size, number);
	}
}
