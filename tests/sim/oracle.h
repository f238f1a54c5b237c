// SPDX-License-Identifier: Apache-2.0
// The safety oracle: what must never be, whatever goes wrong. It looks at what really happened (truth.h) and at what the collector got.
//
//   no record lost       each number that was stored arrives as itself, or inside a Gap whose reason is possible
//   no number twice      the same number never comes with other bytes; numbers never go back within an epoch; no epoch but the first
//   Gaps are exact       RESERVED never covers a record that was stored; OVERWRITTEN and THINNED only what the ring had to give up;
//                        UNEXPLAINED only what the collector had and lost with its disk
//   no brick             the bootloader always finds an image
//   resets explained     the Boot record of a boot, or a folded entry of a later one, tells its raw code, class and cause as they were;
//                        what neither tells is counted in boots_lost
//   reboots bounded      at most one by the agent for network or heap in 6 h
//   commands done once   by valid ones only, and in time (operator.h)
//   within limits        no dead letter, no refused record
//   within the pace      cadence.h (networks, sessions), flow.h (Uplinks, Acks); reboots for network or heap 6 h apart
//   changes for a time   terms.h: they end by themselves, and hold until then
//   the time in records  stamps.h
//   what a heartbeat says  claims.h
// A violation ends the life: sim_fail(). Thread: one at a time.
#ifndef TESTS_SIM_ORACLE_H
#define TESTS_SIM_ORACLE_H
#include "tests/sim/ledger.h"
#include <stddef.h>
#include <stdint.h>

struct sim_device;
struct sim_world;

struct mu_event;

void sim_oracle_boots(struct sim_device *device); // before mu_agent_init
void sim_oracle_told(struct sim_device *device, const struct mu_event *event); // that the agent has taken
void sim_oracle_step(struct sim_device *device); // after each step of the agent: what it has stored
void sim_oracle_booted(struct sim_device *device); // after mu_agent_init
void sim_oracle_died_booting(struct sim_device *device); // the power went inside of it
void sim_oracle_sent(struct sim_device *device, const char *topic, const void *payload, size_t size, int message_id); // the agent publishes
void sim_oracle_reset(struct sim_device *device); // the agent has asked for a restart: why, and may it?
struct sim_sink sim_oracle_sink(struct sim_device *device); // for the collector's ledger
void sim_oracle_restored(struct sim_device *device, const struct sim_ledger *backup); // the collector goes back to that
void sim_oracle_end(struct sim_device *device); // of a life that has converged: is everything explained?

#endif
