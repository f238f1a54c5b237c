// SPDX-License-Identifier: Apache-2.0
#include "tests/alerts/engine/window_oracle.h"
#include <math.h>
#include <stdlib.h>

static int by_time(const void *a, const void *b)
{
	const struct oracle_sample *const *x = a, *const *y = b;
	if ((*x)->at_ms != (*y)->at_ms)
		return (*x)->at_ms < (*y)->at_ms ? -1 : 1;
	return *x < *y ? -1 : *x > *y;
}

static double sum_of(const struct oracle_sample *const *s, size_t n)
{
	double sum = 0;
	for (size_t i = 0; i < n; i++)
		sum += s[i]->value;
	return sum;
}

static double average_of(const struct oracle_sample *const *s, size_t n)
{
	return sum_of(s, n) / (double)n;
}

static double count_of(const struct oracle_sample *const *s, size_t n)
{
	return s ? (double)n : 0;
}

static double least_of(const struct oracle_sample *const *s, size_t n)
{
	double best = s[0]->value;
	for (size_t i = 1; i < n; i++)
		best = fmin(best, s[i]->value);
	return best;
}

static double greatest_of(const struct oracle_sample *const *s, size_t n)
{
	double best = s[0]->value;
	for (size_t i = 1; i < n; i++)
		best = fmax(best, s[i]->value);
	return best;
}

static double delta_of(const struct oracle_sample *const *s, size_t n)
{
	return s[n - 1]->value - s[0]->value;
}

static double growth_of(const struct oracle_sample *const *s, size_t n)
{
	double growth = 0;
	for (size_t i = 1; i < n; i++) {
		int began_again = s[i]->boot != s[i - 1]->boot || s[i]->value < s[i - 1]->value;
		growth += began_again ? s[i]->value : s[i]->value - s[i - 1]->value;
	}
	return growth;
}

static double rate_of(const struct oracle_sample *const *s, size_t n)
{
	double seconds = (double)(s[n - 1]->at_ms - s[0]->at_ms) / 1000;
	return seconds > 0 ? growth_of(s, n) / seconds : NAN;
}

// By means and deviations, so not by the formula under test.
static double slope_of(const struct oracle_sample *const *s, size_t n)
{
	long double t = 0, x = 0, over = 0, under = 0;
	for (size_t i = 0; i < n; i++) {
		t += (long double)(s[i]->at_ms - s[0]->at_ms) / (long double)n;
		x += (long double)s[i]->value / (long double)n;
	}
	for (size_t i = 0; i < n; i++) {
		long double d = (long double)(s[i]->at_ms - s[0]->at_ms) - t;
		over += d * ((long double)s[i]->value - x);
		under += d * d;
	}
	return s[n - 1]->at_ms == s[0]->at_ms ? NAN : (double)(over / under * 1000);
}

static double changes_of(const struct oracle_sample *const *s, size_t n)
{
	double changes = 0;
	for (size_t i = 1; i < n; i++)
		changes += s[i]->value != s[i - 1]->value;
	return changes;
}

// needs: samples for a known result.
static const struct {
	size_t needs;
	double (*read)(const struct oracle_sample *const *s, size_t n);
} functions[] = {
	[OP_AVG] = { 1, average_of },
	[OP_SUM] = { 1, sum_of },
	[OP_COUNT] = { 1, count_of },
	[OP_MIN] = { 1, least_of },
	[OP_MAX] = { 1, greatest_of },
	[OP_DELTA] = { 2, delta_of },
	[OP_INCREASE] = { 2, growth_of },
	[OP_RATE] = { 2, rate_of },
	[OP_DERIV] = { 1, slope_of },
	[OP_CHANGES] = { 1, changes_of },
	[OP_EVENTS] = { 0, sum_of },
};

double oracle_read(const struct oracle_sample *samples, size_t count, enum rule_opcode code, uint64_t since_ms, uint64_t now_ms)
{
	const struct oracle_sample **inside = calloc(count + 1, sizeof *inside);
	size_t n = 0;
	if (!inside)
		abort();
	for (size_t i = 0; i < count; i++)
		if (samples[i].at_ms >= since_ms && samples[i].at_ms <= now_ms)
			inside[n++] = &samples[i];
	qsort(inside, n, sizeof *inside, by_time);
	double result = n >= functions[code].needs ? functions[code].read(inside, n) : NAN;
	free(inside);
	return result;
}

uint64_t oracle_window_start(const struct rule_slot *slot, uint64_t now_ms)
{
	uint64_t buckets = slot->kind == SLOT_EVENTS ? SLOT_EVENT_BUCKETS : SLOT_BUCKETS;
	uint64_t oldest = now_ms * buckets / slot->window_ms - (buckets - 1);
	return (oldest * slot->window_ms + buckets - 1) / buckets;
}

int oracle_is_same(double a, double b)
{
	if (isnan(a) || isnan(b))
		return isnan(a) && isnan(b);
	return fabs(a - b) <= 1e-9 + 1e-7 * fmax(fabs(a), fabs(b));
}
