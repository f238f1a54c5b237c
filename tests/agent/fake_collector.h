// SPDX-License-Identifier: Apache-2.0
// The other end for tests of a whole agent: a link, a broker and a collector that follow proto/SPEC.md, in virtual time.
//
// Answers what the agent asks of its fake port: link up, CONNACK, PUBACK, cumulative Ack. Each can be switched off. Keeps a copy of
// every record that it accepted, in order.
#ifndef TESTS_AGENT_FAKE_COLLECTOR_H
#define TESTS_AGENT_FAKE_COLLECTOR_H
#include "agent/agent.h"
#include "muster.pb-c.h"
#include "tests/agent/fake_port.h"

enum { FAKE_RECORDS_MAX = 4096 };

struct fake_collector {
	struct fake_port *fake;
	struct mu_agent *agent;
	uint64_t now_ms, ping_ms; // ping_ms: of the next answer to a ping
	uint64_t hop_ms; // 0: 100
	bool no_link, no_broker, no_puback, no_ack;
	uint64_t ping_period_ms; // 0: 10 s
	bool drops_sessions; // accepts each and closes it at once
	int32_t link_reason; // while no_link: how each connect ends; 0: it is never answered
	int32_t broker_reason; // while no_broker: how each open ends; 0: MU_ERR_CLOSED
	bool scans_end; // each is over at once; what was seen is the fake port's
	bool opens_itself; // the test answers what the agent asks to open
	unsigned connects, scans, opens, published; // handled so far
	uint64_t epoch, through;
	unsigned count;
	Mu__Record *records[FAKE_RECORDS_MAX];
	uint64_t seqs[FAKE_RECORDS_MAX];
	unsigned online; // "online" messages seen
	unsigned epochs; // how many were seen, one after the other
	unsigned changed; // records that were sent again with other bytes under a number that was accepted
};

void fake_collector_init(struct fake_collector *collector, struct fake_port *fake, struct mu_agent *agent);
void fake_collector_free(struct fake_collector *collector);

// The device is reset: its time begins anew, and what it had asked for is not answered any more.
void fake_collector_reset(struct fake_collector *collector);

// Steps the agent, and answers, for so long; in hops of the agent's own deadlines, at most hop_ms each.
void fake_collector_run(struct fake_collector *collector, uint64_t duration_ms);

void fake_collector_send(struct fake_collector *collector, const char *topic, const void *payload, size_t size, bool retained);

// The newest accepted record of this kind, or null; and how many there were.
const Mu__Record *fake_collector_last(const struct fake_collector *collector, Mu__Record__BodyCase kind);
unsigned fake_collector_count(const struct fake_collector *collector, Mu__Record__BodyCase kind);
// The same of events of this name, of log lines with this tag, and of changes of the link.
const Mu__Event *fake_collector_last_event(const struct fake_collector *collector, const char *name);
unsigned fake_collector_count_events(const struct fake_collector *collector, const char *name);
const Mu__Log *fake_collector_last_log(const struct fake_collector *collector, const char *tag);
unsigned fake_collector_count_logs(const struct fake_collector *collector, const char *tag);
const Mu__Link *fake_collector_last_link(const struct fake_collector *collector, Mu__LinkChange change);
unsigned fake_collector_count_links(const struct fake_collector *collector, Mu__LinkChange change);

#endif
