// SPDX-License-Identifier: Apache-2.0
#include "tests/collector/ingest/slow_names.h"
#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

static pthread_once_t once = PTHREAD_ONCE_INIT;
static pthread_key_t asker; // its destructor sees a thread off
static struct {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	char addresses[128];
	int error;
	bool is_held;
	unsigned asked, running;
} names = { .lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER };

void slow_names_are(const char *addresses, int error)
{
	pthread_mutex_lock(&names.lock);
	snprintf(names.addresses, sizeof names.addresses, "%s", addresses);
	names.error = error;
	names.asked = 0;
	pthread_mutex_unlock(&names.lock);
	slow_names_hold(false);
}

void slow_names_hold(bool is_held)
{
	pthread_mutex_lock(&names.lock);
	names.is_held = is_held;
	pthread_cond_broadcast(&names.changed);
	pthread_mutex_unlock(&names.lock);
}

unsigned slow_names_asked(void)
{
	pthread_mutex_lock(&names.lock);
	unsigned asked = names.asked;
	pthread_mutex_unlock(&names.lock);
	return asked;
}

void slow_names_await(unsigned asked)
{
	pthread_mutex_lock(&names.lock);
	while (names.asked < asked)
		pthread_cond_wait(&names.changed, &names.lock);
	pthread_mutex_unlock(&names.lock);
}

void slow_names_await_end(void)
{
	pthread_mutex_lock(&names.lock);
	assert(!names.is_held);
	while (names.running)
		pthread_cond_wait(&names.changed, &names.lock);
	pthread_mutex_unlock(&names.lock);
}

static struct addrinfo *addresses_of(char *text, const char *service, const struct addrinfo *hints)
{
	struct addrinfo *found = 0, **last = &found, digits = *hints;
	char *rest = 0;
	digits.ai_flags |= AI_NUMERICHOST;
	for (char *one = strtok_r(text, " ", &rest); one; one = strtok_r(0, " ", &rest)) {
		int error = getaddrinfo(one, service, &digits, last);
		assert(!error);
		last = &(*last)->ai_next;
	}
	return found;
}

static void see_off(void *value)
{
	(void)value;
	pthread_mutex_lock(&names.lock);
	names.running--;
	pthread_cond_broadcast(&names.changed);
	pthread_mutex_unlock(&names.lock);
}

static void make_key(void)
{
	pthread_key_create(&asker, see_off);
}

int slow_names_look_up(const char *host, const char *service, const struct addrinfo *hints, struct addrinfo **found)
{
	char addresses[sizeof names.addresses];
	(void)host;
	pthread_once(&once, make_key);
	pthread_setspecific(asker, &names);
	pthread_mutex_lock(&names.lock);
	names.asked++;
	names.running++;
	pthread_cond_broadcast(&names.changed);
	while (names.is_held)
		pthread_cond_wait(&names.changed, &names.lock);
	int error = names.error;
	memcpy(addresses, names.addresses, sizeof addresses);
	pthread_mutex_unlock(&names.lock);
	if (!error)
		*found = addresses_of(addresses, service, hints);
	errno = EIO; // what EAI_SYSTEM means
	return error;
}
