// SPDX-License-Identifier: Apache-2.0
// Can a TCP connection to the broker be made? Tried without blocking the loop (but for the resolver), because the MQTT library's own
// connect with properties blocks. Thread: the loop's.
#ifndef COLLECTOR_INGEST_BROKER_PROBE_H
#define COLLECTOR_INGEST_BROKER_PROBE_H
#include <event2/event.h>
#include <stdint.h>

struct broker_probe;

// problem is 0 if the connection was made (it is closed again). Always called from the loop; the probe is gone when it is called.
typedef void broker_probe_done(void *context, const char *problem);

// 0 only without memory: then done() is never called.
struct broker_probe *broker_probe_start(struct event_base *base, const char *host, uint16_t port, unsigned timeout_ms,
	broker_probe_done *done, void *context);
void broker_probe_cancel(struct broker_probe *probe); // 0 is allowed

#endif
