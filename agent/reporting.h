// SPDX-License-Identifier: Apache-2.0
// Turns what happened into records in the spool. What returns a number returns the record's seq, or 0 if it could not be stored (counted by
// the spool; the agent goes on). Thread: the one that steps the agent.
#ifndef MU_REPORTING_H
#define MU_REPORTING_H
#include "agent/agent_state.h"

// Once a boot; later ones of the same boot say that they tell it again.
uint64_t mu_report_boot(struct mu_agent *agent, uint64_t now_ms);
uint64_t mu_report_heartbeat(struct mu_agent *agent, uint64_t now_ms);
uint64_t mu_report_link(struct mu_agent *agent, Mu__LinkChange change, int32_t reason, uint64_t outage_ms, uint64_t now_ms);
// The end of an outage, if there was one.
void mu_report_restored(struct mu_agent *agent, Mu__LinkChange change, struct mu_outage *outage, uint64_t now_ms);
uint64_t mu_report_event(struct mu_agent *agent, const char *name, const char *text, int64_t value, uint64_t now_ms);
// The event spool_damaged, if a sector was found damaged since the last one. Call with each heartbeat: that bounds its rate.
void mu_report_spool(struct mu_agent *agent, uint64_t now_ms);
// The event close_call for each liveness token that has nearly gone stale and was not named in this boot. Call before each heartbeat.
void mu_report_close_calls(struct mu_agent *agent, uint64_t now_ms);
// tag and text: cleaned and cut, so that neither refuses the record.
uint64_t mu_report_log(struct mu_agent *agent, int level, const char *tag, const char *text, uint64_t now_ms);
uint64_t mu_report_command(struct mu_agent *agent, struct mu_command_result *result, uint64_t now_ms);
uint64_t mu_report_ota(struct mu_agent *agent, Mu__OtaState state, const struct mu_rollback_report *report, uint64_t now_ms);

// A try has failed: in this outage, or in one that began at since_ms. reason: as for mu_report_link().
void mu_outage_try(struct mu_outage *outage, int32_t reason, uint64_t since_ms);
void mu_disconnects_add(struct mu_disconnects *disconnects, uint32_t reason); // the link was lost
void mu_disconnects_try(struct mu_disconnects *disconnects, uint32_t reason); // a try to join has failed: counted by reason only

#endif
