// SPDX-License-Identifier: Apache-2.0
// Apart from limit_table.c, so that a firmware does not link the names.
#include "proto/limit_table.h"

// clang-format off
const char *const mu_limit_names[] = {
#define BEGIN(message, name)
#define END(message, name)
#define BEGIN_EMPTY(message)
#define NUMBER(field, min, max)   #field,
#define RANGE(field, name)        #field,
#define FINITE(field)             #field,
#define TEXT(field, min, max)     #field,
#define WORD(field, max)          #field,
#define DEVICE(field)             #field,
#define BYTES(field, min, max)    #field,
#define NONE_OR(field, size)      #field,
#define MESSAGE(field)            #field,
#define HEARTBEAT(field)          #field,
#define U32S(field, most)         #field,
#define TEXTS(field, max, most)   #field,
#define MESSAGES(field, most)     #field,
#include "proto/limits.def"
};
// clang-format on
const size_t mu_limit_name_count = sizeof mu_limit_names / sizeof *mu_limit_names;
