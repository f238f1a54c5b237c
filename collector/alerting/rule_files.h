// SPDX-License-Identifier: Apache-2.0
// The rule files that the configuration names, read and compiled. The word `stock` stands for the file that is part of the program.
//
// A file that cannot be read is a problem of that file, beside the problems of the others. Thread: any. Memory: nothing is kept.
#ifndef COLLECTOR_ALERTING_RULE_FILES_H
#define COLLECTOR_ALERTING_RULE_FILES_H
#include <stdio.h>
#include "alerts/alerts.h"

enum { RULE_FILES_MAX = 64 };

// Reads and compiles. params: path of the overrides, 0 or "" for none. Returns 0 if there is an error; *problems says all.
struct rule_set *rule_files_compile(const char *const *names, size_t count, const char *params, struct rules_problems *problems);

// The same for names in one text, separated by blanks, as in the configuration; "" for no rules.
struct rule_set *rule_files_compile_list(const char *names, const char *params, struct rules_problems *problems);

// Every problem, each with its excerpt, and how many more there were.
void rule_files_print(const struct rules_problems *problems, FILE *out);

// Adds an error about a file as a whole.
void rule_files_complain(struct rules_problems *problems, const char *file, const char *what, const char *hint);

#endif
