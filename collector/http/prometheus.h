// SPDX-License-Identifier: Apache-2.0
// The Prometheus text of musterd: its counters and what only the fleet and the loop know.
#ifndef COLLECTOR_HTTP_PROMETHEUS_H
#define COLLECTOR_HTTP_PROMETHEUS_H
#include "collector/http/exchange.h"

struct evbuffer;

// Appends all of it. 0, or -1: no memory.
int prometheus_write(const struct exchange *exchange, struct evbuffer *out);

#endif
