// SPDX-License-Identifier: Apache-2.0
// Carries time between the clock, SNTP, Acks and the session, and reports what an owner should know of it.
//
//   first open   over TLS it waits for the first answer of a time server: until the first round is over, 10 s after the link came up at most
//   each open    gets the time to judge certificates' dates by, if there is one that can be trusted (session.h)
//   unjudged     reported (certificate_dates_unchecked), and when time gets trusted the session is opened anew, once a boot, within the
//                spread of a lost one; if the dates are bad it then stays closed
//   sockets      those of requests for the time are in the registry (socket_guard.h), and opened only where its gates let them
//   reports      at most one an hour of each kind, clock_stepped one in 10 minutes; the counts in them go on meanwhile
//
// Wall time goes to records, certificates and commands only: no timer of the agent hears of it.
// Thread: the one that steps the agent. Time: monotonic milliseconds.
#ifndef MU_TIMEKEEPING_H
#define MU_TIMEKEEPING_H
#include "agent/agent_state.h"

enum { MU_TIMEKEEPING_REPORT_MS = 3600000, MU_TIMEKEEPING_STEP_REPORT_MS = 600000 };

// Takes the servers of the configuration. 0, or MU_ERR_INVALID with the reason in *problem (may be null).
int mu_timekeeping_init(struct mu_agent *agent, const char **problem);
void mu_timekeeping_begin(struct mu_agent *agent, uint64_t now_ms); // first, in the first step

// Sees each event before the connectivity does.
void mu_timekeeping_event(struct mu_agent *agent, const struct mu_event *event, uint64_t now_ms);
void mu_timekeeping_server(struct mu_agent *agent, uint64_t server_ms, uint64_t now_ms); // time of an Ack
uint64_t mu_timekeeping_step(struct mu_agent *agent, uint64_t now_ms); // returns when to be called again

// The session is about to be opened. True: not yet; mu_connectivity_open() is called again when it may.
bool mu_timekeeping_holds(struct mu_agent *agent, uint64_t now_ms);

#endif
