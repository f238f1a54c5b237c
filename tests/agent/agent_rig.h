// SPDX-License-Identifier: Apache-2.0
// For tests of a whole agent: one device "dev-1", an agent on a fake port, and the collector that it talks to, in virtual time.
//
//   agent_rig_open(16);                                      // a device that is off; flash blank, a spool of 16 sectors
//   agent_rig_boot(&agent_rig_plain, MU_RESET_RAW_POWERON);  // a code of agent/port/linux/system.h
//   fake_collector_run(&collector, 20000);                   // live for 20 s
//   agent_rig_boot(&agent_rig_plain, MU_RESET_RAW_PANIC);    // a reset: RAM, link and session are lost, what RTC and flash hold is not
//   fake_port_power_on(&fake);                               // before the next boot: what RTC memory holds is lost, too
//   agent_rig_close();
//
// One device at a time. It has no slots for firmware; between open and boot a test changes the fake port as it likes.
#ifndef TESTS_AGENT_AGENT_RIG_H
#define TESTS_AGENT_AGENT_RIG_H
#include "agent/agent_state.h"
#include "agent/port/linux/system.h"
#include "tests/agent/fake_collector.h"
#include <stdint.h>

extern struct fake_port fake;
extern struct fake_collector collector;
extern struct mu_agent *agent;
extern const struct mu_agent_config agent_rig_plain; // mqtt without a password, all else by default

void agent_rig_open(unsigned spool_sectors);
void agent_rig_close(void); // no lock may be held, no rule of the flash broken
int agent_rig_tear_down(void **unused); // the same, for cmocka

// RAM is garbage, time begins at 0. The agent must start.
void agent_rig_boot(const struct mu_agent_config *config, uint32_t reset_raw);
void agent_rig_boot_on(const struct mu_port *port, const struct mu_agent_config *config, uint32_t reset_raw); // port: over the fake's

// An operator's key gets into the flash; the commands below are signed with it.
void agent_rig_trust_operator(void);
extern struct mu_key agent_rig_operator;
extern uint64_t agent_rig_not_after_ms; // of the commands below; 0, as after open: they have none
// Signs and sends a command: body is the message of this kind, each byte of the command's id is `id`.
void agent_rig_command(uint8_t id, uint64_t counter, Mu__Command__BodyCase kind, void *body);

#endif
