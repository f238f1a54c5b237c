// SPDX-License-Identifier: Apache-2.0
// Inside of the checker: calls of functions with their windows and event selectors. See check.h.
#ifndef ALERTS_ENGINE_CHECK_CALL_H
#define ALERTS_ENGINE_CHECK_CALL_H
#include "alerts/engine/check.h"

void check_call(struct check *check, struct node *node);

#endif
