// SPDX-License-Identifier: Apache-2.0
// "Did you mean": the known name that is most like a misspelt one.
//
// Near is: a third of the letters, and one, must change, come or go at most; else the first known name that begins with it, if it has four
// letters at least (heap_free: its unit is missing). Names of more than 48 characters are near to nothing. Pure. Thread: any.
#ifndef ALERTS_ENGINE_NEAREST_H
#define ALERTS_ENGINE_NEAREST_H
#include <stddef.h>

// name_of(context, i) for i from 0 until it returns 0. Returns one of the names, or 0 if none is near.
const char *nearest_name(const char *name, const char *(*name_of)(const void *context, size_t i), const void *context);

#endif
