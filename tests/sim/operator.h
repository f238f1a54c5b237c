// SPDX-License-Identifier: Apache-2.0
// The operator behind the collector: signed commands, kept until their final result and sent again on each `online` (SPEC.md, section 6); and
// an attacker who replays and forges them.
//
// A signature of these worlds is SHA-256(point || digest): no secret, but only this module makes right ones, and a seed decides all.
// Thread: one at a time for a world.
#ifndef TESTS_SIM_OPERATOR_H
#define TESTS_SIM_OPERATOR_H
#include "muster.pb-c.h"
#include "tests/sim/terms.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sim_world;
struct sim_device;
struct sim_packet;

enum { SIM_ORDERS = 64, SIM_ORDER_ID = 16, SIM_INTERVAL_MAX_S = 300 };
enum sim_key { SIM_KEY_RELEASE, SIM_KEY_OPERATOR, SIM_KEY_COLLECTOR }; // places in the factory's set

struct sim_order {
	uint8_t id[SIM_ORDER_ID];
	struct sim_packet *packet; // the signed command as it was first sent
	const char *name;
	uint64_t counter;
	enum sim_key key; // that signs it
	bool forged; // nothing may come of it
	bool final; // a final result has come
	bool rebooted; // the device has done it
	uint64_t not_after_ms; // UINT64_MAX: none
	struct sim_change change;
	bool settled; // the device has stored a final result
	bool came_early, came_late; // it was delivered when the device's own time, trusted, was (not) beyond not_after_ms
};

struct sim_orders { // of one device
	struct sim_order order[SIM_ORDERS];
	unsigned count;
	uint64_t counter[2]; // of the operator's key, of the collector's
	uint64_t taken; // the highest of the operator's key that the device has said to have taken
};

void sim_sign(const uint8_t point[65], const uint8_t digest[32], uint8_t signature[32]);

void sim_operator_order(struct sim_world *world, struct sim_device *device); // a valid command, some kind
void sim_operator_late(struct sim_world *world, struct sim_device *device); // a valid one that is over, or nearly
void sim_operator_forge(struct sim_world *world, struct sim_device *device); // a replay or a forgery
void sim_operator_replay(struct sim_world *world, struct sim_device *device); // any command that there was
// The device restarts because of this command. False: it has done so before.
bool sim_operator_rebooted(struct sim_world *world, const struct sim_device *device, const uint8_t id[SIM_ORDER_ID]);
void sim_operator_told(struct sim_world *world, struct sim_device *device, const uint8_t *payload, size_t size); // the device gets it
void sim_operator_settled(struct sim_world *world, struct sim_device *device, const Mu__CommandResult *result); // it has stored that
void sim_operator_online(struct sim_world *world, struct sim_device *device);
void sim_operator_result(struct sim_world *world, struct sim_device *device, const Mu__CommandResult *result);
void sim_operator_calm(struct sim_world *world); // what is open is sent again, one at a time
bool sim_operator_waits(const struct sim_world *world, const struct sim_device *device); // a command without a final result
void sim_operator_free(struct sim_world *world);

#endif
