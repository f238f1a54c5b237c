// SPDX-License-Identifier: Apache-2.0
// A CommandResult together with the bytes that it points to, so that it can be filled in place and packed later.
//
// Must not be moved between filling and packing. Pure. Memory: the caller's struct (about 200 bytes).
#ifndef MU_UPLINK_COMMAND_RESULT_H
#define MU_UPLINK_COMMAND_RESULT_H
#include "muster.pb-c.h"
#include "proto/limits.h"
#include <stdint.h>

enum { MU_COMMAND_DETAIL_MAX = 64, MU_COMMAND_RESULT_DIGEST_BYTES = 4 };

struct mu_command_result {
	Mu__CommandResult message;
	uint8_t id[MU_COMMAND_ID_BYTES], key_id[MU_KEY_ID_BYTES], digest[MU_COMMAND_RESULT_DIGEST_BYTES];
	char detail[MU_COMMAND_DETAIL_MAX];
};

// An outcome and nothing else. detail: null, or text that is copied and cut at 63 bytes.
void mu_command_result_init(struct mu_command_result *result, Mu__CommandOutcome outcome, const char *detail);

// Each adds one field. digest: at least MU_COMMAND_RESULT_DIGEST_BYTES.
void mu_command_result_id(struct mu_command_result *result, const uint8_t id[MU_COMMAND_ID_BYTES]);
void mu_command_result_key(struct mu_command_result *result, const uint8_t key_id[MU_KEY_ID_BYTES]);
void mu_command_result_digest(struct mu_command_result *result, const uint8_t *digest);
void mu_command_result_counter(struct mu_command_result *result, uint64_t counter);

#endif
