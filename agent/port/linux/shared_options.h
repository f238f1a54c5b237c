// SPDX-License-Identifier: Apache-2.0
// What muster-device and muster-fleet have in common on their command lines: the rows, their checks, and the device that they describe.
//
// Memory: texts are kept by reference into argv. Thread: one at a time.
#ifndef MU_PORT_LINUX_SHARED_OPTIONS_H
#define MU_PORT_LINUX_SHARED_OPTIONS_H
#include "agent/port/linux/device.h"
#include "agent/port/linux/link_options.h"
#include "agent/port/linux/options.h"
#include "agent/port/linux/sent_log.h"

struct mu_shared_options {
	const char *broker, *keys, *user, *password, *ca, *certificate, *key, *sent_log, *hardware;
	uint32_t interval_s, liveness_s, reconnect_spread_s, batch_bytes, seed, seconds;
	struct mu_link_texts link;
	struct mu_option_list ntp;
	bool list_spool, help, version;
	struct mu_link_options parsed; // by the check; must not be moved after it
};

enum { MU_SHARED_ROWS = 25 };
extern const struct mu_option mu_shared_rows[MU_SHARED_ROWS]; // offsets within struct mu_shared_options

#define MU_SHARED_DEFAULTS \
	{ \
		.interval_s = 60, .liveness_s = 30, .seed = 1 \
	}

// Returns the number of mistakes, each of them written to errors as "PROGRAM: WHAT: WHY".
int mu_shared_options_check(struct mu_shared_options *options, const char *program, FILE *errors);

// What the options say of each device; the rest of *config stays as it is.
void mu_shared_options_apply(const struct mu_shared_options *options, struct mu_device_config *config);

// Answers --help, --version, and "help" among the faults, on stdout. True if it was one of these.
bool mu_shared_options_answer(const struct mu_shared_options *options, const struct mu_program *program,
	const struct mu_option_list *faults);

#endif
