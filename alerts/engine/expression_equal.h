// SPDX-License-Identifier: Apache-2.0
// Whether two expressions say the same, whatever their blanks and parentheses. Pure. Thread: any.
#ifndef ALERTS_ENGINE_EXPRESSION_EQUAL_H
#define ALERTS_ENGINE_EXPRESSION_EQUAL_H
#include "alerts/engine/expression.h"

// Two null pointers are equal.
bool expression_equal(const struct node *a, const struct node *b);

#endif
