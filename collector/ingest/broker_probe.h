// SPDX-License-Identifier: Apache-2.0
// Where can a TCP connection to the broker be made? The addresses of its name are tried in turn, without blocking the loop, because the MQTT
// library's own connect with properties blocks, and asks for a name itself. Thread: the loop's.
#ifndef COLLECTOR_INGEST_BROKER_PROBE_H
#define COLLECTOR_INGEST_BROKER_PROBE_H
#include <event2/event.h>
#include "collector/ingest/resolver.h"

struct broker_probe;

// problem is 0 if a connection was made (it is closed again), to address (digits, for a connect that asks for no name). Otherwise why not: at
// address, the last one that was tried; where that is 0, the name has no address. Always called from the loop; the probe is gone when it is called.
typedef void broker_probe_done(void *context, const char *address, const char *problem);

// timeout_ms: for the name, and again for each of its addresses. 0 only without memory: then done() is never called.
struct broker_probe *broker_probe_start(struct event_base *base, struct resolver *resolver, unsigned timeout_ms, broker_probe_done *done,
	void *context);
void broker_probe_cancel(struct broker_probe *probe); // 0 is allowed

#endif
