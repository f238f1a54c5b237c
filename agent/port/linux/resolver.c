// SPDX-License-Identifier: Apache-2.0
#include "agent/port/linux/resolver.h"
#include "agent/image/err.h"
#include <event2/dns.h>
#include <event2/event.h>
#include <event2/event_struct.h>
#include <event2/util.h>
#include <netdb.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	YOUNG_S = 5, // so long the files count as read
	TURNS_MAX = 100, // of the loop at the end
};

// What the two files said at one time. evdns never reads them again by itself, and evdns_base_clear_nameservers_and_suspend() may free what
// a callback under way still uses: so each reading is an evdns base of its own, which ends with its last question.
struct servers {
	struct mu_resolver *resolver;
	struct servers *next;
	struct evdns_base *base;
	struct event timer; // the end of its youth; then of itself
	unsigned questions; // under way
};

struct mu_resolver {
	struct event_base *loop;
	const char *resolv_conf, *hosts;
	struct servers *all;
	struct servers *young; // takes questions; null: the files are to be read
};

// evdns tells the end of a cancelled question later, when its asker may be gone: so it has a life of its own.
struct mu_question {
	struct servers *servers;
	struct mu_lookup *lookup; // null: nobody waits any more
	struct evdns_getaddrinfo_request *request;
	bool asking; // inside of evdns_getaddrinfo()
	int result; // of an answer: 1, or why not
};

// ---- the name servers

static void free_servers(struct servers *servers)
{
	struct servers **link = &servers->resolver->all;
	while (*link != servers)
		link = &(*link)->next;
	*link = servers->next;
	event_del(&servers->timer);
	evdns_base_free(servers->base, 0);
	free(servers);
}

// evdns may have something left to do for a question whose end it has told: one turn of the loop later it has not.
static void end_soon(struct servers *servers)
{
	evtimer_add(&servers->timer, &(struct timeval){ 0 });
}

static void on_timer(int fd, short what, void *context)
{
	struct servers *servers = context;
	bool young = servers->resolver->young == servers;
	(void)fd, (void)what;
	if (young)
		servers->resolver->young = 0;
	if (servers->questions)
		return;
	if (young)
		end_soon(servers);
	else
		free_servers(servers);
}

// - timeout, attempts: evdns counts the attempts of all name servers together and, of two, takes the same one twice for a question: with 1 s
//   the second one's answer comes before the other kind of address has been waited for in vain. Answers to earlier attempts count as well.
// - randomize-case: small routers answer with a case of their own.
// - initial-probe-timeout: evdns would ask a name server that failed for "google.com", 10 s after. Nothing here lives for an hour.
static bool read_files(const struct mu_resolver *resolver, struct evdns_base *base)
{
	static const char *const options[][2] = { { "timeout", "1" }, { "attempts", "8" }, { "randomize-case", "0" },
		{ "initial-probe-timeout", "3600" } };
	for (size_t i = 0; i < sizeof options / sizeof *options; i++)
		if (evdns_base_set_option(base, options[i][0], options[i][1]) < 0)
			return false;
	evdns_base_load_hosts(base, resolver->hosts);
	evdns_base_resolv_conf_parse(base, DNS_OPTION_NAMESERVERS | DNS_OPTION_SEARCH, resolver->resolv_conf);
	return true;
}

static struct servers *read_servers(struct mu_resolver *resolver)
{
	struct servers *servers = calloc(1, sizeof *servers);
	struct evdns_base *base = evdns_base_new(resolver->loop, EVDNS_BASE_DISABLE_WHEN_INACTIVE);
	if (!servers || !base || !read_files(resolver, base)) {
		if (base)
			evdns_base_free(base, 0);
		free(servers);
		return 0;
	}
	*servers = (struct servers){ .resolver = resolver, .next = resolver->all, .base = base };
	evtimer_assign(&servers->timer, resolver->loop, on_timer, servers);
	evtimer_add(&servers->timer, &(struct timeval){ .tv_sec = YOUNG_S });
	resolver->all = resolver->young = servers;
	return servers;
}

// ---- questions

static void end_question(struct mu_question *question)
{
	struct servers *servers = question->servers;
	servers->questions--;
	if (!servers->questions && servers->resolver->young != servers)
		end_soon(servers);
	free(question);
}

static const struct addrinfo *next_of(const struct addrinfo *found, int family)
{
	while (found && (found->ai_family != family || found->ai_addrlen > sizeof(struct sockaddr_in6)))
		found = found->ai_next;
	return found;
}

