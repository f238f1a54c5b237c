// SPDX-License-Identifier: Apache-2.0
// For tests of commands: four signers with real P-256 keys, orders that they sign, and a device "dev-1" that trusts the first three.
//
// One device at a time: `rig`. Groups run with rig_make_keys and rig_free_keys, tests with rig_setup and rig_teardown.
#ifndef TESTS_AGENT_UPLINK_COMMAND_RIG_H
#define TESTS_AGENT_UPLINK_COMMAND_RIG_H
#include "agent/uplink/command.h"
#include "tests/agent/fake_port.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum signer { RELEASE, OPERATOR, COLLECTOR, STRANGER, SIGNERS }; // the stranger has an operator's role, on another device
#define NOW_MS UINT64_C(1795000000000)
#define OUTCOME(name) MU__COMMAND_OUTCOME__OUTCOME_##name

struct message {
	uint8_t bytes[2048];
	size_t size;
};

// What a test may set; the rest is a good reboot command of the operator's for this device, with counter 1.
struct order {
	const char *device;
	uint8_t id; // first byte, the others are 0
	uint64_t counter;
	uint64_t not_after_ms;
	enum mu_command_kind kind;
	enum signer signer; // 0 stands for OPERATOR: a release key signs only in test rows that say so to rig_sign()
};

struct command_rig {
	struct fake_port fake;
	struct mu_key signer[SIGNERS];
	uint8_t key_bytes[MU_KEYSET_SIZE_MAX];
	struct mu_source key_bytes_source, keys; // keys: the sector on the device
	unsigned key_reads_failing; // so many from now on
	struct mu_command command;
	bool has_lived;
	struct mu_command_decision decision; // the last one
	uint8_t scratch[MU_COMMAND_SCRATCH_BYTES];
	uint8_t running_sha[MU_SHA_BYTES], target_sha[MU_SHA_BYTES]; // of rollbacks
};
extern struct command_rig rig;

int rig_make_keys(void **unused);
int rig_free_keys(void **unused);
int rig_setup(void **unused);
int rig_teardown(void **unused);

int rig_start(void); // the device boots: mu_command_init(), mu_command_open(); after rig_setup() it is one that has lived

size_t rig_pack(const struct order *order, uint8_t bytes[1024]);
struct message rig_sign(enum signer signer, const uint8_t *bytes, size_t size);
struct message rig_make(struct order order);

// The device gets the message; the result is held against the limits. rig_handle: at NOW_MS, 1 s after boot.
Mu__CommandOutcome rig_handle(const struct message *message);
Mu__CommandOutcome rig_handle_at(const struct message *message, uint64_t trusted_wall_ms, uint64_t now_ms);

// It must be refused with this outcome, recorded, told with or without its id, and nothing may be stored.
void rig_expect_refusal(const char *what, const struct message *message, Mu__CommandOutcome outcome, bool names_id);

#endif
