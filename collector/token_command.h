// SPDX-License-Identifier: Apache-2.0
// `musterd token add|list|revoke`: works on the database beside a running musterd. Each change is a row of the audit log.
#ifndef COLLECTOR_TOKEN_COMMAND_H
#define COLLECTOR_TOKEN_COMMAND_H
#include "collector/config.h"

// words[0] is "token". Prints to stdout, problems to stderr. Returns the exit code: 0 done, 1 not, 2 misuse.
int token_command(const struct config *config, int word_count, char *const *words);

#endif
