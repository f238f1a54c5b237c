// SPDX-License-Identifier: Apache-2.0
#include "collector/ingest/resolver.h"

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>
#include "collector/clock.h"
#include "collector/config.h"

// One call of look_up. It may outlive its resolver: the last of its owners frees it.
struct question {
	atomic_int owners; // the loop and, until it is over, the thread
	resolver_look_up *look_up;
	char host[CONFIG_TEXT_BYTES], service[8];
	int wake; // an eventfd that tells the loop that it is over; -1: it was over at once
	// The thread's, until it is over.
	struct addrinfo *found;
	int error, system_error; // of look_up; errno for EAI_SYSTEM
	uint64_t over_ms;
	atomic_bool is_over;
};

struct resolver {
	struct event_base *base;
	resolver_look_up *look_up;
	char host[CONFIG_TEXT_BYTES], service[8];
	struct question *question; // under way, or over and its answer kept; 0: none
	struct event *over;        // of the question
	struct event *time;        // of the asker
	unsigned timeout_ms;
	int no_question; // errno: why none could be asked
	resolver_answer *answer; // 0: nobody asks
	void *context;
};

// ---- a question

static void let_go(struct question *question)
{
	if (atomic_fetch_sub(&question->owners, 1) > 1)
		return;
	if (question->found)
		freeaddrinfo(question->found);
	if (question->wake >= 0)
		close(question->wake);
	free(question);
}

static const struct addrinfo any_stream = { .ai_flags = AI_NUMERICSERV, .ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM };

static void *run(void *context)
{
	struct question *question = context;
	errno = 0;
	question->error = question->look_up(question->host, question->service, &any_stream, &question->found);
	question->system_error = errno;
	question->over_ms = clock_monotonic_ms();
	atomic_store(&question->is_over, true);
	eventfd_write(question->wake, 1);
	let_go(question);
	return 0;
}

// Signals are the loop's. Returns 0 or errno.
static int start_thread(struct question *question)
{
	sigset_t all, before;
	pthread_t thread;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	int error = pthread_create(&thread, 0, run, question);
	pthread_sigmask(SIG_SETMASK, &before, 0);
	if (!error)
		pthread_detach(thread);
	return error;
}

// False: the host is a name. Asks nobody.
static bool take_address(struct question *question)
{
	struct addrinfo hints = any_stream;
	hints.ai_flags |= AI_NUMERICHOST;
	question->over_ms = clock_monotonic_ms();
	atomic_store(&question->is_over, getaddrinfo(question->host, question->service, &hints, &question->found) == 0);
	return atomic_load(&question->is_over);
}

static void on_over(evutil_socket_t fd, short what, void *context);

// Returns 0 or errno.
static int start(struct resolver *resolver, struct question *question)
{
	if (take_address(question))
		return 0;
	question->wake = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (question->wake < 0)
		return errno;
	resolver->over = event_new(resolver->base, question->wake, EV_READ, on_over, resolver);
	if (!resolver->over || event_add(resolver->over, 0) < 0)
		return ENOMEM;
	atomic_store(&question->owners, 2);
	int error = start_thread(question);
	if (error)
		atomic_store(&question->owners, 1);
	return error;
}

static void forget_question(struct resolver *resolver)
{
	if (resolver->over)
		event_free(resolver->over);
	resolver->over = 0;
	if (resolver->question)
		let_go(resolver->question);
	resolver->question = 0;
}

static void begin(struct resolver *resolver)
{
	resolver->question = calloc(1, sizeof *resolver->question);
	resolver->no_question = ENOMEM;
	if (!resolver->question)
		return;
	*resolver->question = (struct question){ .owners = 1, .look_up = resolver->look_up, .wake = -1 };
	memcpy(resolver->question->host, resolver->host, sizeof resolver->host);
	memcpy(resolver->question->service, resolver->service, sizeof resolver->service);
	resolver->no_question = start(resolver, resolver->question);
	if (resolver->no_question)
		forget_question(resolver);
}

static bool is_over(const struct resolver *resolver)
{
	return resolver->question && atomic_load(&resolver->question->is_over);
}

// ---- its asker

// The end of what was asked, whatever it is.
static void tell(struct resolver *resolver)
{
	struct question *question = resolver->question;
	resolver_answer *answer = resolver->answer;
	struct addrinfo *found = 0;
	char problem[128];
	if (!question) {
		snprintf(problem, sizeof problem, "it cannot be asked for: %s", strerror(resolver->no_question));
	} else if (!is_over(resolver)) {
		snprintf(problem, sizeof problem, "no answer within %u ms", resolver->timeout_ms);
	} else {
		snprintf(problem, sizeof problem, "%s",
			question->error == EAI_SYSTEM ? strerror(question->system_error) : gai_strerror(question->error));
		found = question->found;
		question->found = 0;
		forget_question(resolver);
	}
	resolver_cancel(resolver);
	answer(resolver->context, found, found ? 0 : problem);
}

static void on_over(evutil_socket_t fd, short what, void *context)
{
	struct resolver *resolver = context;
	(void)fd, (void)what;
	if (resolver->answer)
		tell(resolver);
}

static void on_time(evutil_socket_t fd, short what, void *context)
{
	(void)fd, (void)what;
	tell(context);
}

static bool is_of_use(const struct question *over)
{
	return !over->error && clock_monotonic_ms() - over->over_ms <= RESOLVER_KEPT_MS;
}

void resolver_ask(struct resolver *resolver, unsigned timeout_ms, resolver_answer *answer, void *context)
{
	assert(!resolver->answer && answer);
	if (is_over(resolver) && !is_of_use(resolver->question))
		forget_question(resolver);
	if (!resolver->question)
		begin(resolver);
	bool is_waiting = resolver->question && !is_over(resolver);
	unsigned wait_ms = is_waiting ? timeout_ms : 0;
	struct timeval wait = { .tv_sec = wait_ms / 1000, .tv_usec = (suseconds_t)(wait_ms % 1000) * 1000 };
	resolver->answer = answer;
	resolver->context = context;
	resolver->timeout_ms = timeout_ms;
	event_add(resolver->time, &wait);
}

void resolver_cancel(struct resolver *resolver)
{
	resolver->answer = 0;
	event_del(resolver->time);
}

// ---- life

struct resolver *resolver_new(struct event_base *base, const char *host, uint16_t port, resolver_look_up *look_up)
{
	struct resolver *resolver = calloc(1, sizeof *resolver);
	if (!resolver)
		return 0;
	assert(strlen(host) < sizeof resolver->host);
	*resolver = (struct resolver){ .base = base, .look_up = look_up ? look_up : getaddrinfo };
	snprintf(resolver->host, sizeof resolver->host, "%s", host);
	snprintf(resolver->service, sizeof resolver->service, "%u", port);
	resolver->time = evtimer_new(base, on_time, resolver);
	if (resolver->time)
		return resolver;
	free(resolver);
	return 0;
}

void resolver_free(struct resolver *resolver)
{
	if (!resolver)
		return;
	forget_question(resolver);
	event_free(resolver->time);
	free(resolver);
}
