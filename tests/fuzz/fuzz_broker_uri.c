// SPDX-License-Identifier: Apache-2.0
// Broker addresses: what is taken has a host and a port, and written out again means the same.
#include "agent/image/err.h"
#include "agent/port/linux/broker_uri.h"
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(int condition)
{
	if (!condition)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char text[1024], again[1024];
	struct mu_broker_uri uri, second;
	if (size >= sizeof text)
		return 0;
	memcpy(text, data, size);
	text[size] = 0;
	int err = mu_broker_uri_parse(text, &uri);
	must(err == 0 || err == MU_ERR_INVALID);
	if (err < 0)
		return 0;
	must(uri.host[0] && uri.port >= 1 && uri.port <= 65535);
	snprintf(again, sizeof again, "%s[%s]:%d", uri.tls ? "mqtts://" : "mqtt://", uri.host, uri.port);
	must(mu_broker_uri_parse(again, &second) == 0);
	must(uri.tls == second.tls && uri.port == second.port && !strcmp(uri.host, second.host));
	return 0;
}
