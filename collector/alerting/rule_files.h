// SPDX-License-Identifier: Apache-2.0
// The rule files that the configuration names, read and compiled. The word `stock` stands for the file that is part of the program.
//
// A file that cannot be read is a problem of that file, beside the problems of the others. Thread: any. Memory: nothing is kept.
#ifndef COLLECTOR_ALERTING_RULE_FILES_H
#define COLLECTOR_ALERTING_RULE_FILES_H
#include <stdio.h>
#include "alerts/alerts.h"

enum { RULE_FILES_MAX = 32 };

// names: paths separated by blanks, "" for no rules. params: path of the overrides, "" for none. Returns 0 if there is an error; *problems says all.
struct rule_set *rule_files_compile(const char *names, const char *params, struct rules_problems *problems);

// Every problem, each with its excerpt, and how many more there were.
void rule_files_print(const struct rules_problems *problems, FILE *out);

// Adds an error about a file as a whole.
void rule_files_complain(struct rules_problems *problems, const char *file, const char *what, const char *hint);

#endif
