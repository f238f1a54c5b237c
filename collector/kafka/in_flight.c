// SPDX-License-Identifier: Apache-2.0
#include "collector/kafka/in_flight.h"

#include <assert.h>

static unsigned place(uint64_t ticket)
{
	return (unsigned)(ticket % IN_FLIGHT_MAX);
}

void in_flight_reset(struct in_flight *window, uint64_t low)
{
	// Tickets go on: a late report for a row before the reset finds nothing.
	window->low = low;
	window->first = window->next;
	window->waiting = 0;
}

bool in_flight_is_full(const struct in_flight *window)
{
	return window->next - window->first == IN_FLIGHT_MAX;
}

uint64_t in_flight_ticket(const struct in_flight *window)
{
	return window->next;
}

uint64_t in_flight_add(struct in_flight *window, uint64_t n)
{
	assert(!in_flight_is_full(window));
	assert(n > window->low);
	assert(window->next == window->first || n > window->rows[place(window->next - 1)].through);
	window->rows[place(window->next)].n = n;
	window->rows[place(window->next)].through = n;
	window->rows[place(window->next)].answer = IN_FLIGHT_NONE;
	window->waiting++;
	return window->next++;
}

void in_flight_pass(struct in_flight *window, uint64_t n)
{
	uint64_t *last = window->next == window->first ? &window->low : &window->rows[place(window->next - 1)].through;
	assert(n > *last);
	*last = n;
}

static bool take_answer(struct in_flight *window, uint64_t ticket, enum in_flight_answer answer)
{
	if (ticket < window->first || ticket >= window->next || window->rows[place(ticket)].answer != IN_FLIGHT_NONE)
		return false;
	window->rows[place(ticket)].answer = answer;
	window->waiting--;
	return true;
}

bool in_flight_done(struct in_flight *window, uint64_t ticket)
{
	if (!take_answer(window, ticket, IN_FLIGHT_CONFIRMED))
		return false;
	uint64_t before = window->low;
	while (window->first < window->next && window->rows[place(window->first)].answer == IN_FLIGHT_CONFIRMED)
		window->low = window->rows[place(window->first++)].through;
	return window->low != before;
}

void in_flight_failed(struct in_flight *window, uint64_t ticket)
{
	take_answer(window, ticket, IN_FLIGHT_FAILED);
}

unsigned in_flight_held(const struct in_flight *window)
{
	return (unsigned)(window->next - window->first);
}

uint64_t in_flight_row(const struct in_flight *window, uint64_t ticket)
{
	return ticket < window->first || ticket >= window->next ? 0 : window->rows[place(ticket)].n;
}
