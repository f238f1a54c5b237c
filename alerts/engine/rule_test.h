// SPDX-License-Identifier: Apache-2.0
// Tests of rule files: promtool's format for unit tests, with events of devices beside series. alerts/README.md is its manual.
//
// Each value of a series is a heartbeat of its device at that time; all values of one time are one record. Rules are evaluated on each
// record and each deadline, as in the collector. An expected alert fits if the labels and annotations that it names are those of the
// alert; others may be there. Pure: files come through a callback. Memory: the heap, freed by rule_test_free(). Thread: any one at a time.
#ifndef ALERTS_ENGINE_RULE_TEST_H
#define ALERTS_ENGINE_RULE_TEST_H
#include "alerts/engine/rules.h"

enum { RULE_TEST_FILES_MAX = 64 };

struct rule_test_report {
	unsigned passed, failed;        // expectations
	char *text;                     // what failed, lines for a person; 0 or "" if nothing did
	struct rules_problems problems; // of the test file and of its rule files
};

// Gives the text of a file that the test names in rule_files, which must stay until rule_test_run() returns. false: it cannot be read.
typedef bool rule_test_read(void *context, const char *name, struct rules_source *source);

// 0: all expectations hold. 1: some do not. -1: the tests could not be run; the problems say why.
int rule_test_run(const struct rules_source *test, rule_test_read *read, void *context, struct rule_test_report *report);
void rule_test_free(struct rule_test_report *report);

#endif
