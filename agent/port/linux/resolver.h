// SPDX-License-Identifier: Apache-2.0
// Names to addresses for all devices of a loop, without ever blocking it: this computer's hosts file and name servers, by libevent's evdns.
//
// A question goes to the name servers of resolv.conf in turn, 8 times, once a second, so a name that nobody answers for is given up after
// 8 s (the options `timeout` and `attempts` there mean something else and are not used; `search`, `domain` and `ndots` are). An IPv4 and an
// IPv6 address are asked for at once; when one answer has come, the other is waited for 3 s more. Both files are read anew for a question
// more than 5 s after they were read: who moves to another network, or gets other name servers there, is followed by the next question.
// Nothing is open while nothing is asked.
// Not done: mDNS and the other services of nsswitch.conf (a name server on this computer may do them), DNS by TCP (what does not fit into
// 512 bytes is not found), a cache.
// Thread: the one that runs the loop.
#ifndef MU_PORT_LINUX_RESOLVER_H
#define MU_PORT_LINUX_RESOLVER_H
#include <netinet/in.h>
#include <stdint.h>
#include <sys/socket.h>

enum { MU_LOOKUP_ADDRESSES = 4 };

struct event_base;
struct mu_resolver;
struct mu_question;

struct mu_address {
	socklen_t size;
	union {
		struct sockaddr any;
		struct sockaddr_in ipv4;
		struct sockaddr_in6 ipv6;
	};
};

// One name and its addresses. Zeroed: nothing is asked. Memory: the asker's; it must stay in place while it is asked for, and a few bytes
// more are taken for that time. answer is called once a question, from the loop: err 0, or MU_ERR_NOT_FOUND.
struct mu_lookup {
	unsigned count; // of found
	struct mu_address found[MU_LOOKUP_ADDRESSES]; // with the port; in turns of IPv4 and IPv6, IPv4 first, else as they were told
	struct mu_question *question; // null: none is under way
	void *context; // of answer
	void (*answer)(void *context, int err);
};

// resolv_conf, hosts: the files, kept by reference; null: those in /etc. A missing one is no error: the name server is then 127.0.0.1, and
// localhost is known. Null: no memory.
struct mu_resolver *mu_resolver_new(struct event_base *loop, const char *resolv_conf, const char *hosts);

// Every lookup is over or cancelled, and the loop is not running: it is turned here, for evdns to let go of what was cancelled. Null is allowed.
void mu_resolver_free(struct mu_resolver *resolver);

// Ends what the lookup asks, then asks for `host`. 1: known at once (an address, or of the hosts file), answer is not called; 0: answer follows.
// MU_ERR_NOT_FOUND: known not to resolve, or a name and no resolver (null); MU_ERR_NO_MEMORY. An address needs no resolver and opens nothing.
int mu_lookup_start(struct mu_lookup *lookup, struct mu_resolver *resolver, const char *host, uint16_t port, void *context,
	void (*answer)(void *context, int err));
void mu_lookup_cancel(struct mu_lookup *lookup); // answer is not called any more; what was found stays

#endif
