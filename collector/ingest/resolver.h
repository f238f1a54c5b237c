// SPDX-License-Identifier: Apache-2.0
// A name and its addresses, asked for without blocking the loop: getaddrinfo() in a thread of its own, so that all holds that the system says of
// names (nsswitch.conf: hosts file, name servers, mDNS, LDAP), also when it is changed meanwhile. A host that is an address needs no thread.
//
// At most one thread a resolver: a question while an older one is still under way waits for that one. Nothing can stop getaddrinfo(), so nobody
// waits for it: after its asker's time, or the resolver's end, it goes on until it is over and touches nothing of theirs. An answer that came
// too late for its asker is for the next one, if that asks within RESOLVER_KEPT_MS; a failure is not kept.
// Thread: the loop's.
#ifndef COLLECTOR_INGEST_RESOLVER_H
#define COLLECTOR_INGEST_RESOLVER_H
#include <event2/event.h>
#include <netdb.h>
#include <stdint.h>

enum { RESOLVER_KEPT_MS = 60000 };

struct resolver;

// As getaddrinfo(); called in the thread. *found must be for freeaddrinfo().
typedef int resolver_look_up(const char *host, const char *service, const struct addrinfo *hints, struct addrinfo **found);

// found: at least one address, in the order to try them, with the port; the receiver ends it with freeaddrinfo(). Or 0, and why: problem.
typedef void resolver_answer(void *context, struct addrinfo *found, const char *problem);

// host: less than CONFIG_TEXT_BYTES. look_up: 0 is getaddrinfo(). Returns 0 without memory.
struct resolver *resolver_new(struct event_base *base, const char *host, uint16_t port, resolver_look_up *look_up);
void resolver_free(struct resolver *resolver); // 0 is allowed; answer() is not called any more

// answer() is called once, from the loop and never from here, after timeout_ms at the latest. One question at a time.
void resolver_ask(struct resolver *resolver, unsigned timeout_ms, resolver_answer *answer, void *context);
void resolver_cancel(struct resolver *resolver); // answer() is not called any more; without a question nothing happens

#endif
