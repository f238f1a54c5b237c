// SPDX-License-Identifier: Apache-2.0
// Answers of the API for people, apart from the asking, so that tests can show any answer at any width.
#ifndef COLLECTOR_CLI_SHOW_H
#define COLLECTOR_CLI_SHOW_H
#include <jansson.h>
#include <stdint.h>
#include "collector/cli/terminal.h"

void show_devices(const json_t *answer, const struct terminal *terminal, uint64_t now_ms);
void show_device(const json_t *device, const struct terminal *terminal, uint64_t now_ms);
void show_records(const json_t *answer, const struct terminal *terminal); // a line each
void show_commands(const json_t *answer, const struct terminal *terminal, uint64_t now_ms);
void show_ledger(const json_t *answer, const struct terminal *terminal);
void show_alerts(const json_t *answer, const struct terminal *terminal, uint64_t now_ms);
void show_transition(const json_t *transition, const struct terminal *terminal); // one line
void show_rules(const json_t *answer, const struct terminal *terminal);
void show_why(const json_t *why, const struct terminal *terminal, uint64_t now_ms);

#endif
