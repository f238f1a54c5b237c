// SPDX-License-Identifier: Apache-2.0
// For LD_PRELOAD: a name server for *.silent.test, which is at 127.0.0.1, that keeps silent while the file $SILENT_NAMES_SWITCH exists: whoever asks
// stands still for so long. Each question is a line on stderr. Other names and addresses go to the real one.
#include <dlfcn.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { LOOK_US = 50000 };

static int is_ours(const char *host)
{
	static const char domain[] = ".silent.test";
	size_t length = host ? strlen(host) : 0;
	return length >= sizeof domain && strcmp(host + length + 1 - sizeof domain, domain) == 0;
}

int getaddrinfo(const char *host, const char *service, const struct addrinfo *hints, struct addrinfo **found)
{
	int (*real)(const char *, const char *, const struct addrinfo *, struct addrinfo **);
	const char *name = getenv("SILENT_NAMES_SWITCH");
	*(void **)&real = dlsym(RTLD_NEXT, "getaddrinfo");
	if (!is_ours(host) || (hints && hints->ai_flags & AI_NUMERICHOST))
		return real(host, service, hints, found);
	dprintf(STDERR_FILENO, "asked for %s\n", host);
	while (name && access(name, F_OK) == 0)
		usleep(LOOK_US);
	return real("127.0.0.1", service, hints, found);
}