static const struct addrinfo *take_one(struct mu_lookup *lookup, const struct addrinfo *one)
{
	if (!one || lookup->count == MU_LOOKUP_ADDRESSES)
		return one;
	struct mu_address *address = &lookup->found[lookup->count++];
	address->size = one->ai_addrlen;
	memcpy(&address->ipv6, one->ai_addr, one->ai_addrlen);
	return next_of(one->ai_next, one->ai_family);
}

// 1, or MU_ERR_NOT_FOUND: none that is of use.
static int take_found(struct mu_lookup *lookup, const struct addrinfo *found)
{
	const struct addrinfo *ipv4 = next_of(found, AF_INET), *ipv6 = next_of(found, AF_INET6);
	while ((ipv4 || ipv6) && lookup->count < MU_LOOKUP_ADDRESSES) {
		ipv4 = take_one(lookup, ipv4);
		ipv6 = take_one(lookup, ipv6);
	}
	return lookup->count ? 1 : MU_ERR_NOT_FOUND;
}

static void on_answer(int error, struct evutil_addrinfo *found, void *context)
{
	struct mu_question *question = context;
	struct mu_lookup *lookup = question->lookup;
	int result = lookup && !error ? take_found(lookup, found) : MU_ERR_NOT_FOUND;
	if (found)
		evutil_freeaddrinfo(found);
	question->result = result;
	if (question->asking)
		return; // its asker reads the result
	end_question(question);
	if (!lookup)
		return;
	lookup->question = 0;
	lookup->answer(lookup->context, result < 0 ? result : 0);
}

static int ask(struct mu_lookup *lookup, struct mu_resolver *resolver, const char *host, const char *port)
{
	const struct evutil_addrinfo hints = { .ai_family = AF_UNSPEC, .ai_socktype = SOCK_DGRAM, .ai_protocol = IPPROTO_UDP };
	struct servers *servers = resolver->young ? resolver->young : read_servers(resolver);
	struct mu_question *question = calloc(1, sizeof *question);
	if (!servers || !question) {
		free(question);
		return MU_ERR_NO_MEMORY;
	}
	*question = (struct mu_question){ .servers = servers, .lookup = lookup, .asking = true };
	servers->questions++;
	struct evdns_getaddrinfo_request *request = evdns_getaddrinfo(servers->base, host, port, &hints, on_answer, question);
	question->asking = false;
	if (!request) { // known at once, from the hosts file, or refused
		int result = question->result;
		end_question(question);
		return result;
	}
	question->request = request;
	lookup->question = question;
	return 0;
}

// 1, or 0: it is no address.
static int take_address(struct mu_lookup *lookup, const char *host, const char *port)
{
	const struct addrinfo hints = { .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV, .ai_socktype = SOCK_DGRAM };
	struct addrinfo *found;
	if (getaddrinfo(host, port, &hints, &found))
		return 0;
	take_found(lookup, found);
	freeaddrinfo(found);
	return 1;
}

// ---- calls

struct mu_resolver *mu_resolver_new(struct event_base *loop, const char *resolv_conf, const char *hosts)
{
	struct mu_resolver *resolver = calloc(1, sizeof *resolver);
	if (resolver)
		*resolver = (struct mu_resolver){ .loop = loop,
			.resolv_conf = resolv_conf ? resolv_conf : "/etc/resolv.conf",
			.hosts = hosts ? hosts : "/etc/hosts" };
	return resolver;
}

static bool has_questions(const struct mu_resolver *resolver)
{
	for (const struct servers *servers = resolver->all; servers; servers = servers->next)
		if (servers->questions)
			return true;
	return false;
}

void mu_resolver_free(struct mu_resolver *resolver)
{
	if (!resolver)
		return;
	for (int turn = 0; resolver->all && turn < TURNS_MAX && (turn == 0 || has_questions(resolver)); turn++)
		event_base_loop(resolver->loop, EVLOOP_NONBLOCK);
	for (struct servers *next, *servers = resolver->all; servers; servers = next) {
		next = servers->next;
		free_servers(servers);
	}
	free(resolver);
}

int mu_lookup_start(struct mu_lookup *lookup, struct mu_resolver *resolver, const char *host, uint16_t port, void *context,
	void (*answer)(void *context, int err))
{
	char port_text[8];
	mu_lookup_cancel(lookup);
	*lookup = (struct mu_lookup){ .context = context, .answer = answer };
	snprintf(port_text, sizeof port_text, "%u", port);
	if (take_address(lookup, host, port_text))
		return 1;
	return resolver ? ask(lookup, resolver, host, port_text) : MU_ERR_NOT_FOUND;
}

void mu_lookup_cancel(struct mu_lookup *lookup)
{
	if (!lookup->question)
		return;
	lookup->question->lookup = 0;
	evdns_getaddrinfo_cancel(lookup->question->request);
	lookup->question = 0;
}
