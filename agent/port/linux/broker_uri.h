// SPDX-License-Identifier: Apache-2.0
// mqtt://HOST[:PORT] or mqtts://HOST[:PORT]; an IPv6 address stands in brackets. Port 1883, with TLS 8883, if none is given.
// Pure, any thread.
#ifndef MU_PORT_LINUX_BROKER_URI_H
#define MU_PORT_LINUX_BROKER_URI_H
#include <stdbool.h>

enum { MU_BROKER_HOST_MAX = 254 }; // with the NUL

struct mu_broker_uri {
	bool tls;
	char host[MU_BROKER_HOST_MAX]; // without brackets
	int port;                      // 1..65535
};

// Returns 0 or MU_ERR_INVALID; *out is then undefined.
int mu_broker_uri_parse(const char *text, struct mu_broker_uri *out);

#endif
