// SPDX-License-Identifier: Apache-2.0
// A look-up of names for tests of what asks for them: it answers when it is told to, and what it is told to.
// There is one of it. Thread: the test's; slow_names_look_up() is for that of a resolver.
#ifndef TESTS_COLLECTOR_INGEST_SLOW_NAMES_H
#define TESTS_COLLECTOR_INGEST_SLOW_NAMES_H
#include <netdb.h>
#include <stdbool.h>

// Begins anew: no question was asked, none is held back. addresses: in digits, separated by blanks; error: 0, or what is answered instead (EAI_...).
void slow_names_are(const char *addresses, int error);

// While held back, questions that were begun have no answer. Those that are let go get the addresses or error of that time.
void slow_names_hold(bool is_held);

unsigned slow_names_asked(void); // since slow_names_are()
void slow_names_await(unsigned asked); // until so many were asked
void slow_names_await_end(void); // until no thread is left of those that asked; none may be held back

int slow_names_look_up(const char *host, const char *service, const struct addrinfo *hints, struct addrinfo **found);

#endif
